"""Whether the parcels lie where the picture shows them: does the layer fit better when moved by a pixel or two?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.zonal import Coverage

Array = NDArray[Any]

REACH = 2
# A parcel must hold this many pixels to have an inside that can be uneven.
LEAST_PIXELS = 6.0
MOST_PARCELS = 4000
LEAST_PARCELS = 30
# Moving must make parcels this much more even inside before it is worth saying.
LEAST_GAIN = 0.04


@dataclass(frozen=True)
class Registration:
    """Where the layer fits best. columns, rows: the move in pixels (rows downward). gain: share of the unevenness
    inside parcels that the move takes away. agree: share of the pictures whose own best move it is. parcels:
    how many were looked at.
    """

    columns: int
    rows: int
    gain: float
    agree: float
    parcels: int

    @property
    def shifted(self) -> bool:
        """Whether the layer should be looked at before anything is judged by it."""
        return (self.columns, self.rows) != (0, 0) and self.gain >= LEAST_GAIN and self.agree >= 0.5


def registration(covered: Coverage, pictures: Sequence[Array]) -> Registration | None:
    """Try every move of up to REACH pixels on each picture (rows, columns; NaN = not seen).

    Parcels are even inside when their borders fall on the borders of the fields; the best move has the least
    variance within parcels, as a share of the variance of all. None when fewer than LEAST_PARCELS are large
    enough.
    """
    rows = np.flatnonzero((covered.pixels >= LEAST_PIXELS) & (covered.inside > 0.99))
    if len(rows) < LEAST_PARCELS or not pictures:
        return None
    chosen = covered.take(rows[:: max(1, len(rows) // MOST_PARCELS)])
    moves = [(dx, dy) for dy in range(-REACH, REACH + 1) for dx in range(-REACH, REACH + 1)]
    uneven = np.array([[_unevenness(chosen, picture, move) for move in moves] for picture in pictures])
    uneven = uneven[np.isfinite(uneven).all(axis=1)]
    if not len(uneven):
        return None
    mean = uneven.mean(axis=0)
    best, still = int(np.argmin(mean)), moves.index((0, 0))
    agree = float((uneven.argmin(axis=1) == best).mean())
    gain = float(1 - mean[best] / mean[still]) if mean[still] > 0 else 0.0
    return Registration(moves[best][0], moves[best][1], gain, agree, len(chosen))


def _unevenness(covered: Coverage, picture: Array, move: tuple[int, int]) -> float:
    """Variance within parcels as a share of the whole, the parcels moved by (columns, rows)."""
    found = covered.statistics(moved(picture, move))
    seen = found.pixels > 0.9 * covered.pixels
    if seen.sum() < LEAST_PARCELS:
        return float("nan")
    weight, mean, std = found.pixels[seen], found.mean[seen], found.std[seen]
    inside = float((weight * std**2).sum() / weight.sum())
    between = float(np.average((mean - np.average(mean, weights=weight)) ** 2, weights=weight))
    return inside / (inside + between) if inside + between > 0 else float("nan")


def moved(picture: Array, move: tuple[int, int]) -> Array:
    """The picture as parcels moved by (columns, rows) would see it; NaN where they look past its edge."""
    dx, dy = move
    rows, columns = picture.shape
    out = np.full(picture.shape, np.nan, np.float32)
    from_rows, to_rows = slice(max(dy, 0), rows + min(dy, 0)), slice(max(-dy, 0), rows + min(-dy, 0))
    from_columns, to_columns = slice(max(dx, 0), columns + min(dx, 0)), slice(max(-dx, 0), columns + min(-dx, 0))
    out[to_rows, to_columns] = picture[from_rows, from_columns]
    return out
