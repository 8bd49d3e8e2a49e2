"""The little county, made once, with accounts and without, and browsers at its door."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dashboards.data import WORKSPACE_VARIABLE
from dashboards.gate_throttle import Throttle
from tests.dashboards.doors import Visitor, staffed
from tests.dashboards.little_county import build


@pytest.fixture(scope="session")
def county_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with three townships, eight villages and 31 parcels."""
    return build(tmp_path_factory.mktemp("little"))


@pytest.fixture(scope="module")
def quick_hashes() -> Iterator[None]:
    """argon2 as the program uses it, with its cost turned down."""
    from argon2 import PasswordHasher

    with pytest.MonkeyPatch.context() as patch:
        quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        patch.setattr("pipelines.store.accounts_passwords._hasher", lambda: quick)
        yield


@pytest.fixture(scope="module")
def staff_folder(county_folder: Path, tmp_path_factory: pytest.TempPathFactory, quick_hashes: None) -> Path:
    """The little county with an account of each kind."""
    return staffed(county_folder, tmp_path_factory.mktemp("staffed"))


@pytest.fixture
def visit(staff_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Visitor]:
    """A browser at the staffed county, signed in under a name or not at all."""
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(staff_folder))
    monkeypatch.setattr("dashboards.sign_in._throttle", Throttle())

    def _made(name: str | None = None, **options: str) -> Visitor:
        visitor = Visitor(staff_folder, **options)
        if name is not None:
            assert visitor.sign_in(name).status == 303
        return visitor

    return _made
