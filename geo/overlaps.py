"""Where things lie on each other, within a layer and on another layer."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.measure import cut_area_m2
from geo.pieces import cut_small, polygonal

Geometries = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Positions = npt.NDArray[np.intp]

# Less than this is the rounding of coordinates, whatever the tolerance.
ROUNDING_M2 = 1e-6


def _polygons_only(features: npt.ArrayLike) -> Geometries:
    shapes = np.array(features, dtype=object)
    kinds = shapely.get_type_id(shapes)
    shapes[(kinds != 3) & (kinds != 6)] = None
    return shapes


def overlaps_self(
    features: npt.ArrayLike, *, tolerance_m2: float = 0.0, tolerance_percent: float = 0.0
) -> pd.DataFrame:
    """Pairs of polygons of one layer that lie on each other: columns left, right (positions, left < right), m2.

    features: valid shapes, EPSG:4490; what is not a polygon takes no part. A pair at or under
    `tolerance_m2` or at or under `tolerance_percent` of its smaller polygon is an inaccuracy of drawing
    and left out. Ordered by left, right.
    """
    shapes = _polygons_only(features)
    left, right = shapely.STRtree(shapes).query(shapes)
    once = left < right
    left, right = left[once], right[once]
    touching = shapely.intersects(shapes[left], shapes[right])
    left, right = left[touching], right[touching]
    common = cut_area_m2(polygonal(shapely.intersection(shapes[left], shapes[right])))
    return _beyond(left, right, np.nan_to_num(common), shapes, tolerance_m2, tolerance_percent)


def _beyond(
    left: Positions, right: Positions, m2: Floats, shapes: Geometries, limit_m2: float, limit_percent: float
) -> pd.DataFrame:
    some = m2 > ROUNDING_M2
    left, right, m2 = left[some], right[some], m2[some]
    smaller = np.minimum(cut_area_m2(shapes[left]), cut_area_m2(shapes[right]))
    kept = (m2 > limit_m2) & (m2 > smaller * limit_percent / 100)
    made = pd.DataFrame({"left": left[kept], "right": right[kept], "m2": m2[kept]})
    return made.sort_values(["left", "right"], ignore_index=True)


def overlaps_layer(
    features: npt.ArrayLike,
    others: npt.ArrayLike,
    *,
    tolerance_m2: float = 0.0,
    tolerance_percent: float = 0.0,
) -> pd.DataFrame:
    """How much of each polygon lies on another layer: columns feature (position) and m2, ordered by feature.

    features, others: valid shapes, EPSG:4490. Ground on which several of the others lie is counted once. A
    feature at or under `tolerance_m2` or at or under `tolerance_percent` of its own area is left out.
    """
    shapes, theirs = _polygons_only(features), _polygons_only(others)
    pieces, owner = cut_small(theirs[~shapely.is_missing(theirs)])
    feature, piece = shapely.STRtree(pieces).query(shapes)
    meets = shapely.intersects(shapes[feature], pieces[piece])
    feature, piece = feature[meets], piece[meets]
    common = polygonal(shapely.intersection(shapes[feature], pieces[piece]))
    part = np.nan_to_num(cut_area_m2(common))
    sums = pd.Series(part).groupby(feature).sum()
    doubled = _doubled(feature, owner[piece], theirs[~shapely.is_missing(theirs)])
    for position in doubled:
        ground = shapely.union_all(common[feature == position])
        sums[position] = np.nan_to_num(cut_area_m2(polygonal(np.array([ground], dtype=object))))[0]
    found = sums[sums > ROUNDING_M2]
    at = found.index.to_numpy(np.intp)
    own = cut_area_m2(shapes[at])
    kept = (found > tolerance_m2) & (found > own * tolerance_percent / 100)
    return pd.DataFrame({"feature": at[kept], "m2": found[kept].to_numpy(float)})


def _doubled(feature: Positions, other: Positions, others: Geometries) -> Positions:
    """Features that meet two of the others which themselves lie on each other."""
    pairs = overlaps_self(others)
    if pairs.empty:
        return np.empty(0, dtype=np.intp)
    meets = pd.DataFrame({"feature": feature, "other": other}).drop_duplicates()
    first = pairs.merge(meets, left_on="left", right_on="other")[["feature", "right"]]
    both = first.merge(meets, left_on=["feature", "right"], right_on=["feature", "other"])
    return np.asarray(both["feature"].unique(), dtype=np.intp)
