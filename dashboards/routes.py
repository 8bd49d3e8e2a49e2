"""What the server gives beside the pages: browser files, vector tiles, printed sheets."""

from __future__ import annotations

import os
from datetime import date

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from dashboards import ground_routes, mark, season_routes, sign_in, sign_in_service
from dashboards.assets import HERE, VENDOR
from dashboards.data import WORKSPACE_VARIABLE, County, county
from dashboards.gate import READER
from dashboards.looks import THEN, county_then, language, read_look
from dashboards.narrowing import narrowed_to
from dashboards.prints import page
from dashboards.readers import COOKIE, reader_of
from dashboards.scenes import scene
from dashboards.session import LANG_VARIABLE
from geo.errors import XiangtuError
from pipelines.days import today

TILE = "application/vnd.mapbox-vector-tile"
A_DAY = "private, max-age=86400"


def routes() -> list[BaseRoute]:
    """The routes of the server, without those of the pages."""
    return [
        Mount("/assets/vendor", StaticFiles(directory=VENDOR, check_dir=False)),
        Mount("/assets/own", StaticFiles(directory=HERE / "static")),
        Route("/print", printed),
        Route("/photos/{digest}/{kind}.jpg", photo),
        Route("/tiles/{layer}/{z:int}/{x:int}/{y:int}.pbf", tile),
        *ground_routes.routes(),
        *mark.routes(),
        *season_routes.routes(),
        *sign_in.routes(),
        *sign_in_service.routes(),
    ]


def county_of(request: Request) -> County:
    """The county as whoever asks may see it; Forbidden without a live session."""
    known = request.scope.get(READER)
    reader = known or reader_of(os.environ[WORKSPACE_VARIABLE], request.cookies.get(COOKIE))
    return county(actor=reader)


async def tile(request: Request) -> Response:
    """One vector tile, compressed; 204 where nothing lies, 404 for a layer that is not there.

    The address carries the edition, so a browser may keep the tile: another edition has another address.
    """
    asked = request.path_params
    here = await run_in_threadpool(county_of, request)
    if asked["layer"] not in here.workspace.layers():
        return PlainTextResponse("no such layer", status_code=404)
    try:
        when = date.fromisoformat(request.query_params["as_of"]) if "as_of" in request.query_params else None
    except ValueError:
        return PlainTextResponse("as_of is no date", status_code=400)
    query, layer = dict(request.query_params), here.workspace.layer(asked["layer"])

    def _made() -> bytes:
        if layer.ground:
            return here.ground_tile(layer.id, asked["z"], asked["x"], asked["y"])
        then = here.as_shown(when) if when is not None and query.get("shown") == THEN else here
        only = narrowed_to(query, then, layer, as_of=when, today=today())
        return then.tiles().packed(layer.id, asked["z"], asked["x"], asked["y"], as_of=when, only=only)

    body = await run_in_threadpool(_made)
    if not body:
        return Response(status_code=204, headers={"cache-control": A_DAY})
    headers = {"content-encoding": "gzip", "cache-control": A_DAY}
    return Response(body, media_type=TILE, headers=headers)


async def photo(request: Request) -> Response:
    """One photo, as `thumb` or `view`: turned upright, without the camera's notes; its address is its content."""
    asked = request.path_params
    here = await run_in_threadpool(county_of, request)
    file = here.photo(asked["digest"], asked["kind"]) if asked["kind"] in ("thumb", "view") else None
    if file is None:
        return PlainTextResponse("no such photo", status_code=404)
    return FileResponse(file, media_type="image/jpeg", headers={"cache-control": A_DAY})


async def printed(request: Request) -> Response:
    """One view as a page to print; its address takes the same keys as the page's own."""
    asked = dict(request.query_params)
    lang = language(asked.get("lang"), os.environ.get(LANG_VARIABLE))

    def made() -> str:
        here = county_of(request)
        look = read_look(asked, here, today=today(), lang=lang)
        then = county_then(here, look)
        return page(then, look, scene(then, look), back=f"/?{request.url.query}")

    try:
        text = await run_in_threadpool(made)
    except XiangtuError as error:
        return PlainTextResponse(error.words(lang), status_code=422)
    return HTMLResponse(text)
