"""Kernels that tell how much of a polygon lies on others, from edges alone, without making an intersection.

A polygon is the signed sum of the trapezia under its edges, down to a common floor. What two polygons have
in common is therefore the signed sum, over pairs of edges, of what two trapezia have in common: the ground
under the lower of the two edges, over the longitudes they share. No edge is ever called inside or outside,
so touching, collinear and repeated vertices are no special cases: they add nothing.
"""

from __future__ import annotations

import math
from typing import Any

from numba import njit

from geo.kernels_area import RADIANS, ring_area
from geo.kernels_cut import cell_of
from geo.measure import ECCENTRICITY_2, SEMI_MAJOR_M

# Less than this many m² is the rounding of coordinates.
NOTHING_M2 = 1e-7


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _under(low: float, high: float, width: float, a: float, b: float, c: float) -> float:
    """∫ a y + b y² + c y³ along a straight side that climbs from `low` to `high` over `width`."""
    both = low + high
    squares = low * low + high * high
    return width * (a * both / 2 + b * (squares + low * high) / 3 + c * both * squares / 4)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _under_lower(
    low: float, high: float, f_low: float, f_high: float, width: float, a: float, b: float, c: float
) -> float:
    """`_under` of the lower of two straight sides over the same width, part by part where they cross."""
    if low <= f_low and high <= f_high:
        return _under(low, high, width, a, b, c)
    if low >= f_low and high >= f_high:
        return _under(f_low, f_high, width, a, b, c)
    share = (low - f_low) / ((low - f_low) - (high - f_high))
    middle = low + (high - low) * share
    at = width * share
    if low < f_low:
        return _under(low, middle, at, a, b, c) + _under(middle, f_high, width - at, a, b, c)
    return _under(f_low, middle, at, a, b, c) + _under(middle, high, width - at, a, b, c)


@njit(cache=True, nogil=True, error_model="numpy")
def _scale(latitude: float) -> tuple[float, float, float]:
    """What a degree of longitude measures in m² up to y degrees north of a latitude: a y + b y² + c y³."""
    sine, cosine = math.sin(latitude * RADIANS), math.cos(latitude * RADIANS)
    w = 1 - ECCENTRICITY_2 * sine * sine
    base = SEMI_MAJOR_M**2 * (1 - ECCENTRICITY_2) * RADIANS * RADIANS / w**2
    e2, s2, c2 = ECCENTRICITY_2 / w, sine * sine, cosine * cosine
    second = 4 * e2 * c2 - 1
    third = 4 * e2 * (c2 - 3 * s2) + 24 * e2 * e2 * s2 * c2 - 1
    return base * cosine, base * sine * second * RADIANS / 2, base * cosine * third * RADIANS**2 / 6


@njit(cache=True, nogil=True, error_model="numpy")
def load_edges(
    xy: Any, ring_start: Any, ring_sign: Any, first: int, last: int, x0: float, y0: float, edge: Any
) -> int:
    """Write the edges of rings first … last - 1 that are not upright, from west to east and from a corner.

    edge: (n, 5) scratch: x1, y1, x2, y2 in degrees from (x0, y0), x1 < x2, and the sign. Returns how many.
    """
    count = 0
    for r in range(first, last):
        for v in range(ring_start[r], ring_start[r + 1] - 1):
            x1, x2 = xy[v, 0], xy[v + 1, 0]
            if x1 < x2:
                edge[count, 0], edge[count, 1] = x1 - x0, xy[v, 1] - y0
                edge[count, 2], edge[count, 3] = x2 - x0, xy[v + 1, 1] - y0
                edge[count, 4] = -ring_sign[r]
                count += 1
            elif x1 > x2:
                edge[count, 0], edge[count, 1] = x2 - x0, xy[v + 1, 1] - y0
                edge[count, 2], edge[count, 3] = x1 - x0, xy[v, 1] - y0
                edge[count, 4] = ring_sign[r]
                count += 1
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def common_area(
    edge: Any,
    count: int,
    wide: float,
    tall: float,
    xy: Any,
    ring_start: Any,
    ring_sign: Any,
    first: int,
    last: int,
    x0: float,
    y0: float,
    a: float,
    b: float,
    c: float,
) -> float:
    """m² that the polygon whose edges are loaded has in common with rings first … last - 1 of another.

    wide, tall: the extent of the loaded polygon in degrees from its south-west corner (x0, y0).
    """
    total = 0.0
    for r in range(first, last):
        for v in range(ring_start[r], ring_start[r + 1] - 1):
            fx1, fy1 = xy[v, 0] - x0, xy[v, 1] - y0
            fx2, fy2 = xy[v + 1, 0] - x0, xy[v + 1, 1] - y0
            sign = float(ring_sign[r])
            if fx1 < fx2:
                sign = -sign
            elif fx1 > fx2:
                fx1, fy1, fx2, fy2 = fx2, fy2, fx1, fy1
            else:
                continue
            # Under the whole polygon, an edge adds nothing: the polygon's own signs cancel there.
            if fx2 <= 0.0 or fx1 >= wide or (fy1 <= 0.0 and fy2 <= 0.0):
                continue
            above = fy1 >= tall and fy2 >= tall
            f_slope = (fy2 - fy1) / (fx2 - fx1)
            part = 0.0
            for e in range(count):
                west, east = max(edge[e, 0], fx1), min(edge[e, 2], fx2)
                if west >= east:
                    continue
                slope = (edge[e, 3] - edge[e, 1]) / (edge[e, 2] - edge[e, 0])
                low = edge[e, 1] + (west - edge[e, 0]) * slope
                high = edge[e, 1] + (east - edge[e, 0]) * slope
                if above:
                    part += edge[e, 4] * _under(low, high, east - west, a, b, c)
                    continue
                f_low, f_high = fy1 + (west - fx1) * f_slope, fy1 + (east - fx1) * f_slope
                part += edge[e, 4] * _under_lower(low, high, f_low, f_high, east - west, a, b, c)
            total += sign * part
    return total


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _row_of(owner: Any, first: int, last: int, wanted: int) -> int:
    """The row from first … last - 1 that has this owner, `last` when none has."""
    row = first
    while row < last and owner[row] != wanted:
        row += 1
    return row


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _without_nothing(owner: Any, m2: Any, first: int, last: int) -> int:
    """Move rows first … last - 1 together that are more than rounding; where they end then."""
    kept = first
    for row in range(first, last):
        if m2[row] > NOTHING_M2:
            owner[kept], m2[kept] = owner[row], m2[row]
            kept += 1
    return kept


