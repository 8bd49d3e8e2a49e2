"""Tables of an Access database (.mdb, .accdb), as the rights-confirmation sets bring them."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd

from geo.errors import Refused

from .columns import distinct, frame_of, objects
from .jet import BINARY, BOOLEAN, DATE, OLE, Column, Damaged, Pages
from .source import Table

BATCH_ROWS = 50_000
_WHOLE, _NUMBERS = {2, 3, 4, 18}, {5, 6, 7, 16}
_BROKEN = (Damaged, struct.error, IndexError, KeyError, ValueError, OverflowError)


class Database:
    """An Access file, its tables by name.

    Raises Refused `access_damaged` when it cannot be read, also while reading rows, and `access_too_old` for
    Access 97 and before.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._pages = Pages(path)
            if self._pages.version == 0:
                raise Refused("access_too_old", file=path.name)
            self._tables = self._pages.tables()
        except _BROKEN as error:
            raise Refused("access_damaged", file=path.name) from error

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables that people made."""
        return tuple(sorted(self._tables))

    def columns(self, table: str) -> tuple[str, ...]:
        """Column names in their order, without pictures and attachments."""
        return distinct(column.name for column in self._columns(table))

    def _columns(self, table: str) -> list[Column]:
        try:
            found = self._pages.columns(self._tables[table])
        except _BROKEN as error:
            raise Refused("access_damaged", file=self.path.name) from error
        return [column for column in found if column.type not in (BINARY, OLE)]

    def frames(self, table: str) -> Iterator[pd.DataFrame]:
        """The table's rows in batches, index `row` from 1, values as written, empty text as None."""
        columns, names = self._columns(table), self.columns(table)
        try:
            rows = (self._pages.values(row, columns) for row in self._pages.rows(self._tables[table]))
            first = 1
            while batch := list(islice(rows, BATCH_ROWS)):
                index = pd.RangeIndex(first, first + len(batch), name="row")
                cells = zip(names, columns, zip(*batch, strict=True), strict=True)
                yield frame_of({name: _typed(values, column) for name, column, values in cells}, index)
                first += len(batch)
        except _BROKEN as error:
            raise Refused("access_damaged", file=self.path.name) from error


def _typed(values: Any, column: Column) -> Any:
    if column.type in _WHOLE:
        return pd.array(values, dtype="Int64")
    if column.type == BOOLEAN:
        return pd.array(values, dtype="boolean")
    if column.type in _NUMBERS:
        return pd.array(values, dtype="Float64").to_numpy(dtype="float64", na_value=float("nan"))
    if column.type == DATE:
        return pd.to_datetime(pd.Series(values, dtype=object)).astype("datetime64[s]").array
    return objects(value.strip("\0") if value and value.strip("\0 ") else None for value in values)


def tables_of(database: Database, sender: Path) -> list[Table]:
    """Every table of an Access database, by its name there; without shapes.

    Raises Refused `access_empty`, and `personal_geodatabase` for one whose shapes are hidden in it.
    """
    if {"GDB_GeomColumns", "GDB_SpatialRefs"} & set(database.tables):
        raise Refused("personal_geodatabase", file=database.path.name)
    if not database.tables:
        raise Refused("access_empty", file=database.path.name)
    return [table_of(database, name, sender) for name in database.tables]


def table_of(database: Database, name: str, sender: Path) -> Table:
    """One table of the database as a Table without shapes."""
    return Table(
        path=sender,
        name=name,
        kind="sheet",
        columns=database.columns(name),
        batches=lambda: database.frames(name),
        encoding="utf-16",
        encoding_reason="format",
    )
