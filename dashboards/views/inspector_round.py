"""Today's round: where from, how far, the stops on the map and as cards, and the market days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from html import escape
from typing import Any

import streamlit as st

from dashboards import inspector, widgets
from dashboards.basemap import ground
from dashboards.data import County
from dashboards.figures import WAITS, rows_of
from dashboards.session import go
from dashboards.widgets_base import component
from dashboards.words import NOTHING, Lang, say
from pipelines.marks_places import LAYER
from pipelines.rounds import MOST_STOPS, Round, lookbacks_due, my_round
from pipelines.rounds_markets import Market, confirmed, inside, markets, seats
from pipelines.territory import areas_key

REACHES = ("5", "10", "20", "all")
USUAL = "10"
MOST_ASKED = 100


@dataclass(frozen=True)
class Start:
    """Where the round begins: key as it stands in the address, place, and what the reader calls it."""

    key: str
    lon: float
    lat: float
    label: str


def show(county: County, today: date, lang: Lang) -> None:
    """Draw the round that the address asks for: `from` (a township's code or lon,lat) and `km`."""
    held = county.kept(LAYER, ("markets", today), lambda: markets(county.workspace, today))
    asked = _asked(county, today, lang)
    if asked is None:
        _market_line(county, held, lang)
    starts = _starts(county, lang)
    with st.container(key="round_choices", horizontal=True, vertical_alignment="bottom"):
        start = _start(starts, lang)
        reach = _reach(lang) if asked is None else "all"
        _here(lang)
    found = _round(county, today, start, reach, asked)
    draw(county, found, held, start, reach, lang)
    _market_days(county, held, lang)


def _starts(county: County, lang: Lang) -> dict[str, Start]:
    """The places a round can begin at: the position of the address if it has one, and the townships' seats."""
    found: dict[str, Start] = {}
    place = _place(st.query_params.get("from", ""))
    if place is not None:
        key = f"{place[0]:.5f},{place[1]:.5f}"
        label = say("inspector.start_given", lang, lon=f"{place[0]:.4f}", lat=f"{place[1]:.4f}")
        found[key] = Start(key, *place, label)
    names = dict(zip(county.areas["code"], county.areas["name"], strict=True))
    for code, (lon, lat) in county.kept("township", "seats", lambda: seats(county.workspace)).items():
        if code in names:
            found[code] = Start(code, lon, lat, say("inspector.start_seat", lang, name=names[code]))
    if not found and (middle := inside(county.workspace, county.root.code)) is not None:
        found[county.root.code] = Start(county.root.code, *middle, county.root.name)
    return found


def _place(text: str) -> tuple[float, float] | None:
    """The place of `lon,lat`; None for anything else."""
    try:
        lon, lat = (float(part) for part in text.split(","))
    except ValueError:
        return None
    return (lon, lat) if -180 <= lon <= 180 and -90 <= lat <= 90 else None


def _start(starts: Mapping[str, Start], lang: Lang) -> Start:
    asked = st.query_params.get("from", "")
    place = _place(asked)
    key = f"{place[0]:.5f},{place[1]:.5f}" if place else asked
    chosen = key if key in starts else next(iter(starts))
    st.session_state["round_start"] = chosen
    st.selectbox(
        say("inspector.start", lang),
        list(starts),
        key="round_start",
        format_func=lambda one: starts[one].label,
        on_change=lambda: go(**{"from": st.session_state["round_start"]}),
        filter_mode=None,
    )
    return starts[chosen]


def _reach(lang: Lang) -> str:
    asked = st.query_params.get("km", USUAL)
    chosen = asked if asked in REACHES else USUAL
    st.session_state["round_km"] = chosen
    st.segmented_control(
        say("inspector.reach", lang),
        list(REACHES),
        key="round_km",
        format_func=lambda one: reach_name(one, lang),
        on_change=lambda: go(km=st.session_state["round_km"] or chosen),
        wrap=True,
    )
    return chosen


def reach_name(reach: str, lang: Lang) -> str:
    """How far a round goes, as a phrase."""
    return say("inspector.reach_all", lang) if reach == "all" else say("inspector.reach_km", lang, km=reach)


def _here(lang: Lang) -> None:
    """The button that takes the device's position as the start."""

    def placed() -> None:
        go(**{"from": str(st.session_state["inspector_here"]["place"])})

    words = {name: say(f"inspector.{name}", lang) for name in ("locating", "denied", "insecure")}
    data = {"label": say("inspector.here", lang), **words}
    component("inspector_here")(key="inspector_here", data=data, on_place_change=placed)


def _asked(county: County, today: date, lang: Lang) -> list[str] | None:
    """The ids of the sites that a kind of waiting in the address asks for, said above the round; None for all."""
    rows = st.query_params.get("rows", "")
    if not rows.startswith(WAITS):
        return None
    found = rows_of(county, county.workspace.layer(LAYER), rows, county.root, today, today)
    if found is None:
        return None
    kind = say(f"bell.{rows.removeprefix(WAITS)}", lang)
    with st.container(key="round_asked", horizontal=True, vertical_alignment="center"):
        widgets.said([say("inspector.asked", lang, kind=kind, count=len(found.rows))])
        st.button(say("inspector.asked_all", lang), key="round_all", on_click=lambda: go(rows=None))
    return list(found.rows["id"])


def _round(county: County, today: date, start: Start, reach: str, asked: list[str] | None) -> Round:
    """The round; of the sites that were asked for all, however many and however far."""
    things = county.things(LAYER, as_of=today)
    if asked is not None:
        things = things[things["id"].isin(asked)]
    key = ("lookbacks", today, county.reach(LAYER))
    due, proposed = county.kept(LAYER, key, lambda: lookbacks_due(county.workspace, things, today))
    return my_round(
        things,
        start=(start.lon, start.lat),
        day=today,
        lookbacks=due,
        suggested=proposed,
        verifies=asked is not None or county.actor.role not in ("township", "village_reporter"),
        within_m=None if reach == "all" else float(reach) * 1000,
        most=MOST_STOPS if asked is None else MOST_ASKED,
    )


def draw(county: County, found: Round, held: list[Market], start: Start, reach: str, lang: Lang) -> None:
    """The stops as cards beside the map."""
    layer = county.workspace.layer(LAYER)
    towns = [one.area_code for one in held if one.today]
    stops = inspector.stops(found, layer, lang, market_towns=towns)
    notes = []
    if stops:
        length = inspector.distance(found.total_m, lang)
        notes.append(say("inspector.way", lang, count=len(stops), length=length))
    if found.left:
        notes.append(say("inspector.left", lang, count=found.left))
    if found.suggested:
        notes.append(say("inspector.suggested", lang))
    none = "no_round_all" if reach == "all" else "no_round"
    data = {
        "label": say("inspector.map_label", lang),
        "stops": stops,
        "start": {"lon": start.lon, "lat": start.lat},
        "cells": [],
        "route": True,
        "notes": notes,
        "empty": say(f"inspector.{none}", lang, reach=reach_name(reach, lang)),
    }
    site_map(county, data, key="inspector_round", lang=lang)


def site_map(county: County, data: Mapping[str, Any], *, key: str, lang: Lang) -> None:
    """Sites on a map and as cards; picking one opens its sheet."""

    def picked() -> None:
        go(thing=str(st.session_state[key]["picked"]))

    words = {
        "zoom_in": say("map.zoom_in", lang),
        "zoom_out": say("map.zoom_out", lang),
        "no_map": say("inspector.no_map", lang),
        "hot": say("inspector.hot", lang),
    }
    base = {
        "areas": f"/mark/areas?edition={areas_key(county.workspace)}",
        "bounds": county.bounds(county.root),
        "ground": ground(county, lang),
        "selected": None,
        "words": words,
    }
    component("inspector", upon="sight.js")(key=key, data={**base, **data}, on_picked_change=picked)


def _market_line(county: County, held: list[Market], lang: Lang) -> None:
    """In which towns there is market today, in one line."""
    mine = [one for one in held if one.area_code.startswith(county.root.code)]
    if not mine:
        return
    names = (
        "、".join(one.name for one in mine if one.today)
        if lang == "zh"
        else ", ".join(one.name for one in mine if one.today)
    )
    text = say("inspector.market_today", lang, names=names) if names else say("inspector.market_none", lang)
    st.html(f'<p class="xt-quiet">{escape(text)}</p>')


def _market_days(county: County, held: list[Market], lang: Lang) -> None:
    """The market days of every town, and that the county has still to confirm them."""
    with st.expander(say("inspector.markets", lang)):
        if not held:
            st.html(f"<p>{escape(say('inspector.market_missing', lang))}</p>")
            return
        lines = "".join(
            f"<dt>{escape(name)}</dt><dd>{escape(text or NOTHING)}</dd>"
            for name, text in inspector.market_lines(held, lang)
        )
        note = ""
        if not confirmed(county.workspace):
            meant = county.workspace.settings.raw.get("market_days", {}).get("calendar")
            calendar = say("inspector.solar" if meant == "solar" else "inspector.lunar", lang)
            note = f"<p>{escape(say('inspector.market_unconfirmed', lang, calendar=calendar))}</p>"
        st.html(f'<div class="xt-sheet">{note}<dl>{lines}</dl></div>')
