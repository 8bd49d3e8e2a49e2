"""What is done to a thing besides a step: fields edited, an act undone, a deadline extended, a double merged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from geo.access import Actor
from geo.changes import Event
from geo.edits import plain, read_given
from geo.errors import Refused
from geo.layers import Layer
from geo.lifecycle import china_day
from pipelines.act import append_again, on_thing, workspace_ledger
from pipelines.area_codes import check_area_codes
from pipelines.merging import check_merge
from pipelines.store.accounts import named_actor
from pipelines.store.ledger import Act, Ledger
from pipelines.things import find_thing
from pipelines.workspace import Workspace

PLACE_NAMES = {"township": "township_name", "village": "village_name", "code": "village_code"}
"""The fields that say where a thing is that no map has placed."""


@dataclass(frozen=True)
class _Desk:
    """Somebody with a thing before them."""

    workspace: Workspace
    layer: Layer
    ledger: Ledger
    actor: Actor
    now: datetime

    def thing(self, feature_id: str) -> pd.DataFrame:
        return find_thing(self.workspace, self.ledger, self.layer, feature_id)

    def act(self, feature_id: str, kind: str, **more: Any) -> Act:
        return Act(self.layer.id, feature_id, self.actor, kind, at=self.now, **more)


@contextmanager
def _desk(workspace_dir: Path | str, layer_id: str, by: str | Actor, now: datetime | None) -> Iterator[_Desk]:
    workspace = Workspace(workspace_dir)
    ledger = workspace_ledger(workspace)
    try:
        actor = named_actor(ledger, by) if isinstance(by, str) else by
        yield _Desk(workspace, workspace.layer(layer_id), ledger, actor, now or datetime.now(UTC))
    finally:
        ledger.close()


def edit(
    workspace_dir: Path | str,
    layer_id: str,
    feature_id: str,
    fields: Mapping[str, object],
    by: str | Actor,
    *,
    note: str | None = None,
    base_version: int | None = None,
    now: datetime | None = None,
) -> Event:
    """Set fields of a thing by hand; the event, with the values before in `was`.

    fields: field → value as a person wrote it, None for a blank. Rows show the new values from this day on, until
    a table of a later day carries the field. A thing that only its names place goes where the new names say.
    base_version: the version on the actor's screen; where others have changed other fields since, both stand
    (`merged_with_version` in the event), where the same one, Conflict shows both values. Refused for what cannot
    be read, for fields that steps write, for codes of areas that there are not or that lie outside the actor's
    reach, and where nothing would change; fields that hold the value already are left out of the event. Forbidden
    as `Ledger.append` says.
    """
    with _desk(workspace_dir, layer_id, by, now) as desk:
        values = read_given(desk.layer, fields, today=china_day(desk.now))
        thing = desk.thing(feature_id)
        was = _values(thing, desk.layer, values)
        values = {name: value for name, value in values.items() if value != was[name]}
        if was and not values:
            raise Refused("edit_changes_nothing", id=feature_id)
        check_area_codes(desk.workspace, desk.layer, values, desk.actor)
        told: dict[str, Any] = {"fields": values, "was": {name: was[name] for name in values}}
        moved = _moved_to(desk, thing, values)
        if moved is not None:
            told["moved_to"] = moved
        asked = desk.act(feature_id, "edit", note=note, base_version=base_version, data=told)
        return append_again(
            desk.ledger, lambda: on_thing(asked, thing, desk.layer, desk.ledger), desk.now, base_version
        )


def _values(thing: pd.DataFrame, layer: Layer, names: Mapping[str, object]) -> dict[str, Any]:
    """What the fields hold now, as JSON keeps it."""
    return {name: plain(thing[name].iloc[0]) for name in names}


def _moved_to(desk: _Desk, thing: pd.DataFrame, values: Mapping[str, Any]) -> str | None:
    """The area that edited names move a thing to; None where they do not."""
    names = {part: name for part, name in PLACE_NAMES.items() if name in {f.name for f in desk.layer.fields}}
    placed = thing["placed_by"].iloc[0] if "placed_by" in thing else None
    drawn = placed == "geometry" or (placed is None and pd.notna(thing["lon"].iloc[0]))
    if drawn or not set(names.values()) & set(values):
        return None
    said = {part: values[name] if name in values else thing[name].iloc[0] for part, name in names.items()}
    told = {part: str(value) if isinstance(value, str) else "" for part, value in said.items()}
    if "code" in told and names["code"] not in values:
        told["code"] = ""  # a code that was not edited with the name says where the thing was before
    found = desk.workspace.gazetteer().find(**told).area_code
    if found is None:
        raise Refused("edit_place_unknown", place=" ".join(text for text in told.values() if text))
    return None if found == thing["area_code"].iloc[0] else found


def undo(
    workspace_dir: Path | str, layer_id: str, feature_id: str, by: str | Actor, *, now: datetime | None = None
) -> Event:
    """Take back one's own last act on a thing, as an event of its own; a merge is undone at the double.

    Forbidden when it is another's, an undoing itself, or more than half an hour old.
    """
    with _desk(workspace_dir, layer_id, by, now) as desk:
        past = [e for e in desk.ledger.history(layer_id, feature_id) if e.feature_id == feature_id]
        if not past:
            raise Refused("nothing_to_undo", id=feature_id)
        asked = desk.act(feature_id, "undo", undoes=past[-1].id, base_version=len(past))
        return desk.ledger.append(asked, now=desk.now)


def extend(
    workspace_dir: Path | str,
    layer_id: str,
    feature_id: str,
    due_on: date,
    note: str,
    by: str | Actor,
    *,
    now: datetime | None = None,
) -> Event:
    """Give a thing a new last day, with the reason; the ladder of escalation then starts afresh."""
    with _desk(workspace_dir, layer_id, by, now) as desk:
        thing = desk.thing(feature_id)
        asked = desk.act(feature_id, "extend", note=note, due_on=due_on)
        return append_again(desk.ledger, lambda: on_thing(asked, thing, desk.layer, desk.ledger), desk.now, None)


def merge(
    workspace_dir: Path | str,
    layer_id: str,
    feature_id: str,
    into: str,
    by: str | Actor,
    *,
    note: str | None = None,
    now: datetime | None = None,
) -> tuple[Event, Event]:
    """Say that a thing is the same as another: it counts no more, and both histories are kept.

    Returned: the double's event, with how close the two are, and the other's. Forbidden without a reason, for a
    thing merged before, with itself, and as `pipelines.merging.check_merge` says.
    """
    with _desk(workspace_dir, layer_id, by, now) as desk:
        things = desk.thing(feature_id), desk.thing(into)
        away, stays = (
            on_thing(desk.act(name, "merge", note=note), thing, desk.layer, desk.ledger)
            for name, thing in zip((feature_id, into), things, strict=True)
        )
        known = [desk.ledger.projected(layer_id, name) for name in (feature_id, into)]
        if feature_id != into and not any(state is not None and state.merged_into for state in known):
            close = check_merge(desk.workspace, desk.layer, (away, stays), things)
            away = replace(away, data={**away.data, **close})
        return desk.ledger.merge(away, replace(stays, from_stage=None), now=desk.now)
