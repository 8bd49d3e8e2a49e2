"""The townships beside each other in fairness: a funnel plot, and the table of what it is drawn from."""

from __future__ import annotations

from datetime import date

import pandas as pd
import streamlit as st

from dashboards import inspector_fair, widgets
from dashboards.data import County
from dashboards.session import go
from dashboards.words import Lang, say
from pipelines.fairness import county_share, fair_table, limits_to_draw, recurrence
from pipelines.marks_places import LAYER


def show(county: County, today: date, lang: Lang) -> None:
    """Draw the funnel and the table; picking a township opens its sites on the leader's page."""
    table = _table(county, today)
    limits = limits_to_draw(table)
    if limits.empty or not table["base"].any():
        widgets.empty(say("inspector.fair", lang), say("inspector.fair_none", lang))
        return
    left, right = st.columns([1, 1], gap="medium")
    with left:
        mean = say("inspector.fair_mean", lang, rate=inspector_fair.percent(float(table["mean"].iloc[0])))
        notes = [mean] if county.root.level == "county" else [mean, say("inspector.fair_own", lang)]
        widgets.said(notes)
        st.echarts_chart(inspector_fair.chart(table, limits, lang), height=430, key="funnel")
    with right:
        widgets.board(
            inspector_fair.board(table, lang), label=say("inspector.fair", lang), lang=lang, picked=_open
        )


def _open(code: str) -> None:
    go(page="leader", layer=LAYER, area=code, indicator="on_time_rate", view="things", thing=None)


def _table(county: County, today: date) -> pd.DataFrame:
    progress = county.progress(LAYER, "township", today)
    things = county.things(LAYER, as_of=today)
    on_time, base = county.kept(LAYER, ("share", today), lambda: county_share(county.workspace, today))
    back = county.kept(
        LAYER, ("back", today, county.reach(LAYER)), lambda: recurrence(county.workspace, things, today)
    )
    return fair_table(progress, back, mean=on_time / base if base else None)
