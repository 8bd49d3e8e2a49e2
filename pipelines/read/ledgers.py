"""Ledgers kept in Excel or WPS, read as tables: which sheets hold one, and why the others do not."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from geo.errors import Refused
from geo.issues import Issue
from pipelines.read.delimited import open_delimited
from pipelines.read.delimited_text import decode_page
from pipelines.read.ledgers_html import html_tables
from pipelines.read.ledgers_sheet import RETURNED_SHEET, has_cells, sheet_table
from pipelines.read.ledgers_workbook import OLE, Sheet, open_workbook
from pipelines.read.source import Table

_INSTRUCTIONS = re.compile(
    r"说明|须知|指南|填写要求|封面|目录|数据字典|字典|下拉|代码表|选项|instructions?|readme|cover|guide|lookup|说明书",
    re.IGNORECASE,
)


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
    if not head.startswith((b"PK", OLE)):
        return _open_text(path, head, encoding, known)
    return _open_sheets(path, sheet, known)


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
    text, decision = decode_page(path.read_bytes(), path.name, encoding)
    tables: list[Table] = []
    for number, (grid, merges) in enumerate(html_tables(text), start=1):
        made = sheet_table(path, f"{path.stem} {number}", grid, merges, known, is_workbook=False)
        if made is not None:
            made.name = path.stem if number == 1 else made.name
            made.encoding, made.encoding_reason = decision.encoding, decision.reason
            made.issues[:0] = decision.issues if not tables else ()
            tables.append(made)
    if not tables:
        raise Refused(
            "ledger_nothing_readable",
            file=path.name,
            reasons="网页里没有带表头的表格",
            reasons_en="the page has no table",
        )
    return tables


def _open_sheets(path: Path, chosen: str | None, known: Collection[str] | None) -> list[Table]:
    tables: list[Table] = []
    skipped: list[tuple[str, str, str]] = []
    with open_workbook(path) as sheets:
        names = [sheet.name for sheet in sheets]
        if chosen is not None and chosen not in names:
            raise Refused("sheet_not_found", file=path.name, sheet=chosen, names="、".join(names))
        for sheet in sheets:
            if chosen is not None and sheet.name != chosen:
                continue
            found = _read_sheet(path, sheet, known, chosen=chosen is not None)
            if isinstance(found, Table):
                tables.append(found)
            else:
                skipped.append((sheet.name, *found))
    return _kept(path, tables, skipped)


def _read_sheet(
    path: Path, sheet: Sheet, known: Collection[str] | None, *, chosen: bool
) -> Table | tuple[str, str]:
    """A sheet's table, or why it has none, in both languages."""
    if not sheet.is_data:
        return "不是数据表", "it is not a worksheet"
    if not chosen and not sheet.visible:
        return "该表被隐藏", "it is hidden"
    if not chosen and sheet.name in RETURNED_SHEET.values():
        return "是退回说明", "it lists the findings of a returned copy"
    grid, merges = sheet.read()
    if not has_cells(grid):
        return "空表", "it is empty"
    if not chosen and _INSTRUCTIONS.search(sheet.name):
        return "是填表说明或代码表", "it holds instructions or codes"
    made = sheet_table(path, sheet.name, grid, merges, known)
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
