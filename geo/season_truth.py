"""Seasons that never were: parcels of known use, drawn as pictures with all that spoils pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from scipy.ndimage import gaussian_filter

from geo.measure import m2_from_mu
from geo.seasons import DEFAULT_WINDOWS, Season, describe, read_windows, relative, seasons_between
from geo.verdicts import Facts, Rule, judge
from geo.zonal import Grid, coverage, inward

Array = NDArray[Any]
PIXEL_M = 10.0
PLANE = CRS.from_epsg(32648)
YEAR = 2024

# Corners (day of year, index) of a year of each use; idle ones last. Uses of the same ground in Sichuan's hills.
CURVES: dict[str, tuple[tuple[int, float], ...]] = {
    "rice": (
        *((1, 0.25), (90, 0.32), (125, 0.15), (150, 0.18), (205, 0.80)),
        *((235, 0.82), (265, 0.30), (300, 0.22), (366, 0.25)),
    ),
    "maize": ((1, 0.24), (80, 0.25), (105, 0.2), (165, 0.78), (200, 0.76), (232, 0.28), (290, 0.30), (366, 0.24)),
    "rape_rice": (
        *((1, 0.5), (70, 0.75), (95, 0.7), (132, 0.2), (155, 0.18)),
        *((208, 0.80), (238, 0.8), (268, 0.28), (300, 0.25), (366, 0.48)),
    ),
    "wheat_maize": (
        *((1, 0.4), (85, 0.74), (128, 0.25), (140, 0.22), (190, 0.75)),
        *((225, 0.7), (255, 0.25), (320, 0.25), (366, 0.38)),
    ),
    "orchard": ((1, 0.58), (110, 0.66), (200, 0.74), (280, 0.68), (366, 0.58)),
    "bare": ((1, 0.14), (130, 0.19), (220, 0.24), (300, 0.18), (366, 0.14)),
    "weeds": ((1, 0.30), (75, 0.33), (180, 0.56), (250, 0.56), (345, 0.32), (366, 0.30)),
    "scrub": ((1, 0.55), (110, 0.64), (200, 0.72), (290, 0.66), (366, 0.55)),
}
IDLE = ("bare", "weeds", "scrub")
SHARES = {
    "rice": 0.24,
    "maize": 0.16,
    "rape_rice": 0.16,
    "wheat_maize": 0.14,
    "orchard": 0.10,
    "bare": 0.06,
    "weeds": 0.08,
    "scrub": 0.06,
}


@dataclass(frozen=True)
class Spoiling:
    """What stands between a parcel and its picture.

    cloud: share of the land under cloud on a date. missed: share of those cloudy pixels that the mask lets
    through. haze: chance of a date being hazy (index drawn to a third of its way to zero in patches).
    shift_pixels: the layer lies so far off, in both directions. jump: an offset forgotten from the middle of
    the year on, taken off the index. noise: standard deviation of a pixel.
    """

    cloud: float = 0.25
    missed: float = 0.05
    haze: float = 0.10
    shift_pixels: float = 0.25
    jump: float = 0.0
    noise: float = 0.02


@dataclass(frozen=True)
class World:
    """Parcels, their true use, and pictures of them. pictures: (dates, rows, columns) float32, NaN = masked."""

    polygons: Array
    use: Array
    grid: Grid
    days: tuple[date, ...]
    pictures: Array

    @property
    def idle(self) -> Array:
        """Which parcels are truly idle."""
        return np.isin(self.use, IDLE)


def dates(clear: int, rng: np.random.Generator, season: Season) -> tuple[date, ...]:
    """`clear` dates spread over a season at uneven steps."""
    length = (season.end - season.start).days
    steps = (np.arange(clear) + rng.uniform(0.15, 0.85, clear)) * length / clear
    days = sorted({season.start + timedelta(days=int(step)) for step in steps})
    return tuple(days)


def lattice(size_mu: float, count: int, rng: np.random.Generator) -> Array:
    """About `count` four-cornered parcels of about `size_mu` that share their borders, in plane metres."""
    area = float(m2_from_mu(size_mu))
    height = np.sqrt(area / 1.6)
    width = area / height
    columns = max(2, round(np.sqrt(count)))
    rows = -(-count // columns)
    x, y = np.meshgrid(np.arange(columns + 1) * width, np.arange(rows + 1) * height)
    x = x + rng.uniform(-0.12, 0.12, x.shape) * width + 500_000.0
    y = y + rng.uniform(-0.12, 0.12, y.shape) * height + 3_300_000.0
    node = np.stack([x, y], axis=-1)
    rings = np.stack([node[:-1, :-1], node[:-1, 1:], node[1:, 1:], node[1:, :-1], node[:-1, :-1]], axis=2)
    return np.asarray(shapely.polygons(rings.reshape(-1, 5, 2))[:count], dtype=object)


def make(size_mu: float, count: int, days: Sequence[date], rng: np.random.Generator, spoiling: Spoiling) -> World:
    """A world of parcels of one size, seen on `days`."""
    polygons = lattice(size_mu, count, rng)
    names = list(SHARES)
    use = rng.choice(names, size=len(polygons), p=list(SHARES.values()))
    west, south, east, north = shapely.total_bounds(polygons)
    columns, rows = int((east - west) / PIXEL_M) + 9, int((north - south) / PIXEL_M) + 9
    grid = Grid(columns, rows, (PIXEL_M, 0.0, west - 43.0, 0.0, -PIXEL_M, north + 47.0), PLANE)
    move = spoiling.shift_pixels * PIXEL_M
    covered = coverage(shapely.transform(polygons, lambda xy: xy + np.array([move, -move])), grid)
    truth = _series(use, days, rng)
    pictures = np.stack([_picture(covered, truth[:, i], grid, rng) for i in range(len(days))])
    _spoil(pictures, days, rng, spoiling)
    return World(polygons, use, grid, tuple(days), pictures)


def _series(use: Array, days: Sequence[date], rng: np.random.Generator) -> Array:
    """True index of each parcel on each day, every parcel a little early or late, strong or weak."""
    day = np.array([one.timetuple().tm_yday for one in days], float)
    late = rng.normal(0, 7, len(use))
    strength = np.clip(rng.normal(1, 0.10, len(use)), 0.7, 1.3)
    out = np.empty((len(use), len(days)))
    for name, corners in CURVES.items():
        here = np.flatnonzero(use == name)
        at, value = np.array(corners, float).T
        for row in here:
            out[row] = 0.2 + (np.interp(day - late[row], at, value) - 0.2) * strength[row]
    return np.clip(out, 0.05, 0.92)


def _picture(covered: Any, values: Array, grid: Grid, rng: np.random.Generator) -> Array:
    """Pixels mixed of what they cover, the rest being paths and woods, blurred as an instrument blurs."""
    size = grid.rows * grid.columns
    owner = np.repeat(np.arange(len(values)), np.diff(covered.starts))
    mixed = np.bincount(covered.cells, weights=covered.shares * values[owner], minlength=size)
    share = np.bincount(covered.cells, weights=covered.shares, minlength=size)
    around = 0.45
    picture = (mixed + np.clip(1 - share, 0, 1) * around).reshape(grid.rows, grid.columns)
    return np.asarray(gaussian_filter(picture, 0.45) + rng.normal(0, 0.01), np.float32)


def _spoil(pictures: Array, days: Sequence[date], rng: np.random.Generator, spoiling: Spoiling) -> None:
    """Noise, haze, clouds and a forgotten offset, in place."""
    shape = pictures.shape[1:]
    scale = max(3.0, min(shape) / 6)
    for i, day in enumerate(days):
        pictures[i] += rng.normal(0, spoiling.noise, shape).astype(np.float32)
        if rng.random() < spoiling.haze:
            patch = gaussian_filter(rng.normal(size=shape), scale)
            pictures[i] *= np.where(patch > np.median(patch), 0.67, 1.0)
        if spoiling.jump and day.timetuple().tm_yday > 200:
            pictures[i] -= spoiling.jump
        if spoiling.cloud > 0:
            field = gaussian_filter(rng.normal(size=shape), scale)
            cover = np.clip(rng.beta(1.2, 1.2 * (1 / spoiling.cloud - 1)), 0, 0.95)
            cloudy = field > np.quantile(field, 1 - cover)
            missed = cloudy & (gaussian_filter(rng.normal(size=shape), 1.5) > _tail(spoiling.missed))
            pictures[i][cloudy] = np.nan
            pictures[i][missed] = rng.uniform(0.0, 0.15)


def _tail(share: float) -> float:
    """Height above which about `share` of a smoothed field of unit noise lies (its spread is 0.19)."""
    from scipy.special import ndtri

    return float(0.19 * ndtri(1 - share)) if share > 0 else np.inf


def verdicts(world: World, rule: Rule, season: Season, *, declared: bool = True) -> pd.DataFrame:
    """Judge a world as a county would be: verdict, reason, evidence, with `use` and `idle` beside them.

    declared: parcels other than orchards are declared as cropped, as remediated land is.
    """
    shapes, _ = inward(world.polygons, rule.inward_pixels * PIXEL_M, least_area=rule.least_pixels * PIXEL_M**2)
    covered = coverage(shapes, world.grid)
    found = [covered.statistics(picture) for picture in world.pictures]
    share = np.stack([one.pixels for one in found], axis=1) / np.maximum(covered.pixels, 1e-9)[:, None]
    series = np.where(share >= rule.least_clear_share, np.stack([one.mean for one in found], axis=1), np.nan)
    described = describe(series, world.days, season)
    score = relative(described, np.zeros(len(described), np.int64))
    plain = np.where(world.use == "orchard", "orchard", "crop" if declared else "").astype(object)
    width = 2 * shapely.area(world.polygons) / shapely.length(world.polygons) / PIXEL_M
    made = judge(described, score, Facts(covered.pixels, width, covered.inside, plain), rule)
    return made.assign(use=world.use, idle=world.idle)


def autumn() -> Season:
    """The season the simulations are judged in: 大春 of YEAR, by the default windows."""
    windows = read_windows(dict(DEFAULT_WINDOWS))
    return next(
        one for one in seasons_between(windows, date(YEAR, 1, 1), date(YEAR, 12, 31)) if one.window == "autumn"
    )


def score_card(made: pd.DataFrame) -> dict[str, float]:
    """Shares of a judged world: decided, right among decided, precision and recall, and what was not seen.

    confirmed_right: of the confirmed, truly in use. contradicted_right: of the contradicted, truly idle.
    contradicted_found: of the truly idle. idle_confirmed: of the truly idle. unseen: of all. NaN where
    nothing divides.
    """
    verdict, idle = made["verdict"].to_numpy(), made["idle"].to_numpy(bool)
    confirmed, against = verdict == "confirmed", verdict == "contradicted"
    decided = confirmed | against

    def share(part: Array, whole: Array) -> float:
        return float(part.sum() / whole.sum()) if whole.any() else float("nan")

    return {
        "decided": share(decided, np.ones(len(made), bool)),
        "right": share((confirmed & ~idle) | (against & idle), decided),
        "confirmed_right": share(confirmed & ~idle, confirmed),
        "contradicted_right": share(against & idle, against),
        "contradicted_found": share(against & idle, idle),
        "idle_confirmed": share(confirmed & idle, idle),
        "unseen": share(verdict == "not_observable", np.ones(len(made), bool)),
    }
