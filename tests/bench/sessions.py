"""Many readers at once, each clicking what the pages show, over Streamlit's own websocket; no browser is needed.

    .venv/bin/python -m tests.bench.sessions WORKSPACE [--sessions 20] [--seconds 300]

Prints, as JSON: how many clicks, how long they took (median, 95th percentile, longest; seconds from the click
until the page is drawn), tiles asked for, errors, and the server's memory: at first, at its most, and at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import random
import re
import statistics
import time
import urllib.request
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from dashboards.words import LANGS, say
from pipelines.tile_encoding import tile_at
from tests.bench.serving import at_rest, memory_mb, serving

PAGES = ("leader", "leader", "agriculture", "planner", "inspector")
"""Where readers begin; most of them lead."""
HARMLESS = re.compile(
    r"^(crumb_.*|view|rows|outside|stop|language|pager_.*|agri_(topic|view)|page|bell_.*|topic|close|split|by_.*)$"
)
"""Buttons that lead somewhere and change nothing."""
PICKS = {"board": ("picked",), "campaigns": ("picked", "rows"), "cards": ("picked",), "months": ("picked",)}
"""Own components, and which of their triggers lead somewhere."""
LINKS = 0.12
"""So many of the clicks go to another page or topic."""
PAUSE_S = 1.0
SLOW_S = 60.0
READY_S = 120.0
"""The server is given so long to make its pages ready before the readers come."""
ERRORS = tuple(say("app.failed", lang)[:12] for lang in LANGS)


@dataclass
class Taken:
    """What the sessions saw: seconds of each click, how many tiles, and errors in words."""

    clicks: list[float] = field(default_factory=list)
    opened: list[float] = field(default_factory=list)
    tiles: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    names: Counter[str] = field(default_factory=Counter)


@dataclass
class Shown:
    """What stands on a session's page: elements by their place, in the order they were drawn."""

    elements: dict[tuple[int, ...], Any] = field(default_factory=dict)
    known: dict[str, ForwardMsg] = field(default_factory=dict)

    def take(self, message: ForwardMsg) -> None:
        """Put one message of the server in its place."""
        if message.WhichOneof("type") == "ref_hash":
            metadata = message.metadata
            message = self.known[message.ref_hash]
            place = tuple(metadata.delta_path)
        else:
            if message.hash:
                self.known[message.hash] = message
            place = tuple(message.metadata.delta_path)
        if message.WhichOneof("type") == "new_session":
            self.elements.clear()
        elif message.WhichOneof("type") == "delta" and message.delta.WhichOneof("type") == "new_element":
            self.elements[place] = message.delta.new_element

    def said(self) -> Iterable[str]:
        """The errors that stand on the page."""
        for one in self.elements.values():
            kind = one.WhichOneof("type")
            if kind == "exception" or (kind == "alert" and any(text in one.alert.body for text in ERRORS)):
                yield f"{kind}: {one.exception.message if kind == 'exception' else one.alert.body}"

    def choices(self) -> list[tuple[str, WidgetState]]:
        """What a reader could click: its name, and what the browser would send."""
        found = []
        for one in self.elements.values():
            kind = one.WhichOneof("type")
            if kind == "button" and not one.button.disabled and HARMLESS.match(_key(one.button.id)):
                found.append((_key(one.button.id), WidgetState(id=one.button.id, trigger_value=True)))
            elif kind == "bidi_component":
                found += _picks(one.bidi_component)
        return found

    def tiles(self) -> str | None:
        """The address of the tiles on the map, None where it shows none."""
        for one in self.elements.values():
            if one.WhichOneof("type") == "component_instance":
                found = re.search(r"/tiles/[^\"\\]+?\.pbf\?[^\"\\]+", one.component_instance.json_args)
                if found:
                    return found.group().replace("u0026", "&").replace("\\", "")
        return None


def _key(widget_id: str) -> str:
    """The key that the program gave a widget."""
    return widget_id.split("-", 2)[-1] if widget_id.startswith("$$ID-") else widget_id


def _picks(component: Any) -> list[tuple[str, WidgetState]]:
    """The clicks on one of our own components."""
    name = component.component_name.rsplit(".", 1)[-1].removeprefix("xiangtu_")
    raw = component.mixed.json or component.json
    if name not in PICKS or not raw:
        return []
    data = json.loads(raw)
    values: list[tuple[str, Any]] = []
    if name == "board":
        values = [("picked", row["key"]) for row in data["rows"] if row["key"]]
    elif name == "campaigns":
        values = [("picked", one["id"]) for one in data["cards"]]
        values += [("rows", f"{one['id']}/{one['alarm_id']}") for one in data["cards"] if one.get("alarm_id")]
    elif name == "cards":
        values = [("picked", one.get("key", one.get("id"))) for one in data["cards"]]
    elif name == "months":
        values = [("picked", one) for one in data["days"]]
    chosen = random.sample(values, min(4, len(values)))
    trigger = f"$$STREAMLIT_INTERNAL_KEY_{component.id}__events"
    return [
        (
            f"{name}:{event}",
            WidgetState(id=trigger, json_trigger_value=json.dumps([{"event": event, "value": value}])),
        )
        for event, value in chosen
        if value
    ]


