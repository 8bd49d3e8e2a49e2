"""Water and roads as tiles: main roads alone from far, with their names, cut to the area of who reads no more."""

from __future__ import annotations

import gzip
import json
from datetime import date
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely

from geo.layers import builtin_layers
from pipelines.ground_tiles import FIRST_ZOOM, LAST_ZOOM, GroundTiles, ground_layers, ground_tiles
from pipelines.ingest import Options, add
from pipelines.tile_encoding import tile_at
from pipelines.workspace import Workspace
from tests.dashboards.little_county import SIDE, SOUTH, WEST, build

LON, LAT = 106.02, 31.02
ROADS = builtin_layers()["road"]
WATER = builtin_layers()["water"]


def road(kind: str | None, name: str | None, north: float) -> dict[str, object]:
    line = shapely.LineString([(LON - 0.01, LAT + north), (LON + 0.01, LAT + north)])
    return {"kind": kind, "name": name, "geometry": line}


def drawn(tiles: GroundTiles, z: int, folder: Path) -> set[tuple[str, str]]:
    """Name and kind of what a tile has, read back with GDAL."""
    x, y = tile_at(z, LON, LAT)
    body = tiles.packed(z, x, y)
    if not body:
        return set()
    path = folder / "tile.pbf"
    path.write_bytes(gzip.decompress(body))
    found = pyogrio.read_dataframe(path, x=str(x), y=str(y), z=str(z))
    kinds = found["kind"] if "kind" in found else [None] * len(found)
    return set(zip(found["name"].fillna(""), kinds, strict=True))


def test_from_far_only_main_roads_are_drawn_and_from_near_all(tmp_path: Path) -> None:
    rows = pd.DataFrame([road("national", "国道", 0), road("village", None, 0.001), road("track", None, 0.002)])
    tiles = GroundTiles(ROADS, rows)
    assert drawn(tiles, 6, tmp_path) == set()
    assert drawn(tiles, 8, tmp_path) == {("国道", "national")}
    assert {kind for _, kind in drawn(tiles, 12, tmp_path)} == {"national", "village"}
    assert {kind for _, kind in drawn(tiles, 14, tmp_path)} == {"national", "village", "track"}
    assert (
        tiles.packed(FIRST_ZOOM - 1, 0, 0) == tiles.packed(LAST_ZOOM + 1, 0, 0) == tiles.packed(12, -1, 0) == b""
    )


def test_a_pond_is_drawn_once_it_can_be_seen(tmp_path: Path) -> None:
    pond, lake = (shapely.Point(LON, LAT).buffer(radius) for radius in (0.0005, 0.02))
    rows = pd.DataFrame({"kind": ["reservoir", "lake"], "name": ["小塘", "大湖"], "geometry": [pond, lake]})
    tiles = GroundTiles(WATER, rows)
    assert drawn(tiles, 9, tmp_path) == {("大湖", "lake")}
    assert drawn(tiles, 13, tmp_path) == {("小塘", "reservoir"), ("大湖", "lake")}


def write(path: Path, rows: list[dict[str, object]]) -> Path:
    gpd.GeoDataFrame(rows, geometry="geometry", crs=4326).to_file(path)
    return path


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """The little county with a river and roads as OpenStreetMap and a bureau name them."""
    made = Workspace(build(tmp_path))
    river = shapely.LineString([(WEST + 0.02, SOUTH - 0.01), (WEST + 0.02, SOUTH + 3 * SIDE + 0.01)])
    pond = shapely.box(WEST + 0.05, SOUTH + 0.05, WEST + 0.055, SOUTH + 0.055)
    osm = [
        {"osm_id": "1", "name": "清江", "waterway": "river", "natural": None, "geometry": river},
        {"osm_id": "2", "name": None, "waterway": None, "natural": "water", "geometry": pond},
    ]
    way = shapely.LineString([(WEST, SOUTH + 0.02), (WEST + 0.12, SOUTH + 0.02)])
    roads = [{"路线编码": "X001", "路线名称": "石清路", "技术等级": "三级公路", "geometry": way}]
    for file in (write(tmp_path / "osm.gpkg", osm), write(tmp_path / "县道.gpkg", roads)):
        report = add(made, file, Options(layer="water" if "osm" in file.name else "road"), at=date(2026, 2, 2))
        assert report.returned == 0, [str(one) for table in report.tables for one in table.issues]
    return Workspace(made.root)


def test_a_file_of_openstreetmap_and_one_of_a_bureau_become_ground(workspace: Workspace, tmp_path: Path) -> None:
    assert [one.id for one in ground_layers(workspace)] == ["water", "road"]
    water, roads = (ground_tiles(workspace, workspace.layer(one)) for one in ("water", "road"))
    assert drawn(water, 10, tmp_path) == {("清江", "river")}
    assert drawn(roads, 10, tmp_path) == {("石清路", "county")}


def test_a_township_gets_no_ground_beyond_its_border(workspace: Workspace, tmp_path: Path) -> None:
    own = ground_tiles(workspace, workspace.layer("water"), "990101100")
    x, y = tile_at(10, LON, LAT)
    path = tmp_path / "tile.pbf"
    path.write_bytes(gzip.decompress(own.packed(10, x, y)))
    found = (
        pyogrio.read_dataframe(path, x=str(x), y=str(y), z="10").set_crs(3857, allow_override=True).to_crs(4326)
    )
    assert found.total_bounds[1] == pytest.approx(SOUTH, abs=2e-4)
    assert found.total_bounds[3] == pytest.approx(SOUTH + SIDE, abs=2e-4)
    assert ground_tiles(workspace, workspace.layer("water"), "990101999").packed(10, x, y) == b""


def test_ground_has_no_figures_and_is_no_topic(workspace: Workspace) -> None:
    from dashboards.data import county

    topics = {one.id for one in county(workspace.root).topics()}
    assert not topics & {"water", "road"} and "abandoned_parcel" in topics
    assert not any(one.indicators or one.lifecycle for one in (WATER, ROADS))
    assert json.dumps(dict(WATER.style))


@pytest.mark.real_data
def test_water_without_kinds_and_numbers_is_drawn_from_near(real_data: Path, tmp_path: Path) -> None:
    """The ponds and rivers of Nanxun as a web map gave them: 114 polygons with a height and nothing else."""
    made = Workspace.create(tmp_path / "w", code="330503", name="南浔区")
    file = real_data / "zhejiang_nanxun" / "water.geojson"
    assert add(made, file, Options(layer="water"), at=date(2026, 2, 2)).accepted == 114
    tiles = ground_tiles(Workspace(made.root), made.layer("water"))
    counts = {z: len(tiles.packed(z, *tile_at(z, 120.366, 30.873))) for z in (8, 10, 12, 14)}
    assert counts[8] == counts[10] == 0
    assert counts[12] > 100 and counts[14] > 0
