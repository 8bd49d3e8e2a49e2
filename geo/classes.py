"""Classes for a map's legend: natural breaks of the values, moved to the roundest numbers between them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def natural_breaks(values: Sequence[float] | Floats, classes: int) -> list[float]:
    """Lower bounds of the second and later classes that minimise the variance within classes.

    Fisher's exact method (Fisher 1958, "On grouping for maximum homogeneity") by dynamic programming; the same
    classes as `mapclassify.FisherJenks`, whose import compiles for seven seconds. Gives at most `classes - 1`
    of the values, ascending; fewer when there are fewer distinct values. NaN are left out.
    """
    given = np.asarray(values, dtype=np.float64)
    distinct, counts = np.unique(given[np.isfinite(given)], return_counts=True)
    count = len(distinct)
    wanted = min(classes, count)
    if wanted < 2:
        return []
    spread = _spreads(distinct, counts.astype(np.float64))
    best = spread[0].copy()
    starts = np.zeros((wanted, count), dtype=np.int64)
    for level in range(1, wanted):
        # tried[i, j]: cost when the last class holds the values i..j and the earlier ones lie before i
        tried = np.full((count, count), np.inf)
        tried[1:] = best[:-1, None] + spread[1:]
        starts[level] = tried.argmin(axis=0)
        best = tried.min(axis=0)
    bounds: list[float] = []
    last = count - 1
    for level in range(wanted - 1, 0, -1):
        first = int(starts[level, last])
        bounds.append(float(distinct[first]))
        last = first - 1
    return bounds[::-1]


def _spreads(distinct: Floats, counts: Floats) -> Floats:
    """Sum of squared deviations of the values i..j from their mean, as [i, j]; infinite below the diagonal."""
    centred = distinct - np.average(distinct, weights=counts)
    weight = np.concatenate([[0.0], np.cumsum(counts)])
    total = np.concatenate([[0.0], np.cumsum(counts * centred)])
    square = np.concatenate([[0.0], np.cumsum(counts * centred**2)])
    low, high = np.triu_indices(len(distinct))
    weights = weight[high + 1] - weight[low]
    spread = np.full((len(distinct), len(distinct)), np.inf)
    within = square[high + 1] - square[low] - (total[high + 1] - total[low]) ** 2 / weights
    spread[low, high] = np.maximum(within, 0.0)
    return spread


def roundest(above: float, upto: float) -> float:
    """The number with the fewest digits in (above, upto], preferring 1, then 5, then 2 steps; `upto` if none."""
    if not above < upto:
        return upto
    power = math.ceil(math.log10(max(abs(above), abs(upto), 1e-12))) + 1
    for exponent in range(power, power - 15, -1):
        for factor in (1.0, 0.5, 0.2):
            step = factor * 10.0**exponent
            tried = round(math.floor(upto / step) * step, 12)
            if above < tried <= upto:
                return tried
    return upto


MANY = 400
"""More distinct values than this are classed by as many of their quantiles."""


def legend_bounds(values: Sequence[float] | Floats, *, most: int = 5) -> list[float]:
    """Round lower bounds of the second and later classes of a legend, ascending.

    As many classes as natural breaks give, at most `most` and at most one for every two distinct values beyond
    the first two, so that a handful of areas is not cut into classes of one. Each bound lies above every value
    of the class before and at or below every value of its own.
    """
    given = np.asarray(values, dtype=np.float64)
    distinct = np.unique(given[np.isfinite(given)])
    if len(distinct) > MANY:
        distinct = np.unique(np.quantile(distinct, np.linspace(0, 1, MANY), method="nearest"))
    classes = min(most, len(distinct), max(2, 1 + len(distinct) // 2))
    return [
        roundest(float(distinct[distinct < bound].max()), bound) for bound in natural_breaks(distinct, classes)
    ]
