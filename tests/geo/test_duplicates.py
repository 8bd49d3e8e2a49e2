"""A new thing that may be a known one is offered as such."""

from __future__ import annotations

import pandas as pd
import shapely

from geo.duplicates import near_same, overlapping_open

METRE = 1 / 110_860  # of latitude near 30.5°N


def at(*places: tuple[str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": [p[0] for p in places],
            "category": [p[1] for p in places],
            "lon": 105.5,
            "lat": [30.5 + p[2] * METRE for p in places],
        }
    )


def test_a_point_near_an_open_one_of_its_category_is_offered_nearest_first() -> None:
    known = at(("k1", "garbage", 25), ("k2", "garbage", -10), ("k3", "wires", 1), ("k4", "garbage", 31))
    found = near_same(at(("n", "garbage", 0)), known)
    assert found["same_as"].tolist() == ["k2", "k1"]
    assert abs(found["distance_m"] - pd.Series([10.0, 25.0])).max() < 0.2


def test_each_category_has_its_own_distance() -> None:
    known = at(("k1", "garbage", 25), ("k2", "wires", 80))
    new = at(("n", "garbage", 0), ("m", "wires", 0))
    assert near_same(new, known, metres={"garbage": 20, "wires": 100})["same_as"].tolist() == ["k2"]


def test_a_thing_is_not_its_own_double_and_one_without_place_is_nobodys() -> None:
    known = at(("k1", "garbage", 0))
    assert near_same(known, known).empty
    assert near_same(known.assign(id="n", lon=None), known).empty
    assert near_same(at(), known).empty


def square(x: float, y: float, side: float) -> shapely.Polygon:
    return shapely.box(105.5 + x * METRE, 30.5 + y * METRE, 105.5 + (x + side) * METRE, 30.5 + (y + side) * METRE)


def test_a_parcel_over_an_open_one_is_offered_with_the_common_area() -> None:
    known = pd.DataFrame(
        {"id": ["k1", "k2", "k3"], "geometry": [square(0, 0, 50), square(200, 0, 50), square(49, 0, 50)]}
    )
    new = pd.DataFrame({"id": ["n"], "geometry": [square(25, 0, 50)]})
    found = overlapping_open(new, known)
    assert found["same_as"].tolist() == ["k3", "k1"]
    assert abs(found["share"] - pd.Series([0.52, 0.50])).max() < 0.001


def test_neighbours_that_touch_or_overlap_by_a_hair_are_not_offered() -> None:
    known = pd.DataFrame({"id": ["k1", "k2"], "geometry": [square(0, 0, 50), square(-52, 0, 53)]})
    new = pd.DataFrame({"id": ["n"], "geometry": [square(50, 0, 50)]})
    assert overlapping_open(new, known).empty
    assert overlapping_open(known, known).empty
