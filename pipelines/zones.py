"""Planning zones as areas to count by, one kind at a time because village zones lie inside township zones."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from geo.errors import Refused
from geo.joins import shares_by_rule
from geo.layers import Layer
from geo.progress import printed, roll_up, tally
from pipelines.store.layers import current_rows
from pipelines.summarise import denominators, keep_table, kept_tally, things_at, with_rates

if TYPE_CHECKING:
    import geopandas as gpd

    from pipelines.workspace import Workspace

ZONES = ("zone", "zone_plan")
"""Layers whose polygons are the zones, the first that has rows."""


def zone_areas(workspace: Workspace) -> gpd.GeoDataFrame | None:
    """The zones as areas (code, name, level `zone`, parent, zone_kind, geometry), sorted by code; None without."""
    import geopandas as gpd

    for layer_id in ZONES:
        layer = workspace.layer(layer_id)
        if not workspace.imports(layer_id):
            continue
        rows = current_rows(workspace, layer)
        rows = rows[~shapely.is_missing(rows["geometry"].to_numpy(object))].reset_index(drop=True)
        if len(rows):
            columns = {
                "code": rows["id"].astype(object),
                "name": rows[str(layer.name_field)].fillna(rows["id"]).astype(object),
                "level": "zone",
                "parent": "",
                "zone_kind": rows["zone_kind"].fillna("").astype(object),
            }
            return gpd.GeoDataFrame(columns, geometry=rows["geometry"].to_numpy(object), crs="EPSG:4490")
    return None


def zone_progress(workspace: Workspace, layer: Layer, day: date, *, decimals: int) -> pd.DataFrame:
    """Progress by zone. The rows of one zone_kind, with its row for what is in none, add up to the county."""
    zones = zone_areas(workspace)
    if zones is None:
        raise Refused("areas_missing", level="zone")
    made = []
    for kind, frame in zones.groupby("zone_kind", sort=True):
        areas = frame.reset_index(drop=True)
        tallied = _tally(workspace, layer, areas, str(kind), day)
        others = {
            one.id: (one, roll_up(_tally(workspace, one, areas, str(kind), day), areas, "zone"))
            for one in denominators(workspace, layer)
        }
        shown = printed(tallied, areas, "zone", layer, decimals=decimals).assign(zone_kind=kind)
        made.append(with_rates(shown, roll_up(tallied, areas, "zone"), layer, others))
    return pd.concat(made, ignore_index=True)


def _tally(workspace: Workspace, layer: Layer, zones: gpd.GeoDataFrame, kind: str, day: date) -> pd.DataFrame:
    """A layer's tally over the zones of one kind, kept."""
    edition = pd.util.hash_array(np.array([g.wkb_hex for g in zones.geometry], dtype=object)).sum()
    path = kept_tally(workspace, layer, day, f"zone-{edition:x}")
    if path.exists():
        return pd.read_parquet(path)
    things = things_at(workspace, layer, day, ["geometry"])
    shapes = _stand_ins(workspace, things)
    shares = shares_by_rule(shapes, zones, layer.place, measured_mm2=things["measured_mm2"].to_numpy())
    made = tally(things, shares, layer, as_of=day)
    keep_table(made, path)
    return made


def _stand_ins(workspace: Workspace, things: pd.DataFrame) -> np.ndarray:
    """The things' shapes; for one placed by name only, a point in its village."""
    shapes = things["geometry"].to_numpy(object, copy=True)
    bare = np.flatnonzero(shapely.is_missing(shapes))
    areas = workspace.areas()
    inside = dict(zip(areas["code"], shapely.point_on_surface(areas.geometry.to_numpy(object)), strict=True))
    for at, code in zip(bare, things["area_code"].iloc[bare], strict=True):
        shapes[at] = inside.get(code) if isinstance(code, str) else None
    return shapes
