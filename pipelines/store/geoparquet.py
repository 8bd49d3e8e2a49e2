"""GeoParquet written batch by batch and read by column, in EPSG:4490, without holding a whole layer."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from geo.layers import Field, Layer
from pipelines.store.arrow_numbers import as_arrow, plain
from pipelines.store.recent import Recent

CRS = "EPSG:4490"
ROW_GROUP = 10_000
"""So few rows are unpacked to read one: a quarter of the time of 50,000, for a file that is a twentieth larger."""
SOURCE = "source:"
_RECENT = Recent()

_TYPES = {
    "number": pa.float64(),
    "integer": pa.int64(),
    "date": pa.timestamp("s"),
    "boolean": pa.bool_(),
}

STORED = {
    "id": pa.string(),
    "area_m2": pa.float64(),
    "length_m": pa.float64(),
    "lon": pa.float64(),
    "lat": pa.float64(),
    "placed_by": pa.string(),
    "place_score": pa.float64(),
    "area_code": pa.string(),
    "source_row": pa.int64(),
}


_MOSTLY_DIFFERENT = frozenset({"id", "area_m2", "length_m", "lon", "lat", "place_score", "source_row", "geometry"})
"""Columns of which no dictionary is tried: almost every row has another value."""


def field_type(field: Field) -> pa.DataType:
    """How a layer's field is stored."""
    return _TYPES.get(field.type, pa.string())


def schema_of(layer: Layer, extra: Sequence[str] = ()) -> pa.Schema:
    """The columns of an accepted import: what the program adds, the layer's fields, then the sender's others."""
    columns = dict(STORED)
    columns |= {f.name: field_type(f) for f in layer.fields}
    columns |= {SOURCE + heading: pa.string() for heading in extra}
    columns["geometry"] = pa.binary()
    return pa.schema(list(columns.items()))


@cache
def _crs_json() -> Any:
    import pyproj

    return pyproj.CRS.from_user_input(CRS).to_json_dict()


