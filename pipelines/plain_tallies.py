"""Tallies of layers whose things are no more than their rows, carried on in plain columns of numbers.

Starting a table library takes longer than this: of a million parcels it reads a few columns of numbers, and of
their ids where the changed ones stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from geo.china_days import china_day
from geo.layers import Layer
from geo.measure import to_mm2
from geo.progress import sums_by_area
from pipelines.join import kept_overlaps, kept_shares
from pipelines.kept_numbers import keep_numbers, numbers_of
from pipelines.replaced import standing_rows
from pipelines.store.arrow_numbers import plain
from pipelines.store.geoparquet import ids_of
from pipelines.store.laid_over import carried
from pipelines.territory import AREA_LAYERS

if TYPE_CHECKING:
    from geo.layers import Indicator
    from pipelines.covers import Cover
    from pipelines.workspace import Import, Workspace

Columns = dict[str, npt.NDArray[Any]]
Rows = list[tuple["Import", npt.NDArray[np.int64]]]

MEASURED = ("features", "measured_mu", "measured_m2")
FILTERS = ("reached", "stages", "kinds", "flag", "overdue", "on_time", "due_counts", "expired", "ends_within_days")


@dataclass(frozen=True)
class _Standing:
    """Some things of a layer: where the rows are that they stand by, and what they bring to indicators."""

    rows: Rows
    columns: Columns

    def __len__(self) -> int:
        return len(self.columns["measured_mm2"])

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        return self.columns[name]


def is_plain(state: Workspace, layer: Layer, as_of: date, *, acts: int, heads: int) -> bool:
    """Whether each thing is what its latest row says, whatever the day from the last import on.

    acts, heads: how many events the layer's things have, and the number of the last.
    """
    if layer.id in AREA_LAYERS or layer.place not in ("split", "largest_share") or acts or heads:
        return False
    if layer.lifecycle or layer.end_field or layer.deadline_field:
        return False
    if any(field.type == "date" for field in layer.fields):
        return False
    if any(relation.kind != "overlaps_layer" or relation.where for relation in layer.relations):
        return False
    if not all(_is_plain(layer, one) for one in layer.indicators):
        return False
    needed = set(_numbers(layer))
    return all(needed <= carried(layer, one) and china_day(one.at) <= as_of for one in state.imports(layer.id))


def _is_plain(layer: Layer, indicator: Indicator) -> bool:
    """Whether an indicator adds up numbers of rows, all of them."""
    if indicator.is_rate:
        return True
    known = {*MEASURED, *_numbers(layer), *(f"{one.gives}_m2" for one in layer.relations)}
    filtered = any(getattr(indicator, name) not in (None, ()) for name in FILTERS)
    return set(indicator.sum) <= known and not (filtered or indicator.where or indicator.where_not)


def _numbers(layer: Layer) -> list[str]:
    """The fields that indicators add up."""
    asked = {name for one in layer.indicators for name in one.sum}
    return [field.name for field in layer.fields if field.name in asked and field.type in ("number", "integer")]


def _looked_at(layer: Layer) -> list[str]:
    """The columns of its rows that `carried_on` looks at."""
    return ["area_m2", *_numbers(layer)]


def keep_ready(state: Workspace, layer: Layer) -> None:
    """Keep what `carried_on` will look at of a plain layer's large imports."""
    keep_numbers(state, layer.id, _looked_at(layer))


def carried_on(
    state: Workspace,
    layer: Layer,
    as_of: date,
    covers: Sequence[Cover],
    known: Sequence[str],
    bases: Sequence[Columns],
) -> list[Columns] | None:
    """Earlier tallies of a plain layer (`is_plain`) less what changed things brought, with what they bring now.

    known: the imports that the earlier ones were of. None where some changed thing is not plain after all: it has
    no shape of its own, or stands twice in one import.
    """
    editions = state.imports(layer.id)
    fresh = [one for one in editions if one.id not in known]
    rows = standing_rows(state, layer.id, fresh, known) or _looked_up(state, editions, fresh)
    if rows is None:
        return None
    before, after = (_standing(state, layer, one) for one in rows)
    if after is None or before is None:
        return None
    made = []
    for base, cover in zip(bases, covers, strict=True):
        less, more = (
            sums_by_area(one, _shares(state, layer, cover, one), layer, as_of=as_of)[1:] for one in (before, after)
        )
        made.append(_added_up(base, less, more))
    return made


