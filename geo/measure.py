"""Areas and lengths on the CGCS2000 ellipsoid, the units of land, and rounding that adds up."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely

from geo.rings import Rings, rings_of

if TYPE_CHECKING:
    from pyproj import Geod

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Geometries = npt.NDArray[np.object_]

SEMI_MAJOR_M = 6378137.0
FLATTENING = 1 / 298.257222101
ECCENTRICITY_2 = FLATTENING * (2 - FLATTENING)
MM2_PER_M2 = 1_000_000
MICRO = 1_000_000

# An edge longer than this is measured by GeographicLib: the series below is cut after the third order.
LONG_EDGE_DEGREES = 0.2

# Exact ratios: numerator and denominator of the square metres in one unit.
UNITS_M2: Mapping[str, tuple[int, int]] = {
    "m2": (1, 1),
    "mu": (2000, 3),
    "ha": (10_000, 1),
    "km2": (1_000_000, 1),
    "wan_mu": (20_000_000, 3),
}

# q(φ) = 2(1 - e²) Σ (n + 1) e²ⁿ sin²ⁿ⁺¹φ / (2n + 1): the authalic series (Snyder 1987, 3-12, expanded).
_Q_SERIES = tuple(2 * (1 - ECCENTRICITY_2) * (n + 1) * ECCENTRICITY_2**n / (2 * n + 1) for n in range(8))


@cache
def ellipsoid() -> Geod:
    """GeographicLib on CGCS2000: the oracle, and the way for edges too long for the series."""
    from pyproj import Geod

    return Geod(a=SEMI_MAJOR_M, f=FLATTENING)


def _authalic_q(sine: Floats) -> Floats:
    """Snyder's q (3-12) at latitudes of that sine; a²/2 · q is the area from the equator per radian."""
    square = sine * sine
    total = np.full_like(sine, _Q_SERIES[-1])
    for factor in _Q_SERIES[-2::-1]:
        total *= square
        total += factor
    return total * sine


def _edge_areas(coordinates: Floats, geodesic: bool) -> Floats:
    """Signed m² between each edge and the equator, of consecutive vertices: n - 1 values for n of them.

    coordinates: (n, 2) lon/lat degrees. A trapezium in longitude × authalic sine, and to the third order
    what lies between its slanting side and the edge. For a geodesic edge that is Δλ sin φ (x² + 3y²) / 12
    with x, y the metres east and north, which follows from the geodesic equation of a surface of
    revolution; for an edge straight in lon/lat, Δλ sin φ y² / 6 with the ellipsoid's small term.
    """
    lon, lat = np.radians(coordinates[:, 0]), np.radians(coordinates[:, 1])
    sine = np.sin(lat)
    q = _authalic_q(sine)
    step_lon, step_lat = np.diff(lon), np.diff(lat)
    sine_m = (sine[1:] + sine[:-1]) / 2
    w = 1 - ECCENTRICITY_2 * sine_m**2
    if geodesic:
        east_2 = (1 - sine_m**2) / w * step_lon**2
        north_2 = (1 - ECCENTRICITY_2) ** 2 / w**3 * step_lat**2
        lens = sine_m * (east_2 + 3 * north_2) / 12
    else:
        bend = 1 / w**2 - 4 * ECCENTRICITY_2 * (1 - sine_m**2) / w**3
        lens = (1 - ECCENTRICITY_2) * sine_m * bend * step_lat**2 / 12
    return np.asarray(SEMI_MAJOR_M**2 * step_lon * ((q[1:] + q[:-1]) / 4 + lens))


