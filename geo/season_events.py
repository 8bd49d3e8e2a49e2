"""What happened on one parcel in a season, as dated events: water, bare soil, green-up, peak, harvest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from geo.season_signs import is_bare, is_flooded
from geo.seasons import Season

Array = NDArray[Any]
Kind = Literal["flooded", "bare", "green_up", "peak", "harvest", "regrowth"]
KINDS: tuple[Kind, ...] = ("flooded", "bare", "green_up", "peak", "harvest", "regrowth")
# A rise or fall smaller than this is no growth and no harvest.
TURN = 0.15
# Growing again after a harvest shows earlier than a whole growth.
REGROWTH = 0.12
# Without a band that shows soil, an index as low as this before the growth stands for it.
BARE_NDVI = 0.22


@dataclass(frozen=True)
class Event:
    """Something that happened, on the date of the picture that first shows it, with the index on that date."""

    kind: Kind
    day: date
    value: float


def season_events(
    days: Sequence[date],
    ndvi: Array,
    season: Season,
    *,
    lswi: Array | None = None,
    bsi: Array | None = None,
    tilled_bsi: float = 0.10,
) -> list[Event]:
    """The events of one parcel in a season, by day. ndvi, lswi, bsi: by day, NaN = not seen.

    Green-up and harvest are the dates by which half of the rise or fall was done.
    """
    at = [i for i, day in enumerate(days) if season.start <= day <= season.end and np.isfinite(ndvi[i])]
    if not at:
        return []
    value = np.array([float(ndvi[i]) for i in at])

    def event(kind: Kind, k: int) -> Event:
        return Event(kind, days[at[k]], float(value[k]))

    wet = is_flooded(value, lswi[at].astype(float)) if lswi is not None else np.zeros(len(at), bool)
    if bsi is not None and np.isfinite(bsi[at]).any():
        soil = is_bare(bsi[at].astype(float), tilled_bsi) & ~wet
    else:
        soil = (value <= BARE_NDVI) & ~wet
    masks: tuple[tuple[Kind, Array], ...] = (("flooded", wet), ("bare", soil))
    found = [event(kind, int(np.argmax(mask))) for kind, mask in masks if mask.any()]
    found += [event(kind, k) for kind, k in _growth(value)]
    return sorted(found, key=lambda one: (one.day, KINDS.index(one.kind)))


def _growth(value: Array) -> list[tuple[Kind, int]]:
    """Green-up, peak, harvest and regrowth as positions in a series of seen dates."""
    top = int(np.argmax(value))
    low = int(np.argmin(value[: top + 1]))
    end = top + int(np.argmin(value[top:]))
    rise, fall = value[top] - value[low], value[top] - value[end]
    found: list[tuple[Kind, int]] = []
    if max(rise, fall) < TURN:
        return found
    found.append(("peak", top))
    if rise >= TURN:
        found.append(("green_up", low + int(np.argmax(value[low : top + 1] >= value[low] + rise / 2))))
    if fall >= TURN:
        found.append(("harvest", top + int(np.argmax(value[top : end + 1] <= value[top] - fall / 2))))
        again = np.flatnonzero(value[end:] >= value[end] + REGROWTH)
        if len(again):
            found.append(("regrowth", end + int(again[0])))
    return found
