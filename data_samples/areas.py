"""The invented county, its townships and villages: no gap, no overlap, winding shared borders."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import Voronoi

from data_samples import names
from data_samples.terrain import CENTRE, CRS, Floats, Terrain, noise

Ints = NDArray[np.int64]

COUNTY_CODE = "519721"
TOWNSHIPS, VILLAGES = 30, 400
RADIUS = 19_600.0
"""Metres from the middle to the border, on the whole, of a county of VILLAGES villages."""
SPACING = 230.0
"""Metres between the small cells of which villages are put together."""


@dataclass(frozen=True)
class Areas:
    """The three levels as GeoDataFrames in EPSG:4544, each with code, name, parent, geometry, sorted by code.

    towns: one market town a township (code, geometry as point), the first being the county town.
    """

    county: gpd.GeoDataFrame
    townships: gpd.GeoDataFrame
    villages: gpd.GeoDataFrame
    towns: gpd.GeoDataFrame


@dataclass(frozen=True)
class _Cells:
    """Small Voronoi cells of the county: their seeds, and each border as (cell, cell, corner, corner).

    A cell outside the county is -1. kites: for each border its two corners and the seeds on its two sides,
    shape (n, 4, 2); the triangles from a border to its seeds meet no other border's triangles.
    """

    seeds: Floats
    borders: Ints
    kites: Floats


def make_areas(
    rng: np.random.Generator, terrain: Terrain, *, townships: int = TOWNSHIPS, villages: int = VILLAGES
) -> Areas:
    """Grow townships and villages over the land, slower uphill, so that borders tend to follow the ridges."""
    cells = _make_cells(rng, terrain, RADIUS * (villages / VILLAGES) ** 0.5)
    inner = cells.borders[(cells.borders[:, :2] >= 0).all(axis=1)]
    graph = _graph(cells, inner, terrain)
    village_seeds = _scatter(rng, terrain, cells.seeds, villages)
    village_of = _grow(graph, village_seeds)
    links = np.unique(np.sort(village_of[inner[:, :2]], axis=1), axis=0)
    links = links[links[:, 0] != links[:, 1]]
    centres = cells.seeds[village_seeds]
    town_villages = _scatter(rng, terrain, centres, townships)
    away = np.hypot(*(centres[links[:, 0]] - centres[links[:, 1]]).T)
    ties = coo_matrix((away, links.T), shape=(villages, villages)).tocsr()
    township_of = _grow(ties + ties.T, town_villages)
    outlines = _outlines(rng, cells, village_of, villages)
    return _name_and_stack(rng, outlines, township_of, centres[town_villages], centres)


def _make_cells(rng: np.random.Generator, terrain: Terrain, radius: float) -> _Cells:
    """Seeds on a jittered grid, kept where an irregular blob covers them; borders carry -1 on the outer side."""
    size = len(terrain.height)
    reach = (size - 8) * terrain.step / 2
    axis = np.arange(-reach, reach, SPACING)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    seeds = grid + rng.uniform(-0.38, 0.38, grid.shape) * SPACING
    bulge = terrain.at(noise(rng, size, terrain.step, 8_000), seeds[:, 0] + CENTRE[0], seeds[:, 1] + CENTRE[1])
    away = np.hypot(seeds[:, 0] / 1.15, seeds[:, 1] * 1.08)
    inside = away / radius + 0.087 * np.clip(bulge, -2, 2) < 1
    seeds += CENTRE
    diagram = Voronoi(seeds)
    pairs = diagram.ridge_points.astype(np.int64)
    ends = np.array(diagram.ridge_vertices, dtype=np.int64)
    piece = _largest_piece(pairs, inside)
    number = np.where(piece, np.cumsum(piece) - 1, -1)
    sides = number[pairs]
    used = (sides >= 0).any(axis=1) & (ends >= 0).all(axis=1)
    pairs, ends = pairs[used], ends[used]
    kites = np.concatenate([np.round(diagram.vertices, 2)[ends], seeds[pairs]], axis=1)
    return _Cells(seeds[piece], np.column_stack([sides[used], ends]), kites)


def _largest_piece(pairs: Ints, inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest connected group of inside cells, with the holes in it filled."""
    from scipy.sparse.csgraph import connected_components

    def _largest(member: NDArray[np.bool_]) -> NDArray[np.bool_]:
        kept = pairs[member[pairs].all(axis=1)]
        graph = coo_matrix((np.ones(len(kept)), kept.T), shape=(len(member), len(member)))
        _, label = connected_components(graph, directed=False)
        return np.asarray(label == np.bincount(label[member]).argmax())

    return ~_largest(~_largest(inside))


def _graph(cells: _Cells, inner: Ints, terrain: Terrain) -> csr_matrix:
    """Travel cost between neighbouring cells: distance, dearer on high ground and on climbs."""
    first, second = cells.seeds[inner[:, 0]], cells.seeds[inner[:, 1]]
    distance = np.hypot(*(first - second).T)
    height = terrain.at(terrain.height, cells.seeds[:, 0], cells.seeds[:, 1])
    relief = terrain.at(terrain.relief, cells.seeds[:, 0], cells.seeds[:, 1])
    climb = np.abs(height[inner[:, 0]] - height[inner[:, 1]])
    cost = distance * (1 + relief[inner[:, :2]].mean(axis=1) / 140) + 4 * climb
    graph = coo_matrix((cost, inner[:, :2].T), shape=(len(cells.seeds),) * 2).tocsr()
    return graph + graph.T


