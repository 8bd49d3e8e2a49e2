"""The routes at the door: sign in, change the password, sign out."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from dashboards import sign_in_pages
from dashboards.data import WORKSPACE_VARIABLE
from dashboards.gate_forms import form_token, same_token
from dashboards.gate_headers import LOCKED
from dashboards.gate_throttle import Throttle
from dashboards.looks import language
from dashboards.readers import COOKIE, ledger_of
from dashboards.session import LANG_VARIABLE
from dashboards.sign_in_pages import Door
from dashboards.words import Lang
from geo.errors import Forbidden, Refused, XiangtuError
from pipelines.store.accounts import Account, any_accounts
from pipelines.store.accounts_passwords import MIN_PASSWORD
from pipelines.store.accounts_sessions import SESSION_HOURS, Session, change_password, session, sign_in, sign_out
from pipelines.store.ledger import Ledger
from pipelines.workspace import Workspace

FORM_COOKIE = "xiangtu_form"
MOST_BYTES = 8_192
_throttle = Throttle()


def routes() -> list[BaseRoute]:
    """The routes of the door."""
    return [
        Route("/sign-in", show_sign_in, methods=["GET"]),
        Route("/sign-in", take_sign_in, methods=["POST"]),
        Route("/sign-in/password", show_password, methods=["GET"]),
        Route("/sign-in/password", take_password, methods=["POST"]),
        Route("/sign-out", show_sign_out, methods=["GET"]),
        Route("/sign-out", take_sign_out, methods=["POST"]),
    ]


def own_address(asked: str | None) -> str:
    """The address to go to after the door: a path of this server, `/` for anything else."""
    text = asked or "/"
    plain = text.startswith("/") and not text.startswith(("//", "/\\")) and "\\" not in text
    if not plain or any(ord(letter) < 33 or ord(letter) == 127 for letter in text) or len(text) > 4_000:
        return "/"
    parts = urlsplit(text)
    away = parts.scheme or parts.netloc or parts.path.startswith(("/sign-in", "/sign-out", "//"))
    return "/" if away else text


def workspace() -> Workspace:
    """The workspace this server shows."""
    return Workspace(Path(os.environ[WORKSPACE_VARIABLE]))


def language_of(asked: str | None) -> Lang:
    """The language asked for, else the one the server was started with."""
    return language(asked, os.environ.get(LANG_VARIABLE))


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a short form; those of one that is too long are not read."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            return {}
    found = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20)
    return {name: values[0] for name, values in found.items()}


def _door(request: Request, given: dict[str, str], key: str, refusal: XiangtuError | None = None) -> Door:
    lang = language_of(given.get("lang"))
    said = refusal.words(lang) if refusal is not None else ""
    return Door(workspace().settings.name, lang, own_address(given.get("to")), form_token(key), said)


def _html(text: str) -> HTMLResponse:
    """A page at the door; a refusal is a page like another, which a browser has nothing to complain of."""
    return HTMLResponse(text, headers={"cache-control": "no-store", "content-security-policy": LOCKED})


def go(to: str) -> RedirectResponse:
    """On to another address, by a plain look at it."""
    return RedirectResponse(to, status_code=303, headers={"cache-control": "no-store"})


def is_secure(request: Request) -> bool:
    """Whether cookies of this answer may be bound to HTTPS."""
    return request.url.scheme == "https"


def remember(response: Response, request: Request, made: Session) -> None:
    """Give the browser the token of a session."""
    response.set_cookie(
        COOKIE, made.token, SESSION_HOURS * 3600, httponly=True, samesite="lax", secure=is_secure(request)
    )
    response.delete_cookie(FORM_COOKIE)


async def show_sign_in(request: Request) -> Response:
    """The sign-in page; straight on while there are no accounts."""
    given = dict(request.query_params)
    if not await run_in_threadpool(_needed):
        return go(own_address(given.get("to")))
    return sign_in_page(request, given)


def _needed() -> bool:
    with ledger_of(workspace()) as ledger:
        return ledger is not None and any_accounts(ledger)


def sign_in_page(request: Request, given: dict[str, str], refusal: XiangtuError | None = None) -> Response:
    """The sign-in page, with why it did not work when it did not."""
    from dashboards.sign_in_service import service_name

    key = request.cookies.get(FORM_COOKIE) or secrets.token_urlsafe(24)
    door = _door(request, given, key, refusal)
    text = sign_in_pages.sign_in(
        door, name=given.get("name", "")[:60], service=service_name(workspace(), door.lang)
    )
    answer = _html(text)
    answer.set_cookie(FORM_COOKIE, key, 3600, httponly=True, samesite="strict", secure=is_secure(request))
    return answer


async def take_sign_in(request: Request) -> Response:
    """Open a session for the right name and password, and go where the reader wanted to."""
    given = await form_of(request)
    try:
        key = request.cookies.get(FORM_COOKIE)
        if not key or not same_token(given.get("form"), form_token(key)):
            raise Refused("sign_in_form_stale")
        address = request.client.host if request.client else ""
        made = await run_in_threadpool(
            _signed_in, given.get("name", "").strip(), given.get("password", ""), address
        )
    except XiangtuError as refusal:
        return sign_in_page(request, given, refusal)
    lang = language_of(given.get("lang"))
    to = in_language(own_address(given.get("to")), lang)
    answer = go(password_address(to, lang) if made.account.must_change else to)
    remember(answer, request, made)
    return answer


def in_language(to: str, lang: Lang) -> str:
    """An address of this server in the language read at the door, unless it names one or has it anyway."""
    parts = urlsplit(to)
    if lang == language_of(None) or "lang" in parse_qs(parts.query):
        return to
    return parts._replace(query="&".join(part for part in (parts.query, f"lang={lang}") if part)).geturl()


def password_address(to: str, lang: Lang) -> str:
    """The page on which the password is changed, going on to `to`."""
    return f"/sign-in/password?{urlencode({'to': to, 'lang': lang})}"


def _signed_in(name: str, password: str, address: str) -> Session:
    now = datetime.now(UTC)
    with _tried(name, address, now, "sign_in_failed") as ledger:
        made = sign_in(ledger, name, password, now=now)
    _throttle.passed(name)
    return made


@contextmanager
def _tried(name: str, address: str, now: datetime, without: str) -> Iterator[Ledger]:
    """The ledger, for one try of a password, counted when it is Forbidden. without: the refusal of no ledger."""
    _throttle.check(name, address, now=now)
    with ledger_of(workspace()) as ledger:
        if ledger is None:
            raise Forbidden(without)
        try:
            yield ledger
        except Forbidden:
            _throttle.failed(name, address, now=now)
            raise


def _account(request: Request) -> Account:
    """Whose session the browser shows; Forbidden (`session_expired`) when none lives."""
    with ledger_of(workspace()) as ledger:
        if ledger is None:
            raise Forbidden("session_expired")
        return session(ledger, request.cookies.get(COOKIE, ""), now=datetime.now(UTC))


def _token(request: Request) -> str:
    return request.cookies.get(COOKIE, "")


async def _reader(request: Request) -> Account | None:
    """Whose session the browser shows; None when none lives: such a reader is sent to the sign-in."""
    try:
        return await run_in_threadpool(_account, request)
    except Forbidden:
        return None


async def show_password(request: Request) -> Response:
    """The page on which the reader's password is changed."""
    account = await _reader(request)
    return go("/sign-in") if account is None else _password_page(request, dict(request.query_params), account)


