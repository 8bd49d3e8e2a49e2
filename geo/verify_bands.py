"""Indices of reflectance, and which pixels of a product's own masks may be looked at."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

# Sentinel-2 scene classification: vegetation, bare, water, unclassified. Left out: no data 0, defective 1, dark
# and topographic shadow 2, cloud shadow 3, clouds 8 and 9, cirrus 10, snow 11.
SCL_CLEAR = (4, 5, 6, 7)
# Landsat Collection 2 QA_PIXEL bits: fill 0, dilated cloud 1, cirrus 2, cloud 3, cloud shadow 4, snow 5.
QA_PIXEL_BLOCKED = 0b111111
# Cloud probability in percent from which a pixel is not looked at.
CLOUD_PROBABILITY = 40


def ndvi(red: Array, nir: Array) -> Array:
    """(nir − red) / (nir + red), float32; NaN where either is missing or their sum is not positive."""
    return _ratio(nir, red)


def lswi(nir: Array, swir1: Array) -> Array:
    """(nir − swir1) / (nir + swir1), wetness of leaves and soil (Xiao et al. 2005)."""
    return _ratio(nir, swir1)


def bsi(blue: Array, red: Array, nir: Array, swir1: Array) -> Array:
    """((swir1 + red) − (nir + blue)) / their sum, bareness of soil (Rikimaru et al. 2002)."""
    return _ratio(swir1 + red, nir + blue)


def _ratio(a: Array, b: Array) -> Array:
    total = a + b
    out = np.full(total.shape, np.nan, np.float32)
    np.divide(a - b, total, out=out, where=total > 0)
    np.clip(out, -1.0, 1.0, out=out)
    return out


def scaled(raw: Array, *, scale: float, offset: float, nodata: tuple[float, ...]) -> Array:
    """Raw numbers as physical values, float32: raw · scale + offset, NaN where raw is `nodata` or not finite."""
    out = raw.astype(np.float32)
    bad = ~np.isfinite(out)
    for code in nodata:
        if np.isfinite(code):
            bad |= raw == code
    out *= np.float32(scale)
    out += np.float32(offset)
    out[bad] = np.nan
    return out


def clear_by(role: str, raw: Array) -> Array:
    """Which pixels a mask lets through. role: scl, qa_pixel, cloud_probability, cloud or clear."""
    if role == "scl":
        return np.isin(raw, SCL_CLEAR)
    if role == "qa_pixel":
        return (raw.astype(np.int64) & QA_PIXEL_BLOCKED) == 0
    if role == "cloud_probability":
        percent = raw * 100.0 if np.issubdtype(raw.dtype, np.floating) and np.nanmax(raw, initial=0) <= 1 else raw
        return np.asarray(percent < CLOUD_PROBABILITY)
    if role == "cloud":
        return np.asarray(raw == 0)
    if role == "clear":
        return np.asarray(raw != 0)
    raise ValueError(f"no mask is called {role!r}")
