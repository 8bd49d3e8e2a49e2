"""Two sets of figures side by side: what each area, or each figure, was here and there, and the difference."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from geo.layers import Indicator, Layer
from geo.progress import UNPLACED


def by_areas(
    before: pd.DataFrame, after: pd.DataFrame, indicator: Indicator, *, decimals: int = 6
) -> pd.DataFrame:
    """One figure of the same areas on two days: columns area_code, area_name, before, after, change.

    before, after: progress rows of one level. decimals: how both are printed; change is the difference of what is
    printed, so that whoever subtracts finds the same. The best change first, by what the figure counts as better;
    areas without a value on one of the days last; equal changes in order of code.
    """
    early = before.set_index("area_code")[indicator.id].astype(float)
    rows = after[after["level"] != UNPLACED]
    now = rows[indicator.id].astype(float).to_numpy()
    was = early.reindex(rows["area_code"]).to_numpy()
    made = pd.DataFrame(
        {
            "area_code": rows["area_code"].to_numpy(object),
            "area_name": rows["area_name"].to_numpy(object),
            "before": was,
            "after": now,
            "change": _difference(now, was, decimals),
        }
    )
    keys = ["change", "area_code"]
    ascending = [indicator.better == "lower", True]
    return made.sort_values(keys, ascending=ascending, na_position="last", ignore_index=True)


def by_figures(
    left: pd.Series, right: pd.Series, layer: Layer, *, decimals: Mapping[str, int] | None = None
) -> pd.DataFrame:
    """Every figure of two areas, or of one on two days: columns indicator, left, right, change; rates first.

    left, right: rows of `progress`. change is right minus left, of what is printed. decimals: of each unit that is
    printed with any, None for as many as there are.
    """
    ordered = sorted(layer.indicators, key=lambda one: not one.is_rate)
    ids = [one.id for one in ordered]
    a, b = (pd.to_numeric(row[ids]).astype(float).to_numpy() for row in (left, right))
    places = [6 if decimals is None else decimals.get(one.unit, 0) for one in ordered]
    change = [_difference(b[k : k + 1], a[k : k + 1], places[k])[0] for k in range(len(ids))]
    return pd.DataFrame({"indicator": ids, "left": a, "right": b, "change": np.array(change, float)})


def _difference(now: np.ndarray, was: np.ndarray, decimals: int) -> np.ndarray:
    """The difference of two columns as they are printed; NaN where one has no value."""
    pairs = zip(now.tolist(), was.tolist(), strict=True)
    return np.array([round(round(a, decimals) - round(b, decimals), 6) for a, b in pairs], float)
