"""What waits for whom: the next step of their role in their area, what is overdue, escalations, look-backs."""

from __future__ import annotations

import pandas as pd

from geo.access import Actor
from geo.layers import builtin_layers
from pipelines.waiting import waiting

POINT = builtin_layers()["inspection_point"]
NONE = pd.DataFrame(columns=["id", "feature_id", "kind", "at", "undoes"])


def things(*rows: tuple[str, str, str, bool, str]) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=["id", "stage", "kind", "overdue", "due_on"])
    return frame.assign(area_code="990101100201", due_on=pd.to_datetime(frame["due_on"]))


def events(*rows: tuple[str, str, str, str, str | None]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=["id", "feature_id", "kind", "at", "undoes"])


SOME = things(
    ("A", "rectified", "in_progress", False, "2026-05-01"),
    ("B", "claimed", "open", True, "2026-03-01"),
    ("C", "reported", "open", True, "2026-02-01"),
    ("D", "closed", "done", False, "2026-01-01"),
)
TOWNSHIP = Actor("镇", "township", "石桥镇", "990101100")
INSPECTOR = Actor("查", "inspector", "督查组")
LEADER = Actor("县", "county_leader")
BUREAU = Actor("农", "bureau", "农业农村局", layers=("abandoned_parcel",))


def shown(frame: pd.DataFrame, actor: Actor, taken: pd.DataFrame = NONE) -> dict[str, tuple[str, ...]]:
    return {one.kind: one.ids for one in waiting(frame, taken, POINT, actor)}


def test_a_township_is_told_its_own_steps_and_what_is_overdue_soonest_first() -> None:
    assert shown(SOME, TOWNSHIP) == {"overdue": ("C", "B"), "mine": ("C", "B")}


def test_an_inspector_is_told_what_waits_for_verification() -> None:
    assert shown(SOME, INSPECTOR)["mine"] == ("A",)


def test_what_is_late_waits_only_for_those_who_can_carry_it_on() -> None:
    parcels = builtin_layers()["abandoned_parcel"]
    late = things(("P", "remediating", "in_progress", True, "2026-03-01"))
    told = ((INSPECTOR, []), (LEADER, ["overdue"]), (TOWNSHIP, ["overdue", "mine"]), (BUREAU, ["overdue"]))
    for actor, kinds in told:
        assert [one.kind for one in waiting(late, NONE, parcels, actor)] == kinds, actor.role


def test_the_county_leader_has_no_step_but_sees_what_is_overdue() -> None:
    assert shown(SOME, LEADER) == {"overdue": ("C", "B")}


def test_a_bureau_hears_nothing_of_another_bureaus_layer() -> None:
    assert shown(SOME, BUREAU) == {}


def test_an_escalation_counts_while_the_thing_is_late_and_not_when_undone() -> None:
    taken = events(
        ("e1", "B", "escalate", "2026-04-01T00:00:00+00:00", None),
        ("e2", "A", "escalate", "2026-04-01T00:00:00+00:00", None),
        ("e3", "C", "escalate", "2026-04-01T00:00:00+00:00", None),
        ("e4", "C", "undo", "2026-04-02T00:00:00+00:00", "e3"),
    )
    assert shown(SOME, LEADER, taken)["escalated"] == ("B",)


def test_a_planned_visit_waits_until_it_is_made() -> None:
    planned = events(("p1", "D", "plan_revisit", "2026-04-01T00:00:00+00:00", None))
    assert shown(SOME, INSPECTOR, planned)["revisit"] == ("D",)
    made = pd.concat([planned, events(("p2", "D", "revisit", "2026-04-05T00:00:00+00:00", None))])
    assert "revisit" not in shown(SOME, INSPECTOR, made)
    again = pd.concat([made, events(("p3", "D", "plan_revisit", "2026-05-01T00:00:00+00:00", None))])
    assert shown(SOME, INSPECTOR, again)["revisit"] == ("D",)


def test_nothing_waits_where_there_is_nothing() -> None:
    assert waiting(SOME.iloc[:0], NONE, POINT, TOWNSHIP) == []
    assert waiting(SOME, NONE, builtin_layers()["contract_parcel"], TOWNSHIP) == []
