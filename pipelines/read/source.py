"""What every reader gives: the tables of an arrived file, still in the sender's own words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pandas as pd
from pyproj import CRS

from geo.issues import Issue


@dataclass(frozen=True)
class Cells:
    """Where a table's cells stand in the sender's spreadsheet, so that faults can be marked in place.

    sheet: sheet name. columns: heading as in `Table.columns` → 1-based column number. The row numbers are the
    index of the frames. heading_row: the last row of the headings, from 1.
    """

    sheet: str | None
    columns: Mapping[str, int]
    heading_row: int | None = None


@dataclass
class Table:
    """One table of an arrived file.

    path: the file the sender sent (the archive, when it came in one). name: layer or sheet. columns: the
    sender's headings, two-row headings flattened with `/`, in order, without geometry. crs: what the file
    declares, else None. encoding: how its text was read and encoding_reason why. units: heading → unit id (`mu`,
    `ha`, `m2`, …) where heading or unit line told. rows: number of data rows, None if only known at the end.
    geometry_type: `polygon|line|point|any|none`. issues: findings on the file as a whole.
    batches: a fresh iterator of frames on each call. Their index is named `row` and holds the sender's own row
    number (spreadsheet row, line of a text file, 1-based feature number in a map file); columns are `columns`
    with values as they were written (text, numbers, dates, None for empty), and for a map file a last column
    `geometry` of shapely objects in the file's own coordinates (None where empty).
    """

    path: Path
    name: str
    kind: Literal["map", "sheet"]
    columns: tuple[str, ...]
    batches: Callable[[], Iterator[pd.DataFrame]]
    crs: CRS | None = None
    encoding: str | None = None
    encoding_reason: str | None = None
    units: Mapping[str, str] = field(default_factory=dict)
    rows: int | None = None
    geometry_type: Literal["polygon", "line", "point", "any", "none"] = "none"
    issues: list[Issue] = field(default_factory=list)
    cells: Cells | None = None
