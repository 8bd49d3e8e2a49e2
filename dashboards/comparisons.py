"""Tables of two views side by side: areas on two days, or figures of two areas."""

from __future__ import annotations

from typing import Any

import pandas as pd

from dashboards.legends import Legend
from dashboards.tables import Board, Row, cell, heading_of
from dashboards.words import NOTHING, Lang, number, say
from geo.layers import Indicator, Layer
from pipelines.compare import by_areas, by_figures


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
        for at, one in enumerate(_plain(by_areas(before, after, indicator)), start=1)
    ]
    headings = (
        say("table.order", lang),
        say(f"level.{level}", lang),
        say("compare.change", lang),
        *names,
    )
    return Board(headings, tuple(rows), notes=(heading_of(indicator, lang),), bars=False)


def figures_board(left: pd.Series, right: pd.Series, layer: Layer, *, names: tuple[str, str], lang: Lang) -> Board:
    """Every figure of two areas, or of one on two days, with the difference. names: what the two are called."""
    indicators = {one.id: one for one in layer.indicators}
    rows = []
    for at, one in enumerate(_plain(by_figures(left, right, layer)), start=1):
        indicator = indicators[one["indicator"]]
        cells = (
            cell(one["left"], indicator),
            cell(one["right"], indicator),
            _changed(one["change"], indicator, lang),
        )
        rows.append(Row("", heading_of(indicator, lang), f"{at}", cells, ""))
    headings = (say("table.order", lang), say("choose.indicator", lang), *names, say("compare.change", lang))
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
