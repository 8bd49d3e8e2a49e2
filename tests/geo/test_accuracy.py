"""Confusion matrices turned into areas, against the worked example of the source."""

from __future__ import annotations

import pytest

from geo.accuracy import assess, share_interval


def _sample() -> tuple[list[str], list[str]]:
    """The example of Olofsson et al. 2014, table 8: forest loss, forest gain, stable forest and the rest."""
    rows = {
        "loss": {"loss": 66, "forest": 5, "other": 4},
        "gain": {"gain": 55, "forest": 8, "other": 12},
        "forest": {"loss": 1, "forest": 153, "other": 11},
        "other": {"loss": 2, "gain": 1, "forest": 9, "other": 313},
    }
    mapped = [m for m, row in rows.items() for count in row.values() for _ in range(count)]
    truth = [r for row in rows.values() for r, count in row.items() for _ in range(count)]
    return mapped, truth


AREAS = {"loss": 18_000.0, "gain": 13_500.0, "forest": 288_000.0, "other": 580_500.0}


def test_the_published_example_comes_out() -> None:
    found = assess(*_sample(), AREAS)
    assert found.overall.value == pytest.approx(0.947, abs=5e-4)
    assert found.overall.high - found.overall.value == pytest.approx(0.018, abs=1e-3)
    assert found.users["loss"].value == pytest.approx(0.88, abs=5e-3)
    assert found.producers["loss"].value == pytest.approx(0.75, abs=5e-3)
    assert found.producers["gain"].value == pytest.approx(0.85, abs=5e-3)
    assert found.areas["loss"].value == pytest.approx(21_158, rel=2e-3)
    assert found.areas["loss"].high - found.areas["loss"].value == pytest.approx(6158, rel=2e-2)


def test_the_estimated_areas_add_up_to_the_mapped_area() -> None:
    found = assess(*_sample(), AREAS)
    assert sum(one.value for one in found.areas.values()) == pytest.approx(900_000)
    assert found.shares.to_numpy().sum() == pytest.approx(1.0)


def test_a_map_class_without_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="water"):
        assess(*_sample(), {**AREAS, "water": 1.0})


def test_an_interval_of_a_share_stays_between_nothing_and_all() -> None:
    assert share_interval(0, 0) == (0.0, 1.0)
    low, high = share_interval(10, 10)
    assert low == pytest.approx(0.722, abs=1e-3)
    assert high == pytest.approx(1.0)
