"""Small neighbouring parcels of one village and mode, taken together where each alone is too small to be seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Array = NDArray[Any]
# A block is closed once it fills this many times what one parcel must fill: it must stay small to mean much.
CLOSED_AT = 2.0


def blocks_of(
    polygons: Sequence[Any] | Array, keys: Sequence[Any], pixels: Array, *, least_pixels: float, reach: float
) -> Array:
    """The block of each parcel: int64, −1 for one that stays alone; numbers ascend from 0.

    polygons: in a plane CRS. keys: village and mode; only equal ones join, None never. pixels: effective
    pixels. reach: distance up to which parcels are neighbours. Only parcels under `least_pixels` join, and
    only blocks that reach it together are made.
    """
    shapes = np.asarray(polygons, dtype=object)
    codes, _ = pd.factorize(pd.Series(list(keys), dtype=object))
    small = np.flatnonzero((pixels > 0) & (pixels < least_pixels) & (codes >= 0))
    out = np.full(len(shapes), -1, np.int64)
    if len(small) < 2:
        return out
    tree = shapely.STRtree(shapes[small])
    left, right = tree.query(shapes[small], predicate="dwithin", distance=reach)
    same = codes[small][left] == codes[small][right]
    size = len(small)
    links = coo_array((np.ones(int(same.sum()), bool), (left[same], right[same])), shape=(size, size))
    _, component = connected_components(links, directed=False)
    centre = shapely.get_coordinates(shapely.centroid(shapes[small]))
    order = np.lexsort((centre[:, 1], centre[:, 0], component))
    blocks = np.empty(size, np.int64)
    blocks[order] = _filled(component[order], pixels[small][order], least_pixels)
    total = np.bincount(blocks, weights=pixels[small])
    members = np.bincount(blocks)
    kept = (total >= least_pixels) & (members > 1)
    number = np.where(kept, np.cumsum(kept) - 1, -1)
    out[small] = number[blocks]
    return out


def _filled(component: Array, pixels: Array, least_pixels: float) -> list[int]:
    """Blocks along a row of parcels, each closed once full; what is left over at the end joins the one before."""
    made: list[int] = []
    block, filled = -1, 0.0
    starts: list[int] = []
    for at, own in enumerate(component):
        fresh = at == 0 or own != component[at - 1]
        if fresh or filled >= CLOSED_AT * least_pixels:
            block, filled = block + 1, 0.0
            starts.append(at)
        filled += float(pixels[at])
        made.append(block)
        last = at + 1 == len(component) or component[at + 1] != own
        first = starts[-1]
        if last and filled < least_pixels and first > 0 and component[first - 1] == own:
            made[first:] = [made[first - 1]] * (len(made) - first)
    return made


def block_series(values: Array, pixels: Array, block: Array) -> tuple[Array, Array]:
    """Series of the blocks: means weighted by clear pixels, and their clear pixels, each (blocks, dates).

    values: (parcels, dates), NaN = not seen. pixels: clear pixels of the same shape.
    """
    count = int(block.max(initial=-1)) + 1
    member = block >= 0
    seen = np.where(np.isnan(values[member]), 0.0, pixels[member])
    weighted = np.nan_to_num(values[member]) * seen
    total = np.zeros((count, values.shape[1]))
    weight = np.zeros((count, values.shape[1]))
    np.add.at(total, block[member], weighted)
    np.add.at(weight, block[member], seen)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(weight > 0, total / weight, np.nan), weight
