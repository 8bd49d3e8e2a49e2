"""Arrow's numbers as plain arrays and back, without pandas: `to_numpy` and `pyarrow.array` start it to look."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def plain(column: pa.ChunkedArray | pa.Array) -> npt.NDArray[Any]:
    """The values of a column of numbers or flags; blank ones are NaN, and ValueError where they cannot be."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.nulls(0, array.type)
    if pa.types.is_boolean(array.type):
        return plain(array.cast(pa.uint8())).astype(bool)
    if array.null_count and not pa.types.is_floating(array.type):
        raise ValueError(f"blanks among {array.type}")
    dtype = np.dtype(array.type.to_pandas_dtype())
    data = array.buffers()[1]
    if data is None:
        return np.empty(0, dtype)
    made = np.frombuffer(data, dtype, count=len(array) + array.offset)[array.offset :]
    if array.null_count:
        made = np.where(plain(array.is_valid()), made, np.nan)
    return made


def as_arrow(values: npt.NDArray[Any]) -> pa.Array:
    """Numbers without blanks as an Arrow array."""
    dense = np.ascontiguousarray(values)
    return pa.Array.from_buffers(pa.from_numpy_dtype(dense.dtype), len(dense), [None, pa.py_buffer(dense)])
