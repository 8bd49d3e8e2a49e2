"""A column of a sender's table on its way to a type, and the readers of text, names and codes."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo import personal
from geo.headings import INVISIBLE
from geo.issues import Issue
from geo.layers import Field
from geo.numbers import BLANKS, plain

Objects = npt.NDArray[np.object_]
Mask = npt.NDArray[np.bool_]

# In free text 待定 or 未知 says something; these say nothing.
_TEXT_BLANKS = BLANKS - {"未知", "不详", "待定", "待核", "待补", "没有", "缺", "na"}
_EXACT_DIGITS_UNDER = 1e15
_SHOWN = 40
_BETWEEN_CHINESE = re.compile(r"(?<=[\u4e00-\u9fff])[ \u3000\t]+(?=[\u4e00-\u9fff])")
_SCIENTIFIC = re.compile(r"^(\d)(?:\.(\d+))?[eE]\+?(\d{1,2})$")
_SMALL_TABLE = 10
_LONGEST_BLANK = 7
_KIND_WORDS = {"identity": "身份证号", "phone": "手机号"}
# Cells with such characters are looked at one by one; the rest need no cleaning.
_UNCLEAN = "[\u200b-\u200f\ufeff\u2060\u00ad\u202a\u202c\xa0]"
_PLAIN_CODE = "[0-9A-Za-z-]+"
_SHORTENED = "[0-9]([.][0-9]+)?[eE][+]?[0-9]{1,2}"
# Spelled out, not \\d or \\s: with those pandas leaves Arrow for a slow loop.
_GAP = "[ \t\n\r\u3000]"
_QUOTED = "^['‘’`]|^[0-9]+[.]0+$"


@dataclasses.dataclass
class Column:
    """A column on its way to a type: the raw cells, the field they should hold, and what is found on the way."""

    cells: pd.Series
    field: Field
    heading: str
    unit: str | None = None
    today: dt.date | None = None
    is_id: bool = False
    issues: list[Issue] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        self.filled: Mask = self.cells.notna().to_numpy(bool)
        self.raw: Objects = self.cells.to_numpy(object)
        if not self.filled.all():
            self.raw = self.raw.copy()
            self.raw[~self.filled] = None

    @property
    def index(self) -> pd.Index:
        return self.cells.index

    def find(self, code: str, at: Iterable[int], **params: Any) -> None:
        """One finding for each position, with the cell's text unless the field is personal."""
        for i in at:
            shown = {"heading": self.heading, "value": self.shown(self.raw[i]), **params}
            self.issues.append(Issue(code, int(self.index[i]), self.field.name, shown))

    def note(self, code: str, at: Iterable[int], **params: Any) -> None:
        """One finding for the whole column: how many cells, and the first rows."""
        places = [int(i) for i in at]
        if not places:
            return
        rows = "、".join(str(self.index[i]) for i in places[:5]) + ("…" if len(places) > 5 else "")
        shown = {"heading": self.heading, "count": len(places), "rows": rows, **params}
        shown.setdefault("value", self.shown(self.raw[places[0]]))
        self.issues.append(Issue(code, None, self.field.name, shown))

    def shown(self, value: Any) -> str:
        """A cell's text as a finding may quote it: short, and without anyone's numbers."""
        if self.field.personal:
            return "＊＊＊"
        text = personal.mask(cell_text(value) or "")[0]
        return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"

    def distinct(self, mask: Mask) -> tuple[npt.NDArray[np.int64], list[Any]]:
        """For the masked cells: index into their distinct values (-1 elsewhere), and the distinct values."""
        codes = np.full(len(self.raw), -1, dtype=np.int64)
        chosen = self.raw[mask]
        if pd.api.types.infer_dtype(chosen, skipna=True) in ("string", "floating", "datetime", "date"):
            codes[mask], values = pd.factorize(chosen)
            return codes, list(values)
        # True and 1 are one key to a hash table, but not to a reader.
        table: dict[Any, int] = {}
        codes[mask] = [table.setdefault((type(v), v), len(table)) for v in chosen]
        return codes, [value for _, value in table]

    def texts(self, blanks: frozenset[str]) -> pd.Series:
        """The cells as `string`, blanks and what only says `nothing` as missing."""
        if pd.api.types.infer_dtype(self.raw, skipna=True) == "string":
            texts = pd.Series(self.raw, index=self.index, dtype="string").str.strip()
            texts = patched(texts, matching(texts, _UNCLEAN, part=True), cell_text)
        else:
            codes, values = self.distinct(self.filled)
            read = np.array([*(cell_text(value) for value in values), None], dtype=object)
            texts = pd.Series(read[codes], index=self.index, dtype="string")
        short = texts[(texts.str.len() < _LONGEST_BLANK).to_numpy(bool, na_value=False)].unique()
        nothing = [text for text in short if plain(text) in blanks]
        return texts.mask(texts.isin(nothing)) if nothing else texts


