"""Which texts are among others: by hash, also where the others are very many."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc


def among(texts: pd.Series, others: pd.Series | Collection[str]) -> np.ndarray:
    """Which of `texts` are among `others`, as booleans in order of `texts`; a missing text is among none.

    `Series.isin` of pandas turns each of the others into a value of Python first.
    """
    if not len(texts) or not len(others):
        return np.zeros(len(texts), dtype=bool)
    listed = others if isinstance(others, pd.Series) else list(others)
    known = pa.array(listed, pa.string(), from_pandas=True)
    asked = pa.array(texts, pa.string(), from_pandas=True)
    found = pc.is_in(_whole(asked), value_set=_whole(known).drop_null())
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=bool)


def _whole(texts: pa.Array | pa.ChunkedArray) -> pa.Array:
    return texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
