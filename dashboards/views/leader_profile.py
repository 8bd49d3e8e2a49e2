"""The lower half of the county leader's page: the area's profile, each line of which leads on."""

from __future__ import annotations

import streamlit as st

from dashboards import profiles, widgets
from dashboards.data import County
from dashboards.footprints import home
from dashboards.looks import Look
from dashboards.scenes import Scene
from dashboards.session import address, go
from dashboards.words import say


def profile(county: County, seen: Look, shown: Scene) -> None:
    """Draw the profile of the area looked at by the chosen topic."""
    if seen.area.level == "unplaced":
        return

    def area() -> None:
        go(area=str(st.session_state["profile"]["area"]), thing=None)

    def _thing() -> None:
        key = str(st.session_state["profile"]["thing"])
        picked = county.thing(seen.layer.id, key, seen.day)
        inside = home(county, seen.layer, picked) if picked is not None else None
        go(thing=key, area=inside.code if inside is not None else None)

    level = county.below(seen.area) or "village"
    made = profiles.profile(county, seen, shown.figures)
    with st.container(key="profile_head", horizontal=True, vertical_alignment="center"):
        title = say("leader.profile", seen.lang, name=seen.area.name)
        widgets.heading(f"{title} · {seen.layer.label(seen.lang)}")
        st.link_button(
            say("leader.profile_print", seen.lang),
            f"/print?{address(lang=seen.lang, sheet='profile')}",
            type="tertiary",
            width="content",
        )
    data = profiles.as_json(made, seen, level)
    widgets.component("profile")(key="profile", data=data, on_area_change=area, on_thing_change=_thing)
