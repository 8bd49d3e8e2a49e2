"""Zone plans: schedules, versions, conflicts and review marks, on a county with round numbers."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import shapely

from geo.access import Actor
from geo.errors import Forbidden, Refused
from geo.measure import area_m2
from pipelines.act import act
from pipelines.amend import undo
from pipelines.conflicts import common_ground, conflict_counts, conflicts, limits_drawn
from pipelines.exchange import show
from pipelines.review_marks import add_mark, days_of, marks, reply
from pipelines.workspace import Workspace
from pipelines.zone_schedule import zone_lines, zone_schedule
from pipelines.zone_versions import compare, versions
from tests.dashboards.little_county import SIDE, SOUTH, WEST
from tests.dashboards.planning_county import TODAY, build_planning

PLANNER = Actor("规划员", "planner", "规划院")
NOW = datetime(2026, 3, 16, 2, tzinfo=UTC)
POINT = {"type": "Point", "coordinates": [WEST + 0.01, SOUTH + 0.01]}


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_planning(tmp_path_factory.mktemp("planned"))


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A county of this test's own, to write to."""
    return Workspace(build_planning(tmp_path))


def test_the_most_pressing_zone_comes_first_and_what_is_done_last(planned: Path) -> None:
    frame = zone_schedule(Workspace(planned), as_of=TODAY).set_index("id")
    assert frame.index.tolist() == ["P02", "P01", "C01"]
    # P02 stands in its draft since 2 March: 50 of 60 working days are left, then 30 + 30 + 30, by 29 May.
    assert not frame.loc["P02", "possible"]
    assert frame.loc["P02", "slack_days"] < -80
    assert frame.loc["P01", "possible"]
    assert frame.loc["C01", "kind"] == "done"


def test_a_line_runs_through_the_stages_to_the_plan_ahead(planned: Path) -> None:
    lines = zone_lines(Workspace(planned), as_of=TODAY)
    kinds = [bar.kind for bar in lines["P01"].bars]
    assert kinds == ["now", "planned", "planned"]
    assert {bar.kind for bar in lines["P02"].bars[1:]} == {"impossible"}
    assert all(bar.first >= TODAY for bar in lines["P02"].bars[1:])
    assert lines["C01"].bars == ()
    assert lines["P01"].due_on == date(2026, 12, 31)


def test_two_versions_say_what_entered_and_what_stayed(planned: Path) -> None:
    found = versions(Workspace(planned), "zone_plan", "P01")
    assert [one.file for one in found] == ["zones1.geojson", "zones2.geojson"]
    change = compare(Workspace(planned), "zone_plan", "P01", found[0].import_id, found[1].import_id)
    strip = shapely.box(WEST + SIDE, SOUTH, WEST + 1.5 * SIDE, SOUTH + SIDE)
    assert change.entered_m2 == pytest.approx(area_m2([strip])[0], rel=1e-9)
    assert change.left_m2 == 0
    assert change.stayed_m2 == pytest.approx(found[0].area_m2, rel=1e-6)
    assert {name for name, _, _ in change.fields} == {"stage", "city_review_on"}
    with pytest.raises(Refused, match="20200101"):
        compare(Workspace(planned), "zone_plan", "P01", "20200101", found[1].import_id)


def test_conflicts_are_the_parcels_on_farmland_with_their_common_ground(planned: Path) -> None:
    workspace = Workspace(planned)
    found = conflicts(workspace, "abandoned_parcel", "permanent_farmland", as_of=TODAY)
    every = show(workspace, "abandoned_parcel", as_of=TODAY)
    field = shapely.box(WEST, SOUTH, WEST + SIDE / 2, SOUTH + SIDE / 2)
    inside = every[shapely.within(every.geometry.to_numpy(), field)]
    assert set(found["id"]) == set(inside["id"]) != set()
    assert found["m2"].sum() == pytest.approx(area_m2(inside.geometry.to_numpy()).sum(), rel=1e-6)
    assert found["m2"].is_monotonic_decreasing
    assert (found["share_percent"] > 99.9).all()
    cut = common_ground(workspace, found.geometry.to_numpy(), "permanent_farmland", as_of=TODAY)
    assert area_m2(cut).sum() == pytest.approx(found["m2"].sum(), rel=1e-6)
    counts = conflict_counts(workspace, as_of=TODAY).set_index(["subject", "line"])
    assert counts.loc[("abandoned_parcel", "permanent_farmland"), "count"] == len(found)
    assert ("abandoned_parcel", "ecological_redline") not in counts.index


