"""Bring a ledger's database to the schema of this program, once, whoever comes first."""

from __future__ import annotations

from geo.access import Actor
from geo.errors import Refused
from geo.layers import builtin_layers
from pipelines.store.desk_rights import layers_of
from pipelines.store.ledger_sql import PostgresDatabase, SqliteDatabase, Transaction
from pipelines.store.schema import steps

BOUND_TO_LAYERS = 2
"""The step from which on an account's database role is bound to its layers."""


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
            if number == BOUND_TO_LAYERS and database.dialect == "postgresql":
                _bind_to_layers(tx)
            if database.dialect == "sqlite":
                tx.run(f"pragma user_version = {number}")
            else:
                tx.run("insert into schema_version (version) values (?)", (number,))
    return len(known)


def _bind_to_layers(tx: Transaction) -> None:
    """Bind the database roles of accounts that were made before that was done."""
    rows = tx.run("select name, role, unit, area_code, layers from accounts").fetchall()
    for name, role, unit, area, layers in rows:
        actor = Actor(name, role, unit, area, tuple(part for part in layers.split(",") if part))
        reads, writes = layers_of(actor, builtin_layers())
        tx.run("update db_roles set reads = ?, writes = ? where account = ?", (reads, writes, name))
