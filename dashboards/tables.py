"""Rows of the tables beside the map, ready to be drawn: ranked, rounded so that they add up, and marked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import geopandas as gpd
import pandas as pd

from dashboards.legends import NO_DATA, Legend, choice_labels, thing_colour
from dashboards.words import DECIMALS, NOTHING, Lang, number, say, unit_name
from geo.layers import Indicator, Layer
from geo.measure import round_to_total
from geo.progress import UNPLACED

SMALL = 10
"""A rate over fewer things than this is marked as only an indication."""


@dataclass(frozen=True)
class Row:
    """One area or thing in a table. key: its code or id. share: length of the bar, 0 to 1."""

    key: str
    name: str
    rank: str
    cells: tuple[str, ...]
    colour: str
    share: float = 0.0
    small: bool = False


@dataclass(frozen=True)
class Board:
    """A table as it is drawn: headings of `rank, name, *cells`, its rows, the total's cells, and notes below.

    words_at: which headings stand over words, not numbers. bars: the first cell is drawn with a bar.
    """

    headings: tuple[str, ...]
    rows: tuple[Row, ...]
    total: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    words_at: tuple[int, ...] = ()
    bars: bool = True

    def as_json(self) -> dict[str, Any]:
        """The table as plain values for the browser."""
        return asdict(self)


def ranked(
    frame: pd.DataFrame,
    whole: pd.Series | None,
    indicator: Indicator,
    layer: Layer,
    legend: Legend,
    *,
    level: str,
    lang: Lang,
    outside: int = 0,
) -> Board:
    """Areas in order of an indicator.

    frame: progress rows of the areas (area_code, area_name, level, features, indicators); a row of level
    `unplaced` is what lies in none of them and stands last, without a rank. whole: the progress row of the area
    they make up, for the total line. Best first when the indicator says which way is better, else
    largest first; missing values last; equal values share a rank and stand in order of code.
    outside: how many things lie in no area at all, for a note.
    """
    columns = [indicator, *_parts(indicator, layer)]
    texts = [_printed(frame, whole, one) for one in columns]
    headings = [_heading(one, lang) for one in columns]
    total = [] if whole is None else [_cell(_number(whole[one.id]), one) for one in columns]
    counts = [number(float(count), "count") for count in frame["features"]]
    if counts != texts[0]:
        texts.append(counts)
        headings.append(say("table.features", lang))
        total += [] if whole is None else [number(float(whole["features"]), "count")]
    nowhere = say("table.unplaced", lang, level=say(f"level.{level}", lang))
    most = frame[indicator.id].astype(float).abs().max()
    rows = []
    for rank, position in _order(frame, indicator):
        one = frame.iloc[position]
        value = _number(one[indicator.id])
        placed = one["level"] != UNPLACED
        rows.append(
            Row(
                key=str(one["area_code"]) if placed else "",
                name=str(one["area_name"]) if placed else nowhere,
                rank=rank,
                cells=tuple(column[position] for column in texts),
                colour=legend.colour(value) if placed else NO_DATA,
                share=abs(value) / most if most > 0 and not math.isnan(value) else 0.0,
                small=indicator.is_rate and 0 < int(one["features"]) < SMALL,
            )
        )
    notes = _notes(rows, indicator, lang)
    if outside:
        notes.append(say("table.outside", lang, count=number(outside, "count")))
    names = (say("table.rank", lang), say(f"level.{level}", lang))
    return Board((*names, *headings), tuple(rows), tuple(total), tuple(notes))


def _parts(indicator: Indicator, layer: Layer) -> list[Indicator]:
    """Numerator and denominator of a rate, as far as they are the layer's own."""
    own = {one.id: one for one in layer.indicators}
    return [own[part] for part in (indicator.numerator, indicator.denominator) if part in own]


def _heading(indicator: Indicator, lang: Lang) -> str:
    unit = unit_name(indicator.unit, lang)
    name = indicator.label(lang)
    if not unit or indicator.unit == "percent":
        return name
    return f"{name}（{unit}）" if lang == "zh" else f"{name} ({unit})"


