"""Ways of cutting the county into areas to count by: its hierarchy, and the planning zones of each kind."""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.pieces import Leaves, leaf_areas
from pipelines.store.layers import current_rows
from pipelines.territory import areas_key

if TYPE_CHECKING:
    import geopandas as gpd

    from pipelines.workspace import Workspace

ZONES = ("zone", "zone_plan")
"""Layers whose polygons are the zones, the first that has rows."""


class Cover:
    """The county's hierarchy of areas, read when it is asked for.

    name: tells covers of one workspace apart. key: changes with the areas. areas: code, name, level, parent,
    geometry (EPSG:4490), sorted by code. leaves: the parts of them on which things stand.
    """

    name = "areas"

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    @property
    def key(self) -> str:
        return areas_key(self._workspace)

    @property
    def areas(self) -> gpd.GeoDataFrame:
        return self._workspace.areas()

    @property
    def leaves(self) -> Leaves:
        return self._workspace.leaves()

    def named(self, codes: pd.Series) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]]:
        """For things without a shape, by the code of the area that names them: codes here, or points instead."""
        found = codes.astype(object).where(codes.notna(), None).to_numpy(object)
        return found, np.full(len(codes), None, dtype=object)


class ZoneCover(Cover):
    """The zones of one kind, which do not lie on each other. A thing named by its village stands inside that."""

    def __init__(self, workspace: Workspace, kind: str, frame: gpd.GeoDataFrame, key: str) -> None:
        super().__init__(workspace)
        self.kind = kind
        self.name = "zone-" + hashlib.sha256(kind.encode()).hexdigest()[:8]
        self._frame, self._key = frame, key

    @property
    def key(self) -> str:
        return self._key

    @property
    def areas(self) -> gpd.GeoDataFrame:
        return self._frame

    @cached_property
    def _leaves(self) -> Leaves:
        return leaf_areas(self._frame)

    @property
    def leaves(self) -> Leaves:
        return self._leaves

    def named(self, codes: pd.Series) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]]:
        """A cover that is no hierarchy knows no codes: a point within the area that each code names."""
        inside = self._insides
        points = np.full(len(codes), None, dtype=object)
        points[:] = [inside.get(code) if isinstance(code, str) else None for code in codes]
        return np.full(len(codes), None, dtype=object), points

    @cached_property
    def _insides(self) -> dict[str, Any]:
        areas = self._workspace.areas()
        return dict(zip(areas["code"], shapely.point_on_surface(areas.geometry.to_numpy(object)), strict=True))


def zones_key(workspace: Workspace) -> str:
    """What the zones depend on, as a short mark; the areas too, in which things without a shape stand."""
    parts = [areas_key(workspace), *(f"{i.layer}/{i.id}" for i in workspace.imports() if i.layer in ZONES)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


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


def zone_covers(workspace: Workspace) -> list[ZoneCover]:
    """A cover for each kind of zone, in order of kind; empty without zones."""
    key = zones_key(workspace)
    kept: dict[str, list[ZoneCover]] = workspace.__dict__.setdefault("_zone_covers", {})
    if key not in kept:
        zones = zone_areas(workspace)
        kinds = () if zones is None else zones.groupby("zone_kind", sort=True)
        kept[key] = [ZoneCover(workspace, str(kind), frame.reset_index(drop=True), key) for kind, frame in kinds]
    return kept[key]


def covers(workspace: Workspace) -> list[Cover]:
    """All covers of a workspace: the hierarchy, then the zones of each kind."""
    return [Cover(workspace), *zone_covers(workspace)]
