"""How long a reader waits for the map of a large county, measured in headless Chromium.

    .venv/bin/python -m tests.bench.pages WORKSPACE [--layers abandoned_parcel contract_parcel] [--folium 50000]

Prints, as JSON: seconds until a page is drawn on a server that has just been started, how long after that it has
made its pages ready (`at_rest_after_s`), seconds until a page is drawn in a new browser from then on; and for
each layer, on an open page: until a township's map with its things is drawn (`township_s`: each of three), what is
drawn, the longest time between two frames while the map is dragged and zoomed and how long until all tiles are
there, seconds until a click on a thing shows its sheet, and the server's memory. `--folium N …` beside it: own
GeoJson of folium, of N things of the first layer, in a page of its own.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Frame, Page, sync_playwright

from tests.bench.folium_page import measure_folium
from tests.bench.serving import at_rest, memory_mb, serving
from tests.chromium import QUIET

SCREEN = {"width": 1440, "height": 900}
WARMING_S = 240
OURS = """
if (!window.xtBench) {
  window.xtBench = { renderers: [] };
  const make = L.canvas.tile;
  L.canvas.tile = function (...given) {
    const made = make.apply(this, given);
    xtBench.renderers.push(made);
    return made;
  };
}
Object.assign(window.xtBench, {
  map() {
    this.kept = this.kept || Object.values(window).find((one) => one && L.Map && one instanceof L.Map);
    return this.kept;
  },
  grids() {
    const found = [];
    this.map().eachLayer((one) => {
      if (one instanceof L.GridLayer && !(one instanceof L.TileLayer)) found.push(one);
    });
    return found;
  },
  drawn(key) {
    const map = this.map();
    if (!map || !map.xtWanted || map.xtWanted.key !== key || map._animatingZoom) return false;
    const tiles = this.grids().flatMap((one) => Object.values(one._tiles));
    return tiles.length > 0 && tiles.every((one) => one.loaded);
  },
  shown() { return this.renderers.filter((one) => one._container.isConnected); },
  things() {
    const kept = this.shown().reduce((sum, one) => sum + Object.keys(one._layers).length, 0);
    const painted = [...document.querySelectorAll("canvas.xt-painted")];
    return painted.reduce((sum, one) => sum + (one.xtThings || 0), kept);
  },
  state() {
    const map = this.map();
    const tiles = this.grids().flatMap((one) => Object.values(one._tiles));
    return { zoom: map.getZoom(), wanted: map.xtWanted && map.xtWanted.key, tiles: tiles.length,
             loaded: tiles.filter((one) => one.loaded).length, things: this.things() };
  },
  /* Where in the frame the thing nearest to the middle stands. */
  target() {
    const map = this.map(), middle = map.getSize().divideBy(2);
    let best = null;
    if (document.querySelector("canvas.xt-painted")) return this.filled(middle);
    this.shown().forEach((tile) => {
      const { x, y, z } = tile._tileCoord, size = tile._size;
      Object.values(tile._layers).forEach((one) => {
        const ring = one._parts && one._parts[0];
        if (!ring || ring.length < 3) return;
        const at = ring.reduce((sum, p) => [sum[0] + p.x / ring.length, sum[1] + p.y / ring.length], [0, 0]);
        if (!this.holds(ring, at)) return;
        const world = L.point(x * size.x + at[0], y * size.y + at[1]);
        const shown = map.latLngToContainerPoint(map.unproject(world, z));
        const far = shown.distanceTo(middle);
        if (!best || far < best.far) best = { far, x: shown.x, y: shown.y };
      });
    });
    return best;
  },
  holds(ring, [x, y]) {
    return ring.reduce((inside, p, i) => {
      const q = ring[(i + 1) % ring.length];
      return (p.y > y) !== (q.y > y) && x < p.x + ((q.x - p.x) * (y - p.y)) / (q.y - p.y) ? !inside : inside;
    }, false);
  },
  /* The place nearest to the middle that lies well inside of something painted. */
  filled(middle) {
    let best = null;
    document.querySelectorAll("canvas.xt-painted").forEach((one) => {
      const box = one.getBoundingClientRect(), fine = one.width / box.width;
      const data = new Uint32Array(one.getContext("2d").getImageData(0, 0, one.width, one.height).data.buffer);
      for (let y = 3; y < one.height - 3; y += 1) {
        for (let x = 3; x < one.width - 3; x += 1) {
          const at = y * one.width + x, here = data[at];
          const around = [1, -1, one.width, -one.width];
          if (!(here >>> 24) || !around.every((step) => data[at + step] === here)) continue;
          const place = { x: box.left + x / fine, y: box.top + y / fine };
          const far = middle.distanceTo(L.point(place.x, place.y));
          if (!best || far < best.far) best = { far, ...place };
        }
      }
    });
    return best;
  },
  watch() {
    this.gaps = [];
    let last = performance.now();
    const tick = () => {
      const now = performance.now();
      this.gaps.push(now - last);
      last = now;
      if (!this.over) requestAnimationFrame(tick);
    };
    this.over = false;
    requestAnimationFrame(tick);
  },
  longest() { this.over = true; return Math.round(Math.max(...this.gaps)); },
});
"""


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--layers", nargs="+", default=["abandoned_parcel", "contract_parcel"])
    parser.add_argument("--folium", type=int, nargs="+", default=[], metavar="N")
    chosen = parser.parse_args()
    made: dict[str, Any] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(QUIET))
        with serving(chosen.workspace) as (server, process):
            made["first_page_of_a_new_server_s"] = _opened(browser, server)
            made["at_rest_after_s"] = at_rest(process, WARMING_S)
            made["server_memory_mb"] = {"ready": memory_mb(process)["now"]}
            made["cold_page_s"] = [_opened(browser, server) for _ in range(3)]
            print(made, file=sys.stderr, flush=True)
            for layer in chosen.layers:
                made[layer] = _layer(browser, server, layer)
                print(made[layer], file=sys.stderr, flush=True)
                made["server_memory_mb"][layer] = memory_mb(process)["now"]
            made["server_memory_mb"]["most"] = memory_mb(process)["most"]
        for count in chosen.folium:
            with tempfile.TemporaryDirectory() as folder:
                beside = measure_folium(browser, chosen.workspace, chosen.layers[0], count, Path(folder))
            made.setdefault("folium", []).append(beside)
        browser.close()
    print(json.dumps(made, ensure_ascii=False, indent=1))


def _opened(browser: Browser, server: str) -> float:
    """Seconds until the leader's page is drawn in a browser that has nothing of it yet."""
    context = browser.new_context(viewport=SCREEN)  # type: ignore[arg-type]
    page = context.new_page()
    begun = time.monotonic()
    page.goto(f"{server}/?lang=zh&page=leader&layer=abandoned_parcel")
    _county_drawn(page)
    taken = time.monotonic() - begun
    context.close()
    return round(taken, 2)


