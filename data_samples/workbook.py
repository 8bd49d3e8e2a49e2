"""Township ledgers in Excel, each office in the house style it has always used."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.worksheet import Worksheet

MU_PER_HECTARE = 15
_EPOCH = date(1899, 12, 30)


@dataclass(frozen=True)
class House:
    """How one office writes its tables.

    dates: real date cells, `2025.9.3`, serial numbers without a format, `2025年9月3日`, or `2025.9`. amounts:
    numbers of mu, text with 亩 behind, or hectares. repeats: what stands in a cell of the grouping column whose
    value is that of the cell above. groups: a second heading row above the first, merged. cover: an instruction
    sheet comes first. split: one sheet a village instead of one for all.
    """

    dates: Literal["cells", "dots", "serials", "words", "months"] = "cells"
    amounts: Literal["mu", "text", "hectares"] = "mu"
    repeats: Literal["full", "blank", "ditto", "merged"] = "full"
    title: bool = True
    numbered: bool = True
    groups: bool = False
    totals: bool = False
    cover: bool = False
    split: bool = False


HOUSES = (
    House(title=False, numbered=False),
    House(dates="words", totals=True),
    House(dates="dots", repeats="merged", groups=True, totals=True),
    House(dates="serials", cover=True, split=True),
    House(dates="months", amounts="text", repeats="ditto"),
    House(amounts="hectares", repeats="blank", totals=True),
)


def write_ledger(
    path: Path,
    frame: pd.DataFrame,
    headings: Mapping[str, str],
    house: House,
    *,
    title: str,
    office: str,
    at: date,
    amounts: Sequence[str] = (),
    groups: Mapping[str, str] | None = None,
    by: str = "village_name",
) -> None:
    """Write `frame` (columns are field names; dates as datetimes, areas in mu) under `headings`, in that order.

    amounts: the columns in mu, which a total sums. groups: column → upper heading, used where the house has two
    heading rows. by: the column in which an office spares itself repetition. at: the day of writing, which also
    dates the file inside, so that the same rows give the same bytes.
    """
    book = Workbook()
    book.remove(book.active)
    if house.cover:
        cover = book.create_sheet("填表说明")
        for row, line in enumerate(("填表说明", "1. 面积单位为亩。", "2. 每月25日前报送。"), start=1):
            cover.cell(row, 1, line)
    parts = [(str(k), part) for k, part in frame.groupby(by, sort=False)] if house.split else [("台账", frame)]
    for name, part in parts:
        sheet = book.create_sheet(name[:31])
        _Page(sheet, headings, house, amounts, groups or {}, by).write(part, title, office, at)
    book.save(path)
    settle(path, at)


class _Page:
    """One sheet being filled from the top."""

    def __init__(
        self,
        sheet: Worksheet,
        headings: Mapping[str, str],
        house: House,
        amounts: Sequence[str],
        groups: Mapping[str, str],
        by: str,
    ) -> None:
        self.sheet, self.house, self.amounts, self.groups, self.by = sheet, house, amounts, groups, by
        unit = "公顷" if house.amounts == "hectares" else "亩"
        first = [("", "序号")] if house.numbered else []
        self.columns = first + [
            (name, f"{head}（{unit}）" if name in amounts and house.amounts == "hectares" else head)
            for name, head in headings.items()
        ]

    def write(self, part: pd.DataFrame, title: str, office: str, at: date) -> None:
        """Title, headings, rows as the house writes repeats and dates, merged cells and the line of totals."""
        row = self._top(title, office, at)
        row = self._heads(row)
        start = row
        above: object = None
        for number, record in enumerate(part.to_dict("records"), start=1):
            for column, (name, _) in enumerate(self.columns, start=1):
                value = number if name == "" else self._value(name, record[name])
                if name == self.by and record[name] == above and self.house.repeats != "full":
                    value = {"ditto": "同上"}.get(self.house.repeats)
                cell = self.sheet.cell(row, column, value)
                if self.house.dates == "cells" and isinstance(value, date):
                    cell.number_format = "yyyy-mm-dd"
            above = record.get(self.by)
            row += 1
        if self.house.repeats == "merged":
            self._merge_repeats(part, start)
        if self.house.totals:
            self._total(part, row)

    def _top(self, title: str, office: str, at: date) -> int:
        """Title and unit line, if the house has them; the next free row."""
        if not self.house.title:
            return 1
        self.sheet.cell(1, 1, title).font = Font(bold=True, size=16)
        self.sheet.cell(1, 1).alignment = Alignment(horizontal="center")
        self.sheet.merge_cells(start_row=1, end_row=1, start_column=1, end_column=len(self.columns))
        unit = "公顷" if self.house.amounts == "hectares" else "亩"
        self.sheet.cell(2, 1, f"填报单位：{office}        填报日期：{at:%Y年%m月%d日}        单位：{unit}")
        self.sheet.merge_cells(start_row=2, end_row=2, start_column=1, end_column=len(self.columns))
        return 3

    def _heads(self, row: int) -> int:
        """One heading row, or two with merged cells; the next free row."""
        lower = row + 1 if self.house.groups else row
        uppers = [self.groups.get(name, "") for name, _ in self.columns]
        for column, (_, head) in enumerate(self.columns, start=1):
            upper = uppers[column - 1]
            if not self.house.groups:
                self.sheet.cell(row, column, head).font = Font(bold=True)
            elif upper:
                self.sheet.cell(lower, column, head).font = Font(bold=True)
                if column == 1 or uppers[column - 2] != upper:
                    last = column
                    while last < len(uppers) and uppers[last] == upper:
                        last += 1
                    self.sheet.cell(row, column, upper).font = Font(bold=True)
                    self.sheet.merge_cells(start_row=row, end_row=row, start_column=column, end_column=last)
            else:
                self.sheet.cell(row, column, head).font = Font(bold=True)
                self.sheet.merge_cells(start_row=row, end_row=lower, start_column=column, end_column=column)
        return lower + 1

    def _value(self, name: str, value: Any) -> Any:
        if value is None or pd.isna(value):
            return None
        if isinstance(value, pd.Timestamp):
            day = value.date()
            return {
                "cells": day,
                "dots": f"{day.year}.{day.month}.{day.day}",
                "serials": (day - _EPOCH).days,
                "words": f"{day.year}年{day.month}月{day.day}日",
                "months": f"{day.year}.{day.month:02d}",
            }[self.house.dates]
        if name in self.amounts:
            if self.house.amounts == "text":
                return f"{value:g}亩"
            return round(value / MU_PER_HECTARE, 5) if self.house.amounts == "hectares" else float(value)
        return value

    def _merge_repeats(self, part: pd.DataFrame, start: int) -> None:
        column = [name for name, _ in self.columns].index(self.by) + 1
        run = (part[self.by] != part[self.by].shift()).cumsum().to_numpy()
        for number in sorted(set(run.tolist())):
            rows = (run == number).nonzero()[0] + start
            if len(rows) > 1:
                self.sheet.merge_cells(
                    start_row=int(rows[0]), end_row=int(rows[-1]), start_column=column, end_column=column
                )

    def _total(self, part: pd.DataFrame, row: int) -> None:
        self.sheet.cell(row, 1, "合计").font = Font(bold=True)
        for column, (name, _) in enumerate(self.columns, start=1):
            if name in self.amounts:
                written = [self._value(name, v) for v in part[name]]
                numbers = [float(str(v).removesuffix("亩")) for v in written if v is not None]
                self.sheet.cell(row, column, round(sum(numbers), 5))


def settle(path: Path, at: date) -> None:
    """Rewrite an xlsx with one fixed date inside and on its parts, so that equal rows give equal bytes."""
    with zipfile.ZipFile(path) as archive:
        parts = [(name, archive.read(name)) for name in archive.namelist()]
    stamp = f"{at:%Y-%m-%d}T09:00:00Z".encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts:
            if name == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", stamp, content)
            info = zipfile.ZipInfo(name, (at.year, at.month, at.day, 9, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
