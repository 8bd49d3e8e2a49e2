"""Areas and ground made ready for joins, kept: cutting them small takes longer than a join."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from geo.pieces import Leaves
from pipelines.kept import drop_older
from pipelines.kept_arrays import Arrays, keep_arrays, kept_arrays

if TYPE_CHECKING:
    from geo.kernels import Index

RULES = 2
"""Raise when polygons are cut or gridded differently, so that kept indexes are made anew."""
_PIECES = ("coordinates", "ring_start", "ring_sign", "feature_start", "kind", "box", "outer")
_OWN = ("owner", "full", "start", "item")
_GRID = ("west", "south", "cell", "columns", "rows")


def index_path(root: Path, name: str, key: str) -> Path:
    """Where the index of that name is kept in a workspace's folder; `key` changes with what it is of."""
    return root / "summary" / "indexes" / f"{name}.{RULES}-{key}.index"


def keep_index(path: Path, index: Index, **beside: npt.NDArray[Any]) -> None:
    """Keep an index, with other arrays that belong to it; a workspace that cannot be written to goes without."""
    arrays: Arrays = {name: getattr(index.pieces, name) for name in _PIECES}
    arrays |= {name: getattr(index, name) for name in _OWN}
    grid = np.array([getattr(index, name) for name in _GRID], dtype=np.float64)
    if keep_arrays({"grid": grid, **arrays, **beside}, path):
        drop_older(path.parent.glob(f"{path.name.split('.')[0]}.*.index"), but=path)


def kept_index(path: Path) -> tuple[Index, Arrays] | None:
    """A kept index and all arrays it was kept with; None when it is not there, or not whole."""
    from geo.flat import Flat
    from geo.kernels import Index

    found = kept_arrays(path)
    if found is None:
        return None
    arrays = found[0]
    try:
        rings: Any = {name: arrays[name] for name in _PIECES}
        west, south, cell, columns, rows = arrays["grid"].tolist()
        own: Any = {name: arrays[name] for name in _OWN}
    except (ValueError, KeyError):
        return None
    grid = {"west": west, "south": south, "cell": cell, "columns": int(columns), "rows": int(rows)}
    return Index(Flat(**rings), **own, **grid), arrays


class KeptLeaves(Leaves):
    """Leaves whose index was kept; the shapes themselves are read only when something else is asked of them."""

    def __init__(self, index: Index, arrays: Arrays, read: Callable[[], Leaves]) -> None:
        object.__setattr__(self, "position", arrays["position"].astype(np.intp))
        object.__setattr__(self, "rank", arrays["rank"].astype(np.intp))
        self.__dict__["index"] = index
        object.__setattr__(self, "_read", read)

    @cached_property
    def shapes(self) -> Any:  # type: ignore[override]
        """The polygons, read now."""
        return self._read().shapes  # type: ignore[attr-defined]


def leaves_from(path: Path, read: Callable[[], Leaves]) -> Leaves:
    """Leaves with their kept index, or as `read` gives them where none is kept."""
    found = kept_index(path)
    return read() if found is None else KeptLeaves(*found, read)


def keep_leaves(path: Path, leaves: Leaves) -> None:
    """Keep the index of leaves, if it was made and is not kept yet."""
    if "index" in vars(leaves) and not isinstance(leaves, KeptLeaves) and not path.exists():
        keep_index(path, leaves.index, position=leaves.position, rank=leaves.rank)
