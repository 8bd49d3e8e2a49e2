"""What a season of index values tells, on curves drawn by hand."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from geo.errors import Refused
from geo.seasons import (
    Season,
    describe,
    peer_groups,
    peer_rank,
    read_windows,
    relative,
    seasons_between,
    whole_year,
)

YEAR = Season("2023-autumn", "autumn", date(2023, 4, 1), date(2023, 10, 31), date(2023, 6, 1), date(2023, 10, 1))
DAYS = [date(2023, 4, 1) + timedelta(days=10 * i) for i in range(22)]


def curve(*corners: tuple[int, float]) -> np.ndarray:
    """One parcel's values on DAYS, straight between (position, value) corners."""
    at, value = zip(*corners, strict=True)
    return np.interp(np.arange(len(DAYS)), at, value)[None, :]


CROP = curve((0, 0.15), (5, 0.15), (10, 0.8), (14, 0.8), (17, 0.2), (21, 0.2))
BARE = curve((0, 0.12), (10, 0.18), (21, 0.12))
DOUBLE = curve((0, 0.2), (4, 0.75), (8, 0.2), (14, 0.8), (18, 0.2), (21, 0.2))


def test_a_crop_shows_one_growth_its_peak_and_its_harvest() -> None:
    one = describe(CROP, DAYS, YEAR).iloc[0]
    assert one["cycles"] == 1
    assert one["highest"] == pytest.approx(0.8)
    assert one["rise"] > 0.5
    assert one["drop"] == pytest.approx(0.6)
    assert one["peak_day"] == date(2023, 7, 10).toordinal()


def test_two_crops_are_two_growths_and_bare_soil_is_none() -> None:
    assert describe(DOUBLE, DAYS, YEAR)["cycles"].iloc[0] == 2
    bare = describe(BARE, DAYS, YEAR).iloc[0]
    assert bare["cycles"] == 0
    assert bare["swing"] < 0.07


def test_a_single_hazy_date_leaves_no_trace_but_in_the_plain_highest_value() -> None:
    spoiled = BARE.copy()
    spoiled[0, 8] = 0.9
    clean, found = describe(BARE, DAYS, YEAR).iloc[0], describe(spoiled, DAYS, YEAR).iloc[0]
    assert found["highest"] == 0.9
    assert found["peak"] == pytest.approx(clean["peak"], abs=0.01)


def test_the_gap_is_counted_in_the_key_part_only() -> None:
    holed = CROP.copy()
    holed[0, 0:6] = np.nan
    assert describe(holed, DAYS, YEAR)["gap_days"].iloc[0] == 10
    holed[0, 8:14] = np.nan
    assert describe(holed, DAYS, YEAR)["gap_days"].iloc[0] == 70


def test_a_parcel_never_seen_has_no_values_and_the_whole_key_part_as_gap() -> None:
    one = describe(np.full((1, len(DAYS)), np.nan), DAYS, YEAR).iloc[0]
    assert one["clear"] == 0
    assert one["gap_days"] == (YEAR.key_end - YEAR.key_start).days
    assert np.isnan(one["peak"])


def test_days_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="ascend"):
        describe(CROP, DAYS[::-1], YEAR)


def test_the_default_windows_run_from_sowing_to_harvest_across_the_new_year() -> None:
    found = seasons_between(read_windows({}), date(2022, 10, 1), date(2023, 12, 31))
    assert [one.id for one in found] == ["2023-spring", "2023-autumn"]
    assert (found[0].start, found[0].end) == (date(2022, 10, 15), date(2023, 5, 31))


def test_a_county_may_set_its_key_parts() -> None:
    (window,) = read_windows({"autumn": ["04-01", "10-31", "06-15", "09-15"]})
    (season,) = seasons_between([window], date(2023, 1, 1), date(2023, 12, 31))
    assert (season.key_start, season.key_end) == (date(2023, 6, 15), date(2023, 9, 15))


@pytest.mark.parametrize("entry", [["13-01", "10-31"], ["04-01"], "autumn", [4, 10]])
def test_a_window_that_cannot_be_read_is_refused_by_name(entry: object) -> None:
    with pytest.raises(Refused, match="autumn"):
        read_windows({"autumn": entry})


def test_a_season_seen_for_less_than_half_of_its_key_part_is_not_judged() -> None:
    assert seasons_between(read_windows({}), date(2023, 9, 1), date(2023, 12, 31)) == []


def test_the_key_part_of_a_year_spans_that_of_its_seasons() -> None:
    year = whole_year(read_windows({}), date(2023, 1, 1), date(2023, 12, 31))
    assert (year.key_start, year.key_end) == (date(2023, 1, 1), date(2023, 10, 20))


def test_peers_are_the_finest_group_that_is_large_enough() -> None:
    village = ["a"] * 40 + ["b"] * 5 + ["c"] * 5
    township = ["t"] * 45 + ["u"] * 5
    groups = peer_groups(village, township)
    assert len(set(groups[:40])) == 1
    assert groups[40] != groups[0]
    assert groups[40] == groups[44]
    assert groups[49] not in (groups[0], groups[44])


def test_a_bare_parcel_stands_far_below_its_cropped_peers() -> None:
    shake = np.random.default_rng(3).normal(0, 0.02, (40, len(DAYS)))
    described = describe(np.vstack([np.repeat(CROP, 40, axis=0) + shake, BARE]), DAYS, YEAR)
    groups = peer_groups(["v"] * 41)
    score = relative(described, groups)
    assert score[-1] < -3
    assert abs(np.median(score[:40])) < 0.2
    assert peer_rank(score, groups)[-1] == pytest.approx(1 / 41)


def test_a_low_score_shrinks_when_little_of_the_key_part_was_seen() -> None:
    blind = BARE.copy()
    blind[0, 7:20] = np.nan
    described = describe(np.vstack([np.repeat(CROP, 40, axis=0), BARE, blind]), DAYS, YEAR)
    score = relative(described, peer_groups(["v"] * 42))
    assert score[-2] < score[-1] < 0


def test_a_parcel_is_held_against_its_peers_and_not_against_those_that_are_none() -> None:
    bare, green = np.full(80, 0.05), np.full(40, 0.6) + np.linspace(-0.05, 0.05, 40)
    level = np.concatenate([bare, green])
    table = pd.DataFrame(dict.fromkeys(("swing", "spread", "peak"), level)).assign(gap_days=16.0)
    groups, among = np.zeros(120, int), np.arange(120) >= 80
    assert relative(table, groups)[79] == 0
    assert relative(table, groups, among=among)[79] < -3
    assert relative(table, groups, among=np.arange(120) >= 100)[79] == 0
    assert relative(table, groups + (np.arange(120) == 79), among=among)[79] < -3
