"""The one seam between the ledger and its database: SQLite as it comes with Python, or PostgreSQL by address.

Statements are written once, with `?` for values. What differs (how a writer gets its turn, what an error means)
is here and nowhere else.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from geo.errors import Refused
from pipelines.store.ledger_postgres import PostgresDatabase, database_role
from pipelines.store.transactions import WAIT_SECONDS, Rows, Transaction

__all__ = ["PostgresDatabase", "SqliteDatabase", "Transaction", "database_role", "open_database"]


class Database(Protocol):
    """A ledger's database. `name` may be shown: never a password; `anchors`: the file where its ends are noted."""

    dialect: str
    name: str
    anchors: Path | None

    def reading(self, role: str | None = None) -> Any: ...

    def writing(self, role: str | None = None) -> Any: ...

    def close(self) -> None: ...


class SqliteDatabase:
    """A SQLite file in write-ahead mode.

    Readers never wait; one writer at a time, and others wait up to 30 s. `synchronous=FULL`: an acknowledged act
    is an official act and must outlive a power cut; it costs one flush, a few milliseconds, per transaction.
    A connection belongs to one thread of one process.
    """

    dialect = "sqlite"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.anchors: Path | None = path.with_suffix(".anchors")
        self.name = str(path)
        self._local = threading.local()
        self._copy: tempfile.TemporaryDirectory[str] | None = None

    def _connection(self) -> sqlite3.Connection:
        mine: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if mine is None or self._local.process != os.getpid():
            mine = self._open()
            self._local.connection, self._local.process = mine, os.getpid()
        return mine

    def _open(self) -> sqlite3.Connection:
        try:
            return self._opened(self.path)
        except sqlite3.OperationalError as error:
            if (
                "unable to open" not in str(error)
                or not self.path.is_file()
                or os.access(self.path.parent, os.W_OK)
            ):
                raise
        # Reading needs files beside the ledger, which a disk that may not be written refuses: read a copy then.
        self._copy = tempfile.TemporaryDirectory(prefix="xiangtu-")
        for part in (self.path, self.path.with_name(self.path.name + "-wal")):
            if part.is_file():
                shutil.copyfile(part, Path(self._copy.name) / part.name)
        opened = self._opened(Path(self._copy.name) / self.path.name)
        opened.execute("pragma query_only = on")
        return opened

    @staticmethod
    def _opened(path: Path) -> sqlite3.Connection:
        opened = sqlite3.connect(path, timeout=WAIT_SECONDS, isolation_level=None)
        try:
            opened.execute("pragma journal_mode = wal")
        except sqlite3.OperationalError as error:
            if "readonly" not in str(error):
                opened.close()
                raise
        opened.execute("pragma synchronous = full")
        opened.execute("pragma foreign_keys = on")
        opened.execute("pragma trusted_schema = off")
        return opened

    @contextmanager
    def _transaction(self, writes: bool) -> Iterator[Transaction]:
        with _spoken(self.name):
            connection = self._connection()
            if writes:
                _begin_writing(connection)
            else:
                connection.execute("begin")
        try:
            with _spoken(self.name):
                yield _SqliteTransaction(connection)
                connection.execute("commit")
        except BaseException:
            if connection.in_transaction:
                connection.execute("rollback")
            raise

    def reading(self, role: str | None = None) -> Any:
        """A transaction that sees one moment; `role` matters to PostgreSQL alone."""
        return self._transaction(writes=False)

    def writing(self, role: str | None = None) -> Any:
        """A transaction that nobody else's writing can come between."""
        return self._transaction(writes=True)

    def close(self) -> None:
        """Close this thread's connection."""
        if getattr(self._local, "connection", None) is not None:
            self._local.connection.close()
            self._local.connection = None


def _begin_writing(connection: sqlite3.Connection) -> None:
    """Get a writer's turn, waiting up to 30 s.

    SQLite's own waiting asks ever more seldom, so that of forty writers the one that has waited longest is the
    least likely to get its turn, and some starved. All asking equally often, none does.
    """
    limit = time.monotonic() + WAIT_SECONDS
    pause_s = 0.002 + os.getpid() % 7 * 0.0005
    connection.execute("pragma busy_timeout = 0")
    try:
        while True:
            try:
                connection.execute("begin immediate")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > limit:
                    raise
            time.sleep(pause_s)
    finally:
        connection.execute(f"pragma busy_timeout = {int(WAIT_SECONDS * 1000)}")


class _SqliteTransaction:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def run(self, statement: str, values: Sequence[Any] = ()) -> Rows:
        return self._connection.execute(statement, tuple(values))

    def run_many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        self._connection.executemany(statement, rows)

    trusted = run


SENTENCES = {
    "full": "ledger_disk_full",
    "no space": "ledger_disk_full",
    "disk i/o": "ledger_disk_failed",
    "readonly": "ledger_read_only",
    "read-only": "ledger_read_only",
    "unable to open": "ledger_unopenable",
    "locked": "ledger_busy",
    "malformed": "ledger_file_damaged",
    "not a database": "ledger_file_damaged",
}


@contextmanager
def _spoken(name: str) -> Iterator[None]:
    """Turn what the disk or the file does to us into one sentence; anything else is a bug and stays one."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        said = str(error).lower()
        for part, code in SENTENCES.items():
            if part in said:
                raise Refused(code, path=name, reason=str(error)) from error
        raise


def open_database(target: Path | str) -> SqliteDatabase | PostgresDatabase:
    """The database of an address (`postgresql://…`) or of a file; a folder holds `ledger.sqlite`."""
    text = str(target)
    if text.startswith(("postgresql://", "postgres://")):
        return PostgresDatabase(text)
    path = Path(target)
    return SqliteDatabase(path / "ledger.sqlite" if path.is_dir() else path)
