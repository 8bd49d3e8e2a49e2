"""Text tables (csv, tsv, txt) read as they stream by, whatever their encoding and separator."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from geo.errors import Refused
from geo.issues import Issue
from pipelines.read.delimited_text import records, sniff_encoding, sniff_separator
from pipelines.read.ledgers_heading import LOOKED_AT, Heading, find_heading
from pipelines.read.ledgers_rows import Body, cell_matrix, frame_of
from pipelines.read.ledgers_sheet import BATCH_ROWS, cells_of, own_columns, sheet_table, sheet_units
from pipelines.read.source import Table

# Up to this size a text table is read at once, so that its totals and blanks are known before the first batch.
_AT_ONCE_BYTES = 16_000_000
_SAID_AT_MOST = 100
_BEFORE_READING = ("encoding_from_content", "encoding_uncertain", "lines_unreadable")


def open_delimited(
    path: Path, *, encoding: str | None = None, known: Collection[str] | None = None
) -> list[Table]:
    """The table of a text file, as a list of one.

    Encoding (UTF-8, with or without mark, UTF-16, GB18030, cp1252) and separator are found from the content;
    quoted line breaks are kept; titles above the headings, totals and notes are treated as in a workbook. A row's
    number is that of its record, as a spreadsheet shows it. A large file streams in batches of 50,000 rows; its
    `rows` and the findings on the whole table stand after the first full pass. Raises Refused: text_not_a_table,
    encoding_unknown, encoding_given_wrong.
    """
    path = Path(path)
    decision = sniff_encoding(path, encoding)
    separator = sniff_separator(path, decision.encoding)
    if separator is None:
        raise Refused(
            "text_not_a_table",
            file=path.name,
            reason="没有分出两列以上",
            reason_en="it does not fall into columns",
        )
    if path.stat().st_size <= _AT_ONCE_BYTES:
        table = _at_once(path, decision.encoding, separator, known)
    else:
        table = _streamed(path, decision.encoding, separator, known)
    table.encoding, table.encoding_reason = decision.encoding, decision.reason
    table.issues[:0] = decision.issues
    return [table]


def _at_once(path: Path, encoding: str, separator: str, known: Collection[str] | None) -> Table:
    grid: list[list[Any]] = [list(record) for record in records(path, encoding, separator)]
    table = sheet_table(path, path.stem, grid, (), known, is_workbook=False)
    if table is None or table.cells is None:
        raise _no_table(path, grid)
    width = max(table.cells.columns.values(), default=0)
    expected = len(grid[table.cells.heading_row - 1]) if table.cells.heading_row else width
    long = [(row, len(r)) for row, r in enumerate(grid, start=1) if len(r) > expected and any(r[expected:])]
    if table.cells.heading_row:
        table.issues += _too_long([(row, n) for row, n in long if row > table.cells.heading_row], expected)
    return table


def _no_table(path: Path, grid: list[list[Any]]) -> Refused:
    if not any(any(row) for row in grid):
        return Refused("text_not_a_table", file=path.name, reason="文件为空", reason_en="the file is empty")
    return Refused(
        "text_not_a_table", file=path.name, reason="没有找到表头", reason_en="no row of headings was found"
    )


def _too_long(rows: list[tuple[int, int]], expected: int) -> list[Issue]:
    return [
        Issue("cells_in_error", row, None, {"expected": expected, "found": found})
        for row, found in rows[:_SAID_AT_MOST]
    ]


def _streamed(path: Path, encoding: str, separator: str, known: Collection[str] | None) -> Table:
    top = list(islice(records(path, encoding, separator), LOOKED_AT))
    heading = find_heading(top, (), known)
    if heading is None:
        raise _no_table(path, [list(row) for row in top])
    heading = replace(heading, columns=tuple(own_columns(heading)))
    table = Table(
        path=path,
        name=path.stem,
        kind="sheet",
        columns=heading.names,
        batches=lambda: _batches(path, table, encoding, separator, heading),
        units=sheet_units(heading),
        cells=cells_of(heading, None),
    )
    return table


def _batches(path: Path, table: Table, encoding: str, separator: str, heading: Heading) -> Iterator[pd.DataFrame]:
    """The frames of a large file; after the last, the table knows its rows and what was found."""
    body = Body(heading)
    told = [i for i in table.issues if i.code in _BEFORE_READING]
    reader = records(path, encoding, separator)
    row = heading.last + 1
    for _ in islice(reader, row):
        pass
    places = [c for c, _ in heading.columns]
    expected = max(places) + 1
    total = 0
    long: list[tuple[int, int]] = []
    while block := list(islice(reader, BATCH_ROWS)):
        numbers = np.arange(row + 1, row + 1 + len(block))
        long += [
            (int(n), len(r))
            for n, r in zip(numbers, block, strict=True)
            if len(r) > expected and any(r[expected:])
        ]
        cells, kept = body.clean(cell_matrix(block, places), numbers)
        row += len(block)
        total += len(kept)
        if len(kept):
            yield frame_of(cells, kept, heading.names)
    table.rows = total
    table.issues = [*told, *body.issues(), *_too_long(long, expected)]
