"""Bring a ledger's database to the schema of this program, once, whoever comes first."""

from __future__ import annotations

from geo.errors import Refused
from pipelines.store.ledger_sql import PostgresDatabase, SqliteDatabase
from pipelines.store.schema import steps


def migrate(database: SqliteDatabase | PostgresDatabase) -> int:
    """Apply the steps that the database lacks, all in one transaction; the version reached.

    Refused when the database was written by a newer program.
    """
    known = steps(database.dialect)
    if database.dialect == "sqlite":
        with database.reading() as tx:
            if tx.run("pragma user_version").fetchone()[0] == len(known):
                return len(known)
    with database.writing() as tx:
        if database.dialect == "sqlite":
            version = int(tx.run("pragma user_version").fetchone()[0])
        else:
            tx.run("create table if not exists schema_version (version integer not null)")
            row = tx.run("select max(version) from schema_version").fetchone()
            version = int(row[0] or 0)
        if version > len(known):
            raise Refused("ledger_newer", path=database.name, version=version, known=len(known))
        for number, statements in enumerate(known[version:], version + 1):
            for statement in statements:
                tx.run(statement)
            if database.dialect == "sqlite":
                tx.run(f"pragma user_version = {number}")
            else:
                tx.run("insert into schema_version (version) values (?)", (number,))
    return len(known)
