"""The routes of what lies below the maps: pictures of a configured base map's file, and shaded relief."""

from __future__ import annotations

import os

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dashboards.data import WORKSPACE_VARIABLE
from pipelines.basemap import BaseMap, base_map
from pipelines.workspace import Workspace

A_DAY = {"cache-control": "private, max-age=86400"}


def routes() -> list[BaseRoute]:
    """The routes of the ground; the gate lets nobody to them without a live session."""
    return [
        Route("/ground/map/{z:int}/{x:int}/{y:int}", picture),
        Route("/ground/hillshade/{z:int}/{x:int}/{y:int}.png", relief),
    ]


def _base() -> BaseMap:
    return base_map(Workspace(os.environ[WORKSPACE_VARIABLE]))


async def picture(request: Request) -> Response:
    """One picture of the base map's file; 204 where it has none. The address carries the file's edition."""
    at = request.path_params

    def _made() -> tuple[bytes, str] | None:
        local = _base().local
        return local.tile(at["z"], at["x"], at["y"]) if local is not None else None

    found = await run_in_threadpool(_made)
    if found is None:
        return Response(status_code=204, headers=A_DAY)
    return Response(found[0], media_type=found[1], headers=A_DAY)


async def relief(request: Request) -> Response:
    """One tile of shadow and light; 204 where no height is known. The address carries the file's edition."""
    at = request.path_params

    def _made() -> bytes:
        heights = _base().relief
        return heights.tile(at["z"], at["x"], at["y"]) if heights is not None else b""

    body = await run_in_threadpool(_made)
    if not body:
        return Response(status_code=204, headers=A_DAY)
    return Response(body, media_type="image/png", headers=A_DAY)
