"""On which area each thing stands: by its point, by its area, or by its length."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.flat import MISSING, Flat
from geo.layers import PlaceRule
from geo.measure import area_mm2, length_m, share_out
from geo.overlaps import overlaps_layer, overlaps_self
from geo.parts import MANY, parts_on
from geo.pieces import Geometries, Leaves, Positions, leaf_areas
from geo.slabs import on_first

__all__ = [
    "area_shares",
    "assign_points",
    "largest_share",
    "leaf_areas",
    "length_shares",
    "overlaps_layer",
    "overlaps_self",
    "shares_by_rule",
]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Columns = dict[str, npt.NDArray[Any]]

HAIRLINE_M = 1.0
"""Up to this much of a line on no area, or on a coarser one, is a gap between drawings, not a place."""


def _leaves(areas: pd.DataFrame | Leaves) -> Leaves:
    return areas if isinstance(areas, Leaves) else leaf_areas(areas)


def assign_points(points: npt.ArrayLike, areas: pd.DataFrame | Leaves) -> Positions:
    """For each point the position of its area in the areas frame, -1 where it is on none or there is no point.

    points: shapely points, EPSG:4490, or their lon/lat as (n, 2) numbers, NaN for none. areas: an areas
    frame sorted by code, or `leaf_areas` of one. The finest level wins; a point on the border of several
    takes the one of the lowest code. A shape that is not a point stands where its representative point
    does. Many points are placed by compiled loops over edges; where rounding could decide, GEOS does.
    """
    leaves = _leaves(areas)
    values = np.asarray(points)
    if values.ndim == 2:
        return _by_slabs(values.astype(np.float64, copy=False), leaves)
    shapes = np.asarray(points, dtype=object)
    kinds = shapely.get_type_id(shapes)
    if (kinds > 0).any():
        shapes = np.where((kinds > 0) & ~shapely.is_empty(shapes), shapely.point_on_surface(shapes), shapes)
    if len(shapes) >= MANY:
        there = ~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)
        xy = np.full((len(shapes), 2), np.nan)
        xy[there] = shapely.get_coordinates(shapes[there])
        return _by_slabs(xy, leaves)
    none = len(leaves.position) + 1
    best = np.full(len(shapes), none, dtype=np.intp)
    order = leaves.order
    leaf, point = shapely.STRtree(shapes).query(leaves.shapes[order], predicate="intersects")
    np.minimum.at(best, point, leaf)
    found = best < none
    position = np.full(len(shapes), -1, dtype=np.intp)
    position[found] = leaves.position[order[best[found]]]
    return position


def _by_slabs(points: Floats, leaves: Leaves) -> Positions:
    found = on_first(points, leaves.slabs)
    ordered = np.append(leaves.position[leaves.order], -1)
    return np.asarray(ordered[found])


def area_shares(
    features: npt.ArrayLike | Flat,
    areas: pd.DataFrame | Leaves,
    *,
    measured_mm2: npt.ArrayLike | None = None,
    workers: int = 2,
) -> pd.DataFrame:
    """How much of each feature lies on each area, in whole mm² that add up to the feature exactly.

    features: valid shapely geometries, EPSG:4490, or the same as `Flat`. areas: an areas frame, or
    `leaf_areas` of one. measured_mm2: the features' own mm², by default `area_mm2`. Returns columns feature
    and area (positions; area -1 is on no area) and mm2 (int64), ordered by both; every feature has at least
    one row. Parts are measured with edges straight in lon/lat, so that they add up, and the feature's own
    mm² are shared out by them. Up to 1 m², or a centimetre times the feature's perimeter, that lies on no
    area, or on a township outside all its villages, while the rest lies on finer ones, is a hairline
    between drawings and goes to the rest. Where areas overlap, each takes its part in proportion. What is
    not a polygon stands whole, with 0 mm², where its representative point does. From 20,000 features on,
    and for `Flat`, compiled loops on `workers` threads do the work; the result is the same. ValueError
    names invalid features.
    """
    return pd.DataFrame(share_columns(features, _leaves(areas), measured_mm2=measured_mm2, workers=workers))


def share_columns(
    features: npt.ArrayLike | Flat, leaves: Leaves, *, measured_mm2: npt.ArrayLike | None = None, workers: int = 2
) -> Columns:
    """`area_shares` as plain columns."""
    found = parts_on(features, leaves, workers)
    own = found.own_mm2 if measured_mm2 is None else np.asarray(measured_mm2, dtype=np.int64)
    feature, area, part = _settle(
        found.feature, found.leaf, found.m2, found.border, found.full_m2, found.hairline_m2, leaves
    )
    points = assign_points(found.others, leaves) if len(found.others) else np.empty(0, np.intp)
    mm2 = share_out(own, feature, part)
    seen = mm2 > 0
    seen |= np.bincount(feature[seen], minlength=len(own))[feature] == 0
    made = {
        "feature": np.concatenate((found.whole, found.other, feature[seen])),
        "area": np.concatenate((leaves.position[found.whole_leaf], points, area[seen])),
        "mm2": np.concatenate((own[found.whole], own[found.other], mm2[seen])),
    }
    order = np.lexsort((made["area"], made["feature"]))
    return {name: column[order] for name, column in made.items()}


def _settle(
    feature: Positions,
    leaf: Positions,
    part: Floats,
    border: Positions,
    full: Floats,
    hairline: Floats,
    leaves: Leaves,
) -> tuple[Positions, Positions, Floats]:
    """Parts of the border features by area, with what is on no area as -1, after the hairline rule.

    feature, leaf, part: the parts on leaves. border: the features in question, ascending; full and hairline
    are theirs.
    """
    covered = np.zeros(len(border))
    np.add.at(covered, np.searchsorted(border, feature), part)
    feature = np.concatenate((feature, border))
    area = np.concatenate((leaves.position[leaf], np.full(len(border), -1, dtype=np.intp)))
    rank = np.concatenate((leaves.rank[leaf], np.full(len(border), leaves.rank.max(initial=0) + 1)))
    part = np.concatenate((part, np.maximum(full - covered, 0.0)))
    row = np.searchsorted(border, feature)
    solid = part > hairline[row]
    finest = np.full(len(border), np.iinfo(np.intp).max)
    np.minimum.at(finest, row, np.where(solid, rank, np.iinfo(np.intp).max))
    # A feature that is itself no larger than a hairline keeps its largest part's level.
    largest = np.zeros(len(border))
    np.maximum.at(largest, row, part)
    tiny = finest[row] == np.iinfo(np.intp).max
    np.minimum.at(finest, row[tiny], np.where(part == largest[row], rank, np.iinfo(np.intp).max)[tiny])
    kept = (solid | (rank <= finest[row])) & ((part > 0) | (rank == finest[row]))
    order = np.lexsort((area[kept], feature[kept]))
    return feature[kept][order], area[kept][order], part[kept][order]


def largest_share(shares: pd.DataFrame) -> pd.DataFrame:
    """Shares in which each feature stands whole on the area that has most of it.

    Of equal shares the area of the lowest position (lowest code) wins, and any area wins over none.
    """
    weight = str(shares.columns[2])
    return pd.DataFrame(largest_of({str(name): shares[name].to_numpy() for name in shares}, weight))


def largest_of(shares: Columns, weight: str) -> Columns:
    """`largest_share` of plain columns: feature, area and weight."""
    feature, area, size = shares["feature"], shares["area"], shares[weight]
    last = np.where(area >= 0, area, np.iinfo(np.int64).max)
    order = np.lexsort((last, -size, feature))
    first = np.flatnonzero(np.diff(feature[order], prepend=-1))
    total = np.add.reduceat(size[order], first) if len(first) else size[:0]
    return {"feature": feature[order][first], "area": area[order][first], weight: total}


def length_shares(features: npt.ArrayLike, areas: pd.DataFrame | Leaves) -> pd.DataFrame:
    """How much of each line lies on each area: columns feature, area, mm (int64, whole millimetres).

    Sums, order, -1 and the hairline rule as in `area_shares`, with 1 m in place of 1 m². A line along the
    border of two areas is shared between them by halves. What is not a line has 0 mm where its point is.
    """
    leaves = _leaves(areas)
    shapes = np.asarray(features, dtype=object)
    full = length_m(shapes)
    lines = np.flatnonzero(np.nan_to_num(full) > 0)
    others = np.flatnonzero(~(np.nan_to_num(full) > 0))
    at, leaf = shapely.STRtree(leaves.shapes).query(shapes[lines], predicate="intersects")
    part = np.nan_to_num(length_m(_linear(shapely.intersection(shapes[lines[at]], leaves.shapes[leaf]))))
    covered = np.bincount(at, part, minlength=len(lines))
    doubled = np.maximum(covered / np.where(full[lines] > 0, full[lines], 1.0), 1.0)
    hairline = np.full(len(lines), HAIRLINE_M)
    feature, area, part = _settle(lines[at], leaf, part / doubled[at], lines, full[lines], hairline, leaves)
    own = np.rint(np.nan_to_num(full) * 1000).astype(np.int64)
    made = pd.DataFrame(
        {
            "feature": np.concatenate((others, feature)),
            "area": np.concatenate((assign_points(shapes[others], leaves), area)),
            "mm": np.concatenate((own[others], share_out(own, feature, part))),
        }
    )
    return made.sort_values(["feature", "area"], kind="stable", ignore_index=True)


def _linear(shapes: Geometries) -> Geometries:
    """Overlay results with points left out."""
    made = np.array(shapes, dtype=object)
    for i in np.flatnonzero(shapely.get_type_id(made) == 7):
        parts = shapely.get_parts(made[i])
        lines = parts[np.isin(shapely.get_type_id(parts), (1, 5))]
        made[i] = shapely.multilinestrings(shapely.get_parts(lines)) if len(lines) else None
    return made


def shares_by_rule(
    features: npt.ArrayLike | Flat,
    areas: pd.DataFrame,
    rule: PlaceRule,
    *,
    named: npt.ArrayLike | None = None,
    leaves: Leaves | None = None,
    measured_mm2: npt.ArrayLike | None = None,
) -> pd.DataFrame:
    """Shares of a layer's features by its place rule: columns feature, area, mm2 (mm under `length`).

    features: shapely geometries, EPSG:4490; under `split` and `largest_share` also `Flat`. named: area code of
    each feature by its place name, used where there is no shape (None or "" for unknown); under `self` it is
    the feature's own code. leaves: `leaf_areas(areas)`, to make it only once.
    """
    ready = leaf_areas(areas) if leaves is None else leaves
    if isinstance(features, Flat) or rule in ("split", "largest_share"):
        shares = area_shares(features, ready, measured_mm2=measured_mm2)
        shares = largest_share(shares) if rule == "largest_share" else shares
    elif rule == "length":
        shares = length_shares(features, ready)
    else:
        shapes = np.asarray(features, dtype=object)
        own = area_mm2(shapes) if measured_mm2 is None else np.asarray(measured_mm2, dtype=np.int64)
        at = np.full(len(shapes), -1) if rule == "self" else assign_points(shapes, ready)
        shares = pd.DataFrame({"feature": np.arange(len(shapes)), "area": at, "mm2": own})
    if named is None:
        return shares
    by_name = pd.Index(areas["code"]).get_indexer(pd.Index(np.asarray(named, dtype=object)))
    use = (_bare(features) | (rule == "self"))[shares["feature"]]
    return shares.assign(area=np.where(use, by_name[shares["feature"]], shares["area"]))


def _bare(features: npt.ArrayLike | Flat) -> npt.NDArray[np.bool_]:
    if isinstance(features, Flat):
        return np.asarray(features.kind == MISSING)
    shapes = np.asarray(features, dtype=object)
    return np.asarray(shapely.is_missing(shapes) | shapely.is_empty(shapes))
