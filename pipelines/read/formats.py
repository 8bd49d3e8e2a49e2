"""What a file really is, told by its first bytes and not by its name."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import Literal

from geo.errors import Refused

from . import archives, parcel_text, survey
from .shapefile import PARTS

Kind = Literal[
    "shapefile", "archive", "database", "access", "parquet", "json", "topojson", "kml", "gpx", "gml",
    "mapinfo", "dxf", "parcel_text", "point_text", "ledger", "delimited",
]  # fmt: skip

_HEAD = 65536
_JET = (b"\x00\x01\x00\x00Standard Jet DB", b"\x00\x01\x00\x00Standard ACE DB")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_REFUSED_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"7z\xbc\xaf\x27\x1c", "archive_not_zip"),
    (b"Rar!\x1a\x07", "archive_not_zip"),
    (b"\x1f\x8b", "archive_not_zip"),
    (b"BZh", "archive_not_zip"),
    (b"\xfd7zXZ", "archive_not_zip"),
    (b"PK\x07\x08", "archive_part"),
    (b"\x89PNG", "file_is_image"),
    (b"\xff\xd8\xff", "file_is_image"),
    (b"GIF8", "file_is_image"),
    (b"BM", "file_is_image"),
    (b"II*\0", "file_is_image"),
    (b"MM\0*", "file_is_image"),
    (b"II+\0", "file_is_image"),
    (b"\0\0\0\x0cjP  ", "file_is_image"),
    (b"%PDF", "file_is_document"),
    (b"{\\rtf", "file_is_document"),
    (b"AC10", "file_is_dwg"),
)
_PART_NAME = re.compile(r"\.(7z|zip|rar)\.\d{3}$|\.z\d\d$|\.r\d\d$|\.part\d+\.rar$", re.IGNORECASE)
_GEOJSON = re.compile(
    r'"type"\s*:\s*"(FeatureCollection|Feature|GeometryCollection|(Multi)?(Point|LineString|Polygon))"'
    r'|"geometryType"\s*:\s*"esriGeometry'
)
_TOPOJSON = re.compile(r'"type"\s*:\s*"Topology"')
_XML_ROOT = re.compile(r"<(?![?!])(?:[\w.-]+:)?([\w.-]+)")
_DXF = re.compile(r"\A(\s*999\s*\r?\n[^\n]*\n)*\s*0\s*\r?\nSECTION", re.IGNORECASE)
_MAP_SUFFIXES = set(".json .geojson .topojson .kml .kmz .gml .gpx .xml .dxf .tab .mif .gpkg".split())  # noqa: SIM905
_DOCUMENT_SUFFIXES = {".doc", ".ppt", ".wps", ".msg", ".dps"}


def kind_of(path: Path) -> Kind:
    """The format of a file, by content.

    Raises Refused when it is nothing that can be read: `file_empty`, `file_truncated`, `archive_not_zip`,
    `archive_part`, `file_is_image`, `file_is_document`, `file_is_web_page`, `file_is_dwg`, `json_not_map`,
    `xml_not_map`, `format_unknown`, `zip_damaged`.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head.strip(b"\0 \r\n\t"):
        if path.suffix.lower() in PARTS - {".shp"} and head:
            return "shapefile"
        raise Refused("file_empty", file=path.name)
    if _PART_NAME.search(path.name):
        raise Refused("archive_part", file=path.name)
    return _binary(path, head) or _textual(path, head)


def _binary(path: Path, head: bytes) -> Kind | None:
    suffix = path.suffix.lower()
    if head.startswith(b"\x00\x00\x27\x0a") or suffix in PARTS:
        return "shapefile"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip(path)
    if head.startswith(b"SQLite format 3\0"):
        _whole_database(path, head)
        return "database"
    if head.startswith(_JET):
        return "access"
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"fgb\x03"):
        return "database"
    if head.startswith(b"AutoCAD Binary DXF"):
        return "dxf"
    if head.startswith(_OLE):
        if suffix in _DOCUMENT_SUFFIXES:
            raise Refused("file_is_document", file=path.name)
        return "ledger"
    for magic, code in _REFUSED_MAGIC:
        if head.startswith(magic) and not (magic == b"BM" and head[6:10] != b"\0\0\0\0"):
            raise Refused(code, file=path.name)
    return None


