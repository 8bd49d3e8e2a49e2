"""Areas made ready for joining: only the lowest level counts where it is, and large shapes are cut small."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.measure import cut_area_m2

Geometries = npt.NDArray[np.object_]
Positions = npt.NDArray[np.intp]

# Coarser levels count only where no finer one is; a level not named here is as fine as can be.
COARSE_LEVELS = ("township", "county")
PIECE_VERTICES = 96
SMALLEST_OVERLAP_M2 = 1e-4


@dataclass(frozen=True)
class Leaves:
    """The parts of the areas on which a thing can stand: villages, townships less villages, county less both.

    shapes: polygons, EPSG:4490. position: row of each in the areas frame. rank: 0 for the finest level.
    """

    shapes: Geometries
    position: Positions
    rank: Positions

    @cached_property
    def pieces(self) -> tuple[Geometries, Positions]:
        """The shapes cut by a grid into pieces of few vertices, and the shape each is of."""
        return cut_small(self.shapes)

    @cached_property
    def index(self) -> Any:
        """The shapes as `geo.kernels` wants them for joins of large layers (`geo.kernels.Index`)."""
        from geo.flat import flatten
        from geo.kernels import index

        return index(flatten(self.shapes))

    @cached_property
    def order(self) -> Positions:
        """The shapes in the order in which they claim a point: the finest level first, then the lowest code."""
        return np.lexsort((self.position, self.rank))

    @cached_property
    def slabs(self) -> Any:
        """The shapes in that order as `geo.slabs` wants them to place many points (`geo.slabs.Slabs`)."""
        from geo.flat import flatten
        from geo.slabs import slabs_of

        return slabs_of(flatten(self.shapes[self.order]))

    @cached_property
    def overlaps(self) -> Geometries:
        """Where two of the shapes lie on each other: things there cannot be placed by one of them alone."""
        tree = shapely.STRtree(self.shapes)
        left, right = tree.query(self.shapes, predicate="intersects")
        once = left < right
        common = shapely.intersection(self.shapes[left[once]], self.shapes[right[once]])
        return np.asarray(common[np.nan_to_num(cut_area_m2(polygonal(common))) > SMALLEST_OVERLAP_M2])


def refuse_invalid(shapes: Geometries, what: str) -> None:
    """ValueError that names the positions of invalid shapes: an overlay of them would be wrong in silence."""
    bad = np.flatnonzero(~shapely.is_missing(shapes) & ~shapely.is_valid(shapes))
    if len(bad):
        raise ValueError(f"{what} at {', '.join(map(str, bad[:5]))} not valid; repair them first (geo.geometry)")


def polygonal(shapes: Geometries) -> Geometries:
    """What an overlay gives, with points and lines left out: polygons, multipolygons or None."""
    made = np.array(shapes, dtype=object)
    kinds = shapely.get_type_id(made)
    made[(kinds != 3) & (kinds != 6) & (kinds != 7)] = None
    for i in np.flatnonzero(kinds == 7):
        parts = shapely.get_parts(made[i])
        parts = parts[shapely.get_type_id(parts) == 3]
        made[i] = shapely.multipolygons(parts) if len(parts) else None
    return made


def leaf_areas(areas: pd.DataFrame) -> Leaves:
    """The lowest-level areas of an areas frame (columns level, geometry; EPSG:4490), in its order.

    A township counts only outside all villages, the county only outside all townships and villages. An area
    without a shape is left out, and so is one wholly covered by finer ones. ValueError for an invalid
    shape.
    """
    shapes = np.asarray(areas["geometry"].to_numpy(), dtype=object)
    level = areas["level"].to_numpy(dtype=object)
    rank = np.array([COARSE_LEVELS.index(one) + 1 if one in COARSE_LEVELS else 0 for one in level], dtype=np.intp)
    rank -= rank.min(initial=len(COARSE_LEVELS))
    refuse_invalid(shapes, "areas")
    usable = np.flatnonzero(~shapely.is_missing(shapes) & ~shapely.is_empty(shapes))
    made = shapes[usable]
    for coarse in range(1, int(rank.max(initial=0)) + 1):
        finer = shapes[usable[rank[usable] < coarse]]
        tree = shapely.STRtree(finer)
        for i in np.flatnonzero(rank[usable] == coarse):
            near = np.sort(tree.query(made[i], predicate="intersects"))
            if len(near):
                made[i] = shapely.difference(made[i], shapely.union_all(finer[near]))
    made = polygonal(made)
    kept = ~shapely.is_missing(made) & ~shapely.is_empty(made)
    return Leaves(made[kept], usable[kept], rank[usable[kept]])


def cut_small(shapes: Geometries, vertices: int = PIECE_VERTICES) -> tuple[Geometries, Positions]:
    """Polygons cut in halves until each piece has at most `vertices`; with the position of each piece's polygon.

    The pieces of a polygon cover it and share only borders, so that areas of what lies on them add up.
    """
    pieces, owner = np.asarray(shapes, dtype=object), np.arange(len(shapes))
    done: list[Geometries] = []
    done_owner: list[Positions] = []
    while len(pieces):
        large = shapely.get_num_coordinates(pieces) > vertices
        done.append(pieces[~large])
        done_owner.append(owner[~large])
        pieces, owner = pieces[large], np.repeat(owner[large], 2)
        if len(pieces) == 0:
            break
        west, south, east, north = shapely.bounds(pieces).T
        wide = (east - west) > (north - south)
        middle_x = np.where(wide, (west + east) / 2, east)
        middle_y = np.where(wide, north, (south + north) / 2)
        boxes = np.column_stack(
            (
                shapely.box(west, south, middle_x, middle_y),
                shapely.box(np.where(wide, middle_x, west), np.where(wide, south, middle_y), east, north),
            )
        )
        halves = polygonal(shapely.intersection(np.repeat(pieces, 2), boxes.ravel()))
        kept = ~shapely.is_missing(halves) & ~shapely.is_empty(halves)
        pieces, owner = halves[kept], owner[kept]
    if not done:
        return np.empty(0, dtype=object), np.empty(0, dtype=np.intp)
    return np.concatenate(done), np.concatenate(done_owner)
