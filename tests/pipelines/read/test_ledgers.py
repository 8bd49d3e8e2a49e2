"""Ledgers in many house styles, as townships keep them; all names are invented."""

from __future__ import annotations

import datetime as dt
import random
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
import xlwt

from geo.errors import Refused
from pipelines.read import delimited, ledgers_heading, ledgers_workbook
from pipelines.read.delimited import open_delimited
from pipelines.read.ledgers import open_ledger
from pipelines.read.ledgers_kinds import area_of_title
from pipelines.read.source import Table

Rows = Sequence[Sequence[Any]]


def workbook(path: Path, rows: Rows, merges: Sequence[str] = (), title: str = "台账") -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    for merge in merges:
        sheet.merge_cells(merge)
    book.save(path)
    return path


def one(path: Path, **options: Any) -> tuple[Table, pd.DataFrame]:
    (table,) = open_ledger(path, **options)
    return table, pd.concat(list(table.batches()))


def codes(table: Table) -> list[str]:
    return [issue.code for issue in table.issues]


def found(table: Table, code: str) -> list[Any]:
    return [issue for issue in table.issues if issue.code == code]


HOUSE_STYLE = [
    ["2023年青山镇撂荒地整治台账"],
    ["填报单位：青山镇人民政府", None, None, None, "单位：亩"],
    ["序号", "村", "图斑", None, "整治面积", "完成时间"],
    [None, None, "编号", "小地名", None, None],
    [1, "石桥村", "A1", "大田", 2.5, "2023.9"],
    [2, "石桥村", "A2", "小田", "3亩", "2023年9月5日"],
    [3, "白沙村", "A3", "沟边", 1.25, 45170],
    ["合计", None, None, None, 6.75],
    ["注：面积以实测为准"],
    ["填表人：李某", None, None, "审核人：王某"],
]
HOUSE_MERGES = ["A1:F1", "A3:A4", "B3:B4", "C3:D3", "E3:E4", "F3:F4"]


def test_a_two_row_heading_is_flattened_and_rows_keep_their_excel_numbers(tmp_path: Path) -> None:
    table, frame = one(workbook(tmp_path / "a.xlsx", HOUSE_STYLE, HOUSE_MERGES))
    assert table.columns[:6] == ("序号", "村", "图斑/编号", "图斑/小地名", "整治面积", "完成时间")
    assert list(frame.index) == [5, 6, 7]
    assert list(frame["图斑/编号"]) == ["A1", "A2", "A3"]
    assert list(frame["整治面积"]) == [2.5, "3亩", 1.25]
    assert table.units == {"整治面积": "mu"}
    assert table.rows == 3
    assert table.cells is not None and table.cells.heading_row == 4
    assert table.cells.columns["整治面积"] == 5
    assert "total_disagrees" not in codes(table)


def test_the_reporting_unit_above_the_table_names_the_township_no_column_has(tmp_path: Path) -> None:
    table, frame = one(workbook(tmp_path / "a.xlsx", HOUSE_STYLE, HOUSE_MERGES))
    assert set(frame["乡镇"]) == {"青山镇"}
    assert found(table, "filled_from_title")[0].params["value"] == "青山镇"


def test_a_wrong_total_names_its_row_and_column_with_both_figures(tmp_path: Path) -> None:
    rows = [list(row) for row in HOUSE_STYLE]
    rows[7][4] = 7.75
    table, frame = one(workbook(tmp_path / "a.xlsx", rows, HOUSE_MERGES))
    (issue,) = found(table, "total_disagrees")
    assert (issue.row, issue.field) == (8, "整治面积")
    assert (issue.params["stated"], issue.params["counted"]) == (7.75, 6.75)
    assert len(frame) == 3


@pytest.mark.parametrize(
    "stated, wrong", [(6.8, False), (7, False), (6.6, True), (6, True), (6.75, False), ("6.75亩", False)]
)
def test_a_total_may_be_rounded_but_not_otherwise_differ(tmp_path: Path, stated: Any, wrong: bool) -> None:
    rows = [list(row) for row in HOUSE_STYLE]
    rows[7][4] = stated
    table, _ = one(workbook(tmp_path / "a.xlsx", rows, HOUSE_MERGES))
    assert ("total_disagrees" in codes(table)) is wrong


