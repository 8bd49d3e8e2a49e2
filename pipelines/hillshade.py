"""Relief of a county's heights as tiles to lay below a map: any raster that rasterio reads, shaded on demand."""

from __future__ import annotations

import io
import math
import threading
import warnings
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from geo.errors import Refused
from geo.relief import brightness, veil

SIDE = 256
"""Pixels along a tile; the map draws it twice as large, soft and at a quarter of the cost."""
EDGE_M = 2 * math.pi * 6_378_137
"""The web map's world from edge to edge."""
FIRST_ZOOM, LAST_ZOOM = 6, 15
COARSE = 2048
"""From far the heights are read from a copy of at most so many cells a side, made once."""
KEPT_TILES = 1024
WEB = "EPSG:3857"

Floats = npt.NDArray[np.float32]


class Relief:
    """The heights of one raster file, first band. Safe to ask from several threads.

    Refused `dem_missing`, `dem_unreadable`, or `dem_without_crs` when nothing says where on earth it lies.
    """

    def __init__(self, path: Path) -> None:
        from rasterio.errors import RasterioError
        from rasterio.warp import transform_bounds

        if not path.is_file():
            raise Refused("dem_missing", file=path.name)
        self._path = path
        try:
            with _opened(path) as source:
                if source.crs is None or source.transform.is_identity:
                    raise Refused("dem_without_crs", file=path.name)
                self._cell = max(abs(source.transform.a), abs(source.transform.e))
                self._size = (source.height, source.width)
                self.bounds: tuple[float, ...] = transform_bounds(source.crs, "EPSG:4490", *source.bounds)
                self._web = transform_bounds(source.crs, WEB, *source.bounds)
        except (RasterioError, ValueError, OSError):
            raise Refused("dem_unreadable", file=path.name) from None
        self._reading = threading.Lock()
        # One tile after the other: the things on the map are not to wait for what lies below them.
        self._working = threading.Lock()
        self._far: tuple[Floats, Any] | None = None
        self._kept = lru_cache(KEPT_TILES)(self._made)

    def tile(self, z: int, x: int, y: int) -> bytes:
        """A tile of shadow and light as PNG (256×256, grey and cover); empty where no height is known."""
        if not (FIRST_ZOOM <= z <= LAST_ZOOM and 0 <= x < 2**z and 0 <= y < 2**z):
            return b""
        return self._kept(z, x, y)

    def _made(self, z: int, x: int, y: int) -> bytes:
        from PIL import Image

        edge = EDGE_M / 2**z
        west, north = (x - 2 ** (z - 1)) * edge, (2 ** (z - 1) - y) * edge
        box = (west, north - edge, west + edge, north)
        if box[0] > self._web[2] or box[2] < self._web[0] or box[1] > self._web[3] or box[3] < self._web[1]:
            return b""
        cell = edge / SIDE
        with self._working:
            height = self._heights(west - cell, north + cell, cell)
        if np.isnan(height).all():
            return b""
        squeeze = 1 / math.cosh((north - edge / 2) / 6_378_137)
        lit = brightness(height, cell * squeeze, exaggeration=min(4.0, max(1.0, 1.35 ** (12 - z))))
        picture = veil(lit)
        if not picture[..., 1].any():
            return b""
        out = io.BytesIO()
        Image.fromarray(picture, "LA").save(out, "PNG", compress_level=4)
        return out.getvalue()

    def _heights(self, west: float, north: float, cell: float) -> Floats:
        """Heights on the web map's grid from a corner on, one cell more on each side than a tile has."""
        from rasterio.transform import Affine
        from rasterio.warp import Resampling, reproject, transform_bounds

        side = SIDE + 2
        made = np.full((side, side), np.nan, dtype=np.float32)
        box = (west, north - side * cell, west + side * cell, north)
        with _opened(self._path) as source:
            across = transform_bounds(WEB, source.crs, *box)
            pixel = (across[2] - across[0]) / side
            if self._is_fine and pixel >= self._cell * max(self._size) / COARSE:
                heights, transform = self._coarse(source)
            else:
                heights, transform = _window(source, across, pixel)
            if heights.size == 0:
                return made
            reproject(
                heights,
                made,
                src_transform=transform,
                src_crs=source.crs,
                src_nodata=np.nan,
                dst_transform=Affine(cell, 0.0, west, 0.0, -cell, north),
                dst_crs=WEB,
                dst_nodata=np.nan,
                resampling=Resampling.bilinear,
            )
        return made

    @property
    def _is_fine(self) -> bool:
        return max(self._size) > COARSE

    def prepare(self) -> None:
        """Make the small copy of a large raster now, so that nobody waits for it."""
        if self._is_fine:
            with _opened(self._path) as source:
                self._coarse(source)

    def _coarse(self, source: Any) -> tuple[Floats, Any]:
        with self._reading:
            if self._far is None:
                whole = (0.0, 0.0, float(source.width), float(source.height))
                self._far = _decimated(source, whole, max(self._size) / COARSE)
            return self._far


def _opened(path: Path) -> Any:
    import rasterio
    from rasterio.errors import NotGeoreferencedWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        return rasterio.open(path)


def _window(source: Any, box: tuple[float, ...], pixel: float) -> tuple[Floats, Any]:
    """The cells that a box of the raster's own CRS needs, no finer than about `pixel`, and where they lie."""
    back = ~source.transform
    corners = [(x, y) for x in (box[0], box[2]) for y in (box[1], box[3])]
    columns = [back.a * x + back.b * y + back.c for x, y in corners]
    rows = [back.d * x + back.e * y + back.f for x, y in corners]
    cell = max(abs(source.transform.a), abs(source.transform.e))
    margin = 2 * max(1.0, pixel / cell)
    left, right = max(0.0, math.floor(min(columns) - margin)), min(source.width, math.ceil(max(columns) + margin))
    top, bottom = max(0.0, math.floor(min(rows) - margin)), min(source.height, math.ceil(max(rows) + margin))
    if right - left < 1 or bottom - top < 1:
        return np.empty((0, 0), np.float32), source.transform
    return _decimated(source, (left, top, right, bottom), max(1.0, pixel / cell))


def _decimated(source: Any, window: tuple[float, ...], by: float) -> tuple[Floats, Any]:
    """A window (left, top, right, bottom in cells) read at a `by`-th of its cells, NaN where nothing is known."""
    from rasterio.enums import Resampling
    from rasterio.transform import Affine
    from rasterio.windows import Window

    left, top, right, bottom = window
    wide, high = right - left, bottom - top
    shape = max(1, round(high / by)), max(1, round(wide / by))
    how = Resampling.average if by > 1 else Resampling.nearest
    read = source.read(
        1, window=Window(left, top, wide, high), out_shape=shape, resampling=how, masked=True, out_dtype="float32"
    )
    across, down, at = wide / shape[1], high / shape[0], source.transform
    corner = at.c + left * at.a + top * at.b, at.f + left * at.d + top * at.e
    heights: Floats = np.ma.filled(read, np.nan).astype(np.float32)
    return heights, Affine(at.a * across, at.b * down, corner[0], at.d * across, at.e * down, corner[1])
