"""Where every zone plan stands against its last day: slack, what is impossible already, and the way it came."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from geo.deadlines import limits
from geo.schedule import plan_of, schedule, spans
from pipelines.summarise import ledger_of, things_at

if TYPE_CHECKING:
    from geo.deadlines import Limit
    from geo.layers import Layer
    from pipelines.workspace import Workspace

LAYER = "zone_plan"


@dataclass(frozen=True)
class Bar:
    """One stretch of a zone's line in the timeline. kind: `past`, `now`, `planned`, or `impossible`.

    What is planned begins at the earliest today; a zone past its last day has nothing planned any more.
    """

    stage: str
    first: date
    last: date
    kind: str


@dataclass(frozen=True)
class Line:
    """One zone in the timeline, its bars in order of time. due_on: None without last day."""

    id: str
    bars: tuple[Bar, ...]
    due_on: date | None


def zone_schedule(workspace: Workspace, *, as_of: date, layer_id: str = LAYER) -> pd.DataFrame:
    """Every zone plan on a day, the most pressing first, those done last.

    Columns: those of `geo.schedule.schedule`, kind (open|in_progress|done|void), overdue (bool), and the layer's
    fields. What is done has no slack (NA) and is possible.
    """
    layer, things, declared = _standing(workspace, as_of, layer_id)
    made = schedule(things, layer, declared, as_of)
    rest = things[~things["id"].isin(made["id"])].sort_values("id")
    done = pd.DataFrame(
        {
            "id": rest["id"],
            "stage": rest["stage"],
            "since": rest["stage_since"],
            "due_on": rest["due_on"],
            "possible": pd.array([True] * len(rest), dtype="boolean"),
            "first_impossible": "",
        }
    )
    every = pd.concat([part for part in (made, done) if len(part)] or [made], ignore_index=True)
    fields = [f.name for f in layer.fields if f.name not in every]
    extra = things.set_index("id")[[*fields, "kind", "overdue"]]
    return every.join(extra, on="id")


def zone_lines(workspace: Workspace, *, as_of: date, layer_id: str = LAYER) -> dict[str, Line]:
    """The timeline of every zone plan by id: stages passed, the present one, those planned back from its end."""
    layer, things, declared = _standing(workspace, as_of, layer_id)
    ledger = ledger_of(workspace)
    columns = ["feature_id", "kind", "to_stage", "at"]
    events = (
        pd.DataFrame(columns=columns)
        if ledger is None
        else ledger.events(layer=layer.id, columns=columns, as_of=as_of)
    )
    by_id = {str(name): part for name, part in events.groupby("feature_id")}
    none = events.iloc[:0]
    return {
        str(row["id"]): _line(row, by_id.get(str(row["id"]), none), layer, declared, as_of)
        for row in things.to_dict("records")
    }


def _line(
    row: dict[object, object], events: pd.DataFrame, layer: Layer, declared: tuple[Limit, ...], as_of: date
) -> Line:
    thing = {str(name): value for name, value in row.items()}
    been = spans(thing, events, layer, as_of)
    live = thing["kind"] in ("open", "in_progress")
    bars = [Bar(stage, first, last, "past") for stage, first, last in been]
    if bars and live and bars[-1].stage == thing["stage"]:
        bars[-1] = Bar(bars[-1].stage, bars[-1].first, bars[-1].last, "now")
    elif bars and not live:
        bars.pop()
    due = None if pd.isna(thing["due_on"]) else pd.Timestamp(str(thing["due_on"])).date()  # type: ignore[call-overload]
    if live and due is not None and due >= as_of:
        ahead = plan_of(thing, layer, declared, as_of)
        for stage, first, last, possible in zip(
            ahead["stage"], ahead["latest_start"], ahead["latest_finish"], ahead["possible"], strict=True
        ):
            if last.date() > as_of:
                kind = "planned" if possible else "impossible"
                bars.append(Bar(str(stage), max(first.date(), as_of), last.date(), kind))
    return Line(str(thing["id"]), tuple(bars), due)


def _standing(workspace: Workspace, as_of: date, layer_id: str) -> tuple[Layer, pd.DataFrame, tuple[Limit, ...]]:
    layer = workspace.layer(layer_id)
    things = things_at(workspace, layer, as_of, [f.name for f in layer.fields])
    return layer, things, limits(layer, workspace.settings.raw.get("limits", ()))