def _geo_metadata(types: set[str], bounds: list[float] | None) -> bytes:
    column: dict[str, Any] = {"encoding": "WKB", "crs": _crs_json(), "geometry_types": sorted(types)}
    if bounds:
        column["bbox"] = bounds
    return json.dumps({"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}).encode()


class LayerWriter:
    """Writes one import's accepted rows; the file appears under its name only when all of it is there."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path = path
        self.rows = 0
        self._schema = schema
        self._partial = path.with_suffix(".partial")
        self._types: set[str] = set()
        self._bounds: list[float] | None = None
        told = [entry.name for entry in schema if entry.name not in _MOSTLY_DIFFERENT]
        # Numbers grow by a twentieth, and are read in half the time.
        how = {entry.name: "snappy" if pa.types.is_floating(entry.type) else "zstd" for entry in schema}
        self._writer = pq.ParquetWriter(self._partial, schema, compression=how, use_dictionary=told)

    def write(self, frame: pd.DataFrame) -> None:
        """Append rows: columns of the schema, `geometry` as shapely objects in lon/lat."""
        geometry = frame["geometry"].to_numpy()
        columns = [
            pa.array(shapely.to_wkb(geometry), pa.binary()) if entry.name == "geometry" else _column(frame, entry)
            for entry in self._schema
        ]
        self._writer.write_table(pa.Table.from_arrays(columns, schema=self._schema), row_group_size=ROW_GROUP)
        self.rows += len(frame)
        present = geometry[~shapely.is_missing(geometry)]
        if len(present):
            self._types |= {str(name) for name in _type_names(present)}
            bounds = shapely.total_bounds(present)
            self._bounds = [float(v) for v in (bounds if self._bounds is None else _grown(self._bounds, bounds))]

    def close(self) -> None:
        """Finish the file and give it its name."""
        self._writer.add_key_value_metadata({"geo": _geo_metadata(self._types, self._bounds).decode()})
        self._writer.close()
        with self._partial.open("rb+") as handle:
            os.fsync(handle.fileno())
        self._partial.replace(self.path)

    def discard(self) -> None:
        """Leave nothing behind."""
        self._writer.close()
        self._partial.unlink(missing_ok=True)


def _column(frame: pd.DataFrame, entry: pa.Field) -> pa.Array:
    if entry.name not in frame.columns:
        return pa.nulls(len(frame), entry.type)
    values = frame[entry.name]
    if pa.types.is_string(entry.type) and values.dtype == object:
        values = values.map(lambda v: None if v is None or v != v else str(v))
    array = pa.Array.from_pandas(values)
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if pa.types.is_floating(entry.type) and pa.types.is_null(array.type):
        return pa.nulls(len(frame), entry.type)
    return array.cast(entry.type)


def _type_names(geometry: np.ndarray) -> list[str]:
    kinds = np.unique(shapely.get_type_id(geometry))
    names = ["Point", "LineString", "LinearRing", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon"]
    return [names[k] if k < len(names) else "GeometryCollection" for k in kinds]


def _grown(a: list[float], b: np.ndarray) -> np.ndarray:
    return np.array([min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])])


@contextmanager
def layer_writer(path: Path, schema: pa.Schema) -> Iterator[LayerWriter]:
    """A writer that completes the file when the block ends well, and leaves nothing when it does not."""
    writer = LayerWriter(path, schema)
    try:
        yield writer
    except BaseException:
        writer.discard()
        raise
    writer.close()


def ids_of(path: Path) -> pa.ChunkedArray:
    """The ids of the rows of one file, in order."""

    def _read() -> pa.ChunkedArray:
        with pq.ParquetFile(path) as file:
            return file.read(columns=["id"])["id"]

    return _RECENT.once(path, "id", _read, width=1)


def numbers_at(path: Path, columns: Sequence[str], at: np.ndarray | None = None) -> dict[str, np.ndarray] | None:
    """The numbers of the rows of one file (only those `at` these positions), as float64.

    None where a column is missing.
    """
    with pq.ParquetFile(path) as file:
        if not set(columns) <= set(file.schema_arrow.names):
            return None
        used, position = _groups(file, np.arange(file.metadata.num_rows) if at is None else at)
        if not len(used):
            return {name: np.empty(0) for name in columns}
        rows = file.read_row_groups(used.tolist(), columns=list(columns))
    return {name: plain(rows[name].cast(pa.float64()))[position] for name in columns}


def rows_with(path: Path, ids: Sequence[str]) -> np.ndarray:
    """The positions of the rows of one file whose id is among `ids`, in order."""
    import pyarrow.compute as pc

    return np.flatnonzero(pc.is_in(ids_of(path), pa.array(list(ids), pa.string())).to_numpy())


def read_columns(
    path: Path, columns: Sequence[str] | None = None, *, at: np.ndarray | None = None
) -> pd.DataFrame:
    """Rows of one file (only those `at` these positions), only `columns` (all when None).

    `geometry`, when among them, comes as shapely objects; a column that the file lacks as blanks.
    """
    if at is not None or columns is None or "geometry" in columns:
        return _read(path, None if columns is None else list(columns), at)
    names = list(columns)
    return _RECENT.once(path, tuple(names), lambda: _read(path, names, None), width=len(names)).copy(deep=False)


def _read(path: Path, wanted: list[str] | None, at: np.ndarray | None) -> pd.DataFrame:
    with pq.ParquetFile(path) as file:
        present = file.schema_arrow.names
        kept = None if wanted is None else [c for c in wanted if c in present]
        table = file.read(columns=kept) if at is None else _taken(file, kept, at)
    frame = table.to_pandas(types_mapper=_mapper)
    if "geometry" in frame.columns:
        frame["geometry"] = shapely.from_wkb(frame["geometry"].to_numpy(object))
    for name in wanted or ():
        if name not in frame.columns:
            frame[name] = None
    return frame


def only_value(path: Path, column: str) -> str | None:
    """The text that stands in every row of a column, told without reading it; None where there may be several."""
    with pq.ParquetFile(path) as file:
        at = file.schema_arrow.names.index(column)
        groups = [file.metadata.row_group(group).column(at).statistics for group in range(file.num_row_groups)]
    known = {(one.min, one.max) if one and one.has_min_max and not one.null_count else None for one in groups}
    low, high = (known.pop() if len(known) == 1 else None) or (None, "")
    return low if low == high else None


def _groups(file: pq.ParquetFile, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The row groups that hold the rows at these positions, and where these are in those groups put together."""
    sizes = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
    begin = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
    group = np.searchsorted(begin, at, side="right") - 1
    used = np.flatnonzero(np.bincount(group))
    start = np.zeros(len(sizes), dtype=np.int64)
    start[used] = np.cumsum(np.asarray(sizes)[used]) - np.asarray(sizes)[used]
    return used, start[group] + at - begin[group]


def _taken(file: pq.ParquetFile, columns: list[str] | None, at: np.ndarray) -> pa.Table:
    """The rows at these positions; row groups that hold none of them are not read."""
    used, position = _groups(file, at)
    if not len(used):
        return file.schema_arrow.empty_table().select(columns or file.schema_arrow.names)
    rows = file.read_row_groups(used.tolist(), columns=columns)
    whole = len(position) == len(rows) and bool((np.diff(position) == 1).all())
    return rows if whole else rows.take(as_arrow(position))


def _mapper(kind: pa.DataType) -> Any:
    if pa.types.is_string(kind):
        return pd.StringDtype("pyarrow", na_value=np.nan)
    if pa.types.is_int64(kind):
        return pd.Int64Dtype()
    if pa.types.is_boolean(kind):
        return pd.BooleanDtype()
    return None


def as_geoframe(frame: pd.DataFrame) -> gpd.GeoDataFrame:
    """The same rows with `geometry` as the active geometry in EPSG:4490."""
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=CRS)
