"""The map of the county leader's page, and where a click on it leads."""

from __future__ import annotations

import streamlit as st
from streamlit_folium import st_folium

from dashboards import maps
from dashboards.data import County
from dashboards.footprints import home
from dashboards.looks import Look
from dashboards.narrowing import narrowed_to, rows_query
from dashboards.scenes import Scene
from dashboards.session import go

MAP_HEIGHT = 560


def draw_map(county: County, seen: Look, shown: Scene, *, key: str, box: str) -> None:
    """A map of a scene; key: its own name on the page, box: the name of the container it stands in."""

    def clicked() -> None:
        follow(county, seen, maps.picked(st.session_state.get(key)))

    with st.container(key=box):
        st_folium(
            maps.base_map(county, seen.lang),
            key=key,
            height=MAP_HEIGHT,
            use_container_width=True,
            feature_group_to_add=maps.drawing(county, seen, shown),
            returned_objects=["last_active_drawing", "last_object_clicked", "last_object_clicked_count"],
            on_change=clicked,
        )


def follow(county: County, seen: Look, pick: maps.Picked | None) -> None:
    """Go where the reader clicked on the map."""
    if pick is None:
        return
    key = pick.key if pick.kind == "thing" else None
    if pick.on_thing:
        only = narrowed_to(rows_query(seen), county, seen.layer, as_of=seen.as_of, today=seen.today)
        key = county.tiles().at(seen.layer.id, pick.lon, pick.lat, as_of=seen.as_of, only=only)
    found = county.thing(seen.layer.id, key, seen.day) if key else None
    if found is not None:
        inside = home(county, seen.layer, found)
        # Of a very large layer the village would first have to be read for its list: the reader stays here.
        stays = seen.listing or (pick.on_thing and county.is_large(seen.layer.id))
        go(thing=key, **({} if stays else {"area": inside.code if inside else None}))
    elif pick.kind == "area":
        go(area=pick.key, thing=None, versus=None)
