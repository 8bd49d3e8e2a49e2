"""Vector tiles of a layer's things, made from flat coordinates and kept while the edition lasts."""

from __future__ import annotations

import gzip
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from pipelines.tile_encoding import Integers, Shapes, encode, flatten, tile_at, together, wide_box

if TYPE_CHECKING:
    from pipelines.workspace import Workspace

Box = tuple[float, float, float, float]
Rows = Callable[[str, date | None], pd.DataFrame]

FIRST_ZOOM = 12
"""Below this zoom a tile of single things would hold too many to tell apart; areas are drawn instead."""
DENSE = 300_000
"""Of a layer of more rows the things can be told apart one zoom later."""
LAST_ZOOM = 22
GZIP_LEVEL = 4
KEPT_BYTES = 64_000_000
KEPT_LAYERS = 6


@dataclass(frozen=True)
class Only:
    """The things that a map is narrowed to. name: the same for the same things, and for no others."""

    name: str
    ids: pd.Index

    def among(self, shapes: Shapes, positions: Integers) -> Integers:
        """Those of the positions whose things are meant."""
        return positions[self.ids.get_indexer(pd.Index(shapes.ids.iloc[positions].astype(object))) >= 0]


def first_zoom(workspace: Workspace, layer_id: str) -> int:
    """The zoom from which on a map shows the single things of a layer."""
    rows = sum(one.accepted for one in workspace.imports(layer_id))
    return FIRST_ZOOM if rows <= DENSE else FIRST_ZOOM + 1


class Tiles:
    """The tiles of one edition of a workspace; safe to ask from several threads.

    area: only things most of which lie in that area's subtree. rows: what gives a layer's things on a day (None is
    today) with id, geometry and the field it is coloured by, for whoever has read them; read from the workspace
    when None. merged: things of one colour are one feature without an id; `at` says which of them is at a place.
    """

    def __init__(
        self, workspace: Workspace, *, area: str | None = None, rows: Rows | None = None, merged: bool = False
    ) -> None:
        self._workspace = workspace
        self._area = area
        self._merged = merged
        self._rows = rows or self._read_rows
        self._shapes: OrderedDict[tuple[str, date | None], Shapes] = OrderedDict()
        self._kept: OrderedDict[tuple[str, date | None, int, int, int, str], bytes] = OrderedDict()
        self._bytes = 0
        self._reading = threading.Lock()
        self._keeping = threading.Lock()

    def tile(
        self, layer_id: str, z: int, x: int, y: int, *, as_of: date | None = None, only: Only | None = None
    ) -> bytes:
        """One tile of a layer on a day, uncompressed; empty below FIRST_ZOOM and where nothing lies."""
        packed = self.packed(layer_id, z, x, y, as_of=as_of, only=only)
        return gzip.decompress(packed) if packed else b""

    def packed(
        self, layer_id: str, z: int, x: int, y: int, *, as_of: date | None = None, only: Only | None = None
    ) -> bytes:
        """`tile` compressed by gzip, as it is sent and kept; empty where that is."""
        if not (FIRST_ZOOM <= z <= LAST_ZOOM and 0 <= x < 2**z and 0 <= y < 2**z):
            return b""
        key = (layer_id, as_of, z, x, y, only.name if only is not None else "")
        with self._keeping:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        shapes = self.near(layer_id, wide_box(z, x, y), as_of)
        colour_by = self._workspace.layers()[layer_id].style.get("colour_by", "value")
        among = None if only is None else lambda positions: only.among(shapes, positions)
        body = encode(shapes, z, x, y, fields=("id", colour_by), among=among, merged=self._merged)
        made = gzip.compress(body, GZIP_LEVEL) if body else b""
        with self._keeping:
            self._kept[key] = made
            self._bytes += len(made)
            while self._bytes > KEPT_BYTES:
                _, dropped = self._kept.popitem(last=False)
                self._bytes -= len(dropped)
        return made

    def near(self, layer_id: str, box: Box, as_of: date | None = None) -> Shapes:
        """The things that meet a box of degrees (west, south, east, north), and perhaps others."""
        return self.shapes(layer_id, as_of)

    def to_read(self, layer_id: str) -> list[Callable[[], object]]:
        """What has to be read before every tile of today is at hand, as steps that can be taken one by one."""
        return [partial(self.shapes, layer_id)]

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
        colour_by = self._workspace.layers()[layer_id].style.get("colour_by")
        rows = self._rows(layer_id, as_of)
        values = rows[colour_by] if colour_by in rows else pd.Series([None] * len(rows), dtype=object)
        return flatten(np.asarray(rows["geometry"], dtype=object), rows["id"], values)

    def _read_rows(self, layer_id: str, as_of: date | None) -> pd.DataFrame:
        layer = self._workspace.layers()[layer_id]
        colour_by = layer.style.get("colour_by")
        if layer.lifecycle is not None or self._area is not None:
            from pipelines.exchange import show

            return show(self._workspace, layer_id, area=self._area, as_of=as_of)
        from pipelines.store.layers import current_rows

        columns = ["id", "geometry", *([colour_by] if colour_by else [])]
        return current_rows(self._workspace, layer, columns=columns, as_of=as_of)

    def at(
        self, layer_id: str, lon: float, lat: float, *, as_of: date | None = None, only: Only | None = None
    ) -> str | None:
        """The id of the thing at a place: the smallest area that holds it, else the nearest within some 30 m."""
        reach = 0.0003
        box = (lon - reach, lat - reach, lon + reach, lat + reach)
        shapes = self.near(layer_id, box, as_of)
        near = shapes.within(*box) if only is None else only.among(shapes, shapes.within(*box))
        if not len(near):
            return None
        candidates = np.array([shapes.shape(int(position)) for position in near], dtype=object)
        place = shapely.Point(lon, lat)
        holding = shapely.covers(candidates, place)
        if holding.any():
            return str(shapes.ids.iloc[near[holding][shapely.area(candidates[holding]).argmin()]])
        return str(shapes.ids.iloc[near[shapely.distance(candidates, place).argmin()]])


