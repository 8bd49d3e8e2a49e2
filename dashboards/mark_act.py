"""The route by which a site is claimed, rectified, closed, returned, looked back at, or the last act undone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from dashboards.data import County
from dashboards.mark_answers import answered, county_of, refused, sent
from geo.access import require
from geo.errors import Conflict, Refused, XiangtuError
from geo.lifecycle import china_day
from pipelines.act import act
from pipelines.amend import undo
from pipelines.marks_places import LAYER
from pipelines.rounds_acts import revisit


async def act_on_site(request: Request) -> Response:
    """Take one act on a site; 409 with both versions when somebody was quicker than the reader's screen."""
    try:
        told, photos = await sent(request)
    except XiangtuError as error:
        return refused(error)
    return await answered(lambda: _acted(county_of(request), told, photos))


def _acted(here: County, told: Mapping[str, str], photos: list[bytes]) -> dict[str, Any]:
    feature_id, note = told.get("id", ""), told.get("note") or None
    version = told.get("base_version", "")
    if not version.isdecimal():
        raise Refused("mark_malformed", field="base_version")
    workspace, actor, now = here.workspace, here.actor, datetime.now(UTC)
    if here.thing(LAYER, feature_id, china_day(now)) is None:
        # Said before anything else: whoever may not see a site is not told how it stands either.
        require(actor, "read", layer=LAYER)
    kind = told.get("act")
    if kind == "step":
        event = act(
            workspace.root,
            LAYER,
            feature_id,
            told.get("to", ""),
            actor,
            note=note,
            now=now,
            base_version=int(version),
            photos=photos,
        )
    elif kind == "revisit":
        event = revisit(workspace, actor, feature_id, now=now, note=note, photos=photos, base_version=int(version))
    elif kind == "undo":
        event = _undone(here, feature_id, int(version), now)
    else:
        raise Refused("mark_malformed", field="act")
    return {"id": event.id, "to": event.to_stage}


def _undone(here: County, feature_id: str, version: int, now: datetime) -> Any:
    """The undoing of the act that the reader saw last; Conflict when another came after it."""
    seen = here.thing(LAYER, feature_id, china_day(now))
    known = int(seen["version"]) if seen is not None else 0
    if known != version:
        raise Conflict("version_unknown", id=feature_id, version=version, known=known)
    return undo(here.workspace.root, LAYER, feature_id, here.actor, now=now)
