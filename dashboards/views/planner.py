"""The planner's page: zones against their last day, limiting lines, review marks, and versions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

import streamlit as st

from dashboards import links, widgets
from dashboards.data import County
from dashboards.session import language
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
    labels = {one: say(f"planner.{one}", lang) for one in TABS}
    chosen = widgets.tabs(labels, key="planner_tab", label=say("page.planner", lang), lang=lang)
    with st.spinner(say("app.loading", lang)):
        seen = desk(county, today, lang)
        asked = st.query_params.get("thing")
        with st.container(key="slot_notes"):
            if asked and seen.zone is None:
                widgets.notices([links.thing_gone(county, seen.layer, asked, today, today, lang)])
        TABS[chosen](seen)
