"""The coordinate systems in which maps of China arrive, and how their numbers look."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.crs import BoundCRS
from pyproj.crs.coordinate_operation import ToWGS84Transformation

from geo.datums import OLD_DATUMS, Datums
from geo.errors import Refused

Points = NDArray[np.float64]
Kind = Literal["degrees", "gauss_kruger", "utm", "mercator", "other"]

STORED = CRS.from_epsg(4490)
_WGS84 = CRS.from_epsg(4326)
# Eastings of one zone, without its number: 500 km false easting and at most 4.5 degrees to either side.
_EASTING_M = (50_000.0, 950_000.0)
_NORTHING_M = (300_000.0, 6_100_000.0)
_MERCATOR_EAST_M = (8_000_000.0, 15_200_000.0)
_MERCATOR_NORTH_M = (300_000.0, 7_200_000.0)
# China with a margin of about a degree, islands included: coarse on purpose, to tell plausible from impossible.
CHINA = shapely.Polygon(
    [
        (72.9, 40.6), (73.2, 37.8), (77.4, 34.6), (78.0, 31.3), (81.0, 29.3), (86.0, 27.0), (91.5, 26.4),
        (97.0, 26.6), (97.0, 23.3), (99.0, 20.8), (102.0, 20.5), (105.0, 21.8), (107.5, 20.6), (107.0, 17.5),
        (108.5, 5.0), (112.0, 2.8), (118.5, 8.0), (120.5, 17.0), (123.6, 21.5), (124.8, 25.8), (123.6, 32.0),
        (124.8, 39.2), (129.5, 41.0), (132.0, 42.0), (135.8, 47.5), (135.8, 49.2), (131.0, 50.3), (127.0, 54.2),
        (119.0, 54.2), (114.8, 50.4), (111.0, 46.0), (104.0, 43.0), (97.0, 44.0), (91.5, 47.2), (88.3, 50.0),
        (84.5, 49.8), (79.0, 45.5), (79.0, 42.6),
    ]
)  # fmt: skip


@dataclass(frozen=True)
class System:
    """One coordinate system and what tells it from its neighbours.

    meridian: central meridian in degrees, None for degrees and Web Mercator. zone: the number written before the
    easting (`39` in 39 500 000), None without. width: of a Gauss–Krüger zone, 3 or 6 degrees; 0 otherwise.
    """

    crs: CRS
    kind: Kind
    meridian: float | None = None
    zone: int | None = None
    width: int = 0

    @property
    def label(self) -> str:
        """`EPSG:4527` where there is a number, else the system's name."""
        return label(self.crs)


def label(crs: CRS) -> str:
    """`EPSG:4527` where a number is known for `crs`, else its name."""
    number = crs.to_epsg(min_confidence=70)
    return f"EPSG:{number}" if number else str(crs.name)


def _of(epsg: int, kind: Kind, meridian: float | None = None, zone: int | None = None, width: int = 0) -> System:
    return System(CRS.from_epsg(epsg), kind, meridian, zone, width)


@lru_cache(maxsize=1)
def known_systems() -> tuple[System, ...]:
    """Every system a Chinese sender is likely to use, the likeliest first.

    Six-degree zones without a number are absent: each has the numbers of the three-degree zone of its meridian.
    """
    gauss: Kind = "gauss_kruger"
    three = [_of(4513 + i, gauss, 75.0 + 3 * i, 25 + i, 3) for i in range(21)]
    bare = [_of(4534 + i, gauss, 75.0 + 3 * i, None, 3) for i in range(21)]
    six = [_of(4491 + i, gauss, 75.0 + 6 * i, 13 + i, 6) for i in range(11)]
    utm = [_of(32643 + i, "utm", 75.0 + 6 * i) for i in range(11)]
    return (System(STORED, "degrees"), *three, *bare, *six, *utm, _of(3857, "mercator"))


