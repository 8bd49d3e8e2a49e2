"""What cannot be opened is refused in one sentence that says why."""

from __future__ import annotations

import contextlib
import random
from pathlib import Path

import pytest
import shapely

from geo.errors import Refused
from pipelines.read import open_tables
from tests.pipelines.read.map_files import frame, gbk_shapefile, write, zipped

CASES: list[tuple[str, bytes, str]] = [
    ("a.7z", b"7z\xbc\xaf\x27\x1c" + b"\0" * 40, "archive_not_zip"),
    ("a.7z.001", b"7z\xbc\xaf\x27\x1c" + b"\0" * 40, "archive_part"),
    ("a.7z.002", bytes(range(200, 256)), "archive_part"),
    ("a.zip.001", b"PK\x03\x04" + b"\0" * 40, "archive_part"),
    ("a.rar", b"Rar!\x1a\x07\x00" + b"\0" * 40, "archive_not_zip"),
    ("a.tar.gz", b"\x1f\x8b\x08" + b"\0" * 40, "archive_not_zip"),
    ("a.shp", b"", "file_empty"),
    ("a.geojson", b"", "file_empty"),
    ("a.csv", b"\r\n \r\n", "file_empty"),
    ("a.zip", b"\0" * 500, "file_empty"),
    ("a.geojson", b"<!DOCTYPE html><html><body>404</body></html>", "file_is_web_page"),
    ("a.kml", b"<html xmlns='http://www.w3.org/1999/xhtml'></html>", "file_is_web_page"),
    ("a.geojson", b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "file_is_image"),
    ("a.kmz", b"\xff\xd8\xff\xe0" + b"\0" * 40, "file_is_image"),
    ("a.xlsx", b"%PDF-1.7\n", "file_is_document"),
    ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500, "file_is_document"),
    ("a.dxf", b"AC1027\0\0" + b"\0" * 40, "file_is_dwg"),
    ("a.bin", bytes(range(256)) * 4, "format_unknown"),
    ("a.json", b'{"rows": [1, 2, 3]}', "json_not_map"),
    ("a.geojson", b'{"type": "FeatureCollection", "features": [{"type": "Fea', "file_truncated"),
    ("a.geojson", b'{"type": "FeatureCollection", "features": [}', "map_unreadable"),
    ("a.geojson", b"nothing but words", "map_unreadable"),
    ("a.xml", b"<?xml version='1.0'?><books><book/></books>", "xml_not_map"),
    ("a.kml", b"<?xml version='1.0'?><kml><Document><Placemark>", "file_truncated"),
    ("a.kml", b"<?xml version='1.0'?><kml><Document></Document></kml>", "map_without_layers"),
    ("a.gpkg", b"SQLite format 3\0" + b"\x10\x00" + b"\0" * 400, "map_unreadable"),
    ("a.mdb", b"\x00\x01\x00\x00Standard Jet DB\0" + b"\1" * 9000, "access_damaged"),
    ("a.parquet", b"PAR1" + b"\0" * 100, "file_truncated"),
    ("a.parquet", b"PAR1" + b"\0" * 100 + b"PAR1", "map_unreadable"),
    ("a.fgb", b"fgb\x03fgb\x00" + b"\xff" * 40, "map_without_layers"),
    ("a.tab", b"!table\r\n!version 300\r\n", "mapinfo_part_missing"),
]  # fmt: skip


def refusal(path: Path) -> Refused:
    with pytest.raises(Refused) as caught:
        for table in open_tables(path):
            list(table.batches())
    for lang in ("zh", "en"):
        words = caught.value.words(lang)
        assert path.name in words and "…" not in words and "\n" not in words
    return caught.value


@pytest.mark.parametrize(("name", "content", "code"), CASES, ids=[f"{c[0]}-{c[2]}" for c in CASES])
def test_it_is_refused_with_its_reason(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, content: bytes, code: str
) -> None:
    (tmp_path / name).write_bytes(content)
    assert refusal(tmp_path / name).code == code
    assert capfd.readouterr() == ("", "")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert refusal(tmp_path / "没有.shp").code == "file_missing"


@pytest.mark.parametrize(
    ("name", "driver"),
    [("a.gpkg", "GPKG"), ("a.geojson", "GeoJSON"), ("a.gml", "GML"), ("a.kml", "LIBKML"), ("a.fgb", "FlatGeobuf")],
)
def test_a_file_cut_off_in_the_middle_is_refused_whole(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, driver: str
) -> None:
    shapes = [shapely.box(116 + i / 500, 28, 116.001 + i / 500, 28.001) for i in range(400)]
    path = write(frame(shapes, crs=4326), tmp_path / name, driver)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    assert refusal(path).code in {"file_truncated", "map_unreadable"}
    assert capfd.readouterr() == ("", "")


def test_files_with_random_damage_never_end_in_anything_but_a_refusal(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(7)
    data = frame([shapely.box(i, 0, i + 1, 1) for i in range(30)], crs=4326)
    made = [
        write(data, tmp_path / "a.gpkg", "GPKG"),
        write(data, tmp_path / "a.geojson", "GeoJSON"),
        write(data, tmp_path / "a.fgb", "FlatGeobuf"),
        write(data, tmp_path / "a.kml", "LIBKML"),
        write(data, tmp_path / "a.mif", "MapInfo File", ENCODING="CP936"),
        gbk_shapefile(tmp_path / "s"),
        gbk_shapefile(tmp_path / "s").with_suffix(".dbf"),
    ]
    data.to_parquet(tmp_path / "a.parquet")
    made.append(tmp_path / "a.parquet")
    made.append(zipped(tmp_path / "a.zip", {"a.geojson": tmp_path / "a.geojson"}))
    for path in made:
        sound = path.read_bytes()
        for _ in range(12):
            broken = bytearray(sound)
            for _ in range(chance.randint(1, 30)):
                broken[chance.randrange(len(broken))] = chance.randrange(256)
            path.write_bytes(broken)
            with contextlib.suppress(Refused):
                for table in open_tables(path):
                    list(table.batches())
        path.write_bytes(sound)
    assert capfd.readouterr() == ("", "")
