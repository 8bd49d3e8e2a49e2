"""How far the ledger has come, for those who keep what they read from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.store.ledger import Ledger


def layer_heads(ledger: Ledger, *, after: int = 0) -> dict[str, int]:
    """Number of the last event of every layer that has one after the event `after`; "" is what has no layer."""
    with ledger.database.reading() as tx:
        rows = tx.run(
            "select coalesce(layer, ''), max(seq) from events where seq > ? group by 1", (after,)
        ).fetchall()
    return {str(layer): int(seq) for layer, seq in rows}


def known_by(ledger: Ledger, end: str) -> tuple[int, dict[str, tuple[int, int]]]:
    """Number of the last event recorded before an instant (UTC, ISO); by layer its last one and how many."""
    text = "select layer, max(seq), count(*) from events where kind <> 'import' and seq <= ? group by layer"
    with ledger.database.reading() as tx:
        found = tx.run("select coalesce(max(seq), 0) from events where recorded_at < ?", (end,)).fetchone()
        last = int(found[0])
        heads = {str(name): (int(head), int(acts)) for name, head, acts in tx.run(text, (last,)).fetchall()}
    return last, heads


def touched(ledger: Ledger, layer: str, *, after: int) -> set[str]:
    """Ids of the things of a layer that have an event after the event `after`."""
    with ledger.database.reading() as tx:
        rows = tx.run(
            "select distinct feature_id from events where seq > ? and layer = ? and feature_id is not null",
            (after, layer),
        ).fetchall()
    return {str(row[0]) for row in rows}


def photo_places(ledger: Ledger, digest: str) -> list[tuple[str, str | None]]:
    """Layer and area code of every event that gives the photo of that digest as evidence."""
    with ledger.database.reading() as tx:
        rows = tx.run(
            "select distinct layer, area_code from events where evidence like ?", (f'%"{digest}"%',)
        ).fetchall()
    return [(str(layer), area) for layer, area in rows]