@lru_cache(maxsize=64)
def system_of(crs: CRS) -> System:
    """What `crs` is: its projection's family, meridian and zone number, read from its parameters."""
    if crs.is_geographic:
        return System(crs, "degrees")
    operation = crs.coordinate_operation
    if operation is None or operation.method_name != "Transverse Mercator":
        return System(crs, "mercator" if "Mercator" in getattr(operation, "method_name", "") else "other")
    values = {p.name.lower(): float(p.value) * _metres(p) for p in operation.params}
    meridian = values.get("longitude of natural origin")
    scale = values.get("scale factor at natural origin", 1.0)
    easting = values.get("false easting", 0.0)
    if abs(scale - 0.9996) < 1e-9:
        return System(crs, "utm", meridian)
    if scale != 1.0 or easting % 1e6 != 5e5 or values.get("latitude of natural origin", 0.0) != 0.0:
        return System(crs, "other", meridian)
    zone = int(easting // 1e6) or None
    width = 6 if zone is not None and meridian is not None and zone * 6 - 3 == meridian else 3
    return System(crs, "gauss_kruger", meridian, zone, width)


def _metres(parameter: Any) -> float:
    return float(parameter.unit_conversion_factor) if parameter.unit_name in ("US survey foot", "foot") else 1.0


def plausible(system: System, xy: Points) -> bool:
    """Whether numbers like these can be coordinates of China in `system`: digits and zone number, not position.

    xy: (n, 2) eastings (or longitudes) first. Nine points in ten must agree.
    """
    x, y = xy[:, 0], xy[:, 1]
    if system.kind == "degrees":
        good = (np.abs(x) <= 180.0) & (np.abs(y) <= 90.0)
    elif system.kind == "mercator":
        good = _between(x, _MERCATOR_EAST_M) & _between(y, _MERCATOR_NORTH_M)
    elif system.kind in ("gauss_kruger", "utm"):
        good = _between(x - (system.zone or 0) * 1e6, _EASTING_M) & _between(y, _NORTHING_M)
    else:
        return True
    return bool(len(good) and np.mean(good) >= 0.9)


def _between(values: Points, bounds: tuple[float, float]) -> NDArray[np.bool_]:
    return (values >= bounds[0]) & (values <= bounds[1])


def old_datum(crs: CRS) -> int | None:
    """4610 (Xi'an 80), 4214 (Beijing 54) or 4555 (New Beijing) when `crs` stands on one of them, else None.

    Also recognised by name, as the .prj files of desktop programs write it. A system that carries its own
    parameters to WGS 84 is none of them: its positions are known.
    """
    if crs.is_bound:
        return None
    base = crs.geodetic_crs
    names = " ".join(
        filter(None, (crs.name, base.name if base else "", base.datum.name if base and base.datum else ""))
    )
    for number, pattern in OLD_DATUMS.items():
        if (base is not None and base.to_epsg() == number) or re.search(pattern, names.replace("_", " ").lower()):
            return number
    return None


def with_datum(crs: CRS, datums: Datums) -> CRS:
    """`crs` with the county's own parameters where it stands on an old datum; refused where there are none.

    datums: 4610, 4214 or 4555 → three (dx dy dz, metres) or seven (and rx ry rz in arc-seconds, ds in ppm)
    position-vector parameters towards CGCS2000. Refused as `crs_ballpark` without them: the error can be
    hundreds of metres.
    """
    number = old_datum(crs)
    if number is None:
        return crs
    if number not in datums:
        raise Refused("crs_ballpark", crs=label(crs), datum=CRS.from_epsg(number).name)
    base = crs.geodetic_crs
    return BoundCRS(crs, _WGS84, ToWGS84Transformation(base, *datums[number]))


@lru_cache(maxsize=128)
def to_stored(crs: CRS) -> Transformer | None:
    """The transformer from `crs` (x or longitude first) to stored degrees; None where there is nothing to do.

    Everything not on CGCS2000 goes to WGS 84, which equals CGCS2000 to a few centimetres: PROJ knows good ways to
    the one and only a ballpark to the other.
    """
    if crs.is_geographic and not crs.is_bound and crs.to_epsg(min_confidence=70) in (4490, 4326, 4979, 4480):
        return None
    base = crs.geodetic_crs
    chinese = not crs.is_bound and base is not None and base.to_epsg(min_confidence=70) in (4490, 4480)
    return Transformer.from_crs(crs, STORED if chinese else _WGS84, always_xy=True)


def positions(crs: CRS, xy: Points) -> Points:
    """(n, 2) longitudes and latitudes in stored degrees of (n, 2) coordinates of `crs`; NaN where impossible."""
    transformer = to_stored(crs)
    if transformer is None or not len(xy):
        return xy
    lon, lat = transformer.transform(xy[:, 0], xy[:, 1])
    made = np.column_stack([lon, lat])
    made[~np.isfinite(made).all(axis=1)] = np.nan
    return made


def share_inside(area: shapely.Geometry, lonlat: Points) -> float:
    """The share of points that lie in `area`; points that are NaN lie nowhere."""
    if not len(lonlat):
        return 0.0
    return float(np.mean(inside(area, lonlat)))


def inside(area: shapely.Geometry, lonlat: Points) -> NDArray[np.bool_]:
    """For each point whether it lies in `area` or on its border."""
    shapely.prepare(area)
    if not len(lonlat):
        return np.zeros(0, dtype=np.bool_)
    return np.asarray(shapely.intersects_xy(area, lonlat[:, 0], lonlat[:, 1]), dtype=np.bool_)
