"""Who gets the ground of a map, what a map says of its source, and that a map goes without what is broken."""

from __future__ import annotations

import gzip
import io
import shutil
import sqlite3
from collections.abc import Callable
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from PIL import Image
from rasterio.transform import Affine

from dashboards.basemap import ground, printed_credit
from dashboards.data import WORKSPACE_VARIABLE, County, county
from dashboards.maps import base_map
from geo.access import Actor
from pipelines.ingest import Options, add
from pipelines.tile_encoding import tile_at
from pipelines.workspace import Workspace
from tests.dashboards.doors import Visitor
from tests.dashboards.little_county import SIDE, SOUTH, WEST

PLACE = (WEST + 0.02, SOUTH + SIDE / 2)
NORTH = (WEST + 0.02, SOUTH + 2.5 * SIDE)


def address(kind: str, z: int, place: tuple[float, float] = PLACE) -> str:
    x, y = tile_at(z, *place)
    return {
        "water": f"/tiles/water/{z}/{x}/{y}.pbf",
        "map": f"/ground/map/{z}/{x}/{y}",
        "relief": f"/ground/hillshade/{z}/{x}/{y}.png",
    }[kind]


def configure(root: Path, told: str) -> None:
    path = root / "county.toml"
    path.write_text(
        path.read_text(encoding="utf-8").split("[basemap]")[0] + f"[basemap]\n{told}", encoding="utf-8"
    )


def furnish(root: Path) -> None:
    """Give a workspace a river through all townships, heights, and a base map of one picture of zoom 12."""
    river = shapely.LineString([(PLACE[0], SOUTH - 0.01), (PLACE[0], SOUTH + 3 * SIDE + 0.01)])
    file = root.parent / "river.gpkg"
    gpd.GeoDataFrame({"河流名称": ["清江"], "水系类型": ["河流"]}, geometry=[river], crs=4490).to_file(file)
    assert add(Workspace(root), file, Options(layer="water"), at=date(2026, 2, 2)).accepted == 1
    out = io.BytesIO()
    Image.new("RGB", (256, 256), "#cfd8dc").save(out, "PNG")
    z, (x, y) = 12, tile_at(12, *PLACE)
    with sqlite3.connect(root / "base.mbtiles") as base:
        base.execute("create table metadata (name text, value text)")
        base.execute(
            "create table tiles (zoom_level integer, tile_column integer, tile_row integer, tile_data blob)"
        )
        base.execute("insert into tiles values (?, ?, ?, ?)", (z, x, 2**z - 1 - y, out.getvalue()))
    base.close()
    height = np.add.outer(np.arange(200.0), np.arange(200.0)).astype("float32") * 20
    place = Affine(0.001, 0, WEST - 0.04, 0, -0.001, SOUTH + 0.16)
    shape = {"width": 200, "height": 200, "count": 1, "dtype": "float32"}
    with rasterio.open(
        root / "dem.tif", "w", driver="GTiff", crs="EPSG:4490", transform=place, **shape
    ) as heights:
        heights.write(height, 1)
    configure(root, 'tiles = "base.mbtiles"\nsource = "某测绘院"\napproval_number = "川S(2026)01号"')


def county_of(root: Path) -> County:
    return county(root, actor=Actor("县长", "county_leader"))


@pytest.fixture(scope="module")
def furnished(staff_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("ground") / "county"
    shutil.copytree(staff_folder, root)
    furnish(root)
    return root


@pytest.fixture
def come(
    furnished: Path, visit: Callable[..., Visitor], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Visitor]:
    """A browser at the furnished county, signed in under a name or not at all."""
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(furnished))

    def _made(name: str | None = None) -> Visitor:
        visitor = Visitor(furnished)
        if name is not None:
            assert visitor.sign_in(name).status == 303
        return visitor

    return _made


@pytest.mark.parametrize("kind", ["water", "map", "relief"])
def test_without_a_session_there_is_no_ground(come: Callable[..., Visitor], kind: str) -> None:
    stranger = come()
    assert stranger.get(address(kind, 12), accept="*/*").status == 401
    signed_in = come("县长").get(address(kind, 12))
    assert signed_in.status == 200 and signed_in.body
    assert "private" in signed_in.headers["cache-control"]


def test_a_picture_and_a_shadow_come_as_they_are_and_nothing_where_there_is_none(
    come: Callable[..., Visitor],
) -> None:
    reader = come("县长")
    assert reader.get(address("map", 12)).headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(reader.get(address("map", 12)).body)).getpixel((9, 9)) == (207, 216, 220)
    assert Image.open(io.BytesIO(reader.get(address("relief", 12)).body)).size == (256, 256)
    far = (121.0, 31.0)
    assert [reader.get(address(kind, 12, far)).status for kind in ("map", "relief", "water")] == [204, 204, 204]


def test_a_townships_reader_gets_water_as_far_as_the_border(come: Callable[..., Visitor]) -> None:
    here, there = address("water", 14), address("water", 14, NORTH)
    leader, stone = come("县长"), come("石桥")
    assert b"\xe6\xb8\x85\xe6\xb1\x9f" in gzip.decompress(leader.get(there).body)
    assert stone.get(here).status == 200
    assert stone.get(there).status == 204


def test_a_village_reporter_who_reads_no_other_layer_still_sees_the_river_at_home(
    come: Callable[..., Visitor],
) -> None:
    assert come("前进").get(address("water", 14)).status == 200


def test_every_map_says_whose_base_map_it_is_and_its_approval_number(
    furnished: Path, come: Callable[..., Visitor]
) -> None:
    here = county_of(furnished)
    found = ground(here, "zh")
    assert found is not None and found["credit"] == "某测绘院 审图号：川S(2026)01号"
    assert found["pictures"]["last"] == 12 and found["relief"] is not None and len(found["lines"]) == 1
    assert "S(2026)01" in str(base_map(here, "zh").get_root().render())
    assert come("督查").get("/mark/setup").text.count("川S(2026)01号") == 1
    assert "屏幕底图：某测绘院 审图号：川S(2026)01号" in come("县长").get("/print?area=990101100&lang=zh").text


def test_a_source_without_an_approval_number_says_so_in_both_languages(furnished: Path, tmp_path: Path) -> None:
    root = tmp_path / "county"
    shutil.copytree(furnished, root)
    configure(root, 'tiles = "base.mbtiles"\nsource = "某测绘院"')
    zh, en = ground(county_of(root), "zh"), ground(county_of(root), "en")
    assert zh is not None and en is not None
    assert [zh["credit"], en["credit"]] == ["某测绘院 未注明审图号", "某测绘院 no map approval number given"]


def test_what_is_broken_is_said_on_the_map_which_goes_without_it(furnished: Path, tmp_path: Path) -> None:
    root = tmp_path / "county"
    shutil.copytree(furnished, root)
    (root / "base.mbtiles").write_bytes(b"broken")
    (root / "dem.tif").write_bytes(b"broken")
    found = ground(county_of(root), "zh")
    assert found is not None and found["pictures"] is None and found["relief"] is None and found["credit"] == ""
    assert {note.split(" ")[0] for note in found["notes"]} == {"高程文件", "底图文件"}
    assert all("读不出来" in note and str(root) not in note for note in found["notes"])
    assert len(found["lines"]) == 1
    assert printed_credit(county_of(root), "zh") == ""


def test_a_workspace_with_nothing_to_lay_below_has_no_ground(county_folder: Path) -> None:
    assert ground(county(county_folder), "zh") is None
    assert printed_credit(county(county_folder), "en") == ""
