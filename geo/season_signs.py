"""What wetness and bareness tell of a parcel in one season: standing water, worked soil, and growth after it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.seasons import Season

Array = NDArray[Any]
# LSWI + this ≥ NDVI: water under or instead of the crop (Xiao et al. 2005).
WATER_MARGIN = 0.05
COLUMNS = ("flooded", "tilled", "worked")


def is_flooded(ndvi: Array, lswi: Array) -> Array:
    """Where standing water shows under or instead of the crop; False where either was not seen."""
    with np.errstate(invalid="ignore"):
        return np.asarray(lswi + WATER_MARGIN >= ndvi)


def is_bare(bsi: Array, tilled_bsi: float) -> Array:
    """Where bare soil shows; False where it was not seen."""
    with np.errstate(invalid="ignore"):
        return np.asarray(bsi >= tilled_bsi)


def signs(
    ndvi: Array,
    lswi: Array | None,
    bsi: Array | None,
    days: Sequence[date],
    season: Season,
    *,
    tilled_bsi: float,
) -> pd.DataFrame:
    """Signs of work on the soil in a season; float64, one row per parcel, NaN where no band could show them.

    ndvi, lswi, bsi: (parcels, dates), NaN = not seen; None where the pictures lack the band. Columns: flooded
    (dates with standing water), tilled (dates with bare soil that is not under water), worked (1 when either
    was followed, later in the season, by the greenest date; else 0).
    """
    inside = np.array([season.start <= day <= season.end for day in days], bool)
    green = ndvi[:, inside].astype(float)
    none = np.zeros(green.shape, bool)
    seen = np.zeros(len(green), bool)
    wet, soil = none, none
    if lswi is not None:
        wet = is_flooded(green, lswi[:, inside].astype(float))
        seen |= np.isfinite(lswi[:, inside]).any(axis=1)
    if bsi is not None:
        soil = is_bare(bsi[:, inside].astype(float), tilled_bsi) & ~wet
        seen |= np.isfinite(bsi[:, inside]).any(axis=1)
    either = wet | soil
    worked = seen & False
    if green.shape[1]:
        top = np.argmax(np.where(np.isfinite(green), green, -np.inf), axis=1)
        worked = either.any(axis=1) & (either.argmax(axis=1) < top)
    table = {"flooded": wet.sum(axis=1), "tilled": soil.sum(axis=1), "worked": worked}
    return pd.DataFrame({name: np.where(seen, values, np.nan) for name, values in table.items()}, dtype=float)
