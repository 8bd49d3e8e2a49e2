"""Ready-made pictures of a map in one file, MBTiles or PMTiles, read and never written."""

from __future__ import annotations

import re
import sqlite3
import struct
import threading
import zlib
from abc import ABC, abstractmethod
from importlib import import_module
from pathlib import Path
from typing import Any

from geo.errors import Refused

ENDINGS = (".mbtiles", ".pmtiles")
PICTURES = ((b"\x89PNG", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"RIFF", "image/webp"))


def picture_type(body: bytes) -> str | None:
    """The media type of a PNG, JPEG or WebP by its first bytes; None for anything else."""
    return next((media for mark, media in PICTURES if body.startswith(mark)), None)


class TileFile(ABC):
    """The pictures of one file. min_zoom, max_zoom: the zooms it has; attribution: what it says of its source."""

    min_zoom = 0
    max_zoom = 18
    attribution = ""

    @abstractmethod
    def read(self, z: int, x: int, y: int) -> bytes:
        """The bytes kept for a tile (row 0 is the northernmost); empty when there are none."""

    def tile(self, z: int, x: int, y: int) -> tuple[bytes, str] | None:
        """A tile's picture and its media type; None where there is none or it cannot be read."""
        if not (0 <= z <= 30 and 0 <= x < 2**z and 0 <= y < 2**z):
            return None
        try:
            body = self.read(z, x, y)
        except BROKEN:
            return None
        media = picture_type(body)
        return (body, media) if media else None


class _MBTiles(TileFile):
    """An SQLite file as MBTiles 1.3 has it: rows count from the south."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._base = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, check_same_thread=False)
        told = dict(self._base.execute("select name, value from metadata").fetchall())
        first = self._base.execute("select tile_data from tiles limit 1").fetchone()
        kind = str(told.get("format", "")).lower()
        if kind == "pbf" or (first is not None and picture_type(bytes(first[0])) is None):
            raise Refused("basemap_not_pictures", file=path.name)
        if first is None:
            raise Refused("basemap_unreadable", file=path.name)
        low, high = self._base.execute("select min(zoom_level), max(zoom_level) from tiles").fetchone()
        self.min_zoom, self.max_zoom = int(low), int(high)
        self.attribution = _plain(told.get("attribution"))

    def read(self, z: int, x: int, y: int) -> bytes:
        asked = "select tile_data from tiles where zoom_level = ? and tile_column = ? and tile_row = ?"
        with self._lock:
            found = self._base.execute(asked, (z, x, 2**z - 1 - y)).fetchone()
        return bytes(found[0]) if found else b""


class _PMTiles(TileFile):
    """A PMTiles file, version 3."""

    def __init__(self, path: Path) -> None:
        reading: Any = import_module("pmtiles.reader")
        with path.open("rb") as file:
            self._reader = reading.Reader(reading.MmapSource(file))
        header = self._reader.header()
        if header["tile_type"].name not in ("PNG", "JPEG", "WEBP"):
            raise Refused("basemap_not_pictures", file=path.name)
        self.min_zoom, self.max_zoom = int(header["min_zoom"]), int(header["max_zoom"])
        self.attribution = _plain(self._reader.metadata().get("attribution"))
        self._reader.get(self.min_zoom, 0, 0)

    def read(self, z: int, x: int, y: int) -> bytes:
        return self._reader.get(z, x, y) or b""


BROKEN = (sqlite3.Error, OSError, ValueError, KeyError, IndexError, TypeError, struct.error, zlib.error, EOFError)
"""What readers raise of a file that was cut or is something else."""


def open_tiles(path: Path) -> TileFile:
    """The pictures of a file; Refused in one sentence when it is not there, cut, or holds no pictures."""
    if not path.is_file():
        raise Refused("basemap_missing", file=path.name)
    try:
        return _MBTiles(path) if path.suffix.lower() == ".mbtiles" else _PMTiles(path)
    except Refused:
        raise
    except Exception:  # a damaged file breaks sqlite, zlib and the package's reader in ways of their own
        raise Refused("basemap_unreadable", file=path.name) from None


def _plain(text: object) -> str:
    """What a file says of its source, without markup and not longer than a line."""
    return re.sub(r"<[^>]*>", "", str(text or "")).strip()[:80]
