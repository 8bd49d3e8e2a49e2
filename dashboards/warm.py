"""What the first readers would wait for, made before they come, and again when an import or a new day is there."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from geo.errors import XiangtuError
from pipelines.days import today
from pipelines.store.accounts import KEYBOARD

if TYPE_CHECKING:
    from dashboards.data import Area, County

LOOKS_EVERY_S = 20.0
NICE = 10
REST_S = 0.05
PATIENCE_S = 10.0
"""Between two steps readers come first, for so long: Python lets one thread work at a time."""


class Readers:
    """How many pages are being drawn just now."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0

    @contextmanager
    def reading(self) -> Iterator[None]:
        """A page is drawn for as long as this lasts."""
        with self._lock:
            self._count += 1
        try:
            yield
        finally:
            with self._lock:
                self._count -= 1

    def let_go_first(self, over: threading.Event) -> bool:
        """Wait until nobody reads, `PATIENCE_S` at most; whether `over` was set meanwhile."""
        until = time.monotonic() + PATIENCE_S
        while not over.wait(REST_S):
            if not self._count or time.monotonic() > until:
                return False
        return True


READERS = Readers()


def keep_warm(root: Path, *, stop: threading.Event | None = None) -> threading.Thread:
    """Start a thread of low priority that keeps a workspace's pages quick to open; it ends with the server.

    stop: set it to end the thread sooner.
    """
    over = stop or threading.Event()

    def _keep() -> None:
        _give_way()
        known: object = None
        while True:
            known = _again(root, known, over)
            if over.wait(LOOKS_EVERY_S):
                return

    thread = threading.Thread(target=_keep, name="keep_warm", daemon=True)
    thread.start()
    return thread


def _give_way() -> None:
    """Let everything else run first, where the system knows of threads' priorities."""
    if hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)


def _again(root: Path, known: object, over: threading.Event) -> object:
    """Make everything anew when it is of other imports, settings or another day than `known`; what it is of now.

    Steps of the ledger do not count: the page that asks first reads the few things they touched.
    """
    from dashboards.opening import edition

    day = today()
    try:
        workspace = edition(root).workspace
        now = (workspace.edition(), repr(workspace.settings), day)
        if now != known:
            warm(root, day, over)
        return now
    except (XiangtuError, OSError):
        return known
    except Exception:
        logging.getLogger("xiangtu").exception("pages could not be made ready")
        return known


def warm(root: Path, day: date, over: threading.Event | None = None) -> None:
    """Read and count once what the pages of a reader of the whole county begin with.

    over: when it is set, nothing more is begun. What cannot be read is left for the page to say.
    """
    from dashboards.data import county

    here = county(root, actor=KEYBOARD)
    if here.areas.empty:
        return
    stop = over or threading.Event()
    for part in _parts(root, day):
        if READERS.let_go_first(stop):
            return
        try:
            part()
        except XiangtuError:
            continue


def _parts(root: Path, day: date) -> list[Callable[[], object]]:
    """What is made ready, what is looked at first first."""
    from dashboards import agriculture, figures
    from dashboards.data import county
    from pipelines.basemap import base_map
    from pipelines.ground_tiles import ground_layers
    from pipelines.pace import campaigns

    here = county(root, actor=KEYBOARD)
    topics = campaigns(here.workspace.settings, here.workspace.layers())
    shown = [one for one in topics if here.has_rows(one.id)]

    first = [lambda: figures.glances(here, here.root, day, day)]
    # For one township and one village is counted what all of them need.
    townships = here.children(here.root)["code"].head(1).tolist()
    villages = [code for one in townships for code in here.children(_area(here, one))["code"].head(1)]
    areas: list[str | None] = [None, *townships, *villages]
    scenes = [partial(_opened, here, one.id, code, day) for code in areas for one in shown]
    desks = [
        lambda one=one: agriculture.desk_of(here, one, day)
        for one in (agriculture.PARCELS, agriculture.TRANSFERS)
        if here.has_rows(one)
    ]
    drawn = [one for one in here.topics() if here.has_rows(one.id)]
    tiles = [step for one in drawn if (found := here.tiles_of(one.id)) for step in found.to_read(one.id)]
    below: list[Callable[[], object]] = [
        partial(here.ground_tile, one.id, 9, 0, 0) for one in ground_layers(here.workspace)
    ]
    relief = base_map(here.workspace).relief
    below += [relief.prepare] if relief is not None else []
    sheets = [partial(_looked_at, here, one.id, townships[0], day) for one in shown if townships]
    return [*first, *scenes[:1], lambda: figures.waits(here, day), *below, *scenes[1:], *sheets, *desks, *tiles]


def _area(here: County, code: str) -> Area:
    return here.area(code) or here.root


def _opened(here: County, layer_id: str, area: str | None, day: date) -> None:
    """Work out what the leader's page of an area shows of a layer, and what its map draws."""
    from dashboards import figures
    from dashboards.looks import read_look
    from dashboards.maps import drawing
    from dashboards.profiles import profile
    from dashboards.scenes import scene

    asked = {"layer": layer_id, **({"area": area} if area else {})}
    look = read_look(asked, here, today=day, lang="zh")
    figures.glances(here, look.area, day, day)
    shown = scene(here, look)
    drawing(here, look, shown)
    profile(here, look, shown.figures)


def _looked_at(here: County, layer_id: str, township: str, day: date) -> None:
    """Read what the sheet of a thing of a township shows, and where it lies: of the first one for all others."""
    from dashboards.looks import read_look
    from dashboards.maps import drawing
    from dashboards.scenes import scene
    from dashboards.sheets import sheet_of

    things = here.light(layer_id, area=_area(here, township), as_of=day)["id"].head(1)
    for name in things:
        look = read_look({"layer": layer_id, "area": township, "thing": name}, here, today=day, lang="zh")
        drawing(here, look, scene(here, look))
        if (thing := here.thing(layer_id, name, day)) is not None:
            sheet_of(here, look.layer, thing, "zh")
