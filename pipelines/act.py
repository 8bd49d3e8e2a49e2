"""One step of one thing, from whoever takes it into the ledger: `xiangtu act` and every button that does so."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from geo.access import Actor
from geo.changes import Event
from geo.errors import Conflict, Refused
from geo.layers import Layer
from geo.lifecycle import state_at
from pipelines.evidence import Photo, compare, take_photo
from pipelines.store.accounts import named_actor
from pipelines.store.attachments import Attachments
from pipelines.store.layers import current_rows
from pipelines.store.ledger import Act, Ledger, open_ledger
from pipelines.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Sequence

ATTEMPTS = 5


def workspace_ledger(workspace: Workspace) -> Ledger:
    """The ledger of a workspace: its PostgreSQL where `county.toml` names one, else its own SQLite file."""
    return open_ledger(workspace.settings.ledger_url or workspace.root, layers=workspace.layers())


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
) -> Event:
    """Take one step of one thing; the event as the ledger holds it.

    by: an account's name, or whoever `pipelines.store.accounts.named_actor` understands; an `Actor` where the
    caller has already made sure of it. base_version: the version the actor had on the screen; None takes the
    thing as it is. Refused when there is no such thing, Forbidden or Conflict as `Ledger.append` says; nothing
    is written then.
    """
    workspace = Workspace(workspace_dir)
    layer = workspace.layer(layer_id)
    moment = now or datetime.now(UTC)
    ledger = workspace_ledger(workspace)
    try:
        actor = named_actor(ledger, by) if isinstance(by, str) else by
        asked = Act(
            layer.id, feature_id, actor, to_stage=to_stage, note=note, base_version=base_version, at=moment
        )
        thing = find_thing(workspace, ledger, layer, feature_id)
        if photo is not None:
            ledger.check(_on(asked, thing, layer, ledger, photo_to_come=True), now=moment)
            asked = with_photos(workspace, ledger, asked, thing, [photo], claimed_at=moment)
        for attempt in range(ATTEMPTS):
            try:
                return ledger.append(_on(asked, thing, layer, ledger), now=moment)
            except Conflict:
                if base_version is not None or attempt == ATTEMPTS - 1:
                    raise
        raise AssertionError("the last attempt returns or raises")
    finally:
        ledger.close()


def find_thing(workspace: Workspace, ledger: Ledger, layer: Layer, feature_id: str) -> pd.DataFrame:
    """The one accepted row of a thing: id, area_code, lon, lat, import_at, the layer's fields; Refused for none.

    A thing that was added in the ledger and not by a file is made of the event that added it.
    """
    columns = ["id", "area_code", "lon", "lat", *(f.name for f in layer.fields)]
    rows = current_rows(workspace, layer, columns=columns, ids=[feature_id])
    found = rows[rows["id"] == feature_id]
    if not found.empty:
        return found.tail(1)
    added = added_things(ledger, layer)
    found = added[added["id"] == feature_id]
    if found.empty:
        raise Refused("thing_unknown", layer=layer.id, id=feature_id)
    return found.tail(1)


def added_things(ledger: Ledger, layer: Layer, *, as_of: date | None = None) -> pd.DataFrame:
    """The things of a layer that were added in the ledger, as rows like those of an import.

    Columns: id, area_code, lon, lat, import_at (when it was added, UTC), the layer's fields; empty when none.
    """
    events = ledger.events(layer=layer.id, as_of=as_of)
    events = events[events["kind"] == "add"]
    added = [Event.from_row(row) for row in events.itertuples(index=False)]
    given = [dict(e.data.get("fields", {})) for e in added]
    frame = pd.DataFrame(given, columns=[f.name for f in layer.fields], index=events.index)
    for field in layer.fields:
        if field.type == "date":
            frame[field.name] = pd.to_datetime(frame[field.name]).astype("datetime64[s]")
    stamps = pd.to_datetime(events["at"], utc=True, format="ISO8601")
    return frame.assign(
        id=events["feature_id"],
        area_code=events["area_code"],
        lon=events["lon"],
        lat=events["lat"],
        import_at=stamps,
    ).reset_index(drop=True)


def _on(asked: Act, thing: pd.DataFrame, layer: Layer, ledger: Ledger, *, photo_to_come: bool = False) -> Act:
    """The act with the thing's place, and the stage and version it has now unless the actor named a version."""
    events = ledger.events(layer=layer.id, feature_id=asked.feature_id)
    state = state_at(thing, events, layer, None).iloc[0]
    lon, lat = _place(thing)
    area = thing["area_code"].iloc[0]
    return replace(
        asked,
        from_stage=state["stage"] if isinstance(state["stage"], str) else None,
        base_version=len(events) if asked.base_version is None else asked.base_version,
        area_code=area if isinstance(area, str) and area else None,
        lon=asked.lon if asked.lon is not None else lon,
        lat=asked.lat if asked.lat is not None else lat,
        evidence=("0" * 64,) if photo_to_come else asked.evidence,
    )


def _place(thing: pd.DataFrame) -> tuple[float | None, float | None]:
    row = thing.iloc[0]
    return tuple(None if pd.isna(row[k]) else float(row[k]) for k in ("lon", "lat"))  # type: ignore[return-value]


def with_photos(
    workspace: Workspace,
    ledger: Ledger,
    asked: Act,
    thing: pd.DataFrame,
    sources: Sequence[Path | bytes],
    *,
    claimed_at: datetime,
) -> Act:
    """The act with its pictures taken in, and what they say of place and time noted beside them as facts."""
    kept = Attachments(workspace.root / "attachments")
    photos = [take_photo(source, kept) for source in sources]
    others = pictures_of_others(ledger, asked.layer, asked.feature_id)
    lon, lat = _place(thing)
    noted = [_noted(photo, lon, lat, claimed_at, others) for photo in photos]
    return replace(asked, evidence=tuple(p.sha256 for p in photos), data={**asked.data, "photos": noted})


def _noted(
    photo: Photo, lon: float | None, lat: float | None, claimed_at: datetime, others: list[tuple[str, str, str]]
) -> dict[str, Any]:
    seen = compare(photo, lon=lon, lat=lat, claimed_at=claimed_at, others=[(d, h) for d, h, _ in others])
    where = {digest: name for digest, _, name in reversed(others)}
    return {
        **photo.as_dict(),
        "position": seen.position,
        "distance_m": seen.distance_m,
        "distance_gcj02_m": seen.distance_gcj02_m,
        "delay_hours": seen.delay_hours,
        "reused": [{"sha256": d, "bits": bits, "id": where[d]} for d, bits in seen.reused],
    }


def pictures_of_others(ledger: Ledger, layer: str, feature_id: str) -> list[tuple[str, str, str]]:
    """(sha256, perceptual hash, id of the thing) of every picture given for other things, oldest first."""
    rows = ledger.pictures()
    return [
        (p["sha256"], p["perceptual_hash"], name)
        for where, name, p in rows
        if (where, name) != (layer, feature_id)
    ]
