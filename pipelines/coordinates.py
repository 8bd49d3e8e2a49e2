"""The coordinates of raw rows brought to stored degrees, row by row where a row differs from the rest."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geo.crs import apply
from geo.issues import Issue
from geo.shape_text import read_shapes
from geo.systems import CHINA, Points, inside
from pipelines.placement import Placement, Source, points_of, raw_points


def place_shapes(raw: pd.DataFrame, placement: Placement) -> tuple[NDArray[np.object_], list[Issue]]:
    """The shape of each row in EPSG:4490 (None where there is none), from the first source that has one.

    Findings: `coordinate_unreadable`, `coordinate_zero`, `degrees_in_row`, `axes_swapped_in_row`, each by row.
    """
    made = np.full(len(raw), None, dtype=object)
    issues: list[Issue] = []
    for source in placement.sources:
        open_rows = np.flatnonzero(shapely.is_missing(made))
        if not len(open_rows):
            break
        part = raw.iloc[open_rows]
        shapes, found = _points(part, source) if source.is_points else _whole(part, source, placement)
        made[open_rows] = shapes
        issues += found
    return made, issues


def _whole(raw: pd.DataFrame, source: Source, placement: Placement) -> tuple[NDArray[np.object_], list[Issue]]:
    if source.kind == "map":
        return apply(source.decision, raw["geometry"].to_numpy(object)), []
    heading = source.columns[0]
    shapes, unreadable, _ = read_shapes(raw[heading].tolist(), expect=placement.layer.geometry)
    return apply(source.decision, shapes), _unreadable(raw, unreadable, heading)


def _points(raw: pd.DataFrame, source: Source) -> tuple[NDArray[np.object_], list[Issue]]:
    xy, _, unreadable = raw_points(source.kind, source.columns, raw, source.packed)
    heading = source.columns[0]
    issues = _unreadable(raw, unreadable, heading)
    zero = (xy == 0.0).all(axis=1)
    issues += [Issue("coordinate_zero", int(row), heading) for row in raw.index.to_numpy()[zero]]
    xy[zero] = np.nan
    lonlat = np.full(xy.shape, np.nan)
    good = np.isfinite(xy).all(axis=1)
    if good.any():
        lonlat[good] = source.decision.lonlat(xy[good])
    degrees = _in_degrees(xy, lonlat, source)
    issues += [Issue("degrees_in_row", int(row), heading) for row in raw.index.to_numpy()[degrees]]
    turned = _turned(xy, lonlat, source)
    issues += [Issue("axes_swapped_in_row", int(row), heading) for row in raw.index.to_numpy()[turned]]
    return points_of(lonlat), issues


def _in_degrees(xy: Points, lonlat: Points, source: Source) -> NDArray[np.bool_]:
    """Rows written in degrees among metres, in whichever order puts them in China; mended in `lonlat`."""
    found = np.zeros(len(xy), dtype=np.bool_)
    if source.decision.source.is_geographic:
        return found
    small = np.flatnonzero((np.abs(xy) <= 180.0).all(axis=1))
    for order in (xy[small], xy[small][:, ::-1]):
        fits = inside(CHINA, order) & ~found[small]
        lonlat[small[fits]] = order[fits]
        found[small[fits]] = True
    return found


def _turned(xy: Points, lonlat: Points, source: Source) -> NDArray[np.bool_]:
    """Rows whose two coordinates stand in the other order than the rest of the table's; mended in `lonlat`.

    Only where most of the table lies in China, these rows do not, and do when turned.
    """
    good = np.isfinite(lonlat).all(axis=1)
    at_home = np.zeros(len(xy), dtype=np.bool_)
    at_home[good] = inside(CHINA, lonlat[good])
    suspects = np.flatnonzero(np.isfinite(xy).all(axis=1) & ~at_home)
    turned = np.zeros(len(xy), dtype=np.bool_)
    if not at_home.any() or not len(suspects):
        return turned
    moved = source.decision.lonlat(xy[suspects][:, ::-1])
    fits = inside(CHINA, moved)
    turned[suspects[fits]] = True
    lonlat[suspects[fits]] = moved[fits]
    return turned


def _unreadable(raw: pd.DataFrame, unreadable: NDArray[np.bool_], heading: str) -> list[Issue]:
    found = []
    for at in np.flatnonzero(unreadable):
        value = str(raw[heading].iloc[at])[:40]
        found.append(Issue("coordinate_unreadable", int(raw.index.to_numpy()[at]), heading, {"value": value}))
    return found
