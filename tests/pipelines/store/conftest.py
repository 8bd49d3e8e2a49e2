"""The ledger on both databases: a test that asks for `ledger` runs on SQLite and on PostgreSQL with PostGIS."""

from __future__ import annotations

import importlib.util
import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from pipelines.store.ledger import Ledger, open_ledger


def _postgis() -> ModuleType:
    path = Path(__file__).resolve().parents[2] / "postgis.py"
    spec = importlib.util.spec_from_file_location("xiangtu_test_postgis", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def postgis_server() -> Iterator[str]:
    """The address of a throw-away server; without PostgreSQL the test skips, or fails on CI."""
    module = _postgis()
    if module.binaries() is None:
        message = f"PostgreSQL with PostGIS is not installed: apt-get install -y {module.PACKAGES}"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    with module.server() as address:
        yield address


def new_database(server: str) -> str:
    """The address of a new, empty database on the server."""
    import psycopg

    name = f"x{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    return server.rsplit("/", 1)[0] + "/" + name


@pytest.fixture(params=["sqlite", pytest.param("postgis", marks=pytest.mark.postgis)])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Where a new ledger may be: a file, or the address of an empty PostgreSQL database."""
    if request.param == "sqlite":
        return tmp_path / "ledger.sqlite"
    return new_database(request.getfixturevalue("postgis_server"))


@pytest.fixture
def postgis(postgis_server: str) -> str:
    """The address of a new, empty PostgreSQL database."""
    return new_database(postgis_server)


@pytest.fixture
def opened() -> Iterator[Callable[[Path | str], Ledger]]:
    """Opens ledgers and closes them after the test."""
    made: list[Ledger] = []

    def opening(where: Path | str) -> Ledger:
        made.append(open_ledger(where))
        return made[-1]

    yield opening
    for one in made:
        one.close()


@pytest.fixture
def ledger(target: Path | str, opened: Callable[[Path | str], Ledger]) -> Ledger:
    """A new, empty ledger."""
    return opened(target)
