"""One picture of one day, whatever product it came as: where it lies, and its indices with clouds left out."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS

from geo.errors import Refused
from geo.verify_bands import bsi, clear_by, lswi, ndvi, scaled
from geo.zonal import Grid

Array = NDArray[Any]
Box = tuple[int, int, int, int]
MASKS = ("scl", "qa_pixel", "cloud_probability", "cloud", "clear")
INDICES = ("ndvi", "lswi", "bsi")
STRIP_ROWS = 1200


@dataclass(frozen=True)
class Source:
    """One band of one file. scale and offset make reflectance or an index of its numbers; nodata are raw codes."""

    path: str
    band: int = 1
    scale: float = 1.0
    offset: float = 0.0
    nodata: tuple[float, ...] = ()


@dataclass(frozen=True)
class Scene:
    """A picture of one day. sources: by role (red, green, blue, nir, swir1, ndvi, lswi, bsi, those of MASKS).

    grid: that of the red band or of the index; coarser masks and bands are laid on it by nearest cell.
    """

    name: str
    day: date
    grid: Grid
    sources: Mapping[str, Source]
    product: str
    notes: tuple[str, ...] = field(default=())

    def read(self, box: Box, *, masked: bool = True) -> dict[str, Array]:
        """Indices of a window (first column, first row, columns, rows): `ndvi`, `lswi`, `bsi` where bands allow.

        float32 (rows, columns), NaN for no data and, when `masked`, for clouds, shadow and snow. Refused
        (`scene_unreadable`) when the file breaks off or is damaged.
        """
        have = set(self.sources)
        found: dict[str, Array] = {}
        bands: dict[str, Array] = {}

        def _band(role: str) -> Array:
            if role not in bands:
                one = self.sources[role]
                raw = self._raw(role, box)
                bands[role] = scaled(raw, scale=one.scale, offset=one.offset, nodata=one.nodata)
            return bands[role]

        for index in INDICES:
            if index in have:
                found[index] = _band(index)
        if "ndvi" not in found:
            found["ndvi"] = ndvi(_band("red"), _band("nir"))
        if "lswi" not in found and {"nir", "swir1"} <= have:
            found["lswi"] = lswi(_band("nir"), _band("swir1"))
        if "bsi" not in found and {"blue", "red", "nir", "swir1"} <= have:
            found["bsi"] = bsi(_band("blue"), _band("red"), _band("nir"), _band("swir1"))
        if masked:
            for role in MASKS:
                if role in have:
                    hidden = ~clear_by(role, self._raw(role, box))
                    for values in found.values():
                        values[hidden] = np.nan
        return found

    def read_bands(self, roles: Sequence[str], box: Box) -> dict[str, Array] | None:
        """Reflectance of some bands in a window, clouds left in; None when the scene lacks one of them."""
        if not set(roles) <= set(self.sources):
            return None
        found = {}
        for role in roles:
            one = self.sources[role]
            found[role] = scaled(self._raw(role, box), scale=one.scale, offset=one.offset, nodata=one.nodata)
        return found

    def read_in_strips(self, box: Box) -> dict[str, Array]:
        """As `read`, strip by strip, so that no more than the indices themselves is held whole."""
        found: dict[str, Array] = {}
        for top, values in self.strips(box):
            for name, picture in values.items():
                whole = found.setdefault(name, np.full((box[3], box[2]), np.nan, np.float32))
                whole[top : top + len(picture)] = picture
        return found

    def strips(self, box: Box) -> Iterator[tuple[int, dict[str, Array]]]:
        """As `read`, STRIP_ROWS rows at a time from above: the first row within the window, and the indices."""
        column, row, columns, rows = box
        for top in range(0, rows, STRIP_ROWS):
            yield top, self.read((column, row + top, columns, min(STRIP_ROWS, rows - top)))

    def _raw(self, role: str, box: Box) -> Array:
        source = self.sources[role]
        if source.path.endswith(".npy"):
            return _raw_npy(source, box)
        import rasterio
        from rasterio.enums import Resampling
        from rasterio.errors import RasterioError
        from rasterio.windows import Window

        column, row, columns, rows = box
        try:
            with rasterio.open(source.path) as data:
                across, down = data.width / self.grid.columns, data.height / self.grid.rows
                window = Window(column * across, row * down, columns * across, rows * down)
                shape = (rows, columns)
                return np.asarray(
                    data.read(source.band, window=window, out_shape=shape, resampling=Resampling.nearest)
                )
        except (RasterioError, OSError) as error:
            raise Refused("scene_unreadable", scene=self.name, reason=_first_line(error)) from None

    def footprint(self, crs: CRS) -> tuple[float, float, float, float]:
        """West, south, east, north of the picture in another CRS."""
        return bounds_in(self.grid, crs)


def _raw_npy(source: Source, box: Box) -> Array:
    column, row, columns, rows = box
    stack = np.load(source.path, mmap_mode="r", allow_pickle=False)
    plane = stack[source.band - 1] if stack.ndim >= 3 else stack
    return np.array(plane.reshape(plane.shape[0], plane.shape[1])[row : row + rows, column : column + columns])


def _first_line(error: BaseException) -> str:
    cause = error.__cause__ or error
    return (str(cause).splitlines() or [type(cause).__name__])[0][:160]


def bounds_in(grid: Grid, crs: CRS) -> tuple[float, float, float, float]:
    """Bounds of a grid in another CRS, edges followed closely."""
    from pyproj import Transformer

    if grid.crs == crs:
        return grid.bounds
    made = Transformer.from_crs(grid.crs, crs, always_xy=True)
    found = made.transform_bounds(*grid.bounds, densify_pts=21)
    return float(found[0]), float(found[1]), float(found[2]), float(found[3])


@contextmanager
def quiet() -> Iterator[None]:
    """Without rasterio's warning of a file that is placed nowhere: that is refused in words of our own."""
    from rasterio.errors import NotGeoreferencedWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        yield


