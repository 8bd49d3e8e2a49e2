"""The vector tiles as one reader may have them, and what lies where the reader clicked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from pipelines.tiles import Only, Tiles


class ReadableTiles:
    """Tiles and clicks of one reader: what lies outside the reader's reach is not in them.

    tiles_of: the tiles of what the reader may see of a layer, None where that is nothing.
    """

    def __init__(self, tiles_of: Callable[[str], Tiles | None]) -> None:
        self._tiles_of = tiles_of

    def packed(
        self, layer_id: str, z: int, x: int, y: int, *, as_of: date | None = None, only: Only | None = None
    ) -> bytes:
        """As `pipelines.tiles.Tiles.packed`."""
        tiles = self._tiles_of(layer_id)
        return tiles.packed(layer_id, z, x, y, as_of=as_of, only=only) if tiles is not None else b""

    def tile(
        self, layer_id: str, z: int, x: int, y: int, *, as_of: date | None = None, only: Only | None = None
    ) -> bytes:
        """As `pipelines.tiles.Tiles.tile`."""
        tiles = self._tiles_of(layer_id)
        return tiles.tile(layer_id, z, x, y, as_of=as_of, only=only) if tiles is not None else b""

    def at(
        self, layer_id: str, lon: float, lat: float, *, as_of: date | None = None, only: Only | None = None
    ) -> str | None:
        """As `pipelines.tiles.Tiles.at`."""
        tiles = self._tiles_of(layer_id)
        return tiles.at(layer_id, lon, lat, as_of=as_of, only=only) if tiles is not None else None
