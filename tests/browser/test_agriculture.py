"""The bureau clerk's day in Chromium: from the flow to the rows, an errand done and undone, the map, the rule."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Reader, reading, serving, still
from tests.dashboards.little_county import HOSTILE, build

pytestmark = pytest.mark.browser
SCREENS = [(1440, 900, "zh"), (1440, 900, "en"), (390, 844, "zh"), (390, 844, "en")]


@pytest.fixture
def desk_server(tmp_path: Path) -> Iterator[str]:
    """A server on a little county of its own, because errands write into it."""
    with serving(build(tmp_path)) as address:
        yield address


@pytest.mark.parametrize(("width", "height", "lang"), SCREENS)
def test_from_the_flow_to_a_days_work(
    browser: Browser, desk_server: str, width: int, height: int, lang: str
) -> None:
    for reader in reading(browser, desk_server, width, height, lang):
        page = reader.page
        reader.open("page=agriculture")
        page.locator(".step[data-key=found]").wait_for()
        expect(page.locator(".step[data-key=found]")).to_contain_text("43.50")
        assert not reader.overflows()

        page.locator(".step[data-key=assigned]").click()
        expect(page).to_have_url(re.compile("view=list"))
        expect(page).to_have_url(re.compile("stage=assigned"))
        rows = page.locator("tbody tr")
        expect(rows).to_have_count(1)
        expect(rows.first).to_contain_text(HOSTILE)
        assert not reader.overflows()

        _errand(reader)

        page.locator("tbody tr").first.locator("b").click()
        expect(page.locator(".xt-sheet")).to_contain_text("parcels.geojson")
        expect(page.locator(".xt-sheet")).to_contain_text(HOSTILE)
        assert not reader.overflows()
        expect(page.locator(".agriculture table")).to_have_count(1)
        sheet, rest = page.locator(".xt-sheet").bounding_box(), page.locator(".agriculture table").bounding_box()
        assert sheet is not None and rest is not None
        # Beside the list, or on a phone above it.
        assert sheet["x"] > rest["x"] or sheet["y"] < rest["y"]
        page.locator(".st-key-close button").click()

        page.locator("[class*=st-key-agri_chip_] button").first.click()
        expect(page).not_to_have_url(re.compile("stage="))
        expect(page.locator("tbody tr")).to_have_count(31)
        assert reader.watch.clean()


def _errand(reader: Reader) -> None:
    """Choose by keyboard, look at what would happen, confirm, and take it back."""
    page = reader.page
    # What is drawn anew meanwhile would lose the key.
    still(page)
    page.locator("tbody tr").first.press("Space")
    page.locator(".st-key-agri_act_open button").click()
    dialog = page.locator("[data-testid=stDialog]")
    dialog.locator(".st-key-agri_preview button").click()
    expect(dialog.locator(".st-key-agri_summary")).to_contain_text("4.00")
    assert not reader.overflows()
    dialog.locator(".st-key-agri_confirm button").click()
    dialog.locator(".st-key-agri_undo button").click()
    expect(dialog.locator(".st-key-agri_undo")).to_have_count(0)
    dialog.locator(".st-key-agri_close button").click()
    expect(dialog).to_have_count(0)


def test_the_map_leads_from_a_township_to_a_parcel(reader: Reader) -> None:
    reader.open("page=agriculture&view=map")
    frame = reader.page.frame_locator(".st-key-agri_map iframe")
    areas = frame.locator("path.xt-area")
    areas.nth(2).wait_for(state="attached")
    still(reader.page)
    areas.nth(1).click()
    expect(reader.page).to_have_url(re.compile("area=990101101(&|$)"))
    things = frame.locator("path.xt-thing")
    things.nth(20).wait_for(state="attached")
    still(reader.page)
    things.last.dispatch_event("click")
    expect(reader.page).to_have_url(re.compile(r"thing=TB\d+"))
    expect(reader.page.locator(".xt-sheet")).to_be_visible()
    assert not reader.overflows()
    assert reader.watch.clean()


def test_tiles_show_only_what_passes_the_filters(desktop: Reader) -> None:
    tiles: list[int] = []
    desktop.page.on("response", lambda answer: tiles.append(answer.status) if ".pbf" in answer.url else None)
    desktop.open("page=agriculture&view=map&stage=remediated")
    frame = desktop.page.frame_locator(".st-key-agri_map iframe")
    frame.locator("path.xt-area").nth(2).wait_for(state="attached")
    still(desktop.page)
    with desktop.page.expect_response(re.compile(r"\.pbf")):
        for _ in range(3):
            frame.locator(".leaflet-control-zoom-in").click()
            # While the map still moves, a click on its button counts for nothing.
            still(desktop.page)
    assert set(tiles) <= {200, 204}
    assert desktop.watch.clean()


def test_the_rule_is_tried_out_and_keeps_its_place_in_the_address(reader: Reader) -> None:
    reader.open("page=agriculture&view=rule&least=2.0")
    card = reader.page.locator(".card[data-key=simulated]")
    expect(card).to_contain_text("18.50")
    expect(reader.page.locator(".card[data-key=official]")).to_contain_text("43.50")
    expect(reader.page.locator(".xt-simulation")).to_be_visible()
    assert not reader.overflows()
    reader.page.locator(".st-key-agri_rule_reset button").click()
    expect(card).to_contain_text("43.50")
    assert "least" not in reader.page.url
    assert reader.watch.clean()


def test_an_address_in_a_notice_and_on_a_button_is_text_and_no_link(desktop: Reader) -> None:
    address = "https://evil.example/x www.evil.example a@evil.example"
    desktop.open(f"page=agriculture&view=list&find={quote(address)}&area={quote(address)}")
    notice = desktop.page.locator("[data-testid=stAlert]")
    expect(notice).to_contain_text("evil.example")
    expect(desktop.page.locator("[class*=st-key-agri_chip_]")).to_contain_text("evil.example")
    expect(desktop.page.locator("[data-testid=stMain] a[href*=evil]")).to_have_count(0)
    assert desktop.watch.clean()


def test_both_files_carry_layer_area_and_day_in_their_names(reader: Reader) -> None:
    page = reader.page
    names = []
    for kind in ("xlsx", "gpkg"):
        reader.open("page=agriculture&view=list&area=990101100201")
        page.locator(".st-key-agri_files button").click()
        page.locator(f".st-key-agri_make_{kind} button").click()
        with page.expect_download() as taken:
            page.locator(f".st-key-agri_take_{kind} button").click()
        names.append(taken.value.suggested_filename)
    layer = "撂荒地整治图斑" if reader.lang == "zh" else "Abandoned-land parcels"
    for name, kind in zip(names, ("xlsx", "gpkg"), strict=True):
        assert re.fullmatch(rf"{layer}_石桥镇前进村_\d{{4}}-\d\d-\d\d\.{kind}", name), name
    assert reader.watch.clean()


def test_nothing_is_wider_than_the_smallest_phone(browser: Browser, server: str) -> None:
    views = ("", "view=list", "view=list&thing=TB0001", "view=map", "view=rule", "view=list&stage=found&crop=x")
    for reader in reading(browser, server, 360, 740, "en"):
        for query in views:
            reader.open(f"page=agriculture&{query}")
            reader.page.locator(".st-key-agri_heads").wait_for()
            still(reader.page)
            assert not reader.overflows(), query
        assert reader.watch.clean()
