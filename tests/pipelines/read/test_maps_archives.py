"""Maps in zips and folders."""

from __future__ import annotations

import gc
import os
import struct
import tempfile
import zipfile
from pathlib import Path

import pytest
import shapely

from geo.errors import Refused
from pipelines.read import archives, open_tables
from tests.pipelines.read.map_files import (
    codes_of,
    frame,
    gbk_names,
    gbk_shapefile,
    rows_of,
    write,
    write_dbf,
    write_points,
    zipped,
)

POINT = shapely.Point(117, 28)


def members(path: Path, prefix: str = "") -> dict[str, Path | bytes]:
    return {prefix + part.name: part for part in path.parent.glob(f"{path.stem}.*")}


def refusal(path: Path) -> Refused:
    with pytest.raises(Refused) as caught:
        open_tables(path)
    assert "…" not in caught.value.words("zh") + caught.value.words("en")
    return caught.value


@pytest.mark.parametrize("packer", [gbk_names, lambda archive: archive])
def test_chinese_names_in_a_zip_are_read_in_gbk_and_in_utf_8(tmp_path: Path, packer: object) -> None:
    path = gbk_shapefile(tmp_path / "a", "撂荒地图斑")
    archive = zipped(tmp_path / "报送.zip", members(path, "陈营镇/"))
    (table,) = open_tables(packer(archive))  # type: ignore[operator]
    assert (table.name, table.path) == ("撂荒地图斑", archive)
    assert rows_of(table)["名称"].tolist() == ["张家村", "李家村"]


