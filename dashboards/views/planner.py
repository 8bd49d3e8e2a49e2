"""The planner's page: zones against their last day, limiting lines, review marks, and versions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

import streamlit as st

from dashboards import widgets
from dashboards.data import County
from dashboards.session import go, language
from dashboards.views import planner_conflicts, planner_marks, planner_versions, planner_zones
from dashboards.views.planner_parts import Desk, desk
from dashboards.words import say

TABS: Mapping[str, Callable[[Desk], None]] = {
    "zones": planner_zones.show,
    "conflicts": planner_conflicts.show,
    "marks": planner_marks.show,
    "versions": planner_versions.show,
}


def show(county: County, today: date) -> None:
    """Draw the page for what the address asks."""
    lang = language()
    if county.areas.empty:
        widgets.no_areas(county, lang)
        return
    if not county.has_rows("zone_plan"):
        widgets.no_rows(county, county.workspace.layer("zone_plan"), lang)
        return
    tab = st.query_params.get("view", "")
    chosen = tab if tab in TABS else "zones"
    _tabs(
        chosen,
        {
            "zones": say("planner.zones", lang),
            "conflicts": say("planner.conflicts", lang),
            "marks": say("planner.marks", lang),
            "versions": say("planner.versions", lang),
        },
    )
    with st.spinner(say("app.loading", lang)):
        TABS[chosen](desk(county, today, lang))


def _tabs(chosen: str, labels: Mapping[str, str]) -> None:
    st.session_state["planner_tab"] = chosen

    def changed() -> None:
        go(view=st.session_state["planner_tab"] or chosen)

    st.segmented_control(
        labels[chosen],
        list(labels),
        key="planner_tab",
        format_func=labels.__getitem__,
        on_change=changed,
        label_visibility="collapsed",
    )