def _ring_areas(coordinates: Floats, starts: Integers, geodesic: bool) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Unsigned m² of each closed ring and whether it has an edge too long for the series.

    starts: offsets of the rings in `coordinates`, one more than there are rings. Latitudes are counted from
    the ring's first vertex (through q), so that nothing is lost to cancellation.
    """
    sizes = np.diff(starts)
    first_q = _authalic_q(np.sin(np.radians(coordinates[starts[:-1], 1])))
    edge = _edge_areas(coordinates, geodesic)
    step = np.diff(coordinates, axis=0)
    edge -= SEMI_MAJOR_M**2 / 2 * np.radians(step[:, 0]) * np.repeat(first_q, sizes)[:-1]
    long = np.asarray((np.abs(step) > LONG_EDGE_DEGREES).any(axis=1))
    between = starts[1:-1] - 1
    edge[between] = 0.0
    long[between] = False
    at = starts[:-1]
    return np.abs(np.add.reduceat(edge, at)), np.asarray(np.logical_or.reduceat(long, at))


def area_m2(geometries: npt.ArrayLike, *, rings: Rings | None = None) -> Floats:
    """Ellipsoidal area of each polygon in m² (CGCS2000), NaN where it is not a polygon or multipolygon.

    geometries: shapely geometries, EPSG:4490 lon/lat degrees. Edges are geodesics, as in `pyproj.Geod`:
    within 5e-6 of it for every parcel and 1e-8 in the total of a county. The direction of rings does not
    matter; holes are taken away; an empty polygon has 0. Polygons with an edge of more than 0.2° go through
    GeographicLib. The geometry must be valid: repair it first (`geo.geometry.repair`). rings: theirs, if known.
    """
    shapes = np.asarray(geometries, dtype=object)
    areas, long = _polygon_areas(rings_of(shapes) if rings is None else rings, geodesic=True)
    for position in np.flatnonzero(long):
        oriented = shapely.orient_polygons(shapes[position])
        areas[position] = abs(ellipsoid().geometry_area_perimeter(oriented)[0])
    return areas


def cut_area_m2(geometries: npt.ArrayLike) -> Floats:
    """As `area_m2`, but with edges that are straight in lon/lat: the pieces of a polygon add up to it exactly.

    For shares only. It differs from the geodesic area by about a millionth for edges of a hundred metres.
    """
    return _polygon_areas(rings_of(geometries), geodesic=False)[0]


def _polygon_areas(rings: Rings, *, geodesic: bool) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """m² of each polygon, NaN for others, and whether one of its edges is too long for the series."""
    areas, far = np.full(rings.count, np.nan), np.zeros(rings.count, dtype=bool)
    areas[rings.polygonal] = 0.0
    if len(rings) == 0:
        return areas, far
    size, long = _ring_areas(rings.coordinates, rings.starts, geodesic)
    sums = np.bincount(rings.of_shape, np.where(rings.outer, size, -size), minlength=rings.count)
    areas[rings.polygonal] = sums[rings.polygonal]
    far[rings.of_shape[long]] = True
    return areas, far


def area_mm2(geometries: npt.ArrayLike) -> Integers:
    """`area_m2` in whole mm², the unit in which areas are added up; 0 where there is no polygon."""
    return to_mm2(area_m2(geometries))


def _whole(values: npt.ArrayLike, per_unit: int) -> Integers:
    return np.asarray(np.rint(np.nan_to_num(np.asarray(values, dtype=float)) * per_unit), dtype=np.int64)


def to_mm2(square_metres: npt.ArrayLike) -> Integers:
    """Square metres as whole mm²; NaN becomes 0."""
    return _whole(square_metres, MM2_PER_M2)


def _geodesic_lengths(coordinates: Floats) -> Floats:
    """Metres of each edge of consecutive lon/lat vertices: the chord in space, bent back to the ellipsoid."""
    lon, lat = np.radians(coordinates[:, 0]), np.radians(coordinates[:, 1])
    sine, cosine = np.sin(lat), np.cos(lat)
    normal = SEMI_MAJOR_M / np.sqrt(1 - ECCENTRICITY_2 * sine**2)
    space = np.stack(
        (
            normal * cosine * np.cos(lon),
            normal * cosine * np.sin(lon),
            normal * (1 - ECCENTRICITY_2) * sine,
        )
    )
    chord = np.sqrt((np.diff(space, axis=1) ** 2).sum(axis=0))
    bent = chord * (1 + (chord / SEMI_MAJOR_M) ** 2 / 24)
    long = np.flatnonzero((np.abs(np.diff(coordinates, axis=0)) > LONG_EDGE_DEGREES).any(axis=1))
    if len(long):
        start, end = coordinates[long], coordinates[long + 1]
        bent[long] = ellipsoid().inv(start[:, 0], start[:, 1], end[:, 0], end[:, 1])[2]
    return np.asarray(bent)


def _lengths(shapes: Geometries, kinds: tuple[int, ...]) -> Floats:
    lengths = np.full(len(shapes), np.nan)
    type_ids = shapely.get_type_id(shapes)
    chosen = np.flatnonzero(np.isin(type_ids, kinds))
    lengths[chosen] = 0.0
    parts, owner = shapely.get_parts(shapes[chosen], return_index=True)
    if 3 in kinds:
        rings, of_part = shapely.get_rings(parts, return_index=True)
        parts, owner = rings, owner[of_part]
    coordinates, of_line = shapely.get_coordinates(parts, return_index=True)
    if len(coordinates) < 2:
        return lengths
    edge = _geodesic_lengths(coordinates)
    edge[of_line[1:] != of_line[:-1]] = 0.0
    lengths[chosen] = np.bincount(owner[of_line[:-1]], edge, minlength=len(chosen))
    return lengths


def length_m(geometries: npt.ArrayLike) -> Floats:
    """Geodesic length of each line in metres (CGCS2000), NaN where it is not a line or multiline.

    geometries: shapely geometries, EPSG:4490 lon/lat degrees.
    """
    return _lengths(np.asarray(geometries, dtype=object), (1, 2, 5))


def perimeter_m(geometries: npt.ArrayLike) -> Floats:
    """Geodesic length of all rings of each polygon in metres, NaN where it is not a polygon."""
    return _lengths(np.asarray(geometries, dtype=object), (3, 6))


def convert_area(values: Any, source: str, target: str) -> Any:
    """Areas from one unit of `UNITS_M2` to another, by the exact ratio; KeyError for an unknown unit."""
    (a, b), (c, d) = UNITS_M2[source], UNITS_M2[target]
    return values * (a * d) / (b * c)


def mu_from_m2(square_metres: Any) -> Any:
    """亩 of square metres: 1 m² = 0.0015 亩 exactly."""
    return convert_area(square_metres, "m2", "mu")


def m2_from_mu(mu: Any) -> Any:
    """Square metres of 亩: 1 亩 = 2000/3 m² exactly."""
    return convert_area(mu, "mu", "m2")


def micro_mu_from_mm2(square_millimetres: npt.ArrayLike) -> Integers:
    """Whole micro-亩 of whole mm² (1 micro-亩 = 2000/3 mm²), rounded half up, in integers throughout."""
    area = np.asarray(square_millimetres, dtype=np.int64)
    return np.asarray((area * 3 + 1000) // 2000)


def to_micro(values: npt.ArrayLike) -> Integers:
    """Numbers as whole millionths, the unit in which declared quantities are added up; NaN becomes 0."""
    return _whole(values, MICRO)


def share_out(totals: npt.ArrayLike, owner: npt.ArrayLike, weights: npt.ArrayLike) -> Integers:
    """Whole numbers split by weight so that the parts of each owner add up to its total exactly.

    totals: one int64 per owner. owner, weights: one per part; owner is a position in `totals`, weights are
    ≥ 0. What is left after rounding down goes, one each, to the parts with the largest remainder; of equal
    remainders the first part takes it. An owner whose weights are all 0 gives everything to its first part.
    """
    whole, of = np.asarray(totals, dtype=np.int64), np.asarray(owner, dtype=np.intp)
    weight = np.asarray(weights, dtype=float)
    parts = whole[of]
    shared = np.flatnonzero(np.bincount(of, minlength=len(whole))[of] > 1)
    if len(shared) == 0:
        return parts
    order = shared[np.argsort(of[shared], kind="stable")]
    begin = np.flatnonzero(np.concatenate(([True], of[order][1:] != of[order][:-1])))
    count = np.diff(np.append(begin, len(order)))
    aim, share = whole[of[order]], weight[order]
    sums = np.repeat(np.add.reduceat(share, begin), count)
    share[begin] = np.where(sums[begin] > 0, share[begin], 1.0)
    exact = aim * (share / np.where(sums > 0, sums, 1.0))
    low = np.floor(exact).astype(np.int64)
    left = aim - np.repeat(np.add.reduceat(low, begin), count)
    group = np.repeat(np.arange(len(begin)), count)
    rank = np.empty(len(order), dtype=np.int64)
    rank[np.lexsort((np.arange(len(order)), low - exact, group))] = np.arange(len(order)) - begin[group]
    # Rounding of the weights may leave one more, or one less, than there are parts: all take their turn.
    turns = left // count[group]
    parts[order] = low + turns + (rank < left - turns * count[group])
    return parts


def round_parts(parts: npt.ArrayLike, step: int, total: int | None = None) -> Integers:
    """Whole numbers rounded to multiples of `step` that add up to `total`, by largest remainder.

    parts: int64. total: a multiple of `step`; by default the sum of the parts rounded half up to one. Of
    equal remainders the first part is rounded up. ValueError when the parts are too far from the total to
    be made to add up by one step each.
    """
    values = np.asarray(parts, dtype=np.int64)
    low = values // step
    aim = (2 * int(values.sum()) + step) // (2 * step) if total is None else total // step
    left = aim - int(low.sum())
    if abs(aim * step - int(values.sum())) >= step:
        raise ValueError(f"parts that add up to {int(values.sum())} cannot be rounded to a total of {aim * step}")
    up = np.argsort(-(values - low * step), kind="stable")[:left]
    low[up] += 1
    return low * step


def round_to_total(values: npt.ArrayLike, total: float, decimals: int) -> Floats:
    """Numbers rounded to `decimals` that add up to `total` rounded the same way (largest remainder).

    Of equal remainders the first value is rounded up. ValueError for NaN, or when the values are a
    last digit or more away from that total.
    """
    numbers = np.asarray(values, dtype=float)
    if np.isnan(numbers).any() or np.isnan(total):
        raise ValueError("a missing number cannot be rounded to a total")
    # Six digits below the last printed one: 0.29 stays 29 hundredths, not 28.999…
    micro = np.rint(numbers * 10**decimals * MICRO).astype(np.int64)
    aim = int(np.floor(np.round(total * 10**decimals, 6) + 0.5)) * MICRO
    return np.asarray(round_parts(micro, MICRO, aim) / MICRO / 10**decimals)
