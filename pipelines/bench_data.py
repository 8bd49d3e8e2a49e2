"""A county for measuring speed: parcels, villages, plan polygons, red line, transfers and points, all seeded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from geo.measure import area_m2

Floats = npt.NDArray[np.float64]
Geometries = npt.NDArray[np.object_]

SOUTH_WEST = (106.2, 30.1)
PARCEL_DEGREES = 0.00038
VILLAGES_A_SIDE = 20
ROW_GROUP = 50_000
LAYERS = ("parcels", "villages", "farmland", "redline", "transfers", "points")


def make_county(folder: Path, parcels: int, *, seed: int = 20260601) -> dict[str, Path]:
    """Write the layers as GeoParquet (EPSG:4490, WKB) into a folder; returns the files by layer name.

    parcels: how many; transfers, points and plan polygons grow in proportion, the villages are always 400.
    Parcels share their borders vertex by vertex, but for one in two hundred, which lies on its neighbour;
    they have 8 vertices each. Villages are wiggly and leave no gap.
    """
    chance = np.random.default_rng(seed)
    side = int(np.ceil(np.sqrt(parcels * 1.4)))
    extent = side * PARCEL_DEGREES
    layers = {
        "parcels": _parcels(chance, side, parcels),
        "villages": _cells(chance, VILLAGES_A_SIDE, extent, points=96, wiggle=0.04),
        "farmland": _farmland(chance, max(int(np.sqrt(parcels * 0.05)), 2), extent),
        "redline": _redline(chance, extent),
        "transfers": _transfers(chance, max(int(np.sqrt(parcels * 0.3)), 2), extent),
        "points": shapely.points(SOUTH_WEST + chance.uniform(-0.01, 1.01, (parcels // 5, 2)) * extent),
    }
    return {name: _write(folder / f"{name}.parquet", shapes) for name, shapes in layers.items()}


def _write(path: Path, shapes: Geometries) -> Path:
    import geopandas as gpd

    frame = gpd.GeoDataFrame({"id": np.arange(len(shapes)), "area_m2": area_m2(shapes)}, geometry=shapes, crs=4490)
    frame.to_parquet(path, compression="zstd", row_group_size=ROW_GROUP)
    return path


def _corners(chance: np.random.Generator, side: int, step: float, jitter: float) -> Floats:
    """A lattice of (side + 1)² corners, moved about inside, straight along the outer border."""
    grid = np.stack(np.meshgrid(np.arange(side + 1.0), np.arange(side + 1.0), indexing="xy"), axis=-1)
    moved = chance.uniform(-jitter, jitter, grid.shape)
    moved[0, :, 1] = moved[-1, :, 1] = 0
    moved[:, 0, 0] = moved[:, -1, 0] = 0
    return np.asarray((grid + moved) * step + SOUTH_WEST)


def _edges(chance: np.random.Generator, a: Floats, b: Floats, points: int, wiggle: float) -> Floats:
    """Points along edges a → b without b: (…, points + 1, 2), a rough walk that returns to the line."""
    share = np.arange(points + 1) / (points + 1)
    straight = a[..., None, :] + (b - a)[..., None, :] * share[:, None]
    walk = np.cumsum(chance.normal(0, 1, (*a.shape[:-1], points + 1)), axis=-1)
    walk -= walk[..., :1] + (walk[..., -1:] - walk[..., :1]) * share
    walk[..., 0] = 0
    across = np.stack((-(b - a)[..., 1], (b - a)[..., 0]), axis=-1)
    size = walk * wiggle / np.sqrt(points + 1)
    return np.asarray(straight + across[..., None, :] * size[..., None])


def _rings(corner: Floats, along_x: Floats, along_y: Floats) -> Floats:
    """The closed rings of all lattice cells, row by row, from the shared points of their four edges."""
    south, north = along_x[:-1], along_x[1:]
    west, east = along_y[:, :-1], along_y[:, 1:]
    start = corner[:-1, :-1, None]
    back_north = np.concatenate((corner[1:, 1:, None], north[:, :, :0:-1]), axis=2)
    back_west = np.concatenate((corner[1:, :-1, None], west[:, :, :0:-1]), axis=2)
    ring = np.concatenate((south, east, back_north, back_west, start), axis=2)
    return np.asarray(ring.reshape(-1, ring.shape[2], 2))


def _lattice(
    chance: np.random.Generator, side: int, step: float, jitter: float, points: int, wiggle: float
) -> Floats:
    corner = _corners(chance, side, step, jitter)
    along_x = _edges(chance, corner[:, :-1], corner[:, 1:], points, wiggle)
    along_y = _edges(chance, corner[:-1], corner[1:], points, wiggle)
    return _rings(corner, along_x, along_y)


def _cells(chance: np.random.Generator, side: int, extent: float, *, points: int, wiggle: float) -> Geometries:
    made = shapely.polygons(_lattice(chance, side, extent / side, 0.2, points, wiggle))
    return np.asarray(shapely.make_valid(made, method="structure"))


def _parcels(chance: np.random.Generator, side: int, count: int) -> Geometries:
    """`count` cells of a lattice, row by row; one in two hundred lies on its neighbour."""
    rings = _lattice(chance, side, PARCEL_DEGREES, 0.18, 1, 0.10)
    kept = np.sort(chance.permutation(len(rings))[:count])
    rings = rings[kept]
    moved = chance.random(len(rings)) < 0.005
    rings[moved] += PARCEL_DEGREES * 0.15
    return np.asarray(shapely.polygons(rings))


def _farmland(chance: np.random.Generator, side: int, extent: float) -> Geometries:
    """Plan polygons with gaps between them, 37 vertices each."""
    rings = _lattice(chance, side, extent / side, 0.15, 8, 0.05)
    centre = rings[:, :-1].mean(axis=1, keepdims=True)
    shrunk = centre + (rings - centre) * chance.uniform(0.75, 0.97, (len(rings), 1, 1))
    made = shapely.make_valid(shapely.polygons(shrunk), method="structure")
    return np.asarray(made[chance.random(len(made)) < 0.92])


def _star(chance: np.random.Generator, centre: Floats, radius: float, points: int) -> Any:
    angle = np.linspace(0, 2 * np.pi, points, endpoint=False)
    waves = np.arange(1, 60)
    phase, weight = chance.uniform(0, 2 * np.pi, 59), chance.normal(0, 1, 59) / waves
    reach = radius * (1 + 0.25 * (weight[:, None] * np.sin(waves[:, None] * angle + phase[:, None])).sum(axis=0))
    reach = np.maximum(reach, radius * 0.2)
    return shapely.Polygon(centre + reach[:, None] * np.column_stack((np.cos(angle), np.sin(angle))))


def _redline(chance: np.random.Generator, extent: float) -> Geometries:
    """Twelve multipolygons of some ten thousand vertices, with holes."""
    made = []
    for _ in range(12):
        parts = []
        for _ in range(4):
            centre = SOUTH_WEST + chance.uniform(0.05, 0.95, 2) * extent
            body = _star(chance, centre, extent / 14, 5000)
            hole = _star(chance, centre, extent / 60, 1200)
            parts.append(shapely.difference(body, hole))
        made.append(shapely.union_all(parts))
    apart: list[Any] = []
    taken = shapely.Polygon()
    for shape in made:
        apart.append(shapely.difference(shape, taken))
        taken = shapely.union_all([taken, shape])
    return np.array([shape for shape in apart if not shapely.is_empty(shape)], dtype=object)


def _transfers(chance: np.random.Generator, side: int, extent: float) -> Geometries:
    """Cells that each cover part of the land, one in ten moved onto its neighbour."""
    rings = _lattice(chance, side, extent / side, 0.18, 2, 0.05)
    centre = rings[:, :-1].mean(axis=1, keepdims=True)
    shrunk = centre + (rings - centre) * chance.uniform(0.6, 0.98, (len(rings), 1, 1))
    moved = chance.random(len(rings)) < 0.1
    shrunk[moved] += extent / side * 0.2
    return np.asarray(shapely.polygons(shrunk))
