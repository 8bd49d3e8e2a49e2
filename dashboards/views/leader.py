"""The county leader's page: the campaigns at a glance, one figure by area, down to things and their photos."""

from __future__ import annotations

from datetime import date

import pandas as pd
import streamlit as st

from dashboards import figures, tables, widgets, widgets_leader
from dashboards.data import County
from dashboards.looks import Look, county_then, settled
from dashboards.months import months_of
from dashboards.scenes import Scene, scene
from dashboards.season_sheet import satellite
from dashboards.session import go, look
from dashboards.sheets import sheet_of
from dashboards.views.leader_compare import compare, options
from dashboards.views.leader_map import draw_map
from dashboards.views.leader_profile import profile
from dashboards.words import say
from geo.progress import UNPLACED


def show(county: County, today: date) -> None:
    """Draw the page for what the address asks."""
    seen = look(county, today)
    county = county_then(county, seen)
    seen = settled(county, seen)
    with st.container(key="slot_notes"):
        widgets.notices(seen.notices)
    if county.areas.empty:
        widgets.no_areas(county, seen.lang)
        return
    _campaigns(county, seen)
    with st.container(key="bar", horizontal=True, vertical_alignment="bottom"):
        widgets.crumbs(county, seen)
        widgets.choices(county, seen)
        with st.container(key="compare_box"):
            if not seen.listing and seen.indicator is not None and county.has_rows(seen.layer.id):
                widgets_leader.versus(seen, options(county, seen))
    if not county.has_rows(seen.layer.id):
        widgets.no_rows(county, seen.layer, seen.lang)
        return
    if seen.versus is not None and seen.indicator is not None and not seen.listing:
        compare(county, seen)
        return
    with st.container(key="slot_wait_scene"), st.spinner(say("app.loading", seen.lang)):
        shown = scene(county, seen)
    _draw(county, seen, shown)
    with st.container(key="slot_profile"):
        if not seen.listing and seen.thing is None and shown.areas is not None:
            profile(county, seen, shown)


def _campaigns(county: County, seen: Look) -> None:
    """The campaigns of the area looked at; a list or a single thing has the page to itself."""
    wanted = not seen.listing and seen.thing is None
    with st.container(key="slot_wait"), st.spinner(say("app.loading", seen.lang)):
        found = figures.glances(county, seen.area, seen.day, seen.today) if wanted else []
    with st.container(key="slot_campaigns"):
        if found:
            widgets_leader.campaigns(found, selected=seen.layer.id, lang=seen.lang)


def _draw(county: County, seen: Look, shown: Scene) -> None:
    with st.container(key="slot_cards"):
        if shown.whole is not None and seen.indicator is not None:
            found = tables.figures(shown.whole, seen.layer, seen.lang)
            widgets.cards(found, selected=seen.indicator.id, label=shown.title)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        widgets.map_head(shown.title, shown.date, shown.legend, seen.lang)
        draw_map(county, seen, shown, key="county_map", box="map")
        with st.container(key="slot_months"):
            played = None if seen.as_shown else months_of(county, seen, shown)
            widgets_leader.months(county, seen, played, map_key="map")
            widgets_leader.as_shown(seen)
    with right:
        _beside(county, seen, shown)


def _beside(county: County, seen: Look, shown: Scene) -> None:
    """Beside the map: the sheet of the thing picked, else the table of areas or things."""
    thing = county.thing(seen.layer.id, seen.thing, seen.day) if seen.thing else None
    if thing is not None:
        _sheet(county, seen, thing)
    elif not shown.board.rows:
        label = seen.layer.label(seen.lang)
        title = say("empty.no_features_title", seen.lang, layer=label)
        widgets.empty(title, say("empty.no_features", seen.lang))
    elif shown.areas is not None:
        _areas(seen, shown)
    else:
        widgets.said(shown.said)
        widgets.board(shown.board, label=shown.title, lang=seen.lang, picked=lambda key: go(thing=key))
        widgets.pager(shown.part, shown.parts, shown.count, seen.lang)


def _areas(seen: Look, shown: Scene) -> None:
    def part(name: str) -> None:
        go(view="things", rows=figures.STANDS + name, part=None)

    widgets.board(
        shown.board,
        label=shown.title,
        lang=seen.lang,
        picked=lambda code: go(area=code),
        part=part,
        made=shown.date,
    )
    with st.container(key="opens", horizontal=True):
        if seen.indicator is not None:
            label = say("choose.rows_of", seen.lang, label=seen.indicator.label(seen.lang))
            gone = {"view": "things", "rows": seen.indicator.id, "part": None}
            st.button(f"{label} ›", key="rows", type="tertiary", on_click=go, kwargs=gone)
        if shown.outside:
            label = say("choose.outside", seen.lang)
            st.button(f"{label} ›", key="outside", type="tertiary", on_click=go, kwargs={"area": UNPLACED})


def _sheet(county: County, seen: Look, thing: pd.Series) -> None:
    shown = sheet_of(county, seen.layer, thing, seen.lang)
    more = satellite(county.workspace, seen.layer.id, str(thing["id"]), seen.lang)
    widgets.sheet(shown, seen.lang, close=lambda: go(thing=None), more=more)
