"""Every door of the running server, from a township's account: nothing of another township comes through any."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import APIResponse, Browser, BrowserContext, Page, expect

from pipelines.marks_places import LAYER as SITES
from tests.browser.conftest import serving, still
from tests.dashboards.doors import SECRET, photographed, picture, staffed
from tests.dashboards.every_county import EAST, STONE, build_every, foreign
from tests.dashboards.little_county import TOWNSHIPS
from tests.dashboards.test_gate import EAST_TILE, STONE_TILE, address_of_tile

pytestmark = pytest.mark.browser
PAGES = ("leader", "agriculture", "planner", "inspector")
ASKED = (
    f"area={EAST}",
    f"area={EAST}201&layer=inspection_point&thing=HJ21",
    "view=list&layer=land_transfer",
    f"view=things&area={EAST}",
    "thing=PQ2&view=marks",
)
PLAIN = (
    f"/print?area={EAST}&view=things",
    f"/print?versus={EAST}",
    f"/print?area={EAST}&sheet=profile",
    "/print?layer=inspection_point&thing=HJ21&view=things",
    "/print/parcel?layer=abandoned_parcel&thing=TB0030",
    "/mark/setup",
    "/mark/areas",
    "/mark/where?lon=106.012&lat=31.1",
    "/mark/sites?lon=106.012&lat=31.1",
    EAST_TILE,
    address_of_tile(106.0205, 31.0905).replace("abandoned_parcel", "contract_parcel"),
    EAST_TILE.replace("abandoned_parcel", "land_transfer"),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return staffed(build_every(tmp_path_factory.mktemp("every")), tmp_path_factory.mktemp("staffed"))


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with serving(folder) as found:
        yield found


def visitor(browser: Browser, address: str, name: str) -> tuple[BrowserContext, Page]:
    """A browser in which that account is signed in."""
    context = browser.new_context(base_url=address, accept_downloads=True)
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto("/sign-in?to=/mark")
    page.locator('input[name="name"]').fill(name)
    page.locator('input[name="password"]').fill(SECRET)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"//[^/]+/mark(\?|$)"))
    return context, page


@pytest.fixture
def stone(browser: Browser, address: str) -> Iterator[tuple[BrowserContext, Page]]:
    context, page = visitor(browser, address, "石桥")
    yield context, page
    context.close()


@pytest.fixture
def east(browser: Browser, address: str) -> Iterator[tuple[BrowserContext, Page]]:
    context, page = visitor(browser, address, "东山")
    yield context, page
    context.close()


def of_others(text: str, asked: str) -> list[str]:
    """What of the other townships stands in an answer besides what the question itself named."""
    for value in re.findall(r"=([^&]+)", asked):
        text = text.replace(value, "")
    return [one for one in foreign(STONE) if one in text]


@pytest.mark.parametrize("asked", PLAIN)
def test_no_address_gives_a_township_anything_of_another(stone: tuple[BrowserContext, Page], asked: str) -> None:
    answer = stone[0].request.get(asked)
    assert answer.status in (200, 204, 404)
    # The form's map needs its bearings: names, codes and outlines of all townships are no secret.
    known = set(TOWNSHIPS) if asked == "/mark/areas" else set()
    assert set(of_others(_text(answer), asked)) <= known


def test_the_same_addresses_do_give_their_own_to_the_other(east: tuple[BrowserContext, Page]) -> None:
    """Else the test above would prove nothing."""
    found = [asked for asked in PLAIN if of_others(_text(east[0].request.get(asked)), asked)]
    assert set(PLAIN) - set(found) <= {"/print/parcel?layer=abandoned_parcel&thing=TB0030", "/mark/setup"}


def _text(answer: APIResponse) -> str:
    return answer.body().decode("utf-8", "replace")


@pytest.mark.parametrize("name", PAGES)
def test_no_page_shows_a_township_anything_of_another(stone: tuple[BrowserContext, Page], name: str) -> None:
    page = stone[1]
    sent: list[str] = []
    page.on("websocket", lambda one: one.on("framereceived", lambda body: sent.append(_readable(body))))
    for asked in ASKED:
        page.goto(f"/?page={name}&{asked}")
        page.locator(".st-key-top").wait_for()
        still(page)
        shown = "\n".join([page.locator("[data-testid=stMain]").inner_text(), *sent])
        assert of_others(shown, asked) == [], asked
        # What comes late says the last address again, and is no answer to the next.
        page.goto("about:blank")
        sent.clear()


def _readable(body: str | bytes) -> str:
    text = body if isinstance(body, str) else body.decode("utf-8", "ignore")
    return re.sub(r"\\u([0-9a-f]{4})", lambda one: chr(int(one[1], 16)), text)


def test_no_search_finds_a_township_anything_of_another(stone: tuple[BrowserContext, Page]) -> None:
    page = stone[1]
    page.goto("/?page=leader&lang=zh")
    box = page.locator(".find input")
    for text in ("TB0030", "东山村", "东字", EAST):
        box.fill(text)
        expect(page.locator(".find .nothing")).to_be_visible()
    box.fill("前进")
    expect(page.locator(".find li.hit").first).to_contain_text("前进村")


def test_photos_are_given_to_their_own_township_alone(
    stone: tuple[BrowserContext, Page], east: tuple[BrowserContext, Page], folder: Path, tmp_path: Path
) -> None:
    digest = photographed(folder, "HJ21", "东山", "rectified", picture(tmp_path / "b.jpg", "blue"), layer=SITES)
    for kind in ("view", "thumb"):
        assert east[0].request.get(f"/photos/{digest}/{kind}.jpg").status == 200
        assert stone[0].request.get(f"/photos/{digest}/{kind}.jpg").status == 404


@pytest.mark.parametrize("kind", ["xlsx", "gpkg"])
def test_a_download_is_given_to_whom_it_was_made_for(
    stone: tuple[BrowserContext, Page], east: tuple[BrowserContext, Page], kind: str
) -> None:
    page = east[1]
    page.goto("/?page=agriculture&view=list&lang=zh")
    page.get_by_role("button", name="下载").click()
    page.locator(f"[class*=st-key-agri_make_{kind}] button").click()
    with page.expect_download() as taken:
        page.locator(f"[class*=st-key-agri_take_{kind}] button").click()
    file = taken.value.url
    assert "/media/" in file
    assert east[0].request.get(file).status == 200
    assert stone[0].request.get(file).status == 404


def test_a_place_for_uploads_takes_files_from_its_own_reader_alone(
    stone: tuple[BrowserContext, Page], east: tuple[BrowserContext, Page], tmp_path: Path
) -> None:
    page, places = east[1], []
    page.on("request", lambda one: places.append(one.url) if "/upload_file/" in one.url else None)
    page.goto("/?page=agriculture&view=list&stage=remediating&lang=zh")
    page.locator("tbody tr").first.wait_for()
    still(page)
    page.locator("tbody tr").first.press("Space")
    page.locator(".st-key-agri_act_open button").click()
    with page.expect_response(re.compile("/upload_file/")) as taken:
        page.locator(".st-key-agri_photos input[type=file]").set_input_files(picture(tmp_path / "c.jpg", "green"))
    assert taken.value.status == 204
    for method in ("PUT", "DELETE"):
        refused = stone[0].request.fetch(places[0], method=method, headers={"origin": _origin(places[0])})
        assert refused.status == 404


def _origin(url: str) -> str:
    return "/".join(url.split("/")[:3])


def test_tiles_of_ones_own_do_come(stone: tuple[BrowserContext, Page]) -> None:
    assert stone[0].request.get(STONE_TILE).status == 200


def test_no_form_changes_anything_of_another_township(stone: tuple[BrowserContext, Page]) -> None:
    context = stone[0]
    token = context.request.get("/mark/setup").json()["token"]
    head = {"x-xiangtu-token": token}
    for given in (
        {"id": "HJ21", "act": "step", "to": "claimed", "base_version": "1"},
        {"id": "HJ21", "act": "undo", "to": "", "base_version": "1"},
    ):
        answer = context.request.post("/mark/act", multipart=given, headers=head)
        assert answer.status == 403
        assert of_others(answer.text(), urlencode(given)) == []
