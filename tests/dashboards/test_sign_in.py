"""The sign-in page: who gets in, where to, and what it says to those who do not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path

import pytest

from dashboards.data import WORKSPACE_VARIABLE
from dashboards.gate_throttle import FREE_OF_ADDRESS, Throttle
from dashboards.readers import COOKIE
from dashboards.sign_in import in_language, own_address
from dashboards.words import Lang
from geo.errors import Forbidden
from tests.dashboards.doors import HOST, SECRET, STONE, Visitor, hidden

HOSTILE = '"><script>alert(1)</script>'


def test_it_leads_back_to_the_view_that_was_asked_for(visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    away = visitor.get(f"/?page=leader&area={STONE}&lang=en").headers["location"]
    page = visitor.get(away)
    assert 'lang="en"' in page.text and "Sign in" in page.text
    done = visitor.post("/sign-in", {**hidden(page.text), "name": "石桥", "password": SECRET})
    assert (done.status, done.headers["location"]) == (303, f"/?page=leader&area={STONE}&lang=en")


@pytest.mark.parametrize(
    ("to", "lang", "there"),
    [
        ("/mark", "en", "/mark?lang=en"),
        ("/?page=leader", "en", "/?page=leader&lang=en"),
        ("/?lang=zh&page=leader", "en", "/?lang=zh&page=leader"),
        ("/mark", "zh", "/mark"),
    ],
)
def test_the_language_read_at_the_door_is_kept_behind_it(to: str, lang: Lang, there: str) -> None:
    assert in_language(to, lang) == there


def test_the_cookie_is_for_this_server_alone(visit: Callable[..., Visitor]) -> None:
    plain = next(line for line in visit().sign_in("石桥").set_cookies if line.startswith(COOKIE))
    assert "HttpOnly" in plain and "SameSite=lax" in plain and "Secure" not in plain and "Max-Age=43200" in plain
    safe = next(line for line in visit(scheme="https").sign_in("石桥").set_cookies if line.startswith(COOKIE))
    assert "Secure" in safe and "Domain" not in safe


@pytest.mark.parametrize(
    "to",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/%09/evil.example\t",
        "javascript:alert(1)",
        "/\n/evil.example",
        "evil.example",
        "/sign-out",
        "/sign-in?to=/",
        "http:/evil.example",
        "///evil.example",
        "/" + "a" * 5000,
        "",
    ],
)
def test_it_leads_nowhere_else(visit: Callable[..., Visitor], to: str) -> None:
    assert own_address(to) == "/"
    assert visit().sign_in("石桥", to=to).headers["location"] == "/"


def test_addresses_of_this_server_are_kept_whole() -> None:
    for to in ("/", "/?page=leader&area=990101100&as_of=2026-03-31", "/print?a=%2F%2F", "/mark"):
        assert own_address(to) == to


def test_a_wrong_name_and_a_wrong_password_read_the_same(visit: Callable[..., Visitor]) -> None:
    texts = set()
    for name in ("石桥", "没有这个人"):
        visitor = visit()
        answer = visitor.sign_in(name, "wrong password")
        assert answer.status == 200 and COOKIE not in visitor.cookies
        texts.add(answer.text.replace(name, "").replace(hidden(answer.text)["form"], ""))
    assert len(texts) == 1 and "账号或密码不对" in texts.pop()


def test_too_many_failures_are_said_plainly_and_hide_whether_there_is_such_a_name(
    visit: Callable[..., Visitor],
) -> None:
    for name in ("东山", "没有这个人"):
        visitor = visit()
        for _ in range(5):
            visitor.sign_in(name, "wrong password")
        said = visitor.sign_in(name, SECRET).text
        assert "15 分钟后再试" in said and COOKIE not in visitor.cookies


def test_guessing_many_names_from_one_address_is_stopped() -> None:
    throttle, now = Throttle(), datetime(2026, 3, 1, tzinfo=UTC)
    for number in range(FREE_OF_ADDRESS):
        throttle.check(f"n{number}", "10.0.0.7", now=now)
        throttle.failed(f"n{number}", "10.0.0.7", now=now)
    with pytest.raises(Forbidden) as refusal:
        throttle.check("another", "10.0.0.7", now=now)
    assert refusal.value.code == "sign_in_throttled"
    throttle.check("another", "10.0.0.8", now=now)
    throttle.check("another", "10.0.0.7", now=now + timedelta(minutes=16))


def test_a_form_from_another_browser_or_none_is_not_taken(visit: Callable[..., Visitor]) -> None:
    theirs = hidden(visit().get("/sign-in").text)
    visitor = visit()
    for form in (theirs, {**theirs, "form": ""}, {}):
        answer = visitor.post("/sign-in", {**form, "name": "石桥", "password": SECRET})
        assert "再提交一次" in answer.text and COOKIE not in visitor.cookies
    assert visitor.post("/sign-in", {"name": "x" * 20_000}).status == 200


def test_text_that_is_typed_comes_back_as_text(visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    for page in (visitor.sign_in(HOSTILE, HOSTILE, to=f"/?{HOSTILE}"), visitor.get(f"/sign-in?lang={HOSTILE}")):
        assert "<script" not in page.text
    assert escape(HOSTILE) in visitor.sign_in(HOSTILE).text
    assert HOSTILE not in visitor.sign_in("石桥", HOSTILE).text


def test_a_password_never_comes_back(visit: Callable[..., Visitor]) -> None:
    assert "wrong secret" not in visit().sign_in("石桥", "wrong secret 123").text


def test_the_page_needs_no_script_and_reaches_nowhere(visit: Callable[..., Visitor]) -> None:
    page = visit().get("/sign-in")
    assert "<script" not in page.text and "http:" not in page.text and "https:" not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    for part in ('for="name"', 'for="password"', 'autocomplete="username"', "width=device-width", "color-scheme"):
        assert part in page.text


def test_signing_out_ends_the_session_in_the_ledger_too(visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    visitor.sign_in("石桥")
    token = visitor.cookies[COOKIE]
    form = hidden(visitor.get("/sign-out").text)
    assert "石桥" in visitor.post("/sign-out", {**form, "form": "guess"}).text
    assert visitor.get("/").status == 200
    assert visitor.post("/sign-out", form).headers["location"].startswith("/sign-in")
    assert COOKIE not in visitor.cookies
    visitor.cookies[COOKIE] = token
    assert visitor.get("/").status == 303


def test_changing_the_password_ends_the_other_sign_ins(visit: Callable[..., Visitor]) -> None:
    here, there = visit(), visit()
    here.sign_in("农局")
    there.sign_in("农局")
    form = hidden(here.get("/sign-in/password?to=/?page=leader").text)
    changed = {**form, "old": SECRET, "new": SECRET + "2", "again": SECRET + "2"}
    assert "不对" in here.post("/sign-in/password", {**changed, "old": "wrong"}).text
    assert here.post("/sign-in/password", changed).headers["location"] == "/?page=leader"
    assert here.get("/").status == 200 and there.get("/").status == 303


def test_without_accounts_there_is_nothing_to_sign_in_to(
    county_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(county_folder))
    visitor = Visitor(county_folder, host=HOST)
    assert visitor.get("/sign-in?to=/print").headers["location"] == "/print"
    assert visitor.sign_in("石桥").status == 200
    assert visitor.get("/sign-out").headers["location"] == "/sign-in"
