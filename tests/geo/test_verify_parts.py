"""The pure parts of the satellite check: blocks, areas, tasks, sample, registration, bands, management."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import CRS

from geo.verdicts import VERDICTS
from geo.verify_areas import by_area, consolidation
from geo.verify_bands import bsi, clear_by, lswi, ndvi, scaled
from geo.verify_blocks import block_series, blocks_of
from geo.verify_management import management_of
from geo.verify_sample import estimate, field_sample
from geo.verify_tasks import contracts_in_doubt
from geo.zonal import Grid, coverage
from geo.zonal_shift import moved, registration

PLANE = CRS.from_epsg(32648)


def row_of(count: int, *, side: float = 12.0, gap: float = 0.0) -> np.ndarray:
    step = side + gap
    return np.array([shapely.box(i * step, 0, i * step + side, side) for i in range(count)], dtype=object)


def test_small_neighbours_of_one_village_and_mode_become_blocks_of_bounded_size() -> None:
    pixels = np.full(12, 1.5)
    block = blocks_of(row_of(12), ["v"] * 12, pixels, least_pixels=4.0, reach=1.0)
    sizes = np.bincount(block)
    assert (block >= 0).all()
    assert sizes.sum() == 12
    assert sizes.min() >= 3
    assert sizes.max() <= 8


def test_blocks_stop_at_villages_at_gaps_and_at_parcels_large_enough() -> None:
    keys = ["v", "v", "w", "w", None, "w"]
    block = blocks_of(row_of(6), keys, np.full(6, 2.5), least_pixels=4.0, reach=1.0)
    assert block.tolist() == [0, 0, 1, 1, -1, -1]
    apart = blocks_of(row_of(4, gap=30), ["v"] * 4, np.full(4, 2.5), least_pixels=4.0, reach=1.0)
    assert apart.tolist() == [-1] * 4
    large = blocks_of(row_of(3), ["v"] * 3, np.array([2.5, 9.0, 2.5]), least_pixels=4.0, reach=1.0)
    assert large.tolist() == [-1] * 3


def test_a_block_is_the_mean_of_its_parcels_by_clear_pixels() -> None:
    values = np.array([[0.2, np.nan], [0.8, 0.6], [0.5, 0.5]])
    pixels = np.array([[1.0, 0.0], [3.0, 3.0], [9.0, 9.0]])
    series, weight = block_series(values, pixels, np.array([0, 0, -1]))
    assert series.tolist() == [[pytest.approx(0.65), pytest.approx(0.6)]]
    assert weight.tolist() == [[4.0, 3.0]]


def test_printed_mu_adds_up_in_every_row_and_to_the_county() -> None:
    draw = np.random.default_rng(6)
    verdict = draw.choice(VERDICTS, 400)
    micro = draw.integers(1, 5_000_000, 400)
    code = draw.choice(["519721001001", "519721001002", "519721002001", None], 400)
    made = by_area(pd.DataFrame({"season": "s", "verdict": verdict}), micro, code)
    parts = made[[f"{v}_mu" for v in VERDICTS]]
    assert parts.sum(axis=1).round(2).tolist() == made["reported_mu"].tolist()
    whole = made[made["area_code"] == "*"].iloc[0]
    assert whole["reported_mu"] == pytest.approx(round(micro.sum() / 1e6, 2))
    assert made.loc[made["area_code"] != "*", "reported_mu"].sum() == pytest.approx(whole["reported_mu"])
    assert set(made["area_code"]) == {"", "519721001", "519721002", "*"}


def test_land_in_use_is_counted_from_the_first_season_that_began_after_acceptance() -> None:
    verdicts = pd.DataFrame(
        {"season": ["a", "a", "b", "b"], "verdict": ["confirmed", "confirmed", "contradicted", "not_observable"]}
    )
    accepted = np.array(["2023-03-01", "2023-07-01"] * 2, dtype="datetime64[s]")
    starts = {"a": date(2023, 4, 1), "b": date(2023, 10, 1)}
    made = consolidation(verdicts, np.full(4, 1_000_000), accepted, starts)
    assert made["seasons_after"].tolist() == [1, 2]
    assert made["accepted_mu"].tolist() == [2.0, 1.0]
    assert made["consolidation_rate"].tolist() == [0.5, 0.0]
    assert made["unseen_share"].tolist() == [0.5, 0.0]
    assert made["area_code"].tolist() == ["*", "*"]


def test_land_in_use_by_township_adds_up_to_the_county() -> None:
    verdicts = pd.DataFrame({"season": "a", "verdict": ["confirmed", "contradicted", "not_observable"]})
    accepted = np.array(["2023-03-01"] * 3, dtype="datetime64[s]")
    mu = np.array([1_000_000, 2_000_000, 4_000_000])
    codes = ["519721001001", "519721001002", None]
    made = consolidation(verdicts, mu, accepted, {"a": date(2023, 4, 1)}, codes).set_index("area_code")
    assert made["accepted_mu"].to_dict() == {"*": 7.0, "": 4.0, "519721001": 3.0}
    assert made.loc["519721001", ["in_use_mu", "contradicted_mu", "unseen_share"]].tolist() == [1.0, 2.0, 0.0]


def test_contracts_are_listed_when_their_parcels_fail_twice_running() -> None:
    found = pd.DataFrame(
        {"id": ["a", "b", "c"], "task": ["review", "look_back", "review"], "season": "2024-autumn"}
    )
    contracts = {"a": "H1", "b": "H2", "d": "H1"}
    made = contracts_in_doubt(found, contracts, {"a": 5, "b": 6, "c": 7, "d": 8})
    doubt = {"contract_id": "H1", "parcels": 1, "micro_mu": 5, "of_parcels": 2, "of_micro_mu": 13}
    assert made.to_dict("records") == [{**doubt, "season": "2024-autumn", "ids": ["a"]}]


def county(count: int = 600) -> pd.DataFrame:
    draw = np.random.default_rng(8)
    return pd.DataFrame(
        {
            "id": [f"P{i}" for i in range(count)],
            "verdict": draw.choice(VERDICTS, count, p=[0.6, 0.1, 0.2, 0.1]),
            "mu": draw.uniform(0.3, 8, count),
            "township": draw.choice(["a", "b", "c"], count),
            "lon": draw.uniform(104, 104.3, count),
            "lat": draw.uniform(30, 30.3, count),
        }
    )


def test_a_field_sample_visits_every_verdict_with_a_control_share_and_each_parcel_once() -> None:
    sample = field_sample(county(), 80, np.random.default_rng(1))
    assert len(sample) == sample["id"].nunique() == 80
    assert set(sample["verdict"]) == set(VERDICTS)
    assert (sample["drawn_as"] == "control").sum() == 12
    assert sample["visit"].tolist() == list(range(1, 81))
    assert sample["township"].tolist() == sorted(sample["township"])
    assert len(field_sample(county(10), 80, np.random.default_rng(1))) == 10


def test_the_estimate_from_the_visits_brackets_the_truth() -> None:
    parcels = county(3000)
    chance = parcels["verdict"].map(dict(zip(VERDICTS, (0.98, 0.05, 0.5, 0.7), strict=True)))
    lot = np.random.default_rng(2).random(3000)
    truth = pd.Series(lot < chance.to_numpy(float), index=parcels["id"])
    hits = 0
    for seed in range(20):
        sample = field_sample(parcels, 200, np.random.default_rng(seed))
        found = estimate(parcels, sample.assign(in_use=truth[sample["id"]].to_numpy()))
        hits += found.low <= (parcels["mu"] * truth.to_numpy()).sum() <= found.high
    assert hits >= 17
    with pytest.raises(ValueError, match="contradicted"):
        estimate(parcels, sample[sample["verdict"] != "contradicted"].assign(in_use=True))


def field_of(shift: float) -> tuple[object, np.ndarray]:
    """Eighty parcels of 5 × 5 pixels of their own value, drawn `shift` pixels too far west."""
    draw = np.random.default_rng(3)
    row, column = np.divmod(np.arange(80), 10)
    value = draw.uniform(0.1, 0.9, 80)
    picture = np.full((52, 62), 0.5, np.float32)
    for r, c, v in zip(row, column, value, strict=True):
        picture[6 + 5 * r : 11 + 5 * r, 6 + 5 * c : 11 + 5 * c] = v
    picture += draw.normal(0, 0.02, picture.shape).astype(np.float32)
    x, y = (6 + 5 * column - shift) * 10.0, 520 - (6 + 5 * row) * 10.0
    shapes = np.array([shapely.box(a, b - 50, a + 50, b) for a, b in zip(x, y, strict=True)], dtype=object)
    return coverage(shapes, Grid(62, 52, (10, 0, 0, 0, -10, 520), PLANE)), picture


def test_a_layer_drawn_one_pixel_west_fits_best_one_pixel_east() -> None:
    covered, picture = field_of(1.0)
    found = registration(covered, [picture])
    assert found is not None
    assert (found.columns, found.rows, found.shifted) == (1, 0, True)


def test_a_layer_in_its_place_is_left_there() -> None:
    covered, picture = field_of(0.0)
    found = registration(covered, [picture, picture])
    assert found is not None
    assert (found.columns, found.rows, found.shifted) == (0, 0, False)
    assert registration(covered.take(np.arange(10)), [picture]) is None


def test_moving_the_parcels_east_is_looking_further_east() -> None:
    picture = np.arange(9, dtype=np.float32).reshape(3, 3)
    one = coverage([shapely.box(0, 20, 10, 30)], Grid(3, 3, (10, 0, 0, 0, -10, 30), PLANE))
    seen = [float(moved(one, move).statistics(picture).mean[0]) for move in ((0, 0), (1, 0), (0, 1))]
    assert seen == [0.0, 1.0, 3.0]


def test_indices_follow_their_formulas_and_missing_stays_missing() -> None:
    red, nir, blue, swir = (np.array([v], np.float32) for v in (0.1, 0.5, 0.05, 0.2))
    assert ndvi(red, nir)[0] == pytest.approx(0.4 / 0.6)
    assert lswi(nir, swir)[0] == pytest.approx(0.3 / 0.7)
    assert bsi(blue, red, nir, swir)[0] == pytest.approx((0.3 - 0.55) / 0.85)
    assert np.isnan(ndvi(np.array([0.0]), np.array([0.0]))[0])
    raw = scaled(np.array([0, 65535, 2000], np.uint16), scale=1e-4, offset=-0.1, nodata=(0.0, 65535.0))
    assert np.isnan(raw[:2]).all()
    assert raw[2] == pytest.approx(0.1)


def test_masks_let_through_only_what_may_be_looked_at() -> None:
    assert clear_by("scl", np.arange(12)).nonzero()[0].tolist() == [4, 5, 6, 7]
    assert clear_by("qa_pixel", np.array([21824, 22280, 1, 0b100000])).tolist() == [True, False, False, False]
    assert clear_by("cloud_probability", np.array([0.2, 0.7])).tolist() == [True, False]
    assert clear_by("cloud_probability", np.array([20, 70])).tolist() == [True, False]
    with pytest.raises(ValueError, match="fog"):
        clear_by("fog", np.zeros(1))


def test_what_a_parcel_is_kept_as_is_told_from_mode_and_crop() -> None:
    mode = pd.Series(["orchard", "owner", "owner", None, "owner"])
    crop = pd.Series([None, "水稻", "大棚蔬菜", None, "计划休耕"])
    assert management_of(mode, crop).tolist() == ["orchard", "crop", "greenhouse", "", "planned_fallow"]
