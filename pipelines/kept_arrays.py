"""Columns of numbers kept as they lie in memory: mapped, so that of millions only the rows asked for are read."""

from __future__ import annotations

import json
import mmap
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from pipelines.kept import keep_bytes

Arrays = dict[str, npt.NDArray[Any]]

ALIGNED = 64
NOTE = ""
"""Under this name, which no array has, the first line of a file holds its note."""


def keep_arrays(arrays: Mapping[str, npt.NDArray[Any]], path: Path, note: Mapping[str, Any] | None = None) -> bool:
    """Keep arrays under a name, whole, with a note; False where the workspace cannot be written to."""
    return keep_bytes(path, lambda handle: _write(handle, arrays, dict(note or {})))


def _write(handle: IO[bytes], arrays: Mapping[str, npt.NDArray[Any]], note: dict[str, Any]) -> None:
    """A line that tells where each array lies, then the arrays as they are in memory."""
    dense = {name: np.ascontiguousarray(one) for name, one in arrays.items()}
    where: dict[str, Any] = {NOTE: note}
    end = 0
    for name, one in dense.items():
        where[name] = [one.dtype.str, one.shape, end]
        end += -(-one.nbytes // ALIGNED) * ALIGNED
    line = json.dumps(where).encode()
    handle.write(line.ljust(-(-(len(line) + 1) // ALIGNED) * ALIGNED - 1) + b"\n")
    for one in dense.values():
        handle.write(one.data.cast("B") if one.size else b"")
        handle.write(b"\0" * (-one.nbytes % ALIGNED))


def kept_arrays(path: Path) -> tuple[Arrays, dict[str, Any]] | None:
    """Kept arrays by name, not to be written to, and their note; None when they are not there, or not whole."""
    try:
        with path.open("rb") as handle:
            line = handle.readline()
            whole = mmap.mmap(handle.fileno(), 0, prot=mmap.PROT_READ)
        where = json.loads(line)
        note = where.pop(NOTE)
        made = {}
        for name, (dtype, shape, at) in where.items():
            count = int(np.prod(shape))
            flat = np.frombuffer(whole, dtype, count, len(line) + at) if count else np.empty(0, dtype)
            made[name] = flat.reshape(shape)
    except (OSError, ValueError, KeyError):
        return None
    return made, note