def cell_text(value: Any) -> str | None:
    """A cell as text: whole numbers without `.0`, days as 2023-09-05, no invisible characters; None if empty."""
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, str):
        text = value.translate(INVISIBLE).replace("\xa0", " ").strip()
        return text or None
    if isinstance(value, bool | np.bool_):
        return "是" if value else "否"
    if isinstance(value, float | np.floating):
        number = float(value)
        if number != number:
            return None
        return str(int(number)) if number.is_integer() and abs(number) < _EXACT_DIGITS_UNDER else repr(number)
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ", "minutes")
    return str(value).strip() or None


def matching(texts: pd.Series, pattern: str, *, part: bool = False) -> Mask:
    """Where a `string` column matches, in whole or in part; missing cells do not."""
    found = texts.str.contains(pattern, regex=True) if part else texts.str.fullmatch(pattern)
    return found.to_numpy(bool, na_value=False)


def patched(texts: pd.Series, at: Mask, change: Callable[[str], str | None]) -> pd.Series:
    """The column with the chosen cells changed one distinct text at a time."""
    if not at.any():
        return texts
    made = texts.to_numpy(object)
    codes, values = pd.factorize(made[at])
    made[at] = np.array([*(change(value) for value in values), None], dtype=object)[codes]
    return pd.Series(made, index=texts.index, dtype="string")


def read_codes(column: Column) -> pd.Series:
    """`string` of codes; digits lost to Excel are `code_damaged_by_excel`, other shapes `code_malformed`."""
    texts = column.texts(BLANKS)
    texts = patched(texts, ~matching(texts, _PLAIN_CODE) & texts.notna().to_numpy(bool), _bare_code)
    damaged = _damaged(column, texts)
    texts = texts.mask(damaged)
    short = matching(texts, _SHORTENED)
    return _shaped(column, patched(texts, short, lambda text: str(int(float(text)))))


def _bare_code(text: str) -> str | None:
    """A code without what spreadsheets put around it: full-width digits, gaps, a leading quote, `.0`."""
    bare = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).lstrip("'‘’`")
    return re.sub(r"(?<=\d)\.0+$", "", bare) or None


def _damaged(column: Column, texts: pd.Series) -> Mask:
    """Codes whose last digits Excel threw away: decimals of 16 digits and more, 3.4E+13, whole columns of codes
    that end in zeros after their fifteenth digit."""
    damaged = np.zeros(len(texts), dtype=bool)
    if pd.api.types.infer_dtype(column.raw, skipna=True) != "string":
        numbers = (isinstance(v, float) and abs(v) >= _EXACT_DIGITS_UNDER for v in column.raw)
        damaged |= np.fromiter(numbers, bool, len(texts))
    short = matching(texts, _SHORTENED)
    for i in np.flatnonzero(short):
        match = _SCIENTIFIC.match(texts.iloc[i])
        damaged[i] |= match is not None and int(match[3]) > len(match[2] or "")
    tail = matching(texts, "[0-9]{15}0{2,}")
    filled = int(texts.notna().sum())
    if tail.sum() * 2 > filled or (filled <= _SMALL_TABLE and tail.any()):
        damaged |= tail & (texts.str.len() >= (18 if filled > _SMALL_TABLE else 19)).to_numpy(bool, na_value=False)
    column.find("code_damaged_by_excel", np.flatnonzero(damaged))
    return damaged


def _shaped(column: Column, texts: pd.Series) -> pd.Series:
    pattern = column.field.pattern
    if pattern is not None:
        at_fault = ~matching(texts, pattern) & texts.notna().to_numpy(bool)
        column.find("code_malformed", np.flatnonzero(at_fault), pattern=pattern)
    return texts


def read_texts(column: Column) -> pd.Series:
    """`string` as written, trimmed; people's numbers in a field not meant for them are masked and said."""
    name_like = column.field.type == "area_name"
    texts = column.texts(BLANKS if name_like or column.is_id else _TEXT_BLANKS)
    if name_like:
        gaps = matching(texts, _GAP, part=True)
        texts = patched(texts, gaps, lambda text: _BETWEEN_CHINESE.sub("", text))
    elif column.is_id:
        quoted = matching(texts, _QUOTED, part=True)
        texts = patched(texts, quoted, lambda text: re.sub(r"(?<=^\d)\.0+$", "", text.lstrip("'‘’`")) or None)
        texts = texts.mask(_damaged(column, texts))
    elif not column.field.personal:
        texts = _masked(column, texts)
    return _shaped(column, texts)


def _masked(column: Column, texts: pd.Series) -> pd.Series:
    suspect = np.flatnonzero(matching(texts, personal.SUSPECT, part=True))
    if not len(suspect):
        return texts
    made = texts.to_numpy(object)
    for i in suspect.tolist():
        made[i], found = personal.mask(made[i])
        if found:
            column.find("personal_data_found", [i], kinds="、".join(_KIND_WORDS[k] for k in found))
    return pd.Series(made, index=texts.index, dtype="string")
