"""What somebody does to a thing, into the ledger: `xiangtu act` and every button that does so."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from geo.access import Actor, readable_root
from geo.changes import Event
from geo.duplicates import NEAR_M, near_same
from geo.edits import read_given
from geo.errors import Conflict, Refused
from geo.layers import Layer
from geo.lifecycle import china_day, state_at
from geo.lookback import memory, recurrence_stages, recurrences
from pipelines.act_times import check_time
from pipelines.area_codes import check_area_codes
from pipelines.pictures import with_photos
from pipelines.store.accounts import named_actor
from pipelines.store.ledger import Act, Ledger, instant, open_ledger
from pipelines.store.whereabouts import Whereabouts
from pipelines.things import added_things, all_things, find_thing, place_of
from pipelines.workspace import Workspace

__all__ = [
    "Added",
    "Near",
    "act",
    "add_point",
    "added_things",
    "find_thing",
    "with_photos",
    "workspace_ledger",
]

ATTEMPTS = 5
PHOTO_TO_COME = ("0" * 64,)
"""Stands for pictures that are only taken in once it is sure that the act is allowed."""
CLIENT_ID_CHARACTERS = 200


def workspace_ledger(workspace: Workspace) -> Ledger:
    """The ledger of a workspace: its PostgreSQL where `county.toml` names one, else its own SQLite file."""
    where, places = workspace.settings.ledger_url or workspace.root, Whereabouts(workspace.root)
    return open_ledger(where, layers=workspace.layers(), places=places, folder=workspace.root)


def act(
    workspace_dir: Path | str,
    layer_id: str,
    feature_id: str,
    to_stage: str,
    by: str | Actor,
    note: str | None = None,
    photo: Path | None = None,
    now: datetime | None = None,
    base_version: int | None = None,
    photos: Sequence[Path | bytes] = (),
    at: datetime | None = None,
) -> Event:
    """Take one step of one thing; the event as the ledger holds it.

    by: an account's name, or whoever `pipelines.store.accounts.named_actor` understands; an `Actor` where the
    caller has already made sure of it. photo, photos: pictures as files or as their bytes. base_version: the
    version the actor had on the screen; None takes the thing as it is. at: when it was done, where that was
    before the ledger takes it (`now`). Refused when there is no such thing, and for a time that is still to come
    or lies before the thing or its present stage; Forbidden or Conflict as `Ledger.append` says; nothing is
    written then, and no picture kept. A recurrence says in its `data` the how manieth time it is (`times_own`,
    `times_here`).
    """
    workspace = Workspace(workspace_dir)
    layer = workspace.layer(layer_id)
    now = now or datetime.now(UTC)
    moment = now if at is None else at
    pictures = [*([photo] if photo is not None else []), *photos]
    ledger = workspace_ledger(workspace)
    try:
        actor = _actor(ledger, by)
        asked = Act(
            layer.id, feature_id, actor, to_stage=to_stage, note=note, base_version=base_version, at=moment
        )
        thing = find_thing(workspace, ledger, layer, feature_id)
        if at is not None:
            check_time(at, now, thing, layer, ledger)
        if to_stage in recurrence_stages(layer):
            asked = replace(asked, data=remembered(workspace, ledger, layer, feature_id, moment))
        if pictures:
            told = on_thing(replace(asked, evidence=PHOTO_TO_COME), thing, layer, ledger)
            ledger.check(told, now=now)
            taken = with_photos(workspace, ledger, told, pictures, claimed_at=moment)
            asked = replace(asked, evidence=taken.evidence, data=taken.data)
        return append_again(ledger, lambda: on_thing(asked, thing, layer, ledger), now, base_version)
    finally:
        ledger.close()


def remembered(
    workspace: Workspace, ledger: Ledger, layer: Layer, feature_id: str, now: datetime
) -> dict[str, int]:
    """The how manieth time the trouble now is there: with the thing (`times_own`), within 50 m (`times_here`).

    The first report is the first time, its first recurrence the second.
    """
    things, day = all_things(workspace, ledger, layer), china_day(now)
    fell = recurrences(things, ledger.events(layer=layer.id, as_of=day), layer, day)
    spot = memory(things, fell).loc[(things["id"] == feature_id).to_numpy(bool)].iloc[0]
    return {"times_own": int(spot["own"]) + 2, "times_here": int(spot["here"]) + 2}


def _actor(ledger: Ledger, by: str | Actor) -> Actor:
    return named_actor(ledger, by) if isinstance(by, str) else by


def append_again(ledger: Ledger, made: Callable[[], Act], now: datetime, base_version: int | None) -> Event:
    """Append the act as it is made of the thing's latest state; again when somebody was quicker.

    With a base version the actor has a screen, and the Conflict is for them to see.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return ledger.append(made(), now=now)
        except Conflict:
            if base_version is not None:
                raise
    return ledger.append(made(), now=now)


