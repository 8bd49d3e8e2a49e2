"""Where a ledger's headings stand, and the one name of each column under headings of several rows."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from geo.columns import ROLE_HEADS
from geo.dates import DateReading, read_date_text
from geo.headings import core, fold, normal
from geo.issues import Issue
from geo.layers import builtin_layers
from geo.units import unit_line, unit_of

Row = Sequence[Any]
LOOKED_AT = 60
_DEEPEST = 4
_WHOLE_WIDTH = 0.8
_TOLD = re.compile(r"[\u4e00-\u9fff][^:]{0,8}:\S{2,}")
_BRACKETED_COLON = re.compile(r"\([^)]*:[^)]*\)")
_CHINESE_GAP = re.compile(r"(?<=[\u3000-\u9fff\uff00-\uffef])\s+(?=[\u3000-\u9fff\uff00-\uffef])")


@dataclass(frozen=True)
class Merge:
    """A merged range: first and last row and column, counted from 0."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True)
class Heading:
    """The heading block of a sheet.

    first, last: its rows, counted from 0. columns: (column counted from 0, unique name) of the columns that are
    read. titles: the texts above it. issues: columns that had to be named.
    """

    first: int
    last: int
    columns: tuple[tuple[int, str], ...]
    titles: tuple[str, ...]
    issues: list[Issue] = field(default_factory=list)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for _, name in self.columns)


@cache
def known_headings() -> frozenset[str]:
    """Every heading that a built-in layer or a place role goes by, in the form used for comparison."""
    return normal_set(
        h for layer in builtin_layers().values() for f in layer.fields for h in f.heads
    ) | normal_set(head for heads in ROLE_HEADS.values() for head in heads)


def normal_set(headings: Iterable[str]) -> frozenset[str]:
    """Headings in the form used for comparison, with and without what stands in brackets."""
    listed = list(headings)
    return frozenset({normal(h) for h in listed} | {core(h) for h in listed}) - {""}


def is_filled(value: Any) -> bool:
    """Whether a cell holds anything but blank space."""
    return value is not None and value == value and not (isinstance(value, str) and not value.strip())


def tidy(value: Any) -> str:
    """A heading cell as one line: no line breaks, no gaps between Chinese characters."""
    if isinstance(value, float) and value == int(value):
        value = int(value)
    text = re.sub(r"\s+", " ", str(value)).strip()
    return _CHINESE_GAP.sub("", text)


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", ""))
    except ValueError:
        return False
    return True


def is_label(value: Any) -> bool:
    """Whether a cell could be a heading: text that is no number, no day and no `填报单位：…` line."""
    if not isinstance(value, str) or not value.strip():
        return False
    text = fold(value)
    if not text or _is_number(text) or len(text) > 120 or unit_line(text):
        return False
    if _TOLD.search(text) and not _BRACKETED_COLON.search(text):
        return False
    return not (
        text[0].isdigit() and isinstance(day := read_date_text(text), DateReading) and day.precision == "day"
    )


