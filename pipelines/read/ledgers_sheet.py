"""One sheet of cells made into the table that every reader gives."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from geo.headings import normal
from geo.issues import Issue
from geo.units import unit_line, units_of_headings
from pipelines.read.ledgers_heading import Heading, Merge, find_heading, is_filled
from pipelines.read.ledgers_kinds import area_of_title
from pipelines.read.ledgers_rows import Body, area_level, cell_matrix, fill_merged, frame_of, reported_by
from pipelines.read.source import Cells, Table

BATCH_ROWS = 50_000
# The column and the sheet that a returned copy gets; a corrected copy may come back with both.
RETURNED_COLUMN = {"zh": "退回问题", "en": "Returned because"}
RETURNED_SHEET = {"zh": "退回说明", "en": "Findings"}
RETURNED_ROW = {"zh": "原行号", "en": "Original row"}
_OURS = {normal(name) for names in (RETURNED_COLUMN, RETURNED_ROW) for name in names.values()}
_GENERIC = ("sheet", "工作表", "表")


def own_columns(heading: Heading) -> list[tuple[int, str]]:
    """The columns of a heading block without those that a returned copy added."""
    return [(c, name) for c, name in heading.columns if normal(name) not in _OURS]


def sheet_units(heading: Heading) -> dict[str, str]:
    """Heading → unit id, from the headings and from a `单位：亩` line above them."""
    line_units = tuple(dict.fromkeys(u for title in heading.titles for u in unit_line(title)))
    return units_of_headings(heading.names, line_units)


def title_of(heading: Heading, sheet: str) -> str:
    """The sheet's name, or the title above the table when the sheet is called Sheet1 or the like."""
    bare = sheet.casefold().rstrip("0123456789（）() ")
    if bare not in _GENERIC:
        return sheet
    titles = [t for t in heading.titles if not unit_line(t) and "：" not in t and ":" not in t and len(t) > 3]
    return max(titles, key=len, default=sheet)


def sheet_table(
    path: Path,
    sheet: str,
    grid: list[list[Any]],
    merges: Collection[Merge],
    known: Collection[str] | None,
    *,
    is_workbook: bool = True,
) -> Table | None:
    """The table of a sheet held in memory; None when it has no headings.

    grid: the sheet's cells from A1. The table's `rows` counts data rows; its findings say what was left out,
    filled in, and which totals disagree.
    """
    heading = find_heading(grid, merges, known)
    if heading is None:
        return None
    heading = replace(heading, columns=tuple(own_columns(heading)))
    body = Body(heading)
    frame = _data(grid, merges, heading, body)
    issues = [*body.issues(), *_areas_from_titles(frame, heading, body, sheet)]
    if frame.empty:
        issues.append(Issue("table_empty", None, None, {"sheet": sheet}))
    return Table(
        path=path,
        name=title_of(heading, sheet),
        kind="sheet",
        columns=tuple(frame.columns),
        batches=lambda: batches_of(frame),
        units=sheet_units(heading),
        rows=len(frame),
        issues=issues,
        cells=cells_of(heading, sheet if is_workbook else None),
    )


def cells_of(heading: Heading, sheet: str | None) -> Cells:
    """Where the columns of a heading block stand in the sender's sheet."""
    return Cells(sheet, {name: c + 1 for c, name in heading.columns}, heading.last + 1)


def _data(grid: list[list[Any]], merges: Collection[Merge], heading: Heading, body: Body) -> pd.DataFrame:
    """The rows of data under a heading, merged cells filled."""
    across = fill_merged(grid, merges, body, heading.last + 1)
    below = grid[heading.last + 1 :]
    cells = cell_matrix(below, [c for c, _ in heading.columns])
    return frame_of(*body.clean(cells, np.arange(len(below)) + heading.last + 2, across), heading.names)


def batches_of(frame: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """The frame in parts of 50,000 rows; an empty frame as one empty part."""
    for start in range(0, max(len(frame), 1), BATCH_ROWS):
        yield frame.iloc[start : start + BATCH_ROWS]


def _areas_from_titles(frame: pd.DataFrame, heading: Heading, body: Body, sheet: str) -> list[Issue]:
    """Add the township or village that no column has, from section titles, the sheet's name or `填报单位：…`."""
    found = []
    present = {area_level(name) for name in heading.names}
    for level, name in ((1, "乡镇"), (2, "村")):
        if level in present or frame.empty or name in frame.columns:
            continue
        values: list[str | None] = [body.sections[level].get(int(row)) for row in frame.index]
        if not any(values):
            named = area_of_title(sheet)
            told = named[1] if named and named[0] == level else None
            if told is None and level == 1 and 2 in present:
                told = reported_by(heading.titles)
            values = [told] * len(frame)
        if any(values):
            frame[name] = pd.Series(values, index=frame.index, dtype=object)
            shown = "、".join(dict.fromkeys(str(v) for v in values if v))
            found.append(Issue("filled_from_title", None, name, {"heading": name, "value": shown[:60]}))
    return found


def has_cells(grid: Sequence[Sequence[Any]]) -> bool:
    """Whether any cell of a grid holds anything."""
    return any(is_filled(value) for row in grid for value in row)
