"""What lies below the maps: relief of a raster, pictures of a file, and one sentence for what cannot be used."""

from __future__ import annotations

import io
import sqlite3
from pathlib import Path

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.transform import Affine

from geo.errors import Refused
from pipelines.basemap import BaseMap, base_map, sources
from pipelines.hillshade import Relief
from pipelines.tile_encoding import tile_at
from pipelines.tile_files import open_tiles
from pipelines.workspace import Workspace

LON, LAT = 105.0, 30.5
AT = (12, *tile_at(12, LON, LAT))


def picture(colour: tuple[int, int, int] = (200, 10, 10), kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (256, 256), colour).save(out, kind)
    return out.getvalue()


def mbtiles(path: Path, tiles: dict[tuple[int, int, int], bytes], **told: str) -> Path:
    """A small MBTiles file; rows as the web map counts them."""
    with sqlite3.connect(path) as base:
        base.execute("create table metadata (name text, value text)")
        base.execute(
            "create table tiles (zoom_level integer, tile_column integer, tile_row integer, tile_data blob)"
        )
        base.executemany("insert into metadata values (?, ?)", told.items())
        rows = [(z, x, 2**z - 1 - y, body) for (z, x, y), body in tiles.items()]
        base.executemany("insert into tiles values (?, ?, ?, ?)", rows)
    base.close()
    return path


def pmtiles(path: Path, body: bytes, kind: str = "PNG") -> Path:
    """A PMTiles file of one tile."""
    from pmtiles.tile import Compression, TileType, zxy_to_tileid
    from pmtiles.writer import Writer

    with path.open("wb") as file:
        writer = Writer(file)  # type: ignore[no-untyped-call]
        writer.write_tile(zxy_to_tileid(*AT), body)  # type: ignore[no-untyped-call]
        header = {
            "tile_type": TileType[kind],
            "tile_compression": Compression.NONE,
            "min_zoom": 12,
            "max_zoom": 12,
            **dict.fromkeys(("min_lon_e7", "min_lat_e7", "max_lon_e7", "max_lat_e7"), 0),
            **dict.fromkeys(("center_zoom", "center_lon_e7", "center_lat_e7"), 0),
        }
        writer.finalize(header, {"attribution": "<b>某测绘院</b>"})  # type: ignore[no-untyped-call]
    return path


