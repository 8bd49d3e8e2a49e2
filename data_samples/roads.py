"""Roads between the market towns: the cheapest ways over the hills, as lines in EPSG:4544."""

from __future__ import annotations

import numpy as np
import shapely
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra, minimum_spanning_tree

from data_samples.areas import Areas
from data_samples.blocks import Ints
from data_samples.terrain import Floats, Terrain

EVERY = 2
"""Roads are sought on every second node of the terrain."""


def make_roads(terrain: Terrain, areas: Areas) -> list[shapely.LineString]:
    """One road for each branch of the shortest tree that joins all towns, in a fixed order."""
    height = terrain.height[::EVERY, ::EVERY]
    step = terrain.step * EVERY
    towns = np.column_stack([areas.towns.geometry.x, areas.towns.geometry.y])
    column = np.rint((towns[:, 0] - terrain.west) / step).astype(np.int64)
    row = np.rint((towns[:, 1] - terrain.south) / step).astype(np.int64)
    stops = row * height.shape[1] + column
    cost, before = dijkstra(ways(height, step), directed=False, indices=stops, return_predecessors=True)
    tree = minimum_spanning_tree(cost[:, stops]).tocoo()
    roads = []
    for start, end in sorted(zip(tree.row.tolist(), tree.col.tolist(), strict=True)):
        path = [int(stops[end])]
        while path[-1] != stops[start]:
            path.append(int(before[start, path[-1]]))
        at = np.array(path)
        line = np.column_stack(
            [terrain.west + at % height.shape[1] * step, terrain.south + at // height.shape[1] * step]
        )
        line[0], line[-1] = towns[end], towns[start]
        roads.append(shapely.linestrings(np.round(smooth(line), 2)))
    return roads


def ways(height: Floats, step: float) -> coo_matrix:
    """Links between neighbouring nodes in eight directions; climbing costs twelve times its height."""
    rows, columns = height.shape
    number: Ints = np.arange(rows * columns).reshape(rows, columns)
    links = []
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        here = number[: number.shape[0] - down, max(0, -right) : number.shape[1] - max(0, right)]
        there = number[down:, max(0, right) : number.shape[1] + min(0, right)]
        links.append(np.stack([here.ravel(), there.ravel(), np.full(here.size, np.hypot(down, right))], axis=1))
    start, end, far = np.concatenate(links).T
    ends: tuple[Ints, Ints] = (start.astype(np.int64), end.astype(np.int64))
    climb = np.abs(height.ravel()[ends[0]] - height.ravel()[ends[1]])
    return coo_matrix((far * step + 12 * climb, ends), shape=(height.size,) * 2).tocsr()


def smooth(line: Floats) -> Floats:
    """Corners cut twice (Chaikin), the ends kept."""
    for _ in range(2):
        near, far = 0.75 * line[:-1] + 0.25 * line[1:], 0.25 * line[:-1] + 0.75 * line[1:]
        line = np.concatenate([line[:1], np.stack([near, far], axis=1).reshape(-1, 2), line[-1:]])
    return line
