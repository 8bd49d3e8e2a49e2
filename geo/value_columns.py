"""One column of a sender's table read as one type: numbers, dates, codes, choices, yes or no, or text."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

from geo import personal
from geo.choices import FALSE_WORDS, TRUE_WORDS, key, nearest, read_choice, spellings
from geo.dates import DateReading, column_order, read_date
from geo.headings import INVISIBLE
from geo.issues import Issue
from geo.layers import Field
from geo.numbers import BLANKS, plain, read_number
from geo.units import UNITS, ratio, scaled

# In free text 待定 or 未知 says something; these say nothing.
_TEXT_BLANKS = BLANKS - {"未知", "不详", "待定", "待核", "待补", "没有", "缺", "na"}
_EXACT_DIGITS_UNDER = 1e15
_SHOWN = 40
_BETWEEN_CHINESE = re.compile(r"(?<=[\u4e00-\u9fff])[ \u3000\t]+(?=[\u4e00-\u9fff])")
_SCIENTIFIC = re.compile(r"^(\d)(?:\.(\d+))?[eE]\+?(\d{1,2})$")


@dataclasses.dataclass
class Column:
    """A column on its way to a type: the raw cells, the field they should hold, and what is found on the way."""

    cells: pd.Series
    field: Field
    heading: str
    unit: str | None = None
    today: dt.date | None = None
    is_id: bool = False
    issues: list[Issue] = dataclasses.field(default_factory=list)

    def find(self, code: str, at: Iterable[int], **params: Any) -> None:
        """One finding for each position, with the cell's text unless the field is personal."""
        values = self.cells.array
        for i in at:
            self.issues.append(
                Issue(
                    code,
                    int(self.cells.index[i]),
                    self.field.name,
                    {"heading": self.heading, "value": self.shown(values[i]), **params},
                )
            )

    def note(self, code: str, at: Iterable[int], **params: Any) -> None:
        """One finding for the whole column: how many cells, and the first rows."""
        places = [int(i) for i in at]
        if not places:
            return
        rows = "、".join(str(self.cells.index[i]) for i in places[:5]) + ("…" if len(places) > 5 else "")
        shown = {"heading": self.heading, "count": len(places), "rows": rows, **params}
        shown.setdefault("value", self.shown(self.cells.array[places[0]]))
        self.issues.append(Issue(code, None, self.field.name, shown))

    def shown(self, value: Any) -> str:
        """A cell's text as a finding may quote it: short, and without anyone's numbers."""
        if self.field.personal:
            return "＊＊＊"
        text = cell_text(value) or ""
        text = personal.mask(text)[0]
        return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"

    def distinct(self, mask: np.ndarray) -> tuple[np.ndarray, list[Any]]:
        """For the masked cells: index into their distinct values (-1 elsewhere), and the distinct values."""
        codes = np.full(len(self.cells), -1, dtype=np.int64)
        chosen = self.cells[mask]
        keys = [(type(v) is bool, v) if isinstance(v, bool | int | float) else v for v in chosen]
        table: dict[Any, int] = {}
        codes[mask] = [table.setdefault(k, len(table)) for k in keys]
        return codes, [k[1] if isinstance(k, tuple) else k for k in table]


def cell_text(value: Any) -> str | None:
    """A cell as text: whole numbers without `.0`, days as 2023-09-05, no invisible characters; None if empty."""
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, str):
        text = value.translate(INVISIBLE).replace("\xa0", " ").strip()
        return text or None
    if isinstance(value, bool | np.bool_):
        return "是" if value else "否"
    if isinstance(value, float | np.floating):
        number = float(value)
        if number != number:
            return None
        return str(int(number)) if number.is_integer() and abs(number) < _EXACT_DIGITS_UNDER else repr(number)
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ", "minutes")
    return str(value).strip() or None


def _filled(cells: pd.Series) -> np.ndarray:
    return cells.notna().to_numpy(bool)


def read_numbers(column: Column) -> pd.Series:
    """float64 (or Int64) in the field's unit; `number_unreadable`, `number_not_whole`, `number_out_of_range`."""
    cells, fld = column.cells, column.field
    target = fld.unit if fld.unit in UNITS else None
    own = column.unit or target
    scale = _scale(own, target)
    values = np.full(len(cells), np.nan)
    plain_numbers, rest = _plain_numbers(cells)
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
        return pd.Series(np.where(whole, values, np.nan), index=cells.index).astype("Int64")
    return pd.Series(values, index=cells.index)


