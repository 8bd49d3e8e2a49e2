"""The attribute table of a shapefile, read byte by byte so that no text is lost to a wrong encoding."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.errors import Refused
from geo.issues import Issue

from .columns import frame_of, objects
from .encoding import BROKEN_SHARE, decode_cut

Bytes = npt.NDArray[np.uint8]

_BLOCK_ROWS = 50_000
_SAMPLE = 4000
# Language driver marks of the DBF header that name a code page (dBase and ESRI lists).
MARKS = {
    0x01: "437", 0x02: "850", 0x03: "1252", 0x08: "865", 0x13: "932", 0x4D: "936", 0x4E: "949", 0x4F: "950",
    0x50: "874", 0x57: "1252", 0x58: "1252", 0x59: "1252", 0x64: "852", 0x65: "866", 0x66: "865", 0x78: "950",
    0x79: "949", 0x7A: "936", 0x7B: "932", 0x7C: "874", 0xC8: "1250", 0xC9: "1251", 0xCA: "1254", 0xCB: "1253",
}  # fmt: skip
_TYPES = frozenset("CNFDLMIOB+@TYGPQVW0")
_BINARY = {"I": "<i4", "+": "<i4", "O": "<f8", "B": "<f8"}


@dataclass(frozen=True)
class Column:
    """One field of the table: its name as bytes, its dBase type, and where it stands in the record."""

    raw_name: bytes
    type: str
    offset: int
    width: int
    decimals: int

    @property
    def is_text(self) -> bool:
        return self.type not in "NFDLIO+BM0" or (self.type == "B" and self.width != 8)


class Dbf:
    """An attribute table on disk.

    records: how many the header announces and the file really holds, the smaller. Raises Refused
    `dbf_damaged` when the header makes no sense.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            head = file.read(32)
            if len(head) < 32:
                raise Refused("dbf_damaged", file=path.name)
            self.announced, self._start, self._width = struct.unpack("<IHH", head[4:12])
            self.mark = MARKS.get(head[29])
            described = file.read(max(self._start - 32, 0))
        self.columns = tuple(_columns(described))
        known = all(c.type in _TYPES for c in self.columns)
        fits = self._start <= path.stat().st_size and self._width >= 1 + sum(c.width for c in self.columns)
        if not self.columns or not known or not fits:
            raise Refused("dbf_damaged", file=path.name)
        self.held = max(path.stat().st_size - self._start, 0) // self._width
        self.records = min(self.announced, self.held)

    def block(self, start: int, count: int) -> Bytes:
        """Records from `start` (0-based) as bytes, shape (records, record width); first the delete mark."""
        count = max(min(count, self.records - start), 0)
        if not count:
            return np.zeros((0, self._width), np.uint8)
        # A map of this stretch alone: it goes with the block, and memory stays bounded however long the table is.
        at = self._start + start * self._width
        return np.asarray(np.memmap(self.path, np.uint8, "r", at, (count, self._width)))

    def blocks(self, rows: int = _BLOCK_ROWS) -> Iterator[tuple[int, Bytes]]:
        """(start, records) through the whole table."""
        for start in range(0, self.records, rows):
            yield start, self.block(start, rows)

    @cached_property
    def deleted(self) -> int:
        """How many records the sender's program has marked as deleted."""
        return sum(int((block[:, 0] == ord("*")).sum()) for _, block in self.blocks())


def _columns(described: bytes) -> Iterator[Column]:
    offset = 1
    for at in range(0, len(described) - 31, 32):
        entry = described[at : at + 32]
        if entry[0] in (0x0D, 0x00):
            return
        kind, width, decimals = chr(entry[11]), entry[16], entry[17]
        if kind == "C":  # Clipper and FoxPro keep widths above 255 in the decimals byte.
            width, decimals = width + 256 * decimals, 0
        yield Column(entry[:11].split(b"\0")[0].strip(), kind, offset, width, decimals)
        offset += width


class TextEvidence:
    """All text of the table as evidence of its encoding; nothing is kept in memory but a sample."""

    def __init__(self, dbf: Dbf) -> None:
        self._dbf = dbf
        self._count, self._sample, self._broken = 0, list[bytes](), dict[str, int]()
        for _, _, cells in foreign(dbf):
            self._count += len(cells)
            self._sample += [_trim(v) for v in _cut(cells[: max(_SAMPLE - len(self._sample), 0)])]

    def values(self) -> int:
        return self._count

    def sample(self) -> list[bytes]:
        return self._sample

    def broken(self, encoding: str) -> int:
        """How many values do not decode; counting stops where they are too many for this encoding anyway."""
        if encoding not in self._broken:
            broken, enough = 0, BROKEN_SHARE * self._count
            for _, _, cells in foreign(self._dbf):
                if not _decodes(cells, encoding):
                    broken += sum(decode_cut(_trim(value), encoding) is None for value in _cut(cells))
                if broken > enough:
                    break
            self._broken[encoding] = broken
        return self._broken[encoding]


