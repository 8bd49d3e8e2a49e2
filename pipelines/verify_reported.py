"""Since when each thing was reported in use, and until when: by its dates and by the steps of the ledger."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

import pandas as pd

from geo.china_days import local_days
from geo.verify_reported import ALWAYS

if TYPE_CHECKING:
    from geo.layers import Layer, Lifecycle
    from pipelines.workspace import Workspace

DATES = ("accepted_on", "starts_on", "filed_on", "ends_on", "terminated_on")
DAY: Final = "datetime64[s]"


def reported_days(workspace: Workspace, layer: Layer, rows: pd.DataFrame, as_of: date | None) -> pd.DataFrame:
    """When each of `rows` was reported in use; days are datetime64[s], index as `rows`.

    Columns: accepted_on (the latest acceptance, stated or recorded; NaT = never), closed (accepted and not open
    again), reported_from, reported_to (NaT = still). A layer with an acceptance reports from it until the thing is
    open again, a contract from its first day (else its filing, else its import) to its last; land of any other
    layer is in use by being in the register. What is void was never reported.
    """
    from geo.lifecycle import state_at
    from pipelines.days import today
    from pipelines.summarise import events_of

    never = pd.Series(pd.NaT, index=rows.index, dtype=DAY)
    day = {name: pd.to_datetime(rows[name]).astype(DAY) if name in rows else never for name in DATES}
    life = layer.lifecycle
    gate = None if life is None else next((s.id for s in life.stages if s.date_field == "accepted_on"), None)
    if life is None or not (gate or "starts_on" in rows):
        always = pd.Series(ALWAYS.astype(DAY), index=rows.index)
        return _days(day["accepted_on"], day["accepted_on"].notna(), always, never)
    events = events_of(workspace, layer)
    state = state_at(rows, events, layer, as_of or today())
    events = _standing(events)
    void = (state["kind"] == "void").fillna(True).to_numpy(bool) | ~state["exists"].to_numpy(bool)
    since = pd.to_datetime(state["stage_since"]).astype(DAY)
    if gate is None:
        filed = day["filed_on"].fillna(pd.Series(local_days(rows["import_at"]), index=rows.index).astype(DAY))
        ends = day["ends_on"].where(day["terminated_on"].isna(), day["terminated_on"])
        broken = void & (ends.isna() | (since < ends)).to_numpy()
        ends = ends.where(~broken, since)
        return _days(never, never.notna(), day["starts_on"].fillna(filed), ends)
    held = (state["kind"] == "done").fillna(False).to_numpy(bool)
    accepted = _accepted(rows, events, gate, day["accepted_on"])
    accepted = accepted.where(accepted.notna() | ~held, since)
    left = _left(rows, events, life, accepted).fillna(since).where(~held)
    return _days(accepted, pd.Series(held, index=rows.index), accepted.where(~void), left)


def _days(accepted: pd.Series, closed: pd.Series, since: pd.Series, until: pd.Series) -> pd.DataFrame:
    dates = {"accepted_on": accepted, "reported_from": since, "reported_to": until}
    return pd.DataFrame({name: values.astype(DAY) for name, values in dates.items()}).assign(closed=closed)


def _accepted(rows: pd.DataFrame, events: pd.DataFrame, gate: str, stated: pd.Series) -> pd.Series:
    """Day of the latest acceptance, stated or recorded."""
    recorded = _last_days(rows, events[events["to_stage"] == gate])
    return stated.where(recorded.isna() | (stated > recorded), recorded)


def _left(rows: pd.DataFrame, events: pd.DataFrame, life: Lifecycle, accepted: pd.Series) -> pd.Series:
    """The first day after its acceptance on which a thing was no longer closed, as dated or recorded."""
    done = {stage.id for stage in life.stages if stage.kind == "done"}
    steps = events[~events["to_stage"].isin(done)]
    after = accepted.set_axis(rows["id"]).reindex(steps["feature_id"]).to_numpy()
    left = _last_days(rows, steps[_local(steps).to_numpy() >= after], last=False)
    for name in (s.date_field for s in life.stages if s.id in life.branches and s.date_field in rows):
        stated = pd.to_datetime(rows[name]).astype(DAY)
        later = stated.where(stated >= accepted)
        left = left.where(left.notna() & ~(later < left), later)
    return left


def _last_days(rows: pd.DataFrame, steps: pd.DataFrame, *, last: bool = True) -> pd.Series:
    """The last (or first) day of the steps of each thing; NaT where there is none."""
    days = _local(steps).groupby(steps["feature_id"])
    found = (days.max() if last else days.min()).reindex(rows["id"])
    return pd.Series(found.to_numpy(DAY), index=rows.index)


def _local(steps: pd.DataFrame) -> pd.Series:
    return pd.Series(local_days(steps["at"]), index=steps.index).astype(DAY)


def _standing(events: pd.DataFrame) -> pd.DataFrame:
    """The steps that were not taken back."""
    return events[events["to_stage"].notna() & ~events["id"].isin(events["undoes"].dropna())]
