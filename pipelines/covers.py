"""Ways of cutting the county into areas to count by: its hierarchy, and the planning zones of each kind."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.levels import AreaNames
from geo.pieces import Leaves, leaf_areas
from geo.progress import names_of
from pipelines.kept import drop_older, keep_text
from pipelines.kept_index import index_path, keep_leaves, leaves_from
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
    geometry (EPSG:4490), sorted by code. leaves: the parts of them on which things stand, with their index where
    it was kept.
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
        ready: dict[str, Leaves] = self._workspace.__dict__.setdefault("_ready_leaves", {})
        if self.key not in ready:
            ready[self.key] = leaves_from(self._index, self._workspace.leaves)
        return ready[self.key]

    @property
    def _index(self) -> Path:
        return index_path(self._workspace.root, self.name, self.key)

    def keep_ready(self) -> None:
        """Keep what was made ready for joins, so that the next process need not."""
        keep_leaves(self._index, self.leaves)

    @property
    def names(self) -> AreaNames:
        """Code, name, level and parent of each area, without its shape."""
        import pyarrow.parquet as pq

        known: dict[str, AreaNames] = self._workspace.__dict__.setdefault("_area_names", {})
        if self.key not in known:
            path = self._workspace.root / "summary" / f"areas-{self.key}.parquet"
            if not path.exists():
                return names_of(self.areas)
            with pq.ParquetFile(path) as file:
                known[self.key] = AreaNames(**file.read(columns=["code", "name", "level", "parent"]).to_pydict())
        return known[self.key]

    def named(self, codes: pd.Series) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]]:
        """For things without a shape, by the code of the area that names them: codes here, or points instead."""
        found = codes.astype(object).where(codes.notna(), None).to_numpy(object)
        return found, np.full(len(codes), None, dtype=object)


class ZoneCover(Cover):
    """The zones of one kind, which do not lie on each other. A thing named by its village stands inside that."""

    def __init__(self, workspace: Workspace, kind: str, key: str, names: AreaNames) -> None:
        super().__init__(workspace)
        self.kind = kind
        self.name = "zone-" + hashlib.sha256(kind.encode()).hexdigest()[:8]
        self._key, self._names = key, names

    @property
    def key(self) -> str:
        return self._key

    @property
    def names(self) -> AreaNames:
        return self._names

    @cached_property
    def _frame(self) -> gpd.GeoDataFrame:
        zones = _zones(self._workspace, self._key)
        if zones is None:
            raise ValueError("zones were listed that are not there")
        return zones[zones["zone_kind"] == self.kind].reset_index(drop=True)

    @property
    def areas(self) -> gpd.GeoDataFrame:
        return self._frame

    @cached_property
    def _leaves(self) -> Leaves:
        return leaves_from(self._index, lambda: leaf_areas(self._frame))

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


def _zones(workspace: Workspace, key: str) -> gpd.GeoDataFrame | None:
    """`zone_areas`, read once."""
    kept: dict[str, gpd.GeoDataFrame | None] = workspace.__dict__.setdefault("_zones", {})
    if key not in kept:
        kept[key] = zone_areas(workspace)
    return kept[key]


def zone_covers(workspace: Workspace) -> list[ZoneCover]:
    """A cover for each kind of zone, in order of kind; empty without zones."""
    key = zones_key(workspace)
    kept: dict[str, list[ZoneCover]] = workspace.__dict__.setdefault("_zone_covers", {})
    if key not in kept:
        kept[key] = [ZoneCover(workspace, kind, key, names) for kind, names in _kinds(workspace, key)]
    return kept[key]


def _kinds(workspace: Workspace, key: str) -> list[tuple[str, AreaNames]]:
    """The kinds of zones with the names of their zones, from where they were kept, or found and kept."""
    if not any(workspace.imports(one) for one in ZONES):
        return []
    path = workspace.root / "summary" / "indexes" / f"zones.{key}.json"
    try:
        return [(kind, AreaNames(*names)) for kind, names in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        zones = _zones(workspace, key)
    kinds = () if zones is None else zones.groupby("zone_kind", sort=True)
    found = [(str(kind), names_of(frame)) for kind, frame in kinds]
    lists = [[kind, [names.code, names.name, names.level, names.parent]] for kind, names in found]
    if keep_text(path, json.dumps(lists, ensure_ascii=False)):
        drop_older(path.parent.glob("zones.*.json"), but=path)
    return found


def covers(workspace: Workspace) -> list[Cover]:
    """All covers of a workspace: the hierarchy, then the zones of each kind."""
    return [Cover(workspace), *zone_covers(workspace)]