def _county_drawn(page: Page) -> Frame:
    """The frame of the map, once the townships are on it and in the table."""
    page.locator("tbody tr[data-key]").nth(5).wait_for(timeout=180_000)
    page.frame_locator(".st-key-map iframe").locator("path.xt-area").nth(5).wait_for(timeout=180_000)
    handle = page.locator(".st-key-map iframe").element_handle()
    frame = handle.content_frame() if handle is not None else None
    assert frame is not None
    frame.evaluate(OURS)
    return frame


def _layer(browser: Browser, server: str, layer: str) -> dict[str, Any]:
    """What one layer takes on an open page."""
    context = browser.new_context(viewport=SCREEN)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{server}/?lang=zh&page=leader&layer={layer}")
    frame = _county_drawn(page)
    codes = page.eval_on_selector_all("tbody tr[data-key]", "rows => rows.map((row) => row.dataset.key)")
    made: dict[str, Any] = {"township_s": [], "things_drawn": []}
    for code in [one for one in codes if len(one) == 9][:3]:
        page.wait_for_timeout(1_000)
        made["township_s"].append(_township(page, frame, code))
        made["things_drawn"].append(frame.evaluate("xtBench.things()"))
        if code != codes[2]:
            page.locator("[class*=st-key-crumb_] button").first.dispatch_event("click")
    page.wait_for_timeout(1_500)
    made |= _moved(page, frame)
    page.wait_for_timeout(1_500)
    made["click_s"] = [_clicked(page, frame) for _ in range(3)]
    context.close()
    return made


def _township(page: Page, frame: Frame, code: str) -> float:
    row = page.locator(f'tbody tr[data-key="{code}"]')
    row.wait_for(timeout=120_000)
    begun = time.monotonic()
    row.dispatch_event("click")
    frame.wait_for_function(f"xtBench.drawn('{code}')", timeout=120_000, polling="raf")
    return round(time.monotonic() - begun, 2)


def _moved(page: Page, frame: Frame) -> dict[str, Any]:
    """Dragging the map by a third of its width, then zooming in and out."""
    box = page.locator(".st-key-map iframe").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def _drag() -> None:
        page.mouse.move(x, y)
        page.mouse.down()
        for step in range(1, 21):
            page.mouse.move(x - step * box["width"] / 60, y)
        page.mouse.up()

    def _zoom(by: int) -> Callable[[], None]:
        def act() -> None:
            # Nothing is given back: to write the whole map down for the test would itself take 200 ms.
            frame.evaluate(f"() => {{ xtBench.map().setZoom(xtBench.map().getZoom() + {by}); }}")

        return act

    found = {}
    for name, act in (("pan", _drag), ("zoom_in", _zoom(1)), ("zoom_out", _zoom(-1))):
        page.mouse.move(x, y)
        frame.evaluate("xtBench.watch()")
        act()
        begun = time.monotonic()
        frame.wait_for_timeout(350)
        frame.wait_for_function("xtBench.drawn(xtBench.map().xtWanted.key)", timeout=60_000, polling="raf")
        found[f"{name}_longest_frame_ms"] = frame.evaluate("xtBench.longest()")
        found[f"{name}_tiles_ms"] = round((time.monotonic() - begun) * 1000)
        page.wait_for_timeout(800)
    return found


def _clicked(page: Page, frame: Frame) -> float:
    """Seconds from a click on the thing in the middle until its sheet is there; the sheet is closed again."""
    target = frame.evaluate("xtBench.target()")
    box = page.locator(".st-key-map iframe").bounding_box()
    assert box is not None and target is not None
    begun = time.monotonic()
    page.mouse.click(box["x"] + target["x"], box["y"] + target["y"])
    page.locator(".xt-sheet").wait_for(timeout=60_000)
    taken = time.monotonic() - begun
    page.locator(".st-key-close button").dispatch_event("click")
    page.locator(".xt-sheet").wait_for(state="detached", timeout=60_000)
    page.wait_for_timeout(2_500)
    return round(taken, 2)


if __name__ == "__main__":
    main()
