"""Kernels that measure flat polygons on the CGCS2000 ellipsoid, and tell which cannot be measured."""

from __future__ import annotations

import math
from typing import Any

from numba import njit

from geo.kernels_native import NEAR_DEGREES
from geo.measure import ECCENTRICITY_2, SEMI_MAJOR_M

RADIANS = math.pi / 180


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _height(step: float, sine: float, cosine: float) -> float:
    """sin(φ0 + step) - sin φ0, without losing digits; step in radians, small."""
    t = step * step
    return cosine * step * (1 - t / 6 * (1 - t / 20)) - sine * t / 2 * (1 - t / 12 * (1 - t / 30))


@njit(cache=True, nogil=True, error_model="numpy")
def ring_area(coordinates: Any, first: int, last: int, geodesic: bool) -> float:
    """Signed m² of the ring of vertices first … last - 1 (closed); positive if it runs anticlockwise.

    Latitudes are counted from the first vertex: with s the sine, h(s) = a² (1 - e²) / (1 - e² s²)² is what
    a radian of longitude and a unit of s measure, and its integral is taken as a series in s - s0. The lens
    between the slanting side of each trapezium and the edge is that of `geo.measure`.
    """
    x0, y0 = coordinates[first, 0], coordinates[first, 1]
    sine, cosine = math.sin(y0 * RADIANS), math.cos(y0 * RADIANS)
    w = 1 - ECCENTRICITY_2 * sine * sine
    scale = SEMI_MAJOR_M**2 * (1 - ECCENTRICITY_2)
    h0 = scale / w**2
    h1 = 4 * ECCENTRICITY_2 * sine * scale / w**3 / 2
    h2 = (4 * ECCENTRICITY_2 * scale / w**3 + 24 * (ECCENTRICITY_2 * sine) ** 2 * scale / w**4) / 6
    total = 0.0
    before = 0.0
    x1, y1 = x0, y0
    for v in range(first + 1, last):
        x2, y2 = coordinates[v, 0], coordinates[v, 1]
        s = _height((y2 - y0) * RADIANS, sine, cosine)
        after = s * (h0 + s * (h1 + s * h2))
        dx, dy = (x2 - x1) * RADIANS, (y2 - y1) * RADIANS
        middle = sine + cosine * ((y1 + y2) / 2 - y0) * RADIANS
        wm = 1 - ECCENTRICITY_2 * middle * middle
        if geodesic:
            east = (1 - middle * middle) / wm * dx * dx
            north = ((1 - ECCENTRICITY_2) / wm) ** 2 / wm * dy * dy
            lens = SEMI_MAJOR_M**2 * middle * (east + 3 * north) / 12
        else:
            bend = 1 / wm**2 - 4 * ECCENTRICITY_2 * (1 - middle * middle) / wm**3
            lens = scale * middle * bend * dy * dy / 12
        total -= dx * ((before + after) / 2 + lens)
        before = after
        x1, y1 = x2, y2
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def flat_areas(
    coordinates: Any,
    ring_start: Any,
    ring_sign: Any,
    feature_start: Any,
    box: Any,
    outer: Any,
    geodesic: bool,
    area: Any,
    wide: Any,
) -> int:
    """Write m² of each feature of a `Flat` (0 without rings), and which are too wide for the series.

    Along geodesics a long thin ring may run the other way round: what it encloses counts, whichever it is.
    At 0.2° from a feature's corner the first term that the series leaves out, Δ⁶/720, is 2e-17 of a radian.
    """
    for i in range(len(feature_start) - 1):
        area[i], wide[i] = 0.0, False
        if box[i, 2] - box[i, 0] > NEAR_DEGREES or box[i, 3] - box[i, 1] > NEAR_DEGREES:
            wide[i] = True
            continue
        for r in range(feature_start[i], feature_start[i + 1]):
            if ring_sign[r] == 0:
                continue
            size = ring_area(coordinates, ring_start[r], ring_start[r + 1], geodesic)
            if geodesic:
                area[i] += abs(size) if outer[r] else -abs(size)
            else:
                area[i] += ring_sign[r] * size
    return 0


