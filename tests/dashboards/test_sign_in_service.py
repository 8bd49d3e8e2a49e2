"""Signing in by the county's own service, against a small OpenID provider of the test's own."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from dashboards.data import WORKSPACE_VARIABLE
from dashboards.readers import COOKIE
from pipelines.act import workspace_ledger
from pipelines.store import accounts
from pipelines.workspace import Workspace
from tests.dashboards.doors import SECRET, Visitor, staffed

KEY = RSAKey.generate_key(2048, {"kid": "1", "use": "sig", "alg": "RS256"})
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "1", "use": "sig", "alg": "RS256"})


class Provider:
    """A provider that says what `claims` says, signed with `key`, and notes how it was asked."""

    def __init__(self) -> None:
        self.claims: dict[str, Any] = {}
        self.key: Any = KEY
        self.algorithm = "RS256"
        self.asked: dict[str, str] = {}
        self.nonce = ""
        self.sent: dict[str, str] = {}
        self.address = ""

    def description(self) -> dict[str, Any]:
        ends = {"authorization_endpoint": "auth", "token_endpoint": "token", "jwks_uri": "jwks"}
        return {"issuer": self.address, **{name: f"{self.address}/{end}" for name, end in ends.items()}}

    def token(self, given: dict[str, str]) -> dict[str, Any]:
        self.asked = given
        now = int(time.time())
        said = {
            "iss": self.address,
            "aud": "xiangtu",
            "sub": "u1",
            "iat": now,
            "exp": now + 300,
            "nonce": self.nonce,
        }
        head = {"alg": self.algorithm, "kid": "1"}
        text = jwt.encode(head, {**said, **self.claims}, self.key, algorithms=[self.algorithm])
        return {"access_token": "a", "token_type": "Bearer", "id_token": text, "expires_in": 300}


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()

    class Handler(BaseHTTPRequestHandler):
        def answer(self, body: dict[str, Any]) -> None:
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def do_GET(self) -> None:
            jwks = {"keys": [KEY.as_dict(private=False)]}
            self.answer(jwks if self.path == "/jwks" else made.description())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            self.answer(made.token({name: values[0] for name, values in parse_qs(body).items()}))

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def visit(
    county_folder: Path, tmp_path: Path, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], Visitor]:
    from argon2 import PasswordHasher

    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr("pipelines.store.accounts_passwords._hasher", lambda: quick)
    root = staffed(county_folder, tmp_path)
    with (root / "county.toml").open("a", encoding="utf-8") as handle:
        handle.write(
            f'\n[oidc]\nissuer = "{provider.address}"\nclient_id = "xiangtu"\nclient_secret = "s"\n'
            'name = "县统一认证"\n[oidc.accounts]\n"li@example.gov.cn" = "石桥"\n'
        )
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(root))
    return lambda: Visitor(root)


def through(visitor: Visitor, provider: Provider, *, to: str = "/?page=leader", **changed: str) -> Any:
    """From the sign-in page to the provider and back."""
    away = visitor.get(f"/sign-in/service?to={to.replace('&', '%26')}")
    assert away.status == 303, away.text
    asked = {name: values[0] for name, values in parse_qs(urlsplit(away.headers["location"]).query).items()}
    provider.nonce = asked["nonce"]
    provider.sent = asked
    state = changed.get("state", asked["state"])
    return visitor.get(f"/sign-in/service/back?code=c1&state={state}")


KNOWN = {"email": "li@example.gov.cn", "email_verified": True}


def test_whom_the_service_knows_gets_the_account_that_the_settings_name(
    visit: Callable[[], Visitor], provider: Provider
) -> None:
    provider.claims = KNOWN
    visitor = visit()
    assert "县统一认证" in visitor.get("/sign-in").text
    answer = through(visitor, provider, to="/?page=leader&lang=en")
    assert (answer.status, answer.headers["location"]) == (303, "/?page=leader&lang=en")
    assert visitor.get("/").text == "behind the gate: 石桥"
    sent = provider.sent
    assert sent["code_challenge_method"] == "S256" and sent["response_type"] == "code"
    assert sent["redirect_uri"] == "http://127.0.0.1:8501/sign-in/service/back"
    assert len(provider.asked["code_verifier"]) >= 43 and provider.asked["code"] == "c1"


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "li@example.gov.cn"},
        {"email": "li@example.gov.cn", "email_verified": False},
        {"email": "somebody@example.gov.cn", "email_verified": True},
        {},
        {**KNOWN, "iss": "http://another.example"},
        {**KNOWN, "aud": "another"},
        {**KNOWN, "exp": 1_600_000_000},
        {**KNOWN, "nonce": "an earlier one"},
    ],
    ids=["unverified", "not verified", "unknown", "nobody", "issuer", "audience", "expired", "nonce"],
)
def test_a_word_that_is_not_the_services_for_us_and_now_opens_nothing(
    visit: Callable[[], Visitor], provider: Provider, claims: dict[str, Any]
) -> None:
    provider.claims = claims
    visitor = visit()
    answer = through(visitor, provider)
    assert answer.status == 200 and 'role="alert"' in answer.text
    assert COOKIE not in visitor.cookies and visitor.get("/").status == 303


@pytest.mark.parametrize("forged", ["another key", "shared secret"])
def test_a_word_signed_by_another_opens_nothing(
    visit: Callable[[], Visitor], provider: Provider, forged: str
) -> None:
    provider.claims = KNOWN
    if forged == "another key":
        provider.key = OTHER_KEY
    else:
        provider.key, provider.algorithm = OctKey.import_key("s" * 32), "HS256"
    visitor = visit()
    assert through(visitor, provider).status == 200
    assert COOKIE not in visitor.cookies


def test_the_way_back_is_good_once_and_in_the_browser_it_began_in(
    visit: Callable[[], Visitor], provider: Provider
) -> None:
    provider.claims = KNOWN
    visitor, other = visit(), visit()
    assert COOKIE not in other.cookies
    through(visitor, provider, state="made-up")
    assert COOKIE not in visitor.cookies
    away = visitor.get("/sign-in/service")
    asked = parse_qs(urlsplit(away.headers["location"]).query)
    provider.nonce = asked["nonce"][0]
    back = f"/sign-in/service/back?code=c1&state={asked['state'][0]}"
    other.get(back)
    assert COOKIE not in other.cookies
    visitor.get(back)
    assert COOKIE not in visitor.cookies


def test_what_the_service_says_went_wrong_is_shown_as_text(visit: Callable[[], Visitor]) -> None:
    visitor = visit()
    away = visitor.get("/sign-in/service")
    state = parse_qs(urlsplit(away.headers["location"]).query)["state"][0]
    page = visitor.get(f"/sign-in/service/back?error=access_denied%3Cscript%3E&state={state}")
    assert "access_denied&lt;script&gt;" in page.text and "<script" not in page.text


def test_a_disabled_account_is_not_let_in_by_the_service(visit: Callable[[], Visitor], provider: Provider) -> None:
    provider.claims = KNOWN
    visitor = visit()
    ledger = workspace_ledger(Workspace(os.environ[WORKSPACE_VARIABLE]))
    accounts.disable(ledger, "石桥", now=datetime.now(UTC), by=accounts.named_actor(ledger, "管理"))
    ledger.close()
    assert "没有对应的账号" in through(visitor, provider).text
    assert COOKIE not in visitor.cookies


def test_a_service_that_is_down_leaves_the_password(visit: Callable[[], Visitor], provider: Provider) -> None:
    visitor = visit()
    text = Path(os.environ[WORKSPACE_VARIABLE], "county.toml")
    text.write_text(text.read_text("utf-8").replace(provider.address, "http://127.0.0.1:9"), "utf-8")
    answer = visitor.get("/sign-in/service")
    assert answer.status == 200 and "请重试，或用账号和密码登录" in answer.text
    assert visitor.sign_in("石桥", SECRET).status == 303


def test_incomplete_settings_say_what_is_missing(visit: Callable[[], Visitor], provider: Provider) -> None:
    visitor = visit()
    text = Path(os.environ[WORKSPACE_VARIABLE], "county.toml")
    text.write_text(text.read_text("utf-8").replace('client_secret = "s"\n', ""), "utf-8")
    assert "client_secret" in visitor.get("/sign-in/service").text
