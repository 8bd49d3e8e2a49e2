"""Two days, or two areas, side by side by one legend."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from dashboards import comparisons, widgets
from dashboards.data import Area, County
from dashboards.looks import Look
from dashboards.scenes import Scene, area_legend, scene, whole_row
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
    left, right = _sides(seen)
    whole = seen.indicator is not None and county.below(left.area) is not None
    legend = area_legend(county, left, right) if whole else None
    scenes = scene(county, left, legend=legend), scene(county, right, legend=legend)
    st.button(
        f"‹ {say('compare.stop', seen.lang)}", key="stop", type="tertiary", on_click=go, kwargs={"versus": None}
    )
    for at, (column, look, shown) in enumerate(
        zip(st.columns(2, gap="medium"), (left, right), scenes, strict=True)
    ):
        with column:
            widgets.map_head(shown.title, shown.date, shown.legend, seen.lang)
            draw_map(county, look, shown, key=f"side_{at}", box=f"map_side_{at}")
    _table(county, left, right, scenes)


def _sides(seen: Look) -> tuple[Look, Look]:
    """The two views: the earlier day on the left; of two areas the one looked at."""
    other = seen.versus
    if isinstance(other, Area):
        return replace(seen, versus=None), replace(seen, area=other, versus=None)
    if other is None:
        raise ValueError("nothing to compare with")
    beside = replace(seen, as_of=None if other >= seen.today else other, versus=None)
    now = replace(seen, versus=None)
    return (beside, now) if other < seen.day else (now, beside)


def _table(county: County, left: Look, right: Look, scenes: tuple[Scene, Scene]) -> None:
    lang, level = left.lang, county.below(left.area)
    if left.area.code != right.area.code:
        names = (left.area.name, right.area.name)
    else:
        names = (day(left.day, lang), day(right.day, lang))
    rows = whole_row(county, left), whole_row(county, right)
    tables = st.columns(2, gap="medium")
    same = left.area.code == right.area.code and level is not None and left.indicator is not None
    if same and scenes[0].figures is not None and scenes[1].figures is not None and left.indicator and level:
        with tables[1]:
            board = comparisons.areas_board(
                scenes[0].figures,
                scenes[1].figures,
                left.indicator,
                scenes[1].legend,
                names=names,
                level=level,
                lang=lang,
            )
            widgets.board(board, label=left.indicator.label(lang), lang=lang, picked=_into)
    if rows[0] is not None and rows[1] is not None:
        with tables[0]:
            board = comparisons.figures_board(rows[0], rows[1], left.layer, names=names, lang=lang)
            widgets.board(board, label=left.layer.label(lang), lang=lang, picked=lambda _: None, key="figures")


def _into(code: str) -> None:
    go(area=code)
