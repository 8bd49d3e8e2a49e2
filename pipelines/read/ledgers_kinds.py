"""What each row under a ledger's headings is: data, a total, a repeated heading, a note, a section title."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.headings import fold, normal
from geo.issues import Issue
from pipelines.read.ledgers_heading import Heading
from pipelines.read.ledgers_totals import number, total_label

Objects = npt.NDArray[np.object_]

_NOTE = re.compile(
    r"^(注|备注|说明|填表说明|填报说明|填表须知|填报人|填表人|制表人|制表|审核人|审核|负责人|单位负责人|分管领导|主要领导"
    r"|联系人|联系电话|填报日期|填表日期|报送日期|填报时间|经办人|统计人|统计负责人|复核人|复核|校核|签字|签章|盖章|单位|单位盖章"
    r"|填报单位|单位\(盖章\)|填报单位\(盖章\)|note|notes|preparedby|source|数据来源|来源)(\(.{1,8}\))?[:：]|^(注|备注)[0-9.、]"
)
_SECTION = re.compile(
    r"^(?:[一二三四五六七八九十]+[、.,]|\([一二三四五六七八九十\d]+\)|\d+[、.])?([\u4e00-\u9fff]{1,9}?(镇|乡|街道|村|社区))"
    r"(人民政府|办事处|村民委员会|居民委员会|村委会|居委会)?[:：]?$"
)
_LEADING_DATE = re.compile(r"^(?:20\d{2}年?(?:\d{1,2}月?)?(?:\d{1,2}日?)?[-_.]?)")
_GENERAL = (
    "乡",
    "各乡",
    "各",
    "全",
    "本",
    "行政",
    "自然",
    "农",
    "场",
    "集",
    "城",
    "建制",
    "中心",
    "贫困",
    "乡镇",
    "镇",
)
_NO_NAMES = frozenset(f"{word}{kind}" for word in _GENERAL for kind in ("镇", "村", "乡", "社区", "街道"))
_ORDINAL = frozenset(("序号", "顺序号", "no", "index", "序"))
# A first or second cell with none of these is data; the others are looked at one by one.
_HINT = "[计总注备填制审负联统复校签盖单报经领来说]|(?i:total|sum|note|source|prepared)"
_BLANKS = "[ \t\r\n\u3000]+"


@dataclass
class Aside:
    """Rows that are not data, by what they are."""

    rows: dict[str, list[int]] = field(default_factory=dict)

    def put(self, what: str, row: int) -> None:
        self.rows.setdefault(what, []).append(row)

    def issues(self) -> list[Issue]:
        """One finding for each kind of row that was set aside, with the rows' numbers."""
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


def area_of_title(text: str) -> tuple[int, str] | None:
    """(1, township) or (2, village) that a title such as `一、青山镇` or a sheet's name consists of."""
    match = _SECTION.match(_LEADING_DATE.sub("", fold(text)))
    if match is None or match[1] in _NO_NAMES:
        return None
    return 2 if match[2] in ("村", "社区") else 1, match[1]


class RowKinds:
    """Tells the rows of one heading block apart, batch after batch; `aside` keeps what is not data."""

    def __init__(self, heading: Heading) -> None:
        self.parts = [{normal(p) for p in [name, *name.split("/")]} for name in heading.names]
        self.aside = Aside()
        self._titles = {normal(t) for t in heading.titles}
        self._labels = [re.sub(r"\s+", "", p) for name in heading.names for p in [name, *name.split("/")]]
        self._wide = len(heading.names) >= 3
        self._fresh = True

    def of(self, cells: Objects, rows: npt.NDArray[np.int64], across: Collection[int]) -> Objects:
        """For each row `` (data), `空` (nothing in it), or why it is set aside.

        rows: the sender's row numbers. across: those whose one filled cell is merged over several columns.
        """
        filled = cells != None  # noqa: E711
        kinds: Objects = np.full(len(rows), "", dtype=object)
        anything = filled.any(axis=1)
        kinds[~anything] = "空"
        counts, firsts = filled.sum(axis=1), filled.argmax(axis=1)
        suspect = (counts == 1) | self._suspects(cells, filled, firsts)
        for i in np.flatnonzero(anything).tolist():
            if not suspect[i] and not self._fresh:
                continue
            what = self._kind(cells[i], int(firsts[i]), int(counts[i]), int(rows[i]) in across)
            self._fresh = what == "重复的表头" or (self._fresh and what == "列号")
            kinds[i] = what
            if what:
                self.aside.put(what, int(rows[i]))
        return kinds

    def _suspects(self, cells: Objects, filled: npt.NDArray[np.bool_], firsts: Objects) -> npt.NDArray[np.bool_]:
        """Rows whose first or second filled cell has a word that totals, notes or headings have."""
        every = np.arange(len(cells))
        found = np.zeros(len(cells), dtype=bool)
        rest = filled.copy()
        for places in (firsts, None):
            if places is None:
                rest[every, firsts] = False
                places = rest.argmax(axis=1)
            texts = pd.Series([v if isinstance(v, str) else None for v in cells[every, places]], dtype="string")
            bare = texts.str.replace(_BLANKS, "", regex=True)
            hit = texts.str.contains(_HINT, regex=True) | bare.isin(self._labels)
            found |= hit.to_numpy(bool, na_value=False)
        return found

    def _kind(self, line: Objects, first: int, count: int, across: bool) -> str:
        value = line[first]
        if self._fresh and _is_numbering(line):
            return "列号"
        if count == 1 and self._wide and self.parts[first] & _ORDINAL and number(value) is not None:
            return "只有序号"
        what = self._what(value, first, count, across) if isinstance(value, str) else ""
        if what == "表头?":
            what = "重复的表头" if self._repeats(line) else ""
        return what or (self._second_total(line, first) if count > 1 else "")

    def _what(self, value: str, column: int, count: int, across: bool) -> str:
        """What a row is, by its first filled cell alone."""
        if total_label(value):
            return "合计行"
        text = fold(value)
        if _NOTE.match(text):
            return "说明或签字"
        if normal(value) in self.parts[column]:
            return "表头?"
        if count == 1 and self._wide:
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
        same = sum(isinstance(v, str) and normal(v) in self.parts[c] for c, v in cells)
        return same >= max(2, 0.6 * len(cells)) or same == len(cells)


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
