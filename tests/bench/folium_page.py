"""folium's own GeoJson layer of very many things, as a page for Chromium: what a user would pick instead."""

from __future__ import annotations

import functools
import threading
import time
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import folium
from playwright.sync_api import Browser
from playwright.sync_api import TimeoutError as NotInTime

from dashboards.assets import VENDOR
from dashboards.maps import CountyMap
from pipelines.exchange import show
from pipelines.store.ledger import SYSTEM
from pipelines.workspace import Workspace

LONGEST_S = 300


def measure_folium(browser: Browser, workspace: Path, layer: str, count: int, folder: Path) -> dict[str, Any]:
    """Seconds to write the page, its size, and seconds until the browser has drawn it and answers a click.

    Where it is not drawn in `LONGEST_S` seconds, that is told instead.
    """
    rows = show(Workspace(workspace), layer, limit=count, actor=SYSTEM)[["id", "stage", "geometry"]]
    rows = rows[rows.geometry.notna()]
    begun = time.monotonic()
    west, south, east, north = rows.total_bounds
    page_map = folium.Map(location=[(south + north) / 2, (west + east) / 2], zoom_start=10, tiles=None)
    page_map.default_js = [pair for pair in CountyMap.default_js if pair[0] == "leaflet"]
    page_map.default_css = [pair for pair in CountyMap.default_css if pair[0] == "leaflet_css"]
    folium.GeoJson(rows, popup=folium.GeoJsonPopup(["id", "stage"])).add_to(page_map)
    (folder / "index.html").write_text(page_map.get_root().render(), encoding="utf-8")
    made: dict[str, Any] = {"things": len(rows), "written_s": round(time.monotonic() - begun, 2)}
    made["page_mb"] = round((folder / "index.html").stat().st_size / 1e6, 1)
    (folder / "assets").mkdir()
    (folder / "assets" / "vendor").symlink_to(VENDOR)
    handler = functools.partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        begun = time.monotonic()
        try:
            page.goto(f"http://127.0.0.1:{server.server_address[1]}/", timeout=LONGEST_S * 1000)
            page.wait_for_function(
                f"document.querySelectorAll('path.leaflet-interactive').length >= {int(len(rows) * 0.95)}",
                timeout=LONGEST_S * 1000,
            )
        except NotInTime:
            server.shutdown()
            return made | {"not_drawn_within_s": round(time.monotonic() - begun)}
        made["drawn_s"] = round(time.monotonic() - begun, 2)
        begun = time.monotonic()
        page.locator("path.leaflet-interactive").nth(len(rows) // 2).dispatch_event("click")
        page.locator(".leaflet-popup").wait_for(timeout=120_000)
        made["click_s"] = round(time.monotonic() - begun, 2)
        map_name = page_map.get_name()
        begun = time.monotonic()
        page.evaluate(f"{map_name}.setZoom({map_name}.getZoom() + 1, {{animate: false}})")
        page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        made["zoom_redraw_ms"] = round((time.monotonic() - begun) * 1000)
        server.shutdown()
    return made


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the standard library's name)
        """Say nothing."""