HEAD = ["乡镇", "村", "编号", "面积（亩）"]


def test_subtotals_after_their_rows_and_a_grand_total_are_each_checked(tmp_path: Path) -> None:
    rows = [
        HEAD,
        ["青山镇", "石桥村", "A1", 1],
        ["青山镇", "石桥村", "A2", 2],
        ["青山镇", "小计", None, 3],
        ["白沙乡", "高坪村", "B1", 4],
        ["白沙乡", "高坪村", "B2", 5],
        ["白沙乡", "小计", None, 8],
        ["总计", None, None, 12],
    ]
    table, frame = one(workbook(tmp_path / "a.xlsx", rows))
    assert list(frame["编号"]) == ["A1", "A2", "B1", "B2"]
    assert [(i.row, i.params["counted"]) for i in found(table, "total_disagrees")] == [(7, 9.0)]


def test_totals_standing_before_their_rows_are_understood(tmp_path: Path) -> None:
    rows = [
        HEAD,
        ["合计", None, None, 12],
        ["青山镇小计", None, None, 3],
        [None, "石桥村", "A1", 1],
        [None, "石桥村", "A2", 2],
        ["白沙乡小计", None, None, 10],
        [None, "高坪村", "B1", 4],
        [None, "高坪村", "B2", 5],
    ]
    table, frame = one(workbook(tmp_path / "a.xlsx", rows))
    assert len(frame) == 4
    assert [(i.row, i.params["counted"]) for i in found(table, "total_disagrees")] == [(6, 9.0)]


def test_rates_prices_and_codes_are_not_added_up(tmp_path: Path) -> None:
    rows = [
        ["编号", "面积（亩）", "整治率（%）", "租金（元/亩）", "村代码"],
        ["A1", 1, 50, 300, 990101],
        ["A2", 2, 100, 500, 990102],
        ["合计", 3, 83.3, 433, 2],
    ]
    table, _ = one(workbook(tmp_path / "a.xlsx", rows))
    assert "total_disagrees" not in codes(table)


def test_merged_cells_are_filled_down_but_an_amount_stays_in_its_first_row(tmp_path: Path) -> None:
    rows = [HEAD, ["青山镇", "石桥村", "A1", 6], [None, None, "A2", None], [None, "高坪村", "A3", 2]]
    table, frame = one(workbook(tmp_path / "a.xlsx", rows, ["A2:A4", "B2:B3", "D2:D3"]))
    assert list(frame["乡镇"]) == ["青山镇"] * 3
    assert list(frame["村"]) == ["石桥村", "石桥村", "高坪村"]
    assert frame["面积（亩）"].tolist() == [6, None, 2]
    assert {i.field: i.params["count"] for i in found(table, "filled_from_merged")} == {"乡镇": 2, "村": 1}


def test_blanks_that_mean_same_as_above_are_filled_in_area_columns_only(tmp_path: Path) -> None:
    rows = [
        [*HEAD, "备注"],
        ["青山镇", "石桥村", "A1", 1, "已核"],
        [None, None, "A2", 2, None],
        [None, "高坪村", "A3", 3, None],
        ["白沙乡", "河口村", "B1", 4, None],
        [None, "〃", "B2", 5, "同上"],
    ]
    table, frame = one(workbook(tmp_path / "a.xlsx", rows))
    assert list(frame["乡镇"]) == ["青山镇", "青山镇", "青山镇", "白沙乡", "白沙乡"]
    assert list(frame["村"]) == ["石桥村", "石桥村", "高坪村", "河口村", "河口村"]
    assert list(frame["备注"][:4]) == ["已核", None, None, None]
    assert found(table, "filled_from_above")


