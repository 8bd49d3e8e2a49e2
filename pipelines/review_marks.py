"""Review marks on zone plans: a drawn place with a comment, tied to a zone and the stage it was in; replies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd
import shapely

from geo.errors import Refused
from geo.lifecycle import CHINA_HOURS_AHEAD, local_days
from geo.personal import mask
from geo.spoken import named_layer
from pipelines.act import add_point, workspace_ledger
from pipelines.store.ledger import Act
from pipelines.summarise import ledger_of, things_at

if TYPE_CHECKING:
    from geo.access import Actor
    from geo.changes import Event
    from pipelines.workspace import Workspace

LAYER = "review_mark"
LONGEST = 2000
MOST_CORNERS = 2000


@dataclass(frozen=True)
class Reply:
    """One entry of a mark's thread: when (ISO, UTC), by which unit, what was said, and the status it led to."""

    at: str
    unit: str
    text: str
    to_stage: str | None


@dataclass(frozen=True)
class Mark:
    """One mark. shape: EPSG:4490; a point where nothing else was drawn. replies: oldest first."""

    id: str
    zone_id: str
    zone_stage: str
    stage: str
    comment: str
    raised_on: date | None
    raised_by: str
    shape: shapely.Geometry | None
    version: int
    replies: tuple[Reply, ...]


def add_mark(
    workspace: Workspace,
    actor: Actor,
    *,
    zone_id: str,
    shape: Mapping[str, Any],
    comment: str,
    now: datetime,
    client_id: str | None = None,
) -> str:
    """Raise a mark on a zone as it stands; its id.

    shape: a GeoJSON geometry in lon/lat (Point, LineString, Polygon). Refused for a zone that is not there, a
    comment that is empty or longer than 2,000 characters, a shape that is none or lies off the zone's county;
    Forbidden where the actor may not add marks there.
    """
    day = (now + timedelta(hours=CHINA_HOURS_AHEAD)).date()
    text = _comment(comment)
    plans = things_at(workspace, workspace.layer("zone_plan"), day)
    zone = plans[plans["id"] == zone_id]
    if zone.empty:
        raise Refused("thing_unknown", id=zone_id, **named_layer("zone_plan"))
    drawn = _drawn(shape)
    place = _inside(workspace, drawn).representative_point()
    fields = {
        "zone_id": zone_id,
        "zone_stage": str(zone["stage"].iloc[0]),
        "comment": text,
        "raised_on": day.isoformat(),
        "raised_by": actor.party,
        "shape_text": shapely.to_wkt(drawn, rounding_precision=7),
    }
    added = add_point(
        workspace.root, LAYER, actor, fields=fields, lon=place.x, lat=place.y, now=now, client_id=client_id
    )
    return str(added.event.feature_id)


def reply(workspace: Workspace, actor: Actor, mark_id: str, text: str, *, now: datetime) -> Event:
    """Say something in a mark's thread, its status left as it is; Refused for an empty or endless text."""
    said = _comment(text)
    ledger = workspace_ledger(workspace)
    try:
        events = ledger.events(layer=LAYER, feature_id=mark_id)
        if events.empty:
            raise Refused("thing_unknown", id=mark_id, **named_layer(LAYER))
        area = events["area_code"].iloc[0]
        asked = Act(LAYER, mark_id, actor, "note", note=said, area_code=area if isinstance(area, str) else None)
        return ledger.append(asked, now=now)
    finally:
        ledger.close()


def marks(workspace: Workspace, *, as_of: date, zone_id: str | None = None) -> list[Mark]:
    """The marks of a zone (of all when None) on a day with their threads, open ones first, then the newest."""
    layer = workspace.layer(LAYER)
    things = things_at(workspace, layer, as_of, [f.name for f in layer.fields])
    if zone_id is not None:
        things = things[things["zone_id"] == zone_id]
    threads = _threads(workspace, as_of)
    found = [_mark(row, threads.get(str(row["id"]), ())) for row in things.to_dict("records")]
    newest = sorted(found, key=lambda one: (one.raised_on or date.min, one.id), reverse=True)
    return sorted(newest, key=lambda one: one.stage in ("settled", "withdrawn"))


def _mark(row: Mapping[Any, Any], replies: tuple[Reply, ...]) -> Mark:
    text = row.get("shape_text")
    raised = row.get("raised_on")
    return Mark(
        str(row["id"]),
        str(row["zone_id"]),
        _plain(row.get("zone_stage")),
        str(row["stage"]),
        _plain(row.get("comment")),
        None if pd.isna(raised) else pd.Timestamp(str(raised)).date(),
        _plain(row.get("raised_by")),
        shapely.from_wkt(text, on_invalid="ignore") if isinstance(text, str) else None,
        int(row["version"]),
        replies,
    )


def _threads(workspace: Workspace, as_of: date) -> dict[str, tuple[Reply, ...]]:
    ledger = ledger_of(workspace)
    if ledger is None:
        return {}
    columns = ["feature_id", "kind", "at", "unit", "actor", "note", "to_stage"]
    events = ledger.events(layer=LAYER, columns=columns, as_of=as_of)
    said = events[events["kind"].isin(["note", "step"])]
    found: dict[str, tuple[Reply, ...]] = {}
    for row in said.to_dict("records"):
        text = mask(_plain(row["note"]))[0]  # a thread is read by roles that may see nobody's number
        one = Reply(str(row["at"]), _plain(row["unit"]), text, _plain(row["to_stage"]) or None)
        found[str(row["feature_id"])] = (*found.get(str(row["feature_id"]), ()), one)
    return found


def days_of(replies: tuple[Reply, ...]) -> list[date]:
    """The days in China of a thread's entries."""
    days = local_days(pd.Series([one.at for one in replies], dtype="str")) if replies else ()
    return [day.astype(object) for day in days]


def _comment(text: str) -> str:
    said = text.strip()
    if not said or len(said) > LONGEST:
        raise Refused("comment_malformed", characters=LONGEST)
    return said


def _drawn(shape: Mapping[str, Any]) -> shapely.Geometry:
    """The shape that was drawn, made valid; Refused when it is none."""
    try:
        drawn = shapely.geometry.shape(shape)
    except (ValueError, TypeError, KeyError, AttributeError, shapely.errors.ShapelyError):
        raise Refused("shape_malformed") from None
    if drawn.is_empty or shapely.get_num_coordinates(drawn) > MOST_CORNERS:
        raise Refused("shape_malformed")
    return shapely.make_valid(shapely.force_2d(drawn))


def _inside(workspace: Workspace, drawn: shapely.Geometry) -> shapely.Geometry:
    """What of a shape lies in the county; Refused when that is nothing."""
    areas = workspace.areas()
    if areas.empty:
        return drawn
    near = areas.geometry.to_numpy(object)[areas.sindex.query(drawn, predicate="intersects")]
    inside = shapely.intersection(drawn, shapely.union_all(near))
    if inside.is_empty:
        raise Refused("shape_elsewhere")
    return inside


def _plain(value: object) -> str:
    return "" if value is None or pd.isna(value) else str(value)  # type: ignore[call-overload]
