"""Names and codes find their area, with a score; what is uncertain is said, not guessed."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.gazetteer import Gazetteer
from geo.lineage import successions
from geo.placematch import likeness
from geo.placenames import kind_of, stem
from geo.sounds import sound, syllable

COUNTY, CHEN, SHI, QING = "361129", "361129100", "361129101", "361129102"
UNITS = [
    (COUNTY, "万年县", ""),
    (CHEN, "陈营镇", COUNTY),
    (SHI, "石镇镇", COUNTY),
    (QING, "清溪镇", COUNTY),
    (f"{CHEN}201", "富强村", CHEN),
    (f"{CHEN}202", "东山村", CHEN),
    (f"{CHEN}001", "东山社区", CHEN),
    (f"{SHI}201", "富强村", SHI),
    (f"{SHI}202", "上湾村", SHI),
    (f"{QING}201", "三田洋村", QING),
    (f"{QING}202", "石溪村", QING),
]
LINEAGE = successions(
    [
        {"kind": "merged", "old_name": "老溪乡", "old_code": "361129205", "new_code": QING, "date": "2019-08"},
        {"kind": "alias", "old_name": "郭公山", "new_code": f"{CHEN}202"},
        {"kind": "split", "old_name": "大洲村", "new_code": f"{QING}201"},
        {"kind": "split", "old_name": "大洲村", "new_code": f"{QING}202"},
        {"kind": "recoded", "old_code": "361129300", "new_code": SHI},
        {"kind": "renamed", "old_code": "361129400", "old_name": "前进公社", "new_code": "361129300"},
    ]
)
PLACES = Gazetteer(UNITS, LINEAGE)


@pytest.mark.parametrize(
    ("given_", "code", "how", "score"),
    [
        ({"township": "陈营镇", "village": "富强村"}, f"{CHEN}201", "exact", 100),
        ({"township": "陈营", "village": "富强村民委员会"}, f"{CHEN}201", "suffix", 98),
        ({"township": "陈营镇人民政府", "village": "东山村委会"}, f"{CHEN}202", "suffix", 98),
        ({"township": "陈营镇", "village": "东山社区居委会"}, f"{CHEN}001", "suffix", 98),
        ({"township": "石镇", "village": "上湾"}, f"{SHI}202", "suffix", 98),
        ({"township": "万年县陈营镇"}, CHEN, "exact", 100),
        ({"village": "清溪镇石溪村"}, f"{QING}202", "text", 88),
        ({"township": "清溪镇", "village": "石溪村3组"}, f"{QING}202", "text", 90),
        ({"township": "清溪镇", "village": "清溪镇石溪村"}, f"{QING}202", "exact", 100),
        ({"place": "江西省万年县清溪镇石溪村大塘边"}, f"{QING}202", "text", 88),
        ({"village": "陈营镇"}, CHEN, "exact", 100),
        ({"code": f"{QING}202"}, f"{QING}202", "code", 95),
        ({"code": f"{QING}202000", "village": "石溪村"}, f"{QING}202", "code_and_name", 100),
        ({"code": QING, "township": "清溪镇", "village": "石溪村"}, f"{QING}202", "code_and_name", 100),
        ({"village": "郭公山村"}, f"{CHEN}202", "alias", 96),
    ],
)
def test_a_place_is_found_without_a_finding(given_: dict[str, str], code: str, how: str, score: float) -> None:
    match = PLACES.find(**given_)
    assert (match.area_code, match.how, match.score, match.issues) == (code, how, score, ())


def _finding(**given_: str) -> tuple[str | None, list[str]]:
    match = PLACES.find(**given_)
    return match.area_code, [code for code, _ in match.issues]


def test_homonymous_villages_need_their_township() -> None:
    assert _finding(village="富强村") == (None, ["place_ambiguous"])
    candidates = PLACES.find(village="富强村").issues[0][1]["candidates"]
    assert candidates == "石镇镇富强村、陈营镇富强村"
    assert _finding(township="陈营镇", village="东山") == (CHEN, ["place_ambiguous"])


def test_a_near_spelling_is_taken_with_a_finding_and_a_score_below_a_sure_one() -> None:
    assert _finding(township="青溪镇") == (QING, ["place_near_spelling"])
    assert _finding(township="清溪镇", village="三甲洋村") == (f"{QING}201", ["place_near_spelling"])
    assert PLACES.find(township="青溪镇").score == 90
    assert 66 <= PLACES.find(township="清溪镇", village="三甲洋村").score <= 80
    assert _finding(township="清溪乡") == (QING, ["place_near_spelling"])


def test_neighbours_told_apart_by_one_character_are_never_taken_for_each_other() -> None:
    assert _finding(township="石镇镇", village="下湾村") == (SHI, ["place_unknown"])
    assert likeness("东山", "西山") == 0
    assert likeness("张家坊", "李家坊") < 66


def test_an_unknown_place_is_said_to_be_unknown() -> None:
    assert _finding(township="不存在镇", village="某村") == (None, ["place_unknown"])
    assert _finding(township="陈营镇", village="不存在村") == (CHEN, ["place_unknown"])
    assert _finding(township="不存在镇", village="上湾村") == (f"{SHI}202", ["place_unknown"])


def test_a_retired_name_or_code_leads_to_the_present_place() -> None:
    assert _finding(township="老溪乡", village="石溪村") == (f"{QING}202", ["place_retired"])
    assert _finding(code="361129205") == (QING, ["place_retired"])
    assert _finding(code="361129300202") == (f"{SHI}202", ["place_retired"])
    assert _finding(code="361129400") == (SHI, ["place_retired"])
    assert PLACES.find(township="老溪乡").issues[0][1]["date"] == "2019-08"


def test_a_place_that_was_divided_is_not_guessed() -> None:
    assert _finding(township="清溪镇", village="大洲村") == (QING, ["place_split"])


def test_code_and_name_that_disagree_are_a_finding_and_the_name_holds() -> None:
    assert _finding(code=f"{QING}202", village="上湾村") == (f"{SHI}202", ["code_name_disagree"])
    assert _finding(code=f"{QING}202", village="无此村") == (f"{QING}202", ["code_name_disagree"])
    assert _finding(code="361129999999", township="陈营镇") == (CHEN, ["code_unknown"])


def test_a_name_that_only_contains_a_villages_is_not_that_village() -> None:
    assert _finding(place="清溪镇大石溪村")[0] == QING
    assert _finding(village="大石溪村")[0] is None


def test_columns_are_resolved_row_by_row_and_keep_their_order() -> None:
    rows = pd.DataFrame(
        {"镇": ["陈营镇", None, "陈营镇", "老溪乡"], "村": ["富强村", None, "富强村", "石溪村"]},
        index=[2, 5, 7, 9],
    )
    found = PLACES.resolve(township=rows["镇"], village=rows["村"])
    assert found.area_code().tolist() == [f"{CHEN}201", None, f"{CHEN}201", f"{QING}202"]
    assert found.score().tolist() == [100, 0, 100, 92]
    assert found.how().tolist() == ["exact", "none", "exact", "lineage"]
    assert len(found.matches) == 3
    with pytest.raises(ValueError, match="at least one"):
        PLACES.resolve()


def test_an_empty_column_resolves_to_nothing() -> None:
    assert PLACES.resolve(village=pd.Series([], dtype="string")).area_code().tolist() == []


def test_a_lineage_line_that_says_nothing_is_refused_by_its_number() -> None:
    with pytest.raises(ValueError, match="line 2"):
        successions([{"old_name": "甲", "new_code": QING}, {"kind": "eaten", "old_name": "甲", "new_code": QING}])
    with pytest.raises(ValueError, match="new_code"):
        successions([{"old_name": "甲", "new_code": "12"[:1]}])


@given(st.sampled_from([u for u in UNITS if len(u[0]) == 12]), st.sampled_from(["", "村民委员会", "委会"]))
def test_every_village_is_found_under_its_township_however_its_ending_is_written(
    unit: tuple[str, str, str], ending: str
) -> None:
    name = (
        unit[1]
        if not ending or not unit[1].endswith("村")
        else unit[1].removesuffix("村") + ("村委会" if ending == "委会" else ending)
    )
    town = next(n for c, n, _ in UNITS if c == unit[2])
    assert PLACES.find(township=town, village=name).area_code == unit[0]


@pytest.mark.parametrize(
    ("name", "bare", "kind"),
    [
        ("新村", "新", "village"),
        ("石镇镇", "石镇", "town"),
        ("马家村社区", "马家村", "community"),
        ("长田土家族苗族乡", "长田", "country"),
        ("三家子蒙古族乡", "三家子", "country"),
        ("富强村村民委员会", "富强", "village"),
        ("村", "村", None),
    ],
)
def test_endings_are_told_from_names(name: str, bare: str, kind: str | None) -> None:
    assert (stem(name), kind_of(name)) == (bare, kind)


def test_sounds_are_read_from_the_order_of_the_national_character_set() -> None:
    assert sound("清溪") == sound("青溪") == "qing xi"
    assert [syllable(c) for c in "吕女略虐坐啊"] == ["lv", "nv", "lve", "nve", "zuo", "a"]
    assert syllable("渌") == "渌"


@pytest.mark.real_data
def test_every_township_of_five_provinces_is_found_in_its_county_and_no_foreign_one_is(real_data: Path) -> None:
    folder = real_data / "codes_modood"
    streets = pd.read_csv(folder / "streets.csv", dtype=str)
    streets = streets[streets["provinceCode"].isin(["36", "33"])]
    counties = pd.read_csv(folder / "areas.csv", dtype=str).set_index("code")["name"]
    assert len(streets) > 2500
    foreign = streets["name"].sample(len(streets), random_state=1).to_numpy()
    wrong, at = [], 0
    for county, rows in streets.groupby("areaCode"):
        name = counties.get(county, "")
        places = Gazetteer(
            [(county, name, ""), *((c, n, county) for c, n in zip(rows["code"], rows["name"], strict=True))]
        )
        stems = {stem(n) for n in rows["name"]}
        for code, town in zip(rows["code"], rows["name"], strict=True):
            assert places.find(township=town).area_code == code
            assert places.find(township=f"{name}{town}").area_code == code
            if stem(foreign[at]) not in stems and places.find(township=foreign[at]).area_code is not None:
                wrong.append(foreign[at])
            at += 1
    assert len(wrong) <= 3


@pytest.mark.real_data
def test_codes_of_two_systems_disagree_and_the_name_decides(real_data: Path) -> None:
    streets = pd.read_csv(real_data / "codes_modood" / "streets.csv", dtype=str)
    other = pd.read_csv(real_data / "codes_areacity" / "ok_data_level4.csv", dtype=str, encoding="utf-8-sig")
    county = "110101"
    mine = streets[streets["areaCode"] == county]
    places = Gazetteer(
        [(county, "东城区", ""), *((c, n, county) for c, n in zip(mine["code"], mine["name"], strict=True))]
    )
    theirs = other[(other["pid"] == county) & (other["deep"] == "3")]
    found = places.resolve(township=theirs["ext_name"], code=theirs["ext_id"])
    names = dict(zip(mine["name"], mine["code"], strict=True))
    expected = [names[n] for n in theirs["ext_name"]]
    assert len(expected) > 10
    assert found.area_code().tolist() == expected
