"""Columns of numbers, days, choices and yes-or-no, read from however a sender wrote them."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo import personal
from geo.choices import FALSE_WORDS, TRUE_WORDS, key, nearest, read_choice, spellings
from geo.dates import DateReading, column_order, read_date
from geo.numbers import BLANKS, plain, read_number
from geo.units import UNITS, ratio, scaled
from geo.value_columns import Column, Mask, cell_text

# A value outside an open list that more rows have than this is a habit, said once.
_SAID_ONE_BY_ONE = 20
_NOT_NUMBERS = (bool, dt.date, dt.time, dt.timedelta)


def read_numbers(column: Column) -> pd.Series:
    """float64 (or Int64) in the field's unit; `number_unreadable`, `number_not_whole`, `number_out_of_range`."""
    fld = column.field
    target = fld.unit if fld.unit in UNITS else None
    own = column.unit or target
    scale = _scale(own, target)
    values = np.full(len(column.raw), np.nan)
    plain_numbers, rest = _plain_numbers(column)
    known = ~np.isnan(plain_numbers)
    values[known] = scaled(plain_numbers[known], scale)
    if target == "percent" and column.unit is None:
        _percents(column, values, known)
    codes, texts = column.distinct(rest)
    readings = [_number_of(text, own, target) for text in texts]
    found = np.array([r[0] for r in readings] + [np.nan])
    values[rest] = found[codes[rest]]
    about = np.array([r[1] for r in readings] + [False], dtype=bool)
    wrong = np.array([r[2] for r in readings] + [False], dtype=bool)
    column.note("number_approximate", np.flatnonzero(about[codes]))
    column.find("number_unreadable", np.flatnonzero(wrong[codes]))
    if scale != 1:
        column.note("unit_converted", np.flatnonzero(known), unit=own, to=target)
    _in_range(column, values)
    if fld.type == "integer":
        whole = np.isnan(values) | (values == np.floor(values))
        column.find("number_not_whole", np.flatnonzero(~whole))
        return pd.Series(np.where(whole, values, np.nan), index=column.index).astype("Int64")
    return pd.Series(values, index=column.index)


def _plain_numbers(column: Column) -> tuple[npt.NDArray[np.float64], Mask]:
    """The cells that are numbers or plain number text (NaN elsewhere), and which others are filled."""
    cells = pd.Series(column.raw, dtype=object)
    if pd.api.types.infer_dtype(column.raw, skipna=True) not in ("string", "floating", "integer"):
        odd = np.fromiter((isinstance(v, _NOT_NUMBERS) for v in column.raw), bool, len(cells))
        cells = cells.where(~odd, "?")
    numbers = pd.to_numeric(cells, errors="coerce").to_numpy(float, na_value=np.nan)
    numbers = np.where(np.isfinite(numbers), numbers, np.nan)
    return numbers, column.filled & np.isnan(numbers)


def _scale(unit: str | None, target: str | None) -> Fraction:
    """By what plain numbers are multiplied; a heading's unit that does not fit the field is left alone."""
    if unit is None or target is None or unit == target:
        return Fraction(1)
    return ratio(unit, target) or Fraction(1)


def _percents(column: Column, values: np.ndarray, known: np.ndarray) -> None:
    """Excel keeps 35 % as 0.35: when a column has nothing over 1 and parts of one, it is multiplied by 100."""
    numbers = values[known]
    parts = (numbers > 0) & (numbers < 1)
    if parts.any() and (numbers >= 0).all() and (numbers <= 1).all():
        values[known] = np.round(numbers * 100, 10)
        column.note("percent_scaled", np.flatnonzero(known))


def _number_of(value: Any, unit: str | None, target: str | None) -> tuple[float, bool, bool]:
    """(number in the target unit, written as approximate, unreadable) of one cell."""
    if not isinstance(value, str):
        return np.nan, False, True
    if plain(value) in BLANKS and not value.startswith("#"):
        return np.nan, False, False
    reading = read_number(value)
    if reading is None:
        return np.nan, False, True
    written = reading.unit
    if target == "yuan_per_mu" and written in ("yuan", "mu"):
        written = None if written == "yuan" else written
    if written is None or target is None:
        return scaled(reading.value, _scale(unit, target)), reading.about, False
    scale = ratio(written, target)
    if scale is None:
        return np.nan, False, True
    return scaled(reading.value, scale), reading.about, False


