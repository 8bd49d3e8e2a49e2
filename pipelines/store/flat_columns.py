"""Polygons and points of a GeoParquet file straight into flat arrays, row group by row group."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from geo.flat import Flat, flatten_wkb, join_flats, points_of_wkb
from pipelines.store.machine_code import load_kernels

Made = TypeVar("Made")


def flat_of(column: pa.ChunkedArray | pa.Array) -> Flat:
    """Flat arrays of a column of well-known binary (`binary` or `large_binary`)."""
    return flatten_wkb(*_bytes(column))


def points_of(column: pa.ChunkedArray | pa.Array) -> npt.NDArray[np.float64]:
    """Lon/lat (n, 2) of a column of points, NaN where there is none; ValueError names the first other shape."""
    return points_of_wkb(*_bytes(column))


def _bytes(column: pa.ChunkedArray | pa.Array) -> tuple[Any, Any, Any]:
    """The bytes of all values, one more offset than there are values, and which are present."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], pa.binary())
    large = pa.types.is_large_binary(array.type)
    _, offset_bytes, data = array.buffers()
    offsets = np.frombuffer(offset_bytes, np.int64 if large else np.int32) if offset_bytes else np.zeros(1)
    here = offsets[array.offset : array.offset + len(array) + 1].astype(np.int64)
    present = np.ones(len(array), dtype=bool)
    if array.null_count:
        present = np.asarray(array.is_valid(), dtype=bool)
    raw = np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(0, dtype=np.uint8)
    return raw, here, present


def each_group(path: Path, make: Callable[[Flat], Made], *, workers: int = 2) -> list[Made]:
    """`make` of the flat polygons of each row group, in the order of the file; two at a time."""
    return _each_column(path, lambda column: make(flat_of(column)), workers)


def _each_column(path: Path, make: Callable[[pa.ChunkedArray], Made], workers: int) -> list[Made]:
    load_kernels()
    groups = pq.ParquetFile(path).num_row_groups

    def one(group: int) -> Made:
        with pq.ParquetFile(path) as file:
            table = file.read_row_group(group, columns=["geometry"], use_threads=False)
        return make(table["geometry"])

    if groups == 1:
        return [one(0)]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(one, range(groups)))


def read_flat(path: Path, *, workers: int = 2) -> Flat:
    """All polygons of a GeoParquet file (column `geometry`, well-known binary) as flat arrays."""
    flats: list[Flat] = each_group(path, lambda flat: flat, workers=workers)
    return flats[0] if len(flats) == 1 else join_flats(flats)


def read_points(path: Path, *, workers: int = 2) -> npt.NDArray[np.float64]:
    """Lon/lat (n, 2) of all points of a GeoParquet file, NaN where there is none.

    ValueError when a value of the column `geometry` is another shape.
    """
    parts = _each_column(path, points_of, workers)
    return np.concatenate(parts) if parts else np.empty((0, 2))
