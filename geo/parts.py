"""How much of each polygon lies on each leaf of the areas: by cutting shapes, or by compiled loops for many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from geo.flat import POLYGON, Flat, flatten
from geo.measure import area_mm2, cut_area_m2, perimeter_m, to_mm2
from geo.pieces import Geometries, Leaves, Positions, polygonal, refuse_invalid

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# A part on no area, or on a coarser one, up to 1 m² or up to a centimetre along the whole border of the
# feature is a gap between drawings, not a place.
HAIRLINE_M2 = 1.0
HAIRLINE_WIDTH_M = 0.01
# Less than this is the rounding of coordinates.
NOTHING_M2 = 1e-7
SAME = 1e-9
MANY = 20_000
"""From so many features on, compiled loops are faster than they take to load."""


@dataclass(frozen=True)
class Parts:
    """Where features lie, before anything is rounded; all positions are of features or of leaves.

    own_mm2: of every feature. whole, whole_leaf: features that lie wholly on one leaf. border: the other
    polygons, ascending, with full_m2 (edges straight in lon/lat) and hairline_m2 of each; feature, leaf,
    m2: their parts on leaves. other, others: what is not a polygon, and its shapes.
    """

    own_mm2: Integers
    whole: Positions
    whole_leaf: Positions
    border: Positions
    full_m2: Floats
    hairline_m2: Floats
    feature: Positions
    leaf: Positions
    m2: Floats
    other: Positions
    others: Geometries


def _hairline(perimeter: Floats) -> Floats:
    return np.maximum(HAIRLINE_M2, HAIRLINE_WIDTH_M * perimeter)


def parts_on(features: npt.ArrayLike | Flat, leaves: Leaves, workers: int) -> Parts:
    """Parts by compiled loops for a `Flat` or 20,000 features and more, else by cutting shapes."""
    if isinstance(features, Flat):
        return parts_by_kernels(features, leaves, workers)
    shapes = np.asarray(features, dtype=object)
    if len(shapes) >= MANY:
        return parts_by_kernels(flatten(shapes), leaves, workers)
    return parts_by_cutting(shapes, leaves)


def parts_by_cutting(shapes: Geometries, leaves: Leaves) -> Parts:
    """Parts of shapely geometries: those wholly inside are decided by prepared leaves, the others are cut."""
    refuse_invalid(shapes, "features")
    kinds = shapely.get_type_id(shapes)
    flat = ((kinds == 3) | (kinds == 6)) & ~shapely.is_empty(shapes)
    inside = _wholly_inside(shapes, flat, leaves)
    border, whole, other = np.flatnonzero(flat & (inside < 0)), np.flatnonzero(inside >= 0), np.flatnonzero(~flat)
    feature, leaf, m2 = _border_parts(shapes, border, leaves)
    return Parts(
        area_mm2(shapes),
        whole,
        inside[whole],
        border,
        cut_area_m2(shapes[border]),
        _hairline(perimeter_m(shapes[border])),
        feature,
        leaf,
        m2,
        other,
        shapes[other],
    )


def _wholly_inside(shapes: Geometries, flat: npt.NDArray[np.bool_], leaves: Leaves) -> Positions:
    """The leaf that holds each polygon wholly, decided without making an intersection; -1 for all others."""
    inside = np.full(len(shapes), -1, dtype=np.intp)
    polygons = shapes.copy()
    polygons[~flat] = None
    tree = shapely.STRtree(polygons)
    leaf, feature = tree.query(leaves.shapes, predicate="contains_properly")
    inside[feature] = leaf
    if len(leaves.overlaps):
        inside[tree.query(leaves.overlaps, predicate="intersects")[1]] = -1
    return inside


def _border_parts(shapes: Geometries, border: Positions, leaves: Leaves) -> tuple[Positions, Positions, Floats]:
    """The m² of each polygon of `border` on each leaf it meets, by cutting it with small pieces of the leaves."""
    pieces, of_leaf = leaves.pieces
    at, piece = shapely.STRtree(pieces).query(shapes[border])
    common = polygonal(shapely.intersection(shapes[border[at]], pieces[piece]))
    part = np.nan_to_num(cut_area_m2(common))
    leaves_count = max(len(leaves.shapes), 1)
    key, row = np.unique(border[at] * leaves_count + of_leaf[piece], return_inverse=True)
    sums = np.bincount(row, part, minlength=len(key)).astype(np.float64)
    feature, leaf = np.divmod(key[sums > NOTHING_M2], leaves_count)
    return feature, leaf, sums[sums > NOTHING_M2]


def parts_by_kernels(flat: Flat, leaves: Leaves, workers: int) -> Parts:
    """Parts of flat polygons, by compiled loops over edges."""
    from geo.kernels import common_areas, flat_area_m2, flat_perimeter_m, refuse_invalid_flat, too_wide

    refuse_invalid_flat(flat)
    feature, leaf, m2 = common_areas(flat, leaves.index, workers=workers)
    wide = too_wide(flat)
    if len(wide):
        kept = ~np.isin(feature, wide)
        more, where, much = _border_parts(flat.shapes(np.arange(len(flat))[wide]), np.arange(len(wide)), leaves)
        feature, leaf = np.concatenate((feature[kept], wide[more])), np.concatenate((leaf[kept], where))
        m2 = np.concatenate((m2[kept], much))
    full = flat_area_m2(flat, geodesic=False)
    alone = np.bincount(feature, minlength=len(flat))[feature] == 1
    alone &= m2 >= full[feature] * (1 - SAME)
    inside = np.full(len(flat), -1, dtype=np.intp)
    inside[feature[alone]] = leaf[alone]
    border = np.flatnonzero((flat.kind == POLYGON) & (inside < 0))
    whole, other = np.flatnonzero(inside >= 0), np.flatnonzero(flat.kind != POLYGON)
    return Parts(
        to_mm2(flat_area_m2(flat)),
        whole,
        inside[whole],
        border,
        full[border],
        _hairline(flat_perimeter_m(flat, border)),
        feature[~alone],
        leaf[~alone],
        m2[~alone],
        other,
        flat.shapes(other),
    )
