"""Polygons as plain arrays of rings, the form in which a million of them are measured and joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from geo.kernels_native import kernel

# shapely is imported where it is needed: a join of a million parcels does without it.
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

MISSING, POLYGON, OTHER = 0, 3, 1
"""What stands at a position: nothing or an empty shape, a polygon or multipolygon, or something else."""


@dataclass(frozen=True)
class Flat:
    """Features as rings; a polygon's parts and holes are told apart by sign alone.

    coordinates: (n, 2) lon/lat degrees, rings closed. ring_start: rings + 1 offsets in coordinates.
    ring_sign: +1 where a ring adds what lies to its left (an outer ring that runs anticlockwise, a hole
    that runs clockwise), -1 where it must be read backwards, 0 for a ring without area. feature_start:
    features + 1 offsets in rings. kind: `MISSING`, `POLYGON` or `OTHER` of each feature; only polygons have
    rings. box: (features, 4) west, south, east, north of the rings; infinite and reversed where there are
    none.
    """

    coordinates: Floats
    ring_start: Integers
    ring_sign: npt.NDArray[np.int8]
    feature_start: Integers
    kind: npt.NDArray[np.int8]
    box: Floats
    outer: npt.NDArray[np.bool_]
    others: Mapping[int, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.kind)

    @property
    def arrays(self) -> Any:
        """The arrays that kernels take: coordinates, ring_start, ring_sign, feature_start, box."""
        return self.coordinates, self.ring_start, self.ring_sign, self.feature_start, self.box

    def shape(self, position: int) -> Any:
        """The shapely geometry at a position, None if there is none; polygons come back as multipolygons."""
        import shapely

        if self.kind[position] != POLYGON:
            return self.others.get(position)
        first, last = self.feature_start[position], self.feature_start[position + 1]
        lines = [self.coordinates[self.ring_start[r] : self.ring_start[r + 1]] for r in range(first, last)]
        begins = [*np.flatnonzero(self.outer[first:last]).tolist(), last - first]
        parts = [shapely.Polygon(lines[a], lines[a + 1 : b]) for a, b in pairwise(begins)]
        return shapely.multipolygons(parts)

    def shapes(self, positions: npt.ArrayLike) -> npt.NDArray[np.object_]:
        """The shapely geometries at some positions."""
        wanted = np.asarray(positions, dtype=np.int64).tolist()
        made = np.empty(len(wanted), dtype=object)
        for i, position in enumerate(wanted):
            made[i] = self.shape(position)
        return made


def take(flat: Flat, positions: Integers) -> Flat:
    """Some features of a flat layer, in the order of `positions`."""
    rings = _runs(flat.feature_start, positions)
    vertices = _runs(flat.ring_start, rings)
    sizes = np.diff(flat.ring_start)[rings]
    return Flat(
        flat.coordinates[vertices],
        np.concatenate(([0], np.cumsum(sizes))).astype(np.int64),
        flat.ring_sign[rings],
        np.concatenate(([0], np.cumsum(np.diff(flat.feature_start)[positions]))).astype(np.int64),
        flat.kind[positions],
        flat.box[positions],
        flat.outer[rings],
        {i: flat.others[p] for i, p in enumerate(positions.tolist()) if p in flat.others},
    )


def _runs(start: Integers, positions: Integers) -> Integers:
    """The numbers from start[p] up to start[p + 1], of each position one after the other."""
    sizes = start[positions + 1] - start[positions]
    ends = np.cumsum(sizes)
    return np.arange(int(ends[-1]) if len(ends) else 0) + np.repeat(start[positions] - (ends - sizes), sizes)


def flatten(geometries: npt.ArrayLike) -> Flat:
    """Flat arrays of shapely geometries (EPSG:4490, valid polygons); other types keep their place, ringless."""
    import shapely

    shapes = np.asarray(geometries, dtype=object)
    types = shapely.get_type_id(shapes)
    polygonal = ((types == 3) | (types == 6)) & ~shapely.is_empty(shapes)
    kind = np.where(
        polygonal, POLYGON, np.where(shapely.is_missing(shapes) | shapely.is_empty(shapes), MISSING, OTHER)
    ).astype(np.int8)
    chosen = np.flatnonzero(polygonal)
    parts, owner = shapely.get_parts(shapes[chosen], return_index=True)
    rings, of_part = shapely.get_rings(parts, return_index=True)
    coordinates = np.ascontiguousarray(shapely.get_coordinates(rings))
    ring_start = np.concatenate(([0], np.cumsum(shapely.get_num_coordinates(rings)))).astype(np.int64)
    outer = np.ones(len(rings), dtype=bool)
    outer[1:] = of_part[1:] != of_part[:-1]
    rings_of = np.zeros(len(shapes) + 1, dtype=np.int64)
    np.add.at(rings_of, chosen[owner[of_part]] + 1, 1)
    feature_start = np.cumsum(rings_of)
    sign, box = _signs_and_boxes(coordinates, ring_start, outer, feature_start)
    others = {int(i): shapes[i] for i in np.flatnonzero(kind == OTHER)}
    return Flat(coordinates, ring_start, sign, feature_start, kind, box, outer, others)


def flatten_wkb(data: npt.NDArray[np.uint8], offsets: Integers, present: npt.NDArray[np.bool_]) -> Flat:
    """Flat arrays straight from well-known binary, as a GeoParquet column holds it.

    data: the bytes of all values; offsets: one more than there are values; present: False where a value is
    missing. Heights are dropped. ValueError names the first value that is not little-endian ISO or extended
    WKB.
    """
    n = len(offsets) - 1
    kind, rings, points = np.empty(n, np.int8), np.empty(n, np.int64), np.empty(n, np.int64)
    fault = kernel("count_wkb")(data, offsets, present, kind, rings, points)
    if fault >= 0:
        raise ValueError(f"value {fault} is not well-known binary that can be read")
    feature_start, at = _offsets(rings), _offsets(points)
    coordinates = np.empty((int(at[-1]), 2))
    ring_start, outer = np.empty(int(feature_start[-1]) + 1, np.int64), np.empty(int(feature_start[-1]), np.bool_)
    raw = coordinates.reshape(-1).view(np.uint8)
    kernel("read_wkb")(data, offsets, kind, feature_start, at, raw, ring_start, outer)
    sign, box = _signs_and_boxes(coordinates, ring_start, outer, feature_start)
    others = {int(i): _from_wkb(data[offsets[i] : offsets[i + 1]]) for i in np.flatnonzero(kind == OTHER)}
    return Flat(coordinates, ring_start, sign, feature_start, kind, box, outer, others)


def points_of_wkb(data: npt.NDArray[np.uint8], offsets: Integers, present: npt.NDArray[np.bool_]) -> Floats:
    """Lon/lat (n, 2) of points straight from well-known binary, NaN where there is none.

    Arguments as of `flatten_wkb`. ValueError names the first value that is not a point.
    """
    xy = np.empty((len(offsets) - 1, 2))
    fault = kernel("read_points")(data, offsets, present, xy, xy.reshape(-1).view(np.uint8))
    if fault >= 0:
        raise ValueError(f"value {fault} is not a point in well-known binary")
    return xy


def _offsets(sizes: Integers) -> Integers:
    made = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=made[1:])
    return made


def _signs_and_boxes(
    coordinates: Floats, ring_start: Integers, outer: npt.NDArray[np.bool_], feature_start: Integers
) -> tuple[npt.NDArray[np.int8], Floats]:
    sign, box = np.empty(len(outer), np.int8), np.empty((len(feature_start) - 1, 4))
    kernel("ring_signs_and_boxes")(coordinates, ring_start, outer, feature_start, sign, box)
    return sign, box


def _from_wkb(value: npt.NDArray[np.uint8]) -> Any:
    import shapely

    return shapely.from_wkb(value.tobytes())


def join_flats(flats: Sequence[Flat]) -> Flat:
    """Several flat layers as one, in their order."""
    rings = np.cumsum([0, *(len(one.ring_sign) for one in flats)])
    vertices = np.cumsum([0, *(len(one.coordinates) for one in flats)])
    features = np.cumsum([0, *(len(one) for one in flats)])
    zero = np.zeros(1, dtype=np.int64)
    return Flat(
        np.concatenate([one.coordinates for one in flats]),
        np.concatenate([zero, *(one.ring_start[1:] + at for one, at in zip(flats, vertices, strict=False))]),
        np.concatenate([one.ring_sign for one in flats]),
        np.concatenate([zero, *(one.feature_start[1:] + at for one, at in zip(flats, rings, strict=False))]),
        np.concatenate([one.kind for one in flats]),
        np.concatenate([one.box for one in flats]),
        np.concatenate([one.outer for one in flats]),
        {i + int(at): shape for one, at in zip(flats, features, strict=False) for i, shape in one.others.items()},
    )
