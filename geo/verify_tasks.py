"""What follows from a contradicted verdict: a visit, then a review by name; never a penalty, never a reopening."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.seasons import Season
from geo.verify_reported import reported_rows

Array = NDArray[Any]
# Contradictions run on while no more than a year, and some days of moved dates, lies between their seasons' ends.
RUNS_ON = timedelta(days=400)
COLUMNS = ["id", "task", "season", "times", "reason"]


def tasks_of(verdicts: pd.DataFrame, seasons: Sequence[Season], watched: Array | None = None) -> pd.DataFrame:
    """Look-back tasks: one row per parcel that the last season which could decide contradicts.

    verdicts: as `geo.verify_reported.against_report` gives them: id, season, verdict, reason, standing. watched:
    the parcels that may get a task (bool; None = all). Columns: id, task (`look_back`; `review` by name from the
    second contradicted season running on), season (the latest), times (seasons running), reason.

    Only seasons throughout which a parcel was reported in use count, and of those only the decided ones: an
    inconclusive or unseen season neither counts nor breaks a run. A run goes on for a year: a contradiction more
    than that after the last one counts as the first.
    """
    ordered = sorted(seasons, key=lambda one: one.end)
    needed = verdicts[["season", "verdict", "reason", "standing"]]
    parts = {str(season): part for season, part in needed.groupby("season", sort=False, observed=True)}
    count = len(verdicts) // max(len(parts), 1)
    times = np.zeros(count, np.int64)
    last_season, last_reason = (np.full(count, "", dtype=object) for _ in range(2))
    last_end = np.full(count, np.datetime64("1900-01-01", "D"))
    for one in ordered:
        part = parts[one.id]
        found, counts = part["verdict"].to_numpy(object), reported_rows(part)
        if watched is not None:
            counts = counts & watched
        against = counts & (found == "contradicted")
        end = np.datetime64(one.end, "D")
        times[counts & (found == "confirmed")] = 0
        times[against & (end - last_end > np.timedelta64(RUNS_ON))] = 0
        times[against] += 1
        last_end[against], last_season[against] = end, one.id
        last_reason[against] = part["reason"].to_numpy(object)[against]
    rows = np.flatnonzero(times > 0)
    ids = verdicts["id"].iloc[rows].to_numpy(object)
    made = pd.DataFrame({"id": ids, "season": last_season[rows], "times": times[rows]})
    made["task"] = np.where(made["times"] >= 2, "review", "look_back")
    made["reason"] = last_reason[rows]
    return made[COLUMNS]


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