def _password_page(
    request: Request, given: dict[str, str], account: Account, refusal: XiangtuError | None = None
) -> Response:
    door = _door(request, given, _token(request), refusal)
    text = sign_in_pages.change_password(door, name=account.name, first=account.must_change, least=MIN_PASSWORD)
    return _html(text)


async def take_password(request: Request) -> Response:
    """Change the reader's password, and go on."""
    given = await form_of(request)
    account = await _reader(request)
    if account is None:
        return go("/sign-in")
    try:
        if not same_token(given.get("form"), form_token(_token(request))):
            raise Refused("sign_in_form_stale")
        if given.get("new") != given.get("again"):
            raise Refused("passwords_differ")
        await run_in_threadpool(
            _changed, account.name, _token(request), given.get("old", ""), given.get("new", "")
        )
    except XiangtuError as refusal:
        return _password_page(request, given, account, refusal)
    return go(own_address(given.get("to")))


def _changed(name: str, token: str, old: str, new: str) -> None:
    now = datetime.now(UTC)
    with _tried(name, name, now, "session_expired") as ledger:
        change_password(ledger, token, old, new, now=now)


async def show_sign_out(request: Request) -> Response:
    """The page that asks before signing out; to the sign-in for whoever is not signed in."""
    account = await _reader(request)
    if account is None:
        return go("/sign-in")
    given = dict(request.query_params)
    return _html(sign_in_pages.sign_out(_door(request, given, _token(request)), name=account.name))


async def take_sign_out(request: Request) -> Response:
    """End the session, in the ledger and in the browser."""
    given = await form_of(request)
    if not same_token(given.get("form"), form_token(_token(request))):
        return await show_sign_out(request)

    def ended() -> None:
        with ledger_of(workspace()) as ledger:
            if ledger is not None:
                sign_out(ledger, _token(request))

    await run_in_threadpool(ended)
    answer = go(f"/sign-in?lang={language_of(given.get('lang'))}")
    answer.delete_cookie(COOKIE)
    return answer
