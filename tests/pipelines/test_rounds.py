"""A day's round: what is on it and why, look-backs, market days, stubborn places."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest
import shapely

from geo.access import Actor
from geo.errors import Refused
from pipelines.exchange import show
from pipelines.follow_up import plan_lookback
from pipelines.marks_places import LAYER
from pipelines.rounds import lookbacks_due, my_round, stubborn_places
from pipelines.rounds_acts import may_undo, revisit
from pipelines.rounds_hot import hot_cells
from pipelines.rounds_markets import confirmed, markets, seats
from pipelines.workspace import Workspace
from tests.dashboards.sites_county import CLEAR, EAST, STONE, TODAY, at, build_sites

INSPECTOR = Actor("督查甲", "inspector", "督查室")
NOW = datetime(2026, 3, 16, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace(build_sites(tmp_path_factory.mktemp("sites")))


@pytest.fixture(scope="module")
def things(county: Workspace) -> pd.DataFrame:
    return show(county, LAYER, as_of=TODAY)


def test_an_inspectors_round_holds_what_waits_what_is_late_and_what_is_open(things: pd.DataFrame) -> None:
    found = my_round(things, start=at(0.010, 0.011), day=TODAY, within_m=None)
    why = dict(zip(found.stops["id"], found.stops["why"], strict=True))
    assert why == {
        "HJ01": "open",
        "HJ02": "verify",
        "HJ03": "overdue",
        "HJ05": "open",
        "HJ06": "open",
        "HJ07": "due_soon",
    }
    late = found.stops.set_index("id")
    assert late.loc["HJ03", "overdue_days"] == 15
    assert late.loc["HJ07", "days_left"] == 1
    assert found.left == 0
    assert found.total_m == pytest.approx(found.stops["leg_m"].sum())


def test_what_waits_to_be_verified_and_is_late_says_so_and_goes_before_what_is_not(things: pd.DataFrame) -> None:
    waits = things[things["id"].isin(["HJ01", "HJ02"])].assign(stage="rectified", kind="in_progress")
    # The farther one fell due on Friday the 13th; the 16th is a Monday.
    waits = waits.assign(due_on=pd.to_datetime(["2026-03-24", "2026-03-13"]), overdue=[False, True])
    found = my_round(waits, start=at(0.010, 0.010), day=TODAY, within_m=None, most=1).stops.iloc[0]
    assert (found["id"], found["why"]) == ("HJ02", "verify")
    assert (found["overdue_days"], found["working_days"]) == (3, 1)


def test_the_round_begins_with_the_nearest_and_keeps_within_reach(things: pd.DataFrame) -> None:
    found = my_round(things, start=at(0.010, 0.0101), day=TODAY, within_m=5_000)
    assert list(found.stops["id"]) == ["HJ01", "HJ02", "HJ03"]
    assert found.stops["leg_m"].iloc[0] == pytest.approx(11.1, abs=0.2)


def test_of_too_many_the_most_pressing_are_taken_and_the_rest_counted(things: pd.DataFrame) -> None:
    found = my_round(things, start=at(0.010, 0.0101), day=TODAY, within_m=None, most=2)
    assert set(found.stops["id"]) == {"HJ02", "HJ03"}
    assert found.left == 4


def test_a_township_is_not_sent_to_verify_its_own_work(things: pd.DataFrame) -> None:
    mine = things[things["area_code"].str.startswith(STONE)]
    found = my_round(mine, start=at(0, 0), day=TODAY, lookbacks=["HJ04"], verifies=False, within_m=None)
    assert set(found.stops["id"]) == {"HJ01", "HJ03"}


def test_a_round_without_anything_is_empty(things: pd.DataFrame) -> None:
    found = my_round(things.iloc[:0], start=at(0, 0), day=TODAY)
    assert (len(found.stops), found.total_m, found.left) == (0, 0.0, 0)


def test_look_backs_are_due_once_planned_and_gone_once_made(tmp_path: Path) -> None:
    workspace = Workspace(build_sites(tmp_path))
    things = show(workspace, LAYER, as_of=TODAY)
    assert lookbacks_due(workspace, things, TODAY) == ([], True)
    plan_lookback(workspace, LAYER, 1, seed=1, now=NOW, control_share=1.0)
    planned, proposed = lookbacks_due(workspace, things, TODAY)
    assert (len(planned), proposed) == (1, False)
    revisit(workspace, INSPECTOR, planned[0], now=NOW)
    assert lookbacks_due(workspace, things, TODAY) == ([], False)


def test_market_days_are_read_and_what_cannot_be_read_is_kept(county: Workspace) -> None:
    held = {one.area_code: one for one in markets(county, TODAY)}
    assert held[STONE].today
    assert held[STONE].next_day == TODAY
    # 16 March 2026 is the 28th of the first lunar month; the 29th comes the day after.
    assert not held[CLEAR].today
    assert held[CLEAR].next_day == date(2026, 3, 17)
    assert held[EAST].rule is None
    assert held[EAST].text == "看情况"
    assert not confirmed(county)


def test_a_towns_seat_is_in_its_largest_built_up_place(county: Workspace) -> None:
    found = seats(county)
    lon, lat = found[STONE]
    assert at(0.005, 0.005)[0] < lon < at(0.015, 0)[0]
    assert at(0, 0.005)[1] < lat < at(0, 0.015)[1]
    assert set(found) == {STONE, CLEAR, EAST}


def test_a_place_is_stubborn_when_trouble_came_a_third_time_within_fifty_metres(
    county: Workspace, things: pd.DataFrame
) -> None:
    # HJ05 and HJ06 stand ten metres apart; each came back once.
    found = stubborn_places(county, things, TODAY)
    assert list(found["times"]) == [3]
    assert found["id"].iloc[0] in ("HJ05", "HJ06")
    assert found["last"].iloc[0] == pd.Timestamp(2026, 3, 5)


def test_few_sites_have_no_hot_spot(county: Workspace, things: pd.DataFrame) -> None:
    with pytest.raises(Refused) as refused:
        hot_cells(county, things)
    assert refused.value.code == "hot_spots_too_few"


def test_hot_hexagons_are_called_by_the_site_nearest_to_their_middle(county: Workspace) -> None:
    # Fifteen sites at each of 25 crossings a kilometre apart, ten of them one trouble and five another.
    crossings = [at(0.010 + 0.010 * (k % 5), 0.010 + 0.010 * (k // 5)) for k in range(25)]
    places = [one for one in crossings for _ in range(15)]
    crowd = pd.DataFrame(
        {
            "id": [f"S{k}" for k in range(375)],
            "kind": "open",
            "geometry": shapely.points(places),
            "lon": [lon for lon, _ in places],
            "lat": [lat for _, lat in places],
            # One of fifteen has an address; at the first twelve crossings none has.
            "address": [f"路口{k // 15}" if k >= 15 * 12 and k % 15 == 7 else None for k in range(375)],
            "category": (["ditch"] * 5 + ["garbage"] * 10) * 25,
        }
    )
    hot = hot_cells(county, crowd)
    full = hot[hot["count"] > 0]
    assert len(full) > 10
    assert not full["near_id"].duplicated().any()
    assert set(full["categories"]) == {(("garbage", 10), ("ditch", 5))}
    assert set(hot.loc[hot["count"] == 0, "categories"]) == {()}
    named = full.set_index("near_id")
    assert (named.loc["S187", "address"], named.loc["S187", "town_name"]) == ("路口12", "石桥镇")
    assert (named.loc["S165", "address"], named.loc["S165", "village_name"]) == ("", "前进村")


def test_only_ones_own_last_act_of_the_last_half_hour_may_be_taken_back() -> None:
    act = {"kind": "step", "actor": "督查甲", "recorded_at": "2026-03-16T01:45:00.000000Z"}
    imported = {"kind": "import", "at": "2026-03-16T01:50:00+00:00"}
    assert may_undo([act, imported], INSPECTOR, NOW)
    assert not may_undo([{**act, "actor": "督查乙"}], INSPECTOR, NOW)
    assert not may_undo([{**act, "recorded_at": "2026-03-16T01:20:00.000000Z"}], INSPECTOR, NOW)
    assert not may_undo([{**act, "kind": "undo", "undoes": "e1"}], INSPECTOR, NOW)
    assert not may_undo([imported], INSPECTOR, NOW)
