"""Pages, rows and values of an Access file (Jet 4 and ACE: Access 2000 and later), read in place.

Layout after the notes of the mdbtools project (HACKING.md): 4096-byte pages; a table definition names its columns;
a data page names the definition it belongs to; a row ends with the offsets of its variable parts and a null mask.
"""

from __future__ import annotations

import struct
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

PAGE = 4096
MAGIC = (b"\x00\x01\x00\x00Standard Jet DB\0", b"\x00\x01\x00\x00Standard ACE DB\0")
_CATALOG_PAGE = 2
_USER_TABLE, _SYSTEM_FLAGS = 1, 0x80000002
_DEFINITION, _DATA = 2, 1
_DELETED, _ELSEWHERE, _OFFSET = 0x8000, 0x4000, 0x1FFF
_FIXED = 0x01
_EPOCH = datetime(1899, 12, 30)
BOOLEAN, MONEY, DATE, BINARY, TEXT, OLE, MEMO, GUID, NUMERIC = 1, 5, 8, 9, 10, 11, 12, 15, 16
_PLAIN = {2: "<B", 3: "<h", 4: "<i", MONEY: "<q", 6: "<f", 7: "<d", DATE: "<d", 18: "<i"}


class Damaged(Exception):
    """The file is not laid out as an Access file is."""


@dataclass(frozen=True)
class Column:
    """One column of a table: its number in the null mask, and where its values stand in a row."""

    name: str
    type: int
    number: int
    fixed_at: int | None
    variable: int
    width: int
    scale: int


