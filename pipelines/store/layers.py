"""A layer's rows as they stand: all imports up to a date, a later row taking the place of an earlier of its id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from geo.layers import Layer
from pipelines.store.edits import edits_of
from pipelines.store.geoparquet import STORED, ids_of, read_columns, rows_with, schema_of
from pipelines.store.laid_over import ORIGIN, laid_over

if TYPE_CHECKING:
    from pipelines.workspace import Import, Workspace


READS = "_reads"
"""Under this name a workspace keeps the rows read of its imports, while two of its states stand side by side."""
PART_ROWS = 200_000
"""So many rows of a large layer are worked on at a time."""


@dataclass(frozen=True)
class Part:
    """Some of a layer's rows: these ids, or those `at` these positions of one import that no other import has."""

    ids: tuple[str, ...] | None = None
    import_id: str | None = None
    at: np.ndarray | None = None


def parts_of(workspace: Workspace, layer: Layer, *, also: Sequence[str] = ()) -> list[Part]:
    """The layer's rows cut into parts that can be read one after the other; each id is in exactly one.

    also: ids that take part although no import may have them.
    """
    editions = workspace.imports(layer.id)
    columns = [ids_of(workspace.import_folder(one) / "data.parquet") for one in editions]
    if sum(len(column) for column in columns) <= PART_ROWS:
        return [Part()]
    shared = _shared(columns, also)
    parts = [Part(ids=tuple(shared))] if shared else []
    for one, column in zip(editions, columns, strict=True):
        alone = np.arange(len(column))
        if shared:
            alone = np.flatnonzero(~pc.is_in(column, pa.array(shared, pa.string())).to_numpy())
        parts += [
            Part(import_id=one.id, at=alone[first : first + PART_ROWS])
            for first in range(0, len(alone), PART_ROWS)
        ]
    return parts


def _shared(columns: Sequence[pa.ChunkedArray], also: Sequence[str]) -> list[str]:
    """The ids that stand in more than one of the columns, and those named."""
    found: list[str] = []
    if len(columns) > 1:
        chunks = [chunk for column in columns for chunk in column.chunks]
        counts = pc.value_counts(pa.chunked_array(chunks, pa.string()))
        found = counts.filter(pc.greater(counts.field("counts"), 1)).field("values").to_pylist()
    return list(dict.fromkeys([*found, *also]))


def current_rows(
    workspace: Workspace,
    layer: Layer,
    *,
    columns: Sequence[str] | None = None,
    as_of: date | None = None,
    ids: Sequence[str] | None = None,
    part: Part | None = None,
    edited: bool = True,
) -> pd.DataFrame:
    """The rows of a layer as they were known on the day `as_of` (today when None), one per id, in order of id.

    Of an id that was imported by then the latest row up to that day; of one that was not the earliest after it,
    because it may tell of that day by its dates. A row takes the place of an earlier one in what its table
    carries: columns the table does not have, and the shape when it has none, stay as they were. Fields edited in
    the ledger by then have their edited values, unless a table of a later day carries them. columns: of the
    stored ones (layer fields, id, geometry, area_m2, lon, lat, placed_by, area_code, …); all when None. Always
    added: import_id and import_at (UTC) of the row, shape_import and position (import and row of the shape). An
    empty frame with the same columns when the layer has no rows. ids: only these; part: only that part of them.
    edited: False leaves the ledger's edits out.
    """
    part = part or Part(ids=None if ids is None else tuple(ids))
    asked = list(columns) if columns is not None else [*STORED, *(f.name for f in layer.fields), "geometry"]
    later, then = imports_on(workspace, layer.id, as_of)
    ordered, known = [*later, *then], {one.id for one in then}
    needed = dict.fromkeys(["id", *asked, *(["placed_by"] if len(ordered) > 1 else [])])
    edits = edits_of(workspace, layer, as_of=as_of, ids=part.ids) if edited else []
    if edits:
        needed |= dict.fromkeys(f.derived_from for f in layer.fields if f.name in needed and f.derived_from)
    read = [(one, frame) for one in ordered if (frame := _read(workspace, one, list(needed), part)) is not None]
    if not read:
        return _empty(layer, ["id", *(name for name in asked if name != "id")])
    merged = laid_over(read, edits, known, layer)
    order = pc.sort_indices(pa.array(merged["id"], pa.string())).to_numpy()
    wanted = merged[["id", *(n for n in asked if n != "id"), *ORIGIN]]
    return wanted.reset_index(drop=True) if _ascending(order) else wanted.iloc[order].reset_index(drop=True)


def imports_on(workspace: Workspace, layer_id: str, as_of: date | None) -> tuple[list[Import], list[Import]]:
    """A layer's imports as they count on a day, each before those that take its rows' place.

    First those of later days, the latest first, which may tell of that day by their dates; then those known then.
    """
    known = {one.id for one in workspace.imports(layer_id, as_of=as_of)}
    editions = workspace.imports(layer_id)
    later = [one for one in reversed(editions) if one.id not in known]
    return later, [one for one in editions if one.id in known]


def _ascending(order: np.ndarray) -> bool:
    return bool((np.diff(order.astype(np.int64)) == 1).all())


def _read(workspace: Workspace, one: Import, columns: list[str], part: Part) -> pd.DataFrame | None:
    """Rows of one import; None when it has none of that part."""
    reads: dict[Any, pd.DataFrame | None] | None = workspace.__dict__.get(READS)
    asked = one.layer, one.id, tuple(columns), part.ids
    if reads is not None and part.import_id is None and asked in reads:
        known = reads[asked]
        return None if known is None else known.copy(deep=False)
    frame = _read_now(workspace, one, columns, part)
    if reads is not None and part.import_id is None:
        reads[asked] = frame
        return None if frame is None else frame.copy(deep=False)
    return frame


def _read_now(workspace: Workspace, one: Import, columns: list[str], part: Part) -> pd.DataFrame | None:
    path = workspace.import_folder(one) / "data.parquet"
    at = part.at if part.import_id == one.id else None
    if part.ids is not None:
        at = rows_with(path, part.ids)
    if (at is None and part.import_id is not None) or (at is not None and not len(at)):
        return None
    frame = read_columns(path, columns, at=at)
    moment = pd.Timestamp(one.at).tz_convert("UTC")
    position = np.arange(len(frame)) if at is None else at
    return frame.assign(import_id=one.id, import_at=moment, shape_import=one.id, position=position)


def _empty(layer: Layer, wanted: Sequence[str]) -> pd.DataFrame:
    empty = schema_of(layer).empty_table().to_pandas()
    for name in wanted:
        if name not in empty.columns:
            empty[name] = pd.Series(dtype=object)
    return empty[list(wanted)].assign(
        import_id=pd.Series(dtype=str),
        import_at=pd.Series(dtype="datetime64[us, UTC]"),
        shape_import=pd.Series(dtype=str),
        position=pd.Series(dtype=np.int64),
    )
