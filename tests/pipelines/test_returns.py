"""The copy that goes back to a sender: their own table, marked, and nothing that could do harm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
import shapely
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

from geo.columns import match_columns
from geo.issues import Issue
from geo.layers import builtin_layers
from geo.values import type_frame
from pipelines import returns
from pipelines.read.delimited import open_delimited
from pipelines.read.ledgers import open_ledger
from pipelines.read.source import Table
from pipelines.returns import write_returned

LAYER = builtin_layers()["abandoned_parcel"]
RED, YELLOW = "FFFF9C9C", "FFFFEB9C"
LEDGER = [
    ["撂荒地整治台账", None, None, None, None],
    ["村", "图斑", None, "面积（亩）", "备注"],
    [None, "编号", "小地名", None, None],
    ["石桥村", "A1", "大田", 2.5, "=SUM(D4:D5)"],
    [None, "A2", "小田", "三五", '=HYPERLINK("http://example.invalid","x")'],
    ["高坪村", "A3", None, 99999, "电话13800001234"],
]


def ledger(path: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = "台账"
    for row in LEDGER:
        sheet.append(row)
    for merge in ("A1:E1", "A2:A3", "B2:C2", "D2:D3", "E2:E3", "A4:A5"):
        sheet.merge_cells(merge)
    sheet["D4"].font = Font(bold=True, color="FF0000FF")
    sheet.column_dimensions["C"].width = 33
    other = book.create_sheet("别的表")
    other.append(["x"])
    book.save(path)
    return path


def checked(table: Table) -> tuple[list[Issue], dict[str, str]]:
    match = match_columns(table.columns, LAYER)
    issues = list(table.issues)
    for batch in table.batches():
        issues += type_frame(batch, match, LAYER, table.units)[1]
    return issues, dict(match.fields)


def sent_back(path: Path, folder: Path, lang: str = "zh") -> tuple[Path, openpyxl.Workbook]:
    opened = open_delimited(path) if path.suffix == ".csv" else open_ledger(path)
    issues, fields = checked(opened[0])
    copy = write_returned(opened[0], issues, folder, lang=lang, columns=fields)
    return copy, openpyxl.load_workbook(copy)


def test_faulty_cells_are_coloured_and_explained_in_the_senders_own_layout(tmp_path: Path) -> None:
    copy, book = sent_back(ledger(tmp_path / "青山.xlsx"), tmp_path / "returned")
    sheet = book["台账"]
    assert copy == tmp_path / "returned" / "青山-台账-退回.xlsx"
    assert sheet["D5"].fill.fgColor.rgb == RED and "三五" in sheet["D5"].comment.text
    assert sheet["D6"].fill.fgColor.rgb == RED and "2000" in sheet["D6"].comment.text
    assert sheet["E6"].fill.fgColor.rgb == YELLOW
    assert sheet["D4"].comment is None and sheet["D4"].font.bold and sheet["D4"].value == 2.5
    assert sheet.column_dimensions["C"].width == 33
    assert "A4:A5" in {str(merged) for merged in sheet.merged_cells.ranges}
    assert sheet["F3"].value == "退回问题"
    assert "三五" in sheet["F5"].value and sheet["F4"].value is None
    assert "别的表" not in book.sheetnames


def test_the_last_sheet_lists_every_finding_errors_first(tmp_path: Path) -> None:
    _, book = sent_back(ledger(tmp_path / "a.xlsx"), tmp_path)
    lines = [[cell.value for cell in row] for row in book["退回说明"].iter_rows()]
    assert lines[0][0] == "a.xlsx" and lines[1][0].startswith("共 2 处错误、1 处提醒，涉及 2 行")
    listed = [(line[0], line[4]) for line in lines[4:]]
    assert lines[3] == ["行号", "栏目", "程度", "问题", "代码"]
    assert listed[:3] == [(5, "number_unreadable"), (6, "number_out_of_range"), (6, "personal_data_found")]
    assert "filled_from_merged" in {code for _, code in listed}


def test_a_corrected_copy_reads_like_the_ledger_it_came_from(tmp_path: Path) -> None:
    copy, book = sent_back(ledger(tmp_path / "a.xlsx"), tmp_path / "returned")
    book["台账"]["D5"], book["台账"]["D6"] = 3.5, 4
    book.save(copy)
    tables = open_ledger(copy)
    assert [table.name for table in tables] == ["台账"]
    before = open_ledger(tmp_path / "a.xlsx")[0]
    assert tables[0].columns == before.columns
    issues, _ = checked(tables[0])
    assert {issue.code for issue in issues if issue.severity == "error"} == set()
    assert list(next(tables[0].batches()).index) == [4, 5, 6]


def test_formulas_that_reach_outside_become_values_and_sums_stay(tmp_path: Path) -> None:
    _, book = sent_back(ledger(tmp_path / "a.xlsx"), tmp_path / "returned")
    assert book["台账"]["E4"].value == "=SUM(D4:D5)"
    assert book["台账"]["E5"].value is None


HOSTILE = ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3", "\t=1", "-5.5", "plain"]


def test_text_that_would_run_as_a_formula_is_written_as_text(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    lines = ["编号,面积（亩）,备注", *(f'{text},x,"{text}"' for text in HOSTILE)]
    path.write_text("\n".join(lines), encoding="utf-8")
    _, book = sent_back(path, tmp_path / "returned")
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f"
                assert not (isinstance(cell.value, str) and cell.value[:1] in "=@+\t" and cell.value[:1])
    assert [row[3].value for row in book["a"].iter_rows(min_row=2)][-2:] == ["-5.5", "plain"]


def test_a_text_table_becomes_a_sheet_with_the_numbers_of_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "青山.csv"
    path.write_bytes(
        "青山镇台账,,\n编号,村,面积（亩）\nA1,石桥村,三五\nA2,高坪村,2\n,高坪村,1\n".encode("gb18030")
    )
    copy, book = sent_back(path, tmp_path / "returned")
    assert copy.name == "青山-退回.xlsx"
    rows = [[cell.value for cell in row] for row in book["青山"].iter_rows()]
    assert rows[0][:4] == ["原行号", "编号", "村", "面积（亩）"] and rows[0][-1] == "退回问题"
    assert [row[0] for row in rows[1:]] == [3, 4, 5]
    sheet = book["青山"]
    assert sheet["D2"].fill.fgColor.rgb == RED and sheet["B4"].fill.fgColor.rgb == RED
    assert sheet["D3"].comment is None


def test_a_map_file_becomes_a_sheet_of_its_attributes(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"TBBH": ["A1", "A2"], "geometry": [shapely.Point(1, 1), None]}, index=pd.Index([1, 2], name="row")
    )
    table = Table(tmp_path / "图斑.shp", "图斑", "map", ("TBBH",), lambda: iter([frame]), rows=2)
    issues = [
        Issue("id_duplicate", 2, "parcel_id", {"value": "A2", "first_row": 1}),
        Issue("value_required_missing", 1),
    ]
    copy = write_returned(table, issues, tmp_path, lang="en", columns={"parcel_id": "TBBH"})
    sheet = openpyxl.load_workbook(copy)["图斑"]
    assert copy.name == "图斑-returned.xlsx"
    assert [[cell.value for cell in row[:2]] for row in sheet.iter_rows()] == [
        ["Original row", "TBBH"],
        [1, "A1"],
        [2, "A2"],
    ]
    assert sheet["B3"].fill.fgColor.rgb == RED
    assert sheet["A2"].fill.fgColor.rgb == RED, "a finding on the whole row colours its first cell"


def test_a_large_table_gives_only_its_faulty_rows_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(returns, "MOST_ROWS", 50)
    path = tmp_path / "a.csv"
    lines = ["编号,村,面积（亩）", *(f"A{i},石桥村,{'x' if i % 30 == 0 else i}" for i in range(1, 101))]
    path.write_text("\n".join(lines), encoding="utf-8")
    _, book = sent_back(path, tmp_path / "returned")
    assert [row[0].value for row in book["a"].iter_rows(min_row=2)] == [31, 61, 91]
    assert "只列出有问题的行" in str(book["退回说明"]["A3"].value)


def test_two_senders_with_files_of_one_name_do_not_overwrite_each_other(tmp_path: Path) -> None:
    copies = []
    for town, fault in (("青山", "x"), ("白沙", "y")):
        (tmp_path / town).mkdir()
        path = tmp_path / town / "台账.csv"
        path.write_text(f"编号,面积（亩）\nA1,{fault}\n", encoding="utf-8")
        copies.append(sent_back(path, tmp_path / "returned")[0])
    assert copies[0] != copies[1]
    again = sent_back(tmp_path / "青山" / "台账.csv", tmp_path / "returned")[0]
    assert again == copies[0]
    assert sorted(p.name for p in (tmp_path / "returned").iterdir()) == sorted({c.name for c in copies})


def test_a_name_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    frame = pd.DataFrame({"编号": ["A1"]}, index=pd.Index([2], name="row"), dtype=object)
    table = Table(tmp_path / "a.csv", "../../etc/x:y", "sheet", ("编号",), lambda: iter([frame]), rows=1)
    copy = write_returned(table, [Issue("id_missing", 2, "编号")], tmp_path / "returned", lang="zh", columns={})
    assert copy.parent == tmp_path / "returned" and copy.is_file()


def test_a_copy_that_cannot_be_finished_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(returns.os, "fsync", fail)
    with pytest.raises(OSError, match="no space"):
        sent_back(ledger(tmp_path / "a.xlsx"), tmp_path / "returned")
    assert list((tmp_path / "returned").iterdir()) == []


def test_characters_a_workbook_cannot_hold_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("编号,面积（亩）,备注\nA1,\x01x,坏\x0b字\n".encode())
    _, book = sent_back(path, tmp_path / "returned")
    assert book["a"]["D2"].value == "坏字"
