"""Invents two years of pictures for an invented county, with known idle parcels, to try the check on."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import rasterio
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS
from rasterio.features import rasterize
from rasterio.windows import Window

from geo.season_truth import CURVES, IDLE, PIXEL_M, SHARES
from pipelines.verify_parcels import read_parcels
from pipelines.workspace import Workspace

Array = NDArray[Any]
LAYERS = ("abandoned_parcel", "land_transfer")
BANDS = ("blue", "green", "red", "nir", "swir1", "scl")
# Reflectance of soil, leaves and water in those bands; what lies between parcels is half leaves.
SOIL = np.array([0.08, 0.11, 0.15, 0.22, 0.29])
LEAVES = np.array([0.03, 0.06, 0.03, 0.45, 0.17])
WATER = np.array([0.06, 0.07, 0.06, 0.05, 0.02])
CLOUD = np.array([0.62, 0.62, 0.63, 0.65, 0.45])
STEP_DAYS = 16
BLOCK = 128
TRANSPLANTED = (130, 165)
CLEAR, CLOUDED = 4, 9


def reflectance(index: Array, flooded: Array) -> Array:
    """Reflectance (bands, …) of ground whose index is so high; under water where `flooded`."""
    leaves = np.clip((index - 0.19) / 0.65, 0, 1)
    dry = SOIL[:, None] * (1 - leaves) + LEAVES[:, None] * leaves
    wet = WATER[:, None] * (1 - leaves) + LEAVES[:, None] * leaves
    return np.where(flooded, 0.3 * dry + 0.7 * wet, dry)


def uses(orchard: Array, idle: float, rng: np.random.Generator) -> Array:
    """What each parcel is used for: an orchard where declared, else a crop; a share `idle` is not used."""
    names = [name for name in SHARES if name != "orchard"]
    weight = np.array([SHARES[name] for name in names])
    lies = np.isin(names, IDLE)
    weight[lies] *= idle / weight[lies].sum()
    weight[~lies] *= (1 - idle) / weight[~lies].sum()
    drawn = rng.choice(names, size=len(orchard), p=weight)
    return np.where(orchard & ~np.isin(drawn, IDLE), "orchard", drawn)


def invent(workspace: Workspace, out: Path, *, first: date, last: date, idle: float, seed: int) -> pd.DataFrame:
    """Write a picture every STEP_DAYS from `first` to `last` into `out`, and `truth.csv` beside them.

    Returned: layer, id, use, idle (bool) of each parcel. Parcels of a contract are used alike.
    """
    rng = np.random.default_rng(seed)
    out.mkdir(parents=True, exist_ok=True)
    parts, shapes = [], []
    for layer in LAYERS:
        parcels = read_parcels(workspace, layer, None)
        rows = np.flatnonzero(parcels.frame["area_m2"].to_numpy(float) > 0)
        west, _, east, _ = parcels.bounds
        plane = CRS.from_epsg(32600 + int(((west + east) / 2 + 180) // 6) + 1)
        frame = parcels.frame.iloc[rows]
        key = frame["contract_id"].where(frame["contract_id"].notna(), frame["id"]).to_numpy(object)
        at, known = pd.factorize(pd.Series(key))
        orchard = np.zeros(len(known), bool)
        np.logical_or.at(orchard, at, (frame["management"] == "orchard").to_numpy())
        parts.append(pd.DataFrame({"layer": layer, "id": frame["id"], "use": uses(orchard, idle, rng)[at]}))
        shapes.append(parcels.shapes(rows, plane))
    truth = pd.concat(parts, ignore_index=True)
    truth["idle"] = truth["use"].isin(IDLE)
    _draw(np.concatenate(shapes), truth["use"].to_numpy(object), plane, out, _days(first, last), rng)
    truth.to_csv(out / "truth.csv", index=False)
    return truth


def _days(first: date, last: date) -> Iterator[date]:
    day = first
    while day <= last:
        yield day
        day += timedelta(days=STEP_DAYS)


def _draw(
    shapes: Array, use: Array, plane: CRS, out: Path, days: Iterator[date], rng: np.random.Generator
) -> None:
    bounds = np.array([shape.bounds for shape in shapes])
    west, south = np.floor(bounds[:, :2].min(axis=0) / 100) * 100 - 500
    east, north = np.ceil(bounds[:, 2:].max(axis=0) / 100) * 100 + 500
    place = Affine(PIXEL_M, 0.0, west, 0.0, -PIXEL_M, north)
    size = (int((north - south) / PIXEL_M), int((east - west) / PIXEL_M))
    owner = rasterize(zip(shapes, range(1, len(shapes) + 1), strict=True), size, transform=place, dtype="int32")
    late, strength = rng.normal(0, 7, len(use)), np.clip(rng.normal(1, 0.08, len(use)), 0.75, 1.25)
    windows = list(_windows(owner))
    profile: dict[str, Any] = {"driver": "GTiff", "width": size[1], "height": size[0], "count": len(BANDS)}
    profile |= {"dtype": "uint16", "nodata": 0, "tiled": True, "blockxsize": BLOCK, "blockysize": BLOCK}
    profile |= {"compress": "deflate", "sparse_ok": True, "crs": plane.to_wkt(), "transform": place}
    for day in days:
        index, flooded = _level(use, day, late, strength)
        with rasterio.open(out / f"invented_{day:%Y%m%d}.tif", "w", **profile) as data:
            data.descriptions = BANDS
            data.scales, data.offsets = (0.0001,) * 5 + (1.0,), (0.0,) * 6
            for window in windows:
                data.write(_picture(owner, window, index, flooded, rng), window=window)


def _windows(owner: Array) -> Iterator[Window]:
    """Blocks in which a parcel lies; the rest of a picture is left empty."""
    for top in range(0, owner.shape[0], BLOCK):
        for left in range(0, owner.shape[1], BLOCK):
            part = owner[top : top + BLOCK, left : left + BLOCK]
            if part.any():
                yield Window(left, top, part.shape[1], part.shape[0])


def _level(use: Array, day: date, late: Array, strength: Array) -> tuple[Array, Array]:
    """Index of every parcel on a day, and which lie under water."""
    number = day.timetuple().tm_yday
    out = np.empty(len(use))
    for name, corners in CURVES.items():
        here = use == name
        at, value = np.array(corners, float).T
        out[here] = 0.2 + (np.interp(number - late[here], at, value) - 0.2) * strength[here]
    wet = np.char.find(use.astype(str), "rice") >= 0
    since = number - late
    return np.clip(out, 0.05, 0.92), wet & (since >= TRANSPLANTED[0]) & (since <= TRANSPLANTED[1])


def _picture(owner: Array, window: Window, index: Array, flooded: Array, rng: np.random.Generator) -> Array:
    """Bands of one block as ten-thousandths, a cloud over some of it, and the classes of its pixels."""
    rows = slice(window.row_off, window.row_off + window.height)
    part = owner[rows, window.col_off : window.col_off + window.width]
    level = np.append(index, 0.52)[part.ravel() - 1]
    wet = np.append(flooded, False)[part.ravel() - 1]
    bands = reflectance(level + rng.normal(0, 0.015, len(level)), wet)
    bands = bands * rng.normal(1, 0.015, bands.shape)
    y, x = np.divmod(np.arange(part.size), part.shape[1])
    reach = rng.uniform(0, 110) if rng.random() < 0.55 else 0.0
    centre = rng.uniform(0, part.shape[0]), rng.uniform(0, part.shape[1])
    cloudy = (y - centre[0]) ** 2 + (x - centre[1]) ** 2 < reach**2
    bands[:, cloudy] = CLOUD[:, None]
    made = np.rint(np.clip(bands, 0.0001, 1.5) * 10_000)
    made = np.vstack([made, np.where(cloudy, CLOUDED, CLEAR)[None]])
    return made.reshape(len(BANDS), *part.shape).astype(np.uint16)


def main(arguments: Sequence[str] | None = None) -> None:
    """`DIR OUT [--first D] [--last D] [--idle SHARE] [--seed S]`: write the pictures and say how many are idle."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("dir", type=Path)
    reader.add_argument("out", type=Path)
    reader.add_argument("--first", type=date.fromisoformat, default=date(2024, 10, 20))
    reader.add_argument("--last", type=date.fromisoformat, default=date(2026, 10, 31))
    reader.add_argument("--idle", type=float, default=0.12)
    reader.add_argument("--seed", type=int, default=1)
    given = reader.parse_args(arguments)
    made = invent(
        Workspace(given.dir), given.out, first=given.first, last=given.last, idle=given.idle, seed=given.seed
    )
    print(made.groupby(["layer", "idle"]).size().to_string())


if __name__ == "__main__":
    main()
