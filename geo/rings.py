"""Polygons taken apart into rings once, for all that is measured of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely


@dataclass(frozen=True)
class Rings:
    """The rings of polygons as plain arrays.

    coordinates: (n, 2) lon/lat degrees of closed rings. starts: offsets of the rings, one more than there are.
    outer: which of them are outer rings. of_shape: the position of each ring's polygon. count: of the shapes.
    polygonal: the positions of polygons and multipolygons among them.
    """

    coordinates: npt.NDArray[np.float64]
    starts: npt.NDArray[np.int64]
    outer: npt.NDArray[np.bool_]
    of_shape: npt.NDArray[np.intp]
    count: int
    polygonal: npt.NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.outer)


def rings_of(geometries: npt.ArrayLike) -> Rings:
    """The rings of shapely geometries that have vertices; what is not a polygon has none."""
    shapes = np.asarray(geometries, dtype=object)
    kinds = shapely.get_type_id(shapes)
    polygonal = np.flatnonzero((kinds == 3) | (kinds == 6))
    # Most polygons are one ring, whose vertices can be had without making a ring object of it.
    alone = np.zeros(len(shapes), dtype=np.bool_)
    alone[polygonal] = (kinds[polygonal] == 3) & (shapely.get_num_interior_rings(shapes[polygonal]) == 0)
    plain, others = np.flatnonzero(alone), polygonal[~alone[polygonal]]
    parts, owner = shapely.get_parts(shapes[others], return_index=True)
    rings, of_part = shapely.get_rings(parts, return_index=True)
    outer = np.ones(len(plain) + len(rings), dtype=np.bool_)
    outer[len(plain) + 1 :][: len(rings) - 1 if len(rings) else 0] = of_part[1:] != of_part[:-1]
    lines = np.concatenate((shapes[plain], rings))
    of_shape = np.concatenate((plain, others[owner[of_part]])).astype(np.intp)
    sizes = shapely.get_num_coordinates(lines)
    # A hole, or a whole polygon, may be empty: it has no vertex to count latitudes from.
    there = sizes > 0
    starts = np.concatenate(([0], np.cumsum(sizes[there]))).astype(np.int64)
    coordinates = shapely.get_coordinates(lines)
    return Rings(coordinates, starts, outer[there], of_shape[there], len(shapes), polygonal)
