"""Shaded relief: how bright a slope is under a low sun, from heights on a grid."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

SUN_AZIMUTH = 315.0
SUN_ALTITUDE = 45.0
FLAT = math.sin(math.radians(SUN_ALTITUDE))
"""The brightness of level ground."""


def brightness(height_m: npt.ArrayLike, cell_m: float, *, exaggeration: float = 1.0) -> Floats:
    """Brightness from 0 (turned away) to 1 (facing the sun in the north-west) of each inner cell.

    height_m: (rows, columns) with north up, NaN where nothing is known. cell_m: metres between neighbours. The
    result lacks the outermost ring, and is NaN where the cell or one of its eight neighbours is unknown.
    Slopes by Horn's weights (Horn 1981, Hill shading and the reflectance map).
    """
    height = np.asarray(height_m, dtype=np.float64) * exaggeration
    west, middle, east = height[:, :-2], height[:, 1:-1], height[:, 2:]
    eastward = _weighted(east) - _weighted(west)
    across = west + 2 * middle + east
    northward = across[:-2] - across[2:]
    slope_x, slope_y = eastward / (8 * cell_m), northward / (8 * cell_m)
    azimuth, altitude = math.radians(SUN_AZIMUTH), math.radians(SUN_ALTITUDE)
    sun_x, sun_y = math.sin(azimuth) * math.cos(altitude), math.cos(azimuth) * math.cos(altitude)
    lit = (math.sin(altitude) - slope_x * sun_x - slope_y * sun_y) / np.sqrt(1 + slope_x**2 + slope_y**2)
    lit[np.isnan(middle[1:-1])] = np.nan
    return np.clip(lit, 0.0, 1.0)


def _weighted(column: Floats) -> Floats:
    return column[:-2] + 2 * column[1:-1] + column[2:]


def veil(lit: Floats) -> npt.NDArray[np.uint8]:
    """Brightness as something to lay over a map: (rows, columns, 2) of grey and how much it covers.

    Shadow is black and light is white, each covering the more the further from level ground, which stays clear
    like what is unknown; so it can lie on a light ground and on a dark one.
    """
    shadow = np.clip((FLAT - lit) / FLAT, 0.0, 1.0) * 0.5
    light = np.clip((lit - FLAT) / (1 - FLAT), 0.0, 1.0) * 0.4
    grey = np.where(light > 0, 255, 0)
    cover = np.nan_to_num(np.maximum(shadow, light)) * 255
    return np.stack([grey, np.rint(cover)], axis=-1).astype(np.uint8)