def cone(path: Path, *, crs: str | None = "EPSG:4544", hole: bool = False) -> Path:
    """A raster of a mountain 1,000 m high and some 9 km across, around LON and LAT."""
    side, cell = 300, 30.0
    row, column = np.mgrid[:side, :side] - side // 2
    height = np.maximum(1000 - np.hypot(row, column) * cell * 0.25, 0).astype("float32")
    if hole:
        height[:, : side // 2] = -9999
    place = Affine(cell, 0, 500_000 - side * cell / 2, 0, -cell, 3_375_700 + side * cell / 2)
    profile = {"driver": "GTiff", "width": side, "height": side, "count": 1, "dtype": "float32", "nodata": -9999}
    with rasterio.open(path, "w", **profile, crs=crs, transform=place) as file:
        file.write(height, 1)
    return path


def seen(body: bytes) -> np.ndarray:
    """What a tile of light and shadow makes of a middle grey, 0 to 255."""
    veil = np.asarray(Image.open(io.BytesIO(body)).convert("LA")).astype(float)
    cover = veil[..., 1] / 255
    return 128 * (1 - cover) + veil[..., 0] * cover


def mean_around(relief: Relief, east_km: float, north_km: float) -> float:
    """Brightness of the relief at a place beside the mountain's top, in a tile of zoom 12."""
    z = AT[0]
    lon, lat = LON + east_km / 95.9, LAT + north_km / 110.9
    x, y = tile_at(z, lon, lat)
    west, size = x / 2**z * 360 - 180, 360 / 2**z
    column = int((lon - west) / size * 256)
    whole = (0.5 - np.arctanh(np.sin(np.radians(lat))) / (2 * np.pi)) * 2**z
    return float(seen(relief.tile(z, x, y))[int((whole - y) * 256), column])


def test_a_cone_is_lit_from_the_north_west(tmp_path: Path) -> None:
    relief = Relief(cone(tmp_path / "dem.tif"))
    assert mean_around(relief, -1.5, 1.5) > 140 > 115 > mean_around(relief, 1.5, -1.5)


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_heights_in_degrees_and_metres_are_drawn_at_the_same_place(tmp_path: Path) -> None:
    metres = cone(tmp_path / "dem.tif")
    with rasterio.open(metres) as source:
        from rasterio.warp import calculate_default_transform, reproject

        place, wide, high = calculate_default_transform(
            source.crs, "EPSG:4490", source.width, source.height, *source.bounds
        )
        made = np.full((high, wide), -9999, dtype="float32")
        reproject(rasterio.band(source, 1), made, dst_transform=place, dst_crs="EPSG:4490", dst_nodata=-9999)
        profile = {**source.profile, "crs": "EPSG:4490", "transform": place, "width": wide, "height": high}
    with rasterio.open(tmp_path / "degrees.tif", "w", **profile) as file:
        file.write(made, 1)
    one, other = Relief(metres), Relief(tmp_path / "degrees.tif")
    for east, north in ((-1.5, 1.5), (1.5, -1.5), (2.0, 2.0)):
        assert mean_around(one, east, north) == pytest.approx(mean_around(other, east, north), abs=6)


def test_what_has_no_height_is_clear_and_far_places_have_no_tile(tmp_path: Path) -> None:
    relief = Relief(cone(tmp_path / "dem.tif", hole=True))
    assert mean_around(relief, -1.5, 1.5) == 128
    assert mean_around(relief, 1.5, -1.5) < 115
    assert relief.tile(12, *tile_at(12, 121.0, 31.0)) == b""
    assert relief.tile(3, 0, 0) == relief.tile(12, -1, 5000) == b""


def test_from_far_a_large_raster_is_read_from_a_small_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fine, coarse = Relief(cone(tmp_path / "dem.tif")), Relief(tmp_path / "dem.tif")
    at = (9, *tile_at(9, LON, LAT))
    whole = seen(fine.tile(*at))
    monkeypatch.setattr("pipelines.hillshade.COARSE", 75)
    small = seen(coarse.tile(*at))
    assert coarse._far is not None and fine._far is None
    assert np.abs(whole - small).mean() < 1
    ready = Relief(tmp_path / "dem.tif")
    ready.prepare()
    assert ready._far is not None


def test_heights_that_cannot_be_placed_or_read_are_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="does not say in which coordinate system"):
        Relief(cone(tmp_path / "nowhere.tif", crs=None))
    (tmp_path / "text.tif").write_text("no raster")
    with pytest.raises(Refused, match=r"text\.tif cannot be read"):
        Relief(tmp_path / "text.tif")
    with pytest.raises(Refused, match="no file of heights"):
        Relief(tmp_path / "gone.tif")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_tile_of_mbtiles_is_found_though_its_rows_count_from_the_south(tmp_path: Path, kind: str) -> None:
    body = picture(kind=kind)
    file = open_tiles(mbtiles(tmp_path / "b.mbtiles", {AT: body}, format=kind.lower(), attribution="<a>某院</a>"))
    assert file.tile(*AT) == (body, f"image/{kind.lower()}")
    z, x, y = AT
    assert file.tile(z, x, y + 1) is None and file.tile(z, x, 2**z - 1 - y) is None and file.tile(z, -1, y) is None
    assert (file.min_zoom, file.max_zoom, file.attribution) == (12, 12, "某院")


def test_a_tile_of_pmtiles_is_found(tmp_path: Path) -> None:
    body = picture()
    file = open_tiles(pmtiles(tmp_path / "b.pmtiles", body))
    assert file.tile(*AT) == (body, "image/png")
    assert file.tile(12, 0, 0) is None
    assert (file.max_zoom, file.attribution) == (12, "某测绘院")


