"""Blocks of neighbouring parcels within a place, for holding a rule against ground its peers do not lie on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
# A place is halved so often at most, across its longer side, while each half keeps so many parcels.
HALVINGS = 3
LEAST_IN_BLOCK = 30


def blocks_within(places: Array, centre: Array) -> Array:
    """The block of each parcel, `place number`; the same for the same input.

    places: place of each parcel. centre: (parcels, 2) coordinates in any unit, all finite.
    """
    out = np.full(len(places), "", dtype=object)
    for place in sorted(set(places)):
        parts = [np.flatnonzero(places == place)]
        for _ in range(HALVINGS):
            parts = [half for part in parts for half in _halves(part, centre)]
        for number, part in enumerate(parts, start=1):
            out[part] = f"{place} {number}"
    return out


def _halves(part: Array, centre: Array) -> list[Array]:
    if len(part) < 2 * LEAST_IN_BLOCK:
        return [part]
    xy = centre[part]
    axis = int(np.argmax(np.ptp(xy, axis=0)))
    ordered = part[np.lexsort((part, xy[:, 1 - axis], xy[:, axis]))]
    return np.array_split(ordered, 2)
