"""Faulty shapes are named, repaired where that is safe, and never measured wrong in silence."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geo.geometry import duplicates, faults, repair, slivers, spikes
from geo.issues import kind
from geo.measure import area_m2

# One hundred-thousandth of a degree is about a metre: shapes below are drawn in such metres.
METRE = 1e-5


def shape(wkt: str) -> shapely.Geometry:
    return shapely.transform(shapely.from_wkt(wkt), lambda xy: xy * METRE + (106.0, 30.0))


def codes(wkts: list[str | None], expect: str = "polygon") -> list[tuple[str, int | None]]:
    shapes = [None if wkt is None else shape(wkt) for wkt in wkts]
    found = faults(shapes, range(1, len(shapes) + 1), expect=expect)[1]
    return [(issue.code, issue.row) for issue in found]


SQUARE = "POLYGON((0 0,10 0,10 10,0 10,0 0))"
BOW_TIE = "POLYGON((0 0,10 10,10 0,0 10,0 0))"


def test_a_good_square_is_left_as_it_is() -> None:
    square = shape(SQUARE)
    done = repair([square], expect="polygon")
    assert done.geometry[0].equals_exact(square)
    assert not done.changed[0]
    assert done.reason[0] is None
    assert done.change_percent[0] == 0
    assert codes([SQUARE]) == []


def test_a_bow_tie_becomes_its_two_triangles_and_the_change_is_said() -> None:
    done = repair([shape(BOW_TIE)], expect="polygon")
    assert done.geometry[0].geom_type == "MultiPolygon"
    assert done.reason[0] == "self_intersection"
    assert done.area_after_m2[0] == pytest.approx(area_m2([shape(SQUARE)])[0] / 2, rel=1e-6)
    assert codes([BOW_TIE]) == [("geometry_invalid", 1), ("repair_changed_area", 1)]


def test_a_repair_that_keeps_the_area_is_one_finding() -> None:
    spur = "POLYGON((0 0,10 0,10 5,15 5,10 5,10 10,0 10,0 0))"
    assert codes([spur]) == [("geometry_invalid", 1)]
    done, issues = faults([shape(spur)], [7], expect="polygon")
    assert issues[0].params["percent"] == pytest.approx(0, abs=1e-3)
    assert done.geometry[0].equals(shape(SQUARE))


def test_missing_empty_and_hopeless_shapes_go_back() -> None:
    infinite = shapely.Polygon([(106, 30), (np.inf, 30), (106, 31)])
    nothing = shapely.Polygon([(106, 30), (106.1, 30), (106, 30)])
    done, found = faults([None, shapely.Polygon(), infinite, nothing], [2, 3, 4, 5], expect="polygon")
    assert [(issue.code, issue.row) for issue in found] == [
        ("geometry_missing", 2),
        ("geometry_empty", 3),
        ("geometry_unrepairable", 4),
        ("geometry_unrepairable", 5),
    ]
    assert {kind(issue.code).severity for issue in found} == {"error"}
    assert all(one is None for one in done.geometry)
    assert done.lost.tolist() == [False, False, True, True]
    assert faults([None], [2], expect="polygon", required=False)[1] == []


def test_wrong_kinds_are_named_and_parts_of_a_lower_dimension_are_dropped() -> None:
    assert codes(["LINESTRING(0 0,1 1)", "POINT(0 0)"]) == [
        ("geometry_wrong_type", 1),
        ("geometry_wrong_type", 2),
    ]
    assert codes([SQUARE], "line") == [("geometry_wrong_type", 1)]
    collection = shape(f"GEOMETRYCOLLECTION({SQUARE},LINESTRING(0 0,20 20),POINT EMPTY)")
    done = repair([collection], expect="polygon")
    assert done.geometry[0].equals(shape(SQUARE))
    assert done.reason[0] == "mixed_type"
    assert done.changed[0]


def test_several_points_in_one_row_are_no_point() -> None:
    one, two = shape("MULTIPOINT((1 1))"), shape("MULTIPOINT((1 1),(2 2))")
    done = repair([one, two], expect="point")
    assert done.geometry[0].geom_type == "Point"
    assert done.geometry[1] is None
    assert done.reason[1] == "wrong_type"


def test_heights_are_dropped_without_a_word() -> None:
    done, found = faults([shapely.force_3d(shape(SQUARE), 400)], [1], expect="polygon")
    assert not shapely.has_z(done.geometry[0])
    assert found == []


def test_overlapping_parts_are_counted_once() -> None:
    both = shape("MULTIPOLYGON(((0 0,10 0,10 10,0 10,0 0)),((5 0,15 0,15 10,5 10,5 0)))")
    done = repair([both], expect="polygon")
    assert done.area_after_m2[0] == pytest.approx(1.5 * area_m2([shape(SQUARE)])[0], rel=1e-6)


def test_slivers_and_spikes_are_seen_and_field_strips_are_not() -> None:
    strip = shape("POLYGON((0 0,100 0,100 2,0 2,0 0))")
    sliver = shape("POLYGON((0 0,100 0,100 0.2,0 0.2,0 0))")
    spike = shape("POLYGON((0 0,10 0,10 4.9,60 5,10 5.1,10 10,0 10,0 0))")
    at_start = shape("POLYGON((60 5,10 5.1,10 10,0 10,0 0,10 0,10 4.9,60 5))")
    assert slivers([strip, sliver, spike, None]).tolist() == [False, True, False, False]
    assert spikes([strip, sliver, spike, at_start, None, shape(SQUARE)]).tolist() == [
        False,
        False,
        True,
        True,
        False,
        False,
    ]


def test_the_same_shape_twice_is_seen_however_its_ring_runs() -> None:
    again = "POLYGON((10 0,0 0,0 10,10 10,10 0))"
    assert duplicates([shape(SQUARE), None, shape(again), shape(BOW_TIE)]).tolist() == [-1, -1, 0, -1]
    assert codes([SQUARE, again]) == [("duplicate_geometry", 2)]


def nasty(folder: Path) -> list[shapely.Geometry]:
    shapes = []
    for path in sorted(folder.glob("*.xml")):
        for element in ElementTree.parse(path).getroot().iter():
            if element.tag in ("a", "b") and element.text and element.text.strip():
                text = element.text.strip()
                is_hex = all(c in "0123456789abcdefABCDEF" for c in text)
                read = shapely.from_wkb if is_hex else shapely.from_wkt
                with np.errstate(invalid="ignore"):
                    made = read(text, on_invalid="fix")
                if made is not None:
                    shapes.append(made)
    return shapes


@pytest.mark.real_data
@pytest.mark.parametrize("expect", ["polygon", "line", "point", "any"])
def test_every_nasty_geometry_is_repaired_or_refused(real_data: Path, expect: str) -> None:
    shapes = nasty(real_data / "nasty_geos")
    assert len(shapes) > 800
    done, issues = faults(shapes, range(len(shapes)), expect=expect)
    kept = ~shapely.is_missing(done.geometry)
    assert shapely.is_valid(done.geometry[kept]).all()
    assert not shapely.is_empty(done.geometry[kept]).any()
    if expect == "polygon":
        assert set(shapely.get_type_id(done.geometry[kept])) == {3, 6}
    named = {issue.row for issue in issues}
    silent = [i for i in range(len(shapes)) if i not in named]
    assert all(shapely.is_valid(shapes[i]) for i in silent)
    for issue in issues:
        assert issue.words("zh") and "…" not in issue.words("en")


@pytest.mark.real_data
def test_cambridges_24_faulty_parcels_are_all_repaired_with_the_change_said(real_data: Path) -> None:
    path = real_data / "cambridge_parcels" / "ASSESSING_ParcelsFY2013.topojson"
    frame = gpd.read_file(path)
    shapes = frame.geometry.to_numpy()
    faulty = ~shapely.is_valid(shapes)
    done, issues = faults(shapes, range(len(shapes)), expect="polygon")
    invalid = [issue for issue in issues if issue.code == "geometry_invalid"]
    lost = [issue for issue in issues if issue.code == "geometry_unrepairable"]
    assert faulty.sum() == 24 == len(invalid) + len(lost)
    assert shapely.is_valid(done.geometry[~shapely.is_missing(done.geometry)]).all()
    assert all("percent" in issue.params for issue in invalid)


def test_numbers_that_no_system_has_are_no_coordinates() -> None:
    absurd = shapely.Polygon([(1e300, 1e300), (1e300, 1e299), (1e299, 1e299)])
    done = repair([absurd, shapely.box(105, 30, 105.001, 30.001)], expect="polygon")
    assert done.lost.tolist() == [True, False]
    assert done.reason[0] == "invalid_coordinate"
