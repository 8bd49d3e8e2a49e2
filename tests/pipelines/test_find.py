"""Search finds places, codes, ids and people, and no people for those who may not see them."""

from __future__ import annotations

import pandas as pd

from geo.access import Actor, masked
from geo.layers import builtin_layers
from pipelines.find import best, find_areas, find_things, folded, index_of

PARCEL = builtin_layers()["abandoned_parcel"]
AREAS = pd.DataFrame(
    {
        "code": ["990101", "990101100", "990101100201", "990101101", "990101101201"],
        "name": ["试县", "石桥镇", "石桥村", "清水乡", "大石桥村"],
        "level": ["county", "township", "village", "township", "village"],
        "parent": ["", "990101", "990101100", "990101", "990101101"],
    }
)
ROWS = pd.DataFrame(
    {
        "id": ["TB0001", "TB0010", "TB0100"],
        "place_name": ["赵家湾", "石桥边", None],
        "grower": ["赵无名", "钱无名", "孙无名"],
        "phone": ["13900000000", None, None],
        "area_code": ["990101100201", "990101101201", None],
        "area_name": ["石桥村", "大石桥村", None],
    }
)


def keys(text: str, rows: pd.DataFrame = ROWS) -> list[str]:
    return [hit.key for hit in find_things(index_of(rows, PARCEL), PARCEL, text, "zh")]


def test_an_area_is_found_by_its_name_or_code_the_exact_one_first_then_the_larger() -> None:
    assert [hit.title for hit in find_areas(AREAS, "石桥")] == ["石桥镇", "石桥村", "大石桥村"]
    assert [hit.title for hit in find_areas(AREAS, "石桥村")] == ["石桥村", "大石桥村"]
    assert [hit.key for hit in find_areas(AREAS, "990101101")] == ["990101101", "990101101201"]
    assert find_areas(AREAS, "石桥村")[1].said == "清水乡"


def test_a_thing_is_found_by_its_id_in_any_width_and_case() -> None:
    assert keys("tb0010") == ["TB0010"]
    assert keys("ＴＢ００１０") == ["TB0010"]
    assert keys("TB00") == ["TB0001", "TB0010"]
    assert folded(" ＴＢ１ ") == "tb1"


def test_a_thing_is_found_by_its_place_and_says_in_which_field() -> None:
    hit = find_things(index_of(ROWS, PARCEL), PARCEL, "赵家湾", "zh")[0]
    assert (hit.key, hit.area_code, hit.said) == ("TB0001", "990101100201", "石桥村 · 小地名")


def test_people_are_found_only_by_those_who_may_see_them() -> None:
    clear = masked(ROWS, PARCEL, Actor("镇", "township", area_code="990101100"))
    assert keys("赵无名", clear) == ["TB0001"]
    assert keys("钱无名", clear) == []
    hidden = masked(ROWS, PARCEL, Actor("县", "county_leader"))
    assert keys("赵无名", hidden) == []
    assert keys("13900", hidden) == []
    assert [hit.key for hit in find_things(index_of(hidden, PARCEL), PARCEL, "赵", "zh")] == ["TB0001"]


def test_what_lies_nowhere_leads_to_the_things_without_a_place() -> None:
    assert find_things(index_of(ROWS, PARCEL), PARCEL, "TB0100", "zh")[0].area_code == "unplaced"


def test_nothing_is_found_for_blanks_or_markup() -> None:
    assert keys("  ") == []
    assert keys(".*") == []
    assert find_areas(AREAS, "") == []


def test_several_layers_are_each_heard() -> None:
    many = find_areas(AREAS, "9901") + find_things(index_of(ROWS, PARCEL), PARCEL, "TB", "zh")
    found = best(many, 4)
    assert [hit.layer_id for hit in found] == [None, None, "abandoned_parcel", "abandoned_parcel"]
