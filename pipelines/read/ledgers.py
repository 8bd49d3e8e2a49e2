"""Ledgers kept in Excel or WPS, read as tables: which sheets hold one, and why the others do not."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import python_calamine

from geo.errors import Refused
from geo.issues import Issue
from pipelines.read.delimited import open_delimited
from pipelines.read.delimited_text import decode_bytes
from pipelines.read.ledgers_heading import Merge
from pipelines.read.ledgers_html import html_tables
from pipelines.read.ledgers_sheet import RETURNED_SHEET, has_cells, sheet_table
from pipelines.read.source import Table

_INSTRUCTIONS = re.compile(
    r"说明|须知|指南|填写要求|封面|目录|数据字典|字典|下拉|代码表|选项|instructions?|readme|cover|guide|lookup|说明书",
    re.IGNORECASE,
)
_MOST_UNPACKED = 2_000_000_000
_MOST_CELLS = 60_000_000
_SCANNED = 64_000_000
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def open_ledger(
    path: Path,
    *,
    encoding: str | None = None,
    sheet: str | None = None,
    known: Collection[str] | None = None,
) -> list[Table]:
    """The tables of a workbook (xlsx, xlsm, xlsb, xls, et, ods), one for each readable sheet.

    What the file holds counts, not its name: a web page or a text file called .xls is read as what it is.
    sheet: only this one, even a hidden one. known: headings known to layers (`normal_set`), by default those of
    the built-in layers. Sheets that are empty, hidden or hold instructions are left out, said so in a finding on
    the first table. Raises Refused: ledger_encrypted, ledger_damaged, ledger_not_a_workbook, ledger_too_large,
    ledger_stray_cells, sheet_not_found, ledger_nothing_readable.
    """
    path = Path(path)
    with path.open("rb") as file:
        head = file.read(4096)
    if head.startswith(b"PK"):
        _refuse_huge(path)
    elif not head.startswith(_OLE):
        return _open_text(path, head, encoding, known)
    return _open_workbook(path, sheet, known)


def _open_text(path: Path, head: bytes, encoding: str | None, known: Collection[str] | None) -> list[Table]:
    """A file that is no workbook: a web page or plain text under a workbook's name, or something else."""
    start = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \r\n\t").lower()
    if b"<table" in start or b"<html" in start or start.startswith(b"<!doctype html"):
        return _open_html(path, encoding, known)
    if start.startswith(b"<?xml") and b"spreadsheet" in start:
        what, what_en = "XML 表格 2003", "an XML spreadsheet of 2003"
    elif not head:
        what, what_en = "空文件", "nothing: the file is empty"
    elif head.startswith(b"%PDF"):
        what, what_en = "PDF 文档", "a PDF document"
    elif start.startswith((b"<?xml", b"{", b"[")):
        what, what_en = "XML 或 JSON", "XML or JSON"
    elif b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        what, what_en = "无法识别的二进制内容", "binary content of no known kind"
    else:
        return open_delimited(path, encoding=encoding, known=known)
    raise Refused("ledger_not_a_workbook", file=path.name, what=what, what_en=what_en)


def _open_html(path: Path, encoding: str | None, known: Collection[str] | None) -> list[Table]:
    text, used, reason = decode_bytes(path.read_bytes(), path.name, encoding)
    tables = []
    for number, (grid, merges) in enumerate(html_tables(text), start=1):
        made = sheet_table(path, f"{path.stem} {number}", grid, merges, known, is_workbook=False)
        if made is not None:
            made.name = path.stem if number == 1 else made.name
            made.encoding, made.encoding_reason = used, reason
            tables.append(made)
    if not tables:
        raise Refused(
            "ledger_nothing_readable",
            file=path.name,
            reasons="网页里没有带表头的表格",
            reasons_en="the page has no table",
        )
    return tables


