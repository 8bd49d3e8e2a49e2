"""Rows are put on the map by coordinates or by name, and what contradicts is said."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import CRS, Geod, Transformer

from geo.areas import build_areas
from geo.columns import ColumnMatch
from geo.errors import Refused
from geo.gazetteer import Gazetteer
from geo.issues import Issue
from geo.layers import Layer, builtin_layers
from geo.shift import bd09_from_wgs84, gcj02_from_wgs84
from pipelines.place import decide, place_batch
from pipelines.read.source import Table

COUNTY = "990101"
WEST, SOUTH, STEP = 117.0, 28.6, 0.04


def _county() -> gpd.GeoDataFrame:
    """A county of 2 townships side by side, each of 2 × 4 square villages of 4 km."""
    rows = []
    for column in range(4):
        for line in range(4):
            box = shapely.box(
                WEST + column * STEP, SOUTH + line * STEP, WEST + (column + 1) * STEP, SOUTH + (line + 1) * STEP
            )
            town = 100 + column // 2
            rows.append((f"{COUNTY}{town}2{column}{line}", f"第{'甲乙丙丁'[column]}{'子丑寅卯'[line]}村", box))
    villages = pd.DataFrame(rows, columns=["code", "name", "geometry"])
    towns = pd.DataFrame(
        [(f"{COUNTY}{t}", n, shapely.union_all(villages.geometry[villages.code.str[6:9] == str(t)]))
         for t, n in ((100, "东林镇"), (101, "西塘乡"))],
        columns=["code", "name", "geometry"],
    )  # fmt: skip
    areas, _ = build_areas(pd.DataFrame(), towns, villages, county_code=COUNTY, county_name="样县")
    return areas


AREAS = _county()
GAZETTEER = Gazetteer.from_areas(AREAS)
POINTS: Layer = builtin_layers()["inspection_point"]
PARCELS: Layer = builtin_layers()["abandoned_parcel"]
PLACES = {"township_name": "乡镇", "village_name": "村", "village_code": "村代码"}


def _placed(
    raw: pd.DataFrame,
    roles: dict[str, str] | None = None,
    *,
    layer: Layer = POINTS,
    declared: int | None = None,
    crs: str | None = None,
    areas: gpd.GeoDataFrame | None = AREAS,
    geometry_type: Any = "any",
) -> tuple[gpd.GeoDataFrame, list[Issue]]:
    """Decide and place all rows; findings of both together."""
    has_shape = "geometry" in raw.columns
    fields = {name: heading for name, heading in PLACES.items() if heading in raw.columns}
    match = ColumnMatch(fields=fields, roles=roles or {})
    raw = raw.set_axis(pd.RangeIndex(2, len(raw) + 2, name="row"))
    table = Table(
        Path("甲.xlsx"),
        "Sheet1",
        "map" if has_shape else "sheet",
        tuple(raw.columns),
        lambda: iter([raw]),
        crs=CRS.from_epsg(declared) if declared else None,
        geometry_type=geometry_type if has_shape else "none",
    )
    typed = pd.DataFrame(
        {name: raw[heading].astype("string") for name, heading in fields.items()}, index=raw.index
    )
    placement = decide(table, raw, match, layer, areas, crs=crs)
    gazetteer = GAZETTEER if areas is not None else None
    placed, issues = place_batch(raw, typed, placement, gazetteer)
    return placed, [*placement.issues, *issues]


def _codes(issues: list[Issue]) -> Counter[str]:
    return Counter(issue.code for issue in issues)


def _scatter(count: int = 400, seed: int = 7) -> pd.DataFrame:
    """Points all over the county with the village each lies in."""
    rng = np.random.default_rng(seed)
    lon = WEST + rng.uniform(0.0005, 4 * STEP - 0.0005, count)
    lat = SOUTH + rng.uniform(0.0005, 4 * STEP - 0.0005, count)
    column, line = ((lon - WEST) // STEP).astype(int), ((lat - SOUTH) // STEP).astype(int)
    names = [f"第{'甲乙丙丁'[c]}{'子丑寅卯'[r]}村" for c, r in zip(column, line, strict=True)]
    towns = ["东林镇" if c < 2 else "西塘乡" for c in column]
    return pd.DataFrame({"经度": lon, "纬度": lat, "乡镇": towns, "村": names})


LONLAT = {"@lon": "经度", "@lat": "纬度"}


def test_points_in_degrees_land_where_they_say_and_need_no_finding_but_the_assumed_system() -> None:
    raw = _scatter()
    placed, issues = _placed(raw, LONLAT)
    assert _codes(issues) == {"lonlat_assumed": 1}
    assert (placed["placed_by"] == "geometry").all()
    assert np.allclose(placed.geometry.x, raw["经度"])
    assert placed.crs.to_epsg() == 4490
    assert placed.index[0] == 2
    names = placed["area_code"].map(GAZETTEER.name_of)
    assert (names.to_numpy() == raw["村"].to_numpy()).all()


@pytest.mark.parametrize(
    ("shift", "code"), [(gcj02_from_wgs84, "gcj02_shifted"), (bd09_from_wgs84, "bd09_shifted")]
)
@pytest.mark.parametrize("named", [True, False])
def test_a_web_map_offset_is_taken_off_when_the_fit_proves_it(shift: Any, code: str, named: bool) -> None:
    raw = _scatter(3000)
    true = raw[["经度", "纬度"]].to_numpy()
    raw["经度"], raw["纬度"] = shift(true[:, 0], true[:, 1])
    if not named:
        raw = raw.drop(columns=["乡镇", "村"])
    placed, issues = _placed(raw, LONLAT)
    assert _codes(issues)[code] == 1
    assert np.allclose(np.column_stack([placed.geometry.x, placed.geometry.y]), true, atol=1e-8)


def test_points_that_fit_are_not_shifted_and_a_layer_along_one_border_is_no_proof() -> None:
    raw = _scatter(3000)
    assert not {c for c in _codes(_placed(raw, LONLAT)[1]) if "shift" in c}
    east = raw[raw["经度"] > WEST + 4 * STEP - 0.01].drop(columns=["乡镇", "村"])
    east = east.assign(经度=east["经度"] + 0.004)
    codes = _codes(_placed(east, LONLAT)[1])
    assert codes["gcj02_shifted"] == codes["bd09_shifted"] == 0


def test_some_thirty_rows_are_enough_when_their_names_tell_and_three_wrong_ones_are_only_a_hint() -> None:
    raw = _scatter(60, seed=3)
    true = raw[["经度", "纬度"]].to_numpy()
    raw["经度"], raw["纬度"] = gcj02_from_wgs84(true[:, 0], true[:, 1])
    placed, issues = _placed(raw, LONLAT)
    assert _codes(issues) == {"lonlat_assumed": 1, "gcj02_shifted": 1}
    _, issues = _placed(raw, LONLAT, crs="4490")
    assert _codes(issues)["shift_suspected"] == 1
    wrong = [i.row - 2 for i in issues if i.code == "not_in_named_village" and i.row]
    assert len(wrong) >= 5
    right = [i for i in range(60) if i not in wrong]
    few = raw.iloc[[*right[:12], *wrong[:3]]]
    placed, issues = _placed(few, LONLAT)
    assert _codes(issues)["shift_suspected"] == 1
    assert np.allclose(placed.geometry.x, few["经度"])


def test_the_user_may_say_that_coordinates_are_gcj02() -> None:
    raw = _scatter(5)
    true = raw[["经度", "纬度"]].to_numpy()
    raw["经度"], raw["纬度"] = gcj02_from_wgs84(true[:, 0], true[:, 1])
    placed, _ = _placed(raw, LONLAT, crs="GCJ02")
    assert np.allclose(np.column_stack([placed.geometry.x, placed.geometry.y]), true, atol=1e-8)
    with pytest.raises(Refused) as refusal:
        _placed(raw, LONLAT, crs="sphere")
    assert refusal.value.code == "crs_no_such"


def test_survey_coordinates_with_x_north_land_within_a_millimetre() -> None:
    raw = _scatter(50)
    true = raw[["经度", "纬度"]].to_numpy()
    east, north = Transformer.from_crs(4490, 4527, always_xy=True).transform(true[:, 0], true[:, 1])
    survey = pd.DataFrame({"X": [f"{v:.3f}" for v in north], "Y": [f"{v:.3f}" for v in east]})
    placed, issues = _placed(survey, {"@x": "X", "@y": "Y"})
    metres = Geod(ellps="GRS80").inv(true[:, 0], true[:, 1], placed.geometry.x, placed.geometry.y)[2]
    assert np.max(metres) < 0.001
    assert _codes(issues) == {"crs_assumed": 1}
    placed, _ = _placed(survey, {"@x": "X", "@y": "Y"}, areas=None)
    assert np.allclose(placed.geometry.x, true[:, 0])


def test_a_row_in_degrees_among_metres_is_read_as_degrees_and_named() -> None:
    true = _scatter(20)[["经度", "纬度"]].to_numpy()
    east, north = Transformer.from_crs(4490, 4527, always_xy=True).transform(true[:, 0], true[:, 1])
    east[4], north[4] = true[4]
    placed, issues = _placed(pd.DataFrame({"X": north, "Y": east}), {"@x": "X", "@y": "Y"})
    assert np.allclose(np.column_stack([placed.geometry.x, placed.geometry.y]), true, atol=1e-9)
    assert [(i.code, i.row) for i in issues if i.row] == [("degrees_in_row", 6)]


def test_degrees_minutes_and_seconds_are_read_even_packed() -> None:
    text = pd.DataFrame(
        {
            "经度": ["117°4′12″E", "东经117度5分", "117 6 0.0", "117.0702"],
            "纬度": ["28°41'12\"", "28°41.2′", "28 42 0", "28.7"],
        }
    )
    placed, issues = _placed(text, LONLAT)
    assert placed.geometry.x.tolist() == pytest.approx([117.07, 117 + 5 / 60, 117.1, 117.0702])
    assert placed.geometry.y.tolist() == pytest.approx([28 + 41.2 / 60, 28 + 41.2 / 60, 28.7, 28.7])
    assert _codes(issues)["dms_read"] == 1
    packed = pd.DataFrame({"经度": ["1170412", "1170500"], "纬度": ["284112.0", "284200"]})
    placed, issues = _placed(packed, LONLAT)
    assert placed.geometry.x.tolist() == pytest.approx([117.07, 117 + 5 / 60])
    assert _codes(issues)["dms_read"] == 1


def test_zero_blank_and_unreadable_coordinates_are_named_and_the_row_is_placed_by_name() -> None:
    raw = pd.DataFrame(
        {
            "经度": [0, None, "见附图", 117.01],
            "纬度": [0, None, "", 28.61],
            "乡镇": ["东林镇", "东林镇", "东林", None],
            "村": ["第甲子村", "第乙丑村民委员会", "第甲卯", None],
        }
    )
    placed, issues = _placed(raw, LONLAT)
    codes = _codes(issues)
    assert (codes["coordinate_zero"], codes["coordinate_unreadable"]) == (1, 1)
    assert placed["placed_by"].tolist() == ["name", "name", "name", "geometry"]
    assert placed["area_code"].map(GAZETTEER.name_of).tolist() == ["第甲子村", "第乙丑村", "第甲卯村", "第甲子村"]
    assert placed["place_score"].tolist() == [100.0, 98.0, 98.0, 100.0]


def test_a_row_with_neither_coordinates_nor_name_goes_back() -> None:
    raw = pd.DataFrame(
        {"乡镇": [None, "东林镇"], "村": ["", "无此村"], "经度": [None, None], "纬度": [None, None]}
    )
    placed, issues = _placed(raw, LONLAT)
    assert [(i.code, i.row) for i in issues if i.severity == "error"] == [
        ("place_unknown", 3),
        ("place_missing", 2),
    ]
    assert placed["placed_by"].tolist() == ["none", "name"]


def test_one_row_with_its_coordinates_exchanged_is_turned_and_named() -> None:
    raw = _scatter(20)
    raw.loc[3, ["经度", "纬度"]] = raw.loc[3, ["纬度", "经度"]].to_numpy().copy()
    placed, issues = _placed(raw, LONLAT)
    assert [(i.code, i.row) for i in issues if i.row] == [("axes_swapped_in_row", 5)]
    assert placed.geometry.iloc[3].x == pytest.approx(raw.loc[3, "纬度"])


def test_what_lies_outside_the_county_or_the_named_village_is_said_with_its_distance() -> None:
    raw = _scatter(30)
    raw.loc[0, "经度"] = WEST - 0.1
    raw.loc[1, ["村", "乡镇"]] = ["第丁卯村", "西塘乡"]
    raw.loc[1, ["经度", "纬度"]] = [WEST + 0.001, SOUTH + 0.001]
    placed, issues = _placed(raw, LONLAT)
    outside = next(i for i in issues if i.code == "outside_county")
    assert (outside.row, outside.severity) == (2, "error")
    lat = raw.loc[0, "纬度"]
    assert outside.params["distance_m"] == pytest.approx(
        Geod(ellps="GRS80").inv(WEST - 0.1, lat, WEST, lat)[2], rel=0.01
    )
    wrong = next(i for i in issues if i.code == "not_in_named_village")
    assert wrong.row == 3
    assert wrong.params["name"] == "第丁卯村"
    assert wrong.params["lies"] == "第甲子村"
    assert 15_000 < wrong.params["distance_m"] < 18_000
    assert GAZETTEER.name_of(placed["area_code"].iloc[1]) == "第甲子村"


def test_an_unknown_name_only_warns_where_coordinates_say_where_the_row_is() -> None:
    raw = _scatter(10)
    raw.loc[0, "村"] = "无此村"
    _, issues = _placed(raw, LONLAT)
    (found,) = [i for i in issues if i.row]
    assert (found.code, found.severity, found.row) == ("place_name_unknown", "warning", 2)


def test_a_code_and_a_name_that_disagree_are_a_finding_and_the_name_holds() -> None:
    raw = pd.DataFrame({"乡镇": ["东林镇"], "村": ["第甲子村"], "村代码": [f"{COUNTY}101233"]})
    placed, issues = _placed(raw)
    assert _codes(issues) == {"code_name_disagree": 1}
    assert placed["area_code"].tolist() == [f"{COUNTY}100200"]


def test_points_for_a_layer_of_parcels_tell_the_village_and_give_no_shape() -> None:
    placed, issues = _placed(_scatter(5), LONLAT, layer=PARCELS)
    assert placed.geometry.isna().all()
    assert (placed["placed_by"] == "name").all()
    assert placed["area_code"].str.len().eq(12).all()
    assert _codes(issues)["points_place_only"] == 1


def test_a_map_of_points_for_a_layer_of_parcels_tells_the_village_too() -> None:
    raw = _scatter(5)
    raw["geometry"] = shapely.points(raw["经度"], raw["纬度"])
    placed, issues = _placed(raw, layer=PARCELS, declared=4490, geometry_type="point")
    assert _codes(issues) == {"points_place_only": 1}
    assert placed.geometry.isna().all()
    assert placed["area_code"].map(GAZETTEER.name_of).tolist() == raw["村"].tolist()


def test_shapes_written_as_text_are_read() -> None:
    raw = pd.DataFrame({"wkt": ["POLYGON((117.01 28.61,117.02 28.61,117.02 28.62,117.01 28.61))", None, "无"]})
    placed, issues = _placed(raw, {"@wkt": "wkt"}, layer=PARCELS)
    assert placed.geometry.iloc[0].equals(shapely.Polygon([(117.01, 28.61), (117.02, 28.61), (117.02, 28.62)]))
    assert [(i.code, i.row) for i in issues if i.row] == [
        ("coordinate_unreadable", 4), ("place_missing", 3), ("place_missing", 4)
    ]  # fmt: skip


def test_a_map_file_without_declared_system_is_inferred_and_one_in_the_wrong_zone_is_found() -> None:
    squares = [shapely.box(117.01 + i / 100, 28.61, 117.015 + i / 100, 28.615) for i in range(10)]

    def plane(epsg: int) -> list[Any]:
        to = Transformer.from_crs(4490, epsg, always_xy=True)
        return [shapely.transform(s, lambda p: np.column_stack(to.transform(p[:, 0], p[:, 1]))) for s in squares]

    placed, issues = _placed(pd.DataFrame({"geometry": plane(4548)}), layer=PARCELS)
    assert shapely.equals_exact(placed.geometry.to_numpy(), np.array(squares), tolerance=1e-9).all()
    # UTM of the same meridian would fall into this square county too: said, not passed over.
    assert _codes(issues) == {"crs_assumed": 1, "crs_rivals": 1}
    placed, issues = _placed(pd.DataFrame({"geometry": plane(4548)}), layer=PARCELS, declared=4550)
    assert shapely.equals_exact(placed.geometry.to_numpy(), np.array(squares), tolerance=1e-9).all()
    assert _codes(issues) == {"zone_wrong": 1}


def test_degrees_beside_shapes_of_a_stated_system_are_not_called_a_guess() -> None:
    corner = [(117.01 + i / 100, 28.61) for i in range(10)]
    raw = pd.DataFrame({"经度": [x for x, _ in corner], "纬度": [y for _, y in corner]}).astype(str)
    roles = {"@lon": "经度", "@lat": "纬度"}
    assert _codes(_placed(raw, roles, layer=PARCELS)[1])["lonlat_assumed"] == 1
    raw["geometry"] = [shapely.box(x, y, x + 0.001, y + 0.001) for x, y in corner]
    for areas in (AREAS, None):
        placed, issues = _placed(raw, roles, layer=PARCELS, declared=4490, areas=areas)
        assert _codes(issues) == {} and placed["placed_by"].tolist() == ["geometry"] * 10
    assert "crs_assumed" in _codes(_placed(raw, roles, layer=PARCELS)[1])


def test_names_without_any_imported_area_are_said_to_wait_and_no_row_goes_back() -> None:
    placed, issues = _placed(pd.DataFrame({"乡镇": ["东林镇"], "村": ["第甲子村"]}), areas=None)
    assert _codes(issues) == {"areas_needed": 1}
    assert placed["placed_by"].tolist() == ["none"]


def _area_table(
    frame: gpd.GeoDataFrame, layer: str, areas: gpd.GeoDataFrame
) -> tuple[gpd.GeoDataFrame, list[Issue]]:
    raw = pd.DataFrame({"name": frame["name"].to_numpy(), "geometry": np.array(frame.geometry)})
    raw.index = pd.RangeIndex(1, len(raw) + 1, name="row")
    table = Table(
        Path("a.geojson"), "a", "map", ("name",), lambda: iter([raw]), CRS.from_epsg(4326), geometry_type="polygon"
    )
    match = ColumnMatch(fields={"name": "name"})
    placement = decide(table, raw, match, builtin_layers()[layer], areas)
    placed, issues = place_batch(raw, raw[["name"]], placement, Gazetteer.from_areas(areas))
    return placed, [*placement.issues, *issues]


@pytest.mark.real_data
def test_wannian_is_not_shifted_but_would_be_if_it_were_gcj02(real_data: Path) -> None:
    folder = real_data / "jiangxi_yiyang_wannian"
    county = gpd.read_file(folder / "wannian_county.geojson").rename(columns={"adcode": "code"})
    towns = gpd.read_file(folder / "wannian_townships.geojson")
    areas, _ = build_areas(county, pd.DataFrame(), pd.DataFrame(), county_code="361129", county_name="万年县")
    placed, issues = _area_table(towns, "township", areas)
    assert issues == []
    assert (placed.geometry.to_numpy() == towns.geometry.to_numpy()).all()
    moved = towns.set_geometry(
        shapely.transform(np.array(towns.geometry), lambda p: np.column_stack(gcj02_from_wgs84(p[:, 0], p[:, 1])))
    )
    placed, issues = _area_table(moved, "township", areas)
    assert _codes(issues) == {"gcj02_shifted": 1}
    assert shapely.equals_exact(placed.geometry.to_numpy(), np.array(towns.geometry), tolerance=1e-8).all()


@pytest.mark.real_data
def test_wannian_is_not_shifted_to_fit_a_boundary_of_other_origin(real_data: Path) -> None:
    counties = gpd.read_file(real_data / "mapchina" / "counties_51_43_36_45_33_derived.gpkg").to_crs(4490)
    counties = counties.rename(columns={"Code_County": "code", "Name_County": "name"})
    areas, _ = build_areas(counties, pd.DataFrame(), pd.DataFrame(), county_code="361129", county_name="万年县")
    towns = gpd.read_file(real_data / "jiangxi_yiyang_wannian" / "wannian_townships.geojson")
    placed, issues = _area_table(towns, "township", areas)
    assert _codes(issues) == {"shift_suspected": 1}
    assert (placed.geometry.to_numpy() == towns.geometry.to_numpy()).all()


@pytest.mark.real_data
def test_nanxuns_villages_fit_their_townships_unshifted(real_data: Path) -> None:
    folder = real_data / "zhejiang_nanxun"
    towns = gpd.read_file(folder / "南浔区-乡镇.json").rename(columns={"Name": "name"})
    areas, _ = build_areas(pd.DataFrame(), towns, pd.DataFrame(), county_code="330503", county_name="南浔区")
    villages = gpd.read_file(folder / "boundaryVillage.geojson")
    _, issues = _area_table(villages, "village", areas)
    assert issues == []


@pytest.mark.real_data
def test_buffalos_reports_land_by_any_of_their_three_coordinate_columns(real_data: Path) -> None:
    raw = pd.read_csv(real_data / "buffalo311" / "buffalo311_scrubbed.csv", dtype=object).head(500)
    ways = (
        {"@lon": "Longitude", "@lat": "Latitude"},
        {"@lonlat": "Location"},
        {"@x": "X Coordinate", "@y": "Y Coordinate"},
    )
    first, issues = _placed(raw, ways[0], areas=None)
    assert _codes(issues)["crs_assumed_degrees"] == 1
    assert first.geometry.x.between(-79.0, -78.7).sum() > 450
    second, issues = _placed(raw, ways[1], areas=None, crs="4326")
    assert set(_codes(issues)) <= {"axes_swapped", "coordinate_unreadable", "place_missing"}
    third, _ = _placed(raw, ways[2], areas=None, crs="3857")
    both = first.geometry.notna() & third.geometry.notna()
    assert both.sum() > 450
    metres = Geod(ellps="WGS84").inv(
        first.geometry.x[both], first.geometry.y[both], third.geometry.x[both], third.geometry.y[both]
    )[2]
    assert np.median(metres) < 5
    assert json.dumps([i.as_dict() for i in issues])
    assert second.geometry.notna().sum() > 450
