"""Rows of the tables beside the map, ready to be drawn: ranked, rounded so that they add up, and marked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from dashboards.legends import NO_DATA, Legend
from dashboards.words import DECIMALS, NOTHING, Lang, number, say, unit_name
from geo.layers import Indicator, Layer
from geo.measure import round_to_total
from geo.progress import UNPLACED

SMALL = 10
"""A rate over fewer things than this is marked as only an indication."""
STANDING_COLOURS = {
    "done": "#2b7f98",
    "under_way": "#8cc6cd",
    "waiting": "#e3c878",
    "not_started": "#b9bec2",
    "late_county": "#e2813f",
    "late": "#8f1d1d",
}
"""Blue to red through light ones: what is good and what is late differ in hue and stand at the two ends."""


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
    parts: tuple[int, ...] = ()


@dataclass(frozen=True)
class Part:
    """One part of the bars that show how an area's things are made up, over all areas. count: how many in all."""

    id: str
    label: str
    colour: str
    count: str


@dataclass(frozen=True)
class Board:
    """A table as it is drawn: headings of `rank, name, *cells`, its rows, the total's cells, and notes below.

    words_at: which headings stand over words, not numbers. bars: the first cell is drawn with a bar. parts: what
    the parts of the rows stand for; where there are any, a column of stacked bars headed `parts_heading` is last.
    """

    headings: tuple[str, ...]
    rows: tuple[Row, ...]
    total: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    words_at: tuple[int, ...] = ()
    bars: bool = True
    parts: tuple[Part, ...] = ()
    parts_heading: str = ""

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
    standings: pd.DataFrame | None = None,
) -> Board:
    """Areas in order of an indicator.

    frame: progress rows of the areas (area_code, area_name, level, features, indicators); a row of level
    `unplaced` is what lies in none of them and stands last, without a rank. whole: the progress row of the area
    they make up, for the total line. Best first when the indicator says which way is better, else
    largest first; missing values last; equal values share a rank and stand in order of code.
    outside: how many things lie in no area at all, for a note. standings: of `geo.standing.by_area`, by area code.
    """
    columns = [indicator, *_parts(indicator, layer)]
    texts = [_printed(frame, whole, one) for one in columns]
    headings = [heading_of(one, lang) for one in columns]
    total = [] if whole is None else [cell(plain(whole[one.id]), one) for one in columns]
    counts = [number(float(count), "count") for count in frame["features"]]
    if counts != texts[0]:
        texts.append(counts)
        headings.append(say("table.features", lang))
        total += [] if whole is None else [number(float(whole["features"]), "count")]
    nowhere = say("table.unplaced", lang, level=say(f"level.{level}", lang))
    most = frame[indicator.id].astype(float).abs().max()
    listed = frame[["area_code", "area_name", "level", "features", indicator.id]].to_numpy(object)
    rows = []
    for rank, position in _order(frame, indicator):
        code, name, its_level, features, stored = listed[position]
        value, placed = plain(stored), its_level != UNPLACED
        rows.append(
            Row(
                key=str(code) if placed else "",
                name=str(name) if placed else nowhere,
                rank=rank,
                cells=tuple(column[position] for column in texts),
                colour=legend.colour(value) if placed else NO_DATA,
                share=abs(value) / most if most > 0 and not math.isnan(value) else 0.0,
                small=indicator.is_rate and 0 < int(features) < SMALL,
                parts=_parts_of(str(code), standings) if placed else (),
            )
        )
    notes = _notes(rows, indicator, lang)
    if outside:
        notes.append(say("table.outside", lang, count=number(outside, "count")))
    names = (say("table.rank", lang), say(f"level.{level}", lang))
    parts = standing_parts(standings, lang)
    heading = say("leader.standing", lang) if parts else ""
    return Board((*names, *headings), tuple(rows), tuple(total), tuple(notes), parts=parts, parts_heading=heading)


def _parts_of(code: str, standings: pd.DataFrame | None) -> tuple[int, ...]:
    if standings is None or code not in standings.index:
        return ()
    return tuple(int(count) for count in standings.loc[code].to_numpy())


