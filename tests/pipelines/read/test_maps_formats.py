"""Map formats other than shapefiles, told by content."""

from __future__ import annotations

import json
import math
import shutil
import sqlite3
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely

from geo.errors import Refused
from pipelines.read import Table, open_tables
from pipelines.read.curves import stroke
from tests.pipelines.read.map_files import codes_of, frame, rows_of, write, zipped

SQUARE = shapely.box(116, 28, 117, 29)
POINT = shapely.Point(117, 28)


def only(path: Path, **options: str) -> Table:
    (table,) = open_tables(path, **options)
    return table


@pytest.mark.parametrize(
    ("name", "driver", "options"),
    [
        ("a.gpkg", "GPKG", {}),
        ("a.gdb", "OpenFileGDB", {}),
        ("a.geojson", "GeoJSON", {}),
        ("a.fgb", "FlatGeobuf", {}),
        ("a.tab", "MapInfo File", {"ENCODING": "CP936"}),
        ("a.mif", "MapInfo File", {"ENCODING": "CP936"}),
        ("a.gml", "GML", {}),
        ("a.kml", "LIBKML", {}),
        ("a.shp", "ESRI Shapefile", {"ENCODING": "GBK"}),
        ("a.geojsonl", "GeoJSONSeq", {}),
    ],
)
def test_one_square_comes_back_from_every_format(
    tmp_path: Path, name: str, driver: str, options: dict[str, str]
) -> None:
    path = write(frame([SQUARE], ["张家村"], crs=4326), tmp_path / name, driver, **options)
    table = only(path)
    rows = rows_of(table)
    assert rows["名称"].tolist() == ["张家村"] and rows["编号"].tolist() == ["000"]
    assert rows["geometry"].iloc[0].equals(SQUARE)
    assert list(rows.columns) == [*table.columns, "geometry"] and rows.index.tolist() == [1]
    assert table.crs is not None and table.crs.is_geographic
    assert table.geometry_type == "polygon" and table.kind == "map"


def test_parquet_with_and_without_geometry_metadata(tmp_path: Path) -> None:
    data = frame([SQUARE, None], crs=4490)
    data.to_parquet(tmp_path / "a.parquet")
    table = only(tmp_path / "a.parquet")
    assert table.crs is not None and table.crs.to_epsg() == 4490
    assert rows_of(table)["geometry"].tolist() == [SQUARE, None]
    data.to_parquet(tmp_path / "b.parquet", geometry_encoding="geoarrow", write_covering_bbox=True)
    table = only(tmp_path / "b.parquet")
    assert table.columns == ("名称", "编号") and table.geometry_type == "polygon"
    assert rows_of(table)["geometry"].iloc[0].equals(SQUARE)
    plain = pa.table({"名称": ["甲"], "geom": [shapely.to_wkb(POINT)], "照片": [b"\x89PNG"]})
    pq.write_table(plain, tmp_path / "c.parquet")
    table = only(tmp_path / "c.parquet")
    assert table.crs is None and table.columns == ("名称",)
    assert rows_of(table)["geometry"].tolist() == [POINT]
    pq.write_table(pa.table({"名称": ["甲"]}), tmp_path / "d.parquet")
    assert only(tmp_path / "d.parquet").kind == "sheet"


def test_whole_numbers_with_gaps_stay_whole(tmp_path: Path) -> None:
    data = gpd.GeoDataFrame({"编码": pd.array([361129100001, None], "Int64")}, geometry=[POINT, POINT], crs=4490)
    for path, driver in ((tmp_path / "a.gpkg", "GPKG"), (tmp_path / "a.geojson", "GeoJSON")):
        assert rows_of(only(write(data, path, driver)))["编码"].tolist() == [361129100001, pd.NA]


def test_empty_text_is_none_and_dates_are_naive_in_legal_time(tmp_path: Path) -> None:
    moments = pd.to_datetime(["2023-05-01T16:30:00Z", None])
    data = gpd.GeoDataFrame({"注": ["", " x"], "时": moments}, geometry=[POINT, POINT], crs=4490)
    rows = rows_of(only(write(data, tmp_path / "a.gpkg", "GPKG")))
    assert rows["注"].tolist() == [None, " x"]
    assert rows["时"].iloc[0] == pd.Timestamp("2023-05-02 00:30") and pd.isna(rows["时"].iloc[1])