def test_names_with_utf_8_bytes_but_no_mark_are_read_as_utf_8(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", {"图斑.geojson": b"{}"})
    archive.write_bytes(archive.read_bytes().replace(b"\x00\x08", b"\x00\x00"))
    with zipfile.ZipFile(archive) as opened:
        assert archives.member_names(opened.infolist()) == ["图斑.geojson"]


def test_several_shapefiles_in_one_zip_are_several_tables(tmp_path: Path) -> None:
    one, two = gbk_shapefile(tmp_path / "a", "甲镇"), gbk_shapefile(tmp_path / "b", "乙镇")
    archive = gbk_names(zipped(tmp_path / "c.zip", {**members(one), **members(two)}))
    tables = open_tables(archive)
    assert sorted(table.name for table in tables) == ["乙镇", "甲镇"]
    assert [table.name for table in open_tables(archive, sheet="甲镇")] == ["甲镇"]
    with pytest.raises(Refused) as caught:
        open_tables(archive, sheet="丙镇")
    assert caught.value.code == "layer_not_found"


def test_a_zip_in_a_zip_is_opened_once_and_no_deeper(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", members(gbk_shapefile(tmp_path / "a")))
    outer = zipped(tmp_path / "outer.zip", {"inner.zip": inner})
    (table,) = open_tables(outer)
    assert len(rows_of(table)) == 2 and table.path == outer
    assert refusal(zipped(tmp_path / "most.zip", {"outer.zip": outer})).code == "zip_too_deep"


def test_what_cannot_be_read_among_others_is_a_finding(tmp_path: Path) -> None:
    gbk_shapefile(tmp_path / "乡镇", "甲镇")
    gbk_shapefile(tmp_path / "乡镇", "乙镇").unlink()
    (tmp_path / "乡镇" / "图.rar").write_bytes(b"Rar!\x1a\x07\x00" + b"x" * 50)
    (tmp_path / "乡镇" / "照片.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    (tmp_path / "乡镇" / "readme.txt").write_text("read me")
    (table,) = open_tables(tmp_path / "乡镇")
    left = [issue for issue in table.issues if issue.code == "part_not_read"]
    assert sorted(issue.params["file"] for issue in left) == ["乙镇.dbf", "图.rar"]
    assert "乙镇.shp" in left[0].words("zh") or "乙镇.shp" in left[1].words("zh")


def test_macos_and_windows_rubbish_in_a_zip_is_passed_over(tmp_path: Path) -> None:
    path = gbk_shapefile(tmp_path / "a", "b")
    rubbish: dict[str, Path | bytes] = {"__MACOSX/._b.shp": b"x", "Thumbs.db": b"x", ".DS_Store": b"x"}
    (table,) = open_tables(zipped(tmp_path / "a.zip", {**members(path), **rubbish}))
    assert codes_of(table) == ["encoding_from_content"]


def test_windows_separators_in_names_are_folders(tmp_path: Path) -> None:
    path = gbk_shapefile(tmp_path / "a", "b")
    archive = zipped(tmp_path / "a.zip", members(path, "x/"))
    archive.write_bytes(archive.read_bytes().replace(b"x/b.", b"x\\b."))
    assert len(open_tables(archive)) == 1


def test_the_unpacked_folder_goes_with_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    (table,) = open_tables(zipped(tmp_path / "a.zip", members(gbk_shapefile(tmp_path / "a"))))
    batches = table.batches()
    assert len(next(batches)) == 2 and list(place.iterdir())
    del table
    gc.collect()
    assert list(batches) == []
    del batches
    gc.collect()
    assert list(place.iterdir()) == []


def test_nothing_is_left_beside_the_senders_file(tmp_path: Path) -> None:
    write(frame([POINT]), tmp_path / "a.gml", "GML")
    write(frame([POINT]), tmp_path / "a.kml", "LIBKML")
    before = sorted(tmp_path.iterdir())
    for path in before:
        if path.suffix != ".xsd":
            assert len(rows_of(open_tables(path)[0])) == 1
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    "name", ["../../evil.shp", "/etc/evil.shp", "a/../../evil.shp", "C:/evil.shp", "..\\evil.shp"]
)
def test_names_that_lead_outside_are_refused(tmp_path: Path, name: str) -> None:
    assert refusal(zipped(tmp_path / "a.zip", {name: b"x"})).code == "zip_outside"


def test_a_zip_with_a_password_is_refused(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", {"a.shp": b"x" * 200})
    raw = bytearray(archive.read_bytes())
    raw[6] |= 1
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(raw)
    assert refusal(archive).code == "zip_encrypted"


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "_SMALL", 1024)
    assert refusal(zipped(tmp_path / "a.zip", {"a.dbf": b"\0" * 2_000_000})).code == "zip_too_large"


def test_a_bomb_that_lies_about_its_size_is_stopped(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", {"a.geojson": b" " * 100_000})
    raw = archive.read_bytes()
    archive.write_bytes(raw.replace(struct.pack("<I", 100_000), struct.pack("<I", 10)))
    assert refusal(archive).code == "zip_damaged"


def test_a_zip_cut_off_is_refused(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", members(gbk_shapefile(tmp_path / "a")))
    archive.write_bytes(archive.read_bytes()[:-60])
    assert refusal(archive).code == "zip_damaged"


def test_a_zip_with_a_flipped_byte_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("a.geojson", os.urandom(1000))
    raw = bytearray(archive.read_bytes())
    raw[500] ^= 0xFF
    archive.write_bytes(raw)
    assert refusal(archive).code == "zip_damaged"


def test_empty_zips_and_empty_folders_are_refused(tmp_path: Path) -> None:
    assert refusal(zipped(tmp_path / "a.zip", {})).code == "zip_empty"
    assert refusal(zipped(tmp_path / "b.zip", {"a.txt": b""})).code == "zip_empty"
    (tmp_path / "folder").mkdir()
    assert refusal(tmp_path / "folder").code == "nothing_readable"


def test_a_method_windows_uses_for_large_files_is_refused_by_name(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", {"a.shp": b"x" * 200})
    raw = bytearray(archive.read_bytes())
    raw[8] = 9
    raw[raw.index(b"PK\x01\x02") + 10] = 9
    archive.write_bytes(raw)
    refused = refusal(archive)
    assert refused.code == "zip_method" and refused.params["member"] == "a.shp"


def test_a_folder_gives_each_set_once(tmp_path: Path) -> None:
    gbk_shapefile(tmp_path / "甲", "图斑")
    write(frame([POINT]), tmp_path / "b.gpkg", "GPKG", layer="权属")
    write(frame([POINT]), tmp_path / "c.tab", "MapInfo File", ENCODING="CP936")
    write_dbf(tmp_path / "户.dbf", [(b"A", "C", 1, 0)], [[b"a"]])
    assert [table.name for table in open_tables(tmp_path)] == ["权属", "c", "户", "图斑"]


def test_sets_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    for town in ("陈营镇", "梓埠镇"):
        gbk_shapefile(tmp_path / "报送" / town, "图斑")
    assert [table.name for table in open_tables(tmp_path / "报送")] == ["梓埠镇/图斑", "陈营镇/图斑"]
    (table,) = open_tables(tmp_path / "报送", sheet="陈营镇/图斑")
    assert len(rows_of(table)) == 2


def test_a_geodatabase_zipped_without_its_folder_is_found(tmp_path: Path) -> None:
    gdb = write(frame([POINT]), tmp_path / "县.gdb", "OpenFileGDB", layer="承包地")
    archive = zipped(tmp_path / "a.zip", {part.name: part for part in gdb.iterdir()})
    (table,) = open_tables(archive)
    assert table.name == "承包地" and len(rows_of(table)) == 1


def test_exported_tables_of_the_standard_are_joined_like_its_database(tmp_path: Path) -> None:
    codes = [b"3611291000010000001", b"3611291000010000002"]
    write_dbf(tmp_path / "DK.dbf", [(b"DKBM", "C", 19, 0)], [[code] for code in codes])
    write_points(tmp_path / "DK.shp", [(1.0, 1.0), (2.0, 2.0)])
    fields = [(b"DKBM", "C", 19, 0), (b"CBHTBM", "C", 19, 0), (b"LZHTBM", "C", 19, 0)]
    write_dbf(tmp_path / "CBDKXX.dbf", fields, [[codes[1], b"H1", b"L1"]])
    (tmp_path / "LZHT.csv").write_text("LZHTBM,LZFS,LZMJM\nL1,出租,1.5\nL2,入股,2\n", encoding="utf-8")
    parcels, transfers, links = open_tables(tmp_path)
    assert (parcels.name, transfers.name, links.name) == ("DK", "LZHT", "CBDKXX")
    assert rows_of(parcels)["CBHTBM"].tolist() == [None, "H1"]
    rows = rows_of(transfers)
    assert rows["geometry"].tolist() == [shapely.Point(2, 2), None] and rows["DKBM"].iloc[0] == codes[1].decode()
