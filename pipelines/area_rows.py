"""Which rows of a layer are needed to show one area or one thing, so that a large layer is not read for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from geo.layers import Layer
from geo.measure import to_mm2
from geo.membership import among
from geo.progress import UNPLACED
from pipelines.store.geoparquet import ids_of
from pipelines.store.layers import Part, current_rows
from pipelines.summarise import ledger_of
from pipelines.territory import AREA_LAYERS

if TYPE_CHECKING:
    from pipelines.workspace import Workspace

LARGE = 100_000
"""Of a layer of more rows, those of an area are read by themselves."""
Homes = Mapping[str, npt.NDArray[np.int32]]
"""Import → of each of its rows the position, among the areas, of the one that has most of it; -1 for none."""


def is_large(workspace: Workspace, layer_id: str) -> bool:
    """Whether a layer has too many rows to read them all for a few."""
    return sum(one.accepted for one in workspace.imports(layer_id)) > LARGE


def homes_of(workspace: Workspace, layer: Layer) -> Homes:
    """Where the rows of each import of a layer lie, by their shares of areas; of equal shares the lowest code."""
    from pipelines.join import import_shares

    found: dict[str, npt.NDArray[np.int32]] = {}
    for one in workspace.imports(layer.id):
        shares = import_shares(workspace, layer, one)
        position, area, mm2 = (shares[name].to_numpy(np.int64) for name in ("position", "area", "mm2"))
        made = np.full(int(position.max(initial=-1)) + 1, -1, dtype=np.int32)
        # Later ones win: the largest share, of equal ones the lowest position, and any area over none.
        order = np.lexsort((-area, mm2, area >= 0)) if len(area) else np.empty(0, np.int64)
        made[position[order]] = area[order]
        found[one.id] = made
    return found


def part_of_area(workspace: Workspace, layer: Layer, area: str, homes: Homes | None = None) -> Part | None:
    """The part of a layer that holds all things of an area's subtree, and few others; None for the whole layer.

    area: a code, or `unplaced` for what lies on none. homes: as `homes_of` gives them, for whoever keeps them.
    """
    if layer.id in AREA_LAYERS or not is_large(workspace, layer.id):
        return None
    codes = workspace.areas()["code"].to_numpy(object)
    inside = np.array([code.startswith(area) for code in codes], dtype=bool)
    inside = np.append(inside, area == UNPLACED)
    found: dict[str, None] = {}
    for import_id, home in (homes or homes_of(workspace, layer)).items():
        one = next(one for one in workspace.imports(layer.id) if one.id == import_id)
        mine = np.flatnonzero(inside[home])
        column = ids_of(workspace.import_folder(one) / "data.parquet")
        found |= dict.fromkeys(column.take(pa.array(mine)).to_pylist())
    found |= dict.fromkeys(_moved(workspace, layer))
    return _with_partners(workspace, layer, list(found))


def part_touching(workspace: Workspace, layer: Layer, area: str) -> Part | None:
    """The part of a layer that holds all things of which anything lies in an area; None for the whole layer.

    area: as `part_of_area` has it; the whole county is the whole layer.
    """
    from pipelines.join import import_shares

    codes = workspace.areas()["code"].to_numpy(object)
    inside = np.array([*(code.startswith(area) for code in codes), area == UNPLACED], dtype=bool)
    if layer.id in AREA_LAYERS or not is_large(workspace, layer.id) or inside[:-1].all():
        return None
    found: dict[str, None] = {}
    for one in workspace.imports(layer.id):
        shares = import_shares(workspace, layer, one)
        lies = inside[shares["area"].to_numpy(np.intp)]
        mine = np.unique(shares["position"].to_numpy(np.int64)[lies])
        column = ids_of(workspace.import_folder(one) / "data.parquet")
        found |= dict.fromkeys(column.take(pa.array(mine)).to_pylist())
    found |= dict.fromkeys(_moved(workspace, layer))
    return _with_partners(workspace, layer, list(found))


def part_of_things(
    workspace: Workspace, layer: Layer, ids: Sequence[str], as_of: date | None = None
) -> Part | None:
    """The part of a layer that holds these things and those they overlap; None where areas are the things.

    as_of: the day on which they are asked for; today when None.
    """
    return None if layer.id in AREA_LAYERS else _with_partners(workspace, layer, ids, as_of)


def partners(workspace: Workspace, layer: Layer, ids: Sequence[str], as_of: date | None = None) -> list[str]:
    """The ids, and those whose state says something of them: whatever overlaps one of them in the layer itself."""
    from pipelines.relations import relation_rows

    found = dict.fromkeys(ids)
    for relation in layer.relations:
        if relation.kind == "overlaps_self":
            rows = relation_rows(workspace, layer, relation, as_of)
            found |= dict.fromkeys(rows.loc[among(rows["id"], ids), "other"])
    return list(found)


def _moved(workspace: Workspace, layer: Layer) -> list[str]:
    """Ids that the ledger added or edited: they may lie elsewhere than any import says."""
    ledger = ledger_of(workspace)
    if ledger is None:
        return []
    events = ledger.events(layer=layer.id, kinds=("add", "edit", "undo"), columns=["feature_id"])
    return list(events["feature_id"].unique())


def _with_partners(workspace: Workspace, layer: Layer, ids: Sequence[str], as_of: date | None = None) -> Part:
    return Part(ids=tuple(partners(workspace, layer, ids, as_of)))


def shapes_in(
    workspace: Workspace, layer: Layer, area: str, *, as_of: date | None = None, homes: Homes | None = None
) -> pd.DataFrame:
    """Shapes of the things in an area's subtree (or `unplaced`), for drawing: id, geometry, what colours them.

    Of a layer whose things have no stages; others have to be asked for as they stood on a day.
    """
    from pipelines.exchange import final_area

    colour_by = layer.style.get("colour_by")
    columns = ["id", "geometry", "area_code", "area_m2", "lon", "lat", *([colour_by] if colour_by else [])]
    part = part_of_area(workspace, layer, area, homes)
    rows = current_rows(workspace, layer, columns=list(dict.fromkeys(columns)), as_of=as_of, part=part)
    if rows.empty:
        return rows
    code = final_area(
        workspace, layer, rows.assign(measured_mm2=to_mm2(rows["area_m2"].to_numpy(float, na_value=np.nan)))
    )
    return rows[code.isna() if area == UNPLACED else code.str.startswith(area, na=False)].reset_index(drop=True)
