"""The offsets that public web maps of China put on positions (GCJ-02, BD-09), and how to take them off again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Degrees = NDArray[np.float64]
LonLat = tuple[Degrees, Degrees]

# The ellipsoid of the published algorithm is Krassovsky's with a rounded eccentricity, whatever the data's own.
_SEMI_MAJOR_M = 6378245.0
_ECCENTRICITY_2 = 0.00669342162296594323
_BAIDU_RATE = np.pi * 3000.0 / 180.0
# The algorithm leaves everything outside this box where it is.
_WEST, _EAST, _SOUTH, _NORTH = 72.004, 137.8347, 0.8293, 55.8271
_CLOSE_ENOUGH = 1e-12
_MOST_ROUNDS = 30


def gcj02_from_wgs84(lon: ArrayLike, lat: ArrayLike) -> LonLat:
    """GCJ-02 longitude and latitude in degrees of WGS 84 (or CGCS2000) ones; outside its box nothing moves.

    Arrays of any one shape give arrays of that shape. Source: the published "eviltransform" formula.
    """
    lon, lat = _pair(lon, lat)
    x, y = lon - 105.0, lat - 35.0
    wave = (20.0 * np.sin(6.0 * np.pi * x) + 20.0 * np.sin(2.0 * np.pi * x)) * 2.0 / 3.0
    root = np.sqrt(np.abs(x))
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + wave
    north += (20.0 * np.sin(np.pi * y) + 40.0 * np.sin(np.pi / 3.0 * y)) * 2.0 / 3.0
    north += (160.0 * np.sin(np.pi / 12.0 * y) + 320.0 * np.sin(np.pi / 30.0 * y)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + wave
    east += (20.0 * np.sin(np.pi * x) + 40.0 * np.sin(np.pi / 3.0 * x)) * 2.0 / 3.0
    east += (150.0 * np.sin(np.pi / 12.0 * x) + 300.0 * np.sin(np.pi / 30.0 * x)) * 2.0 / 3.0
    radians = np.radians(lat)
    magic = 1.0 - _ECCENTRICITY_2 * np.sin(radians) ** 2
    meridian_m = _SEMI_MAJOR_M * (1.0 - _ECCENTRICITY_2) / (magic * np.sqrt(magic))
    parallel_m = _SEMI_MAJOR_M / np.sqrt(magic) * np.cos(radians)
    inside = (lon >= _WEST) & (lon <= _EAST) & (lat >= _SOUTH) & (lat <= _NORTH)
    return (
        np.where(inside, lon + np.degrees(east / np.where(inside, parallel_m, 1.0)), lon),
        np.where(inside, lat + np.degrees(north / meridian_m), lat),
    )


def wgs84_from_gcj02(lon: ArrayLike, lat: ArrayLike) -> LonLat:
    """WGS 84 degrees of GCJ-02 ones, by fixed-point iteration to better than 1e-9 degrees."""
    return _inverse(gcj02_from_wgs84, lon, lat)


def bd09_from_gcj02(lon: ArrayLike, lat: ArrayLike) -> LonLat:
    """BD-09 degrees of GCJ-02 ones. Source: the published Baidu formula."""
    lon, lat = _pair(lon, lat)
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BAIDU_RATE)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BAIDU_RATE)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def gcj02_from_bd09(lon: ArrayLike, lat: ArrayLike) -> LonLat:
    """GCJ-02 degrees of BD-09 ones, by fixed-point iteration to better than 1e-9 degrees."""
    return _inverse(bd09_from_gcj02, lon, lat)


def bd09_from_wgs84(lon: ArrayLike, lat: ArrayLike) -> LonLat:
    """BD-09 degrees of WGS 84 ones, through GCJ-02."""
    return bd09_from_gcj02(*gcj02_from_wgs84(lon, lat))


def wgs84_from_bd09(lon: ArrayLike, lat: ArrayLike) -> LonLat:
    """WGS 84 degrees of BD-09 ones, through GCJ-02."""
    return wgs84_from_gcj02(*gcj02_from_bd09(lon, lat))


# How to take each named offset off again, and how to put it on.
UNSHIFT: dict[str, Callable[[Any, Any], LonLat]] = {"gcj02": wgs84_from_gcj02, "bd09": wgs84_from_bd09}
SHIFT: dict[str, Callable[[Any, Any], LonLat]] = {"gcj02": gcj02_from_wgs84, "bd09": bd09_from_wgs84}


def _pair(lon: ArrayLike, lat: ArrayLike) -> LonLat:
    """Both as float arrays; what is no angle at all becomes NaN, so that it cannot overflow."""
    pair = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    return np.where(np.abs(pair[0]) > 1e3, np.nan, pair[0]), np.where(np.abs(pair[1]) > 1e3, np.nan, pair[1])


def _inverse(forward: Callable[[Degrees, Degrees], LonLat], lon: ArrayLike, lat: ArrayLike) -> LonLat:
    """Solve forward(x) = target: the offset changes by under 2 % of a step, so each round gains two digits."""
    target_lon, target_lat = _pair(lon, lat)
    found_lon, found_lat = target_lon, target_lat
    for _ in range(_MOST_ROUNDS):
        there_lon, there_lat = forward(found_lon, found_lat)
        miss_lon, miss_lat = target_lon - there_lon, target_lat - there_lat
        found_lon, found_lat = found_lon + miss_lon, found_lat + miss_lat
        if not np.any(np.maximum(np.abs(miss_lon), np.abs(miss_lat)) > _CLOSE_ENOUGH):
            break
    return found_lon, found_lat
