"""The rows behind a figure: exactly those it counts in an area, with what each brings to it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from geo.joins import largest_share
from geo.layers import Indicator, Layer
from geo.measure import share_out
from geo.progress import UNPLACED
from geo.quantities import amounts, passing, whole_units
from pipelines.area_rows import part_touching
from pipelines.shares import shares_of
from pipelines.summarise import things_at

if TYPE_CHECKING:
    from pipelines.workspace import Workspace


def counted_parts(layer: Layer, indicator: Indicator) -> tuple[Indicator, ...]:
    """The additive figures whose rows an indicator opens to: itself; of a rate the layer's own two."""
    if not indicator.is_rate:
        return (indicator,)
    own = {one.id: one for one in layer.indicators}
    return tuple(own[part] for part in (indicator.numerator, indicator.denominator) if part in own)


def rows_counted(
    workspace: Workspace, layer_id: str, indicator_id: str, area_code: str, as_of: date
) -> pd.DataFrame:
    """What the things of a layer bring to a figure of an area on a day.

    area_code: the county's or a finer one, or `unplaced` for what lies in no area. Columns: id, and one for each
    of `counted_parts` by its id (float64 in its unit), in order of id. Only things that are counted by one of
    them and lie, with a part of theirs, in the area. Each column adds up to the figure: of a thing that lies
    in several areas only the part that lies in this one is given.
    """
    layer = workspace.layer(layer_id)
    things = things_at(workspace, layer, as_of, ["lon", "lat"], part=part_touching(workspace, layer, area_code))
    shares = shares_of(workspace, layer, things)
    inside = _inside(workspace, shares["area"].to_numpy(np.intp), area_code)
    main = np.zeros(len(things), dtype=bool)
    largest = largest_share(shares)
    placed = np.full(len(things), -1, dtype=np.intp)
    placed[largest["feature"].to_numpy(np.intp)] = largest["area"].to_numpy(np.intp)
    main = _inside(workspace, placed, area_code)
    table = pd.DataFrame({"id": things["id"]})
    counted = np.zeros(len(things), dtype=bool)
    feature = shares["feature"].to_numpy(np.intp)
    for one in counted_parts(layer, layer.indicator(indicator_id)):
        through = passing(things, layer, one, as_of)
        brought = np.where(through, amounts(things, layer, one), 0)
        if one.sum == ("features",):
            mine, lies = np.where(main, brought, 0), main
        else:
            parts = share_out(brought, feature, shares[shares.columns[2]].to_numpy())
            mine = np.zeros(len(things), dtype=np.int64)
            np.add.at(mine, feature[inside], parts[inside])
            lies = np.zeros(len(things), dtype=bool)
            lies[feature[inside]] = True
        table[one.id] = mine / whole_units(one)
        counted |= through & lies
    return table[counted].sort_values("id", kind="stable", ignore_index=True)


def _inside(workspace: Workspace, at: np.ndarray, area_code: str) -> np.ndarray:
    """Which positions in the areas frame lie within an area; -1 lies in none."""
    if area_code == UNPLACED:
        return at < 0
    codes = workspace.areas()["code"].astype(str)
    within = codes.str.startswith(area_code).to_numpy(bool)
    return np.append(within, False)[at]
