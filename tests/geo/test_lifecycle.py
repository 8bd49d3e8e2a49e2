"""State on a date from imports and events, and the steps that are legal."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from geo.errors import Forbidden
from geo.layers import Layer, builtin_layers
from geo.lifecycle import check_step, legal_steps, stage_days, state_at
from geo.steps import stage_called

DATES = ["found_on", "verified_on", "assigned_on", "started_on", "remediated_on", "accepted_on", "planted_on"]


@pytest.fixture
def layer() -> Layer:
    return builtin_layers()["abandoned_parcel"]


def things(*rows: dict[str, object], imported: str = "2024-07-01T02:00:00Z") -> pd.DataFrame:
    frame = pd.DataFrame(rows)
    for name in [*DATES, "re_abandoned_on", "due_on"]:
        frame[name] = pd.to_datetime(frame[name]) if name in frame else pd.NaT
        frame[name] = frame[name].astype("datetime64[s]")
    frame["stage"] = frame["stage"].astype("str") if "stage" in frame else pd.array([None] * len(frame), "str")
    frame["import_at"] = pd.Timestamp(imported)
    return frame


def events(*rows: dict[str, object]) -> pd.DataFrame:
    columns = ["id", "feature_id", "kind", "to_stage", "at", "recorded_at", "undoes", "due_on"]
    frame = pd.DataFrame([{"recorded_at": row["at"], **row} for row in rows], columns=columns)
    return frame.assign(seq=range(1, len(frame) + 1))


def step(feature: str, to: str, at: str, **more: object) -> dict[str, object]:
    return {"id": f"{feature}{to}{at}", "feature_id": feature, "kind": "step", "to_stage": to, "at": at, **more}


def stage_on(frame: pd.DataFrame, acts: pd.DataFrame, layer: Layer, day: date | None) -> list[object]:
    state = state_at(frame, acts, layer, day)
    return [stage if exists else None for stage, exists in zip(state["stage"], state["exists"], strict=True)]


def test_the_stage_on_a_day_is_the_furthest_whose_date_has_come(layer: Layer) -> None:
    frame = things(
        {"id": "a", "found_on": "2024-01-10", "assigned_on": "2024-02-01", "remediated_on": "2024-05-20"}
    )
    none = events()
    assert stage_on(frame, none, layer, date(2024, 1, 9)) == [None]
    assert stage_on(frame, none, layer, date(2024, 1, 10)) == ["found"]
    assert stage_on(frame, none, layer, date(2024, 5, 19)) == ["assigned"]
    assert stage_on(frame, none, layer, date(2024, 5, 20)) == ["remediated"]
    assert stage_on(frame, none, layer, None) == ["remediated"]


def test_a_stage_without_a_date_counts_from_the_import_on(layer: Layer) -> None:
    frame = things({"id": "a", "found_on": "2024-01-10", "stage": "accepted"}, {"id": "b", "stage": "rejected"})
    assert stage_on(frame, events(), layer, date(2024, 6, 30)) == ["found", None]
    assert stage_on(frame, events(), layer, date(2024, 7, 1)) == ["accepted", "rejected"]


def test_a_thing_without_stage_or_dates_is_at_the_first_stage_from_its_import_on(layer: Layer) -> None:
    frame = things({"id": "a"})
    assert stage_on(frame, events(), layer, date(2024, 6, 30)) == [None]
    assert stage_on(frame, events(), layer, date(2024, 7, 1)) == ["found"]


def test_dates_before_a_fall_back_no_longer_count_and_later_ones_do(layer: Layer) -> None:
    frame = things(
        {"id": "a", "found_on": "2024-01-01", "accepted_on": "2024-03-01", "re_abandoned_on": "2024-05-01"},
        {
            "id": "b",
            "found_on": "2024-01-01",
            "accepted_on": "2024-03-01",
            "re_abandoned_on": "2024-05-01",
            "assigned_on": "2024-06-01",
        },
    )
    state = state_at(frame, events(), layer, date(2024, 6, 1))
    assert list(state["stage"]) == ["re_abandoned", "assigned"]
    assert list(state["reached"]) == ["found", "assigned"]
    assert list(state["kind"]) == ["open", "open"]
    assert list(state_at(frame, events(), layer, date(2024, 4, 1))["stage"]) == ["accepted", "accepted"]


def test_a_void_thing_has_reached_nothing_and_has_no_on_time(layer: Layer) -> None:
    frame = things({"id": "a", "found_on": "2024-01-01", "stage": "rejected", "due_on": "2024-02-01"})
    state = state_at(frame, events(), layer, date(2024, 8, 1))
    assert state["kind"][0] == "void" and pd.isna(state["reached"][0])
    assert not state["overdue"][0] and pd.isna(state["on_time"][0])


def test_an_event_moves_the_thing_from_its_day_in_china_on(layer: Layer) -> None:
    frame = things({"id": "a", "found_on": "2024-01-01", "stage": "found"})
    acts = events(step("a", "verified", "2024-08-01T17:00:00+00:00"))
    assert stage_on(frame, acts, layer, date(2024, 8, 1)) == ["found"]
    assert stage_on(frame, acts, layer, date(2024, 8, 2)) == ["verified"]
    assert list(state_at(frame, acts, layer, date(2024, 8, 2))["version"]) == [1]


def test_a_dated_stage_of_a_later_import_wins_over_an_earlier_event(layer: Layer) -> None:
    frame = things(
        {"id": "a", "found_on": "2024-01-01", "remediated_on": "2024-09-01"}, imported="2024-09-05T00:00:00Z"
    )
    acts = events(step("a", "remediating", "2024-08-01T01:00:00Z"))
    assert stage_on(frame, acts, layer, date(2024, 8, 31)) == ["remediating"]
    assert stage_on(frame, acts, layer, date(2024, 9, 1)) == ["remediated"]


def test_a_stale_undated_sheet_does_not_turn_back_what_was_recorded(layer: Layer) -> None:
    acts = events(step("a", "remediated", "2024-08-01T01:00:00Z"))
    stale = things({"id": "a", "stage": "assigned"}, imported="2024-09-01T00:00:00Z")
    further = things({"id": "a", "stage": "accepted"}, imported="2024-09-01T00:00:00Z")
    assert stage_on(stale, acts, layer, date(2024, 10, 1)) == ["remediated"]
    assert stage_on(further, acts, layer, date(2024, 10, 1)) == ["accepted"]


def test_an_undone_step_counts_only_until_it_was_undone(layer: Layer) -> None:
    frame = things({"id": "a", "found_on": "2024-01-01"})
    acts = events(
        step("a", "verified", "2024-08-01T01:00:00Z", id="v"),
        {
            "id": "u",
            "feature_id": "a",
            "kind": "undo",
            "to_stage": "found",
            "at": "2024-08-03T01:00:00Z",
            "undoes": "v",
        },
    )
    assert stage_on(frame, acts, layer, date(2024, 8, 2)) == ["verified"]
    after = state_at(frame, acts, layer, date(2024, 8, 3))
    assert list(after["stage"]) == ["found"]
    assert list(after["stage_since"]) == [pd.Timestamp("2024-01-01")]


def test_what_was_recorded_later_is_left_out_when_asked_what_was_known(layer: Layer) -> None:
    frame = things({"id": "a", "found_on": "2024-01-01"})
    acts = events(step("a", "verified", "2024-08-01T01:00:00Z", recorded_at="2024-08-20T01:00:00Z"))
    day = date(2024, 8, 10)
    assert list(state_at(frame, acts, layer, day)["stage"]) == ["verified"]
    assert list(state_at(frame, acts, layer, day, known_by=day)["stage"]) == ["found"]
    assert not state_at(frame, acts, layer, day, known_by=date(2024, 6, 1))["exists"][0]


def test_overdue_and_on_time_are_judged_by_the_last_day_itself(layer: Layer) -> None:
    frame = things(
        {"id": "open", "found_on": "2024-01-01", "due_on": "2024-03-01"},
        {"id": "in time", "found_on": "2024-01-01", "due_on": "2024-03-01", "accepted_on": "2024-03-01"},
        {"id": "late", "found_on": "2024-01-01", "due_on": "2024-03-01", "accepted_on": "2024-03-02"},
        {"id": "no deadline", "found_on": "2024-01-01", "accepted_on": "2024-03-02"},
    )
    assert layer.lifecycle is not None
    layer = replace(layer, lifecycle=replace(layer.lifecycle, limit_days=None))
    on_the_day = state_at(frame, events(), layer, date(2024, 3, 1))
    assert list(on_the_day["overdue"]) == [False, False, False, False]
    assert on_the_day["on_time"].isna().tolist() == [True, False, True, True]
    after = state_at(frame, events(), layer, date(2024, 3, 2))
    assert list(after["overdue"]) == [True, False, False, False]
    assert after["on_time"][:3].tolist() == [False, True, False] and pd.isna(after["on_time"][3])


def test_closing_is_dated_by_the_first_done_step_and_not_by_the_planting_after_it(layer: Layer) -> None:
    frame = things({"id": "a", "found_on": "2024-01-01", "due_on": "2024-08-10"})
    acts = events(step("a", "accepted", "2024-08-10T01:00:00Z"), step("a", "in_use", "2024-09-10T01:00:00Z"))
    assert state_at(frame, acts, layer, date(2024, 10, 1))["on_time"].tolist() == [True]


def test_a_thing_closed_again_after_a_recurrence_is_judged_by_the_second_closing(layer: Layer) -> None:
    frame = things({"id": "a", "found_on": "2024-01-01", "due_on": "2024-08-10"})
    acts = events(
        step("a", "accepted", "2024-08-01T01:00:00Z"),
        step("a", "re_abandoned", "2024-09-01T01:00:00Z"),
        step("a", "accepted", "2025-02-01T01:00:00Z"),
    )
    assert state_at(frame, acts, layer, date(2024, 8, 5))["on_time"].tolist() == [True]
    assert state_at(frame, acts, layer, date(2025, 2, 5))["on_time"].tolist() == [False]


def test_a_thing_opened_again_after_its_last_day_counts_its_time_from_that_day(layer: Layer) -> None:
    frame = things(
        {"id": "step", "found_on": "2024-01-01", "due_on": "2024-08-10", "accepted_on": "2024-08-01"},
        {"id": "file", "found_on": "2024-01-01", "accepted_on": "2024-03-01", "re_abandoned_on": "2025-03-03"},
        {"id": "before", "found_on": "2024-01-01", "due_on": "2025-12-31", "accepted_on": "2024-08-01"},
    )
    acts = events(
        step("step", "re_abandoned", "2025-03-03T01:00:00Z"),
        step("before", "re_abandoned", "2025-03-03T01:00:00Z"),
    )
    first_round = state_at(frame, acts, layer, date(2025, 3, 2))["due_on"]
    assert str(first_round[0])[:10] == "2024-08-10" and not first_round.isna().any()
    state = state_at(frame, acts, layer, date(2025, 6, 30))
    assert [str(day)[:10] for day in state["due_on"]] == ["2025-06-27", "2025-06-27", "2025-12-31"]
    assert state["overdue"].tolist() == [True, True, False]
    assert not state_at(frame, acts, layer, date(2025, 6, 27))["overdue"].any()


def test_without_a_limit_a_reopened_thing_has_as_long_as_it_had_before(layer: Layer) -> None:
    assert layer.lifecycle is not None
    layer = replace(layer, lifecycle=replace(layer.lifecycle, limit_days=None))
    frame = things({"id": "a", "found_on": "2025-03-03", "due_on": "2025-03-10", "accepted_on": "2025-03-07"})
    acts = events(step("a", "re_abandoned", "2025-06-09T01:00:00Z"))
    assert str(state_at(frame, acts, layer, date(2025, 7, 1))["due_on"][0])[:10] == "2025-06-16"


def test_stages_are_dated_by_the_last_standing_step_into_them_on_chinas_day(layer: Layer) -> None:
    frame = things({"id": "a", "found_on": "2024-01-01"}, {"id": "b", "found_on": "2024-01-01"})
    acts = events(
        step("a", "remediating", "2024-08-01T17:00:00Z"),
        step("a", "remediated", "2024-09-01T01:00:00Z"),
        step("b", "remediating", "2024-08-01T01:00:00Z", id="gone"),
        {"id": "u", "feature_id": "b", "kind": "undo", "at": "2024-08-03T01:00:00Z", "undoes": "gone"},
    )
    days = stage_days(frame, acts, layer, date(2024, 9, 30))
    assert str(days["started_on"][0])[:10] == "2024-08-02" and pd.isna(days["started_on"][1])
    assert str(days["remediated_on"][0])[:10] == "2024-09-01" and str(days["found_on"][0])[:10] == "2024-01-01"
    before = stage_days(frame, acts, layer, date(2024, 8, 31))
    assert before["remediated_on"].isna().all()


def test_a_reopening_takes_the_dates_of_the_earlier_round_from_stages_to_come(layer: Layer) -> None:
    frame = things(
        {"id": "a", "found_on": "2024-01-01", "assigned_on": "2024-02-01", "accepted_on": "2024-03-01"},
        {"id": "b", "found_on": "2024-01-01", "assigned_on": "2024-02-01", "accepted_on": "2025-07-01"},
    )
    acts = events(
        step("a", "re_abandoned", "2025-03-03T01:00:00Z"),
        step("b", "re_abandoned", "2025-03-03T01:00:00Z"),
        step("a", "assigned", "2025-03-05T01:00:00Z"),
    )
    opened = stage_days(frame, acts, layer, date(2025, 3, 4))
    assert opened["assigned_on"].isna().all() and opened["found_on"].notna().all()
    assert opened["re_abandoned_on"].dt.strftime("%F").tolist() == ["2025-03-03"] * 2
    days = stage_days(frame, acts, layer, date(2025, 8, 1))
    assert str(days["assigned_on"][0])[:10] == "2025-03-05" and pd.isna(days["accepted_on"][0])
    assert str(days["accepted_on"][1])[:10] == "2025-07-01"


def test_an_extension_moves_the_last_day_from_the_day_it_was_granted_on(layer: Layer) -> None:
    frame = things({"id": "a", "found_on": "2024-01-01", "due_on": "2024-03-01"})
    extend = {"id": "e", "feature_id": "a", "kind": "extend", "at": "2024-03-05T01:00:00Z", "due_on": "2024-04-01"}
    acts = events(extend)
    assert state_at(frame, acts, layer, date(2024, 3, 4))["overdue"].tolist() == [True]
    extended = state_at(frame, acts, layer, date(2024, 3, 5))
    assert extended["overdue"].tolist() == [False] and extended["due_on"][0] == pd.Timestamp("2024-04-01")


def test_a_layer_without_stages_exists_from_its_import_on(layer: Layer) -> None:
    township = builtin_layers()["township"]
    frame = pd.DataFrame({"id": ["t"], "code": ["510921101"], "import_at": [pd.Timestamp("2024-07-01T00:00Z")]})
    assert state_at(frame, events(), township, date(2024, 6, 30))["exists"].tolist() == [False]
    state = state_at(frame, events(), township, date(2024, 7, 1))
    assert state["exists"].tolist() == [True] and state["kind"].isna().all()


def test_no_things_and_no_events_give_an_empty_state(layer: Layer) -> None:
    frame = things({"id": "a"}).iloc[:0]
    assert len(state_at(frame, events(), layer, date(2024, 1, 1))) == 0
    assert len(state_at(frame, events(step("x", "found", "2024-01-01T00:00:00Z")), layer, None)) == 0


def test_the_legal_steps_are_those_of_the_role(layer: Layer) -> None:
    assert [t.target for t in legal_steps(layer, "found", "township")] == ["verified"]
    assert [t.target for t in legal_steps(layer, "found", "bureau")] == ["verified", "rejected"]
    assert [t.target for t in legal_steps(layer, "found", "administrator")] == ["verified", "rejected"]
    assert legal_steps(layer, "found", "county_leader") == ()


def test_an_illegal_step_is_refused_with_the_legal_ones_named(layer: Layer) -> None:
    with pytest.raises(Forbidden) as refusal:
        check_step(layer, "found", "accepted", role="bureau")
    assert refusal.value.code == "step_illegal"
    assert refusal.value.words("zh") == "现在是“发现”，不能直接到“已验收”；可以到：核实、不予认定。"
    assert refusal.value.words("en").endswith("it can go to Verified, Rejected.")
    assert refusal.value.params["ways"] == "verified, rejected"


def test_a_stage_is_called_by_its_id_or_by_its_label_in_either_language(layer: Layer) -> None:
    assert [stage_called(layer, one) for one in ("verified", "核实", " Verified ")] == ["verified"] * 3
    assert stage_called(layer, "nowhere") == "nowhere"


@pytest.mark.parametrize(
    ("stage", "target", "given", "code"),
    [
        ("found", "nowhere", {"role": "bureau"}, "step_unknown_stage"),
        ("found", "rejected", {"role": "township", "note": "x"}, "step_not_for_role"),
        ("found", "rejected", {"role": "bureau", "note": "  "}, "step_needs_note"),
        ("remediating", "remediated", {"role": "township"}, "step_needs_photo"),
        (
            "remediated",
            "accepted",
            {"role": "bureau", "evidence": ["p"], "parties": ["u"], "worked_by": ["u"]},
            "step_needs_other_unit",
        ),
    ],
)
def test_each_demand_of_a_step_is_refused_by_its_own_name(
    layer: Layer, stage: str, target: str, given: dict[str, object], code: str
) -> None:
    with pytest.raises(Forbidden) as refusal:
        check_step(layer, stage, target, **given)  # type: ignore[arg-type]
    assert refusal.value.code == code
    assert "…" not in refusal.value.words("zh") and "…" not in refusal.value.words("en")


def test_the_separation_of_work_and_acceptance_binds_the_administrator_too(layer: Layer) -> None:
    with pytest.raises(Forbidden) as refusal:
        check_step(
            layer, "remediated", "accepted", role="administrator", evidence=["p"], parties=["u"], worked_by=["u"]
        )
    assert refusal.value.code == "step_needs_other_unit"


def test_a_row_without_deadline_has_the_working_days_of_its_layer_from_its_first_day() -> None:
    point = builtin_layers()["inspection_point"]
    frame = pd.DataFrame(
        {
            "id": ["a", "b"],
            "reported_on": pd.to_datetime(["2024-01-31", "2024-01-31"]),
            "due_on": pd.to_datetime([None, "2024-02-02"]),
            "import_at": pd.Timestamp("2024-03-01T00:00Z"),
        }
    )
    state = state_at(frame, events(), point, date(2024, 2, 22))
    # 1, 2, 4 (a Sunday worked), 5–9, 18 (a Sunday worked), 19–23, 26 February: fifteen working days
    assert state["due_on"].tolist() == [pd.Timestamp("2024-02-26"), pd.Timestamp("2024-02-02")]
    assert state["overdue"].tolist() == [False, True]
