"""Arrow's columns as plain arrays: blanks are NaN or refused, slices and flags are seen as they are."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from pipelines.store.arrow_numbers import as_arrow, plain


def test_numbers_come_back_as_they_went() -> None:
    for values in (np.array([1, -2, 3]), np.array([0.5, 2.5]), np.array([], dtype=np.int64)):
        assert plain(as_arrow(values)).tolist() == values.tolist()


def test_a_blank_is_nan_among_measures_and_refused_among_counts() -> None:
    assert np.isnan(plain(pa.array([1.0, None]))[1])
    with pytest.raises(ValueError, match="blanks"):
        plain(pa.array([1, None]))


def test_a_slice_in_pieces_is_seen_as_what_it_holds() -> None:
    column = pa.chunked_array([pa.array([1, 2, 3]).slice(1), pa.array([4, 5]).slice(0, 1)])
    assert plain(column).tolist() == [2, 3, 4]
    assert plain(pa.array([True, False, True]).slice(1)).tolist() == [False, True]
    assert plain(pa.chunked_array([], pa.float64())).tolist() == []
