"""Cover shares and the figures under parcels, against hand counts and exactextract."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from geopandas import GeoDataFrame
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS

from geo.zonal import Grid, Sums, coverage, inward

UTM = CRS.from_epsg(32648)
THREE = Grid(3, 3, (1, 0, 0, 0, -1, 3), UTM)
NINE = np.arange(1, 10, dtype=float).reshape(3, 3)


def stats(wkt: str, values: np.ndarray = NINE, grid: Grid = THREE) -> tuple[float, float, float]:
    found = coverage([shapely.from_wkt(wkt)], grid).statistics(values)
    return float(found.pixels[0]), float(found.mean[0]), float(found.std[0])


def test_a_square_over_the_middle_takes_quarters_of_the_corners_and_halves_of_the_sides() -> None:
    made = coverage([shapely.box(0.5, 0.5, 2.5, 2.5)], THREE)
    assert made.cells.tolist() == list(range(9))
    assert made.shares.tolist() == [0.25, 0.5, 0.25, 0.5, 1.0, 0.5, 0.25, 0.5, 0.25]
    assert stats("POLYGON((0.5 0.5,2.5 0.5,2.5 2.5,0.5 2.5,0.5 0.5))") == (4.0, 5.0, pytest.approx(5**0.5))


def test_a_raster_added_strip_by_strip_gives_the_figures_of_the_whole() -> None:
    draw = np.random.default_rng(3)
    grid = Grid(20, 30, (1, 0, 0, 0, -1, 30), UTM)
    corners = draw.uniform(-2, 25, (40, 2))
    covered = coverage(shapely.box(*corners.T, *(corners + draw.uniform(0.2, 9, (40, 2))).T), grid)
    values = np.where(draw.random((30, 20)) < 0.2, np.nan, draw.uniform(-0.2, 0.9, (30, 20))).astype(np.float32)
    sums = Sums.empty(len(covered))
    for top in (0, 7, 14, 21, 28):
        sums.add(covered, values[top : top + 7], top)
    made, whole = sums.zonal(), covered.statistics(values)
    assert made.pixels == pytest.approx(whole.pixels)
    assert made.mean == pytest.approx(whole.mean, nan_ok=True, abs=1e-7)
    assert made.std == pytest.approx(whole.std, nan_ok=True, abs=1e-6)


def test_a_hole_is_left_out_whichever_way_its_ring_runs() -> None:
    shell = "0.5 0.5,2.5 0.5,2.5 2.5,0.5 2.5,0.5 0.5"
    for hole in ("1 1,1 2,2 2,2 1,1 1", "1 1,2 1,2 2,1 2,1 1"):
        made = coverage([shapely.from_wkt(f"POLYGON(({shell}),({hole}))")], THREE)
        assert 4 not in made.cells
        assert made.pixels[0] == 3.0


def test_what_lies_off_the_grid_is_not_counted_and_its_share_is_told() -> None:
    made = coverage([shapely.box(-1, 2, 1, 4), shapely.box(5, 5, 6, 6), shapely.box(-5, -5, 5, 5)], THREE)
    assert made.pixels.tolist() == [1.0, 0.0, 9.0]
    assert made.inside.tolist() == [0.25, 0.0, 0.09]
    assert np.isnan(made.statistics(NINE).mean[1])


def test_cells_not_seen_weigh_nothing() -> None:
    holed = NINE.copy()
    holed[0, 0] = np.nan
    assert stats("POLYGON((0 2,2 2,2 3,0 3,0 2))", holed)[:2] == (1.0, 2.0)


def test_a_parcel_without_shape_a_line_and_an_empty_polygon_cover_nothing() -> None:
    shapes = [
        None,
        shapely.from_wkt("POLYGON EMPTY"),
        shapely.from_wkt("LINESTRING(0 0,3 3)"),
        shapely.box(0, 0, 1, 1),
    ]
    made = coverage(shapes, THREE)
    assert made.pixels.tolist() == [0.0, 0.0, 0.0, 1.0]


def test_a_raster_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="on a grid of"):
        coverage([shapely.box(0, 0, 1, 1)], THREE).statistics(np.zeros((2, 2)))


def test_a_polygon_larger_than_one_window_is_worked_in_bands() -> None:
    grid = Grid(2100, 2100, (1, 0, 0, 0, -1, 2100), UTM)
    disc = shapely.Point(1000, 1000).buffer(990, quad_segs=64)
    assert coverage([disc], grid).pixels[0] == pytest.approx(disc.area, rel=1e-6)


def test_a_turned_grid_gives_shares_of_turned_cells() -> None:
    turned = Grid(4, 4, (1, 1, 0, 1, -1, 4), UTM)
    made = coverage([shapely.from_wkt("POLYGON((1 5,2 4,3 5,2 6,1 5))")], turned)
    assert turned.cell_area == 2.0
    assert made.pixels[0] == pytest.approx(1.0)


def test_a_parcel_is_drawn_in_by_less_rather_than_emptied() -> None:
    shapes = [shapely.box(0, 0, 100, 100), shapely.box(0, 0, 14, 100), shapely.box(0, 0, 4, 100)]
    inner, borne = inward(shapes, 5.0, least_area=400.0)
    assert borne.tolist() == [5.0, 2.5, 0.0]
    assert [shape.area for shape in inner] == pytest.approx([90 * 90, 9 * 95, 4 * 100])


def furthest_from_exactextract(shapes: np.ndarray) -> dict[str, float]:
    """How far each figure is at most from exactextract's; counts above one pixel as a share of them."""
    rows, columns = 40, 50
    grid = Grid(columns, rows, (10, 0, 400_000, 0, -10, 3_400_400), UTM)
    values = np.random.default_rng(5).random((rows, columns))
    values[7:11, 20:23] = np.nan
    west, south, east, north = grid.bounds
    source = NumPyRasterSource(values, xmin=west, ymin=south, xmax=east, ymax=north)
    frame = GeoDataFrame({"key": range(len(shapes))}, geometry=list(shapes), crs=UTM)
    theirs = exact_extract(source, frame, ["count", "mean", "stdev"], include_cols=["key"], output="pandas")
    ours = coverage(shapes, grid).statistics(values)
    seen = theirs["count"].to_numpy() > 1e-3
    off = np.abs(ours.pixels - theirs["count"]) / np.maximum(1, theirs["count"])
    return {
        "count": float(off.max()),
        "mean": float(np.abs(ours.mean[seen] - theirs["mean"][seen]).max()),
        "stdev": float(np.abs(ours.std[seen] - theirs["stdev"][seen]).max()),
    }


