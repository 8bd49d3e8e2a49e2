"""The compiled loops agree with GEOS on every kind of pair, and say the same as the slow way on every join."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geo import joins, overlaps, parts
from geo.flat import POLYGON, flatten, flatten_wkb
from geo.kernels import common_areas, flat_area_m2, flat_perimeter_m, index, invalid
from geo.measure import area_m2, cut_area_m2, ellipsoid, perimeter_m
from geo.pieces import polygonal
from pipelines.bench_pairs import FAMILIES, METRE, ORIGIN, made_valid, random_pairs, stars


def compare(first: np.ndarray, second: np.ndarray) -> tuple[float, int]:
    """The largest difference in m² to GEOS, and how many pairs have something in common."""
    feature, other, m2 = common_areas(flatten(first), index(flatten(second)))
    assert (feature == other).all()
    expected = np.nan_to_num(cut_area_m2(polygonal(shapely.intersection(first, second))))
    found = np.zeros(len(first))
    found[feature] = m2
    return float(np.abs(found - expected).max()), int((expected > 1e-6).sum())


@pytest.mark.parametrize("family", FAMILIES)
def test_common_areas_agree_with_geos(family: str) -> None:
    first, second = random_pairs(family, 6000, seed=11)
    difference, common = compare(first, second)
    assert difference < 1e-6
    assert common > 500 or family == "touching"


def big(seed: int, points: int = 3000) -> shapely.Geometry:
    chance = np.random.default_rng(seed)
    turn = np.linspace(0, 2 * np.pi, points, endpoint=False)
    reach = 900 + 300 * np.sin(7 * turn) + 40 * np.sin(90 * turn + chance.uniform(0, 6))
    ring = reach[:, None] * np.column_stack((np.cos(turn), np.sin(turn)))
    body = shapely.Polygon(ring * METRE + ORIGIN)
    hole = shapely.Polygon(ring[::-1] * 0.3 * METRE + ORIGIN)
    return body.difference(hole)


def test_huge_polygons_are_cut_without_loss_and_agree_with_geos() -> None:
    huge = np.array([big(1), shapely.affinity.translate(big(2), 0.009, 0.004)])
    cut = index(flatten(huge))
    assert np.diff(cut.pieces.ring_start[cut.pieces.feature_start]).max() < 100
    assert cut.full.any()
    sums = np.bincount(cut.owner, flat_area_m2(cut.pieces, geodesic=False))
    assert sums == pytest.approx(cut_area_m2(huge), rel=1e-12)
    chance = np.random.default_rng(4)
    fields = stars(chance, 3000, 8, 30.0) + chance.uniform(-1400, 2300, (3000, 1, 2))
    fields = made_valid(shapely.polygons(fields * METRE + ORIGIN))
    feature, other, m2 = common_areas(flatten(fields), cut)
    found = np.zeros((3000, 2))
    found[feature, other] = m2
    expected = cut_area_m2(polygonal(shapely.intersection(fields[:, None], huge).ravel())).reshape(3000, 2)
    assert np.abs(found - np.nan_to_num(expected)).max() < 1e-6


def test_huge_features_are_cut_too_and_lie_on_each_other_as_geos_says() -> None:
    huge = [shapely.affinity.translate(big(seed), 0.004 * seed, 0.003 * seed) for seed in range(4)]
    shapes = np.array([shapely.box(*ORIGIN, *ORIGIN + 0.002), *huge, None, shapely.box(*ORIGIN, *ORIGIN + 0.02)])
    left, right, m2 = common_areas(flatten(shapes), index(flatten(shapes)), later_only=True)
    expected = {
        (i, j): area
        for i in range(7)
        for j in range(i + 1, 7)
        if (area := np.nan_to_num(cut_area_m2(polygonal(shapely.intersection(shapes[[i]], shapes[[j]]))))[0])
        > 1e-7
    }
    found = dict(zip(zip(left.tolist(), right.tolist(), strict=True), m2.tolist(), strict=True))
    assert found == pytest.approx(expected, abs=1e-5)
    assert len(found) > 10


def test_flat_areas_and_perimeters_agree_with_geographiclib() -> None:
    shapes = np.concatenate((random_pairs("holes", 300, 3)[0], random_pairs("multipolygons", 300, 4)[1], [big(3)]))
    oriented = shapely.orient_polygons(shapes)
    oracle = np.array([abs(ellipsoid().geometry_area_perimeter(shape)[0]) for shape in oriented])
    assert flat_area_m2(flatten(shapes)) == pytest.approx(oracle, rel=5e-6)
    assert flat_area_m2(flatten(shapes)) == pytest.approx(area_m2(shapes), rel=1e-9)
    assert flat_area_m2(flatten(shapes), geodesic=False) == pytest.approx(cut_area_m2(shapes), rel=1e-9)
    assert flat_perimeter_m(flatten(shapes), np.arange(601)) == pytest.approx(perimeter_m(shapes), rel=1e-6)


def test_a_province_and_what_is_not_a_polygon_are_measured_or_left_out() -> None:
    wide = shapely.box(104, 29, 108, 32)
    flat = flatten(np.array([wide, None, shapely.Point(1, 1), shapely.Polygon()], dtype=object))
    areas = flat_area_m2(flat)
    assert areas[0] == area_m2([wide])[0]
    assert np.isnan(areas[1:]).all()
    assert flat.shape(0).equals(wide)
    assert flat.shape(2) == shapely.Point(1, 1)


@pytest.mark.parametrize("flavor", ["iso", "extended"])
def test_well_known_binary_reads_as_the_shapes_do(flavor: str) -> None:
    shapes = list(random_pairs("multipolygons", 50, 1)[0]) + list(random_pairs("holes", 50, 2)[1])
    shapes += [None, shapely.Point(3, 4), shapely.Polygon(), shapely.force_3d(shapes[0], 5.0)]
    array = np.array(shapes, dtype=object)
    binary = [shapely.to_wkb(one, flavor=flavor, output_dimension=4) if one else b"" for one in shapes]
    binary[1] = shapely.to_wkb(shapely.set_srid(shapes[1], 4490), include_srid=True, flavor="extended")
    offsets = np.concatenate(([0], np.cumsum([len(one) for one in binary]))).astype(np.int64)
    data = np.frombuffer(b"".join(binary), dtype=np.uint8)
    ours, theirs = flatten_wkb(data, offsets, np.array([one is not None for one in shapes])), flatten(array)
    for name in ("coordinates", "ring_start", "ring_sign", "feature_start", "box", "outer"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))
    assert (ours.kind == POLYGON).sum() == 101
    assert ours.shape(101) == shapely.Point(3, 4)
    with pytest.raises(ValueError, match="value 0"):
        flatten_wkb(data[:40], np.array([0, 40]), np.array([True]))


def test_a_ring_that_does_not_end_where_it_begins_is_not_read() -> None:
    binary = bytearray(shapely.to_wkb(shapely.box(0, 0, 1, 1)))
    offsets = np.array([0, len(binary)])
    assert len(flatten_wkb(np.frombuffer(bytes(binary), np.uint8), offsets, np.array([True]))) == 1
    binary[-8:] = np.float64(0.5).tobytes()
    with pytest.raises(ValueError, match="value 0"):
        flatten_wkb(np.frombuffer(bytes(binary), np.uint8), offsets, np.array([True]))


def test_an_empty_hole_takes_nothing_away_from_anyone() -> None:
    field, other = shapely.box(106, 30, 106.01, 30.01), shapely.box(107, 30, 107.02, 30.01)
    hollow = shapely.from_wkt("POLYGON ((106 30, 106.01 30, 106.01 30.01, 106 30.01, 106 30), EMPTY)")
    expected = area_m2([field, other])
    for shapes in ([hollow, other], [other, hollow]):
        whole = expected if shapes[0] is hollow else expected[::-1]
        assert area_m2(shapes) == pytest.approx(whole, rel=1e-9)
        assert flat_area_m2(flatten(np.array(shapes))) == pytest.approx(whole, rel=1e-9)


def test_a_hair_that_geodesics_turn_over_has_no_area_below_nothing() -> None:
    hair = shapely.Polygon([(106, 30), (106.0009, 30.00000001), (106.009, 30)])
    oracle = abs(ellipsoid().geometry_area_perimeter(hair)[0])
    assert flat_area_m2(flatten(np.array([hair]))) == pytest.approx([oracle], rel=1e-4)
    assert flat_area_m2(flatten(np.array([hair]))) == pytest.approx(area_m2([hair]), rel=1e-4)


def test_the_number_of_workers_and_the_order_of_features_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geo.kernels.CHUNK", 100)
    fields = made_valid(shapely.polygons(stars(np.random.default_rng(5), 900, 8, 50.0) * METRE + ORIGIN))
    flat = flatten(fields)
    one, two = (common_areas(flat, index(flat), workers=n, later_only=True) for n in (1, 2))
    for mine, theirs in zip(one, two, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_invalid_polygons_are_found_and_refused() -> None:
    bow_tie = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    spur = shapely.Polygon([(0, 0), (1, 0), (1, 0.5), (2, 0.5), (1, 0.5), (1, 1), (0, 1)])
    pinched = shapely.Polygon([(0, 0), (2, 0), (1, 1), (2, 2), (0, 2), (1, 1)])
    outside = shapely.Polygon([(0, 0), (1, 0), (1, 1), (0, 1)], [[(2, 2), (3, 2), (3, 3), (2, 3)]])
    nan = shapely.from_wkb(shapely.to_wkb(shapely.Polygon([(0, 0), (1, 0), (1, np.inf)])))
    fine = [shapely.box(0, 0, 1, 1), shapely.Polygon([(0, 0), (1, 0), (1, 0), (2, 0), (1, 1)]), big(1)]
    shapes = np.array([bow_tie, spur, pinched, outside, nan, *fine], dtype=object)
    assert invalid(flatten(shapes)).tolist() == [0, 1, 2, 3, 4]
    assert invalid(flatten(random_pairs("lattice", 3000, 6)[0])).tolist() == []
    for many in (shapes, flatten(shapes)):
        with pytest.raises(ValueError, match="repair them first"):
            joins.overlaps_self(many)
        with pytest.raises(ValueError, match="repair them first"):
            joins.area_shares(many, squares())


def squares() -> pd.DataFrame:
    x, y = np.meshgrid(np.arange(-5, 5), np.arange(-5, 5))
    cells = shapely.box(x.ravel() * 40, y.ravel() * 40, x.ravel() * 40 + 40, y.ravel() * 40 + 40)
    cells = shapely.transform(cells, lambda xy: xy * METRE + ORIGIN)
    codes = [f"{i:03d}" for i in range(100)]
    frame = gpd.GeoDataFrame(
        {"code": codes, "name": codes, "level": "village", "parent": ""}, geometry=cells, crs=4490
    )
    return frame.drop(index=[17, 55]).reset_index(drop=True)


def messy() -> np.ndarray:
    chance = np.random.default_rng(8)
    fields = stars(chance, 700, 8, 30.0) + chance.uniform(-230, 230, (700, 1, 2))
    shapes = list(made_valid(shapely.polygons(fields * METRE + ORIGIN)))
    cell = shapely.box(0, 0, 40, 40)
    same = [
        shapely.transform(shapely.affinity.translate(cell, 40 * k, 0), lambda xy: xy * METRE + ORIGIN)
        for k in range(3)
    ]
    return np.array([*shapes, *same, None, shapely.Point(ORIGIN), big(5)], dtype=object)


def test_both_ways_give_the_same_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = joins.area_shares(messy(), squares())
    monkeypatch.setattr(parts, "MANY", 1)
    fast = joins.area_shares(messy(), squares())
    pd.testing.assert_frame_equal(slow[["feature", "area"]], fast[["feature", "area"]])
    assert (slow["mm2"] - fast["mm2"]).abs().max() <= 1
    pd.testing.assert_frame_equal(fast, joins.area_shares(flatten(messy()), squares()))


def test_both_ways_give_the_same_overlaps(monkeypatch: pytest.MonkeyPatch) -> None:
    fields, plans = messy(), messy()[::7]
    slow = joins.overlaps_self(fields, tolerance_m2=0.01), joins.overlaps_layer(fields, plans)
    monkeypatch.setattr(overlaps, "MANY", 1)
    fast = joins.overlaps_self(fields, tolerance_m2=0.01), joins.overlaps_layer(fields, plans)
    flat = (
        joins.overlaps_self(flatten(fields), tolerance_m2=0.01),
        joins.overlaps_layer(flatten(fields), flatten(plans)),
    )
    for one, two, three in zip(slow, fast, flat, strict=True):
        pd.testing.assert_frame_equal(one, two, rtol=1e-9, atol=1e-6)
        pd.testing.assert_frame_equal(two, three, rtol=1e-9, atol=1e-6)
    assert len(slow[0]) > 1000


@pytest.mark.real_data
def test_real_parcels_lie_on_real_zones_as_geos_says(real_data: Path) -> None:
    folder = real_data / "cambridge_parcels"
    parcels = gpd.read_file(folder / "ASSESSING_ParcelsFY2013.topojson").geometry.to_numpy()
    zones = gpd.read_file(folder / "CDD_ZoningDistricts.geojson").to_crs(4490).geometry.to_numpy()
    parcels, zones = made_valid(shapely.force_2d(parcels)), made_valid(shapely.force_2d(zones))
    feature, zone, m2 = common_areas(flatten(parcels), index(flatten(zones)))
    at, near = shapely.STRtree(zones).query(parcels)
    expected = np.nan_to_num(cut_area_m2(polygonal(shapely.intersection(parcels[at], zones[near]))))
    ours = pd.Series(m2, index=pd.MultiIndex.from_arrays([feature, zone]))
    theirs = pd.Series(expected, index=pd.MultiIndex.from_arrays([at, near]))
    both = pd.concat((ours, theirs), axis=1).fillna(0.0)
    assert len(ours) > 10_000
    assert (both[0] - both[1]).abs().max() < 1e-5
    assert ours.sum() == pytest.approx(theirs.sum(), rel=1e-12)
