"""Numbers of large imports kept as they lie in memory: after a change those of a few rows are looked up."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pipelines.kept_arrays import Arrays, keep_arrays, kept_arrays
from pipelines.store.geoparquet import numbers_at, only_value

if TYPE_CHECKING:
    from pipelines.workspace import Import, Workspace

LARGE = 50_000
"""Fewer rows are read from their file in a moment."""


def keep_numbers(workspace: Workspace, layer_id: str, names: Sequence[str]) -> None:
    """Keep these columns of the layer's large imports whose rows all have a shape of their own."""
    for one in workspace.imports(layer_id):
        data = workspace.import_folder(one) / "data.parquet"
        if one.accepted < LARGE or _kept(workspace, one, names) or only_value(data, "placed_by") != "geometry":
            continue
        found = numbers_at(data, names)
        if found is not None:
            keep_arrays(found, _path(workspace, one))


def numbers_of(
    workspace: Workspace, one: Import, names: Sequence[str], at: npt.NDArray[np.int64]
) -> Arrays | None:
    """These columns of an import's rows at some positions, as float64.

    None where a column is missing, or a row may have no shape of its own.
    """
    kept = _kept(workspace, one, names)
    if kept is not None:
        return {name: kept[name][at] for name in names}
    data = workspace.import_folder(one) / "data.parquet"
    return numbers_at(data, names, at) if only_value(data, "placed_by") == "geometry" else None


def _path(workspace: Workspace, one: Import) -> Path:
    return workspace.root / "summary" / "numbers" / one.layer / f"{one.id}.columns"


def _kept(workspace: Workspace, one: Import, names: Sequence[str]) -> Arrays | None:
    found = kept_arrays(_path(workspace, one))
    return found[0] if found is not None and set(names) <= set(found[0]) else None
