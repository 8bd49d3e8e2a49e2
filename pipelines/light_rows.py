"""The things of a layer without shapes and without what only a sheet shows: enough to count and list very many."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from geo.layers import Layer
from geo.membership import among
from pipelines.area_rows import part_of_things
from pipelines.exchange import final_area
from pipelines.summarise import things_at

if TYPE_CHECKING:
    from pipelines.workspace import Workspace

STATE = ("stage", "kind", "overdue", "due_on")
UNIT = "responsible_unit"


def light_rows(
    workspace: Workspace, layer_id: str, as_of: date, *, ids: Sequence[str] | None = None
) -> pd.DataFrame:
    """Every thing of a layer on a day, or only those of `ids`, in order of id, unmasked.

    Columns: id, area_code (of the area that has most of it, NA on none), area_name, import_id, stage, kind,
    overdue and due_on where the layer has stages, its name field, the field that colours it, its responsible unit.
    """
    layer = workspace.layer(layer_id)
    part = None if ids is None else part_of_things(workspace, layer, ids, as_of)
    things = things_at(workspace, layer, as_of, _fields(layer), part=part, counted=False)
    if ids is not None:
        things = things[among(things["id"], ids)].reset_index(drop=True)
    things["area_code"] = final_area(workspace, layer, things)
    areas = workspace.areas()
    things["area_name"] = things["area_code"].map(dict(zip(areas["code"], areas["name"], strict=True)))
    wanted = ["id", "area_code", "area_name", "import_id", *STATE, *_fields(layer)]
    return things[[name for name in dict.fromkeys(wanted) if name in things]]


def _fields(layer: Layer) -> list[str]:
    """The layer's own fields that are kept."""
    named = [layer.name_field, layer.style.get("colour_by"), UNIT]
    known = {one.name for one in layer.fields}
    return [name for name in named if name in known]
