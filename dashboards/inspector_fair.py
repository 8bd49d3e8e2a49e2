"""The fair table of townships, as rows to draw and as a funnel plot."""

from __future__ import annotations

from typing import Any

import pandas as pd

from dashboards.tables import Board, Row
from dashboards.words import NOTHING, Lang, number, say
from pipelines.fairness import SMALL

COLOURS = {
    "far_below": "#a50026",
    "below": "#f46d43",
    "within": "#9aa5a8",
    "above": "#74add1",
    "far_above": "#313695",
}
"""Red to blue for late to good, grey for what chance explains; each is named beside its colour."""
MARKS = {"far_below": "▼▼", "below": "▼", "above": "▲", "far_above": "▲▲"}
NO_CASES = "#d5dad9"
SHAPES = {
    "far_below": "triangle",
    "below": "triangle",
    "within": "circle",
    "above": "diamond",
    "far_above": "diamond",
}
STROKE = "path://M0,4 L20,4 20,6 0,6 Z"
DOTS = "path://M0,4 L3,4 3,6 0,6 Z M8,4 L11,4 11,6 8,6 Z M16,4 L19,4 19,6 16,6 Z"
DASHES = "path://M0,4 L8,4 8,6 0,6 Z M12,4 L20,4 20,6 12,6 Z"
DARK_LINE, LIGHT_LINE = "#6b777c", "#9aa5a8"


def percent(share: float) -> str:
    """A share as per cent with one decimal; a dash for nothing."""
    return NOTHING if pd.isna(share) else f"{number(share * 100, 'percent')}%"


def board(table: pd.DataFrame, lang: Lang) -> Board:
    """The townships as a table, those outside the limits first; nobody is given a rank that chance could give."""
    rows = []
    for one in table.to_dict("records"):
        position = one["position"] if isinstance(one["position"], str) else None
        rows.append(
            Row(
                key=str(one["area_code"]),
                name=str(one["area_name"]),
                rank=MARKS.get(position or "", ""),
                cells=(
                    say(f"inspector.{position or 'nothing'}", lang),
                    percent(one["share"]),
                    f"{number(one['on_time'], 'count')} / {number(one['base'], 'count')}",
                    number(one["open"], "count"),
                    number(one["overdue"], "count"),
                    percent(one["back_share"]),
                    f"{number(one['back'], 'count')} / {number(one['closed'], 'count')}",
                ),
                colour=COLOURS[position] if position else NO_CASES,
                small=bool(one["small"]) and position is not None,
            )
        )
    columns = ("position", "rate", "parts", "open", "overdue", "back", "back_parts")
    headings = ("", say("level.township", lang), *(say(f"inspector.column_{name}", lang) for name in columns))
    notes = [say("inspector.fair_note", lang)]
    if any(row.small for row in rows):
        notes.append(f"* {say('inspector.fair_small', lang, small=SMALL)}")
    return Board(headings, tuple(rows), (), tuple(notes), words_at=(2,), bars=False)


def chart(table: pd.DataFrame, limits: pd.DataFrame, lang: Lang) -> dict[str, Any]:
    """The funnel plot as options of ECharts: each township by its cases and its rate, and the limits of chance."""
    mean = float(table["mean"].iloc[0])
    lines = [
        _line(say(f"inspector.limits_{name}", lang), limits, f"{side}_{name}", dashed=name == "95")
        for name in ("998", "95")
        for side in ("lower", "upper")
    ]
    ends = [[float(limits["base"].min()), mean * 100], [float(limits["base"].max()), mean * 100]]
    middle = {
        "type": "line",
        "name": say("inspector.county_line", lang),
        "data": ends,
        "symbol": "none",
        "silent": True,
    }
    middle |= {"lineStyle": {"type": "dashed", "width": 1.5}, "color": DARK_LINE}
    return {
        "animation": False,
        "aria": {"enabled": True},
        "grid": {"left": 8, "right": 16, "top": 64, "bottom": 40, "containLabel": True},
        "legend": {"top": 0, "left": 0, "itemWidth": 18, "itemGap": 8, "data": _legend(table, lang)},
        "tooltip": {"trigger": "item", "confine": True},
        "xAxis": {
            "type": "value",
            "name": say("inspector.base_axis", lang),
            "nameLocation": "middle",
            "nameGap": 26,
            "min": 0,
        },
        "yAxis": {"type": "value", "min": 0, "max": 100, "axisLabel": {"formatter": "{value}%"}},
        "series": [*lines, middle, *_dots(table, lang)],
    }


def _legend(table: pd.DataFrame, lang: Lang) -> list[dict[str, str]]:
    """What the lines and the dots stand for: strokes for lines, the dots' own shapes for dots."""
    names = [say(f"inspector.{key}", lang) for key in ("limits_998", "limits_95", "county_line")]
    lines = [{"name": name, "icon": icon} for name, icon in zip(names, (STROKE, DOTS, DASHES), strict=True)]
    there = [position for position in COLOURS if (table["position"] == position).any()]
    return [*lines, *({"name": say(f"inspector.{one}", lang), "icon": SHAPES[one]} for one in there)]


def _line(name: str, limits: pd.DataFrame, column: str, *, dashed: bool) -> dict[str, Any]:
    points = [
        [int(base), round(share * 100, 2)] for base, share in zip(limits["base"], limits[column], strict=True)
    ]
    style = {"type": "dotted" if dashed else "solid", "width": 1.2}
    return {
        "type": "line",
        "name": name,
        "data": points,
        "symbol": "none",
        "silent": True,
        "lineStyle": style,
        "color": LIGHT_LINE,
    }


def _dots(table: pd.DataFrame, lang: Lang) -> list[dict[str, Any]]:
    """One series for each position that occurs, named in the legend; those outside the limits carry their name."""
    made = []
    for position, colour in COLOURS.items():
        mine = table[table["position"] == position]
        if mine.empty:
            continue
        points = [
            {"name": str(one["area_name"]), "value": [int(one["base"]), round(one["share"] * 100, 1)]}
            for one in mine.to_dict("records")
        ]
        named = position != "within"
        made.append(
            {
                "type": "scatter",
                "name": say(f"inspector.{position}", lang),
                "data": points,
                "color": colour,
                "symbol": SHAPES[position],
                "symbolSize": 11,
                "itemStyle": {"borderColor": "#ffffff", "borderWidth": 1},
                "label": {"show": named, "formatter": "{b}", "position": "right", "fontSize": 12},
                "labelLayout": {"hideOverlap": True},
                "tooltip": {"formatter": "{b}<br>{c}"},
            }
        )
    return made
