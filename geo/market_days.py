"""赶场日: the rule by which a town's market days come round, as people write it, and whether a day is one."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal

Calendar = Literal["lunar", "solar"]
DIGITS = {**{c: n for n, c in enumerate("一二三四五六七八九", start=1)}, "十": 0, "〇": 0, "零": 0}
WEEKDAYS = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6}
CHINA_DAYS_AHEAD = 8 / 24


@dataclass(frozen=True)
class MarketRule:
    """When a town holds its market: on days of the month that end in `figures`, or on `weekdays` (Monday 0).

    calendar: whose days of the month; `stated` is whether the text said so itself.
    """

    figures: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()
    calendar: Calendar = "lunar"
    stated: bool = False


def read_rule(text: str, *, calendar: Calendar = "lunar") -> MarketRule | None:
    """The rule of a text such as `逢三六九`, `农历逢一、四、七`, `公历2、5、8`, `每周六`, `天天`.

    None for what is no such rule. calendar: the one meant where the text does not say.
    """
    said = re.sub(r"\s+", "、", str(text).strip())
    stated = bool(re.search("农历|阴历|旧历|公历|阳历|新历", said))
    if stated:
        calendar = "lunar" if re.search("农历|阴历|旧历", said) else "solar"
    if re.search("天天|每天|每日|百日场", said):
        return MarketRule(frozenset(range(10)), calendar="solar", stated=True)
    week = re.search(r"(?:每周|周|星期|礼拜)([一二三四五六日天、，,和及周]+)", said)
    if week:
        days = frozenset(WEEKDAYS[c] for c in week[1] if c in WEEKDAYS)
        return MarketRule(weekdays=days, calendar="solar", stated=True) if days else None
    if re.search("逢?[单双]日?", said):
        odd = "单" in said
        return MarketRule(frozenset(n for n in range(10) if n % 2 == odd), calendar=calendar, stated=stated)
    rest = re.sub(
        "农历|阴历|旧历|公历|阳历|新历|赶场|赶集|场期|场镇|集日|场|集|逢|每月|每旬|尾数|号|日|为", "", said
    )
    if not rest or re.sub(r"[一二三四五六七八九十〇零\d、，,。;；/和及与\-]", "", rest):
        return None
    figures = {DIGITS[c] for c in re.findall("[一二三四五六七八九十〇零]", rest)}
    figures |= {int(n) % 10 for n in re.findall(r"\d+", _apart(rest)) if int(n) <= 30}
    return MarketRule(frozenset(figures), calendar=calendar, stated=stated) if figures else None


def _apart(text: str) -> str:
    """Figures written without anything between them (258) taken apart; those of two figures (10) left whole."""
    return re.sub(r"\d{3,}", lambda found: "、".join(found[0]), text)


def is_market_day(rule: MarketRule, day: date) -> bool:
    """Whether the town holds its market on that day."""
    if rule.weekdays:
        return day.weekday() in rule.weekdays
    number = lunar_day(day) if rule.calendar == "lunar" else day.day
    return number % 10 in rule.figures


def next_market_day(rule: MarketRule, day: date) -> date | None:
    """The first market day on or after `day`; None when none comes within two months."""
    return next((day + timedelta(n) for n in range(62) if is_market_day(rule, day + timedelta(n))), None)


def lunar_day(day: date) -> int:
    """The day of the Chinese lunar month, 1 to 30.

    A month begins on the day, in China, of the new moon (GB/T 33661-2017). New moons after Meeus, Astronomical
    Algorithms (2nd ed.), chapter 49, good to some seconds.
    """
    return (day - _month_begin(day)).days + 1


def _month_begin(day: date) -> date:
    turn = math.floor((day.year + day.timetuple().tm_yday / 365.25 - 2000) * 12.3685) + 1
    while (begin := new_moon_day(turn)) > day:
        turn -= 1
    return begin


@lru_cache(maxsize=512)
def new_moon_day(turn: int) -> date:
    """The day in China of the new moon that is the `turn`-th since that of 6 January 2000."""
    century = turn / 1236.85
    ephemeris = 2451550.09766 + 29.530588861 * turn + 0.00015437 * century**2
    ephemeris += _corrections(turn, century)
    universal = ephemeris - _clock_lag_days(2000 + turn / 12.3685)
    return date.fromordinal(math.floor(universal + CHINA_DAYS_AHEAD + 0.5) - 1721425)


def _clock_lag_days(year: float) -> float:
    """Dynamical minus universal time (Espenak and Meeus 2006, polynomial for 2005–2050)."""
    past = year - 2000
    return (62.92 + 0.32217 * past + 0.005589 * past**2) / 86400


def _corrections(k: float, t: float) -> float:
    """The periodic terms of a new moon and those of the planets, in days."""
    e = 1 - 0.002516 * t - 0.0000074 * t**2
    sun = math.radians(2.5534 + 29.10535670 * k - 0.0000014 * t**2)
    moon = math.radians(201.5643 + 385.81693528 * k + 0.0107582 * t**2)
    node = math.radians(160.7108 + 390.67050284 * k - 0.0016118 * t**2)
    ascending = math.radians(124.7746 - 1.56375588 * k + 0.0020672 * t**2)
    terms = (
        (-0.40720, moon),
        (0.17241 * e, sun),
        (0.01608, 2 * moon),
        (0.01039, 2 * node),
        (0.00739 * e, moon - sun),
        (-0.00514 * e, moon + sun),
        (0.00208 * e * e, 2 * sun),
        (-0.00111, moon - 2 * node),
        (-0.00057, moon + 2 * node),
        (0.00056 * e, 2 * moon + sun),
        (-0.00042, 3 * moon),
        (0.00042 * e, sun + 2 * node),
        (0.00038 * e, sun - 2 * node),
        (-0.00024 * e, 2 * moon - sun),
        (-0.00017, ascending),
        (-0.00007, moon + 2 * sun),
        (0.00004, 2 * moon - 2 * node),
        (0.00004, 3 * sun),
        (0.00003, moon + sun - 2 * node),
        (0.00003, 2 * moon + 2 * node),
        (-0.00003, moon + sun + 2 * node),
        (0.00003, moon - sun + 2 * node),
        (0.000325, math.radians(299.77 + 0.107408 * k - 0.009173 * t**2)),
        (0.000165, math.radians(251.88 + 0.016321 * k)),
        (0.000164, math.radians(251.83 + 26.651886 * k)),
        (0.000126, math.radians(349.42 + 36.412478 * k)),
        (0.000110, math.radians(84.66 + 18.206239 * k)),
    )
    return sum(size * math.sin(angle) for size, angle in terms)
