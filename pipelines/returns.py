"""The copy of a sender's own table that goes back to them: faulty cells coloured, each with its reason."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import re
import tempfile
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell, MergedCell, WriteOnlyCell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from geo.issues import Issue
from pipelines.read.ledgers_sheet import RETURNED_COLUMN, RETURNED_ROW
from pipelines.read.source import Table
from pipelines.returns_faults import Faults, summary_sheet

MOST_ROWS = 20_000
_FILLS = {
    "error": PatternFill("solid", fgColor="FFFF9C9C"),
    "warning": PatternFill("solid", fgColor="FFFFEB9C"),
}
_WRAP = Alignment(wrap_text=True, vertical="top")
_LONGEST_CELL = 32_000
_LONGEST_NAME = 80
_SUFFIX = {"zh": ("退回", "核对"), "en": ("returned", "to-check")}
"""Of a copy with rows that were returned, and of one that only has remarks."""
_FORMULA_START = re.compile(r"^[=@\t\r]|^[+-](?![\d.]+$)")
_UNSAFE_FORMULA = re.compile(r"[!\[|]|\b(HYPERLINK|WEBSERVICE|FILTERXML|CALL|REGISTER|EXEC|RTD|DDE|IMAGE)\b", re.I)


def write_returned(
    table: Table, issues: Sequence[Issue], folder: Path, *, lang: str, columns: Mapping[str, str]
) -> Path:
    """Write the marked copy of one table and give its path (xlsx in `folder`, made when it is not there).

    columns: layer field → the sender's heading. An xlsx of up to 20,000 rows is copied with its own look, the
    other visible sheets left out; anything else becomes a plain sheet with the number of the row it had. Cells
    with an error are red, with a warning yellow, each with a comment; a finding on a whole row colours its first
    cell; a last column and a last sheet say the same in sentences (in `lang`). Over 20,000 rows only those with
    findings are written. Text that a spreadsheet would run as a formula is written as text. The file appears
    whole or not at all; a copy of another file of the same name is not overwritten.
    """
    folder.mkdir(parents=True, exist_ok=True)
    faults = Faults.of(table, issues, columns, lang)
    digest = _digest(table.path)
    returned = any(issue.severity == "error" for issue in issues)
    target = _target(folder, table, _SUFFIX.get(lang, _SUFFIX["zh"])[0 if returned else 1], digest)
    book = _own_copy(table, faults, lang) or _plain_copy(table, faults, lang)
    book.properties.identifier = digest
    book.properties.creator = "xiangtu"
    _save(book, target)
    return target


def _digest(path: Path) -> str:
    if not path.is_file():
        return hashlib.sha256(str(path.name).encode()).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _target(folder: Path, table: Table, suffix: str, digest: str) -> Path:
    """`台账-退回.xlsx`, or `台账-核对.xlsx` where no row goes back.

    With the sheet's name when it differs, with a mark when another file has that name.
    """
    stem = table.path.stem if table.name in (table.path.stem, "") else f"{table.path.stem}-{table.name}"
    safe = re.sub(r'[\\/:*?"<>|\x00-\x1f]+', "_", stem).strip(". ")[:_LONGEST_NAME] or "table"
    plain = folder / f"{safe}-{suffix}.xlsx"
    if not plain.exists() or _identifier(plain) == digest:
        return plain
    return plain.with_stem(f"{plain.stem}-{digest[:6]}")


def _identifier(path: Path) -> str | None:
    """The digest of the file that an existing copy was made from."""
    try:
        with zipfile.ZipFile(path) as archive:
            core = archive.read("docProps/core.xml").decode()
    except (zipfile.BadZipFile, KeyError, OSError):
        return None
    match = re.search(r"<dc:identifier>([0-9a-f]+)</dc:identifier>", core)
    return match.group(1) if match else None


def _save(book: openpyxl.Workbook, target: Path) -> None:
    handle, name = tempfile.mkstemp(prefix=".", suffix=".xlsx", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            book.save(file)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def safe_text(text: str) -> str:
    """Text that no spreadsheet runs as a formula, without characters that a workbook cannot hold."""
    clean = ILLEGAL_CHARACTERS_RE.sub("", text)[:_LONGEST_CELL]
    return f"'{clean}" if _FORMULA_START.match(clean) else clean


def cell_value(value: Any) -> Any:
    """A value as a workbook takes it: numbers, days and plain text."""
    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return None
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bool | int | float):
        return value if abs(value) < 1e15 else str(value)
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, dt.date | dt.time | dt.timedelta):
        return value
    return safe_text(str(value))


def _comment(sentences: Sequence[str], before: Comment | None = None) -> Comment:
    text = "\n".join([*([before.text] if before else []), *sentences])
    comment = Comment(ILLEGAL_CHARACTERS_RE.sub("", text)[:2000], "xiangtu")
    comment.width, comment.height = 320, 60 + 20 * min(len(text) // 22, 10)
    return comment


def _own_copy(table: Table, faults: Faults, lang: str) -> openpyxl.Workbook | None:
    """The sender's workbook, marked; None when it cannot be copied as it is."""
    cells = table.cells
    if cells is None or cells.sheet is None or (table.rows or 0) > MOST_ROWS:
        return None
    if table.path.suffix.lower() not in (".xlsx", ".xlsm") or not zipfile.is_zipfile(table.path):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(table.path, keep_links=False)
    except Exception:
        # openpyxl gives up on parts of a workbook that nobody reads (themes, charts) with errors of any kind.
        return None
    if cells.sheet not in book.sheetnames:
        return None
    sheet = book[cells.sheet]
    for other in book.worksheets:
        if other is not sheet and other.sheet_state == "visible":
            book.remove(other)
    sheet.sheet_state = "visible"
    book.active = book.index(sheet)
    _tame_formulas(sheet, table.path)
    first = min(cells.columns.values(), default=1)
    for row, heading, severity, sentences in faults.cells():
        cell = _top_left(sheet, row, cells.columns.get(heading or "", first))
        cell.fill = _FILLS[severity]
        cell.comment = _comment(sentences, cell.comment)
    _add_column(
        sheet, faults, _free_column(sheet, max(cells.columns.values(), default=0) + 1), cells.heading_row, lang
    )
    summary_sheet(book, table, faults, lang, trimmed=False)
    book.calculation.fullCalcOnLoad = True
    return book