def _scatter(rng: np.random.Generator, terrain: Terrain, places: Floats, count: int) -> Ints:
    """`count` of `places`, well apart and rather in valleys: the best of random candidates, one after another."""
    low = terrain.at(terrain.relief, places[:, 0], places[:, 1])
    bonus = 1 / (1 + low / 70)
    chosen = [int(np.argmin(np.hypot(*(places - CENTRE).T) + 40 * low))]
    nearest = np.hypot(*(places - places[chosen[0]]).T)
    for _ in range(count - 1):
        candidates = rng.choice(len(places), size=min(len(places), 60), replace=False)
        best = int(candidates[np.argmax(nearest[candidates] * bonus[candidates])])
        chosen.append(best)
        nearest = np.minimum(nearest, np.hypot(*(places - places[best]).T))
    return np.array(chosen)


def _grow(graph: csr_matrix, seeds: Ints) -> Ints:
    """For each node the position in `seeds` of the one cheapest to reach it from."""
    _, _, source = dijkstra(graph, directed=False, indices=seeds, min_only=True, return_predecessors=True)
    order = np.empty(graph.shape[0], dtype=np.int64)
    order[seeds] = np.arange(len(seeds))
    return np.asarray(order[source])


def _outlines(rng: np.random.Generator, cells: _Cells, village_of: Ints, count: int) -> list[shapely.Geometry]:
    """One polygon a village, made of the borders between different villages, each bent once for both sides."""
    label = np.where(cells.borders[:, :2] >= 0, village_of[cells.borders[:, :2]], -1)
    border = label[:, 0] != label[:, 1]
    label = label[border]
    lines = shapely.linestrings(_bend(rng, cells.kites[border]))
    sides = np.concatenate([label[:, 0], label[:, 1]])
    order = np.argsort(sides, kind="stable")
    both = np.concatenate([lines, lines])[order]
    starts = np.searchsorted(sides[order], np.arange(count + 1))
    return [
        shapely.build_area(shapely.geometrycollections(both[starts[i] : starts[i + 1]])).normalize()
        for i in range(count)
    ]


def _bend(rng: np.random.Generator, kites: Floats) -> Floats:
    """Each straight border as four links pushed aside within its kite, so that none can cross: shape (n, 5, 2)."""
    start, end, left, right = np.swapaxes(kites, 0, 1)
    length = np.hypot(*(end - start).T)
    steepest = np.minimum(0.36, 0.34 * length / np.maximum(np.hypot(*(left - right).T) / 2, 1.0))
    middle = rng.uniform(-1, 1, len(kites)) * steepest
    quarters = middle[:, None] / 2 + rng.uniform(-0.3, 0.3, (len(kites), 2)) * steepest[:, None]
    share = np.array([0.25, 0.5, 0.75])
    aside = np.stack([quarters[:, 0], middle, quarters[:, 1]], axis=1)[..., None]
    half = ((start + end) / 2)[:, None]
    on_line = start[:, None] + (end - start)[:, None] * share[:, None]
    towards = np.where(aside > 0, left[:, None] - half, right[:, None] - half)
    inner = np.round(on_line + np.abs(aside) * towards, 2)
    return np.concatenate([start[:, None], inner, end[:, None]], axis=1)


def _name_and_stack(
    rng: np.random.Generator,
    outlines: list[shapely.Geometry],
    township_of: Ints,
    towns: Floats,
    centres: Floats,
) -> Areas:
    """Codes by kind and place: 街道 001–, 镇 100–, 乡 200–; within a township 社区 001–, 村 200–."""
    kinds = names.township_kinds(np.hypot(*(towns - towns[0]).T))
    count = len(towns)
    stems = names.township_stems(rng, count)
    base = {"街道": 1, "镇": 100, "乡": 200}
    code_of, used = {}, dict.fromkeys(base, 0)
    for position in np.argsort(np.hypot(*(towns - towns[0]).T), kind="stable"):
        kind = kinds[position]
        code_of[int(position)] = f"{COUNTY_CODE}{base[kind] + used[kind]:03d}"
        used[kind] += 1
    rows = []
    for township in range(count):
        members = np.flatnonzero(township_of == township)
        members = members[np.argsort(np.hypot(*(centres[members] - towns[township]).T), kind="stable")]
        communities = names.communities_of(kinds[township], len(members))
        for rank, village in enumerate(members):
            serial = rank + 1 if rank < communities else 200 + rank - communities
            rows.append((f"{code_of[township]}{serial:03d}", rank < communities, code_of[township], village))
    rows.sort()
    titles = names.village_names(rng, [community for _, community, _, _ in rows])
    villages = gpd.GeoDataFrame(
        {"code": [r[0] for r in rows], "name": titles, "parent": [r[2] for r in rows]},
        geometry=[outlines[r[3]] for r in rows],
        crs=CRS,
    )
    name_of = {code_of[i]: stems[i] + kinds[i] for i in range(count)}
    townships = _merge(villages, "parent", name_of, COUNTY_CODE)
    county = _merge(townships, "parent", {COUNTY_CODE: names.COUNTY}, COUNTY_CODE[:4] + "00")
    points = pd.DataFrame({"code": [code_of[i] for i in range(count)]})
    located = gpd.GeoDataFrame(points, geometry=gpd.points_from_xy(towns[:, 0], towns[:, 1]), crs=CRS)
    return Areas(county, townships, villages, located.sort_values("code", ignore_index=True))


def _merge(parts: gpd.GeoDataFrame, by: str, name_of: dict[str, str], parent: str) -> gpd.GeoDataFrame:
    """The units above `parts`, as unions of a coverage: no border is moved."""
    codes = sorted(name_of)
    outlines = [
        shapely.coverage_union_all(parts.geometry[parts[by] == code].to_numpy()).normalize() for code in codes
    ]
    frame = {"code": codes, "name": [name_of[c] for c in codes], "parent": parent}
    return gpd.GeoDataFrame(frame, geometry=outlines, crs=CRS)
