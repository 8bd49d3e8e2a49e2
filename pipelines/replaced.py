"""Which rows of earlier imports the rows of an import take the place of: found when it is added, and kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.kept_arrays import keep_arrays, kept_arrays
from pipelines.store.arrow_numbers import plain
from pipelines.store.geoparquet import ids_of

if TYPE_CHECKING:
    from pipelines.workspace import Import, Workspace

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Replaced:
    """Rows of earlier imports of the layer, by the import (its position in `earlier`) and the position in it.

    row: the row of the new import that has the same id. rows: how many of its ids have an earlier row, of so many
    `ids`. once: each id stands in one row of the new import.
    """

    earlier: Sequence[str]
    edition: Rows
    position: Rows
    row: Rows
    rows: int
    ids: int
    once: bool


def find_replaced(workspace: Workspace, layer_id: str, data: Path) -> Replaced:
    """What the rows just written to `data` take the place of."""
    ids = ids_of(data).combine_chunks()
    earlier = workspace.imports(layer_id)
    edition, position, row = ([np.empty(0, np.int64)] for _ in range(3))
    for number, one in enumerate(earlier):
        found = pc.index_in(ids_of(workspace.import_folder(one) / "data.parquet"), value_set=ids)
        at = np.flatnonzero(plain(found.is_valid()))
        edition.append(np.full(len(at), number))
        position.append(at)
        row.append(plain(found.fill_null(-1))[at].astype(np.int64))
    rows = np.concatenate(row)
    names, different = [one.id for one in earlier], pc.count_distinct(ids).as_py()
    told = names, np.concatenate(edition), np.concatenate(position), rows
    return Replaced(*told, rows=len(np.unique(rows)), ids=different, once=different == len(ids))


def _path(workspace: Workspace, layer_id: str, import_id: str) -> Path:
    return workspace.root / "summary" / "replaced" / layer_id / f"{import_id}.columns"


def keep_replaced(workspace: Workspace, layer_id: str, import_id: str, found: Replaced) -> None:
    """Keep what an import takes the place of, for the next `run`; nothing where an id stands in it twice."""
    if found.once:
        columns = {"edition": found.edition, "position": found.position, "row": found.row}
        keep_arrays(columns, _path(workspace, layer_id, import_id), {"earlier": list(found.earlier)})


def standing_rows(
    workspace: Workspace, layer_id: str, fresh: Sequence[Import], known: Sequence[str]
) -> tuple[list[tuple[Import, Rows]], list[tuple[Import, Rows]]] | None:
    """The rows that things with a row in a fresh import stood by before, and stand by now: imports and positions.

    fresh: imports after all the `known` ones. None where it was not kept what one of them takes the place of.
    """
    editions = workspace.imports(layer_id)
    gone: dict[str, list[Rows]] = {one.id: [np.empty(0, np.int64)] for one in editions}
    for one in fresh:
        before = [each.id for each in editions[: editions.index(one)]]
        found = _kept(_path(workspace, layer_id, one.id), before)
        if found is None:
            return None
        latest: dict[str, Any] = {}
        order = np.lexsort((found["edition"], found["row"]))
        edition, position, row = (found[name][order] for name in ("edition", "position", "row"))
        for number, import_id in enumerate(before):
            mine = edition == number
            if import_id in known:
                latest[import_id] = mine
            else:
                gone[import_id].append(position[mine])
        ours = np.flatnonzero(np.any([*latest.values(), np.zeros(len(row), bool)], axis=0))
        last = ours[np.append(row[ours][1:] != row[ours][:-1], [True] * bool(len(ours)))]
        for import_id, mine in latest.items():
            gone[import_id].append(position[last[mine[last]]])
    then, now = [], []
    for one in editions:
        out = np.sort(np.concatenate(gone[one.id]))
        out = out[np.diff(out, prepend=-1) > 0]
        if one.id in known:
            then.append((one, out))
        else:
            now.append((one, np.delete(np.arange(_rows_of(workspace, one), dtype=np.int64), out)))
    return then, now


def _rows_of(workspace: Workspace, one: Import) -> int:
    return int(pq.read_metadata(workspace.import_folder(one) / "data.parquet").num_rows)


def _kept(path: Path, earlier: Sequence[str]) -> dict[str, Rows] | None:
    """The columns kept of an import, if they are about exactly these earlier ones."""
    found = kept_arrays(path)
    return None if found is None or found[1].get("earlier") != list(earlier) else found[0]
