"""The printed page of one parcel's satellite check, as the server gives it."""

from __future__ import annotations

import os

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from dashboards.data import County
from dashboards.looks import language
from dashboards.prints_parcel import parcel_page
from dashboards.session import LANG_VARIABLE
from dashboards.sheets import sheet_of
from dashboards.words import Lang, say
from geo.errors import XiangtuError
from pipelines.days import today
from pipelines.verify_parcel import parcel_check


def routes() -> list[Route]:
    """`/print/parcel?layer=…&thing=…&lang=…`."""
    return [Route("/print/parcel", printed)]


async def printed(request: Request) -> Response:
    """One parcel as a page to print; 404 for a thing that is not there, not the reader's, or was never checked."""
    from dashboards.routes import county_of

    asked = dict(request.query_params)
    lang = language(asked.get("lang"), os.environ.get(LANG_VARIABLE))
    layer_id, thing_id = asked.get("layer", "abandoned_parcel"), asked.get("thing", "")
    try:
        text = await run_in_threadpool(lambda: _page(county_of(request), layer_id, thing_id, lang))
    except XiangtuError as error:
        return PlainTextResponse(error.words(lang), status_code=422)
    if text is None:
        return PlainTextResponse(say("season_chart.none", lang), status_code=404)
    return HTMLResponse(text)


def _page(county: County, layer_id: str, thing_id: str, lang: Lang) -> str | None:
    day, workspace = today(), county.workspace
    layer = workspace.layer(layer_id)
    thing = county.thing(layer_id, thing_id, day)
    check = None if thing is None else parcel_check(workspace, layer_id, str(thing["id"]))
    if thing is None or check is None:
        return None
    shown = sheet_of(county, layer, thing, lang, history=())
    return parcel_page(workspace, layer_id, shown, check, lang=lang, made_on=day)
