"""Compiled loops that lay polygons on a grid and sum a raster under them."""

from __future__ import annotations

import numpy as np
from numba import njit

# A window of at most this many cells is held at once; a larger polygon is worked in bands of rows.
BAND_CELLS = 2_000_000
# Anything below this share of a cell is rounding left over from adding edges up.
NOTHING = 1e-12


@njit(cache=True, nogil=True, inline="always")
def _piece(acc, base, width, xa, xb, dy):  # type: ignore[no-untyped-def]
    """Add one piece of an edge that stays in one row: `dy` signed height, `xa`→`xb` columns of the window.

    Left of the window counts as standing on its left side; right of the window covers nothing.
    """
    if xa > xb:
        xa, xb = xb, xa
    if xa >= width:
        return
    if xb <= 0.0:
        acc[base] += dy
        return
    run = xb - xa
    if xa < 0.0:
        share = dy * (-xa / run)
        acc[base] += share
        dy -= share
        xa = 0.0
        run = xb - xa
    if xb > width:
        dy *= (width - xa) / run
        xb = float(width)
        run = xb - xa
    first = int(xa)
    if first >= width:
        return
    if xb <= first + 1 or run <= 0.0:
        beyond = dy * (0.5 * (xa + xb) - first)
        acc[base + first] += dy - beyond
        acc[base + first + 1] += beyond
        return
    slope = dy / run
    at = xa
    column = first
    while at < xb:
        end = min(xb, column + 1.0)
        step = slope * (end - at)
        beyond = step * (0.5 * (at + end) - column)
        acc[base + column] += step - beyond
        acc[base + column + 1] += beyond
        at = end
        column += 1


@njit(cache=True, nogil=True)
def _edge(acc, stride, width, height, x0, y0, x1, y1):  # type: ignore[no-untyped-def]
    """Add one edge, in columns and rows from the window's corner, to the accumulator."""
    if y0 == y1:
        return
    sign = 1.0
    if y0 > y1:
        x0, y0, x1, y1 = x1, y1, x0, y0
        sign = -1.0
    if y1 <= 0.0 or y0 >= height:
        return
    slope = (x1 - x0) / (y1 - y0)
    top = y0
    x_top = x0
    if top < 0.0:
        x_top = x0 - y0 * slope
        top = 0.0
    bottom = min(y1, float(height))
    row = int(top)
    while top < bottom:
        end = min(bottom, row + 1.0)
        x_end = x1 if end == y1 else x0 + (end - y0) * slope
        _piece(acc, row * stride, width, x_top, x_end, sign * (end - top))
        top = end
        x_top = x_end
        row += 1


@njit(cache=True, nogil=True)
def _orientation(xy, first, last):  # type: ignore[no-untyped-def]
    """Twice the signed area of a closed ring, measured from its first corner."""
    x, y = xy[first, 0], xy[first, 1]
    total = 0.0
    for i in range(first, last - 1):
        total += (xy[i, 0] - x) * (xy[i + 1, 1] - y) - (xy[i + 1, 0] - x) * (xy[i, 1] - y)
    return total


@njit(cache=True, nogil=True)
def _window(xy, start, stop, columns, rows):  # type: ignore[no-untyped-def]
    """Cells (c0, c1, r0, r1) that a polygon may touch, ends exclusive; c1 = c0 when it lies off the grid."""
    left, right, top, bottom = xy[start, 0], xy[start, 0], xy[start, 1], xy[start, 1]
    for i in range(start, stop):
        left, right = min(left, xy[i, 0]), max(right, xy[i, 0])
        top, bottom = min(top, xy[i, 1]), max(bottom, xy[i, 1])
    if not (right > 0.0 and left < columns and bottom > 0.0 and top < rows):
        return 0, 0, 0, 0
    c0, c1 = int(np.floor(max(left, 0.0))), int(np.ceil(min(right, float(columns))))
    r0, r1 = int(np.floor(max(top, 0.0))), int(np.ceil(min(bottom, float(rows))))
    return c0, max(c1, c0 + 1), r0, r1


@njit(cache=True, nogil=True)
def _draw(acc, xy, rings, holes, first, last, c0, r0, width, height):  # type: ignore[no-untyped-def]
    """Add all rings of a polygon to the accumulator of a window: shells forward, holes backward."""
    for r in range(first, last):
        forward = (_orientation(xy, rings[r], rings[r + 1]) > 0.0) != holes[r]
        for i in range(rings[r], rings[r + 1] - 1):
            x0, y0 = xy[i, 0] - c0, xy[i, 1] - r0
            x1, y1 = xy[i + 1, 0] - c0, xy[i + 1, 1] - r0
            if forward:
                _edge(acc, width + 1, width, height, x1, y1, x0, y0)
            else:
                _edge(acc, width + 1, width, height, x0, y0, x1, y1)