def _looked_up(state: Workspace, editions: Sequence[Import], fresh: Sequence[Import]) -> tuple[Rows, Rows] | None:
    """As `standing_rows`, by looking for the fresh imports' ids in all; None where one stands twice in one."""
    chunks = [chunk for one in fresh for chunk in ids_of(state.import_folder(one) / "data.parquet").chunks]
    ids = pc.unique(pa.chunked_array(chunks, pa.string()))
    before = _latest(state, [one for one in editions if one not in fresh], ids)
    after = _latest(state, fresh, ids)
    return None if before is None or after is None else (before, after)


def _latest(state: Workspace, editions: Sequence[Import], ids: pa.Array) -> Rows | None:
    """The latest row of each of these ids, of those that the imports have."""
    rows: Rows = []
    for one in reversed(editions):
        column = ids_of(state.import_folder(one) / "data.parquet")
        among = pc.is_in(column, value_set=ids)
        at = np.flatnonzero(plain(among))
        found = pc.unique(column.filter(among))
        if len(found) < len(at):
            return None
        rows.append((one, at))
        ids = ids.filter(pc.invert(pc.is_in(ids, value_set=found)))
    return rows


def _standing(state: Workspace, layer: Layer, told: Rows) -> _Standing | None:
    """The things that stand by these rows; None where some have no shape of their own."""
    rows = [(one, at) for one, at in told if len(at)]
    names = _looked_at(layer)
    parts: dict[str, list[npt.NDArray[Any]]] = {name: [np.empty(0)] for name in names}
    for one, at in rows:
        found = numbers_of(state, one, names, at)
        if found is None:
            return None
        for name in names:
            parts[name].append(found[name])
    columns: Columns = {name: np.concatenate(values) for name, values in parts.items()}
    columns["measured_mm2"] = to_mm2(columns["area_m2"])
    for relation in layer.relations:
        met = [_overlap(kept_overlaps(state, relation, one), at) for one, at in rows]
        columns[f"{relation.gives}_m2"] = np.concatenate([np.empty(0), *met])
    return _Standing(rows, columns)


def _overlap(kept: Columns, at: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """The m² of the rows at some positions in a kept overlap, 0 where there is nothing to speak of."""
    position, m2 = kept["position"], kept["m2"]
    if not len(position):
        return np.zeros(len(at))
    place = np.minimum(np.searchsorted(position, at), len(position) - 1)
    return np.where(position[place] == at, m2[place], 0.0)


def _shares(state: Workspace, layer: Layer, cover: Cover, things: _Standing) -> Columns:
    """Where the things stand on a cover: feature (position among them), area and weight in mm²."""
    parts = [{"feature": np.empty(0, np.int64), "area": np.empty(0, np.int64), "weight": np.empty(0, np.int64)}]
    begin = 0
    for one, at in things.rows:
        kept = kept_shares(state, one, cover)
        share, feature = _found(kept["position"], at, layer.place == "largest_share")
        area, weight = (kept[name][share].astype(np.int64) for name in ("area", "mm2"))
        parts.append({"feature": feature + begin, "area": area, "weight": weight})
        begin += len(at)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _found(
    position: npt.NDArray[np.int64], at: npt.NDArray[np.int64], one_each: bool
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Which shares are of the rows at some positions, and of which of these each is; `position` is of all."""
    if one_each:
        return at, np.arange(len(at))
    first, end = (np.searchsorted(position, at, side=side) for side in ("left", "right"))
    feature = np.repeat(np.arange(len(at)), end - first)
    offset = np.arange(len(feature)) - np.repeat(np.cumsum(end - first) - (end - first), end - first)
    return np.repeat(first, end - first) + offset, feature


def _added_up(base: Columns, less: Any, more: Any) -> Columns:
    """A tally less another, with a third; areas on which nothing is counted are left out."""
    area = base["area"]
    span = max(int(one.max(initial=-1)) for one in (area, less[0], more[0])) + 2
    sums = {name: np.zeros(span, dtype=np.int64) for name in base if name != "area"}
    for name, column in sums.items():
        np.add.at(column, area + 1, base[name])
        np.subtract.at(column, less[0] + 1, less[1][name])
        np.add.at(column, more[0] + 1, more[1][name])
    kept = np.flatnonzero(np.any([column != 0 for column in sums.values()], axis=0))
    return {name: column[kept] for name, column in sums.items()} | {"area": kept - 1}
