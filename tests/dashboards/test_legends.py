"""Legends: as many classes as the values ask for, zero and missing values apart, colours told apart by anyone."""

from __future__ import annotations

import itertools
import math

import pytest

from dashboards.legends import NO_DATA, RAMPS, ZERO, is_dark, thing_colour, thing_legend, value_legend
from geo.layers import builtin_layers

ABANDONED = builtin_layers()["abandoned_parcel"]
RATE = ABANDONED.indicator("remediated_rate")
AREA = ABANDONED.indicator("remediated_mu")


def lightness(colour: str) -> float:
    """Relative luminance of WCAG 2.1."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("ramp", RAMPS.values(), ids=list(RAMPS))
def test_every_ramp_darkens_by_a_visible_step(ramp: tuple[str, ...]) -> None:
    steps = [(lightness(a) + 0.05) / (lightness(b) + 0.05) for a, b in itertools.pairwise(ramp)]
    assert min(steps) > 1.3


def test_each_value_has_exactly_one_class() -> None:
    values = [12.0, 18.5, 40.0, 41.0, 77.7, 95.0, 99.0]
    legend = value_legend(values, RATE, "zh")
    for value in values:
        assert sum(one.lower <= value < one.upper for one in legend.entries) == 1


def test_zero_is_a_class_of_its_own_and_missing_values_stand_last() -> None:
    legend = value_legend([0.0, 0.0, 3.5, 8.0, math.nan], AREA, "zh")
    assert legend.colour(0.0) == ZERO
    assert legend.entries[0].label == "0"
    assert legend.entries[-1].label == "无数据"
    assert legend.colour(math.nan) == NO_DATA
    assert legend.colour(None) == NO_DATA


def test_one_value_everywhere_is_one_class_named_by_it() -> None:
    legend = value_legend([5.0, 5.0, 5.0], AREA, "en")
    assert [one.label for one in legend.entries] == ["5.00"]


def test_nothing_known_leaves_only_missing() -> None:
    assert [one.colour for one in value_legend([math.nan], AREA, "en").entries] == [NO_DATA]
    assert value_legend([], AREA, "en").entries == ()


def test_a_better_higher_figure_is_not_painted_like_a_better_lower_one() -> None:
    values = [1.0, 2.0, 30.0, 40.0]
    high = value_legend(values, AREA, "zh")
    low = value_legend(values, ABANDONED.indicator("overdue"), "zh")
    assert {one.colour for one in high.entries}.isdisjoint(one.colour for one in low.entries)


def test_stages_stand_in_the_order_of_their_life_and_only_those_present() -> None:
    legend = thing_legend(ABANDONED, ["in_use", "found", None], "zh")
    assert [one.label for one in legend.entries] == ["发现", "已种植", "未填阶段"]
    assert thing_colour(ABANDONED, "found") == legend.entries[0].colour


def test_a_layer_without_stages_has_one_colour() -> None:
    legend = thing_legend(builtin_layers()["permanent_farmland"], [], "en")
    assert len(legend.entries) == 1


def test_white_text_is_asked_for_on_dark_only() -> None:
    assert is_dark("#256f91")
    assert not is_dark("#f4f4f0")
