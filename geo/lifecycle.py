"""The stage a thing is in on any date; the steps that may be taken from there are in `geo.steps`.

State is a reading of two sources: the dates and the stage that an import states, and the events of the ledger.
Nothing here is stored; the same inputs and the same date always give the same state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from geo.deadlines import FIRST_YEAR, LAST_YEAR, add_working_days
from geo.layers import Layer, Lifecycle, Stage
from geo.steps import check_step, legal_steps

__all__ = ["check_step", "china_day", "legal_steps", "local_days", "state_at"]

DAY = "datetime64[D]"
NEVER = np.datetime64("NaT", "D")
FAR = np.datetime64("9999-12-31", "D")
"""A day after every day: `FAR` stands for "not yet" where a comparison must be false."""
CHINA_HOURS_AHEAD = 8
"""Days are China's days: instants are kept in UTC and a day begins at 16:00 UTC of the day before."""
FIRST_SEEN_FIELDS = ("found_on", "reported_on", "valid_from", "start_on", "signed_on", "edition_date")
"""Date fields that say since when a thing without a lifecycle exists, in order of preference."""


def local_days(instants: pd.Series) -> np.ndarray:
    """The day in China of each UTC instant (timestamps with or without zone, or ISO text); NaT stays NaT."""
    stamps = instants if isinstance(instants.dtype, np.dtype) and instants.dtype.kind == "M" else None
    if stamps is None:
        stamps = pd.to_datetime(instants, utc=True, format="ISO8601").dt.tz_localize(None)
    return (stamps + pd.Timedelta(hours=CHINA_HOURS_AHEAD)).to_numpy().astype(DAY)


def china_day(moment: datetime) -> date:
    """The day in China of a moment; ValueError for one without a zone."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs its time zone")
    return (moment.astimezone(UTC) + timedelta(hours=CHINA_HOURS_AHEAD)).date()


def as_day(value: date | None) -> np.datetime64:
    """That day, or a day after everything when there is none."""
    return FAR if value is None else np.datetime64(value, "D")


@dataclass
class _Course:
    """Where each thing stands: stage as a position in `lifecycle.stages` (-1 unknown), and since which day."""

    stage: np.ndarray
    since: np.ndarray
    first: np.ndarray
    closed: np.ndarray
    undated: np.ndarray


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
    events: the ledger's rows, columns `id feature_id kind to_stage at` and, where known, `recorded_at due_on
    undoes`; in any order. as_of: the day asked about (China's day); None counts everything recorded, and judges
    deadlines on the day of the latest import or event. known_by: leave out what was recorded after that day, so
    that the answer is what was shown then.

    Returned, indexed as `things`: exists (bool), stage, stage_since (datetime64[s]), reached (furthest stage of
    the ordinary way that counts; the initial one after a fall-back, NA when void), kind
    (open|in_progress|done|void), due_on, overdue (bool: open after its last day), on_time (boolean: True closed
    in time, False closed late or open and overdue, NA without deadline, open in time, or void; so an on-time rate
    is the mean of what is not NA), version (int: events counted). A thing that does not exist yet has NA for all
    but `version`. What was merged into another thing is void where the layer has a stage for it, and no longer
    exists where it has none, so that nothing is counted twice.

    The stage is the furthest of the ordinary way whose date is not after `as_of`; dates before a fall-back
    (再撂荒, 反弹) no longer count; a stage stated without date counts from the import on. An event wins over an
    import's stage of the same day or earlier. A stage stated without date in a later import wins only when it is
    further on than the event's, because a stale sheet must not turn back what was recorded.
    """
    day = as_day(as_of)
    imported = local_days(things["import_at"])
    known = imported <= as_day(known_by)
    acts = _counted(events, day, as_day(known_by))
    place = _positions(things["id"], acts["feature_id"])
    acts, place = acts[place >= 0], place[place >= 0]
    version = np.bincount(place, minlength=len(things)).astype(np.int64)
    judged = day if as_of is not None else _latest(imported, acts)
    if layer.lifecycle is None:
        first = _first_seen(things, layer, imported)
        return _plain(things.index, known & (first <= day), first, version)
    course = _imported_course(things, layer.lifecycle, imported, day)
    _follow(course, acts, place, layer.lifecycle)
    merged = place[(acts["kind"] == "merge").to_numpy(bool) & acts["to_stage"].isna().to_numpy()]
    exists = known & (course.first <= day)
    exists[merged] = False
    due = _due(things, layer, course.first, acts, place)
    return _frame(things.index, layer.lifecycle, course, exists, due, judged, version)


