"""Two days, or two areas, side by side by one legend."""

from __future__ import annotations

import streamlit as st

from dashboards import comparisons, widgets
from dashboards.data import County
from dashboards.looks import Look
from dashboards.session import go
from dashboards.views.leader_map import draw_map
from dashboards.words import day, say
from pipelines.trends import month_ends

BACK = {"month": 1, "quarter": 3, "half": 6, "year": 12}


def options(county: County, look: Look) -> dict[str, str]:
    """What a view can be set beside: days of before, and the other areas of its level under the same one."""
    ends = month_ends(look.day, max(BACK.values()) + 1)[::-1]
    first = county.first_day(look.layer.id)
    found = {
        ends[months].isoformat(): say(f"compare.{name}", look.lang, day=day(ends[months], look.lang))
        for name, months in BACK.items()
        if first is not None and ends[months] >= first
    }
    if look.area.level not in ("county", "unplaced"):
        above = county.area(look.area.parent)
        beside = county.children(above) if above is not None else county.areas.iloc[:0]
        pairs = zip(beside["code"], beside["name"], strict=True)
        found |= {str(code): str(name) for code, name in pairs if code != look.area.code}
    return found


def compare(county: County, seen: Look) -> None:
    """Draw the two views and the table of their difference."""
    found = comparisons.compared(county, seen)
    st.button(
        f"‹ {say('compare.stop', seen.lang)}", key="stop", type="tertiary", on_click=go, kwargs={"versus": None}
    )
    for at, (column, look, shown) in enumerate(
        zip(st.columns(2, gap="medium"), found.looks, found.scenes, strict=True)
    ):
        with column:
            widgets.map_head(shown.title, shown.date, shown.legend, seen.lang)
            draw_map(county, look, shown, key=f"side_{at}", box=f"map_side_{at}")
    tables = st.columns(2, gap="medium")
    if found.areas is not None and seen.indicator is not None:
        with tables[1]:
            widgets.board(found.areas, label=seen.indicator.label(seen.lang), lang=seen.lang, picked=_into)
    if found.figures is not None:
        with tables[0]:
            label = seen.layer.label(seen.lang)
            widgets.board(found.figures, label=label, lang=seen.lang, picked=lambda _: None, key="figures")


def _into(code: str) -> None:
    go(area=code)
