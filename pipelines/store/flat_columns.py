"""The polygons of a GeoParquet file straight into flat arrays, row group by row group, without shape objects."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from geo.flat import Flat, flatten_wkb, join_flats

Made = TypeVar("Made")


def flat_of(column: pa.ChunkedArray | pa.Array) -> Flat:
    """Flat arrays of a column of well-known binary (`binary` or `large_binary`)."""
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
    return flatten_wkb(raw, here, present)


def each_group(path: Path, make: Callable[[Flat], Made], *, workers: int = 2) -> list[Made]:
    """`make` of the flat polygons of each row group, in the order of the file; two at a time."""
    groups = pq.ParquetFile(path).num_row_groups

    def one(group: int) -> Made:
        with pq.ParquetFile(path) as file:
            table = file.read_row_group(group, columns=["geometry"], use_threads=False)
        return make(flat_of(table["geometry"]))

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(one, range(groups)))


def read_flat(path: Path, *, workers: int = 2) -> Flat:
    """All polygons of a GeoParquet file (column `geometry`, well-known binary) as flat arrays."""
    return join_flats(each_group(path, lambda flat: flat, workers=workers))
