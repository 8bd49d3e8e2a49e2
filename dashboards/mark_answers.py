"""How the form's routes hear and answer: who asks, what was sent along, and refusals in both languages."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from dashboards.data import WORKSPACE_VARIABLE, County, county
from dashboards.gate import READER
from dashboards.mark_page import MOST_MB
from dashboards.readers import COOKIE, reader_of
from geo.errors import Conflict, Forbidden, Refused, XiangtuError

NO_STORE = {"cache-control": "no-store"}


def county_of(request: Request) -> County:
    """The county as whoever asks may see it; Forbidden without a live session."""
    known = request.scope.get(READER)
    return county(actor=known or reader_of(os.environ[WORKSPACE_VARIABLE], request.cookies.get(COOKIE)))


async def sent(request: Request) -> tuple[dict[str, str], list[bytes]]:
    """(the fields, the photos) of a form that was sent; Refused when it is larger than a photo may be."""
    size = int(request.headers.get("content-length") or 0)
    if size > MOST_MB * 2**20:
        raise Refused("photo_too_large", mb=round(size / 2**20), limit=MOST_MB)
    async with request.form(max_files=4, max_fields=20) as given:
        photos = [await one.read() for one in given.getlist("photo") if isinstance(one, UploadFile)]
        return {name: value for name, value in given.items() if isinstance(value, str)}, photos


async def answered(make: Callable[[], dict[str, Any]]) -> Response:
    """What `make` gives as JSON, or the refusal it met."""
    try:
        return JSONResponse(await run_in_threadpool(make), headers=NO_STORE)
    except XiangtuError as error:
        return refused(error)


def refused(error: XiangtuError) -> Response:
    """A refusal in both languages: 401 to sign in, 403 not allowed, 409 changed meanwhile, 422 the rest."""
    status = 422
    if error.code in ("session_expired", "password_must_change"):
        status = 401
    elif isinstance(error, Forbidden):
        status = 403
    elif isinstance(error, Conflict):
        status = 409
    told = {"code": error.code, "params": {name: str(value) for name, value in error.params.items()}}
    words = {"zh": error.words("zh"), "en": error.words("en")}
    return JSONResponse({**told, **words}, status_code=status, headers=NO_STORE)
