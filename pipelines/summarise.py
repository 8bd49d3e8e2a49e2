"""Progress by area: kept tallies rolled up, divided once, and printed so that they add up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from geo.errors import Refused
from geo.layers import Layer
from geo.progress import printed, rates, roll_up, tally
from geo.spoken import fields_told
from pipelines.covers import covers
from pipelines.days import today
from pipelines.shares import shares_of
from pipelines.standing import counted_columns, events_of, ledger_of, rows_on, standing_on, things_at
from pipelines.tallies import leaf_tally, make_tallies, state_of

if TYPE_CHECKING:
    from pipelines.workspace import Workspace

__all__ = [
    "counted_columns",
    "denominators",
    "events_of",
    "ledger_of",
    "progress",
    "progress_split",
    "rows_on",
    "standing_on",
    "summarise_all",
    "things_at",
    "with_rates",
]


def progress(
    workspace: Workspace,
    layer_id: str,
    by: str = "township",
    as_of: date | None = None,
    *,
    decimals: int = 6,
) -> pd.DataFrame:
    """Progress of a layer by area: area_code, area_name, level, features, and the layer's indicators.

    by: county, township, village or zone. as_of: the day asked about (today in China when None). Every area of
    that level has a row, and what lies on none has rows of level `unplaced`, so that the rows add up to the
    county: quantities are rounded to `decimals` so that they still do. Rates are 0–100, NA without denominator.
    """
    layer = workspace.layer(layer_id)
    day = as_of or today()
    if by == "zone":
        from pipelines.zones import zone_progress

        return zone_progress(workspace, layer, day, decimals=decimals)
    areas = workspace.areas()
    if areas.empty:
        raise Refused("areas_missing", level=by)

    made: dict[tuple[str, str, date], pd.DataFrame] = {}
    if workspace.last_seq is not None:  # a workspace that stands still remembers
        made = workspace.__dict__.setdefault("_rolled", made)

    def rolled(one: Layer) -> pd.DataFrame:
        if (one.id, by, day) not in made:
            made[one.id, by, day] = roll_up(leaf_tally(workspace, one, day), areas, by)
        return made[one.id, by, day]

    shown = printed(leaf_tally(workspace, layer, day), areas, by, layer, decimals=decimals)
    others = {one.id: (one, rolled(one)) for one in denominators(workspace, layer)}
    return with_rates(shown, rolled(layer), layer, others)


def progress_split(
    workspace: Workspace,
    layer_id: str,
    by: str,
    split: str,
    as_of: date | None = None,
    *,
    decimals: int = 6,
) -> pd.DataFrame:
    """Progress by area and by a field of the layer, or by `stage`: a column of its name after `level`.

    Every value has a row for every area; the rows of all values add up to `progress`. Rates divide by what another
    layer has on the whole area, whatever the value. Refused for a field of people: its values would be the groups.
    """
    layer = workspace.layer(layer_id)
    named = {f.name: f for f in layer.fields}
    offered = sorted({name for name, one in named.items() if not one.personal} | {"stage", "kind"})
    if split in named and named[split].personal:
        words = named[split].label
        told = fields_told(layer, [split], offered)
        raise Refused("split_personal", field=words.zh, field_en=words.en, **told)
    if split not in named and split not in ("stage", "kind"):
        raise Refused("field_unknown", **fields_told(layer, [split], offered))
    day, areas = as_of or today(), workspace.areas()
    if areas.empty or by == "zone":
        raise Refused("areas_missing", level=by)
    things = things_at(workspace, layer, day, [] if split in ("stage", "kind") else [split])
    tallied = tally(things, shares_of(workspace, layer, things), layer, as_of=day, split_by=split)
    others = {
        one.id: (one, roll_up(leaf_tally(workspace, one, day), areas, by))
        for one in denominators(workspace, layer)
    }
    made = []
    for value, part in tallied.groupby(level=0, sort=True):
        alone = part.droplevel(0)
        shown = printed(alone, areas, by, layer, decimals=decimals)
        rows = with_rates(shown, roll_up(alone, areas, by), layer, others)
        rows.insert(3, split, value)
        made.append(rows)
    return pd.concat(made, ignore_index=True) if made else progress(workspace, layer_id, by, as_of).head(0)


def denominators(workspace: Workspace, layer: Layer) -> list[Layer]:
    """The other layers whose figures this layer's rates divide by."""
    names = {i.denominator.split(".")[0] for i in layer.indicators if i.denominator and "." in i.denominator}
    return [workspace.layer(name) for name in sorted(names)]


def with_rates(
    shown: pd.DataFrame,
    exact: pd.DataFrame,
    layer: Layer,
    others: Mapping[str, tuple[Layer, pd.DataFrame]],
) -> pd.DataFrame:
    """Printed rows with the rates of the exact ones, columns in the layer's order."""
    divided = rates(exact, layer, others)
    made = shown.assign(**{one.id: divided[one.id].to_numpy() for one in layer.indicators if one.is_rate})
    counts = ["features", *(one.id for one in layer.indicators if one.sum == ("features",))]
    made = made.astype(dict.fromkeys(counts, "int64"))
    extra = [name for name in ("zone_kind",) if name in made]
    return made[["area_code", "area_name", "level", *extra, "features", *(one.id for one in layer.indicators)]]


def summarise_all(workspace: Workspace, *, as_of: date | None = None) -> list[str]:
    """Work out today's tallies of every layer that counts something; the ids of those made anew."""
    state, everywhere = state_of(workspace), covers(workspace)
    counting = [one for one in workspace.layers().values() if one.indicators and workspace.imports(one.id)]
    return [one.id for one in counting if make_tallies(state, one, as_of or today(), everywhere)]
