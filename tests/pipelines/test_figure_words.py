"""Tables for a terminal speak the reader's language; machine formats keep their names."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from pipelines.__main__ import main
from pipelines.console import Console
from pipelines.desk_commands import area_names
from pipelines.figure_commands import HOT, _hot_class
from pipelines.ingest import Options, add
from pipelines.workspace import Workspace


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A county with one township and a site in it, overdue for long."""
    folder = tmp_path / "w"
    assert main(["new", str(folder), "--county", "510921", "--name", "测试县"]) == 0
    for layer, code, name in (("county", "510921", "测试县"), ("township", "510921100", "东溪镇")):
        frame = gpd.GeoDataFrame(
            {"code": [code], "name": [name], "geometry": [shapely.box(105.0, 30.0, 105.1, 30.1)]}, crs="EPSG:4490"
        )
        path = tmp_path / f"{layer}.gpkg"
        frame.rename(columns={"code": "代码", "name": "名称"}).to_file(path)
        add(Workspace(folder), path, Options(layer=layer))
    table = pd.DataFrame(
        {"点位编号": ["A1"], "问题类别": ["垃圾"], "发现日期": ["2024-01-04"], "经度": [105.05], "纬度": [30.05]}
    )
    table.to_csv(tmp_path / "点.csv", index=False)
    add(Workspace(folder), tmp_path / "点.csv", Options(layer="inspection_point"))
    return folder


def test_an_escalation_names_the_area_beside_its_code_and_json_keeps_the_code(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert area_names(Workspace(root))["510921100"] == "510921100 东溪镇"
    assert main(["escalate", str(root)]) == 0
    assert "510921100 东溪镇" in capsys.readouterr().out


def test_an_account_is_listed_with_the_name_of_its_area(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["account", "add", str(root), "主管", "--role", "administrator"]) == 0
    told = ["--role", "township", "--unit", "东溪镇", "--area", "510921100", "--by", "主管"]
    assert main(["account", "add", str(root), "张三", *told]) == 0
    capsys.readouterr()
    assert main(["account", "list", str(root)]) == 0
    assert "510921100 东溪镇" in capsys.readouterr().out


@pytest.mark.parametrize(("lang", "said"), [("zh", "热点（95% 可信）"), ("en", "hot spot (95 % sure)")])
def test_a_hot_spot_is_called_by_words(lang: str, said: str) -> None:
    assert _hot_class("hot_95", Console(lang)) == said
    assert all(zh and en for zh, en in HOT.values())


def test_an_area_that_is_not_there_is_refused_and_no_empty_table(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["show", str(root), "--layer", "inspection_point", "--area"]
    capsys.readouterr()
    assert main([*asked, "999"]) == 2
    said = capsys.readouterr()
    assert said.out == "" and "999" in said.err and said.err.count("\n") == 1
    assert main([*asked, "510921100"]) == 0 and "A1" in capsys.readouterr().out
    assert main([*asked, "unplaced"]) == 0


def test_a_day_still_to_come_is_said_to_be_so_beside_the_figures(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["progress", str(root), "--layer", "inspection_point", "--by", "county"]
    capsys.readouterr()
    assert main([*asked, "--as-of", "2099-01-01"]) == 0
    said = capsys.readouterr()
    assert "2099-01-01 还没到" in said.err and "测试县" in said.out
    assert main(asked) == 0 and "还没到" not in capsys.readouterr().err


def test_more_revisits_than_there_are_closed_things_are_said_to_be_too_many(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["lookback", str(root), "--layer", "inspection_point", "--count", "9" * 20]) == 0
    assert "只有 0 处可排" in capsys.readouterr().err