def _in_range(column: Column, values: np.ndarray) -> None:
    low, high = column.field.minimum, column.field.maximum
    with np.errstate(invalid="ignore"):
        beyond = np.zeros(len(values), dtype=bool)
        if low is not None:
            beyond |= values < low
        if high is not None:
            beyond |= values > high
    at = np.flatnonzero(beyond)
    column.find(
        "number_out_of_range", at, minimum="" if low is None else low, maximum="" if high is None else high
    )


def read_dates(column: Column) -> pd.Series:
    """datetime64[s] days; `date_unreadable`, `date_impossible`, `date_month_ambiguous`, and what was assumed."""
    cells = column.cells
    filled = column.filled
    days = np.full(len(column.raw), np.datetime64("NaT"), dtype="datetime64[D]")
    if str(cells.dtype).startswith("datetime64"):
        days[filled] = cells[filled].dt.tz_localize(None).to_numpy().astype("datetime64[D]")
        return pd.Series(days.astype("datetime64[s]"), index=column.index)
    codes, values = column.distinct(filled)
    order = column_order(v for v in values if isinstance(v, str))
    readings = [read_date(value, order) for value in values]
    latest = dt.date(column.today.year + 80, 12, 31) if column.today else None
    marks: list[str] = []
    found = np.full(len(readings) + 1, np.datetime64("NaT"), dtype="datetime64[D]")
    for i, reading in enumerate(readings):
        if isinstance(reading, DateReading):
            late = latest is not None and reading.date > latest
            found[i] = np.datetime64("NaT") if late else np.datetime64(reading.date)
            marks.append("impossible" if late else reading.assumed or reading.precision)
        else:
            marks.append(reading or "blank")
    days = found[codes]
    kinds = np.array([*marks, "blank"])[codes]
    for mark, code in (
        ("unreadable", "date_unreadable"),
        ("impossible", "date_impossible"),
        ("october", "date_month_ambiguous"),
    ):
        column.find(code, np.flatnonzero(kinds == mark))
    for mark, code in (
        ("order", "date_order_assumed"),
        ("month", "date_month_only"),
        ("year", "date_year_only"),
        ("century", "date_short_year"),
    ):
        column.note(code, np.flatnonzero(kinds == mark))
    return pd.Series(days.astype("datetime64[s]"), index=column.index)


def read_boolean(column: Column) -> pd.Series:
    """`boolean` from 是/否, 有/无, Y/N, 1/2 (NY/T: 1 yes, 2 no), √/×; anything else is `choice_unknown`."""
    codes, values = column.distinct(column.filled)
    true, false = {key(w) for w in TRUE_WORDS} - {""}, {key(w) for w in FALSE_WORDS} - {""}
    table: list[Any] = []
    wrong = np.zeros(len(values) + 1, dtype=bool)
    for i, value in enumerate(values):
        text = cell_text(value)
        folded = key(text) if text else ""
        if text in TRUE_WORDS or folded in true:
            table.append(True)
        elif text in FALSE_WORDS or folded in false:
            table.append(False)
        else:
            table.append(pd.NA)
            wrong[i] = text is not None and plain(text) not in BLANKS
    column.find("choice_unknown", np.flatnonzero(wrong[codes]), allowed="是、否", suggestion="是、否")
    made = np.array([*table, pd.NA], dtype=object)[codes]
    return pd.Series(pd.array(made, dtype="boolean"), index=column.index)


def read_choices(column: Column) -> pd.Series:
    """`string` of declared values; outside a closed list `choice_unknown`, outside an open one kept and said."""
    fld = column.field
    table = spellings(fld.choices)
    codes, values = column.distinct(column.filled)
    made: list[Any] = []
    outside = np.zeros(len(values) + 1, dtype=bool)
    nearby: list[str] = []
    allowed = "、".join(choice.label.zh for choice in fld.choices)
    for i, value in enumerate(values):
        text = cell_text(value)
        found = read_choice(text, table) if text else None
        if found is None and text and plain(text) not in BLANKS:
            outside[i] = True
            found = personal.mask(text)[0] if fld.open_choices else None
        made.append(pd.NA if found is None else found)
        nearby.append((nearest(text, fld.choices) if outside[i] and text else None) or "—")
    code = "choice_not_listed" if fld.open_choices else "choice_unknown"
    for place in np.flatnonzero(outside):
        at = np.flatnonzero(codes == place)
        if fld.open_choices and len(at) > _SAID_ONE_BY_ONE:
            often = column.shown(values[place])
            column.note("choice_often_not_listed", at, allowed=allowed, choice=often)
        else:
            column.find(code, at, allowed=allowed, suggestion=nearby[place])
    return pd.Series(np.array([*made, pd.NA], dtype=object)[codes], index=column.index, dtype="string")
