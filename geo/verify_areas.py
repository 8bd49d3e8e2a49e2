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
    table = pd.DataFrame(
        {
            "season": verdicts["season"].astype(object).to_numpy(),
            "area_code": area_keys(area_code, digits),
            "verdict": verdicts["verdict"].astype(object).to_numpy(),
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


def area_keys(area_code: Sequence[Any] | Array, digits: int) -> Array:
    """The first `digits` digits of every code, "" for none; object array."""
    at, codes = pd.factorize(pd.Series(area_code, dtype=object))
    cut = np.array([*(str(code)[:digits] for code in codes), ""], dtype=object)
    return np.asarray(cut[at])


def consolidation(
    verdicts: pd.DataFrame,
    micro_mu: Array,
    accepted_on: Array,
    starts: dict[str, Any],
    area_code: Sequence[Any] | Array | None = None,
    *,
    digits: int = 9,
) -> pd.DataFrame:
    """亩 still in use k seasons after acceptance, with the share that could not be seen beside it.

    verdicts: `season`, `verdict`; micro_mu and accepted_on (datetime64, NaT = not accepted) of the same rows.
    starts: first day of each season. Season k of a parcel is the k-th that began after its acceptance.
    area_code: of the same rows; then there are rows for each area as `by_area` cuts it, after the county's.
    Columns: area_code ("*" the county), seasons_after, accepted_mu, in_use_mu, contradicted_mu,
    consolidation_rate (in use ÷ accepted), unseen_share (neither confirmed nor contradicted ÷ accepted).
    """
    accepted = np.asarray(accepted_on).astype("datetime64[D]")
    order = sorted(starts, key=lambda season: starts[season])
    begins = np.array([np.datetime64(starts[season], "D") for season in order])
    number = pd.Index(order).get_indexer(pd.Index(verdicts["season"].astype(object)))
    first = np.searchsorted(begins, accepted, side="right")
    after = np.where(np.isnat(accepted), 0, number - first + 1)
    mu = np.asarray(micro_mu, np.int64)
    verdict = verdicts["verdict"].astype(object).to_numpy()
    table = pd.DataFrame({"seasons_after": after, "accepted": mu})
    table["in_use"] = np.where(verdict == "confirmed", mu, 0)
    table["against"] = np.where(verdict == "contradicted", mu, 0)
    table["area_code"] = "*"
    parts = [table]
    if area_code is not None:
        parts.append(table.assign(area_code=area_keys(area_code, digits)))
    made = [
        part[part["seasons_after"] > 0].groupby(["area_code", "seasons_after"], sort=True).sum() for part in parts
    ]
    sums = pd.concat(made).reset_index()
    whole = sums["accepted"].where(sums["accepted"] > 0)
    return pd.DataFrame(
        {
            "area_code": sums["area_code"].astype(object),
            "seasons_after": sums["seasons_after"],
            "accepted_mu": sums["accepted"] / MICRO,
            "in_use_mu": sums["in_use"] / MICRO,
            "contradicted_mu": sums["against"] / MICRO,
            "consolidation_rate": sums["in_use"] / whole,
            "unseen_share": (sums["accepted"] - sums["in_use"] - sums["against"]) / whole,
        }
    )
