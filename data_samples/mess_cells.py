"""What goes wrong in the cells of a ledger: numbers, dates, codes, choices, names of places, people."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd

from data_samples import headings, maps
from data_samples.delivery import LAST_DAY
from data_samples.mess import OLD_VILLAGE, Make, Mess, abandoned, cell, ledger, sample
from data_samples.workbook import House, write_ledger

ABANDONED = "abandoned_parcel"


_SOUNDS_LIKE = str.maketrans("坪坝塘沟岭溪湾堰滩梁", "平霸糖钩领西弯燕摊良")
"""What a typist picks from the list of characters of one sound."""


def _repeated_number(rows: pd.DataFrame) -> pd.DataFrame:
    rows.loc[3, "图斑编号"] = rows["图斑编号"][1]
    return rows


def _repeated_row(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([rows, rows.iloc[[1]]])


def _typed_by_sound(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(村=rows["村"].str.translate(_SOUNDS_LIKE), 村代码=None)


def _another_village_code(rows: pd.DataFrame) -> pd.DataFrame:
    own = rows["村代码"][2]
    rows.loc[2, "村代码"] = next(c for c in sample().areas.villages["code"].tolist() if c != own)
    return rows


def _no_place(rows: pd.DataFrame) -> pd.DataFrame:
    rows.loc[2, ["乡镇", "村", "村代码"]] = None
    return rows


def _unknown_place(rows: pd.DataFrame) -> pd.DataFrame:
    rows.loc[2, ["乡镇", "村", "村代码"]] = [None, "海市蜃楼村", None]
    return rows


def _former_name(rows: pd.DataFrame) -> pd.DataFrame:
    rows.loc[2, ["乡镇", "村", "村代码"]] = [None, OLD_VILLAGE, None]
    return rows


def _acceptance_before_work(rows: pd.DataFrame) -> pd.DataFrame:
    rows.loc[2, ["发现日期", "验收日期"]] = [date(2025, 6, 20), date(2025, 3, 1)]
    return rows


def _without_ids(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.drop(columns="图斑编号")


def _all_months(rows: pd.DataFrame) -> pd.DataFrame:
    rows["发现日期"] = "2024.11"
    return rows


def _all_years(rows: pd.DataFrame) -> pd.DataFrame:
    rows["发现日期"] = 2024
    return rows


def _short_years(rows: pd.DataFrame) -> pd.DataFrame:
    rows["发现日期"] = "24.11.9"
    return rows


def _about(rows: pd.DataFrame) -> pd.DataFrame:
    rows.loc[2, "上报面积"] = "约2.5亩"
    return rows


def _in_house(house: House) -> Make:
    """The same ledger in a house style."""

    def _make(folder: Path) -> Path:
        inverse = {heading: name for name, heading in headings.ABANDONED.items()}
        rows = pd.DataFrame(abandoned(on_map=False).drop(columns="geometry")).rename(columns=inverse)
        path = folder / "台账.xlsx"
        rows = rows.sort_values("village_code", kind="stable")
        write_ledger(
            path,
            rows,
            headings.ABANDONED,
            house,
            title="撂荒地整治台账",
            office="某镇人民政府",
            at=LAST_DAY,
            amounts=("reported_mu", "planned_mu"),
            groups=headings.ABANDONED_GROUPS,
        )
        return path

    return _make


def _false_total(folder: Path) -> Path:
    path = _in_house(House(totals=True))(folder)
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    column = next(c.column for c in sheet[3] if c.value == "上报面积")
    sheet.cell(sheet.max_row, column).value += 100
    book.save(path)
    return path


def _codes_as_numbers(folder: Path) -> Path:
    """A transfer ledger whose 19-digit parcel codes Excel keeps to fifteen."""
    village = sample().areas.villages.iloc[-1]
    codes = pd.Series([f"{village['code']}01{n:05d}" for n in range(1, 6)]).astype(np.float64)
    frame = pd.DataFrame({"合同编号": [f"LZ{n:04d}" for n in range(len(codes))], "地块代码": codes})
    frame = frame.assign(村=village["name"], 流转面积=1.2, 流转方式="出租", 起始日期="2025-01-01")
    path = folder / "流转台账.xlsx"
    frame.to_excel(path, index=False)
    return path


def _points_of_areas(folder: Path) -> Path:
    """A ledger of areas with one pair of coordinates a row."""
    points = abandoned().to_crs(maps.STORED)
    at = points.representative_point()
    rows = pd.DataFrame(points.drop(columns="geometry")).assign(经度=at.x.round(7), 纬度=at.y.round(7))
    path = folder / "撂荒地.csv"
    rows.to_csv(path, index=False, encoding="utf-8-sig")
    return path


CELLS = (
    Mess("number missing in one row", "id_missing", ABANDONED, cell("图斑编号", None)),
    Mess("no column of numbers at all", "id_made", ABANDONED, ledger(_without_ids)),
    Mess("number used twice", "id_duplicate", ABANDONED, ledger(_repeated_number)),
    Mess("row pasted twice", "row_repeated", ABANDONED, ledger(_repeated_row)),
    Mess("parcel codes kept as numbers", "code_damaged_by_excel", "land_transfer", _codes_as_numbers),
    Mess("coordinates of one point for an area", "points_place_only", ABANDONED, _points_of_areas),
    Mess("village code of another village", "code_name_disagree", ABANDONED, ledger(_another_village_code)),
    Mess("village code nobody has", "code_unknown", ABANDONED, cell("村代码", "519721999999")),
    Mess("village nobody knows", "place_unknown", ABANDONED, ledger(_unknown_place)),
    Mess("former village name", "place_retired", ABANDONED, ledger(_former_name)),
    Mess("village misspelt", "place_near_spelling", ABANDONED, ledger(_typed_by_sound)),
    Mess("no place at all", "place_missing", ABANDONED, ledger(_no_place)),
    Mess("area in words", "number_unreadable", ABANDONED, cell("上报面积", "若干")),
    Mess("area about", "number_approximate", ABANDONED, ledger(_about)),
    Mess("area negative", "number_out_of_range", ABANDONED, cell("上报面积", -3.2)),
    Mess("areas in hectares", "unit_converted", ABANDONED, _in_house(House(amounts="hectares"))),
    Mess("total does not add up", "total_disagrees", ABANDONED, _false_total),
    Mess("total among the rows", "rows_set_aside", ABANDONED, _in_house(House(totals=True))),
    Mess("villages left blank below", "filled_from_above", ABANDONED, _in_house(House(repeats="blank"))),
    Mess("villages merged", "filled_from_merged", ABANDONED, _in_house(House(repeats="merged"))),
    Mess("instructions on the first sheet", "sheet_skipped", ABANDONED, _in_house(House(cover=True))),
    Mess("thirtieth of February", "date_impossible", ABANDONED, cell("发现日期", "2025-02-30")),
    Mess("date in words", "date_unreadable", ABANDONED, cell("发现日期", "上个月底")),
    Mess("accepted before it was found", "date_order", ABANDONED, ledger(_acceptance_before_work)),
    Mess("only the month", "date_month_only", ABANDONED, ledger(_all_months)),
    Mess("only the year", "date_year_only", ABANDONED, ledger(_all_years)),
    Mess("year in two digits", "date_short_year", ABANDONED, ledger(_short_years)),
    Mess("stage nobody knows", "choice_unknown", ABANDONED, cell("整治阶段", "差不多了")),
    Mess("mode not in the list", "choice_not_listed", ABANDONED, cell("整治方式", "认养农业")),
    Mess("identity number in the remarks", "personal_data_found", ABANDONED, cell("备注", "519721190001010015")),
)