def _top_left(sheet: Any, row: int, column: int) -> Cell:
    """The cell, or the one that holds its value when it is merged with others."""
    cell = sheet.cell(row, column)
    if isinstance(cell, MergedCell):
        for merged in sheet.merged_cells.ranges:
            if cell.coordinate in merged:
                return sheet.cell(merged.min_row, merged.min_col)  # type: ignore[no-any-return]
    return cell  # type: ignore[no-any-return]


def _free_column(sheet: Any, column: int) -> int:
    """The first column from `column` on that holds nothing."""
    taken = {at for (_row, at), cell in sheet._cells.items() if cell.value is not None}
    return next(
        candidate for candidate in range(column, max(taken, default=0) + column + 2) if candidate not in taken
    )


def _add_column(sheet: Any, faults: Faults, column: int, heading_row: int | None, lang: str) -> None:
    head = _top_left(sheet, heading_row or 1, column)
    head.value = RETURNED_COLUMN.get(lang, RETURNED_COLUMN["zh"])
    head.font, head.fill = Font(bold=True), _FILLS["error"]
    sheet.column_dimensions[get_column_letter(column)].width = 60
    for row, sentences in faults.rows().items():
        cell = _top_left(sheet, row, column)
        cell.value = safe_text("\n".join(sentences))
        cell.alignment = _WRAP


