"""The inspector's page: today's round, hot and stubborn places, a fair table of townships, a site's sheet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

import streamlit as st

from dashboards import widgets
from dashboards.data import County
from dashboards.session import language
from dashboards.views import inspector_fair, inspector_round, inspector_sheet, inspector_spots
from dashboards.widgets_base import static
from dashboards.words import Lang, say
from pipelines.marks_places import LAYER

PARTS: Mapping[str, Callable[[County, date, Lang], None]] = {
    "round": inspector_round.show,
    "spots": inspector_spots.show,
    "fair": inspector_fair.show,
}


def show(county: County, today: date) -> None:
    """Draw the page for what the address asks: `thing` (a site's id), else `view` (round, spots, fair)."""
    lang = language()
    if county.areas.empty:
        widgets.no_areas(county, lang)
        return
    st.html(f"<style>{static('inspector_page.css')}</style>")
    asked = st.query_params.get("thing")
    if not asked:
        _mark(county, lang)
    if not county.has_rows(LAYER):
        widgets.empty(say("inspector.sites_none_title", lang), say("inspector.sites_none", lang))
        return
    if asked:
        thing = county.thing(LAYER, asked, today)
        if thing is not None:
            inspector_sheet.show(county, thing, today, lang)
            return
        with st.container(key="slot_notes"):
            widgets.notices([say("inspector.gone", lang, thing=asked)])
    labels = {one: say(f"inspector.{one}", lang) for one in PARTS}
    part = widgets.tabs(
        labels, key="inspector_view", label=say("inspector.tabs", lang), lang=lang, width="stretch"
    )
    with st.container(key="inspector_part"), st.spinner(say("app.loading", lang)):
        PARTS[part](county, today, lang)


def _mark(county: County, lang: Lang) -> None:
    """The way to the form, for those who may add sites."""
    own = county.root.code if county.root.level != "county" else None
    if county.may("add", LAYER, own):
        label = f"＋ {say('inspector.mark', lang)}"
        with st.container(key="inspector_mark"):
            st.link_button(label, f"/mark?lang={lang}", type="primary")
