"""Signing in, in Chromium: a first password, wrong ones, a session that ends, no rights, signing out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import cast
from urllib.parse import unquote

import pytest
from playwright.sync_api import Browser, Page, expect

from dashboards.words import Lang, say
from geo.access import roles
from geo.errors import Forbidden
from pipelines.act import workspace_ledger
from pipelines.store import accounts
from pipelines.store.accounts_sessions import LOCK_MINUTES
from pipelines.store.ledger import Ledger
from pipelines.workspace import Workspace
from tests.browser.conftest import Reader, reading, serving, still
from tests.dashboards.doors import ADMIN, SECRET, staffed
from tests.dashboards.little_county import build

pytestmark = pytest.mark.browser
FREE_TRIES = 5


@pytest.fixture(scope="module")
def staff_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return staffed(build(tmp_path_factory.mktemp("signing")), tmp_path_factory.mktemp("staffed"))


@pytest.fixture(scope="module")
def staff_server(staff_folder: Path) -> Iterator[str]:
    with serving(staff_folder) as address:
        yield address


@pytest.fixture(params=[(1440, 900, "zh"), (1440, 900, "en"), (390, 844, "zh"), (360, 740, "en")], ids=str)
def visitor(request: pytest.FixtureRequest, browser: Browser, staff_server: str) -> Iterator[Reader]:
    width, height, lang = request.param
    yield from reading(browser, staff_server, width, height, lang)


@contextmanager
def opened(root: Path) -> Iterator[Ledger]:
    ledger = workspace_ledger(Workspace(root))
    yield ledger
    ledger.close()


def fill(page: Page, **fields: str) -> None:
    """Fill in the form at the door, send it by the keyboard, and wait for the page that answers it."""
    for name, value in fields.items():
        page.locator(f'input[name="{name}"]').fill(value)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def too_wide(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))


def test_a_first_password_is_changed_before_anything_else_opens(visitor: Reader, staff_folder: Path) -> None:
    page, lang = visitor.page, cast("Lang", visitor.lang)
    with opened(staff_folder) as ledger:
        first = accounts.reset(ledger, "县长", now=datetime.now(UTC), by=accounts.named_actor(ledger, ADMIN))
    visitor.open("page=leader&area=990101100")
    expect(page.locator("h2")).to_have_text(say("door.sign_in", lang))
    assert not too_wide(page)
    fill(page, name="县长", password=first)
    expect(page.locator("h2")).to_have_text(say("door.first_password", lang))
    assert not too_wide(page)
    # Neither by the address nor by a print.
    for path in ("/", "/print", "/mark"):
        page.goto(f"{visitor.server}{path}?lang={lang}")
        expect(page.locator("h2")).to_have_text(say("door.first_password", lang))
    visitor.open("page=leader&area=990101100")
    fill(page, old=first, new="short", again="short")
    expect(page.get_by_role("alert")).to_be_visible()
    fill(page, old=first, new=SECRET, again=SECRET)
    expect(page).to_have_url(re.compile("area=990101100"))
    expect(page.locator(".xt-doorstep")).to_contain_text("县长")
    expect(visitor.row("前进村")).to_be_visible()
    assert not visitor.overflows()
    assert visitor.watch.clean()


def test_wrong_passwords_are_told_and_then_throttled(visitor: Reader) -> None:
    page, lang = visitor.page, cast("Lang", visitor.lang)
    name = f"没有-{lang}-{page.viewport_size['width'] if page.viewport_size else 0}"
    visitor.open()
    for _ in range(FREE_TRIES):
        fill(page, name=name, password="wrong password")
        expect(page.get_by_role("alert")).to_have_text(Forbidden("sign_in_failed").words(lang))
    fill(page, name=name, password="wrong password")
    expect(page.get_by_role("alert")).to_have_text(Forbidden("sign_in_locked", minutes=LOCK_MINUTES).words(lang))
    expect(page.locator('input[name="name"]')).to_have_value(name)
    expect(page.locator('input[name="password"]')).to_have_value("")
    assert not too_wide(page)
    assert visitor.watch.clean()


def test_a_session_that_ended_says_so_and_leads_back_to_the_view(visitor: Reader, staff_folder: Path) -> None:
    page, lang = visitor.page, cast("Lang", visitor.lang)
    visitor.open("page=leader&area=990101101")
    fill(page, name="督查", password=SECRET)
    expect(visitor.row("清泉村")).to_be_visible()
    with opened(staff_folder) as ledger, ledger.database.writing() as tx:
        tx.run("delete from sessions")
    page.locator(".st-key-crumb_990101 button").click()
    expect(page.locator(".xt-empty")).to_contain_text(say("door.over", lang))
    expect(page.locator("[data-testid=stMain]")).not_to_contain_text("清泉村")
    assert not visitor.overflows()
    again = page.get_by_role("link", name=say("door.again_link", lang))
    # The session may be found to be over before or after the address has changed: the link says which view it was.
    view = unquote(again.get_attribute("href") or "")
    again.click()
    fill(page, name="督查", password=SECRET)
    expect(visitor.row("清泉村" if "area=990101101" in view else "东山乡")).to_be_visible()


def test_a_page_without_rights_says_which_role_and_names_the_pages_there_are(visitor: Reader) -> None:
    page, lang = visitor.page, cast("Lang", visitor.lang)
    visitor.open("page=planner")
    fill(page, name="前进", password=SECRET)
    empty = page.locator(".xt-empty")
    expect(empty).to_contain_text(say("door.no_rights_title", lang))
    expect(empty).to_contain_text(roles()["village_reporter"](lang))
    expect(empty.locator("a.xt-way")).to_have_text([say("page.inspector", lang)])
    assert not visitor.overflows()
    empty.locator("a.xt-way").click()
    expect(page).to_have_url(re.compile("page=inspector"))
    expect(page.locator(".xt-empty", has_text=say("door.no_rights_title", lang))).to_have_count(0)
    assert visitor.watch.clean()


def test_who_signs_out_is_out_also_by_the_way_back(visitor: Reader) -> None:
    page, lang = visitor.page, cast("Lang", visitor.lang)
    visitor.open("page=leader")
    fill(page, name="审计", password=SECRET)
    expect(visitor.row("东山乡")).to_be_visible()
    page.get_by_role("link", name=say("door.sign_out_link", lang)).click()
    expect(page.locator("main")).to_contain_text("审计")
    assert not too_wide(page)
    page.get_by_role("button", name=say("door.sign_out", lang)).click()
    expect(page.locator("h2")).to_have_text(say("door.sign_in", lang))
    page.go_back()
    page.go_back()
    expect(page.locator("h2").first).to_have_text(say("door.sign_in", lang))
    still(page)
    assert "东山乡" not in page.content()