def test_a_village_is_not_carried_into_the_next_township(tmp_path: Path) -> None:
    rows = [HEAD, ["青山镇", "石桥村", "A1", 1], [None, None, "A2", 2], ["白沙乡", None, "B1", 3]]
    _, frame = one(workbook(tmp_path / "a.xlsx", rows))
    assert list(frame["村"]) == ["石桥村", "石桥村", None]


def test_a_single_missing_village_in_a_full_column_stays_missing(tmp_path: Path) -> None:
    rows = [HEAD, *(["青山镇", "石桥村" if i != 3 else None, f"A{i}", i] for i in range(1, 9))]
    table, frame = one(workbook(tmp_path / "a.xlsx", rows))
    assert frame["村"].isna().sum() == 1
    assert "filled_from_above" not in codes(table)


def test_headings_repeated_on_a_new_page_number_rows_and_notes_are_set_aside(tmp_path: Path) -> None:
    rows = [
        ["撂荒地台账"],
        HEAD,
        [1, 2, 3, 4],
        ["青山镇", "石桥村", "A1", 1],
        ["撂荒地台账"],
        HEAD,
        ["青山镇", "高坪村", "A2", 2],
        ["填报人：赵某", None, "联系电话：（略）"],
        ["说明：本表一式两份"],
    ]
    table, frame = one(workbook(tmp_path / "a.xlsx", rows, ["A1:D1", "A5:D5"]))
    assert list(frame.index) == [4, 7]
    kinds = {i.params["what"]: i.params["count"] for i in found(table, "rows_set_aside")}
    assert kinds == {"列号": 1, "重复的表头": 2, "说明或签字": 2}


def test_rows_with_nothing_but_a_running_number_are_not_data(tmp_path: Path) -> None:
    rows = [["序号", "村", "编号"], [1, "石桥村", "A1"], [2, None, None], [3, None, None]]
    _, frame = one(workbook(tmp_path / "a.xlsx", rows))
    assert list(frame.index) == [2]


def test_section_titles_give_the_township_of_the_rows_below_them(tmp_path: Path) -> None:
    rows = [
        ["村", "编号", "面积（亩）"],
        ["一、青山镇"],
        ["石桥村", "A1", 1],
        ["高坪村", "A2", 2],
        ["二、白沙乡"],
        ["河口村", "B1", 3],
    ]
    _, frame = one(workbook(tmp_path / "a.xlsx", rows, ["A2:C2", "A5:C5"]))
    assert list(frame["乡镇"]) == ["青山镇", "青山镇", "白沙乡"]
    assert list(frame.index) == [3, 4, 6]


