"""A ready-made table of parcel × date index values, taken for what it is: series, dates, labels and places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.errors import Refused
from geo.verify_dates import families, index_family
from geo.verify_headings import (
    area_column,
    band_families,
    find_column,
    id_column,
    place_columns,
    year_of,
)
from geo.verify_labels import idle_labels, label_column, label_words, says_nothing
from geo.verify_long import long_series
from geo.verify_places import blocks_within
from geo.verify_values import index_values, is_numbers, numbers, ratio

Array = NDArray[Any]
NOMINAL_YEAR = 2001
FOLDS = 5
# More places than this are left out together in cross-validation.
MOST_FOLDS = 12
# A series is of one year when it spans no more days than this.
ONE_YEAR_DAYS = 400
_LON = ("lon", "longitude", "lng", "x", "center_x", "centroid_x", "经度")
_LAT = ("lat", "latitude", "y", "center_y", "centroid_y", "纬度")


@dataclass(frozen=True)
class Series:
    """Index values of parcels by date.

    ids: one per parcel, in the table's order. days: ascending. values: (parcels, dates) float64, NaN = not
    seen. places: keys of peer groups from fine to coarse. fold: place of cross-validation. year: the year of
    each row, or None. idle: True idle, False in use, NA unknown; None without labels. area: any unit. said:
    what was taken for what, by role, to be shown. assumed: where neither the label's words nor its heading tell
    which of its two values means idle, the one that was not taken. blocks: blocks of neighbours within the folds,
    None without coordinates.
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
    assumed: str = ""
    blocks: Array | None = None


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
    frame = frame.rename(columns=str)
    groups = families([name for name in frame.columns if is_numbers(frame[name])])
    said: dict[str, str] = {}
    chosen = index_family(groups)
    bands = band_families(groups)
    centre = _centre(frame) if centre is None else centre
    if chosen is None and bands is None:
        rows, days, values = long_series(frame, said)
        centre = None if centre is None else centre[rows]
        area = None if area is None else area[rows]
        frame = frame.iloc[rows]
    else:
        days, values = _wide(frame, groups, chosen, bands, said)
    year = year_of(frame)
    years = None if year is None else year.to_numpy(float)
    heading = label_column(frame, label=label, idle=idle)
    if heading is None and (label is not None or idle):
        raise Refused("label_column_missing", label=label or "/".join(idle))
    known = None if heading is None else idle_labels(frame[heading], heading=heading, idle=idle)
    if heading is not None and known is not None:
        said["idle"] = label_words(frame[heading], known)
    names = place_columns(frame)
    fold, said["folds"] = _folds(frame, names, centre)
    placed = centre is not None and bool(np.isfinite(centre).all())
    ids, said["id"] = _ids(frame)
    said |= {"label": heading or "", "places": ", ".join(names)}
    return Series(
        ids=ids,
        days=tuple(days),
        values=values,
        places=_peers(frame, names, years),
        fold=fold,
        year=years,
        idle=known,
        area=_areas(frame, area),
        said=said,
        assumed=_other_value(frame, heading, known, idle),
        blocks=blocks_within(fold, centre) if placed and centre is not None else None,
    )


def _other_value(frame: pd.DataFrame, heading: str | None, known: pd.Series | None, idle: Sequence[str]) -> str:
    """The value taken for in use of a label that does not say which of its two means idle; else nothing."""
    if heading is None or known is None or idle or not says_nothing(frame[heading], heading):
        return ""
    return label_words(frame[heading], ~known)


def _ids(frame: pd.DataFrame) -> tuple[pd.Index, str]:
    """Parcel numbers as text, whole numbers without a point, and the heading they came from."""
    heading = id_column(frame)
    if heading is None:
        return pd.Index([str(i + 1) for i in range(len(frame))], name="id"), ""
    values = frame[heading]
    if pd.api.types.is_float_dtype(values) and (values.dropna() % 1 == 0).all():
        values = values.astype("Int64")
    return pd.Index(values.astype("string").fillna("").astype(object), name="id"), heading


def turned(series: Series) -> Series:
    """The series with the other of the label's two values taken for idle."""
    assert series.idle is not None
    return replace(series, idle=~series.idle, assumed="", said={**series.said, "idle": series.assumed})


