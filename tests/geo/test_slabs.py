"""Many points find their polygon by loops over edges, exactly as GEOS says, borders and corners included."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geo import joins
from geo.flat import flatten
from geo.slabs import first_polygons, on_first, slabs_of

FAR = np.array([106.0, 30.0])


def expected(points: np.ndarray, shapes: np.ndarray) -> list[int]:
    """The first shape that each point intersects, by GEOS; -1 for none."""
    first = np.full(len(points), len(shapes))
    shape, point = shapely.STRtree(shapely.points(points)).query(shapes, predicate="intersects")[:2]
    np.minimum.at(first, point, shape)
    return np.where(first < len(shapes), first, -1).tolist()


def stars(chance: np.random.Generator, n: int, points: int) -> np.ndarray:
    turn = np.sort(chance.uniform(0, 2 * np.pi, (n, points)), axis=1)
    reach = chance.uniform(0.2, 1.0, (n, points))[..., None]
    rings = reach * np.stack((np.cos(turn), np.sin(turn)), axis=-1) + chance.uniform(0, 4, (n, 1, 2))
    return shapely.make_valid(shapely.polygons(rings * 0.01 + FAR), method="structure")


@pytest.mark.parametrize("seed", range(4))
def test_points_inside_on_borders_and_on_corners_are_placed_as_geos_does(seed: int) -> None:
    chance = np.random.default_rng(seed)
    shapes = stars(chance, 40, 9)
    shapes[::3] = shapely.difference(shapes[::3], shapely.affinity.scale(shapes[0], 0.5, 0.5))
    shapes[1::3] = shapely.union(shapes[1::3], stars(chance, len(shapes[1::3]), 5))
    corners = shapely.get_coordinates(shapes)
    middles = (corners[1:] + corners[:-1]) / 2
    inside = chance.uniform(-0.02, 0.06, (5000, 2)) + FAR
    level = np.column_stack((inside[:800, 0], chance.choice(corners[:, 1], 800)))
    points = np.concatenate((corners, middles, inside, level))
    assert on_first(points, slabs_of(flatten(shapes))).tolist() == expected(points, shapes)


def test_on_a_lattice_every_border_belongs_to_the_first_square() -> None:
    x, y = np.meshgrid(np.arange(9.0), np.arange(9.0))
    squares = shapely.box(x.ravel(), y.ravel(), x.ravel() + 1, y.ravel() + 1)
    halves = np.stack(np.meshgrid(np.arange(-1, 11, 0.5), np.arange(-1, 11, 0.5)), axis=-1).reshape(-1, 2)
    assert on_first(halves, slabs_of(flatten(squares))).tolist() == expected(halves, squares)


def test_what_is_near_a_border_is_not_decided_by_rounding() -> None:
    triangle = np.array([shapely.Polygon([(0, 0), (3, 1), (0, 2)])])
    on_slope = np.array([(1.5, 0.5), (0.3, 0.1), (0.3, 0.1 + 2e-17), (1.5, 0.5 - 1e-9)])
    found, unsure = first_polygons(on_slope, slabs_of(flatten(triangle)))
    assert unsure.tolist() == [True, True, True, False]
    assert found.tolist() == [-1, -1, -1, -1]
    assert on_first(on_slope, slabs_of(flatten(triangle))).tolist() == expected(on_slope, triangle)


def test_no_point_no_polygons_and_no_points_are_on_nothing() -> None:
    square = slabs_of(flatten(np.array([shapely.box(0, 0, 1, 1)])))
    assert on_first(np.array([[np.nan, np.nan], [0.5, 0.5], [5.0, 5.0]]), square).tolist() == [-1, 0, -1]
    assert on_first(np.empty((0, 2)), square).tolist() == []
    nothing = slabs_of(flatten(np.array([None, shapely.Point(1, 1)], dtype=object)))
    assert on_first(np.array([[1.0, 1.0]]), nothing).tolist() == [-1]


def areas() -> pd.DataFrame:
    """A township of two villages, of which the second lies on part of the first, in order of code."""
    rows = [
        ("510000", "county", shapely.box(0, 0, 4, 4)),
        ("510000001", "township", shapely.box(0, 0, 4, 2)),
        ("510000001001", "village", shapely.box(0, 0, 2, 1)),
        ("510000001002", "village", shapely.box(1, 0, 3, 1)),
    ]
    frame = pd.DataFrame(rows, columns=["code", "level", "geometry"])
    return gpd.GeoDataFrame(frame.assign(name=frame["code"]), geometry="geometry", crs=4490)


def test_many_points_are_assigned_as_few_are(monkeypatch: pytest.MonkeyPatch) -> None:
    grid = np.stack(np.meshgrid(np.arange(-1, 6, 0.25), np.arange(-1, 6, 0.25)), axis=-1).reshape(-1, 2)
    points = np.array([*shapely.points(grid), None, shapely.Point(), shapely.box(0, 0, 1, 1)], dtype=object)
    few = joins.assign_points(points, areas())
    monkeypatch.setattr(joins, "MANY", 1)
    assert joins.assign_points(points, areas()).tolist() == few.tolist()
    assert joins.assign_points(grid, areas()).tolist() == few[: len(grid)].tolist()
    assert set(few.tolist()) == {-1, 0, 1, 2, 3}
    assert few[-3:].tolist() == [-1, -1, 2]
