"""The invented county's hills and valleys, as heights on a square grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float64]

CRS = 4544
"""CGCS2000 3-degree Gauss-Kruger, central meridian 105°E, easting without zone number; metres."""

CENTRE = (503_000.0, 3_375_500.0)
"""Middle of the county in `CRS`: about 105.03°E 30.50°N."""


@dataclass(frozen=True)
class Terrain:
    """Heights in metres at nodes `step` metres apart; row 0 is the southern edge, column 0 the western.

    west, south: the first node in EPSG:4544. relief: height above the valley floor nearby.
    """

    west: float
    south: float
    step: float
    height: Floats
    relief: Floats

    def at(self, grid: Floats, x: Floats, y: Floats) -> Floats:
        """Values of `grid` (height or relief) at points of EPSG:4544, bilinear, held constant beyond the edge."""
        rows = (np.asarray(y) - self.south) / self.step
        columns = (np.asarray(x) - self.west) / self.step
        values: Floats = ndimage.map_coordinates(grid, [rows, columns], order=1, mode="nearest")
        return values

    def uphill(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """The slope (rise over run) at points of EPSG:4544: its eastward and northward parts."""
        northward, eastward = np.gradient(ndimage.gaussian_filter(self.height, 1.0), self.step)
        return self.at(eastward, x, y), self.at(northward, x, y)


def noise(rng: np.random.Generator, size: int, step: float, wavelength: float) -> Floats:
    """Smooth noise on a `size`×`size` grid: mean 0, standard deviation 1, waves of about `wavelength` metres."""
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(size, step), np.fft.rfftfreq(size, step), indexing="ij"))
    spectrum = np.exp(-((frequency * wavelength) ** 2) / 2) * (frequency > 0)
    waves = np.fft.rfft2(rng.standard_normal((size, size))) * spectrum
    field = np.fft.irfft2(waves, s=(size, size))
    return np.asarray(field / field.std())


def make_terrain(rng: np.random.Generator, *, size: int = 400, step: float = 150.0) -> Terrain:
    """Low hills cut by branching valleys, which run where a smooth field crosses zero: long and winding."""
    trunk = np.abs(noise(rng, size, step, 9_000))
    branch = np.abs(noise(rng, size, step, 3_600))
    gully = np.abs(noise(rng, size, step, 1_500))
    hills = 150 * trunk**0.9 + 95 * branch**0.9 * (0.35 + trunk) + 38 * gully * (0.3 + branch)
    height = 298 + 480 * np.tanh(hills / 480) + 6 * noise(rng, size, step, 600)
    floor = ndimage.gaussian_filter(ndimage.minimum_filter(height, 13), 4)
    half = (size - 1) * step / 2
    return Terrain(CENTRE[0] - half, CENTRE[1] - half, step, height, np.maximum(height - floor, 0.0))
