"""Vector tiles of a layer's things, made from flat coordinates and kept while the edition lasts."""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from pipelines.tile_encoding import Shapes, encode, flatten

if TYPE_CHECKING:
    from pipelines.workspace import Workspace

FIRST_ZOOM = 13
"""Below this zoom a tile of single things would hold too many to tell apart; areas are drawn instead."""
LAST_ZOOM = 22
KEPT_BYTES = 64_000_000
KEPT_LAYERS = 6


class Tiles:
    """The tiles of one edition of a workspace; safe to ask from several threads.

    area: only things most of which lie in that area's subtree.
    """

    def __init__(self, workspace: Workspace, *, area: str | None = None) -> None:
        self._workspace = workspace
        self._area = area
        self._shapes: OrderedDict[tuple[str, date | None], Shapes] = OrderedDict()
        self._kept: OrderedDict[tuple[str, date | None, int, int, int], bytes] = OrderedDict()
        self._bytes = 0
        self._reading = threading.Lock()
        self._keeping = threading.Lock()

    def tile(self, layer_id: str, z: int, x: int, y: int, *, as_of: date | None = None) -> bytes:
        """One tile of a layer on a day, uncompressed; empty below z13, outside the grid, or where nothing lies."""
        if not (FIRST_ZOOM <= z <= LAST_ZOOM and 0 <= x < 2**z and 0 <= y < 2**z):
            return b""
        key = (layer_id, as_of, z, x, y)
        with self._keeping:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        shapes = self.shapes(layer_id, as_of)
        colour_by = self._workspace.layers()[layer_id].style.get("colour_by", "value")
        made = encode(shapes, z, x, y, fields=("id", colour_by))
        with self._keeping:
            self._kept[key] = made
            self._bytes += len(made)
            while self._bytes > KEPT_BYTES:
                _, dropped = self._kept.popitem(last=False)
                self._bytes -= len(dropped)
        return made

    def shapes(self, layer_id: str, as_of: date | None = None) -> Shapes:
        """A layer's things on a day as flat arrays; read once, by one thread, while others wait."""
        key = (layer_id, as_of)
        with self._reading:
            if key not in self._shapes:
                self._shapes[key] = self._read(layer_id, as_of)
                if len(self._shapes) > KEPT_LAYERS:
                    self._shapes.popitem(last=False)
            self._shapes.move_to_end(key)
            return self._shapes[key]

    def _read(self, layer_id: str, as_of: date | None) -> Shapes:
        layer = self._workspace.layers()[layer_id]
        colour_by = layer.style.get("colour_by")
        if layer.lifecycle is not None or self._area is not None:
            from pipelines.exchange import show

            rows: pd.DataFrame = show(self._workspace, layer_id, area=self._area, as_of=as_of)
        else:
            from pipelines.store.layers import current_rows

            columns = ["id", "geometry", *([colour_by] if colour_by else [])]
            rows = current_rows(self._workspace, layer, columns=columns, as_of=as_of)
        values = rows[colour_by] if colour_by in rows else pd.Series([None] * len(rows), dtype=object)
        return flatten(np.asarray(rows["geometry"], dtype=object), rows["id"], values)

    def at(self, layer_id: str, lon: float, lat: float, *, as_of: date | None = None) -> str | None:
        """The id of the thing at a place: the smallest area that holds it, else the nearest within some 30 m."""
        shapes = self.shapes(layer_id, as_of)
        reach = 0.0003
        near = shapes.within(lon - reach, lat - reach, lon + reach, lat + reach)
        if not len(near):
            return None
        candidates = np.array([shapes.shape(int(position)) for position in near], dtype=object)
        place = shapely.Point(lon, lat)
        holding = shapely.covers(candidates, place)
        if holding.any():
            return str(shapes.ids.iloc[near[holding][shapely.area(candidates[holding]).argmin()]])
        return str(shapes.ids.iloc[near[shapely.distance(candidates, place).argmin()]])