def test_two_thousand_random_polygons_agree_with_exactextract() -> None:
    draw = np.random.default_rng(11)
    centre = draw.uniform((399_950, 3_399_950), (400_550, 3_400_450), (2000, 2))
    angle = np.sort(draw.uniform(0, 2 * np.pi, (2000, 11)), axis=1)
    radius = draw.uniform(0.5, 60, (2000, 11))
    ring = centre[:, None] + np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)
    shapes = shapely.polygons(np.concatenate([ring, ring[:, :1]], axis=1))
    assert max(furthest_from_exactextract(shapes[shapely.is_valid(shapes)]).values()) < 1e-6


def test_holes_slivers_edges_and_multipolygons_agree_with_exactextract() -> None:
    x, y = 400_000, 3_400_000
    shapes = [
        shapely.box(x + 100, y + 100, x + 300, y + 300) - shapely.box(x + 151, y + 149, x + 252, y + 253),
        shapely.box(x + 50, y + 50, x + 450, y + 50.01),
        shapely.box(x + 50.004, y + 20, x + 50.006, y + 380),
        shapely.from_wkt(f"POLYGON(({x} {y},{x + 500} {y + 400},{x + 500} {y + 399.9},{x} {y}))"),
        shapely.box(x, y, x + 10, y + 10),
        shapely.box(x + 490, y + 390, x + 510, y + 410),
        shapely.union_all(
            [shapely.box(x + i * 30, y + i * 20, x + i * 30 + 13, y + i * 20 + 7) for i in range(12)]
        ),
        shapely.box(x - 100, y - 100, x + 700, y + 700),
        shapely.Point(x + 250, y + 200).buffer(3),
        shapely.box(x + 200, y + 290, x + 230, y + 330),
    ]
    assert max(furthest_from_exactextract(np.array(shapes, dtype=object)).values()) < 1e-6


corner = st.tuples(st.floats(-1, 4, allow_nan=False), st.floats(-1, 4, allow_nan=False))


@settings(max_examples=200, deadline=None)
@given(st.lists(corner, min_size=3, max_size=3, unique=True))
def test_shares_of_any_triangle_add_up_to_its_area_on_the_grid(corners: list[tuple[float, float]]) -> None:
    shape = shapely.Polygon(corners)
    made = coverage([shape], THREE)
    on_grid = shape.intersection(shapely.box(0, 0, 3, 3)).area
    assert made.pixels[0] == pytest.approx(on_grid, abs=1e-6)
