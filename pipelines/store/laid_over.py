"""Rows of several imports of a layer laid over each other: a row takes the place of an earlier one of its id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from geo.china_days import china_day
from geo.layers import Layer
from geo.membership import among
from pipelines.store.edits import Edit, overlaid

if TYPE_CHECKING:
    from pipelines.workspace import Import

FEW_IMPORTS = 2
"""The rows of so few imports are laid over each other one by one."""
ORIGIN = ("import_id", "import_at", "shape_import", "position")
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
Read = list[tuple["Import", "pd.DataFrame"]]


def laid_over(read: Read, edits: list[Edit], known: set[str], layer: Layer) -> pd.DataFrame:
    """The rows of at least one import, one per id, those of a later import in the place of an earlier one's.

    read: imports in the order in which they count, each with its rows: id, `ORIGIN`, and, of more than one import,
    placed_by. edits: of the ledger, in order of day; each is laid over what was known before the day of the next
    of the imports `known`, and under what that one tells. In no order.
    """
    if len(read) <= FEW_IMPORTS:
        return _one_by_one(read, edits, known, layer)
    few, others = _split(read, {one.id for one in edits})
    merged = _at_once(others, layer)
    return _together([merged, _one_by_one(few, edits, known, layer)]) if few else merged


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
        elif name in {"id", "source_row", *ORIGIN}:
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
    kinds = [part.dtypes.to_dict() for part in full]
    loose = {name for kind in kinds for name, one in kind.items() if one == "object"}
    for name in [one for one in full[0].columns if one in loose]:
        typed = [kind[name] for kind in kinds if kind[name] != "object"]
        if typed:
            full = [_typed(part, str(name), typed[0]) for part in full]
    return pd.concat(full, ignore_index=True)


def _typed(part: pd.DataFrame, name: str, wanted: Any) -> pd.DataFrame:
    blank = part[name].dtype == object and part[name].isna().all()
    return part.assign(**{name: part[name].astype(wanted)}) if blank else part


def _edited(
    rows: pd.DataFrame, edits: list[Edit], layer: Layer, *, before: Import | None = None
) -> tuple[pd.DataFrame, list[Edit]]:
    """The rows with the edits laid over them that were made before the day of an import, and the edits left."""
    day = china_day(before.at) if before is not None else None
    due = [one for one in edits if day is None or one.day < day]
    return overlaid(rows, due, layer), edits[len(due) :]


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
        own = {"id", "source_row", *ORIGIN, *_OF_THE_SHAPE}
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
