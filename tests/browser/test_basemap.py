"""Water, relief and a base map on a map in Chromium: all of it from this server, with its approval number."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Frame, expect

from tests.browser.conftest import Reader, reading, serving
from tests.dashboards.test_basemap import furnish

pytestmark = pytest.mark.browser

PAINTED = """() => [...document.querySelectorAll("canvas.xt-ground-tile")].some((canvas) => {
  const seen = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  return seen.some((value, at) => at % 4 === 3 && value > 0);
})"""


@pytest.fixture(scope="module")
def furnished(county_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the little county with a river, heights and a base map of pictures."""
    root = tmp_path_factory.mktemp("ground") / "county"
    shutil.copytree(county_folder, root)
    furnish(root)
    with serving(root) as address:
        yield address


@pytest.mark.parametrize(("width", "height", "lang"), [(1440, 900, "zh"), (390, 844, "en")])
def test_water_and_the_approval_number_are_on_the_map_and_one_switch_hides_them(
    browser: Browser, furnished: str, width: int, height: int, lang: str
) -> None:
    for reader in reading(browser, furnished, width, height, lang):
        reader.open("area=990101100")
        reader.shapes("area", 3)
        credit = reader.frame.locator(".xt-credit")
        expect(credit).to_contain_text("川S(2026)01号")
        frame = _frame(reader)
        frame.wait_for_function(PAINTED)
        expect(reader.frame.locator('img[src*="/ground/hillshade/"]').first).to_be_attached()
        expect(reader.frame.locator('img[src*="/ground/map/"]').first).to_be_attached()

        switch = reader.frame.locator(".xt-ground-switch a")
        expect(switch).to_have_attribute("aria-pressed", "true")
        switch.click()
        expect(credit).to_have_count(0)
        expect(reader.frame.locator("canvas.xt-ground-tile")).to_have_count(0)
        reader.open("area=990101101")
        reader.shapes("area", 2)
        expect(reader.frame.locator(".xt-ground-switch a")).to_have_attribute("aria-pressed", "false")
        expect(reader.frame.locator("canvas.xt-ground-tile")).to_have_count(0)
        assert reader.watch.clean()


def test_a_click_through_the_ground_still_picks_a_village(browser: Browser, furnished: str) -> None:
    for reader in reading(browser, furnished, 1440, 900, "zh"):
        reader.open("area=990101101")
        villages = reader.shapes("area", 2)
        _frame(reader).wait_for_function(PAINTED)
        villages.first.click()
        expect(reader.row("清泉村").or_(reader.page.get_by_text("清泉村")).first).to_be_visible()
        reader.page.wait_for_url("**area=99010110120*")
        assert reader.watch.clean()


def _frame(reader: Reader) -> Frame:
    found = reader.page.locator(".st-key-map iframe").element_handle().content_frame()
    assert found is not None
    return found
