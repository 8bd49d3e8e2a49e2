"""Progress by area: whole numbers added up exactly, divided once, and printed so that they add up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.joins import largest_share
from geo.layers import Indicator, Layer
from geo.measure import round_parts, share_out
from geo.quantities import amounts, passing, whole_units

Integers = npt.NDArray[np.int64]
Positions = npt.NDArray[np.intp]

LEVELS = ("county", "township", "village")
UNPLACED = "unplaced"
Key = tuple[str, bool]
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
    weight = shares.columns[2]
    feature, area = shares["feature"].to_numpy(np.intp), shares["area"].to_numpy(np.intp)
    main = np.full(len(things), -1, dtype=np.intp)
    largest = largest_share(shares) if len(shares) > len(things) else shares
    main[largest["feature"]] = largest["area"]
    group = np.zeros(len(things), dtype=np.intp)
    values = pd.Index([""])
    if split_by is not None:
        group, values = pd.factorize(things[split_by].astype("string").fillna(""), sort=True)
    span = max(int(area.max(initial=-1)), int(main.max(initial=-1))) + 2
    of_main, of_share = group * span + main + 1, group[feature] * span + area + 1
    used, at = np.unique(np.concatenate((of_main, of_share)), return_inverse=True)
    at_main, at_share = at[: len(of_main)], at[len(of_main) :]
    made = {"features": _sums(np.ones(len(things), dtype=np.int64), at_main, len(used))}
    for one in additive(layer):
        brought = np.where(passing(things, layer, one, as_of), amounts(things, layer, one), 0)
        if one.sum == ("features",):
            made[one.id] = _sums(brought, at_main, len(used))
        else:
            parts = share_out(brought, feature, shares[weight].to_numpy())
            made[one.id] = _sums(parts, at_share, len(used))
    index = pd.Index(used % span - 1, name="area")
    if split_by is not None:
        index = pd.MultiIndex.from_arrays([values[used // span], index], names=[split_by, "area"])
    return pd.DataFrame(made, index=index)


def _sums(values: Integers, at: Positions, size: int) -> Integers:
    made = np.zeros(size, dtype=np.int64)
    np.add.at(made, at, values)
    return made


def add_up(tallies: list[pd.DataFrame]) -> pd.DataFrame:
    """One tally of several over the same areas frame: the order and the cut of the parts make no difference."""
    return pd.concat(tallies).groupby(level="area", sort=True).sum().astype(np.int64)


def _chains(areas: pd.DataFrame, by: str) -> tuple[pd.DataFrame, list[str]]:
    """For each area, and for none (the last row), the key under which it is counted at each level down to `by`.

    A key is (code, counted): counted is False where the area is coarser than the level, so that what is on
    it stands as unplaced under its own code; an area whose parents are not in the frame has code "".
    """
    levels = list(LEVELS[: LEVELS.index(by) + 1]) if by in LEVELS else [by]
    code, level = areas["code"].to_numpy(object), areas["level"].to_numpy(object)
    parents = areas["parent"].to_numpy(object) if "parent" in areas else np.full(len(areas), "", dtype=object)
    row = {one: i for i, one in enumerate(code)}
    keys: dict[str, list[Key]] = {one: [] for one in levels}
    for i in range(len(areas)):
        line = {}
        at: int | None = i
        while at is not None and level[at] not in line:
            line[level[at]] = code[at]
            at = row.get(parents[at])
        for one in levels:
            finer = by in LEVELS and level[i] in LEVELS and LEVELS.index(level[i]) < LEVELS.index(one)
            keys[one].append((code[i], False) if finer else (line.get(one, ""), one in line))
    for one in levels:
        keys[one].append(("", False))
    return pd.DataFrame(keys), levels


def roll_up(tallied: pd.DataFrame, areas: pd.DataFrame, by: str) -> pd.DataFrame:
    """A tally by the areas of one level: columns area_code, area_name, level, features and the indicators.

    areas: the frame the tally was made over (code, name, level, parent), sorted by code. by: `county`,
    `township`, `village`, or another level of the frame such as `zone`. Every area of the level has a row,
    also with zeros, in the order of codes. Rows of level `unplaced` follow: under the code of a township or
    county, what stands on it but on none of its parts; under code "", what stands on no area. The rows add
    up to the same total at every level. Values stay whole numbers.
    """
    chains, levels = _chains(areas, by)
    return _by_keys(tallied, areas, chains[levels[-1]], by)


def _by_keys(tallied: pd.DataFrame, areas: pd.DataFrame, keys: pd.Series, by: str) -> pd.DataFrame:
    of_row = keys.iloc[tallied.index.to_numpy(np.intp)]
    flags = pd.Index([counted for _, counted in of_row], name="counted")
    codes = pd.Index([code for code, _ in of_row], dtype=object, name="area_code")
    sums = tallied.groupby([codes, flags]).sum()
    own = areas.loc[areas["level"] == by]
    base = pd.MultiIndex.from_product([own["code"].astype(object), [True]], names=["area_code", "counted"])
    loose = sums.index[~sums.index.get_level_values("counted").to_numpy(bool)]
    loose = loose[np.argsort(loose.get_level_values("area_code") == "", kind="stable")]
    made = sums.reindex(base.append(loose), fill_value=0).astype(np.int64).reset_index()
    names = pd.Series(areas["name"].to_numpy(object), index=areas["code"].to_numpy(object))
    made.insert(1, "area_name", made["area_code"].map(names).fillna("").astype(object))
    made.insert(2, "level", np.where(made.pop("counted").astype(bool), by, UNPLACED))
    return made


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
    chains, levels = _chains(areas, by)
    made = _by_keys(tallied, areas, chains[levels[-1]], by)
    units = {one.id: whole_units(one) for one in additive(layer)}
    for name in tallied.columns:
        unit = units.get(name, 1)
        if unit == 1:
            made[name] = made[name].astype(float)
            continue
        rounded = _rounded(tallied[name], chains, levels, unit // 10**decimals)
        made[name] = [
            rounded.get((code, level == by), 0) / unit
            for code, level in zip(made["area_code"], made["level"], strict=True)
        ]
    return made


def _rounded(values: pd.Series, chains: pd.DataFrame, levels: list[str], step: int) -> Mapping[Key, int]:
    """Rounded sums of the last level's keys, each level adding up to the rounded one above."""
    keys = [chains[one].tolist() for one in levels]
    paths = [tuple(column[at] for column in keys) for at in values.index]
    above: dict[tuple[Key, ...], int] = {(): int(round_parts([int(values.sum())], step)[0])}
    for depth in range(1, len(levels) + 1):
        families: dict[tuple[Key, ...], dict[Key, int]] = {}
        for path, value in zip(paths, values.tolist(), strict=True):
            family = families.setdefault(path[: depth - 1], {})
            family[path[depth - 1]] = family.get(path[depth - 1], 0) + value
        here: dict[tuple[Key, ...], int] = {}
        for parent, family in families.items():
            children = sorted(family)
            parts = round_parts([family[child] for child in children], step, above[parent])
            here |= {(*parent, child): part for child, part in zip(children, parts.tolist(), strict=True)}
        above = here
    totals: dict[Key, int] = {}
    for path, whole in above.items():
        totals[path[-1]] = totals.get(path[-1], 0) + whole
    return totals