def on_thing(asked: Act, thing: pd.DataFrame, layer: Layer, ledger: Ledger) -> Act:
    """The act with the thing's place, and the stage and version it has now unless the actor named a version."""
    events = ledger.events(layer=layer.id, feature_id=asked.feature_id)
    state = state_at(thing, events, layer, None).iloc[0]
    lon, lat = place_of(thing)
    area = thing["area_code"].iloc[0]
    due = (
        {"was_due_on": str(state["due_on"].date())} if asked.kind == "extend" and pd.notna(state["due_on"]) else {}
    )
    return replace(
        asked,
        data={**asked.data, **due},
        from_stage=state["stage"] if isinstance(state["stage"], str) else None,
        base_version=len(events) if asked.base_version is None else asked.base_version,
        area_code=area if isinstance(area, str) and area else None,
        lon=asked.lon if asked.lon is not None else lon,
        lat=asked.lat if asked.lat is not None else lat,
    )


@dataclass(frozen=True)
class Near:
    """An open thing that a new one may be: how far it is (metres), and where it stands."""

    id: str
    distance_m: float
    stage: str | None


@dataclass(frozen=True)
class Added:
    """A new thing in the ledger. again: the same draft had been sent before, and this is its one event."""

    event: Event
    again: bool
    near: tuple[Near, ...]


def add_point(
    workspace_dir: Path | str,
    layer_id: str,
    actor: str | Actor,
    *,
    fields: Mapping[str, object],
    lon: float,
    lat: float,
    photos: Sequence[Path | bytes] = (),
    now: datetime,
    client_id: str | None = None,
    note: str | None = None,
    found_at: datetime | None = None,
) -> Added:
    """Add a new point to a layer of points; what came of it.

    fields: layer field → value as a person wrote it; without a value in the layer's id field the program makes
    an id. lon, lat: EPSG:4490 (or WGS 84) degrees. photos: pictures as files or as their bytes. now: when the
    ledger takes it; found_at: when it was found, for a draft made offline. client_id: the draft's own id: the
    same draft sent twice by the same actor gives one event, and `again` says so.

    The actor's rights are asked for the area the point really lies on, worked out from the county's areas. In
    `near` stand the open things of the same category within the category's distance (`[duplicates]` of
    county.toml) that the actor may read, nearest first: offered, never decided.

    Refused for a point outside the county, a layer that is not of points, fields the layer does not have or that
    cannot be read, a required one that is blank, pictures that are none; Forbidden and Conflict (`id_taken`) as
    `Ledger.append` says. Nothing is written then.
    """
    workspace = Workspace(workspace_dir)
    layer = workspace.layer(layer_id)
    if layer.geometry not in ("point", "any") or layer.is_area:
        raise Refused("layer_takes_no_points", layer=layer.label.zh)
    ledger = workspace_ledger(workspace)
    try:
        who = _actor(ledger, actor)
        draft = _draft_id(layer, who, client_id)
        event, again = ledger.event(draft), True
        if event is None:
            asked = Act(layer.id, "", who, "add", id=draft, at=found_at or now, note=note, lon=lon, lat=lat)
            asked = _new_point(workspace, layer, asked, read_given(layer, fields, today=china_day(now)))
            check_area_codes(workspace, layer, asked.data["fields"], who, "add")
            ledger.check(asked, now=now)
            if photos:
                asked = with_photos(workspace, ledger, asked, photos, claimed_at=found_at or now)
            event = ledger.append(asked, now=now)
            again = event.recorded_at != instant(now)
        return Added(event, again, near_open(workspace, ledger, layer, _as_point(event, layer), who, now))
    finally:
        ledger.close()


