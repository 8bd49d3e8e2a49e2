"""Working days of China, limits by stage, the ladder, and plans made backward."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from geo.deadlines import (
    LADDER,
    Limit,
    add_working_days,
    backward,
    escalations,
    is_working_day,
    limits,
    stage_deadlines,
    working_days_between,
)
from geo.layers import builtin_layers

POINT = builtin_layers()["inspection_point"]


def days(*texts: str) -> np.ndarray:
    return np.array(texts, dtype="datetime64[D]")


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        (date(2024, 2, 4), True),  # a Sunday worked for the Spring Festival
        (date(2024, 2, 3), False),
        (date(2024, 2, 10), False),
        (date(2024, 2, 18), True),  # a Sunday
        (date(2024, 10, 12), True),  # a Saturday
        (date(2024, 10, 7), False),
        (date(2025, 1, 26), True),  # a Sunday
        (date(2026, 2, 14), True),  # a Saturday
        (date(2026, 2, 20), False),
        (date(2023, 4, 23), True),  # a Sunday worked for Labour Day
    ],
)
def test_offices_work_on_the_substituted_weekends_and_rest_on_the_days_taken_for_them(
    day: date, worked: bool
) -> None:
    assert is_working_day(day) is worked


def test_a_deadline_counts_the_days_after_the_day_it_starts_on() -> None:
    assert add_working_days(days("2024-02-02", "2024-02-09"), 1).tolist() == [date(2024, 2, 4), date(2024, 2, 18)]
    assert add_working_days(days("2024-03-01"), 5).tolist() == [date(2024, 3, 8)]
    assert add_working_days(days("2024-03-02", "2024-03-04"), 0).tolist() == [date(2024, 3, 4)] * 2
    assert np.isnat(add_working_days(days("NaT"), 3))[0]


def test_going_back_undoes_going_ahead_for_every_working_day_of_three_years() -> None:
    every = np.arange(np.datetime64("2023-01-01"), np.datetime64("2026-01-01"))
    worked = np.array([day for day in every if is_working_day(day.item())])
    for count in (1, 7, 30):
        assert (add_working_days(add_working_days(worked, count), -count) == worked).all()


def test_counting_between_agrees_with_adding() -> None:
    start = np.repeat(days("2024-01-31"), 40)
    count = np.arange(1, 41)
    assert working_days_between(start, add_working_days(start, count)).tolist() == count.tolist()
    assert working_days_between(days("2024-03-08"), days("2024-03-01")).tolist() == [-5.0]


def test_days_outside_the_calendar_are_an_error() -> None:
    with pytest.raises(ValueError, match="outside"):
        add_working_days(days("1999-12-31"), 1)


def things_in(stage: str, since: str, **more: object) -> tuple[pd.DataFrame, pd.DataFrame]:
    things = pd.DataFrame({"id": ["a"], "category": ["garbage"], "area_code": ["510921101201"]})
    state = pd.DataFrame(
        {
            "exists": [True],
            "stage": [stage],
            "stage_since": pd.to_datetime([since]),
            "kind": [POINT.lifecycle.stage(stage).kind],  # type: ignore[union-attr]
            "due_on": pd.to_datetime([more.get("due_on")]),
            "overdue": [bool(more.get("overdue", False))],
        }
    )
    return things, state


def test_the_narrowest_limit_holds() -> None:
    declared = [
        {"layer": "inspection_point", "stage": "rectifying", "days": 5, "where": {"category": "garbage"}},
        {"layer": "inspection_point", "stage": "rectifying", "days": 9, "area": "510921101"},
        {"layer": "abandoned_parcel", "stage": "found", "days": 1},
    ]
    made = limits(POINT, declared)
    assert Limit("rectifying", 5, (("category", "garbage"),)) in made and len(made) == 6
    things, state = things_in("rectifying", "2024-03-01")
    found = stage_deadlines(things, state, made, date(2024, 3, 8))
    assert found["stage_due_on"].tolist() == [pd.Timestamp("2024-03-08")]
    assert not found["stage_overdue"][0] and found["due_soon"][0]
    assert stage_deadlines(things, state, made, date(2024, 3, 9))["stage_overdue"].tolist() == [True]
    without = [one for one in made if not one.where]
    assert stage_deadlines(things, state, without, date(2024, 3, 8))["stage_due_on"].tolist() == [
        pd.Timestamp("2024-03-14")
    ]


def test_a_limit_for_a_stage_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(ValueError, match="nowhere"):
        limits(POINT, [{"layer": "inspection_point", "stage": "nowhere", "days": 5}])


def test_a_closed_thing_has_no_limit() -> None:
    things, state = things_in("closed", "2024-03-01", due_on="2024-02-01")
    found = stage_deadlines(things, state, limits(POINT), date(2024, 3, 8)).iloc[0]
    assert pd.isna(found["stage_due_on"]) and not found["due_soon"] and found["overdue_days"] == 0


NONE = pd.DataFrame(columns=["id", "rung", "due_on", "day"])


def climb(first: date, last: date, state: pd.DataFrame, taken: pd.DataFrame) -> list[tuple[str, str]]:
    """The rungs taken when the rule runs every day."""
    made = []
    for day in pd.date_range(first, last):
        due = escalations(state, pd.Series(["a"]), taken, day.date())
        made += [(str(day.date()), rung) for rung in due["rung"]]
        taken = pd.concat([taken, due.assign(day=day.date())[["id", "rung", "due_on", "day"]]])
    return made


def test_each_rung_is_taken_once_on_its_own_working_day() -> None:
    _, state = things_in("rectifying", "2024-02-20", due_on="2024-03-01", overdue=True)
    assert climb(date(2024, 3, 2), date(2024, 4, 30), state, NONE) == [
        ("2024-03-04", "remind"),
        ("2024-03-08", "circulate"),
        ("2024-03-15", "order"),
        ("2024-03-29", "summon"),
    ]


def test_when_nobody_looked_for_a_while_the_ladder_is_climbed_one_rung_a_day() -> None:
    _, state = things_in("rectifying", "2024-02-20", due_on="2024-03-01", overdue=True)
    taken = climb(date(2024, 5, 6), date(2024, 5, 20), state, NONE)
    assert [rung for _, rung in taken] == [rung.id for rung in LADDER]
    assert len({day for day, _ in taken}) == 4


def test_an_extension_starts_the_ladder_afresh() -> None:
    _, state = things_in("rectifying", "2024-02-20", due_on="2024-03-01", overdue=True)
    before = pd.DataFrame({"id": ["a"], "rung": ["remind"], "due_on": ["2024-02-20"], "day": [date(2024, 2, 21)]})
    due = escalations(state, pd.Series(["a"]), before, date(2024, 3, 4))
    assert due["rung"].tolist() == ["remind"] and due["due_on"].tolist() == ["2024-03-01"]


def test_a_plan_made_backward_gives_the_latest_start_of_each_stage_and_what_is_impossible() -> None:
    plan = backward(
        builtin_layers()["zone_plan"],
        date(2024, 6, 28),
        date(2024, 6, 3),
        durations={"data": 2, "survey": 3, "draft": 5, "county_review": 5},
    ).set_index("stage")
    assert plan.index.tolist() == ["data", "survey", "draft", "county_review", "city_review", "province_review"]
    # June 2024: Monday the 10th is Dragon Boat Festival
    assert plan.loc["county_review", "latest_start"] == pd.Timestamp("2024-06-21")
    assert plan.loc["draft", "latest_start"] == pd.Timestamp("2024-06-14")
    assert plan.loc["survey", "latest_start"] == pd.Timestamp("2024-06-11")
    assert plan.loc["data", "latest_start"] == pd.Timestamp("2024-06-06")
    assert set(plan["slack_days"]) == {3} and plan["possible"].all()


def test_a_plan_that_cannot_be_kept_says_which_stages_are_impossible() -> None:
    plan = backward(
        builtin_layers()["zone_plan"],
        date(2024, 6, 28),
        date(2024, 6, 27),
        stage="draft",
        since=date(2024, 6, 24),
        durations={"draft": 5, "county_review": 5},
    ).set_index("stage")
    assert plan.loc["draft", "days"] == 2 and not plan.loc["draft", "possible"]
    assert plan.loc["county_review", "slack_days"] == -6


def test_nothing_is_ahead_of_what_is_done() -> None:
    assert backward(builtin_layers()["zone_plan"], date(2024, 6, 28), date(2024, 6, 3), stage="approved").empty


def test_a_plan_backward_of_a_reopened_thing_follows_its_legal_way_and_not_the_first_stages() -> None:
    layer = builtin_layers()["abandoned_parcel"]
    made = backward(layer, date(2026, 12, 31), date(2026, 3, 2), stage="re_abandoned", since=date(2026, 3, 2))
    assert made["stage"].tolist() == ["re_abandoned", "assigned", "remediating", "remediated"]
