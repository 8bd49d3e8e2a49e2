"""The map of what passes the filters: areas by their 亩, single things from near on, one click to the sheet."""

from __future__ import annotations

import pandas as pd
import streamlit as st
from streamlit_folium import st_folium

from dashboards import agriculture_boards as boards
from dashboards import agriculture_rows, maps, maps_desk, widgets
from dashboards.agriculture import with_value
from dashboards.data import Area
from dashboards.legends import thing_legend
from dashboards.narrowing import desk_only, filters_query
from dashboards.session import go
from dashboards.views.agriculture_files import files
from dashboards.views.agriculture_parts import Seen, nothing_here, set_filters, thing_sheet
from geo.progress import UNPLACED
from pipelines.remediation import by_area


def show(seen: Seen) -> None:
    """Draw the map, and beside it the table of areas or the sheet of the thing that was picked."""
    if seen.desk.rows.empty:
        nothing_here(seen)
        return
    with st.container(key="agri_open" if seen.ask.thing else "agri_closed"):
        left, right = st.columns([3, 2], gap="medium")
        with left:
            _map(seen)
        with right:
            if not thing_sheet(seen):
                _areas(seen)
                files(seen)


def _here(seen: Seen) -> Area:
    return seen.county.area(seen.ask.filters.area) or seen.county.root


def _map(seen: Seen) -> None:
    county, ask, area = seen.county, seen.ask, _here(seen)
    level = county.below(area)
    ids = seen.desk.rows["id"]
    single = level is None or area.level == UNPLACED or (ask.filters.area and len(ids) <= maps_desk.THINGS_AT_ONCE)
    colour_by = ask.layer.style.get("colour_by", "stage")
    things = thing_legend(ask.layer, list(seen.desk.rows[colour_by].unique()), ask.lang)
    day = seen.word("map_note")
    if single:
        widgets.map_head(seen.word("map_title"), day, things, ask.lang)
        shown = county.things(ask.layer.id, area=area, as_of=ask.day)
        group = maps_desk.group_of_things(
            county, area, ask.layer, shown[shown["id"].isin(ids)], selected=ask.thing, lang=ask.lang
        )
    else:
        frame = _by_area(seen, str(level))
        legend = maps_desk.area_legend(frame, ask.lang)
        widgets.map_head(seen.word("map_title"), day, legend, ask.lang)
        only = filters_query(ask.filters)
        group = maps_desk.group_of_areas(
            county, area, ask.layer, frame, legend, only=only, selected=ask.thing, day=ask.day, lang=ask.lang
        )
    with st.container(key="agri_map"):
        st_folium(
            maps.base_map(county, ask.lang),
            key="agri_county_map",
            height=560,
            use_container_width=True,
            feature_group_to_add=group,
            returned_objects=["last_active_drawing", "last_object_clicked", "last_object_clicked_count"],
            on_change=lambda: _follow(seen),
        )


def _by_area(seen: Seen, level: str) -> pd.DataFrame:
    """The 亩 that pass, of each area below: area_code, shown_mu; zeros too."""
    children = seen.county.children(_here(seen))
    found = by_area(seen.counted, level).set_index("key")
    mu = found["mu"].reindex(children["code"], fill_value=0.0)
    return pd.DataFrame({"area_code": children["code"].to_numpy(), "shown_mu": mu.to_numpy(float)})


def _follow(seen: Seen) -> None:
    """Go where the reader clicked on the map."""
    pick = maps.picked(st.session_state.get("agri_county_map"))
    if pick is None:
        return
    ask = seen.ask
    key = pick.key if pick.kind == "thing" else None
    if pick.on_thing:
        only = desk_only(seen.county, ask)
        key = seen.county.tiles().at(ask.layer.id, pick.lon, pick.lat, as_of=None, only=only)
    if key is not None and (seen.desk.rows["id"] == key).any():
        go(thing=key)
    elif pick.kind == "area":
        set_filters(with_value(ask.filters, "area", pick.key), thing=None)


def _areas(seen: Seen) -> None:
    area = _here(seen)
    level = seen.county.below(area)
    if level is None or area.level == UNPLACED:
        rows = agriculture_rows.thing_board(seen.desk, seen.ask)
        widgets.board(rows, label=seen.word("map_title"), lang=seen.ask.lang, picked=lambda key: go(thing=key))
        return
    legend = maps_desk.area_legend(_by_area(seen, level), seen.ask.lang)
    table = boards.area_board(by_area(seen.counted, level), legend, seen.ask, level=level)

    def picked(code: str) -> None:
        set_filters(with_value(seen.ask.filters, "area", code), thing=None)

    widgets.board(table, label=seen.word("map_title"), lang=seen.ask.lang, picked=picked)