def standing_parts(standings: pd.DataFrame | None, lang: Lang) -> tuple[Part, ...]:
    """What the parts of the stacked bars stand for, with how many there are in all; none without standings."""
    if standings is None or standings.empty:
        return ()
    return tuple(
        Part(name, say(f"standing.{name}", lang), STANDING_COLOURS[name], number(float(count), "count"))
        for name, count in standings.sum().items()
        for name in (str(name),)
    )


def _parts(indicator: Indicator, layer: Layer) -> list[Indicator]:
    """Numerator and denominator of a rate, as far as they are the layer's own."""
    own = {one.id: one for one in layer.indicators}
    return [own[part] for part in (indicator.numerator, indicator.denominator) if part in own]


def heading_of(indicator: Indicator, lang: Lang) -> str:
    """An indicator as a heading, with its unit."""
    unit = unit_name(indicator.unit, lang)
    name = indicator.label(lang)
    if not unit or indicator.unit == "percent":
        return name
    return f"{name}（{unit}）" if lang == "zh" else f"{name} ({unit})"


def _printed(frame: pd.DataFrame, whole: pd.Series | None, indicator: Indicator) -> list[str]:
    """The column as text; parts of a sum are rounded so that they add up to the printed total."""
    values = frame[indicator.id].astype(float)
    if whole is not None and not indicator.is_rate and values.notna().all() and len(values):
        total = plain(whole[indicator.id])
        decimals = DECIMALS.get(indicator.unit, 0)
        if abs(values.sum() - total) < 10**-decimals / 2:
            values = pd.Series(round_to_total(values, total, decimals), index=values.index)
    return [cell(value, indicator) for value in values]


def cell(value: float, indicator: Indicator) -> str:
    """A figure as it stands in a table."""
    written = number(value, indicator.unit)
    return f"{written}%" if indicator.unit == "percent" and written != NOTHING else written


def _order(frame: pd.DataFrame, indicator: Indicator) -> list[tuple[str, int]]:
    """(rank as text, position in the frame) in the order in which the rows are shown."""
    sign = 1 if indicator.better == "lower" else -1
    values = frame[indicator.id].to_numpy(float).round(6).tolist()
    last = (frame["level"] == UNPLACED).tolist()
    codes = frame["area_code"].tolist()

    def _place(at: int) -> tuple[bool, bool, float, str]:
        nothing = last[at] or math.isnan(values[at])
        return last[at], nothing, 0.0 if nothing else sign * values[at], codes[at]

    order = sorted(range(len(values)), key=_place)
    ranks = shared_ranks(pd.Series([math.nan if last[at] else values[at] for at in order], dtype=float))
    return list(zip(ranks, order, strict=True))


def shared_ranks(values: pd.Series) -> list[str]:
    """The ranks from 1 of values that stand in their order: equal ones share one, what is missing has a dash."""
    ranks: list[str] = []
    before = math.nan
    for at, value in enumerate(values.astype(float).round(6), start=1):
        ranks.append(NOTHING if math.isnan(value) else ranks[-1] if value == before else f"{at}")
        before = value
    return ranks


def ties(ranks: Sequence[str], lang: Lang) -> tuple[str, ...]:
    """The note that equal values share a rank, where some do."""
    given = [rank for rank in ranks if rank != NOTHING]
    return (say("table.ties", lang),) if len(set(given)) < len(given) else ()


def _notes(rows: Sequence[Row], indicator: Indicator, lang: Lang) -> list[str]:
    notes = [say(f"table.{indicator.better}", lang), *ties([row.rank for row in rows], lang)]
    if any(row.small for row in rows):
        notes.append(f"* {say('table.small', lang, small=SMALL)}")
    return notes


def plain(value: object) -> float:
    """A stored number; NaN for nothing."""
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
            "value": number(plain(whole[one.id]), one.unit),
            "unit": unit_name(one.unit, lang),
        }
        for one in ordered
    ]
