"""Kernels that lay polygons out as rings: well-known binary to arrays, the sense of rings, boxes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

# Well-known binary: a byte for the byte order, four for the type, then counts and coordinates.
POINT_TYPE, POLYGON_TYPE, MULTIPOLYGON_TYPE = 1, 3, 6
LITTLE_ENDIAN = 1
HAS_Z, HAS_M, HAS_SRID = 0x80000000, 0x40000000, 0x20000000


@njit(cache=True, nogil=True, error_model="numpy")
def _uint32(data: Any, at: int) -> Any:
    return (
        np.int64(data[at])
        | np.int64(data[at + 1]) << 8
        | np.int64(data[at + 2]) << 16
        | np.int64(data[at + 3]) << 24
    )


@njit(cache=True, nogil=True, error_model="numpy")
def _head(data: Any, at: int) -> tuple[int, int, int]:
    """Type (1–7), numbers per vertex, and where the counts begin; type -1 where the head cannot be read."""
    if data[at] != LITTLE_ENDIAN:
        return -1, 0, at
    word = _uint32(data, at + 1)
    width = 2 + (1 if word & HAS_Z else 0) + (1 if word & HAS_M else 0)
    at += 9 if word & HAS_SRID else 5
    iso = word & 0x0FFFFFFF
    if iso >= 1000:
        width += 2 if iso >= 3000 else 1
    return iso % 1000, width, at


@njit(cache=True, nogil=True, error_model="numpy")
def _skip_rings(data: Any, at: int, width: int, end: int) -> tuple[int, int, int]:
    """Rings and vertices of the polygon whose ring count stands at `at`, and where it ends.

    -1 where it is cut short, or a ring does not end where it begins.
    """
    if at + 4 > end:
        return 0, 0, -1
    rings = _uint32(data, at)
    at += 4
    points = 0
    for _ in range(rings):
        if at + 4 > end:
            return 0, 0, -1
        size = _uint32(data, at)
        first = at + 4
        at = first + size * width * 8
        points += size
        if at > end:
            return 0, 0, -1
        for k in range(16 if size > 0 else 0):
            if data[first + k] != data[at - width * 8 + k]:
                return 0, 0, -1
    return rings, points, at


@njit(cache=True, nogil=True, error_model="numpy")
def count_wkb(data: Any, offsets: Any, present: Any, kind: Any, rings: Any, points: Any) -> int:
    """Write kind, number of rings and of ring vertices of each value; the first that cannot be read, or -1."""
    for i in range(len(offsets) - 1):
        kind[i], rings[i], points[i] = 0, 0, 0
        at, end = offsets[i], offsets[i + 1]
        if not present[i] or end - at == 0:
            continue
        if end - at < 9:
            return i
        shape, width, at = _head(data, at)
        if shape < 1:
            return i
        kind[i] = 1
        parts = 1
        if shape == MULTIPOLYGON_TYPE:
            if at + 4 > end:
                return i
            parts = _uint32(data, at)
            at += 4
        elif shape != POLYGON_TYPE:
            continue
        for _ in range(parts):
            if shape == MULTIPOLYGON_TYPE:
                if at + 9 > end:
                    return i
                part, width, at = _head(data, at)
                if part != POLYGON_TYPE:
                    return i
            more, vertices, at = _skip_rings(data, at, width, end)
            if at < 0:
                return i
            rings[i] += more
            points[i] += vertices
        if points[i] > 0:
            kind[i] = 3
        else:
            kind[i], rings[i] = 0, 0
    return -1


@njit(cache=True, nogil=True, error_model="numpy")
def read_wkb(
    data: Any,
    offsets: Any,
    kind: Any,
    feature_start: Any,
    vertex_start: Any,
    raw: Any,
    ring_start: Any,
    outer: Any,
) -> int:
    """Write the coordinates (as bytes), ring offsets and outer rings of the values that `count_wkb` passed."""
    ring_start[0] = 0
    for i in range(len(offsets) - 1):
        if kind[i] != 3:
            continue
        ring, vertex = feature_start[i], vertex_start[i]
        shape, width, at = _head(data, offsets[i])
        parts = 1
        if shape == MULTIPOLYGON_TYPE:
            parts = _uint32(data, at)
            at += 4
        for _ in range(parts):
            if shape == MULTIPOLYGON_TYPE:
                _, width, at = _head(data, at)
            rings = _uint32(data, at)
            at += 4
            for r in range(rings):
                size = _uint32(data, at)
                at += 4
                if width == 2:
                    to = vertex * 16
                    for k in range(size * 16):
                        raw[to + k] = data[at + k]
                else:
                    for v in range(size):
                        to, here = (vertex + v) * 16, at + v * width * 8
                        for k in range(16):
                            raw[to + k] = data[here + k]
                at += size * width * 8
                vertex += size
                outer[ring] = r == 0
                ring += 1
                ring_start[ring] = vertex
    return 0


@njit(cache=True, nogil=True, error_model="numpy")
def read_points(data: Any, offsets: Any, present: Any, xy: Any, raw: Any) -> int:
    """Write lon/lat of values that are points (NaN where there is none); the first that is not a point, or -1.

    raw: the bytes of `xy`.
    """
    for i in range(len(offsets) - 1):
        xy[i, 0] = xy[i, 1] = np.nan
        at, end = offsets[i], offsets[i + 1]
        if not present[i] or end == at:
            continue
        if end - at < 21:
            return i
        shape, width, at = _head(data, at)
        if shape != POINT_TYPE or at + width * 8 > end:
            return i
        for k in range(16):
            raw[i * 16 + k] = data[at + k]
    return -1


@njit(cache=True, nogil=True, error_model="numpy")
def ring_signs_and_boxes(
    coordinates: Any, ring_start: Any, outer: Any, feature_start: Any, sign: Any, box: Any
) -> int:
    """Write the sign of each ring and the box of each feature, as `geo.flat.Flat` tells."""
    for i in range(len(feature_start) - 1):
        west, south, east, north = np.inf, np.inf, -np.inf, -np.inf
        for r in range(feature_start[i], feature_start[i + 1]):
            first, last = ring_start[r], ring_start[r + 1]
            sign[r] = 0
            if last - first < 4:
                continue
            x0, y0 = coordinates[first, 0], coordinates[first, 1]
            twice = 0.0
            for v in range(first, last - 1):
                x1, y1 = coordinates[v, 0], coordinates[v, 1]
                x2, y2 = coordinates[v + 1, 0], coordinates[v + 1, 1]
                twice += (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
                west, east = min(west, x1), max(east, x1)
                south, north = min(south, y1), max(north, y1)
            if twice != 0.0:
                sign[r] = 1 if (twice > 0) == outer[r] else -1
        box[i, 0], box[i, 1], box[i, 2], box[i, 3] = west, south, east, north
    return 0