def foreign(dbf: Dbf) -> Iterator[tuple[Column, npt.NDArray[np.int64], Bytes]]:
    """Per block and text column, the records (0-based) and cells that hold a byte outside ASCII."""
    for start, block in dbf.blocks():
        for column in dbf.columns:
            if column.is_text:
                cells = block[:, column.offset : column.offset + column.width]
                rows = np.flatnonzero((cells >= 0x80).any(axis=1))
                if len(rows):
                    yield column, rows + start, cells[rows]


def _lined(cells: Bytes) -> bytes:
    """The cells as lines of one text."""
    lined = np.full((cells.shape[0], cells.shape[1] + 1), ord("\n"), np.uint8)
    lined[:, :-1] = cells
    return lined.tobytes()


def _decodes(cells: Bytes, encoding: str) -> bool:
    """Whether all cells decode, none of them ending in half a character."""
    try:
        _lined(cells).decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _cut(cells: Bytes) -> list[bytes]:
    """Rows of a (rows, width) block as separate byte strings."""
    raw, width = cells.tobytes(), cells.shape[1]
    return [raw[at : at + width] for at in range(0, len(raw), width)]


def _trim(value: bytes) -> bytes:
    return value.split(b"\0")[0].strip()


@dataclass
class Reader:
    """Reads the table's values with one encoding and gathers what it had to do to them."""

    dbf: Dbf
    encoding: str
    names: tuple[str, ...]

    def frame(self, start: int, count: int) -> tuple[pd.DataFrame, npt.NDArray[np.bool_]]:
        """Values of records from `start` (index: 0-based record) and a mask of those not marked as deleted.

        Text is stripped, empty is None. Whole numbers are Int64, others float64, dates datetime64; a column in
        which one cell is not what its type promises comes as the text it holds.
        """
        block = self.dbf.block(start, count)
        values: dict[str, Any] = {}
        for name, column in zip(self.names, self.dbf.columns, strict=True):
            if column.type in "M0":
                continue
            cells = block[:, column.offset : column.offset + column.width]
            values[name] = self._values(cells, column)
        index = pd.RangeIndex(start, start + len(block))
        return frame_of(values, index), block[:, 0] != ord("*")

    def _values(self, cells: Bytes, column: Column) -> Any:
        if column.type in _BINARY and column.width == np.dtype(_BINARY[column.type]).itemsize:
            found = np.frombuffer(cells.tobytes(), _BINARY[column.type])
            return found.astype(np.float64 if found.dtype.kind == "f" else np.int64)
        texts = self._texts(cells)
        if column.type in "NF":
            return _numbers(texts, whole=column.decimals == 0 and column.width < 19)
        if column.type == "D":
            return _dates(texts)
        if column.type == "L":
            return pd.Series([_TRUTH.get(text or "") for text in texts], dtype="boolean").array
        return objects(texts)

    def _texts(self, cells: Bytes) -> list[str | None]:
        try:
            texts = _lined(cells).decode(self.encoding).split("\n")[:-1]
        except UnicodeDecodeError:
            texts = []
        if len(texts) != len(cells):  # a half character, a broken one, or a line break inside a value
            texts = [self._text(value) for value in _cut(cells)]
        return [text.split("\0")[0].strip() or None for text in texts]

    def _text(self, value: bytes) -> str:
        decoded = decode_cut(_trim(value), self.encoding)
        return decoded[0] if decoded else _trim(value).decode(self.encoding, errors="replace")


_TRUTH = {"T": True, "t": True, "Y": True, "y": True, "F": False, "f": False, "N": False, "n": False}


def _numbers(texts: list[str | None], *, whole: bool) -> Any:
    series = pd.Series(texts, dtype=object)
    filled = series.notna().to_numpy()
    numbers = cast("pd.Series[float]", pd.to_numeric(series, errors="coerce"))
    if (numbers.isna().to_numpy() & filled).any():
        return objects(texts)
    if whole:
        try:
            return pd.array([None if t is None else int(t) for t in texts], dtype="Int64")
        except (ValueError, OverflowError):
            pass
    return numbers.astype("float64").array


def _dates(texts: list[str | None]) -> Any:
    series = pd.Series([None if t in (None, "00000000", "0") else t for t in texts], dtype=object)
    dates = pd.to_datetime(series, format="%Y%m%d", errors="coerce")
    wrong = dates.isna().to_numpy() & series.notna().to_numpy()
    return objects(series) if wrong.any() else dates.astype("datetime64[s]").array


def damage(dbf: Dbf, encoding: str, names: tuple[str, ...], *, limit: int = 200) -> list[Issue]:
    """Findings on values that do not decode (`text_unreadable`, with row) or were cut in half (`text_cut`)."""
    issues: list[Issue] = []
    name_of = {column.offset: name for column, name in zip(dbf.columns, names, strict=True)}
    cut: dict[str, int] = {}
    for column, rows, cells in foreign(dbf):
        if _decodes(cells, encoding):
            continue
        name = name_of[column.offset]
        for row, value in zip(rows, _cut(cells), strict=True):
            decoded = decode_cut(_trim(value), encoding)
            if decoded is None and len(issues) < limit:
                issues.append(Issue("text_unreadable", int(row) + 1, name))
            elif decoded and decoded[1]:
                cut[name] = cut.get(name, 0) + 1
    issues += [Issue("text_cut", field=name, params={"rows": count}) for name, count in cut.items()]
    return issues