def _positions(ids: pd.Series, wanted: pd.Series) -> np.ndarray:
    """The row of each wanted id, -1 where there is none; of the many ids only those wanted are hashed."""
    result = np.full(len(wanted), -1, dtype=np.int64)
    if len(wanted) == 0 or len(ids) == 0:
        return result
    codes, found_names = pd.factorize(wanted)
    unique = np.asarray(found_names, dtype=object)
    rows = np.flatnonzero(ids.isin(unique).to_numpy(bool))
    found = pd.Index(unique).get_indexer(pd.Index(ids.iloc[rows].to_numpy(object)))
    place = np.full(len(unique), -1, dtype=np.int64)
    place[found] = rows
    result[codes >= 0] = place[codes[codes >= 0]]
    return result


def _coded(values: pd.Series, names: list[str]) -> np.ndarray:
    """The position in `names` of each value, -1 where it is none of them."""
    codes, unique = pd.factorize(values)
    places = pd.Index(names).get_indexer(pd.Index(unique))
    return np.append(places, -1)[codes]


def _counted(events: pd.DataFrame, day: np.datetime64, known: np.datetime64) -> pd.DataFrame:
    """Events that count on `day`, undone ones and their undoing left out, in the order they happened."""
    if events.empty:
        return events.reindex(columns=["id", "feature_id", "kind", "to_stage", "due_on", "day", "order"])
    days = local_days(events["at"])
    take = (days <= day) & events["feature_id"].notna().to_numpy()
    if "recorded_at" in events and known != FAR:
        take &= local_days(events["recorded_at"]) <= known
    kept = events[take].assign(day=days[take])
    if "undoes" in kept:
        undone = kept["undoes"].dropna()
        kept = kept[kept["undoes"].isna() & ~kept["id"].isin(undone)]
    keys = ["at", "seq"] if "seq" in kept else ["at"]
    return kept.sort_values(keys, kind="stable")


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


