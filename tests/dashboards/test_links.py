"""What of a link cannot be followed is said without giving away what there is where its reader may not look."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from dashboards.data import County, county
from dashboards.links import area_gone, layer_gone, thing_gone, unknown
from geo.access import Actor

TODAY = date(2026, 11, 22)
TOWN = Actor("镇", "township", "石桥镇", "990101100")


@pytest.fixture
def whole(county_folder: Path) -> County:
    return county(county_folder)


@pytest.fixture
def town(county_folder: Path) -> County:
    return county(county_folder, actor=TOWN)


def test_an_area_of_another_county_one_not_mine_and_one_that_is_not_are_told_apart(
    whole: County, town: County
) -> None:
    assert area_gone(whole, "110101", "zh") == "链接里的区域 110101 不属于试县，已显示试县。"
    assert area_gone(whole, "990101999", "zh") == "没有代码为 990101999 的乡镇或村，已显示试县。"
    assert area_gone(town, "990101101", "zh") == "链接里的区域 990101101 不在您负责的范围内，已显示石桥镇。"
    assert area_gone(town, "990101100999", "zh") == "没有代码为 990101100999 的乡镇或村，已显示石桥镇。"
    assert area_gone(town, "moon", "zh") == "没有代码为 moon 的乡镇或村，已显示石桥镇。"
    assert area_gone(town, "unplaced", "zh") == "链接里的区域 unplaced 不在您负责的范围内，已显示石桥镇。"


def test_an_area_that_is_not_mine_is_said_alike_whether_there_is_one_or_not(town: County) -> None:
    there, nowhere = (area_gone(town, code, "zh").replace(code, "") for code in ("990101101", "990101555"))
    assert there == nowhere


def test_a_thing_of_elsewhere_is_said_like_one_that_is_nowhere(whole: County, town: County) -> None:
    layer = whole.workspace.layer("abandoned_parcel")
    east = whole.things(layer.id, area=whole.area("990101101"), as_of=TODAY)["id"].iloc[0]
    assert town.thing(layer.id, east, TODAY) is None
    there, nowhere = (
        thing_gone(town, layer, one, shown, TODAY, "zh").replace(one, "")
        for one, shown in ((east, date(2026, 1, 2)), ("TB9999", TODAY))
    )
    assert there == nowhere == "石桥镇范围内没有编号为  的撂荒地整治图斑；若在别处，不归您看。已显示列表。"
    assert thing_gone(whole, layer, "TB9999", TODAY, TODAY, "zh").startswith("试县没有编号为 TB9999")


def test_a_topic_that_is_not_for_the_reader_is_told_from_one_that_is_not(county_folder: Path) -> None:
    reporter = county(county_folder, actor=Actor("报", "village_reporter", "", "990101100201"))
    shown = reporter.workspace.layer("inspection_point")
    assert reporter.reach("contract_parcel") is None
    assert layer_gone(reporter, "contract_parcel", shown, "zh") == "您的账号看不到“承包地块”，已显示环境问题点位。"
    assert layer_gone(reporter, "moon", shown, "zh") == "没有“moon”这个专题，已显示环境问题点位。"


def test_a_value_that_a_filter_cannot_have_is_one_sentence_each() -> None:
    asked, known = {"problem": ["moon", "late"], "stage": []}, {"problem": {"late"}, "stage": {"found"}}
    said = unknown(asked, known, {"problem": "问题", "stage": "阶段"}, "zh")
    assert said == ["问题里没有“moon”这一项，所以一条也列不出；去掉这个条件即可。"]
