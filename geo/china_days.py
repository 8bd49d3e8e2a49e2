"""Days in China: instants are kept in UTC, and a day begins at 16:00 UTC of the day before."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd

DAY = "datetime64[D]"
NEVER = np.datetime64("NaT", "D")
FAR = np.datetime64("9999-12-31", "D")
"""A day after every day: `FAR` stands for "not yet" where a comparison must be false."""
CHINA_HOURS_AHEAD = 8


def instants(values: pd.Series) -> np.ndarray:
    """Each instant in UTC as datetime64[us] (of timestamps with or without zone, or ISO text); NaT stays NaT."""
    stamps = values if isinstance(values.dtype, np.dtype) and values.dtype.kind == "M" else None
    if stamps is None:
        stamps = pd.to_datetime(values, utc=True, format="ISO8601").dt.tz_localize(None)
    return stamps.to_numpy().astype("datetime64[us]")


def local_days(values: pd.Series) -> np.ndarray:
    """The day in China of each instant, as `instants` reads them; NaT stays NaT."""
    return day_of(instants(values))


def day_of(moments: np.ndarray) -> np.ndarray:
    """The day in China of each UTC moment (datetime64)."""
    return (moments + np.timedelta64(CHINA_HOURS_AHEAD, "h")).astype(DAY)


def china_day(moment: datetime) -> date:
    """The day in China of a moment; ValueError for one without a zone."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs its time zone")
    return (moment.astimezone(UTC) + timedelta(hours=CHINA_HOURS_AHEAD)).date()


def as_day(value: date | None) -> np.datetime64:
    """That day, or a day after everything when there is none."""
    return FAR if value is None else np.datetime64(value, "D")
