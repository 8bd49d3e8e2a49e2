"""Where things stand and whose turn it is, by the lifecycles that ship with the program."""

from __future__ import annotations

import pandas as pd

from geo.layers import builtin_layers
from geo.standing import STANDINGS, by_area, standing, waits_for_county

PARCEL = builtin_layers()["abandoned_parcel"]
POINT = builtin_layers()["inspection_point"]


def things(*rows: tuple[str, str, bool]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=["stage", "kind", "overdue"])


def test_a_stage_waits_for_the_county_where_no_township_may_take_it_on() -> None:
    assert waits_for_county(PARCEL) == {"verified", "remediated", "re_abandoned"}
    assert waits_for_county(POINT) == {"rectified"}


def test_a_layer_without_stages_waits_for_nobody() -> None:
    assert waits_for_county(builtin_layers()["contract_parcel"]) == frozenset()


def test_every_thing_stands_in_one_place_and_void_ones_nowhere() -> None:
    found = standing(
        things(
            ("accepted", "done", False),
            ("remediating", "in_progress", False),
            ("remediated", "in_progress", False),
            ("assigned", "open", False),
            ("remediated", "in_progress", True),
            ("assigned", "open", True),
            ("rejected", "void", False),
        ),
        PARCEL,
    )
    assert found.dropna().tolist() == list(STANDINGS)
    assert pd.isna(found.iloc[-1])


def test_the_late_ones_are_those_that_an_overdue_figure_counts() -> None:
    some = things(("found", "open", True), ("verified", "open", True), ("in_use", "done", False))
    found = standing(some, PARCEL)
    assert found.isin(["late", "late_county"]).sum() == some["overdue"].sum()


def test_counts_by_area_take_in_what_lies_below_and_keep_empty_areas() -> None:
    found = by_area(
        pd.Series(["late", "done", "done", None], dtype="str"),
        pd.Series(["990101100201", "990101100", "990101101", "990101100201"], dtype="str"),
        ["990101100", "990101101", "990101102"],
    )
    assert list(found.columns) == list(STANDINGS)
    assert found.loc["990101100", ["done", "late"]].tolist() == [1, 1]
    assert found.loc["990101101", "done"] == 1
    assert found.loc["990101102"].sum() == 0
