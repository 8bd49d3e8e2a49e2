"""The county leader's map: one figure by area, down to single things and the file they came from."""

from __future__ import annotations

from datetime import date

import pandas as pd
import streamlit as st
from streamlit_folium import st_folium

from dashboards import maps, tables, widgets
from dashboards.data import County
from dashboards.looks import Look
from dashboards.scenes import Scene, scene
from dashboards.session import go, look
from dashboards.sheets import sheet
from dashboards.words import say
from geo.progress import UNPLACED

MAP_HEIGHT = 560


def show(county: County, today: date) -> None:
    """Draw the page for what the address asks."""
    seen = look(county, today)
    with st.container(key="slot_notes"):
        widgets.notices(seen.notices)
    widgets.choices(county, seen)
    if county.areas.empty:
        widgets.no_areas(county, seen.lang)
    elif not county.has_rows(seen.layer.id):
        widgets.no_rows(county, seen.layer, seen.lang)
    else:
        widgets.crumbs(county, seen)
        with st.container(key="slot_wait"), st.spinner(say("app.loading", seen.lang)):
            shown = scene(county, seen)
        _draw(county, seen, shown)


def _draw(county: County, seen: Look, shown: Scene) -> None:
    with st.container(key="slot_cards"):
        if shown.whole is not None and seen.indicator is not None:
            found = tables.figures(shown.whole, seen.layer, seen.lang)
            widgets.cards(found, selected=seen.indicator.id, label=shown.title)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        widgets.map_head(shown.title, shown.date, shown.legend, seen.lang)
        _map(county, seen, shown)
    with right:
        _beside(county, seen, shown)


def _beside(county: County, seen: Look, shown: Scene) -> None:
    """Beside the map: the sheet of the thing picked, else the table of areas or things."""
    thing = None
    if seen.thing:
        thing = county.thing(seen.layer.id, seen.thing, seen.day)
        if thing is None:
            widgets.notices([say("empty.thing_gone", seen.lang, thing=seen.thing)])
    if thing is not None:
        _sheet(county, seen, thing)
    elif not shown.board.rows:
        label = seen.layer.label(seen.lang)
        title = say("empty.no_features_title", seen.lang, layer=label)
        widgets.empty(title, say("empty.no_features", seen.lang))
    elif shown.areas is not None:
        widgets.board(shown.board, label=shown.title, lang=seen.lang, picked=lambda code: go(area=code))
        if shown.outside:
            label = say("choose.outside", seen.lang)
            st.button(f"{label} ›", key="outside", type="tertiary", on_click=go, kwargs={"area": UNPLACED})
    else:
        widgets.board(shown.board, label=shown.title, lang=seen.lang, picked=lambda key: go(thing=key))


def _sheet(county: County, seen: Look, thing: pd.Series) -> None:
    file = county.source_file(seen.layer.id, str(thing.get("import_id")))
    history = county.history(seen.layer.id, str(thing["id"]))
    shown = sheet(thing, seen.layer, file=file, history=history, lang=seen.lang)
    widgets.sheet(shown, seen.lang, close=lambda: go(thing=None))


def _map(county: County, seen: Look, shown: Scene) -> None:
    def clicked() -> None:
        _follow(county, seen, maps.picked(st.session_state.get("county_map")))

    with st.container(key="map"):
        st_folium(
            maps.base_map(county, seen.lang),
            key="county_map",
            height=MAP_HEIGHT,
            use_container_width=True,
            feature_group_to_add=maps.drawing(county, seen, shown),
            returned_objects=["last_active_drawing", "last_object_clicked", "last_object_clicked_count"],
            on_change=clicked,
        )


def _follow(county: County, seen: Look, pick: maps.Picked | None) -> None:
    """Go where the reader clicked on the map."""
    if pick is None:
        return
    if pick.kind == "area":
        go(area=pick.key, thing=None)
        return
    key: str | None = pick.key
    if pick.kind == "tile":
        key = county.tiles().at(seen.layer.id, pick.lon, pick.lat, as_of=seen.as_of)
    found = county.thing(seen.layer.id, key, seen.day) if key else None
    if found is not None:
        inside = county.area(tables.text(found["area_code"]))
        go(area=inside.code if inside else None, thing=key)
