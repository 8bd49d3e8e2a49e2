"""Verdicts added up in 亩 by area: what was reported splits into the four answers, to the last bit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.measure import MICRO, round_parts
from geo.verdicts import VERDICTS

Array = NDArray[Any]
HUNDREDTH = MICRO // 100
COLUMNS = ["season", "area_code", "reported_mu", *(f"{verdict}_mu" for verdict in VERDICTS)]


def by_area(
    verdicts: pd.DataFrame, micro_mu: Array, area_code: Sequence[Any] | Array, *, digits: int = 9
) -> pd.DataFrame:
    """Reported 亩 by season, area and verdict, printed to hundredths that add up.

    verdicts: `season` and `verdict`, one row per parcel and season. micro_mu: int64, what was reported, of
    the same rows. area_code: of the same rows; its first `digits` digits name the area (6 county, 9 township,
    12 village); parcels on no area come under "". Columns as COLUMNS; the four parts add up to reported_mu in
    every row, and the rows to the county's (a row with area_code "*" for each season).
    """
    codes = pd.Series(list(area_code), dtype=object).fillna("").astype(str).str[:digits].to_numpy()
    table = pd.DataFrame(
        {
            "season": verdicts["season"].to_numpy(),
            "area_code": codes,
            "verdict": verdicts["verdict"].to_numpy(),
            "micro": np.asarray(micro_mu, np.int64),
        }
    )
    rows = []
    for season, part in table.groupby("season", sort=False):
        whole = part.pivot_table(index="area_code", columns="verdict", values="micro", aggfunc="sum", fill_value=0)
        whole = whole.reindex(columns=list(VERDICTS), fill_value=0).astype(np.int64)
        flat = round_parts(whole.to_numpy().ravel(), HUNDREDTH).reshape(whole.shape) / MICRO
        shown = pd.DataFrame(flat, columns=[f"{name}_mu" for name in VERDICTS], index=whole.index).reset_index()
        total = {"area_code": "*", **{f"{name}_mu": shown[f"{name}_mu"].sum() for name in VERDICTS}}
        shown = pd.concat([shown, pd.DataFrame([total])], ignore_index=True)
        shown.insert(0, "season", season)
        rows.append(shown)
    if not rows:
        return pd.DataFrame(columns=COLUMNS)
    made = pd.concat(rows, ignore_index=True)
    parts = [f"{name}_mu" for name in VERDICTS]
    made[parts] = made[parts].round(2)
    made["reported_mu"] = made[parts].sum(axis=1).round(2)
    return made[COLUMNS]


def consolidation(
    verdicts: pd.DataFrame, micro_mu: Array, accepted_on: Array, starts: dict[str, Any]
) -> pd.DataFrame:
    """亩 still in use k seasons after acceptance, with the share that could not be seen beside it.

    verdicts: `season`, `verdict`; micro_mu and accepted_on (datetime64, NaT = not accepted) of the same rows.
    starts: first day of each season. Season k of a parcel is the k-th that began after its acceptance.
    Columns: seasons_after, accepted_mu, in_use_mu, contradicted_mu, consolidation_rate (in use ÷ accepted),
    unseen_share (neither confirmed nor contradicted ÷ accepted).
    """
    accepted = np.asarray(accepted_on).astype("datetime64[D]")
    order = sorted(starts, key=lambda season: starts[season])
    begins = np.array([np.datetime64(starts[season], "D") for season in order])
    number = pd.Index(order).get_indexer(pd.Index(verdicts["season"]))
    first = np.searchsorted(begins, accepted, side="right")
    after = np.where(np.isnat(accepted), 0, number - first + 1)
    rows = []
    for k in sorted({int(value) for value in after if value > 0}):
        here = after == k
        mu = np.asarray(micro_mu, np.int64)[here]
        verdict = verdicts["verdict"].to_numpy()[here]
        whole, used = int(mu.sum()), int(mu[verdict == "confirmed"].sum())
        against = int(mu[verdict == "contradicted"].sum())
        rows.append(
            {
                "seasons_after": k,
                "accepted_mu": whole / MICRO,
                "in_use_mu": used / MICRO,
                "contradicted_mu": against / MICRO,
                "consolidation_rate": used / whole if whole else np.nan,
                "unseen_share": (whole - used - against) / whole if whole else np.nan,
            }
        )
    names = ["seasons_after", "accepted_mu", "in_use_mu", "contradicted_mu", "consolidation_rate", "unseen_share"]
    return pd.DataFrame(rows, columns=names)
