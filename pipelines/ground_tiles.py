"""Vector tiles of what is drawn below the maps (water, roads): few things from far, all from near, with names."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.layers import Layer
from pipelines.tile_encoding import Shapes, encode, flatten

if TYPE_CHECKING:
    from pipelines.workspace import Workspace

FIRST_ZOOM, LAST_ZOOM = 5, 14
BANDS = (8, 10, 12, LAST_ZOOM)
"""Shapes are thinned for each of these zooms and the ones before it."""
PIXELS = 512
"""Along a tile as the map draws it: a quarter of the usual requests. So at its zoom z the map is at z + 1."""
OTHERS_FROM = 12
"""From this zoom on things are drawn whose kind the layer does not list."""
SEEN_PIXELS = 4.0
"""A pond smaller than this on the screen is left out."""
GZIP_LEVEL = 4
KEPT_TILES = 4096


class GroundTiles:
    """The tiles of a ground layer. rows: name and kind (None for unknown) and geometry (EPSG:4490).

    Each feature carries `name` ("" for none) and `kind`. Safe to ask from several threads.
    """

    def __init__(self, layer: Layer, rows: pd.DataFrame) -> None:
        self._geometry = np.asarray(rows["geometry"], dtype=object)
        self._names = rows["name"].astype(object).where(rows["name"].notna(), "").reset_index(drop=True)
        self._kinds = rows["kind"].astype(object).where(rows["kind"].notna(), None).reset_index(drop=True)
        self._from: Mapping[str, int] = layer.style.get("from_zoom", {})
        self._kept = lru_cache(KEPT_TILES)(self._made)
        self._thin = lru_cache(len(BANDS))(self._thinned)

    def packed(self, z: int, x: int, y: int) -> bytes:
        """One tile compressed by gzip; empty where nothing lies and outside FIRST_ZOOM to LAST_ZOOM."""
        if not (FIRST_ZOOM <= z <= LAST_ZOOM and 0 <= x < 2**z and 0 <= y < 2**z):
            return b""
        return self._kept(z, x, y)

    def _made(self, z: int, x: int, y: int) -> bytes:
        shapes = self._thin(next(band for band in BANDS if z <= band))
        due = self.drawn_from <= z + 1
        body = encode(shapes, z, x, y, name="ground", fields=("name", "kind"), among=lambda at: at[due[at]])
        return gzip.compress(body, GZIP_LEVEL) if body else b""

    @cached_property
    def drawn_from(self) -> npt.NDArray[np.float64]:
        """The zoom of the map from which each thing is drawn: that of its kind, and for water once it is seen."""
        by_kind = np.array([self._from.get(kind, OTHERS_FROM) for kind in self._kinds], dtype=np.float64)
        bounds = shapely.bounds(self._geometry).reshape(-1, 4)
        extent = np.maximum(bounds[:, 2] - bounds[:, 0], bounds[:, 3] - bounds[:, 1])
        with np.errstate(divide="ignore"):
            seen = np.ceil(np.log2(SEEN_PIXELS * 360 / PIXELS / extent) + 1)
        area = np.isin(shapely.get_type_id(self._geometry), (3, 6))
        return np.where(area, np.maximum(by_kind, np.minimum(seen, LAST_ZOOM + 1)), by_kind)

    def _thinned(self, band: int) -> Shapes:
        pixel = 360 / PIXELS / 2**band
        wanted = self.drawn_from <= band + 1
        shapes = self._geometry.copy()
        shapes[~wanted] = None
        if band < LAST_ZOOM:
            shapes = shapely.simplify(shapes, pixel * 0.75)
        shapes[shapely.is_empty(shapes)] = None
        return flatten(shapes, self._names, self._kinds)


def ground_tiles(workspace: Workspace, layer: Layer, area: str = "") -> GroundTiles:
    """The tiles of a workspace's ground layer, cut to the outline of an area ("" for all)."""
    from pipelines.store.layers import current_rows

    colour_by = str(layer.style.get("colour_by", ""))
    fields = {one.name for one in layer.fields}
    columns = {"name": layer.name_field, "kind": colour_by if colour_by in fields else None}
    asked = [one for one in columns.values() if one]
    rows = current_rows(workspace, layer, columns=["id", "geometry", *asked])
    rows = rows[[one is not None and not one.is_empty for one in rows["geometry"]]].reset_index(drop=True)
    nothing = pd.Series([None] * len(rows), dtype=object)
    made = pd.DataFrame({name: rows[one] if one else nothing for name, one in columns.items()}, dtype=object)
    made["geometry"] = _within(workspace, np.asarray(rows["geometry"], dtype=object), area)
    return GroundTiles(layer, made)


def _within(workspace: Workspace, shapes: npt.NDArray[np.object_], area: str) -> npt.NDArray[np.object_]:
    if not area:
        return shapes
    frame = workspace.areas()
    outline = frame.loc[frame["code"] == area, "geometry"]
    if outline.empty:
        return np.full(len(shapes), None, dtype=object)
    return np.asarray(shapely.intersection(shapes, outline.iloc[0]), dtype=object)


def ground_layers(workspace: Workspace) -> list[Layer]:
    """The ground layers that have rows: areas first, lines upon them."""
    found = [one for one in workspace.layers().values() if one.ground and workspace.imports(one.id)]
    return sorted(found, key=lambda one: (one.geometry == "line", one.id))
