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
# Scales of an index, with the least that the greenest hundredth must reach; bytes are told apart by `_byte`.
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
    """Index values on their own scale −1…1: no-data codes blanked, whole parts divided; see `scale_of`.

    Refused (`series_values_strange`) when the values fit no such scale.
    """
    out = np.asarray(values, float).copy()
    out[np.isin(out, NODATA) | ~np.isfinite(out)] = np.nan
    scale, zero = scale_of(out, name)
    out = (out - zero) / scale
    out[np.abs(out) > 1.2] = np.nan
    return out


def scale_of(values: Array, name: str = "") -> tuple[float, float]:
    """What an index value is divided by, and what is taken off before: (1, 0) for one on its own scale.

    Hundredths, thousandths and ten-thousandths; whole numbers up to 255 are bytes: 0–250 for 0–1, or −1–1 laid on
    0–200 or 0–255 where hardly any lies below the middle. Refused (`series_values_strange`) when none fits.
    """
    seen = values[~np.isnan(values)]
    if not len(seen):
        raise Refused("series_values_strange", name=name, value="–")
    high = float(np.quantile(np.abs(seen), 0.99))
    scale = next((s for s in SCALES if SCALES[s] <= high <= 1.2 * s), None)
    if scale is not None:
        return scale, 0.0
    if high <= 255 and seen.min() >= 0 and (seen % 1 == 0).all():
        return _byte(seen, high)
    raise Refused("series_values_strange", name=name, value=high)


def _byte(seen: Array, high: float) -> tuple[float, float]:
    """Scale and zero of an index kept as bytes; land hardly ever lies below −0.15."""
    if float(np.quantile(seen, 0.01)) < 85:
        return 250.0, 0.0
    return (100.0, 100.0) if high <= 200 else (127.5, 127.5)


def ratio(red: Array, nir: Array) -> Array:
    """NDVI of two reflectances on any common scale; no-data codes and dark pairs become NaN."""
    bad = np.isin(red, NODATA) | np.isin(nir, NODATA) | ~(red + nir > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(bad, np.nan, (nir - red) / (nir + red))