def _stage_dates(things: pd.DataFrame, life: Lifecycle, imported: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Days by stage (rows: stages, columns: things), and the stated stage where only the import dates it."""
    dates = np.full((len(life.stages), len(things)), NEVER, dtype=DAY)
    for place, stage in enumerate(life.stages):
        if stage.date_field is not None and stage.date_field in things:
            dates[place] = things[stage.date_field].to_numpy().astype(DAY)
    stated = np.full(len(things), -1, dtype=np.int64)
    if life.stage_field is not None and life.stage_field in things:
        stated = _coded(things[life.stage_field], [s.id for s in life.stages])
    falls = [n for n, s in enumerate(life.stages) if s.id in life.branches and s.kind != "void"]
    rows = np.flatnonzero(stated >= 0)
    own = dates[stated[rows], rows]
    fallen = np.isin(stated[rows], falls)
    before_fall = np.zeros(len(rows), dtype=bool)
    for fall in falls:
        before_fall |= ~fallen & (own < dates[fall, rows])
    undated = rows[np.isnat(own) | before_fall]
    dates[stated[undated], undated] = imported[undated]
    only_import = np.full(len(things), -1, dtype=np.int64)
    only_import[undated] = stated[undated]
    unknown = np.ones(len(things), dtype=bool)
    for row in dates:
        unknown &= np.isnat(row)
    start = [s.id for s in life.stages].index(life.initial)
    dates[start, unknown] = imported[unknown]
    return dates, only_import


def _imported_course(things: pd.DataFrame, life: Lifecycle, imported: np.ndarray, day: np.datetime64) -> _Course:
    """Where the imports alone put each thing on `day`."""
    dates, undated = _stage_dates(things, life, imported)
    used = [place for place in range(len(life.stages)) if not np.isnat(dates[place]).all()]
    first = np.fmin.reduce(dates[used], axis=0) if used else np.full(len(things), NEVER, dtype=DAY)
    stage, since = np.full(len(things), -1, dtype=np.int64), np.full(len(things), NEVER, dtype=DAY)
    closed, fell = since.copy(), since.copy()
    for place in sorted(used, key=lambda k: _turn(life, life.stages[k])):
        one = life.stages[place]
        when = np.where(dates[place] <= day, dates[place], NEVER)
        turn = _turn(life, one)
        if turn == FALLS:
            counts = ~np.isnat(when) & ~(when <= fell)
        elif turn == PATH:
            counts = ~np.isnat(when) & ~(when <= fell if one.kind == "done" else when < fell)
        else:
            counts = ~np.isnat(when)
        np.copyto(stage, place, where=counts)
        np.copyto(since, when, where=counts)
        if turn == FALLS:
            np.copyto(fell, when, where=counts)
        if one.kind == "done":
            closed = np.where(counts, np.fmin(closed, when), closed)
    return _Course(stage, since, first, closed, np.where(stage == undated, undated, -1))


FALLS, PATH, ENDS = range(3)
"""In which turn an import's stages are read: fall-backs, the ordinary way in its order, what ends all."""


def _turn(life: Lifecycle, stage: Stage) -> int:
    if stage.kind == "void":
        return ENDS
    return FALLS if stage.id in life.branches else PATH


def _follow(course: _Course, acts: pd.DataFrame, place: np.ndarray, life: Lifecycle) -> None:
    """Let the ledger's steps move the things that the imports have placed."""
    ids = [s.id for s in life.stages]
    moves = acts["to_stage"].notna().to_numpy()
    rows, days = place[moves], acts["day"].to_numpy()[moves].astype(DAY)
    stages = _coded(acts["to_stage"][moves], ids)
    known = stages >= 0
    rows, days, stages = rows[known], days[known], stages[known]
    order = np.arange(len(rows))
    last = np.full(len(course.stage), -1, dtype=np.int64)
    last[rows] = order
    moved = np.flatnonzero(last >= 0)
    new, when = stages[last[moved]], days[last[moved]]
    rank = _ranks(life)
    stale = np.isnat(course.since[moved]) | (course.since[moved] <= when)
    undated = course.undated[moved]
    branch = rank[new] < 0
    stale |= (undated >= 0) & (branch | (rank[undated] <= rank[new]))
    turn = moved[stale]
    course.stage[turn], course.since[turn] = new[stale], when[stale]
    course.closed[turn] = _closed_by(course, rows, days, stages, life)[turn]
    np.fmin.at(course.first, rows, days)


def _ranks(life: Lifecycle) -> np.ndarray:
    """Position of each stage on the ordinary way; -1 for those outside it."""
    path = life.path
    return np.array([path.index(s.id) if s.id in path else -1 for s in life.stages] + [-1])


def _closed_by(
    course: _Course, rows: np.ndarray, days: np.ndarray, stages: np.ndarray, life: Lifecycle
) -> np.ndarray:
    """The day each thing was last closed by steps: the first done step after the last step that was not done."""
    done = np.array([s.kind == "done" for s in life.stages])
    reopened = np.full(len(course.stage), -1, dtype=np.int64)
    shut = done[stages]
    reopened[rows[~shut]] = np.flatnonzero(~shut)
    since = np.flatnonzero(shut & (np.arange(len(rows)) > reopened[rows]))[::-1]
    closed = np.where(reopened >= 0, NEVER, course.closed)
    first = np.full(len(course.stage), NEVER, dtype=DAY)
    first[rows[since]] = days[since]
    return np.where(np.isnat(closed), first, closed)


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


def _frame(
    index: pd.Index,
    life: Lifecycle,
    course: _Course,
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
