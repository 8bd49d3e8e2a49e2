"""The invented county's land: areas, fields, control lines."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from data_samples.areas import TOWNSHIPS, VILLAGES, make_areas
from data_samples.county import County, make_county
from data_samples.fields import M2_PER_MU
from data_samples.names import COUNTY
from data_samples.terrain import make_terrain


def test_villages_and_townships_are_coverages_without_gap_or_overlap(county: County) -> None:
    for frame in (county.areas.townships, county.areas.villages):
        assert shapely.coverage_is_valid(frame.geometry.to_numpy())
        assert frame.geom_type.eq("Polygon").all()


def test_coverage_stays_exact_in_longitude_and_latitude(county: County) -> None:
    stored = county.areas.villages.to_crs(4490)
    assert shapely.coverage_is_valid(stored.geometry.to_numpy())
    assert stored.total_bounds == pytest.approx([105, 30.5, 105, 30.5], abs=0.4)


def test_each_level_is_exactly_the_union_of_the_one_below(county: County) -> None:
    areas = county.areas
    assert areas.villages.area.sum() == pytest.approx(areas.county.area.sum(), rel=1e-12)
    for code, outline in zip(areas.townships["code"], areas.townships.geometry, strict=True):
        own = areas.villages.geometry[areas.villages["parent"] == code]
        assert shapely.coverage_union_all(own.to_numpy()).equals(outline)


def test_there_are_thirty_townships_and_four_hundred_villages_with_proper_codes(county: County) -> None:
    areas = county.areas
    assert (len(areas.townships), len(areas.villages)) == (TOWNSHIPS, VILLAGES) == (30, 400)
    assert areas.townships["code"].str.fullmatch(r"519721\d{3}").all() and areas.townships["code"].is_unique
    assert areas.villages["code"].str.fullmatch(r"519721\d{6}").all() and areas.villages["code"].is_unique
    assert (areas.villages["code"].str[:9] == areas.villages["parent"]).all()
    assert 1_000 < areas.county.area.sum() / 1e6 < 1_600


def test_borders_wind(county: County) -> None:
    outline = county.areas.villages.geometry
    assert shapely.get_num_coordinates(outline.to_numpy()).mean() > 100
    assert (outline.length / (2 * np.sqrt(np.pi * outline.area))).mean() > 1.3


def test_three_village_names_occur_twice_in_different_townships(county: County) -> None:
    villages = county.areas.villages
    twice = villages[villages["name"].duplicated(keep=False)]
    assert len(twice) == 6
    assert twice.groupby("name")["parent"].nunique().eq(2).all()


def test_the_same_seed_gives_the_same_county_and_another_seed_another() -> None:
    def made(seed: int) -> gpd.GeoDataFrame:
        rng = np.random.default_rng(seed)
        return make_areas(rng, make_terrain(rng), townships=6, villages=24).villages

    assert made(3).equals(made(3))
    assert not made(3).geometry.geom_equals(made(4).geometry).any()


def test_parcels_are_as_many_as_asked_for_and_between_a_third_of_a_mu_and_three(
    contract_parcels: gpd.GeoDataFrame,
) -> None:
    assert len(contract_parcels) == 30_000
    mu = contract_parcels.area / M2_PER_MU
    assert mu.min() >= 0.3 and mu.max() <= 3.0
    assert np.allclose(contract_parcels["SCMJM"], mu, atol=0.006)


def test_parcels_do_not_overlap(contract_parcels: gpd.GeoDataFrame) -> None:
    shapes = contract_parcels.geometry.to_numpy()
    assert shapely.is_valid(shapes).all()
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    pairs = first < second
    shared = shapely.area(shapely.intersection(shapes[first[pairs]], shapes[second[pairs]]))
    assert shared.max() < 1e-6


def test_parcel_codes_are_nineteen_digits_unique_and_begin_with_the_village_they_lie_in(
    county: County, contract_parcels: gpd.GeoDataFrame
) -> None:
    code = contract_parcels["DKBM"]
    assert code.is_unique and code.str.fullmatch(r"\d{19}").all()
    village = county.areas.villages.geometry[contract_parcels["village"]].to_numpy()
    assert (code.str[:12].to_numpy() == county.areas.villages["code"][contract_parcels["village"]]).all()
    assert shapely.intersects(village, contract_parcels.geometry.to_numpy()).all()


def test_fewer_parcels_are_the_first_of_more(county: County, contract_parcels: gpd.GeoDataFrame) -> None:
    few = next(iter(replace(county, parcels=500).contract_parcels()))
    assert len(few) == 500
    assert few["DKBM"].equals(contract_parcels["DKBM"].iloc[:500])


def test_most_parcels_lie_low(county: County, contract_parcels: gpd.GeoDataFrame) -> None:
    assert county.blocks.rank[contract_parcels["block"]].mean() < 0.3


def test_too_many_parcels_are_refused() -> None:
    crowded = make_county(parcels=85_000, seed=3, townships=6, villages=24)
    with pytest.raises(ValueError, match="no room for 85000 parcels"):
        list(crowded.contract_parcels())


def test_control_lines_are_valid_and_keep_apart(county: County) -> None:
    red, farmland = (county.controls[k] for k in ("ecological_redline", "permanent_farmland"))
    assert len(farmland) > 5_000 and len(red) > 20
    for frame in county.controls.values():
        assert frame.is_valid.all() and frame["plan_id"].is_unique
    assert gpd.sjoin(farmland, red, predicate="overlaps").empty


def test_five_township_zones_cover_the_county_and_eleven_village_zones_do_not_overlap(county: County) -> None:
    zones = county.zones.set_index("code")
    large, small = zones[zones["zone_kind"] == "township"], zones[zones["zone_kind"] == "village"]
    assert (len(large), len(small)) == (5, 11)
    assert large.area.sum() == pytest.approx(county.areas.county.area.sum(), rel=1e-12)
    assert shapely.coverage_is_valid(small.geometry.to_numpy())
    assert zones.geom_type.eq("Polygon").all()


@pytest.mark.real_data
def test_no_name_or_code_is_that_of_a_real_place(county: County, real_data: Path) -> None:
    with (real_data / "codes_modood" / "streets.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with (real_data / "codes_areacity" / "ok_data_level4.csv").open(encoding="utf-8-sig") as file:
        more = list(csv.DictReader(file))
    real = {row["name"] for row in rows} | {row["name"] for row in more} | {row["ext_name"] for row in more}
    stems = {name.removesuffix("街道").removesuffix("镇").removesuffix("乡") for name in real}
    invented = {COUNTY, *county.areas.townships["name"], *county.areas.villages["name"]}
    assert not invented & real
    own = {
        name.removesuffix("街道").removesuffix("镇").removesuffix("乡") for name in county.areas.townships["name"]
    }
    assert not own & stems
    codes = {row["code"] for row in rows} | {row["id"] for row in more}
    for list_of_a_year in (real_data / "codes_history").glob("*.txt"):
        codes |= {
            line.split()[0] for line in list_of_a_year.read_text(encoding="utf-8").splitlines() if line.strip()
        }
    assert not any(code.startswith("519721") for code in codes)
