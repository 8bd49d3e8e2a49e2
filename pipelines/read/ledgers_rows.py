"""The rows under a ledger's headings: data told from totals and notes, `same as above` written out."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from geo.headings import core, fold, normal
from geo.issues import Issue
from geo.units import UNITS, heading_unit
from pipelines.read.ledgers_heading import Heading, Merge, is_filled
from pipelines.read.ledgers_kinds import RowKinds, area_of_title, listed
from pipelines.read.ledgers_totals import TotalsCheck, total_label

# Columns whose blanks may mean `same as above`, the wider area first.
_AREA_LEVELS = (
    re.compile(r"^(所在|所属)?(省|市|州|地区|县|区县|县区|县市区)(名称|名)?$|^(province|city|county)(name)?$"),
    re.compile(
        r"(乡镇|镇乡|街道|乡\(镇\)|镇街)(名称|名|街道)?$|^(所在|所属)?(镇|乡|town|township)(名称|名|name)?$"
    ),
    re.compile(r"(行政村|村社区|建制村)(名称|名)?$|^(所在|所属)?(村|社区|village)(名称|名|社|社区|name)?$|^村居$"),
    re.compile(r"^(所在|所属)?(村民小组|组|社|小组|村组|自然村|组别)(名称|名)?$"),
)
_SAME_AS_ABOVE = frozenset(("〃", "″", "同上", "同前", '"', "''", "””", "”", "“", "“”", "ditto", "〞", "’’", "′′"))
_REPORTED_BY = re.compile(
    r"(?:填报|报送|上报|填表|编制)单位(?:\(.{1,8}?\))?[:：]\s*(.{1,12}?(?:镇|乡|街道))"
    r"(?:人民政府|办事处|政府|\(|\s|$|农业|党委)"
)
_QUANTITY = ("area", "money", "length", "weight", "count")
_SHARE_BLANK = 0.25


def area_level(heading: str) -> int | None:
    """0 county … 3 group when a column names areas (so that its blanks may mean `same as above`), else None."""
    last = heading.rsplit("/", 1)[-1]
    text = fold(last).replace("（", "(").replace("）", ")")
    for level, pattern in enumerate(_AREA_LEVELS):
        if pattern.search(text) or pattern.search(core(last)) or pattern.search(normal(last)):
            return level
    return None


def is_quantity(heading: str) -> bool:
    """Whether a column holds amounts, which a merged cell states once for all its rows together."""
    unit = heading_unit(heading)
    if unit is not None:
        return UNITS[unit].measures in _QUANTITY
    return re.search(r"面积|亩数|金额|资金|数量|长度|投资|产量|个数|户数|人数", heading) is not None


class Body:
    """The rows under one heading block, taken in batches in their order.

    After the last batch `issues()` tells what was left out, filled and found wrong with the totals.
    """

    def __init__(self, heading: Heading) -> None:
        self.heading = heading
        self.names = heading.names
        self.totals = TotalsCheck(self.names)
        self.kinds = RowKinds(heading)
        self.filled: dict[str, list[int]] = {}
        self.merged: dict[str, list[int]] = {}
        self.shared: dict[str, list[int]] = {}
        self._areas = sorted((level, i) for i, n in enumerate(self.names) if (level := area_level(n)) is not None)
        self._meaning_above: set[int] | None = None
        self._last: dict[int, Any] = {}
        self._section: dict[int, str] = {}
        self.sections: dict[int, dict[int, str]] = {1: {}, 2: {}}

    def clean(
        self, cells: np.ndarray, rows: np.ndarray, across: Collection[int] = ()
    ) -> tuple[np.ndarray, np.ndarray]:
        """The data among these rows, and their row numbers.

        cells: object array, one column for each heading, None for empty. rows: the sender's row numbers.
        across: row numbers whose one filled cell is merged over several columns.
        """
        kinds = self.kinds.of(cells, rows, across)
        if self._meaning_above is None:
            self._decide_blanks(cells[kinds == ""])
        keep: list[int] = []
        start = 0
        for i in np.flatnonzero(kinds == "合计行"):
            self._span(cells, kinds, rows, start, int(i), keep)
            label, rank = self._label(cells[i])
            self._remember_area(cells[i])
            self.totals.total(int(rows[i]), label, rank, [None if v == label else v for v in cells[i]])
            start = int(i) + 1
        self._span(cells, kinds, rows, start, len(rows), keep)
        chosen = np.array(keep, dtype=np.intp)
        return cells[chosen], rows[chosen]

    def _span(
        self, cells: np.ndarray, kinds: np.ndarray, rows: np.ndarray, start: int, end: int, keep: list[int]
    ) -> None:
        """Data rows from `start` to `end`, between two totals: filled, added up, kept."""
        part = kinds[start:end]
        places = [start + int(i) for i in np.flatnonzero(part == "")]
        if self._section or (part == "分段标题").any():
            for i in range(start, end):
                if kinds[i] == "分段标题":
                    self._enter(cells[i])
                elif kinds[i] == "":
                    for level, name in self._section.items():
                        self.sections[level][int(rows[i])] = name
        if not places:
            return
        part = cells[places]
        if self._meaning_above or any(not _SAME_AS_ABOVE.isdisjoint(part[:, c]) for c in range(len(self.names))):
            for i in places:
                self._fill(cells, i, int(rows[i]))
        for c in range(len(self.names)):
            last = next((v for v in cells[places[::-1], c] if v is not None), None)
            if last is not None:
                self._last[c] = last
        self.totals.rows(cells[places])
        keep += places

    def _label(self, line: np.ndarray) -> tuple[str, int]:
        for value in line:
            found = total_label(value)
            if found:
                return value, found[1]
        raise AssertionError("a row of totals has a label")

    def _remember_area(self, line: np.ndarray) -> None:
        """A total that names its area (`青山镇小计`, or 小计 beside 青山镇) stands for blanks below it."""
        for _, c in self._areas:
            value = line[c]
            found = total_label(value)
            of = found[0] if found else value
            if of:
                self._last[c] = of

    def _enter(self, line: np.ndarray) -> None:
        value = next(v for v in line if v is not None)
        level, name = area_of_title(value) or (0, "")
        if level == 1:
            self._section.pop(2, None)
        self._section[level] = name

    def _decide_blanks(self, cells: np.ndarray) -> None:
        """Which area columns leave blank what stands above: a quarter blank, and no name twice running.

        Where a wider area is left blank so, a narrower one needs no quarter.
        """
        self._meaning_above = set()
        if not len(cells):
            return
        for _, c in self._areas:
            values = cells[:, c]
            blank = np.array([v is None for v in values])
            twice = any(a is not None and a == b for a, b in pairwise(values))
            enough = blank.any() if self._meaning_above else blank.mean() >= _SHARE_BLANK
            if enough and values[0] is not None and not twice:
                self._meaning_above.add(c)

    def _fill(self, cells: np.ndarray, i: int, row: int) -> None:
        """Write out `same as above` in one row; a narrower area is not carried past a change of the wider one."""
        changed = False
        for _, c in self._areas:
            value = cells[i, c]
            if value is None and c in (self._meaning_above or ()) and c in self._last and not changed:
                cells[i, c] = self._last[c]
                self.filled.setdefault(self.names[c], []).append(row)
            elif value is not None and value not in _SAME_AS_ABOVE:
                changed = changed or self._last.get(c) not in (None, value)
                self._last[c] = value
        for c, value in enumerate(cells[i]):
            if isinstance(value, str) and value.strip() in _SAME_AS_ABOVE:
                cells[i, c] = self._last.get(c)
                self.filled.setdefault(self.names[c], []).append(row)
            elif value is not None:
                self._last[c] = value

    def issues(self) -> list[Issue]:
        """What was left out or filled, and the totals that disagree."""
        found = list(self.heading.issues)
        for code, filled in (
            ("filled_from_merged", self.merged),
            ("amount_merged", self.shared),
            ("filled_from_above", self.filled),
        ):
            found += [
                Issue(code, None, name, {"heading": name, "count": len(rows), "rows": listed(rows)})
                for name, rows in filled.items()
            ]
        return [*found, *self.kinds.aside.issues(), *self.totals.issues()]


def cell_matrix(rows: Sequence[Sequence[Any]], columns: Sequence[int]) -> np.ndarray:
    """Rows of any length as an object array of the chosen columns, None where there is nothing."""
    made = np.empty((len(rows), len(columns)), dtype=object)
    even = all(len(row) > max(columns, default=0) for row in rows)
    for j, c in enumerate(columns):
        column = [row[c] for row in rows] if even else [row[c] if c < len(row) else None for row in rows]
        made[:, j] = [None if v == "" or (v.__class__ is str and v.isspace()) else v for v in column]
    return made


def fill_merged(grid: list[list[Any]], merges: Collection[Merge], body: Body, first: int) -> set[int]:
    """Write the value of merged cells into all their rows; the rows whose cell is merged over columns.

    An amount (面积, 金额 …) that is merged over several rows belongs to them together: it stays in the first.
    """
    across = set()
    names = dict(body.heading.columns)
    for m in merges:
        if m.top < first or m.top >= len(grid):
            continue
        if m.right > m.left and m.top == m.bottom:
            across.add(m.top + 1)
        value = grid[m.top][m.left] if m.left < len(grid[m.top]) else None
        name = names.get(m.left)
        if m.bottom == m.top or name is None or not is_filled(value):
            continue
        if is_quantity(name):
            body.shared.setdefault(name, []).append(m.top + 1)
            continue
        for r in range(m.top + 1, min(m.bottom + 1, len(grid))):
            line = grid[r]
            if m.left < len(line) and not is_filled(line[m.left]):
                line[m.left] = value
                body.merged.setdefault(name, []).append(r + 1)
    return across


def reported_by(titles: Sequence[str]) -> str | None:
    """The township that `填报单位：…` above a table names; None when it names none."""
    for title in titles:
        match = _REPORTED_BY.search(fold(title) + " ")
        if match:
            return match.group(1)
    return None


def frame_of(cells: np.ndarray, rows: np.ndarray, names: Sequence[str]) -> pd.DataFrame:
    """The frame that `Table.batches` gives: index `row`, object columns."""
    return pd.DataFrame(cells, index=pd.Index(rows, name="row"), columns=list(names), dtype=object)
