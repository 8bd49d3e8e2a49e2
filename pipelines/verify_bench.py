"""Measures zonal statistics beside exactextract, each in a process of its own, with peak memory and agreement."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geo.zonal import BLOCK, Grid, coverage_in_blocks

Array = NDArray[Any]
SIDE = 6000
PIXEL_M = 10.0
DATES = 24
CORNERS = 9
BANDS = ("blue", "red", "nir", "swir1", "scl")


def parcels_of(rows: Array, count: int) -> Array:
    """Parcels `rows` of `count` on the SIDE × SIDE raster: nine-cornered, 8 to 30 m from their middle, in rows."""
    across = int(np.ceil(np.sqrt(count)))
    step = SIDE * PIXEL_M / across
    draw = np.random.default_rng(int(rows[0]))
    x = (rows % across + 0.5) * step + 300_000.0
    y = 3_400_000.0 - (rows // across + 0.5) * step
    angle = (np.arange(CORNERS) + draw.random((len(rows), CORNERS))) * 2 * np.pi / CORNERS
    radius = draw.uniform(8.0, 30.0, (len(rows), CORNERS))
    ring = np.stack([x[:, None] + radius * np.cos(angle), y[:, None] + radius * np.sin(angle)], axis=-1)
    return np.asarray(shapely.polygons(np.concatenate([ring, ring[:, :1]], axis=1)), dtype=object)


def _blocks(count: int) -> Iterator[partial[Array]]:
    for first in range(0, count, BLOCK):
        yield partial(parcels_of, np.arange(first, min(first + BLOCK, count)), count)


def raster_of(number: int) -> Array:
    """The raster of one date, float32, a tenth of it not seen."""
    picture = np.random.default_rng(1000 + number).random((SIDE, SIDE), dtype=np.float32)
    picture[: SIDE // 10] = np.nan
    return picture


def bands_of(number: int) -> Array:
    """The bands of one date as BANDS: ten-thousandths of reflectance, and a scene classification, some cloud."""
    draw = np.random.default_rng(2000 + number)
    planes = draw.integers(200, 6000, (len(BANDS), SIDE, SIDE), dtype=np.uint16)
    planes[-1] = np.where(planes[-1] < 780, 9, 4)
    return planes


def write_rasters(folder: Path, *, bands: bool = False) -> list[Path]:
    """DATES rasters as tiled GeoTIFFs, dates in their names: an index, or BANDS."""
    import rasterio
    from affine import Affine

    profile: dict[str, Any] = {
        "driver": "GTiff",
        "width": SIDE,
        "height": SIDE,
        "tiled": True,
        "crs": "EPSG:32648",
    }
    profile["transform"] = Affine(PIXEL_M, 0.0, 300_000.0, 0.0, -PIXEL_M, 3_400_000.0)
    profile |= {"count": len(BANDS), "dtype": "uint16"} if bands else {"count": 1, "dtype": "float32"}
    paths = []
    for number in range(DATES):
        day = date(2024, 1, 5) + timedelta(days=15 * number)
        path = folder / f"scene_{day:%Y%m%d}.tif"
        with rasterio.open(path, "w", interleave="band", **profile) as data:
            if bands:
                data.write(bands_of(number))
                data.descriptions = BANDS
                data.scales = (0.0001,) * (len(BANDS) - 1) + (1.0,)
            else:
                data.write(raster_of(number), 1)
        paths.append(path)
    return paths


def ours(count: int, folder: Path) -> dict[str, float]:
    """Seconds for cover shares, reading and summing, per date, and peak MB; means are left in the folder."""
    from pipelines.imagery_stack import raster_scenes

    grid = Grid(SIDE, SIDE, (PIXEL_M, 0.0, 300_000.0, 0.0, -PIXEL_M, 3_400_000.0), CRS.from_epsg(32648))
    coverage_in_blocks(_blocks(10), grid).statistics(np.zeros((SIDE, SIDE), np.float32))
    start = time.perf_counter()
    covered = coverage_in_blocks(_blocks(count), grid)
    laid = time.perf_counter()
    reading = summing = 0.0
    means = np.empty((count, DATES), np.float32)
    for number, path in enumerate(sorted(folder.glob("*.tif"))):
        begin = time.perf_counter()
        (scene,) = raster_scenes(path)
        picture = scene.read_in_strips((0, 0, SIDE, SIDE))["ndvi"]
        read = time.perf_counter()
        means[:, number] = covered.statistics(picture).mean
        reading += read - begin
        summing += time.perf_counter() - read
    np.save(folder / f"ours-{count}.npy", means[:, 0])
    return {
        "cover_s": laid - start,
        "read_s": reading,
        "sum_s": summing,
        "per_date_s": (laid - start + summing) / DATES,
        "peak_mb": _peak_mb(),
    }


def theirs(count: int, folder: Path) -> dict[str, float]:
    """exactextract in memory on one date: seconds and peak MB; its means are left in the folder."""
    import rasterio
    from exactextract import exact_extract
    from exactextract.raster import NumPyRasterSource
    from geopandas import GeoDataFrame

    shapes = np.concatenate([make() for make in _blocks(count)])
    with rasterio.open(min(folder.glob("*.tif"))) as data:
        picture = data.read(1)
    end = SIDE * PIXEL_M
    west, north = 300_000.0, 3_400_000.0
    source = NumPyRasterSource(picture, xmin=west, ymin=north - end, xmax=west + end, ymax=north)
    frame = GeoDataFrame(geometry=list(shapes), crs="EPSG:32648")
    start = time.perf_counter()
    found = exact_extract(source, frame, ["mean"], output="pandas")
    seconds = time.perf_counter() - start
    np.save(folder / f"theirs-{count}.npy", found["mean"].to_numpy(float))
    return {"per_date_s": seconds, "peak_mb": _peak_mb()}


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def measure(count: int, *, beside: int | None = None) -> dict[str, Any]:
    """Measure `count` parcels, exactextract on at most `beside` (100,000) of them: ratio and agreement."""
    few = min(count, beside or 100_000)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_rasters(folder)
        mine = _apart("ours", count, folder)
        same = mine if few == count else _apart("ours", few, folder)
        peer = _apart("theirs", few, folder)
        apart = np.abs(np.load(folder / f"ours-{few}.npy") - np.load(folder / f"theirs-{few}.npy"))
    return {
        "stage": f"zonal statistics, {DATES} dates of {SIDE}×{SIDE}",
        "parcels": count,
        "ours": mine,
        "beside": few,
        "ours_beside": same,
        "exactextract": peer,
        "ratio_per_date": peer["per_date_s"] / same["per_date_s"],
        "largest_difference": float(np.nanmax(apart)),
    }


def _apart(what: str, count: int, folder: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "pipelines.verify_bench", what, str(count), str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def main(arguments: list[str]) -> None:
    """`N` measures and prints JSON; `ours|theirs N FOLDER` is one side of it, in a process of its own."""
    if len(arguments) == 3:
        side = ours if arguments[0] == "ours" else theirs
        print(json.dumps(side(int(arguments[1]), Path(arguments[2]))))
    else:
        print(json.dumps(measure(int(arguments[0])), indent=1))


if __name__ == "__main__":
    main(sys.argv[1:])
