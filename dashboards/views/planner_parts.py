"""What the four parts of the planner's page share: the zones as they stand, the map, and the timeline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal

import geopandas as gpd
import pandas as pd
import streamlit as st

from dashboards import widgets
from dashboards.basemap import ground
from dashboards.data import County
from dashboards.planner import Json, outlines
from dashboards.session import go
from dashboards.sheets import sheet_of
from dashboards.widgets_base import component
from dashboards.words import Lang, literal, say
from geo.errors import XiangtuError
from geo.layers import Layer
from pipelines.zone_schedule import Line, zone_lines, zone_schedule

LAYER = "zone_plan"


@dataclass(frozen=True)
class Desk:
    """One look at the planner's work.

    frame: `pipelines.zone_schedule.zone_schedule`; things: the zones with shapes; zone: the id picked, if any.
    """

    county: County
    today: date
    lang: Lang
    layer: Layer
    frame: pd.DataFrame
    things: gpd.GeoDataFrame
    lines: dict[str, Line]
    zone: str | None

    def name(self, zone: str) -> str:
        """What a zone is called."""
        found = self.frame.loc[self.frame["id"] == zone, "zone_name"]
        return zone if found.empty or pd.isna(found.iloc[0]) else str(found.iloc[0])


def desk(county: County, today: date, lang: Lang) -> Desk:
    """The zones as the reader may see them on the day, and the zone the address asks for."""
    workspace = county.workspace
    things = county.things(LAYER, as_of=today)
    frame = county.kept(LAYER, ("zone_schedule", today), lambda: zone_schedule(workspace, as_of=today))
    lines = county.kept(LAYER, ("zone_lines", today), lambda: zone_lines(workspace, as_of=today))
    frame = frame[frame["id"].isin(things["id"])].reset_index(drop=True)
    asked = st.query_params.get("thing")
    zone = asked if asked in set(frame["id"]) else None
    return Desk(county, today, lang, workspace.layer(LAYER), frame, things, lines, zone)


def now() -> datetime:
    """The moment of an act."""
    return datetime.now(UTC)


LEAFLET = '<link rel="stylesheet" href="/assets/vendor/leaflet/leaflet.css">'


def plan_map(
    seen: Desk,
    layers: Sequence[Json],
    *,
    key: str,
    fit: list[list[float]] | None,
    label: str,
    near: bool = False,
    picked: Callable[[str], None] | None = None,
    drawn: Callable[[str], None] | None = None,
) -> None:
    """A map of some shapes over the townships' outlines; `picked` is told a key, `drawn` a GeoJSON geometry.

    near: it goes to one thing, and gives the view before back when it goes from there.
    """
    words = {
        "zoom_in": say("planner.zoom_in", seen.lang),
        "zoom_out": say("planner.zoom_out", seen.lang),
        "draw": say("planner.mark_draw", seen.lang),
        "hint": say("planner.mark_hint", seen.lang),
        "back": say("planner.mark_back", seen.lang),
        "done": say("planner.mark_finish", seen.lang),
        "cancel": say("planner.mark_cancel", seen.lang),
        "bundle": say("planner.bundle", seen.lang, count="{count}"),
    }
    below = outlines(seen.county.outlines("township").geometry)
    data: Json = {"layers": [below, *layers], "fit": fit, "near": near, "pen": drawn is not None, "label": label}
    data["words"] = words
    data["ground"] = ground(seen.county, seen.lang)

    def was_picked() -> None:
        if picked is not None and st.session_state[key].get("picked"):
            picked(str(st.session_state[key]["picked"]))

    def was_drawn() -> None:
        if drawn is not None and st.session_state[key].get("drawn"):
            drawn(str(st.session_state[key]["drawn"]))

    component("planmap", LEAFLET, upon="sight.js")(
        key=key, data=data, on_picked_change=was_picked, on_drawn_change=was_drawn
    )


def timeline(data: Json) -> None:
    """The timeline of zones; picking a row picks the zone."""

    def changed() -> None:
        go(thing=st.session_state["timeline"]["picked"])

    component("timeline")(key="timeline", data=data, on_picked_change=changed)


def zone_choice(seen: Desk, *, first: Sequence[str] = ()) -> str:
    """A selection of one zone, that of the address, else the first of `first`, else the most pressing; the id."""
    ids = list(seen.frame["id"])
    st.session_state["zone_choice"] = seen.zone or (first or ids)[0]
    st.selectbox(
        say("planner.mark_zone", seen.lang),
        ids,
        key="zone_choice",
        format_func=lambda one: f"{one} {seen.name(one)}",
        on_change=lambda: go(thing=st.session_state["zone_choice"], mark=None, before=None, after=None),
        filter_mode=None,
    )
    return str(st.session_state["zone_choice"])


def thing_sheet(seen: Desk, layer: Layer, thing: pd.Series, *, close: Callable[[], None]) -> None:
    """The sheet of one thing of any layer, with a way back."""
    widgets.sheet(sheet_of(seen.county, layer, thing, seen.lang), seen.lang, close=close)


def button(label: str, act: Callable[[], str | None], lang: Lang, *, key: str, main: bool = False) -> None:
    """A button that does something that may be refused. label: the key of its words. main: the one of its form."""
    kind: Literal["primary", "secondary"] = "primary" if main else "secondary"
    st.button(say(label, lang), key=key, type=kind, on_click=attempt, args=(act, lang))


def attempt(act: Callable[[], str | None], lang: Lang) -> None:
    """Do something that may be refused, in a callback: what came of it is said on the page that follows."""
    try:
        said = act()
    except XiangtuError as error:
        st.session_state["planner_said"] = ("error", error.words(lang))
    else:
        if said:
            st.session_state["planner_said"] = ("success", said)


def said() -> None:
    """Say once what came of the last act."""
    kind, text = st.session_state.pop("planner_said", ("", ""))
    if kind == "error":
        st.error(literal(text))
    elif kind == "success":
        st.success(literal(text))
