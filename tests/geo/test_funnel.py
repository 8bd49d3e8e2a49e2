"""Limits of a funnel: what chance alone would do to a township with few cases, and with many."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from geo.funnel import curve, funnel, limits


def test_many_cases_have_the_limits_of_the_normal_distribution() -> None:
    low, high = limits([100_000], 0.8, 0.95)
    spread = norm.ppf(0.975) * np.sqrt(0.8 * 0.2 / 100_000)
    assert low[0] == pytest.approx(0.8 - spread, abs=2e-5)
    assert high[0] == pytest.approx(0.8 + spread, abs=2e-5)


def test_limits_of_ten_cases_are_those_worked_out_by_hand() -> None:
    # P(X <= 1) = 11/1024 = 0.011 and P(X <= 2) = 56/1024 = 0.055: one of ten lies below, two do not.
    low, high = limits([10], 0.5, 0.95)
    assert (low[0], high[0]) == (0.2, 0.8)


@pytest.mark.parametrize("mean", [0.5, 0.78, 0.97])
@pytest.mark.parametrize("level", [0.95, 0.998])
def test_chance_alone_puts_no_more_outside_than_the_level_says(mean: float, level: float) -> None:
    from scipy.stats import binom

    base = np.arange(1, 200)
    low, high = limits(base, mean, level)
    assert (binom.cdf(np.round(low * base) - 1, base, mean) <= (1 - level) / 2).all()
    assert (binom.sf(np.round(high * base), base, mean) <= (1 - level) / 2 + 1e-12).all()


def test_one_of_one_is_nothing_outstanding() -> None:
    assert funnel([1, 77], [1, 100])["position"].tolist() == ["within", "within"]


def test_two_of_three_says_nothing_and_two_hundred_of_three_hundred_does() -> None:
    found = funnel([900, 2, 200], [1000, 3, 300])
    assert found["position"].tolist()[1:] == ["within", "far_below"]
    assert found["mean"][0] == pytest.approx(1102 / 1303)


def test_a_unit_without_cases_has_no_position() -> None:
    found = funnel([0, 5], [0, 10])
    assert found["position"].tolist() == [None, "within"]
    assert np.isnan(found["share"][0])


def test_a_county_where_all_are_in_time_has_nobody_outside() -> None:
    found = funnel([10, 20], [10, 20])
    assert found["position"].tolist() == ["within", "within"]
    assert found["lower_95"].tolist() == [1.0, 1.0]


def test_no_cases_at_all_give_no_mean() -> None:
    found = funnel([0, 0], [0, 0])
    assert found["mean"].isna().all()
    assert found["position"].tolist() == [None, None]


def test_the_curve_narrows_as_cases_grow_and_the_outer_limits_lie_outside() -> None:
    drawn = curve(0.8, 500)
    assert drawn["base"].iloc[0] == 1
    assert drawn["base"].iloc[-1] == 500
    width = (drawn["upper_998"] - drawn["lower_998"]).to_numpy()
    assert width[-1] < width[10] / 3
    assert (drawn["lower_998"] <= drawn["lower_95"] + 1e-12).all()
    assert (drawn["upper_998"] >= drawn["upper_95"] - 1e-12).all()


def test_more_cases_than_the_base_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="more cases"):
        funnel([3], [2])
