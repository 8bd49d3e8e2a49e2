"""Random pairs of polygons of every kind that is hard to intersect, to prove the kernels on."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from geo.pieces import polygonal

Floats = npt.NDArray[np.float64]
Geometries = npt.NDArray[np.object_]

METRE = 1e-5
ORIGIN = np.array([106.0, 30.0])
TILE_M = 200.0
FAMILIES = (
    "apart_or_crossing",
    "touching",
    "nested",
    "holes",
    "slivers",
    "multipolygons",
    "collinear",
    "repeated_vertices",
    "lattice",
)
PLACES = ("degrees", "offset_500km")
"""Where the pairs are laid: in degrees straight away, or in Gauss–Krüger metres, to the millimetre.

The latter lie about 500,000 m from the false origin of zone 35 and are then brought to degrees as surveys are.
"""


def stars(chance: np.random.Generator, n: int, points: int, size: float) -> Floats:
    """(n, points, 2) rings round 0 in metres, not closed."""
    turn = np.sort(chance.uniform(0, 2 * np.pi, (n, points)), axis=1)
    reach = chance.uniform(0.2, 1.0, (n, points)) * size
    return np.asarray(reach[..., None] * np.stack((np.cos(turn), np.sin(turn)), axis=-1))


def boxes(chance: np.random.Generator, n: int, low: float, high: float) -> Floats:
    """(n, 4, 2) upright rectangles about 0 in metres, of sides low … high."""
    corner = chance.uniform(-high, 0, (n, 1, 2))
    size = chance.uniform(low, high, (n, 1, 2))
    return np.asarray(corner + size * np.array([[0, 0], [1, 0], [1, 1], [0, 1]]))


def random_pairs(family: str, n: int, seed: int, place: str = "degrees") -> tuple[Geometries, Geometries]:
    """Two arrays of valid polygons of about a field's size; only those of one position come near each other."""
    chance = np.random.default_rng(seed)
    one, two = _rings(family, chance, n)
    tiles = int(np.ceil(np.sqrt(n)))
    tile = np.stack(np.divmod(np.arange(n), tiles), axis=-1)[:, None, :] * TILE_M
    first, second = (laid(ring + tile, place) for ring in (one, two))
    if family == "holes":
        first = shapely.difference(first, laid(one * 0.5 + tile, place))
        second = shapely.difference(second, laid(two * 0.3 + tile, place))
    if family == "multipolygons":
        other = laid(stars(chance, n, 5, 15.0) + 45 + tile, place)
        first = shapely.union(first, other)
        second = shapely.union(second, laid(two * 0.2 - 40 + tile, place))
    return made_valid(first), made_valid(second)


def _rings(family: str, chance: np.random.Generator, n: int) -> tuple[Floats, Floats]:
    one, two = stars(chance, n, 9, 40.0), stars(chance, n, 7, 40.0) + chance.uniform(-60, 60, (n, 1, 2))
    if family == "touching":
        one = boxes(chance, n, 5, 30)
        jump = np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])[chance.integers(0, 4, n)][:, None, :]
        two = one + jump * (one.max(axis=1, keepdims=True) - one.min(axis=1, keepdims=True))
        two[::3, :, :] += jump[::3, ::-1, ::-1] * chance.uniform(-9, 9, (len(two[::3]), 1, 1))
    elif family == "nested":
        two = one * chance.uniform(0.05, 1.0, (n, 1, 1))
    elif family == "slivers":
        two = two.copy()
        two[..., 1] = (two[..., 1] - two[:, :1, 1]) * 1e-4
    elif family == "collinear":
        one, two = boxes(chance, n, 5, 40), boxes(chance, n, 5, 40)
        two[::2, :, 1] = one[::2, :, 1]
        middle = (one[:, :1] + one[:, 1:2]) / 2
        one = np.concatenate((one[:, :1], middle, one[:, 1:]), axis=1)
    elif family == "repeated_vertices":
        one, two = np.repeat(one, 2, axis=1), np.repeat(two, 3, axis=1)
        two[:, :5] = two[:, :1]
    elif family == "lattice":
        one, two = np.rint(stars(chance, n, 6, 6.0)), np.rint(stars(chance, n, 6, 6.0))
    return one, two


def laid(rings: Floats, place: str = "degrees") -> Geometries:
    """Rings in metres as valid polygons in lon/lat degrees; None where nothing is left."""
    if place == "degrees":
        return made_valid(shapely.polygons(rings * METRE + ORIGIN))
    flat = np.round(rings.reshape(-1, 2) + np.array([35_500_000.0, 3_300_000.0]), 3)
    x, y = _to_degrees().transform(flat[:, 0], flat[:, 1])
    return made_valid(shapely.polygons(np.column_stack((x, y)).reshape(rings.shape)))


def _to_degrees() -> Any:
    from pyproj import Transformer

    return Transformer.from_crs(4523, 4490, always_xy=True)


def made_valid(shapes: Geometries) -> Geometries:
    """The polygons, those that are not valid rebuilt by structure; None where nothing is left."""
    made = shapes.copy()
    bad = ~shapely.is_valid(made)
    made[bad] = polygonal(shapely.make_valid(made[bad], method="structure", keep_collapsed=False))
    made[shapely.is_empty(made)] = None
    return polygonal(made)
