"""Tables that could be worked out again, kept whole in the workspace's summary with a note of what they are of."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

NOTE = b"xiangtu"


def keep_table(table: pd.DataFrame, path: Path, note: Mapping[str, Any] | None = None) -> bool:
    """Keep a table under its name, whole, with a note; False where the workspace cannot be written to."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    made = pa.Table.from_pandas(table)
    if note is not None:
        text = json.dumps(note, ensure_ascii=False).encode()
        made = made.replace_schema_metadata({**(made.schema.metadata or {}), NOTE: text})
    return _kept_whole(path, lambda partial: pq.write_table(made, partial))


def keep_text(path: Path, text: str) -> bool:
    """Keep a text under its name, whole; False where the workspace cannot be written to."""
    return _kept_whole(path, lambda partial: partial.write_text(text, encoding="utf-8"))


def keep_bytes(path: Path, write: Callable[[IO[bytes]], object]) -> bool:
    """Keep what `write` writes under its name, whole; False where the workspace cannot be written to."""

    def _write(partial: Path) -> None:
        with partial.open("wb") as handle:
            write(handle)

    return _kept_whole(path, _write)


def _kept_whole(path: Path, write: Callable[[Path], object]) -> bool:
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(partial)
        partial.replace(path)
    except OSError:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        return False
    return True


def note_of(path: Path) -> dict[str, Any]:
    """The note of a kept table; empty when it has none, or is gone."""
    import pyarrow.parquet as pq

    try:
        note = json.loads((pq.read_schema(path).metadata or {}).get(NOTE, b"{}"))
    except OSError:
        return {}
    return note if isinstance(note, dict) else {}


def kept_table(path: Path) -> tuple[pd.DataFrame, dict[str, Any]] | None:
    """A kept table with its note, of one moment; None when it is gone, or cannot be read."""
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
        note = json.loads((table.schema.metadata or {}).get(NOTE, b"{}"))
    except (OSError, ValueError):
        return None
    return (table.to_pandas(), note) if isinstance(note, dict) else None


def drop_older(paths: Iterable[Path], *, but: Path, keep: int = 0) -> None:
    """Drop kept tables that were replaced, but for `but` and the `keep` newest of the others."""
    others = [(_age(one), one) for one in paths if one != but]
    for _, old in sorted(others, reverse=True)[keep:]:
        try:
            old.unlink(missing_ok=True)
        except OSError:
            return


def _age(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
