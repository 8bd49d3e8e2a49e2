"""Rules of rows and layers, on tables small enough to check by hand."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from geo.check import check_ids, check_rows, digest_rows, overlap_issues, tally_codes, unknown_rules
from geo.issues import Issue, worst
from geo.layers import Rule, builtin_layers

PARCEL = builtin_layers()["abandoned_parcel"]
TRANSFER = builtin_layers()["land_transfer"]
MU_M2 = 2000 / 3


def rows(**columns: list[object]) -> pd.DataFrame:
    frame = pd.DataFrame(columns)
    frame.index = pd.RangeIndex(4, 4 + len(frame), name="row")
    return frame


def days(*texts: str | None) -> list[object]:
    return list(pd.to_datetime(pd.Series(texts)).dt.as_unit("s"))


def test_a_reported_area_is_at_fault_only_beyond_both_tolerances() -> None:
    # 5 % of 10 亩 is 0.5 亩; of 0.4 亩 it is 0.02, but 0.05 亩 is always allowed.
    frame = rows(
        reported_mu=[10.4, 10.6, 0.44, 0.46, np.nan], area_m2=[10 * MU_M2, 10 * MU_M2, *[0.4 * MU_M2] * 3]
    )
    found = check_rows(frame, PARCEL)
    assert [(i.code, i.row) for i in found] == [("area_disagrees", 5), ("area_disagrees", 7)]
    assert found[0].params == {"reported_mu": 10.6, "measured_mu": 10.0, "percent": 6.0}


def test_dates_are_compared_with_the_last_one_that_is_filled_in() -> None:
    frame = rows(
        found_on=days("2023-03-01", "2023-03-01", "2023-03-01"),
        verified_on=days(None, "2023-03-05", None),
        accepted_on=days("2023-02-01", "2023-03-04", "2023-03-01"),
    )
    found = [i for i in check_rows(frame, PARCEL) if i.code == "date_order"]
    assert [(i.row, i.field, i.params["first_date"]) for i in found] == [
        (4, "accepted_on", "2023-03-01"),
        (5, "accepted_on", "2023-03-05"),
    ]
    assert "验收日期 2023-02-01 早于发现日期 2023-03-01" in found[0].words("zh")


def test_what_has_happened_cannot_have_happened_tomorrow() -> None:
    frame = rows(found_on=days("2024-06-01", "2024-06-02", None))
    found = check_rows(frame, PARCEL, today=date(2024, 6, 1))
    assert [(i.code, i.row, i.field) for i in found] == [("date_in_future", 5, "found_on")]
    assert check_rows(frame, PARCEL) == []


def test_the_first_row_of_an_id_stands_and_an_equal_one_is_only_counted_once() -> None:
    frame = rows(id=["a", "b", "a", "b"], crop=["稻", "麦", "稻", "油菜"])
    seen: dict[str, tuple[int, int]] = {}
    ids, found = check_ids(frame, PARCEL, seen, digest_rows(frame))
    assert ids == ["a", "b", "a", "b"]
    assert [(i.code, i.row, i.params["first_row"]) for i in found] == [
        ("row_repeated", 6, 4),
        ("id_duplicate", 7, 5),
    ]
    assert worst(found) == {7}


def test_ids_are_remembered_from_batch_to_batch() -> None:
    seen: dict[str, tuple[int, int]] = {}
    first = rows(id=["a"], crop=["稻"])
    check_ids(first, PARCEL, seen, digest_rows(first))
    later = first.set_axis(pd.Index([90], name="row"))
    assert [i.code for i in check_ids(later, PARCEL, seen, digest_rows(later))[1]] == ["row_repeated"]


def test_one_contract_over_several_parcels_keeps_every_parcel() -> None:
    frame = rows(id=["H1", "H1", "H1"], contract_parcel_id=["d1", "d2", "d2"], price=[1.0, 1.0, 2.0])
    ids, found = check_ids(frame, TRANSFER, {}, digest_rows(frame))
    assert ids[:2] == ["H1", "H1/d2"]
    assert [(i.code, i.row) for i in found] == [("id_duplicate", 6)]


def test_an_overlap_is_named_at_the_later_row_with_the_other_row() -> None:
    rule = Rule("no_overlap", "overlaps_neighbour", {"tolerance_m2": 1.0, "tolerance_percent": 1.0})
    pairs = pd.DataFrame({"left": [0, 0], "right": [1, 2], "m2": [50.0, 5.0]})
    rows_, ids = np.array([4, 5, 6]), np.array(["a", "b", "c"], dtype=object)
    found = overlap_issues(pairs, rows_, ids, np.array([600.0, 600.0, 600.0]), rule)
    assert [(i.row, i.params) for i in found] == [(5, {"other_row": 4, "other_id": "a", "m2": 50.0})]


def test_findings_are_counted_by_code() -> None:
    assert tally_codes([Issue("sliver"), Issue("spike"), Issue("sliver")]) == {"sliver": 2, "spike": 1}


def test_the_built_in_layers_use_only_rules_that_exist() -> None:
    assert all(not unknown_rules(layer) for layer in builtin_layers().values())
