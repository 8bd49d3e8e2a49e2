"""What goes wrong with whole files: missing parts, false marks of encoding, archives, things that are no data."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from data_samples import maps
from data_samples.delivery import LAST_DAY
from data_samples.mess import Make, Mess, abandoned

ABANDONED = "abandoned_parcel"


def _shapefile(folder: Path) -> Path:
    return maps.write_shapefile(folder / "撂荒地.shp", abandoned(), LAST_DAY)


def _without(suffix: str) -> Make:
    """A shapefile of which one part was forgotten, in a folder."""

    def make(folder: Path) -> Path:
        path = _shapefile(folder)
        path.with_suffix(suffix).unlink()
        return path if suffix != ".shp" else path.with_suffix(".dbf")

    return make


def _cut(suffix: str, share: float) -> Make:
    """A shapefile of which one part broke off on the way."""

    def _make(folder: Path) -> Path:
        path = _shapefile(folder)
        part = path.with_suffix(suffix)
        content = part.read_bytes()
        part.write_bytes(content[: int(len(content) * share)])
        return path

    return _make


def _false_cpg(folder: Path) -> Path:
    path = _shapefile(folder)
    path.with_suffix(".cpg").write_text("UTF-8", encoding="ascii")
    return path


def _long_heading(folder: Path) -> Path:
    """Desktop software cuts a heading at ten bytes, in UTF-8 through the middle of a character."""
    few = {"图斑编号": "编号", "村": "村", "上报面积": "面积", "小地名": "小地名"}
    frame = abandoned()[[*few, "geometry"]].rename(columns=few)
    path = maps.write_shapefile(folder / "撂荒地.shp", frame, LAST_DAY, encoding="UTF-8", cpg=True)
    table = path.with_suffix(".dbf")
    content = table.read_bytes()
    whole, cut = "小地名".encode(), "小地名称".encode()[:10]
    table.write_bytes(content.replace(whole.ljust(11, b"\0"), cut.ljust(11, b"\0"), 1))
    return path


def _garbled_heading(folder: Path) -> Path:
    """A heading written as UTF-8 in a table whose rows are GBK."""
    path = _shapefile(folder)
    table = path.with_suffix(".dbf")
    content = table.read_bytes()
    whole, garbled = "备注".encode("gbk"), "备注".encode()
    table.write_bytes(content.replace(whole.ljust(11, b"\0"), garbled.ljust(11, b"\0"), 1))
    return path


def _deleted_row(folder: Path) -> Path:
    path = _shapefile(folder)
    table = path.with_suffix(".dbf")
    content = bytearray(table.read_bytes())
    content[int.from_bytes(content[8:10], "little")] = ord("*")
    table.write_bytes(content)
    return path


def _bytes(name: str, content: bytes) -> Make:
    """A file of exactly these bytes."""

    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content)
        return path

    return make


def _picture(folder: Path) -> Path:
    path = folder / "台账.xlsx"
    Image.new("RGB", (64, 48), "white").save(path, format="PNG")
    return path


def _zipped(change: Callable[[bytes], bytes]) -> Make:
    """A zipped shapefile whose bytes were then changed."""

    def _make(folder: Path) -> Path:
        path = folder / "撂荒地.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for part in maps.shapefile_parts(_shapefile(folder)):
                archive.write(part, part.name)
                part.unlink()
        path.write_bytes(change(path.read_bytes()))
        return path

    return _make


def _empty_zip(folder: Path) -> Path:
    path = folder / "空.zip"
    with zipfile.ZipFile(path, "w"):
        pass
    return path


def _climbing_zip(folder: Path) -> Path:
    path = folder / "撂荒地.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../撂荒地.geojson", "{}")
    return path


def _empty_template(folder: Path) -> Path:
    path = folder / "模板.xlsx"
    abandoned().drop(columns="geometry").iloc[:0].to_excel(path, index=False)
    return path


def _web_page(folder: Path) -> Path:
    path = folder / "撂荒地.geojson"
    path.write_text("<!DOCTYPE html><html><body>登录已过期</body></html>", encoding="utf-8")
    return path


def _shopping_list(folder: Path) -> Path:
    path = folder / "采购清单.csv"
    path.write_text("品名,数量\n扫帚,20\n铁锹,12\n", encoding="utf-8")
    return path


FILES = (
    Mess("no .shp", "shapefile_without_shp", ABANDONED, _without(".shp")),
    Mess("no .dbf", "shapefile_without_dbf", ABANDONED, _without(".dbf")),
    Mess("no .shx", "shx_restored", ABANDONED, _without(".shx")),
    Mess("shapes cut off", "shapefile_truncated", ABANDONED, _cut(".shp", 0.6)),
    Mess("attributes cut off", "dbf_truncated", ABANDONED, _cut(".dbf", 0.6)),
    Mess("GBK without a word of it", "encoding_from_content", ABANDONED, _shapefile),
    Mess("GBK marked as UTF-8", "encoding_mark_overruled", ABANDONED, _false_cpg),
    Mess("heading cut through a character", "field_name_cut", ABANDONED, _long_heading),
    Mess("heading in another encoding", "field_name_repaired", ABANDONED, _garbled_heading),
    Mess("row marked as deleted", "deleted_rows_skipped", ABANDONED, _deleted_row),
    Mess("nothing in the file", "file_empty", ABANDONED, _bytes("撂荒地.xlsx", b"")),
    Mess("picture named xlsx", "file_is_image", ABANDONED, _picture),
    Mess("letter instead of a table", "file_is_document", ABANDONED, _bytes("撂荒地.pdf", b"%PDF-1.7\n%%EOF\n")),
    Mess("failed download", "file_is_web_page", ABANDONED, _web_page),
    Mess("drawing of the CAD office", "file_is_dwg", ABANDONED, _bytes("撂荒地.dwg", b"AC1032" + bytes(200))),
    Mess("first of several archives", "archive_part", ABANDONED, _bytes("撂荒地.7z.001", b"7z\xbc\xaf\x27\x1c")),
    Mess("rar archive", "archive_not_zip", ABANDONED, _bytes("撂荒地.rar", b"Rar!\x1a\x07\x01\x00")),
    Mess("zip broken off", "zip_damaged", ABANDONED, _zipped(lambda content: content[: len(content) // 2])),
    Mess("zip with nothing in it", "zip_empty", ABANDONED, _empty_zip),
    Mess("zip reaching outside", "zip_outside", ABANDONED, _climbing_zip),
    Mess("template not filled in", "file_has_no_rows", ABANDONED, _empty_template),
    Mess("table of something else", "column_missing", "zone_plan", _shopping_list),
)
