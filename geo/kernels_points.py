"""Kernels that tell which polygon a point lies in, from the edges of the slab of latitudes it is in."""

from __future__ import annotations

from typing import Any

from numba import njit

from geo.kernels_cut import cell_of

# Shewchuk's bound: a determinant further from 0 than this, times the sum of its products, has the right sign.
SIGN_BOUND = 3.3306690738754716e-16


@njit(cache=True, nogil=True, error_model="numpy")
def slabs_count(
    xy: Any,
    ring_start: Any,
    feature_start: Any,
    south: float,
    height: float,
    slabs: int,
    run_start: Any,
    edge_start: Any,
    last: Any,
) -> int:
    """Write where the runs and the edges of each slab begin. A run is the edges of one polygon in one slab.

    run_start, edge_start: one more than slabs, 0 before; edge_start counts from 0 in all. last: -1 before.
    """
    for i in range(len(feature_start) - 1):
        for r in range(feature_start[i], feature_start[i + 1]):
            for v in range(ring_start[r], ring_start[r + 1] - 1):
                low, high = min(xy[v, 1], xy[v + 1, 1]), max(xy[v, 1], xy[v + 1, 1])
                for s in range(cell_of(low, south, height, slabs), cell_of(high, south, height, slabs) + 1):
                    edge_start[s + 1] += 1
                    if last[s] != i:
                        last[s] = i
                        run_start[s + 1] += 1
    for s in range(slabs):
        run_start[s + 1] += run_start[s]
        edge_start[s + 1] += edge_start[s]
    return 0


@njit(cache=True, nogil=True, error_model="numpy")
def slabs_fill(
    xy: Any,
    ring_start: Any,
    feature_start: Any,
    south: float,
    height: float,
    slabs: int,
    run_fill: Any,
    edge_fill: Any,
    last: Any,
    run_edge: Any,
    run_of: Any,
    edge: Any,
) -> int:
    """Write the runs of each slab in order of polygons, and their edges by the vertex each begins with.

    run_fill, edge_fill: copies of the offsets of `slabs_count`, used up. run_edge: where a run's edges begin,
    with the end of all as its last; run_of: its polygon.
    """
    for i in range(len(feature_start) - 1):
        for r in range(feature_start[i], feature_start[i + 1]):
            for v in range(ring_start[r], ring_start[r + 1] - 1):
                low, high = min(xy[v, 1], xy[v + 1, 1]), max(xy[v, 1], xy[v + 1, 1])
                for s in range(cell_of(low, south, height, slabs), cell_of(high, south, height, slabs) + 1):
                    if last[s] != i:
                        last[s] = i
                        run_edge[run_fill[s]] = edge_fill[s]
                        run_of[run_fill[s]] = i
                        run_fill[s] += 1
                    edge[edge_fill[s]] = v
                    edge_fill[s] += 1
    run_edge[len(run_edge) - 1] = len(edge)
    return 0


@njit(cache=True, nogil=True, error_model="numpy")
def locate(
    points: Any,
    xy: Any,
    box: Any,
    south: float,
    height: float,
    slabs: int,
    run_start: Any,
    run_of: Any,
    run_edge: Any,
    edge: Any,
    found: Any,
    unsure: Any,
) -> int:
    """Write the first polygon that each point is in, -1 for none; returns how many points are unsure.

    A point is unsure when it lies so near an edge of a polygon that comes before one it is surely in, that
    rounding could decide: whether it is on the border is to be found out exactly.
    """
    doubtful = 0
    for k in range(len(points)):
        x, y = points[k, 0], points[k, 1]
        found[k], unsure[k] = -1, False
        if not (x == x and y == y):
            continue
        s = cell_of(y, south, height, slabs)
        for run in range(run_start[s], run_start[s + 1]):
            i = run_of[run]
            if x < box[i, 0] or x > box[i, 2] or y < box[i, 1] or y > box[i, 3]:
                continue
            side = _side_of(x, y, xy, edge, run_edge[run], run_edge[run + 1])
            if side < 0:
                unsure[k] = True
                doubtful += 1
                break
            if side > 0:
                found[k] = i
                break
    return doubtful


@njit(cache=True, nogil=True, error_model="numpy")
def _side_of(x: float, y: float, xy: Any, edge: Any, first: int, last: int) -> int:
    """1 where a ray to the east crosses an odd number of edges, 0 an even one, -1 where an edge is too near."""
    inside = 0
    for e in range(first, last):
        v = edge[e]
        x1, y1, x2, y2 = xy[v, 0], xy[v, 1], xy[v + 1, 0], xy[v + 1, 1]
        if (y1 > y and y2 > y) or (y1 < y and y2 < y) or (x1 < x and x2 < x):
            continue
        if x1 > x and x2 > x:
            if (y1 > y) != (y2 > y):
                inside = 1 - inside
            continue
        one, two = (x1 - x) * (y2 - y), (x2 - x) * (y1 - y)
        turn = one - two
        if abs(turn) <= SIGN_BOUND * (abs(one) + abs(two)):
            return -1
        if (y1 > y) != (y2 > y) and (turn > 0.0) == (y2 > y1):
            inside = 1 - inside
    return inside
