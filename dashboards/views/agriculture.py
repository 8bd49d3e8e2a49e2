"""The agriculture bureau's page: remediation of abandoned land and transfers, from the flow to a day's work."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

import streamlit as st

from dashboards import widgets
from dashboards.agriculture import VIEWS, Ask, read_ask, unknown_values
from dashboards.data import County
from dashboards.session import go, language
from dashboards.views import agriculture_flow, agriculture_list, agriculture_map, agriculture_rule
from dashboards.views.agriculture_parts import Seen, dress, filter_bar, nothing_here, seen_by
from dashboards.words import say

SHOWN: Mapping[str, Callable[[Seen], None]] = {
    "flow": agriculture_flow.show,
    "list": agriculture_list.show,
    "map": agriculture_map.show,
    "rule": agriculture_rule.show,
}


def show(county: County, today: date) -> None:
    """Draw the page for what the address asks."""
    ask = read_ask(dict(st.query_params), county, today=today, lang=language())
    dress()
    with st.container(key="slot_notes"):
        widgets.notices(ask.notices)
    if county.areas.empty:
        widgets.no_areas(county, ask.lang)
        return
    _heads(ask)
    if not county.has_rows(ask.layer.id):
        widgets.no_rows(county, ask.layer, ask.lang)
        return
    with st.container(key="slot_wait"), st.spinner(say("app.loading", ask.lang)):
        seen = seen_by(county, ask)
    with st.container(key="slot_unknown"):
        widgets.notices(unknown_values(ask, seen.every))
    if ask.view != "rule":
        filter_bar(seen)
    if ask.view == "flow" and seen.desk.rows.empty:
        nothing_here(seen)
    else:
        SHOWN[ask.view](seen)


def _heads(ask: Ask) -> None:
    """Which business, and how it is looked at."""
    with st.container(key="agri_heads", horizontal=True):
        gone = dict.fromkeys(
            ("stage", "mode", "crop", "season", "grower", "problem", "overdue", "thing", "view", "at")
        )
        _choice("topic", ask.layer.id, list(VIEWS), ask, lambda one: go(layer=one, by=None, **gone))
        _choice("view", ask.view, VIEWS[ask.layer.id], ask, lambda one: go(view=one))


def _choice(name: str, chosen: str, options: Sequence[str], ask: Ask, changed: Callable[[str], None]) -> None:
    key = f"agri_{name}"
    st.session_state[key] = chosen
    st.segmented_control(
        ask.word(name),
        options,
        key=key,
        format_func=lambda one: ask.word(f"{name}_{one}"),
        on_change=lambda: changed(st.session_state[key] or chosen),
        label_visibility="collapsed",
        width="content",
        wrap=True,
    )
