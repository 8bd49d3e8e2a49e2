"""Tables that could be worked out again, kept whole in the workspace's summary with a note of what they are of."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    import pyarrow as pa

NOTE = b"xiangtu"


def keep_table(table: pd.DataFrame, path: Path, note: Mapping[str, Any] | None = None) -> bool:
    """Keep a table under its name, whole, with a note; False where the workspace cannot be written to."""
    import pyarrow as pa

    return keep_arrow(pa.Table.from_pandas(table), path, note)


def keep_columns(
    columns: Mapping[str, npt.NDArray[Any]], path: Path, note: Mapping[str, Any] | None = None
) -> bool:
    """Keep plain columns of numbers as `keep_table` would keep them, in a form that is read in a moment."""
    import pyarrow as pa

    from pipelines.store.arrow_numbers import as_arrow

    made = pa.Table.from_arrays([as_arrow(column) for column in columns.values()], list(columns))
    return keep_arrow(made, path, note, plain=True)


def keep_arrow(made: pa.Table, path: Path, note: Mapping[str, Any] | None = None, *, plain: bool = False) -> bool:
    """Keep an Arrow table as `keep_table` does. plain: numbers as they are, little compressed."""
    import pyarrow.parquet as pq

    if note is not None:
        text = json.dumps(note, ensure_ascii=False).encode()
        made = made.replace_schema_metadata({**(made.schema.metadata or {}), NOTE: text})
    how: dict[str, Any] = {"compression": "lz4", "use_dictionary": ["area"]} if plain else {}
    return _kept_whole(path, lambda partial: pq.write_table(made, partial, **how))


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
        return note_in(pq.read_schema(path))
    except OSError:
        return {}


def note_in(schema: pa.Schema) -> dict[str, Any]:
    """The note in the schema of a kept table; empty when it has none."""
    note = json.loads((schema.metadata or {}).get(NOTE, b"{}"))
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
