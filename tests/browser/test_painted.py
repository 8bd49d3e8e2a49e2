"""Tiles of a very large layer in Chromium: painted beside the page, clicked by place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Watch, serving, still

pytestmark = pytest.mark.browser
LARGE_FROM_ONE = (
    "-c",
    "import pipelines.area_rows as rows; rows.LARGE = 0; from pipelines.__main__ import main; main()",
)
COLOURS = """() => {
  const found = {};
  document.querySelectorAll("canvas.xt-painted").forEach((one) => {
    const data = one.getContext("2d").getImageData(0, 0, one.width, one.height).data;
    for (let at = 0; at < data.length; at += 4) {
      if (data[at + 3] < 200) continue;
      const colour = [data[at], data[at + 1], data[at + 2]].map((one) => Math.round(one / 16)).join();
      found[colour] = (found[colour] || 0) + 1;
    }
  });
  return found;
}"""
"""How many opaque pixels of which colour, in sixteenths of each part, are on the painted tiles."""
THINGS = (
    "() => [...document.querySelectorAll('canvas.xt-painted')].reduce((sum, one) => sum + (one.xtThings || 0), 0)"
)
MIDDLE = """() => {
  for (const one of document.querySelectorAll("canvas.xt-painted")) {
    const box = one.getBoundingClientRect(), wide = one.width;
    const data = one.getContext("2d").getImageData(0, 0, wide, one.height).data;
    const full = (x, y) => data[4 * (y * wide + x) + 3] > 200, around = [[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]];
    for (let y = 6; y < one.height - 6; y += 1) for (let x = 6; x < wide - 6; x += 1) {
      if (!around.every(([a, b]) => full(x + a, y + b))) continue;
      const at = { x: box.left + x * box.width / wide, y: box.top + y * box.height / one.height };
      if (at.x > 20 && at.y > 20 && at.x < innerWidth - 60 && at.y < innerHeight - 20) return at;
    }
  }
  return null;
}"""
"""A place well within something painted."""


@pytest.fixture(scope="module")
def large_server(county_folder: Path) -> Iterator[str]:
    with serving(county_folder, LARGE_FROM_ONE) as address:
        yield address


def test_the_parcels_of_a_village_are_painted_in_their_colours_and_one_is_found_by_a_click(
    browser: Browser, large_server: str
) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 1400})
    page = context.new_page()
    watch = Watch(large_server.removeprefix("http://"))
    page.on("request", watch.request)
    page.on("console", watch.console)
    page.goto(f"{large_server}/?lang=zh&layer=abandoned_parcel&area=990101101")
    frame: Any = page.locator(".st-key-map iframe").element_handle().content_frame()  # type: ignore[union-attr]
    frame.locator("path.xt-area").first.wait_for(state="attached", timeout=60_000)
    still(page)
    frame.locator("canvas.xt-painted").first.wait_for()
    still(page)
    frame.wait_for_function(f"({THINGS})() >= 12")
    assert len(frame.evaluate(COLOURS)) > 1
    for _ in range(2):
        frame.locator(".leaflet-control-zoom-in").click()
        page.wait_for_timeout(800)
    frame.wait_for_function(f"({MIDDLE})() !== null")
    still(page)
    at, box = frame.evaluate(MIDDLE), page.locator(".st-key-map iframe").bounding_box()
    assert at is not None and box is not None
    page.mouse.click(box["x"] + at["x"], box["y"] + at["y"])
    expect(page.locator(".xt-sheet")).to_contain_text("TB00")
    assert watch.clean()
    context.close()