@njit(cache=True, nogil=True, error_model="numpy")
def flat_perimeters(coordinates: Any, ring_start: Any, feature_start: Any, positions: Any, length: Any) -> int:
    """Write metres of all rings of the features at some positions, edges by the radii at their middle."""
    for k in range(len(positions)):
        i = positions[k]
        length[k] = 0.0
        for r in range(feature_start[i], feature_start[i + 1]):
            for v in range(ring_start[r], ring_start[r + 1] - 1):
                middle = (coordinates[v, 1] + coordinates[v + 1, 1]) / 2 * RADIANS
                w = 1 - ECCENTRICITY_2 * math.sin(middle) ** 2
                east = math.cos(middle) * (coordinates[v + 1, 0] - coordinates[v, 0]) * RADIANS
                north = (1 - ECCENTRICITY_2) / w * (coordinates[v + 1, 1] - coordinates[v, 1]) * RADIANS
                length[k] += SEMI_MAJOR_M / math.sqrt(w) * math.sqrt(east * east + north * north)
    return 0


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _side(ax: float, ay: float, bx: float, by: float, cx: float, cy: float) -> float:
    return (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)


@njit(cache=True, nogil=True, error_model="numpy")
def suspicious(coordinates: Any, ring_start: Any, feature_start: Any, vertices: int, found: Any) -> int:
    """Mark the features that must be looked at closely before they are measured.

    True where a number is not finite, where there are more than `vertices` vertices or several rings, and
    where two edges of the ring that are not neighbours meet. What is False is a valid simple polygon.
    """
    for i in range(len(feature_start) - 1):
        found[i] = False
        rings = feature_start[i + 1] - feature_start[i]
        if rings == 0:
            continue
        first, last = ring_start[feature_start[i]], ring_start[feature_start[i + 1]] - 1
        if rings > 1 or last - first > vertices or last - first < 3:
            found[i] = True
            continue
        found[i] = not _finite(coordinates, first, last) or _meets_itself(coordinates, first, last)
    return 0


@njit(cache=True, nogil=True, error_model="numpy")
def _finite(xy: Any, first: int, last: int) -> bool:
    for v in range(first, last + 1):
        if not (math.isfinite(xy[v, 0]) and math.isfinite(xy[v, 1])):
            return False
    return bool(last >= first)


@njit(cache=True, nogil=True, error_model="numpy")
def _meets_itself(xy: Any, first: int, last: int) -> bool:
    """Whether edges of the closed ring first … last meet elsewhere than at the vertex they share, or turn back."""
    for a in range(first, last):
        ax, ay, bx, by = xy[a, 0], xy[a, 1], xy[a + 1, 0], xy[a + 1, 1]
        following = a + 2 if a + 1 < last else first + 1
        if _side(ax, ay, bx, by, xy[following, 0], xy[following, 1]) == 0.0:
            back = (bx - ax) * (xy[following, 0] - bx) + (by - ay) * (xy[following, 1] - by)
            if back <= 0.0:
                return True
        west, east = min(ax, bx), max(ax, bx)
        south, north = min(ay, by), max(ay, by)
        for b in range(a + 2, last):
            if a == first and b == last - 1:
                continue
            cx, cy, dx, dy = xy[b, 0], xy[b, 1], xy[b + 1, 0], xy[b + 1, 1]
            if max(cx, dx) < west or min(cx, dx) > east or max(cy, dy) < south or min(cy, dy) > north:
                continue
            one, two = _side(ax, ay, bx, by, cx, cy), _side(ax, ay, bx, by, dx, dy)
            three, four = _side(cx, cy, dx, dy, ax, ay), _side(cx, cy, dx, dy, bx, by)
            if one * two <= 0.0 and three * four <= 0.0:
                return True
    return False
