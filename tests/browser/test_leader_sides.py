"""Maps side by side in Chromium move together, and no map is zoomed out until the county is lost."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.conftest import Reader, still

pytestmark = pytest.mark.browser
PLACE = """() => {
  const box = document.querySelector("path.xt-area").getBoundingClientRect();
  return [Math.round(box.left), Math.round(box.top), Math.round(box.width)];
}"""
"""Where the first area lies on a map, and how large it is."""


def frame(reader: Reader, box: str) -> Any:
    """The page that a map is."""
    return reader.page.query_selector(f".st-key-{box} iframe").content_frame()  # type: ignore[union-attr]


def places(reader: Reader) -> list[list[int]]:
    """Where the first area lies on each of the two maps."""
    return [frame(reader, f"map_side_{at}").evaluate(PLACE) for at in (0, 1)]


@pytest.fixture
def beside(desktop: Reader) -> Reader:
    desktop.open("layer=abandoned_parcel&versus=2026-01-31")
    for at in (0, 1):
        area = desktop.page.frame_locator(f".st-key-map_side_{at} iframe").locator("path.xt-area")
        area.nth(2).wait_for(state="attached", timeout=60_000)
    still(desktop.page)
    return desktop


def test_two_days_of_one_area_move_together(beside: Reader) -> None:
    before = places(beside)
    assert before[0] == before[1]
    beside.page.frame_locator(".st-key-map_side_1 iframe").locator(".leaflet-control-zoom-in").click()
    beside.page.wait_for_timeout(1200)
    near = places(beside)
    assert near[0] == near[1] and near[0][2] > before[0][2]
    box = beside.page.locator(".st-key-map_side_0 iframe").bounding_box()
    assert box is not None
    beside.page.mouse.move(box["x"] + 300, box["y"] + 200)
    beside.page.mouse.down()
    beside.page.mouse.move(box["x"] + 240, box["y"] + 260, steps=6)
    beside.page.mouse.up()
    beside.page.wait_for_timeout(1200)
    moved = places(beside)
    assert moved[0][:2] != near[0][:2]
    assert all(abs(one - other) <= 1 for one, other in zip(*moved, strict=True))
    assert beside.watch.clean()


def test_no_map_is_zoomed_out_until_the_county_is_lost(desktop: Reader) -> None:
    desktop.open("layer=abandoned_parcel")
    desktop.shapes("area", 3)
    before = frame(desktop, "map").evaluate(PLACE)[2]
    out = desktop.frame.locator(".leaflet-control-zoom-out")
    for _ in range(6):
        out.click(force=True)
        desktop.page.wait_for_timeout(350)
    assert frame(desktop, "map").evaluate(PLACE)[2] > before / 4
    assert "leaflet-disabled" in str(out.get_attribute("class"))


def test_pointing_at_an_area_does_not_hide_the_parcels_on_it(desktop: Reader) -> None:
    desktop.open("layer=abandoned_parcel&area=990101100")
    desktop.shapes("area", 3)
    desktop.frame.locator(".leaflet-control-zoom-in").click()
    desktop.page.wait_for_timeout(800)
    first = desktop.frame.locator("path.xt-area").first
    first.dispatch_event("mouseover")
    assert "xt-hover" in str(first.get_attribute("class"))
    assert float(first.evaluate("(one) => getComputedStyle(one).fillOpacity")) == pytest.approx(0.28)
