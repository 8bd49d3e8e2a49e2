"""The sheet of one thing: its life, its fields, its source, and nothing personal."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from dashboards.data import county
from dashboards.sheets import Record, sheet, steps
from dashboards.widgets_sheet import pair
from dashboards.widgets_sheet import sheet as draw
from dashboards.words import LANGS, Lang
from geo.layers import builtin_layers
from tests.dashboards.little_county import HOSTILE

ABANDONED = builtin_layers()["abandoned_parcel"]


def thing(**values: object) -> pd.Series:
    base = {"id": "A", "area_name": "前进村", "stage": "verified", "area_m2": 2000.0, "parcel_id": "A"}
    return pd.Series({**base, **values})


def test_a_real_row_shows_its_file_row_and_fields(county_folder: Path) -> None:
    here = county(county_folder)
    row = here.thing("abandoned_parcel", "TB0001", date(2026, 11, 22))
    assert row is not None
    source = here.source("abandoned_parcel", str(row["import_id"]))
    shown = sheet(row, ABANDONED, source=source, lang="zh")
    assert (shown.heading, shown.place, shown.stage) == ("TB0001", "前进村", "已整治")
    assert shown.source[:2] == (("文件", "parcels.geojson · 第 1 行"), ("接收日期", "2026年2月1日"))
    assert shown.size == "图上面积 3.01 亩 · 上报面积 3.00 亩"
    assert dict(shown.fields)["小地名"] == HOSTILE
    assert dict(shown.fields)["上报面积"] == "3.00 亩"


def test_the_number_of_an_import_stands_small_and_never_in_place_of_file_sheet_row_and_day(
    county_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []
    monkeypatch.setattr("dashboards.widgets_sheet.st.html", drawn.append)
    monkeypatch.setattr("dashboards.widgets_sheet.st.button", lambda *_, **__: None)
    here = county(county_folder)
    row = here.thing("abandoned_parcel", "TB0001", date(2026, 11, 22))
    assert row is not None
    number = str(row["import_id"])
    source = here.source("abandoned_parcel", number)
    assert source is not None
    shown = sheet(row, ABANDONED, source=replace(source, file="台账.xlsx", table="七月"), lang="zh")
    assert shown.source[0] == ("文件", "台账.xlsx · 表“七月” · 第 1 行")
    assert number not in str((shown.source, shown.fields, shown.records))
    draw(shown, "zh", close=lambda: None)
    assert f'<div class="xt-note">导入批次 {number}</div>' in drawn[0] and drawn[0].count(number) == 1


def test_personal_fields_are_hidden_and_it_is_said(county_folder: Path) -> None:
    row = county(county_folder).thing("abandoned_parcel", "TB0001", date(2026, 11, 22))
    assert row is not None
    shown = sheet(row, ABANDONED, source=None, lang="zh")
    assert dict(shown.fields)["种植主体"] == "＊＊＊"
    assert "赵无名" not in str(shown)
    assert shown.masked


def test_the_way_shows_what_was_passed_and_what_is_to_come() -> None:
    found = steps(thing(found_on=pd.Timestamp("2026-03-05")), ABANDONED, "zh")
    assert [(s.label, s.when, s.reached, s.now) for s in found[:3]] == [
        ("发现", "2026年3月5日", True, False),
        ("核实", "日期未填", True, True),
        ("交办", "", False, False),
    ]
    assert "再撂荒" not in [s.label for s in found]


def test_a_stage_off_the_way_is_shown_where_it_was_reached() -> None:
    found = steps(thing(stage="re_abandoned"), ABANDONED, "en")
    assert [s.label for s in found if s.now] == ["Abandoned again"]


def test_a_day_foreseen_or_taken_back_reaches_no_stage() -> None:
    let = builtin_layers()["land_transfer"]
    contract = thing(stage="active", starts_on=pd.Timestamp("2024-01-06"), ends_on=pd.Timestamp("2027-01-04"))
    assert [(s.label, s.when, s.reached) for s in steps(contract, let, "zh")[1:3]] == [
        ("履行中", "2024年1月6日", True),
        ("到期", "2027年1月4日", False),
    ]
    undone = [{"to_stage": "assigned", "at": "2026-03-10T10:00:00+08:00"}]
    found = {s.label: (s.when, s.reached) for s in steps(thing(), ABANDONED, "zh", history=undone)}
    assert found["交办"] == ("", False)


def test_empty_fields_are_left_out_and_the_size_is_given_in_mu() -> None:
    shown = sheet(thing(crop=None, reported_mu=float("nan")), ABANDONED, source=None, lang="en")
    assert shown.fields == ()
    assert shown.size == "Measured area 3.00 mu"
    assert not shown.masked


def test_what_was_marked_on_the_spot_says_where_and_not_that_a_name_placed_it() -> None:
    shown = sheet(thing(placed_by="name", lon=105.0171, lat=30.4978), ABANDONED, source=None, lang="en")
    assert ("Position", "105.017100, 30.497800") in shown.source


def test_a_thing_placed_by_name_says_so() -> None:
    shown = sheet(thing(placed_by="name", area_m2=float("nan")), ABANDONED, source=None, lang="en")
    assert shown.size == "—"
    assert ("Position", "Placed by its name, without a shape") in shown.source


def test_what_happened_stands_newest_first_by_unit_not_by_person(county_folder: Path) -> None:
    here = county(county_folder)
    row = here.thing("abandoned_parcel", "TB0002", date(2026, 11, 22))
    assert row is not None
    shown = sheet(row, ABANDONED, source=None, history=here.history("abandoned_parcel", "TB0002"), lang="zh")
    assert shown.stage == "核实"
    assert [(one.when, one.what) for one in shown.records] == [
        ("2026年3月10日", "发现 → 核实"),
        ("2026年2月1日", "入库"),
    ]
    assert shown.records[0].said == f"农业农村局 · {HOSTILE}"
    assert [(one.label, one.when) for one in shown.steps[:2]] == [
        ("发现", "2026年1月15日"),
        ("核实", "2026年3月10日"),
    ]
    assert "李无名" not in str(shown)


def test_a_step_to_come_is_not_yet_seen_on_an_earlier_day(county_folder: Path) -> None:
    row = county(county_folder).thing("abandoned_parcel", "TB0002", date(2026, 3, 9))
    assert row is not None
    assert sheet(row, ABANDONED, source=None, lang="en").stage == "Found"


@pytest.mark.parametrize("lang", LANGS)
def test_the_first_photo_stands_beside_the_latest_and_one_alone_beside_nothing(lang: Lang) -> None:
    bare = sheet(thing(), ABANDONED, source=None, lang=lang)
    dark, light, last = (letter * 64 for letter in "abc")
    taken = (
        Record("May", "x", photos=(last,)),
        Record("April", "x", photos=(light,)),
        Record("March", "x", "", (dark,)),
    )
    text = pair(replace(bare, records=taken), lang)
    assert re.findall(r"/photos/(\w)\w+/view", text) == ["a", "c"]
    assert text.index("March") < text.index("May") and "April" not in text
    assert pair(replace(bare, records=taken[:1]), lang) == ""
    assert pair(bare, lang) == ""
