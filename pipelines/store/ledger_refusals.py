"""Refusals in words of the layer: of a change that met another's, and of an extension that extends nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from geo.changes import Event, compact, projection
from geo.errors import Conflict, Forbidden
from geo.layer_parts import Words
from geo.layers import Layer
from geo.lifecycle import china_day
from geo.spoken import act_words, china_minute, field_words, listed, stage_words, value_words

if TYPE_CHECKING:
    from pipelines.store.ledger_acts import Act


def clash(act: Act, theirs: Event, shared: Sequence[str], layer: Layer) -> Conflict:
    """The conflict with both sides in it, so that a desk can show them side by side.

    theirs, mine: the stage's id or the fields as JSON, for a page; the same with `_zh` and `_en` in words.
    """
    changes, wanted = theirs.data.get("fields", {}), act.data.get("fields", {})
    given = {"due_on": theirs.due_on}, {"due_on": act.due_on.isoformat() if act.due_on else None}
    there = _side(layer, shared, theirs.kind, theirs.to_stage, {**given[0], **changes})
    here = _side(layer, shared, act.kind, act.to_stage, {**given[1], **wanted})
    names = listed([field_words(layer, name) for name in shared])
    return Conflict(
        "changed_meanwhile",
        id=act.feature_id,
        by=theirs.unit or theirs.actor,
        at=china_minute(theirs.at),
        shared="、".join(shared),
        shared_zh=names.zh,
        shared_en=names.en,
        theirs=theirs.to_stage or compact({k: changes[k] for k in shared if k in changes}),
        theirs_zh=there.zh,
        theirs_en=there.en,
        mine=act.to_stage or compact({k: wanted[k] for k in shared if k in wanted}),
        mine_zh=here.zh,
        mine_en=here.en,
        event=theirs.id,
    )


def _side(layer: Layer, shared: Sequence[str], kind: str, stage: str | None, values: dict[str, Any]) -> Words:
    """What one side made of the fields in question, in words."""
    said = []
    for name in shared:
        if name == "stage" and name not in values:
            said.append(stage_words(layer, stage) if stage else act_words(kind))
        elif name in values:
            said.append(value_words(layer, name, values[name]))
    return listed(said)


def check_extension(act: Act, past: Sequence[Event], layer: Layer, now: datetime) -> None:
    """Forbidden for an extension without day or reason, of what has no stages or is closed, and to no later day.

    The present last day is that of the extension before, else what the caller knows of it (`was_due_on`). A new
    one lies after it and after the day of the act in China.
    """
    life = layer.lifecycle
    if life is None:
        raise Forbidden("extension_without_deadline", layer=layer.label.zh, layer_en=layer.label.en)
    if act.due_on is None or not (act.note or "").strip():
        raise Forbidden("extension_needs_reason", id=act.feature_id)
    stage = life.stage(act.from_stage or life.initial)
    if stage.kind not in ("open", "in_progress"):
        raise Forbidden("extension_of_closed", id=act.feature_id, stage=stage.label.zh, stage_en=stage.label.en)
    known = projection(past).due_on if past else None
    present = known or act.data.get("was_due_on")
    if present and act.due_on.isoformat() <= str(present):
        raise Forbidden("extension_not_later", id=act.feature_id, given=act.due_on.isoformat(), due=present)
    today = china_day(act.at or now)
    if act.due_on <= today:
        due = present or "—"
        raise Forbidden(
            "extension_past", id=act.feature_id, given=act.due_on.isoformat(), due=due, today=str(today)
        )