def _centre(frame: pd.DataFrame) -> Array | None:
    lon, lat = (find_column(list(frame.columns), names) for names in (_LON, _LAT))
    if lon is None or lat is None:
        return None
    return np.column_stack([numbers(frame[lon]), numbers(frame[lat])])


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
        columns = {one.day(nominal): numbers(frame[one.heading]) for one in groups[name]}
        return pd.DataFrame(columns, index=frame.index).sort_index(axis=1)

    if chosen is not None:
        wide = block(chosen)
        values = index_values(wide.to_numpy(float), chosen)
        said["index"] = f"{chosen or groups[chosen][0].heading}"
    else:
        assert bands is not None
        red, nir = block(bands[0]), block(bands[1])
        wide = red[red.columns.intersection(nir.columns)]
        values = ratio(wide.to_numpy(float), nir[wide.columns].to_numpy(float))
        said["index"] = f"({bands[1]} - {bands[0]}) / ({bands[1]} + {bands[0]})"
    said["dates"] = f"{wide.columns[0]} … {wide.columns[-1]} ({wide.shape[1]})"
    return cast(list[date], list(wide.columns)), values


def in_one_year(series: Series) -> Series:
    """Where every row speaks of one year of several, the rows laid over each other by day of the year.

    A label is of one year: the row's own, or the only one in which it was seen. Else the series as it is.
    """
    days, values, years = series.days, series.values, series.year
    if (days[-1] - days[0]).days <= ONE_YEAR_DAYS:
        return series
    of_day = np.array([day.year for day in days])
    if years is None or not np.isin(years, of_day).mean() > 0.9:
        ordinal = np.array([day.toordinal() for day in days])
        seen = np.isfinite(values)
        first = np.where(seen, ordinal, ordinal[-1] + 1).min(axis=1)
        last = np.where(seen, ordinal, 0).max(axis=1)
        if not ((last - first) <= ONE_YEAR_DAYS).mean() > 0.9:
            return series
        known = np.unique(of_day)
        years = known[np.argmax([seen[:, of_day == year].sum(axis=1) for year in known], axis=0)]
    of_year = [day.timetuple().tm_yday for day in days]
    at, kept = np.unique(of_year, return_inverse=True)
    out = np.full((len(values), len(at)), np.nan)
    for year in np.unique(years[np.isfinite(years)]):
        rows, columns = np.flatnonzero(years == year), np.flatnonzero(of_day == year)
        out[np.ix_(rows, kept[columns])] = values[np.ix_(rows, columns)]
    start = date(int(pd.Series(years).mode().iloc[0]), 1, 1)
    laid = tuple(start + timedelta(days=int(day) - 1) for day in at)
    return replace(series, days=laid, values=out, said={**series.said, "laid": f"{laid[0]} … {laid[-1]}"})


def _peers(frame: pd.DataFrame, names: Sequence[str], years: Array | None) -> tuple[Array, ...]:
    """Peer keys from fine to coarse: each place within its year, then the places without it."""
    if not names:
        return () if years is None else (years.astype(str),)
    keys = [frame[name].astype(str).to_numpy() for name in names]
    if years is None:
        return tuple(keys)
    marks = pd.Series(years).astype("Int64").astype(str).to_numpy()
    return (*(np.array([f"{k}/{y}" for k, y in zip(key, marks, strict=True)]) for key in keys), *keys)


def _folds(frame: pd.DataFrame, names: Sequence[str], centre: Array | None) -> tuple[Array, str]:
    """Place of cross-validation of each row, and the scheme in words.

    The coarsest places that are at least two (many places are joined to MOST_FOLDS), else FOLDS strips across
    the longer side of the extent, else FOLDS runs of rows.
    """
    for name in reversed(names):
        places = frame[name].astype("string").fillna("").astype(object).to_numpy()
        known = sorted(set(places))
        if len(known) > MOST_FOLDS:
            group = {place: f"{name} {i * MOST_FOLDS // len(known) + 1}" for i, place in enumerate(known)}
            return np.array([group[p] for p in places], dtype=object), f"{name}: {len(known)} → {MOST_FOLDS}"
        if len(known) >= 2:
            return places, f"{name}: {len(known)}"
    if centre is None or not np.isfinite(centre).all():
        parts = np.array([f"part {i * FOLDS // max(len(frame), 1) + 1}" for i in range(len(frame))])
        return parts, f"rows: {FOLDS}"
    axis = int(np.argmax(np.ptp(centre, axis=0)))
    rank = np.argsort(np.argsort(centre[:, axis], kind="stable"))
    return np.array([f"strip {r * FOLDS // len(rank) + 1}" for r in rank]), f"strips: {FOLDS}"


def _areas(frame: pd.DataFrame, measured: Array | None) -> Array:
    heading = area_column(frame)
    if heading is not None:
        return np.nan_to_num(numbers(frame[heading]))
    return np.ones(len(frame)) if measured is None else measured
