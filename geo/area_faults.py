"""Where areas of one level overlap, leave gaps, or do not fit those above them, measured in square metres."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.area_units import AreaUnit
from geo.issues import Issue
from geo.measure import area_m2

# A gap or overlap narrower than this on average is a hairline of drawing, not a piece of land.
_HAIRLINE_M = 5.0
_SPECK_M2 = 1.0
_METRES_PER_DEGREE = 111_000.0
_STRADDLE_PERCENT = 1.0


def level_faults(units: Sequence[AreaUnit], level: str) -> list[Issue]:
    """Overlaps of pairs (`areas_overlap`, each; hairlines in one `areas_overlap_hairline`) and enclosed gaps.

    Gaps are the holes of the units' union that no unit has of its own: `areas_gap` each, hairlines together in
    one `areas_gap_hairline`.
    """
    if len(units) < 2:
        return []
    shapes = np.array([u.geometry for u in units], dtype=object)
    return [*_overlaps(units, shapes, level), *_gaps(shapes, level)]


def _overlaps(units: Sequence[AreaUnit], shapes: NDArray[np.object_], level: str) -> list[Issue]:
    left, right = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    pairs = left < right
    left, right = left[pairs], right[pairs]
    order = np.lexsort((right, left))
    left, right = left[order], right[order]
    common = _polygons(shapely.intersection(shapes[left], shapes[right]))
    size = area_m2(common)
    found, thin = [], []
    for i, j, m2, shape in zip(left, right, size, common, strict=True):
        if m2 <= _SPECK_M2:
            continue
        if _width_m(shape, m2) < _HAIRLINE_M:
            thin.append(m2)
            continue
        params = {"name": units[i].name, "other": units[j].name, "m2": _m2(m2), **_level(level)}
        found.append(Issue("areas_overlap", None, None, params))
    if thin:
        params = {"count": len(thin), "m2": _m2(sum(thin)), "largest_m2": _m2(max(thin)), **_level(level)}
        found.append(Issue("areas_overlap_hairline", None, None, params))
    return found


def _gaps(shapes: NDArray[np.object_], level: str) -> list[Issue]:
    union = shapely.union_all(shapes)
    holes = [shapely.polygons(ring) for part in shapely.get_parts(union) for ring in _interiors(part)]
    if not holes:
        return []
    holes_array = np.array(holes, dtype=object)
    size = area_m2(holes_array)
    found, thin = [], []
    for hole, m2 in zip(holes_array, size, strict=True):
        if m2 <= _SPECK_M2 or _width_m(hole, m2) < _HAIRLINE_M:
            thin.append(m2)
            continue
        at = shapely.point_on_surface(hole)
        params = {"m2": _m2(m2), **_level(level), "lon": round(at.x, 5), "lat": round(at.y, 5)}
        found.append(Issue("areas_gap", None, None, params))
    if thin:
        params = {"count": len(thin), "m2": _m2(sum(thin)), "largest_m2": _m2(max(thin)), **_level(level)}
        found.append(Issue("areas_gap_hairline", None, None, params))
    return found


def _interiors(part: Any) -> list[Any]:
    if shapely.get_type_id(part) != 3:
        return []
    return [shapely.get_interior_ring(part, i) for i in range(shapely.get_num_interior_rings(part))]


def _polygons(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """The polygonal part of each shape: neighbours share lines and points, which are no overlap."""
    made = shapes.copy()
    for at in np.flatnonzero(~np.isin(shapely.get_type_id(shapes), (3, 6))):
        parts = shapely.get_parts(shapes[at])
        made[at] = shapely.multipolygons(parts[shapely.get_type_id(parts) == 3])
    return made


def _width_m(shape: Any, m2: float) -> float:
    """Mean width of a long thin shape: twice its area over its circumference."""
    lat = np.radians(shapely.bounds(shape)[[1, 3]].mean())
    squeezed = shapely.transform(shape, lambda xy: xy * [np.cos(lat), 1.0])
    length = shapely.length(squeezed) * _METRES_PER_DEGREE
    return 2.0 * m2 / length if length else 0.0


def _level(level: str) -> dict[str, str]:
    return {"level": level, "level_zh": {"county": "县级", "township": "乡镇", "village": "村"}[level]}


def _m2(value: float) -> float:
    """Square metres for a reader: whole ones from a hundred up."""
    return round(float(value)) if value >= 100 else round(float(value), 1)


def outline_faults(outline: Any, units: Sequence[AreaUnit], level: str, name: str) -> list[Issue]:
    """What of the county no unit covers, and what of the units lies outside it: `county_outline_differs`.

    Nothing when both together are under a thousandth of the county.
    """
    if outline is None or not units:
        return []
    union = shapely.union_all([u.geometry for u in units])
    parts = np.array(
        [shapely.difference(outline, union), shapely.difference(union, outline), outline], dtype=object
    )
    missing, outside, whole = area_m2(_polygons(parts))
    if missing + outside <= whole / 1000:
        return []
    params = {
        "name": name,
        **_level(level),
        "missing_m2": _m2(missing),
        "outside_m2": _m2(outside),
        "percent": round(100 * float(missing + outside) / float(whole), 2),
    }
    return [Issue("county_outline_differs", None, None, params)]


def shares_in(units: Sequence[AreaUnit], over: Sequence[AreaUnit]) -> NDArray[np.float64]:
    """(units, over) matrix: the share of each unit's area, 0–1, that lies in each unit above."""
    made = np.zeros((len(units), len(over)))
    if not units or not over:
        return made
    shapes = np.array([u.geometry for u in units], dtype=object)
    frames = np.array([o.geometry for o in over], dtype=object)
    tree = shapely.STRtree(frames)
    i, j = tree.query(shapes, predicate="covered_by")
    made[i, j] = 1.0
    i, j = tree.query(shapes, predicate="intersects")
    open_pairs = made.max(axis=1)[i] == 0.0
    i, j = i[open_pairs], j[open_pairs]
    common = area_m2(_polygons(shapely.intersection(shapes[i], frames[j])))
    made[i, j] = common / area_m2(shapes)[i]
    return made


def straddles(units: Sequence[AreaUnit], over: Sequence[AreaUnit], shares: NDArray[np.float64]) -> list[Issue]:
    """Villages of which over 1 % lies where it should not.

    In a township that is not theirs: `village_straddles_township`; in none at all: `village_outside_townships`.
    """
    found = []
    codes = [o.code for o in over]
    for unit, row in zip(units, shares, strict=True):
        home = codes.index(unit.parent) if unit.parent in codes else None
        own = 0.0 if home is None else float(row[home])
        others = np.where(np.arange(len(over)) == home, 0.0, row)
        most = int(others.argmax()) if len(over) else 0
        if home is not None and 100 * others[most] > _STRADDLE_PERCENT:
            params = {"township": over[home].name, "other": over[most].name, "home_percent": _percent(own)}
            found.append(unit.says("village_straddles_township", percent=_percent(others[most]), **params))
        if len(over) and 100 * (1.0 - row.sum()) > _STRADDLE_PERCENT:
            found.append(unit.says("village_outside_townships", percent=_percent(1.0 - row.sum())))
    return found


def _percent(share: float) -> float:
    return round(100 * float(share), 1)
