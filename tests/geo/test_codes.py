"""Codes are brought to their shortest form; what is damaged is no code."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.codes import (
    canonical,
    canonical_codes,
    digits_of,
    is_within,
    level_of,
    made_code,
    padded,
    parent_of,
    township_kind,
    village_kind,
    village_of_parcel,
)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("330503101000", "330503101"),
        ("361129000000", "361129"),
        ("620525100201", "620525100201"),
        ("360000", "36"),
        ("361100", "3611"),
        (360123.0, "360123"),
        ("360123.0", "360123"),
        ("３６０１２３", "360123"),
        (" 3601 2310 1 ", "360123101"),
        ("’360123101201", "360123101201"),
        ("36012310120101", "360123101201"),
        ("3601231012010100012", "360123101201"),
        ("3601231012010000000", "360123101201"),
        ("360123101201000", "360123101201"),
    ],
)
def test_a_code_is_brought_to_its_shortest_form(written: object, code: str) -> None:
    assert canonical(written) == code


@pytest.mark.parametrize(
    "written", ["", None, float("nan"), "3.60123E+11", "36012", "abc", "012345", "36012310120", True]
)
def test_what_is_no_code_gives_none(written: object) -> None:
    assert canonical(written) is None


def test_a_number_that_a_spreadsheet_rounded_is_not_taken_for_a_code() -> None:
    assert digits_of("3.60123E+11") is None
    assert digits_of(3.60123101201e11) == "360123101201"


def test_levels_and_parents_follow_the_digits() -> None:
    assert [level_of(c) for c in ("36", "3611", "361129", "361129100", "361129100201")] == [
        "province", "prefecture", "county", "township", "village"
    ]  # fmt: skip
    assert parent_of("361129100201") == "361129100"
    assert parent_of("361129100") == "361129"
    assert parent_of("36") is None
    assert is_within("361129100201", "361129")
    assert padded("361129100") == "361129100000"


def test_the_third_group_tells_streets_towns_and_farms() -> None:
    assert [township_kind(f"361129{g}") for g in ("001", "100", "205", "401", "999")] == [
        "street", "town", "country", "enterprise", "other"
    ]  # fmt: skip
    assert [village_kind(f"361129100{g}") for g in ("001", "201", "498")] == ["community", "village", "other"]


def test_a_parcels_code_tells_its_village() -> None:
    assert village_of_parcel("3601231012010100012") == "360123101201"
    assert village_of_parcel("36012310120101") is None


def test_a_column_keeps_its_index_and_its_gaps() -> None:
    made = canonical_codes(pd.Series(["330503101000", None, "x"], index=[5, 6, 7]))
    assert made.index.tolist() == [5, 6, 7]
    assert made.tolist() == ["330503101", None, None]


@given(st.sets(st.text("甲乙丙丁子丑寅卯东西", min_size=1, max_size=4), min_size=1, max_size=40))
def test_made_codes_are_distinct_and_lie_where_official_ones_do_not(names: set[str]) -> None:
    taken: set[str] = set()
    for name in sorted(names):
        code = made_code("361129", name, 9, taken)
        assert len(code) == 9
        assert code.startswith("361129")
        assert code[6] in "6789"
        assert code not in taken
        taken.add(code)


def test_a_made_code_stays_the_same_when_other_units_come() -> None:
    assert made_code("361129", "陈营镇", 9) == made_code("361129", "陈营镇", 9, {"361129601"})


@pytest.mark.real_data
def test_every_village_of_a_real_county_is_a_child_of_its_township(real_data: Path) -> None:
    tree = json.loads((real_data / "sandiao_mock" / "analysis.region.data.json").read_text(encoding="utf-8"))
    pairs = {
        (town["regioncode"], village["regioncode"])
        for county in tree
        for town in county["orgNames"]
        for village in town.get("villages") or []
    }
    assert len(pairs) == 272
    children = {village for town, village in pairs if parent_of(str(canonical(village))) == town}
    # Two pastures are township and village in one: the village's code is the township's with zeros behind.
    assert {village for _, village in pairs} - children == {"620525302000", "620525303000"}
    assert canonical("620525302000") == "620525302"
