"""Opens a ready-made table or map file of index values by parcel and date."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from geo.errors import Refused
from geo.verify_table import Series, read_series

MAPS = {".gpkg", ".shp", ".geojson", ".json", ".fgb", ".kml"}
PARQUET = {".parquet", ".geoparquet", ".pq"}
SHEETS = {".xlsx", ".xls"}
TEXTS = {".csv", ".tsv", ".txt", ".dat"}
ENCODINGS = ("utf-8-sig", "gb18030", "cp1251", "latin-1")
SEPARATORS = (",", ";", "\t", "|")
NOTHING = ["--", "---", "-", "null", "NULL", "Null", "none", "None", "NODATA", "nodata", "."]
# What the shapes of a map file tell, until it is read as series.
CENTRE = ("\0x", "\0y")
MEASURED = "\0m2"
SUFFIXES = MAPS | PARQUET | SHEETS | TEXTS


def is_series_file(path: Path) -> bool:
    """Whether a file may be such a table, by its name."""
    return path.is_file() and path.suffix.lower() in SUFFIXES


def open_series(
    *paths: Path, label: str | None = None, idle: Sequence[str] = (), series_in: Path | None = None
) -> Series:
    """The series of a file, or of several put together: labels beside series, places below each other.

    A sheet of a workbook and a layer of a map file count as files of their own. series_in: the only file that
    holds series; of the others only the labels are wanted. Refused when one cannot be opened, when they hold no
    dates or no labels where asked for, or do not fit.
    """
    from pipelines.verify_join import together

    frames = {name: _flat(table) for path in paths for name, table in _tables(path).items()}
    frame, labels = next(iter(frames.values())), ""
    if len(frames) > 1:
        frame, labels = together(frames, label=label, idle=idle, series_in=series_in)
    found = read_series(frame, label=label, idle=idle, centre=_taken(frame, CENTRE), area=_area_of(frame))
    return replace(found, said={**found.said, "labels_from": labels}) if labels else found


def _flat(frame: pd.DataFrame) -> pd.DataFrame:
    """A table without shapes: their centres and measured areas stand in columns of their own."""
    if "geometry" not in frame.columns:
        return frame
    centre, area = _measured(frame)
    made = pd.DataFrame(frame.drop(columns="geometry"))
    if centre is not None:
        made[CENTRE[0]], made[CENTRE[1]] = centre[:, 0], centre[:, 1]
    return made if area is None else made.assign(**{MEASURED: area})


def _taken(frame: pd.DataFrame, names: Sequence[str]) -> np.ndarray[Any, Any] | None:
    """Columns taken out of a table as an array; None when it has none of them."""
    if not set(names) <= set(frame.columns):
        return None
    return np.column_stack([frame.pop(name).to_numpy(float) for name in names])


def _area_of(frame: pd.DataFrame) -> np.ndarray[Any, Any] | None:
    area = _taken(frame, (MEASURED,))
    return None if area is None else area[:, 0]


def _tables(path: Path) -> dict[Path, pd.DataFrame]:
    """The tables of a file, by its path; where it holds several by their names below it."""
    suffix = path.suffix.lower()
    try:
        if suffix in MAPS:
            return _layers(path)
        if suffix in PARQUET:
            return {path: _parquet(path)}
        if suffix in SHEETS:
            sheets = pd.read_excel(path, engine="calamine", sheet_name=None)
            filled = {name: sheet for name, sheet in sheets.items() if len(sheet)} or sheets
            return _named(path, {str(name): sheet for name, sheet in filled.items()})
        if suffix in TEXTS:
            return {path: _text(path)}
    except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
        raise Refused("series_unreadable", path=path.name, reason=str(error).splitlines()[0][:200]) from None
    raise Refused("series_unreadable", path=path.name, reason=f"*{suffix}")


def _layers(path: Path) -> dict[Path, pd.DataFrame]:
    import geopandas as gpd
    import pyogrio

    names = [str(name) for name in pyogrio.list_layers(path)[:, 0]]
    if len(names) == 1:
        return {path: gpd.read_file(path)}
    return _named(path, {name: gpd.read_file(path, layer=name) for name in names})


def _named(path: Path, tables: dict[str, pd.DataFrame]) -> dict[Path, pd.DataFrame]:
    return {path: next(iter(tables.values()))} if len(tables) == 1 else {path / n: t for n, t in tables.items()}


def _parquet(path: Path) -> pd.DataFrame:
    import geopandas as gpd

    try:
        return gpd.read_parquet(path)
    except ValueError:
        return pd.read_parquet(path)


def _text(path: Path) -> pd.DataFrame:
    """A table of text: separator and decimal sign told from its first lines."""
    raw = path.read_bytes()
    for encoding in ("utf-16",) if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else ENCODINGS:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "gb18030" and _is_russian(raw):
            continue
        lines = text.splitlines()[:20]
        head = lines[0] if lines else ""
        separator = max(SEPARATORS, key=head.count)
        decimal = "," if separator != "," and any(re.search(r"\d,\d", line) for line in lines[1:]) else "."
        return pd.read_csv(StringIO(text), sep=separator, decimal=decimal, na_values=NOTHING, low_memory=False)
    raise ValueError(", ".join(ENCODINGS))


def _is_russian(raw: bytes) -> bool:
    """Whether what is not ASCII reads as small Cyrillic letters, as Russian in its old encoding does."""
    foreign = [one for one in raw if one > 127]
    return sum(one >= 0xE0 for one in foreign) > 0.75 * len(foreign)


def _measured(frame: Any) -> tuple[np.ndarray[Any, Any] | None, np.ndarray[Any, Any] | None]:
    """Centres in the file's own coordinates, and ellipsoidal areas in m² where a CRS tells how to measure."""
    import shapely

    from geo.measure import area_m2

    shapes = np.asarray(frame["geometry"], dtype=object)
    if len(shapes) and isinstance(next((s for s in shapes if s is not None), None), bytes):
        shapes = shapely.from_wkb(shapes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        centre = shapely.get_coordinates(shapely.centroid(shapes))
    if len(centre) != len(frame):
        return None, None
    crs = getattr(frame, "crs", None)
    if crs is None or not np.isin(shapely.get_type_id(shapes), (3, 6)).all():
        return centre, None
    return centre, np.asarray(area_m2(frame.geometry.to_crs(4490).to_numpy()))
