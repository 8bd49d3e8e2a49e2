"""The hash of an event, the state events add up to, and whose changes collide."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from geo.changes import Event, collide, projection, row_hash, touched


def event(seq: int, **more: Any) -> Event:
    given = {
        "seq": seq,
        "id": f"e{seq}",
        "layer": "inspection_point",
        "feature_id": "a",
        "kind": "step",
        "from_stage": None,
        "to_stage": None,
        "at": f"2024-05-{seq:02}T00:00:00.000000Z",
        "recorded_at": f"2024-05-{seq:02}T00:00:00.000000Z",
        "actor": "张三",
        "role": "township",
        "unit": "甲",
        "area_code": "510921101201",
        "note": None,
        "evidence": (),
        "import_id": None,
        "base_version": None,
        "undoes": None,
        "due_on": None,
        "lon": None,
        "lat": None,
    }
    return Event(**given | more)


def test_an_event_survives_its_row() -> None:
    one = event(1, evidence=("ab",), data={"fields": {"b": 1, "a": "好"}}, lon=105.123456789, note="line\nnext")
    assert Event.from_row(one.as_row()) == one


def test_the_hash_covers_every_column_but_itself() -> None:
    one = event(1, lon=105.5, lat=30.5)
    for name, value in {
        "note": "x",
        "seq": 2,
        "lon": 105.50000000000001,
        "data": {"a": 1},
        "prev_hash": "1",
    }.items():
        assert row_hash(replace(one, **{name: value}).as_row()) != row_hash(one.as_row()), name
    assert row_hash(replace(one, hash="other").as_row()) == row_hash(one.as_row())


def test_values_cannot_move_between_columns_unseen() -> None:
    assert row_hash(event(1, actor="ab", role="c").as_row()) != row_hash(event(1, actor="a", role="bc").as_row())
    assert row_hash(event(1, note=None).as_row()) != row_hash(event(1, note="").as_row())


def test_the_state_is_that_of_the_last_step_that_stands() -> None:
    steps = [
        event(1, from_stage="reported", to_stage="claimed"),
        event(2, kind="extend", due_on="2024-09-01"),
        event(3, from_stage="claimed", to_stage="rectifying"),
        event(4, kind="undo", undoes="e3"),
    ]
    state = projection(steps)
    assert (state.stage, state.version, state.last_seq, state.due_on) == ("claimed", 4, 4, "2024-09-01")
    assert state.stage_since == steps[0].at
    assert projection([steps[2], replace(steps[3], undoes="e3")]).stage == "claimed"


def test_a_merged_thing_names_the_one_it_went_into() -> None:
    assert projection([event(1, kind="merge", to_stage="duplicate", data={"into": "b"})]).merged_into == "b"


def test_changes_of_the_same_field_collide_and_of_others_are_merged() -> None:
    others = [event(1, kind="edit", data={"fields": {"crop": "玉米"}}), event(2, kind="note")]
    assert collide(frozenset({"crop"}), others).clash == "hard"
    assert collide(frozenset({"crop"}), others).theirs == others[0]
    assert collide(frozenset({"remark"}), others).clash == "soft"
    assert collide(frozenset({"crop"}), []).clash == "none"
    assert collide(touched("step", "closed", None, {}), [event(3, kind="undo", undoes="e2")]).shared == ("stage",)
    assert collide(touched("extend", None, "2024-09-01", {}), others).clash == "soft"
