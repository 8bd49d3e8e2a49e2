"""Bring a ledger's database to the schema of this program, once, whoever comes first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from geo.access import Actor
from geo.errors import Refused
from geo.layers import Layer, builtin_layers
from pipelines.store.desk_rights import layers_of, personal_of
from pipelines.store.ledger_sql import PostgresDatabase, SqliteDatabase, Transaction
from pipelines.store.schema import steps
from pipelines.store.schema_personal import tell_personal_fields

BOUND_TO_LAYERS, HIDES_PEOPLE = 2, 4
"""The steps from which on an account's database role is bound to its layers, and to what it may see of people."""


def migrate(database: SqliteDatabase | PostgresDatabase, layers: Mapping[str, Layer] | None = None) -> int:
    """Apply the steps that the database lacks, all in one transaction; the version reached.

    layers: those whose personal fields a PostgreSQL database is to hide; the built-in ones when None. Refused when
    the database was written by a newer program.
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
            if number == HIDES_PEOPLE:
                _bind_to_people(tx, layers or builtin_layers())
            if database.dialect == "sqlite":
                tx.run(f"pragma user_version = {number}")
            else:
                tx.run("insert into schema_version (version) values (?)", (number,))
        if database.dialect == "postgresql":
            tell_personal_fields(tx, layers or builtin_layers())
    return len(known)


def _bind_to_layers(tx: Transaction) -> None:
    """Bind the database roles of accounts that were made before that was done."""
    for actor in _actors(tx):
        reads, writes = layers_of(actor, builtin_layers())
        tx.run("update db_roles set reads = ?, writes = ? where account = ?", (reads, writes, actor.name))


def _bind_to_people(tx: Transaction, layers: Mapping[str, Layer]) -> None:
    """Tell of the database roles that there are where they may see personal data."""
    for actor in _actors(tx):
        tx.run("update db_roles set personal = ? where account = ?", (personal_of(actor, layers), actor.name))


def _actors(tx: Transaction) -> Iterator[Actor]:
    """Whoever has an account."""
    rows = tx.run("select name, role, unit, area_code, layers from accounts").fetchall()
    for name, role, unit, area, layers in rows:
        yield Actor(name, role, unit, area, tuple(part for part in layers.split(",") if part))
