"""The proof: every event hashed again, every file of an import hashed again, the state made again from events."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from geo.changes import GENESIS, Event, Projection, projection, row_hash
from geo.issues import Issue
from pipelines.store.ledger_anchors import FILE, Anchor, anchors, cut_off
from pipelines.store.ledger_sql import Transaction
from pipelines.store.schema import EVENT_COLUMNS

if TYPE_CHECKING:
    from pipelines.store.ledger import Ledger

_ALL = f"select {', '.join(EVENT_COLUMNS)} from events"
BATCH = 5000


def audit(ledger: Ledger, root: Path | None) -> list[Issue]:
    """Findings, in the order of the ledger: changed, missing or doubled events, a broken chain, another end than
    was noted, changed or missing import files and attachments, and state that its events do not add up to.

    root: the workspace folder, whose imports and attachments are compared; None leaves them out.
    """
    # Read before the ledger, which may grow meanwhile: a note is never of an event that is not there yet.
    noted = anchors(ledger.database.anchors or (root / FILE if root is not None else None))
    with ledger.database.reading() as tx:
        found = list(_chain(tx, noted))
        found += _imports(tx, root)
        found += _evidence(tx, root)
        found += _state(tx)
    return found


def _batches(tx: Transaction) -> Iterator[tuple[object, ...]]:
    """Every event's row in batches, so that a long ledger needs no long memory."""
    last = -(2**62)
    while True:
        rows = tx.run(f"{_ALL} where seq > ? order by seq limit {BATCH}", (last,)).fetchall()
        yield from rows
        if len(rows) < BATCH:
            return
        last = rows[-1][0]


def _chain(tx: Transaction, noted: dict[int, Anchor]) -> Iterator[Issue]:
    before, expected, rewritten = GENESIS, 1, False
    place = {name: k for k, name in enumerate(EVENT_COLUMNS)}
    for row in _batches(tx):
        seq = int(str(row[0]))
        named = {"seq": seq, "layer": row[place["layer"]] or "—", "id": row[place["feature_id"]] or "—"}
        for missing in range(expected, seq):
            yield Issue("ledger_row_missing", params={"seq": missing})
        if _hash(row) != row[-1]:
            yield Issue("ledger_row_changed", params={**named, "event": row[place["id"]]})
        elif row[place["prev_hash"]] != before and seq == expected:
            yield Issue("ledger_chain_broken", params={**named, "before": seq - 1})
        if not rewritten and seq in noted and noted[seq].hash != row[-1]:
            rewritten = True
            yield Issue("ledger_rewritten", params=named)
        before, expected = str(row[-1]), seq + 1
    head = tx.run("select seq, hash from chain where one = 1").fetchone()
    for missing in range(expected, int(head[0]) + 1):
        yield Issue("ledger_row_missing", params={"seq": missing})
    if expected - 1 >= int(head[0]) and (expected - 1, before) != (int(head[0]), head[1]):
        yield Issue("ledger_head_differs", params={"seq": expected - 1, "head": int(head[0])})
    yield from cut_off(noted, max(expected - 1, int(head[0])))


def _readable(rows: Sequence[tuple[object, ...]]) -> Iterator[Event]:
    """The events of rows whose JSON still is JSON; the chain's proof has named the others."""
    for row in rows:
        try:
            yield Event.from_row(row)
        except (ValueError, TypeError):
            continue


def _hash(row: tuple[object, ...]) -> str | None:
    """The row's hash made again; None for a row that cannot even be written down (a NaN, a blob)."""
    try:
        return row_hash(row)
    except (TypeError, ValueError):
        return None


def _imports(tx: Transaction, root: Path | None) -> Iterator[Issue]:
    if root is None:
        return
    for event in _readable(tx.run(f"{_ALL} where kind = 'import' order by seq").fetchall()):
        named = {"layer": event.layer, "import_id": event.import_id, "seq": event.seq}
        path = root / "imports" / str(event.layer) / str(event.import_id) / "data.parquet"
        if not path.is_file():
            yield Issue("import_file_missing", params=named)
        elif file_sha256(path) != event.data.get("data_sha256"):
            yield Issue("import_file_changed", params=named)


def _evidence(tx: Transaction, root: Path | None) -> Iterator[Issue]:
    if root is None:
        return
    from pipelines.store.attachments import Attachments

    kept = Attachments(root / "attachments")
    seen: set[str] = set()
    rows = tx.run(f"{_ALL} where evidence <> '[]' order by seq").fetchall()
    for event in _readable(rows):
        for digest in event.evidence:
            if digest in seen:
                continue
            seen.add(digest)
            named = {"seq": event.seq, "layer": event.layer, "id": event.feature_id, "sha256": digest[:12]}
            path = kept.path(digest)
            if path is None:
                yield Issue("attachment_missing", params=named)
            elif file_sha256(path) != digest:
                yield Issue("attachment_changed", params=named)


def file_sha256(path: Path) -> str:
    """sha256 of a file's content, read piece by piece."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _replayed(tx: Transaction) -> Iterator[Projection]:
    """The state of every thing made from its events, by layer and id; the unreadable ones are left out."""
    rows = tx.run(f"{_ALL} where feature_id is not null order by layer, feature_id, seq").fetchall()
    place = (EVENT_COLUMNS.index("layer"), EVENT_COLUMNS.index("feature_id"))
    for _, group in groupby(rows, key=lambda row: (row[place[0]], row[place[1]])):
        events = list(_readable(list(group)))
        if events:
            yield projection(events)


def _state(tx: Transaction) -> Iterator[Issue]:
    stored = {(row[0], row[1]): Projection(*row) for row in tx.run("select * from state").fetchall()}
    for made in _replayed(tx):
        key = (made.layer, made.feature_id)
        if stored.pop(key, None) != made:
            yield Issue("ledger_state_differs", params={"layer": key[0], "id": key[1]})
    for layer, name in stored:
        yield Issue("ledger_state_differs", params={"layer": layer, "id": name})


def rebuild(ledger: Ledger) -> int:
    """Make the projected state again from nothing but the events, in one transaction; the number of things."""
    with ledger.database.writing() as tx:
        tx.run("delete from state")
        rows = [made.as_row() for made in _replayed(tx)]
        tx.run_many("insert into state values (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    return len(rows)