def test_layers_of_a_geopackage_are_tables_and_styles_are_not(tmp_path: Path) -> None:
    path = write(frame([SQUARE]), tmp_path / "a.gpkg", "GPKG", layer="图斑")
    write(frame([POINT]), path, "GPKG", layer="点位")
    pyogrio.write_dataframe(pd.DataFrame({"户主": ["某"]}), path, driver="GPKG", layer="农户")
    pyogrio.write_dataframe(pd.DataFrame({"style": ["x"]}), path, driver="GPKG", layer="layer_styles")
    assert [(t.name, t.kind) for t in open_tables(path)] == [("图斑", "map"), ("点位", "map"), ("农户", "sheet")]
    assert [t.name for t in open_tables(path, sheet="点位")] == ["点位"]
    with pytest.raises(Refused) as caught:
        open_tables(path, sheet="没有")
    assert caught.value.params["names"] == "图斑、点位、农户"


def test_a_zipped_geodatabase_and_a_kmz_open_like_the_bare_ones(tmp_path: Path) -> None:
    gdb = write(frame([SQUARE]), tmp_path / "县.gdb", "OpenFileGDB", layer="承包地")
    inside = {f"县.gdb/{part.name}": part for part in gdb.iterdir()}
    table = only(zipped(tmp_path / "gdb.zip", dict(inside)))
    assert table.name == "承包地" and len(rows_of(table)) == 1
    kml = write(frame([POINT]), tmp_path / "doc.kml", "LIBKML")
    assert len(rows_of(only(zipped(tmp_path / "点.kmz", {"doc.kml": kml})))) == 1


def test_kml_keeps_the_senders_columns_only(tmp_path: Path) -> None:
    data = gpd.GeoDataFrame({"icon": ["树"], "村": ["张家村"]}, geometry=[POINT], crs=4326)
    table = only(write(data, tmp_path / "a.kml", "LIBKML"))
    assert table.columns == ("icon", "村")
    assert rows_of(table).iloc[0, :2].tolist() == ["树", "张家村"]


def test_kml_balloons_become_columns(tmp_path: Path) -> None:
    balloon = "<table><tr><td>村名</td><td>{}</td></tr><tr><td>面积</td><td>&lt;Null&gt;</td></tr></table>"
    marks = "".join(
        f"<Placemark><name>{n}</name><description><![CDATA[{balloon.format(n + '村')}]]></description>"
        f"<Point><coordinates>117,28</coordinates></Point></Placemark>"
        for n in "甲乙"
    )
    folder = f"<kml><Document><Folder><name>点</name>{marks}</Folder></Document></kml>"
    kml = '<?xml version="1.0" encoding="GBK"?>' + folder
    (tmp_path / "a.kml").write_bytes(kml.encode("gbk"))
    table = only(tmp_path / "a.kml")
    assert table.columns == ("Name", "村名", "面积") and table.encoding == "gb18030"
    assert rows_of(table)["村名"].tolist() == ["甲村", "乙村"] and rows_of(table)["面积"].tolist() == [None, None]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_geojson_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    text = (write(frame([POINT], ["张家村"], 4326), tmp_path / "a.geojson", "GeoJSON")).read_text("utf-8")
    path = tmp_path / "村.json"
    path.write_bytes(text.encode(encoding))
    assert rows_of(only(path))["名称"].tolist() == ["张家村"]


