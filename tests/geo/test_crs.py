"""Coordinate systems are inferred from where the points fall, and never guessed in silence."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pyproj import CRS, Geod, Transformer

from geo.crs import CrsDecision, apply, decide_crs
from geo.datums import datum_parameters
from geo.errors import Refused
from geo.shift import gcj02_from_wgs84
from geo.systems import CHINA, known_systems, old_datum, system_of

COUNTY = shapely.box(116.8, 28.5, 117.2, 28.9)
_GRID = np.stack(np.meshgrid(np.linspace(116.81, 117.19, 9), np.linspace(28.51, 28.89, 9)), -1).reshape(-1, 2)


def _in(epsg: int, points: np.ndarray = _GRID) -> np.ndarray:
    made = Transformer.from_crs(4490, epsg, always_xy=True).transform(points[:, 0], points[:, 1])
    return np.column_stack(made)


def _codes(decision: CrsDecision) -> set[str]:
    return {issue.code for issue in decision.issues}


def _lands(decision: CrsDecision, xy: np.ndarray) -> bool:
    return bool(np.allclose(decision.lonlat(xy), _GRID, atol=1e-7))


@pytest.mark.parametrize("epsg", [4490, 4527, 4526, 4548, 4547, 4498, 3857])
@pytest.mark.parametrize("swap", [False, True])
def test_a_missing_system_is_found_by_where_the_points_fall(epsg: int, swap: bool) -> None:
    xy = _in(epsg)[:, ::-1] if swap else _in(epsg)
    decision = decide_crs(xy, outline=COUNTY)
    assert _lands(decision, xy)
    assert decision.reason == "in_county"
    assert ("axes_swapped" in _codes(decision)) is swap
    assert "crs_assumed" in _codes(decision)


def test_utm_and_gauss_kruger_of_one_meridian_are_told_apart_or_both_named() -> None:
    for epsg in (32650, 4548):
        decision = decide_crs(_in(epsg), outline=COUNTY)
        assert _lands(decision, _in(epsg)) or "crs_rivals" in _codes(decision)


def test_an_easting_with_zone_number_needs_no_county() -> None:
    decision = decide_crs(_in(4527))
    assert decision.label == "EPSG:4527"
    assert decision.reason == "in_china"
    assert _lands(decision, _in(4527))


def test_an_easting_without_zone_number_and_without_county_is_refused_as_ambiguous() -> None:
    with pytest.raises(Refused) as refusal:
        decide_crs(_in(4548))
    assert refusal.value.code == "crs_ambiguous"
    assert "EPSG:4548" in refusal.value.params["candidates"]


def test_degrees_outside_china_are_taken_as_degrees_and_said_so() -> None:
    decision = decide_crs(np.array([[-71.1, 42.37], [-71.12, 42.38]]), outline=COUNTY)
    assert decision.reason == "degrees"
    assert _codes(decision) == {"crs_assumed_degrees"}
    assert decision.is_identity


def test_numbers_of_no_system_are_refused() -> None:
    with pytest.raises(Refused) as refusal:
        decide_crs(np.array([[9e9, 9e9], [8e9, 9e9]]))
    assert refusal.value.code == "crs_unknown"


def test_zero_and_missing_coordinates_have_no_say() -> None:
    xy = np.vstack([_in(4527), np.zeros((500, 2)), np.full((500, 2), np.nan)])
    assert decide_crs(xy, outline=COUNTY).label == "EPSG:4527"
    assert decide_crs(np.zeros((3, 2))).reason == "no_coordinates"


@pytest.mark.parametrize(
    ("declared", "real", "code"),
    [
        (4547, 4548, "zone_wrong"),
        (4526, 4527, "zone_wrong"),
        (4527, 4526, "zone_wrong"),
        (4548, 4527, "zone_prefix"),
        (4527, 4548, "zone_prefix"),
        (4527, 4490, "degrees_in_projected"),
        (4490, 4527, "metres_in_degrees"),
        (4548, 3857, "crs_wrong"),
        (32649, 32650, "zone_wrong"),
    ],
)
def test_a_wrong_declaration_is_mended_and_named(declared: int, real: int, code: str) -> None:
    decision = decide_crs(_in(real), declared=CRS.from_epsg(declared), outline=COUNTY)
    assert code in _codes(decision)
    assert decision.reason == "mended"
    assert _lands(decision, _in(real))


def test_swapped_axes_of_a_declared_system_are_exchanged() -> None:
    for epsg in (4490, 4548):
        xy = _in(epsg)[:, ::-1]
        decision = decide_crs(xy, declared=CRS.from_epsg(epsg), outline=COUNTY)
        assert _codes(decision) == {"axes_swapped"}
        assert _lands(decision, xy)


def test_a_right_declaration_is_kept_without_a_word() -> None:
    for epsg in (4490, 4326, 4548, 4527, 4498, 4509, 3857, 32650):
        decision = decide_crs(_in(epsg), declared=CRS.from_epsg(epsg), outline=COUNTY)
        assert (decision.reason, decision.swap, decision.issues) == ("declared", False, ())
        assert _lands(decision, _in(epsg))


def test_a_file_of_another_place_keeps_its_declared_system() -> None:
    france = _in(2154, np.array([[2.35, 48.85], [2.4, 48.9]]))
    decision = decide_crs(france, declared=CRS.from_epsg(2154), outline=COUNTY)
    assert decision.issues == ()
    assert np.allclose(decision.lonlat(france), [[2.35, 48.85], [2.4, 48.9]], atol=1e-6)
    next_county = _GRID + np.array([3.0, 1.0])
    decision = decide_crs(next_county[:, ::-1], declared=CRS.from_epsg(4490), outline=COUNTY)
    assert _codes(decision) == {"axes_swapped"}
    assert np.allclose(decision.lonlat(next_county[:, ::-1]), next_county)


def test_the_users_word_wins_over_the_file_and_over_inference() -> None:
    decision = decide_crs(_in(4548), declared=CRS.from_epsg(4547), given=4548, outline=COUNTY)
    assert (decision.reason, decision.label, decision.issues) == ("given", "EPSG:4548", ())
    decision = decide_crs(_in(4548), given=4547, outline=COUNTY)
    assert (decision.reason, decision.label) == ("given", "EPSG:4547")
    decision = decide_crs(_in(4527)[:, ::-1], given=4548, outline=COUNTY, survey=True)
    assert _codes(decision) == {"zone_prefix"}
    assert _lands(decision, _in(4527)[:, ::-1])


def test_no_such_epsg_number_is_refused() -> None:
    with pytest.raises(Refused) as refusal:
        decide_crs(_GRID, given=1)
    assert refusal.value.code == "crs_no_such"


@pytest.mark.parametrize("epsg", [4610, 4214, 4555, 2327, 2349, 2370, 2390, 2401, 2433])
def test_old_datums_are_refused_without_the_countys_parameters(epsg: int) -> None:
    with pytest.raises(Refused) as refusal:
        decide_crs(_GRID, declared=CRS.from_epsg(epsg), outline=COUNTY)
    assert refusal.value.code == "crs_ballpark"


def test_an_old_datum_is_known_by_the_name_desktop_programs_write() -> None:
    text = (
        'PROJCS["Xian_1980_3_Degree_GK_CM_117E",GEOGCS["GCS_Xian_1980",DATUM["D_Xian_1980",'
        'SPHEROID["Xian_1980",6378140.0,298.257]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],'
        'PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],'
        'PARAMETER["Central_Meridian",117.0],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],'
        'UNIT["Meter",1.0]]'
    )
    assert old_datum(CRS.from_wkt(text)) == 4610
    assert old_datum(CRS.from_epsg(4548)) is None


def test_the_countys_parameters_open_an_old_datum() -> None:
    xy = _in(4548)
    decision = decide_crs(xy, declared=CRS.from_epsg(2384), outline=COUNTY, datums={4610: (100.0, 0.0, 0.0)})
    moved = decision.lonlat(xy)
    metres = Geod(ellps="GRS80").inv(_GRID[:, 0], _GRID[:, 1], moved[:, 0], moved[:, 1])[2]
    # 100 m along the axis through Greenwich is about 100 m to the west at 117° east, and a little north or south.
    assert np.all((np.abs(metres) > 60) & (np.abs(metres) < 140))


def test_a_countys_parameters_are_verified() -> None:
    assert datum_parameters({"4610": [1, 2, 3]}) == {4610: (1.0, 2.0, 3.0)}
    for wrong in ({"4490": [1, 2, 3]}, {"4610": [1, 2]}, {"x": [1, 2, 3]}):
        with pytest.raises(ValueError):
            datum_parameters(wrong)


def test_a_zone_far_from_the_data_is_named_with_the_error_of_plane_areas() -> None:
    points = _GRID - np.array([0.5, 0.0])
    xy = _in(4550, points)
    decision = decide_crs(xy, declared=CRS.from_epsg(4550), outline=shapely.box(116, 28, 118, 29))
    (issue,) = decision.issues
    assert issue.code == "zone_far"
    square = shapely.box(116.5, 28.7, 116.51, 28.71)
    plane = shapely.area(shapely.transform(square, lambda p: _in(4550, p)))
    true = abs(Geod(a=6378137, rf=298.257222101).geometry_area_perimeter(square)[0])
    assert issue.params["area_percent"] == pytest.approx(100 * (plane / true - 1), abs=0.05)
    assert np.allclose(decision.lonlat(xy), points, atol=1e-9)


def test_applying_a_decision_moves_polygons_and_keeps_the_missing_ones_missing() -> None:
    decision = decide_crs(_in(4527), outline=COUNTY)
    square = shapely.transform(shapely.box(117.0, 28.6, 117.01, 28.61), lambda p: _in(4527, p))
    moved = apply(decision, np.array([square, None], dtype=object))
    assert moved[1] is None
    assert shapely.equals_exact(moved[0], shapely.box(117.0, 28.6, 117.01, 28.61), tolerance=1e-9)


def test_heights_are_dropped_even_where_nothing_moves() -> None:
    decision = decide_crs(_GRID, declared=CRS.from_epsg(4490), outline=COUNTY)
    (moved,) = apply(decision, np.array([shapely.Point(117.0, 28.7, 33.0)], dtype=object))
    assert not moved.has_z
    assert (moved.x, moved.y) == (117.0, 28.7)


def test_a_web_map_offset_is_taken_off_after_the_projection() -> None:
    lon, lat = gcj02_from_wgs84(_GRID[:, 0], _GRID[:, 1])
    xy = _in(3857, np.column_stack([lon, lat]))
    decision = CrsDecision(CRS.from_epsg(3857), "declared", shift="gcj02")
    assert np.allclose(decision.lonlat(xy), _GRID, atol=1e-8)


def test_every_known_system_is_recognised_by_its_parameters() -> None:
    for system in known_systems():
        found = system_of(system.crs)
        assert (found.kind, found.meridian, found.zone) == (system.kind, system.meridian, system.zone)


@pytest.mark.real_data
def test_all_provinces_and_605_counties_lie_in_the_coarse_outline_of_china(real_data: Path) -> None:
    provinces = gpd.read_file(real_data / "xzqh_china_shp" / "China_ProvinceLevel.shp", encoding="utf-8")
    counties = gpd.read_file(real_data / "mapchina" / "counties_51_43_36_45_33_derived.gpkg")
    assert len(counties) == 605
    assert provinces.within(CHINA).all()
    assert counties.within(CHINA).all()
    assert not CHINA.contains(shapely.Point(77.2, 28.6))
    assert not CHINA.contains(shapely.Point(127.0, 37.5))


def test_european_national_grids_land_in_their_countries() -> None:
    for epsg, point in ((31370, (4.35, 50.85)), (28992, (5.39, 52.16)), (2154, (2.35, 48.85))):
        xy = np.column_stack(Transformer.from_crs(4326, epsg, always_xy=True).transform([point[0]], [point[1]]))
        decision = decide_crs(xy, declared=CRS.from_epsg(epsg), outline=COUNTY)
        assert np.allclose(decision.lonlat(xy), [point], atol=1e-5)
