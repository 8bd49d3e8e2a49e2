"""Numbers of ready-made tables as index values: codes for nothing blanked, scales told, text read as numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.errors import Refused

Array = NDArray[Any]
# What instruments and services write for "no value".
NODATA = (65535.0, 32767.0, 32768.0, -32768.0, -9999.0, 9999.0, -3000.0, -28672.0, -99.0, -999.0)
# Scales of an index, with the least that the greenest hundredth must reach: bytes from 0 to 250 are none of them.
SCALES = {1.0: 0.0, 100.0: 1.2, 1000.0: 400.0, 10_000.0: 1200.0}
# A column of text counts as numbers when some of it are, and the rest says "nothing" in few words.
MOST_WORDS_FOR_NOTHING = 3


def numbers(values: pd.Series) -> Array:
    """A column as float64: text is read with point or comma, what is no number becomes NaN."""
    if pd.api.types.is_bool_dtype(values) or pd.api.types.is_numeric_dtype(values):
        return np.asarray(values.to_numpy(float, na_value=np.nan))
    text = values.astype("string").str.strip().str.replace(",", ".", regex=False)
    return np.asarray(pd.to_numeric(text, errors="coerce").to_numpy(float, na_value=np.nan))


def is_numbers(values: pd.Series) -> bool:
    """Whether a column holds numbers, also when they are kept as text or stand among words for nothing."""
    if pd.api.types.is_bool_dtype(values) or pd.api.types.is_datetime64_any_dtype(values):
        return False
    if pd.api.types.is_numeric_dtype(values):
        return True
    said = values.dropna()
    read = np.isfinite(numbers(said))
    return bool(read.any()) and said[~read].nunique() <= MOST_WORDS_FOR_NOTHING


def index_values(values: Array, name: str = "") -> Array:
    """Index values on their own scale −1…1: no-data codes blanked, hundredths or ten-thousandths divided.

    Refused (`series_values_strange`) when the values fit no such scale.
    """
    out = np.asarray(values, float).copy()
    out[np.isin(out, NODATA) | ~np.isfinite(out)] = np.nan
    sizes = np.abs(out[~np.isnan(out)])
    if not len(sizes):
        raise Refused("series_values_strange", name=name, value="–")
    high = float(np.quantile(sizes, 0.99))
    scale = next((s for s in SCALES if SCALES[s] <= high <= 1.2 * s), None)
    if scale is None:
        raise Refused("series_values_strange", name=name, value=high)
    out /= scale
    out[np.abs(out) > 1.2] = np.nan
    return out


def ratio(red: Array, nir: Array) -> Array:
    """NDVI of two reflectances on any common scale; no-data codes and dark pairs become NaN."""
    bad = np.isin(red, NODATA) | np.isin(nir, NODATA) | ~(red + nir > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(bad, np.nan, (nir - red) / (nir + red))
