"""The planner's way in a browser: zones, a drawn mark, a reply, and versions; in both languages and sizes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from pipelines.review_marks import marks
from pipelines.workspace import Workspace
from tests.browser.conftest import Reader, reading, serving, still
from tests.dashboards.planning_county import HOSTILE, build_planning

WORDS = {
    "zh": {
        "draw": "在图上画",
        "done": "画好了",
        "send": "提交意见",
        "comment": "意见",
        "sent": "意见已记入台账。",
    },
    "en": {
        "draw": "Draw on the map",
        "done": "Finished",
        "send": "Send mark",
        "comment": "Comment",
        "sent": "The mark is in the ledger.",
    },
}


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_planning(tmp_path_factory.mktemp("planned"))


@pytest.fixture(scope="module")
def planning_server(planned: Path) -> Iterator[str]:
    with serving(planned) as address:
        yield address


@pytest.fixture(params=[(1440, 900, "zh"), (1440, 900, "en"), (390, 844, "zh"), (390, 844, "en")], ids=str)
def planner(request: pytest.FixtureRequest, browser: Browser, planning_server: str) -> Iterator[Reader]:
    width, height, lang = request.param
    yield from reading(browser, planning_server, width, height, lang)


def test_a_zone_is_picked_marked_and_compared(planner: Reader, planned: Path) -> None:
    page, words = planner.page, WORDS[planner.lang]
    planner.open("page=planner")
    rows = page.locator(".timeline button.row")
    expect(rows).to_have_count(3)
    expect(page.locator(".planmap path.pick")).to_have_count(3)
    # What a sender wrote as a zone's name is text on the page, also in the timeline.
    expect(rows.filter(has_text=HOSTILE)).to_have_count(1)
    assert not planner.overflows()
    # All of the time is seen at once, on a phone too.
    wide = page.locator(".timeline .scroller").evaluate("(one) => one.scrollWidth - one.clientWidth")
    assert wide <= 0
    rows.filter(has_text=HOSTILE).click()
    page.wait_for_url("**thing=P01**")
    page.locator(".st-key-to_marks button").click()
    page.wait_for_url("**view=marks**")
    # What is drawn anew meanwhile would lose the drawing.
    still(page)
    before = len(marks(Workspace(planned), as_of=date.max, zone_id="P01"))
    page.get_by_role("button", name=words["draw"]).click()
    canvas = page.locator(".planmap .canvas")
    expect(canvas).to_have_count(1)
    box = canvas.bounding_box()
    assert box is not None
    for dx, dy in ((0.35, 0.4), (0.55, 0.4), (0.45, 0.6)):
        canvas.click(position={"x": box["width"] * dx, "y": box["height"] * dy})
    page.get_by_role("button", name=words["done"]).click()
    field = page.locator(".st-key-mark_comment textarea")
    field.fill(HOSTILE)
    field.blur()
    page.get_by_role("button", name=words["send"]).click()
    expect(page.get_by_text(words["sent"])).to_be_visible()
    found = marks(Workspace(planned), as_of=date.max, zone_id="P01")
    assert len(found) == before + 1
    assert found[0].shape is not None
    assert found[0].shape.geom_type == "Polygon"
    assert not planner.overflows()
    planner.open("page=planner&view=versions&thing=P01")
    expect(page.locator(".planmap path.still").first).to_be_attached()
    assert not planner.overflows()
    assert planner.watch.clean()


def sizes(planner: Reader) -> list[float]:
    """How large the shapes that can be picked are drawn."""
    shapes = planner.page.locator(".planmap path.pick").all()
    boxes = [box for box in (one.bounding_box() for one in shapes) if box is not None]
    return [max(box["width"], box["height"]) for box in boxes]


def scale(planner: Reader) -> str:
    """How near the map is."""
    return planner.page.locator(".planmap .leaflet-control-scale-line").inner_text()


def test_conflicts_too_small_to_be_seen_are_marked_with_their_number_and_open_to_their_shapes(
    planner: Reader,
) -> None:
    page = planner.page
    planner.open("page=planner&view=conflicts")
    bundle = page.locator(".planmap .bundle")
    expect(bundle).to_have_count(1)
    expect(bundle).to_have_text("2")
    # What is drawn is in sight.
    canvas = planner.page.locator(".planmap .canvas").bounding_box()
    mark = bundle.bounding_box()
    assert canvas is not None and mark is not None
    assert canvas["x"] < mark["x"] < canvas["x"] + canvas["width"]
    assert canvas["y"] < mark["y"] < canvas["y"] + canvas["height"]
    box = bundle.bounding_box()
    assert box is not None and box["width"] >= 24
    assert max(sizes(planner)) < 14
    expect(page.locator(".xt-legend .xt-dot")).to_have_count(1)
    bundle.click()
    expect(bundle).to_have_count(0)
    page.wait_for_timeout(700)
    assert min(sizes(planner)) >= 14
    assert planner.watch.clean()


def test_a_conflict_picked_from_the_list_is_gone_to_and_the_view_before_is_given_back(planner: Reader) -> None:
    page = planner.page
    planner.open("page=planner&view=conflicts")
    expect(page.locator(".planmap .bundle")).to_have_count(1)
    still(page)
    before = scale(planner)
    page.locator("tbody tr", has_text="TB0001").click()
    expect(page.locator(".planmap path.chosen")).to_have_count(1)
    still(page)
    assert max(sizes(planner)) > 40
    page.locator(".st-key-close button").click()
    expect(page.locator(".planmap path.chosen")).to_have_count(0)
    still(page)
    assert scale(planner) == before
    assert not planner.overflows()
