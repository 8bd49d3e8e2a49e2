"""Standing water and worked soil, told from wetness and bareness."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd

from geo.season_signs import signs
from geo.seasons import Season
from geo.verdicts import Facts, Rule, judge, sentence
from tests.geo.test_verdicts import BARE, GROWN

YEAR = Season("2024-autumn", "autumn", date(2024, 4, 1), date(2024, 10, 31), date(2024, 6, 1), date(2024, 10, 1))
DAYS = [date(2024, 4, 10) + timedelta(days=30 * i) for i in range(5)]
RICE = np.array([[0.20, 0.10, 0.50, 0.80, 0.40]])


def described(row: dict[str, float]) -> pd.DataFrame:
    return pd.DataFrame([{"rise": 0.1, "drop": 0.1, "lowest": 0.1, "cycles": 0, **row}])


def test_paddy_is_flooded_before_it_is_green_and_says_so() -> None:
    made = signs(RICE, np.array([[-0.1, 0.2, 0.3, 0.4, 0.1]]), None, DAYS, YEAR, tilled_bsi=0.1)
    assert made.iloc[0].to_dict() == {"flooded": 1.0, "tilled": 0.0, "worked": 1.0}


def test_bare_soil_after_the_harvest_is_seen_but_is_no_work_for_this_growth() -> None:
    bare = np.array([[0.0, 0.0, -0.2, -0.4, 0.2]])
    made = signs(RICE, None, bare, DAYS, YEAR, tilled_bsi=0.1)
    assert made.iloc[0].to_dict() == {"flooded": 0.0, "tilled": 1.0, "worked": 0.0}


def test_without_the_bands_nothing_is_claimed_of_water_or_soil() -> None:
    assert signs(RICE, None, None, DAYS, YEAR, tilled_bsi=0.1).isna().all(axis=None)
    unseen = np.full((1, 5), np.nan)
    assert signs(RICE, unseen, unseen, DAYS, YEAR, tilled_bsi=0.1).isna().all(axis=None)


def test_soil_worked_before_green_stands_for_a_green_up_that_fell_between_two_dates() -> None:
    slow = {**GROWN, "rise": 0.15, "drop": 0.15}
    rows = [slow, {**slow, "worked": 0.0, "flooded": 0.0}, {**slow, "worked": 1.0, "flooded": 2.0}]
    verdicts = [judge(described(row), np.zeros(1), Facts(), Rule())["verdict"].iloc[0] for row in rows]
    assert verdicts == ["inconclusive", "inconclusive", "confirmed"]


def test_land_under_water_most_of_the_time_is_not_called_idle() -> None:
    wet = {**BARE, "flooded": BARE["clear"] / 2, "tilled": 0.0, "worked": 0.0}
    made = judge(described(wet), np.array([-3.0]), Facts(), Rule()).iloc[0]
    assert (made["verdict"], made["reason"]) == ("inconclusive", "under_water")
    dry = {**BARE, "flooded": 1.0, "tilled": 3.0, "worked": 0.0}
    made = judge(described(dry), np.array([-3.0]), Facts(), Rule()).iloc[0]
    assert (made["verdict"], made["reason"]) == ("contradicted", "bare")
    assert "见裸土" in sentence(made, Rule(), season="2024")
