"""The map of the county in Chromium: it goes to what is looked at, and its legend tells its colours."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Reader

pytestmark = pytest.mark.browser
PLACE = """() => {
  const chosen = document.querySelector(".xt-chosen"), box = chosen && chosen.getBoundingClientRect();
  const across = box && box.left > 0 && box.right < innerWidth;
  const down = box && box.top > 0 && box.bottom < innerHeight;
  return { size: box ? Math.max(box.width, box.height) : 0, inside: Boolean(across && down) };
}"""
"""How large the thing looked at is drawn, and whether all of it is in sight."""
SCALE = "() => document.querySelector('.leaflet-control-scale-line').textContent"


def inside(reader: Reader) -> Any:
    """The page that the map is."""
    return reader.page.query_selector(".st-key-map iframe").content_frame()  # type: ignore[union-attr]


@pytest.mark.parametrize("area", ["area=990101100202&", ""])
def test_a_link_to_a_parcel_brings_the_map_to_it(reader: Reader, area: str) -> None:
    reader.open(f"{area}layer=abandoned_parcel&thing=TB0004")
    reader.frame.locator("path.xt-chosen").first.wait_for(state="attached")
    reader.page.wait_for_timeout(1500)
    place = inside(reader).evaluate(PLACE)
    assert place["inside"] and place["size"] > 24, place
    assert not reader.overflows()
    assert reader.watch.clean()


def test_a_parcel_picked_from_a_list_is_gone_to_and_the_view_before_is_given_back(desktop: Reader) -> None:
    page = desktop.page
    desktop.open("area=990101101201&layer=abandoned_parcel")
    desktop.shapes("thing", 12)
    before = inside(desktop).evaluate(SCALE)
    page.locator("tbody tr", has_text="TB0010").click()
    expect(page).to_have_url(re.compile("thing=TB0010"))
    desktop.frame.locator("path.xt-chosen").first.wait_for(state="attached")
    page.wait_for_timeout(1500)
    place = inside(desktop).evaluate(PLACE)
    assert place["inside"] and place["size"] > 24, place
    assert inside(desktop).evaluate(SCALE) != before
    page.locator(".st-key-close button").click()
    expect(page.locator("tbody tr", has_text="TB0010")).to_be_visible()
    page.wait_for_timeout(1500)
    assert inside(desktop).evaluate(SCALE) == before
    assert inside(desktop).evaluate(PLACE)["size"] == 0
    assert desktop.watch.clean()


def test_a_parcel_pointed_at_on_the_map_does_not_move_the_map(desktop: Reader) -> None:
    page = desktop.page
    desktop.open("area=990101101201&layer=abandoned_parcel")
    desktop.shapes("thing", 12)
    before = inside(desktop).evaluate(SCALE)
    desktop.frame.locator("path.xt-thing").last.click()
    desktop.frame.locator("path.xt-chosen").first.wait_for(state="attached")
    page.wait_for_timeout(1500)
    assert inside(desktop).evaluate(SCALE) == before
    page.locator(".st-key-close button").click()
    page.locator("tbody tr", has_text="TB0010").click()
    desktop.frame.locator("path.xt-chosen").first.wait_for(state="attached")
    page.wait_for_timeout(1500)
    assert inside(desktop).evaluate(SCALE) != before
    assert desktop.watch.clean()


SWATCH = """() => {
  const patch = document.querySelector(".xt-legend-areas i");
  return Number(getComputedStyle(patch).backgroundImage.match(/rgba\\(.*?, ([0-9.]+)\\)/)[1]);
}"""
"""How much of the map's ground lies over a patch of the legend of the areas."""
FILLED = "() => Number(document.querySelector('path.xt-area').getAttribute('fill-opacity'))"
ENTRIES = "() => [...document.querySelectorAll('.xt-key div')].map((one) => one.textContent)"


def test_the_legend_fades_as_the_areas_do_and_the_colours_of_the_parcels_are_told(desktop: Reader) -> None:
    page = desktop.page
    desktop.open("layer=abandoned_parcel")
    desktop.shapes("area", 3)
    whole = page.evaluate(SWATCH), inside(desktop).evaluate(FILLED)
    assert sum(whole) == pytest.approx(1)
    assert inside(desktop).evaluate(ENTRIES) == []
    for _ in range(3):
        desktop.frame.locator(".leaflet-control-zoom-in").click()
        page.wait_for_timeout(700)
    desktop.frame.locator(".xt-key").wait_for()
    near = page.evaluate(SWATCH), inside(desktop).evaluate(FILLED)
    assert sum(near) == pytest.approx(1)
    assert near[0] > 0.5 > whole[0]
    assert {"发现", "已种植"} <= set(inside(desktop).evaluate(ENTRIES))
    page.locator("tbody tr", has_text="石桥镇").click()
    page.locator(".st-key-crumb_990101 button").click()
    desktop.shapes("area", 3)
    assert page.evaluate(SWATCH) == whole[0]
    assert desktop.watch.clean()
