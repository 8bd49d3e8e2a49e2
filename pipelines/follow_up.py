"""What rules do day by day: the escalation ladder climbed, revisits planned. Each is an event, taken once."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd

from geo.changes import Event
from geo.deadlines import LADDER, Rung, escalations
from geo.layers import Layer, Words
from geo.lifecycle import china_day, local_days, state_at
from geo.lookback import memory, plan_revisits, recurrences, risk
from pipelines.act import workspace_ledger
from pipelines.store.ledger import SYSTEM, Act, Ledger
from pipelines.store.ledger_acts import Lies
from pipelines.things import all_things
from pipelines.workspace import Workspace


def ladder_of(workspace: Workspace) -> tuple[Rung, ...]:
    """The county's ladder: `[[ladder]]` tables of county.toml (id, zh, en, after_days), else the usual one."""
    declared = workspace.settings.raw.get("ladder", ())
    made = [Rung(str(r["id"]), Words(str(r["zh"]), str(r["en"])), int(r["after_days"])) for r in declared]
    return tuple(sorted(made, key=lambda rung: rung.after_days)) or LADDER


def escalate(workspace: Workspace, layer_id: str, *, now: datetime) -> list[Event]:
    """Take every rung of the ladder that is due today for the open things of a layer, as events of the system.

    Running it twice on one day, or on two desks at once, takes no rung twice: a rung's event has an id of its own.
    """
    layer, today = workspace.layer(layer_id), china_day(now)
    ledger = workspace_ledger(workspace)
    try:
        things, events, state = _standing(workspace, ledger, layer, today)
        taken = _rungs_taken(events)
        due = escalations(state, things["id"], taken, today, ladder=ladder_of(workspace))
        asked = []
        for one in _rows(due):
            told = {name: one[name] for name in ("rung", "due_on", "overdue_days")}
            mark = _rule_id("escalate", layer.id, one["id"], one["rung"], one["due_on"])
            asked.append(Act(layer.id, one["id"], SYSTEM, "escalate", data=told, id=mark))
        return _append_all(ledger, asked, things, now)
    finally:
        ledger.close()


def _rungs_taken(events: pd.DataFrame) -> pd.DataFrame:
    """The rungs taken so far: id, rung, due_on, day (the China day)."""
    before = [Event.from_row(row) for row in events[events["kind"] == "escalate"].itertuples(index=False)]
    days = local_days(pd.Series([e.at for e in before], dtype="str")).astype(str)
    return pd.DataFrame(
        [(e.feature_id, e.data["rung"], e.data["due_on"], day) for e, day in zip(before, days, strict=True)],
        columns=["id", "rung", "due_on", "day"],
    )


def plan_lookback(
    workspace: Workspace, layer_id: str, count: int, *, seed: int, now: datetime, control_share: float = 0.2
) -> list[Event]:
    """Plan `count` revisits of closed things by risk and by lot; one event each, with why, the score and how often
    the trouble has been there (`times_own` with the thing, `times_here` within 50 m; the first report is once).

    A thing that has a visit planned since it was last closed is left out. The seed is written into the events, so
    that the lot can be drawn again.
    """
    layer, today = workspace.layer(layer_id), china_day(now)
    ledger = workspace_ledger(workspace)
    try:
        things, events, state = _standing(workspace, ledger, layer, today)
        waiting = _waiting(things, events, state)
        free, standing = (frame[~waiting].reset_index(drop=True) for frame in (things, state))
        fell = recurrences(things, events, layer, today)
        scored = risk(free, standing, layer, today, recurred=fell, photographed=_last_photo(events))
        chosen = plan_revisits(scored, count, control_share=control_share, seed=seed)
        remembered = memory(things, fell).set_index(things["id"])
        asked = []
        for one in _rows(chosen):
            past = remembered.loc[one["id"]]
            told = {"why": one["why"], "score": float(one["score"]), "seed": seed}
            told |= {"times_own": int(past["own"]) + 1, "times_here": int(past["here"]) + 1}
            mark = _rule_id("plan_revisit", layer.id, one["id"], str(today), str(seed))
            asked.append(Act(layer.id, one["id"], SYSTEM, "plan_revisit", data=told, id=mark))
        return _append_all(ledger, asked, things, now)
    finally:
        ledger.close()


def _waiting(things: pd.DataFrame, events: pd.DataFrame, state: pd.DataFrame) -> np.ndarray:
    """Which things have had a revisit planned since they were last closed."""
    planned = events[events["kind"] == "plan_revisit"]
    days = pd.Series(local_days(planned["at"]), index=planned["feature_id"].to_numpy(object))
    since = days.groupby(level=0).max().reindex(things["id"]).to_numpy().astype("datetime64[s]")
    return np.asarray(since >= state["stage_since"].to_numpy().astype("datetime64[s]"))


def _standing(
    workspace: Workspace, ledger: Ledger, layer: Layer, day: date
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The layer's things, its events and the state they add up to on a day, things and state indexed alike."""
    things = all_things(workspace, ledger, layer)
    events = ledger.events(layer=layer.id, as_of=day)
    events = events[events["feature_id"].notna()]
    return things, events, state_at(things, events, layer, day)


class _Rows:
    """Where the things of a frame lie, for a rule that acts on many of them."""

    def __init__(self, things: pd.DataFrame) -> None:
        areas = things["area_code"].astype(object).where(things["area_code"].notna(), None)
        self._areas = dict(zip(things["id"], areas, strict=True))

    def has_areas(self) -> bool:
        return True

    def has_area(self, code: str) -> bool:
        return False

    def area_at(self, lon: float, lat: float) -> str | None:
        return None

    def find(self, layer_id: str, feature_id: str) -> Lies | None:
        return Lies(self._areas[feature_id], True) if feature_id in self._areas else None


def _append_all(ledger: Ledger, acts: list[Act], things: pd.DataFrame, now: datetime) -> list[Event]:
    """The events of a rule's acts, all safe together; a thing that was withdrawn or merged meanwhile has none."""
    placed = Ledger(ledger.database, ledger.layers, places=_Rows(things))
    rows = things.drop_duplicates("id").set_index("id")[["lon", "lat"]].reindex([act.feature_id for act in acts])
    there = [
        replace(act, lon=None if pd.isna(lon) else float(lon), lat=None if pd.isna(lat) else float(lat))
        for act, lon, lat in zip(acts, rows["lon"], rows["lat"], strict=True)
    ]
    return [one for one in placed.append_many(there, now=now) if isinstance(one, Event)]


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def _last_photo(events: pd.DataFrame) -> pd.Series:
    """The day of each thing's latest event with evidence, by id."""
    shown = events[events["evidence"] != "[]"]
    days = pd.Series(local_days(shown["at"]).astype("datetime64[s]"), index=shown["feature_id"].to_numpy(object))
    return days.groupby(level=0).max()


def _rule_id(*parts: str) -> str:
    """The id of an event that a rule makes: the same for the same occasion, whoever runs the rule."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
