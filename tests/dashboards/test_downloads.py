"""Files to take away: what they hold, for whom, and that a spreadsheet runs nothing in them."""

from __future__ import annotations

import csv
import io
import sqlite3
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from openpyxl import load_workbook

from dashboards.data import Area, county
from dashboards.downloads import Download, table
from geo.access import Actor
from geo.errors import Refused
from pipelines.ingest import Options, check
from pipelines.workspace import Workspace
from tests.dashboards.little_county import HOSTILE

TODAY = date(2026, 11, 22)
LAYER = "abandoned_parcel"
TOWN = Actor("石桥", "township", "石桥镇", "990101100")
LEADER = Actor("县长", "county_leader")


def taken(folder: Path, actor: Actor | None, fmt: Any, **options: Any) -> Download:
    here = county(folder, actor=actor)
    rows = county(folder).things(LAYER, as_of=TODAY)
    return table(here, LAYER, rows, fmt, as_of=TODAY, lang=options.pop("lang", "zh"), **options)


def day_of(value: Any) -> Any:
    """A cell as both kinds of file mean it: nothing for blanks, a moment at midnight as its day."""
    if value is None or pd.isna(value) or value == "":
        return None
    return value.date() if isinstance(value, datetime) else value


def sheets(made: Download) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """The facts and the rows of an Excel file."""
    book = load_workbook(io.BytesIO(made.body))
    about, rows = (list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets)
    return {str(a): str(b) for a, b, *_ in about}, [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def test_a_workbook_says_what_it_is_and_names_the_file_and_row_of_each_row(county_folder: Path) -> None:
    made = taken(county_folder, None, "xlsx", filters={"阶段": "全部"})
    facts, rows = sheets(made)
    assert made.name == "撂荒地整治图斑_试县_2026-11-22.xlsx"
    assert facts["县"] == facts["区域"] == "试县 990101" and facts["数据截至"] == "2026年11月22日"
    assert facts["行数"] == "31" and facts["阶段"] == "全部"
    assert county(county_folder).edition in facts["数据版本"]
    assert len(rows) == 31
    first = rows[0]
    assert (first["编号"], first["来源文件"], first["来源行"]) == ("TB0001", "parcels.geojson", 1)
    assert (first["来源表"], first["接收日期"].date()) == ("parcels", date(2026, 2, 1))
    assert first["阶段"] == "已整治" and first["所在区域"] == "前进村"
    assert first["上报面积（亩）"] == 3.0 and first["图上面积（亩）"] == pytest.approx(3.01, abs=0.02)
    assert first["发现日期"].date() == date(2026, 1, 15)


def test_names_of_people_are_hidden_from_those_who_may_not_see_them(county_folder: Path) -> None:
    _, clear = sheets(taken(county_folder, None, "xlsx"))
    facts, hidden = sheets(taken(county_folder, LEADER, "xlsx"))
    assert {row["种植主体"] for row in clear} == {"赵无名"}
    assert {row["种植主体"] for row in hidden} == {"赵**"}
    here = county(county_folder, actor=LEADER)
    _, again = sheets(table(here, LAYER, here.things(LAYER, as_of=TODAY), "xlsx", as_of=TODAY, lang="zh"))
    assert {row["种植主体"] for row in again} == {"赵**"}
    assert facts["个人信息"] == "按权限隐去"


@pytest.mark.parametrize("fmt", ["xlsx", "csv", "gpkg"])
def test_a_township_takes_its_own_rows_alone_whatever_it_is_handed(
    county_folder: Path, tmp_path: Path, fmt: Any
) -> None:
    made = taken(county_folder, TOWN, fmt)
    if fmt == "xlsx":
        codes = [row["区域代码"] for row in sheets(made)[1]]
    elif fmt == "csv":
        lines = made.body.decode("utf-8-sig").splitlines()
        at = next(k for k, line in enumerate(lines) if not line.startswith("#"))
        codes = [row["区域代码"] for row in csv.DictReader(lines[at:])]
    else:
        (tmp_path / "taken.gpkg").write_bytes(made.body)
        codes = list(gpd.read_file(tmp_path / "taken.gpkg", layer="撂荒地整治图斑")["区域代码"])
    assert len(codes) == 5
    assert all(code.startswith("990101100") for code in codes)
    assert b"990101101" not in made.body and b"990101102" not in made.body


def test_a_geopackage_holds_the_shapes_and_the_facts(county_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "taken.gpkg"
    path.write_bytes(taken(county_folder, None, "gpkg", lang="en").body)
    rows = gpd.read_file(path, layer="Abandoned-land parcels")
    assert rows.crs.to_epsg() == 4490 and set(rows.geometry.geom_type) == {"Polygon"}
    assert rows.loc[0, "Source file"] == "parcels.geojson" and rows.loc[0, "Local place name"] == HOSTILE
    about = gpd.read_file(path, layer="About")
    assert dict(zip(about["Item"], about["Content"], strict=True))["Rows"] == "31"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_geopackage_says_all_in_the_words_of_the_workbook(
    county_folder: Path, tmp_path: Path, lang: str
) -> None:
    path = tmp_path / "taken.gpkg"
    path.write_bytes(taken(county_folder, None, "gpkg", lang=lang).body)
    _, printed = sheets(taken(county_folder, None, "xlsx", lang=lang))
    title = gpd.list_layers(path)["name"].iloc[0]
    rows = gpd.read_file(path, layer=title, use_arrow=True).drop(columns="geometry")
    assert list(rows.columns) == list(printed[0])
    for name in rows.columns:
        assert [day_of(one) for one in rows[name]] == [day_of(one[name]) for one in printed], name


def test_programs_find_the_ids_of_fields_and_codes_in_a_geopackage(county_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "taken.gpkg"
    path.write_bytes(taken(county_folder, None, "gpkg").body)
    fields = gpd.read_file(path, layer="字段").set_index("列名")
    assert fields.loc["上报面积（亩）", "字段代号"] == "reported_mu"
    assert "in_use=已种植" in fields.loc["阶段", "取值"]
    with closing(sqlite3.connect(path)) as store:
        described = dict(store.execute("select column_name, description from gpkg_data_columns"))
        assert store.execute("pragma integrity_check").fetchone() == ("ok",)
    assert described == fields["字段代号"].to_dict()


def test_a_geopackage_taken_away_can_be_given_back(county_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "taken.gpkg"
    path.write_bytes(taken(county_folder, None, "gpkg").body)
    report = check(path, Options(layer=LAYER), workspace=Workspace(county_folder))
    table = next(one for one in report.tables if one.table == "撂荒地整治图斑")
    assert (table.rows, table.accepted) == (31, 31)
    assert {"parcel_id", "reported_mu", "stage", "found_on"} <= set(table.mapping)


def test_a_file_names_its_area_with_the_township(county_folder: Path) -> None:
    here = county(county_folder)
    village = here.area("990101100201")
    made = taken(county_folder, None, "xlsx", area=village)
    assert sheets(made)[0]["区域"] == "石桥镇 · 前进村 990101100201"
    assert made.name == "撂荒地整治图斑_石桥镇前进村_2026-11-22.xlsx"
    mine = taken(county_folder, TOWN, "gpkg", lang="en")
    assert mine.name == "Abandoned-land parcels_石桥镇_2026-11-22.gpkg"


def test_a_name_that_no_system_takes_is_made_one_that_all_take(county_folder: Path) -> None:
    odd = Area("990101100201", 'a/b\\c:*?"<>| d\n', "village", "990101100")
    assert taken(county_folder, None, "csv", area=odd).name == "撂荒地整治图斑_石桥镇a b c d_2026-11-22.csv"


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1"])
def test_text_that_a_spreadsheet_would_run_is_made_harmless(county_folder: Path, text: str) -> None:
    here = county(county_folder)
    rows = here.things(LAYER, as_of=TODAY).head(1).assign(place_name=text)
    book = load_workbook(
        io.BytesIO(table(here, LAYER, rows, "xlsx", as_of=TODAY, lang="zh", filters={text: text}).body)
    )
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert "'" + text in {cell.value for cell in cells}
    lines = table(here, LAYER, rows, "csv", as_of=TODAY, lang="zh").body.decode("utf-8-sig")
    assert "'" + text in next(csv.reader([lines.splitlines()[-1]]))


def test_characters_that_excel_cannot_hold_do_not_spoil_the_file(county_folder: Path) -> None:
    here = county(county_folder)
    rows = here.things(LAYER, as_of=TODAY).head(1).assign(place_name="湾\x00\x0b里")
    _, found = sheets(table(here, LAYER, rows, "xlsx", as_of=TODAY, lang="zh"))
    assert found[0]["小地名"] == "湾里"


def test_more_than_a_screenful_of_rows_is_refused_in_one_sentence(
    county_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.downloads.MOST_ROWS", 30)
    with pytest.raises(Refused) as refused:
        taken(county_folder, None, "gpkg")
    assert refused.value.code == "download_too_large" and "31" in refused.value.words("zh")
