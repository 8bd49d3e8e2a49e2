"""A schedule made backward for many things: what is left, how much may still be lost, what is impossible."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import pandas as pd

from geo.deadlines import Limit, backward, working_days_between
from geo.layers import Layer, Stage
from geo.lifecycle import local_days

DAY = "datetime64[D]"
COLUMNS = ("id", "stage", "since", "due_on", "days_left", "slack_days", "possible", "first_impossible")

_FOLLOWS_FROM = ("stage", "stage_since", "due_on")


def durations(thing: Mapping[str, object], declared: Sequence[Limit]) -> dict[str, int]:
    """Working days that each stage may last for one thing: stage → days, by the narrowest limit that fits it.

    thing: field → value, with `area_code` where known. Order of narrowness as in `geo.deadlines.Limit`.
    """
    found: dict[str, tuple[int, int]] = {}
    area = str(thing.get("area_code") or "")
    for limit in declared:
        fits = all(thing.get(name) == value for name, value in limit.where) and area.startswith(limit.area_code)
        rank = 100 * len(limit.where) + len(limit.area_code)
        if fits and rank >= found.get(limit.stage, (-1, 0))[0]:
            found[limit.stage] = (rank, limit.days)
    return {stage: days for stage, (_, days) in found.items()}


def schedule(things: pd.DataFrame, layer: Layer, declared: Sequence[Limit], as_of: date) -> pd.DataFrame:
    """What is still to do for every thing that has a last day and is not done, the most pressing first.

    things: rows with their state (`geo.lifecycle.state_at`): id, stage, stage_since, kind, due_on and the fields
    that limits look at. Columns: id, stage, since (datetime64[s]), due_on (datetime64[s], NaT without), days_left
    (working days to due_on, negative when past, NA without), slack_days (the least of the stages ahead, NA
    without last day), possible (boolean: every stage ahead can still begin in time), first_impossible (the first
    stage that cannot, "" for none). Things done or void are left out. Index 0…n-1.
    """
    live = things[things["kind"].isin(["open", "in_progress"])]
    known: dict[tuple[object, ...], tuple[object, ...]] = {}
    rows = []
    for row in live.to_dict("records"):
        thing = {str(name): value for name, value in row.items()}
        # Of many things few differ in what their schedule follows from.
        alike = (*(str(thing[k]) for k in _FOLLOWS_FROM), *sorted(durations(thing, declared).items()))
        if alike not in known:
            known[alike] = _one(thing, layer, declared, as_of)
        rows.append((thing["id"], *known[alike][1:]))
    made = pd.DataFrame(rows, columns=list(COLUMNS))
    made = made.astype({"since": "datetime64[s]", "due_on": "datetime64[s]", "possible": "boolean"})
    made = made.astype({"days_left": "Int64", "slack_days": "Int64"})
    return made.sort_values(["slack_days", "id"], na_position="last", ignore_index=True)


def _one(row: Mapping[str, object], layer: Layer, declared: Sequence[Limit], as_of: date) -> tuple[object, ...]:
    stage, since, due = str(row["stage"]), row["stage_since"], row["due_on"]
    if pd.isna(due):  # type: ignore[call-overload]
        return row["id"], stage, since, pd.NaT, pd.NA, pd.NA, pd.NA, ""
    final = pd.Timestamp(str(due)).date()
    ahead = plan_of(row, layer, declared, as_of)
    left = int(working_days_between(np.array([as_of], dtype=DAY), np.array([final], dtype=DAY))[0])
    late = ahead.loc[~ahead["possible"], "stage"]
    slack = int(ahead["slack_days"].min()) if len(ahead) else left
    return row["id"], stage, since, due, left, slack, bool(late.empty), "" if late.empty else str(late.iloc[0])


def plan_of(row: Mapping[str, object], layer: Layer, declared: Sequence[Limit], as_of: date) -> pd.DataFrame:
    """The stages one thing still has before it, as `geo.deadlines.backward` gives them; empty without last day."""
    due, since = row["due_on"], row["stage_since"]
    final = as_of if pd.isna(due) else pd.Timestamp(str(due)).date()  # type: ignore[call-overload]
    begun = None if pd.isna(since) else pd.Timestamp(str(since)).date()  # type: ignore[call-overload]
    made = backward(layer, final, as_of, stage=str(row["stage"]), since=begun, durations=durations(row, declared))
    return made.iloc[:0] if pd.isna(due) else made  # type: ignore[call-overload]


def spans(
    thing: Mapping[str, object], events: pd.DataFrame, layer: Layer, as_of: date
) -> list[tuple[str, date, date]]:
    """The stages a thing has been in, oldest first: (stage, first day, last day); the last one lasts to `as_of`.

    thing: a row with the layer's date fields. events: that thing's events (to_stage, at), which outweigh the
    dates written in a ledger. Stages nobody dated are left out, because no length can be drawn of them.
    """
    life = layer.lifecycle
    if life is None:
        return []
    starts = {stage.id: day for stage in life.stages if (day := _stated(thing, stage)) is not None}
    steps = events[events["to_stage"].notna()]
    for stage, day in zip(steps["to_stage"], local_days(steps["at"]), strict=True):
        starts[str(stage)] = day.astype(object)
    ordered = sorted(
        (day, life.stages.index(life.stage(name)), name) for name, day in starts.items() if day <= as_of
    )
    ends = [*(day for day, _, _ in ordered[1:]), as_of][: len(ordered)]
    return [(name, day, end) for (day, _, name), end in zip(ordered, ends, strict=True)]


def _stated(thing: Mapping[str, object], stage: Stage) -> date | None:
    value = thing.get(stage.date_field) if stage.date_field else None
    return None if value is None or pd.isna(value) else pd.Timestamp(str(value)).date()  # type: ignore[call-overload]
