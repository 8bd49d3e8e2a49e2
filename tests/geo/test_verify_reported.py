"""Parcels are judged by what was reported of them: from when, until when, for which season; and what follows."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from geo.seasons import Season
from geo.verify_reported import ALWAYS, STANDINGS, Reported, against_report, reported_rows
from geo.verify_tasks import tasks_of


def season(year: int, window: str) -> Season:
    start, end = ("10-15", "05-31") if window == "spring" else ("04-01", "10-31")
    first = year - 1 if window == "spring" else year
    days = [date.fromisoformat(text) for text in (f"{first}-{start}", f"{year}-{end}")]
    return Season(f"{year}-{window}", window, *days, *days)


SPRING, AUTUMN = season(2024, "spring"), season(2024, "autumn")


def held(
    verdicts: dict[str, str],
    *,
    since: str = "2022-09-01",
    until: str = "NaT",
    declared: object = None,
) -> tuple[pd.DataFrame, list[Season]]:
    """The verdicts of one parcel held against its report, and the seasons; verdicts by season's id."""
    seasons = [season(int(name[:4]), name[5:]) for name in verdicts]
    rows = pd.DataFrame(
        {"id": "P", "season": list(verdicts), "verdict": list(verdicts.values()), "reason": "bare"}
    )
    days = (np.array([one], dtype="datetime64[s]") for one in (since, until))
    return against_report(rows, seasons, Reported(*days, [declared])), seasons


BOTH = {"2024-spring": "contradicted", "2024-autumn": "contradicted"}


@pytest.mark.parametrize(
    ("report", "standing"),
    [
        ({}, ["reported", "reported"]),
        ({"since": "2024-02-01"}, ["not_yet", "reported"]),
        ({"since": "NaT"}, ["not_yet", "not_yet"]),
        ({"since": str(ALWAYS)}, ["reported", "reported"]),
        ({"until": "2024-06-30"}, ["reported", "ended"]),
        ({"declared": "autumn"}, ["not_declared", "reported"]),
        ({"declared": "全年"}, ["reported", "reported"]),
    ],
)
def test_only_seasons_throughout_which_a_parcel_was_reported_in_use_are_judged(
    report: dict[str, str], standing: list[str]
) -> None:
    made, _ = held(BOTH, **report)
    assert made["standing"].tolist() == standing
    assert set(standing) <= set(STANDINGS)
    assert reported_rows(made).tolist() == [one == "reported" for one in standing]
    assert made["verdict"].tolist() == ["contradicted"] * 2


def test_land_cropped_once_a_year_answers_for_its_other_season_unless_it_declares_one() -> None:
    seen = {"2024-spring": "inconclusive", "2024-autumn": "confirmed"}
    made, _ = held(seen)
    assert made["verdict"].tolist() == ["confirmed", "confirmed"]
    assert made["reason"].tolist() == ["other_season", "bare"]
    made, _ = held(seen, declared="spring")
    assert made["verdict"].tolist() == ["inconclusive", "confirmed"]


def tasks(verdicts: dict[str, str], **report: str) -> list[tuple[str, int]]:
    made = tasks_of(*held(verdicts, **report))
    return [(row["task"], row["times"]) for row in made.to_dict("records")]


def test_contradicted_once_asks_for_a_visit_and_twice_running_for_a_review() -> None:
    assert tasks(BOTH | {"2024-spring": "inconclusive"}) == [("look_back", 1)]
    assert tasks(BOTH) == [("review", 2)]
    assert tasks(BOTH | {"2024-autumn": "not_observable"}) == [("look_back", 1)]
    assert tasks(BOTH | {"2024-autumn": "confirmed"}) == []


def test_only_seasons_after_acceptance_and_of_the_declared_crop_count() -> None:
    assert tasks(BOTH, since="2024-02-01") == [("look_back", 1)]
    assert tasks(BOTH, since="NaT") == []
    assert tasks(BOTH | {"2024-spring": "confirmed"}) == []
    assert tasks(BOTH | {"2024-spring": "confirmed"}, declared="autumn") == [("look_back", 1)]
    assert tasks(BOTH | {"2024-autumn": "inconclusive"}, declared="autumn") == []


def test_a_season_that_decides_nothing_neither_counts_nor_breaks_a_run_of_a_year() -> None:
    autumns = {"2023-autumn": "contradicted", "2024-spring": "inconclusive", "2024-autumn": "contradicted"}
    assert tasks(autumns) == [("review", 2)]
    assert tasks(autumns | {"2024-spring": "not_observable"}, declared="autumn") == [("review", 2)]
    assert tasks(autumns | {"2024-spring": "confirmed"}, declared="autumn") == [("review", 2)]
    apart = {"2022-autumn": "contradicted", "2023-autumn": "inconclusive", "2024-autumn": "contradicted"}
    assert tasks(apart, since="2021-09-01") == [("look_back", 1)]


def test_nothing_is_held_against_a_contract_in_a_season_after_its_end() -> None:
    made = tasks_of(*held(BOTH, until="2024-06-30"))
    assert made[["season", "times"]].to_dict("records") == [{"season": SPRING.id, "times": 1}]


def test_parcels_that_are_not_watched_get_no_task() -> None:
    verdicts, seasons = held(BOTH)
    assert tasks_of(verdicts, seasons, np.array([False])).empty
    assert AUTUMN.id in {one.id for one in seasons}
