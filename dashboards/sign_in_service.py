"""The county's own sign-in service (OpenID Connect), where `county.toml` names one: its word for a session here.

Streamlit's own `st.login` would not do: it keeps who signed in in a cookie of thirty days that only the page's
websocket reads, so that tiles, photos and downloads would not know the reader, and an account that was disabled
would go on reading. Here the service only says who it is; that opens a session of the ledger like any other.

    [oidc]
    issuer = "https://sso.example.gov.cn"
    client_id = "xiangtu"
    client_secret = "…"              # or client_secret_variable, the name of an environment variable
    claim = "email"                  # what names the person: email (verified), preferred_username or sub
    redirect = "https://…/sign-in/service/back"   # when the server stands behind another name
    [oidc.accounts]                  # what the claim says → account; without an entry the account of that name
    "li@example.gov.cn" = "农业农村局"
"""

from __future__ import annotations

import os
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import requests
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dashboards import sign_in
from dashboards.readers import ledger_of
from dashboards.words import Lang, say
from geo.errors import Forbidden, Refused, XiangtuError
from pipelines.store.accounts_sessions import Session, vouched
from pipelines.workspace import Workspace

STATE_COOKIE = "xiangtu_service"
BACK = "/sign-in/service/back"
WAIT_SECONDS = 10
PATIENCE = timedelta(minutes=10)
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]


@dataclass(frozen=True)
class Service:
    """The settings of the service."""

    issuer: str
    client_id: str
    client_secret: str
    claim: str
    redirect: str
    accounts: dict[str, str]


@dataclass(frozen=True)
class _Asked:
    """One sign-in under way at the service."""

    verifier: str
    nonce: str
    redirect: str
    to: str
    lang: Lang
    until: datetime


_under_way: OrderedDict[str, _Asked] = OrderedDict()
_noting = threading.Lock()


def routes() -> list[BaseRoute]:
    """The way to the service and back."""
    return [Route("/sign-in/service", leave), Route(BACK, come_back)]


def service_name(workspace: Workspace, lang: Lang) -> str | None:
    """What the service is called on the sign-in page; None where there is none."""
    settings: dict[str, Any] = workspace.settings.raw.get("oidc", {})
    if not settings.get("issuer"):
        return None
    return str(settings.get("name") or say("door.service", lang))


def service(workspace: Workspace) -> Service:
    """The service of the settings; Refused, naming what is missing, when they are not complete."""
    raw: dict[str, Any] = workspace.settings.raw.get("oidc", {})
    secret = str(raw.get("client_secret") or os.environ.get(str(raw.get("client_secret_variable")), ""))
    missing = [name for name in ("issuer", "client_id") if not raw.get(name)]
    missing += [] if secret else ["client_secret"]
    if missing:
        raise Refused("oidc_settings_wrong", missing=", ".join(missing))
    return Service(
        issuer=str(raw["issuer"]).rstrip("/"),
        client_id=str(raw["client_id"]),
        client_secret=secret,
        claim=str(raw.get("claim", "email")),
        redirect=str(raw.get("redirect", "")),
        accounts={str(said): str(name) for said, name in dict(raw.get("accounts", {})).items()},
    )


async def leave(request: Request) -> Response:
    """To the service, with a note of where the reader wanted to go."""
    given = dict(request.query_params)
    try:
        address, state = await run_in_threadpool(_way_there, request, given)
    except XiangtuError as refusal:
        return sign_in.sign_in_page(request, given, refusal)
    answer = sign_in.go(address)
    secure = sign_in.is_secure(request)
    # Lax, because the way back begins at the service.
    answer.set_cookie(
        STATE_COOKIE, state, int(PATIENCE.total_seconds()), httponly=True, samesite="lax", secure=secure
    )
    return answer


def _way_there(request: Request, given: dict[str, str]) -> tuple[str, str]:
    asked = service(sign_in.workspace())
    lang, to = sign_in.language_of(given.get("lang")), sign_in.own_address(given.get("to"))
    redirect = asked.redirect or f"{request.url.scheme}://{request.url.netloc}{BACK}"
    note = _Asked(secrets.token_urlsafe(48), secrets.token_urlsafe(24), redirect, to, lang, _now() + PATIENCE)
    client = _client(asked, redirect)
    address, state = client.create_authorization_url(
        _endpoint(asked, "authorization_endpoint"), nonce=note.nonce, code_verifier=note.verifier
    )
    with _noting:
        _under_way[state] = note
        while len(_under_way) > 1_000:
            _under_way.popitem(last=False)
    return address, state


