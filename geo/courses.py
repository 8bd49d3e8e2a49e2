"""Where each thing stands on the way of its stages: by what the imports state, and by the steps of the ledger."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from geo.china_days import DAY, NEVER
from geo.layers import Lifecycle, Stage


@dataclass
class Course:
    """Where each thing stands: stage as a position in `lifecycle.stages` (-1 unknown), and since which day.

    reopened: the day a closed thing was last open again, NaT for never.
    """

    stage: np.ndarray
    since: np.ndarray
    first: np.ndarray
    closed: np.ndarray
    undated: np.ndarray
    reopened: np.ndarray


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


def imported_course(things: pd.DataFrame, life: Lifecycle, imported: np.ndarray, day: np.datetime64) -> Course:
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
    return Course(stage, since, first, closed, np.where(stage == undated, undated, -1), fell)


FALLS, PATH, ENDS = range(3)
"""In which turn an import's stages are read: fall-backs, the ordinary way in its order, what ends all."""


def _turn(life: Lifecycle, stage: Stage) -> int:
    if stage.kind == "void":
        return ENDS
    return FALLS if stage.id in life.branches else PATH


def follow(course: Course, acts: pd.DataFrame, place: np.ndarray, life: Lifecycle) -> None:
    """Let the ledger's steps move the things that the imports have placed."""
    ids = [s.id for s in life.stages]
    moves = acts["to_stage"].notna().to_numpy()
    rows, days = place[moves], acts["day"].to_numpy()[moves].astype(DAY)
    stages = _coded(acts["to_stage"][moves], ids)
    known = stages >= 0
    rows, days, stages = rows[known], days[known], stages[known]
    again = np.isin(stages, [ids.index(name) for name in _reopenings(life)])
    np.fmax.at(course.reopened, rows[again], days[again])
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


def _reopenings(life: Lifecycle) -> list[str]:
    """The live stages that only a done one leads to."""
    ways: dict[str, set[str]] = {}
    for way in life.transitions:
        ways.setdefault(way.target, set()).add(life.stage(way.source).kind)
    return [s.id for s in life.stages if s.kind in ("open", "in_progress") and ways.get(s.id) == {"done"}]


def days_of_steps(things: pd.DataFrame, acts: pd.DataFrame, place: np.ndarray, life: Lifecycle) -> pd.DataFrame:
    """The date fields of stages, with the days of the ledger's steps in place of what the imports state.

    acts: standing events in the order they happened, with their `day`; place: the row of `things` each is about.
    Columns: the date fields that `things` has (datetime64[s]), indexed as it. A step dates its stage, the last
    one where there are several, and takes their dates from the stages that are to be passed (again) after it,
    where these dates are not after its day.
    """
    ids = [s.id for s in life.stages]
    moves = (acts["to_stage"].notna() & (acts["kind"] != "add")).to_numpy(bool)
    rows, days = place[moves], acts["day"].to_numpy()[moves].astype(DAY)
    stages = _coded(acts["to_stage"][moves], ids)
    found = {}
    for at, stage in enumerate(life.stages):
        if stage.date_field is None or stage.date_field not in things:
            continue
        own, before = stages == at, np.isin(stages, [ids.index(name) for name in _coming_before(life, stage.id)])
        last, cleared = np.full(len(things), -1, dtype=np.int64), np.full(len(things), -1, dtype=np.int64)
        last[rows[own]], cleared[rows[before]] = np.flatnonzero(own), np.flatnonzero(before)
        dates = things[stage.date_field].to_numpy().astype("datetime64[s]").copy()
        gone = np.flatnonzero(cleared >= 0)
        dates[gone[dates[gone] <= days[cleared[gone]]]] = NEVER
        taken = np.flatnonzero(last > cleared)
        dates[taken] = days[last[taken]]
        found[stage.date_field] = dates
    return pd.DataFrame(found, index=things.index)


def _coming_before(life: Lifecycle, stage_id: str) -> list[str]:
    """The stages from which a stage of the ordinary way is still to come."""
    if stage_id not in life.path:
        return []
    return [one.id for one in life.stages if one.id != stage_id and stage_id in life.ahead(one.id)]


def _ranks(life: Lifecycle) -> np.ndarray:
    """Position of each stage on the ordinary way; -1 for those outside it."""
    path = life.path
    return np.array([path.index(s.id) if s.id in path else -1 for s in life.stages] + [-1])


def _closed_by(
    course: Course, rows: np.ndarray, days: np.ndarray, stages: np.ndarray, life: Lifecycle
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


def _coded(values: pd.Series, names: list[str]) -> np.ndarray:
    """The position in `names` of each value, -1 where it is none of them."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        place = _coded(values.cat.categories.to_series(), names)
        return np.append(place, -1)[values.cat.codes.to_numpy()]
    found = pc.index_in(pa.array(values, pa.string(), from_pandas=True), value_set=pa.array(names, pa.string()))
    return np.asarray(found.fill_null(-1)).astype(np.int64)