@njit(cache=True, nogil=True)
def _collect(acc, width, height, corner, columns, cells, shares, used):  # type: ignore[no-untyped-def]
    """Turn a window's accumulator into cells and shares from `used` on, and clear it; the new number used."""
    for row in range(height):
        share = 0.0
        for column in range(width):
            at = row * (width + 1) + column
            share += acc[at]
            acc[at] = 0.0
            if share > NOTHING:
                cells[used] = corner + row * columns + column
                shares[used] = min(share, 1.0)
                used += 1
        acc[row * (width + 1) + width] = 0.0
    return used


@njit(cache=True, nogil=True)
def _grown(old, size):  # type: ignore[no-untyped-def]
    new = np.empty(size, old.dtype)
    new[: len(old)] = old
    return new


@njit(cache=True, nogil=True)
def cover(xy, rings, polygons, holes, columns, rows):  # type: ignore[no-untyped-def]
    """Coverage fractions of polygons on a grid of `columns` × `rows` cells.

    xy: closed ring corners as (column, row). rings: first corner of each ring. polygons: first ring of each
    polygon. holes: true where a ring is one. Returns the number of cells of each polygon, then the cells
    (row × columns + column) and fractions of all, polygon after polygon, cells ascending.
    """
    count = len(polygons) - 1
    lengths = np.zeros(count, np.int64)
    cells = np.empty(max(16, count * 16), np.int64)
    shares = np.empty(len(cells), np.float32)
    acc = np.zeros(1024, np.float64)
    used = 0
    for p in range(count):
        start, stop = rings[polygons[p]], rings[polygons[p + 1]]
        if stop <= start:
            continue
        c0, c1, r0, r1 = _window(xy, start, stop, columns, rows)
        width = c1 - c0
        if width == 0:
            continue
        before = used
        band = max(1, BAND_CELLS // (width + 1))
        for top in range(r0, r1, band):
            height = min(band, r1 - top)
            if height * (width + 1) > len(acc):
                acc = np.zeros(height * (width + 1), np.float64)
            if used + height * width > len(cells):
                cells = _grown(cells, 2 * len(cells) + height * width)
                shares = _grown(shares, len(cells))
            _draw(acc, xy, rings, holes, polygons[p], polygons[p + 1], c0, top, width, height)
            used = _collect(acc, width, height, top * columns + c0, columns, cells, shares, used)
        lengths[p] = used - before
    return lengths, cells[:used], shares[:used]


@njit(cache=True, nogil=True)
def summarise(starts, cells, shares, values, first, last, pixels, means, stds):  # type: ignore[no-untyped-def]
    """Fill `pixels`, `means`, `stds` of polygons first..last-1 from the flat raster `values` (NaN = not seen).

    pixels: sum of shares over seen cells. stds: of the population, weighted by share.
    """
    for p in range(first, last):
        weight = 0.0
        total = 0.0
        for k in range(starts[p], starts[p + 1]):
            value = values[cells[k]]
            if value == value:
                weight += shares[k]
                total += shares[k] * value
        pixels[p] = weight
        if weight <= 0.0:
            means[p] = np.nan
            stds[p] = np.nan
            continue
        mean = total / weight
        spread = 0.0
        for k in range(starts[p], starts[p + 1]):
            value = values[cells[k]]
            if value == value:
                spread += shares[k] * (value - mean) ** 2
        means[p] = mean
        stds[p] = np.sqrt(spread / weight)


@njit(cache=True, nogil=True)
def add_rows(starts, cells, shares, values, begin, first, last, weights, totals, squares):  # type: ignore[no-untyped-def]
    """Add to polygons first..last-1 what flat `values`, the cells from `begin` on, hold under them (NaN unseen).

    weights: sums of shares over seen cells; totals, squares: of the values and their squares, weighted by share.
    """
    end = begin + len(values)
    for p in range(first, last):
        for k in range(starts[p], starts[p + 1]):
            cell = cells[k]
            if cell >= end:
                break
            if cell >= begin:
                value = np.float64(values[cell - begin])
                if value == value:
                    weights[p] += shares[k]
                    totals[p] += shares[k] * value
                    squares[p] += shares[k] * value * value
