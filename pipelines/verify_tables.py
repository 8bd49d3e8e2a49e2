"""Opens a ready-made table or map file of index values by parcel and date."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
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
SEPARATORS = (",", ";", "\t", "|")
NOTHING = ["--", "---", "-", "null", "NULL", "Null", "none", "None", "NODATA", "nodata", "."]
SUFFIXES = MAPS | PARQUET | SHEETS | TEXTS


def is_series_file(path: Path) -> bool:
    """Whether a file may be such a table, by its name."""
    return path.is_file() and path.suffix.lower() in SUFFIXES


def open_series(path: Path, *, label: str | None = None, idle: Sequence[str] = ()) -> Series:
    """The series of one file; Refused when it cannot be opened or holds no dates, or no labels where asked for."""
    frame = _frame(path)
    centre = area = None
    if "geometry" in frame.columns:
        centre, area = _measured(frame)
        frame = pd.DataFrame(frame.drop(columns="geometry"))
    return read_series(frame, label=label, idle=idle, centre=centre, area=area)


def _frame(path: Path) -> pd.DataFrame:
    suffix = path.suffix.lower()
    try:
        if suffix in MAPS:
            import geopandas as gpd

            return gpd.read_file(path)
        if suffix in PARQUET:
            return _parquet(path)
        if suffix in SHEETS:
            return pd.read_excel(path, engine="calamine")
        if suffix in TEXTS:
            return _text(path)
    except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
        raise Refused("series_unreadable", path=path.name, reason=str(error).splitlines()[0][:200]) from None
    raise Refused("series_unreadable", path=path.name, reason=f"*{suffix}")


def _parquet(path: Path) -> pd.DataFrame:
    import geopandas as gpd

    try:
        return gpd.read_parquet(path)
    except ValueError:
        return pd.read_parquet(path)


def _text(path: Path) -> pd.DataFrame:
    """A table of text: separator and decimal sign told from its first lines."""
    raw = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        lines = text.splitlines()[:20]
        head = lines[0] if lines else ""
        separator = max(SEPARATORS, key=head.count)
        decimal = "," if separator != "," and any(re.search(r"\d,\d", line) for line in lines[1:]) else "."
        return pd.read_csv(StringIO(text), sep=separator, decimal=decimal, na_values=NOTHING, low_memory=False)
    raise ValueError("utf-8, gb18030")


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
