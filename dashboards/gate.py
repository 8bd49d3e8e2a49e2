"""The gate in front of everything: without a live session nobody passes but to browser files and the sign-in."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from urllib.parse import parse_qs, quote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboards.gate_forms import TOKEN_HEADER, comes_from_here, form_token, same_token
from dashboards.gate_headers import with_headers
from dashboards.gate_media import PLACES, MediaWatch
from dashboards.looks import language
from dashboards.readers import COOKIE, reader_of
from dashboards.words import Lang
from geo.access import Actor
from geo.errors import Forbidden, XiangtuError
from pipelines.store.accounts import KEYBOARD

READER = "xiangtu.reader"
"""Where the gate writes down in a request's scope who asks; no header says it, so none can be forged."""
FILES = ("/assets/", "/static/")
DOORS = frozenset({"/sign-in", "/sign-in/password", "/sign-in/service", "/sign-in/service/back", "/sign-out"})
SHUT = ("/_stcore/metrics", "/_stcore/agent", "/auth/", "/oauth2callback")
"""Ways of Streamlit's own that nobody here uses."""
SAFE = ("GET", "HEAD", "OPTIONS")
WENT_AWAY = 4401


class Gate:
    """ASGI middleware before the pages, their websocket, tiles, photos, prints, downloads, uploads and own routes.

    root: the workspace, whose ledger knows the sessions. extra: sources beside this server that pages may fetch
    from (a configured base map).
    """

    def __init__(self, app: ASGIApp, *, root: Path, lang: Lang, extra: tuple[str, ...] = ()) -> None:
        self._app = app
        self._root = root
        self._lang = lang
        self._extra = extra
        self._media = MediaWatch()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        path = str(scope["path"])
        if scope["type"] == "http":
            send = with_headers(scope, send, open_to_all=is_file(path), extra=self._extra)
        refusal = await self._refusal(scope, path)
        if refusal is None:
            reader = scope.get(READER)
            if scope["type"] == "websocket" and reader is not None:
                send = self._media.noting(reader.name, send)
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": WENT_AWAY})
        else:
            await refusal(scope, receive, send)

    async def _refusal(self, scope: Scope, path: str) -> Response | None:
        """What is answered in place of what was asked for; None lets it through, with its reader written down."""
        if is_file(path) or path == "/_stcore/health":
            return None
        lang = self._language(scope)
        if any(path == shut.rstrip("/") or path.startswith(shut) for shut in SHUT):
            return PlainTextResponse("not here", status_code=404)
        headers = Headers(scope=scope)
        unsafe = scope["type"] == "websocket" or scope["method"] not in SAFE
        if unsafe and not comes_from_here(headers):
            return _said(Forbidden("request_from_elsewhere"), lang, 403)
        if is_door(path):
            return None
        token = cookie_parser(headers.get("cookie", "")).get(COOKIE)
        try:
            reader = await run_in_threadpool(reader_of, self._root, token)
            self._check(scope, path, headers, reader, token)
        except Forbidden as refusal:
            return _turned_away(scope, path, headers, refusal, lang)
        except XiangtuError as refusal:
            return _said(refusal, lang, 503)
        scope[READER] = reader
        if path.startswith(PLACES) and not self._media.gave(reader.name, path):
            return PlainTextResponse("no such file", status_code=404)
        return None

    def _check(self, scope: Scope, path: str, headers: Headers, reader: Actor, token: str | None) -> None:
        if reader == KEYBOARD and not _is_home(headers.get("host", "")):
            raise Forbidden("host_unexpected")
        own_post = scope["type"] == "http" and scope["method"] not in SAFE and not path.startswith("/_stcore/")
        if own_post and not same_token(headers.get(TOKEN_HEADER), form_token(token)):
            raise Forbidden("request_from_elsewhere")

    def _language(self, scope: Scope) -> Lang:
        asked = parse_qs(scope["query_string"].decode("latin-1")).get("lang", [""])
        return language(asked[0], self._lang)


def is_file(path: str) -> bool:
    """Whether the path is of a browser file, which everybody may have."""
    return path.startswith(FILES) and ".." not in path and "\\" not in path and "//" not in path


def is_door(path: str) -> bool:
    """Whether the path is of the sign-in or sign-out, which look after themselves."""
    return path in DOORS


def _is_home(host: str) -> bool:
    """Whether a request names this machine as its host: else another site's name may have been bent to here."""
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    return is_this_machine(name.strip("[]"))


def is_this_machine(host: str) -> bool:
    """Whether a name or address is that of this machine to itself, which nobody else can reach."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _turned_away(scope: Scope, path: str, headers: Headers, refusal: Forbidden, lang: Lang) -> Response:
    """To the sign-in for a person who looks at a page; one sentence for anything else."""
    status = 401 if refusal.code in ("session_expired", "password_must_change") else 403
    looks = scope["type"] == "http" and scope["method"] in SAFE and "text/html" in headers.get("accept", "")
    if status == 403 or not looks:
        return _said(refusal, lang, status)
    query = scope["query_string"].decode("latin-1")
    asked = quote(f"{quote(path)}{'?' if query else ''}{query}", safe="")
    door = "/sign-in/password" if refusal.code == "password_must_change" else "/sign-in"
    return RedirectResponse(f"{door}?to={asked}&lang={lang}", status_code=303)


def _said(refusal: XiangtuError, lang: Lang, status: int) -> Response:
    return PlainTextResponse(refusal.words(lang), status_code=status, headers={"cache-control": "no-store"})
