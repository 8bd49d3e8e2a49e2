"""What two polygons have in common in exact arithmetic: the judge where the kernels and GEOS do not agree."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import shapely

Edge = tuple[Fraction, Fraction, Fraction, Fraction, int]


def exact_common(one: Any, other: Any) -> Fraction:
    """Area of the intersection of two valid polygons, in square units of their coordinates, unrounded."""
    mine, theirs = _edges(one), _edges(other)
    if not mine or not theirs:
        return Fraction(0)
    floor = min(min(edge[1], edge[3]) for edge in (*mine, *theirs))
    return sum((_shared(a, b, floor) for a in mine for b in theirs), Fraction(0))


def _edges(shape: Any) -> list[Edge]:
    """Edges from west to east with the sign of the ground under them; upright ones have none."""
    made: list[Edge] = []
    for part in shapely.get_parts(shapely.orient_polygons(shape)):
        for ring in (part.exterior, *part.interiors):
            corners = [(Fraction(x), Fraction(y)) for x, y in ring.coords]
            for (x1, y1), (x2, y2) in pairwise(corners):
                if x1 < x2:
                    made.append((x1, y1, x2, y2, -1))
                elif x1 > x2:
                    made.append((x2, y2, x1, y1, 1))
    return made


def _shared(a: Edge, b: Edge, floor: Fraction) -> Fraction:
    """The ground under the lower of two edges, over what they share from west to east, with their signs."""
    west, east = max(a[0], b[0]), min(a[2], b[2])
    if west >= east:
        return Fraction(0)
    low, high = _height(a, west) - floor, _height(a, east) - floor
    low_b, high_b = _height(b, west) - floor, _height(b, east) - floor
    wide = east - west
    if (low - low_b) * (high - high_b) >= 0:
        return a[4] * b[4] * (min(low, low_b) + min(high, high_b)) / 2 * wide
    share = (low - low_b) / ((low - low_b) - (high - high_b))
    middle = low + (high - low) * share
    left = (min(low, low_b) + middle) / 2 * wide * share
    return a[4] * b[4] * (left + (middle + min(high, high_b)) / 2 * wide * (1 - share))


def _height(edge: Edge, x: Fraction) -> Fraction:
    return edge[1] + (edge[3] - edge[1]) * (x - edge[0]) / (edge[2] - edge[0])
