"""Areas and lengths agree with GeographicLib; units are exact; rounded parts add up."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.ops import split

from geo.measure import (
    area_m2,
    area_mm2,
    convert_area,
    cut_area_m2,
    ellipsoid,
    length_m,
    m2_from_mu,
    micro_mu_from_mm2,
    mu_from_m2,
    perimeter_m,
    round_parts,
    round_to_total,
    share_out,
)


def oracle(shape: shapely.Geometry) -> float:
    return abs(ellipsoid().geometry_area_perimeter(shapely.orient_polygons(shape))[0])


def test_a_square_of_a_thousandth_degree_agrees_with_geographiclib() -> None:
    square = shapely.box(106.0, 30.5, 106.001, 30.501)
    assert area_m2([square])[0] == pytest.approx(oracle(square), rel=1e-9)


def test_direction_of_rings_does_not_matter_and_holes_are_taken_away() -> None:
    shell, hole = shapely.box(106, 30, 106.01, 30.01), shapely.box(106.004, 30.004, 106.006, 30.006)
    ring = shapely.Polygon(shell.exterior, [hole.exterior])
    turned = shapely.Polygon(shell.exterior.reverse(), [hole.exterior])
    whole, out, both, other = area_m2([shell, hole, ring, turned])
    assert both == other == whole - out


def test_multipolygons_are_the_sum_of_their_parts() -> None:
    one, two = shapely.box(106, 30, 106.01, 30.01), shapely.box(107, 31, 107.01, 31.01)
    areas = area_m2([one, two, shapely.MultiPolygon([one, two])])
    assert areas[2] == areas[0] + areas[1]


def test_what_is_not_a_polygon_has_no_area() -> None:
    shapes = np.array([None, shapely.Point(1, 1), shapely.LineString([(0, 0), (1, 1)]), shapely.Polygon()])
    areas = area_m2(shapes)
    assert np.isnan(areas[:3]).all()
    assert areas[3] == 0
    assert area_mm2(shapes).tolist() == [0, 0, 0, 0]
    square = shapely.box(106, 30, 106.01, 30.01)
    mixed = area_m2([shapely.Polygon(), square, shapely.MultiPolygon(), square, shapely.Polygon()])
    assert mixed.tolist() == [0, mixed[1], 0, mixed[1], 0]
    assert area_m2(np.array([], dtype=object)).shape == (0,)


@pytest.mark.parametrize("degrees", [0.0001, 0.001, 0.01, 0.05, 0.19, 0.21, 1.0, 5.0])
def test_edges_of_any_length_are_geodesics(degrees: float) -> None:
    shape = shapely.Polygon([(106, 30), (106 + degrees, 30 + degrees / 3), (106 + degrees / 4, 30 + degrees)])
    assert area_m2([shape])[0] == pytest.approx(oracle(shape), rel=2e-8)


def test_cutting_a_parcel_moves_its_area_by_less_than_a_millionth() -> None:
    whole = shapely.box(106, 30, 106.001, 30.001)
    cut = shapely.LineString([(106.0003, 30), (106.0005, 30.0007), (106.0006, 30.001)])
    parts = shapely.get_parts(split(whole, cut))
    assert len(parts) == 2
    assert area_m2(parts).sum() == pytest.approx(area_m2([whole])[0], rel=1e-6)
    assert cut_area_m2(parts).sum() == pytest.approx(cut_area_m2([whole])[0], rel=1e-11)
    assert cut_area_m2([whole])[0] == pytest.approx(area_m2([whole])[0], rel=1e-6)


def _real(folder: Path, name: str) -> np.ndarray:
    files = {
        "wannian": "jiangxi_yiyang_wannian/wannian_townships.geojson",
        "shenzhen": "shenzhen_streets",
        "cambridge": "cambridge_parcels/ASSESSING_ParcelMapIndexFY2026.geojson",
        "zoning": "cambridge_parcels/CDD_ZoningDistricts.geojson",
        "netherlands": "fiboa_parcels/nl/brpgewaspercelen_definitief_2023.gpkg",
        "switzerland": "fiboa_parcels/ch/lwb_nutzungsflaechen_v2_0_lv95.gpkg",
        "japan": "fiboa_parcels/jp/jp_field_polygons_2024.parquet",
        "counties": "mapchina/counties_51_43_36_45_33_derived.gpkg",
    }
    path = folder / files[name]
    if path.is_dir():
        path = next(p for p in sorted(path.iterdir()) if p.suffix in (".geojson", ".json", ".gpkg", ".shp"))
    frame = gpd.read_parquet(path) if path.suffix == ".parquet" else gpd.read_file(path)
    shapes = shapely.force_2d(frame.to_crs(4490).geometry.to_numpy())
    shapes = shapely.make_valid(shapes, method="structure", keep_collapsed=False)
    return shapes[np.isin(shapely.get_type_id(shapes), (3, 6)) & ~shapely.is_empty(shapes)]


@pytest.mark.real_data
@pytest.mark.parametrize(
    "name",
    ["wannian", "shenzhen", "cambridge", "zoning", "netherlands", "switzerland", "japan", "counties"],
)
def test_real_layers_agree_with_geographiclib(real_data: Path, name: str) -> None:
    shapes = _real(real_data, name)[:3000]
    assert len(shapes) > 5
    ours, theirs = area_m2(shapes), np.array([oracle(shape) for shape in shapes])
    large = theirs > 1.0
    assert np.abs(ours[large] / theirs[large] - 1).max() < 5e-6
    assert ours.sum() == pytest.approx(theirs.sum(), rel=1e-8)


def test_lengths_agree_with_geographiclib() -> None:
    line = shapely.LineString([(106, 30), (106.01, 30.02), (106.012, 30.02), (107, 31)])
    two = shapely.MultiLineString([line, [(106, 30), (106, 30.001)]])
    expected = [ellipsoid().geometry_length(line), ellipsoid().geometry_length(two)]
    assert length_m([line, two]) == pytest.approx(expected, rel=1e-9)
    assert np.isnan(length_m([shapely.Point(0, 0), shapely.box(0, 0, 1, 1), None])).all()
    square = shapely.box(106, 30, 106.01, 30.01)
    assert perimeter_m([square])[0] == pytest.approx(ellipsoid().geometry_length(square.exterior), rel=1e-9)


def test_units_of_land_are_exact() -> None:
    assert m2_from_mu(3) == 2000
    assert mu_from_m2(2000) == 3
    assert convert_area(1, "ha", "mu") == 15
    assert convert_area(1, "km2", "wan_mu") == 0.15
    assert micro_mu_from_mm2([2_000_000_000]).tolist() == [3_000_000]
    with pytest.raises(KeyError):
        convert_area(1, "acre", "mu")


def test_printed_parts_add_up_to_the_printed_total() -> None:
    assert round_to_total([1 / 3, 1 / 3, 1 / 3], 1.0, 2).tolist() == [0.34, 0.33, 0.33]
    assert round_to_total([0.29, 0.71], 1.0, 2).tolist() == [0.29, 0.71]
    assert round_parts([5, 5, 5], 10).tolist() == [10, 10, 0]
    with pytest.raises(ValueError, match="cannot be rounded"):
        round_to_total([1.0, 1.0], 3.0, 0)
    with pytest.raises(ValueError, match="missing"):
        round_to_total([1.0, np.nan], 1.0, 0)


def test_a_quantity_is_shared_out_without_loss() -> None:
    assert share_out([10, 7], [0, 1, 0, 0], [1, 5, 1, 1]).tolist() == [4, 7, 3, 3]
    assert share_out([5], [0, 0], [0, 0]).tolist() == [5, 0]
    assert share_out([5], [], []).tolist() == []


@given(
    st.lists(
        st.tuples(st.integers(0, 10**13), st.lists(st.integers(0, 10**12), min_size=1, max_size=6)),
        min_size=1,
        max_size=20,
    )
)
def test_shared_parts_always_add_up(cases: list[tuple[int, list[int]]]) -> None:
    totals = [total for total, _ in cases]
    owner = [i for i, (_, weights) in enumerate(cases) for _ in weights]
    parts = share_out(totals, owner, [w for _, weights in cases for w in weights])
    assert (parts >= 0).all()
    sums = [int(parts[np.array(owner) == i].sum()) for i in range(len(cases))]
    assert sums == totals


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=30), st.sampled_from([1, 100, 10_000]))
def test_rounded_parts_are_within_one_step(parts: list[int], step: int) -> None:
    rounded = round_parts(parts, step)
    assert (np.abs(rounded - np.array(parts)) < step).all()
    assert rounded.sum() == (2 * sum(parts) + step) // (2 * step) * step


def test_the_real_files_are_read_as_they_stand(real_data: Path) -> None:
    outline = json.loads((real_data / "jiangxi_yiyang_wannian/wannian_county.geojson").read_text("utf-8"))
    towns = gpd.read_file(real_data / "jiangxi_yiyang_wannian/wannian_townships.geojson")
    assert outline["type"] == "FeatureCollection"
    # Wannian's published area is 1,140 km².
    assert area_m2(towns.geometry.to_numpy()).sum() == pytest.approx(1_140e6, rel=0.02)
