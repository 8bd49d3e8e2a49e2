"""The ground between villages and fields: some 25,000 blocks, each tilled along one direction or left to wood."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from data_samples.areas import Areas
from data_samples.terrain import Floats, Terrain, noise

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

SPACING = 230.0
NEIGHBOURS = 16
"""So many nearest blocks are enough to bound a block: a jittered grid has no neighbour further down the list."""


@dataclass(frozen=True)
class Blocks:
    """Blocks inside the county, in EPSG:4544, numbered as generated.

    seed: (n, 2). outline: convex polygons. village, township: positions in `Areas`. along: direction of the
    contour (radians). rank: 0 for its village's best valley land, 1 for its worst. neglect: how much it tends
    to be abandoned (about 0, spread 1). town_m: metres to the nearest market town. urban: built up, no field.
    bound_normal (n, 16, 2), bound_m (n, 16): a point p is inside where (p - seed)·normal < bound for all.
    """

    seed: Floats
    outline: NDArray[np.object_]
    village: Ints
    township: Ints
    along: Floats
    rank: Floats
    neglect: Floats
    town_m: Floats
    urban: Bools
    bound_normal: Floats
    bound_m: Floats


def make_blocks(rng: np.random.Generator, terrain: Terrain, areas: Areas) -> Blocks:
    """Cut the county and a belt around it into blocks and keep those whose middle lies in a village."""
    west, south, east, north = areas.county.total_bounds
    grid = np.stack(
        np.meshgrid(np.arange(west - 900, east + 900, SPACING), np.arange(south - 900, north + 900, SPACING)),
        axis=-1,
    ).reshape(-1, 2)
    everywhere = grid + rng.uniform(-0.32, 0.32, grid.shape) * SPACING
    outline = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(everywhere), ordered=True))
    village = locate(areas, everywhere[:, 0], everywhere[:, 1])
    own = village >= 0
    distance, near = cKDTree(everywhere).query(everywhere[own], k=NEIGHBOURS + 1)
    normal = (everywhere[near[:, 1:]] - everywhere[own][:, None]) / distance[:, 1:, None]
    seed, village = everywhere[own], village[own]
    x, y = seed.T
    relief = terrain.at(terrain.relief, x, y)
    eastward, northward = terrain.uphill(x, y)
    towns = np.column_stack([areas.towns.geometry.x, areas.towns.geometry.y])
    town_m, town = cKDTree(towns).query(seed)
    mood = terrain.at(noise(rng, len(terrain.height), terrain.step, 3_000), x, y)
    quality = relief / 60 - 0.7 * terrain.at(noise(rng, len(terrain.height), terrain.step, 700), x, y)
    return Blocks(
        seed=seed,
        outline=outline[own],
        village=village,
        township=areas.townships["code"].searchsorted(areas.villages["parent"].to_numpy()[village]),
        along=np.arctan2(northward, eastward) + np.pi / 2,
        rank=rank_within(village, quality),
        neglect=mood + relief / 150 + town_m / 6_000,
        town_m=town_m,
        urban=town_m < np.where(town == 0, 1_700, 420),
        bound_normal=normal,
        bound_m=distance[:, 1:] / 2,
    )


def locate(areas: Areas, x: Floats, y: Floats) -> Ints:
    """The position of the village in which each point of EPSG:4544 lies, -1 outside the county."""
    found = np.full(len(x), -1, dtype=np.int64)
    for position, outline in enumerate(areas.villages.geometry):
        west, south, east, north = outline.bounds
        near = np.flatnonzero((x >= west) & (x <= east) & (y >= south) & (y <= north))
        shapely.prepare(outline)
        found[near[shapely.contains_xy(outline, x[near], y[near])]] = position
    return found


def rank_within(group: Ints, value: Floats) -> Floats:
    """The share of the same group's members with a smaller value, from 0 up to below 1."""
    order = np.lexsort((value, group))
    size = np.bincount(group)
    first = np.concatenate([[0], np.cumsum(size)[:-1]])
    rank = np.empty(len(value))
    rank[order] = (np.arange(len(value)) - first[group[order]]) / size[group[order]]
    return rank


def draw(seed: int, salt: int, *keys: Ints) -> Floats:
    """Numbers in [0, 1) that depend on nothing but seed, salt and keys (broadcast): the same in any order of work.

    The mixing is SplitMix64's (Steele, Lea and Flood 2014).
    """
    mixed = np.array((seed * 0x10001 + salt) % 2**64, dtype=np.uint64)
    for key in keys:
        mixed = _mix(mixed ^ np.asarray(key).astype(np.uint64))
    return np.asarray((mixed >> np.uint64(11)).astype(np.float64) / 2.0**53)


def _mix(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    value = value + np.uint64(0x9E3779B97F4A7C15)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: NDArray[np.uint64] = value ^ (value >> np.uint64(31))
    return mixed