def test_a_sheet_named_after_a_village_gives_it_to_its_rows(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", [["编号", "面积（亩）"], ["A1", 1], ["A2", 2]], title="石桥村")
    table, frame = one(path)
    assert list(frame["村"]) == ["石桥村", "石桥村"]
    assert found(table, "filled_from_title")[0].field == "村"


@pytest.mark.parametrize(
    "title, area",
    [
        ("青山镇", (1, "青山镇")),
        ("一、青山镇人民政府：", (1, "青山镇")),
        ("（二）石桥村村民委员会", (2, "石桥村")),
        ("202610青山镇", (1, "青山镇")),
        ("乡镇", None),
        ("各村", None),
        ("Sheet1", None),
        ("撂荒地台账", None),
    ],
)
def test_the_area_a_title_consists_of(title: str, area: tuple[int, str] | None) -> None:
    assert area_of_title(title) == area


def test_a_second_heading_row_of_units_alone_belongs_to_the_heading(tmp_path: Path) -> None:
    rows = [["村", "编号", "面积", "投资"], [None, None, "亩", "（万元）"], ["石桥村", "A1", 1, 2]]
    table, frame = one(workbook(tmp_path / "a.xlsx", rows))
    assert table.units == {"面积/亩": "mu", "投资/（万元）": "wan_yuan"}
    assert list(frame.index) == [3]


def test_a_three_row_heading_is_flattened(tmp_path: Path) -> None:
    rows = [
        ["统计表"],
        ["村", "整治情况", None, None, None],
        [None, "计划", None, "完成", None],
        [None, "面积（亩）", "户数", "面积（亩）", "户数"],
        ["石桥村", 10, 3, 8, 2],
        ["高坪村", 20, 4, 18, 4],
    ]
    table, _ = one(workbook(tmp_path / "a.xlsx", rows, ["A1:E1", "A2:A4", "B2:E2", "B3:C3", "D3:E3"]))
    assert table.columns == (
        "村",
        "整治情况/计划/面积（亩）",
        "整治情况/计划/户数",
        "整治情况/完成/面积（亩）",
        "整治情况/完成/户数",
    )


def test_a_two_row_heading_without_merged_cells_is_seen_by_its_gaps(tmp_path: Path) -> None:
    rows = [
        ["村", "图斑编号", "流出方", None, "面积（亩）"],
        [None, None, "姓名", "电话", None],
        ["石桥村", "A1", "钱某", "略", 1.5],
        ["高坪村", "A2", "孙某", "略", 2.5],
    ]
    table, frame = one(workbook(tmp_path / "a.xlsx", rows))
    assert table.columns == ("村", "图斑编号", "流出方/姓名", "流出方/电话", "面积（亩）")
    assert list(frame.index) == [3, 4]


def test_a_heading_nobody_knows_is_found_by_its_shape(tmp_path: Path) -> None:
    rows = [["附件3"], ["灌渠名录"], ["渠名", "起点桩号", "底宽"], ["东干渠", 120, 0.8], ["西干渠", 240, 1.2]]
    table, frame = one(workbook(tmp_path / "a.xlsx", rows))
    assert table.columns == ("渠名", "起点桩号", "底宽")
    assert list(frame.index) == [4, 5]


def test_headings_that_repeat_or_are_blank_are_given_names_and_said(tmp_path: Path) -> None:
    rows = [["村", "面积", "面积", None], ["石桥村", 1, 2, "x"], ["高坪村", 3, 4, "y"]]
    table, _ = one(workbook(tmp_path / "a.xlsx", rows))
    assert table.columns == ("村", "面积", "面积（2）", "第4列")
    assert [i.params["column"] for i in found(table, "heading_renamed")] == [3, 4]


def test_dates_stay_raw_and_empty_cells_are_none(tmp_path: Path) -> None:
    rows = [["村", "时间", "面积"], ["石桥村", dt.datetime(2023, 9, 5), "  "], ["高坪村", 45170, 2]]
    _, frame = one(workbook(tmp_path / "a.xlsx", rows))
    assert frame["时间"].tolist() == [dt.date(2023, 9, 5), 45170]
    assert frame["面积"].iloc[0] is None


def test_several_sheets_give_several_tables_and_the_others_are_said(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    first.title = "石桥村"
    for name in ("高坪村", "填表说明", "空表", "下拉", "隐藏"):
        book.create_sheet(name)
    for name in ("石桥村", "高坪村", "隐藏"):
        book[name].append(["编号", "面积"])
        book[name].append([f"{name}1", 2])
    book["填表说明"].append(["请如实填写"])
    book["下拉"].append(["农户自种", "流转"])
    book["隐藏"].sheet_state = "veryHidden"
    book.save(tmp_path / "a.xlsx")
    tables = open_ledger(tmp_path / "a.xlsx")
    assert [t.name for t in tables] == ["石桥村", "高坪村"]
    assert {i.params["sheet"] for i in found(tables[0], "sheet_skipped")} == {"填表说明", "空表", "下拉", "隐藏"}
    table, _ = one(tmp_path / "a.xlsx", sheet="隐藏")
    assert table.cells is not None and table.cells.sheet == "隐藏"
    with pytest.raises(Refused) as refusal:
        open_ledger(tmp_path / "a.xlsx", sheet="没有")
    assert refusal.value.code == "sheet_not_found"


def test_a_template_with_headings_alone_is_a_table_without_rows(tmp_path: Path) -> None:
    table, frame = one(workbook(tmp_path / "a.xlsx", [["撂荒地台账"], HEAD], ["A1:D1"]))
    assert len(frame) == 0 and table.rows == 0
    assert tuple(frame.columns) == table.columns == tuple(HEAD)
    assert codes(table) == ["table_empty"]


def test_an_old_xls_with_merged_cells_reads_like_an_xlsx(tmp_path: Path) -> None:
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("Sheet1")
    sheet.write_merge(0, 0, 0, 3, "青山镇土地流转台账")
    for c, text in enumerate(HEAD):
        sheet.write(1, c, text)
    sheet.write_merge(2, 3, 0, 0, "青山镇")
    for r, (village, number, area) in enumerate([("石桥村", "A1", 1.5), ("高坪村", "A2", 2.5)], start=2):
        sheet.write(r, 1, village)
        sheet.write(r, 2, number)
        sheet.write(r, 3, area)
    book.save(str(tmp_path / "a.xls"))
    table, frame = one(tmp_path / "a.xls")
    assert table.name == "青山镇土地流转台账"
    assert list(frame["乡镇"]) == ["青山镇", "青山镇"]
    assert list(frame["面积（亩）"]) == [1.5, 2.5]


@pytest.mark.parametrize("kind", ["xls", "xlsx"])
def test_damaged_bytes_never_bring_more_than_a_refusal(tmp_path: Path, kind: str) -> None:
    good = tmp_path / f"good.{kind}"
    if kind == "xls":
        book = xlwt.Workbook(encoding="utf-8")
        sheet = book.add_sheet("台账")
        for r, row in enumerate(HOUSE_STYLE):
            for c, value in enumerate(row):
                sheet.write(r, c, value)
        book.save(str(good))
    else:
        workbook(good, HOUSE_STYLE, HOUSE_MERGES)
    chance = random.Random(7)
    bad = tmp_path / f"bad.{kind}"
    for _ in range(60):
        data = bytearray(good.read_bytes())
        for _ in range(chance.randrange(1, 20)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        bad.write_bytes(bytes(data[: chance.choice([None, chance.randrange(len(data))])]))
        try:
            assert open_ledger(bad)
        except Refused as refusal:
            assert "bad" in refusal.words("zh")


def test_days_and_signs_of_an_old_xls_are_what_they_were(tmp_path: Path) -> None:
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("台账")
    day = xlwt.easyxf(num_format_str="yyyy-mm-dd")
    for c, text in enumerate(["村", "时间", "是否"]):
        sheet.write(0, c, text)
    for c, value in enumerate(["石桥村", dt.datetime(2023, 9, 5), True]):
        sheet.write(1, c, value, day if c == 1 else xlwt.Style.default_style)
    book.save(str(tmp_path / "a.xls"))
    _, frame = one(tmp_path / "a.xls")
    assert frame.iloc[0].tolist() == ["石桥村", dt.date(2023, 9, 5), True]


def test_a_web_page_called_xls_is_read_with_its_spans(tmp_path: Path) -> None:
    page = (
        "<html><body><table>"
        "<tr><td rowspan=2>村</td><td colspan=2>图斑</td></tr><tr><td>编号</td><td>面积</td></tr>"
        "<tr><td rowspan=2>石桥村</td><td>A1</td><td>1.5</td></tr><tr><td>A2</td><td>2.5</td></tr></table>"
        "</body></html>"
    )
    (tmp_path / "a.xls").write_bytes(page.encode("gb18030"))
    table, frame = one(tmp_path / "a.xls")
    assert table.columns == ("村", "图斑/编号", "图斑/面积")
    assert list(frame["村"]) == ["石桥村", "石桥村"]
    assert table.encoding == "gb18030"


def test_text_called_xls_is_read_as_text(tmp_path: Path) -> None:
    (tmp_path / "a.xls").write_bytes("村\t编号\t面积\n石桥村\tA1\t1.5\n".encode("gb18030"))
    _, frame = one(tmp_path / "a.xls")
    assert frame.iloc[0].tolist() == ["石桥村", "A1", "1.5"]


def _truncated(path: Path) -> None:
    workbook(path, HOUSE_STYLE)
    path.write_bytes(path.read_bytes()[:2500])


def _locked(path: Path) -> None:
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le"))


def _archive(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "nothing")


def _stray(path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"], sheet["B1"], sheet["A2"], sheet["B2"] = "村", "编号", "石桥村", "A1"
    sheet["XFA900000"] = "."
    book.save(path)


@pytest.mark.parametrize(
    "make, code",
    [
        (_truncated, "ledger_damaged"),
        (_locked, "ledger_encrypted"),
        (_archive, "ledger_not_a_workbook"),
        (_stray, "ledger_stray_cells"),
        (lambda p: p.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1short"), "ledger_damaged"),
        (lambda p: p.write_bytes(b""), "ledger_not_a_workbook"),
        (lambda p: p.write_bytes(b"%PDF-1.7 ..."), "ledger_not_a_workbook"),
        (
            lambda p: p.write_bytes(b'<?xml version="1.0"?><Workbook xmlns="urn:x-office:spreadsheet">'),
            "ledger_not_a_workbook",
        ),
        (lambda p: p.write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\0"), "ledger_not_a_workbook"),
        (lambda p: workbook(p, []), "ledger_nothing_readable"),
        (lambda p: workbook(p, [["只有一句话"]]), "ledger_nothing_readable"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_sentence(tmp_path: Path, make: Any, code: str) -> None:
    path = tmp_path / "坏.xlsx"
    make(path)
    with pytest.raises(Refused) as refusal:
        open_ledger(path)
    assert refusal.value.code == code
    for lang in ("zh", "en"):
        sentence = refusal.value.words(lang)
        assert "…" not in sentence and "\n" not in sentence and "坏.xlsx" in sentence


def test_a_workbook_that_unpacks_to_more_than_memory_holds_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = workbook(tmp_path / "a.xlsx", HOUSE_STYLE)
    monkeypatch.setattr(ledgers_workbook, "_MOST_UNPACKED", 1000)
    with pytest.raises(Refused) as refusal:
        open_ledger(path)
    assert refusal.value.code == "ledger_too_large"


TEXT = '村,编号,面积,备注\n石桥村,A1,1.5,"两行\n备注"\n高坪村,A2,2.5,无\n'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("separator", [",", "\t", ";", "|"])
def test_a_text_table_is_read_in_any_encoding_with_any_separator(
    tmp_path: Path, encoding: str, separator: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(TEXT.replace(",", separator).encode(encoding))
    (table,) = open_delimited(path)
    frame = pd.concat(list(table.batches()))
    assert table.columns == ("村", "编号", "面积", "备注")
    assert frame.loc[2].tolist() == ["石桥村", "A1", "1.5", "两行\n备注"]
    assert list(frame.index) == [2, 3]


def test_western_letters_are_not_taken_for_chinese(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("name,crop\nVårbyg,Ærter\nBlé,Grönsaker\n".encode("cp1252"))
    (table,) = open_delimited(path)
    assert table.encoding == "cp1252"
    assert next(table.batches())["name"].tolist() == ["Vårbyg", "Blé"]


def test_a_wrong_encoding_that_was_given_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(TEXT.encode("gb18030"))
    with pytest.raises(Refused) as refusal:
        open_delimited(path, encoding="utf-8")
    assert refusal.value.code == "encoding_given_wrong"


def test_one_broken_byte_among_much_chinese_is_said_and_spoils_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = [f"石桥村,A{i},备注文字" for i in range(300)]
    data = "\n".join(["村,编号,备注", *rows]).encode("gb18030").replace("A7,备".encode("gb18030"), b"A7,\xb1")
    path.write_bytes(data)
    (table,) = open_delimited(path)
    frame = next(table.batches())
    assert table.encoding == "gb18030"
    assert found(table, "lines_unreadable")[0].params["count"] == 1
    assert frame["村"].tolist() == ["石桥村"] * 300 and frame["备注"].iloc[8] == "备注文字"


def test_prose_is_not_a_table(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("这是一份说明。\n请各乡镇按时报送，\n不得迟报。\n", encoding="utf-8")
    with pytest.raises(Refused) as refusal:
        open_delimited(path)
    assert refusal.value.code == "text_not_a_table"


def test_a_large_text_table_streams_to_the_same_rows_and_findings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.csv"
    lines = [
        "青山镇台账,,",
        "村,编号,面积（亩）",
        *(f"石桥村,A{i},{i}" for i in range(1, 251)),
        "合计,,1",
        "注：完",
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    (whole,) = open_delimited(path)
    monkeypatch.setattr(delimited, "_AT_ONCE_BYTES", 0)
    monkeypatch.setattr(delimited, "BATCH_ROWS", 40)
    (streamed,) = open_delimited(path)
    assert streamed.rows is None
    parts = list(streamed.batches())
    assert len(parts) == 7
    pd.testing.assert_frame_equal(pd.concat(parts), pd.concat(list(whole.batches())))
    assert streamed.rows == whole.rows == 250
    assert codes(streamed) == codes(whole)
    (issue,) = found(streamed, "total_disagrees")
    assert issue.params["counted"] == 250 * 251 / 2
    assert sum(len(part) for part in streamed.batches()) == 250
    assert codes(streamed) == codes(whole)


def test_a_row_with_too_many_cells_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("村,编号,面积\n石桥村,A1,1\n高坪村,A2,2,余,多\n", encoding="utf-8")
    (table,) = open_delimited(path)
    (issue,) = found(table, "cells_in_error")
    assert (issue.row, issue.params["expected"], issue.params["found"]) == (3, 3, 5)


def test_known_headings_include_every_name_of_every_layer() -> None:
    known = ledgers_heading.known_headings()
    assert {"图斑编号", "dkbm", "经度", "流转面积"} <= known


@pytest.mark.real_data
def test_the_summary_forms_of_the_national_standard_are_read(real_data: Path) -> None:
    folder = real_data / "nyt2539_templates"
    table, frame = one(folder / "按权证信息汇总表.xls")
    assert table.columns[2:5] == ("颁发权证数量/合计", "颁发权证数量/家庭承包", "颁发权证数量/其它方式承包")
    assert table.units["颁发权证面积"] == "mu"
    assert list(frame.index) == [5, 6, 7, 8, 9, 10]
    for name in ("按地块汇总表", "按承包方汇总表", "按承包地土地用途汇总表", "按非承包地地块类别汇总表"):
        table, frame = one(folder / f"{name}.xls")
        assert len(frame) == 0 and "table_empty" in codes(table)


@pytest.mark.real_data
def test_every_xlsform_is_read_or_refused_in_one_sentence(real_data: Path) -> None:
    read = 0
    for path in sorted((real_data / "odk_pyxform").glob("*.xls*")):
        tables = open_ledger(path)
        surveys = [t for t in tables if t.name.strip().lower() in ("survey", "sheet1")]
        assert surveys and {"type", "name"} & {c.lower() for c in surveys[0].columns}, path.name
        read += len(tables)
    assert read > 60


@pytest.mark.real_data
@pytest.mark.parametrize(
    "name, rows, columns",
    [
        ("buffalo311/buffalo311_scrubbed.csv", 7559, 35),
        ("codes_modood/streets.csv", 41352, 5),
        ("fiboa_parcels/dk/dk_2019.csv", 298, 7),
        ("fiboa_parcels/fr/fr_2018.csv", 282, 7),
    ],
)
def test_real_text_tables_keep_every_row(real_data: Path, name: str, rows: int, columns: int) -> None:
    (table,) = open_delimited(real_data / name)
    frame = pd.concat(list(table.batches()))
    expected = pd.read_csv(real_data / name, dtype=str, keep_default_na=False)
    assert frame.shape == (rows, columns) == expected.shape
    assert (
        frame.fillna("").to_numpy() == expected.apply(lambda c: c.where(c.str.strip() != "", "")).to_numpy()
    ).all()