OVERHANG = 0.005
"""How far, in degrees, a thing may reach beyond the box of the area that has most of it."""


class TilesByArea(Tiles):
    """The tiles of a large layer, of which only the areas near a tile are read, each when it is first looked at.

    boxes: bounds of each area by its code; None for what may lie anywhere. part: the tiles of one area's things.
    """

    def __init__(
        self, workspace: Workspace, boxes: Mapping[str, Box | None], part: Callable[[str], Tiles]
    ) -> None:
        super().__init__(workspace, merged=True)
        self._boxes = boxes
        self._part = part

    def near(self, layer_id: str, box: Box, as_of: date | None = None) -> Shapes:
        """The things that meet a box of degrees, of all areas that come near it."""
        west, south, east, north = box
        codes = [
            code
            for code, one in self._boxes.items()
            if one is None
            or (
                one[0] - OVERHANG <= east
                and one[2] + OVERHANG >= west
                and one[1] - OVERHANG <= north
                and one[3] + OVERHANG >= south
            )
        ]
        found = (self._part(code).shapes(layer_id, as_of) for code in codes)
        return together([(shapes, shapes.within(*box)) for shapes in found])

    def to_read(self, layer_id: str) -> list[Callable[[], object]]:
        """As `Tiles.to_read`: one area after the other, then the tiles of the first zoom of a dense layer."""
        steps: list[Callable[[], object]] = [partial(self._read_part, code, layer_id) for code in self._boxes]
        zoom = first_zoom(self._workspace, layer_id)
        if zoom == FIRST_ZOOM or not self._boxes:
            return steps
        # Tiles of the first zoom of so dense a layer take long, and whoever picks a township asks for them.
        west, south, east, north = np.array([one for one in self._boxes.values() if one is not None]).T
        left, top = tile_at(zoom, float(west.min()), float(north.max()))
        right, bottom = tile_at(zoom, float(east.max()), float(south.min()))
        places = [(x, y) for y in range(top, bottom + 1) for x in range(left, right + 1)]
        return [*steps, *(partial(self.packed, layer_id, zoom, x, y) for x, y in places)]

    def _read_part(self, code: str, layer_id: str) -> Shapes:
        return self._part(code).shapes(layer_id)