async def session(
    server: str, seconds: float, taken: Taken, dice: random.Random, middle: tuple[float, float]
) -> None:
    """One reader: opens a page, then clicks for so many seconds."""
    address = f"ws://{urlsplit(server).netloc}/_stcore/stream"
    query = urlencode({"page": dice.choice(PAGES), "lang": dice.choice(("zh", "en"))})
    async with websockets.connect(address, subprotocols=["streamlit"], max_size=None) as socket:  # type: ignore[list-item]
        shown = Shown()
        begun = time.monotonic()
        query = await _run(socket, shown, query, None)
        taken.opened.append(time.monotonic() - begun)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            await asyncio.sleep(PAUSE_S * dice.uniform(0.5, 1.5))
            taken.errors += shown.said()
            choices = shown.choices()
            if not choices:
                taken.errors.append(f"nothing to click at {query}")
            name, click, before = "link", None, query
            if choices and dice.random() > LINKS:
                name, click = dice.choice(choices)
            else:
                query = _link(dice)
            begun = time.monotonic()
            try:
                query = await asyncio.wait_for(_run(socket, shown, query, click), SLOW_S)
            except TimeoutError:
                taken.errors.append(f"no answer in {SLOW_S:.0f} s: {name} at {before}")
                return
            taken.clicks.append(time.monotonic() - begun)
            taken.names[name.split("_")[0]] += 1
            await asyncio.to_thread(_look, server, shown.tiles(), middle, dice, taken)


def _link(dice: random.Random) -> str:
    """Another page, as its head or a link leads to it."""
    asked = {"page": dice.choice(PAGES), "lang": dice.choice(LANGS)}
    if asked["page"] == "leader":
        asked["layer"] = dice.choice(("abandoned_parcel", "land_transfer", "inspection_point", "contract_parcel"))
    if asked["page"] == "agriculture":
        asked["view"] = dice.choice(("flow", "list", "map"))
        asked["layer"] = dice.choice(("abandoned_parcel", "land_transfer"))
    return urlencode(asked)


async def _run(socket: Any, shown: Shown, query: str, click: WidgetState | None) -> str:
    """Have the page drawn, by a click or by its address; the address afterwards."""
    message = BackMsg()
    message.rerun_script.query_string = query
    if click is not None:
        message.rerun_script.widget_states.widgets.append(click)
    await socket.send(message.SerializeToString())
    while True:
        answer = ForwardMsg.FromString(await socket.recv())
        kind = answer.WhichOneof("type")
        if kind == "page_info_changed":
            query = answer.page_info_changed.query_string
        if kind == "script_finished":
            if answer.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                return query
        else:
            shown.take(answer)


def _look(server: str, tiles: str | None, middle: tuple[float, float], dice: random.Random, taken: Taken) -> None:
    """Ask for four tiles about a place in the county, as a map that goes there does."""
    if tiles is None:
        return
    z = 14
    x, y = tile_at(z, middle[0] + dice.uniform(-0.1, 0.1), middle[1] + dice.uniform(-0.1, 0.1))
    for column, row in ((x, y), (x + 1, y), (x, y + 1), (x + 1, y + 1)):
        path = tiles.replace("{z}", str(z)).replace("{x}", str(column)).replace("{y}", str(row))
        begun = time.monotonic()
        try:
            with urllib.request.urlopen(server + path, timeout=SLOW_S) as answer:
                body = answer.read()
                if body and answer.headers.get("content-encoding") == "gzip":
                    gzip.decompress(body)
        except OSError as error:
            taken.errors.append(f"{path}: {error}")
        taken.tiles.append(time.monotonic() - begun)


def soak(
    server: str, process: int, *, sessions: int, seconds: float, middle: tuple[float, float]
) -> dict[str, Any]:
    """What so many sessions saw in so many seconds; see the module. process: the server's number."""
    taken = Taken()
    before = memory_mb(process)

    async def _all() -> None:
        dice = [random.Random(number) for number in range(sessions)]
        readers = [session(server, seconds, taken, one, middle) for one in dice]
        for outcome in await asyncio.gather(*readers, return_exceptions=True):
            if isinstance(outcome, BaseException):
                taken.errors.append(f"{type(outcome).__name__}: {outcome}")

    asyncio.run(_all())
    return {
        "sessions": sessions,
        "seconds": seconds,
        "opened_s": _spread(taken.opened),
        "clicks": len(taken.clicks),
        "clicked": dict(taken.names.most_common()),
        "click_s": _spread(taken.clicks),
        "tiles": len(taken.tiles),
        "tile_s": _spread(taken.tiles),
        "errors": len(taken.errors),
        "first_errors": list(dict.fromkeys(taken.errors))[:10],
        "memory_mb": {
            "before": before["now"],
            "most": memory_mb(process)["most"],
            "after": memory_mb(process)["now"],
        },
    }


def _spread(seconds: list[float]) -> dict[str, float]:
    if len(seconds) < 2:
        return {"median": round(sum(seconds), 3)}
    by_rank = statistics.quantiles(seconds, n=100, method="inclusive")
    return {
        "median": round(statistics.median(seconds), 3),
        "p95": round(by_rank[94], 3),
        "longest": round(max(seconds), 3),
    }


def middle_of(workspace: Path) -> tuple[float, float]:
    """A place in the middle of the workspace's county."""
    from pipelines.workspace import Workspace

    west, south, east, north = (float(value) for value in Workspace(workspace).areas().total_bounds)
    return (west + east) / 2, (south + north) / 2


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=300)
    chosen = parser.parse_args()
    middle = middle_of(chosen.workspace)
    with serving(chosen.workspace) as (server, process):
        ready = at_rest(process, READY_S)
        made = soak(server, process, sessions=chosen.sessions, seconds=chosen.seconds, middle=middle)
    made["at_rest_after_s"] = ready
    print(json.dumps(made, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
