"""What happens in the invented county: abandoned land, transfers, problem sites, plans, acts."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from data_samples import life
from data_samples.county import County
from data_samples.delivery import LAST_DAY
from data_samples.history import history
from data_samples.transfers import let_parcels, make_transfers
from geo.layers import builtin_layers

NOW = pd.Timestamp(LAST_DAY)


@pytest.fixture(scope="module")
def transfers(county: County, contract_parcels: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return make_transfers(county.areas, let_parcels(contract_parcels, county.seed), county.seed)


def test_abandoned_land_adds_up_to_twenty_thousand_mu(county: County) -> None:
    assert county.abandoned["measured_mu"].sum() == pytest.approx(20_000, rel=0.01)
    assert county.abandoned["reported_mu"].sum() == pytest.approx(20_000, rel=0.05)
    assert county.abandoned["parcel_id"].is_unique
    assert county.abandoned["township_name"].nunique() == 30


def test_abandoned_parcels_are_whole_and_apart(county: County) -> None:
    shapes = county.abandoned.geometry.to_numpy()
    assert shapely.is_valid(shapes).all()
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    pairs = first < second
    assert shapely.area(shapely.intersection(shapes[first[pairs]], shapes[second[pairs]])).sum() < 1e-6


def test_few_abandoned_parcels_are_reported_far_above_their_size(county: County) -> None:
    excess = county.abandoned["reported_mu"] / county.abandoned["measured_mu"] - 1
    assert 0.005 < (excess.abs() > 0.05).mean() < 0.03


def test_dates_of_a_life_never_run_backwards(county: County, transfers: gpd.GeoDataFrame) -> None:
    cases = (
        (county.abandoned, life.ABANDONED),
        (county.points, life.POINTS),
        (county.plans, life.PLANS),
        (transfers, life.TRANSFERS),
    )
    for frame, stages in cases:
        dates = frame[list(stages.values())]
        for before, after in zip(dates.columns[:-1], dates.columns[1:], strict=True):
            both = dates[[before, after]].dropna()
            assert (both[before] <= both[after]).all(), (before, after)


def test_progress_grows_with_the_days(county: County) -> None:
    done = []
    for day in pd.to_datetime(["2024-12-20", "2025-07-10", "2026-03-20", "2026-10-15"]):
        now = life.as_of(county.abandoned, day.date(), life.ABANDONED)
        done.append(now.loc[now["stage"].isin(["remediated", "accepted", "in_use"]), "measured_mu"].sum())
    assert done == sorted(done) and done[0] < 0.1 * done[-1]
    assert 8_000 < done[-1] < 18_000


def test_no_row_knows_the_future(county: County) -> None:
    day = pd.Timestamp(2025, 7, 10)
    now = life.as_of(county.abandoned, day.date(), life.ABANDONED)
    for column in life.ABANDONED.values():
        assert not (now[column] > day).any()
    assert (now["found_on"] <= day).all() and len(now) < len(county.abandoned)


def test_a_rejected_parcel_has_no_date_after_its_rejection(county: County) -> None:
    now = life.as_of(county.abandoned, LAST_DAY, life.ABANDONED)
    rejected = now[now["stage"] == "rejected"]
    assert len(rejected) > 50
    assert rejected["started_on"].isna().all() and rejected["remediated_on"].isna().all()


def test_every_stage_occurs_and_is_one_the_layer_knows(county: County, transfers: gpd.GeoDataFrame) -> None:
    cases = {
        "abandoned_parcel": life.as_of(county.abandoned, LAST_DAY, life.ABANDONED),
        "inspection_point": life.as_of(county.points, LAST_DAY, life.POINTS),
        "land_transfer": life.as_of(transfers, LAST_DAY, life.TRANSFERS),
    }
    for layer, frame in cases.items():
        lifecycle = builtin_layers()[layer].lifecycle
        assert lifecycle is not None
        known = {stage.id for stage in lifecycle.stages}
        assert (
            set(frame["stage"]) == known - ({"filed"} if layer == "land_transfer" else set())
            or set(frame["stage"]) == known
        )


def test_some_transfers_are_double_too_large_ended_or_about_to_end(transfers: gpd.GeoDataFrame) -> None:
    now = life.as_of(transfers, LAST_DAY, life.TRANSFERS)
    live = now[now["stage"].isin(["filed", "active"])]
    assert transfers["contract_id"].is_unique
    assert 20 < live["contract_parcel_id"].duplicated().sum() < 200
    assert (now["stage"] == "ended").sum() > 100
    assert 30 < (live["ends_on"] - NOW).dt.days.between(0, 90).sum() < 600
    assert (transfers["trouble"] == "over_area").sum() > 20


def test_problem_sites_are_thick_in_towns_and_on_market_days(county: County) -> None:
    points = county.points
    trade = points[points["category"] == "赶集日乱停乱放"]
    turn = trade["village_code"].str[:9].map({c: i % 3 for i, c in enumerate(county.areas.townships["code"])})
    on_market_day = (trade["reported_on"].dt.day % 10 - turn - 1).isin([0, 3, 6])
    assert on_market_day.mean() > 0.6
    towns = shapely.multipoints(county.areas.towns.geometry.to_numpy())
    town_sites = points[points["place_kind"] == "场镇"]
    assert town_sites.distance(towns).median() < 400 < points.distance(towns).quantile(0.75)


def test_people_are_invented_and_no_identity_number_occurs(county: County) -> None:
    for frame in (county.abandoned, county.points):
        assert frame["phone"].str.fullmatch(r"1990000\d{4}").all()
        for column in frame.columns.drop("geometry"):
            assert not frame[column].astype(str).str.contains(r"(?<!\d)\d{17}[\dXx](?!\d)").any()
    assert county.points["reporter"].str.fullmatch("[甲乙丙丁戊己庚辛壬癸][子丑寅卯辰巳午未申酉戌亥]{2}").all()


def test_acts_follow_the_lifecycle_from_where_the_last_reports_left_things(county: County) -> None:
    acts = history(county)
    assert 200 < len(acts) < 1_500
    assert [a.at for a in acts] == sorted(a.at for a in acts)
    layers = builtin_layers()
    for act in acts:
        lifecycle = layers[act.layer].lifecycle
        assert lifecycle is not None
        assert any(step.target == act.to_stage and act.role in step.roles for step in lifecycle.transitions), act


def test_the_use_of_let_land_sometimes_becomes_another_and_is_sometimes_not_written_down(
    transfers: gpd.GeoDataFrame,
) -> None:
    known = transfers[transfers["use_before"].notna()]
    changed = known["use_before"] != known["use_after"]
    assert 0.15 < changed.mean() < 0.45
    assert 0.02 < transfers["use_before"].isna().mean() < 0.25
    assert set(known["use_before"]) <= set(transfers["use_after"])


def test_some_plans_are_late_and_others_have_their_last_day_to_come(county: County) -> None:
    now = life.as_of(county.plans, LAST_DAY, life.PLANS)
    running = now[now["stage"] != "approved"]
    late = running["due_on"] < pd.Timestamp(LAST_DAY)
    assert late.any() and not late.all()
    assert set(now["batch"]) == {"第一批", "第二批", "第三批"}
    assert set(running.loc[~late, "batch"]) == {"第三批"}
