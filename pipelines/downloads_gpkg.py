"""Rows of a layer as a GeoPackage to take away, in the same words as the Excel file."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from geo.layers import Layer
from geo.layers import Words as Both
from pipelines.downloads import ABOUT, Extra, columns_of, labels_of, printed_table
from pipelines.exchange import plain_value

if TYPE_CHECKING:
    import geopandas as gpd

FIELDS = Both("字段", "Fields")
FIELD_HEADS = (Both("列名", "Column"), Both("字段代号", "Field id"), Both("取值", "Values"))
ABOUT_HEADS = (Both("项目", "Item"), Both("内容", "Content"))
# The tables of the extension gpkg_schema as the standard (OGC 12-128r18, F.9) words them.
SCHEMA = """
create table if not exists gpkg_extensions (table_name text, column_name text, extension_name text not null,
  definition text not null, scope text not null,
  constraint ge_tce unique (table_name, column_name, extension_name));
create table gpkg_data_columns (table_name text not null, column_name text not null, name text, title text,
  description text, mime_type text, constraint_name text,
  constraint pk_gdc primary key (table_name, column_name), constraint gdc_tn unique (table_name, name));
create table gpkg_data_column_constraints (constraint_name text not null, constraint_type text not null,
  value text, min numeric, min_is_inclusive boolean, max numeric, max_is_inclusive boolean, description text,
  constraint gdcc_ntv unique (constraint_name, constraint_type, value));
"""
EXTENSION = ("gpkg_schema", "http://www.geopackage.org/spec121/#extension_schema", "read-write")


def as_gpkg(
    frame: gpd.GeoDataFrame,
    layer: Layer,
    *,
    lang: str,
    facts: Mapping[str, str],
    extra: Extra = None,
) -> bytes:
    """The rows as a GeoPackage, EPSG:4490: a layer named like theirs, with the columns and values of `as_xlsx`.

    For programs each column carries the id of its field as its description (extension `gpkg_schema`), and a table
    of fields lists the ids with the codes that the values stand for. A third table holds the facts. Refused
    (`download_too_large`) for more than `MOST_ROWS` rows.
    """
    import geopandas as gpd
    from pyogrio import write_dataframe

    table = printed_table(frame, layer, lang=lang, extra=extra)
    rows = pd.DataFrame({name: _stored(table[name]) for name in table.columns})
    shapes = gpd.GeoDataFrame(rows, geometry=frame.geometry.to_numpy(), crs="EPSG:4490")
    fields = field_table(frame, layer, lang=lang, extra=extra)
    about = pd.DataFrame(list(facts.items()), columns=[head(lang) for head in ABOUT_HEADS], dtype="str")
    title = layer.label(lang)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.gpkg"
        # Days without a time can be written by way of Arrow alone.
        kind = _shape_type(shapes)
        write_dataframe(shapes, path, layer=title, driver="GPKG", geometry_type=kind, use_arrow=True)
        for name, one in ((FIELDS, fields), (ABOUT, about)):
            write_dataframe(one, path, layer=name(lang), driver="GPKG", append=True)
        _describe(path, title, list(zip(fields.iloc[:, 0], fields.iloc[:, 1], strict=True)))
        return path.read_bytes()


def field_table(frame: pd.DataFrame, layer: Layer, *, lang: str, extra: Extra = None) -> pd.DataFrame:
    """One row per column of `printed_table`: its heading, the id of its field, and `code=label` of its values."""
    rows = [
        (heading, name, "; ".join(f"{code}={label}" for code, label in labels_of(layer, name, lang).items()))
        for heading, name in columns_of(frame, layer, lang=lang, extra=extra).items()
    ]
    return pd.DataFrame(rows, columns=[head(lang) for head in FIELD_HEADS], dtype="str")


def _describe(path: Path, table: str, ids: list[tuple[str, str]]) -> None:
    """Write the id of each column's field beside the column."""
    with closing(sqlite3.connect(path)) as store, store:
        store.executescript(SCHEMA)
        for name in ("gpkg_data_columns", "gpkg_data_column_constraints"):
            store.execute("insert into gpkg_extensions values (?, null, ?, ?, ?)", (name, *EXTENSION))
        store.executemany(
            "insert into gpkg_data_columns (table_name, column_name, description) values (?, ?, ?)",
            [(table, column, name) for column, name in ids],
        )


def _shape_type(shapes: gpd.GeoDataFrame) -> str:
    kinds = set(shapes.geometry.geom_type.dropna())
    return kinds.pop() if len(kinds) == 1 else "Unknown"


def _stored(column: pd.Series) -> pd.Series:
    """A column of a type that GeoPackage has; what has no time of day is a date."""
    import pyarrow as pa

    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return column.dt.tz_convert("UTC").dt.tz_localize(None)
    if pd.api.types.is_datetime64_dtype(column.dtype):
        there = column.dropna()
        return column.astype(pd.ArrowDtype(pa.date32())) if (there == there.dt.normalize()).all() else column
    if column.dtype == object:
        return column.map(plain_value).astype("str").where(column.notna())
    return column
