"""Kernels that cut large flat polygons into small pieces, and index pieces by a grid of cells."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def _clip_ring(xy: Any, first: int, last: int, axis: int, at: float, low: bool, out: Any, to: int) -> int:
    """Write the closed ring first … last - 1 cut to one side of a line, and return where it ends in `out`.

    axis, at: the line x = at or y = at; low: keep what is below. Sutherland–Hodgman: along the line the
    ring may run to and fro, which adds nothing to what it encloses.
    """
    begin = to
    other = 1 - axis
    for v in range(first, last - 1):
        p, q = xy[v, axis], xy[v + 1, axis]
        p_in = p <= at if low else p >= at
        q_in = q <= at if low else q >= at
        if p_in:
            to = _emit(out, begin, to, xy[v, 0], xy[v, 1])
        if p_in != q_in and p != at and q != at:
            across = xy[v, other] + (at - p) * (xy[v + 1, other] - xy[v, other]) / (q - p)
            to = _emit(out, begin, to, at, across) if axis == 0 else _emit(out, begin, to, across, at)
    while to - begin > 1 and out[to - 1, 0] == out[begin, 0] and out[to - 1, 1] == out[begin, 1]:
        to -= 1
    if to - begin < 3:
        return begin
    out[to, 0], out[to, 1] = out[begin, 0], out[begin, 1]
    return to + 1


@njit(cache=True, nogil=True, inline="always")
def _emit(out: Any, begin: int, to: int, x: float, y: float) -> int:
    if to > begin and out[to - 1, 0] == x and out[to - 1, 1] == y:
        return to
    out[to, 0], out[to, 1] = x, y
    return to + 1


@njit(cache=True, nogil=True)
def _inner_edges(xy: Any, first: int, last: int, cell: Any) -> int:
    """How many edges of a ring do not run along the border of its cell (west, south, east, north)."""
    inner = 0
    for v in range(first, last - 1):
        x1, y1, x2, y2 = xy[v, 0], xy[v, 1], xy[v + 1, 0], xy[v + 1, 1]
        along = (x1 == x2 and (x1 == cell[0] or x1 == cell[2])) or (y1 == y2 and (y1 == cell[1] or y1 == cell[3]))
        if not along:
            inner += 1
    return inner


@njit(cache=True, nogil=True)
def _ring_turn(xy: Any, first: int, last: int) -> float:
    x0, y0 = xy[first, 0], xy[first, 1]
    twice = 0.0
    for v in range(first, last - 1):
        twice += (xy[v, 0] - x0) * (xy[v + 1, 1] - y0) - (xy[v + 1, 0] - x0) * (xy[v, 1] - y0)
    return twice


@njit(cache=True, nogil=True)
def halve(xy: Any, ring_start: Any, ring_sign: Any, feature_start: Any, cell: Any, inner_limit: int) -> Any:
    """One round of cutting: pieces with more inner edges than `inner_limit` are cut in two across their cell.

    Takes flat pieces and the cell each fills or lies in. Returns the flat pieces after the round, their
    cells, the piece each came from, whether each fills its cell wholly, and whether any is still too large.
    A piece that has no inner edge and does not fill its cell is dropped, and so are rings without inner
    edges of a piece that has others, unless they fill the cell.
    """
    n = len(feature_start) - 1
    must_cut = np.zeros(n, np.bool_)
    size, rings = 0, 0
    for i in range(n):
        inner, vertices = 0, 0
        for r in range(feature_start[i], feature_start[i + 1]):
            inner += _inner_edges(xy, ring_start[r], ring_start[r + 1], cell[i])
            vertices += ring_start[r + 1] - ring_start[r]
        must_cut[i] = inner > inner_limit
        times = 2 if must_cut[i] else 1
        size += times * (2 * vertices + 2 * (feature_start[i + 1] - feature_start[i]))
        rings += times * (feature_start[i + 1] - feature_start[i])
    pieces = n + must_cut.sum()
    out = np.empty((size, 2), np.float64)
    out_ring, out_sign = np.zeros(rings + 1, np.int64), np.zeros(rings, np.int8)
    out_feature, out_cell = np.zeros(pieces + 1, np.int64), np.empty((pieces, 4), np.float64)
    source, full = np.zeros(pieces, np.int64), np.zeros(pieces, np.bool_)
    made, ring, vertex = 0, 0, 0
    for i in range(n):
        axis = 0 if cell[i, 2] - cell[i, 0] > cell[i, 3] - cell[i, 1] else 1
        at = (cell[i, axis] + cell[i, axis + 2]) / 2
        for half in range(2 if must_cut[i] else 1):
            out_cell[made] = cell[i]
            if must_cut[i]:
                out_cell[made, axis + 2 if half == 0 else axis] = at
            begin_ring, begin_vertex = ring, vertex
            inner, winding = 0, 0
            for r in range(feature_start[i], feature_start[i + 1]):
                to = vertex
                if must_cut[i]:
                    to = _clip_ring(xy, ring_start[r], ring_start[r + 1], axis, at, half == 0, out, vertex)
                else:
                    for v in range(ring_start[r], ring_start[r + 1]):
                        out[to] = xy[v]
                        to += 1
                if to == vertex:
                    continue
                ring_inner = _inner_edges(out, vertex, to, out_cell[made])
                if ring_inner == 0:
                    winding += ring_sign[r] * _fills(out, vertex, to, out_cell[made])
                    continue
                inner += ring_inner
                vertex = to
                out_sign[ring] = ring_sign[r]
                ring += 1
                out_ring[ring] = vertex
            if inner == 0 and winding == 0:
                ring, vertex = begin_ring, begin_vertex
                continue
            if winding != 0:
                vertex = _write_cell(out, vertex, out_cell[made])
                out_sign[ring] = winding
                ring += 1
                out_ring[ring] = vertex
            full[made] = inner == 0
            source[made] = i
            made += 1
            out_feature[made] = ring
    return (
        out[:vertex].copy(),
        out_ring[: ring + 1].copy(),
        out_sign[:ring].copy(),
        out_feature[: made + 1].copy(),
        out_cell[:made].copy(),
        source[:made].copy(),
        full[:made].copy(),
        must_cut.any(),
    )


@njit(cache=True, nogil=True)
def _fills(xy: Any, first: int, last: int, cell: Any) -> int:
    """+1 or -1 where a ring that runs along its cell's border goes round it, 0 where it only runs to and fro."""
    turn = _ring_turn(xy, first, last) / 2
    whole = (cell[2] - cell[0]) * (cell[3] - cell[1])
    return 1 if turn > whole / 2 else (-1 if turn < -whole / 2 else 0)


