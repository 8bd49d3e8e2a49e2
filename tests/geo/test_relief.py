"""Shaded relief: what faces the sun in the north-west is bright, what is unknown stays clear."""

from __future__ import annotations

import numpy as np
import pytest

from geo.relief import FLAT, brightness, veil

SIDE = 41


def cone() -> np.ndarray:
    """A cone of 45 degrees with its tip in the middle, cells of one metre, north up."""
    row, column = np.mgrid[:SIDE, :SIDE] - SIDE // 2
    return -np.hypot(row, column)


def test_the_north_west_side_of_a_cone_is_bright_and_the_south_east_dark() -> None:
    lit = brightness(cone(), 1.0)
    assert lit.shape == (SIDE - 2, SIDE - 2)
    quarter, middle = (SIDE - 2) // 4, (SIDE - 2) // 2
    north_west, south_east = lit[quarter, quarter], lit[-quarter, -quarter]
    assert north_west == pytest.approx(1.0, abs=0.01)
    assert south_east == pytest.approx(0.0, abs=0.01)
    assert lit[quarter, -quarter] == pytest.approx(lit[-quarter, quarter], abs=0.05)
    assert lit[middle, quarter] > lit[middle, -quarter]


def test_level_ground_is_clear_and_slopes_are_covered_with_light_or_shadow() -> None:
    assert brightness(np.full((5, 5), 300.0), 30.0) == pytest.approx(np.full((3, 3), FLAT))
    assert veil(brightness(np.full((5, 5), 300.0), 30.0))[..., 1].max() == 0
    picture = veil(brightness(cone(), 1.0))
    assert picture[9, 9, 0] == 255 and picture[9, 9, 1] > 80
    assert picture[-9, -9, 0] == 0 and picture[-9, -9, 1] > 80


def test_nothing_is_drawn_where_a_height_or_a_neighbour_is_unknown() -> None:
    height = cone()
    height[10, 10] = np.nan
    lit = brightness(height, 1.0)
    assert np.isnan(lit[8:11, 8:11]).all() and not np.isnan(lit[12, 12])
    assert veil(lit)[9, 9, 1] == 0


def test_exaggeration_darkens_the_shadow_side() -> None:
    gentle = cone() * 0.1
    assert brightness(gentle, 1.0, exaggeration=3.0)[-9, -9] < brightness(gentle, 1.0)[-9, -9]
