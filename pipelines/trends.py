"""Figures over many days: what each area's figures were at the end of each month; once counted they are kept."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from geo import progress
from geo.china_days import local_days
from geo.layer_parts import FIRST_SEEN_FIELDS
from geo.layers import Layer
from geo.progress import KEYS, UNPLACED, additive, rates, roll_up
from geo.quantities import whole_units
from pipelines.kept import keep_table
from pipelines.pace import campaigns
from pipelines.standing import moves_of
from pipelines.summarise import (
    counted_columns,
    denominators,
    rows_on,
    shares_of,
    standing_on,
)
from pipelines.tallies import RULES
from pipelines.territory import AREA_LAYERS

if TYPE_CHECKING:
    from pipelines.workspace import Workspace

MONTHS = 25
"""Two years of months: a day, and the ends of the months before it."""
COLUMNS_AT_ONCE = 80


def month_ends(as_of: date, months: int = MONTHS) -> list[date]:
    """`as_of` and the ends of the months before it, ascending, `months` days in all."""
    found = [as_of]
    while len(found) < months:
        found.append(found[-1].replace(day=1) - timedelta(days=1))
    return found[::-1]


def trend(workspace: Workspace, layer_id: str, days: Sequence[date], by: str = "county") -> pd.DataFrame:
    """The figures of a layer by area on each of `days`, as `progress` gives them but not rounded.

    Columns: day (datetime64[s]), area_code, area_name, level, features and the layer's indicators (float64), rates
    0–100 and NaN without denominator. In order of day, then as `geo.progress.roll_up` has them: areas by code,
    rows of level `unplaced` last. Empty when the county has no areas.
    """
    layer, areas = workspace.layer(layer_id), workspace.areas()
    if areas.empty or layer.id in AREA_LAYERS:
        return pd.DataFrame(columns=["day", "area_code", "area_name", "level", "features"])
    own = _rolled(_tallies(workspace, layer, days), areas, by)
    others = {
        one.id: (one, _rolled(_tallies(workspace, one, days), areas, by)) for one in denominators(workspace, layer)
    }
    made = []
    for day in days:
        rows = rates(own[day], layer, {name: (one, rolled[day]) for name, (one, rolled) in others.items()})
        rows.insert(0, "day", np.full(len(rows), np.datetime64(day, "s")))
        made.append(rows)
    frame = pd.concat(made, ignore_index=True)
    for one in additive(layer):
        frame[one.id] = frame[one.id] / whole_units(one)
    return frame


def keep_trends(workspace: Workspace, as_of: date, counted: Collection[str]) -> None:
    """Count and keep the months up to a day of every campaign of which there is anything, for who opens a page.

    counted: the layers whose tallies of that day were made anew; a campaign that hangs on none of them is left.
    """
    days = month_ends(as_of)
    for layer in campaigns(workspace.settings, workspace.layers()):
        shown = {layer.id, *(one.id for one in denominators(workspace, layer))}
        if layer.indicators and workspace.imports(layer.id) and not shown.isdisjoint(counted):
            trend(workspace, layer.id, days)


def _rolled(tallies: Mapping[date, pd.DataFrame], areas: pd.DataFrame, by: str) -> dict[date, pd.DataFrame]:
    """`roll_up` of the tallies of many days, several at once: pandas warns of tables that are too wide."""
    days = list(tallies)
    together = max(1, COLUMNS_AT_ONCE // max(1, len(tallies[days[0]].columns)))
    found: dict[date, pd.DataFrame] = {}
    for first in range(0, len(days), together):
        found |= _rolled_together({day: tallies[day] for day in days[first : first + together]}, areas, by)
    return found


def _rolled_together(
    tallies: Mapping[date, pd.DataFrame], areas: pd.DataFrame, by: str
) -> dict[date, pd.DataFrame]:
    index = sorted(set().union(*(tally.index for tally in tallies.values())))
    names = [str(name) for name in next(iter(tallies.values())).columns]
    wide = {
        f"{day}/{name}": tally[name].reindex(index, fill_value=0).to_numpy(np.int64)
        for day, tally in tallies.items()
        for name in names
    }
    rolled = roll_up(pd.DataFrame(wide, index=pd.Index(index, name="area")), areas, by)
    found = {}
    for day in tallies:
        rows = rolled[[*KEYS, *(f"{day}/{name}" for name in names)]].set_axis([*KEYS, *names], axis=1)
        empty = (rows["level"] == UNPLACED) & (rows[names] == 0).all(axis=1)
        found[day] = rows[~empty].reset_index(drop=True)
    return found


def _tallies(workspace: Workspace, layer: Layer, days: Sequence[date]) -> dict[date, pd.DataFrame]:
    """`leaf_tally` of each day; those of before are kept, the others are made from one reading of the rows."""
    path = workspace.root / "summary" / "trends" / f"{layer.id}.parquet"
    events = moves_of(workspace, layer)
    table = _read(path)
    ends = [stamp.date() for stamp in table["day"].unique()] if table is not None else []
    marks = _marks(workspace, layer, events, sorted({*days, *ends}))
    found = _kept(table, marks)
    missing = [day for day in days if day not in found]
    if missing:
        found |= _counted(workspace, layer, missing, events)
        lasting = [day for day in found if day in days or (day + timedelta(days=1)).day == 1]
        parts = [found[day].reset_index().assign(day=np.datetime64(day, "s"), mark=marks[day]) for day in lasting]
        keep_table(pd.concat(parts, ignore_index=True), path)
    return {day: found[day] for day in days}


def _marks(workspace: Workspace, layer: Layer, events: pd.DataFrame, days: Sequence[date]) -> dict[date, str]:
    """What each day's figures hang on: declarations, imports, and the events that had happened by then.

    Of a layer that the things are compared with only edits count.
    """
    from pipelines.territory import areas_key

    wanted = {layer.id, *(one.layer for one in layer.relations if one.layer)}
    imports = [f"{one.layer}/{one.id}" for one in workspace.imports() if one.layer in wanted]
    base = repr((RULES, areas_key(workspace), imports, layer))
    told = [events]
    for one in sorted(wanted - {layer.id}):
        others = moves_of(workspace, workspace.layer(one))
        told.append(others[others["kind"].isin(["edit", "undo"])])
    happened = [(local_days(one["at"]), one["seq"].to_numpy(np.int64)) for one in told]
    marks = {}
    for day in days:
        by_then = [seq[at <= np.datetime64(day, "D")] for at, seq in happened]
        said = [(len(seq), int(seq.max(initial=0))) for seq in by_then]
        marks[day] = hashlib.sha256(f"{base} {day} {said}".encode()).hexdigest()[:16]
    return marks


def _read(path: Path) -> pd.DataFrame | None:
    """The kept tallies; None when there are none, or none that this program can read."""
    try:
        table = pd.read_parquet(path)
    except (OSError, ValueError):
        return None
    return table if {"day", "mark", "area"} <= set(table.columns) else None


def _kept(table: pd.DataFrame | None, marks: Mapping[date, str]) -> dict[date, pd.DataFrame]:
    """Of the kept tallies those that still hold."""
    if table is None:
        return {}
    by_mark = {str(mark): rows for mark, rows in table.groupby("mark", sort=False)}
    return {
        day: by_mark[mark].drop(columns=["mark", "day"]).set_index("area")
        for day, mark in marks.items()
        if mark in by_mark
    }


def _counted(
    workspace: Workspace, layer: Layer, days: Sequence[date], events: pd.DataFrame
) -> dict[date, pd.DataFrame]:
    """The tallies of days, rows and shares read once for all days that know the same imports and edits."""
    groups: dict[tuple[tuple[str, ...], int], list[date]] = {}
    edited = local_days(events.loc[events["kind"].isin(["edit", "undo"]), "at"])
    for day in days:
        known = tuple(one.id for one in workspace.imports(layer.id, as_of=day))
        groups.setdefault((known, int((edited <= np.datetime64(day, "D")).sum())), []).append(day)
    found: dict[date, pd.DataFrame] = {}
    for group in groups.values():
        rows = rows_on(workspace, layer, max(group), counted_columns(layer))
        shares = shares_of(workspace, layer, rows)
        added = (rows["import_id"] == "").to_numpy(bool)
        taken = local_days(rows["import_at"])
        for day in sorted(group):
            if found and _still(layer, found, group, day):
                found[day] = found[min(group)]
                continue
            there = ~added | (taken <= np.datetime64(day, "D"))
            known_rows = rows[there].reset_index(drop=True)
            things = standing_on(workspace, layer, day, known_rows, events)
            made = progress.tally(things, _shares_for(things, rows, shares), layer, as_of=day)
            # A day without anything is kept as well, as nothing on no area.
            found[day] = made if len(made) else made.reindex(pd.Index([-1], name="area"), fill_value=0)
    return found


def _still(layer: Layer, found: Mapping[date, pd.DataFrame], group: Sequence[date], day: date) -> bool:
    """Whether nothing of a layer can have changed since the first day of a group that knows the same imports."""
    dated = {one.name for one in layer.fields if one.type == "date"} & set(FIRST_SEEN_FIELDS)
    timed = any(one.expired is not None or one.ends_within_days is not None for one in layer.indicators)
    return layer.lifecycle is None and not dated and not timed and day != min(group) and min(group) in found


def _shares_for(things: pd.DataFrame, rows: pd.DataFrame, shares: pd.DataFrame) -> pd.DataFrame:
    """The shares of `rows` with their feature as a position in `things`, which are some of them."""
    at = pd.Index(things["id"]).get_indexer(pd.Index(rows["id"]))
    feature = at[shares["feature"].to_numpy(np.intp)]
    kept = shares.assign(feature=feature)[feature >= 0]
    return kept.sort_values(["feature", "area"], kind="stable", ignore_index=True)
