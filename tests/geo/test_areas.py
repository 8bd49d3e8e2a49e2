"""Areas become one hierarchy; what does not fit into it is named and measured."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from pyproj import Geod

from geo.areas import build_areas, empty_areas, outline_of
from geo.issues import Issue

COUNTY = "990101"
NONE = pd.DataFrame()
GEOD = Geod(a=6378137, rf=298.257222101)


def _box(column: float, line: float, width: float = 1.0, height: float = 1.0) -> Any:
    """A box on a grid of 0.01° (about 1 km) cells."""
    x, y = 117 + column / 100, 28 + line / 100
    return shapely.box(x, y, x + width / 100, y + height / 100)


def _frame(*rows: tuple[Any, ...], columns: tuple[str, ...] = ("code", "name", "geometry")) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(columns))


def _build(county: pd.DataFrame = NONE, towns: pd.DataFrame = NONE, villages: pd.DataFrame = NONE) -> Any:
    return build_areas(county, towns, villages, county_code=COUNTY, county_name="样县")


def _codes(issues: list[Issue]) -> Counter[str]:
    return Counter(issue.code for issue in issues)


def _m2(shape: Any) -> float:
    return abs(float(GEOD.geometry_area_perimeter(shape)[0]))


TOWNS = _frame((f"{COUNTY}100", "东林镇", _box(0, 0, 2, 2)), (f"{COUNTY}200000", "西塘乡", _box(2, 0, 2, 2)))
VILLAGES = _frame(
    (f"{COUNTY}100201", "甲村", _box(0, 0, 2, 1)),
    (f"{COUNTY}100202", "乙村", _box(0, 1, 2, 1)),
    (f"{COUNTY}200201", "丙村", _box(2, 0, 2, 2)),
)


def test_a_clean_hierarchy_has_no_finding_but_the_made_outline() -> None:
    areas, issues = _build(towns=TOWNS, villages=VILLAGES)
    assert areas["code"].tolist() == sorted(areas["code"])
    assert areas["code"].tolist() == [
        COUNTY, f"{COUNTY}100", f"{COUNTY}100201", f"{COUNTY}100202", f"{COUNTY}200", f"{COUNTY}200201"
    ]  # fmt: skip
    assert areas["parent"].tolist() == ["", COUNTY, f"{COUNTY}100", f"{COUNTY}100", COUNTY, f"{COUNTY}200"]
    assert areas["level"].tolist() == ["county", "township", "village", "village", "township", "village"]
    assert areas.crs.to_epsg() == 4490
    assert _codes(issues) == {"county_outline_made": 1}
    assert _m2(shapely.symmetric_difference(outline_of(areas), _box(0, 0, 4, 2))) < 0.01


def test_nothing_imported_gives_an_empty_frame_of_the_same_columns() -> None:
    areas, issues = _build()
    assert areas.empty
    assert issues == []
    assert list(areas.columns) == list(empty_areas().columns)
    assert outline_of(areas) is None


def test_only_villages_make_their_townships_and_county() -> None:
    villages = VILLAGES.assign(township_name=["东林镇", "东林镇", "西塘乡"])
    areas, issues = _build(villages=villages)
    assert _codes(issues) == {"townships_made": 1, "county_outline_made": 1}
    towns = areas[areas["level"] == "township"]
    assert towns["name"].tolist() == ["东林镇", "西塘乡"]
    assert _m2(shapely.symmetric_difference(towns.geometry.iloc[0], _box(0, 0, 2, 2))) < 0.01


def test_zones_parks_and_reservoirs_are_set_aside_and_farms_with_a_units_code_kept() -> None:
    extra = _frame(
        (None, "样县经济开发区", _box(0, 0)),
        (f"{COUNTY}498", "高新技术产业园区", _box(1, 0)),
        (None, "青山水库", _box(2, 0)),
        (f"{COUNTY}401", "红星农场", _box(4, 0, 1, 2)),
        (None, "国营林场", _box(3, 1)),
        (f"{COUNTY}101", "水库镇", _box(5, 0)),
        (f"{COUNTY}001", "湖滨新区街道", _box(6, 0)),
    )
    areas, issues = _build(towns=pd.concat([TOWNS, extra], ignore_index=True))
    aside = [i.params["name"] for i in issues if i.code == "not_administrative"]
    assert aside == ["样县经济开发区", "高新技术产业园区", "青山水库", "国营林场"]
    assert [i.params["name"] for i in issues if i.code == "farm_is_unit"] == ["红星农场"]
    assert set(areas.loc[areas["level"] == "township", "name"]) == {
        "东林镇",
        "西塘乡",
        "红星农场",
        "水库镇",
        "湖滨新区街道",
    }


def test_features_of_one_unit_are_joined_and_a_code_used_twice_is_named() -> None:
    towns = _frame(
        (f"{COUNTY}100", "东林镇", _box(0, 0, 2, 2)),
        (f"{COUNTY}100", "东林镇", _box(6, 0)),
        (None, "东林镇", _box(8, 0)),
        (f"{COUNTY}100", "西塘乡", _box(2, 0, 2, 2)),
    )
    areas, issues = _build(towns=towns)
    assert _codes(issues) == {"area_merged": 1, "area_code_twice": 1, "code_made": 1, "county_outline_made": 1}
    assert [i.params["count"] for i in issues if i.code == "area_merged"] == [3]
    home = areas[areas["code"] == f"{COUNTY}100"].iloc[0]
    assert home["name"] == "东林镇"
    assert shapely.get_num_geometries(home.geometry) == 3
    other = areas[areas["name"] == "西塘乡"].iloc[0]
    assert other["made"]
    assert other["code"].startswith(COUNTY)


def test_neighbours_of_one_bare_name_and_homonyms_far_apart_stay_units_of_their_own() -> None:
    villages = _frame(
        (None, "东山村", _box(0, 0)),
        (None, "东山社区", _box(1, 0)),
        (None, "东山村", _box(3, 0)),
        (None, "东山村", _box(0, 1)),
    )
    areas, _ = _build(towns=TOWNS, villages=villages)
    found = areas[areas["level"] == "village"]
    assert sorted(found["name"]) == ["东山村", "东山村", "东山社区"]


def test_a_later_import_takes_the_place_of_an_earlier_one_and_keeps_its_code() -> None:
    towns = _frame(
        (f"{COUNTY}100", "东林镇", _box(0, 0, 1, 2), "a"),
        (f"{COUNTY}200", "西塘乡", _box(2, 0, 2, 2), "a"),
        (None, "东林镇", _box(0, 0, 2, 2), "b"),
        columns=("code", "name", "geometry", "import_id"),
    )
    areas, issues = _build(towns=towns)
    assert _codes(issues) == {"code_adopted": 1, "county_outline_made": 1}
    assert areas.set_index("code").loc[f"{COUNTY}100", "geometry"].equals(_box(0, 0, 2, 2))


def test_missing_codes_are_made_and_stay_when_another_unit_comes() -> None:
    towns = TOWNS.assign(code=None)
    first, issues = _build(towns=towns)
    assert _codes(issues)["code_made"] == 2
    more = pd.concat([towns, _frame((None, "北山镇", _box(0, 2, 4, 1)))], ignore_index=True)
    second, _ = _build(towns=more)
    assert set(first["code"]) <= set(second["code"])


def test_villages_without_codes_go_by_name_then_by_most_of_their_area() -> None:
    villages = _frame(
        (None, "甲村", "东林镇", _box(0, 0, 2, 1)),
        (None, "乙村", None, _box(0, 1, 2, 1)),
        (None, "丙村", "无此乡", _box(2, 0, 2, 2)),
        columns=("code", "name", "township_name", "geometry"),
    )
    areas, issues = _build(towns=TOWNS, villages=villages)
    parents = areas[areas["level"] == "village"].set_index("name")["parent"].to_dict()
    assert parents == {"甲村": f"{COUNTY}100", "乙村": f"{COUNTY}100", "丙村": f"{COUNTY}200"}
    assert _codes(issues)["parent_unknown"] == 1


def test_a_village_whose_code_and_township_name_disagree_is_named_and_the_ground_decides() -> None:
    villages = VILLAGES.assign(township_name=["西塘乡", "东林镇", "西塘乡"])
    areas, issues = _build(towns=TOWNS, villages=villages)
    (found,) = [i for i in issues if i.code == "code_name_disagree"]
    assert found.params["name"] == "西塘乡"
    assert areas.set_index("name").loc["甲村", "parent"] == f"{COUNTY}100"


def test_overlaps_and_gaps_are_measured_in_square_metres() -> None:
    towns = _frame(
        (f"{COUNTY}100", "东林镇", shapely.difference(_box(0, 0, 3, 3), _box(1, 1))),
        (f"{COUNTY}200", "西塘乡", _box(2.5, 0, 3, 3)),
    )
    _, issues = _build(towns=towns)
    overlap = next(i for i in issues if i.code == "areas_overlap")
    assert overlap.params["m2"] == pytest.approx(_m2(_box(2.5, 0, 0.5, 3)), rel=1e-6)
    gap = next(i for i in issues if i.code == "areas_gap")
    assert gap.params["m2"] == pytest.approx(_m2(_box(1, 1)), rel=1e-6)


def test_hairlines_are_counted_together_and_are_no_warning() -> None:
    slit = shapely.Polygon([(117.0, 28.01), (117.02, 28.01), (117.01, 28.010001)])
    lower = shapely.difference(_box(0, 0, 2, 2), slit)
    towns = _frame((f"{COUNTY}100", "东林镇", lower), (f"{COUNTY}200", "西塘乡", _box(1.99999, 0, 2, 2)))
    _, issues = _build(towns=towns)
    assert not [i for i in issues if i.code in ("areas_overlap", "areas_gap")]
    hair = {i.code: i for i in issues if "hairline" in i.code}
    assert set(hair) == {"areas_overlap_hairline"} or set(hair) == {"areas_overlap_hairline", "areas_gap_hairline"}
    assert all(i.severity == "info" for i in hair.values())


def test_a_village_that_straddles_two_townships_is_named_with_its_shares() -> None:
    villages = _frame((f"{COUNTY}100201", "甲村", _box(1, 0, 1.25, 2)))
    _, issues = _build(towns=TOWNS, villages=villages)
    (found,) = [i for i in issues if i.code == "village_straddles_township"]
    assert (found.params["percent"], found.params["home_percent"]) == (20.0, 80.0)
    assert found.params["other"] == "西塘乡"


def test_a_village_that_reaches_out_of_all_townships_is_named() -> None:
    _, issues = _build(towns=TOWNS, villages=_frame((f"{COUNTY}200201", "丙村", _box(3, 0, 2, 2))))
    (found,) = [i for i in issues if i.code == "village_outside_townships"]
    assert found.params["percent"] == 50.0


def test_editions_keep_their_dates() -> None:
    towns = TOWNS.assign(edition_date=[pd.Timestamp("2023-06-30"), pd.NaT])
    areas, _ = _build(towns=towns)
    dates = areas.set_index("name")["edition_date"]
    assert dates["东林镇"] == pd.Timestamp("2023-06-30")
    assert pd.isna(dates["西塘乡"])


def test_townships_of_another_county_than_the_workspaces_are_kept_with_one_finding() -> None:
    towns = TOWNS.assign(code=["330503100", "330503101"])
    areas, issues = _build(towns=towns)
    assert _codes(issues) == {"county_code_differs": 1, "county_outline_made": 1}
    assert areas.loc[areas["level"] == "township", "parent"].tolist() == [COUNTY, COUNTY]


@pytest.mark.real_data
def test_wannians_twelve_townships_make_its_hierarchy(real_data: Path) -> None:
    folder = real_data / "jiangxi_yiyang_wannian"
    county = gpd.read_file(folder / "wannian_county.geojson").rename(columns={"adcode": "code"})
    towns = gpd.read_file(folder / "wannian_townships.geojson")
    areas, issues = build_areas(county, towns, NONE, county_code="361129", county_name="万年县")
    assert (areas["level"] == "township").sum() == 12
    assert set(areas.loc[areas["level"] == "township", "parent"]) == {"361129"}
    assert _codes(issues) == {"code_made": 12, "county_outline_differs": 1}


@pytest.mark.real_data
def test_nanxuns_villages_straddle_townships_of_other_origin(real_data: Path) -> None:
    folder = real_data / "zhejiang_nanxun"
    county = gpd.read_file(folder / "南浔区.geojson").rename(columns={"Name": "name"})
    towns = gpd.read_file(folder / "南浔区-乡镇.json").rename(columns={"Name": "name"})
    villages = gpd.read_file(folder / "boundaryVillage.geojson")
    areas, issues = build_areas(county, towns, villages, county_code="330503", county_name="南浔区")
    assert areas["level"].value_counts().to_dict() == {"village": 22, "township": 9, "county": 1}
    assert "330503101" in set(areas["code"])
    # The county bears a township's code; it is known by its name.
    assert _codes(issues)["area_code_level"] == 1
    straddling = [i.params["percent"] for i in issues if i.code == "village_straddles_township"]
    assert len(straddling) == 3
    outside = [i.params["percent"] for i in issues if i.code == "village_outside_townships"]
    assert max(outside) > 20


@pytest.mark.real_data
def test_shenzhens_hairline_gaps_are_one_remark(real_data: Path) -> None:
    streets = gpd.read_file(real_data / "shenzhen_streets" / "深圳街道.geojson").rename(columns={"NAME": "name"})
    areas, issues = build_areas(NONE, streets, NONE, county_code="440300", county_name="深圳市")
    assert (areas["level"] == "township").sum() == 74
    (hair,) = [i for i in issues if i.code == "areas_gap_hairline"]
    assert hair.params["count"] >= 30
    assert hair.params["m2"] < 100_000


@pytest.mark.real_data
def test_of_605_counties_the_workspaces_own_is_kept_and_a_foreign_layer_does_not_stop_it(real_data: Path) -> None:
    counties = gpd.read_file(real_data / "mapchina" / "counties_51_43_36_45_33_derived.gpkg").to_crs(4490)
    counties = counties.rename(columns={"Code_County": "code", "Name_County": "name"})
    areas, issues = build_areas(counties, NONE, NONE, county_code="361129", county_name="万年县")
    assert areas["name"].tolist() == ["万年县"]
    assert [i.params["count"] for i in issues if i.code == "areas_elsewhere"] == [604]
    provinces = gpd.read_file(real_data / "xzqh_china_shp" / "China_ProvinceLevel.shp", encoding="utf-8")
    provinces = provinces.rename(columns={"ADCODE99": "code", "NAME99": "name"})
    areas, issues = build_areas(provinces, NONE, NONE, county_code="361129", county_name="万年县")
    assert len(areas) == 34
    assert _codes(issues) == {"county_not_found": 1}
    areas, _ = build_areas(provinces, NONE, NONE, county_code="360000", county_name="江西省")
    assert areas["name"].tolist() == ["江西省"]
