"""Dated events of one parcel in a season."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from geo.season_events import season_events
from geo.seasons import Season

YEAR = Season("2024-autumn", "autumn", date(2024, 4, 1), date(2024, 10, 31), date(2024, 6, 1), date(2024, 10, 1))
DAYS = [date(2024, 4, 1) + timedelta(days=20 * i) for i in range(11)]
RICE = np.array([0.30, 0.18, 0.15, 0.30, 0.60, 0.80, 0.75, 0.50, 0.25, 0.20, 0.35])


def kinds(**bands: np.ndarray) -> dict[str, date]:
    return {one.kind: one.day for one in season_events(DAYS, RICE, YEAR, **bands)}


def test_a_crop_greens_up_peaks_is_harvested_and_grows_again() -> None:
    assert kinds() == {
        "bare": DAYS[1],
        "green_up": DAYS[4],
        "peak": DAYS[5],
        "harvest": DAYS[7],
        "regrowth": DAYS[10],
    }


def test_water_and_soil_are_dated_by_their_bands() -> None:
    wet = np.where(np.arange(11) == 2, 0.3, -0.3)
    soil = np.where(np.arange(11) == 9, 0.2, -0.3)
    found = kinds(lswi=wet, bsi=soil)
    assert (found["flooded"], found["bare"]) == (DAYS[2], DAYS[9])


def test_bare_ground_has_no_growth_and_an_unseen_parcel_nothing_at_all() -> None:
    flat = season_events(DAYS, np.full(11, 0.15), YEAR)
    assert [one.kind for one in flat] == ["bare"]
    assert season_events(DAYS, np.full(11, np.nan), YEAR) == []
