"""What counts as abandoned: nothing but the rule decides, and every parcel left out has one reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from geo.abandonment import AbandonmentRule, counted, idle_seasons, read_rule
from geo.errors import Refused
from geo.seasons import read_windows

WINDOWS = read_windows({})
TODAY = date(2026, 12, 31)
RULE = AbandonmentRule()


def parcels(**columns: list[object]) -> pd.DataFrame:
    """Parcels of 1 亩 found on 2025-01-01, unless the columns say otherwise."""
    count = len(next(iter(columns.values())))
    usual: dict[str, object] = {
        "kind": "open",
        "found_on": pd.Timestamp(2025, 1, 1),
        "planted_on": pd.NaT,
        "mode": "owner",
        "reported_mu": 1.0,
        "measured_mm2": 666_666_667,
        "redline_conflict": False,
        "farmland_conflict": False,
    }
    made = pd.DataFrame({name: columns.get(name, [value] * count) for name, value in usual.items()})
    for name in ("found_on", "planted_on"):
        made[name] = pd.to_datetime(made[name])
    return made


def reasons(things: pd.DataFrame, rule: AbandonmentRule) -> list[str]:
    return list(counted(things, rule, WINDOWS, TODAY)["reason"])


def test_under_its_own_rule_everything_in_the_register_counts_but_what_was_rejected() -> None:
    things = parcels(kind=["open", "done", "in_progress", "void"], planted_on=[None, "2025-01-02", None, None])
    assert reasons(things, RULE) == ["", "", "", "rejected"]


def test_a_stricter_rule_asks_for_further_seasons_between_finding_and_planting() -> None:
    things = parcels(planted_on=["2025-02-01", "2025-11-30", None], found_on=["2025-01-01"] * 3)
    assert list(idle_seasons(things, WINDOWS, TODAY)) == [0.0, 1.0, 3.0]
    rule = replace(RULE, idle_seasons=3)
    assert reasons(things, rule) == ["idle_too_short", "", ""]
    assert reasons(things, replace(RULE, idle_seasons=6)) == ["idle_too_short"] * 3


def test_a_looser_rule_counts_no_more_than_the_register_holds() -> None:
    things = parcels(planted_on=["2025-01-02", None])
    assert reasons(things, replace(RULE, idle_seasons=1)) == ["", ""]


def test_a_parcel_planted_after_the_day_asked_about_still_lies_idle_on_it() -> None:
    things = parcels(planted_on=["2027-05-01"])
    assert idle_seasons(things, WINDOWS, TODAY)[0] == 3.0


def test_parcels_without_a_day_of_finding_count_as_the_rule_says() -> None:
    things = parcels(found_on=[None])
    assert np.isnan(idle_seasons(things, WINDOWS, TODAY)[0])
    assert reasons(things, replace(RULE, idle_seasons=3)) == [""]
    assert reasons(things, replace(RULE, idle_seasons=3, undated=False)) == ["undated"]
    assert reasons(things, replace(RULE, undated=False)) == [""]


def test_smaller_parcels_and_excluded_modes_and_places_are_left_out_for_the_first_reason_that_fits() -> None:
    things = parcels(
        reported_mu=[0.49, 0.5, 2.0, 2.0],
        mode=["owner", "owner", "orchard", "owner"],
        redline_conflict=[False, False, True, True],
    )
    rule = replace(RULE, minimum_mu=0.5, exclude_modes=("orchard",), exclude_places=("redline_conflict",))
    assert reasons(things, rule) == ["too_small", "", "excluded_mode", "excluded_place"]


def test_the_area_is_that_of_the_basis_and_the_other_where_it_is_blank() -> None:
    things = parcels(reported_mu=[2.0, None, 2.0], measured_mm2=[666_666_667, 666_666_667, 0])
    assert list(counted(things, RULE, WINDOWS, TODAY)["micro"]) == [2_000_000, 1_000_000, 2_000_000]
    measured = counted(things, replace(RULE, basis="measured"), WINDOWS, TODAY)
    assert list(measured["micro"]) == [1_000_000, 1_000_000, 2_000_000]


def test_a_county_sets_its_rule_and_what_it_leaves_out_is_the_programs() -> None:
    rule = read_rule({"version": "县-2", "idle_seasons": 4, "exclude_modes": ["orchard"]})
    assert (rule.version, rule.idle_seasons, rule.idle_when_found) == ("县-2", 4, 4)
    assert rule.exclude_modes == ("orchard",)
    assert read_rule({}) == RULE


@pytest.mark.parametrize(
    "entries",
    [{"idle_years": 2}, {"idle_seasons": "two"}, {"idle_seasons": True}, {"minimum_mu": -1}, {"basis": "guessed"},
     {"exclude_places": ["forest"]}, {"confirmed": 1}, {"exclude_modes": "orchard"}],
)  # fmt: skip
def test_what_a_rule_cannot_be_is_refused_by_name(entries: dict[str, object]) -> None:
    with pytest.raises(Refused) as refused:
        read_rule(entries)
    assert refused.value.code == "abandonment_rule_wrong"
    assert refused.value.params["name"] in entries
