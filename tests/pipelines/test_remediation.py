"""The flow of remediation adds up, agrees with `xiangtu progress`, and every figure is that of its rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from geo.access import Actor
from pipelines.remediation import SPLITS, by_area, flow, flow_by, stuck, void_figures
from pipelines.remediation_checks import ended_contracts, measured, problem_figures
from pipelines.summarise import progress
from pipelines.worklist import Desk, for_reader, inside, open_desk, within_area
from pipelines.worklist_filters import Filters, counted, narrowed, ordered, page_of_rows, set_apart, widening
from pipelines.workspace import Workspace
from tests.pipelines.agri_county import TODAY, build

LAYER = "abandoned_parcel"
OWN = Actor("李无名", "bureau", "农业农村局", layers=(LAYER, "land_transfer"))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return build(tmp_path_factory.mktemp("agri"))


@pytest.fixture(scope="module")
def desk(workspace: Workspace) -> Desk:
    return open_desk(workspace, LAYER, TODAY)


def column(frame: pd.DataFrame, name: str, key: str = "stage") -> dict[str, float]:
    return dict(zip(frame[key], frame[name], strict=True))


def test_a_later_stage_has_passed_the_earlier_ones_and_what_stands_is_the_difference(desk: Desk) -> None:
    passed, standing = column(flow(desk), "passed_mu"), column(flow(desk), "standing_mu")
    assert passed == {
        "found": 245.0, "verified": 165.0, "assigned": 165.0, "remediating": 145.0, "remediated": 145.0,
        "accepted": 115.0, "in_use": 75.0, "re_abandoned": 70.0, "rejected": 60.0,
    }  # fmt: skip
    assert standing["found"] + standing["re_abandoned"] == passed["found"] - passed["verified"]
    assert standing["assigned"] == 20.0 and standing["accepted"] == 40.0
    assert void_figures(desk) == [("rejected", 1, 60.0)]


def test_the_flow_is_that_of_progress_at_every_level(workspace: Workspace, desk: Desk) -> None:
    named = ("found_mu", "assigned_mu", "remediated_mu", "accepted_mu", "in_use_mu", "re_abandoned_mu")
    for level in ("township", "village"):
        theirs = progress(workspace, LAYER, level, TODAY).set_index("area_code")
        ours = flow_by(desk, level, decimals=6).set_index("key").reindex(theirs.index)
        for name in named:
            assert (ours[name].fillna(0.0) == theirs[name]).all(), (level, name)
        void = column(by_area(set_apart(desk, Filters()), level), "features", "key")
        assert (ours["features"].fillna(0) + pd.Series(void).reindex(theirs.index).fillna(0)
                == theirs["features"]).all()  # fmt: skip
        assert (ours["overdue"].fillna(0) == theirs["overdue"]).all()
        rate = pd.to_numeric(theirs["remediated_rate"]).astype(float)
        assert ((ours["rate"] - rate).abs().fillna(0.0) < 1e-9).all()
    county = progress(workspace, LAYER, "county", TODAY, decimals=2)
    whole = column(flow(desk), "passed_mu")
    for stage in ("found", "assigned", "remediated", "accepted", "in_use"):
        assert whole[stage] == round(float(county[f"{stage}_mu"].sum()), 2)
    totals, apart = measured(counted(desk, Filters())), measured(set_apart(desk, Filters()))
    assert (apart.things, apart.reported_mu) == (1, 60.0)
    assert totals.reported_mu + apart.reported_mu == round(float(county["reported_mu"].sum()), 2)
    assert abs(totals.measured_mu + apart.measured_mu - float(county["measured_mu"].sum())) < 0.011


def test_what_is_not_recognised_counts_neither_as_one_nor_in_the_areas(desk: Desk) -> None:
    figures = counted(desk, Filters())
    assert (desk.count, figures.count, figures.mu) == (7, 6, 245.0)
    found = flow(desk).set_index("stage").loc["found"]
    assert (found["passed"], found["passed_mu"]) == (figures.count, figures.mu)
    assert measured(figures).both == 6
    assert by_area(figures, "township")[["features", "mu"]].sum().tolist() == [6, 245.0]
    rejected = Filters(stage=("rejected",))
    asked = counted(narrowed(desk, rejected), rejected)
    assert (asked.count, asked.mu) == (1, 60.0)
    assert set_apart(narrowed(desk, rejected), rejected).count == 0


@pytest.mark.parametrize("by", SPLITS)
def test_the_parts_of_every_split_add_up_to_the_whole(desk: Desk, by: str) -> None:
    whole, parts = flow(desk), flow_by(desk, by)
    for stage, mu in column(whole, "passed_mu").items():
        assert round(parts[f"{stage}_mu"].sum(), 2) == mu
    assert parts["features"].sum() == counted(desk, Filters()).count
    assert parts["crossing"].sum() == 0
    assert parts["found_mu"].is_monotonic_decreasing


def test_an_area_counts_a_parcel_that_crosses_its_border_only_as_far_as_it_lies_inside(desk: Desk) -> None:
    moved = desk.shares.copy()
    row = moved.index[moved["feature"] == 0][0]
    half = moved.loc[[row]].assign(micro=5_000_000, area=int(moved["area"].iloc[-1]))
    moved.loc[row, "micro"] = 5_000_000
    crossing = replace(desk, shares=pd.concat([moved, half], ignore_index=True))
    village = within_area(crossing, "990101100201")
    other = within_area(crossing, "990101100203")
    assert village.mu + other.mu == 10.0 / 2 + 20.0 + 30.0 + 10.0 / 2 + 60.0 + 70.0
    assert (village.count, village.crossing) == (3, 0)
    assert (other.count, other.crossing) == (2, 1)
    assert float(other.rows.loc[0, "mu"]) == 5.0
    assert by_area(other, "village").set_index("key").loc["990101100203", "mu"] == 135.0


def test_the_area_of_a_parcel_that_lies_mainly_elsewhere_stands_beside_how_many_such_there_are(
    desk: Desk,
) -> None:
    moved = desk.shares.copy()
    row = moved.index[moved["feature"] == 4][0]
    part = moved.loc[[row]].assign(
        micro=1_660_000, reported=1_660_000, measured=1_660_000, area=len(desk.areas) - 1
    )
    crossing = replace(desk, shares=pd.concat([moved, part], ignore_index=True))
    last = str(desk.areas["code"].iloc[-1])
    here = within_area(crossing, last)
    found = flow(here).set_index("stage")
    assert tuple(found.loc["in_use", ["passed", "passed_crossing", "passed_mu"]]) == (0, 1, 1.66)
    assert tuple(found.loc["in_use", ["standing", "standing_crossing", "standing_mu"]]) == (0, 1, 1.66)
    both = measured(here)
    assert (both.both, both.crossing, both.both_measured_mu) == (0, 1, 1.66)
    differs = problem_figures(here).set_index("problem").loc["area_differs"]
    assert tuple(differs) == (0, 1, 1.66)
    assert tuple(by_area(here, "village").set_index("key").loc[last, ["features", "crossing"]]) == (0, 1)
    split = flow_by(crossing, "village").set_index("key")
    assert tuple(split.loc[last, ["features", "crossing", "in_use_mu"]]) == (0, 1, 1.66)
    assert tuple(split.loc["990101100202", ["features", "crossing"]]) == (2, 0)


def test_what_waits_is_counted_in_working_days_with_the_longest_named(desk: Desk) -> None:
    waits = stuck(desk).set_index("stage")
    assert "in_use" not in waits.index and "rejected" not in waits.index
    # 2026-05-25 was a Monday; the days after it up to Monday 2026-06-01 are five working days.
    assert waits.loc["found", "median_days"] == 5.0 and waits.loc["found", "over"] == 0
    assert waits.loc["assigned", "longest_id"] == "A2" and waits.loc["assigned", "over_mu"] == 20.0
    assert pd.isna(waits.loc["accepted", "limit_days"])


def test_reported_is_set_against_measured_and_the_differing_parcels_are_counted(desk: Desk) -> None:
    found = measured(desk)
    assert (found.both, found.differing, found.unmeasured) == (7, 1, 0)
    assert found.reported_mu == 305.0 and abs(found.measured_mu - 280.0) < 0.1
    assert found.difference_mu == round(found.both_reported_mu - found.both_measured_mu, 2)
    assert list(desk.rows.loc[desk.rows["problem_area_differs"], "id"]) == ["A5"]


def test_every_kind_of_problem_counts_its_own_rows(desk: Desk) -> None:
    found = column(problem_figures(desk), "features", "problem")
    assert found == {
        "stage_overdue": 2, "area_differs": 1, "not_planted": 1, "contract_ended": 1, "re_abandoned": 1,
        "on_redline": 0, "no_shape": 0,
    }  # fmt: skip
    for name, count in found.items():
        assert narrowed(desk, Filters(problem=(name,))).count == count


def test_a_contract_that_ended_on_remediated_land_is_found_unless_another_took_its_place(
    workspace: Workspace,
) -> None:
    layer = workspace.layer(LAYER)
    ended = ended_contracts(workspace, layer, TODAY)
    assert [(one.id, one.contract, one.stage) for one in ended.itertuples()] == [("A3", "H4", "ended")]
    assert abs(float(ended["mu"].iloc[0]) - 30.0) < 0.05
    assert ended_contracts(workspace, layer, date(2025, 12, 30)).empty


def test_filters_combine_and_say_what_would_widen_them(desk: Desk) -> None:
    assert list(narrowed(desk, Filters(mode=("transfer",), crop=("",))).rows["id"]) == ["A2"]
    assert list(narrowed(desk, Filters(stage=("found", "assigned"))).rows["id"]) == ["A1", "A2"]
    assert list(narrowed(desk, Filters(text="a4湾")).rows["id"]) == ["A4"]
    assert narrowed(desk, Filters(overdue=True)).count == int(desk.rows["overdue"].sum())
    nothing = Filters(stage=("found",), crop=("水稻",), area="990101100201")
    assert narrowed(desk, nothing).count == 0
    assert widening(desk, nothing) == [("stage", "found", 1), ("crop", "水稻", 1)]


def test_conditions_are_taken_away_one_by_one() -> None:
    filters = Filters(area="990101100", stage=("found", "assigned"), overdue=True, text="湾")
    assert filters.given() == [
        ("area", "990101100"), ("stage", "found"), ("stage", "assigned"), ("overdue", "1"), ("text", "湾"),
    ]  # fmt: skip
    for name, value in filters.given():
        filters = filters.without(name, value)
    assert filters == Filters()


def test_rows_are_ordered_and_paged_the_same_way_every_time(desk: Desk) -> None:
    rows = ordered(desk, "size", falling=True)
    assert list(rows["id"].head(3)) == ["A5", "A7", "A6"]
    due = ordered(desk, "due")
    assert list(due["kind"].isin(["open", "in_progress"])) == sorted(
        due["kind"].isin(["open", "in_progress"]), reverse=True
    )
    page, number, pages = page_of_rows(rows, 9, 3)
    assert (number, pages, list(page["id"])) == (3, 3, [rows["id"].iloc[-1]])
    assert page_of_rows(rows.iloc[:0], 1, 3)[1:] == (1, 1)


def test_growers_are_masked_for_those_who_may_not_see_them_and_stay_one_group_each(desk: Desk) -> None:
    hidden = for_reader(desk, Actor("县长", "county_leader"))
    assert set(hidden.rows["grower"]) == {"", "赵*", "钱*", "孙*"}
    assert set(for_reader(desk, OWN).rows["grower"]) == {"", "赵甲", "钱乙", "孙丙"}
    assert "赵甲" not in set(hidden.rows["person"])
    groups = flow_by(hidden, "grower").set_index("name")
    assert groups.loc["赵*", "features"] == 2 and groups.loc["钱*", "found_mu"] == 105.0


def test_a_township_sees_its_own_area_and_nothing_else(desk: Desk) -> None:
    mine = for_reader(desk, Actor("石桥", "township", "石桥镇人民政府", "990101100"))
    theirs = for_reader(desk, Actor("清水", "township", "清水乡人民政府", "990101101"))
    assert mine.count == 7 and theirs.count == 0 and theirs.shares.empty
    assert flow(theirs)["passed"].sum() == 0
    assert for_reader(desk, Actor("村", "village_reporter", "", "990101100201")).rows.empty
    assert desk.areas["code"].iloc[inside(desk.areas, "990101102")[0]] == "990101102"
