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
    verdicts: pd.DataFrame, seasons: Sequence[Season], accepted_on: Array, declared: Sequence[Any]
) -> pd.DataFrame:
    """Look-back tasks: one row per accepted parcel whose latest full season contradicts it.

    verdicts: id, season, verdict, reason, the parcels of every season in one order, as `judge_seasons` stacks
    them. accepted_on: day of acceptance (NaT = not accepted), declared: the season a parcel is cropped in (a
    window's id; anything else means any), one per parcel. Columns: id, task (`look_back`; `review` by name
    from the second contradicted season running on), season (the latest), times (seasons running), reason.

    Only seasons that began after acceptance count. Where no season is declared, one in which nothing grew is
    not held against a parcel that was confirmed in another season of the same year. A season that could not
    be judged neither counts nor breaks the run.
    """
    ordered = sorted(seasons, key=lambda one: one.end)
    count = len(accepted_on)
    verdict = {str(s): part["verdict"].to_numpy(object) for s, part in verdicts.groupby("season", sort=False)}
    reason = {str(s): part["reason"].to_numpy(object) for s, part in verdicts.groupby("season", sort=False)}
    windows = {one.window for one in ordered}
    asked = np.array([value if value in windows else "" for value in declared], dtype=object)
    accepted = np.asarray(accepted_on).astype("datetime64[D]")
    times = np.zeros(count, np.int64)
    last_season = np.full(count, "", dtype=object)
    last_reason = np.full(count, "", dtype=object)
    for one in ordered:
        counts = (accepted < np.datetime64(one.start, "D")) & ((asked == "") | (asked == one.window))
        found = verdict[one.id]
        answered = _confirmed_around(one, ordered, verdict, count)
        against = counts & (found == "contradicted") & ~((asked == "") & answered)
        cleared = counts & ((found == "confirmed") | ((asked == "") & answered))
        times[cleared] = 0
        times[against] += 1
        last_season[against] = one.id
        last_reason[against] = reason[one.id][against]
    rows = np.flatnonzero(times > 0)
    ids = verdicts["id"].to_numpy(object)[:count]
    made = pd.DataFrame({"id": ids[rows], "season": last_season[rows], "times": times[rows]})
    made["task"] = np.where(made["times"] >= 2, "review", "look_back")
    made["reason"] = last_reason[rows]
    return made[COLUMNS]


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
    """Transfer contracts with parcels contradicted two seasons running: contract_id, parcels, micro_mu, season.

    contract_of, micro_mu: by parcel id. In order of 亩, the most first.
    """
    doubted = tasks[(tasks["task"] == "review") & tasks["id"].isin(list(contract_of))]
    table = pd.DataFrame(
        {
            "contract_id": [contract_of[i] for i in doubted["id"]],
            "parcels": 1,
            "micro_mu": [micro_mu[i] for i in doubted["id"]],
            "season": doubted["season"].to_numpy(object),
        }
    )
    grouped = table.groupby("contract_id", sort=True).agg({"parcels": "sum", "micro_mu": "sum", "season": "max"})
    return grouped.reset_index().sort_values(
        ["micro_mu", "contract_id"], ascending=[False, True], ignore_index=True
    )
