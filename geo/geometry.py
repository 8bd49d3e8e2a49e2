"""Shapes made fit for measuring: what is wrong with each is named, what can be repaired is, and by how
much."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.issues import Issue
from geo.measure import SEMI_MAJOR_M, area_m2, perimeter_m
from geo.rings import Rings, rings_of

Expect = Literal["polygon", "line", "point", "any"]
Geometries = npt.NDArray[np.object_]
Flags = npt.NDArray[np.bool_]

SLIVER_WIDTH_M = 0.5
SPIKE_DEGREES = 1.0
SPIKE_ARM_M = 1.0
NOTABLE_CHANGE_PERCENT = 1.0

_DIMENSION = {"point": 0, "line": 1, "polygon": 2}

# What GEOS says → the code a report carries.
_REASONS = {
    "Topology Validation Error": "topology",
    "Repeated Point": "repeated_point",
    "Hole lies outside shell": "hole_outside_shell",
    "Holes are nested": "nested_holes",
    "Interior is disconnected": "interior_disconnected",
    "Self-intersection": "self_intersection",
    "Ring Self-intersection": "ring_self_intersection",
    "Nested shells": "nested_shells",
    "Duplicate Rings": "duplicate_rings",
    "Too few points in geometry component": "too_few_points",
    "Invalid Coordinate": "invalid_coordinate",
    "Ring is not closed": "ring_not_closed",
}


FARTHEST_NUMBER = 1e9
"""No coordinate of any system is larger; beyond it arithmetic overflows."""


@dataclass(frozen=True)
class Repaired:
    """Shapes after repair, position by position as they were given.

    geometry: 2-D and valid, of the expected dimension; None where there was none or nothing could be saved.
    changed: the shape itself was changed (dropping Z is not a change). reason: code of the fault
    (`self_intersection`, `missing`, `empty`, `wrong_type`, `mixed_type`, …), None where there was none.
    lost: nothing could be saved of a shape that was there. area_before_m2: as the faulty rings give it;
    area_after_m2: of `geometry`; both ellipsoidal, NaN for what is not a polygon. rings: of `geometry`.
    """

    geometry: Geometries
    changed: Flags
    lost: Flags
    reason: Geometries
    area_before_m2: npt.NDArray[np.float64]
    area_after_m2: npt.NDArray[np.float64]
    rings: Rings

    @property
    def change_percent(self) -> npt.NDArray[np.float64]:
        """How much the repair changed the area, in percent of the larger of before and after."""
        before, after = np.nan_to_num(self.area_before_m2), np.nan_to_num(self.area_after_m2)
        larger = np.maximum(before, after)
        return np.asarray(np.abs(after - before) / np.where(larger > 0, larger, 1.0) * 100)


def repair(geometries: npt.ArrayLike, *, expect: Expect) -> Repaired:
    """Shapes in EPSG:4490 lon/lat degrees made valid, two-dimensional and of one kind.

    Rings that cross themselves are rebuilt by structure (outer rings joined, holes cut out), collapsed
    parts are dropped. Of a mixed collection only the parts of the expected kind stay; a shape without such
    parts is lost (`wrong_type`), and so is one with coordinates that are not numbers
    (`invalid_coordinate`).
    """
    shapes = np.array(geometries, dtype=object, ndmin=1)
    reason = np.full(len(shapes), None, dtype=object)
    missing = shapely.is_missing(shapes)
    empty = ~missing & shapely.is_empty(shapes)
    reason[missing], reason[empty] = "missing", "empty"
    fixed = shapely.force_2d(shapes) if shapely.has_z(shapes).any() else shapes.copy()
    fixed[empty] = None
    absurd = (np.abs(np.nan_to_num(shapely.bounds(fixed))) > FARTHEST_NUMBER).any(axis=1)
    reason[absurd], fixed[absurd] = "invalid_coordinate", None
    bad = np.flatnonzero(~missing & ~empty & ~absurd & ~shapely.is_valid(fixed))
    reason[bad] = [_reason_code(text) for text in shapely.is_valid_reason(fixed[bad])]
    faulty = fixed[bad]
    fixed[bad] = _make_valid(faulty, reason[bad] == "invalid_coordinate")
    mixed, wrong = _only_expected(fixed, expect)
    unnamed = np.array([code is None for code in reason], dtype=bool)
    reason[mixed & unnamed], reason[wrong & unnamed] = "mixed_type", "wrong_type"
    changed = mixed.copy()
    changed[bad] = True
    rings = rings_of(fixed)
    after = area_m2(fixed, rings=rings)
    before = after.copy()
    before[bad] = _faulty_area(faulty)
    lost = np.asarray(shapely.is_missing(fixed) & ~missing & ~empty)
    return Repaired(fixed, changed & ~lost, lost, reason, before, after, rings)


def _reason_code(text: str) -> str:
    return _REASONS.get(text.split("[")[0].strip(), "topology")


def _make_valid(faulty: Geometries, hopeless: Flags) -> Geometries:
    """Each shape made valid, None where nothing is left or GEOS gives up."""
    made = np.full(len(faulty), None, dtype=object)
    for i in np.flatnonzero(~hopeless):
        try:
            shape = shapely.make_valid(faulty[i], method="structure", keep_collapsed=False)
        except shapely.errors.GEOSException:
            continue
        made[i] = None if shapely.is_empty(shape) else shape
    return made


def _faulty_area(faulty: Geometries) -> npt.NDArray[np.float64]:
    """What the rings give as they stand, where all their coordinates are numbers; else NaN."""
    finite = np.array([bool(np.isfinite(shapely.get_coordinates(one)).all()) for one in faulty], dtype=bool)
    area = np.full(len(faulty), np.nan)
    area[finite] = area_m2(faulty[finite])
    return area


def _only_expected(fixed: Geometries, expect: Expect) -> tuple[Flags, Flags]:
    """Keep, in place, only parts of the expected dimension; tells which were mixed and which had none."""
    mixed, wrong = np.zeros(len(fixed), dtype=bool), np.zeros(len(fixed), dtype=bool)
    kinds = shapely.get_type_id(fixed)
    if expect == "any":
        return mixed, wrong
    dimension = _DIMENSION[expect]
    single, multi = ((0, 4), (1, 5), (3, 6))[dimension]
    for i in np.flatnonzero((kinds != -1) & (kinds != single) & (kinds != multi)):
        parts = list(_simple_parts(fixed[i]))
        kept = [part for part in parts if shapely.get_dimensions(part) == dimension]
        mixed[i], wrong[i] = bool(kept) and len(kept) < len(parts), not kept
        fixed[i] = _together(kept, dimension)
    if expect == "point":
        for i in np.flatnonzero(shapely.get_type_id(fixed) == 4):
            wrong[i] = shapely.get_num_geometries(fixed[i]) > 1
            fixed[i] = None if wrong[i] else shapely.get_geometry(fixed[i], 0)
    return mixed, wrong


def _simple_parts(shape: Any) -> Iterator[Any]:
    for part in shapely.get_parts(shape):
        if shapely.get_type_id(part) >= 4:
            yield from _simple_parts(part)
        elif not shapely.is_empty(part):
            yield part


def _together(parts: list[Any], dimension: int) -> Any:
    """The parts as one shape; overlapping polygons are joined, a ring becomes a line."""
    if not parts:
        return None
    if dimension == 2:
        return parts[0] if len(parts) == 1 else shapely.union_all(parts)
    if dimension == 1:
        lines = [shapely.linestrings(shapely.get_coordinates(part)) for part in parts]
        return lines[0] if len(lines) == 1 else shapely.multilinestrings(lines)
    return parts[0] if len(parts) == 1 else shapely.multipoints(parts)


def slivers(
    geometries: npt.ArrayLike,
    *,
    width_m: float = SLIVER_WIDTH_M,
    rings: Rings | None = None,
    own_m2: npt.NDArray[np.float64] | None = None,
) -> Flags:
    """Polygons whose mean width, twice the area by the perimeter, is under `width_m` metres.

    rings, own_m2: theirs, if known.
    """
    shapes = np.asarray(geometries, dtype=object)
    known = rings_of(shapes) if rings is None else rings
    area = np.nan_to_num(area_m2(shapes, rings=known) if own_m2 is None else own_m2, nan=np.inf)
    about = np.bincount(known.of_shape, _ring_sums(known, np.hypot(*_steps(known).T)), minlength=known.count)
    flags = np.zeros(len(shapes), dtype=bool)
    # The perimeter on a plane is right to a percent: only what comes near is measured as it should be.
    near = np.flatnonzero(area * 2 < about * width_m * 1.05)
    flags[near] = area[near] * 2 < np.nan_to_num(perimeter_m(shapes[near]), nan=0.0) * width_m
    return flags


def _steps(rings: Rings) -> npt.NDArray[np.float64]:
    """Metres east and north from each vertex to the next, on a plane; between rings they say nothing."""
    metres = np.radians(rings.coordinates) * SEMI_MAJOR_M
    metres[:, 0] *= np.cos(np.radians(rings.coordinates[:, 1]))
    return np.asarray(np.diff(metres, axis=0))


def _ring_sums(rings: Rings, edges: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """What the edges of each ring add up to."""
    if len(rings) == 0:
        return np.empty(0)
    own = edges.copy()
    own[rings.starts[1:-1] - 1] = 0.0
    return np.asarray(np.add.reduceat(own, np.minimum(rings.starts[:-1], len(own) - 1)))


def spikes(
    geometries: npt.ArrayLike,
    *,
    degrees: float = SPIKE_DEGREES,
    arm_m: float = SPIKE_ARM_M,
    rings: Rings | None = None,
) -> Flags:
    """Polygons with a corner sharper than `degrees` whose both arms are longer than `arm_m` metres."""
    known = rings_of(geometries) if rings is None else rings
    flags = np.zeros(known.count, dtype=bool)
    if len(known.coordinates) < 4:
        return flags
    step = _steps(known)
    last, first = known.starts[1:] - 1, known.starts[:-1]
    # After the edge that closes a ring comes its first edge; edges between rings take part in nothing.
    following = np.arange(1, len(step) + 1)
    following[last - 1] = first
    real = np.ones(len(step), dtype=bool)
    real[last[:-1]] = False
    after = step[np.minimum(following, len(step) - 1)]
    long = np.hypot(step[:, 0], step[:, 1]), np.hypot(after[:, 0], after[:, 1])
    cosine = -(step * after).sum(axis=1) / np.where((long[0] > 0) & (long[1] > 0), long[0] * long[1], 1.0)
    sharp = real & (cosine > np.cos(np.radians(degrees))) & (long[0] > arm_m) & (long[1] > arm_m)
    ring = np.searchsorted(known.starts, np.flatnonzero(sharp), side="right") - 1
    flags[known.of_shape[ring]] = True
    return flags


def duplicates(geometries: npt.ArrayLike) -> npt.NDArray[np.intp]:
    """For each shape the position of the first one of exactly the same form, -1 if it is itself the first.

    Where a ring starts and which way it runs make no difference.
    """
    shapes = np.asarray(geometries, dtype=object)
    first = np.full(len(shapes), -1, dtype=np.intp)
    there = np.flatnonzero(~shapely.is_missing(shapes))
    frame = pd.DataFrame(shapely.bounds(shapes[there]), index=there)
    frame["vertices"] = shapely.get_num_coordinates(shapes[there])
    alike = frame.index[frame.duplicated(keep=False)].to_numpy()
    if len(alike) == 0:
        return first
    form = pd.Series(shapely.to_wkb(shapely.normalize(shapes[alike])), index=alike)
    leader = pd.Series(alike, index=alike).groupby(form.to_numpy()).transform("first").to_numpy()
    first[alike] = np.where(leader == alike, -1, leader)
    return first


def faults(
    geometries: npt.ArrayLike,
    rows: npt.ArrayLike,
    *,
    expect: Expect,
    required: bool = True,
    sliver_width_m: float = SLIVER_WIDTH_M,
    spike_degrees: float = SPIKE_DEGREES,
    notable_percent: float = NOTABLE_CHANGE_PERCENT,
) -> tuple[Repaired, list[Issue]]:
    """The repaired shapes and what to say of them, in the order of the rows.

    geometries: EPSG:4490 lon/lat. rows: the sender's row number of each. required: a row without a shape is
    a fault. Codes: `geometry_missing`, `geometry_empty`, `geometry_wrong_type`, `geometry_unrepairable`,
    `geometry_invalid` (repaired; `percent` is the change of area), `repair_changed_area` besides when that
    is over `notable_percent`, `sliver`, `spike`, `duplicate_geometry`.
    """
    done = repair(geometries, expect=expect)
    numbers = np.asarray(rows).tolist()
    found = [Issue(code, numbers[i], "geometry", params) for i, code, params in _repair_findings(done, required)]
    for i in np.flatnonzero(done.changed & (done.change_percent > notable_percent)).tolist():
        found.append(Issue("repair_changed_area", numbers[i], "geometry", _change(done, i)))
    if expect in ("polygon", "any"):
        thin = slivers(done.geometry, width_m=sliver_width_m, rings=done.rings, own_m2=done.area_after_m2)
        found += [Issue("sliver", numbers[i], "geometry", _size(done, i)) for i in np.flatnonzero(thin).tolist()]
        sharp = spikes(done.geometry, degrees=spike_degrees, rings=done.rings)
        found += [Issue("spike", numbers[i], "geometry") for i in np.flatnonzero(sharp & ~thin)]
    if expect != "point":
        same = duplicates(done.geometry)
        found += [
            Issue("duplicate_geometry", numbers[i], "geometry", {"first_row": numbers[same[i]]})
            for i in np.flatnonzero(same >= 0)
        ]
    place = {number: i for i, number in enumerate(numbers)}
    return done, sorted(found, key=lambda issue: place[issue.row])


def _repair_findings(done: Repaired, required: bool) -> Iterator[tuple[int, str, dict[str, Any]]]:
    for i in np.flatnonzero(~pd.isna(done.reason)).tolist():
        reason = done.reason[i]
        if reason in ("missing", "empty"):
            if required:
                yield i, f"geometry_{reason}", {}
        elif reason == "wrong_type":
            yield i, "geometry_wrong_type", {}
        elif done.lost[i]:
            yield i, "geometry_unrepairable", {"reason": reason}
        else:
            yield i, "geometry_invalid", {"reason": reason, **_change(done, i)}


def _size(done: Repaired, i: int) -> dict[str, Any]:
    return {"area_m2": round(float(done.area_after_m2[i]), 2)}


def _change(done: Repaired, i: int) -> dict[str, Any]:
    if np.isnan(done.area_after_m2[i]):
        return {"percent": 0.0}
    return {
        "before_m2": round(float(np.nan_to_num(done.area_before_m2[i])), 2),
        "after_m2": round(float(done.area_after_m2[i]), 2),
        "percent": round(float(done.change_percent[i]), 4),
    }
