"""The address of a page says what is looked at; what it gets wrong is said, never fatal."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from dashboards.data import County, county
from dashboards.looks import Look, days, language, read_look, settled

TODAY = date(2026, 11, 22)


@pytest.fixture
def here(county_folder: Path) -> County:
    return county(county_folder)


def read(here: County, **asked: str) -> Look:
    return read_look(asked, here, today=TODAY, lang="zh")


def test_an_empty_address_shows_the_first_layer_with_rows_and_its_rate(here: County) -> None:
    look = read(here)
    assert look.layer.id == "abandoned_parcel"
    assert look.indicator is not None and look.indicator.id == "remediated_rate"
    assert look.area == here.root
    assert look.day == TODAY


def test_a_full_address_is_followed(here: County) -> None:
    look = read(
        here,
        layer="abandoned_parcel",
        indicator="found_mu",
        area="990101101201",
        as_of="2026-03-31",
        thing="TB0006",
    )
    assert look.indicator is not None and look.indicator.id == "found_mu"
    assert look.area.name == "清泉村"
    assert look.day == date(2026, 3, 31)
    assert look.thing == "TB0006"
    assert look.notices == ()


@pytest.mark.parametrize(
    ("asked", "said"),
    [({"area": "110101"}, "110101"), ({"as_of": "31.3.2026"}, "日期无效"), ({"area": "<b>"}, "<b>")],
)
def test_what_cannot_be_followed_is_said_and_the_county_of_today_is_shown(
    here: County, asked: dict[str, str], said: str
) -> None:
    look = read(here, **asked)
    assert len(look.notices) == 1
    assert said in look.notices[0]
    assert (look.area, look.as_of) == (here.root, None)


def test_a_day_to_come_is_today(here: County) -> None:
    assert read(here, as_of="2031-01-01").as_of is None


def test_unknown_layers_and_figures_fall_back_and_are_said(here: County) -> None:
    look = read(here, layer="moon", indicator="cheese")
    assert look.layer.id == "abandoned_parcel"
    assert look.indicator is not None and look.indicator.id == "remediated_rate"
    assert look.notices == ("没有“moon”这个专题，已显示撂荒地整治图斑。",)
    assert read(here, indicator="cheese").notices == ("撂荒地整治图斑没有“cheese”这个指标，已显示整治率。",)
    assert read(here, layer="village").notices == (
        "“村（社区）”只作底图和比对用，不是专题，已显示撂荒地整治图斑。",
    )
    assert read(here, view="moon").notices == ("没有“moon”这一栏，已打开“一张图”。",)
    assert read(here, versus="moon").notices == ("链接里要对比的“moon”既不是日期，也不是同级区域，没有对比。",)
    assert read(here, view="things", versus="2026-01-31").notices == ()


def test_a_thing_that_is_not_there_leaves_the_look_and_is_said(here: County) -> None:
    gone = settled(here, read(here, thing="TB9999", area="990101100"))
    assert (gone.thing, gone.area.code) == (None, "990101100")
    assert gone.notices == ("试县没有编号为 TB9999 的撂荒地整治图斑，已显示列表。",)
    early = settled(here, read(here, thing="TB0004", as_of="2026-01-02"))
    assert early.thing is None
    assert early.notices == ("编号为 TB0004 的撂荒地整治图斑在2026年1月2日还没有登记，那以后才有；已显示列表。",)


def test_a_link_to_a_thing_alone_is_within_its_own_village_but_a_list_stays(here: County) -> None:
    assert settled(here, read(here, thing="TB0004")).area.name == "红旗村"
    assert settled(here, read(here, thing="TB0004", view="things")).area == here.root
    assert settled(here, read(here, thing="TB0004", area="990101100")).area.name == "石桥镇"


def test_days_are_month_ends_the_chosen_day_and_today() -> None:
    assert days(date(2026, 9, 12), date(2026, 10, 5), TODAY) == [
        date(2026, 9, 30),
        date(2026, 10, 5),
        date(2026, 10, 31),
        TODAY,
    ]
    assert days(None, None, TODAY) == [TODAY]


def test_the_address_decides_the_language_before_the_server_does() -> None:
    assert language("en", "zh") == "en"
    assert language("fr", "en") == "en"
    assert language(None, None) == "zh"


def test_a_view_is_set_beside_another_day_or_an_area_of_its_level(county_folder: Path) -> None:
    here = county(county_folder)

    def versus(**asked: str) -> object:
        return read_look(asked, here, today=TODAY, lang="zh").versus

    assert versus(versus="2026-01-31") == date(2026, 1, 31)
    other = versus(area="990101100", versus="990101101")
    assert getattr(other, "name", None) == "清水乡"
    assert versus(area="990101100", versus="990101101201") is None
    assert versus(area="990101100", versus="990101100") is None
    assert versus(versus="yesterday") is None
    assert versus(versus=TODAY.isoformat()) is None


def test_a_part_of_a_list_that_is_no_number_is_the_first(county_folder: Path) -> None:
    here = county(county_folder)
    for asked in ("", "0", "-1", "x", "9" * 20):
        assert read_look({"part": asked}, here, today=TODAY, lang="zh").part == 1
    assert read_look({"part": "3"}, here, today=TODAY, lang="zh").part == 3
