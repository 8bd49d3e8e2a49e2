"""What a ledger's database offers for a while: statements that take effect together or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

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
