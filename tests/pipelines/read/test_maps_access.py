"""Access databases and the rights-confirmation sets that stand on them."""

from __future__ import annotations

import shutil
import struct
from datetime import datetime
from pathlib import Path
from typing import Any

import access_parser
import pandas as pd
import pytest
import shapely

from geo.errors import Refused
from pipelines.read import open_tables
from pipelines.read.access import Database
from pipelines.read.jet import PAGE, Column, Pages, text
from tests.pipelines.read.map_files import codes_of, rows_of, write_dbf, write_points, zipped

TEMPLATE = Path("nyt2539_templates") / "权属数据.mdb"


def encoded(column: Column, value: Any) -> bytes:
    """A value as Access keeps it: dates as days, numbers as a sign and 128 bits, text as UTF-16."""
    if isinstance(value, datetime):
        return struct.pack("<d", (value - datetime(1899, 12, 30)).total_seconds() / 86400)
    if isinstance(value, float):
        whole = round(abs(value) * 10**column.scale)
        return struct.pack("<B4I", value < 0, 0, 0, whole >> 32, whole & 0xFFFFFFFF)
    if isinstance(value, int):
        return struct.pack("<h", value)
    return value if isinstance(value, bytes) else str(value).encode("utf-16-le")


def row_bytes(columns: list[Column], values: dict[str, Any]) -> bytes:
    fixed = bytearray(max((c.fixed_at + c.width for c in columns if c.fixed_at is not None), default=0))
    variable, offsets, mask = b"", [], bytearray((len(columns) + 7) // 8)
    for column in columns:
        value = values.get(column.name)
        raw = b"" if value is None else encoded(column, value)
        if value is not None:
            mask[column.number // 8] |= 1 << column.number % 8
        if column.fixed_at is None:
            offsets.append(2 + len(fixed) + len(variable))
            variable += raw
        elif raw:
            fixed[column.fixed_at : column.fixed_at + len(raw)] = raw
    offsets.append(2 + len(fixed) + len(variable))
    tail = b"".join(struct.pack("<H", at) for at in reversed(offsets)) + struct.pack("<H", len(offsets) - 1)
    return struct.pack("<H", len(columns)) + bytes(fixed) + variable + tail + bytes(mask)


def fill(path: Path, table: str, rows: list[dict[str, Any]], *, deleted: int = 0) -> None:
    """Rows added to a table of an Access file, on a page of their own; the first `deleted` are marked so."""
    pages = Pages(path)
    definition = pages.tables()[table]
    columns = pages.columns(definition)
    page, end, offsets = bytearray(PAGE), PAGE, []
    for at, values in enumerate(rows):
        raw = row_bytes(columns, values)
        end -= len(raw)
        page[end : end + len(raw)] = raw
        offsets.append(end | (0x8000 if at < deleted else 0))
    page[:14] = struct.pack("<BBHIIH", 1, 1, 0, definition, 0, len(rows))
    page[14 : 14 + 2 * len(rows)] = struct.pack(f"<{len(rows)}H", *offsets)
    with path.open("ab") as file:
        file.write(page)


@pytest.fixture
def database(real_data: Path, tmp_path: Path) -> Path:
    """A copy of the standard's own database, its tables empty."""
    return Path(shutil.copy(real_data / TEMPLATE, tmp_path / "权属数据.mdb"))


def test_compressed_text_turns_between_one_and_two_bytes_a_letter() -> None:
    assert text("张家村".encode("utf-16-le")) == "张家村"
    assert text(b"\xff\xfeabc") == "abc"
    assert text(b"\xff\xfeA1-\0" + "张家村".encode("utf-16-le") + b"\0B2") == "A1-张家村B2"
    assert text(b"") == ""


@pytest.mark.real_data
def test_the_twelve_tables_of_the_standard_are_empty_tables_with_columns(database: Path) -> None:
    tables = open_tables(database)
    assert len(tables) == 12 and all(list(table.batches()) == [] for table in tables)
    columns = {table.name: table.columns for table in tables}
    assert columns["LZHT"][:4] == ("CBHTBM", "LZHTBM", "CBFBM", "SRFBM") and len(columns["LZHT"]) == 15
    assert columns["CBDKXX"][:3] == ("DKBM", "FBFBM", "CBFBM") and len(columns["CBDKXX"]) == 12
    oracle = access_parser.AccessParser(str(database))
    for name, found in columns.items():
        assert sorted(found) == sorted(oracle.get_table(name).create_empty_table())


@pytest.mark.real_data
def test_rows_come_with_their_types_and_deleted_ones_do_not(database: Path) -> None:
    row = {"LZHTBM": "L1", "LZQXKSRQ": datetime(2023, 9, 15), "LZMJ": 1234.5, "LZDKS": 2, "LZJGSM": "每亩六百元"}
    compressed = b"\xff\xfe600\0\x43\x51"
    other = {"LZHTBM": "L2", "LZMJ": -0.25, "LZJGSM": compressed}
    fill(database, "LZHT", [{"LZHTBM": "gone"}, row, other], deleted=1)
    rows = rows_of(open_tables(database, sheet="LZHT")[0])
    assert rows["LZHTBM"].tolist() == ["L1", "L2"] and rows.index.tolist() == [1, 2]
    assert rows["LZQXKSRQ"].iloc[0] == pd.Timestamp("2023-09-15") and pd.isna(rows["LZQXKSRQ"].iloc[1])
    assert rows["LZMJ"].tolist() == [1234.5, -0.25] and rows["LZDKS"].tolist() == [2, pd.NA]
    assert rows["LZJGSM"].tolist() == ["每亩六百元", "600元"] and rows["CBFBM"].tolist() == [None, None]
    oracle = access_parser.AccessParser(str(database)).parse_table("LZHT")
    assert oracle["LZHTBM"] == ["L1", "L2"] and float(oracle["LZMJ"][0]) == 1234.5


@pytest.mark.real_data
def test_a_set_of_the_standard_is_joined_by_its_codes(database: Path, tmp_path: Path) -> None:
    codes = [f"36112910000100{at:05d}" for at in range(3)]
    folder = tmp_path / "set" / "矢量数据"
    folder.mkdir(parents=True)
    write_dbf(folder / "DK3611292023.dbf", [(b"DKBM", "C", 19, 0), (b"SCMJM", "N", 8, 2)],
              [[code.encode(), b"1.50"] for code in codes])  # fmt: skip
    write_points(folder / "DK3611292023.shp", [(0.0, 0.0), (1.0, 1.0), (2.0, 2.0)])
    fill(database, "CBDKXX", [
        {"DKBM": codes[0], "CBHTBM": "H1", "LZHTBM": "L1", "CBFBM": "F1", "HTMJ": 1000.0},
        {"DKBM": codes[1], "CBHTBM": "H1", "LZHTBM": "L1"},
        {"DKBM": codes[1], "CBHTBM": "H2"},
    ])  # fmt: skip
    fill(database, "CBHT", [{"CBHTBM": "H1", "CBFS": "110", "CBQXQ": datetime(2000, 1, 1)}])
    fill(database, "LZHT", [{"LZHTBM": "L1", "LZFS": "211"}, {"LZHTBM": "L9"}])
    (tmp_path / "set" / "权属数据").mkdir()
    shutil.move(database, tmp_path / "set" / "权属数据" / "权属数据.mdb")
    for sent in (tmp_path / "set", _zip(tmp_path)):
        tables = {table.name: table for table in open_tables(sent)}
        assert len(tables) == 13
        parcels, transfers = tables["DK3611292023"], tables["LZHT"]
        rows = rows_of(parcels)
        assert parcels.columns[:3] == ("DKBM", "SCMJM", "FBFBM") and list(rows.columns)[-1] == "geometry"
        assert rows["CBHTBM"].tolist() == ["H1", "H1", None] and rows["CBFS"].tolist() == ["110", "110", None]
        assert rows["CBFBM"].tolist() == ["F1", None, None] and rows["HTMJ"].iloc[0] == 1000.0
        assert "parcel_in_several_contracts" in codes_of(parcels)
        moved = rows_of(transfers)
        assert transfers.kind == "map" and moved["LZFS"].tolist() == ["211", None]
        assert moved["DKBM"].tolist() == [f"{codes[0]}、{codes[1]}", None]
        assert moved["geometry"].iloc[0] == shapely.MultiPoint([(0, 0), (1, 1)])
        assert moved["geometry"].iloc[1] is None


def _zip(folder: Path) -> Path:
    files = [path for path in (folder / "set").rglob("*") if path.is_file()]
    return zipped(folder / "set.zip", {str(path.relative_to(folder)): path for path in files})


@pytest.mark.real_data
def test_a_database_of_access_97_is_refused(database: Path) -> None:
    raw = bytearray(database.read_bytes())
    raw[20] = 0
    database.write_bytes(raw)
    with pytest.raises(Refused) as caught:
        Database(database)
    assert caught.value.code == "access_too_old"
