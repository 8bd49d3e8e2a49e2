"""Classes of a legend: natural breaks against an exhaustive search, and round bounds that part the same values."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.classes import legend_bounds, natural_breaks, roundest

VALUES = st.lists(st.integers(0, 400).map(lambda n: n / 4), min_size=1, max_size=11)


def cost(values: list[float], bounds: list[float]) -> float:
    edges = [-np.inf, *bounds, np.inf]
    given_ = np.array(values)
    parts = [given_[(given_ >= low) & (given_ < high)] for low, high in pairwise(edges)]
    return float(sum(((part - part.mean()) ** 2).sum() for part in parts if len(part)))


def best(values: list[float], classes: int) -> float:
    starts = sorted(set(values))[1:]
    return min(cost(values, list(chosen)) for chosen in combinations(starts, classes - 1))


@given(values=VALUES, classes=st.integers(2, 5))
def test_no_other_way_of_cutting_has_less_variance(values: list[float], classes: int) -> None:
    wanted = min(classes, len(set(values)))
    found = natural_breaks(values, classes)
    assert len(found) == wanted - 1
    assert cost(values, found) == pytest.approx(best(values, wanted) if wanted > 1 else cost(values, []), abs=1e-6)


@given(values=VALUES)
def test_round_bounds_part_the_values_into_as_many_classes(values: list[float]) -> None:
    bounds = legend_bounds(values)
    assert bounds == sorted(set(bounds))
    edges = [-np.inf, *bounds, np.inf]
    for low, high in pairwise(edges):
        assert any(low <= value < high for value in values)


def test_two_clusters_are_parted_at_the_roundest_number_between_them() -> None:
    assert legend_bounds([1.2, 99.2]) == [50]


def test_the_roundest_number_lies_above_the_one_and_at_most_at_the_other() -> None:
    assert roundest(18.3, 24.9) == 20
    assert roundest(0.0012, 0.5) == 0.5
    assert roundest(51.2, 51.4) == 51.4
    assert roundest(-7.5, -2.0) == -5


def test_missing_values_make_no_class() -> None:
    assert natural_breaks([np.nan, 1.0, np.nan], 5) == []
    assert legend_bounds([]) == []
