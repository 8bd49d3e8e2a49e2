"""An errand for many things: what the reader may do with them, and what would happen to each."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from geo.access import Actor, decide
from geo.deadlines import add_working_days
from geo.errors import Conflict, Forbidden, Refused, XiangtuError
from geo.layers import Layer
from geo.lifecycle import china_day
from geo.steps import legal_steps
from pipelines.act import PHOTO_TO_COME
from pipelines.store.layers import current_rows
from pipelines.store.ledger import Act, Ledger, open_ledger
from pipelines.store.ledger_acts import Lies
from pipelines.store.whereabouts import Whereabouts
from pipelines.worklist import Desk

if TYPE_CHECKING:
    from pipelines.workspace import Workspace

Kind = Literal["step", "remind", "extend"]
MOST = 2000
"""An errand is done for at most so many things."""
RUNG = "remind"


@dataclass(frozen=True)
class Offer:
    """Something the reader's role may do with some of the things chosen.

    needs: `note`, `photo`, `other_unit`, `days`. things: how many of those chosen stand where it can be done.
    """

    kind: Kind
    to_stage: str | None
    needs: tuple[str, ...]
    things: int

    @property
    def key(self) -> str:
        """Its name where one offer is chosen of many."""
        return f"step:{self.to_stage}" if self.kind == "step" else self.kind


@dataclass(frozen=True)
class Errand:
    """What is to be done with all the things chosen.

    working_days: of an extension from the last day (from today for what is past it or has none), of a step the new
    last day from today. unit: whom it is assigned to. photos: (file name, content); a picture whose name holds a
    thing's id is for that thing alone, any other for all.
    """

    kind: Kind
    to_stage: str | None = None
    note: str = ""
    working_days: int | None = None
    unit: str = ""
    photos: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True)
class Line:
    """What an errand would do with one thing: an act, or why it is refused. due_on: the last day it would have."""

    id: str
    place: str
    from_stage: str | None
    mu: float
    act: Act | None
    refusal: XiangtuError | None = None
    photos: tuple[tuple[str, bytes], ...] = ()
    due_on: date | None = None


class _Known(Whereabouts):
    """Where the things of one errand lie, as their imports say; read at once."""

    def __init__(self, workspace: Workspace, layer: Layer, ids: Sequence[str]) -> None:
        super().__init__(workspace.root)
        rows = current_rows(workspace, layer, columns=["id", "area_code", "placed_by"], ids=list(ids))
        self._layer = layer.id
        self._lies = {
            str(name): Lies(area if isinstance(area, str) and area else None, how == "geometry")
            for name, area, how in zip(rows["id"], rows["area_code"], rows["placed_by"], strict=True)
        }

    def find(self, layer_id: str, feature_id: str) -> Lies | None:
        """Where an imported thing lies; None for one that no import holds."""
        if layer_id == self._layer and feature_id in self._lies:
            return self._lies[feature_id]
        return super().find(layer_id, feature_id)


def errand_ledger(workspace: Workspace, layer: Layer, ids: Sequence[str]) -> Ledger:
    """The workspace's ledger, knowing where these things lie."""
    target = workspace.settings.ledger_url or workspace.root
    known = _Known(workspace, layer, ids)
    return open_ledger(target, layers=workspace.layers(), places=known, folder=workspace.root)


def offers(desk: Desk, ids: Sequence[str], actor: Actor) -> list[Offer]:
    """What the reader may do with the things chosen: steps first, those that lead on before those that lead back.

    Empty for a role that only reads.
    """
    layer = desk.layer
    rows = desk.rows[desk.rows["id"].isin(list(ids))]
    plain = (
        rows[["stage", "kind", "area_code"]]
        .astype("object")
        .where(rows[["stage", "kind", "area_code"]].notna(), "")
    )
    found: dict[tuple[Kind, str], Offer] = {}
    for (stage, kind, area), count in Counter(plain.itertuples(index=False, name=None)).items():
        for one in _possible(layer, actor, stage, kind, area):
            before = found.get((one.kind, one.to_stage or ""), replace(one, needs=()))
            needs = tuple(dict.fromkeys((*before.needs, *one.needs)))
            found[one.kind, one.to_stage or ""] = replace(one, needs=needs, things=before.things + count)
    order = [stage.id for stage in layer.lifecycle.stages] if layer.lifecycle else []
    path = layer.lifecycle.path if layer.lifecycle else ()
    at = max((order.index(one) for one in plain["stage"] if one in order), default=-1)

    def _rank(one: Offer) -> tuple[bool, bool, int, str]:
        place = order.index(one.to_stage) if one.to_stage in order else -1
        return one.kind != "step", one.to_stage not in path or place <= at, place, one.kind

    return sorted(found.values(), key=_rank)


def _possible(layer: Layer, actor: Actor, stage: str, kind: str, area: str) -> list[Offer]:
    """What the actor may do with things of one stage on one area; `things` is 0."""

    def may(action: str) -> bool:
        return decide(actor, action, layer=layer.id, area_code=area or None).allowed

    found: list[Offer] = []
    if may("step"):
        found += [Offer("step", t.target, t.needs, 0) for t in legal_steps(layer, stage or None, actor.role)]
    if kind in ("open", "in_progress"):
        if may("evidence") and may("escalate"):
            found.append(Offer("remind", None, (), 0))
        if layer.deadline_field and may("extend"):
            found.append(Offer("extend", None, ("days", "note"), 0))
    return found


