"""The stage a thing is in on any date; the steps that may be taken from there are in `geo.steps`.

State is a reading of two sources: the dates and the stage that an import states, and the events of the ledger.
Nothing here is stored; the same inputs and the same date always give the same state.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from geo.china_days import CHINA_HOURS_AHEAD, DAY, FAR, NEVER, as_day, china_day, day_of, instants, local_days
from geo.courses import Course, days_of_steps, follow, imported_course
from geo.deadlines import FIRST_YEAR, LAST_YEAR, add_working_days, working_days_between
from geo.layer_parts import FIRST_SEEN_FIELDS
from geo.layers import Layer, Lifecycle
from geo.steps import check_step, legal_steps

__all__ = ["CHINA_HOURS_AHEAD", "check_step", "china_day", "legal_steps", "local_days", "stage_days", "state_at"]


def state_at(
    things: pd.DataFrame,
    events: pd.DataFrame,
    layer: Layer,
    as_of: date | None,
    *,
    known_by: date | None = None,
) -> pd.DataFrame:
    """The state of every thing on the day `as_of`.

    things: accepted rows of the layer, one per id: columns `id`, `import_at` (UTC) and the layer's fields.
    events: the ledger's rows, columns `id feature_id kind to_stage at` and, where known, `seq recorded_at due_on
    undoes`, in any order; or those of `Ledger.moves`. as_of: the day asked about (China's day);
    None counts everything recorded, and judges deadlines on the day of the latest import or event. known_by: leave
    out what was recorded after that day, so that the answer is what was shown then.

    Returned, indexed as `things`: exists (bool), stage, stage_since (datetime64[s]), reached (furthest stage of
    the ordinary way that counts; the initial one after a fall-back, NA when void), kind
    (open|in_progress|done|void), due_on, overdue (bool: open after its last day), on_time (boolean: True closed
    in time, False closed late or open and overdue, NA without deadline, open in time, or void; so an on-time rate
    is the mean of what is not NA), version (int: events by then, undone ones too). A thing that does not exist yet
    has NA for all but `version`. What was merged into another thing is void where the layer has a stage for it,
    and no longer exists where it has none, so that nothing is counted twice.

    The stage is the furthest of the ordinary way whose date is not after `as_of`; dates before a fall-back
    (再撂荒, 反弹) no longer count; a stage stated without date counts from the import on. An event wins over an
    import's stage of the same day or earlier. A stage stated without date in a later import wins only when it is
    further on than the event's, because a stale sheet must not turn back what was recorded.

    A closed thing that was opened again after its last day counts its time anew from that day: the layer's limit,
    or where it has none as many working days as it had before.
    """
    day = as_day(as_of)
    imported = local_days(things["import_at"])
    known = imported <= as_day(known_by)
    acts = _counted(events, day, as_day(known_by))
    place = _positions(things["id"], acts["feature_id"])
    acts, place = acts[place >= 0], place[place >= 0]
    version = np.bincount(place, minlength=len(things)).astype(np.int64)
    judged = day if as_of is not None else _latest(imported, acts)
    if acts["undone"].any():
        stands = ~acts["undone"].to_numpy(bool)
        acts, place = acts[stands], place[stands]
    if layer.lifecycle is None:
        first = _first_seen(things, layer, imported)
        return _plain(things.index, known & (first <= day), first, version)
    course = imported_course(things, layer.lifecycle, imported, day)
    follow(course, acts, place, layer.lifecycle)
    merged = place[(acts["kind"] == "merge").to_numpy(bool) & acts["to_stage"].isna().to_numpy()]
    exists = known & (course.first <= day)
    exists[merged] = False
    due = _anew(_due(things, layer, course.first, acts, place), course, layer)
    return _frame(things.index, layer.lifecycle, course, exists, due, judged, version)


def stage_days(things: pd.DataFrame, events: pd.DataFrame, layer: Layer, as_of: date | None) -> pd.DataFrame:
    """The days on which things reached their stages, in the fields of these stages, as known on the day `as_of`.

    things, events: as `state_at` takes them. The day is that of the ledger's last standing step into the stage,
    else what the file says; a step back takes the dates of an earlier round from the stages that are to come
    again. Columns: the stages' date fields that `things` has (datetime64[s]), indexed as it.
    """
    life = layer.lifecycle
    if life is None:
        return pd.DataFrame(index=things.index)
    acts = _counted(events, as_day(as_of), FAR)
    place = _positions(things["id"], acts["feature_id"])
    stands = (place >= 0) & ~acts["undone"].to_numpy(bool)
    return days_of_steps(things, acts[stands], place[stands], life)


def _positions(ids: pd.Series, wanted: pd.Series) -> np.ndarray:
    """The row of each wanted id, -1 where there is none; of the many ids only those wanted are looked up."""
    codes, names = _coded_names(wanted)
    if len(names) == 0 or len(ids) == 0:
        return np.full(len(wanted), -1, dtype=np.int64)
    value_set = pa.array(np.asarray(names, dtype=object), pa.string())
    found = pc.index_in(pa.array(ids, pa.string(), from_pandas=True), value_set=value_set)
    which = np.asarray(found.fill_null(-1))
    rows = np.flatnonzero(which >= 0)
    place = np.full(len(names) + 1, -1, dtype=np.int64)
    place[which[rows]] = rows
    return place[codes]


def _coded_names(values: pd.Series) -> tuple[np.ndarray, pd.Index]:
    """A code for each value, -1 for none, and the values they stand for."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values.cat.codes.to_numpy(), values.cat.categories
    return pd.factorize(values)


def _counted(events: pd.DataFrame, day: np.datetime64, known: np.datetime64) -> pd.DataFrame:
    """Events of things up to `day`, with their day and whether they were undone by then, as they happened."""
    if events.empty:
        return events.reindex(columns=["feature_id", "kind", "to_stage", "due_on", "day", "undone"])
    moments = instants(events["at"])
    days = day_of(moments)
    take = (days <= day) & events["feature_id"].notna().to_numpy()
    if "recorded_at" in events and known != FAR:
        take &= local_days(events["recorded_at"]) <= known
    order = np.flatnonzero(take)
    later = events["seq"].to_numpy()[order] if "seq" in events else np.arange(len(order))
    if (np.diff(moments[order]) < np.timedelta64(0)).any() or (np.diff(later) < 0).any():
        order = order[np.lexsort((later, moments[order]))]
    kept = events if len(order) == len(events) and (np.diff(order) == 1).all() else events.iloc[order]
    kept = kept.assign(day=days[order])
    if "undone_at" in kept:
        return kept.assign(undone=day_of(kept["undone_at"].to_numpy()) <= day)
    undone = kept["undoes"].notna() | kept["id"].isin(kept["undoes"].dropna()) if "undoes" in kept else False
    return kept.assign(undone=undone)


def _latest(imported: np.ndarray, acts: pd.DataFrame) -> np.datetime64:
    known = [days.max() for days in (imported, acts["day"].to_numpy().astype(DAY)) if len(days)]
    return max(known, default=FAR)


def _first_seen(things: pd.DataFrame, layer: Layer, imported: np.ndarray) -> np.ndarray:
    names = {f.name for f in layer.fields if f.type == "date"} & set(things.columns)
    for name in FIRST_SEEN_FIELDS:
        if name in names:
            stated = things[name].to_numpy().astype(DAY)
            return np.where(np.isnat(stated), imported, stated)
    return imported


def _due(
    things: pd.DataFrame, layer: Layer, first: np.ndarray, acts: pd.DataFrame, place: np.ndarray
) -> np.ndarray:
    """The last day of each thing: its latest extension, else its deadline field, else the layer's limit."""
    due = np.full(len(things), NEVER, dtype=DAY)
    if layer.deadline_field is not None and layer.deadline_field in things:
        due = things[layer.deadline_field].to_numpy().astype(DAY).copy()
    limit = layer.lifecycle.limit_days if layer.lifecycle is not None else None
    if limit is not None:
        years = first.astype("datetime64[Y]").astype(np.int64) + 1970
        blank = np.isnat(due) & (years >= FIRST_YEAR) & (years < LAST_YEAR)
        due[blank] = add_working_days(first[blank], limit)
    if "due_on" in acts and acts["due_on"].notna().any():
        given = acts["due_on"].notna().to_numpy()
        due[place[given]] = pd.to_datetime(acts["due_on"][given]).to_numpy().astype(DAY)
    return due


def _anew(due: np.ndarray, course: Course, layer: Layer) -> np.ndarray:
    """The last days, from the day of reopening for those things that were opened again after theirs."""
    again = course.reopened
    years = again.astype("datetime64[Y]").astype(np.int64) + 1970
    late = np.flatnonzero((due < again) & (years >= FIRST_YEAR) & (years < LAST_YEAR))
    if len(late) == 0:
        return due
    limit = layer.lifecycle.limit_days if layer.lifecycle is not None else None
    had = np.nan_to_num(working_days_between(course.first[late], due[late])).clip(0).astype(np.int64)
    due[late] = add_working_days(again[late], had if limit is None else limit)
    return due


def _frame(
    index: pd.Index,
    life: Lifecycle,
    course: Course,
    exists: np.ndarray,
    due: np.ndarray,
    judged: np.datetime64,
    version: np.ndarray,
) -> pd.DataFrame:
    placed = np.where(exists, course.stage, -1)
    path = life.path
    reached = [s.id if s.id in path else (None if s.kind == "void" else life.initial) for s in life.stages]
    kinds = _taken(placed, [s.kind for s in life.stages])
    kind_of = np.array([s.kind for s in life.stages] + [""])[placed]
    done = kind_of == "done"
    dated = exists & ~np.isnat(due)
    overdue = dated & np.isin(kind_of, ["open", "in_progress"]) & (judged > due)
    on_time = np.where(done & (course.closed <= due), 1, 0)
    judged_rows = (dated & done & ~np.isnat(course.closed)) | overdue
    return pd.DataFrame(
        {
            "exists": exists,
            "stage": _taken(placed, [s.id for s in life.stages]),
            "stage_since": _stamps(course.since, exists),
            "reached": _taken(placed, reached),
            "kind": kinds,
            "due_on": _stamps(due, exists),
            "overdue": overdue,
            "on_time": pd.arrays.BooleanArray(on_time.astype(bool), ~judged_rows),
            "version": version,
        },
        index=index,
    )


def _plain(index: pd.Index, exists: np.ndarray, first: np.ndarray, version: np.ndarray) -> pd.DataFrame:
    """The state of things without a lifecycle: there or not there."""
    nothing = np.full(len(index), -1)
    return pd.DataFrame(
        {
            "exists": exists,
            "stage": _taken(nothing, []),
            "stage_since": _stamps(first, exists),
            "reached": _taken(nothing, []),
            "kind": _taken(nothing, []),
            "due_on": _stamps(np.full(len(index), NEVER, dtype=DAY), exists),
            "overdue": np.zeros(len(index), dtype=bool),
            "on_time": pd.arrays.BooleanArray(np.zeros(len(index), bool), np.ones(len(index), bool)),
            "version": version,
        },
        index=index,
    )


def _taken(codes: np.ndarray, names: Sequence[str | None]) -> Any:
    """Text by position, -1 as missing; taken from a short array, so that a million rows cost no Python."""
    return pd.array([*names, None], dtype="str").take(np.where(codes < 0, len(names), codes))


def _stamps(days: np.ndarray, exists: np.ndarray) -> np.ndarray:
    return np.where(exists, days, NEVER).astype("datetime64[s]")
