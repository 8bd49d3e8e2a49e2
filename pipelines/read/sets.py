"""Which files of a folder make one map or table together, and which only lie beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .shapefile import PARTS

# What comes along with data and is none of it: nothing is said about it.
_BESIDE = frozenset({
    ".aprx", ".atx", ".aux", ".bmp", ".css", ".db", ".doc", ".docx", ".exe", ".gfs", ".gif",
    ".gpkg-shm", ".gpkg-wal", ".htm", ".html", ".ini", ".jgw", ".jpeg", ".jpg", ".js", ".laccdb",
    ".ldb", ".lnk", ".lock", ".log", ".lyr", ".lyrx", ".md", ".md5", ".mxd", ".npy", ".ovr", ".pdf",
    ".png", ".ppt", ".pptx", ".py", ".qgs", ".qgz", ".qml", ".sha256", ".sld", ".tfw", ".tif", ".tiff",
    ".toml", ".url", ".wps", ".xsd", ".yaml", ".yml",
})  # fmt: skip
_NOT_DATA = ("license", "licence", "copying", "readme", "attribution", "description", "changelog", "manifest")
_MAPINFO_PARTS = frozenset({".dat", ".map", ".id", ".ind", ".mid"})


def units(folder: Path) -> list[Path]:
    """One path for every set in the folder and below, in order of their names.

    A shapefile is named by its .shp (by another part when that is missing), a MapInfo table by its .tab or .mif, a
    file geodatabase by its folder. Documents, pictures, drawing styles and licences are left out.
    """
    return sorted(_units(folder), key=lambda path: str(path.relative_to(folder)).casefold())


def is_geodatabase(path: Path) -> bool:
    """Whether a folder is an Esri file geodatabase."""
    return path.suffix.lower() == ".gdb" or (path / "a00000001.gdbtable").exists()


def _units(folder: Path) -> Iterator[Path]:
    files = [path for path in folder.iterdir() if not path.name.startswith((".", "~$"))]
    for path in files:
        if path.is_dir() and path.name.casefold() != "__macosx":
            if is_geodatabase(path):
                yield path
            else:
                yield from _units(path)
    files = [path for path in files if path.is_file()]
    shapefiles = dict[str, Path]()
    for path in files:
        if path.suffix.lower() in PARTS:
            first = shapefiles.setdefault(path.stem.casefold(), path)
            if _rank(path) < _rank(first):
                shapefiles[path.stem.casefold()] = path
    yield from shapefiles.values()
    mapinfo = {path.stem.casefold() for path in files if path.suffix.lower() in {".tab", ".mif"}}
    for path in files:
        suffix = path.suffix.lower()
        if suffix in PARTS or (suffix in _MAPINFO_PARTS and path.stem.casefold() in mapinfo):
            continue
        if not _lies_beside(path):
            yield path


def _rank(path: Path) -> int:
    order = (".shp", ".dbf", ".shx")
    return order.index(path.suffix.lower()) if path.suffix.lower() in order else len(order)


def _lies_beside(path: Path) -> bool:
    """Whether a file is no data. Whether an XML is a map is asked later, of its content."""
    stem, suffix = path.stem.casefold(), path.suffix.lower()
    if suffix == ".xml":
        return path.name.lower().endswith((".shp.xml", ".gdb.xml", ".aux.xml", ".tab.xml")) or stem == "metadata"
    return suffix in _BESIDE or (suffix in {"", ".txt"} and stem.startswith(_NOT_DATA))
