"""Labels in one table and series in another, put together by the parcels' numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd

from geo.errors import Refused
from geo.verify_headings import find_column, id_column, place_columns
from geo.verify_labels import label_column
from geo.verify_table import read_series

# Two columns are numbers of the same parcels when so many of the labelled ones are found.
LEAST_MATCHED = 0.5
YEARS = ("year", "年份", "年度", "年")


def together(
    tables: Mapping[Path, pd.DataFrame],
    *,
    label: str | None = None,
    idle: Sequence[str] = (),
    series_in: Path | None = None,
) -> tuple[pd.DataFrame, str]:
    """One table of several: series below each other, labels beside them; and where the labels came from.

    tables: one at least; a file that is neither series nor labels is left out. series_in: the one that holds
    series, when it is known. Refused with the reason of the first table when none holds series, and
    (`series_labels_apart`) when labels and series share no numbers.
    """
    likely = {path: table for path, table in tables.items() if series_in in (None, path, path.parent)}
    series = {path: table for path, table in likely.items() if _is_series(table)}
    if not series:
        return next(iter(tables.values())), ""
    whole = _below_each_other(series)

    def _labelled(table: pd.DataFrame) -> bool:
        return label_column(table, label=label, idle=idle) is not None

    if _labelled(whole):
        return whole, ""
    others = [path for path in tables if path not in series and _labelled(tables[path])]
    best = 0.0
    for path in others:
        for own, theirs, matched in _numbers(tables[path], whole):
            best = max(best, matched)
            if matched >= LEAST_MATCHED:
                return _beside(whole, tables[path], theirs, own), path.name
    if others:
        names = {"labels": others[0].name, "series": next(iter(series)).name}
        raise Refused("series_labels_apart", matched=round(100 * best), **names)
    return whole, ""


def _is_series(table: pd.DataFrame) -> bool:
    try:
        read_series(table)
    except Refused:
        return False
    return True


def _below_each_other(series: Mapping[Path, pd.DataFrame]) -> pd.DataFrame:
    """The series of several files, each a place of its own where no column names places."""
    if len(series) == 1:
        return next(iter(series.values()))
    placed = any(place_columns(table) for table in series.values())
    parts = [table if placed else table.assign(place=path.stem) for path, table in series.items()]
    return pd.concat(parts, ignore_index=True)


def _numbers(labels: pd.DataFrame, series: pd.DataFrame) -> Iterator[tuple[str, str, float]]:
    """Columns that may number the same parcels, by heading, and the share of the labelled found in the series."""
    named, number = id_column(labels), id_column(series)
    for own in dict.fromkeys([named, *(c for c in labels.columns if c in series.columns)]):
        if own is None or labels[own].nunique() < 0.5 * len(labels):
            continue
        for theirs in dict.fromkeys([own, number]):
            if theirs in series.columns:
                yield own, str(theirs), float(_key(labels[own]).isin(set(_key(series[theirs]))).mean())


def _key(values: pd.Series) -> pd.Series:
    return values.astype("string").str.strip().str.removesuffix(".0")


def _beside(series: pd.DataFrame, labels: pd.DataFrame, theirs: str, own: str) -> pd.DataFrame:
    """The series with the other columns of the labels, by number, and by year where numbers repeat over years."""
    left, right = _key(series[theirs]), _key(labels[own])
    years = [find_column(list(table.columns), YEARS) for table in (series, labels)]
    if right.duplicated().any() and years[0] and years[1]:
        left = left + "/" + _key(series[years[0]])
        right = right + "/" + _key(labels[years[1]])
    first = ~right.duplicated()
    known = labels[[c for c in labels.columns if c not in series.columns]][first].set_axis(right[first])
    return pd.concat([series, known.reindex(left).set_axis(series.index)], axis=1)
