"""The one seam between the ledger and its database: SQLite as it comes with Python, or PostgreSQL by address.

Statements are written once, with `?` for values. What differs (how a writer gets its turn, what an error means)
is here and nowhere else.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from geo.errors import Refused

WAIT_SECONDS = 30.0


class Rows(Protocol):
    """What a statement gives back."""

    def fetchone(self) -> Any: ...

    def fetchall(self) -> list[Any]: ...


class Transaction(Protocol):
    """Statements that take effect together or not at all."""

    def run(self, statement: str, values: Sequence[Any] = ()) -> Rows: ...

    def run_many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None: ...

    def trusted(self, statement: str, values: Sequence[Any] = ()) -> Rows:
        """Run what the program itself answers for, whatever the reader may see: never a caller's statement."""
        ...


class Database(Protocol):
    """A ledger's database. `name` is what a message may show: never a password."""

    dialect: str
    name: str

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
        self.name = str(path)
        self._local = threading.local()

    def _connection(self) -> sqlite3.Connection:
        mine: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if mine is None or self._local.process != os.getpid():
            mine = self._open()
            self._local.connection, self._local.process = mine, os.getpid()
        return mine

    def _open(self) -> sqlite3.Connection:
        opened = sqlite3.connect(self.path, timeout=WAIT_SECONDS, isolation_level=None)
        try:
            opened.execute("pragma journal_mode = wal")
        except sqlite3.OperationalError as error:
            if "readonly" not in str(error):
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


class PostgresDatabase:
    """A PostgreSQL database with PostGIS, by its address.

    Writers queue on an advisory lock, so that the chain has one end; readers never wait. A request runs under
    the database role of its account, so that row-level security holds whatever the statement says.
    """

    dialect = "postgresql"
    CHAIN_LOCK = 7_265_018_345

    def __init__(self, url: str) -> None:
        self.url = url
        self.name = _without_password(url)
        self._local = threading.local()
        self._opened: list[tuple[int, Any]] = []

    def _connection(self) -> Any:
        mine = getattr(self._local, "connection", None)
        if mine is None or mine.closed or self._local.process != os.getpid():
            import psycopg

            try:
                mine = psycopg.connect(self.url, connect_timeout=int(WAIT_SECONDS))
            except psycopg.OperationalError as error:
                reason = str(error).strip().splitlines()[-1]
                raise Refused("ledger_unreachable", path=self.name, reason=reason) from None
            self._opened = [one for one in self._opened if not one[1].closed] + [(os.getpid(), mine)]
            self._local.connection, self._local.process = mine, os.getpid()
        return mine

    @contextmanager
    def _transaction(self, role: str | None, lock: bool) -> Iterator[Transaction]:
        import psycopg

        connection = self._connection()
        try:
            with connection.transaction():
                if not lock:
                    connection.execute("set transaction isolation level repeatable read")
                if role is not None:
                    connection.execute(f'set local role "{role}"')
                if lock:
                    connection.execute("select pg_advisory_xact_lock(%s)", (self.CHAIN_LOCK,))
                yield _PostgresTransaction(connection, role)
        except psycopg.errors.DiskFull as error:
            raise Refused("ledger_disk_full", path=self.name, reason=str(error).strip()) from error
        except psycopg.errors.ReadOnlySqlTransaction as error:
            raise Refused("ledger_read_only", path=self.name, reason=str(error).strip()) from error
        except psycopg.OperationalError as error:
            reason = (str(error).strip().splitlines() or ["?"])[-1]
            raise Refused("ledger_unreachable", path=self.name, reason=reason) from error

    def reading(self, role: str | None = None) -> Any:
        """A transaction under the database role `role`, the owner's when None."""
        return self._transaction(role, lock=False)

    def writing(self, role: str | None = None) -> Any:
        """A transaction that nobody else's writing can come between, under the database role `role`."""
        return self._transaction(role, lock=True)

    def close(self) -> None:
        """Close this thread's connection."""
        if getattr(self._local, "connection", None) is not None:
            self._local.connection.close()
            self._local.connection = None

    def __del__(self) -> None:
        for process, one in self._opened:
            if process == os.getpid():  # a forked child must not end its parent's session
                one.close()


class _PostgresTransaction:
    def __init__(self, connection: Any, role: str | None) -> None:
        self._connection, self._role = connection, role

    def trusted(self, statement: str, values: Sequence[Any] = ()) -> Rows:
        if self._role is None:
            return self.run(statement, values)
        self._connection.execute("set local role none")
        found = self.run(statement, values)
        self._connection.execute(f'set local role "{self._role}"')
        return found

    def run(self, statement: str, values: Sequence[Any] = ()) -> Rows:
        found: Rows = self._connection.execute(_percent(statement), tuple(values) or None)
        return found

    def run_many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        with self._connection.cursor() as cursor:
            cursor.executemany(_percent(statement), rows)


def _percent(statement: str) -> str:
    """Placeholders as psycopg writes them; our statements hold no `?` or `%` of their own."""
    return statement.replace("?", "%s")


def _without_password(url: str) -> str:
    from urllib.parse import urlsplit, urlunsplit

    parts = urlsplit(url)
    host = parts.netloc.rsplit("@", 1)[-1]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def database_role(database: str, account: str) -> str:
    """The PostgreSQL role a request of that account runs under; safe as an identifier whatever the name holds."""
    return "xiangtu_" + hashlib.sha256(f"{database}\0{account}".encode()).hexdigest()[:24]


def open_database(target: Path | str) -> SqliteDatabase | PostgresDatabase:
    """The database of an address (`postgresql://…`) or of a file; a folder holds `ledger.sqlite`."""
    text = str(target)
    if text.startswith(("postgresql://", "postgres://")):
        return PostgresDatabase(text)
    path = Path(target)
    return SqliteDatabase(path / "ledger.sqlite" if path.is_dir() else path)