def _plain_numbers(cells: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """The cells that are numbers or plain number text (NaN elsewhere), and which others are filled."""
    if cells.dtype == object:
        odd = np.fromiter(
            (isinstance(v, bool | dt.date | dt.time | dt.timedelta) for v in cells.array), bool, len(cells)
        )
        cells = cells.where(~odd, "?") if odd.any() else cells
    numbers = pd.to_numeric(cells, errors="coerce").to_numpy(float, na_value=np.nan)
    numbers = np.where(np.isfinite(numbers), numbers, np.nan)
    return numbers, _filled(cells) & np.isnan(numbers)


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
    filled = _filled(cells)
    days = np.full(len(cells), np.datetime64("NaT"), dtype="datetime64[D]")
    if str(cells.dtype).startswith("datetime64"):
        days[filled] = cells[filled].dt.tz_localize(None).to_numpy().astype("datetime64[D]")
        return pd.Series(days.astype("datetime64[s]"), index=cells.index)
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
    return pd.Series(days.astype("datetime64[s]"), index=cells.index)


def read_boolean(column: Column) -> pd.Series:
    """`boolean` from 是/否, 有/无, Y/N, 1/2 (NY/T: 1 yes, 2 no), √/×; anything else is `choice_unknown`."""
    filled = _filled(column.cells)
    codes, values = column.distinct(filled)
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
    return pd.Series(pd.array(made, dtype="boolean"), index=column.cells.index)


def read_choices(column: Column) -> pd.Series:
    """`string` of declared values; outside a closed list `choice_unknown`, outside an open one kept and said."""
    fld = column.field
    table = spellings(fld.choices)
    filled = _filled(column.cells)
    codes, values = column.distinct(filled)
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
        column.find(code, np.flatnonzero(codes == place), allowed=allowed, suggestion=nearby[place])
    return pd.Series(np.array([*made, pd.NA], dtype=object)[codes], index=column.cells.index, dtype="string")


def _texts(column: Column, blanks: frozenset[str]) -> pd.Series:
    """The cells as text, blanks and what only says `nothing` as missing."""
    filled = _filled(column.cells)
    codes, values = column.distinct(filled)
    texts = [cell_text(value) for value in values]
    clean = [pd.NA if text is None or (len(text) < 5 and plain(text) in blanks) else text for text in texts]
    made = np.array([*clean, pd.NA], dtype=object)[codes]
    return pd.Series(made, index=column.cells.index, dtype="string")


def read_codes(column: Column) -> pd.Series:
    """`string` of codes; digits lost to Excel are `code_damaged_by_excel`, other shapes `code_malformed`."""
    texts = _texts(column, BLANKS)
    texts = texts.str.normalize("NFKC").str.replace(r"\s+", "", regex=True)
    texts = texts.str.replace(r"^['‘’`]+|(?<=\d)\.0+$", "", regex=True)
    damaged = _damaged(column, texts)
    texts = texts.mask(damaged)
    short = texts.str.fullmatch(_SCIENTIFIC.pattern).fillna(False).to_numpy(bool)
    if short.any():
        texts = texts.mask(short, texts[short].map(lambda t: str(int(float(t)))))
    return _shaped(column, texts)


def _damaged(column: Column, texts: pd.Series) -> np.ndarray:
    """Codes whose last digits Excel threw away: numbers of 16 digits and more, 3.4E+13, tails of zeros."""
    big = np.fromiter(
        (isinstance(v, int | float) and abs(v) >= _EXACT_DIGITS_UNDER for v in column.cells.to_numpy(object)),
        bool,
        len(texts),
    )
    parts = texts.str.extract(_SCIENTIFIC)
    lost = parts[2].astype("Float64") > parts[1].fillna("").str.len()
    tail = texts.str.fullmatch(r"\d{15}0{2,}").fillna(False)
    digits = texts.str.len().fillna(0)
    many = tail.sum() >= max(3, texts.notna().sum() * 0.5)
    cut = tail & ((digits >= 19) | bool(many))
    damaged: np.ndarray = big | lost.fillna(False).to_numpy(bool) | cut.to_numpy(bool)
    column.find("code_damaged_by_excel", np.flatnonzero(damaged))
    return damaged


def _shaped(column: Column, texts: pd.Series) -> pd.Series:
    pattern = column.field.pattern
    if pattern is not None:
        fits = texts.str.fullmatch(pattern).fillna(True).to_numpy(bool)
        column.find("code_malformed", np.flatnonzero(~fits), pattern=pattern)
    return texts


def read_texts(column: Column) -> pd.Series:
    """`string` as written, trimmed; people's numbers in a field not meant for them are masked and said."""
    name_like = column.field.type == "area_name"
    texts = _texts(column, BLANKS if name_like or column.is_id else _TEXT_BLANKS)
    if name_like:
        texts = texts.str.replace(_BETWEEN_CHINESE, "", regex=True)
    elif column.is_id:
        texts = texts.str.replace(r"^['‘’`]+|(?<=^\d)\.0+$", "", regex=True)
        return _shaped(column, texts.mask(_damaged(column, texts)))
    elif not column.field.personal:
        texts = _masked(column, texts)
    return _shaped(column, texts)


def _masked(column: Column, texts: pd.Series) -> pd.Series:
    suspect = np.flatnonzero(texts.str.contains(personal.SUSPECT, regex=True).fillna(False).to_numpy(bool))
    if not len(suspect):
        return texts
    made = texts.to_numpy(object).copy()
    for i in suspect:
        masked, found = personal.mask(made[i])
        if found:
            made[i] = masked
            column.find("personal_data_found", [int(i)], kinds="、".join(_KIND_WORDS[k] for k in found))
    return pd.Series(made, index=texts.index, dtype="string")


_KIND_WORDS = {"identity": "身份证号", "phone": "手机号"}