# One kernel: a feature's edges are loaded once for all pieces, and what it shares stays at hand between cells.
@njit(cache=True, nogil=True, error_model="numpy")
def overlay(
    xy: Any,
    ring_start: Any,
    ring_sign: Any,
    feature_start: Any,
    box: Any,
    begin: int,
    end: int,
    p_xy: Any,
    p_ring_start: Any,
    p_ring_sign: Any,
    p_start: Any,
    p_box: Any,
    p_owner: Any,
    p_full: Any,
    grid_start: Any,
    grid_item: Any,
    west: float,
    south: float,
    cell: float,
    columns: int,
    rows: int,
    later_only: bool,
    edge: Any,
    feature: Any,
    owner: Any,
    m2: Any,
    found: int,
    reached: Any,
) -> int:
    """Write what features begin … end - 1 have in common with the owners of pieces: feature, owner, m².

    Pieces are flat polygons with the cell of a grid they are found in; a piece that is `full` fills its
    box. later_only: only owners of a higher position than the feature, for a layer with itself. edge:
    scratch, a row for every vertex of the longest feature. found: rows there are already; returns how many
    there are then. reached: the feature to go on with when there is no more room, else `end`.
    """
    room = len(feature)
    reached[0] = end
    for i in range(begin, end):
        if not box[i, 0] <= box[i, 2]:
            continue
        x0, y0, x1, y1 = box[i, 0], box[i, 1], box[i, 2], box[i, 3]
        left, right = cell_of(x0, west, cell, columns), cell_of(x1, west, cell, columns)
        low, high = cell_of(y0, south, cell, rows), cell_of(y1, south, cell, rows)
        count = -1
        a, b, c, whole = 0.0, 0.0, 0.0, 0.0
        mine = found
        for row in range(low, high + 1):
            for column in range(left, right + 1):
                at = row * columns + column
                for k in range(grid_start[at], grid_start[at + 1]):
                    p = grid_item[k]
                    if later_only and p_owner[p] <= i:
                        continue
                    if p_box[p, 0] >= x1 or p_box[p, 2] <= x0 or p_box[p, 1] >= y1 or p_box[p, 3] <= y0:
                        continue
                    # A pair meets in several cells; it is taken in the one of its common south-west corner.
                    if column != cell_of(max(x0, p_box[p, 0]), west, cell, columns) or row != cell_of(
                        max(y0, p_box[p, 1]), south, cell, rows
                    ):
                        continue
                    if count < 0:
                        count = load_edges(
                            xy, ring_start, ring_sign, feature_start[i], feature_start[i + 1], x0, y0, edge
                        )
                        a, b, c = _scale(y0)
                        whole = 0.0
                        for r in range(feature_start[i], feature_start[i + 1]):
                            whole += ring_sign[r] * ring_area(xy, ring_start[r], ring_start[r + 1], False)
                    inside = (
                        p_full[p]
                        and p_box[p, 0] <= x0
                        and p_box[p, 2] >= x1
                        and p_box[p, 1] <= y0
                        and p_box[p, 3] >= y1
                    )
                    if inside:
                        part = whole
                    else:
                        part = common_area(
                            edge,
                            count,
                            x1 - x0,
                            y1 - y0,
                            p_xy,
                            p_ring_start,
                            p_ring_sign,
                            p_start[p],
                            p_start[p + 1],
                            x0,
                            y0,
                            a,
                            b,
                            c,
                        )
                    if abs(part) <= 1e-12 * whole:
                        continue
                    here = _row_of(owner, mine, found, p_owner[p])
                    if here == found:
                        if found == room:
                            reached[0] = i
                            return mine
                        feature[found], owner[found], m2[found] = i, p_owner[p], 0.0
                        found += 1
                    m2[here] += part
        found = _without_nothing(owner, m2, mine, found)
    return found
