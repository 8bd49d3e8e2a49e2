"""Deadlines in China's working days: adding them, what is overdue, what it leads to, and plans made backward.

The calendar is that of the `holidays` package (国务院办公厅 notices): statutory holidays, days taken in exchange,
and the weekend days worked for them. For a year not yet announced it knows the statutory holidays alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from geo.layers import Layer, Words

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


@dataclass(frozen=True)
class Limit:
    """How many working days a stage may last. `where` (field → value) and `area_code` narrow it.

    The narrowest that fits a thing holds: most fields named, then the smallest area, then the last declared.
    """

    stage: str
    days: int
    where: tuple[tuple[str, str], ...] = ()
    area_code: str = ""


def limits(layer: Layer, declared: Sequence[Mapping[str, Any]] = ()) -> tuple[Limit, ...]:
    """The layer's own limits, then those a county declares: `stage`, `days`, and `where` / `area` to narrow them.

    declared: tables of `county.toml`'s `[[limits]]`; those naming another layer are passed over. ValueError for
    a stage the layer does not have or days that are not a whole number above 0.
    """
    life = layer.lifecycle
    if life is None:
        return ()
    own = [Limit(s.id, s.days) for s in life.stages if s.days is not None]
    known = {s.id for s in life.stages}
    for entry in declared:
        if entry.get("layer") != layer.id:
            continue
        stage, days = entry.get("stage"), entry.get("days")
        if stage not in known or not isinstance(days, int) or days < 1:
            raise ValueError(f"limit for {layer.id}: stage {stage!r}, days {days!r}")
        where = tuple(sorted((str(k), str(v)) for k, v in dict(entry.get("where", {})).items()))
        own.append(Limit(str(stage), days, where, str(entry.get("area", ""))))
    return tuple(own)


def stage_deadlines(
    things: pd.DataFrame,
    state: pd.DataFrame,
    declared: Sequence[Limit],
    as_of: date,
    *,
    soon_days: int = 3,
) -> pd.DataFrame:
    """When each open thing must leave its stage, indexed as `things`.

    state: of `geo.lifecycle.state_at`, same index. Columns: stage_due_on (datetime64[s], NaT without limit),
    stage_overdue, due_soon (bool: the stage or the whole thing has at most `soon_days` working days left),
    overdue_days (working days after the thing's own last day, 0 when not overdue).
    """
    allowed = np.full(len(things), -1, dtype=np.int64)
    narrow = np.full(len(things), -1, dtype=np.int64)
    stage = state["stage"].to_numpy(object)
    areas = things["area_code"].fillna("").astype(str) if "area_code" in things else None
    for limit in declared:
        fits = stage == limit.stage
        for name, value in limit.where:
            fits &= things[name].to_numpy(object) == value if name in things else False
        if limit.area_code:
            fits &= False if areas is None else areas.str.startswith(limit.area_code).to_numpy(bool)
        rank = 100 * len(limit.where) + len(limit.area_code)
        wins = fits & (rank >= narrow)
        allowed[wins], narrow[wins] = limit.days, rank
    live = state["exists"].to_numpy(bool) & state["kind"].isin(["open", "in_progress"]).to_numpy(bool)
    since = state["stage_since"].to_numpy().astype(DAY)
    due = np.full(len(things), np.datetime64("NaT", "D"), dtype=DAY)
    counted = live & (allowed >= 0) & ~np.isnat(since)
    due[counted] = add_working_days(since[counted], allowed[counted])
    today = np.datetime64(as_of, "D")
    late = counted & (due < today)
    whole = np.where(live, state["due_on"].to_numpy().astype(DAY), np.datetime64("NaT", "D"))
    nearest = np.fmin(due, whole)
    left = working_days_between(np.full(len(things), today), nearest)
    over = working_days_between(whole, np.full(len(things), today))
    return pd.DataFrame(
        {
            "stage_due_on": due.astype("datetime64[s]"),
            "stage_overdue": late,
            "due_soon": (left >= 0) & (left <= soon_days) & (nearest >= today),
            "overdue_days": np.where(whole < today, np.nan_to_num(over), 0).astype(np.int64),
        },
        index=things.index,
    )


@dataclass(frozen=True)
class Rung:
    """One step of the escalation ladder: taken once, that many working days after a thing's last day."""

    id: str
    label: Words
    after_days: int


LADDER = (
    Rung("remind", Words("提醒", "Reminder"), 1),
    Rung("circulate", Words("通报", "Circular"), 5),
    Rung("order", Words("交办函", "Letter of instruction"), 10),
    Rung("summon", Words("约谈", "Summons"), 20),
)
"""The usual ladder; a county declares its own days."""


def escalations(
    state: pd.DataFrame,
    ids: pd.Series,
    taken: pd.DataFrame,
    as_of: date,
    *,
    ladder: Sequence[Rung] = LADDER,
) -> pd.DataFrame:
    """The rungs that are due today: columns id, rung, due_on (the last day it is about), overdue_days.

    ids: the things' ids, same index as `state`. taken: rungs taken before, columns id, rung, due_on, day (the
    China day it was taken). A rung is never skipped and never taken twice for one deadline; a thing climbs at
    most one rung a day, also when nobody looked for a while; an extension starts the ladder afresh.
    """
    today = np.datetime64(as_of, "D")
    due = state["due_on"].to_numpy().astype(DAY)
    rows = np.flatnonzero(state["overdue"].to_numpy(bool) & ~np.isnat(due))
    over = working_days_between(due[rows], np.full(len(rows), today)).astype(np.int64)
    before: dict[tuple[str, str], dict[str, np.datetime64]] = {}
    for one in taken.itertuples(index=False):
        day = np.datetime64(pd.Timestamp(str(one.day)), "D")
        before.setdefault((str(one.id), str(one.due_on)[:10]), {})[str(one.rung)] = day
    found = []
    names = ids.to_numpy(object)
    for row, days in zip(rows, over, strict=True):
        done = before.get((str(names[row]), str(due[row])), {})
        rung = next((r for r in ladder if r.id not in done), None)
        if rung is not None and days >= rung.after_days and all(day < today for day in done.values()):
            found.append((names[row], rung.id, str(due[row]), int(days)))
    return pd.DataFrame(found, columns=["id", "rung", "due_on", "overdue_days"])


def backward(
    layer: Layer,
    final: date,
    as_of: date,
    *,
    stage: str | None = None,
    since: date | None = None,
    durations: Mapping[str, int] | None = None,
) -> pd.DataFrame:
    """倒排工期: from the last day back through the stages still ahead, one row each in their order.

    stage, since: where the thing is now and since when; the layer's first stage, from `as_of` on, when None.
    durations: stage → working days, the layer's own limits when None; a stage without one takes none. Columns:
    stage, days (what it still needs), earliest_start, latest_start, latest_finish (datetime64[s]), slack_days
    (working days that may be lost before its latest start has passed), possible (slack is not negative).
    """
    life = layer.lifecycle
    if life is None:
        raise ValueError(f"{layer.id} has no stages")
    need = dict(durations) if durations is not None else {s.id: s.days or 0 for s in life.stages}
    here = stage or life.initial
    ahead = [name for name in (here, *life.ahead(here)) if life.stage(name).kind != "done"]
    today = np.array([as_of], dtype=DAY)
    days = [int(need.get(name, 0)) for name in ahead]
    if since is not None and days:
        spent = int(working_days_between(np.array([since], dtype=DAY), today)[0])
        days[0] = max(0, days[0] - max(0, spent))
    finish = np.array([final], dtype=DAY)
    rows = []
    for place in range(len(ahead) - 1, -1, -1):
        latest = _back(finish, days[place])
        earliest = _ahead(today, sum(days[:place]))
        slack = int(working_days_between(earliest, latest)[0])
        rows.append((ahead[place], days[place], earliest[0], latest[0], finish[0], slack, slack >= 0))
        finish = latest
    names = ["stage", "days", "earliest_start", "latest_start", "latest_finish", "slack_days", "possible"]
    frame = pd.DataFrame(rows[::-1], columns=names)
    return frame.astype(dict.fromkeys(names[2:5], "datetime64[s]"))


def _ahead(day: np.ndarray, count: int) -> np.ndarray:
    return add_working_days(day, count) if count else day


def _back(day: np.ndarray, count: int) -> np.ndarray:
    """The day from which `count` working days lead to `day`."""
    return add_working_days(add_working_days(day + np.timedelta64(1, "D"), -1), -count) if count else day
