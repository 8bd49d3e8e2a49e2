"""Market days as towns write them, and the lunar month they mostly follow."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from holidays.calendars.chinese import _ChineseLunisolar as Almanac

from geo.market_days import MarketRule, is_market_day, lunar_day, next_market_day, read_rule


@pytest.mark.parametrize(
    ("text", "figures", "calendar"),
    [
        ("逢三六九", {3, 6, 9}, "lunar"),
        ("农历逢一、四、七", {1, 4, 7}, "lunar"),
        ("公历2、5、8", {2, 5, 8}, "solar"),
        ("258", {2, 5, 8}, "lunar"),
        ("1 4 7", {1, 4, 7}, "lunar"),
        ("逢五逢十", {5, 0}, "lunar"),
        ("10、20、30", {0}, "lunar"),
        ("逢双日", {0, 2, 4, 6, 8}, "lunar"),
        ("每月3、6、9日赶场", {3, 6, 9}, "lunar"),
    ],
)
def test_a_rule_is_read_as_people_write_it(text: str, figures: set[int], calendar: str) -> None:
    rule = read_rule(text)
    assert rule is not None
    assert (rule.figures, rule.calendar) == (figures, calendar)


def test_weekdays_and_every_day_are_rules_too() -> None:
    assert read_rule("周三、周六") == MarketRule(weekdays=frozenset({2, 5}), calendar="solar", stated=True)
    assert is_market_day(read_rule("天天") or MarketRule(), date(2026, 2, 28))


@pytest.mark.parametrize("text", ["", "随便", "看情况", "逢"])
def test_what_is_no_rule_is_not_guessed(text: str) -> None:
    assert read_rule(text) is None


def test_the_calendar_of_the_county_holds_where_the_text_names_none() -> None:
    assert read_rule("逢三六九", calendar="solar") == MarketRule(frozenset({3, 6, 9}), calendar="solar")
    stated = read_rule("农历逢三六九", calendar="solar")
    assert stated is not None
    assert (stated.calendar, stated.stated) == ("lunar", True)


@pytest.mark.parametrize(
    ("feast", "number"),
    [("LUNAR_NEW_YEAR", 1), ("DRAGON_BOAT", 5), ("BUDDHA_BIRTHDAY", 8), ("DOUBLE_NINTH", 9), ("MID_AUTUMN", 15)],
)
def test_the_lunar_day_is_that_of_every_feast_from_2000_to_2050(feast: str, number: int) -> None:
    days = {
        year: date(year, *day) for year, day in getattr(Almanac, f"{feast}_DATES").items() if 2000 <= year <= 2050
    }
    assert len(days) == 51
    assert {year: lunar_day(day) for year, day in days.items()} == dict.fromkeys(days, number)


def test_lunar_days_count_up_to_29_or_30_and_begin_anew() -> None:
    numbers = [lunar_day(date(2026, 1, 1) + timedelta(n)) for n in range(365)]
    for before, after in pairwise(numbers):
        assert after == before + 1 or (after == 1 and before in (29, 30))


def test_the_next_market_day_may_be_today() -> None:
    rule = read_rule("公历逢三六九") or MarketRule()
    assert next_market_day(rule, date(2026, 11, 23)) == date(2026, 11, 23)
    assert next_market_day(rule, date(2026, 11, 20)) == date(2026, 11, 23)
    assert next_market_day(rule, date(2026, 11, 30)) == date(2026, 12, 3)
