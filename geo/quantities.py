"""What an indicator counts: which things pass its filters, and how many whole units each of them brings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.layers import Indicator, Layer
from geo.measure import MICRO, UNITS_M2, convert_area, micro_mu_from_mm2, to_micro


class Things(Protocol):
    """Things as columns by name: a table, or, where no filter is asked of them, plain numbers."""

    def __len__(self) -> int: ...

    def __getitem__(self, name: str) -> Any: ...


Flags = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]


def whole_units(indicator: Indicator) -> int:
    """How many whole units of a tally make one printed unit: 1 for counts, a million for anything measured."""
    return 1 if indicator.sum == ("features",) else MICRO


def passing(things: Things, layer: Layer, indicator: Indicator, as_of: date) -> Flags:
    """Which things the filters of an indicator let through, in the order of `things`.

    Blank values pass no filter but `where_not`. `due_counts` takes things closed with a deadline and those
    that are overdue; `expired` and `ends_within_days` look at the layer's end field, whose last day still
    counts.
    """
    made = np.ones(len(things), dtype=bool)
    if indicator.reached is not None:
        made &= _reached(things["reached"], layer, indicator.reached)
    if indicator.stages:
        made &= _among(things["stage"], indicator.stages)
    if indicator.kinds:
        made &= _among(things["kind"], indicator.kinds)
    if indicator.flag is not None:
        made &= _true(things[indicator.flag])
    if indicator.overdue is not None:
        made &= _true(things["overdue"]) == indicator.overdue
    if indicator.on_time is not None:
        made &= _among(things["on_time"], (indicator.on_time,))
    if indicator.due_counts is not None:
        closed = _among(things["kind"], ("done",)) & things["on_time"].notna().to_numpy(bool)
        made &= (closed | _true(things["overdue"])) == indicator.due_counts
    if indicator.expired is not None or indicator.ends_within_days is not None:
        made &= _ending(things[str(layer.end_field)], indicator, as_of)
    for field, wanted in indicator.where.items():
        made &= _among(things[field], _several(wanted))
    for field, unwanted in indicator.where_not.items():
        made &= ~_among(things[field], _several(unwanted))
    return made


def _several(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)


def _among(column: pd.Series, wanted: tuple[Any, ...]) -> Flags:
    return np.asarray(column.isin(list(wanted)).fillna(False), dtype=bool)


def _true(column: pd.Series) -> Flags:
    return np.asarray(column.astype("boolean").fillna(False), dtype=bool)


def _reached(column: pd.Series, layer: Layer, stage: str) -> Flags:
    if layer.lifecycle is None:
        raise ValueError(f"{layer.id} has no lifecycle, so nothing can have reached {stage!r}")
    way = layer.lifecycle.path
    return _among(column, way[way.index(stage) :])


def _ending(column: pd.Series, indicator: Indicator, as_of: date) -> Flags:
    ends = pd.to_datetime(column)
    today = pd.Timestamp(as_of)
    made = np.ones(len(column), dtype=bool)
    if indicator.expired is not None:
        made &= np.asarray(ends < today, dtype=bool) == indicator.expired
    if indicator.ends_within_days is not None:
        last = pd.Timestamp(as_of + timedelta(days=indicator.ends_within_days))
        made &= np.asarray((ends >= today) & (ends <= last), dtype=bool)
    return made


def amounts(things: Things, layer: Layer, indicator: Indicator) -> Integers:
    """What each thing brings to an indicator, in whole units: 1 of a count, else millionths of its unit.

    The names in `indicator.sum` are tried in turn, row by row, until one is not blank; a thing with only
    blanks brings 0. Areas are converted to the indicator's unit by the exact ratio before rounding.
    """
    if indicator.sum == ("features",):
        return np.ones(len(things), dtype=np.int64)
    units = _units(layer)
    made = np.zeros(len(things), dtype=np.int64)
    open_ = np.ones(len(things), dtype=bool)
    for name in indicator.sum:
        values, known = _column(things, name, units.get(name), indicator.unit)
        made[open_ & known] = values[open_ & known]
        open_ &= ~known
    return made


def _units(layer: Layer) -> Mapping[str, str | None]:
    fields = {field.name: field.unit for field in layer.fields}
    return fields | {f"{relation.gives}_m2": "m2" for relation in layer.relations}


def _column(things: Things, name: str, unit: str | None, wanted: str) -> tuple[Integers, Flags]:
    if name in ("measured_mu", "measured_m2"):
        mm2 = np.asarray(things["measured_mm2"], dtype=np.int64)
        return (micro_mu_from_mm2(mm2) if wanted == "mu" else mm2), mm2 > 0
    if name in ("measured_m", "measured_km"):
        metres = _numbers(things["measured_m"])
        return to_micro(metres if wanted == "m" else metres / 1000), ~np.isnan(metres)
    if name == "features":
        return np.full(len(things), MICRO, dtype=np.int64), np.ones(len(things), dtype=bool)
    values = _numbers(things[name])
    if unit is not None and unit in UNITS_M2 and wanted in UNITS_M2:
        values = convert_area(values, unit, wanted)
    return to_micro(values), ~np.isnan(values)


def _numbers(column: Any) -> npt.NDArray[np.float64]:
    return column if isinstance(column, np.ndarray) else np.asarray(column.to_numpy(float, na_value=np.nan))