def test_geojson_in_metres_has_no_crs(tmp_path: Path) -> None:
    feature = {
        "type": "Feature",
        "properties": {"a": 1},
        "geometry": {"type": "Point", "coordinates": [39500000, 3200000]},
    }
    (tmp_path / "a.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    table = only(tmp_path / "a.geojson")
    assert table.crs is None and codes_of(table) == ["geojson_not_degrees"]


def test_topojson_arcs_are_joined_and_the_crs_is_unknown(tmp_path: Path) -> None:
    topology = {
        "type": "Topology",
        "transform": {"scale": [0.5, 0.5], "translate": [117, 28]},
        "objects": {"村": {"type": "GeometryCollection", "geometries": [
            {"type": "Polygon", "arcs": [[0, 1]], "properties": {"名": "甲"}},
            {"type": "Polygon", "arcs": [[-2, 2]], "properties": {"名": "乙"}},
        ]}},
        "arcs": [[[0, 0], [0, 2], [2, 0]], [[2, 2], [0, -2], [-2, 0]], [[2, 2], [2, 0], [0, -2], [-4, 0]]],
    }  # fmt: skip
    (tmp_path / "a.json").write_text(json.dumps(topology))
    table = only(tmp_path / "a.json")
    rows = rows_of(table)
    assert table.crs is None and table.name == "村"
    assert rows["名"].tolist() == ["甲", "乙"] and rows["geometry"].iloc[0].area == 1


def test_mapinfo_text_without_a_charset_is_read_by_its_content(tmp_path: Path) -> None:
    mif = write(frame([POINT], ["张家村"], 4326), tmp_path / "a.mif", "MapInfo File", ENCODING="CP936")
    mif.write_bytes(mif.read_bytes().replace(b"WindowsSimpChinese", b"Neutral"))
    table = only(mif)
    assert rows_of(table)["名称"].tolist() == ["张家村"] and table.encoding == "gb18030"
    tab = write(frame([POINT], ["张家村"], 4326), tmp_path / "b.tab", "MapInfo File", ENCODING="CP936")
    tab.write_bytes(tab.read_bytes().replace(b"WindowsSimpChinese", b"WindowsLatin1"))
    table = only(tab)
    assert rows_of(table)["名称"].tolist() == ["张家村"] and codes_of(table) == ["encoding_mark_overruled"]


def test_mapinfo_without_its_data_file_is_refused(tmp_path: Path) -> None:
    write(frame([POINT], ["a"], 4326), tmp_path / "a.mif", "MapInfo File", ENCODING="CP936")
    (tmp_path / "a.mid").unlink()
    with pytest.raises(Refused) as caught:
        open_tables(tmp_path / "a.mif")
    assert caught.value.code == "mapinfo_part_missing" and caught.value.params["part"] == "a.mid"


def test_closed_lines_of_a_drawing_are_parcels_and_its_text_is_chinese(tmp_path: Path) -> None:
    lines = ["0", "SECTION", "2", "HEADER", "9", "$ACADVER", "1", "AC1015", "9", "$DWGCODEPAGE", "3", "ANSI_936",
             "0", "ENDSEC", "0", "SECTION", "2", "ENTITIES",
             "0", "LWPOLYLINE", "8", "地块", "90", "4", "70", "1",
             *[v for x, y in ((0, 0), (0, 10), (10, 10), (10, 0)) for v in ("10", str(x), "20", str(y))],
             "0", "TEXT", "8", "注记", "10", "5", "20", "5", "40", "1", "1", "张家村",
             "0", "ENDSEC", "0", "EOF"]  # fmt: skip
    (tmp_path / "a.dxf").write_bytes(("\r\n".join(lines) + "\r\n").encode("gbk"))
    table = only(tmp_path / "a.dxf")
    rows = rows_of(table)
    assert rows["Layer"].tolist() == ["地块", "注记"] and rows["Text"].tolist() == [None, "张家村"]
    assert rows["geometry"].iloc[0].area == 100 and table.crs is None and table.name == "a"


def test_tracks_of_a_gpx_are_tables(tmp_path: Path) -> None:
    point = '<wpt lat="28" lon="117"><name>问题点</name></wpt>'
    gpx = f'<?xml version="1.0"?><gpx version="1.1" creator="x">{point}</gpx>'
    (tmp_path / "a.gpx").write_text(gpx, encoding="utf-8")
    table = only(tmp_path / "a.gpx")
    assert table.name == "waypoints" and rows_of(table)["name"].tolist() == ["问题点"]


def test_garbled_text_that_was_stored_garbled_is_restored(tmp_path: Path) -> None:
    garbled = ["张家村", "李家村", "王家桥村"]
    data = frame([POINT] * 3, [name.encode("gbk").decode("latin-1") for name in garbled])
    data = data.rename(columns={"名称": "名称".encode("gbk").decode("latin-1")})
    table = only(write(data, tmp_path / "a.gpkg", "GPKG"))
    assert table.columns == ("名称", "编号")
    assert rows_of(table)["名称"].tolist() == garbled
    assert codes_of(table) == ["field_name_repaired", "text_repaired"]


def test_western_names_are_not_restored_into_chinese(tmp_path: Path) -> None:
    names = ["Ãvila", "Ångström", "Île-de-France", "Besançon"]
    table = only(write(frame([POINT] * 4, names), tmp_path / "a.gpkg", "GPKG"))
    assert rows_of(table)["名称"].tolist() == names and table.issues == []


def test_curves_and_nets_become_plain_shapes(tmp_path: Path) -> None:
    shapes = [
        "CURVEPOLYGON (CIRCULARSTRING (0 0, 1 1, 2 0, 1 -1, 0 0))",
        "MULTISURFACE (((0 0, 0 1, 1 1, 0 0)))",
        "COMPOUNDCURVE ((0 0, 1 0), CIRCULARSTRING (1 0, 2 1, 3 0))",
        "TIN Z (((0 0 0, 0 1 0, 1 1 0, 0 0 0)))",
        "POINT ZM (1 2 3 4)",
    ]
    (tmp_path / "a.csv").write_text("WKT\n" + "\n".join(f'"{s}"' for s in shapes) + "\n")
    pyogrio_table = pyogrio.read_arrow(tmp_path / "a.csv")[1]
    wkb = pyogrio_table.column(pyogrio_table.num_columns - 1)
    pq.write_table(pa.table({"n": range(5), "geometry": wkb.cast(pa.binary())}), tmp_path / "a.parquet")
    found = rows_of(only(tmp_path / "a.parquet"))["geometry"].tolist()
    assert [g.geom_type for g in found] == ["Polygon", "MultiPolygon", "LineString", "MultiPolygon", "Point"]
    assert found[0].area == pytest.approx(math.pi, rel=1e-3)
    assert found[2].length == pytest.approx(1 + math.pi, rel=1e-3)
    assert not found[4].has_z and found[4] == shapely.Point(1, 2)


def test_an_arc_goes_through_its_middle_point_whichever_way_it_turns() -> None:
    for middle in ((0.0, 1.0), (0.0, -1.0)):
        line = shapely.LineString(stroke([(-1.0, 0.0), middle, (1.0, 0.0)]))
        assert line.distance(shapely.Point(middle)) < 1e-3
        assert line.length == pytest.approx(math.pi, rel=1e-3)
    assert stroke([(0.0, 0.0), (1.0, 0.0), (2.0, 0.0)]) == [(0.0, 0.0), (1.0, 0.0), (2.0, 0.0)]


def test_a_file_is_known_by_its_content_and_not_by_its_name(tmp_path: Path) -> None:
    path = write(frame([POINT], crs=4326), tmp_path / "a.gpkg", "GPKG")
    for name in ("a.shp.db", "改名.doc", "无后缀"):
        assert len(rows_of(only(Path(shutil.copy(path, tmp_path / name))))) == 1


def test_many_rows_stream_in_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(frame([shapely.Point(i, 0) for i in range(7)]), tmp_path / "a.gpkg", "GPKG")
    monkeypatch.setattr("pipelines.read.vector.BATCH_ROWS", 3)
    batches = list(only(path).batches())
    assert [len(b) for b in batches] == [3, 3, 1]
    assert pd.concat(batches).index.tolist() == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("part", [".mif", ".mid", ".tab", ".dat", ".map", ".id"])
def test_a_mapinfo_table_with_a_part_cut_off_is_refused(tmp_path: Path, part: str) -> None:
    driver, options = "MapInfo File", {"ENCODING": "CP936"}
    main = tmp_path / ("a.mif" if part in (".mif", ".mid") else "a.tab")
    write(frame([shapely.box(i, 0, i + 1, 1) for i in range(40)], crs=4326), main, driver, **options)
    cut = main.with_suffix(part)
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size * 2 // 3 + 1])
    with pytest.raises(Refused):
        list(only(main).batches())


def test_gbk_bytes_in_a_geopackage_are_read_as_chinese(tmp_path: Path) -> None:
    path = write(frame([POINT, POINT], ["张家村", "x"]), tmp_path / "a.gpkg", "GPKG")
    with sqlite3.connect(path) as database:
        for (trigger,) in database.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            database.execute(f'drop trigger "{trigger}"')
        database.execute(
            'update a set "名称" = cast(? as text) where "名称" = ?', ("李家村".encode("gbk"), "张家村")
        )
    database.close()
    assert rows_of(only(path))["名称"].tolist() == ["李家村", "x"]
