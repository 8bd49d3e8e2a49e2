"""Schedules made backward for many things, against days counted by hand on China's calendar."""

from __future__ import annotations

from datetime import date

import pandas as pd

from geo.deadlines import Limit, limits
from geo.layers import builtin_layers
from geo.schedule import durations, plan_of, schedule, spans

PLAN = builtin_layers()["zone_plan"]
# Monday 2 March 2026; no public holiday before Qingming on 4–6 April.
MONDAY = date(2026, 3, 2)


def things(**columns: list[object]) -> pd.DataFrame:
    made = pd.DataFrame({"id": ["A", "B"], "area_code": ["990101100", "990101101"], **columns})
    made["due_on"] = pd.to_datetime(made["due_on"]).astype("datetime64[s]")
    made["stage_since"] = pd.to_datetime(made["stage_since"]).astype("datetime64[s]")
    return made


def test_the_narrowest_limit_of_a_stage_holds() -> None:
    declared = (
        *limits(PLAN),
        Limit("draft", 10, (("zone_kind", "village"),)),
        Limit("draft", 5, area_code="990101100"),
        Limit("survey", 7, area_code="990199"),
    )
    own = {stage.id: stage.days for stage in PLAN.lifecycle.stages if stage.days} if PLAN.lifecycle else {}
    assert durations({"zone_kind": "township", "area_code": "990101101"}, declared) == own
    assert durations({"zone_kind": "village", "area_code": "990101100201"}, declared)["draft"] == 10
    assert durations({"zone_kind": "township", "area_code": "990101100"}, declared)["draft"] == 5


def test_slack_is_what_may_be_lost_before_the_last_stage_must_have_begun() -> None:
    frame = things(
        stage=["province_review", "county_review"],
        kind=["in_progress", "in_progress"],
        stage_since=["2026-03-02", "2026-03-02"],
        due_on=["2026-03-20", "2026-03-20"],
    )
    declared = (Limit("province_review", 10), Limit("county_review", 10), Limit("city_review", 10))
    made = schedule(frame, PLAN, declared, MONDAY).set_index("id")
    # 20 March is the 14th working day after 2 March; A needs 10 of them, B 30.
    shown = made[["days_left", "slack_days", "possible", "first_impossible"]].loc["A"]
    assert list(shown) == [14, 4, True, ""]
    assert made.loc["B", "days_left"] == 14
    assert made.loc["B", "slack_days"] == -16
    assert not made.loc["B", "possible"]
    assert made.index.tolist() == ["B", "A"]


def test_a_thing_without_last_day_has_neither_slack_nor_verdict_and_comes_last() -> None:
    frame = things(
        stage=["draft", "draft"],
        kind=["in_progress", "done"],
        stage_since=["2026-03-02", "2026-03-02"],
        due_on=[None, "2026-03-20"],
    )
    made = schedule(frame, PLAN, limits(PLAN), MONDAY)
    assert made["id"].tolist() == ["A"]
    assert made["slack_days"].isna().all()
    assert made["possible"].isna().all()
    row = frame.iloc[0].to_dict()
    assert plan_of({str(k): v for k, v in row.items()}, PLAN, limits(PLAN), MONDAY).empty


def test_the_stages_passed_end_where_the_next_begins_and_events_outweigh_written_dates() -> None:
    thing = {
        "data_on": pd.Timestamp("2026-01-05"),
        "survey_on": pd.Timestamp("2026-02-02"),
        "draft_on": pd.Timestamp("2026-05-01"),
    }
    events = pd.DataFrame({"to_stage": ["survey", None], "at": ["2026-02-09T02:00:00Z", "2026-02-20T02:00:00Z"]})
    assert spans(thing, events, PLAN, MONDAY) == [
        ("data", date(2026, 1, 5), date(2026, 2, 9)),
        ("survey", date(2026, 2, 9), MONDAY),
    ]
