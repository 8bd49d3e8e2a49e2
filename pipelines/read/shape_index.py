"""The shapes of a shapefile and their index: verified, made anew where false, put where GDAL can read them."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt

from geo.errors import Refused
from geo.issues import Issue

from .vector import GeometryKind
from .workplace import Workplace

_MAGIC = 9994
_TYPES: dict[int, GeometryKind] = {
    0: "none", 1: "point", 3: "line", 5: "polygon", 8: "point", 11: "point", 13: "line", 15: "polygon",
    18: "point", 21: "point", 23: "line", 25: "polygon", 28: "point", 31: "polygon",
}  # fmt: skip

Index = npt.NDArray[np.int64]


def stage_shapes(parts: dict[str, Path], work: Workplace, issues: list[Issue]) -> tuple[GeometryKind, int]:
    """Put shapes and a sound index into the workplace; the geometry type and the number of shapes."""
    shp = parts[".shp"]
    with shp.open("rb") as file:
        head = file.read(100)
    if not head:
        raise Refused("file_empty", file=shp.name)
    if len(head) < 100:
        raise Refused("file_truncated", file=shp.name)
    magic, shape_type = struct.unpack(">i", head[:4])[0], struct.unpack("<i", head[32:36])[0]
    if magic != _MAGIC or shape_type not in _TYPES:
        raise Refused("shapefile_damaged", file=shp.name)
    size = shp.stat().st_size
    index = _read_index(parts.get(".shx"), shp)
    if index is None:
        index = _walk(shp)
        (work.path / "shapes.shx").write_bytes(_index_bytes(head, index))
        issues.append(Issue("shx_restored", params={"name": shp.stem, "features": len(index)}))
    else:
        work.link(parts[".shx"], "shapes.shx")
    ends = index[:, 0] + 8 + index[:, 1] if len(index) else np.zeros(0, np.int64)
    whole = int((ends <= size).sum())
    if whole < len(index):
        raise Refused("shapefile_truncated", file=shp.name, whole=whole, features=len(index))
    work.link(shp, "shapes.shp")
    return _TYPES[shape_type], len(index)


def _read_index(shx: Path | None, shp: Path) -> Index | None:
    """(offset, length) in bytes of every shape as the .shx gives them; None when there is none or it is false."""
    if shx is None or (shx.stat().st_size - 100) % 8 or shx.stat().st_size < 100:
        return None
    raw = shx.read_bytes()
    if struct.unpack(">i", raw[:4])[0] != _MAGIC:
        return None
    if struct.unpack(">i", raw[24:28])[0] * 2 > len(raw):
        return None
    index = np.frombuffer(raw[100:], ">i4").reshape(-1, 2).astype(np.int64) * 2
    if (index[:, 0] < 100).any():
        return None
    present = index[index[:, 0] + 8 <= shp.stat().st_size]
    if len(present):
        content = np.memmap(shp, np.uint8, "r")
        lengths = content[present[:, :1] + np.arange(4, 8)].view(">i4")[:, 0].astype(np.int64) * 2
        if (lengths != present[:, 1]).any():
            return None
    return index


def _walk(shp: Path) -> Index:
    """(offset, length) of every shape, found by walking through the .shp from shape to shape."""
    size, at, found = shp.stat().st_size, 100, list[tuple[int, int]]()
    with shp.open("rb") as file:
        while at + 8 <= size:
            file.seek(at)
            length = struct.unpack(">i", file.read(8)[4:])[0] * 2
            if length < 4:
                raise Refused("shapefile_damaged", file=shp.name)
            found.append((at, length))
            at += 8 + length
    return np.array(found, np.int64).reshape(-1, 2)


def _index_bytes(head: bytes, index: Index) -> bytes:
    """The bytes of a .shx for this header and index."""
    length = struct.pack(">i", (100 + 8 * len(index)) // 2)
    return head[:24] + length + head[28:100] + (index // 2).astype(">i4").tobytes()
