"""What rules do day by day: the escalation ladder climbed, revisits planned. Each is an event, taken once."""

from __future__ import annotations

import hashlib
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd

from geo.changes import Event
from geo.deadlines import LADDER, Rung, escalations
from geo.layers import Layer, Words
from geo.lifecycle import CHINA_HOURS_AHEAD, local_days, state_at
from geo.lookback import plan_revisits, recurrences, risk
from pipelines.act import workspace_ledger
from pipelines.store.layers import current_rows
from pipelines.store.ledger import SYSTEM, Act, Ledger
from pipelines.workspace import Workspace

PLACED = ("id", "area_code", "lon", "lat")


def ladder_of(workspace: Workspace) -> tuple[Rung, ...]:
    """The county's ladder: `[[ladder]]` tables of county.toml (id, zh, en, after_days), else the usual one."""
    declared = workspace.settings.raw.get("ladder", ())
    made = [Rung(str(r["id"]), Words(str(r["zh"]), str(r["en"])), int(r["after_days"])) for r in declared]
    return tuple(sorted(made, key=lambda rung: rung.after_days)) or LADDER


def escalate(workspace: Workspace, layer_id: str, *, now: datetime) -> list[Event]:
    """Take every rung of the ladder that is due today for the open things of a layer, as events of the system.

    Running it twice on one day, or on two desks at once, takes no rung twice: a rung's event has an id of its own.
    """
    layer = workspace.layer(layer_id)
    ledger = workspace_ledger(workspace)
    things, events, state = _standing(workspace, ledger, layer, _day(now))
    before = [Event.from_row(row) for row in events[events["kind"] == "escalate"].itertuples(index=False)]
    days = local_days(pd.Series([e.at for e in before], dtype="str"))
    taken = pd.DataFrame(
        [
            (e.feature_id, e.data["rung"], e.data["due_on"], day)
            for e, day in zip(before, days.astype(str), strict=True)
        ],
        columns=["id", "rung", "due_on", "day"],
    )
    due = escalations(state, things["id"], taken, _day(now), ladder=ladder_of(workspace))
    areas = things.set_index("id")["area_code"]
    made = [
        ledger.append(
            Act(
                layer.id,
                one["id"],
                SYSTEM,
                "escalate",
                area_code=_text(areas.get(one["id"])),
                data={"rung": one["rung"], "due_on": one["due_on"], "overdue_days": one["overdue_days"]},
                id=_rule_id("escalate", layer.id, one["id"], one["rung"], one["due_on"]),
            ),
            now=now,
        )
        for one in _rows(due)
    ]
    ledger.close()
    return made


def plan_lookback(
    workspace: Workspace, layer_id: str, count: int, *, seed: int, now: datetime, control_share: float = 0.2
) -> list[Event]:
    """Plan `count` revisits of closed things by risk and by lot; one event each, with why and the score.

    A thing that has a visit planned since it was last closed is left out. The seed is written into the events, so
    that the lot can be drawn again.
    """
    layer = workspace.layer(layer_id)
    ledger = workspace_ledger(workspace)
    things, events, state = _standing(workspace, ledger, layer, _day(now))
    planned = events[events["kind"] == "plan_revisit"]
    last = (
        pd.Series(local_days(planned["at"]), index=planned["feature_id"].to_numpy(object)).groupby(level=0).max()
    )
    since = last.reindex(things["id"]).to_numpy().astype("datetime64[s]")
    waiting = since >= state["stage_since"].to_numpy().astype("datetime64[s]")
    free = things[~waiting].reset_index(drop=True)
    fell = recurrences(things, events, layer, _day(now))
    scored = risk(
        free,
        state[~waiting].reset_index(drop=True),
        layer,
        _day(now),
        recurred=fell,
        photographed=_last_photo(events),
    )
    chosen = plan_revisits(scored, count, control_share=control_share, seed=seed)
    areas = things.set_index("id")["area_code"]
    made = [
        ledger.append(
            Act(
                layer.id,
                one["id"],
                SYSTEM,
                "plan_revisit",
                area_code=_text(areas.get(one["id"])),
                data={"why": one["why"], "score": float(one["score"]), "seed": seed},
                id=_rule_id("plan_revisit", layer.id, one["id"], str(_day(now)), str(seed)),
            ),
            now=now,
        )
        for one in _rows(chosen)
    ]
    ledger.close()
    return made


def _standing(
    workspace: Workspace, ledger: Ledger, layer: Layer, day: date
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The layer's things, its events and the state they add up to on a day, things and state indexed alike."""
    things = current_rows(workspace, layer, columns=[*PLACED, *(f.name for f in layer.fields)])
    events = ledger.events(layer=layer.id, as_of=day)
    events = events[events["feature_id"].notna()]
    return things, events, state_at(things, events, layer, day)


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def _last_photo(events: pd.DataFrame) -> pd.Series:
    """The day of each thing's latest event with evidence, by id."""
    shown = events[events["evidence"] != "[]"]
    days = pd.Series(local_days(shown["at"]).astype("datetime64[s]"), index=shown["feature_id"].to_numpy(object))
    return days.groupby(level=0).max()


def _day(now: datetime) -> date:
    return (now + timedelta(hours=CHINA_HOURS_AHEAD) - (now.utcoffset() or timedelta(0))).date()


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _rule_id(*parts: str) -> str:
    """The id of an event that a rule makes: the same for the same occasion, whoever runs the rule."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
