"""The county leader's way in Chromium: from the county to the file a parcel came from, all on this server."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from dashboards.widgets_leader import PACE_MS
from tests.browser.conftest import Reader, reading, still
from tests.dashboards.little_county import HOSTILE

pytestmark = pytest.mark.browser
CUT = """(count) => {
  const body = document.querySelector("tbody"), row = body.lastElementChild;
  const part = document.querySelector("section");
  row.children[1].textContent = "彝族土家族苗族羌族自治镇兼山区农林综合开发示范镇";
  while (body.children.length < count) body.append(row.cloneNode(true));
  document.body.style.setProperty("--rows", count + 2);
  fit();
  return Math.max(0, part.scrollHeight - part.clientHeight - 1);
}"""
"""How much of a table of so many rows, all with long names, is cut on the page to print."""
SHORTENED = """() => [...document.querySelectorAll(".st-key-page button, .st-key-choices input")]
  .filter((one) => one.scrollWidth > one.clientWidth + 1 || one.getBoundingClientRect().right > innerWidth)
  .map((one) => one.textContent || one.value)"""
"""The ways to the pages and the choices that are not read whole."""
STEPS = """const real = window.setInterval;
window.setInterval = (work, pace, ...rest) => {
  if (pace !== %d) return real(work, pace, ...rest);
  window.nextMonth = work;
  return real(() => {}, 1e9);
};"""
"""The months that play wait for the test to say when the next one comes, however slow the machine is."""
WIDE = """(one) => one.scrollWidth - one.clientWidth"""
"""How much of something lies out of sight to the right."""


def test_from_the_county_to_the_row_of_the_file(reader: Reader) -> None:
    page = reader.page
    reader.open()
    townships = reader.shapes("area", 3)
    expect(reader.row("石桥镇")).to_contain_text("58.3%")
    assert not reader.overflows()

    townships.nth(1).click()
    expect(page).to_have_url(re.compile("area=990101101(&|$)"))
    reader.shapes("area", 2)
    expect(reader.row("清泉村")).to_contain_text("100.0%")

    reader.row("清泉村").click()
    things = reader.shapes("thing", 12)
    assert not reader.overflows()
    things.last.dispatch_event("click")
    expect(page).to_have_url(re.compile(r"thing=TB\d+"))

    sheet = page.locator(".xt-sheet")
    expect(sheet).to_contain_text("parcels.geojson")
    expect(sheet).to_contain_text(HOSTILE)
    assert not reader.overflows()

    page.locator(".st-key-close button").click()
    page.locator(".st-key-crumb_990101 button").click()
    expect(reader.row("东山乡")).to_be_visible()
    reader.shapes("area", 3)
    assert "area=" not in page.url
    assert reader.watch.clean()


@pytest.mark.parametrize(("width", "height", "lang"), [(1440, 900, "en"), (390, 844, "zh")])
def test_a_link_reopens_the_same_view_and_prints_on_one_page(
    browser: Browser, server: str, width: int, height: int, lang: str
) -> None:
    for reader in reading(browser, server, width, height, lang):
        reader.open("area=990101100&indicator=accepted_mu&as_of=2026-03-31")
        reader.shapes("area", 3)
        expect(reader.row("红旗村")).to_contain_text("4.00")
        card = reader.page.locator("button.card.selected")
        expect(card).to_have_attribute("data-key", "accepted_mu")
        with reader.page.expect_popup() as opened:
            reader.page.locator(".st-key-top a").last.click()
        sheet = opened.value
        sheet.wait_for_load_state()
        expect(sheet.locator("svg path")).to_have_count(4)
        if width > 1200:
            assert sheet.evaluate(CUT, 36) == 0
        body = sheet.pdf(prefer_css_page_size=True)
        assert len(re.findall(rb"/Type\s*/Page[^s]", body)) == 1
        assert reader.watch.clean()


def test_cards_and_rows_work_by_mouse_and_by_keyboard(desktop: Reader) -> None:
    desktop.open()
    desktop.shapes("area", 3)
    desktop.page.locator('button.card[data-key="found_mu"]').click()
    expect(desktop.page).to_have_url(re.compile("indicator=found_mu"))
    expect(desktop.page.locator("button.card.selected")).to_have_attribute("data-key", "found_mu")
    assert desktop.page.locator(".cards").evaluate(WIDE) <= 0
    expect(desktop.page.locator("tbody tr").first).to_contain_text("清水乡")
    still(desktop.page)
    desktop.row("清水乡").press("ArrowDown")
    desktop.page.keyboard.press("Enter")
    expect(desktop.page).to_have_url(re.compile("area=990101100"))
    assert desktop.watch.clean()


def test_parcels_come_as_tiles_where_the_map_is_near_enough(desktop: Reader) -> None:
    tiles: list[int] = []
    desktop.page.on("response", lambda answer: tiles.append(answer.status) if ".pbf" in answer.url else None)
    desktop.open("area=990101100")
    desktop.shapes("area", 3)
    with desktop.page.expect_response(lambda answer: ".pbf" in answer.url and answer.status == 200):
        desktop.frame.locator(".leaflet-control-zoom-in").click()
    still(desktop.page)
    assert set(tiles) <= {200, 204}
    assert desktop.watch.clean()


def test_nothing_is_wider_than_the_smallest_phone(browser: Browser, server: str) -> None:
    views = (
        ("zh", "area=990101101"),
        ("zh", "thing=TB0001&area=990101100201"),
        ("en", ""),
        ("en", "layer=zone_plan"),
    )
    for reader in reading(browser, server, 360, 740, "zh"):
        for lang, query in views:
            reader.lang = lang
            reader.open(query)
            reader.page.locator(".st-key-choices").wait_for()
            still(reader.page)
            assert not reader.overflows(), query
            assert reader.page.evaluate(SHORTENED) == [], query
        assert reader.watch.clean()


def test_the_months_play_over_the_map_and_stop_where_they_are_stopped(desktop: Reader) -> None:
    page = desktop.page
    page.add_init_script(STEPS % PACE_MS)
    desktop.open()
    desktop.shapes("area", 3)
    fill = desktop.frame.locator("path.xt-area").nth(1)
    colour = str(fill.get_attribute("fill"))
    shown = page.locator(".months output")
    page.locator(".months input").focus()
    page.keyboard.press("Home")
    expect(page).to_have_url(re.compile("as_of=2026-01-31"))
    expect(fill).not_to_have_attribute("fill", colour)
    expect(shown).to_have_text("2026年1月31日")

    still(page)
    page.locator("button.play").click()
    for _ in range(5):
        page.evaluate("window.nextMonth()")
    expect(shown).to_have_text("2026年6月30日")
    expect(fill).to_have_attribute("fill", colour)
    # The page has not been told yet: the table, the figures and the day follow the map by themselves.
    assert "as_of=2026-01-31" in page.url
    day = shown.inner_text()
    expect(desktop.row("石桥镇")).to_contain_text("58.3%")
    expect(page.locator(".card[data-key=remediated_rate] .value")).to_contain_text("43.7")
    expect(page.locator(".board .day")).to_contain_text(day)
    expect(page.locator(".xt-maphead span")).to_contain_text(day)
    # What is still of the day before steps back.
    expect(page.locator(".st-key-slot_campaigns")).to_have_css("opacity", "0.4")
    page.locator("button.play").click()
    expect(page).to_have_url(re.compile("as_of=2026-06-30"))
    assert desktop.watch.clean()


def test_search_is_reached_by_a_key_and_leads_to_the_place(reader: Reader) -> None:
    page = reader.page
    reader.open()
    reader.shapes("area", 3)
    page.keyboard.press("/")
    page.keyboard.type("清水", delay=40)
    expect(page.locator(".find li.hit").first).to_contain_text("清水乡")
    assert not reader.overflows()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("area=990101101(&|$)"))
    reader.shapes("area", 2)
    assert reader.watch.clean()


def test_what_waits_opens_to_exactly_its_things(reader: Reader) -> None:
    page = reader.page
    reader.open()
    reader.shapes("area", 3)
    bell = page.locator(".st-key-bell_box button").first
    expect(bell).to_contain_text(re.compile(r"\d+"))
    count = int(re.sub(r"\D", "", bell.inner_text()))
    bell.click()
    page.locator("[class*=st-key-bell_overdue_] button").first.click()
    expect(page).to_have_url(re.compile("rows=wait.overdue"))
    expect(page.locator("tbody tr")).to_have_count(count)
    expect(page.locator("[class*=st-key-bell_overdue_] button")).to_have_count(0)
    assert not reader.overflows()
    assert reader.watch.clean()


def test_a_card_sets_the_topic_and_two_days_stand_side_by_side(reader: Reader) -> None:
    page = reader.page
    reader.open("versus=2026-01-31")
    for side in (0, 1):
        frame = page.frame_locator(f".st-key-map_side_{side} iframe")
        frame.locator("path.xt-area").nth(2).wait_for(state="attached", timeout=60_000)
    assert not reader.overflows()
    page.locator('.campaign[data-key="zone_plan"] button.pick').click()
    expect(page).to_have_url(re.compile("layer=zone_plan"))
    expect(page.locator(".xt-empty")).to_be_visible()
    assert reader.watch.clean()


def test_a_profile_prints_on_one_page_with_the_link_that_opens_it(desktop: Reader) -> None:
    desktop.open("area=990101100")
    desktop.shapes("area", 3)
    with desktop.page.expect_popup() as opened:
        desktop.page.locator(".st-key-profile_head a").click()
    sheet = opened.value
    sheet.wait_for_load_state()
    expect(sheet.locator("a.again")).to_contain_text(f"{desktop.server}/?")
    body = sheet.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page[^s]", body)) == 1
    assert desktop.watch.clean()


def test_on_a_phone_a_table_says_what_lies_to_the_right_and_a_finger_reaches_it(
    browser: Browser, server: str
) -> None:
    # So narrow that even this county's short figures do not fit.
    for reader in reading(browser, server, 300, 640, "en"):
        page = reader.page
        for query, last in (("", "Items"), ("view=things", "File")):
            reader.open(query)
            more = page.locator(".board .more")
            expect(more).to_contain_text(last)
            name = page.locator(".board tbody tr").first.locator("td.name")
            before = name.bounding_box()
            more.click()
            expect(more).to_be_hidden()
            box, after = page.locator(".board thead th:visible").last.bounding_box(), name.bounding_box()
            assert box is not None and after is not None and before is not None
            assert box["x"] + box["width"] <= 300
            # The name stays where it was seen, or at the edge.
            assert 0 <= after["x"] <= before["x"], query
        reader.open()
        expect(reader.row("石桥镇").locator(".stack.below")).to_be_visible()
        assert reader.watch.clean()