def prepared(
    workspace: Workspace, desk: Desk, ids: Sequence[str], errand: Errand, actor: Actor, *, now: datetime
) -> list[Line]:
    """What an errand would do with each thing, in order of id; nothing is written.

    Every line was asked of the ledger as if it were taken now. Refused for more than `MOST` things at once.
    """
    if len(ids) > MOST:
        raise Refused("errand_too_large", count=len(ids), limit=MOST)
    rows = desk.rows[desk.rows["id"].isin(list(ids))].sort_values("id")
    ledger = errand_ledger(workspace, desk.layer, list(rows["id"]))
    try:
        reminded = _reminded(ledger, desk.layer) if errand.kind == "remind" else set()
        lines = [_line(desk, row, errand, actor, now, reminded) for row in rows.itertuples(index=False)]
        return [_checked(ledger, line, now) for line in lines]
    finally:
        ledger.close()


def _checked(ledger: Ledger, line: Line, now: datetime) -> Line:
    if line.act is None:
        return line
    try:
        ledger.check(line.act, now=now)
    except (Forbidden, Conflict, Refused) as refusal:
        return replace(line, act=None, refusal=refusal)
    return line


def _line(
    desk: Desk, row: Any, errand: Errand, actor: Actor, now: datetime, reminded: set[tuple[str, str]]
) -> Line:
    photos = photos_for(row.id, errand.photos, set(desk.rows["id"]))
    day = china_day(now)
    due = _due(row, errand, day)
    data: dict[str, Any] = {"errand": errand.kind}
    kind, note = "step", errand.note.strip() or None
    if errand.kind == "extend":
        kind = "extend"
    elif errand.kind == "remind":
        kind, data = _reminder(row, reminded, data)
    elif errand.unit.strip():
        data["responsible_unit"] = errand.unit.strip()
        note = note or errand.unit.strip()
    stage = row.stage if isinstance(row.stage, str) else None
    act = Act(
        desk.layer.id,
        row.id,
        actor,
        kind,
        to_stage=errand.to_stage if kind == "step" else None,
        from_stage=stage,
        note=note,
        evidence=PHOTO_TO_COME if photos and errand.kind == "step" else (),
        base_version=int(row.events),
        due_on=due,
        lon=_number(row.lon),
        lat=_number(row.lat),
        data=data,
        id=uuid.uuid4().hex,
    )
    place = " ".join(str(part) for part in (row.area_name, row.place_name) if isinstance(part, str))
    return Line(
        row.id, place, stage, float(row.mu), act, photos=photos if errand.kind == "step" else (), due_on=due
    )


def _due(row: Any, errand: Errand, day: date) -> date | None:
    """The last day an errand gives a thing; None when it leaves it as it is."""
    if errand.working_days is None or errand.kind == "remind":
        return None
    start = np.datetime64(day, "D")
    if errand.kind == "extend" and not pd.isna(row.due_on):
        start = max(start, np.datetime64(row.due_on, "D"))
    made: date = add_working_days(np.array([start]), errand.working_days)[0].astype(object)
    return made


def _reminder(row: Any, reminded: set[tuple[str, str]], data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The first rung of the ladder for what is overdue and was not reminded yet, else a note that reminds."""
    due = "" if pd.isna(row.due_on) else str(pd.Timestamp(row.due_on).date())
    if row.overdue and (row.id, due) not in reminded:
        rung = {"rung": RUNG, "due_on": due, "overdue_days": int(row.overdue_days)}
        return "escalate", {**data, **rung}
    return "note", data


def _reminded(ledger: Ledger, layer: Layer) -> set[tuple[str, str]]:
    """(id, last day) of every reminder that was taken as a rung of the ladder."""
    events = ledger.events(layer=layer.id, columns=["feature_id", "kind", "data"])
    rungs = events[events["kind"] == "escalate"]
    told = [(str(name), json.loads(text)) for name, text in zip(rungs["feature_id"], rungs["data"], strict=True)]
    return {(name, str(one.get("due_on"))) for name, one in told if one.get("rung") == RUNG}


def photos_for(thing: str, photos: Sequence[tuple[str, bytes]], every: set[str]) -> tuple[tuple[str, bytes], ...]:
    """The pictures for one thing: those that name it, and those that name none of the things."""
    named = {name: _named(name, every) for name, _ in photos}
    return tuple((name, content) for name, content in photos if named[name] in (thing, None))


def _named(file: str, every: set[str]) -> str | None:
    """The thing whose id a file's name holds, the longest of several; None for none."""
    return max((one for one in every if one in file), key=len, default=None)


def _number(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)


def refusals(lines: Sequence[Line]) -> Mapping[str, list[Line]]:
    """Refused lines by the code of their reason, most first."""
    found: dict[str, list[Line]] = {}
    for line in lines:
        if line.refusal is not None:
            found.setdefault(line.refusal.code, []).append(line)
    return dict(sorted(found.items(), key=lambda one: (-len(one[1]), one[0])))
