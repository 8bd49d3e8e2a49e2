"""Rows of a layer for people and programs: with state, area and history, personal data masked, in four formats."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from geo.access import Actor, masked, masked_values
from geo.joins import largest_share
from geo.layers import Layer
from geo.membership import among
from geo.personal import mask
from geo.progress import UNPLACED
from pipelines.area_rows import Homes, part_of_area, part_of_things
from pipelines.console import csv_text
from pipelines.days import today
from pipelines.shares import shares_of
from pipelines.store.layers import current_rows
from pipelines.summarise import ledger_of, things_at
from pipelines.territory import AREA_LAYERS, set_aside

if TYPE_CHECKING:
    import geopandas as gpd

    from pipelines.workspace import Workspace

HEAD = ("id", "area_code", "area_name", "stage", "area_m2", "lon", "lat")
INNER = ("geometry", "position", "shape_import", "exists", "measured_mm2", "measured_m")
"""Columns that serve the counting and say nothing to a reader."""


def show(
    workspace: Workspace,
    layer_id: str,
    *,
    feature_id: str | None = None,
    ids: Sequence[str] | None = None,
    area: str | None = None,
    as_of: date | None = None,
    limit: int | None = None,
    actor: Actor | None = None,
    homes: Homes | None = None,
) -> gpd.GeoDataFrame:
    """Rows of a layer as they stood on a day, in order of id, EPSG:4490.

    Columns: id, area_code, area_name, stage, area_m2 (m², NaN for what is not a polygon), lon, lat, the layer's
    fields, state columns, relation columns, import_id, source_row, geometry. ids: only these things. area: only
    those most of which lie in that area's subtree, or in none (`unplaced`). Of a large layer no more is read than
    is asked for; homes: of `pipelines.area_rows.homes_of`, for whoever keeps them. Personal fields are masked
    unless `actor` may see them. An area layer also has the rows that are no area of the county, without area_code.
    """
    from pipelines.store.geoparquet import as_geoframe

    layer = workspace.layer(layer_id)
    wanted = ["lon", "lat", "placed_by", "place_score", "source_row", "geometry"]
    wanted_ids = [feature_id] if feature_id is not None else ids
    part = part_of_things(workspace, layer, wanted_ids, as_of) if wanted_ids is not None else None
    if part is None and area is not None:
        part = part_of_area(workspace, layer, area, homes)
    columns = [*(f.name for f in layer.fields), *wanted]
    things = things_at(workspace, layer, as_of or today(), columns, part=part)
    if layer.id in AREA_LAYERS:
        aside = set_aside(workspace, layer.id)
        things = pd.concat(
            [things, aside.reindex(columns=things.columns).assign(area_code=None)], ignore_index=True
        )
    if wanted_ids is not None:
        things = things[among(things["id"], wanted_ids)]
    things = things.reset_index(drop=True)
    things["area_code"] = final_area(workspace, layer, things)
    if area is not None:
        code = things["area_code"]
        inside = code.isna() if area == UNPLACED else code.str.startswith(area, na=False)
        things = things[inside].reset_index(drop=True)
    if limit is not None:
        things = things.head(limit)
    areas = workspace.areas()
    names = dict(zip(areas["code"], areas["name"], strict=True))
    things["area_name"] = things["area_code"].map(names)
    if "stage" not in things:
        things["stage"] = None
    rest = [
        c for c in things.columns if c not in HEAD and c not in ("geometry", "position", "exists", "measured_mm2")
    ]
    things = things[[*HEAD, *rest, "geometry"]]
    return as_geoframe(masked(things, layer, actor))


def final_area(workspace: Workspace, layer: Layer, things: pd.DataFrame) -> pd.Series:
    """Code of the area that has most of each thing; NA on none. An area is its own."""
    if layer.id in AREA_LAYERS:
        return things["area_code"]
    shares = shares_of(workspace, layer, things)
    if shares.empty:
        return pd.Series([None] * len(things), index=things.index, dtype="str")
    area = largest_share(shares).set_index("feature")["area"].reindex(np.arange(len(things)), fill_value=-1)
    codes = [*workspace.areas()["code"], None]
    return pd.Series([codes[at] for at in area.to_numpy(np.intp)], index=things.index, dtype="str")


def history(workspace: Workspace, layer_id: str, feature_id: str, *, clear: bool = False) -> list[dict[str, Any]]:
    """All that is known to have happened to one thing, oldest first: imports that stated it, then its events.

    An import that counts no more, as its file was read anew, says so (`replaced`). Personal fields are masked,
    and numbers of people in notes; the latter not if `clear`, for a caller who asks each reader's rights.
    """
    from pipelines.store.geoparquet import read_columns, rows_with

    layer = workspace.layer(layer_id)
    found: list[dict[str, Any]] = []
    counting = {one.id for one in workspace.imports(layer.id)}
    for one in workspace.every_import(layer.id):
        path = workspace.import_folder(one) / "data.parquet"
        at = rows_with(path, [feature_id])
        for row in read_columns(path, ["source_row"], at=at)["source_row"] if len(at) else ():
            source = {"import_id": one.id, "file": one.file, "table": one.table, "row": int(row)}
            gone = {} if one.id in counting else {"replaced": True}
            found.append({"kind": "import", "at": one.at.isoformat(), **source, **gone})
    ledger = ledger_of(workspace)
    if ledger is not None:
        for event in ledger.history(layer.id, feature_id):
            note = event.note if clear or event.note is None else mask(event.note)[0]
            told = {**vars(event), "note": note, "data": masked_values(event.data, layer)}
            found.append({key: value for key, value in told.items() if value not in (None, "", (), "[]")})
    return sorted(found, key=lambda one: str(one["at"]))


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain values for JSON: dates as ISO text, missing as None, whole numbers as integers."""
    plain = pd.DataFrame(frame).drop(columns="geometry", errors="ignore")
    columns = {name: [plain_value(v) for v in plain[name]] for name in plain.columns}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)] if columns else []


def plain_value(value: Any) -> Any:
    """A stored value as JSON has it: dates as ISO text, missing as None, whole numbers as integers."""
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, (float, np.floating)):
        return None if np.isnan(value) or np.isinf(value) else float(value)
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat() if value.tz is None and value == value.normalize() else value.isoformat()
    return value


def as_geojson(frame: gpd.GeoDataFrame) -> dict[str, Any]:
    """A feature collection in lon/lat, properties as `records` gives them."""
    import shapely

    shapes = shapely.to_geojson(frame.geometry.to_numpy(object))
    features = [
        {"type": "Feature", "properties": row, "geometry": json.loads(text) if text is not None else None}
        for row, text in zip(records(frame), shapes, strict=True)
    ]
    return {"type": "FeatureCollection", "features": features}


def as_csv(frame: pd.DataFrame, headings: Sequence[str] | None = None) -> str:
    """Rows as CSV; text that a spreadsheet would run as a formula is made harmless."""
    plain = pd.DataFrame(frame).drop(columns="geometry", errors="ignore")
    return csv_text(records(plain), list(plain.columns), headings)


def layer_rows(workspace: Workspace, layer_id: str, columns: Sequence[str]) -> pd.DataFrame:
    """Stored columns of a layer as it stands, without state: for drawing and tiles."""
    return current_rows(workspace, workspace.layer(layer_id), columns=columns)
