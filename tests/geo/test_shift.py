"""Offsets of web maps come off again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.shift import (
    SHIFT,
    UNSHIFT,
    bd09_from_gcj02,
    gcj02_from_wgs84,
    wgs84_from_bd09,
    wgs84_from_gcj02,
)


def test_the_offset_of_gcj02_is_some_hundred_metres_in_jiangxi() -> None:
    lon, lat = gcj02_from_wgs84(117.07, 28.69)
    assert 0.002 < lon - 117.07 < 0.008
    assert -0.005 < lat - 28.69 < 0.0


def test_nothing_outside_china_is_moved_by_gcj02() -> None:
    lon, lat = gcj02_from_wgs84([-71.1, 2.35], [42.4, 48.9])
    assert lon.tolist() == [-71.1, 2.35]
    assert lat.tolist() == [42.4, 48.9]


@given(st.floats(73.5, 135.0), st.floats(18.0, 53.5), st.sampled_from(["gcj02", "bd09"]))
def test_what_is_shifted_and_unshifted_comes_back_to_a_billionth_of_a_degree(
    lon: float, lat: float, name: str
) -> None:
    back = UNSHIFT[name](*SHIFT[name](lon, lat))
    assert abs(back[0] - lon) < 1e-9
    assert abs(back[1] - lat) < 1e-9


def test_a_missing_coordinate_stays_missing_and_harms_no_other() -> None:
    lon, lat = wgs84_from_gcj02([117.0, np.nan], [28.7, np.nan])
    clean = wgs84_from_gcj02(117.0, 28.7)
    assert np.isnan(lon[1])
    assert abs(lon[0] - clean[0]) < 1e-9
    assert abs(lat[0] - clean[1]) < 1e-9


def test_an_empty_column_gives_an_empty_column() -> None:
    lon, _ = wgs84_from_bd09([], [])
    assert lon.shape == (0,)


@pytest.mark.real_data
def test_664_real_towns_come_back_within_a_metre(real_data: Path) -> None:
    towns = json.loads((real_data / "gcj_gcoord" / "china-cities.json").read_text(encoding="utf-8"))
    assert len(towns) == 664
    wgs, gcj, bd = (np.array([t["coords"][k] for t in towns]) for k in ("WGS84", "GCJ02", "BD09"))

    def worst(got: tuple[np.ndarray, np.ndarray], want: np.ndarray) -> float:
        return float(np.abs(np.column_stack(got) - want).max())

    for got, want in (
        (gcj02_from_wgs84(*wgs.T), gcj),
        (wgs84_from_gcj02(*gcj.T), wgs),
        (bd09_from_gcj02(*gcj.T), bd),
        (wgs84_from_bd09(*bd.T), wgs),
    ):
        assert worst(got, want) < 1e-5
