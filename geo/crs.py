"""Which coordinate system a file's numbers are in, why, and the way from there to stored degrees (EPSG:4490)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError

from geo.datums import Datums
from geo.errors import Refused
from geo.issues import Issue
from geo.shift import UNSHIFT
from geo.systems import (
    CHINA,
    STORED,
    Points,
    System,
    known_systems,
    label,
    plausible,
    positions,
    share_inside,
    system_of,
    with_datum,
)

# A system is believed when this share of the points falls into the county, or into China where no county is known.
_BELIEVED_IN_COUNTY = 0.5
_BELIEVED_IN_CHINA = 0.9
# A declared system is set aside only when it fails and another one fits nearly everywhere.
_PROVEN = 0.8
_DISPROVEN = 0.1
_TIE = 0.02
# Eastings with a zone prefix reach 46 million.
_LARGEST = 1e8


@dataclass(frozen=True)
class CrsDecision:
    """How to bring a file's coordinates to stored degrees, and why so.

    In this order: swap the two numbers, read them in `source`, take off the web-map offset `shift` (`gcj02`,
    `bd09` or None). reason: `given` (by the user), `declared` (by the file), `mended` (declared, and put right
    as the issues say), `in_county`, `in_china`, `degrees` (inferred from where the points fall, or from the
    numbers alone) or `no_coordinates`. params: `crs` label, `share` of points where they should be, `rivals`.
    """

    source: CRS
    reason: str
    swap: bool = False
    shift: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    issues: tuple[Issue, ...] = ()

    @property
    def label(self) -> str:
        """The source system as `EPSG:4527`, for reports."""
        return label(self.source)

    def lonlat(self, xy: Points) -> Points:
        """(n, 2) stored longitudes and latitudes of (n, 2) coordinates as the file has them."""
        made = positions(self.source, xy[:, ::-1] if self.swap else xy)
        return made if self.shift is None else np.column_stack(UNSHIFT[self.shift](made[:, 0], made[:, 1]))

    @property
    def is_identity(self) -> bool:
        """Whether coordinates are stored just as they came."""
        probe = np.array([[104.0, 31.0]])
        return bool(np.array_equal(self.lonlat(probe), probe))


def apply(decision: CrsDecision, geometries: NDArray[np.object_]) -> NDArray[np.object_]:
    """Geometries in EPSG:4490 (longitude first, two dimensions) of geometries as the file has them; None stays."""
    geometries = np.asarray(geometries, dtype=object)
    if decision.is_identity:
        return shapely.force_2d(geometries) if shapely.has_z(geometries).any() else geometries
    moved: NDArray[np.object_] = shapely.transform(geometries, decision.lonlat, include_z=False, interleaved=True)
    return moved


@dataclass(frozen=True)
class _Fit:
    system: System
    swap: bool
    share: float


def decide_crs(
    xy: Points,
    *,
    declared: CRS | None = None,
    given: int | None = None,
    outline: shapely.Geometry | None = None,
    datums: Datums | None = None,
    survey: bool = False,
) -> CrsDecision:
    """The coordinate system of a file, of sample points, what the file declares and where the county lies.

    xy: (n, 2) sample coordinates as the file has them. declared: the file's own statement. given: the user's
    EPSG number, which wins over any inference (only swapped axes and zone numbers are still mended). outline:
    the county in EPSG:4490; without it the whole of China serves. datums: see `geo.systems.with_datum`.
    survey: columns X and Y of a survey, where X is north by convention and needs no mending.
    Refused: `crs_unknown` (no system fits the numbers), `crs_no_such`, `crs_ambiguous` (several fit, in different
    places), `crs_ballpark` (an old datum without the county's parameters).
    """
    xy = _usable(np.asarray(xy, dtype=np.float64).reshape(-1, 2))
    if given is not None:
        return _stated(_given(given), "given", xy, outline, datums or {}, survey)
    if declared is not None:
        return _stated(declared, "declared", xy, outline, datums or {}, survey)
    return _inferred(xy, outline, survey)


def _usable(xy: Points) -> Points:
    """Without rows that are no coordinates: not finite, zero, or larger than any system on earth has."""
    there = xy[np.isfinite(xy).all(axis=1) & (xy != 0.0).any(axis=1)]
    sound = (np.abs(there) < _LARGEST).all(axis=1)
    usable: Points = there[sound] if 2 * sound.sum() >= len(there) else there  # a file that is mostly absurd
    return usable


def _given(number: int) -> CRS:
    try:
        return CRS.from_epsg(number)
    except CRSError:
        raise Refused("crs_no_such", crs=f"EPSG:{number}") from None


def suits(number: int, xy: Points) -> bool:
    """Whether coordinates are of the sort of EPSG system `number`: degrees for degrees, larger numbers for metres.

    Refused as `crs_no_such` when there is no such system.
    """
    degrees = bool(np.median(np.abs(_usable(xy))) <= 180.0) if len(_usable(xy)) else True
    return degrees == (system_of(_given(number)).kind == "degrees")


def _stated(
    crs: CRS,
    reason: str,
    xy: Points,
    outline: shapely.Geometry | None,
    datums: Datums,
    survey: bool,
) -> CrsDecision:
    """Keep the stated system unless it puts the points elsewhere and a likeness of it puts them right."""
    source = with_datum(crs, datums)
    system = system_of(crs)
    literal = _Fit(replace(system, crs=source), False, _share(source, xy, False, outline))
    kept = CrsDecision(source, reason, params={"crs": label(crs), "share": literal.share})
    if not len(xy) or _stands(literal, crs, xy, outline):
        return _far_zone(kept, system, xy)
    swapped = _Fit(literal.system, True, _share(source, xy, True, outline))
    others = [] if source is not crs else _fits(xy, outline)
    if reason == "given":
        others = [f for f in others if f.system.kind == system.kind and f.system.meridian == system.meridian]
    proven = [f for f in (swapped, *others) if f.share >= (_PROVEN if outline is not None else _BELIEVED_IN_CHINA)]
    if not proven:
        # A file of somewhere else in China can have its axes swapped too.
        elsewhere = (
            outline is not None and _is_chinese(crs) and _share(source, xy, False, None) < _BELIEVED_IN_CHINA
        )
        return _stated(crs, reason, xy, None, datums, survey) if elsewhere else kept
    near = [f for f in proven if f.share >= max(f.share for f in proven) - _TIE]
    best = min(near, key=lambda f: f.system.kind != system.kind)
    if outline is None and _apart(proven, xy):
        doubt = Issue("crs_doubtful", params={"crs": label(crs), "example": _example(xy)})
        return replace(kept, issues=(doubt,))
    return CrsDecision(
        best.system.crs,
        "mended",
        swap=best.swap,
        params={"crs": best.system.label, "declared": label(crs), "share": best.share},
        issues=tuple(_mended(system, best, label(crs), survey)),
    )


def _stands(literal: _Fit, crs: CRS, xy: Points, outline: shapely.Geometry | None) -> bool:
    """Whether the stated system may be kept without looking further."""
    if outline is not None:
        return literal.share > _DISPROVEN
    if not _is_chinese(crs):
        return True
    return literal.share >= _BELIEVED_IN_CHINA and plausible(literal.system, xy)


def _is_chinese(crs: CRS) -> bool:
    """Whether a file that declares `crs` is about China: world-wide systems count as such.

    A system written without its area of use (as in a .prj) is judged by its central meridian.
    """
    use = crs.area_of_use
    if use is None:
        operation = crs.coordinate_operation
        origins = (
            [float(p.value) for p in operation.params if p.name.startswith("Longitude of")] if operation else []
        )
        return all(70.0 <= value <= 138.0 for value in origins)
    return use.west < 136.0 and use.east > 73.0 and use.south < 54.0 and use.north > 3.0


def _share(crs: CRS, xy: Points, swap: bool, outline: shapely.Geometry | None) -> float:
    lonlat = positions(crs, xy[:, ::-1] if swap else xy)
    return share_inside(CHINA if outline is None else outline, lonlat)


def _fits(xy: Points, outline: shapely.Geometry | None) -> list[_Fit]:
    """Every known system, in either order of axes, that could hold such numbers, with the share it puts right."""
    found = []
    for swap in (False, True):
        ordered = xy[:, ::-1] if swap else xy
        for system in known_systems():
            if plausible(system, ordered):
                found.append(_Fit(system, swap, _share(system.crs, xy, swap, outline)))
    return found


def _apart(fits: Sequence[_Fit], xy: Points) -> bool:
    """Whether fits contradict: they put the middle of the points more than a tenth of a degree apart."""
    middles = [np.nanmedian(positions(f.system.crs, xy[:, ::-1] if f.swap else xy), axis=0) for f in fits]
    return len(middles) > 1 and float(np.ptp(np.array(middles), axis=0).max()) > 0.1


def _example(xy: Points) -> str:
    return f"{xy[0, 0]:.10g}, {xy[0, 1]:.10g}" if len(xy) else ""


def _mended(stated: System, best: _Fit, declared: str, survey: bool) -> list[Issue]:
    """What was wrong with the stated system, one finding for each fault."""
    found = []
    used = best.system
    params = {"declared": declared, "crs": used.label, "share_percent": round(100 * best.share, 1)}
    if best.swap and not survey:
        found.append(Issue("axes_swapped", params=params))
    if used.crs == stated.crs or (used.kind, used.meridian, used.zone) == (
        stated.kind,
        stated.meridian,
        stated.zone,
    ):
        return found
    if used.kind == "degrees":
        code = "degrees_in_projected"
    elif stated.kind == "degrees":
        code = "metres_in_degrees"
    elif stated.kind == used.kind == "gauss_kruger":
        code = "zone_prefix" if stated.meridian == used.meridian else "zone_wrong"
    elif stated.kind == used.kind == "utm":
        code = "zone_wrong"
    else:
        code = "crs_wrong"
    return [*found, Issue(code, params=params)]


def _far_zone(decision: CrsDecision, system: System, xy: Points) -> CrsDecision:
    """Remark a zone whose meridian is far from the data: places are right, plane areas of the sender too large."""
    if system.meridian is None or system.kind not in ("gauss_kruger", "utm") or not len(xy):
        return decision
    lon, lat = np.nanmedian(decision.lonlat(xy), axis=0)
    if not CHINA.contains(shapely.Point(lon, lat)):
        return decision
    degrees = abs(float(lon) - system.meridian)
    if (
        not 2.5 < degrees < 60.0
        or (system.width == 6 and degrees <= 3.5)
        or (system.kind == "utm" and degrees <= 3.5)
    ):
        return decision
    # Transverse Mercator: scale is 1 + (cos(lat) Δλ)² / 2 to second order, area its square.
    percent = 100.0 * (np.cos(np.radians(lat)) * np.radians(degrees)) ** 2
    params = {"crs": decision.label, "degrees": round(degrees, 1), "area_percent": round(float(percent), 2)}
    return replace(decision, issues=(*decision.issues, Issue("zone_far", params=params)))


def _inferred(xy: Points, outline: shapely.Geometry | None, survey: bool) -> CrsDecision:
    """Choose by where the points fall: in the county, else in China, else (degrees only) anywhere."""
    if not len(xy):
        return CrsDecision(STORED, "no_coordinates", params={"crs": label(STORED), "share": 0.0})
    if outline is not None:
        fits = [f for f in _fits(xy, outline) if f.share >= _BELIEVED_IN_COUNTY]
        if fits:
            return _assumed("in_county", fits, xy, survey)
    fits = [f for f in _fits(xy, None) if f.share >= _BELIEVED_IN_CHINA]
    if _apart(fits, xy):
        names = ", ".join(dict.fromkeys(f.system.label for f in fits))
        raise Refused("crs_ambiguous", example=_example(xy), candidates=names)
    if fits:
        return _assumed("in_china", fits, xy, survey)
    if plausible(known_systems()[0], xy):
        return _assumed("degrees", [_Fit(known_systems()[0], False, 0.0)], xy, survey)
    raise Refused("crs_unknown", example=_example(xy))


def _assumed(reason: str, fits: Sequence[_Fit], xy: Points, survey: bool) -> CrsDecision:
    """The best fit; among near equals the likeliest system, with the others named in a finding."""
    top = max(f.share for f in fits)
    near = [f for f in fits if f.share >= top - _TIE]
    best = near[0]
    rivals = ", ".join(dict.fromkeys(f.system.label for f in near[1:]))
    params = {
        "crs": best.system.label,
        "share_percent": round(100 * best.share, 1),
        "example": _example(xy),
    }
    code = {"in_county": "crs_assumed", "in_china": "crs_assumed_in_china", "degrees": "crs_assumed_degrees"}[
        reason
    ]
    issues = [Issue(code, params=params)]
    if best.swap and not survey:
        issues.append(Issue("axes_swapped", params={**params, "declared": best.system.label}))
    if rivals:
        issues.append(Issue("crs_rivals", params={**params, "rivals": rivals}))
    return CrsDecision(
        best.system.crs,
        reason,
        swap=best.swap,
        params={**params, "share": best.share, "rivals": rivals},
        issues=tuple(issues),
    )
