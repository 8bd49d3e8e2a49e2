"""On which areas the things of a layer lie, and with how much of themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from geo.layers import Layer
from geo.measure import to_mm2
from pipelines.covers import Cover
from pipelines.territory import AREA_LAYERS

if TYPE_CHECKING:
    from pipelines.workspace import Import, Workspace


def shares_of(
    workspace: Workspace, layer: Layer, things: pd.DataFrame, cover: Cover | None = None
) -> pd.DataFrame:
    """Shares of things on a cover: feature and area (positions in `things` and its areas, -1 none), mm2.

    cover: the hierarchy of areas when None. Things without a row of an import to stand on, because they were added
    or moved in the ledger, stand whole where that says.
    """
    on = cover or Cover(workspace)
    if layer.id in AREA_LAYERS and on.name == "areas":
        at = pd.Index(on.areas["code"]).get_indexer(things["id"])
        return pd.DataFrame({"feature": np.arange(len(things)), "area": at, "mm2": things["measured_mm2"]})
    from pipelines.join import import_shares

    parts = [pd.DataFrame({"feature": [], "area": [], "mm2": []}, dtype=np.int64)]
    for one, mine, position in by_import(workspace, layer, things):
        shares = import_shares(workspace, layer, one, on)
        feature = np.full(int(shares["position"].max()) + 1, -1, dtype=np.int64)
        feature[position] = mine
        at = feature[shares["position"].to_numpy(np.int64)]
        parts.append(shares.assign(feature=at).loc[at >= 0, ["feature", "area", "mm2"]])
    loose = np.flatnonzero((things["shape_import"] == "").to_numpy(bool))
    if len(loose):
        parts.append(_loose(things, loose, on))
    merged = pd.concat(parts, ignore_index=True).astype(np.int64)
    return merged.sort_values(["feature", "area"], kind="stable", ignore_index=True)


def _loose(things: pd.DataFrame, loose: np.ndarray, cover: Cover) -> pd.DataFrame:
    """Where things stand that have no row of an import to stand on: by their area's code, or its middle."""
    from geo.joins import assign_points

    codes, points = cover.named(things["area_code"].iloc[loose])
    by_code = pd.Index(cover.areas["code"].astype(object)).get_indexer(pd.Index(codes, dtype=object))
    if "lon" in things:
        added = (things["import_id"].iloc[loose] == "").to_numpy(bool)
        own = points_of(things.iloc[loose])
        points = np.where(added & ~pd.isna(own), own, points)
    area = np.where(by_code >= 0, by_code, assign_points(points, cover.leaves))
    own = to_mm2(things["area_m2"].iloc[loose].to_numpy(float, na_value=np.nan))
    return pd.DataFrame({"feature": loose, "area": area, "mm2": own})


def by_import(
    workspace: Workspace, layer: Layer, things: pd.DataFrame
) -> Iterator[tuple[Import, np.ndarray, np.ndarray]]:
    """Each import that things have their shape of, with which things these are and the rows of their shapes."""
    groups = things.groupby("shape_import", sort=False).indices
    for one in workspace.imports(layer.id):
        if one.id in groups:
            mine = np.asarray(groups[one.id])
            yield one, mine, things["position"].to_numpy(np.int64)[mine]


def points_of(added: pd.DataFrame) -> np.ndarray:
    """The places of things that were added in the ledger, by their lon and lat (EPSG:4490); None without."""
    import shapely

    xy = added[["lon", "lat"]].to_numpy(float)
    points = np.asarray(shapely.points(np.nan_to_num(xy)), dtype=object)
    points[np.isnan(xy).any(axis=1)] = None
    return points
