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

from geo.china_days import china_day
from geo.layers import Layer
from geo.membership import among
from pipelines.store.edits import Edit, edits_of, overlaid
from pipelines.store.geoparquet import STORED, ids_of, read_columns, rows_with, schema_of

if TYPE_CHECKING:
    from pipelines.workspace import Import, Workspace


READS = "_reads"
"""Under this name a workspace keeps the rows read of its imports, while two of its states stand side by side."""
FEW_IMPORTS = 2
"""The rows of so few imports are laid over each other one by one."""
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
    if len(read) <= FEW_IMPORTS:
        merged = _one_by_one(read, edits, known, layer)
    else:
        few, others = _split(read, {one.id for one in edits})
        merged = _at_once(others, layer)
        if few:
            merged = _together([merged, _one_by_one(few, edits, known, layer)])
    order = pc.sort_indices(pa.array(merged["id"], pa.string())).to_numpy()
    wanted = merged[["id", *(n for n in asked if n != "id"), *_ORIGIN]]
    return wanted.reset_index(drop=True) if _ascending(order) else wanted.iloc[order].reset_index(drop=True)


Read = list[tuple["Import", pd.DataFrame]]


def _split(read: Read, ids: set[str]) -> tuple[Read, Read]:
    """The rows of these ids, imports without any left out; and the others."""
    if not ids:
        return [], read
    inside = [among(frame["id"], ids) for _, frame in read]
    few = [(one, frame[mine].reset_index(drop=True)) for (one, frame), mine in zip(read, inside, strict=True)]
    others = [(one, frame[~mine]) for (one, frame), mine in zip(read, inside, strict=True)]
    return [(one, frame) for one, frame in few if len(frame)], others


def _one_by_one(read: Read, edits: list[Edit], known: set[str], layer: Layer) -> pd.DataFrame:
    """The rows of imports laid over each other in their order, edits between those they were made between."""
    merged = read[0][1]
    for one, frame in read[1:]:
        if one.id in known:
            merged, edits = _edited(merged, edits, layer, before=one)
        merged = _superseded(merged, frame, carried(layer, one))
    return _edited(merged, edits, layer)[0]


def _at_once(read: Read, layer: Layer) -> pd.DataFrame:
    """What `_one_by_one` gives without edits, for many imports: each column taken from where it counts."""
    rows = _together([frame for _, frame in read])
    turn = np.repeat(np.arange(len(read)), [len(frame) for _, frame in read])
    coded = pa.array(rows["id"], pa.string()).combine_chunks().dictionary_encode()
    code, at = np.asarray(coded.indices).astype(np.int64), np.arange(len(rows))
    first, last = np.zeros((2, len(coded.dictionary)), dtype=np.int64)
    # Of several values for one place the last stays.
    first[code[::-1]], last[code] = at[::-1], at
    placed = np.flatnonzero(rows["placed_by"].to_numpy(object) == "geometry")
    shape = last.copy()
    shape[code[placed]] = placed
    had = [carried(layer, one) for one, _ in read]
    sources: dict[tuple[bool, ...] | str, tuple[np.ndarray, list[str]]] = {}
    for name in map(str, rows.columns):
        key: tuple[bool, ...] | str = tuple(name in one for one in had)
        if name in _OF_THE_SHAPE:
            key = "shape"
        elif name in {"id", "source_row", *_ORIGIN}:
            key = "row"
        if key not in sources:
            source = {"shape": shape, "row": last}.get(key) if isinstance(key, str) else None
            if source is None:
                source = first.copy()
                telling = np.flatnonzero(np.asarray(key, dtype=bool)[turn])
                source[code[telling]] = telling
            sources[key] = source, []
        sources[key][1].append(name)
    parts = [rows[names].take(source).reset_index(drop=True) for source, names in sources.values()]
    return pd.concat(parts, axis=1)[list(rows.columns)]


def _together(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Rows of several tables in one; a column that is blank in one of them has the others' type."""
    full = [part for part in parts if len(part)]
    if len(full) < 2:
        return (full or parts)[0]
    for name in full[0].columns:
        typed = [part[name].dtype for part in full if part[name].dtype != object]
        if typed and len(typed) < len(full):
            full = [_typed(part, str(name), typed[0]) for part in full]
    return pd.concat(full, ignore_index=True)


def _typed(part: pd.DataFrame, name: str, wanted: Any) -> pd.DataFrame:
    blank = part[name].dtype == object and part[name].isna().all()
    return part.assign(**{name: part[name].astype(wanted)}) if blank else part


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


def _edited(
    rows: pd.DataFrame, edits: list[Edit], layer: Layer, *, before: Import | None = None
) -> tuple[pd.DataFrame, list[Edit]]:
    """The rows with the edits laid over them that were made before the day of an import, and the edits left."""
    day = china_day(before.at) if before is not None else None
    due = [one for one in edits if day is None or one.day < day]
    return overlaid(rows, due, layer), edits[len(due) :]


_ORIGIN = ("import_id", "import_at", "shape_import", "position")
_OF_THE_SHAPE = frozenset(
    {
        "geometry",
        "area_m2",
        "length_m",
        "lon",
        "lat",
        "placed_by",
        "place_score",
        "area_code",
        "shape_import",
        "position",
    }
)


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


def carried(layer: Layer, one: Import) -> set[str]:
    """The fields that an import's table had columns for, or that follow from one it had."""
    had = set(one.mapping)
    return had | {f.name for f in layer.fields if f.derived_from in had}


def _superseded(before: pd.DataFrame, after: pd.DataFrame, had: set[str]) -> pd.DataFrame:
    """Rows of `before` with those of `after` in their place, or beside them."""
    at = _places(before["id"], after["id"])
    again = np.flatnonzero(at >= 0)
    if len(again):
        old = before.iloc[at[again]]
        own = {"id", "source_row", *_ORIGIN, *_OF_THE_SHAPE}
        for name in (n for n in after.columns if n not in had and n not in own):
            after[name] = _with(after[name], again, old[name])
        bare = after["placed_by"].iloc[again].to_numpy(object) != "geometry"
        keep = bare & (old["placed_by"].to_numpy(object) == "geometry")
        for name in (n for n in after.columns if n in _OF_THE_SHAPE):
            after[name] = _with(after[name], again[keep], old[name].iloc[keep])
    rest = np.ones(len(before), dtype=bool)
    rest[at[again]] = False
    parts = [part for part in (before[rest], after) if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else after


def _places(before: pd.Series, after: pd.Series) -> np.ndarray:
    """The row of `before` that has each id of `after`, -1 for none; both have an id once."""
    long, short = pa.array(before, pa.string()), pa.array(after, pa.string())
    if len(short) > len(long):
        return np.asarray(pc.index_in(short, value_set=long).fill_null(-1)).astype(np.int64)
    which = np.asarray(pc.index_in(long, value_set=short).fill_null(-1))
    rows = np.flatnonzero(which >= 0)
    place = np.full(len(short), -1, dtype=np.int64)
    place[which[rows]] = rows
    return place


def _with(column: pd.Series, at: np.ndarray, values: pd.Series) -> pd.Series:
    """A column with the values at some positions replaced, its type kept."""
    if column.dtype == values.dtype and column.dtype != object:
        if len(at):
            column = column.copy()
            column.iloc[at] = values.array
        return column
    made = column.astype(object).to_numpy(copy=True)
    made[at] = values.astype(object).to_numpy()
    return pd.Series(made, index=column.index, dtype=object).astype(
        values.dtype if column.isna().all() else column.dtype
    )


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