def test_a_limiting_line_is_drawn_as_far_as_an_area_goes(planned: Path) -> None:
    workspace = Workspace(planned)
    west, middle = WEST, WEST + SIDE / 4
    half = shapely.box(west, SOUTH, middle, SOUTH + 3 * SIDE)
    [shape] = limits_drawn(workspace, "permanent_farmland", half, as_of=TODAY)
    assert shape.bounds == pytest.approx((west, SOUTH, middle, SOUTH + SIDE / 2), abs=1e-5)
    north = shapely.box(WEST, SOUTH + SIDE, WEST + SIDE, SOUTH + 3 * SIDE)
    assert len(limits_drawn(workspace, "permanent_farmland", north, as_of=TODAY)) == 0
    assert len(limits_drawn(workspace, "permanent_farmland", half, as_of=TODAY, most=0)) == 0
    assert len(limits_drawn(workspace, "permanent_farmland", half, as_of=TODAY, near=half)) == 1
    assert len(limits_drawn(workspace, "permanent_farmland", half, as_of=TODAY, near=north)) == 0


def test_a_mark_keeps_its_zone_its_stage_and_its_thread(workspace: Workspace) -> None:
    square = shapely.box(WEST + 0.01, SOUTH + 0.01, WEST + 0.012, SOUTH + 0.012)
    drawn = shapely.geometry.mapping(square)
    key = add_mark(workspace, PLANNER, zone_id="P01", shape=drawn, comment="道路红线外移", now=NOW, client_id="d1")
    assert (
        add_mark(workspace, PLANNER, zone_id="P01", shape=drawn, comment="道路红线外移", now=NOW, client_id="d1")
        == key
    )
    reply(workspace, PLANNER, key, "已请设计院核对，电话 13912345678", now=NOW)
    act(workspace.root, "review_mark", key, "answered", by=PLANNER, note="已改", now=NOW)
    [one] = marks(workspace, as_of=TODAY, zone_id="P01")
    assert (one.zone_stage, one.stage, one.comment, one.raised_by) == (
        "city_review",
        "answered",
        "道路红线外移",
        "规划院",
    )
    assert [(entry.text, entry.to_stage) for entry in one.replies] == [
        ("已请设计院核对，电话 139****5678", None),
        ("已改", "answered"),
    ]
    assert days_of(one.replies) == [TODAY, TODAY]
    assert one.shape is not None
    assert one.shape.equals(square)
    assert marks(workspace, as_of=TODAY, zone_id="P02") == []
    assert marks(workspace, as_of=date(2026, 3, 15)) == []


def test_a_mark_that_reaches_beyond_the_county_is_taken_as_it_was_drawn(workspace: Workspace) -> None:
    # Its middle lies outside; a corner of it in the county is enough.
    drawn = shapely.box(WEST - 0.02, SOUTH + 0.01, WEST + 0.002, SOUTH + 0.012)
    said = shapely.geometry.mapping(drawn)
    key = add_mark(workspace, PLANNER, zone_id="P01", shape=said, comment="西侧出界", now=NOW, client_id="w1")
    [one] = [one for one in marks(workspace, as_of=TODAY, zone_id="P01") if one.id == key]
    assert one.shape is not None and one.shape.equals(drawn)


@pytest.mark.parametrize(
    ("shape", "comment", "code"),
    [
        (POINT, "  ", "comment_malformed"),
        (POINT, "长" * 2001, "comment_malformed"),
        ({"type": "Polygon", "coordinates": [[1]]}, "意见", "shape_malformed"),
        ({"type": "GeometryCollection"}, "意见", "shape_malformed"),
        ({"type": "Point", "coordinates": [10.0, 10.0]}, "意见", "shape_elsewhere"),
    ],
)
def test_a_mark_that_says_nothing_or_lies_nowhere_is_refused(
    planned: Path, shape: dict[str, object], comment: str, code: str
) -> None:
    with pytest.raises(Refused) as refused:
        add_mark(Workspace(planned), PLANNER, zone_id="P01", shape=shape, comment=comment, now=NOW)
    assert refused.value.code == code


def test_a_leader_raises_no_marks(planned: Path) -> None:
    leader = Actor("县领导", "county_leader", "县委办")
    with pytest.raises(Forbidden):
        add_mark(Workspace(planned), leader, zone_id="P01", shape=POINT, comment="意见", now=NOW)
    assert marks(Workspace(planned), as_of=TODAY) == []


def test_ones_own_last_step_is_undone_and_an_untouched_thing_has_none(workspace: Workspace) -> None:
    act(workspace.root, "zone_plan", "P01", "province_review", by=PLANNER, note="通过", now=NOW)
    assert zone_schedule(workspace, as_of=TODAY).set_index("id").loc["P01", "stage"] == "province_review"
    undo(workspace.root, "zone_plan", "P01", PLANNER, now=NOW)
    assert zone_schedule(workspace, as_of=TODAY).set_index("id").loc["P01", "stage"] == "city_review"
    with pytest.raises(Refused):
        undo(workspace.root, "zone_plan", "P02", PLANNER, now=NOW)
