"""The campaigns at a glance: lead figure, its twelve months, pace towards the target, and what is overdue."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd

from geo.errors import Refused
from geo.layers import Indicator, Layer
from geo.pace import Pace, Target, pace

if TYPE_CHECKING:
    from pipelines.settings import Settings

CAMPAIGNS = ("abandoned_parcel", "land_transfer", "inspection_point", "zone_plan")
"""The layers a county leader is shown first, in order; `[campaigns] layers = […]` in county.toml replaces them."""
SPARK_MONTHS = 13
GRACE_DAYS = 31


@dataclass(frozen=True)
class Glance:
    """One campaign of one area at a glance.

    lead: its lead figure, None for a layer without figures. days and values: that figure on the ends of the last
    twelve months and today, NaN where it had none. alarm: the figure of what is overdue, or else of what should be
    low, with its value. empty: nothing of the layer lies here, and there is no rate of it either.
    """

    layer: Layer
    lead: Indicator | None
    days: tuple[date, ...] = ()
    values: tuple[float, ...] = ()
    pace: Pace | None = None
    alarm: Indicator | None = None
    alarm_value: float = math.nan
    empty: bool = True

    @property
    def value(self) -> float:
        """The lead figure today."""
        return self.values[-1] if self.values else math.nan


def campaigns(settings: Settings, layers: Mapping[str, Layer]) -> tuple[Layer, ...]:
    """The layers that are the county's campaigns, in order; those the workspace does not have are left out."""
    declared = settings.raw.get("campaigns", {}).get("layers", CAMPAIGNS)
    return tuple(layers[name] for name in declared if name in layers)


def target_of(settings: Settings, layer: Layer, indicator: Indicator, as_of: date) -> Target | None:
    """The county's target for a figure, None when it has set none.

    In county.toml `[targets]` under `"layer.indicator"`: a number, to be reached by the end of the year, or
    `{ value = …, by = 2026-10-31 }`. Refused when it is neither.
    """
    key = f"{layer.id}.{indicator.id}"
    nested = settings.targets.get(layer.id)
    given: Any = settings.targets.get(key, nested.get(indicator.id) if isinstance(nested, Mapping) else None)
    if given is None:
        return None
    by = date(as_of.year, 12, 31)
    if isinstance(given, Mapping):
        given, by = given.get("value"), given.get("by", by)
    if isinstance(given, bool) or not isinstance(given, (int, float)) or type(by) is not date:
        raise Refused("target_unreadable", target=key)
    return Target(float(given), by, lower=indicator.better == "lower")


def lead_of(settings: Settings, layer: Layer) -> Indicator | None:
    """The figure a campaign is judged by: the first that has a target, else its first rate, else its first."""
    named = [one for one in layer.indicators if f"{layer.id}.{one.id}" in settings.targets]
    rated = [one for one in layer.indicators if one.is_rate]
    return next(iter([*named, *rated, *layer.indicators]), None)


def alarm_of(layer: Layer) -> Indicator | None:
    """The figure that says what is overdue; where a layer has none, the first that should be low."""
    late = [one for one in layer.indicators if one.overdue and not one.is_rate]
    low = [one for one in layer.indicators if one.better == "lower" and not one.is_rate]
    return next(iter([*late, *low]), None)


def glance(settings: Settings, layer: Layer, rows: pd.DataFrame, as_of: date, *, whole: bool = True) -> Glance:
    """One campaign of one area at a glance, by the area's rows of `pipelines.trends.trend` in order of day.

    whole: the area is the county; a target of an amount is the whole county's and no part's, one of a rate is
    everybody's.
    """
    lead, alarm = lead_of(settings, layer), alarm_of(layer)
    if lead is None or rows.empty:
        return Glance(layer, lead)
    last = rows.tail(SPARK_MONTHS)
    days = tuple(stamp.date() for stamp in last["day"])
    values = tuple(float(value) for value in last[lead.id])
    target = target_of(settings, layer, lead, as_of) if whole or lead.is_rate else None
    grace = int(settings.raw.get("pace", {}).get("grace_days", GRACE_DAYS))
    return Glance(
        layer,
        lead,
        days,
        values,
        pace(days, values, target, as_of=as_of, grace_days=grace),
        alarm,
        float(last[alarm.id].iloc[-1]) if alarm is not None else math.nan,
        # A rate whose whole is known is none at all, 0 %, where nothing has it; anything else is not known yet.
        empty=not bool(last["features"].iloc[-1]) and not (lead.is_rate and math.isfinite(values[-1])),
    )
