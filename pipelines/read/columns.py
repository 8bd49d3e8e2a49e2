"""Columns as they come out of map files: their names made distinct, their values made plain."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Objects = npt.NDArray[np.object_]

# Legal time everywhere in the country; a moment given in another zone is told in this one.
LEGAL_TIME = "Asia/Shanghai"


def distinct(names: Iterable[str]) -> tuple[str, ...]:
    """The names with doubles numbered: `名称`, `名称_1`, `名称_2`."""
    seen: set[str] = set()
    out: list[str] = []
    for name in names:
        one, count = name, 0
        while one in seen:
            count += 1
            one = f"{name}_{count}"
        seen.add(one)
        out.append(one)
    return tuple(out)


def free_names(names: Iterable[str]) -> tuple[str, ...]:
    """The names with `geometry` kept free for the shapes."""
    return distinct(("geometry", *names))[1:]


def objects(values: Iterable[Any]) -> Objects:
    """Values of any kind as an array that keeps them as they are."""
    held = list(values)
    out = np.empty(len(held), dtype=object)
    out[:] = held
    return out


def frame_of(values: Mapping[str, Any], index: pd.Index) -> pd.DataFrame:
    """A frame of columns as they are: objects stay objects, so that an empty text is None and not NaN."""
    held = {name: pd.Series(v, index=index, dtype=getattr(v, "dtype", object)) for name, v in values.items()}
    return pd.DataFrame(held, index=index)


def column_values(column: Any) -> Any:
    """An Arrow column as an array: text as written (None for empty), whole numbers never through floats.

    Whole numbers with gaps are Int64, moments are naive in legal time, lists and structures are JSON text.
    """
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.dictionary_decode()
        kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        column = column.storage
        kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return _texts(column)
    if pa.types.is_integer(kind):
        if column.null_count:
            return column.cast(pa.int64()).to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get).array
        return column.cast(pa.int64()).to_numpy(zero_copy_only=False)
    if pa.types.is_boolean(kind):
        return column.to_pandas(types_mapper={kind: pd.BooleanDtype()}.get).array
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return column.cast(pa.float64()).to_pandas().array
    if pa.types.is_date(kind):
        return column.cast(pa.timestamp("s")).to_pandas().array
    if pa.types.is_timestamp(kind):
        moments = column.to_pandas()
        return (moments.dt.tz_convert(LEGAL_TIME).dt.tz_localize(None) if kind.tz else moments).array
    return objects(_text(value) for value in column.to_pylist())


def _texts(column: Any) -> Objects:
    """Text, None where empty. Bytes that are no UTF-8, though the format demands it, are read as GB18030."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        column = column.cast(pa.large_string())
        column.validate(full=True)
    except (pa.ArrowException, UnicodeDecodeError):
        return objects(_decoded(value) for value in column.cast(pa.large_binary()).to_pylist())
    # Senders repeat themselves: each text is looked at, and made a Python object, once a batch.
    coded = column.dictionary_encode()
    blank = pc.equal(pc.utf8_trim_whitespace(coded.dictionary), "")
    words = pc.if_else(blank, pa.scalar(None, column.type), coded.dictionary).to_numpy(zero_copy_only=False)
    codes = coded.indices.fill_null(len(words)).to_numpy(zero_copy_only=False)
    made: Objects = np.append(words, [None])[codes]
    return made


def _decoded(value: bytes | None) -> str | None:
    if value is None or not value.strip():
        return None
    for encoding in ("utf-8", "gb18030"):
        try:
            return value.decode(encoding)
        except UnicodeDecodeError:
            continue
    return value.decode("utf-8", errors="replace")


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list | dict | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def is_scalar(kind: Any) -> bool:
    """Whether an Arrow type can stand in a cell: not binary, which is a picture or another program's own."""
    import pyarrow as pa

    return not (pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind))