def _zip(path: Path) -> Kind:
    names = archives.contents(path)
    if "[Content_Types].xml" in names:
        if any(name.startswith("xl/") for name in names):
            return "ledger"
        raise Refused("file_is_document", file=path.name)
    return "ledger" if {"mimetype", "content.xml"} <= set(names) else "archive"


def _whole_database(path: Path, head: bytes) -> None:
    """Refuse a GeoPackage whose end is missing: its header says how many pages it has."""
    page = int.from_bytes(head[16:18], "big") or 65536
    page = 65536 if page == 1 else page
    pages, valid = int.from_bytes(head[28:32], "big"), head[24:28] == head[92:96]
    if valid and pages * page > path.stat().st_size:
        raise Refused("file_truncated", file=path.name)


def _textual(path: Path, head: bytes) -> Kind:
    text = text_of(head)
    if text is None:
        raise Refused("format_unknown", file=path.name)
    start = text.lstrip("\ufeff \r\n\t")
    if re.match(r"<!doctype html|<html", start, re.IGNORECASE):
        return _web_page(path, text)
    if start.startswith(("{", "[", "\x1e")) and not start.startswith("[属性描述]"):
        return _json(path, text)
    if start.startswith("<"):
        return _xml(path, start)
    if start[:6].lower() == "!table" or re.match(r"version\s+\d+\s*\r?\n", start, re.IGNORECASE):
        return "mapinfo"
    if _DXF.match(start):
        if not re.search(r"(^|\n)\s*EOF\Z", _tail(path)):
            raise Refused("file_truncated", file=path.name)
        return "dxf"
    if path.suffix.lower() in _MAP_SUFFIXES:
        raise Refused("map_unreadable", file=path.name)
    if parcel_text.is_parcel_text(text):
        return "parcel_text"
    return "point_text" if survey.is_point_text(text) else "delimited"


def _web_page(path: Path, text: str) -> Kind:
    """Reporting systems save web pages with a table under the name of a workbook: those are ledgers."""
    if path.suffix.lower() in {".xls", ".xlsx", ".et"} and "<table" in text.lower():
        return "ledger"
    raise Refused("file_is_web_page", file=path.name)


def text_of(head: bytes) -> str | None:
    """The beginning of a file as text in whichever encoding it decodes; None when it is no text."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return head.decode("utf-16", errors="replace")
    if b"\0" in head or sum(byte < 9 or 13 < byte < 27 for byte in head[:4096]) > 4:
        return None
    for encoding in ("utf-8", "gb18030"):
        try:
            return codecs.getincrementaldecoder(encoding)().decode(head)
        except UnicodeDecodeError:
            continue
    return head.decode("latin-1")


def _tail(path: Path, size: int = 65536) -> str:
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - size, 0))
        raw = file.read()
    if b"\0" in raw:
        raw = raw.replace(b"\0", b"")
    return raw.decode("utf-8", errors="ignore").rstrip("\0 \r\n\t\x1a")


def _json(path: Path, text: str) -> Kind:
    tail = _tail(path)
    if '"gdal_streamed_alg"' in text:  # a recipe that GDAL would follow to other files, not data
        raise Refused("json_not_map", file=path.name)
    if _TOPOJSON.search(text) or _TOPOJSON.search(tail):
        found: Kind = "topojson"
    elif _GEOJSON.search(text) or _GEOJSON.search(tail):
        found = "json"
    else:
        raise Refused("json_not_map", file=path.name)
    if not tail.endswith(("}", "]")):
        raise Refused("file_truncated", file=path.name)
    return found


def _xml(path: Path, start: str) -> Kind:
    body = re.sub(r"<!--.*?-->", "", start, flags=re.DOTALL)
    root = _XML_ROOT.search(body)
    name = root[1] if root else ""
    if name.lower() == "html":
        return _web_page(path, start)
    gml = name == "FeatureCollection" or "opengis.net/gml" in start or "opengis.net/wfs" in start
    kinds: dict[str, Kind] = {"kml": "kml", "gpx": "gpx"}
    found = kinds.get(name.lower(), "gml" if gml else None)
    if found is None:
        raise Refused("xml_not_map", file=path.name)
    if not re.search(rf"</(?:[\w.-]+:)?{re.escape(name)}\s*>(\s*<!--.*?-->)*\Z", _tail(path), re.DOTALL):
        raise Refused("file_truncated", file=path.name)
    return found
