"""Sentinel-2 L2A products as they are delivered: a .SAFE folder, or the zip of one, with JPEG 2000 bands."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

from geo.errors import Refused
from pipelines.imagery import Scene, Source, gdal_path, grid_of

# From baseline 04.00 (2022-01-25) on, every band carries this offset unless the metadata says otherwise.
OFFSET_SINCE_BASELINE = 4.0
OFFSET = -1000.0
BANDS = {"blue": ("B02", 1), "green": ("B03", 2), "red": ("B04", 3), "nir": ("B08", 7), "swir1": ("B11", 11)}
MOST_XML_BYTES = 20_000_000


def is_safe(path: Path) -> bool:
    """Whether a folder or zip is such a product, by what it holds."""
    if path.is_dir():
        return path.suffix.upper() == ".SAFE" or (path / "MTD_MSIL2A.xml").is_file()
    if path.suffix.lower() != ".zip":
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith("MTD_MSIL2A.xml") or ".SAFE/" in name for name in archive.namelist())
    except (zipfile.BadZipFile, OSError):
        return path.stem.upper().startswith(("S2A_MSIL2A", "S2B_MSIL2A", "S2C_MSIL2A"))


def safe_scenes(path: Path) -> Iterator[Scene]:
    """The scene of one product; Refused when files are missing, the archive is cut off, or it is not Level 2A."""
    names = _names(path)
    metadata = next((name for name in names if PurePosixPath(name).name == "MTD_MSIL2A.xml"), None)
    if metadata is None:
        raise Refused("scene_incomplete", scene=path.name, missing="MTD_MSIL2A.xml")
    facts = _facts(_text(path, metadata), path.name)
    sources = {}
    for role, (band, number) in BANDS.items():
        found = _band(names, band)
        if found is not None:
            offset = facts.offsets.get(number, facts.offset)
            place = _place(path, found)
            sources[role] = Source(place, 1, 1 / facts.quantification, offset / facts.quantification, facts.nodata)
    for needed in ("red", "nir"):
        if needed not in sources:
            raise Refused("scene_incomplete", scene=path.name, missing=BANDS[needed][0])
    scl = _band(names, "SCL")
    if scl is not None:
        sources["scl"] = Source(_place(path, scl))
    cloud = next((n for n in names if re.search(r"MSK_CLDPRB_20m\.jp2$", n)), None)
    if cloud is not None and scl is None:
        sources["cloud_probability"] = Source(_place(path, cloud))
    grid = grid_of(sources["red"].path, path.name)
    yield Scene(path.name, facts.day, grid, sources, "sentinel-2", facts.notes)


class _Facts:
    """What the product says of itself: day, quantification, offsets by band number, no-data codes."""

    def __init__(self, day: date, quantification: float, offset: float, offsets: Mapping[int, float]) -> None:
        self.day = day
        self.quantification = quantification
        self.offset = offset
        self.offsets = offsets
        self.nodata = (0.0, 65535.0)
        self.notes = ("baseline_offset",) if offset or any(offsets.values()) else ()


def _facts(text: str, name: str) -> _Facts:
    try:
        root = ElementTree.fromstring(text)
        values = {node.tag.rsplit("}", 1)[-1]: (node.text or "").strip() for node in root.iter()}
        when = values.get("DATATAKE_SENSING_START") or values["PRODUCT_START_TIME"]
        day = date.fromisoformat(when[:10])
        quantification = float(values.get("BOA_QUANTIFICATION_VALUE") or 10_000)
        baseline = float(values.get("PROCESSING_BASELINE") or 0)
    except (ElementTree.ParseError, KeyError, ValueError) as error:
        raise Refused("scene_unreadable", scene=name, reason=f"MTD_MSIL2A.xml: {error}"[:160]) from None
    offsets = {
        int(node.get("band_id", -1)): float(node.text or 0)
        for node in root.iter()
        if node.tag.rsplit("}", 1)[-1] == "BOA_ADD_OFFSET"
    }
    assumed = OFFSET if not offsets and baseline >= OFFSET_SINCE_BASELINE else 0.0
    return _Facts(day, quantification, assumed, offsets)


def _names(path: Path) -> list[str]:
    if path.is_dir():
        return sorted(p.relative_to(path).as_posix() for p in path.rglob("*") if p.is_file())
    try:
        with zipfile.ZipFile(path) as archive:
            return sorted(archive.namelist())
    except (zipfile.BadZipFile, OSError) as error:
        raise Refused("scene_unreadable", scene=path.name, reason=str(error)[:160]) from None


def _text(path: Path, name: str) -> str:
    if path.is_dir():
        return (path / name).read_text(encoding="utf-8", errors="replace")
    with zipfile.ZipFile(path) as archive:
        if archive.getinfo(name).file_size > MOST_XML_BYTES:
            raise Refused("scene_unreadable", scene=path.name, reason=f"{name} > {MOST_XML_BYTES}")
        return archive.read(name).decode("utf-8", errors="replace")


def _place(path: Path, name: str) -> str:
    return gdal_path(path, name) if path.is_file() else gdal_path(path / name)


def _band(names: list[str], band: str) -> str | None:
    """The finest picture of a band: 10 m before 20 m before 60 m."""
    for resolution in ("10m", "20m", "60m"):
        pattern = re.compile(rf"IMG_DATA/(?:R{resolution}/)?[^/]*_{band}_{resolution}\.jp2$")
        found = next((name for name in names if pattern.search(name)), None)
        if found is not None:
            return found
    return None
