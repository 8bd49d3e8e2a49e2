"""Map files as senders write them, made byte by byte where a library would mend what the test is about."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
from shapely.geometry.base import BaseGeometry

from pipelines.read import Table


def write_dbf(
    path: Path,
    fields: list[tuple[bytes, str, int, int]],
    rows: list[list[bytes]],
    *,
    mark: int = 0,
    deleted: frozenset[int] = frozenset(),
) -> Path:
    """A dBase III table. fields: (name, type, width, decimals); cells are padded with spaces and never cut."""
    width = 1 + sum(field[2] for field in fields)
    head = struct.pack("<BBBBIHH16xBBxx", 3, 126, 1, 1, len(rows), 33 + 32 * len(fields), width, 0, mark)
    described = b"".join(
        struct.pack("<11sc4xBB14x", name, kind.encode(), size, decimals) for name, kind, size, decimals in fields
    )
    records = b""
    for at, row in enumerate(rows):
        records += b"*" if at in deleted else b" "
        for (_, kind, size, _), cell in zip(fields, row, strict=True):
            assert len(cell) <= size
            records += cell.rjust(size) if kind == "N" else cell.ljust(size)
    path.write_bytes(head + described + b"\r" + records + b"\x1a")
    return path


def write_points(path: Path, points: list[tuple[float, float]]) -> Path:
    """A .shp of points and its .shx."""
    length = (100 + 28 * len(points)) // 2
    box = struct.pack("<8d", 0, 0, 0, 0, 0, 0, 0, 0)
    head = struct.pack(">i20xi", 9994, length) + struct.pack("<ii", 1000, 1) + box
    shapes = index = b""
    for at, (x, y) in enumerate(points):
        index += struct.pack(">ii", (100 + 28 * at) // 2, 10)
        shapes += struct.pack(">ii", at + 1, 10) + struct.pack("<idd", 1, x, y)
    path.write_bytes(head + shapes)
    short = head[:24] + struct.pack(">i", (100 + 8 * len(points)) // 2) + head[28:]
    path.with_suffix(".shx").write_bytes(short + index)
    return path


def gbk_shapefile(folder: Path, stem: str = "图斑", *, encoding: str = "gb18030", mark: int = 0) -> Path:
    """Two points, 名称 张家村 and 李家村, 编号 001 and 002, without .cpg and .prj."""
    folder.mkdir(parents=True, exist_ok=True)
    fields = [("名称".encode(encoding), "C", 20, 0), (b"BH", "C", 3, 0), (b"MJ", "N", 8, 2)]
    rows = [["张家村".encode(encoding), b"001", b"1.25"], ["李家村".encode(encoding), b"002", b""]]
    write_dbf(folder / f"{stem}.dbf", fields, rows, mark=mark)
    return write_points(folder / f"{stem}.shp", [(117.0, 28.5), (117.1, 28.6)])


def frame(
    shapes: list[BaseGeometry | None], names: list[str] | None = None, crs: int | None = 4490
) -> gpd.GeoDataFrame:
    """A frame with 名称 and 编号 beside the shapes."""
    rows = range(len(shapes))
    values = {"名称": names or [f"{at}号" for at in rows], "编号": [f"00{at}" for at in rows]}
    return gpd.GeoDataFrame(values, geometry=shapes, crs=crs)


def write(data: gpd.GeoDataFrame, path: Path, driver: str, **options: str) -> Path:
    """The frame written by GDAL."""
    pyogrio.write_dataframe(data, path, driver=driver, **options)
    return path


def zipped(archive: Path, members: dict[str, Path | bytes]) -> Path:
    """A zip of files (paths or bytes) under the names given."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in members.items():
            out.writestr(name, content if isinstance(content, bytes) else content.read_bytes())
    return archive


def gbk_names(archive: Path) -> Path:
    """The same zip as Windows packs it: names in GBK, without the mark that says UTF-8."""
    raw = archive.read_bytes()
    with zipfile.ZipFile(archive) as opened:
        members = opened.infolist()
    out, central, offsets = b"", b"", []
    for member in members:
        name = member.filename.encode("gbk")
        start = member.header_offset
        size = struct.unpack_from("<HH", raw, start + 26)
        data_at = start + 30 + sum(size)
        data = raw[data_at : data_at + member.compress_size]
        common = struct.pack(
            "<HHHHHIII", 20, 0, member.compress_type, 0, 33, member.CRC, member.compress_size, member.file_size
        )
        offsets.append(len(out))
        out += b"PK\x03\x04" + common + struct.pack("<HH", len(name), 0) + name + data
        central += b"PK\x01\x02\x14\x00" + common
        central += struct.pack("<HHHHHII", len(name), 0, 0, 0, 0, 0, offsets[-1]) + name
    end = struct.pack("<HHHHIIH", 0, 0, len(members), len(members), len(central), len(out), 0)
    archive.write_bytes(out + central + b"PK\x05\x06" + end)
    return archive


def rows_of(table: Table) -> pd.DataFrame:
    """All rows of a table in one frame."""
    return pd.concat(list(table.batches()))


def codes_of(table: Table) -> list[str]:
    """Codes of the table's findings."""
    return [issue.code for issue in table.issues]
