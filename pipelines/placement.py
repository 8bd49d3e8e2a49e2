"""How a table's rows are to be placed, as it was decided, and its coordinates as the sender wrote them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geo.crs import CrsDecision
from geo.degrees import read_degrees, read_pairs, unpacked
from geo.issues import Issue
from geo.layers import Layer
from geo.pieces import Leaves
from geo.shape_text import read_shapes
from geo.systems import Points

if TYPE_CHECKING:
    import geopandas as gpd

SourceKind = Literal["map", "wkt", "lonlat", "pair", "xy"]


@dataclass(frozen=True)
class Source:
    """One way a table gives coordinates: the file's own shapes, shapes as text, or columns of numbers.

    columns: the headings, longitude or x first. packed: degrees, minutes and seconds written as one number.
    """

    kind: SourceKind
    columns: tuple[str, ...]
    decision: CrsDecision
    packed: bool = False

    @property
    def is_points(self) -> bool:
        """Whether it gives one point a row."""
        return self.kind in ("lonlat", "pair", "xy")


@dataclass(frozen=True)
class Placement:
    """How the rows of one table are placed: sources in the order they are tried, and where they should lie.

    names: `township|village|code|place` → column of the typed frame, or heading with `@` in front. crs_name: for
    the report. issues: findings on the table as a whole. outline, areas: of the county, None where not known.
    leaves: `geo.pieces.leaf_areas` of the areas, so that it is made only once. points_only: the table has points
    for a layer of shapes; they tell the area, and are not stored as shapes.
    """

    layer: Layer
    sources: tuple[Source, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    crs_name: str | None = None
    issues: tuple[Issue, ...] = ()
    outline: Any = None
    areas: gpd.GeoDataFrame | None = None
    leaves: Leaves | None = None
    points_only: bool = False


def raw_shapes(
    kind: str, columns: tuple[str, ...], raw: pd.DataFrame, layer: Layer, packed: bool
) -> tuple[NDArray[np.object_], int | None, bool]:
    """The shapes of raw rows in the sender's own coordinates, None where there are none.

    Also the SRID written with them, if any, and whether any was written with minutes.
    """
    if kind == "map":
        return raw["geometry"].to_numpy(object), None, False
    if kind == "wkt":
        shapes, _, srid = read_shapes(raw[columns[0]].tolist(), expect=layer.geometry)
        return shapes, srid, False
    xy, minutes, _ = raw_points(kind, columns, raw, packed)
    return points_of(xy), None, bool(minutes.any())


def raw_points(
    kind: str, columns: tuple[str, ...], raw: pd.DataFrame, packed: bool
) -> tuple[Points, NDArray[np.bool_], NDArray[np.bool_]]:
    """(n, 2) coordinates of raw rows as written (NaN where missing), which with minutes, which unreadable."""
    if kind == "pair":
        return read_pairs(raw[columns[0]].tolist())
    plain = [numbers(raw[c]) for c in columns]
    minutes = unreadable = np.zeros(len(raw), dtype=np.bool_)
    if not packed:
        for i, column in enumerate(columns):
            rest = np.flatnonzero(np.isnan(plain[i]) & raw[column].notna().to_numpy(bool))
            if len(rest):
                read = read_degrees(raw[column].iloc[rest].tolist())
                plain[i][rest] = read.values
                minutes, unreadable = minutes.copy(), unreadable.copy()
                minutes[rest] |= read.sexagesimal
                unreadable[rest] |= read.unreadable
    else:
        plain = [unpacked(values) for values in plain]
    return np.column_stack(plain), minutes, unreadable


def points_of(xy: Points) -> NDArray[np.object_]:
    """Shapely points of (n, 2) coordinates; None where one is missing or both are zero."""
    made = np.full(len(xy), None, dtype=object)
    good = np.isfinite(xy).all(axis=1) & (xy != 0.0).any(axis=1)
    made[good] = shapely.points(xy[good])
    return made


def numbers(column: pd.Series) -> NDArray[np.float64]:
    """The plain numbers of a column, NaN where something else stands."""
    return pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan).copy()