def test_vector_tiles_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="holds no picture tiles"):
        open_tiles(mbtiles(tmp_path / "v.mbtiles", {AT: b"\x1f\x8b"}, format="pbf"))
    with pytest.raises(Refused, match="holds no picture tiles"):
        open_tiles(mbtiles(tmp_path / "u.mbtiles", {AT: b"\x1a\x05layer"}))
    with pytest.raises(Refused, match="holds no picture tiles"):
        open_tiles(pmtiles(tmp_path / "v.pmtiles", b"\x1a\x05layer", "MVT"))


@pytest.mark.parametrize("ending", ["mbtiles", "pmtiles"])
def test_a_broken_or_missing_file_is_refused_in_a_sentence(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"b.{ending}"
    with pytest.raises(Refused, match="There is no base map file"):
        open_tiles(path)
    for body in (b"", b"PMTiles", b"nothing of the kind" * 40):
        path.write_bytes(body)
        with pytest.raises(Refused, match=f"b.{ending} cannot be read"):
            open_tiles(path)
    whole = tmp_path / f"w.{ending}"
    mbtiles(whole, {AT: picture()}) if ending == "mbtiles" else pmtiles(whole, picture())
    path.write_bytes(whole.read_bytes()[:140])
    with pytest.raises(Refused, match=f"b.{ending} cannot be read"):
        open_tiles(path)


# ---- the settings


def county(root: Path, told: str = "") -> Workspace:
    workspace = Workspace.create(root, code="990101", name="试县")
    path = root / "county.toml"
    path.write_text(
        path.read_text(encoding="utf-8").split("[basemap]")[0] + f"[basemap]\n{told}", encoding="utf-8"
    )
    return Workspace(workspace.root)


def test_a_new_workspace_has_no_base_map_and_says_nothing(tmp_path: Path) -> None:
    assert base_map(Workspace.create(tmp_path / "w", code="990101", name="试县")) == BaseMap()


def test_heights_named_dem_are_taken_without_a_setting(tmp_path: Path) -> None:
    workspace = county(tmp_path / "w")
    cone(workspace.root / "dem.tif")
    found = base_map(workspace)
    assert found.relief is not None and found.mark and found.faults == ()


def test_what_cannot_be_used_is_a_sentence_in_both_languages_and_the_rest_goes_on(tmp_path: Path) -> None:
    workspace = county(tmp_path / "w", 'tiles = "gone.mbtiles"\ndem = "heights.tif"')
    cone(workspace.root / "heights.tif")
    found = base_map(workspace)
    assert found.relief is not None and found.local is None
    assert [one.code for one in found.faults] == ["basemap_missing"]
    assert "没有底图文件 gone.mbtiles" in found.faults[0].words("zh")
    mbtiles(workspace.root / "gone.mbtiles", {AT: picture()})
    later = base_map(workspace)
    assert later.local is not None and later.faults == () and later.mark != found.mark


def test_an_address_without_places_for_tile_numbers_is_refused(tmp_path: Path) -> None:
    found = base_map(county(tmp_path / "w", 'tiles = "https://map.example.cn/"'))
    assert [one.code for one in found.faults] == ["basemap_unknown"]
    assert "{z}" in found.faults[0].words("zh") and not found.remote
    assert sources({"tiles": "https://map.example.cn/"}) == ()
    assert sources({"tiles": "https://map.example.cn/{z}/{x}/{y}?tk={key}"}) == ()


def test_a_remote_source_keeps_its_address_servers_and_approval(tmp_path: Path) -> None:
    address = "https://t{s}.tianditu.gov.cn/vec_w/wmts?TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk=K"
    found = base_map(county(tmp_path / "w", f'tiles = "{address}"\napproval_number = "GS(2024)0650号"'))
    assert (found.remote, found.source, found.approval) == (address, "天地图", "GS(2024)0650号")
    assert len(found.servers) == 8 and found.faults == ()


@pytest.mark.real_data
def test_heights_of_other_people_are_shaded_at_every_zoom(real_data: Path) -> None:
    """The Vinschgau: mountains all over, in UTM."""
    relief = Relief(real_data / "terra_ex" / "elev_vinschgau.tif")
    west, south, east, north = relief.bounds
    middle = ((west + east) / 2, (south + north) / 2)
    spread = [seen(relief.tile(z, *tile_at(z, *middle))).std() for z in (9, 11, 13, 15)]
    assert min(spread) > 5
