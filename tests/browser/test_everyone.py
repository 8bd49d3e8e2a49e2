"""What holds on every page in Chromium: hostile text, long names on a phone, the keyboard, paper, two clicks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, cast

import pytest
from playwright.sync_api import Browser, Page, expect

from dashboards.words import Lang, say
from pipelines.act import act
from tests.browser.conftest import Reader, reading, serving, still
from tests.dashboards.doors import picture
from tests.dashboards.every_county import PAYLOAD, STONE, build_wild
from tests.dashboards.little_county import SOUTH, WEST

pytestmark = pytest.mark.browser
VIEWS = (
    "page=leader",
    f"page=leader&area={STONE}201",
    "page=leader&layer=inspection_point&thing=HJ01",
    "page=leader&view=things&layer=land_transfer",
    "page=leader&versus=2026-01-31",
    "page=agriculture",
    "page=agriculture&view=list",
    "page=agriculture&view=map",
    "page=agriculture&view=rule",
    "page=agriculture&layer=land_transfer&view=list",
    "page=agriculture&layer=land_transfer&view=list&thing=ZL01",
    "page=planner",
    "page=planner&thing=PQ0",
    "page=planner&view=conflicts",
    "page=planner&view=marks&thing=PQ0",
    "page=planner&view=versions&thing=PQ0",
    "page=inspector&km=all",
    "page=inspector&view=spots",
    "page=inspector&view=fair",
    "page=inspector&thing=HJ01",
)
PLAIN = (
    "/print?layer=inspection_point&view=things",
    f"/print?area={STONE}&sheet=profile",
    "/print?versus=2026-01-31",
    "/mark",
)
EVERY = [*(f"/?{view}" for view in VIEWS), *PLAIN]
EAST_PARCEL, STONE_PARCEL = "TB0030", "TB0001"


@pytest.fixture(scope="module")
def wild_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = build_wild(tmp_path_factory.mktemp("wild"))
    photos = tmp_path_factory.mktemp("photos")
    steps = (("accepted", "bureau:农业农村局/甲", "red"), ("in_use", f"township:{PAYLOAD}/乙", "blue"))
    for number, (stage, who, colour) in enumerate(steps):
        moment = datetime(2026, 4 + number, 10, 2, tzinfo=UTC)
        act(
            root,
            "abandoned_parcel",
            STONE_PARCEL,
            stage,
            who,
            note=PAYLOAD,
            photo=picture(photos / f"{number}.jpg", colour),
            now=moment,
        )
    return root


@pytest.fixture(scope="module")
def wild_server(wild_folder: Path) -> Iterator[str]:
    with serving(wild_folder) as address:
        yield address


@pytest.fixture
def desk(browser: Browser, wild_server: str) -> Iterator[Reader]:
    yield from reading(browser, wild_server, 1440, 900, "zh")


@pytest.fixture(params=["zh", "en"])
def small(request: pytest.FixtureRequest, browser: Browser, wild_server: str) -> Iterator[Reader]:
    yield from reading(browser, wild_server, 360, 740, request.param)


def settled(reader: Reader, address: str) -> None:
    """Open an address and wait until nothing more is drawn."""
    page = reader.page
    between = "&" if "?" in address else "?"
    page.goto(f"{reader.server}{address}{between}lang={reader.lang}")
    if address.startswith("/?"):
        page.locator(".st-key-top").wait_for()
    still(page)


def ran(page: Page) -> list[str]:
    """The frames in which text from data ran as markup."""
    return [frame.url for frame in page.frames if frame.evaluate("window.hit !== undefined")]


def too_wide(page: Page) -> list[str]:
    """What is wider than the screen, of the page and its main part."""
    found: list[str] = page.evaluate(
        """() => [document.documentElement, document.querySelector("[data-testid=stMain]")]
          .filter((one) => one && one.scrollWidth > window.innerWidth)
          .map((one) => `${one.tagName} ${one.scrollWidth}`)"""
    )
    return found


@pytest.mark.parametrize("address", EVERY)
def test_long_names_and_hostile_ones_stay_text_within_the_smallest_phone(small: Reader, address: str) -> None:
    settled(small, address)
    assert too_wide(small.page) == []
    assert ran(small.page) == []
    assert small.watch.clean()


def test_hostile_text_is_text_under_the_mouse_in_lists_and_in_search(desk: Reader) -> None:
    page = desk.page
    settled(desk, f"/?page=leader&layer=inspection_point&area={STONE}201")
    desk.shapes("thing", 2).first.hover(force=True)
    expect(desk.frame.locator(".leaflet-tooltip")).to_be_visible()
    desk.frame.locator("path.xt-thing").first.dispatch_event("click")
    expect(page.locator(".xt-sheet")).to_contain_text(PAYLOAD)
    page.keyboard.press("/")
    page.keyboard.type("<img", delay=30)
    expect(page.locator(".find li.hit").first).to_be_visible()
    assert ran(page) == []
    settled(desk, "/?page=planner")
    row = page.locator(".timeline button.row").first
    row.hover()
    expect(row).to_contain_text(PAYLOAD)
    path = page.locator(".planmap path.pick").first
    path.hover(force=True)
    still(page)
    assert ran(page) == []
    settled(desk, "/?page=inspector&km=all")
    page.locator(".inspector .map .stop").first.hover(force=True)
    still(page)
    expect(page.locator(".inspector .card").first).to_contain_text(PAYLOAD)
    assert ran(page) == []
    assert desk.watch.clean()


def test_from_a_tile_on_the_map_to_the_photo_in_two_clicks(desk: Reader) -> None:
    page = desk.page
    settled(desk, f"/?page=leader&area={STONE}")
    frame = next(one for one in page.frames if "streamlit_folium" in one.url)
    frame.wait_for_function("Boolean(window.map)")
    frame.evaluate(f"window.map.setView([{SOUTH + 0.0045}, {WEST + 0.0045}], 17, {{animate: false}})")
    still(page)
    place = frame.evaluate(
        f"(() => {{ const p = window.map.latLngToContainerPoint([{SOUTH + 0.0042}, {WEST + 0.0042}]);"
        " return [p.x, p.y]; })()"
    )
    box = page.locator(".st-key-map iframe").bounding_box()
    assert box is not None
    # The first click.
    page.mouse.click(box["x"] + place[0], box["y"] + place[1])
    expect(page).to_have_url(re.compile(f"thing={STONE_PARCEL}"))
    pair = page.locator(".xt-sheet .xt-pair")
    expect(pair.locator("img")).to_have_count(2)
    expect(pair).to_contain_text("2026年4月10日")
    expect(pair).to_contain_text("2026年5月10日")
    # The second.
    with page.expect_popup() as opened:
        pair.locator("a").first.click()
    photo = opened.value
    photo.wait_for_load_state()
    assert re.search(r"/photos/[0-9a-f]{64}/view\.jpg$", photo.url)
    assert photo.evaluate("document.images[0].naturalWidth") == 64
    assert ran(page) == []
    assert desk.watch.clean()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_keyboard_comes_past_the_head_in_one_step_and_its_place_is_seen(
    browser: Browser, wild_server: str, lang: str
) -> None:
    for reader in reading(browser, wild_server, 1440, 900, lang):
        page = reader.page
        settled(reader, "/?page=leader")
        # The first stop is the page itself, which scrolls.
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        skip = page.locator(".skip button")
        expect(skip).to_be_focused()
        expect(skip).to_have_text(say("action.skip", cast("Lang", lang)))
        box = skip.bounding_box()
        assert box is not None and box["y"] >= 0
        page.keyboard.press("Enter")
        passed = page.evaluate(
            "(() => { const head = document.querySelector('.st-key-top'), here = document.activeElement;"
            " return !head.contains(here) && Boolean(head.compareDocumentPosition(here) & 4); })()"
        )
        assert passed
        unseen = []
        for _ in range(12):
            page.keyboard.press("Tab")
            seen = page.evaluate(SEEN)
            if seen is not True:
                unseen.append(seen)
        assert unseen == []


SEEN = """() => {
  let here = document.activeElement;
  while (here && here.shadowRoot && here.shadowRoot.activeElement) here = here.shadowRoot.activeElement;
  if (!here || here === document.body || here.tagName === "IFRAME") return true;
  const drawn = (one) => {
    const style = getComputedStyle(one);
    const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
    return ring || style.boxShadow !== "none" || style.borderTopColor === "rgb(27, 94, 115)";
  };
  for (let one = here, k = 0; one && k < 4; one = one.parentElement, k += 1) if (drawn(one)) return true;
  return here.outerHTML.slice(0, 200);
}"""


@pytest.mark.parametrize("view", ["page=planner", "page=inspector&view=fair", "page=agriculture&view=list"])
def test_the_print_button_prints_the_page_that_is_open(desk: Reader, view: str) -> None:
    page = desk.page
    page.add_init_script("window.print = () => { window.printed = location.href; }")
    settled(desk, f"/?{view}")
    page.locator(".paper button").click()
    page.wait_for_function("window.printed")
    assert view in page.evaluate("window.printed")
    body = page.pdf(prefer_css_page_size=True)
    assert len(body) > 20_000
    assert len(re.findall(rb"/Type\s*/Page[^s]", body)) <= 6
    assert desk.watch.clean()


def test_a_comparison_prints_as_two_maps_on_one_page(desk: Reader) -> None:
    settled(desk, "/?page=leader&versus=2026-01-31")
    with desk.page.expect_popup() as opened:
        desk.page.locator('.st-key-top [data-testid="stLinkButton"] a').click()
    sheet = opened.value
    sheet.wait_for_load_state()
    expect(sheet.locator("svg")).to_have_count(2)
    body = sheet.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page[^s]", body)) == 1
    assert desk.watch.clean()


FAINT = """() => {
  const parse = (text) => {
    const numbers = (text.match(/-?[\\d.]+(?:e-?\\d+)?/g) || []).map(Number);
    const unit = text.startsWith("color(srgb") ? 1 : 255;
    return [numbers[0] / unit, numbers[1] / unit, numbers[2] / unit, numbers[3] === undefined ? 1 : numbers[3]];
  };
  const over = (a, b) => [0, 1, 2].map((k) => a[k] * a[3] + b[k] * (1 - a[3])).concat(1);
  const light = (c) => {
    const [r, g, b] = c.slice(0, 3).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const up = (one) => one.parentElement || one.getRootNode().host || null;
  const found = [];
  const look = (one) => {
    const text = [...one.childNodes].filter((n) => n.nodeType === 3).map((n) => n.textContent.trim()).join("");
    const box = one.getBoundingClientRect();
    const shown = one.checkVisibility({ visibilityProperty: true, opacityProperty: true });
    if (text && box.width && box.height && shown) {
      const grounds = [];
      let strength = 1, picture = false, idle = false;
      for (let at = one; at; at = up(at)) {
        const style = getComputedStyle(at);
        strength *= Number(style.opacity);
        if (at.disabled || at.ariaDisabled === "true" || at.ariaHidden === "true") idle = true;
        // The value of a slider stands beside its knob, on the ground of the page.
        if (at.tagName === "svg" || at.dataset.testid === "stSliderThumbValue") idle = true;
        if (style.backgroundImage !== "none") picture = true;
        const ground = parse(style.backgroundColor);
        if (ground[3] > 0 && !(grounds.length && grounds.at(-1)[3] === 1)) grounds.push(ground);
      }
      if (!picture && !idle) {
        const ground = grounds.reverse().reduce((below, one) => over(one, below), [1, 1, 1, 1]);
        const style = getComputedStyle(one), ink = parse(style.color);
        const seen = over([...ink.slice(0, 3), ink[3] * strength], ground);
        const [low, high] = [light(seen), light(ground)].sort((a, b) => a - b);
        const size = parseFloat(style.fontSize);
        const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
        const ratio = (high + 0.05) / (low + 0.05);
        if (ratio < (large ? 3 : 4.5)) found.push(`${text.slice(0, 30)} ${ratio.toFixed(2)} ${one.className}`);
      }
    }
    [...one.children].forEach(look);
    if (one.shadowRoot) [...one.shadowRoot.children].forEach(look);
  };
  look(document.body);
  return found;
}"""
READ = (
    "/?page=leader",
    "/?page=leader&layer=inspection_point&thing=HJ01",
    "/?page=agriculture",
    "/?page=agriculture&view=list",
    "/?page=agriculture&view=rule",
    "/?page=planner&thing=PQ0",
    "/?page=inspector&km=all",
    "/?page=inspector&view=fair",
    "/?page=inspector&thing=HJ01",
    "/mark",
    "/print?view=things",
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_can_be_read_by_day_and_by_night(desk: Reader, scheme: Literal["light", "dark"]) -> None:
    desk.page.emulate_media(color_scheme=scheme)
    faint = {}
    for address in READ:
        settled(desk, address)
        words = desk.page.evaluate(FAINT)
        if words:
            faint[address] = sorted(set(words))
    assert faint == {}
