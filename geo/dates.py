"""Dates as people write them in ledgers: 2023.9, 2023年9月, Excel serials, month before day or after."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from geo.numbers import is_blank, plain, read_chinese

Precision = Literal["day", "month", "year"]
Order = Literal["mdy", "dmy"]
Fault = Literal["unreadable", "impossible"]

EARLIEST_YEAR = 1949
LATEST_YEAR = 2100
# Excel's day numbers of 1950-01-01 and 2100-12-31: a number between them in a date column is a day.
_SERIAL_FROM, _SERIAL_TO = 18264, 73415
_EPOCH = dt.date(1899, 12, 30)


@dataclass(frozen=True)
class DateReading:
    """A date read from a cell. precision: `month` or `year` when no day was written (then the first).

    assumed: what had to be assumed: `order` (day and month could be swapped), `october` (2023.1 may be the
    2023.10 of a number cell), `century` (two-digit year).
    """

    date: dt.date
    precision: Precision = "day"
    assumed: str | None = None


_CHINESE_DIGITS = "零〇○一二三四五六七八九十廿卅元正"
_CHINESE_DATE = re.compile(rf"[{_CHINESE_DIGITS}]+(?=[年月日号])")
_TIME = re.compile(r"[t ]*\d{1,2}[:时点]\d{1,2}.*$|[t ]+\d{1,2}[时点].*$")
_PART_OF_MONTH = {"上旬": 1, "中旬": 11, "下旬": 21, "初": 1, "上": 1, "底": 0, "末": 0, "中": 15, "月底": 0}
_YMD = re.compile(r"^(\d{4})[-/.年、,](\d{1,2})[-/.月、,](\d{1,2})[日号]?$")
_YM = re.compile(r"^(\d{4})[-/.年、](\d{1,2})月?(?:份)?$")
_YM_PART = re.compile(r"^(\d{4})[-/.年](\d{1,2})月?份?(上旬|中旬|下旬|月?底|末|初|中)$")
_Y = re.compile(r"^(\d{4})年(?:度)?$")
_SHORT = re.compile(r"^['‘’]?(\d{2})[-/.年](\d{1,2})[-/.月](\d{1,2})[日号]?$")
_SHORT_YM = re.compile(r"^['‘’](\d{2})[-/.年](\d{1,2})月?$|^(\d{2})年(\d{1,2})月(?:份)?$")
_END_YEAR = re.compile(r"^(\d{1,2})([-/.])(\d{1,2})\2(\d{4})$")
_END_SHORT = re.compile(r"^(\d{1,2})([/])(\d{1,2})\2(\d{2})$")
_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, start=1)}
_ENGLISH = (
    re.compile(r"^(\d{1,2})[-/ ]?([a-z]{3,9})\.?[-/ ,]*(\d{4}|\d{2})$"),
    re.compile(r"^([a-z]{3,9})\.?[-/ ]?(\d{1,2})(?:st|nd|rd|th)?[-/ ,]+(\d{4})$"),
)


def _chinese_numeral(match: re.Match[str]) -> str:
    text = match.group().replace("元", "一").replace("正", "一").replace("廿", "二十").replace("卅", "三十")
    value = read_chinese(text)
    return match.group() if value is None else str(int(value))


def _make(
    year: int, month: int, day: int, precision: Precision, assumed: str | None = None
) -> DateReading | Fault:
    """A reading, or `impossible` when the calendar has no such day."""
    try:
        return DateReading(dt.date(year, month, day), precision, assumed)
    except ValueError:
        return "impossible"


def century(short_year: int) -> int:
    """`23` → 2023, `98` → 1998: two-digit years from 50 on are of the last century."""
    return 2000 + short_year if short_year < 50 else 1900 + short_year


def read_date_text(text: str, order: Order | None = None) -> DateReading | Fault:
    """The day a cell's text states, or why it states none.

    order: whether `9/5/2023` is month or day first; None takes month first and says so when both could be.
    """
    written = text.strip().casefold()
    bare = plain(_TIME.sub("", written))
    if not bare or bare in ("0",):
        return "unreadable"
    bare = _CHINESE_DATE.sub(_chinese_numeral, bare).replace("年月", "年").rstrip("。;,")
    bare = re.sub(r"^(?:约|大约|于|截止到?|至)|(?:左右|前|起|止)$", "", bare)
    if bare.isdigit():
        return _digits(bare)
    if match := _YMD.match(bare):
        year, month, day = map(int, match.groups())
        return _checked(_make(year, month, day, "day"))
    if match := _YM.match(bare):
        return _checked(_make(int(match[1]), int(match[2]), 1, "month"))
    if match := _YM_PART.match(bare):
        return _checked(_part_of_month(int(match[1]), int(match[2]), match[3]))
    if match := _Y.match(bare):
        return _checked(_make(int(match[1]), 1, 1, "year"))
    if match := _SHORT_YM.match(bare):
        year, month = (int(p) for p in match.groups() if p)
        return _checked(_make(century(year), month, 1, "month", "century"))
    if match := _END_YEAR.match(bare):
        return _ordered(int(match[1]), int(match[3]), int(match[4]), order)
    if match := _SHORT.match(bare):
        year, month, day = map(int, match.groups())
        if "/" in bare and order is not None:
            return _ordered(year, month, century(day), order)
        if (year > 12 or bare[0] in "'‘’" or "年" in bare or "/" not in bare) and month <= 12:
            return _checked(_make(century(year), month, day, "day", "century"))
    if match := _END_SHORT.match(bare):
        return _ordered(int(match[1]), int(match[3]), century(int(match[4])), order)
    return _english(plain(_TIME.sub("", written)) if " " not in written else _TIME.sub("", written))


def _english(text: str) -> DateReading | Fault:
    for pattern in _ENGLISH:
        match = pattern.match(text.strip())
        if match is None:
            continue
        first, second, year = match.groups()
        name, day = (second, first) if first.isdigit() else (first, second)
        month = _MONTHS.get(name[:3])
        if month:
            full = int(year) if len(year) == 4 else century(int(year))
            return _checked(_make(full, month, int(day), "day"))
    return "unreadable"


def _part_of_month(year: int, month: int, part: str) -> DateReading | Fault:
    day = _PART_OF_MONTH[part]
    if day == 0:
        first_of_next = _make(year + month // 12, month % 12 + 1, 1, "month")
        if not isinstance(first_of_next, DateReading):
            return first_of_next
        return DateReading(first_of_next.date - dt.timedelta(days=1), "month")
    return _make(year, month, day, "month")


def _ordered(first: int, second: int, year: int, order: Order | None) -> DateReading | Fault:
    if order is None:
        order = "dmy" if first > 12 >= second else "mdy"
        doubtful = first <= 12 and second <= 12 and first != second
    else:
        doubtful = False
    month, day = (first, second) if order == "mdy" else (second, first)
    return _checked(_make(year, month, day, "day", "order" if doubtful else None))


def _digits(text: str) -> DateReading | Fault:
    """A number without marks: 20230905, 202309, 2023, 230905, or Excel's day number."""
    if len(text) == 14:
        text = text[:8]
    if len(text) == 8:
        return _checked(_make(int(text[:4]), int(text[4:6]), int(text[6:]), "day"))
    if len(text) == 6:
        if text[:2] in ("19", "20") and 1 <= int(text[4:]) <= 12:
            return _checked(_make(int(text[:4]), int(text[4:]), 1, "month"))
        return _checked(_make(century(int(text[:2])), int(text[2:4]), int(text[4:]), "day", "century"))
    if len(text) == 5 and _SERIAL_FROM <= int(text) <= _SERIAL_TO:
        return _serial(float(text))
    if len(text) == 4 and EARLIEST_YEAR <= int(text) <= LATEST_YEAR:
        return _make(int(text), 1, 1, "year")
    return "unreadable"