async def come_back(request: Request) -> Response:
    """From the service: a session for the account of whoever it says it is."""
    given = dict(request.query_params)
    state = given.get("state", "")
    with _noting:
        note = _under_way.pop(state, None)
    lang = note.lang if note else sign_in.language_of(None)
    try:
        if note is None or note.until < _now() or request.cookies.get(STATE_COOKIE) != state:
            raise Forbidden("oidc_failed", reason="state")
        if "code" not in given:
            raise Forbidden("oidc_failed", reason=given.get("error", "code")[:60])
        made = await run_in_threadpool(_signed_in, note, given["code"])
    except XiangtuError as refusal:
        return sign_in.sign_in_page(request, {"lang": lang, "to": note.to if note else "/"}, refusal)
    answer = sign_in.go(note.to)
    sign_in.remember(answer, request, made)
    answer.delete_cookie(STATE_COOKIE)
    return answer


def _signed_in(note: _Asked, code: str) -> Session:
    workspace = sign_in.workspace()
    asked = service(workspace)
    claims = _claims(asked, note, code)
    said = str(claims.get(asked.claim) or "")
    if not said or (asked.claim == "email" and claims.get("email_verified") is not True):
        raise Forbidden("oidc_failed", reason=asked.claim)
    with ledger_of(workspace) as ledger:
        if ledger is None:
            raise Forbidden("sign_in_not_known", name=said[:60])
        return vouched(ledger, asked.accounts.get(said, said), now=_now())


def _claims(asked: Service, note: _Asked, code: str) -> dict[str, Any]:
    """What the service's signed token says; Forbidden unless it is the service's, to us, for this sign-in, now."""
    from authlib.common.errors import AuthlibBaseError
    from joserfc.errors import JoseError

    try:
        token = _client(asked, note.redirect).fetch_token(
            _endpoint(asked, "token_endpoint"), code=code, code_verifier=note.verifier, timeout=WAIT_SECONDS
        )
        return _verified(asked, note, str(token.get("id_token", "")))
    except requests.RequestException:
        raise Forbidden("oidc_failed", reason="network") from None
    except (AuthlibBaseError, JoseError, ValueError) as error:
        raise Forbidden("oidc_failed", reason=type(error).__name__) from None


def _verified(asked: Service, note: _Asked, text: str) -> dict[str, Any]:
    from joserfc import jwt
    from joserfc.jwk import KeySet

    told: Any = _fetched(_endpoint(asked, "jwks_uri"))
    keys = KeySet.import_key_set(told)
    found = jwt.decode(text, keys, algorithms=ALGORITHMS)
    wanted = jwt.JWTClaimsRegistry(
        now=int(_now().timestamp()),
        leeway=60,
        iss={"essential": True, "value": asked.issuer},
        aud={"essential": True, "value": asked.client_id},
        exp={"essential": True},
        nonce={"essential": True, "value": note.nonce},
    )
    wanted.validate(found.claims)
    return dict(found.claims)


def _client(asked: Service, redirect: str) -> Any:
    from authlib.integrations.requests_client import OAuth2Session

    return OAuth2Session(
        asked.client_id,
        asked.client_secret,
        scope="openid email profile",
        redirect_uri=redirect,
        code_challenge_method="S256",
    )


def _endpoint(asked: Service, name: str) -> str:
    """An address of the service, from its own description."""
    told = _described(asked.issuer, _now().strftime("%Y%m%d%H"))
    return str(told[name])


@lru_cache(maxsize=8)
def _described(issuer: str, hour: str) -> dict[str, Any]:
    """The service's description, asked for once an hour."""
    told = _fetched(f"{issuer}/.well-known/openid-configuration")
    needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    if str(told.get("issuer", "")).rstrip("/") != issuer or any(not told.get(name) for name in needed):
        raise Forbidden("oidc_failed", reason="issuer")
    return told


def _fetched(address: str) -> dict[str, Any]:
    try:
        answer = requests.get(address, timeout=WAIT_SECONDS, allow_redirects=False)
        answer.raise_for_status()
        told = answer.json()
    except (requests.RequestException, ValueError):
        raise Forbidden("oidc_failed", reason="network") from None
    return dict(told)


def _now() -> datetime:
    return datetime.now(UTC)
