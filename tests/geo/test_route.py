"""The way round: starts where one stands, visits every place once, and does not cross itself for nothing."""

from __future__ import annotations

import numpy as np
import pytest
from pyproj import Geod

from geo.route import distances_m, visit_order

GRS80 = Geod(a=6378137.0, rf=298.257222101)


def test_places_on_a_line_are_visited_along_it() -> None:
    order, legs = visit_order((106.0, 31.0), [106.03, 106.01, 106.02], [31.0, 31.0, 31.0])
    assert order == [1, 2, 0]
    assert legs == pytest.approx([GRS80.inv(106.0, 31.0, 106.01, 31.0)[2]] * 3, abs=0.06)


def test_a_way_that_would_run_back_and_forth_is_turned_round() -> None:
    # From 0 the nearest are at -1, then +1.5, then -4: back and forth. First one side, then the other, is shorter.
    lon = [106 - 0.010, 106 + 0.015, 106 - 0.040]
    order, legs = visit_order((106.0, 31.0), lon, [31.0] * 3)
    assert order == [1, 0, 2]
    assert sum(legs) < distances_m([106.0, lon[0], lon[1], lon[2]], [31.0] * 4)[[0, 1, 2], [1, 2, 3]].sum()


@pytest.mark.parametrize("seed", range(5))
def test_the_way_is_never_longer_than_that_of_nearest_neighbours(seed: int) -> None:
    chance = np.random.default_rng(seed)
    lon, lat = 106 + chance.random(25) * 0.2, 31 + chance.random(25) * 0.2
    order, legs = visit_order((106.1, 31.1), lon, lat)
    assert sorted(order) == list(range(25))
    metres = distances_m(np.concatenate([[106.1], lon]), np.concatenate([[31.1], lat]))
    left, here, simple = set(range(1, 26)), 0, 0.0
    while left:
        there = min(left, key=lambda place: metres[here, place])
        simple += metres[here, there]
        left.remove(there)
        here = there
    assert sum(legs) <= simple + 1


@pytest.mark.parametrize("seed", range(5))
def test_turning_any_stretch_round_makes_the_way_no_shorter(seed: int) -> None:
    chance = np.random.default_rng(seed)
    lon, lat = 106 + chance.random(15) * 0.1, 31 + chance.random(15) * 0.1
    metres = distances_m(np.concatenate([[106.0], lon]), np.concatenate([[31.0], lat]))
    way = [0, *(place + 1 for place in visit_order((106.0, 31.0), lon, lat)[0])]

    def length(one: list[int]) -> float:
        return float(metres[one[:-1], one[1:]].sum())

    for i in range(1, len(way)):
        for k in range(i + 1, len(way)):
            assert length([*way[:i], *way[i : k + 1][::-1], *way[k + 1 :]]) >= length(way) - 0.1


def test_no_place_is_no_way_and_two_at_one_spot_are_nothing_apart() -> None:
    assert visit_order((106.0, 31.0), [], []) == ([], [])
    assert visit_order((106.0, 31.0), [106.0, 106.0], [31.0, 31.0]) == ([0, 1], [0.0, 0.0])


def test_a_place_without_coordinates_is_refused() -> None:
    with pytest.raises(ValueError, match="coordinates"):
        visit_order((106.0, 31.0), [np.nan], [31.0])
