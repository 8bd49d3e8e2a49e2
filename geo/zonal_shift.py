"""Whether the parcels lie where the picture shows them: does the layer fit better when moved by a pixel or two?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.zonal import Coverage

Array = NDArray[Any]

REACH = 2
MOVES = tuple((dx, dy) for dy in range(-REACH, REACH + 1) for dx in range(-REACH, REACH + 1))
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


def tried(covered: Coverage) -> Coverage | None:
    """The parcels that moves are tried on: large enough, and on the grid wherever they are moved to.

    None when fewer than LEAST_PARCELS are so.
    """
    columns, rows = covered.grid.columns, covered.grid.rows
    large = np.flatnonzero((covered.pixels >= LEAST_PIXELS) & (covered.inside > 0.99))
    chosen = covered.take(large[:: max(1, len(large) // MOST_PARCELS)])
    if len(chosen) < LEAST_PARCELS:
        return None
    row, column = np.divmod(chosen.cells, columns)
    inner = (np.minimum(row, column) >= REACH) & (row < rows - REACH) & (column < columns - REACH)
    kept = np.flatnonzero(np.logical_and.reduceat(inner, chosen.starts[:-1]))
    return chosen.take(kept) if len(kept) >= LEAST_PARCELS else None


def unevenness(chosen: Coverage, picture: Array) -> Array:
    """Variance within parcels as a share of the whole, for each of MOVES (columns, rows) of the parcels.

    chosen: as `tried` gives. picture: (rows, columns), NaN = not seen. NaN for a move under which too few
    parcels are seen.
    """
    return np.array([_uneven(moved(chosen, move), picture) for move in MOVES])


def moved(covered: Coverage, move: tuple[int, int]) -> Coverage:
    """The parcels moved by (columns, rows); their cells must stay on the grid."""
    step = move[0] + move[1] * covered.grid.columns
    return replace(covered, cells=covered.cells + np.int64(step))


def _uneven(covered: Coverage, picture: Array) -> float:
    found = covered.statistics(picture)
    seen = found.pixels > 0.9 * covered.pixels
    if seen.sum() < LEAST_PARCELS:
        return float("nan")
    weight, mean, std = found.pixels[seen], found.mean[seen], found.std[seen]
    inside = float((weight * std**2).sum() / weight.sum())
    between = float(np.average((mean - np.average(mean, weights=weight)) ** 2, weights=weight))
    return inside / (inside + between) if inside + between > 0 else float("nan")


def fitted(uneven: Sequence[Array], parcels: int) -> Registration | None:
    """The move with the least unevenness over pictures, each given as `unevenness`; None when none was seen.

    Parcels are even inside when their borders fall on the borders of the fields.
    """
    whole = [one for one in uneven if np.isfinite(one).all()]
    if not whole:
        return None
    table = np.array(whole)
    mean = table.mean(axis=0)
    best, still = int(np.argmin(mean)), MOVES.index((0, 0))
    agree = float((table.argmin(axis=1) == best).mean())
    gain = float(1 - mean[best] / mean[still]) if mean[still] > 0 else 0.0
    return Registration(MOVES[best][0], MOVES[best][1], gain, agree, parcels)


def registration(covered: Coverage, pictures: Sequence[Array]) -> Registration | None:
    """Try every move of up to REACH pixels on each picture (rows, columns; NaN = not seen)."""
    chosen = tried(covered)
    if chosen is None:
        return None
    return fitted([unevenness(chosen, picture) for picture in pictures], len(chosen))