class _Sheet:
    """The top of a sheet, with what scoring and flattening ask of it."""

    def __init__(self, rows: Sequence[Row], merges: Collection[Merge], known: Collection[str]) -> None:
        self.rows = rows[:LOOKED_AT]
        self.merges = [m for m in merges if m.top < LOOKED_AT]
        self.known = known
        self.width = max((i + 1 for row in self.rows for i, v in enumerate(row) if is_filled(v)), default=0)

    def at(self, row: int, column: int) -> Any:
        line = self.rows[row]
        return line[column] if column < len(line) else None

    def filled(self, row: int) -> list[int]:
        return [c for c in range(self.width) if is_filled(self.at(row, c))]

    def known_in(self, row: int) -> int:
        values = (self.at(row, c) for c in self.filled(row))
        return sum(isinstance(v, str) and (normal(v) in self.known or core(v) in self.known) for v in values)

    def wide(self, merge: Merge) -> bool:
        """A merge over nearly the whole width is a title."""
        return merge.right - merge.left + 1 >= max(2, self.width * _WHOLE_WIDTH)

    def score(self, row: int) -> float:
        """How much a row looks like the row of headings; at or under 0 it does not."""
        cells = self.filled(row)
        if len(cells) < min(2, self.width):
            return 0.0
        labels = [c for c in cells if is_label(self.at(row, c))]
        texts = [fold(self.at(row, c)) for c in labels]
        long = sum(len(text) > 30 for text in texts)
        base = len(labels) - 2.0 * (len(cells) - len(labels)) - (len(texts) - len(set(texts))) - 0.5 * long
        below = [r for r in range(row + 1, min(row + 13, len(self.rows))) if self.filled(r)]
        if len(cells) == 1 and not below:
            return 0.0
        contrast, bare = 0, 0
        for c in range(self.width):
            values = [v for r in below if is_filled(v := self.at(r, c))]
            kinds = sum(isinstance(v, int | float | dt.date) or _is_number(fold(str(v))) for v in values)
            if c in labels and values and kinds * 2 > len(values):
                contrast += 1
            elif c not in cells and len(values) * 2 > len(below):
                bare += 1
        above = sum(len(self.filled(r)) >= max(2, len(cells) / 2) for r in range(row))
        return 3.0 * self.known_in(row) + base + 1.5 * contrast - 0.5 * bare - 2.0 * above - 0.15 * row

    def joins(self, upper: int, lower: int) -> bool:
        """Whether two rows next to each other belong to one heading block."""
        top, bottom = self.filled(upper), self.filled(lower)
        if not top or not bottom or not all(is_label(self.at(upper, c)) for c in top):
            return False
        if not all(is_label(self.at(lower, c)) for c in bottom):
            return False
        if set(bottom) <= set(top) and all(unit_of(fold(self.at(lower, c)).strip("()")) for c in bottom):
            return True
        if len(top) == 1 and not any(
            m.top <= upper and m.bottom >= lower for m in self.merges if m.left == top[0]
        ):
            across = [m for m in self.merges if m.top == upper and m.left == top[0] and not self.wide(m)]
            if not across or len(bottom) < 2:
                return False
        narrow = [m for m in self.merges if not self.wide(m)]
        spans = [m for m in narrow if m.top <= upper and m.bottom >= lower and is_filled(self.at(m.top, m.left))]
        groups = [m for m in narrow if m.top == m.bottom == upper and m.right > m.left]
        if spans or groups:
            under = {c for m in groups for c in range(m.left, m.right + 1)}
            spanned = {c for m in spans for c in range(m.left, m.right + 1)}
            stray = [c for c in bottom if c in top and c not in under and c not in spanned]
            return len(stray) * 2 <= len(bottom)
        return self._complementary(top, bottom, lower)

    def _complementary(self, top: list[int], bottom: list[int], lower: int) -> bool:
        """Without merges: each lower label stands under a gap or opens a group, and the rest is filled above."""
        gaps = [c for c in bottom if c not in top and c > min(top)]
        shared = [c for c in bottom if c in top]
        alone = [c for c in top if c not in bottom]
        if not gaps or not alone or any(c + 1 not in gaps for c in shared):
            return False
        return self.known_in(lower) > 0 or bool(shared)

    def expanded(self, row: int, first: int) -> list[str]:
        """The labels of one heading row, merged cells repeated over their range."""
        texts = [tidy(v) if is_filled(v := self.at(row, c)) else "" for c in range(self.width)]
        for m in self.merges:
            if m.top <= row <= m.bottom and m.top >= first and is_filled(self.at(m.top, m.left)):
                for c in range(m.left, min(m.right + 1, self.width)):
                    texts[c] = tidy(self.at(m.top, m.left))
        return texts

    def flatten(self, first: int, last: int) -> list[str]:
        """One name for each column: its labels from the top down, joined with `/`."""
        levels = [self.expanded(row, first) for row in range(first, last + 1)]
        for depth in range(len(levels) - 1):
            if any(m.top == first + depth and m.right > m.left for m in self.merges):
                continue
            for c in range(1, self.width):
                deeper = any(level[c] for level in levels[depth + 1 :])
                beside = any(level[c - 1] for level in levels[depth + 1 :])
                if not levels[depth][c] and deeper and beside:
                    levels[depth][c] = levels[depth][c - 1]
        names = []
        for c in range(self.width):
            labels = [level[c] for level in levels if level[c]]
            names.append("/".join(dict.fromkeys(labels)))
        return names


def find_heading(
    rows: Sequence[Row], merges: Collection[Merge] = (), known: Collection[str] | None = None
) -> Heading | None:
    """The heading block of a sheet, looked for in its first 60 rows; None when no row looks like one.

    rows: the sheet from its first row, cells from column A. known: headings known to layers, as `normal_set`
    gives them; they help, but a sheet whose headings nobody knows is read as well: short, different texts with
    numbers and days beneath. The block may be up to four rows deep.
    """
    sheet = _Sheet(rows, merges, known_headings() if known is None else known)
    scores = [sheet.score(row) for row in range(len(sheet.rows))]
    best = max(range(len(scores)), key=lambda row: (scores[row], -row), default=-1)
    if best < 0 or scores[best] <= 0:
        return None
    first = last = best
    while first > 0 and last - first + 1 < _DEEPEST and sheet.joins(first - 1, first):
        first -= 1
    while last + 1 < len(sheet.rows) and last - first + 1 < _DEEPEST and sheet.joins(last, last + 1):
        last += 1
    return _named(sheet, rows, first, last)


def _named(sheet: _Sheet, rows: Sequence[Row], first: int, last: int) -> Heading:
    """The block with its columns named: blank headings over data by their number, repeated ones numbered."""
    issues: list[Issue] = []
    taken: dict[str, int] = {}
    columns: list[tuple[int, str]] = []
    flat = sheet.flatten(first, last)
    width = max((len(row) for row in rows), default=0)
    for c, text in enumerate([*flat, *[""] * (width - len(flat))]):
        if not text and not any(c < len(row) and is_filled(row[c]) for row in rows[last + 1 :]):
            continue
        name = text or f"第{c + 1}列"
        taken[name] = taken.get(name, 0) + 1
        if taken[name] > 1:
            name = f"{name}（{taken[name]}）"
        if name != text:
            issues.append(Issue("heading_renamed", None, name, {"heading": text, "column": c + 1, "name": name}))
        columns.append((c, name))
    titles = tuple(
        tidy(value) for row in rows[:first] for value in row if isinstance(value, str) and value.strip()
    )
    return Heading(first, last, tuple(columns), titles, issues)
