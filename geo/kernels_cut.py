"""Kernels that cut large flat polygons into small pieces, and index pieces by a grid of cells."""

from __future__ import annotations

from typing import Any

from numba import njit


@njit(cache=True, nogil=True, error_model="numpy")
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


@njit(cache=True, nogil=True, error_model="numpy")
def _copy_ring(xy: Any, first: int, last: int, out: Any, to: int) -> int:
    """Write a ring as it is; returns where it ends."""
    for v in range(first, last):
        out[to, 0], out[to, 1] = xy[v, 0], xy[v, 1]
        to += 1
    return to


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _emit(out: Any, begin: int, to: int, x: float, y: float) -> int:
    if to > begin and out[to - 1, 0] == x and out[to - 1, 1] == y:
        return to
    out[to, 0], out[to, 1] = x, y
    return to + 1


@njit(cache=True, nogil=True, error_model="numpy")
def _inner_edges(xy: Any, first: int, last: int, cells: Any, which: int) -> int:
    """How many edges of a ring do not run along the border of its cell (west, south, east, north)."""
    west, south, east, north = cells[which, 0], cells[which, 1], cells[which, 2], cells[which, 3]
    inner = 0
    for v in range(first, last - 1):
        x1, y1, x2, y2 = xy[v, 0], xy[v, 1], xy[v + 1, 0], xy[v + 1, 1]
        along = (x1 == x2 and x1 in (west, east)) or (y1 == y2 and y1 in (south, north))
        if not along:
            inner += 1
    return inner


@njit(cache=True, nogil=True, error_model="numpy")
def _ring_turn(xy: Any, first: int, last: int) -> float:
    x0, y0 = xy[first, 0], xy[first, 1]
    twice = 0.0
    for v in range(first, last - 1):
        twice += (xy[v, 0] - x0) * (xy[v + 1, 1] - y0) - (xy[v + 1, 0] - x0) * (xy[v, 1] - y0)
    return twice


@njit(cache=True, nogil=True, error_model="numpy")
def halves_room(
    xy: Any, ring_start: Any, feature_start: Any, cell: Any, inner_limit: int, must_cut: Any, room: Any
) -> int:
    """Mark the pieces with more inner edges than the limit, and return how many.

    room: written: how many vertices, rings and pieces `halve` can make at most.
    """
    room[0], room[1], room[2] = 0, 0, len(feature_start) - 1
    cuts = 0
    for i in range(len(feature_start) - 1):
        inner, vertices = 0, 0
        for r in range(feature_start[i], feature_start[i + 1]):
            inner += _inner_edges(xy, ring_start[r], ring_start[r + 1], cell, i)
            vertices += ring_start[r + 1] - ring_start[r]
        must_cut[i] = inner > inner_limit
        times = 2 if must_cut[i] else 1
        cuts += times - 1
        room[0] += times * (2 * vertices + 2 * (feature_start[i + 1] - feature_start[i]))
        room[1] += times * (feature_start[i + 1] - feature_start[i])
    room[2] += cuts
    return cuts


