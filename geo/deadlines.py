"""Deadlines in China's working days: adding them, what is overdue, what it leads to, and plans made backward.

The calendar is that of the `holidays` package (国务院办公厅 notices): statutory holidays, days taken in exchange,
and the weekend days worked for them. For a year not yet announced it knows the statutory holidays alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np

DAY = "datetime64[D]"
FIRST_YEAR = 2000
LAST_YEAR = 2050


@dataclass(frozen=True)
class Calendar:
    """Working days between two years. `days` holds each of them; `before[k]` counts those before day k."""

    start: np.datetime64
    days: np.ndarray
    before: np.ndarray


@lru_cache(maxsize=4)
def china_calendar(first_year: int = FIRST_YEAR, last_year: int = LAST_YEAR) -> Calendar:
    """The working days of China from January of `first_year` to December of `last_year`."""
    import holidays

    start, end = np.datetime64(f"{first_year}-01-01", "D"), np.datetime64(f"{last_year + 1}-01-01", "D")
    known = holidays.country_holidays("CN", years=range(first_year, last_year + 1))
    every = np.arange(start, end)
    works = np.is_busday(every)
    off = np.array(sorted(known), dtype=DAY)
    works[(off[(off >= start) & (off < end)] - start).astype(int)] = False
    worked = np.array(sorted(known.weekend_workdays), dtype=DAY)
    works[(worked[(worked >= start) & (worked < end)] - start).astype(int)] = True
    return Calendar(start, every[works], np.concatenate([[0], np.cumsum(works)]))


def is_working_day(day: date) -> bool:
    """Whether offices in China work on that day, substituted weekends included."""
    calendar = china_calendar()
    place = int((np.datetime64(day, "D") - calendar.start).astype(int))
    return bool(calendar.before[place + 1] > calendar.before[place])


def add_working_days(days: np.ndarray, count: int | np.ndarray) -> np.ndarray:
    """The day `count` working days after each of `days` (datetime64[D]); the day itself does not count.

    A count of 0 gives the day itself where it is worked, else the next working day; a negative count goes back.
    NaT stays NaT. ValueError outside the calendar's years.
    """
    calendar = china_calendar()
    given = np.asarray(days).astype(DAY)
    missing = np.isnat(given)
    place = np.where(missing, 0, (given - calendar.start).astype(np.int64))
    if place.min(initial=0) < 0 or place.max(initial=0) >= len(calendar.before) - 1:
        raise ValueError(f"days outside {FIRST_YEAR}–{LAST_YEAR}")
    steps = np.broadcast_to(np.asarray(count, dtype=np.int64), given.shape)
    last_worked = calendar.before[place + 1] - 1
    next_worked = calendar.before[place]
    target = np.where(steps > 0, last_worked + steps, next_worked + steps)
    if target.min(initial=0) < 0 or target.max(initial=0) >= len(calendar.days):
        raise ValueError(f"days outside {FIRST_YEAR}–{LAST_YEAR}")
    result = calendar.days[target]
    result[missing] = np.datetime64("NaT", "D")
    return result


def working_days_between(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Working days after `start` up to and including `end`, negative when `end` is earlier; float, NaN for NaT."""
    calendar = china_calendar()
    first, last = np.asarray(start).astype(DAY), np.asarray(end).astype(DAY)
    missing = np.isnat(first) | np.isnat(last)
    zero = calendar.start
    before = [
        calendar.before[(np.where(missing, zero, days) - zero).astype(np.int64) + 1] for days in (first, last)
    ]
    result: np.ndarray = (before[1] - before[0]).astype(float)
    result[missing] = np.nan
    return result
