"""A table with a row per parcel and date, turned into one with a row per parcel."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.errors import Refused
from geo.verify_dates import LEAST_DATES, families, too_few
from geo.verify_headings import find_column, id_column, role
from geo.verify_values import index_values, numbers, ratio

Array = NDArray[Any]
_VALUES = ("ndvi", "ndvi_mean", "mean_ndvi", "ndvi_median", "evi", "evi2", "value", "mean", "植被指数", "指数")
_YEAR = ("year", "年份", "年度", "年")
_DOY = ("doy", "day_of_year", "dayofyear", "jday", "julian", "julian_day", "年积日")
_MONTH = ("month", "月", "月份")
_DAY = ("day", "日")
_STEP = (
    "composite",
    "period",
    "step",
    "week",
    "dekad",
    "decade",
    "obs",
    "t",
    "time",
    "band",
    "旬",
    "期",
    "期次",
    "时相",
)


def long_series(frame: pd.DataFrame, said: dict[str, str]) -> tuple[Array, list[date], Array]:
    """First row of each parcel, the dates, and the values (parcels, dates); values of one date are averaged.

    Refused: `series_columns_missing` without a column of dates, of parcel numbers, and of an index or its bands;
    `series_dates_few` when most parcels have fewer than LEAST_DATES dates.
    """
    number = id_column(frame)
    when, day = _days(frame, number)
    names = {role(str(c)): str(c) for c in reversed(list(frame.columns)) if role(str(c))}
    index = find_column(list(frame.columns), _VALUES)
    valued = bool(index) or {"red", "nir"} <= set(names)
    found = _dates_each(frame[number], day) if number and valued and day is not None else 0
    found = found or too_few(list(frame.columns))
    if 0 < found < LEAST_DATES:
        raise Refused("series_dates_few", found=found, least=LEAST_DATES)
    if day is None or number is None or not valued:
        raise Refused("series_columns_missing", least=LEAST_DATES, columns=", ".join(map(str, frame.columns[:12])))
    if index:
        values = index_values(numbers(frame[index]), index)
    else:
        values = ratio(numbers(frame[names["red"]]), numbers(frame[names["nir"]]))
    key, parcels = pd.factorize(frame[number])
    told = day.notna().to_numpy() & (key >= 0)
    column, days = pd.factorize(day[told].dt.date, sort=True)
    first = np.full(len(parcels), -1)
    first[key[key >= 0][::-1]] = np.flatnonzero(key >= 0)[::-1]
    total, seen = np.zeros((2, len(parcels), len(days)))
    good = ~np.isnan(values[told])
    np.add.at(total, (key[told][good], column[good]), values[told][good])
    np.add.at(seen, (key[told][good], column[good]), 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        wide = total / seen
    said["index"] = index or f"({names['nir']} - {names['red']}) / ({names['nir']} + {names['red']})"
    said["dates"] = f"{when}: {days[0]} … {days[-1]} ({len(days)})"
    return first, list(days), wide


def _dates_each(number: pd.Series, day: pd.Series) -> int:
    """How many dates most parcels have: the median."""
    return int(day.groupby(number.to_numpy()).nunique().median())


def _days(frame: pd.DataFrame, number: str | None) -> tuple[str, pd.Series | None]:
    """What names the date of each row, and the dates; of several columns the one that tells most rows apart."""
    best, most, found = "", 0, None
    key = frame[number] if number else pd.Series(range(len(frame)), index=frame.index)
    for heading in frame.columns:
        days = read_days(frame[heading])
        if days is None or days.nunique() > max(len(frame) // 2, LEAST_DATES):
            continue
        apart = int((~pd.DataFrame({"key": key, "day": days}).duplicated()).sum())
        if apart > most:
            best, most, found = str(heading), apart, days
    for other in (_from_parts(frame), *_from_steps(frame)):
        if other is not None:
            apart = int((~pd.DataFrame({"key": key, "day": other[1]}).duplicated()).sum())
            if apart > most:
                best, most, found = other[0], apart, other[1]
    return best, found


def _from_steps(frame: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
    """Dates told by a column's words (ndvi_doy129), or by the numbers of composites, in the row's year."""
    year = find_column(list(frame.columns), _YEAR)
    own = pd.Series(numbers(frame[year]) if year else np.full(len(frame), np.nan), index=frame.index)
    for heading in map(str, frame.columns):
        text = frame[heading].astype("string")
        words = [one for one in text.dropna().unique() if one.strip()]
        numeric = pd.api.types.is_numeric_dtype(frame[heading])
        if not LEAST_DATES <= len(words) <= 366 * 30 or (numeric and heading.strip().lower() not in _STEP):
            continue
        prefix = "step_" if numeric else ""
        groups = families([prefix + one.removesuffix(".0") for one in words])
        dated = {one.heading.removeprefix(prefix): one for group in groups.values() for one in group}
        if len(dated) < 0.95 * len(words):
            continue
        at = {one: dated.get(one.removesuffix(".0")) for one in words}
        years = text.map({k: one.year for k, one in at.items() if one and one.year}).astype(float).fillna(own)
        days = text.map({k: one.day_of_year for k, one in at.items() if one}).astype(float)
        yield heading, _of_year(years.fillna(2001.0).to_numpy(float), days.to_numpy(float), frame.index)


def _from_parts(frame: pd.DataFrame) -> tuple[str, pd.Series] | None:
    """Dates put together of a year and a day of the year, or of a year, a month and perhaps a day."""
    columns = list(frame.columns)
    year, doy, month, day = (find_column(columns, names) for names in (_YEAR, _DOY, _MONTH, _DAY))
    if not (doy or month):
        return None
    years = numbers(frame[year]) if year else np.full(len(frame), 2001.0)
    if doy:
        days = numbers(frame[doy])
    else:
        assert month is not None
        inner = numbers(frame[day]) if day else np.full(len(frame), 15.0)
        days = (numbers(frame[month]) - 1) * 30.44 + inner
    start = _of_year(years, days, frame.index)
    return " + ".join(name for name in (year, doy or month, None if doy else day) if name), start


def _of_year(years: Array, days: Array, index: pd.Index) -> pd.Series:
    """Dates of years and days of the year; NaT where they are none."""
    good = (days >= 1) & (days <= 366) & (years > 1950) & (years < 2100)
    start = pd.Series(pd.NaT, index=index, dtype="datetime64[s]")
    first = pd.to_datetime(years[good].astype(int).astype(str), format="%Y")
    start[good] = (first + pd.to_timedelta(np.floor(days[good] - 1), unit="D")).astype("datetime64[s]")
    return start


def read_days(values: pd.Series) -> pd.Series | None:
    """A column as dates, when nearly all of it are: dates, ISO text, 20160501, day-first or month-first text."""
    if pd.api.types.is_datetime64_any_dtype(values):
        return values.dt.tz_localize(None) if getattr(values.dt, "tz", None) else values
    if pd.api.types.is_bool_dtype(values):
        return None
    if pd.api.types.is_numeric_dtype(values):
        whole = values.dropna()
        if not len(whole) or not whole.between(19500101, 21001231).all():
            return None
        text = values.map(lambda v: "" if pd.isna(v) else str(int(v)))
    else:
        text = values.astype("string").fillna("").str.strip().str.slice(0, 19)
        head = text[text != ""].head(50)
        if not len(head) or not head.str.match(r"\d{1,4}\D?\d{1,2}\D?\d").all():
            return None
    for style in ("%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%d.%m.%Y", "%d/%m/%Y", "%d-%m-%Y",
                  "%m/%d/%Y", "%m-%d-%Y", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y%j", "%Y-%m"):  # fmt: skip
        days = pd.to_datetime(text, errors="coerce", format=style)
        if days.notna().mean() > 0.95:
            return days
    days = pd.to_datetime(text, errors="coerce", format="mixed")
    return days if days.notna().mean() > 0.95 else None