def _printed(frame: pd.DataFrame, whole: pd.Series | None, indicator: Indicator) -> list[str]:
    """The column as text; parts of a sum are rounded so that they add up to the printed total."""
    values = frame[indicator.id].astype(float)
    if whole is not None and not indicator.is_rate and values.notna().all() and len(values):
        total = _number(whole[indicator.id])
        decimals = DECIMALS.get(indicator.unit, 0)
        if abs(values.sum() - total) < 10**-decimals / 2:
            values = pd.Series(round_to_total(values, total, decimals), index=values.index)
    return [_cell(value, indicator) for value in values]


def _cell(value: float, indicator: Indicator) -> str:
    written = number(value, indicator.unit)
    return f"{written}%" if indicator.unit == "percent" and written != NOTHING else written


def _order(frame: pd.DataFrame, indicator: Indicator) -> list[tuple[str, int]]:
    """(rank as text, position in the frame) in the order in which the rows are shown."""
    ascending = indicator.better == "lower"
    values = frame[indicator.id].astype(float).round(6).where(frame["level"] != UNPLACED)
    ranks = values.rank(method="min", ascending=ascending)
    last = frame["level"] == UNPLACED
    keys = pd.DataFrame({"last": last, "rank": ranks, "code": frame["area_code"], "at": range(len(frame))})
    keys = keys.sort_values(["last", "rank", "code"], na_position="last")
    return [
        (NOTHING if math.isnan(rank) else f"{rank:.0f}", int(at))
        for rank, at in zip(keys["rank"], keys["at"], strict=True)
    ]


def _notes(rows: Sequence[Row], indicator: Indicator, lang: Lang) -> list[str]:
    notes = [say(f"table.{indicator.better}", lang)]
    ranks = [row.rank for row in rows if row.rank != NOTHING]
    if len(set(ranks)) < len(ranks):
        notes.append(say("table.ties", lang))
    if any(row.small for row in rows):
        notes.append(f"* {say('table.small', lang, small=SMALL)}")
    return notes


def listed(things: gpd.GeoDataFrame, layer: Layer, *, count: int, lang: Lang) -> Board:
    """The things of one area, in order of id, with their stage and size; `count` is how many there are in all."""
    colour_by = layer.style.get("colour_by")
    labels = choice_labels(layer, colour_by, lang) if colour_by else {}
    size = _size(layer)
    rows = []
    for position, (_, one) in enumerate(things.iterrows(), start=1):
        kind = one.get(colour_by) if colour_by else None
        cells = (
            *((text(labels.get(str(kind), kind)),) if colour_by else ()),
            *((_cell(_number(one.get(size.id)), size),) if size else ()),
        )
        name = one.get(layer.name_field) if layer.name_field else None
        shown = str(one["id"]) if name is None or pd.isna(name) else f"{one['id']} {name}"
        rows.append(Row(str(one["id"]), shown, f"{position}", cells, thing_colour(layer, kind)))
    headings = (
        say("table.order", lang),
        layer.field(layer.id_field).label(lang),
        *((layer.field(colour_by).label(lang),) if colour_by else ()),
        *((_heading(size, lang),) if size else ()),
    )
    notes = (say("table.more", lang, shown=len(rows), count=count),) if count > len(rows) else ()
    return Board(headings, tuple(rows), (), notes, words_at=(2,) if colour_by else (), bars=False)


def _size(layer: Layer) -> Indicator | None:
    """The indicator whose field says how large one thing is: the first sum of a field of the same name."""
    names = {one.name for one in layer.fields}
    return next((one for one in layer.indicators if one.id in names and one.id in one.sum), None)


def _number(value: object) -> float:
    return math.nan if value is None or pd.isna(value) else float(value)  # type: ignore[arg-type, call-overload]


def text(value: object) -> str:
    """A stored value as text; a dash for nothing."""
    return NOTHING if value is None or pd.isna(value) else str(value)  # type: ignore[call-overload]


def figures(whole: pd.Series, layer: Layer, lang: Lang) -> list[dict[str, str]]:
    """The layer's figures for one area as cards, rates first: id, label, value and unit."""
    ordered = sorted(layer.indicators, key=lambda one: not one.is_rate)
    return [
        {
            "id": one.id,
            "label": one.label(lang),
            "value": number(_number(whole[one.id]), one.unit),
            "unit": unit_name(one.unit, lang),
        }
        for one in ordered
    ]
