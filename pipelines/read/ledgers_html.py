"""Web pages saved under the name of a workbook: their tables as grids of cells."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from pipelines.read.ledgers_heading import Merge

_MOST_SPANNED = 1000


class _Tables(HTMLParser):
    """Collects each outermost table as rows of (text, rows spanned, columns spanned)."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[list[list[tuple[str, int, int]]]] = []
        self._depth = 0
        self._cell: list[str] | None = None
        self._spans = (1, 1)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A table, row or cell begins; a table within a cell is read as the cell's text."""
        if tag == "table":
            self._depth += 1
            if self._depth == 1:
                self.tables.append([])
        elif self._depth == 1 and tag == "tr":
            self._close()
            self.tables[-1].append([])
        elif self._depth == 1 and tag in ("td", "th"):
            self._close()
            values = dict(attrs)
            self._spans = (_span(values.get("rowspan")), _span(values.get("colspan")))
            self._cell = []
        elif tag == "br" and self._cell is not None:
            self._cell.append("\n")

    def handle_endtag(self, tag: str) -> None:
        """The cell is closed by its own end and by that of its row or table, which many writers leave out."""
        if tag in ("td", "th", "tr", "table") and self._depth == 1:
            self._close()
        if tag == "table":
            self._depth = max(self._depth - 1, 0)

    def handle_data(self, data: str) -> None:
        """Text belongs to the cell that is open."""
        if self._cell is not None:
            self._cell.append(data)

    def _close(self) -> None:
        if self._cell is None:
            return
        if not self.tables[-1]:
            self.tables[-1].append([])
        self.tables[-1][-1].append(("".join(self._cell).strip(), *self._spans))
        self._cell = None


def _span(written: str | None) -> int:
    text = (written or "1").strip()
    return min(max(int(text), 1), _MOST_SPANNED) if text.isdigit() else 1


def html_tables(text: str) -> list[tuple[list[list[Any]], list[Merge]]]:
    """Each table of a page as (rows of text cells, merged ranges), in the page's order; empty ones left out."""
    parser = _Tables()
    parser.feed(text)
    parser.close()
    return [_grid(table) for table in parser.tables if any(table)]


def _grid(table: list[list[tuple[str, int, int]]]) -> tuple[list[list[Any]], list[Merge]]:
    grid: list[list[Any]] = [[] for _ in table]
    merges = []
    taken: set[tuple[int, int]] = set()
    for r, cells in enumerate(table):
        c = 0
        for text, rows, columns in cells:
            while (r, c) in taken:
                c += 1
            bottom = min(r + rows, len(table)) - 1
            if rows > 1 or columns > 1:
                merges.append(Merge(r, c, bottom, c + columns - 1))
                taken |= {(i, j) for i in range(r, bottom + 1) for j in range(c, c + columns)}
            grid[r].extend([""] * (c + columns - len(grid[r])))
            grid[r][c] = text
            c += columns
    width = max(len(row) for row in grid)
    return [row + [""] * (width - len(row)) for row in grid], merges