# One kernel: rings, pieces and what is dropped of them are counted on together, and half its lines name arrays.
@njit(cache=True, nogil=True, error_model="numpy")
def halve(
    xy: Any,
    ring_start: Any,
    ring_sign: Any,
    feature_start: Any,
    cell: Any,
    must_cut: Any,
    out: Any,
    out_ring: Any,
    out_sign: Any,
    out_feature: Any,
    out_cell: Any,
    source: Any,
    full: Any,
    made_of: Any,
) -> int:
    """One round of cutting: the pieces that must be cut are cut in two across their cell.

    Takes flat pieces and the cell each fills or lies in. Writes the flat pieces after the round, their
    cells, the piece each came from, whether each fills its cell wholly, and into `made_of` how many
    vertices and rings they have; returns how many pieces. A piece that has no inner edge and does not fill
    its cell is dropped, and so are rings without inner edges of a piece that has others, unless they fill
    the cell.
    """
    made, ring, vertex = 0, 0, 0
    out_ring[0], out_feature[0] = 0, 0
    for i in range(len(feature_start) - 1):
        axis = 0 if cell[i, 2] - cell[i, 0] > cell[i, 3] - cell[i, 1] else 1
        at = (cell[i, axis] + cell[i, axis + 2]) / 2
        for half in range(2 if must_cut[i] else 1):
            for k in range(4):
                out_cell[made, k] = cell[i, k]
            if must_cut[i]:
                out_cell[made, axis + 2 if half == 0 else axis] = at
            begin_ring, begin_vertex = ring, vertex
            inner, winding = 0, 0
            for r in range(feature_start[i], feature_start[i + 1]):
                if must_cut[i]:
                    to = _clip_ring(xy, ring_start[r], ring_start[r + 1], axis, at, half == 0, out, vertex)
                else:
                    to = _copy_ring(xy, ring_start[r], ring_start[r + 1], out, vertex)
                if to == vertex:
                    continue
                ring_inner = _inner_edges(out, vertex, to, out_cell, made)
                if ring_inner == 0:
                    winding += ring_sign[r] * _fills(out, vertex, to, out_cell, made)
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
                vertex = _write_cell(out, vertex, out_cell, made)
                out_sign[ring] = winding
                ring += 1
                out_ring[ring] = vertex
            full[made] = inner == 0
            source[made] = i
            made += 1
            out_feature[made] = ring
    made_of[0], made_of[1] = vertex, ring
    return made


@njit(cache=True, nogil=True, error_model="numpy")
def _fills(xy: Any, first: int, last: int, cells: Any, which: int) -> int:
    """+1 or -1 where a ring that runs along its cell's border goes round it, 0 where it only runs to and fro."""
    turn = _ring_turn(xy, first, last) / 2
    whole = (cells[which, 2] - cells[which, 0]) * (cells[which, 3] - cells[which, 1])
    return 1 if turn > whole / 2 else (-1 if turn < -whole / 2 else 0)


@njit(cache=True, nogil=True, error_model="numpy")
def _write_cell(out: Any, to: int, cells: Any, which: int) -> int:
    west, south, east, north = cells[which, 0], cells[which, 1], cells[which, 2], cells[which, 3]
    out[to, 0], out[to, 1] = west, south
    out[to + 1, 0], out[to + 1, 1] = east, south
    out[to + 2, 0], out[to + 2, 1] = east, north
    out[to + 3, 0], out[to + 3, 1] = west, north
    out[to + 4, 0], out[to + 4, 1] = west, south
    return to + 5


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def cell_of(x: float, origin: float, cell: float, cells: int) -> int:
    """Which of `cells` cells from `origin` on holds x; what lies outside counts to the outermost."""
    return min(max(int((x - origin) / cell), 0), cells - 1)


@njit(cache=True, nogil=True, error_model="numpy")
def grid_count(box: Any, west: float, south: float, cell: float, columns: int, rows: int, start: Any) -> int:
    """Write where the boxes (west, south, east, north) of each cell of a grid begin, and return how many in all.

    Cells are counted row by row from the south-west; start has one more, and is 0 before. Boxes without
    extent (infinite) are in none.
    """
    for i in range(len(box)):
        if box[i, 0] <= box[i, 2]:
            left = cell_of(box[i, 0], west, cell, columns)
            right = cell_of(box[i, 2], west, cell, columns)
            for row in range(cell_of(box[i, 1], south, cell, rows), cell_of(box[i, 3], south, cell, rows) + 1):
                for column in range(left, right + 1):
                    start[row * columns + column + 1] += 1
    for at in range(columns * rows):
        start[at + 1] += start[at]
    return int(start[columns * rows])


@njit(cache=True, nogil=True, error_model="numpy")
def grid_fill(
    box: Any, west: float, south: float, cell: float, columns: int, rows: int, fill: Any, item: Any
) -> int:
    """Write the boxes of each cell after `grid_count`. fill: a copy of its offsets, used up."""
    for i in range(len(box)):
        if box[i, 0] <= box[i, 2]:
            left = cell_of(box[i, 0], west, cell, columns)
            right = cell_of(box[i, 2], west, cell, columns)
            for row in range(cell_of(box[i, 1], south, cell, rows), cell_of(box[i, 3], south, cell, rows) + 1):
                for column in range(left, right + 1):
                    item[fill[row * columns + column]] = i
                    fill[row * columns + column] += 1
    return 0