def _serial(value: float) -> DateReading:
    return DateReading(_EPOCH + dt.timedelta(days=int(value)))


def _checked(made: DateReading | Fault) -> DateReading | Fault:
    """Days before the People's Republic or after this century are slips of the pen."""
    if isinstance(made, DateReading) and not EARLIEST_YEAR <= made.date.year <= LATEST_YEAR:
        return "impossible"
    return made


def read_date(value: Any, order: Order | None = None) -> DateReading | Fault | None:
    """The day a cell states: text, number (serial, 20230905, 2023.9) or date; None for an empty cell."""
    if value is None or value != value:
        return None
    if isinstance(value, dt.datetime):
        return _checked(DateReading(value.date()))
    if isinstance(value, dt.date):
        return _checked(DateReading(value))
    if isinstance(value, bool | dt.time | dt.timedelta):
        return "unreadable"
    if isinstance(value, int | float):
        return _number(float(value))
    text = str(value)
    if is_blank(text) or text.strip() in ("0000-00-00", "0"):
        return None
    if re.fullmatch(r"\d{5}\.\d+", text.strip()) and _SERIAL_FROM <= float(text) <= _SERIAL_TO:
        return _serial(float(text))
    text = re.sub(r"^(\d{4,8})\.0+$", r"\1", text.strip())
    return read_date_text(text, order)


def _number(value: float) -> DateReading | Fault | None:
    if value == 0:
        return None
    if _SERIAL_FROM <= value <= _SERIAL_TO:
        return _serial(value)
    if value == int(value):
        return _digits(str(int(value))) if value > 0 else "unreadable"
    text = f"{value:.4f}".rstrip("0")
    year, _, fraction = text.partition(".")
    if not EARLIEST_YEAR <= value < LATEST_YEAR + 1:
        return "unreadable"
    if len(fraction) == 1:
        return _make(int(year), int(fraction), 1, "month", "october" if fraction == "1" else None)
    if len(fraction) == 2:
        return _make(int(year), int(fraction), 1, "month")
    if len(fraction) in (3, 4):
        return _make(int(year), int(fraction[:2]), int(fraction[2:].ljust(2, "0")), "day")
    return "unreadable"


def column_order(texts: Iterable[str]) -> Order | None:
    """Whether a column writes `9/5/2023` with the month or the day first; None when nothing decides.

    A part above 12 decides; evidence for both sides decides for the more frequent.
    """
    votes = {"mdy": 0, "dmy": 0}
    for text in texts:
        bare = _TIME.sub("", text.strip().casefold()).replace(" ", "")
        match = _END_YEAR.match(bare) or _END_SHORT.match(bare)
        if match:
            first, second = int(match[1]), int(match[3])
            if first > 12 >= second:
                votes["dmy"] += 1
            elif second > 12 >= first:
                votes["mdy"] += 1
    if votes["mdy"] == votes["dmy"]:
        return None
    return "mdy" if votes["mdy"] > votes["dmy"] else "dmy"
