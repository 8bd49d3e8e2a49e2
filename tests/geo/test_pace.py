"""Whether a target is met in time, by straight lines that anybody can draw."""

from __future__ import annotations

import math
from datetime import date, timedelta

import pytest

from geo.pace import Target, pace, slope

START = date(2026, 1, 1)
TODAY = START + timedelta(days=150)
DAYS = [START + timedelta(days=30 * at) for at in range(6)]
LINE = [10.0 * at for at in range(6)]  # 10 more every 30 days, 50 today


def test_a_straight_line_reaches_its_target_on_the_day_it_crosses_it() -> None:
    found = pace(DAYS, LINE, Target(80.0, date(2026, 12, 31)), as_of=TODAY)
    assert found.reaches_on == TODAY + timedelta(days=90)
    assert found.verdict == "on_pace" and found.light == "green"
    assert found.value == 50.0
    assert found.per_month == pytest.approx(10 / 30 * 365.2425 / 12)


@pytest.mark.parametrize(
    ("late", "verdict", "light"), [(0, "on_pace", "green"), (31, "slow", "amber"), (32, "off_pace", "red")]
)
def test_a_month_late_is_slow_and_more_is_off_pace(late: int, verdict: str, light: str) -> None:
    by = TODAY + timedelta(days=90 - late)
    found = pace(DAYS, LINE, Target(80.0, by), as_of=TODAY)
    assert (found.verdict, found.light) == (verdict, light)


def test_what_is_needed_a_month_is_what_is_missing_over_the_time_left() -> None:
    by = TODAY + timedelta(days=60)
    needed = pace(DAYS, LINE, Target(80.0, by), as_of=TODAY).needed_per_month
    assert needed == pytest.approx(30 / 60 * 365.2425 / 12)


def test_a_target_that_is_reached_is_met_whatever_the_pace() -> None:
    assert pace(DAYS, LINE, Target(50.0, date(2020, 1, 1)), as_of=TODAY).verdict == "met"
    falling = LINE[::-1]
    assert pace(DAYS, falling, Target(0.0, TODAY, lower=True), as_of=TODAY).verdict == "met"


def test_a_figure_that_is_to_fall_is_judged_downward() -> None:
    falling = [60.0 - value for value in LINE]
    found = pace(DAYS, falling, Target(0.0, TODAY + timedelta(days=30), lower=True), as_of=TODAY)
    assert found.reaches_on == TODAY + timedelta(days=30)
    assert found.verdict == "on_pace"


def test_a_day_that_has_passed_is_off_pace_with_the_day_it_would_still_take() -> None:
    found = pace(DAYS, LINE, Target(80.0, TODAY - timedelta(days=1)), as_of=TODAY)
    assert found.verdict == "off_pace"
    assert found.reaches_on == TODAY + timedelta(days=90)
    assert found.needed_per_month is None


def test_standing_still_or_going_back_never_reaches_it() -> None:
    for values in ([50.0] * 6, LINE[::-1]):
        found = pace(DAYS, values, Target(80.0, date(2027, 12, 31)), as_of=TODAY)
        assert (found.verdict, found.reaches_on) == ("off_pace", None)


def test_no_target_and_too_few_points_are_said() -> None:
    assert pace(DAYS, LINE, None, as_of=TODAY).verdict == "no_target"
    goal = Target(80.0, date(2026, 12, 31))
    assert pace(DAYS[-2:], LINE[-2:], goal, as_of=TODAY).verdict == "unknown"
    assert pace([], [], goal, as_of=TODAY).verdict == "unknown"
    assert pace(DAYS, [math.nan] * 6, goal, as_of=TODAY).light == "none"


def test_one_wild_month_does_not_turn_the_pace() -> None:
    wild = [*LINE[:3], 500.0, *LINE[4:]]
    assert slope(DAYS, wild) == pytest.approx(10 / 30)


def test_a_figure_that_moves_in_one_step_goes_from_first_to_last() -> None:
    stepped = [0.0, 0.0, 0.0, 0.0, 0.0, 60.0]
    assert slope(DAYS, stepped) == pytest.approx(60 / 150)


def test_only_the_last_half_year_counts() -> None:
    long_ago = [TODAY - timedelta(days=600 - 30 * at) for at in range(10)]
    found = pace([*long_ago, *DAYS], [*([0.0] * 10), *LINE], Target(80.0, date(2026, 12, 31)), as_of=TODAY)
    assert found.reaches_on == TODAY + timedelta(days=90)
