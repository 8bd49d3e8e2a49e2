"""Progress by area: whole numbers added up exactly, divided once, and printed so that they add up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.joins import Columns as Shares
from geo.joins import largest_of
from geo.layers import Indicator, Layer
from geo.levels import UNPLACED, AreaNames, Rolled, chains, in_print, rolled
from geo.measure import share_out
from geo.quantities import Things, amounts, passing, whole_units

__all__ = [
    "KEYS",
    "UNPLACED",
    "add_up",
    "additive",
    "names_of",
    "printed",
    "rates",
    "roll_up",
    "sums_by_area",
    "tally",
]

Integers = npt.NDArray[np.int64]
Positions = npt.NDArray[np.intp]

KEYS = ("area_code", "area_name", "level")


def additive(layer: Layer) -> tuple[Indicator, ...]:
    """The indicators of a layer that are added up, in its order; the others are rates of these."""
    return tuple(one for one in layer.indicators if not one.is_rate)


def tally(
    things: pd.DataFrame, shares: pd.DataFrame, layer: Layer, *, as_of: date, split_by: str | None = None
) -> pd.DataFrame:
    """What stands on each area, added up in whole numbers.

    things: one row per existing thing: the layer's fields, `measured_mm2` (int64), `stage`, `reached`,
    `kind`, `overdue`, `on_time` and the columns its relations give. shares: `feature` (position in things),
    `area`, and a weight, as `geo.joins` makes them. Returned: index `area` (position in the areas frame, -1
    for none), columns `features` and the additive indicators, int64: 1 of a count, millionths of anything
    measured (micro-亩, mm²). Counts stand where the thing's largest share is; quantities are split by share,
    exactly. split_by: a column of things; the index is then (its value, area), blanks under "".
    """
    group = np.zeros(len(things), dtype=np.intp)
    values = pd.Index([""])
    if split_by is not None:
        group, values = pd.factorize(things[split_by].astype("string").fillna(""), sort=True)
    columns = {"feature": shares["feature"], "area": shares["area"], "weight": shares.iloc[:, 2]}
    which, area, sums = sums_by_area(
        things,
        {name: column.to_numpy(np.int64) for name, column in columns.items()},
        layer,
        as_of=as_of,
        group=group,
    )
    index = pd.Index(area, name="area")
    if split_by is not None:
        index = pd.MultiIndex.from_arrays([values[which], index], names=[split_by, "area"])
    return pd.DataFrame(sums, index=index)


def sums_by_area(
    things: Things, shares: Shares, layer: Layer, *, as_of: date, group: Positions | None = None
) -> tuple[Positions, Positions, dict[str, Integers]]:
    """As `tally`, in plain columns: group and area of each row, and its sums; shares as (feature, area, weight).

    things: what has the columns that the indicators look at. group: of each thing, 0 of all when None.
    """
    feature, area, weight = shares["feature"].astype(np.intp), shares["area"].astype(np.intp), shares["weight"]
    main = np.full(len(things), -1, dtype=np.intp)
    largest = largest_of(shares, "weight") if len(feature) > len(things) else shares
    main[largest["feature"]] = largest["area"]
    of = np.zeros(len(things), dtype=np.intp) if group is None else group
    span = max(int(area.max(initial=-1)), int(main.max(initial=-1))) + 2
    of_main, of_share = of * span + main + 1, of[feature] * span + area + 1
    seen = np.zeros(span * (int(of.max(initial=0)) + 1), dtype=bool)
    seen[of_main] = seen[of_share] = True
    used, at = np.flatnonzero(seen), np.cumsum(seen) - 1
    at_main, at_share = at[of_main], at[of_share]
    made = {"features": _sums(np.ones(len(things), dtype=np.int64), at_main, len(used))}
    for one in additive(layer):
        brought = np.where(passing(things, layer, one, as_of), amounts(things, layer, one), 0)
        if one.sum == ("features",):
            made[one.id] = _sums(brought, at_main, len(used))
        else:
            made[one.id] = _sums(share_out(brought, feature, weight), at_share, len(used))
    return used // span, used % span - 1, made


def _sums(values: Integers, at: Positions, size: int) -> Integers:
    made = np.zeros(size, dtype=np.int64)
    np.add.at(made, at, values)
    return made


def add_up(tallies: list[pd.DataFrame]) -> pd.DataFrame:
    """One tally of several over the same areas frame: the order and the cut of the parts make no difference."""
    return pd.concat(tallies).groupby(level="area", sort=True).sum().astype(np.int64)


def names_of(areas: pd.DataFrame) -> AreaNames:
    """Codes, names, levels and parents of an areas frame as plain lists."""
    parent = areas["parent"].tolist() if "parent" in areas else [""] * len(areas)
    return AreaNames(areas["code"].tolist(), areas["name"].tolist(), areas["level"].tolist(), parent)


def _plain(tallied: pd.DataFrame) -> tuple[list[int], dict[str, list[int]]]:
    return tallied.index.tolist(), {str(name): tallied[name].tolist() for name in tallied.columns}


def roll_up(tallied: pd.DataFrame, areas: pd.DataFrame, by: str) -> pd.DataFrame:
    """A tally by the areas of one level: columns area_code, area_name, level, features and the indicators.

    areas: the frame the tally was made over (code, name, level, parent), sorted by code. by: `county`,
    `township`, `village`, or another level of the frame such as `zone`. Every area of the level has a row,
    also with zeros, in the order of codes. Rows of level `unplaced` follow: under the code of a township or
    county, what stands on it but on none of its parts; under code "", what stands on no area. The rows add
    up to the same total at every level. Values stay whole numbers.
    """
    names = names_of(areas)
    keys, levels = chains(names, by)
    made = rolled(*_plain(tallied), names, keys[levels[-1]], by)
    return _frame(made, made.sums, names, by, np.int64)


def _frame(
    made: Rolled, columns: Mapping[str, list[Any]], names: AreaNames, by: str, dtype: type[np.generic]
) -> pd.DataFrame:
    code, name, level = made.heads(names, by)
    heads = {
        "area_code": pd.Series(code, dtype=object),
        "area_name": pd.Series(name, dtype=object),
        "level": np.array(level, dtype=str),
    }
    return pd.DataFrame(heads | {one: np.array(values, dtype=dtype) for one, values in columns.items()})


def rates(
    rows: pd.DataFrame, layer: Layer, others: Mapping[str, tuple[Layer, pd.DataFrame]] | None = None
) -> pd.DataFrame:
    """Rows of `roll_up` with the layer's rates added, each divided once; NaN where the denominator is 0.

    others: rolled-up rows of other layers at the same level, by layer id, for denominators such as
    `contract_parcel.contracted_mu`; an area they lack, and a layer that is not given, has none. A rate
    whose unit is `percent` is given in percent.
    """
    made = rows.copy()
    for one in layer.indicators:
        if one.numerator is None or one.denominator is None:
            continue
        above = rows[one.numerator] / whole_units(layer.indicator(one.numerator))
        below = _denominator(rows, layer, one.denominator, others or {})
        scale = 100.0 if one.unit == "percent" else 1.0
        made[one.id] = np.divide(
            above.to_numpy(float) * scale, below, out=np.full(len(rows), np.nan), where=below > 0
        )
    order = [*KEYS, "features", *(one.id for one in layer.indicators)]
    return made[[name for name in order if name in made]]


def _denominator(
    rows: pd.DataFrame, layer: Layer, name: str, others: Mapping[str, tuple[Layer, pd.DataFrame]]
) -> npt.NDArray[np.float64]:
    if "." not in name:
        return rows[name].to_numpy(float) / whole_units(layer.indicator(name))
    other_id, indicator = name.split(".", 1)
    if other_id not in others:
        return np.zeros(len(rows))
    other, theirs = others[other_id]
    found = theirs.set_index(["area_code", "level"])[indicator]
    matched = found.reindex(pd.MultiIndex.from_frame(rows[["area_code", "level"]]), fill_value=0)
    return matched.to_numpy(float) / whole_units(other.indicator(indicator))


def printed(
    tallied: pd.DataFrame, areas: pd.DataFrame, by: str, layer: Layer, *, decimals: int = 2
) -> pd.DataFrame:
    """As `roll_up`, in printed units, rounded so that what is printed adds up at every level.

    The total is rounded first, then the rows of each level so that they add up to the printed row above
    them (largest remainder; of equal remainders the lowest code is rounded up). Rows are those of
    `roll_up`, values float64 of the indicators' units; counts are whole.
    """
    names = names_of(areas)
    units = {one.id: whole_units(one) for one in additive(layer)}
    made, shown = in_print(*_plain(tallied), names, by, units, [decimals])
    return _frame(made, shown[0], names, by, np.float64)