def _tame_formulas(sheet: Any, path: Path) -> None:
    """Formulas that reach outside the sheet or run something become the value they last had."""
    found = [
        cell
        for cell in list(sheet._cells.values())  # iter_rows would make every cell of the used range
        if cell.data_type == "f" and _UNSAFE_FORMULA.search(str(getattr(cell.value, "text", cell.value)))
    ]
    if not found:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        values = openpyxl.load_workbook(path, data_only=True, keep_links=False)[sheet.title]
    for cell in found:
        cell.value = cell_value(values[cell.coordinate].value)
        cell.hyperlink = None


def _plain_copy(table: Table, faults: Faults, lang: str) -> openpyxl.Workbook:
    """A new workbook with the table's columns, the rows numbered as the sender numbers them."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(_sheet_name(table.name))
    names = [c for c in table.columns if c != "geometry"]
    sheet.freeze_panes = "B2"
    sheet.column_dimensions[get_column_letter(len(names) + 2)].width = 60
    row_head, fault_head = RETURNED_ROW.get(lang, "原行号"), RETURNED_COLUMN.get(lang, "退回问题")
    sheet.append([_styled(sheet, safe_text(h), bold=True) for h in (row_head, *names, fault_head)])
    lines, trimmed = _lines(table, set(faults.rows()))
    marks = faults.by_cell()
    sentences = faults.rows()
    for row, values in lines:
        sheet.append(_marked_line(sheet, row, values, names, marks.get(row, {}), sentences.get(row, [])))
    summary_sheet(book, table, faults, lang, trimmed=trimmed)
    return book


def _lines(table: Table, faulty: set[int]) -> tuple[list[tuple[int, list[Any]]], bool]:
    """(row number, values) of all rows, or of those with findings when there are over 20,000."""
    everything: list[tuple[int, list[Any]]] = []
    at_fault: list[tuple[int, list[Any]]] = []
    total = 0
    for batch in table.batches():
        frame = batch.drop(columns="geometry", errors="ignore")
        total += len(frame)
        if total <= MOST_ROWS:
            chosen = frame
        else:
            everything = []
            chosen = frame[frame.index.isin(list(faulty))]
        columns = [chosen[c].to_numpy(object) for c in chosen.columns]
        lines = [(int(r), list(v)) for r, *v in zip(chosen.index, *columns, strict=True)]
        if total <= MOST_ROWS:
            everything += lines
        at_fault += [line for line in lines if line[0] in faulty]
    return (at_fault, True) if total > MOST_ROWS else (everything, False)


def _marked_line(
    sheet: Any,
    row: int,
    values: Sequence[Any],
    names: Sequence[str],
    marks: Mapping[str | None, tuple[str, list[str]]],
    sentences: Sequence[str],
) -> list[Any]:
    made: list[Any] = [_styled(sheet, row, mark=marks.get(None))]
    for name, value in zip(names, values, strict=True):
        written = cell_value(value)
        made.append(_styled(sheet, written, mark=marks[name]) if name in marks else _literal(sheet, written))
    if sentences:
        made.append(_styled(sheet, safe_text("\n".join(sentences)), wrap=True))
    return made


def _literal(sheet: Any, value: Any) -> Any:
    """A value as it is; long digits stay text."""
    return value if not isinstance(value, str) else _styled(sheet, value)


def _styled(
    sheet: Any, value: Any, *, mark: tuple[str, list[str]] | None = None, bold: bool = False, wrap: bool = False
) -> Any:
    cell = WriteOnlyCell(sheet, value=value)
    if isinstance(value, str):
        cell.data_type = "s"
    if mark is not None:
        cell.fill = _FILLS[mark[0]]
        cell.comment = _comment(mark[1])
    if bold:
        cell.font = Font(bold=True)
    if wrap:
        cell.alignment = _WRAP
    return cell


def _sheet_name(name: str) -> str:
    return re.sub(r"[\\/*?:\[\]']", "_", ILLEGAL_CHARACTERS_RE.sub("", name))[:28] or "table"