def grid_of(path: str, name: str) -> Grid:
    """The grid of a raster file; Refused when it cannot be opened (`scene_unreadable`) or has no CRS."""
    import rasterio
    from rasterio.errors import RasterioError

    try:
        with quiet(), rasterio.open(path) as data:
            if data.crs is None or data.transform.is_identity:
                raise Refused("scene_without_crs", scene=name)
            a, b, c, d, e, f = tuple(data.transform)[:6]
            return Grid(data.width, data.height, (a, b, c, d, e, f), CRS.from_wkt(data.crs.to_wkt()))
    except (RasterioError, OSError) as error:
        raise Refused("scene_unreadable", scene=name, reason=_first_line(error)) from None


def window_of(grid: Grid, bounds: tuple[float, float, float, float]) -> Box | None:
    """The cells of a grid that a box on the ground (in its CRS) touches, with a rim of two; None when none."""
    west, south, east, north = bounds
    corners = np.array([(west, south), (west, north), (east, south), (east, north)], float)
    cells = grid.to_cells(corners)
    first = np.maximum(np.floor(cells.min(axis=0)) - 2, 0).astype(int)
    last = np.minimum(np.ceil(cells.max(axis=0)) + 2, (grid.columns, grid.rows)).astype(int)
    if (cells.max(axis=0) <= 0).any() or (cells.min(axis=0) >= (grid.columns, grid.rows)).any():
        return None
    return int(first[0]), int(first[1]), int(last[0] - first[0]), int(last[1] - first[1])


def part_of(grid: Grid, box: Box) -> Grid:
    """The grid of a window."""
    column, row, columns, rows = box
    a, b, c, d, e, f = grid.transform
    return Grid(columns, rows, (a, b, a * column + b * row + c, d, e, d * column + e * row + f), grid.crs)


def fingerprint(values: Array) -> str:
    """A mark that two pictures share only when all their pixels do."""
    return hashlib.blake2b(np.ascontiguousarray(values).tobytes(), digest_size=16).hexdigest()


def gdal_path(path: Path | str, inside: str = "") -> str:
    """The address of a file, or of one inside a zip archive, as GDAL reads it."""
    return f"/vsizip/{Path(path).resolve()}/{inside}" if inside else str(path)
