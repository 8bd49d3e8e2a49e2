"""Where points crowd more than chance would have it: Getis–Ord Gi* on a grid of hexagons."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from geo.errors import Refused
from geo.measure import SEMI_MAJOR_M

Floats = npt.NDArray[np.float64]

FEWEST_POINTS = 30
FEWEST_CELLS = 30
SMALLEST_CELL_M, LARGEST_CELL_M = 200.0, 2000.0
# Shares of false discoveries allowed, and the class of a cell that stands within them.
CLASSES = ((0.01, "99"), (0.05, "95"), (0.10, "90"))


def hot_spots(
    points: npt.ArrayLike,
    *,
    seed: int,
    within: Any = None,
    cell_m: float | None = None,
    permutations: int = 9999,
) -> pd.DataFrame:
    """Hexagons with the number of points in each and whether that is more, or less, than chance explains.

    points: shapely points, EPSG:4490; missing ones are left out. within: the area looked at (polygon,
    EPSG:4490), by default the convex hull of the points; points outside it are left out. cell_m: distance
    between centres of neighbouring cells; by default so that there are about two points to a cell, between
    200 m and 2 km. seed: of the permutations, so that the same points give the same answer.

    Returns geometry (EPSG:4490), count, z (standardised Gi*), p (pseudo-p of the permutations, two-sided)
    and class: `hot_99`, `hot_95`, `hot_90`, `none`, `cold_90`, `cold_95`, `cold_99`, by the false discovery
    rate of Benjamini and Hochberg, so that of the cells called hot at 95 at most 5 % are so by chance. A
    cell's neighbours are the six around it and itself. Refused with `hot_spots_too_few` under 30 points or
    cells.
    """
    lonlat = _coordinates(points, within)
    if len(lonlat) < FEWEST_POINTS:
        raise _too_few(len(lonlat), 0)
    area = shapely.convex_hull(shapely.multipoints(lonlat)) if within is None else within
    centre = np.array([lonlat[:, 0].mean(), lonlat[:, 1].mean()])
    scale = np.radians(1.0) * SEMI_MAJOR_M * np.array([np.cos(np.radians(centre[1])), 1.0])
    ground = shapely.transform(area, lambda xy: (xy - centre) * scale)
    metres = (lonlat - centre) * scale
    size = _cell_size(ground, len(lonlat)) if cell_m is None else cell_m
    centres = _hexagons(ground, size)
    if len(centres) < FEWEST_CELLS:
        raise _too_few(len(lonlat), len(centres))
    count = np.bincount(cKDTree(centres).query(metres)[1], minlength=len(centres))
    z, p = _getis_ord(count, centres, size, permutations, seed)
    corners = centres[:, None, :] + _corners(size)
    return pd.DataFrame(
        {
            "geometry": shapely.polygons(corners / scale + centre),
            "count": count.astype(np.int64),
            "z": z,
            "p": p,
            "class": _classes(z, p),
        }
    )


def _too_few(points: int, cells: int) -> Refused:
    return Refused(
        "hot_spots_too_few", points=points, cells=cells, needed=FEWEST_POINTS, needed_cells=FEWEST_CELLS
    )


def _coordinates(points: npt.ArrayLike, within: Any) -> Floats:
    shapes = np.asarray(points, dtype=object)
    shapes = shapes[(shapely.get_type_id(shapes) == 0) & ~shapely.is_empty(shapes)]
    if within is not None:
        shapely.prepare(within)
        shapes = shapes[shapely.intersects(within, shapes)]
    return np.asarray(shapely.get_coordinates(shapes))


def _cell_size(ground: Any, points: int) -> float:
    """Centre distance of hexagons of which each holds two points on average; a hexagon is √3/2 · d² large."""
    wide = np.sqrt(2 * shapely.area(ground) / points / (np.sqrt(3) / 2))
    return float(np.clip(wide, SMALLEST_CELL_M, LARGEST_CELL_M))


def _corners(size: float) -> Floats:
    angle = np.radians(60 * np.arange(7) + 30)
    return np.asarray(size / np.sqrt(3) * np.column_stack((np.cos(angle), np.sin(angle))))


def _hexagons(ground: Any, size: float) -> Floats:
    """The centres of the hexagons, pointing north, that meet the area; in metres, row by row from the south."""
    west, south, east, north = shapely.bounds(ground)
    rise = size * np.sqrt(3) / 2
    rows = np.arange(int((north - south) / rise) + 3)
    columns = np.arange(int((east - west) / size) + 3)
    row, column = np.meshgrid(rows, columns, indexing="ij")
    x = west - size + (column + 0.5 * (row % 2)) * size
    centres = np.column_stack((x.ravel(), (south - rise + row * rise).ravel()))
    shapely.prepare(ground)
    meets = shapely.intersects(ground, shapely.polygons(centres[:, None, :] + _corners(size)))
    return np.asarray(centres[meets])


def _getis_ord(
    count: npt.NDArray[Any], centres: Floats, size: float, permutations: int, seed: int
) -> tuple[Floats, Floats]:
    """Standardised Gi* of each cell with equal weights (Ord and Getis 1995, equation 5), and its pseudo-p."""
    if count.min() == count.max():
        return np.zeros(len(count)), np.ones(len(count))
    pairs = cKDTree(centres).query_pairs(size * 1.1, output_type="ndarray")
    around, taken = count.astype(float), np.ones(len(count), dtype=np.int64)
    for here, there in (pairs.T, pairs.T[::-1]):
        np.add.at(around, here, count[there])
        np.add.at(taken, here, 1)
    cells, mean = len(count), count.mean()
    spread = np.sqrt(np.mean(count.astype(float) ** 2) - mean**2)
    z = (around - mean * taken) / (spread * np.sqrt((cells * taken - taken**2) / (cells - 1)))
    return np.asarray(z, dtype=float), _permuted_p(count, around, taken, permutations, seed)


def _permuted_p(
    count: npt.NDArray[Any], around: npt.NDArray[Any], taken: npt.NDArray[Any], permutations: int, seed: int
) -> Floats:
    """Two-sided share of random groups of as many cells whose sum is as extreme as the one around each cell."""
    chance = np.random.default_rng(seed)
    p = np.ones(len(count))
    for size in np.unique(taken):
        groups = len(count) // size
        rounds = -(-permutations // groups)
        shuffled = np.stack([chance.permutation(count)[: groups * size] for _ in range(rounds)])
        sums = np.sort(shuffled.reshape(-1, size).sum(axis=1)[:permutations])
        here = np.flatnonzero(taken == size)
        above = len(sums) - np.searchsorted(sums, around[here], side="left")
        below = np.searchsorted(sums, around[here], side="right")
        p[here] = np.minimum(2 * (np.minimum(above, below) + 1) / (len(sums) + 1), 1.0)
    return p


def _classes(z: Floats, p: Floats) -> npt.NDArray[np.object_]:
    made = np.full(len(z), "none", dtype=object)
    order = np.argsort(p, kind="stable")
    for allowed, name in reversed(CLASSES):
        within = p[order] <= allowed * np.arange(1, len(p) + 1) / len(p)
        if not within.any():
            continue
        limit = p[order][np.flatnonzero(within)[-1]]
        made[(p <= limit) & (z > 0)] = f"hot_{name}"
        made[(p <= limit) & (z < 0)] = f"cold_{name}"
    return made
