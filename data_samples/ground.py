"""Rivers, reservoirs and roads of the invented county, for orientation: each a way to what it joins."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse.csgraph import dijkstra

from data_samples.areas import COUNTY_CODE, Areas
from data_samples.blocks import Ints
from data_samples.roads import EVERY, smooth, ways
from data_samples.terrain import CRS, Floats, Terrain

RIVER, TRIBUTARIES = "虚澜江", ("蒹", "蘅", "蓼", "菰", "茭", "荇", "萍", "莼")
_MARGIN = 1_500.0
"""Metres beyond the border as far as which lines are drawn."""


def make_water(terrain: Terrain, areas: Areas) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Rivers (lines) and reservoirs (polygons): water_id, water_name, kind, geometry in EPSG:4544.

    One river runs along the valleys from the northern edge to the southern; from below every third market town a
    stream leads to it, and on some of them lies a reservoir.
    """
    low = terrain.height[::EVERY, ::EVERY] + 4 * terrain.relief[::EVERY, ::EVERY]
    size = low.shape[1]
    mouth, spring = int(low[0].argmin()), int((low.shape[0] - 1) * size + low[-1].argmin())
    before = dijkstra(ways(low, terrain.step * EVERY), directed=False, indices=mouth, return_predecessors=True)[1]
    towns = _nodes(terrain, size, areas.towns.geometry.x.to_numpy(), areas.towns.geometry.y.to_numpy())
    found = _tree(before, [spring, *towns[1::3].tolist()[: len(TRIBUTARIES)]])
    lines = [_line(terrain, size, path) for path in found]
    names = [RIVER, *(f"{one}溪" for one in TRIBUTARIES)][: len(lines)]
    kinds = ["河流"] + ["溪"] * (len(lines) - 1)
    rivers = _inside(areas, pd.DataFrame({"water_name": names, "kind": kinds}), lines, "SX")
    lakes = [_reservoir(one) for one in lines[1::2]]
    kept = pd.DataFrame({"water_name": [f"{one.removesuffix('溪')}湖水库" for one in names[1::2]], "kind": "水库"})
    reservoirs = _inside(areas, kept, lakes, "SK")
    return rivers.rename(columns={"id": "water_id"}), reservoirs.rename(columns={"id": "water_id"})


def make_road_frame(terrain: Terrain, areas: Areas, roads: list[shapely.LineString]) -> gpd.GeoDataFrame:
    """County roads between the towns and village roads to them: road_id, road_name, kind, geometry (EPSG:4544)."""
    height = terrain.height[::EVERY, ::EVERY]
    size = height.shape[1]
    towns = _nodes(terrain, size, areas.towns.geometry.x.to_numpy(), areas.towns.geometry.y.to_numpy())
    middle = areas.villages.geometry.representative_point()
    villages = _nodes(terrain, size, middle.x.to_numpy(), middle.y.to_numpy())
    before = dijkstra(
        ways(height, terrain.step * EVERY), directed=False, indices=towns, min_only=True, return_predecessors=True
    )[1]
    short = [_line(terrain, size, path) for path in _tree(before, villages.tolist())]
    ends = [[_near(areas, one.coords[0]), _near(areas, one.coords[-1])] for one in roads]
    named = pd.DataFrame({"road_name": [f"{a[0]}{b[0]}路" for a, b in ends], "kind": "县道"})
    minor = pd.DataFrame({"road_name": [None] * len(short), "kind": "村道"})
    every = pd.concat([named, minor], ignore_index=True)
    return _inside(areas, every, [*roads, *short], "DL").rename(columns={"id": "road_id"})


def _near(areas: Areas, place: tuple[float, ...]) -> str:
    """The name of the township whose market town lies at a place."""
    code = areas.towns["code"].iloc[int(areas.towns.distance(shapely.Point(place)).argmin())]
    return str(areas.townships.set_index("code")["name"][code])


def _nodes(terrain: Terrain, size: int, x: Floats, y: Floats) -> Ints:
    step = terrain.step * EVERY
    column, row = (
        np.rint((at - low) / step).astype(np.int64) for at, low in ((x, terrain.west), (y, terrain.south))
    )
    return np.asarray(row * size + column)


def _tree(before: Ints, starts: list[int]) -> list[list[int]]:
    """The way from each start to the root, or to where it meets a way before it; none for one already on a way."""
    known: set[int] = set()
    found = []
    for start in starts:
        path = [start]
        while path[-1] not in known and before[path[-1]] >= 0:
            path.append(int(before[path[-1]]))
        if len(path) > 1:
            found.append(path)
            known.update(path)
    return found


def _line(terrain: Terrain, size: int, path: list[int]) -> shapely.LineString:
    at, step = np.array(path), terrain.step * EVERY
    points = np.column_stack([terrain.west + at % size * step, terrain.south + at // size * step])
    return shapely.linestrings(np.round(smooth(points), 1))


def _reservoir(stream: shapely.LineString) -> shapely.Polygon:
    """Widening along 900 m of a stream to a dam."""
    start = stream.length * 0.3
    stations = np.linspace(start, start + 900, 7)
    parts = [shapely.buffer(stream.interpolate(far), 25 + 20 * at) for at, far in enumerate(stations)]
    return shapely.set_precision(shapely.simplify(shapely.union_all(parts), 4), 0.1)


def _inside(areas: Areas, frame: pd.DataFrame, shapes: list[shapely.Geometry], prefix: str) -> gpd.GeoDataFrame:
    """What lies in the county and a little beyond, numbered."""
    around = areas.county.geometry.iloc[0].buffer(_MARGIN)
    cut = shapely.set_precision(shapely.intersection(np.asarray(shapes, dtype=object), around), 0.1)
    there = ~shapely.is_empty(cut)
    made = gpd.GeoDataFrame(frame[there].reset_index(drop=True), geometry=cut[there], crs=CRS)
    numbers = pd.Series(range(1, len(made) + 1)).map("{:04d}".format)
    made.insert(0, "id", COUNTY_CODE + prefix + numbers)
    return made
