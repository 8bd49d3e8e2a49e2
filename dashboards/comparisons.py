"""Two views side by side, two days or two areas: by one legend, with the tables of their difference."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from dashboards.data import Area, County
from dashboards.legends import Legend
from dashboards.looks import Look
from dashboards.scenes import Scene, area_legend, scene, whole_row
from dashboards.tables import Board, Row, cell, heading_of
from dashboards.words import DECIMALS, NOTHING, Lang, day, number, say
from geo.layers import Indicator, Layer
from pipelines.compare import by_areas, by_figures


@dataclass(frozen=True)
class Comparison:
    """Two views and what they differ by.

    areas: the parts of one area on two days, None where two areas are compared or there are no parts. figures:
    every figure of the two, None where one of them has none.
    """

    looks: tuple[Look, Look]
    scenes: tuple[Scene, Scene]
    areas: Board | None
    figures: Board | None


def compared(county: County, seen: Look) -> Comparison:
    """What a look with `versus` shows, on a screen or on paper."""
    left, right = sides(seen)
    whole = seen.indicator is not None and county.below(left.area) is not None
    legend = area_legend(county, left, right) if whole else None
    scenes = scene(county, left, legend=legend), scene(county, right, legend=legend)
    return Comparison((left, right), scenes, *_boards(county, left, right, scenes))


def sides(seen: Look) -> tuple[Look, Look]:
    """The two views: the earlier day on the left; of two areas the one looked at."""
    other = seen.versus
    if isinstance(other, Area):
        return replace(seen, versus=None), replace(seen, area=other, versus=None)
    if other is None:
        raise ValueError("nothing to compare with")
    beside = replace(seen, as_of=None if other >= seen.today else other, versus=None)
    now = replace(seen, versus=None)
    return (beside, now) if other < seen.day else (now, beside)


def _boards(
    county: County, left: Look, right: Look, scenes: tuple[Scene, Scene]
) -> tuple[Board | None, Board | None]:
    lang, level = left.lang, county.below(left.area)
    same = left.area.code == right.area.code
    names = (day(left.day, lang), day(right.day, lang)) if same else (left.area.name, right.area.name)
    parts = tuple(one.figures for one in scenes)
    areas = None
    if same and level is not None and left.indicator and parts[0] is not None and parts[1] is not None:
        areas = areas_board(
            parts[0], parts[1], left.indicator, scenes[1].legend, names=names, level=level, lang=lang
        )
    rows = whole_row(county, left), whole_row(county, right)
    if rows[0] is None or rows[1] is None:
        return areas, None
    change = "change" if same else "difference"
    return areas, figures_board(rows[0], rows[1], left.layer, names=names, lang=lang, change=change)


def areas_board(
    before: pd.DataFrame,
    after: pd.DataFrame,
    indicator: Indicator,
    legend: Legend,
    *,
    names: tuple[str, str],
    level: str,
    lang: Lang,
) -> Board:
    """The areas of two days with their change, the best change first. names: what the two days are called."""
    found = by_areas(before, after, indicator, decimals=DECIMALS.get(indicator.unit, 0))
    rows = [
        Row(
            key=str(one["area_code"]),
            name=str(one["area_name"]),
            rank=str(at),
            cells=(
                _changed(one["change"], indicator, lang),
                cell(one["before"], indicator),
                cell(one["after"], indicator),
            ),
            colour=legend.colour(one["after"]),
        )
        for at, one in enumerate(_plain(found), start=1)
    ]
    headings = (
        say("table.order", lang),
        say(f"level.{level}", lang),
        say("compare.change", lang),
        *names,
    )
    return Board(headings, tuple(rows), notes=(heading_of(indicator, lang),), bars=False)


def figures_board(
    left: pd.Series, right: pd.Series, layer: Layer, *, names: tuple[str, str], lang: Lang, change: str = "change"
) -> Board:
    """Every figure of two areas, or of one on two days, with the difference.

    names: what the two are called; change: what their difference is, `change` in time or `difference` in place.
    """
    indicators = {one.id: one for one in layer.indicators}
    rows = []
    for at, one in enumerate(_plain(by_figures(left, right, layer, decimals=DECIMALS)), start=1):
        indicator = indicators[one["indicator"]]
        cells = (
            cell(one["left"], indicator),
            cell(one["right"], indicator),
            _changed(one["change"], indicator, lang),
        )
        rows.append(Row("", heading_of(indicator, lang), f"{at}", cells, ""))
    headings = (say("table.order", lang), say("choose.indicator", lang), *names, say(f"compare.{change}", lang))
    return Board(headings, tuple(rows), bars=False)


def _plain(rows: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in rows.to_dict("records")]


def _changed(value: float, indicator: Indicator, lang: Lang) -> str:
    """A difference with its sign; between rates in percentage points."""
    written = number(value, indicator.unit)
    if written == NOTHING:
        return NOTHING
    signed = f"+{written}" if value > 0 else written
    return say("compare.points", lang, value=signed) if indicator.unit == "percent" else signed
