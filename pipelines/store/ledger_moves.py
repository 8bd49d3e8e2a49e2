"""What a layer's events say of where its things stand: folded into columns once, and carried on from there.

An event never changes, so what was read of the ledger holds for good: a process reads those alone that were taken
since, and a later process begins with what an earlier one left in a file. Both are used only where the ledger
still has, under its number, the event they end in.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipelines.kept import keep_table, kept_table, note_of
from pipelines.store.transactions import Transaction

if TYPE_CHECKING:
    import pandas as pd

    from pipelines.store.ledger_sql import Database

COLUMNS = ("seq", "feature_id", "kind", "to_stage", "at", "due_on")
CODED = ("feature_id", "kind", "to_stage")
"""Columns of few values beside their rows."""
RULES = 1
"""Goes up when the columns change, so that no file of an older program is read."""
ANEW, LEFT = 5_000, 500
"""With so many events more, the file is written again: by who asks for the moves, and by who leaves them."""
AT_ONCE = 500
"""So many ids are asked for in one statement."""


@dataclass(frozen=True)
class _Known:
    """The moves of a layer up to an event of the ledger; `filed` is the number of the last one that a file has."""

    moves: pd.DataFrame
    seq: int
    hash: str
    filed: int


_LOCK = threading.Lock()
_KNOWN: dict[tuple[str, str], _Known] = {}


def read_moves(
    tx: Transaction, where: str, values: Sequence[Any], table: str = "events"
) -> tuple[pd.DataFrame, dict[int, int]]:
    """The moves of the events that a condition picks, in the order they were taken; and what they undid.

    Columns: seq (int64), feature_id, kind, to_stage (categorical), at, recorded_at (datetime64[us], UTC), due_on
    (datetime64[s]), undone_by (int64: number of the event that undid it, its own where it undoes, 0 for neither).
    Beside them number of the undone event, picked or not → number of the one that undid it. table: where the
    reader's events stand.
    """
    import pandas as pd

    names = ("seq", "feature_id", "kind", "to_stage", "at", "recorded_at", "due_on", "undoes")
    text = f"select {', '.join(names)} from {table} {where} and feature_id is not null order by seq"
    columns = list(zip(*tx.run(text, values).fetchall(), strict=True)) or [()] * len(names)
    made: dict[str, Any] = {"seq": np.array(columns[0], dtype=np.int64)}
    made |= {name: _coded(columns[names.index(name)]) for name in CODED}
    made |= {name: _moments(columns[names.index(name)]) for name in ("at", "recorded_at")}
    made["due_on"] = pd.to_datetime(pd.Series(columns[6], dtype="str")).to_numpy().astype("datetime64[s]")
    undoing = {str(one): int(seq) for one, seq in zip(columns[7], columns[0], strict=True) if one is not None}
    made["undone_by"] = np.zeros(len(columns[0]), dtype=np.int64)
    undone = _numbers(tx, undoing)
    return _marked(pd.DataFrame(made), {**undone, **{seq: seq for seq in undoing.values()}}), undone


def _coded(values: Sequence[str | None]) -> pd.Categorical:
    import pandas as pd
    import pyarrow as pa

    found = pa.array(values, pa.string()).dictionary_encode()
    codes = np.asarray(found.indices.fill_null(-1))
    return pd.Categorical.from_codes(codes, pd.Index(found.dictionary.to_pylist(), dtype="str"))


def _moments(values: Sequence[str]) -> np.ndarray:
    """Instants as the ledger writes them: UTC, ISO, a Z behind, which numpy reads without it."""
    written = np.array(values, dtype="S27").view(np.uint8).reshape(-1, 27)[:, :26]
    return np.ascontiguousarray(written).view("S26").ravel().astype("datetime64[us]")


def _numbers(tx: Transaction, undoing: dict[str, int]) -> dict[int, int]:
    """Number of each undone event → that of the one that undid it."""
    names: list[str] = list(undoing)
    found: dict[int, int] = {}
    for first in range(0, len(names), AT_ONCE):
        some = names[first : first + AT_ONCE]
        text = f"select seq, id from events where id in ({', '.join('?' * len(some))})"
        found |= {int(seq): undoing[str(one)] for seq, one in tx.run(text, some).fetchall()}
    return found


def _marked(frame: pd.DataFrame, by: dict[int, int]) -> pd.DataFrame:
    """The moves with these numbers marked as undone by those."""
    seq = frame["seq"].to_numpy()
    marks = frame["undone_by"].to_numpy(copy=True)
    wanted = np.fromiter(by, dtype=np.int64, count=len(by))
    at = np.searchsorted(seq, wanted)
    there = at < len(seq)
    there[there] = seq[at[there]] == wanted[there]
    marks[at[there]] = np.fromiter(by.values(), dtype=np.int64, count=len(by))[there]
    return frame.assign(undone_by=marks)


def known_moves(
    tx: Transaction, database: str, layer: str, folder: Path | None, *, anew: int | None = None
) -> pd.DataFrame:
    """The moves of a whole layer as `read_moves` gives them, reading no more of the ledger than is new.

    database: its name. folder: where a process leaves them for the next one; None for nowhere. anew: with so many
    events more than its file has, the file is written again; `ANEW` when None.
    """
    seq, last = tx.run("select seq, hash from chain where one = 1").fetchone()
    with _LOCK:
        known = _KNOWN.get((database, layer))
    if known is None or not _holds(tx, known):
        known = _from_file(tx, layer, folder)
    if known is None or known.seq != seq:
        known = _carried_on(tx, layer, known, int(seq), str(last))
    if folder is not None and known.seq - known.filed >= (anew or ANEW):
        known = _filed(known, layer, folder)
    with _LOCK:
        _KNOWN[(database, layer)] = known
    return known.moves


def leave_moves(database: Database, layers: Iterable[str], folder: Path) -> None:
    """Leave the moves of these layers for the next process, where its file lacks more than a few events.

    Where it does not, no more is done than to count these.
    """
    more = "select count(*) from (select 1 from events where layer = ? and seq > ? limit ?) more"
    with database.reading() as tx:
        for layer in layers:
            filed = int(note_of(_path(layer, folder)).get("seq", 0))
            if int(tx.run(more, (layer, filed, LEFT)).fetchone()[0]) >= LEFT:
                known_moves(tx, database.name, layer, folder, anew=LEFT)


def forget() -> None:
    """Know nothing of any ledger, as a new process does."""
    with _LOCK:
        _KNOWN.clear()


def _holds(tx: Transaction, known: _Known) -> bool:
    row = tx.run("select hash from events where seq = ?", (known.seq,)).fetchone()
    return row is not None and row[0] == known.hash


def _carried_on(tx: Transaction, layer: str, known: _Known | None, seq: int, last: str) -> _Known:
    fresh, undone = read_moves(tx, "where layer = ? and seq > ?", (layer, known.seq if known else 0))
    if known is None:
        return _Known(fresh, seq, last, 0)
    moves = known.moves if fresh.empty else _marked(_joined(known.moves, fresh), undone)
    return _Known(moves, seq, last, known.filed)


def _joined(before: pd.DataFrame, fresh: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    names = [name for name in before if name not in CODED]
    coded = {name: pd.api.types.union_categoricals([before[name], fresh[name]]) for name in CODED}
    return pd.concat([before[names], fresh[names]], ignore_index=True).assign(**coded)[list(before)]


def _path(layer: str, folder: Path) -> Path:
    return folder / f"{layer}.{RULES}.parquet"


def _from_file(tx: Transaction, layer: str, folder: Path | None) -> _Known | None:
    """What an earlier process left, where the ledger still goes through its last event."""
    found = kept_table(_path(layer, folder)) if folder is not None else None
    if found is None or not {"seq", "hash"} <= set(found[1]):
        return None
    moves, note = found[0].astype({"due_on": "datetime64[s]"}), found[1]
    known = _Known(moves, int(note["seq"]), str(note["hash"]), int(note["seq"]))
    return known if _holds(tx, known) else None


def _filed(known: _Known, layer: str, folder: Path) -> _Known:
    keep_table(known.moves, _path(layer, folder), {"seq": known.seq, "hash": known.hash})
    return _Known(known.moves, known.seq, known.hash, known.seq)


def cut(moves: pd.DataFrame, *, until: int | None, as_of: str | None, known_by: str | None) -> pd.DataFrame:
    """The moves up to a number, that had happened and were recorded before two instants (ISO, UTC).

    Columns `COLUMNS` and undone_at (datetime64[us]: when it was undone, its own instant where it undoes, NaT
    for neither).
    """
    seq, at = moves["seq"].to_numpy(), moves["at"].to_numpy()
    take = np.ones(len(moves), dtype=bool)
    if until is not None:
        take &= seq <= until
    if as_of is not None:
        take &= at < np.datetime64(as_of.rstrip("Z"), "us")
    if known_by is not None:
        take &= moves["recorded_at"].to_numpy() < np.datetime64(known_by.rstrip("Z"), "us")
    undone_at = np.full(len(moves), np.datetime64("NaT", "us"))
    marked = np.flatnonzero(moves["undone_by"].to_numpy())
    by = np.searchsorted(seq, moves["undone_by"].to_numpy()[marked])
    here = by < len(seq)
    marked, by = marked[here], by[here]
    here = (seq[by] == moves["undone_by"].to_numpy()[marked]) & take[by]
    undone_at[marked[here]] = at[by[here]]
    found = moves[list(COLUMNS)].assign(undone_at=undone_at)
    return found if take.all() else found[take].reset_index(drop=True)
