"""A server on the little county, and Debian's Chromium looking at it with the cable unplugged, so to speak."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect

from dashboards import assets
from tests.chromium import QUIET
from tests.dashboards.little_county import build

expect.set_options(timeout=30_000)
CHROMIUM = shutil.which("chromium")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    if CHROMIUM is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Chromium is not installed: apt-get install chromium fonts-wqy-microhei")
        pytest.skip("Chromium is not installed: apt-get install chromium fonts-wqy-microhei")
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": list(QUIET)}


@pytest.fixture(scope="session")
def county_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("little"))


@pytest.fixture(scope="session")
def server(county_folder: Path) -> Iterator[str]:
    """The address of `xiangtu serve` on the little county."""
    with serving(county_folder) as address:
        yield address


@contextmanager
def serving(county_folder: Path, program: Sequence[str] = ("-m", "pipelines")) -> Iterator[str]:
    """The address of `xiangtu serve` on a workspace, as long as it is wanted. program: what Python is to run."""
    assets.install()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, *program, "serve", str(county_folder), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        address = f"http://127.0.0.1:{port}"
        try:
            wait_for(f"{address}/_stcore/health", process)
            yield address
        finally:
            process.terminate()


STILL = """() => new Promise((done) => {
  const QUIET_MS = 500, STEP_MS = 50, LONGEST_MS = 60000;
  const parts = (root) => {
    let count = 0, busy = false;
    for (const one of root.querySelectorAll("*")) {
      count += 1;
      const inner = one.shadowRoot || (one.tagName === "IFRAME" && one.contentDocument);
      if (one.tagName === "IMG" && !one.complete && one.loading !== "lazy") busy = true;
      if (one.tagName === "IFRAME" && one.contentWindow?.map?._animatingZoom) busy = true;
      if (!inner) continue;
      const below = parts(inner);
      count += below.count;
      busy ||= below.busy || (one.tagName === "IFRAME" && inner.readyState !== "complete");
    }
    return { count, busy };
  };
  let before = "", quiet = 0;
  const began = performance.now();
  const look = () => {
    const app = document.querySelector(".stApp");
    const seen = parts(document);
    const running = app && app.dataset.testScriptState !== "notRunning";
    const waiting = document.querySelector("[data-testid=stSpinner]");
    const now = `${seen.count} ${document.documentElement.scrollWidth} ${document.documentElement.scrollHeight}`;
    quiet = running || waiting || seen.busy || now !== before ? 0 : quiet + STEP_MS;
    before = now;
    if (quiet >= QUIET_MS || performance.now() - began > LONGEST_MS) done(quiet >= QUIET_MS);
    else window.setTimeout(look, STEP_MS);
  };
  look();
})"""
"""Whether nothing was added, taken away or moved for half a second of looks, within a minute. The looks take turns
with what the page itself has to do: on a busy machine they come later too."""


def still(page: Page) -> None:
    """Wait until a page has drawn all it is going to draw: a click or a key meets what is there to stay."""
    assert page.evaluate(STILL), f"{page.url} does not come to rest"


def wait_for(address: str, process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=1):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    pytest.fail(f"the server did not answer at {address}")


@dataclass
class Watch:
    """What a page asked for and complained about."""

    host: str
    outside: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != self.host:
            self.outside.append(request.url)

    def console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def clean(self) -> bool:
        """No request left the server and the console has no error."""
        assert self.outside == []
        assert self.errors == []
        return True


@dataclass
class Reader:
    """Somebody in front of a screen."""

    page: Page
    watch: Watch
    server: str
    lang: str

    def open(self, query: str = "") -> None:
        self.page.goto(f"{self.server}/?lang={self.lang}&{query}".rstrip("&"))

    @property
    def frame(self) -> Any:
        return self.page.frame_locator(".st-key-map iframe")

    def shapes(self, kind: str, count: int) -> Any:
        """The `count` shapes of a kind on the map, once all of them are drawn."""
        found = self.frame.locator(f"path.xt-{kind}")
        found.nth(count - 1).wait_for(state="attached", timeout=60_000)
        # streamlit-folium may lose a click while the map still settles.
        still(self.page)
        return found

    def row(self, name: str) -> Any:
        return self.page.locator("tbody tr", has_text=name).first

    def overflows(self) -> bool:
        """Whether anything is wider than the screen."""
        return bool(
            self.page.evaluate(
                "Math.max(document.documentElement.scrollWidth,"
                " document.querySelector('[data-testid=stMain]').scrollWidth) > window.innerWidth"
            )
        )


@pytest.fixture(params=[(1440, 900, "zh"), (1440, 900, "en"), (390, 844, "zh"), (390, 844, "en")], ids=str)
def reader(request: pytest.FixtureRequest, browser: Browser, server: str) -> Iterator[Reader]:
    width, height, lang = request.param
    yield from reading(browser, server, width, height, lang)


@pytest.fixture
def desktop(browser: Browser, server: str) -> Iterator[Reader]:
    """A reader at a desk, in Chinese."""
    yield from reading(browser, server, 1440, 900, "zh")


def reading(browser: Browser, server: str, width: int, height: int, lang: str) -> Iterator[Reader]:
    """A reader at a screen of that size, watched."""
    phone = width < 600
    context = browser.new_context(
        viewport={"width": width, "height": height}, is_mobile=phone, has_touch=phone, locale="zh-CN"
    )
    page = context.new_page()
    watch = Watch(urlsplit(server).netloc)
    page.on("request", watch.request)
    page.on("console", watch.console)
    page.on("pageerror", lambda error: watch.errors.append(str(error)))
    page.set_default_timeout(60_000)
    yield Reader(page, watch, server, lang)
    context.close()
