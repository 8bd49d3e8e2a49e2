"""Things stand where they stand: every share is exact, every tie is ruled, hairlines are not places."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geo.flat import flatten
from geo.joins import (
    area_shares,
    assign_points,
    largest_share,
    leaf_areas,
    length_shares,
    overlaps_layer,
    overlaps_self,
    shares_by_rule,
)
from geo.measure import area_m2, area_mm2
from geo.pieces import cut_small

EAST, NORTH = 106.0, 30.0


def box(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    """A rectangle in thousandths of a degree (about 100 m) from a corner of the county."""
    return shapely.box(EAST + west / 1e3, NORTH + south / 1e3, EAST + east / 1e3, NORTH + north / 1e3)


def point(x: float, y: float) -> shapely.Point:
    return shapely.Point(EAST + x / 1e3, NORTH + y / 1e3)


def county() -> pd.DataFrame:
    """Two townships of 10 × 10; the first has two villages on its southern half, the second has four."""
    rows = [
        ("510000", "county", "", box(0, 0, 20, 10)),
        ("510000001", "township", "510000", box(0, 0, 10, 10)),
        ("510000001001", "village", "510000001", box(0, 0, 5, 5)),
        ("510000001002", "village", "510000001", box(5, 0, 10, 5)),
        ("510000002", "township", "510000", box(10, 0, 20, 10)),
        ("510000002001", "village", "510000002", box(10, 0, 15, 5)),
        ("510000002002", "village", "510000002", box(15, 0, 20, 5)),
        ("510000002003", "village", "510000002", box(10, 5, 15, 10)),
        ("510000002004", "village", "510000002", box(15, 5, 20, 10)),
    ]
    frame = pd.DataFrame(rows, columns=["code", "level", "parent", "geometry"])
    return gpd.GeoDataFrame(frame.assign(name=frame["code"]), geometry="geometry", crs=4490)


def test_a_point_takes_the_finest_area_and_a_border_the_lowest_code() -> None:
    points = [point(1, 1), point(1, 8), point(30, 30), point(5, 2), point(10, 2), point(15, 5), None]
    assert assign_points(points, county()).tolist() == [2, 1, -1, 2, 3, 5, -1]


def test_leaves_leave_out_what_finer_areas_cover() -> None:
    leaves = leaf_areas(county())
    assert leaves.position.tolist() == [1, 2, 3, 5, 6, 7, 8]
    assert leaves.shapes[0].equals(box(0, 5, 10, 10))


def test_a_parcel_over_four_villages_is_shared_exactly() -> None:
    parcel = box(14, 4, 16, 6)
    shares = area_shares([parcel], county())
    assert shares["area"].tolist() == [5, 6, 7, 8]
    assert shares["mm2"].sum() == area_mm2([parcel])[0]
    assert shares["mm2"].to_numpy() / shares["mm2"].sum() == pytest.approx([0.25] * 4, abs=1e-5)


def test_a_parcel_partly_outside_the_county_keeps_its_remainder() -> None:
    shares = area_shares([box(19, 1, 21, 2), box(40, 40, 41, 41)], county())
    assert shares[["feature", "area"]].to_numpy().tolist() == [[0, -1], [0, 6], [1, -1]]
    assert shares["mm2"][0] == pytest.approx(shares["mm2"][1], rel=1e-6)


def test_a_parcel_partly_on_a_township_without_villages_has_a_part_there() -> None:
    shares = area_shares([box(1, 4, 2, 6)], county())
    assert shares["area"].tolist() == [1, 2]


def test_a_hairline_gap_between_villages_is_no_place() -> None:
    areas = county()
    shapes = areas.geometry.to_numpy().copy()
    shapes[2] = box(0, 0, 4.9999, 5)
    areas = areas.set_geometry(shapes, crs=4490)
    shares = area_shares([box(4.8, 1, 5.2, 1.4)], areas)
    assert shares["area"].tolist() == [2, 3]
    assert shares["mm2"].sum() == area_mm2([box(4.8, 1, 5.2, 1.4)])[0]


def test_overlapping_villages_share_their_common_ground() -> None:
    areas = county()
    shapes = areas.geometry.to_numpy().copy()
    shapes[2] = box(0, 0, 6, 5)
    areas = areas.set_geometry(shapes, crs=4490)
    shares = area_shares([box(5.2, 1, 5.8, 2)], areas)
    assert shares["area"].tolist() == [2, 3]
    assert shares["mm2"][0] == pytest.approx(shares["mm2"][1], abs=1)


def test_every_feature_has_a_row_whatever_its_kind() -> None:
    shapes = [None, shapely.Polygon(), point(1, 1), shapely.LineString([(106.001, 30.001), (106.002, 30.001)])]
    shares = area_shares(shapes, county())
    assert shares["feature"].tolist() == [0, 1, 2, 3]
    assert shares["area"].tolist() == [-1, -1, 2, 2]
    assert shares["mm2"].tolist() == [0, 0, 0, 0]


def test_shares_of_random_parcels_agree_with_cutting_each_by_each_village() -> None:
    rng = np.random.default_rng(7)
    areas = county()
    centres = rng.uniform((-1, -1), (21, 11), (300, 2))
    turns = np.sort(rng.uniform(0, 2 * np.pi, (300, 9)), axis=1)
    radii = rng.uniform(0.1, 1.5, (300, 9))
    xy = centres[:, None, :] + radii[..., None] * np.stack((np.cos(turns), np.sin(turns)), axis=-1)
    parcels = shapely.make_valid(shapely.polygons(xy / 1e3 + (EAST, NORTH)), method="structure")
    shares = area_shares(parcels, areas)
    assert shares.groupby("feature")["mm2"].sum().to_numpy().tolist() == area_mm2(parcels).tolist()
    leaves = leaf_areas(areas)
    for feature, position, mm2 in shares[shares["area"] >= 0].to_numpy():
        leaf = leaves.shapes[leaves.position.tolist().index(position)]
        part = area_m2([shapely.intersection(parcels[feature], leaf)])[0]
        assert mm2 / 1e6 == pytest.approx(part, rel=1e-5, abs=10.0)


def test_the_order_of_features_changes_nothing() -> None:
    parcels = np.array([box(14 + d, 4, 16 + d, 6) for d in np.linspace(-3, 3, 40)])
    shuffled = np.random.default_rng(1).permutation(40)
    one = area_shares(parcels, county())
    two = area_shares(parcels[shuffled], county())
    two["feature"] = shuffled[two["feature"]]
    two = two.sort_values(["feature", "area"], ignore_index=True)
    pd.testing.assert_frame_equal(one, two)


def test_the_largest_share_takes_all_and_ties_go_to_the_lowest_code() -> None:
    shares = pd.DataFrame({"feature": [0, 0, 1, 1, 2, 2], "area": [4, 5, 4, 5, -1, 5], "mm2": [3, 7, 5, 5, 6, 6]})
    made = largest_share(shares)
    assert made["area"].tolist() == [5, 4, 5]
    assert made["mm2"].tolist() == [10, 10, 12]


def test_a_canal_is_shared_by_length() -> None:
    canal = shapely.LineString([(EAST + 0.004, NORTH + 0.001), (EAST + 0.007, NORTH + 0.001)])
    border = shapely.LineString([(EAST + 0.005, NORTH + 0.001), (EAST + 0.005, NORTH + 0.002)])
    shares = length_shares([canal, border, None], county())
    assert shares["area"].tolist() == [2, 3, 2, 3, -1]
    assert shares["mm"][1] == pytest.approx(2 * shares["mm"][0], rel=1e-5)
    assert shares["mm"][2] == pytest.approx(shares["mm"][3], abs=1)


def test_place_rules_and_place_names() -> None:
    areas = county()
    shapes = np.array([box(14, 4, 16, 6.1), None, None], dtype=object)
    named = np.array(["510000001001", "510000001001", "nowhere"], dtype=object)
    split = shares_by_rule(shapes, areas, "split", named=named)
    assert split["area"].tolist() == [5, 6, 7, 8, 2, -1]
    largest = shares_by_rule(shapes, areas, "largest_share", named=named)
    assert largest["area"].tolist() == [7, 2, -1]
    pd.testing.assert_frame_equal(shares_by_rule(flatten(shapes), areas, "split", named=named), split)
    own = shares_by_rule(areas.geometry.to_numpy(), areas, "self", named=areas["code"].to_numpy())
    assert own["area"].tolist() == list(range(9))
    at = shares_by_rule(shapes, areas, "point", named=named)
    assert at["area"].tolist()[1:] == [2, -1]
    assert at["mm2"][0] == area_mm2(shapes)[0]


def test_overlaps_within_a_layer_know_touching_from_lying_on() -> None:
    parcels = [box(0, 0, 1, 1), box(1, 0, 2, 1), box(0.9, 0, 1.1, 1), None, point(0.5, 0.5)]
    pairs = overlaps_self(parcels)
    assert pairs[["left", "right"]].to_numpy().tolist() == [[0, 2], [1, 2]]
    assert pairs["m2"][0] == pytest.approx(area_m2([box(0.9, 0, 1, 1)])[0], rel=1e-5)
    assert len(overlaps_self(parcels, tolerance_m2=1.0)) == 2
    assert len(overlaps_self(parcels, tolerance_m2=1.0, tolerance_percent=60)) == 0
    assert len(overlaps_self(parcels, tolerance_m2=1e9)) == 0
    assert len(overlaps_self([])) == 0


def test_ground_under_two_plan_polygons_is_counted_once() -> None:
    parcels = [box(0, 0, 2, 1), box(5, 5, 6, 6), box(9, 9, 10, 10)]
    plans = [box(0, 0, 1, 1), box(0.5, 0, 1.5, 1), box(5, 5, 5.1, 6), None]
    found = overlaps_layer(parcels, plans)
    assert found["feature"].tolist() == [0, 1]
    assert found["m2"][0] == pytest.approx(area_m2([box(0, 0, 1.5, 1)])[0], rel=1e-5)
    assert overlaps_layer(parcels, plans, tolerance_percent=11)["feature"].tolist() == [0]
    assert overlaps_layer(parcels, []).empty
    assert overlaps_layer([], plans).empty


def test_cut_pieces_cover_the_whole_and_are_small() -> None:
    big = shapely.Point(EAST, NORTH).buffer(0.01, quad_segs=300).difference(point(1, 1).buffer(0.002))
    pieces, owner = cut_small(np.array([box(0, 0, 1, 1), big], dtype=object))
    assert shapely.get_num_coordinates(pieces).max() <= 96
    assert shapely.area(pieces[owner == 1]).sum() == pytest.approx(big.area, rel=1e-12)


@pytest.mark.real_data
def test_nanxuns_villages_straddle_townships_and_still_add_up(real_data: Path) -> None:
    folder = real_data / "zhejiang_nanxun"
    towns = gpd.read_file(folder / "南浔区-乡镇.json")
    villages = gpd.read_file(folder / "boundaryVillage.geojson")
    shapes = np.concatenate((towns.geometry.to_numpy(), villages.geometry.to_numpy()))
    shapes = shapely.make_valid(shapely.force_2d(shapes), method="structure", keep_collapsed=False)
    levels = ["township"] * len(towns) + ["village"] * len(villages)
    areas = gpd.GeoDataFrame({"code": range(len(shapes)), "level": levels}, geometry=shapes, crs=4490)
    west, south, east, north = shapely.total_bounds(shapes)
    x, y = np.meshgrid(np.linspace(west, east, 40), np.linspace(south, north, 40))
    cells = shapely.box(x.ravel(), y.ravel(), x.ravel() + 0.004, y.ravel() + 0.003)
    shares = area_shares(cells, areas)
    assert shares.groupby("feature")["mm2"].sum().tolist() == area_mm2(cells).tolist()
    on_village = shares["area"] >= len(towns)
    ground = area_m2([shapely.union_all(villages.geometry.to_numpy())])[0]
    covered = area_m2([shapely.intersection(shapely.union_all(cells), shapely.union_all(shapes[len(towns) :]))])
    assert ground > 1e6
    assert shares.loc[on_village, "mm2"].sum() / 1e6 == pytest.approx(covered[0], rel=1e-3)
