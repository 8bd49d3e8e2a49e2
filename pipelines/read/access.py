"""Tables of an Access database (.mdb, .accdb), as the rights-confirmation sets bring them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from geo.errors import Refused

from .columns import distinct, frame_of, objects
from .source import Table

_PAGES_AT_ONCE = 2000
_BINARY_TYPES = {9, 11}  # binary and OLE objects: pictures and attachments
_SYSTEM = "MSys"


class Database:
    """An Access file, its tables by name.

    Raises Refused `access_damaged` when it cannot be read, also while reading rows.
    """

    def __init__(self, path: Path) -> None:
        import access_parser

        logging.getLogger("access_parser").addHandler(logging.NullHandler())
        self._module = access_parser.access_parser
        self.path = path
        try:
            self._parser = access_parser.AccessParser(str(path))
            self.tables = tuple(name for name in self._parser.catalog if not name.startswith(_SYSTEM))
        except Exception as error:  # the parser fails in as many ways as a file can be broken
            raise Refused("access_damaged", file=path.name) from error

    def columns(self, table: str) -> tuple[str, ...]:
        """Column names in the order of the table's definition, without binary ones."""
        return tuple(c.col_name_str for c in self._columns(table))

    def _columns(self, table: str) -> list[Any]:
        try:
            found = self._parser.get_table(table).columns
        except Exception as error:
            raise Refused("access_damaged", file=self.path.name) from error
        return [column for _, column in sorted(found.items()) if column.type not in _BINARY_TYPES]

    def frames(self, table: str) -> Iterator[pd.DataFrame]:
        """The table's rows in batches, index `row` from 1, values as written, empty text as None."""
        names = self.columns(table)
        row = 1
        for values in self._pages(table):
            kept = {name: values.get(name) for name in names}
            lengths = {len(column) for column in kept.values() if column is not None}
            if len(lengths) > 1:
                raise Refused("access_damaged", file=self.path.name)
            count = lengths.pop() if lengths else 0
            if not count:
                continue
            index = pd.RangeIndex(row, row + count, name="row")
            frame = frame_of({name: _plain(column, count) for name, column in kept.items()}, index)
            row += count
            yield frame

    def _pages(self, table: str) -> Iterator[dict[str, list[Any]]]:
        """Values by column, a stretch of the table's pages at a time."""
        try:
            whole = self._parser.get_table(table).table
            props = self._parser.extra_props
            extra = props.get(table) if isinstance(props, dict) else None
            for start in range(0, len(whole.linked_pages), _PAGES_AT_ONCE):
                part = self._module.TableObj(whole.offset, whole.value)
                part.linked_pages = whole.linked_pages[start : start + _PAGES_AT_ONCE]
                p = self._parser
                yield self._module.AccessTable(
                    part, p.version, p.page_size, p._data_pages, p._table_defs, extra
                ).parse()
        except Refused:
            raise
        except Exception as error:
            raise Refused("access_damaged", file=self.path.name) from error


def _plain(values: list[Any] | None, count: int) -> Any:
    if values is None:
        return objects([None] * count)
    texts = [None if isinstance(v, str) and not v.strip("\0 ") else v for v in values]
    series = pd.Series(texts, dtype=object)
    known = series.dropna()
    if len(known) and all(type(v) is int for v in known):
        return series.astype("Int64").array
    if len(known) and all(type(v) in (int, float) for v in known):
        return series.astype("float64").array
    return objects(texts)


def tables_of(database: Database, sender: Path) -> list[Table]:
    """Every table of an Access database, by its name there; without shapes. Raises Refused `access_empty`."""
    if not database.tables:
        raise Refused("access_empty", file=database.path.name)
    return [table_of(database, name, sender) for name in database.tables]


def table_of(database: Database, name: str, sender: Path) -> Table:
    """One table of the database as a Table without shapes."""
    columns = distinct(database.columns(name))

    def batches() -> Iterator[pd.DataFrame]:
        yield from database.frames(name)

    return Table(
        path=sender,
        name=name,
        kind="sheet",
        columns=columns,
        batches=batches,
        encoding="utf-16",
        encoding_reason="format",
    )
