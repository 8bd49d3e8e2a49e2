"""Verdicts against simulated seasons whose truth is known, and the page that says how far they hold."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import pytest

from geo.season_truth import Spoiling, autumn, dates, lattice, make, score_card, verdicts
from geo.verdicts import Rule
from pipelines.verify_accuracy import COLUMNS, one_cell

CLEAN = Spoiling(cloud=0.0, missed=0.0, haze=0.0, shift_pixels=0.0, noise=0.0)


def test_on_clean_pictures_of_large_parcels_no_verdict_is_wrong() -> None:
    rng = np.random.default_rng(1)
    world = make(10.0, 200, dates(18, rng, autumn()), rng, CLEAN)
    card = score_card(verdicts(world, Rule(), autumn()))
    assert card["right"] == 1.0
    assert card["idle_confirmed"] == 0.0
    assert card["unseen"] == 0.0
    assert card["contradicted_found"] > 0.6


def test_parcels_smaller_than_four_pixels_are_never_judged() -> None:
    rng = np.random.default_rng(1)
    world = make(0.3, 200, dates(12, rng, autumn()), rng, CLEAN)
    assert score_card(verdicts(world, Rule(), autumn()))["unseen"] == 1.0


def test_what_is_not_declared_as_cropped_is_not_called_overgrown() -> None:
    rng = np.random.default_rng(1)
    world = make(10.0, 200, dates(18, rng, autumn()), rng, CLEAN)
    made = verdicts(world, Rule(), autumn(), declared=False)
    assert "overgrown" not in set(made["reason"])


def test_the_same_seed_makes_the_same_world() -> None:
    worlds = []
    for _ in range(2):
        rng = np.random.default_rng(7)
        worlds.append(make(2.0, 60, dates(6, rng, autumn()), rng, Spoiling()))
    assert np.array_equal(worlds[0].pictures, worlds[1].pictures, equal_nan=True)
    assert worlds[0].use.tolist() == worlds[1].use.tolist()


def test_parcels_of_a_lattice_share_borders_and_have_the_size_asked_for() -> None:
    shapes = lattice(3.0, 100, np.random.default_rng(2))
    assert len(shapes) == 100
    assert np.mean([shape.area for shape in shapes]) == pytest.approx(2000, rel=0.05)


def test_the_page_of_accuracy_says_what_the_program_gives() -> None:
    page = files("geo").joinpath("catalog", "verify_accuracy.md").read_text(encoding="utf-8")
    assert f"规则 {Rule().version}" in page
    made = one_cell(3.0, 12, Spoiling(), Rule())
    shown = ["—" if made[name] != made[name] else f"{made[name]:.0%}" for name in COLUMNS]
    assert "| 3 | 12 | " + " | ".join(shown) + " |" in page
