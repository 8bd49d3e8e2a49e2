"""The ledger in a PostgreSQL database with PostGIS, by its address."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from geo.errors import Refused
from pipelines.store.transactions import WAIT_SECONDS, Rows, Transaction


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
        self.anchors: Path | None = None
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
        """Run a statement with the program's own rights in place of the desk's, which it takes up again."""
        if self._role is None:
            return self.run(statement, values)
        self._connection.execute("set local role none")
        found = self.run(statement, values)
        self._connection.execute(f'set local role "{self._role}"')
        return found

    def run(self, statement: str, values: Sequence[Any] = ()) -> Rows:
        text = _percent(statement) if values else statement
        found: Rows = self._connection.execute(text, tuple(values) or None)
        return found

    def run_many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        with self._connection.cursor() as cursor:
            cursor.executemany(_percent(statement), rows)


def _percent(statement: str) -> str:
    """Placeholders as psycopg writes them; our statements with values hold no `?` or `%` of their own."""
    return statement.replace("?", "%s")


def _without_password(url: str) -> str:
    from urllib.parse import urlsplit, urlunsplit

    parts = urlsplit(url)
    host = parts.netloc.rsplit("@", 1)[-1]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def database_role(database: str, account: str) -> str:
    """The PostgreSQL role a request of that account runs under; safe as an identifier whatever the name holds."""
    return "xiangtu_" + hashlib.sha256(f"{database}\0{account}".encode()).hexdigest()[:24]
