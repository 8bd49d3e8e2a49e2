"""The sheet of a zone is headed by its name and lists the townships and villages it takes in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from dashboards.data import County, county
from dashboards.footprints import called, home, taken_in
from dashboards.looks import read_look, settled
from dashboards.sheets import sheet_of
from geo.access import Actor
from pipelines.ingest import Options, add
from pipelines.workspace import Workspace
from tests.dashboards.little_county import SIDE, SOUTH, WEST, build, feature, square, write

TODAY = date(2026, 3, 16)
STONE, CLEAR = "990101100", "990101101"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Z1: all of the southern township and most of a village above; Z2: the first two villages of the south."""
    folder = tmp_path_factory.mktemp("zones")
    made = build(folder)
    tall = square(WEST, SOUTH, 3 * SIDE, SIDE)["coordinates"][0]
    wide = square(WEST, SOUTH, 2 * SIDE, SIDE)
    above = square(WEST, SOUTH + SIDE, 0.75 * SIDE, SIDE)["coordinates"][0]
    both = {"type": "MultiPolygon", "coordinates": [[tall], [above]]}
    zones = [("Z1", "大片区", both), ("Z2", "小片区", wide)]
    features = [feature(shape, 片区编号=key, 片区名称=name, 阶段="调研座谈") for key, name, shape in zones]
    report = add(
        Workspace(made), write(folder / "zones.geojson", features), Options(layer="zone_plan"), at=date(2026, 3, 1)
    )
    assert report.returned == 0
    return made


@pytest.fixture
def whole(root: Path) -> Iterator[County]:
    yield county(root)


def test_a_zone_is_headed_by_its_name_and_lists_whole_townships_and_parts_of_villages(whole: County) -> None:
    layer = whole.workspace.layer("zone_plan")
    thing = whole.thing("zone_plan", "Z1", TODAY)
    assert thing is not None
    shown = sheet_of(whole, layer, thing, "zh")
    assert (shown.heading, shown.number, shown.place) == ("大片区", "编号 Z1", "2 个乡镇，4 个村")
    assert shown.taken_in == (("石桥镇", "全部 3 个村"), ("清水乡", "清泉村（部分）"))
    assert "片区名称" not in dict(shown.fields)
    assert shown.size.endswith("亩")


def test_a_zone_is_shown_within_the_least_area_that_holds_all_of_it(whole: County) -> None:
    layer = whole.workspace.layer("zone_plan")
    found = {key: whole.thing("zone_plan", key, TODAY) for key in ("Z1", "Z2")}
    homes = {key: home(whole, layer, thing) for key, thing in found.items() if thing is not None}
    assert homes == {"Z1": whole.root, "Z2": whole.area(STONE)}
    look = settled(whole, read_look({"layer": "zone_plan", "thing": "Z2"}, whole, today=TODAY, lang="zh"))
    assert look.area.name == "石桥镇"
    assert called(whole, layer, "Z2", TODAY) == "小片区"
    assert called(whole, whole.workspace.layer("abandoned_parcel"), "TB0001", TODAY) == "TB0001"


def test_a_township_is_told_nothing_of_what_the_zone_takes_in_elsewhere(root: Path) -> None:
    stone = county(root, actor=Actor("镇", "township", "石桥镇", STONE))
    layer = stone.workspace.layer("zone_plan")
    thing = county(root).thing("zone_plan", "Z1", TODAY)
    assert thing is not None
    found = taken_in(stone, layer, thing, "zh")
    assert found is not None and found.said == "1 个乡镇，3 个村"
    assert found.lines == (("石桥镇", "全部 3 个村"), ("", "其余在石桥镇以外"))
    clear = county(root, actor=Actor("乡", "township", "清水乡", CLEAR))
    assert taken_in(clear, layer, thing, "zh") is None


def test_a_parcel_keeps_its_number_and_its_village(whole: County) -> None:
    thing = whole.thing("abandoned_parcel", "TB0004", TODAY)
    assert thing is not None
    shown = sheet_of(whole, whole.workspace.layer("abandoned_parcel"), thing, "zh")
    assert (shown.heading, shown.number, shown.place, shown.taken_in) == ("TB0004", "", "石桥镇 红旗村", ())
