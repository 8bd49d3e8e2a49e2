"""GeoTIFF and COG: index stacks and band composites with the date in the name or in the bands; EOPatch folders."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from pyproj import CRS

from geo.errors import Refused
from geo.verify_values import scale_of
from geo.zonal import Grid
from pipelines.imagery import Scene, Source, grid_of
from pipelines.imagery_names import day_in, impossible_day_in, role_in

# Codes for "no value" of products that forget to say so, by type of number.
FORGOTTEN = {"uint16": (65535.0,), "int16": (-32768.0, 32767.0, -9999.0, -3000.0), "float32": (-9999.0,)}


def raster_scenes(path: Path) -> Iterator[Scene]:
    """The scenes of one raster file: one when the date is in its name, one per band when its bands have dates.

    Refused: no date (`scene_without_date`) or one that is none (`scene_date_impossible`), no CRS, unreadable, or
    bands that give no index (`scene_without_index`).
    """
    import rasterio
    from rasterio.errors import RasterioError

    grid = grid_of(str(path), path.name)
    try:
        with rasterio.open(path) as data:
            described = list(data.descriptions)
            tags = [data.tags(i + 1) for i in range(data.count)]
            facts = list(zip(data.dtypes, data.nodatavals, data.scales, data.offsets, strict=True))
            count = data.count
    except (RasterioError, OSError) as error:
        raise Refused("scene_unreadable", scene=path.name, reason=str(error).splitlines()[0][:160]) from None
    sources = [_source(path, i, *facts[i]) for i in range(count)]
    days = [
        day_in(text or "") or day_in(" ".join(tag.values())) for text, tag in zip(described, tags, strict=True)
    ]
    if count > 1 and all(days):
        for day, source in zip(days, sources, strict=True):
            assert day is not None
            yield Scene(f"{path.name}#{source.band}", day, grid, {"ndvi": _index(source, path)}, "stack")
        return
    day = day_in(path.stem)
    if day is None:
        impossible = impossible_day_in(path.stem)
        if impossible:
            raise Refused("scene_date_impossible", scene=path.name, text=impossible)
        raise Refused("scene_without_date", scene=path.name)
    roles = {role: source for text, source in zip(described, sources, strict=True) if (role := role_in(text))}
    if count == 1 and "ndvi" not in roles:
        roles = {"ndvi": sources[0]}
    if "ndvi" in roles:
        roles["ndvi"] = _index(roles["ndvi"], path)
    elif not {"red", "nir"} <= set(roles):
        raise Refused("scene_without_index", scene=path.name, bands=", ".join(t or "?" for t in described))
    yield Scene(path.name, day, grid, roles, "stack")


def _source(path: Path, index: int, kind: str, nodata: float | None, scale: float, offset: float) -> Source:
    codes = (*(() if nodata is None else (float(nodata),)), *FORGOTTEN.get(kind, ()))
    return Source(str(path), index + 1, scale or 1.0, offset or 0.0, codes)


def _index(source: Source, path: Path) -> Source:
    """An index band brought to −1…1 when its own tags do not: whole numbers by their type, fractions must be so.

    Whole numbers are ten-thousandths, bytes hundredths or as `geo.verify_values.scale_of` tells. Refused
    (`scene_without_index`) when samples show numbers no index can have.
    """
    import rasterio
    from rasterio.errors import RasterioError

    if source.scale != 1.0 or source.offset != 0.0:
        return source
    try:
        with rasterio.open(path) as data:
            sample = np.concatenate([data.read(source.band, window=w).ravel() for w in _samples(data)])
    except (RasterioError, OSError) as error:
        raise Refused("scene_unreadable", scene=path.name, reason=str(error).splitlines()[0][:160]) from None
    factor = 1.0 if sample.dtype.kind == "f" else 100.0 if sample.dtype.itemsize == 1 else 10_000.0
    seen = sample[np.isfinite(sample) & ~np.isin(sample, source.nodata)].astype(float)
    high = float(np.quantile(np.abs(seen), 0.99)) if len(seen) else 0.0
    if sample.dtype == np.uint8 and high > 1.2 * factor:
        scale, zero = scale_of(seen)
        return Source(source.path, source.band, 1.0 / scale, -zero / scale, source.nodata)
    if high > 1.2 * factor:
        raise Refused("scene_without_index", scene=path.name, bands=f"0 … {high:.0f}")
    return Source(source.path, source.band, 1.0 / factor, 0.0, source.nodata)


def _samples(data: Any) -> list[Any]:
    """Five windows of a picture: its corners and its middle, so that a large one need not be read whole."""
    from rasterio.windows import Window

    width, height = min(data.width, 256), min(data.height, 256)
    right, bottom = data.width - width, data.height - height
    places = {(0, 0), (right, 0), (0, bottom), (right, bottom), (right // 2, bottom // 2)}
    return [Window(left, top, width, height) for left, top in sorted(places)]


def patch_scenes(folder: Path) -> Iterator[Scene]:
    """The dates of an EOPatch folder: NDVI with its cloud mask, placed by its bounding box.

    Refused (`scene_unreadable`) when its parts are missing or disagree in size.
    """
    try:
        days = [datetime.fromisoformat(t).date() for t in json.loads((folder / "timestamps.json").read_text())]
        grid = _patch_grid(folder)
        index = folder / "data" / "NDVI.npy"
        stack = np.load(index, mmap_mode="r", allow_pickle=False)
        if stack.shape[:3] != (len(days), grid.rows, grid.columns):
            raise ValueError(f"{stack.shape}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused("scene_unreadable", scene=folder.name, reason=str(error)[:160]) from None
    masks = {"clear": folder / "mask" / "IS_DATA.npy", "cloud": folder / "mask" / "CLM.npy"}
    for band, day in enumerate(days, start=1):
        sources = {role: Source(str(path), band) for role, path in masks.items() if path.is_file()}
        sources["ndvi"] = Source(str(index), band)
        yield Scene(f"{folder.name}#{band}", day, grid, sources, "eopatch")


def _patch_grid(folder: Path) -> Grid:
    box: dict[str, Any] = json.loads((folder / "bbox.geojson").read_text())
    corners = np.array(box["coordinates"][0])
    west, south = corners.min(axis=0)
    east, north = corners.max(axis=0)
    rows, columns = np.load(folder / "data" / "NDVI.npy", mmap_mode="r").shape[1:3]
    across, down = (east - west) / columns, (south - north) / rows
    crs = CRS.from_user_input(box["crs"]["properties"]["name"])
    return Grid(columns, rows, (across, 0.0, west, 0.0, down, north), crs)
