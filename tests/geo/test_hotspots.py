"""Hot spots are found where points crowd, not found where they do not, and not claimed from a handful."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely

from geo.errors import Refused
from geo.hotspots import _getis_ord, hot_spots

COUNTY = shapely.box(106.0, 30.0, 106.2, 30.2)


def scattered(n: int, seed: int = 5) -> np.ndarray:
    return shapely.points(np.random.default_rng(seed).uniform((106.0, 30.0), (106.2, 30.2), (n, 2)))


def crowd(n: int, seed: int = 6) -> np.ndarray:
    return shapely.points(np.random.default_rng(seed).normal((106.05, 30.15), 0.006, (n, 2)))


def test_a_crowd_is_hot_and_the_rest_is_not() -> None:
    cells = hot_spots(np.concatenate((scattered(300), crowd(200))), seed=1, within=COUNTY)
    hot = cells[cells["class"].str.startswith("hot")]
    assert 3 <= len(hot) < len(cells) / 5
    centres = shapely.get_coordinates(shapely.centroid(hot["geometry"].to_numpy()))
    assert np.abs(centres - (106.05, 30.15)).max() < 0.03
    assert (hot["z"] > 1.5).all()
    assert cells["count"].sum() == 500


def test_points_scattered_by_chance_make_no_hot_spot() -> None:
    cells = hot_spots(scattered(600), seed=1, within=COUNTY)
    assert cells["class"].isin(["hot_99", "hot_95"]).sum() == 0


def test_the_same_seed_gives_the_same_answer_whatever_the_order() -> None:
    points = np.concatenate((scattered(200), crowd(100)))
    one = hot_spots(points, seed=9, within=COUNTY, cell_m=1500)
    two = hot_spots(points[::-1], seed=9, within=COUNTY, cell_m=1500)
    pd.testing.assert_frame_equal(one[["count", "class"]], two[["count", "class"]])


def test_cells_are_hexagons_of_the_size_asked_for_and_cover_the_county() -> None:
    cells = hot_spots(scattered(100), seed=1, within=COUNTY, cell_m=1000)
    assert shapely.union_all(cells["geometry"].to_numpy()).buffer(1e-9).contains(COUNTY)
    from geo.measure import area_m2

    assert area_m2(cells["geometry"].to_numpy()).mean() == pytest.approx(1000**2 * 0.75**0.5, rel=0.01)


def test_too_few_points_are_refused() -> None:
    with pytest.raises(Refused, match="too few") as refused:
        hot_spots(scattered(20), seed=1)
    assert refused.value.code == "hot_spots_too_few"
    with pytest.raises(Refused):
        hot_spots(np.concatenate((scattered(40), [None])), seed=1, within=shapely.box(0, 0, 1, 1))
    with pytest.raises(Refused):
        hot_spots(scattered(60), seed=1, cell_m=20_000)


def test_points_all_in_one_place_cell_by_cell_the_same_are_not_hot() -> None:
    lattice = shapely.points(
        np.stack(np.meshgrid(np.arange(40), np.arange(40)), axis=-1).reshape(-1, 2) / 200 + 100
    )
    cells = hot_spots(lattice[::1], seed=2)
    assert (cells["class"].isin(["hot_99"])).sum() == 0


@pytest.mark.real_data
def test_buffalos_reports_have_hot_spots(real_data: Path) -> None:
    frame = pd.read_csv(real_data / "buffalo311" / "buffalo311_scrubbed.csv", low_memory=False)
    names = {name.lower(): name for name in frame.columns}
    lon = pd.to_numeric(frame[names["longitude"]], errors="coerce")
    lat = pd.to_numeric(frame[names["latitude"]], errors="coerce")
    known = lon.between(-80, -77) & lat.between(42, 44)
    assert known.sum() > 5000
    cells = hot_spots(shapely.points(lon[known], lat[known]), seed=1)
    assert cells["count"].sum() == known.sum()
    hot = cells["class"].isin(["hot_95", "hot_99"])
    assert 0 < hot.sum() < len(cells) / 3
    assert cells.loc[hot, "count"].mean() > 3 * cells["count"].mean()


def test_the_statistic_of_seven_points_in_one_cell_is_the_one_worked_out_by_hand() -> None:
    # 100 cells, one with 7 points and 93 others with one each: mean 1, spread sqrt(142/100 - 1).
    centres = np.column_stack([np.arange(100) * 10_000.0, np.zeros(100)])
    count = np.array([7, *[1] * 93, *[0] * 6])
    z, _ = _getis_ord(count, centres, 1000.0, 99, 1)
    assert z[0] == pytest.approx(6 / np.sqrt(0.42))
    assert z[99] == pytest.approx(-1 / np.sqrt(0.42))
