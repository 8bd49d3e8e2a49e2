"""Which parcels were reported in use in a season: only those are judged by it, and their 亩 counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.seasons import DEFAULT_WINDOWS, Season
from geo.verdicts import REASONS, VERDICTS

Array = NDArray[Any]
# A crop confirmed within this long before or after a season's end answers for a parcel that declares no season.
SAME_YEAR = timedelta(days=365)
# How a parcel stands to a season: reported in use throughout it; not yet when it began; no longer when it ended;
# declared for another season.
STANDINGS = ("reported", "not_yet", "ended", "not_declared")
# Since ever: land that is reported in use by being in the register at all.
ALWAYS = np.datetime64("1900-01-01", "D")


@dataclass(frozen=True)
class Reported:
    """What was reported of each parcel; arrays of equal length.

    since: day from which it was reported in use (NaT = it was not, ALWAYS = by being in the register). until:
    last day of that (NaT = still). declared: the season it is cropped in (a window's id; anything else: any).
    windows: ids of the county's seasons, whether pictures show them or not.
    """

    since: Array
    until: Array
    declared: Sequence[Any]
    windows: Sequence[str] = tuple(DEFAULT_WINDOWS)


def standings(season: Season, reported: Reported, asked: Array) -> Array:
    """How each parcel stands to a season, as positions in STANDINGS (int8). asked: as `asked_window` gives."""
    since, until = (np.asarray(days).astype("datetime64[D]") for days in (reported.since, reported.until))
    begun = since < np.datetime64(season.start, "D")
    held = np.isnat(until) | (until >= np.datetime64(season.end, "D"))
    other = (asked != "") & (asked != season.window)
    return np.select([~begun, ~held, other], [1, 2, 3], 0).astype(np.int8)


def asked_window(reported: Reported) -> Array:
    """The window each parcel declares to be cropped in; "" for any; object array."""
    windows = set(reported.windows)
    return np.array([value if value in windows else "" for value in reported.declared], dtype=object)


def ever_reported(seasons: Sequence[Season], reported: Reported) -> Array:
    """Which parcels were reported in use throughout one of the seasons at least; bool."""
    asked = asked_window(reported)
    found = np.zeros(len(asked), bool)
    for one in seasons:
        found |= standings(one, reported, asked) == 0
    return found


def against_report(verdicts: pd.DataFrame, seasons: Sequence[Season], reported: Reported) -> pd.DataFrame:
    """The verdicts as far as they speak of what was reported; the rows of `verdicts` in their order.

    verdicts: season, verdict, reason (categories of VERDICTS and REASONS, or words), the parcels of every season
    in one order. A column `standing` (of STANDINGS) comes to it: only rows that stand as `reported` are judged and
    counted. A parcel that declares no season is confirmed, with the reason `other_season`, in a season when
    another of the same year confirms it, as land cropped once a year is.
    """
    asked = asked_window(reported)
    by_season = verdicts["verdict"].groupby(verdicts["season"].to_numpy(), sort=False, observed=True)
    verdict = {one: _codes(part, VERDICTS) for one, part in by_season}
    reason = _codes(verdicts["reason"], REASONS)
    by_id = {one.id: one for one in seasons}
    confirmed = VERDICTS.index("confirmed")
    standing, codes, first = [], [], 0
    for name, own in verdict.items():
        one = by_id[str(name)]
        answered = (asked == "") & (own != confirmed) & _confirmed_around(one, seasons, verdict)
        codes.append(np.where(answered, confirmed, own).astype(np.int8))
        reason[first : first + len(own)][answered] = REASONS.index("other_season")
        standing.append(standings(one, reported, asked))
        first += len(own)
    made = verdicts.copy(deep=False)
    made["verdict"] = _words(_joined(codes), VERDICTS)
    made["reason"] = _words(reason, REASONS)
    made["standing"] = _words(_joined(standing), STANDINGS)
    return made


def _joined(parts: list[Array]) -> Array:
    return np.concatenate(parts) if parts else np.zeros(0, np.int8)


def _words(codes: Any, known: Sequence[str]) -> Any:
    return pd.Categorical.from_codes(codes, categories=pd.Index(list(known)))


def _codes(words: pd.Series, known: Sequence[str]) -> Array:
    return pd.Categorical(words, categories=list(known)).codes.astype(np.int8)


def _confirmed_around(one: Season, seasons: Sequence[Season], verdict: dict[Any, Array]) -> Array:
    """Which parcels another season of the same year confirms."""
    found = np.zeros(len(verdict[one.id]), bool)
    for other in seasons:
        if other.id != one.id and abs(other.end - one.end) < SAME_YEAR:
            found |= verdict[other.id] == VERDICTS.index("confirmed")
    return found


def reported_rows(verdicts: pd.DataFrame) -> Array:
    """Which rows of `against_report` stand as reported in use; bool."""
    return np.asarray(verdicts["standing"] == "reported")
