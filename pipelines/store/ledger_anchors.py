"""The ledger's ends noted in a file beside it, one line each, so that newest events taken away are missed.

A line is written after its event is safe and never before: the notes may lag behind the ledger, never lead it.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from geo.china_days import china_day
from geo.issues import Issue
from pipelines.store.ledger_sql import PostgresDatabase, SqliteDatabase
from pipelines.store.transactions import Transaction

FILE = "ledger.anchors"
_LINE = re.compile(r"(\d{1,18}) ([0-9a-f]{64})(?: (\S+))?")
_END = "select seq, hash, recorded_at from events order by seq desc limit 1"


@dataclass(frozen=True)
class Anchor:
    """The hash of an event as it was noted first, and when the ledger took it ("" in notes of older programs)."""

    hash: str
    recorded_at: str


@contextmanager
def noted(database: SqliteDatabase | PostgresDatabase, role: str | None = None) -> Iterator[Transaction]:
    """A writing transaction whose last event is noted once it is safe, where the ledger has a place for notes."""
    with database.writing(role) as tx:
        yield tx
        end = tx.trusted(_END).fetchone() if database.anchors is not None else None
    if end is not None and database.anchors is not None:
        # A line that an earlier crash left unfinished must not run into this one: the line's break comes first.
        with contextlib.suppress(OSError), database.anchors.open("a", encoding="ascii", newline="\n") as handle:
            handle.write(f"\n{end[0]} {end[1]} {end[2]}")


def anchors(path: Path | None) -> dict[int, Anchor]:
    """Number of a noted event → its note; what is no whole line is left out, a missing file has none."""
    if path is None or not path.is_file():
        return {}
    found: dict[int, Anchor] = {}
    for line in path.read_text(encoding="ascii", errors="replace").splitlines():
        parts = _LINE.fullmatch(line.strip())
        if parts is not None:
            found.setdefault(int(parts[1]), Anchor(parts[2], parts[3] or ""))
    return found


def cut_off(noted_ends: dict[int, Anchor], last: int) -> Iterable[Issue]:
    """The finding that a ledger whose last event has the number `last` once went further, if it did."""
    from datetime import datetime

    end = max(noted_ends, default=0)
    if end > last:
        told = noted_ends[end].recorded_at
        day = china_day(datetime.fromisoformat(told)).isoformat() if told else "—"
        yield Issue("ledger_cut_off", params={"seq": last + 1, "after": last, "end": end, "day": day})
