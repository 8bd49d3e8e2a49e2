"""A ready-made table of parcel × date index values, taken for what it is: series, dates, labels and places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.errors import Refused
from geo.verify_headings import (
    LEAST_DATES,
    area_column,
    band_families,
    families,
    find_column,
    id_column,
    idle_labels,
    index_family,
    label_column,
    place_columns,
    role,
    year_of,
)

Array = NDArray[Any]
# What instruments and services write for "no value".
NODATA = (65535.0, 32767.0, -32768.0, -9999.0, -3000.0, -28672.0)
NOMINAL_YEAR = 2001
FOLDS = 5


@dataclass(frozen=True)
class Series:
    """Index values of parcels by date.

    ids: one per parcel, in the table's order. days: ascending. values: (parcels, dates) float64, NaN = not
    seen. places: keys of peer groups from fine to coarse. fold: place of cross-validation. year: the year of
    each row, or None. idle: True idle, False in use, NA unknown; None without labels. area: any unit. said:
    what was taken for what, by role, to be shown.
    """

    ids: pd.Index
    days: tuple[date, ...]
    values: Array
    places: tuple[Array, ...]
    fold: Array
    year: Array | None
    idle: pd.Series | None
    area: Array
    said: dict[str, str]


def read_series(
    frame: pd.DataFrame,
    *,
    label: str | None = None,
    idle: Sequence[str] = (),
    centre: Array | None = None,
    area: Array | None = None,
) -> Series:
    """The series of a table, wide (a column per date) or long (a row per date).

    centre: (rows, 2) coordinates for folds where no column names places. area: of each row, where measured from
    its geometry. Refused: `series_columns_missing`, `series_values_strange`, `label_column_missing`.
    """
    groups = families([str(c) for c in frame.columns if pd.api.types.is_numeric_dtype(frame[c])])
    said: dict[str, str] = {}
    chosen = index_family(groups)
    bands = band_families(groups)
    if chosen is None and bands is None:
        rows, days, values = _long(frame, said)
        centre = None if centre is None else centre[rows]
        area = None if area is None else area[rows]
        frame = frame.iloc[rows]
    else:
        days, values = _wide(frame, groups, chosen, bands, said)
    number = id_column(frame)
    ids = pd.Index(frame[number].astype(str) if number else (str(i + 1) for i in range(len(frame))), name="id")
    year = year_of(frame)
    heading = label_column(frame, label=label, idle=idle)
    if heading is None and (label is not None or idle):
        raise Refused("label_column_missing", label=label or "/".join(idle))
    known = None if heading is None else idle_labels(frame[heading], heading=heading, idle=idle)
    names = place_columns(frame)
    said |= {"id": number or "", "label": heading or "", "places": ", ".join(names)}
    years = None if year is None else year.to_numpy()
    return Series(
        ids=ids,
        days=tuple(days),
        values=values,
        places=_peers(frame, names, years),
        fold=_folds(frame, names, centre),
        year=years,
        idle=known,
        area=_areas(frame, area),
        said=said,
    )


def _wide(
    frame: pd.DataFrame,
    groups: dict[str, Any],
    chosen: str | None,
    bands: tuple[str, str] | None,
    said: dict[str, str],
) -> tuple[list[date], Array]:
    year = year_of(frame)
    nominal = NOMINAL_YEAR if year is None or year.dropna().empty else int(year.mode().iloc[0])

    def block(name: str) -> pd.DataFrame:
        columns = {one.day(nominal): frame[one.heading] for one in groups[name]}
        return pd.DataFrame(columns).sort_index(axis=1)

    if chosen is not None:
        wide = block(chosen)
        values = index_values(wide.to_numpy(float, na_value=np.nan), chosen)
        said["index"] = f"{chosen or groups[chosen][0].heading}"
    else:
        assert bands is not None
        red, nir = block(bands[0]), block(bands[1])
        wide = red[red.columns.intersection(nir.columns)]
        values = _ratio(wide.to_numpy(float), nir[wide.columns].to_numpy(float))
        said["index"] = f"({bands[1]} - {bands[0]}) / ({bands[1]} + {bands[0]})"
    said["dates"] = f"{wide.columns[0]} … {wide.columns[-1]} ({wide.shape[1]})"
    return cast(list[date], list(wide.columns)), values


def _long(frame: pd.DataFrame, said: dict[str, str]) -> tuple[Array, list[date], Array]:
    """First row of each parcel, the dates, and the values of a table with a row per parcel and date."""
    when = _date_column(frame)
    number = id_column(frame)
    names = {role(str(c)): str(c) for c in reversed(list(frame.columns)) if role(str(c))}
    index = find_column(
        list(frame.columns), ("ndvi", "evi", "evi2", "ndvi_mean", "value", "mean", "植被指数", "指数")
    )
    if when is None or number is None or not (index or {"red", "nir"} <= set(names)):
        raise Refused("series_columns_missing", least=LEAST_DATES, columns=", ".join(map(str, frame.columns[:12])))
    if index:
        values = index_values(frame[index].to_numpy(float, na_value=np.nan), index)
    else:
        values = _ratio(frame[names["red"]].to_numpy(float), frame[names["nir"]].to_numpy(float))
    day = pd.to_datetime(frame[when], format="mixed").dt.date
    key, parcels = pd.factorize(frame[number])
    column, days = pd.factorize(day, sort=True)
    first = np.full(len(parcels), -1)
    first[key[::-1]] = np.arange(len(frame))[::-1]
    total, seen = np.zeros((2, len(parcels), len(days)))
    good = ~np.isnan(values)
    np.add.at(total, (key[good], column[good]), values[good])
    np.add.at(seen, (key[good], column[good]), 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        wide = total / seen
    said["index"] = index or f"({names['nir']} - {names['red']}) / ({names['nir']} + {names['red']})"
    said["dates"] = f"{when}: {days[0]} … {days[-1]} ({len(days)})"
    return first, list(days), wide


def _date_column(frame: pd.DataFrame) -> str | None:
    """A column whose values are dates and come again from parcel to parcel."""
    for heading in frame.columns:
        values = frame[heading]
        if pd.api.types.is_datetime64_any_dtype(values):
            days = values
        elif pd.api.types.is_string_dtype(values) and values.head(50).astype(str).str.match(r"\d{4}\D?\d").all():
            days = pd.to_datetime(values, errors="coerce", format="mixed")
        else:
            continue
        if days.notna().mean() > 0.95 and LEAST_DATES <= days.nunique() <= len(frame) // 2:
            return str(heading)
    return None


def index_values(values: Array, name: str = "") -> Array:
    """Index values on their own scale −1…1: no-data codes blanked, hundredths or ten-thousandths divided.

    Refused (`series_values_strange`) when the values fit no such scale.
    """
    out = np.asarray(values, float).copy()
    out[np.isin(out, NODATA) | ~np.isfinite(out)] = np.nan
    sizes = np.abs(out[~np.isnan(out)])
    if not len(sizes):
        raise Refused("series_values_strange", name=name, value="–")
    high = float(np.quantile(sizes, 0.99))
    scale = next((s for s in (1.0, 100.0, 10_000.0) if high <= 1.2 * s), None)
    if scale is None:
        raise Refused("series_values_strange", name=name, value=high)
    out /= scale
    out[np.abs(out) > 1.2] = np.nan
    return out


def _ratio(red: Array, nir: Array) -> Array:
    """NDVI of two reflectances on any common scale; no-data codes and dark pairs become NaN."""
    bad = np.isin(red, NODATA) | np.isin(nir, NODATA) | ~(red + nir > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(bad, np.nan, (nir - red) / (nir + red))


def _peers(frame: pd.DataFrame, names: Sequence[str], years: Array | None) -> tuple[Array, ...]:
    """Peer keys from fine to coarse: each place within its year, then the places without it."""
    if not names:
        return () if years is None else (years.astype(str),)
    keys = [frame[name].astype(str).to_numpy() for name in names]
    if years is None:
        return tuple(keys)
    marks = pd.Series(years).astype("Int64").astype(str).to_numpy()
    return (*(np.array([f"{k}/{y}" for k, y in zip(key, marks, strict=True)]) for key in keys), *keys)


def _folds(frame: pd.DataFrame, names: Sequence[str], centre: Array | None) -> Array:
    """The coarsest places that are at least two, else FOLDS strips across the longer side of the extent."""
    for name in reversed(names):
        if frame[name].nunique() >= 2:
            return frame[name].astype(str).to_numpy()
    if centre is None or not np.isfinite(centre).all():
        return np.array([f"part {i * FOLDS // max(len(frame), 1) + 1}" for i in range(len(frame))])
    axis = int(np.argmax(np.ptp(centre, axis=0)))
    rank = np.argsort(np.argsort(centre[:, axis], kind="stable"))
    return np.array([f"strip {r * FOLDS // len(rank) + 1}" for r in rank])


def _areas(frame: pd.DataFrame, measured: Array | None) -> Array:
    heading = area_column(frame)
    if heading is not None:
        return np.nan_to_num(frame[heading].to_numpy(float))
    return np.ones(len(frame)) if measured is None else measured
