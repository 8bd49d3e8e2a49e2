"""A site's steps in Chromium when things go wrong: tapped twice, two people at once, a session that ended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from dashboards.words import say
from pipelines.act import workspace_ledger
from pipelines.marks_places import LAYER
from pipelines.workspace import Workspace
from tests.browser.conftest import serving, still
from tests.dashboards.doors import SECRET, picture, staffed
from tests.dashboards.sites_county import build_sites

pytestmark = pytest.mark.browser
SCROLLED = "document.querySelector('[data-testid=stMain]').scrollTop"
CLAIM = '.inspector_act button[data-to="claimed"]'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return staffed(build_sites(tmp_path), tmp_path / "staffed")


@pytest.fixture
def server(folder: Path) -> Iterator[str]:
    with serving(folder) as address:
        yield address


@contextmanager
def at_site(browser: Browser, server: str, name: str, thing: str) -> Iterator[Page]:
    """A phone on which that account looks at a site."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{server}/?page=inspector&thing={thing}&lang=zh")
    enter(page, name)
    page.locator(".inspector_act button").first.wait_for()
    still(page)
    yield page
    context.close()


def enter(page: Page, name: str) -> None:
    page.locator('input[name="name"]').fill(name)
    page.locator('input[name="password"]').fill(SECRET)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def steps(root: Path, thing: str) -> list[tuple[str, str]]:
    """Who took which step of a site, in order."""
    ledger = workspace_ledger(Workspace(root))
    events = ledger.events(layer=LAYER, feature_id=thing)
    ledger.close()
    taken = events[events["kind"] == "step"]
    return list(zip(taken["actor"], taken["to_stage"], strict=True))


def test_a_step_tapped_twice_is_taken_once(browser: Browser, server: str, folder: Path) -> None:
    with at_site(browser, server, "石桥", "HJ01") as page:
        held: list[Route] = []
        page.route("**/mark/act", lambda route: held.append(route))
        with page.expect_request("**/mark/act"):
            page.locator(CLAIM).dblclick()
        expect(page.locator(CLAIM)).to_be_disabled()
        still(page)
        assert len(held) == 1
        held[0].continue_()
        expect(page.locator('.inspector_act button[data-to="rectified"]')).to_be_enabled()
        expect(page.locator(".inspector_act .conflict")).to_have_count(0)
    assert steps(folder, "HJ01") == [("石桥", "claimed")]


def test_a_site_opens_at_its_head_and_the_way_back_leads_to_where_the_list_was(
    browser: Browser, server: str
) -> None:
    with at_site(browser, server, "督查", "HJ01") as page:
        page.goto(f"{server}/?page=inspector&km=all&lang=zh")
        card = page.locator('.inspector .card[data-key="HJ05"]')
        card.scroll_into_view_if_needed()
        still(page)
        before = page.evaluate(SCROLLED)
        assert before > 100
        card.click()
        expect(page.locator(".inspector.bare")).to_be_visible()
        still(page)
        assert page.evaluate(SCROLLED) == 0
        page.locator(".st-key-site_back button").click()
        card.wait_for()
        still(page)
        assert abs(page.evaluate(SCROLLED) - before) < 100


def test_of_two_at_once_the_slower_is_told_who_did_what_and_when_in_china(
    browser: Browser, server: str, folder: Path
) -> None:
    with at_site(browser, server, "石桥", "HJ01") as one, at_site(browser, server, "石桥", "HJ01") as other:
        one.context.set_offline(True)
        one.locator(CLAIM).click()
        expect(one.locator(".inspector_act .status")).to_have_text(say("inspector.no_network_step", "zh"))
        one.context.set_offline(False)
        one.locator(CLAIM).click()
        expect(one.locator('.inspector_act button[data-to="rectified"]')).to_be_enabled()
        other.locator(CLAIM).click()
        conflict = other.locator(".inspector_act .conflict")
        expect(conflict).to_contain_text("改为：认领")
        expect(conflict).to_contain_text("石桥镇")
        expect(conflict).not_to_contain_text("UTC")
        expect(other.locator(CLAIM)).to_have_count(0)
        other.get_by_role("button", name=say("inspector.reload", "zh")).click()
        expect(other.locator('.inspector_act button[data-to="rectified"]')).to_be_enabled()
    assert steps(folder, "HJ01") == [("石桥", "claimed")]


def test_what_was_written_outlives_the_session_and_is_sent_after_signing_in_again(
    browser: Browser, server: str, folder: Path, tmp_path: Path
) -> None:
    with at_site(browser, server, "石桥", "HJ03") as page:
        page.locator('.inspector_act button[data-to="rectified"]').click()
        form = page.locator(".inspector_act form")
        with page.expect_file_chooser() as chooser:
            form.locator("button.photo").click()
        chooser.value.set_files(picture(tmp_path / "after.jpg", "green"))
        form.locator("img[src]").wait_for()
        page.context.clear_cookies()
        form.get_by_role("button", name=say("inspector.send", "zh")).click()
        expect(page.locator(".inspector_act .status")).to_have_text(say("inspector.sign_in", "zh"))
        with page.expect_popup() as opened:
            page.locator(".inspector_act a.sign_in").click()
        enter(opened.value, "石桥")
        opened.value.close()
        form.get_by_role("button", name=say("inspector.send", "zh")).click()
        expect(page.locator(".inspector_act .status")).not_to_have_text(say("inspector.sign_in", "zh"))
        expect(page.locator(".inspector_act form")).to_have_count(0)
    assert steps(folder, "HJ03") == [("石桥", "rectified")]
