"""Rows that may be a thing known already are offered as the same, with its id; nothing is decided for anyone."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import pytest
from shapely import box

from pipelines.__main__ import main

HEAD = "点位编号,问题类别,经度,纬度,整改状态,发现日期,销号日期\n"


@pytest.fixture
def root(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    folder = tmp_path / "w"
    assert main(["new", str(folder), "--county", "510921", "--name", "测试县"]) == 0
    town = tmp_path / "t.geojson"
    shape = box(105.0, 30.0, 105.1, 30.1)
    gpd.GeoDataFrame({"code": ["510921101"], "name": ["青石镇"]}, geometry=[shape], crs=4490).to_file(town)
    assert main(["add", str(folder), str(town), "--layer", "township"]) == 0
    capsys.readouterr()
    return folder


def offered(root: Path, path: Path, layer: str) -> dict[str, tuple[str, int]]:
    """Id of the row → (what it may be, its row in the table), as the report has them."""
    report = root / "r.json"
    assert main(["add", str(root), str(path), "--layer", layer, "--report", str(report)]) in (0, 1)
    told = json.loads(report.read_text(encoding="utf-8"))
    tables = told if isinstance(told, list) else [told]
    issues = [one for table in tables for one in table["issues"] if one["code"].startswith("same_")]
    return {one["params"]["id"]: (one["params"]["same_as"], one["row"]) for one in issues}


def test_a_point_near_an_open_one_of_its_category_names_the_nearest(root: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_text(
        HEAD
        + "A1,垃圾,105.05,30.05,发现,2024-01-02,\nA2,垃圾,105.0502,30.05,发现,2024-01-02,\n"
        + "A3,垃圾,105.06,30.05,销号,2024-01-02,2024-01-05\n",
        encoding="utf-8",
    )
    assert offered(root, first, "inspection_point") == {}
    second.write_text(
        HEAD
        + "B1,垃圾,105.05003,30.05,发现,2024-02-02,\nB2,粪污,105.05,30.05,发现,2024-02-02,\n"
        + "B3,垃圾,105.06,30.05,发现,2024-02-02,\nA1,垃圾,105.0502,30.05,发现,2024-01-02,\n",
        encoding="utf-8",
    )
    assert offered(root, second, "inspection_point") == {"B1": ("A1", 2)}


def test_a_parcel_over_an_open_one_names_it(root: Path, tmp_path: Path) -> None:
    def parcels(name: str, ids: list[str], shapes: list[object]) -> Path:
        path = tmp_path / name
        rows = {"parcel_id": ids, "found_on": ["2024-01-02"] * len(ids)}
        gpd.GeoDataFrame(rows, geometry=shapes, crs=4490).to_file(path)
        return path

    one = box(105.05, 30.05, 105.051, 30.051)
    assert offered(root, parcels("a.geojson", ["P1"], [one]), "abandoned_parcel") == {}
    over = [box(105.0505, 30.05, 105.0515, 30.051), box(105.06, 30.05, 105.061, 30.051)]
    assert offered(root, parcels("b.geojson", ["Q1", "Q2"], over), "abandoned_parcel") == {"Q1": ("P1", 1)}
