"""Which townships and villages a polygon takes in."""

from __future__ import annotations

from pathlib import Path

import pytest
import shapely

from pipelines.footprint import footprint
from pipelines.workspace import Workspace
from tests.dashboards.little_county import SIDE, SOUTH, WEST, build


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace(build(Path(tmp_path_factory.mktemp("footprint"))))


def test_villages_stand_by_township_with_what_of_them_is_whole(workspace: Workspace) -> None:
    low = shapely.box(WEST, SOUTH, WEST + 3 * SIDE, SOUTH + SIDE)
    high = shapely.box(WEST, SOUTH + SIDE, WEST + SIDE / 2, SOUTH + 2 * SIDE)
    found = footprint(workspace, shapely.union(low, high))
    assert list(found["name"]) == ["前进村", "红旗村", "上游村", "清泉村"]
    assert list(found["township_name"]) == ["石桥镇", "石桥镇", "石桥镇", "清水乡"]
    assert list(found["whole"]) == [True, True, True, False]
    assert found["mm2"].iloc[3] == pytest.approx(found["mm2"].iloc[0] / 2, rel=0.001)


def test_a_hairline_across_a_border_is_no_part(workspace: Workspace) -> None:
    shape = shapely.box(WEST, SOUTH, WEST + SIDE * 1.002, SOUTH + SIDE)
    assert list(footprint(workspace, shape)["name"]) == ["前进村"]


def test_outside_the_county_nothing_is_taken_in(workspace: Workspace) -> None:
    assert footprint(workspace, shapely.box(0, 0, 1, 1)).empty
