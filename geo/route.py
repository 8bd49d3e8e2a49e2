"""The order in which to visit places: nearest first, then mended until no two legs cross for nothing."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from geo.measure import ellipsoid

Floats = npt.NDArray[np.float64]
LEAST_GAIN_M = 0.01
MOST_PLACES = 200


def distances_m(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Floats:
    """Straight-line metres on the CGCS2000 ellipsoid between every two places; (n, n), symmetric, zero diagonal.

    lon, lat: degrees, EPSG:4490, no missing ones.
    """
    x, y = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    row, column = np.triu_indices(len(x), 1)
    metres = np.zeros((len(x), len(x)))
    if len(row):
        metres[row, column] = ellipsoid().inv(x[row], y[row], x[column], y[column])[2]
    return metres + metres.T


def visit_order(
    start: tuple[float, float], lon: npt.ArrayLike, lat: npt.ArrayLike
) -> tuple[list[int], list[float]]:
    """(positions in the order to visit them, metres of the leg that leads to each); the way ends at the last.

    start: lon, lat of where the way begins. The way is the one of nearest neighbours, improved by 2-opt (Croes
    1958: turn a stretch round as long as that makes the way shorter): never longer than the first, not promised
    to be the shortest. Straight lines, no roads. ValueError for more than 200 places or missing coordinates.
    """
    x = np.concatenate([[start[0]], np.asarray(lon, dtype=float)])
    y = np.concatenate([[start[1]], np.asarray(lat, dtype=float)])
    if len(x) > MOST_PLACES + 1 or not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError(f"{len(x) - 1} places, at most {MOST_PLACES}, all with coordinates")
    metres = distances_m(x, y)
    way = _improved(_nearest(metres), metres)
    legs = [round(float(metres[a, b]), 1) for a, b in pairwise(way)]
    return [place - 1 for place in way[1:]], legs


def _nearest(metres: Floats) -> list[int]:
    """From place 0 always on to the nearest one left; equal distances go to the earlier place."""
    way, left = [0], set(range(1, len(metres)))
    while left:
        here = metres[way[-1]]
        way.append(min(left, key=lambda place: (here[place], place)))
        left.remove(way[-1])
    return way


def _improved(way: list[int], metres: Floats) -> list[int]:
    """2-opt on an open way whose first place stays."""
    better = True
    while better:
        better = False
        for i in range(1, len(way) - 1):
            for k in range(i + 1, len(way)):
                before = metres[way[i - 1], way[i]]
                after = metres[way[i - 1], way[k]]
                if k + 1 < len(way):
                    before += metres[way[k], way[k + 1]]
                    after += metres[way[i], way[k + 1]]
                if after < before - LEAST_GAIN_M:
                    way[i : k + 1] = way[i : k + 1][::-1]
                    better = True
    return way
