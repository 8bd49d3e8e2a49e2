"""Rows of totals in a ledger: told from the data, and checked against the rows they add up."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from geo.headings import fold
from geo.issues import Issue
from geo.numbers import read_number
from geo.units import UNITS, heading_unit

_LABEL = re.compile(
    r"^(?P<of>.{0,20}?)(?P<word>小计|合计|总计|共计|累计|总合计|total|subtotal|grandtotal|sum)[:：]?$"
)
_NOT_ADDED = re.compile(
    r"率|%|％|占比|比例|单价|价格|平均|均价|期限|年限|年份|年度|经度|纬度|坐标|编号|编码|代码|序号|电话|日期|时间|身份证"
    r"|元/亩|高程|海拔|坡度|等级|邮编|账号|卡号|^id$|code|phone|lon|lat|^[xy]$|zip",
    re.IGNORECASE,
)
_RANKS = {"小计": 1, "subtotal": 1, "合计": 3, "共计": 3, "累计": 3, "total": 3, "sum": 3}
_HIGHEST = 4
_ENOUGH = 200
_NOTHING = ("/", "-", "—", "无")


def total_label(text: Any) -> tuple[str, int] | None:
    """(whose total it is, its rank) when a cell is the label of a row of totals: `小计` 1, `某镇合计` 2,
    `合计` 3, `总计` 4; None for any other cell."""
    if not isinstance(text, str) or len(text) > 40:
        return None
    folded = fold(text)
    match = _LABEL.match(folded)
    if match is None or (match["of"] and match["word"].isascii()):
        return None
    rank = _RANKS.get(match["word"], _HIGHEST)
    return match["of"], 2 if match["of"] and rank == 3 else rank


def is_added(heading: str) -> bool:
    """Whether the numbers of a column may be added up: not rates, prices, codes, years or coordinates."""
    unit = heading_unit(heading)
    if unit is not None and UNITS[unit].measures in ("ratio", "price"):
        return False
    return _NOT_ADDED.search(fold(heading)) is None


def number(value: Any) -> float | None:
    """The number of a cell, units behind it left aside; None when it holds none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    if not isinstance(value, str):
        return None
    reading = read_number(value)
    return reading.value if reading else None


def _column_sum(values: np.ndarray) -> tuple[float, int, int]:
    """(sum, how many numbers, how many cells with words) of one column."""
    numbers = pd.to_numeric(pd.Series(values, dtype=object), errors="coerce").to_numpy(float, na_value=np.nan)
    words = [v for v in values[np.isnan(numbers)] if v is not None and v not in _NOTHING]
    total, counted, unread = float(np.nansum(numbers)), int((~np.isnan(numbers)).sum()), 0
    if len(words) > counted + _ENOUGH:
        return total, counted, len(words)
    for value in words:
        found = number(value)
        if found is None:
            unread += 1
        else:
            total, counted = total + found, counted + 1
    return total, counted, unread


@dataclass
class _Span:
    """The rows between two rows of totals: the sum of each column, how many numbers, how many unreadable."""

    sums: np.ndarray
    counts: np.ndarray
    unread: np.ndarray


@dataclass
class _Total:
    row: int
    label: str
    rank: int
    stated: Sequence[Any]


@dataclass
class TotalsCheck:
    """Watches a ledger go by, batch after batch, and says at the end which totals disagree with its rows."""

    headings: Sequence[str]
    _items: list[_Span | _Total] = field(default_factory=list)
    _judged: set[int] | None = None

    def rows(self, cells: np.ndarray) -> None:
        """Rows of data: an object array with one column for each heading."""
        width = len(self.headings)
        sums, counts, unread = np.zeros(width), np.zeros(width, int), np.zeros(width, int)
        for c in sorted(self._judged if self._judged is not None else range(width)):
            if not is_added(self.headings[c]):
                continue
            sums[c], counts[c], unread[c] = _column_sum(cells[:, c])
        if self._judged is None and len(cells) >= _ENOUGH:
            self._judged = {c for c in range(width) if counts[c] > unread[c]}
        self._items.append(_Span(sums, counts, unread))

    def total(self, row: int, label: str, rank: int, stated: Sequence[Any]) -> None:
        """A row of totals, its cells in the order of the headings."""
        self._items.append(_Total(row, label, rank, stated))

    def issues(self) -> list[Issue]:
        """`total_disagrees` for each total that equals the sum of none of the rows it can mean.

        A total may add up all rows, those above it or those below it, as far as the next total of its rank or a
        higher one. A column with words among its numbers is not judged. Equal means to half of the last decimal
        that is written.
        """
        found = []
        for place, item in enumerate(self._items):
            if not isinstance(item, _Total):
                continue
            spans = self._candidates(place, item.rank)
            for c, heading in enumerate(self.headings):
                stated = number(item.stated[c])
                if stated is None or not is_added(heading) or heading == item.label:
                    continue
                able = [s for s in spans if s.counts[c] or s.unread[c]]
                if not able or any(s.unread[c] for s in able):
                    continue
                if not any(_agree(stated, float(s.sums[c])) for s in able):
                    counted = round(float(able[0].sums[c]), 6)
                    params = {"label": item.label, "column": heading, "stated": stated, "counted": counted}
                    found.append(Issue("total_disagrees", item.row, heading, params))
        return found

    def _candidates(self, place: int, rank: int) -> list[_Span]:
        """The sums a total can mean, the likeliest first."""
        above, below = (
            self._until(range(place - 1, -1, -1), rank),
            self._until(range(place + 1, len(self._items)), rank),
        )
        everything = self._add([i for i in self._items if isinstance(i, _Span)])
        near = [below, above] if self._stand_first() else [above, below]
        return [everything, *near] if rank >= 3 else [*near, everything]

    def _stand_first(self) -> bool:
        """Whether this ledger writes its totals above the rows they add up."""
        return isinstance(self._items[0], _Total) and isinstance(self._items[-1], _Span)

    def _until(self, places: range, rank: int) -> _Span:
        spans = []
        for place in places:
            item = self._items[place]
            if isinstance(item, _Total) and item.rank >= rank:
                break
            if isinstance(item, _Span):
                spans.append(item)
        return self._add(spans)

    def _add(self, spans: Sequence[_Span]) -> _Span:
        width = len(self.headings)
        return _Span(
            sum((s.sums for s in spans), np.zeros(width)),
            sum((s.counts for s in spans), np.zeros(width, int)),
            sum((s.unread for s in spans), np.zeros(width, int)),
        )


def _agree(stated: float, counted: float) -> bool:
    decimals = len(f"{round(stated, 6):.6f}".rstrip("0").partition(".")[2])
    return abs(stated - counted) <= 0.5000001 * 10.0**-decimals + 1e-9 * abs(stated)
