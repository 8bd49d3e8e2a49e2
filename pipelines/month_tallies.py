"""Tallies of a layer at the ends of months: many days counted from one reading of its rows, and kept."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from geo import progress
from geo.china_days import local_days
from geo.layer_parts import FIRST_SEEN_FIELDS
from geo.layers import Layer
from pipelines.kept import keep_table
from pipelines.shares import shares_of
from pipelines.standing import counted_columns, moves_of, rows_on, standing_on
from pipelines.tally_state import RULES
from pipelines.territory import AREA_LAYERS

if TYPE_CHECKING:
    from pipelines.workspace import Workspace


def month_tallies(workspace: Workspace, layer: Layer, days: Sequence[date]) -> dict[date, pd.DataFrame]:
    """`leaf_tally` of each day; those of before are kept, the others are made from one reading of the rows."""
    path = _path(workspace, layer)
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


def kept_tally(workspace: Workspace, layer: Layer, day: date) -> pd.DataFrame | None:
    """`leaf_tally` of the last day of a month as `month_tallies` keeps it; None when it does not, or is old."""
    if (day + timedelta(days=1)).day != 1 or layer.id in AREA_LAYERS:
        return None
    table = _read(_path(workspace, layer))
    if table is None or not (table["day"] == np.datetime64(day, "s")).any():
        return None
    found = _kept(table, _marks(workspace, layer, moves_of(workspace, layer), [day])).get(day)
    return None if found is None else found[found.index >= 0] if _is_blank(found) else found


def _is_blank(tally: pd.DataFrame) -> bool:
    """Whether a tally says of a day that nothing was there."""
    return bool(tally.index.min() == -1 and (tally.loc[[-1]] == 0).all(axis=None))


def _path(workspace: Workspace, layer: Layer) -> Path:
    return workspace.root / "summary" / "trends" / f"{layer.id}.parquet"


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
