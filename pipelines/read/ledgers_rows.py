"""The rows under a ledger's headings: data told from totals and notes, `same as above` written out."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from geo.headings import core, fold, normal
from geo.issues import Issue
from geo.units import UNITS, heading_unit
from pipelines.read.ledgers_heading import Heading, Merge, is_filled
from pipelines.read.ledgers_totals import TotalsCheck, number, total_label

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
_NOTE = re.compile(
    r"^(注|备注|说明|填表说明|填报说明|填表须知|填报人|填表人|制表人|制表|审核人|审核|负责人|单位负责人|分管领导|主要领导"
    r"|联系人|联系电话|填报日期|填表日期|报送日期|填报时间|经办人|统计人|统计负责人|复核人|复核|校核|签字|签章|盖章|单位|单位盖章"
    r"|填报单位|单位\(盖章\)|填报单位\(盖章\)|note|notes|preparedby|source|数据来源|来源)(\(.{1,8}\))?[:：]|^(注|备注)[0-9.、]"
)
_SECTION = re.compile(
    r"^(?:[一二三四五六七八九十]+[、.,]|\([一二三四五六七八九十\d]+\)|\d+[、.])?(.{1,12}?(镇|乡|街道|村|社区))"
    r"(人民政府|办事处|村民委员会|居民委员会|村委会|居委会)?[:：]?$"
)
_REPORTED_BY = re.compile(
    r"(?:填报|报送|上报|填表|编制)单位(?:\(.{1,8}?\))?[:：]\s*(.{1,12}?(?:镇|乡|街道))"
    r"(?:人民政府|办事处|政府|\(|\s|$|农业|党委)"
)
_ORDINAL = frozenset(("序号", "顺序号", "no", "index", "序"))
_QUANTITY = ("area", "money", "length", "weight", "count")
_SHARE_BLANK = 0.25


@dataclass
class Aside:
    """Rows that are not data, by what they are."""

    rows: dict[str, list[int]] = field(default_factory=dict)

    def put(self, what: str, row: int) -> None:
        self.rows.setdefault(what, []).append(row)

    def issues(self) -> list[Issue]:
        return [
            Issue(
                "rows_set_aside",
                None,
                None,
                {"count": len(rows), "what": what, "what_en": _WHAT_EN[what], "rows": listed(rows)},
            )
            for what, rows in self.rows.items()
        ]


_WHAT_EN = {
    "合计行": "totals",
    "重复的表头": "repeated headings",
    "说明或签字": "notes and signatures",
    "列号": "column numbers",
    "只有序号": "only a running number",
    "分段标题": "section titles",
}


def listed(rows: Sequence[int], most: int = 8) -> str:
    """Row numbers as a short list."""
    return "、".join(str(row) for row in rows[:most]) + ("…" if len(rows) > most else "")


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
        self.aside = Aside()
        self.filled: dict[str, list[int]] = {}
        self.merged: dict[str, list[int]] = {}
        self._parts = [{normal(p) for p in [name, *name.split("/")]} for name in self.names]
        self._titles = {normal(t) for t in heading.titles}
        self._areas = sorted((level, i) for i, n in enumerate(self.names) if (level := area_level(n)) is not None)
        self._meaning_above: set[int] | None = None
        self._last: dict[int, Any] = {}
        self._fresh = True
        self._section: dict[int, str] = {}
        self.sections: dict[int, dict[int, str]] = {1: {}, 2: {}}

    def clean(
        self, cells: np.ndarray, rows: np.ndarray, across: Collection[int] = ()
    ) -> tuple[np.ndarray, np.ndarray]:
        """The data among these rows, and their row numbers.

        cells: object array, one column for each heading, None for empty. rows: the sender's row numbers.
        across: row numbers whose one filled cell is merged over several columns.
        """
        filled = cells != None  # noqa: E711
        anything = filled.any(axis=1)
        kinds = self._kinds(cells, filled, rows, across, anything)
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
        if self._meaning_above or any(v in _SAME_AS_ABOVE for v in cells[places].ravel() if isinstance(v, str)):
            for i in places:
                self._fill(cells, i, int(rows[i]))
        for c in range(len(self.names)):
            last = next((v for v in cells[places[::-1], c] if v is not None), None)
            if last is not None:
                self._last[c] = last
        self.totals.rows(cells[places])
        keep += places

    def _kinds(
        self,
        cells: np.ndarray,
        filled: np.ndarray,
        rows: np.ndarray,
        across: Collection[int],
        anything: np.ndarray,
    ) -> np.ndarray:
        """What each row is: `` for data, `空` for an empty one, else why it is set aside."""
        kinds = np.full(len(rows), "", dtype=object)
        kinds[~anything] = "空"
        counts = filled.sum(axis=1)
        firsts = filled.argmax(axis=1)
        wide = len(self.names) >= 3
        told: dict[tuple[int, str], str] = {}
        for i in np.flatnonzero(anything):
            value = cells[i, firsts[i]]
            what = ""
            if self._fresh and _is_numbering(cells[i]):
                what = "列号"
            elif counts[i] == 1 and wide and self._parts[firsts[i]] & _ORDINAL and number(value) is not None:
                what = "只有序号"
            elif isinstance(value, str):
                place = (int(firsts[i]), value)
                if counts[i] == 1 or place not in told:
                    told[place] = self._what(value, place[0], int(counts[i]), wide, int(rows[i]) in across)
                what = told[place]
                if what == "表头?":
                    what = "重复的表头" if self._repeats(cells[i]) else ""
            if not what and counts[i] > 1:
                what = self._second_total(cells[i], int(firsts[i]))
            self._fresh = what in ("重复的表头",) or (self._fresh and what == "列号")
            kinds[i] = what
            if what:
                self.aside.put(what, int(rows[i]))
        return kinds

    def _what(self, value: str, column: int, count: int, wide: bool, across: bool) -> str:
        """What a row is, by its first filled cell alone."""
        if total_label(value):
            return "合计行"
        text = fold(value)
        if _NOTE.match(text):
            return "说明或签字"
        if normal(value) in self._parts[column]:
            return "表头?"
        if count == 1 and wide:
            if normal(value) in self._titles:
                return "重复的表头"
            if across or column == 0:
                if _SECTION.match(text):
                    return "分段标题"
                if across or len(text) > 20:
                    return "说明或签字"
        return ""

    def _second_total(self, line: np.ndarray, first: int) -> str:
        """A total's label may stand second, behind the name or number of what it adds up."""
        for value in line[first + 1 :]:
            if value is None:
                continue
            return "合计行" if total_label(value) else ""
        return ""

    def _repeats(self, line: np.ndarray) -> bool:
        cells = [(c, v) for c, v in enumerate(line) if v is not None]
        same = sum(isinstance(v, str) and normal(v) in self._parts[c] for c, v in cells)
        return same >= max(2, 0.6 * len(cells)) or same == len(cells)

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
        match = _SECTION.match(fold(value))
        if match:
            level = 2 if match[2] in ("村", "社区") else 1
            if level == 1:
                self._section.pop(2, None)
            self._section[level] = match[1]

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
        for code, filled in (("filled_from_merged", self.merged), ("filled_from_above", self.filled)):
            found += [
                Issue(code, None, name, {"heading": name, "count": len(rows), "rows": listed(rows)})
                for name, rows in filled.items()
            ]
        return [*found, *self.aside.issues(), *self.totals.issues()]


def _is_numbering(line: np.ndarray) -> bool:
    """A row that numbers the columns: 1 2 3 …, (1) (2) …, 甲 乙 1 2 …"""
    numbers = []
    others = 0
    for value in line:
        if value is None:
            continue
        text = fold(str(int(value) if isinstance(value, float) and value == int(value) else value)).strip("()栏列")
        text = re.split(r"[=＝]", text)[0]
        if text.isdigit() and int(text) < 200:
            numbers.append(int(text))
        elif text in ("甲", "乙", "丙", "丁", "栏次", "a", "b", "c", "次", ""):
            others += 1
        else:
            return False
    steps = np.diff(numbers)
    return len(numbers) >= 3 and bool((steps == 1).all()) and (numbers[0] == 1 or others > 0)


def cell_matrix(rows: Sequence[Sequence[Any]], columns: Sequence[int]) -> np.ndarray:
    """Rows of any length as an object array of the chosen columns, None where there is nothing."""
    made = np.empty((len(rows), len(columns)), dtype=object)
    for j, c in enumerate(columns):
        made[:, j] = [v if c < len(row) and is_filled(v := row[c]) else None for row in rows]
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
        if m.bottom == m.top or name is None or not is_filled(value) or is_quantity(name):
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
