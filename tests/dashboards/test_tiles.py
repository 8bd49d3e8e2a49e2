"""Vector tiles, read back with GDAL's reader."""

from __future__ import annotations

import math
import threading
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from pipelines.tile_encoding import Shapes, encode, flatten, tile_box
from pipelines.tiles import FIRST_ZOOM, Tiles
from pipelines.workspace import Workspace

CORNER = (106.5, 31.2)


def tile_of(lon: float, lat: float, z: int) -> tuple[int, int]:
    column = (lon + 180) / 360 * 2**z
    row = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2**z
    return int(column), int(row)


def shapes_of(*geometry: shapely.Geometry | None) -> Shapes:
    ids = pd.Series([f"T{at}" for at in range(len(geometry))])
    values = pd.Series(["found", None, "accepted"] * len(geometry), dtype=object).iloc[: len(geometry)]
    return flatten(np.array(geometry, dtype=object), ids, values)


def read_back(folder: Path, body: bytes, z: int, x: int, y: int) -> gpd.GeoDataFrame:
    path = folder / "tile.pbf"
    path.write_bytes(body)
    frame = pyogrio.read_dataframe(path, x=str(x), y=str(y), z=str(z))
    return frame.set_crs(3857, allow_override=True).to_crs(4490)


def test_a_polygon_comes_back_to_within_a_tile_unit(tmp_path: Path) -> None:
    lon, lat = CORNER
    parcel = shapely.Polygon(
        [(lon, lat), (lon + 0.001, lat), (lon + 0.001, lat + 0.0008), (lon, lat + 0.001)],
        [[(lon + 0.0002, lat + 0.0002), (lon + 0.0002, lat + 0.0004), (lon + 0.0004, lat + 0.0002)]],
    )
    z = 15
    x, y = tile_of(lon + 0.0005, lat + 0.0005, z)
    found = read_back(tmp_path, encode(shapes_of(parcel), z, x, y, fields=("id", "stage")), z, x, y)
    assert list(found["id"]) == ["T0"]
    assert list(found["stage"]) == ["found"]
    unit = (tile_box(z, x, y)[2] - tile_box(z, x, y)[0]) / 4096
    shape = found.geometry.iloc[0]
    assert shapely.hausdorff_distance(shape, parcel) < 1.5 * unit
    assert shape.area == pytest.approx(parcel.area, rel=0.01)


def test_points_lines_and_missing_shapes_live_in_one_layer(tmp_path: Path) -> None:
    lon, lat = CORNER
    point = shapely.Point(lon + 0.001, lat + 0.001)
    line = shapely.LineString([(lon, lat), (lon + 0.002, lat + 0.002), (lon + 0.002, lat)])
    z = 14
    x, y = tile_of(lon, lat, z)
    found = read_back(tmp_path, encode(shapes_of(point, None, line), z, x, y, fields=("id", "stage")), z, x, y)
    assert dict(zip(found["id"], found.geometry.geom_type, strict=True)) == {"T0": "Point", "T2": "LineString"}
    assert shapely.distance(found.geometry.iloc[0], point) < 1e-5


def test_a_shape_larger_than_the_tile_is_cut_to_it(tmp_path: Path) -> None:
    lon, lat = CORNER
    z = 16
    x, y = tile_of(lon, lat, z)
    west, south, east, north = tile_box(z, x, y)
    whole = shapely.box(lon - 1, lat - 1, lon + 1, lat + 1)
    found = read_back(tmp_path, encode(shapes_of(whole), z, x, y, fields=("id", "stage")), z, x, y)
    assert found.geometry.iloc[0].covers(shapely.box(west, south, east, north).buffer(-1e-6))
    assert found.geometry.iloc[0].area < 1.1 * (east - west) * (north - south)


def test_outer_rings_run_clockwise_on_the_screen() -> None:
    lon, lat = CORNER
    counter = shapely.Polygon([(lon, lat), (lon + 0.001, lat), (lon + 0.001, lat + 0.001), (lon, lat + 0.001)])
    flat = shapes_of(counter)
    ring = flat.coordinates
    signed = np.sum(ring[:-1, 0] * ring[1:, 1] - ring[1:, 0] * ring[:-1, 1])
    assert signed < 0


def test_an_empty_place_gives_an_empty_tile() -> None:
    lon, lat = CORNER
    assert encode(shapes_of(shapely.Point(lon, lat)), 14, 0, 0, fields=("id", "stage")) == b""


def test_a_shape_is_put_together_again_with_its_hole() -> None:
    ring = shapely.box(0, 0, 4, 4).difference(shapely.box(1, 1, 2, 2))
    assert shapes_of(None, ring).shape(1).area == pytest.approx(15)
    assert shapes_of(None, ring).shape(0).is_empty


def test_tiles_of_a_workspace_hold_its_parcels_and_tell_which_lies_at_a_place(
    county_folder: Path, tmp_path: Path
) -> None:
    tiles = Tiles(Workspace(county_folder))
    lon, lat = 106.0041, 31.0041
    x, y = tile_of(lon, lat, FIRST_ZOOM)
    found = read_back(tmp_path, tiles.tile("abandoned_parcel", FIRST_ZOOM, x, y), FIRST_ZOOM, x, y)
    assert {"TB0001", "TB0002"} <= set(found["id"])
    assert tiles.tile("abandoned_parcel", FIRST_ZOOM - 1, x // 2, y // 2) == b""
    assert tiles.at("abandoned_parcel", lon, lat) == "TB0001"
    assert tiles.at("abandoned_parcel", 106.03, 31.03) is None


def test_eight_threads_get_the_same_tile(county_folder: Path) -> None:
    tiles = Tiles(Workspace(county_folder))
    x, y = tile_of(106.005, 31.005, 14)
    found: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: found.append(tiles.tile("abandoned_parcel", 14, x, y))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(found[0]) > 100


def test_of_very_many_things_those_of_one_value_are_one_feature_without_an_id(tmp_path: Path) -> None:
    lon, lat = CORNER
    z = 15
    x, y = tile_of(lon, lat, z)
    west, south, _, _ = tile_box(z, x, y)
    lon, lat = west + 0.001, south + 0.001
    squares = [shapely.box(lon + k * 0.001, lat, lon + k * 0.001 + 0.0008, lat + 0.0008) for k in range(6)]
    hole = shapely.box(lon + 0.0002, lat + 0.0002, lon + 0.0006, lat + 0.0006)
    squares[0] = shapely.Polygon(squares[0].exterior.coords, [hole.exterior.coords])
    point = shapely.Point(lon + 0.0045, lat + 0.0015)
    shapes = shapes_of(*squares, point)
    found = read_back(tmp_path, encode(shapes, z, x, y, fields=("id", "stage"), merged=True), z, x, y)
    assert "id" not in found or found["id"].isna().all()
    values = [("found", 0, 3), ("accepted", 2, 5), (None, 1, 4)]
    areas = found[found.geometry.geom_type != "Point"]
    assert len(areas) == len(values)
    drawn = {
        None if pd.isna(one) else one: shape for one, shape in zip(areas["stage"], areas.geometry, strict=True)
    }
    for value, *of in values:
        whole = shapely.union_all([squares[k] for k in of])
        assert drawn[value].symmetric_difference(whole).area < 0.02 * whole.area, value
    assert list(found.geometry.geom_type).count("Point") == 1
