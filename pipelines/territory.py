"""The county's areas as they stand: townships and villages from their imports, built into one hierarchy, kept."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from geo.codes import canonical
from geo.pieces import Leaves, leaf_areas
from pipelines.kept import drop_older, keep_bytes
from pipelines.store.geoparquet import as_geoframe, read_columns

if TYPE_CHECKING:
    import geopandas as gpd

    from geo.issues import Issue
    from pipelines.workspace import Workspace

AREA_LAYERS = ("county", "township", "village")
RULES = 1
"""Raise when the way areas are built changes, so that kept ones are made anew."""


def areas_key(workspace: Workspace) -> str:
    """What the areas depend on, as a short mark."""
    parts = [f"{RULES}", workspace.settings.code, *(i.id for i in workspace.imports() if i.layer in AREA_LAYERS)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def read_areas(workspace: Workspace) -> gpd.GeoDataFrame:
    """The areas frame, from where it was kept, or built and kept."""
    path = workspace.root / "summary" / f"areas-{areas_key(workspace)}.parquet"
    if path.exists():
        return as_geoframe(read_columns(path))
    areas, _issues = build_territory(workspace)
    if keep_bytes(path, areas.to_parquet):
        drop_older(path.parent.glob("areas-*.parquet"), but=path)
    return areas


def read_leaves(workspace: Workspace) -> Leaves:
    """The parts of the areas on which things stand, from where they were kept, or made and kept."""
    areas = workspace.areas()
    path = workspace.root / "summary" / f"leaves-{areas_key(workspace)}.parquet"
    if path.exists():
        kept = read_columns(path)
        position, rank = kept["position"].to_numpy(np.intp), kept["rank"].to_numpy(np.intp)
        return Leaves(kept["geometry"].to_numpy(object), position, rank)
    made = leaf_areas(areas)
    frame = pd.DataFrame({"position": made.position, "rank": made.rank, "geometry": shapely.to_wkb(made.shapes)})
    if keep_bytes(path, frame.to_parquet):
        drop_older(path.parent.glob("leaves-*.parquet"), but=path)
    return made


def build_territory(
    workspace: Workspace | None, *, fresh: dict[str, pd.DataFrame] | None = None
) -> tuple[gpd.GeoDataFrame, list[Issue]]:
    """Areas and findings from the imports, with `fresh` rows (layer id → accepted rows) added as the latest."""
    from geo.areas import build_areas

    frames = {layer: _editions(workspace, layer) for layer in AREA_LAYERS}
    for layer, rows in (fresh or {}).items():
        frames[layer] = _merged([frames[layer], rows])
    return build_areas(
        frames["county"],
        frames["township"],
        frames["village"],
        county_code=workspace.settings.code if workspace else None,
        county_name=workspace.settings.name if workspace else None,
    )


def _editions(workspace: Workspace | None, layer_id: str, as_of: date | None = None) -> pd.DataFrame:
    """Rows of all imports of an area layer; a unit in a later import takes the place of all its earlier shapes."""
    if workspace is None:
        return pd.DataFrame()
    frames = [
        read_columns(workspace.import_folder(one) / "data.parquet").assign(import_id=one.id)
        for one in workspace.imports(layer_id, as_of=as_of)
    ]
    return _merged(frames)


def set_aside(workspace: Workspace, layer_id: str) -> pd.DataFrame:
    """Stored rows of an area layer that are no area of this county: other counties', zones, reservoirs."""
    rows = _editions(workspace, layer_id)
    if rows.empty:
        return rows
    areas = workspace.areas()
    kept = areas[areas["level"] == layer_id]
    codes = rows["code"].map(canonical, na_action="ignore")
    taken = (codes.isin(kept["code"]) & codes.notna()) | rows["name"].isin(kept["name"])
    return rows[~taken].reset_index(drop=True)


def _merged(frames: list[pd.DataFrame]) -> pd.DataFrame:
    kept: list[pd.DataFrame] = []
    for frame in frames:
        if frame.empty:
            continue
        units = set(_unit(frame))
        kept = [older[~_unit(older).isin(units)] for older in kept]
        kept.append(frame)
    return pd.concat(kept, ignore_index=True) if kept else pd.DataFrame()


def _unit(frame: pd.DataFrame) -> pd.Series:
    """What tells units apart: the code, or where there is none the name (with the parent's, if it is given)."""
    code = frame["code"].astype("string").fillna("")
    parent = frame["township_name"].astype("string").fillna("") if "township_name" in frame.columns else ""
    name = frame["name"].astype("string").fillna("")
    return code.where(code != "", parent + "/" + name)
