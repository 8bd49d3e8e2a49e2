"""Townships beside each other in fairness: in time or not, back again or not, and what chance alone would do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from geo.funnel import curve, funnel
from geo.lookback import recurrences
from pipelines.marks_places import LAYER

if TYPE_CHECKING:
    from datetime import date

    from pipelines.workspace import Workspace

SMALL = 10
"""Fewer cases than this are marked."""
ORDER = ("far_below", "below", "within", "above", "far_above")


def fair_table(progress: pd.DataFrame, recurred: pd.DataFrame, *, mean: float | None = None) -> pd.DataFrame:
    """One row a township: those that stand out first, late ones before good ones, the others in order of code.

    progress: rows of `pipelines.summarise.progress` by township. recurred: of `recurrence`. mean: the county's
    on-time share, of all rows when None. Columns: area_code, area_name, on_time, base (closed + open overdue),
    share, mean, the limits and `position` of `geo.funnel.funnel` (None without base), small, open, overdue,
    closed, back (of those closed ever), back_share.
    """
    placed = progress[progress["level"] == "township"].reset_index(drop=True)
    base = placed["on_time_base"].to_numpy(np.int64)
    found = funnel(placed["closed_on_time"].to_numpy(np.int64), base, mean=mean)
    known = recurred.reindex(placed["area_code"]).fillna(0).astype("int64").reset_index(drop=True)
    names = {"closed_on_time": "on_time", "on_time_base": "base"}
    kept = placed[["area_code", "area_name", "open", "overdue", *names]].rename(columns=names)
    made = pd.concat([kept, found, known], axis=1)
    made["small"] = made["base"] < SMALL
    made["back_share"] = (made["back"] / made["closed"]).where(made["closed"] > 0)
    rank = {name: place for place, name in enumerate(ORDER)}
    order = made["position"].map(rank).fillna(len(ORDER))
    return made.assign(order=order).sort_values(["order", "area_code"], kind="stable", ignore_index=True)


def recurrence(workspace: Workspace, things: pd.DataFrame, day: date) -> pd.DataFrame:
    """Sites ever closed, and those of them that came back, by township: columns closed, back; index area code."""
    from pipelines.summarise import ledger_of

    columns = ["seq", "id", "feature_id", "kind", "to_stage", "at", "undoes"]
    ledger = ledger_of(workspace)
    events = ledger.events(layer=LAYER, as_of=day, columns=columns) if ledger else pd.DataFrame(columns=columns)
    back = recurrences(things, events, workspace.layer(LAYER), day)["id"]
    undone = set(events["undoes"].dropna())
    shut = events[(events["to_stage"] == "closed") & ~events["id"].isin(undone)]["feature_id"]
    closed = things["closed_on"].notna() | (things["kind"] == "done") | things["id"].isin({*shut, *back})
    township = things["area_code"].str[:9]
    frame = pd.DataFrame(
        {"township": township, "closed": closed.astype(int), "back": things["id"].isin(back).astype(int)}
    )
    return frame.groupby("township")[["closed", "back"]].sum()


def county_share(workspace: Workspace, day: date) -> tuple[int, int]:
    """(closed in time, closed or open overdue) of the whole county: what every township is set against."""
    from pipelines.summarise import progress

    row = progress(workspace, LAYER, by="county", as_of=day).iloc[0]
    return int(row["closed_on_time"]), int(row["on_time_base"])


def limits_to_draw(table: pd.DataFrame) -> pd.DataFrame:
    """The curves of the funnel for a fair table: of `geo.funnel.curve`; empty when there is nothing to compare."""
    if table.empty or table["mean"].isna().all():
        return pd.DataFrame({"base": [], "lower_95": [], "upper_95": [], "lower_998": [], "upper_998": []})
    return curve(float(table["mean"].iloc[0]), int(table["base"].max()))
