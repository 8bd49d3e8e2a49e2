"""How far a thing has come by a given day, from all the dates it will ever reach."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Frame = TypeVar("Frame", bound=pd.DataFrame)
"""A GeoDataFrame stays one."""

ABANDONED = {
    "found": "found_on",
    "verified": "verified_on",
    "assigned": "assigned_on",
    "remediating": "started_on",
    "remediated": "remediated_on",
    "accepted": "accepted_on",
    "in_use": "planted_on",
    "re_abandoned": "re_abandoned_on",
}
POINTS = {
    "reported": "reported_on",
    "claimed": "claimed_on",
    "rectifying": "rectifying_on",
    "rectified": "rectified_on",
    "closed": "closed_on",
    "recurred": "recurred_on",
}
TRANSFERS = {"filed": "filed_on", "active": "starts_on", "ended": "ends_on"}
PLANS = {
    stage: f"{stage}_on"
    for stage in ("data", "survey", "draft", "county_review", "city_review", "province_review", "approved")
}


def as_of(frame: Frame, day: date, stages: Mapping[str, str]) -> Frame:
    """The rows begun by `day`, in column `stage` the last stage reached, and no date after that day.

    stages: stage → date column, in order. A column `ending` (a void stage such as rejected, or missing) replaces
    the stage where it is set and the date in `ended_on` has come, and every later date is dropped. Dates that
    only plan (ends_on, due_on) stay.
    """
    until = pd.Timestamp(day)
    first = next(iter(stages.values()))
    begun = frame[frame[first] <= until].copy()
    stage = pd.Series(next(iter(stages)), index=begun.index, dtype="str")
    cut = pd.Series(until, index=begun.index)
    if "ending" in begun:
        void = begun["ending"].notna() & (begun["ended_on"] <= until)
        cut = cut.where(~void, begun["ended_on"])
    for name, column in stages.items():
        reached = begun[column] <= cut
        stage = stage.mask(reached, name)
        if name != "ended":
            begun[column] = begun[column].where(reached)
    if "ending" in begun:
        stage = stage.mask(void, begun["ending"])
        begun = begun.drop(columns=["ending", "ended_on"])
    begun["stage"] = stage
    return begun


def later(days: NDArray[np.float64], since: pd.Series) -> pd.Series:
    """Dates `days` whole days after `since`; no date where either is missing."""
    whole = pd.to_timedelta(pd.Series(np.floor(days), index=since.index), unit="D")
    return (since + whole).astype("datetime64[s]")
