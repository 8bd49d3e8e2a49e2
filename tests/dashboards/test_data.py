"""What the pages fetch, and that it is fetched anew when the workspace changed."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest
import shapely

from dashboards.data import county
from geo.errors import Refused
from pipelines.act import act
from pipelines.ingest import Options, add
from pipelines.workspace import Workspace
from tests.dashboards.little_county import CODE, feature, square, write

TODAY = date(2026, 11, 22)


def test_units_are_found_with_their_path_and_their_parts(county_folder: Path) -> None:
    here = county(county_folder)
    village = here.area("990101101202")
    assert village is not None
    assert [unit.name for unit in here.path(village)] == ["试县", "清水乡", "柳林村"]
    assert here.below(here.root) == "township"
    assert here.below(village) is None
    assert list(here.children(here.root)["name"]) == ["石桥镇", "清水乡", "东山乡"]
    township = here.area("990101101")
    assert township is not None
    assert list(here.children(township)["name"]) == ["清泉村", "柳林村"]


def test_thinned_outlines_still_cover_the_county(county_folder: Path) -> None:
    here = county(county_folder)
    drawn = shapely.union_all(here.outlines("village").geometry.to_numpy())
    whole = shapely.union_all(here.outlines("township").geometry.to_numpy())
    assert drawn.area == pytest.approx(whole.area, rel=1e-3)


def test_things_of_a_village_are_those_that_lie_in_it(county_folder: Path) -> None:
    here = county(county_folder)
    assert len(here.things("abandoned_parcel", area=here.area("990101101201"), as_of=TODAY)) == 12
    assert len(here.things("abandoned_parcel", as_of=TODAY)) == 31
    thing = here.thing("abandoned_parcel", "TB0001", TODAY)
    assert thing is not None and thing["area_name"] == "前进村"
    assert here.source_file("abandoned_parcel", thing["import_id"]) == "parcels.geojson"
    assert here.thing("abandoned_parcel", "TB9999", TODAY) is None


def test_before_the_first_day_there_was_nothing(county_folder: Path) -> None:
    here = county(county_folder)
    assert here.first_day("abandoned_parcel") == date(2026, 1, 15)
    assert here.first_day("land_transfer") is None
    assert len(here.things("abandoned_parcel", as_of=date(2026, 1, 14))) == 0


def test_an_import_or_an_event_added_meanwhile_is_seen(county_folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(county_folder, copy)
    before = county(copy)
    assert county(copy).edition == before.edition
    extra = feature(
        square(106.05, 31.005, 0.0005, 0.0005),
        图斑编号="TB7777",
        上报面积=4.0,
        整治阶段="发现",
        发现日期="2026-01-15",
    )
    add(Workspace(copy), write(tmp_path / "more.geojson", [extra]), Options(layer="abandoned_parcel"))
    after = county(copy)
    assert after.edition != before.edition
    act(copy, "abandoned_parcel", "TB7777", "verified", "bureau:农业农村局")
    assert county(copy).edition != after.edition
    assert len(after.things("abandoned_parcel", as_of=TODAY)) == 32


def test_a_folder_that_is_no_workspace_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        county(tmp_path)
    assert refused.value.code == "workspace_missing"


def test_an_empty_workspace_has_no_areas_and_no_rows(tmp_path: Path) -> None:
    Workspace.create(tmp_path / "new", code=CODE, name="试县")
    here = county(tmp_path / "new")
    assert here.areas.empty
    assert here.below(here.root) is None
    assert here.bounds(here.root) is None
    assert not any(here.has_rows(layer.id) for layer in here.topics())
