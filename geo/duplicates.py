"""Whether a new thing is one that is known already: near an open one of its kind, or lying over it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from geo.lookback import unit_places
from geo.measure import area_m2

NEAR_M = 30.0
"""Metres within which two points of one category are offered as the same thing; a county declares its own."""


def near_same(
    new: pd.DataFrame,
    known: pd.DataFrame,
    *,
    category: str | None = "category",
    metres: Mapping[str, float] | None = None,
    default_m: float = NEAR_M,
) -> pd.DataFrame:
    """Pairs of a new point and an open one of the same category within the category's distance.

    new, known: columns id, lon, lat and `category`; `known` holds open things only. metres: category → distance.
    Columns: id, same_as, distance_m; nearest first for each new point. A thing is never its own double.
    """
    columns = ["id", "same_as", "distance_m"]
    placed = known[known["lon"].notna() & known["lat"].notna()]
    asked = new[new["lon"].notna() & new["lat"].notna()]
    if placed.empty or asked.empty:
        return pd.DataFrame({"id": [], "same_as": [], "distance_m": []}).astype({"id": str, "same_as": str})
    limits = dict(metres or {})
    reach = max([default_m, *limits.values()])
    spots = unit_places(placed["lon"].to_numpy(), placed["lat"].to_numpy())
    here = unit_places(asked["lon"].to_numpy(), asked["lat"].to_numpy())
    close = cKDTree(spots).query_ball_point(here, reach)
    found = []
    kinds = [frame[category].to_numpy(object) if category else None for frame in (asked, placed)]
    ids = asked["id"].to_numpy(object), placed["id"].to_numpy(object)
    for row, rows in enumerate(close):
        for other in rows:
            if ids[0][row] == ids[1][other]:
                continue
            if kinds[0] is not None and kinds[1] is not None and kinds[0][row] != kinds[1][other]:
                continue
            limit = limits.get(str(kinds[0][row]), default_m) if kinds[0] is not None else default_m
            metres_apart = float(np.linalg.norm(here[row] - spots[other]))
            if metres_apart <= limit:
                found.append((ids[0][row], ids[1][other], round(metres_apart, 1)))
    frame = pd.DataFrame(found, columns=columns)
    return frame.sort_values(["id", "distance_m", "same_as"], kind="stable").reset_index(drop=True)


def overlapping_open(
    new: pd.DataFrame, known: pd.DataFrame, *, least_m2: float = 10.0, least_share: float = 0.1
) -> pd.DataFrame:
    """Pairs of a new parcel and an open one that lie over each other, as offers of the same thing.

    new, known: columns id and geometry (valid polygons, EPSG:4490); `known` holds open things only. A pair counts
    from `least_m2` of common area that is also `least_share` of the smaller one. Columns: id, same_as, overlap_m2
    (ellipsoidal), share (of the smaller one); largest first for each new parcel.
    """
    mine, theirs = new["geometry"].to_numpy(object), known["geometry"].to_numpy(object)
    left, right = shapely.STRtree(theirs).query(mine, predicate="intersects")
    ids = new["id"].to_numpy(object)[left], known["id"].to_numpy(object)[right]
    other = ids[0] != ids[1]
    left, right = left[other], right[other]
    common = area_m2(shapely.intersection(mine[left], theirs[right]))
    smaller = np.minimum(area_m2(mine[left]), area_m2(theirs[right]))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(smaller > 0, common / smaller, 0.0)
    frame = pd.DataFrame({"id": ids[0][other], "same_as": ids[1][other], "overlap_m2": common, "share": share})
    frame = frame[(frame["overlap_m2"] >= least_m2) & (frame["share"] >= least_share)]
    order = ["id", "overlap_m2", "same_as"]
    return frame.sort_values(order, ascending=[True, False, True], kind="stable").reset_index(drop=True)


def apart(one: shapely.Geometry | None, other: shapely.Geometry | None) -> tuple[float | None, float | None]:
    """How many metres lie between two shapes (EPSG:4490), and of two polygons the common share of the smaller.

    0 metres where they touch or overlap; None where a shape is missing, or is no polygon.
    """
    if one is None or other is None or one.is_empty or other.is_empty:
        return None, None
    ends = shapely.get_coordinates(shapely.shortest_line(one, other))
    places = unit_places(ends[:, 0], ends[:, 1])
    metres = round(float(np.linalg.norm(places[0] - places[1])), 1)
    both = area_m2(np.array([one, other], dtype=object))
    if not (both > 0).all():
        return metres, None
    common = shapely.intersection(one, other)
    parts = [part for part in shapely.get_parts(common) if part.geom_type == "Polygon"]
    return metres, float(area_m2(np.array(parts, dtype=object)).sum() / both.min()) if parts else 0.0
