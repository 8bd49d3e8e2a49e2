"""Terraced fields: strips along the contour, cut into pieces of 0.3 to 3 mu that never overlap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from data_samples.blocks import Blocks, Bools, Ints, draw
from data_samples.terrain import Floats

M2_PER_MU = 2000 / 3
LEAST_M2, MOST_M2 = 0.305 * M2_PER_MU, 2.95 * M2_PER_MU
ROWS, COLUMNS, STEP = 30, 36, 12.0
LONGEST = 5
MARGIN = 3.0


@dataclass(frozen=True)
class Fields:
    """Fields in the order of their block, strip and place along it.

    block: position in `Blocks`. strip, start, stop: where in the block's lattice. polygon: EPSG:4544, rounded to
    the centimetre. area_m2: plane area (within 2e-5 of the ellipsoid's, so near the central meridian). x, y: a
    point inside.
    """

    block: Ints
    strip: Ints
    start: Ints
    stop: Ints
    polygon: NDArray[np.object_]
    area_m2: Floats
    x: Floats
    y: Floats

    def __len__(self) -> int:
        return len(self.block)

    def take(self, which: Ints | Bools) -> Fields:
        """Those of `which`, in its order."""
        return Fields(**{name: getattr(self, name)[which] for name in self.__dataclass_fields__})


def fields_of(blocks: Blocks, which: Ints, seed: int) -> Fields:
    """All fields of the blocks `which`. The fields of a block do not depend on the others asked for."""
    corners = _lattice(blocks, which, seed)
    inside = _inside(blocks, which, corners)
    block, strip, start, stop = _pieces(which, inside, seed)
    corners = _wind(corners)
    polygons = np.empty(len(block), dtype=object)
    middle = np.empty((len(block), 2))
    slot = np.searchsorted(which, which[block])
    for length in range(1, LONGEST + 1):
        some = np.flatnonzero(stop - start == length)
        reach = np.arange(length + 1)
        lower = corners[slot[some, None], strip[some, None], start[some, None] + reach]
        upper = corners[slot[some, None], strip[some, None] + 1, stop[some, None] - reach]
        ring = np.concatenate([lower, upper, lower[:, :1]], axis=1)
        polygons[some] = shapely.polygons(ring)
        middle[some] = ring[:, :-1].mean(axis=1)
    area = shapely.area(polygons)
    made = Fields(which[block], strip, start, stop, polygons, area, middle[:, 0], middle[:, 1])
    return made.take((area >= LEAST_M2) & (area <= MOST_M2))


def _lattice(blocks: Blocks, which: Ints, seed: int) -> Floats:
    """Corners of every block's lattice before winding: shape (blocks, ROWS + 1, COLUMNS + 1, 2)."""
    strips, columns = np.arange(ROWS + 1), np.arange(COLUMNS + 1)
    depth = 8.5 + 13 * draw(seed, 1, which[:, None], strips[None])
    offset = np.cumsum(depth, axis=1)
    offset -= offset[:, ROWS // 2, None]
    keys = which[:, None, None], strips[None, :, None], columns[None, None]
    along = (columns - COLUMNS / 2) * STEP + 2.4 * (draw(seed, 2, *keys) - 0.5)
    across = offset[..., None] + 2.0 * (draw(seed, 3, *keys) - 0.5)
    bow = (draw(seed, 4, which) - 0.5)[:, None, None] * 0.0016
    across = across + bow * along**2
    cosine, sine = np.cos(blocks.along[which]), np.sin(blocks.along[which])
    x = along * cosine[:, None, None] - across * sine[:, None, None]
    y = along * sine[:, None, None] + across * cosine[:, None, None]
    seeds = blocks.seed[which][:, None, None]
    return seeds + np.stack([x, y], axis=-1)


def _inside(blocks: Blocks, which: Ints, corners: Floats) -> Bools:
    """Whether each corner lies in its own block, at least MARGIN metres from the next."""
    offset = (corners - blocks.seed[which][:, None, None]).reshape(len(which), -1, 2)
    reach = np.einsum("bpk,bnk->bpn", offset, blocks.bound_normal[which])
    inside: Bools = (reach < blocks.bound_m[which][:, None] - MARGIN).all(axis=2)
    return inside.reshape(corners.shape[:3])


def _pieces(which: Ints, inside: Bools, seed: int) -> tuple[Ints, Ints, Ints, Ints]:
    """Cut strips at random columns; keep pieces wholly inside: (slot, strip, start, stop)."""
    cuts = np.arange(COLUMNS)
    keys = which[:, None, None], np.arange(ROWS)[None, :, None], cuts[None, None]
    lengths = 1 + np.floor(LONGEST * draw(seed, 5, *keys)).astype(np.int64)
    stop = np.cumsum(lengths, axis=2)
    start = stop - lengths
    both = inside[:, :-1] & inside[:, 1:]
    passed = np.concatenate([np.zeros((*both.shape[:2], 1), np.int64), np.cumsum(both, axis=2)], axis=2)
    fits = stop <= COLUMNS
    last = np.minimum(stop, COLUMNS)
    count = np.take_along_axis(passed, last + 1, axis=2) - np.take_along_axis(
        passed, np.minimum(start, COLUMNS), axis=2
    )
    slot, strip, cut = np.nonzero(fits & (count == lengths + 1))
    return slot, strip, start[slot, strip, cut], stop[slot, strip, cut]


def _wind(corners: Floats) -> Floats:
    """Bend the whole plane gently, so that no strip is straight; neighbours bend alike and stay apart."""
    x, y = corners[..., 0], corners[..., 1]
    east = 5 * np.sin(y / 31 + x / 83) + 2 * np.sin(y / 17)
    north = 5 * np.sin(x / 37 - y / 91) + 2 * np.sin(x / 19 + 1)
    return np.round(np.stack([x + east, y + north], axis=-1), 2)
