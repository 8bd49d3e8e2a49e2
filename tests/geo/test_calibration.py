"""Thresholds against labels, each place judged by the others."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from geo.calibration import auc, auc_error, by_blocks, calibrate, gathered, learn, thin_places
from geo.seasons import relative
from geo.verdicts import Rule


def _world(idle_peak: float) -> tuple[pd.DataFrame, np.ndarray, np.ndarray, np.ndarray]:
    """Three places of 100 parcels, every tenth idle."""
    draw = np.random.default_rng(9)
    idle = np.tile(np.arange(100) % 10 == 0, 3)
    peak = np.where(idle, idle_peak, 0.7) + draw.normal(0, 0.03, 300)
    swing = peak - 0.12
    columns = {"clear": 15.0, "gap_days": 20.0, "base": 0.12, "spread": swing / 3, "rise": swing, "drop": swing}
    described = pd.DataFrame(
        {"peak": peak, "highest": peak, "swing": swing, "lowest": 0.1, "cycles": 0.0, **columns}
    )
    return described, np.where(idle, -3.0, 0.0), idle, np.repeat(["a", "b", "c"], 100)


def test_the_chance_of_a_right_order_counts_ties_half() -> None:
    assert auc(np.array([3.0, 2.0, 1.0]), np.array([True, False, False])) == 1.0
    assert auc(np.array([1.0, 1.0]), np.array([True, False])) == 0.5
    assert np.isnan(auc(np.array([1.0, 2.0]), np.array([False, False])))
    assert auc_error(0.9, 20, 200) == pytest.approx(0.045, abs=5e-3)


def test_labels_that_the_rule_already_fits_leave_it_as_it_is() -> None:
    described, score, idle, _ = _world(0.2)
    assert learn(described, score, idle, Rule()).contradict_peak == Rule().contradict_peak


def test_brighter_idle_land_stretches_the_contradiction() -> None:
    described, score, idle, _ = _world(0.36)
    fitted = learn(described, score, idle, Rule())
    assert fitted.contradict_peak > Rule().contradict_peak
    assert fitted.version != Rule().version


def test_too_few_idle_parcels_teach_nothing() -> None:
    described, score, idle, _ = _world(0.36)
    few = idle & (np.cumsum(idle) <= 5)
    assert learn(described, score, few, Rule()) == Rule()


def test_each_place_is_judged_and_the_matrix_holds_every_parcel() -> None:
    described, score, idle, places = _world(0.2)
    made = calibrate(described, score, idle, places, np.ones(300), Rule())
    assert made.matrix.to_numpy().sum() == 300
    assert made.places["idle"].tolist() == [10, 10, 10]
    figures = made.figures()
    assert figures["auc"] == 1.0
    assert figures["contradicted_recall"][0] == 1.0
    assert figures["confirmed_precision"][0] == 1.0
    assert made.assessment is not None
    assert made.assessment.areas["idle"].value == pytest.approx(30.0)


def test_places_with_few_of_a_kind_or_with_nearly_all_of_it_are_named() -> None:
    places = pd.DataFrame({"place": ["F", "K", "S"], "idle": [1, 26, 0], "in_use": [900, 3_000, 2_100]})
    assert thin_places(places) == ["F", "S"]
    kind, place, share = gathered(places) or ("", "", 0.0)
    assert (kind, place) == ("idle", "K")
    assert share == pytest.approx(26 / 27)
    even = places.assign(idle=[8, 9, 10])
    assert (thin_places(even), gathered(even)) == ([], None)


def test_a_block_is_ranked_by_peers_outside_it_alone() -> None:
    described, _, idle, places = _world(0.3)
    described["gap_days"] = 10.0
    blocks = np.array([f"{place} {i % 100 // 25}" for i, place in enumerate(places)], dtype=object)
    groups = np.zeros(300, np.int64)
    made = by_blocks(described, groups, pd.Series(idle), blocks)
    assert (made.blocks, made.idle_blocks, made.auc) == (12, 12, 1.0)
    assert (made.low, made.high, made.error) == (1.0, 1.0, 0.0)
    # A whole block of idle land is idle among its own; only by those outside it does it rank last.
    lying = np.where(blocks == "a 0", 0.25, 0.7) + np.linspace(0, 0.1, 300)
    bare = described.assign(peak=lying, swing=lying - 0.12, spread=lying / 3)
    alone = np.unique(blocks, return_inverse=True)[1]
    assert by_blocks(bare, alone, pd.Series(blocks == "a 0"), blocks).auc == 1.0
    assert auc(-relative(bare, alone), blocks == "a 0") < 0.9