def _new_point(workspace: Workspace, layer: Layer, draft: Act, values: Mapping[str, Any]) -> Act:
    """The act that adds a point where the draft has it, with an id of the program's where it brings none."""
    name = str(values.get(layer.id_field) or f"N{str(draft.id)[:12].upper()}")
    given = {key: value for key, value in {**values, layer.id_field: name}.items() if value is not None}
    _nothing_missing(layer, given)
    lon, lat = float(draft.lon or 0), float(draft.lat or 0)
    area = Whereabouts(workspace.root).area_at(lon, lat)
    if area is None:
        raise Refused("point_outside_county", lon=round(lon, 6), lat=round(lat, 6))
    return replace(draft, feature_id=name, area_code=area, data={"fields": given})


def _draft_id(layer: Layer, actor: Actor, client_id: str | None) -> str:
    """The event id of a draft: the same whenever the same actor sends it, and nobody else's."""
    if client_id is None:
        return uuid.uuid4().hex
    if not client_id.strip() or len(client_id) > CLIENT_ID_CHARACTERS:
        raise Refused("client_id_malformed", characters=CLIENT_ID_CHARACTERS)
    parts = "\0".join(("add", layer.id, actor.name, client_id))
    return hashlib.sha256(parts.encode("utf-8", "replace")).hexdigest()[:32]


def _nothing_missing(layer: Layer, values: Mapping[str, Any]) -> None:
    for field in layer.fields:
        if field.required and values.get(field.name) is None:
            words = {"label": field.label.zh, "label_en": field.label.en, "heading": field.label.zh}
            raise Refused("value_required_missing", **words)


def _as_point(event: Event, layer: Layer) -> pd.DataFrame:
    """A new point as a row: id, lon, lat and, where the layer has one, category."""
    row: dict[str, Any] = {"id": event.feature_id, "lon": event.lon, "lat": event.lat}
    if "category" in {f.name for f in layer.fields}:
        row["category"] = event.data.get("fields", {}).get("category")
    return pd.DataFrame([row]).astype({"lon": float, "lat": float})


def near_open(
    workspace: Workspace, ledger: Ledger, layer: Layer, new: pd.DataFrame, actor: Actor, now: datetime
) -> tuple[Near, ...]:
    """The open things that new points (columns id, lon, lat, category where the layer has it) may be the same as.

    Only those that the actor may read; nearest first. `[duplicates]` of county.toml gives metres by category, and
    `default_m`.
    """
    root = readable_root(actor, layer.id)
    category = "category" if "category" in new else None
    things = all_things(workspace, ledger, layer)
    things = things[~things["id"].isin(new["id"])]
    if root is None or things.empty:
        return ()
    things = things[things["area_code"].fillna("").astype(str).str.startswith(root)].reset_index(drop=True)
    state = state_at(things, ledger.moves(layer.id), layer, china_day(now))
    live = state["exists"].to_numpy(bool) & state["kind"].isin(["open", "in_progress"]).to_numpy(bool)
    metres, default_m = same_within(workspace)
    pairs = near_same(new, things[live], category=category, metres=metres, default_m=default_m)
    stages = dict(zip(things["id"], state["stage"], strict=True))
    return tuple(
        Near(str(other), float(metres), stages[other] if isinstance(stages[other], str) else None)
        for other, metres in zip(pairs["same_as"], pairs["distance_m"], strict=True)
    )


def same_within(workspace: Workspace) -> tuple[dict[str, float], float]:
    """Within how many metres points may be the same thing: by category, and for all others.

    From `[duplicates]` of county.toml: `category = metres`, and `default_m`; Refused for what is no distance.
    """
    declared = dict(workspace.settings.raw.get("duplicates", {}))
    for name, value in declared.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 10_000:
            reason = f"[duplicates] {name} = {value!r}"
            raise Refused("settings_unreadable", path=str(workspace.root / "county.toml"), reason=reason)
    default_m = float(declared.pop("default_m", NEAR_M))
    return {str(name): float(value) for name, value in declared.items()}, default_m
