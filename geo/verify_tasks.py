"""What follows from a contradicted verdict: a visit, then a review by name; never a penalty, never a reopening."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.seasons import Season

Array = NDArray[Any]
# A crop confirmed within this long before or after a season's end answers for a parcel that declares no season.
SAME_YEAR = timedelta(days=365)
COLUMNS = ["id", "task", "season", "times", "reason"]


def tasks_of(
    verdicts: pd.DataFrame,
    seasons: Sequence[Season],
    accepted_on: Array,
    declared: Sequence[Any],
    *,
    until: Array | None = None,
) -> pd.DataFrame:
    """Look-back tasks: one row per accepted parcel whose latest full season contradicts it.

    verdicts: id, season, verdict, reason, the parcels of every season in one order, as `judge_seasons` stacks
    them. accepted_on: day of acceptance (NaT = not accepted), declared: the season a parcel is cropped in (a
    window's id; anything else means any), one per parcel. until: the last day that can be held against it (a
    contract's end; NaT = none); later seasons do not count. Columns: id, task (`look_back`; `review` by name
    from the second contradicted season running on), season (the latest), times (seasons running), reason.

    Only seasons that began after acceptance count. Where no season is declared, one in which nothing grew is
    not held against a parcel that was confirmed in another season of the same year. A season that could not
    be judged neither counts nor breaks the run.
    """
    ordered = sorted(seasons, key=lambda one: one.end)
    count = len(accepted_on)
    by_season = verdicts.groupby("season", sort=False, observed=True)
    verdict = _by_season(verdicts)
    reason = {str(s): part["reason"].to_numpy(object) for s, part in by_season}
    asked = _asked(ordered, declared)
    accepted = np.asarray(accepted_on).astype("datetime64[D]")
    last_day = np.full(count, np.datetime64("NaT")) if until is None else np.asarray(until).astype("datetime64[D]")
    times = np.zeros(count, np.int64)
    last_season = np.full(count, "", dtype=object)
    last_reason = np.full(count, "", dtype=object)
    for one in ordered:
        counts = (accepted < np.datetime64(one.start, "D")) & ((asked == "") | (asked == one.window))
        counts &= np.isnat(last_day) | (last_day >= np.datetime64(one.end, "D"))
        found = verdict[one.id]
        answered = _confirmed_around(one, ordered, verdict, count)
        against = counts & (found == "contradicted") & ~((asked == "") & answered)
        cleared = counts & ((found == "confirmed") | ((asked == "") & answered))
        times[cleared] = 0
        times[against] += 1
        last_season[against] = one.id
        last_reason[against] = reason[one.id][against]
    rows = np.flatnonzero(times > 0)
    ids = verdicts["id"].iloc[rows].to_numpy(object)
    made = pd.DataFrame({"id": ids, "season": last_season[rows], "times": times[rows]})
    made["task"] = np.where(made["times"] >= 2, "review", "look_back")
    made["reason"] = last_reason[rows]
    return made[COLUMNS]


def in_use_by_season(verdicts: pd.DataFrame, seasons: Sequence[Season], declared: Sequence[Any]) -> pd.DataFrame:
    """Verdicts as far as they speak of a parcel being kept in use, in the order of `verdicts`.

    Columns: season, verdict, counts (bool). A parcel that declares a season is asked in that one only; one that
    declares none is in use in a season when another of the same year confirms it, as land cropped once a year is.
    """
    asked = _asked(seasons, declared)
    by_id = {one.id: one for one in seasons}
    verdict = _by_season(verdicts)
    parts = []
    for season, found in verdict.items():
        one = by_id[season]
        answered = (asked == "") & _confirmed_around(one, seasons, verdict, len(asked))
        counts = (asked == "") | (asked == one.window)
        verdict_ = np.where(answered, "confirmed", found)
        parts.append(pd.DataFrame({"season": season, "verdict": verdict_, "counts": counts}))
    return pd.concat(parts, ignore_index=True)


def _by_season(verdicts: pd.DataFrame) -> dict[str, Array]:
    parts = verdicts.groupby("season", sort=False, observed=True)
    return {str(season): part["verdict"].to_numpy(object) for season, part in parts}


def _asked(seasons: Sequence[Season], declared: Sequence[Any]) -> Array:
    """The window each parcel declares to be cropped in; "" for any."""
    windows = {one.window for one in seasons}
    return np.array([value if value in windows else "" for value in declared], dtype=object)


def _confirmed_around(one: Season, seasons: Sequence[Season], verdict: dict[str, Array], count: int) -> Array:
    """Which parcels another season of the same year confirms."""
    found = np.zeros(count, bool)
    for other in seasons:
        if other.id != one.id and abs(_days(other.end, one.end)) < SAME_YEAR:
            found |= verdict[other.id] == "confirmed"
    return found


def _days(a: date, b: date) -> timedelta:
    return a - b


def contracts_in_doubt(tasks: pd.DataFrame, contract_of: dict[str, str], micro_mu: dict[str, int]) -> pd.DataFrame:
    """Transfer contracts with parcels contradicted two seasons running, in order of 亩, the most first.

    contract_of, micro_mu: by parcel id. Columns: contract_id, parcels and micro_mu (those contradicted),
    of_parcels and of_micro_mu (all of the contract), season (the latest), ids (of those contradicted, sorted).
    """
    doubted = tasks[(tasks["task"] == "review") & tasks["id"].isin(list(contract_of))]
    wanted = {contract_of[i] for i in doubted["id"]}
    whole: dict[str, list[int]] = {}
    for parcel, contract in contract_of.items():
        if contract in wanted:
            whole.setdefault(contract, []).append(micro_mu[parcel])
    rows = []
    for contract, part in doubted.groupby(doubted["id"].map(contract_of), sort=True):
        rows.append(
            {
                "contract_id": contract,
                "parcels": len(part),
                "micro_mu": sum(micro_mu[i] for i in part["id"]),
                "of_parcels": len(whole[contract]),
                "of_micro_mu": sum(whole[contract]),
                "season": part["season"].iloc[-1],
                "ids": sorted(part["id"]),
            }
        )
    names = ["contract_id", "parcels", "micro_mu", "of_parcels", "of_micro_mu", "season", "ids"]
    made = pd.DataFrame(rows, columns=names)
    return made.sort_values(["micro_mu", "contract_id"], ascending=[False, True], ignore_index=True)
