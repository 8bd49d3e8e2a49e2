"""The sheets of a workbook as grids of cells, whichever program wrote it, and refused when it could do harm."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import python_calamine
import xlrd

from geo.errors import Refused
from pipelines.read.ledgers_heading import Merge

Grid = list[list[Any]]
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MOST_UNPACKED = 2_000_000_000
_MOST_CELLS = 60_000_000
_BLOCK = 8_000_000
_FAR_CELL = re.compile(rb'<c r="(?:([A-Z]{3})(\d+)|([A-Z]{1,2})(\d{6,}))"[^>]*[^/]>')


@dataclass(frozen=True)
class Sheet:
    """One sheet. is_data: it is a worksheet, not a chart or a macro. read: its cells from A1 and merged ranges."""

    name: str
    is_data: bool
    visible: bool
    read: Callable[[], tuple[Grid, list[Merge]]]


@contextlib.contextmanager
def open_workbook(path: Path) -> Iterator[list[Sheet]]:
    """The sheets of a workbook, in its order; Refused when it is locked, damaged or too large to be opened.

    An old .xls is read by xlrd, which fails in Python where a damaged file takes other readers down with the
    whole process; the zipped formats (xlsx, xlsm, xlsb, ods) by calamine, once every part's checksum is right.
    """
    with path.open("rb") as file:
        head = file.read(8)
    if head == OLE:
        with _old_workbook(path) as sheets:
            yield sheets
    else:
        _refuse_harm(path)
        with _zipped_workbook(path) as sheets:
            yield sheets


@contextlib.contextmanager
def _zipped_workbook(path: Path) -> Iterator[list[Sheet]]:
    with _damage_refused(path):
        book = python_calamine.CalamineWorkbook.from_path(str(path))
        metadata = book.sheets_metadata

    def _reader(name: str) -> Callable[[], tuple[Grid, list[Merge]]]:
        def _read() -> tuple[Grid, list[Merge]]:
            with _damage_refused(path):
                sheet = book.get_sheet_by_name(name)
                grid = sheet.to_python(skip_empty_area=False)
                merges = [Merge(a, b, c, d) for (a, b), (c, d) in sheet.merged_cell_ranges or ()]
            return grid, merges

        return _read

    def word(value: Any) -> str:
        return str(value).rsplit(".", 1)[-1]

    with book:
        yield [
            Sheet(one.name, word(one.typ) == "WorkSheet", word(one.visible) == "Visible", _reader(one.name))
            for one in metadata
        ]


@contextlib.contextmanager
def _damage_refused(path: Path) -> Iterator[None]:
    try:
        yield
    except python_calamine.PasswordError:
        raise Refused("ledger_encrypted", file=path.name) from None
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise Refused("ledger_damaged", file=path.name) from error
    except BaseException as error:
        # A panic of the Rust reader is no Exception, so that nobody swallows it by accident.
        if type(error).__name__ == "PanicException":
            raise Refused("ledger_damaged", file=path.name) from None
        raise


@contextlib.contextmanager
def _old_workbook(path: Path) -> Iterator[list[Sheet]]:
    data = path.read_bytes()
    if "EncryptedPackage".encode("utf-16-le") in data or "EncryptionInfo".encode("utf-16-le") in data:
        raise Refused("ledger_encrypted", file=path.name)
    try:
        book = _xlrd_book(data)
    except xlrd.XLRDError as error:
        code = "ledger_encrypted" if "encrypt" in str(error).lower() else "ledger_damaged"
        raise Refused(code, file=path.name) from error
    except Exception as error:
        # xlrd meets damaged bytes with whatever its own code trips over.
        raise Refused("ledger_damaged", file=path.name) from error

    def _reader(number: int) -> Callable[[], tuple[Grid, list[Merge]]]:
        def _read() -> tuple[Grid, list[Merge]]:
            try:
                return _old_sheet(book, book.sheet_by_index(number))
            except Exception as error:
                raise Refused("ledger_damaged", file=path.name) from error

        return _read

    yield [
        Sheet(name, True, visibility == 0, _reader(number))
        for number, (name, visibility) in enumerate(zip(book.sheet_names(), book._sheet_visibility, strict=False))
    ]


def _xlrd_book(data: bytes) -> xlrd.Book:
    """With formats, which merged cells need; without them when the formats alone are damaged."""
    quiet = io.StringIO()
    try:
        return xlrd.open_workbook(file_contents=data, formatting_info=True, logfile=quiet, ragged_rows=True)
    except xlrd.XLRDError:
        raise
    except Exception:
        return xlrd.open_workbook(file_contents=data, logfile=quiet, ragged_rows=True)


def _old_sheet(book: xlrd.Book, sheet: Any) -> tuple[Grid, list[Merge]]:
    grid = [
        [
            _old_value(book, kind, value)
            for kind, value in zip(sheet.row_types(r), sheet.row_values(r), strict=True)
        ]
        for r in range(sheet.nrows)
    ]
    merges = [Merge(top, left, bottom - 1, right - 1) for top, bottom, left, right in sheet.merged_cells]
    return grid, merges


def _old_value(book: xlrd.Book, kind: int, value: Any) -> Any:
    """A cell of an .xls: days as dates, yes and no as booleans, an error as its sign."""
    if kind == xlrd.XL_CELL_DATE:
        try:
            moment = xlrd.xldate_as_datetime(value, book.datemode)
        except (ValueError, OverflowError):
            return value
        return moment.date() if moment.time() == dt.time() else moment
    if kind == xlrd.XL_CELL_BOOLEAN:
        return bool(value)
    if kind == xlrd.XL_CELL_ERROR:
        return xlrd.error_text_from_code.get(value, "#N/A")
    return value


def _refuse_harm(path: Path) -> None:
    """Refuse a zipped workbook that is broken, locked, or would not fit into memory, before it is read."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if any(entry.flag_bits & 1 for entry in entries):
                raise Refused("ledger_encrypted", file=path.name)
            if not {entry.filename for entry in entries} & {"[Content_Types].xml", "content.xml", "mimetype"}:
                raise Refused("ledger_not_a_workbook", file=path.name, what="压缩包", what_en="an archive")
            size = sum(entry.file_size for entry in entries)
            if size > _MOST_UNPACKED:
                raise Refused("ledger_too_large", file=path.name, size=size // 1_000_000)
            for entry in entries:
                _refuse_part(path, archive, entry)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError) as error:
        raise Refused("ledger_damaged", file=path.name) from error


def _refuse_part(path: Path, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """Read one part to its end, which checks its checksum and size; in a sheet, look for cells far out."""
    is_sheet = re.fullmatch(r"xl/worksheets/[^/]+\.xml", entry.filename) is not None
    row, column, far, before = 1, 1, "A1", b""
    with archive.open(entry) as file:
        while block := file.read(_BLOCK):
            for match in _FAR_CELL.finditer(before + block) if is_sheet else ():
                letters, number = (match[1] or match[3]).decode(), int(match[2] or match[4])
                place = _column_number(letters)
                if place > column or number > row:
                    row, column, far = max(row, number), max(column, place), f"{letters}{number}"
            before = block[-200:]
    if row * column > _MOST_CELLS:
        raise Refused("ledger_stray_cells", file=path.name, sheet=Path(entry.filename).stem, cell=far)


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number
