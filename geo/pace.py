"""Whether a target will be met at the present rate, and on which day."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np

Verdict = Literal["met", "on_pace", "slow", "off_pace", "no_target", "unknown"]
Light = Literal["green", "amber", "red", "none"]
LIGHTS: dict[Verdict, Light] = {
    "met": "green",
    "on_pace": "green",
    "slow": "amber",
    "off_pace": "red",
    "no_target": "none",
    "unknown": "none",
}
WINDOW_DAYS = 184
"""The rate is that of the last half year: older progress says little of the next."""
LEAST_POINTS = 3
LEAST_SPAN_DAYS = 30
FARTHEST_DAYS = 3650
"""A day farther away than ten years is no forecast."""
MONTH_DAYS = 365.2425 / 12


@dataclass(frozen=True)
class Target:
    """What a figure is to reach, and by which day. lower: the figure is to come down to it."""

    value: float
    by: date
    lower: bool = False

    def met_by(self, value: float) -> bool:
        """Whether a value reaches the target."""
        return value <= self.value if self.lower else value >= self.value


@dataclass(frozen=True)
class Pace:
    """How a figure goes towards its target.

    value: the figure on the day asked about. per_month: its change a month, None with too few points.
    reaches_on: the day the target is reached at this rate, None when never or unknown. needed_per_month: the
    change a month that would still reach it in time, None without target, when met, or when the day has passed.
    """

    verdict: Verdict
    value: float
    per_month: float | None = None
    reaches_on: date | None = None
    needed_per_month: float | None = None
    target: Target | None = None

    @property
    def light(self) -> Light:
        """The light that stands for the verdict."""
        return LIGHTS[self.verdict]


def slope(days: Sequence[date], values: Sequence[float]) -> float | None:
    """Change a day: the median of the slopes between all pairs of points (Theil 1950, Sen 1968).

    One wild point, such as a month's table corrected later, does not turn it. A figure that moves in few steps, so
    that most pairs show no change, goes as from its first point to its last. None with fewer than three points or
    less than a month between the first and the last.
    """
    known = [(day.toordinal(), value) for day, value in zip(days, values, strict=True) if math.isfinite(value)]
    if len(known) < LEAST_POINTS:
        return None
    x, y = (np.array(column, dtype=np.float64) for column in zip(*known, strict=True))
    if x.max() - x.min() < LEAST_SPAN_DAYS:
        return None
    i, j = np.triu_indices(len(x), 1)
    apart = x[j] != x[i]
    middle = float(np.median((y[j] - y[i])[apart] / (x[j] - x[i])[apart]))
    return middle or float((y[-1] - y[0]) / (x[-1] - x[0]))


def pace(
    days: Sequence[date],
    values: Sequence[float],
    target: Target | None,
    *,
    as_of: date,
    grace_days: int = 31,
    window_days: int = WINDOW_DAYS,
) -> Pace:
    """How a figure goes towards its target, by its values on days up to `as_of`, the last one its present value.

    `met`: it is there. `on_pace`: at this rate in time. `slow`: at most `grace_days` late. `off_pace`: later,
    never, or the day has passed. `unknown`: too few points to tell (see `slope`). `no_target`: none is set.
    """
    shown = [(day, value) for day, value in zip(days, values, strict=True) if day <= as_of]
    value = shown[-1][1] if shown else math.nan
    lately = [one for one in shown if (as_of - one[0]).days <= window_days]
    daily = slope([day for day, _ in lately], [one for _, one in lately])
    per_month = None if daily is None else daily * MONTH_DAYS
    if target is None:
        return Pace("no_target", value, per_month)
    if not math.isfinite(value):
        return Pace("unknown", value, per_month, target=target)
    if target.met_by(value):
        return Pace("met", value, per_month, target=target)
    left = (target.by - as_of).days
    missing = target.value - value
    needed = missing / left * MONTH_DAYS if left > 0 else None
    if daily is None:
        verdict: Verdict = "off_pace" if left <= 0 else "unknown"
        return Pace(verdict, value, None, None, needed, target)
    ahead = missing / daily if daily else math.inf
    if not 0 < ahead <= FARTHEST_DAYS:
        return Pace("off_pace", value, per_month, None, needed, target)
    reached = as_of + timedelta(days=math.ceil(ahead))
    late = (reached - target.by).days
    verdict = "off_pace" if left <= 0 or late > grace_days else "slow" if late > 0 else "on_pace"
    return Pace(verdict, value, per_month, reached, needed, target)