def _refuse_huge(path: Path) -> None:
    """Refuse a workbook that unpacks to more than memory holds, before anything is unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise Refused("ledger_damaged", file=path.name) from None
    if any(entry.flag_bits & 1 for entry in entries):
        raise Refused("ledger_encrypted", file=path.name)
    names = {entry.filename for entry in entries}
    if not names & {"[Content_Types].xml", "content.xml", "mimetype"}:
        raise Refused("ledger_not_a_workbook", file=path.name, what="压缩包", what_en="an archive")
    size = sum(entry.file_size for entry in entries)
    if size > _MOST_UNPACKED:
        raise Refused("ledger_too_large", file=path.name, size=size // 1_000_000)
    for entry in entries:
        if re.fullmatch(r"xl/worksheets/[^/]+\.xml", entry.filename):
            _refuse_stray(path, entry)


def _refuse_stray(path: Path, entry: zipfile.ZipInfo) -> None:
    """Refuse a sheet with a cell so far out that the rectangle up to it would not fit into memory."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(entry) as file:
            data = file.read(_SCANNED)
    except (zipfile.BadZipFile, OSError, EOFError, zipfile.zlib.error):  # type: ignore[attr-defined]
        raise Refused("ledger_damaged", file=path.name) from None
    last_row, last_column, far = 1, 1, "A1"
    for match in re.finditer(rb'<c r="([A-Z]{3})(\d+)"[^>]*[^/]>|<c r="([A-Z]{1,2})(\d{6,})"[^>]*[^/]>', data):
        letters = (match[1] or match[3]).decode()
        column = 0
        for letter in letters:
            column = column * 26 + ord(letter) - 64
        row = int(match[2] or match[4])
        if column > last_column or row > last_row:
            last_row, last_column, far = max(row, last_row), max(column, last_column), f"{letters}{row}"
    if last_row * last_column > _MOST_CELLS:
        raise Refused("ledger_stray_cells", file=path.name, sheet=Path(entry.filename).stem, cell=far)


def _open_workbook(path: Path, sheet: str | None, known: Collection[str] | None) -> list[Table]:
    try:
        book = python_calamine.CalamineWorkbook.from_path(str(path))
        metadata = book.sheets_metadata
    except python_calamine.PasswordError:
        raise Refused("ledger_encrypted", file=path.name) from None
    except (python_calamine.CalamineError, OSError) as error:
        if _is_encrypted(path):
            raise Refused("ledger_encrypted", file=path.name) from error
        raise Refused("ledger_damaged", file=path.name) from error
    names = [one.name for one in metadata]
    if sheet is not None and sheet not in names:
        raise Refused("sheet_not_found", file=path.name, sheet=sheet, names="、".join(names))
    tables, skipped = [], []
    with book:
        for one in metadata:
            if sheet is not None and one.name != sheet:
                continue
            found = _read_sheet(path, book, one, known, chosen=sheet is not None)
            if isinstance(found, Table):
                tables.append(found)
            else:
                skipped.append((one.name, *found))
    return _kept(path, tables, skipped)


def _read_sheet(
    path: Path, book: Any, one: Any, known: Collection[str] | None, *, chosen: bool
) -> Table | tuple[str, str]:
    """A sheet's table, or why it has none, in both languages."""
    if str(one.typ).rsplit(".", 1)[-1] != "WorkSheet":
        return "不是数据表", "it is not a worksheet"
    if not chosen and str(one.visible).rsplit(".", 1)[-1] != "Visible":
        return "该表被隐藏", "it is hidden"
    if not chosen and one.name in RETURNED_SHEET.values():
        return "是退回说明", "it lists the findings of a returned copy"
    try:
        sheet = book.get_sheet_by_name(one.name)
        grid = sheet.to_python(skip_empty_area=False)
        merges = [Merge(a, b, c, d) for (a, b), (c, d) in sheet.merged_cell_ranges or ()]
    except python_calamine.CalamineError as error:
        raise Refused("ledger_damaged", file=path.name) from error
    if not has_cells(grid):
        return "空表", "it is empty"
    if not chosen and _INSTRUCTIONS.search(one.name):
        return "是填表说明或代码表", "it holds instructions or codes"
    made = sheet_table(path, one.name, grid, merges, known)
    return made if made is not None else ("没有找到表头", "no row of headings was found")


def _kept(path: Path, tables: list[Table], skipped: list[tuple[str, str, str]]) -> list[Table]:
    """Tables with rows; those with headings alone only when there is nothing else. What was left out is said."""
    full = [table for table in tables if table.rows]
    if full:
        skipped += [
            (table.name, "只有表头，没有数据", "it has headings but no rows") for table in tables if not table.rows
        ]
        tables = full
    if not tables:
        raise Refused(
            "ledger_nothing_readable",
            file=path.name,
            reasons="；".join(f"“{name}”{zh}" for name, zh, _ in skipped),
            reasons_en="; ".join(f"“{name}”: {en}" for name, _, en in skipped),
        )
    tables[0].issues[:0] = [
        Issue("sheet_skipped", None, None, {"sheet": name, "reason": zh, "reason_en": en})
        for name, zh, en in skipped
    ]
    return tables


def _is_encrypted(path: Path) -> bool:
    """Whether an OLE file is a workbook locked with a password: its directory names an EncryptedPackage."""
    marks: tuple[Callable[[bytes], bool], ...] = (
        lambda data: "EncryptedPackage".encode("utf-16-le") in data,
        lambda data: "EncryptionInfo".encode("utf-16-le") in data,
    )
    data = path.read_bytes()
    return any(mark(data) for mark in marks)
