"""Figures over many days: what each area's figures were at the end of each month; once counted they are kept."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from geo.progress import KEYS, UNPLACED, additive, rates, roll_up
from geo.quantities import whole_units
from pipelines.month_tallies import month_tallies
from pipelines.pace import campaigns
from pipelines.summarise import denominators
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
    own = _rolled(month_tallies(workspace, layer, days), areas, by)
    others = {
        one.id: (one, _rolled(month_tallies(workspace, one, days), areas, by))
        for one in denominators(workspace, layer)
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