@njit(cache=True, nogil=True)
def _write_cell(out: Any, to: int, cell: Any) -> int:
    out[to, 0], out[to, 1] = cell[0], cell[1]
    out[to + 1, 0], out[to + 1, 1] = cell[2], cell[1]
    out[to + 2, 0], out[to + 2, 1] = cell[2], cell[3]
    out[to + 3, 0], out[to + 3, 1] = cell[0], cell[3]
    out[to + 4, 0], out[to + 4, 1] = cell[0], cell[1]
    return to + 5


@njit(cache=True, nogil=True, inline="always")
def cell_of(x: float, origin: float, cell: float, cells: int) -> int:
    """Which of `cells` cells from `origin` on holds x; what lies outside counts to the outermost."""
    return min(max(int((x - origin) / cell), 0), cells - 1)


@njit(cache=True, nogil=True)
def grid_index(box: Any, west: float, south: float, cell: float, columns: int, rows: int) -> tuple[Any, Any]:
    """Which boxes (west, south, east, north) meet each cell of a grid: offsets by cell, and the boxes' positions.

    Cells are counted row by row from the south-west. Boxes without extent (infinite) are in none.
    """
    start = np.zeros(columns * rows + 1, np.int64)
    for i in range(len(box)):
        if box[i, 0] <= box[i, 2]:
            for row in range(cell_of(box[i, 1], south, cell, rows), cell_of(box[i, 3], south, cell, rows) + 1):
                left = cell_of(box[i, 0], west, cell, columns)
                right = cell_of(box[i, 2], west, cell, columns)
                for column in range(left, right + 1):
                    start[row * columns + column + 1] += 1
    for at in range(columns * rows):
        start[at + 1] += start[at]
    item = np.empty(start[-1], np.int32)
    fill = start[:-1].copy()
    for i in range(len(box)):
        if box[i, 0] <= box[i, 2]:
            for row in range(cell_of(box[i, 1], south, cell, rows), cell_of(box[i, 3], south, cell, rows) + 1):
                left = cell_of(box[i, 0], west, cell, columns)
                right = cell_of(box[i, 2], west, cell, columns)
                for column in range(left, right + 1):
                    item[fill[row * columns + column]] = i
                    fill[row * columns + column] += 1
    return start, item
