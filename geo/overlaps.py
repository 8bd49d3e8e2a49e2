"""Where things lie on each other, within a layer and on another layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.flat import Flat, flatten
from geo.measure import cut_area_m2
from geo.pieces import cut_small, polygonal, refuse_invalid

if TYPE_CHECKING:
    from geo.kernels import Index

Geometries = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Positions = npt.NDArray[np.intp]

# Less than this is the rounding of coordinates, whatever the tolerance.
ROUNDING_M2 = 1e-6
# Ground that two of the others share up to this much may be counted twice.
DOUBLE_M2 = 1e-3
MANY = 20_000
"""From so many features on, compiled loops are faster than they take to load."""


def _polygons_only(features: npt.ArrayLike) -> Geometries:
    shapes = np.array(features, dtype=object)
    kinds = shapely.get_type_id(shapes)
    shapes[(kinds != 3) & (kinds != 6)] = None
    refuse_invalid(shapes, "features")
    return shapes


def _as_flat(features: npt.ArrayLike | Flat) -> Flat:
    from geo.kernels import refuse_invalid_flat

    flat = features if isinstance(features, Flat) else flatten(features)
    refuse_invalid_flat(flat)
    return flat


def overlaps_self(
    features: npt.ArrayLike | Flat,
    *,
    tolerance_m2: float = 0.0,
    tolerance_percent: float = 0.0,
    workers: int = 2,
) -> pd.DataFrame:
    """Pairs of polygons of one layer that lie on each other: columns left, right (positions, left < right), m2.

    features: valid shapely geometries, EPSG:4490, or `Flat`; what is not a polygon takes no part. A pair at
    or under `tolerance_m2` or at or under `tolerance_percent` of its smaller polygon is an inaccuracy of
    drawing and left out. Ordered by left, right. Many features are worked by compiled loops on `workers`
    threads, with the same result. ValueError names invalid features.
    """
    left, right, m2, own = _pairs(features, workers)
    smaller = np.minimum(own[left], own[right])
    kept = (m2 > ROUNDING_M2) & (m2 > tolerance_m2) & (m2 > smaller * tolerance_percent / 100)
    made = pd.DataFrame({"left": left[kept], "right": right[kept], "m2": m2[kept]})
    return made.sort_values(["left", "right"], ignore_index=True)


def _pairs(features: npt.ArrayLike | Flat, workers: int) -> tuple[Positions, Positions, Floats, Floats]:
    """Every pair left < right that may lie on each other, its m², and the m² of every feature."""
    if isinstance(features, Flat) or len(np.asarray(features)) >= MANY:
        from geo.kernels import common_areas, flat_area_m2, index

        flat = _as_flat(features)
        left, right, m2 = common_areas(flat, index(flat), workers=workers, later_only=True)
        return left, right, m2, flat_area_m2(flat, geodesic=False)
    shapes = _polygons_only(features)
    left, right = shapely.STRtree(shapes).query(shapes)
    left, right = left[left < right], right[left < right]
    touching = shapely.intersects(shapes[left], shapes[right])
    left, right = left[touching], right[touching]
    common = cut_area_m2(polygonal(shapely.intersection(shapes[left], shapes[right])))
    return left, right, np.nan_to_num(common), cut_area_m2(shapes)


@dataclass(frozen=True)
class Ground:
    """A layer made ready for `overlaps_layer`: polygons that do not lie on each other, and their index."""

    index: Index


def ground_of(others: npt.ArrayLike | Flat, *, workers: int = 2) -> Ground:
    """The ground of a layer, made once for features that come in several parts.

    others: as `overlaps_layer` takes them.
    """
    from geo.kernels import index

    return Ground(index(_as_flat(_apart(others, workers))))


def overlaps_layer(
    features: npt.ArrayLike | Flat,
    others: npt.ArrayLike | Flat | Ground,
    *,
    tolerance_m2: float = 0.0,
    tolerance_percent: float = 0.0,
    workers: int = 2,
) -> pd.DataFrame:
    """How much of each polygon lies on another layer: columns feature (position) and m2, ordered by feature.

    features, others: valid shapely geometries, EPSG:4490, or `Flat`; others also as `ground_of` makes them
    ready. Ground on which several of the others lie is counted once. A feature at or under `tolerance_m2` or
    at or under `tolerance_percent` of its own area is left out. Many are worked by compiled loops on `workers`
    threads, with the same result.
    """
    feature, m2 = covered_m2(
        features, others, tolerance_m2=tolerance_m2, tolerance_percent=tolerance_percent, workers=workers
    )
    return pd.DataFrame({"feature": feature, "m2": m2})


def covered_m2(
    features: npt.ArrayLike | Flat,
    others: npt.ArrayLike | Flat | Ground,
    *,
    tolerance_m2: float = 0.0,
    tolerance_percent: float = 0.0,
    workers: int = 2,
) -> tuple[Positions, Floats]:
    """`overlaps_layer` as plain columns."""
    sums, own = _covered(features, others, workers)
    kept = (sums > ROUNDING_M2) & (sums > tolerance_m2) & (sums > own * tolerance_percent / 100)
    return np.flatnonzero(kept), sums[kept]


def _covered(
    features: npt.ArrayLike | Flat, others: npt.ArrayLike | Flat | Ground, workers: int
) -> tuple[Floats, Floats]:
    """The m² of each feature that the others cover, and its own m² (0 for what is not a polygon)."""
    apart = others if isinstance(others, Ground) else _apart(others, workers)
    if isinstance(features, Flat) or isinstance(apart, Flat | Ground) or len(np.asarray(features)) >= MANY:
        from geo.kernels import common_areas, flat_area_m2, index

        flat = _as_flat(features)
        ready = apart.index if isinstance(apart, Ground) else index(_as_flat(apart))
        feature, _, m2 = common_areas(flat, ready, workers=workers)
        own = flat_area_m2(flat, geodesic=False)
    else:
        shapes = _polygons_only(features)
        pieces, _ = cut_small(apart)
        feature, piece = shapely.STRtree(pieces).query(shapes)
        m2 = np.nan_to_num(cut_area_m2(polygonal(shapely.intersection(shapes[feature], pieces[piece]))))
        own = cut_area_m2(shapes)
    return np.bincount(feature, m2, minlength=len(own)).astype(np.float64), np.nan_to_num(own)


def _apart(others: npt.ArrayLike | Flat, workers: int) -> Geometries | Flat:
    """The same ground as that of the others, in polygons that do not lie on each other."""
    pairs = overlaps_self(others, tolerance_m2=DOUBLE_M2, workers=workers)
    if isinstance(others, Flat) and pairs.empty:
        return others
    shapes = _polygons_only(others.shapes(np.arange(len(others))) if isinstance(others, Flat) else others)
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    left, right = pairs["left"].to_numpy(), pairs["right"].to_numpy()
    links = coo_array((np.ones(len(pairs)), (left, right)), shape=(len(shapes), len(shapes)))
    group = connected_components(links, directed=False)[1]
    tied = np.isin(group, group[left])
    joined = [shapely.union_all(shapes[group == one]) for one in np.unique(group[tied])]
    alone = shapes[~tied & ~shapely.is_missing(shapes)]
    return np.concatenate((alone, np.array(joined, dtype=object)))
