"""What the leader's page shows in each month of two years: the map's colours, the table and the figures."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd

from dashboards import figures, tables
from dashboards.data import County
from dashboards.legends import Legend, is_dark
from dashboards.looks import Look
from dashboards.scenes import Scene
from dashboards.words import NOTHING, Lang, day, figure, say
from geo.layers import Indicator
from geo.progress import UNPLACED

Json = dict[str, Any]


def months_of(county: County, seen: Look, shown: Scene) -> dict[date, Json] | None:
    """What the page shows on each day, by day; None where it shows things, or the topic has no past.

    areas: code → colour, value as text, whether the colour is dark. table: `rows` (key, name, rank, cells,
    colour, share, small) and `total`. figures: the values of the area's own figures, in the order of its cards.
    made: the day in words. The figures are those that `xiangtu run` counts.
    """
    if shown.areas is None or seen.indicator is None or not figures.has_months(county, seen.layer):
        return None
    level = county.below(seen.area) or ""
    key = ("month by month", seen.area.code, seen.indicator.id, shown.legend, seen.today, seen.lang)
    who = county.reach(seen.layer.id)
    return county.kept(seen.layer.id, (*key, level, who), lambda: _counted(county, seen, shown, level))


def _counted(county: County, seen: Look, shown: Scene, level: str) -> dict[date, Json]:
    if shown.areas is None:
        return {}
    below = figures.months(county, seen.layer, level, seen.today)
    inside = below["area_code"].isin(shown.areas["code"])
    aside = (below["level"] == UNPLACED) & (below["area_code"] == seen.area.code)
    own = figures.months(county, seen.layer, seen.area.level, seen.today)
    own = own[(own["area_code"] == seen.area.code) & (own["level"] == seen.area.level)]
    by_day = {stamp: rows.iloc[0] for stamp, rows in own.groupby("day")}
    return {
        pd.Timestamp(str(stamp)).date(): _month(
            rows, by_day.get(stamp), pd.Timestamp(str(stamp)).date(), seen, shown
        )
        for stamp, rows in below[inside | aside].groupby("day")
    }


def _month(rows: pd.DataFrame, whole: pd.Series | None, on: date, seen: Look, shown: Scene) -> Json:
    indicator = seen.indicator
    assert indicator is not None
    placed = rows[rows["level"] != UNPLACED]
    values = dict(zip(placed["area_code"], placed[indicator.id].astype(float), strict=True))
    board = tables.ranked(
        rows.reset_index(drop=True),
        whole,
        indicator,
        seen.layer,
        shown.legend,
        level=str(placed["level"].iloc[0]) if len(placed) else seen.area.level,
        lang=seen.lang,
    )
    return {
        "areas": frame(values, indicator, shown.legend, seen.lang),
        "headings": list(board.headings),
        "rows": [[one.key, one.name, one.rank, one.cells, one.colour, one.share, one.small] for one in board.rows],
        "total": list(board.total),
        "figures": [] if whole is None else [one["value"] for one in tables.figures(whole, seen.layer, seen.lang)],
        "made": say("print.made", seen.lang, date=day(on, seen.lang)),
    }


def frame(values: dict[str, float], indicator: Indicator, legend: Legend, lang: Lang) -> dict[str, list[Any]]:
    """What a map of areas shows on one day: code → colour, value as text, whether the colour is dark."""
    made = {}
    for code, value in values.items():
        colour, text = legend.colour(value), figure(value, indicator.unit, lang)
        made[code] = [colour, "" if text == NOTHING else text, is_dark(colour)]
    return made
