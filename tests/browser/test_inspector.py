"""The inspector's way in Chromium: a site marked by thumb, in a dead zone, refused, signed out; a round; acts."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from dashboards.words import Lang, say
from pipelines.act import act, workspace_ledger
from pipelines.marks_places import LAYER
from pipelines.workspace import Workspace
from tests.browser.conftest import Reader, Watch, reading, serving, still
from tests.dashboards.doors import SECRET, staffed
from tests.dashboards.sites_county import at, build_sites

pytestmark = pytest.mark.browser

SHUTTER_AND_USE = 2
"""What the phone's own camera asks for beside our page: the shutter, and "use this photo"."""
SCREENS = [(390, 844, "zh"), (390, 844, "en"), (1440, 900, "zh"), (1440, 900, "en")]


@pytest.fixture(scope="module")
def sites_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_sites(tmp_path_factory.mktemp("sites"))


@pytest.fixture(scope="module")
def sites_server(sites_folder: Path) -> Iterator[str]:
    with serving(sites_folder) as address:
        yield address


@pytest.fixture(scope="module")
def staffed_folder(sites_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return staffed(build_sites(tmp_path_factory.mktemp("more")), tmp_path_factory.mktemp("staffed"))


@pytest.fixture(scope="module")
def staffed_server(staffed_folder: Path) -> Iterator[str]:
    with serving(staffed_folder) as address:
        yield address


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo as a phone takes it: 12 million pixels, lying on its side, with place and time."""
    path = tmp_path_factory.mktemp("photo") / "IMG_0001.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8769)[0x9003] = "2026:11:22 10:30:00"
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2], gps[3], gps[4] = "N", (31.0, 1.0, 48.0), "E", (106.0, 1.0, 48.0)
    Image.radial_gradient("L").resize((4000, 3000)).convert("RGB").save(path, "JPEG", quality=90, exif=exif)
    return path


@dataclass
class Thumb:
    """A thumb that counts its taps."""

    page: Page
    taps: int = 0

    def tap(self, what: Locator) -> None:
        what.click()
        self.taps += 1


@dataclass
class Phone:
    """A browser with a position, whose pages are watched; closing a tab leaves what it keeps."""

    context: BrowserContext
    server: str
    lang: str
    watch: Watch = field(init=False)

    def __post_init__(self) -> None:
        self.watch = Watch(urlsplit(self.server).netloc)

    def tab(self, address: str = "/mark") -> Page:
        page = self.context.new_page()
        page.on("request", self.watch.request)
        page.on("console", self.watch.console)
        page.on("pageerror", lambda error: self.watch.errors.append(str(error)))
        page.set_default_timeout(60_000)
        page.goto(f"{self.server}{address}?lang={self.lang}")
        return page

    def ready(self, page: Page) -> None:
        """Wait until the worker keeps the form for dead zones."""
        page.locator(".choice").first.wait_for()
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        expect(page.locator("#area")).to_contain_text(re.compile("镇|乡"))
        # The server's answer names the place; the outlines may still be on their way, or being written down.
        page.wait_for_function("xiangtuDrafts.kept.get('areas').then((kept) => Boolean(kept))")


@contextmanager
def phone(
    browser: Browser,
    server: str,
    *,
    width: int = 390,
    height: int = 844,
    lang: str = "zh",
    place: tuple[float, float],
) -> Iterator[Phone]:
    small = width < 600
    context = browser.new_context(
        viewport={"width": width, "height": height},
        is_mobile=small,
        has_touch=small,
        locale="zh-CN",
        geolocation={"longitude": place[0], "latitude": place[1], "accuracy": 8},
        permissions=["geolocation"],
    )
    yield Phone(context, server, lang)
    context.close()


def happened(root: Path, kind: str | None = None) -> list[dict[str, Any]]:
    """The events of sites in the ledger, imports left out."""
    ledger = workspace_ledger(Workspace(root))
    events = ledger.events(layer=LAYER)
    ledger.close()
    rows = [row for row in events.to_dict("records") if row["kind"] != "import"]
    return [{str(k): v for k, v in row.items()} for row in rows if kind is None or row["kind"] == kind]


def photograph(page: Page, button: Locator, photo: Path) -> None:
    with page.expect_file_chooser() as chooser:
        button.click()
    chooser.value.set_files(photo)


def sent_of(page: Page) -> Locator:
    """What the form shows of drafts that have arrived."""
    return page.locator("#draft_list li.sent")


def overflows(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))


@pytest.mark.parametrize(("width", "height", "lang"), SCREENS)
def test_a_site_is_marked_in_five_taps(
    browser: Browser, sites_server: str, sites_folder: Path, photo: Path, width: int, height: int, lang: str
) -> None:
    before = len(happened(sites_folder, "add"))
    place = at(0.030 + 0.001 * SCREENS.index((width, height, lang)), 0.030)
    with phone(browser, sites_server, width=width, height=height, lang=lang, place=place) as own:
        began = time.monotonic()
        page = own.tab()
        thumb = Thumb(page)
        thumb.tap(page.locator('.choice[data-value="garbage"]'))
        with page.expect_file_chooser() as chooser:
            thumb.tap(page.locator("#photo"))
        thumb.taps += SHUTTER_AND_USE
        chooser.value.set_files(photo)
        thumb.tap(page.locator("#save"))
        page.locator("#draft_list li").wait_for()
        kept = time.monotonic() - began
        page.locator("#draft_list li.sent").wait_for()
        sent = time.monotonic() - began
        print(
            f"\n{width}x{height} {lang}: {thumb.taps} taps (2 of them the camera's own), form opened to kept in "
            f"{kept:.1f} s, to delivered in {sent:.1f} s"
        )
        assert thumb.taps <= 5
        assert not overflows(page)
        assert own.watch.clean()
    added = happened(sites_folder, "add")
    assert len(added) == before + 1
    said = json.loads(added[-1]["data"])
    assert said["fields"]["category"] == "garbage"
    noted = said["photos"][0]
    # Shrunk in the browser and turned upright, with what the camera noted still in it.
    assert (noted["width"], noted["height"]) == (1500, 2000)
    assert (noted["lon"], noted["lat"]) == (106.03, 31.03)
    assert noted["taken_at"].startswith("2026-11-22T10:30")


def test_a_draft_of_a_dead_zone_outlives_its_tab_and_is_sent_once(
    browser: Browser, sites_server: str, sites_folder: Path, photo: Path
) -> None:
    before = len(happened(sites_folder))
    with phone(browser, sites_server, place=at(0.060, 0.030)) as own:
        page = own.tab()
        own.ready(page)
        page.close()
        own.context.set_offline(True)
        page = own.tab()
        # The form itself opens without a network, and knows the village by its own outlines.
        expect(page.locator("#area")).to_have_text("石桥镇 · 红旗村")
        expect(page.locator("#kind")).to_contain_text(say("mark.kind_offline", "zh"))
        page.locator('.choice[data-value="ruins"]').click()
        photograph(page, page.locator("#photo"), photo)
        page.locator("#save").dblclick()
        expect(page.locator("#draft_list li.waiting")).to_have_count(1)
        expect(page.locator("#net")).to_contain_text("1")
        page.close()
        page = own.tab()
        expect(page.locator("#draft_list li.waiting img")).to_have_count(1)
        assert len(happened(sites_folder)) == before
        own.context.set_offline(False)
        sent = sent_of(page)
        # What a dead zone could not tell stands there once it has arrived: by the ground, as a guess.
        expect(sent).to_contain_text("残垣断壁")
        expect(sent).to_contain_text("石桥镇 · 红旗村 · 村社（推测）")
        # The form itself guesses again for the next one.
        expect(page.locator("#kind")).to_contain_text(say("mark.guess", "zh"))
        page.close()
        page = own.tab()
        own.ready(page)
        expect(sent_of(page)).to_have_count(1)
        assert own.watch.outside == []
        number = sent_of(page).locator("a.id")
        events = happened(sites_folder)[before:]
        expect(number).to_have_text(str(events[0]["feature_id"]))
        small, usual = (
            one.evaluate("one => parseFloat(getComputedStyle(one).fontSize)")
            for one in (number, sent_of(page).locator("b").first)
        )
        assert small < usual
    assert [event["kind"] for event in happened(sites_folder)[before:]] == ["add"]
    assert len(json.loads(events[0]["evidence"])) == 1


def test_a_site_that_is_there_already_gets_the_photo_instead(
    browser: Browser, sites_server: str, sites_folder: Path, photo: Path
) -> None:
    with phone(browser, sites_server, place=at(0.0101, 0.010)) as own:
        page = own.tab()
        own.ready(page)
        page.locator('.choice[data-value="garbage"]').click()
        expect(page.locator("#near")).to_contain_text("HJ01")
        page.locator("#same_yes").click()
        expect(page.locator("#save")).to_have_text(say("mark.save_look", "zh"))
        photograph(page, page.locator("#photo"), photo)
        page.locator("#save").click()
        page.locator("#draft_list li.sent").wait_for()
        assert own.watch.clean()
    looks = happened(sites_folder, "evidence")
    assert [(one["feature_id"], len(json.loads(one["evidence"]))) for one in looks] == [("HJ01", 1)]


def test_in_a_dead_zone_too_a_site_that_is_there_already_is_offered(
    browser: Browser, sites_server: str, sites_folder: Path, photo: Path
) -> None:
    with phone(browser, sites_server, place=at(0.0121, 0.010)) as own:
        page = own.context.new_page()
        page.goto(f"{sites_server}/mark?lang=zh")
        own.ready(page)
        page.wait_for_function("xiangtuDrafts.kept.get('sites').then((kept) => Boolean(kept))")
        page.close()
        own.context.set_offline(True)
        page = own.tab()
        page.locator('.choice[data-value="garbage"]').click()
        # A site of another kind is nearer, and one of this kind farther than its distance asks.
        expect(page.locator("#near")).to_be_hidden()
        own.context.set_geolocation({"longitude": at(0.0101, 0)[0], "latitude": at(0, 0.0101)[1], "accuracy": 8})
        expect(page.locator("#near")).to_contain_text("HJ01")
        page.locator("#same_yes").click()
        photograph(page, page.locator("#photo"), photo)
        page.locator("#save").click()
        expect(page.locator("#draft_list li.waiting")).to_have_count(1)
        before = len(happened(sites_folder))
        own.context.set_offline(False)
        # Said by what and where it is, not by a number.
        expect(page.locator("#notice")).to_contain_text("已送达：补充照片 · 垃圾乱堆 · 前进村HJ01处")
        expect(sent_of(page)).to_contain_text("补充照片 · 垃圾乱堆")
        assert own.watch.outside == []
    sent = happened(sites_folder)[before:]
    assert [(one["kind"], one["feature_id"]) for one in sent] == [("evidence", "HJ01")]


def test_without_a_position_the_map_is_tapped(browser: Browser, sites_server: str) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True)
    page = context.new_page()
    page.goto(f"{sites_server}/mark?lang=zh")
    canvas = page.locator("#map")
    expect(canvas).to_be_visible()
    page.locator("#map path.township").first.wait_for(state="attached")
    box = canvas.bounding_box()
    assert box is not None
    canvas.click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    expect(page.locator("#area")).to_contain_text("清水乡")
    expect(page.locator("#fix")).to_contain_text(say("mark.by_map", "zh"))
    assert not overflows(page)
    context.close()


def sign_in(page: Page, name: str) -> None:
    page.locator('input[name="name"]').fill(name)
    page.locator('input[name="password"]').fill(SECRET)
    page.locator('button[type="submit"], input[type="submit"]').first.click()


@contextmanager
def signed_in(browser: Browser, server: str, name: str) -> Iterator[tuple[Phone, Page]]:
    """A phone in 石桥镇, with the form open and ready for dead zones."""
    with phone(browser, server, place=at(0.030, 0.030)) as own:
        page = own.tab()
        sign_in(page, name)
        own.ready(page)
        yield own, page


def mark_wires(page: Page) -> None:
    """Mark a site without a photo: saving asks once more before it does."""
    page.locator('.choice[data-value="wires"]').click()
    page.locator("#save").click()
    page.locator("#save").click()


def test_a_refused_draft_says_why_stays_and_is_discarded_only_when_confirmed(
    browser: Browser, staffed_server: str, staffed_folder: Path
) -> None:
    before = len(happened(staffed_folder))
    with signed_in(browser, staffed_server, "东山") as (own, page):
        expect(page.locator("#fix")).to_contain_text(say("mark.may_not", "zh"))
        mark_wires(page)
        refused = page.locator("#draft_list li.refused")
        expect(refused).to_contain_text("辖区")
        page.reload()
        expect(refused).to_contain_text("辖区")
        refused.get_by_role("button", name=say("mark.discard", "zh")).click()
        page.get_by_role("button", name=say("mark.keep", "zh")).click()
        expect(refused).to_have_count(1)
        refused.get_by_role("button", name=say("mark.discard", "zh")).click()
        page.locator("#ask .danger").click()
        expect(refused).to_have_count(0)
        assert own.watch.outside == []
    assert len(happened(staffed_folder)) == before


def test_who_may_add_nothing_is_told_at_once_and_keeps_no_draft(browser: Browser, staffed_server: str) -> None:
    with signed_in(browser, staffed_server, "审计") as (own, page):
        notice = page.locator("#notice")
        expect(notice).to_have_text(say("mark.may_not_add", "zh", account="审计"))
        mark_wires(page)
        expect(notice).to_have_text(say("mark.may_not_add", "zh", account="审计"))
        expect(page.locator("#draft_list li")).to_have_count(0)
        assert own.watch.clean()


def test_a_draft_outlives_its_session_and_waits_for_its_own_account(
    browser: Browser, staffed_server: str, staffed_folder: Path
) -> None:
    before = len(happened(staffed_folder))
    with signed_in(browser, staffed_server, "督查") as (own, page):
        own.context.clear_cookies()
        mark_wires(page)
        waiting = page.locator("#draft_list li.waiting")
        expect(waiting).to_contain_text(say("mark.reason_sign_in", "zh"))
        page.locator("#notice a").click()
        sign_in(page, "石桥")
        expect(waiting).to_contain_text(say("mark.reason_other_account", "zh", account="督查"))
        assert len(happened(staffed_folder)) == before
        own.context.clear_cookies()
        page.goto(f"{staffed_server}/sign-in?to=/mark")
        sign_in(page, "督查")
        page.locator("#draft_list li.sent").wait_for()
        assert own.watch.outside == []
    assert [event["actor"] for event in happened(staffed_folder)[before:]] == ["督查"]


@pytest.mark.parametrize(("width", "height", "lang"), SCREENS)
def test_a_round_leads_to_a_site_whose_steps_are_taken_and_undone(
    browser: Browser, photo: Path, tmp_path: Path, width: int, height: int, lang: str
) -> None:
    root = build_sites(tmp_path)
    with serving(root) as server:
        for reader in reading(browser, server, width, height, lang):
            assert walk(reader, photo) == [False, False]
            assert reader.watch.clean()
    assert [event["kind"] for event in happened(root)] == ["step", "step", "step", "undo"]


def walk(reader: Reader, photo: Path) -> list[bool]:
    """Claim, rectify, return and undo; whether the round and the site were wider than the screen."""
    page, lang = reader.page, cast("Lang", reader.lang)
    reader.open("page=inspector&km=all")
    cards = page.locator(".inspector .card")
    # Six that are open, and the two closed ones that are proposed for a look-back.
    expect(cards).to_have_count(8)
    expect(page.locator(".inspector .map .stop")).to_have_count(8)
    wide = [reader.overflows()]
    page.locator('.card[data-key="HJ01"]').click()
    page.wait_for_url("**thing=HJ01**")
    still(page)
    page.locator('.inspector_act button[data-to="claimed"]').click()
    page.locator('.inspector_act button[data-to="rectified"]').click()
    form = page.locator(".inspector_act form")
    form.get_by_role("button", name=say("inspector.send", lang)).click()
    expect(page.locator(".inspector_act .status")).to_have_text(say("inspector.photo_missing", lang))
    photograph(page, form.locator("button.photo"), photo)
    form.locator("img[src]").wait_for()
    form.get_by_role("button", name=say("inspector.send", lang)).click()
    closing = page.locator('.inspector_act button[data-to="closed"]')
    expect(closing).to_be_visible()
    picture = page.locator(".inspector_compare img")
    expect(picture).to_have_count(1)
    wide.append(reader.overflows())
    back = page.locator('.inspector_act button[data-to="rectifying"]')
    back.click()
    form.locator("textarea").fill("还有一袋")
    form.get_by_role("button", name=say("inspector.send", lang)).click()
    expect(closing).to_have_count(0)
    page.get_by_role("button", name=say("inspector.step.undo", lang)).click()
    expect(closing).to_be_visible()
    return wide


def test_two_photos_are_compared_by_keyboard_and_a_conflict_shows_both_versions(
    browser: Browser, photo: Path, tmp_path: Path
) -> None:
    root = build_sites(tmp_path)
    town = "township:石桥镇/石桥"
    other = tmp_path / "other.jpg"
    Image.linear_gradient("L").resize((640, 480)).convert("RGB").save(other, "JPEG")
    act(root, LAYER, "HJ03", "rectifying", town, now=datetime.now(UTC), photo=other)
    act(root, LAYER, "HJ03", "rectified", town, now=datetime.now(UTC), photo=photo)
    with serving(root) as server:
        for reader in reading(browser, server, 390, 844, "zh"):
            page = reader.page
            reader.open("page=inspector&thing=HJ03")
            slider = page.get_by_role("slider", name=say("inspector.slider", "zh"))
            still(page)
            shown = page.locator(".inspector_compare .before").first
            before = str(shown.evaluate("one => getComputedStyle(one).clipPath"))
            slider.press("Home")
            expect(shown).not_to_have_css("clip-path", before)
            expect(page.locator(".inspector_compare figcaption").last).to_contain_text("2026-11-22 10:30")
            page.locator('.inspector_act button[data-to="rectifying"]').click()
            page.locator(".inspector_act textarea").fill("没清干净")
            act(root, LAYER, "HJ03", "closed", "inspector:督查室/乙", now=datetime.now(UTC), photo=other)
            page.get_by_role("button", name=say("inspector.send", "zh")).click()
            conflict = page.locator(".inspector_act .conflict")
            expect(conflict).to_contain_text("销号")
            expect(conflict).to_contain_text("没清干净")
            assert reader.watch.outside == []
            page.get_by_role("button", name=say("inspector.reload", "zh")).click()
            expect(page.locator('.inspector_act button[data-to="recurred"]')).to_be_visible()


def test_nothing_is_wider_than_the_smallest_phone(browser: Browser, sites_server: str) -> None:
    for reader in reading(browser, sites_server, 360, 740, "zh"):
        for lang in ("zh", "en"):
            reader.lang = lang
            for query in ("", "view=spots", "view=fair", "thing=HJ07"):
                reader.open(f"page=inspector&{query}")
                reader.page.locator(".st-key-inspector_part, .xt-sheet").first.wait_for()
                still(reader.page)
                assert not reader.overflows(), (lang, query)
        assert reader.watch.clean()