class Pages:
    """An Access file as pages, mapped and not loaded. Raises Damaged."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            head = file.read(32)
        if not head.startswith(MAGIC) or path.stat().st_size < 3 * PAGE:
            raise Damaged
        self.version = head[20]
        count = path.stat().st_size // PAGE
        self._bytes: npt.NDArray[np.uint8] = np.memmap(path, np.uint8, "r", shape=(count, PAGE))
        owners = np.ascontiguousarray(self._bytes[:, 4:8]).view("<u4")[:, 0]
        self._owners = np.where(self._bytes[:, 0] == _DATA, owners, 0)

    def page(self, number: int) -> bytes:
        """The bytes of a page."""
        if not 0 < number < len(self._bytes):
            raise Damaged
        return self._bytes[number].tobytes()

    def rows(self, definition: int) -> Iterator[bytes]:
        """Every row, as bytes, of the table defined on that page, deleted ones left out."""
        for number in np.flatnonzero(self._owners == definition):
            page = self.page(int(number))
            for at in range(_u16(page, 12)):
                mark = _u16(page, 14 + 2 * at)
                if mark & _DELETED:
                    continue
                row = _row(page, at)
                yield self.record(_u32(row, 0)) if mark & _ELSEWHERE else row

    def record(self, pointer: int) -> bytes:
        """The row that a pointer (page and row in it) leads to."""
        return _row(self.page(pointer >> 8), pointer & 0xFF)

    def memo(self, raw: bytes) -> bytes:
        """The bytes of a memo: beside its header, on another page, or on a chain of them."""
        if len(raw) < 12:
            return b""
        length, pointer = _u32(raw, 0), _u32(raw, 4)
        if length & 0x80000000:
            return raw[12 : 12 + (length & 0x3FFFFFFF)]
        if length & 0x40000000:
            return self.record(pointer)[: length & 0x3FFFFFFF]
        parts, seen = b"", 0
        while pointer and len(parts) < length and seen < len(self._bytes):
            part = self.record(pointer)
            parts, pointer, seen = parts + part[4:], _u32(part, 0), seen + 1
        return parts[:length]

    def columns(self, definition: int) -> list[Column]:
        """The columns of the table defined on that page, in their order."""
        page = self.page(definition)
        if page[0] != _DEFINITION:
            raise Damaged
        text, following = page, _u32(page, 4)
        for _ in range(len(self._bytes)):
            if not following:
                break
            page = self.page(following)
            text, following = text + page[8:], _u32(page, 4)
        count, indexes = _u16(text, 45), _u32(text, 51)
        at = 63 + 12 * indexes
        entries = [text[at + 25 * n : at + 25 * (n + 1)] for n in range(count)]
        at += 25 * count
        found = []
        for entry in entries:
            size = _u16(text, at)
            name = text[at + 2 : at + 2 + size].decode("utf-16-le")
            at += 2 + size
            fixed = _u16(entry, 21) if entry[15] & _FIXED else None
            found.append(Column(name, entry[0], _u16(entry, 5), fixed, _u16(entry, 7), _u16(entry, 23), entry[12]))
        return sorted(found, key=lambda column: column.number)

    def tables(self) -> dict[str, int]:
        """Definition pages of the tables that people made, by name."""
        columns = {c.name: c for c in self.columns(_CATALOG_PAGE)}
        wanted = [columns[name] for name in ("Id", "Name", "Type", "Flags")]
        found = {}
        for row in self.rows(_CATALOG_PAGE):
            id_, name, kind, flags = self.values(row, wanted)
            if kind == _USER_TABLE and not (flags or 0) & _SYSTEM_FLAGS and name and not name.startswith("MSys"):
                found[str(name)] = int(id_) & 0xFFFFFF
        return found

    def values(self, row: bytes, columns: list[Column]) -> list[Any]:
        """The values of these columns in a row; None where there is none."""
        count = _u16(row, 0)
        mask_at = len(row) - (count + 7) // 8
        variables = _u16(row, mask_at - 2)
        out: list[Any] = []
        for column in columns:
            present = column.number < count and row[mask_at + column.number // 8] >> column.number % 8 & 1
            if column.type == BOOLEAN:
                out.append(bool(present))
            elif not present:
                out.append(None)
            elif column.fixed_at is not None:
                start = 2 + column.fixed_at
                out.append(self._value(row[start : start + column.width], column))
            elif column.variable < variables:
                entry = mask_at - 4 - 2 * column.variable
                out.append(self._value(row[_u16(row, entry) : _u16(row, entry - 2)], column))
            else:
                out.append(None)
        return out

    def _value(self, raw: bytes, column: Column) -> Any:
        form = _PLAIN.get(column.type)
        if form is not None:
            value = struct.unpack_from(form, raw)[0]
            return _SPECIAL[column.type](value) if column.type in _SPECIAL else value
        if column.type in (TEXT, MEMO):
            return text(self.memo(raw) if column.type == MEMO else raw)
        if column.type == GUID:
            return str(uuid.UUID(bytes_le=raw[:16]))
        if column.type == NUMERIC:
            high, *rest = struct.unpack("<4I", raw[1:17])
            whole = high << 96 | rest[0] << 64 | rest[1] << 32 | rest[2]
            return float((-whole if raw[0] else whole) / 10**column.scale)
        return raw


def _date(days: float) -> datetime | None:
    """A moment, or None for the zero date, which stands for no date, and for one beyond the calendar."""
    if not days or not -600_000 < days < 3_000_000:
        return None
    return _EPOCH + timedelta(seconds=round(days * 86400))


_SPECIAL: dict[int, Callable[[Any], Any]] = {MONEY: lambda value: value / 10_000, DATE: _date}


def text(raw: bytes) -> str:
    """Text of a cell: UTF-16, or the compressed form, in which a zero byte turns from one byte a letter to two."""
    if not raw.startswith(b"\xff\xfe"):
        return raw.decode("utf-16-le", errors="replace")
    pieces, compressed, at = [], True, 2
    while at < len(raw):
        if compressed:
            end = raw.find(b"\0", at)
            end = len(raw) if end < 0 else end
            pieces.append(raw[at:end].decode("latin-1"))
        else:
            end = at
            while end + 1 < len(raw) and raw[end]:
                end += 2
            pieces.append(raw[at:end].decode("utf-16-le", errors="replace"))
        compressed, at = not compressed, end + 1
    return "".join(pieces)


def _row(page: bytes, at: int) -> bytes:
    if at >= _u16(page, 12):
        raise Damaged
    start = _u16(page, 14 + 2 * at) & _OFFSET
    end = _u16(page, 12 + 2 * at) & _OFFSET if at else PAGE
    return page[start:end]


def _u16(raw: bytes, at: int) -> int:
    return int(struct.unpack_from("<H", raw, at)[0]) if at >= 0 else 0


def _u32(raw: bytes, at: int) -> int:
    return int(struct.unpack_from("<I", raw, at)[0])
