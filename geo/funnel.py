"""Whether a unit's rate differs from the county's more than chance explains: limits of a funnel plot.

Spiegelhalter, D. J. (2005): Funnel plots for comparing institutional performance. Statistics in Medicine 24,
1185–1202: limits at two and three standard deviations of a normal distribution, 95 % and 99.8 %. The limits are
the exact binomial ones, without the interpolation of its appendix: with few cases that would call one of one
outstanding.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

LEVELS = (0.95, 0.998)
Floats = npt.NDArray[np.float64]


def limits(base: npt.ArrayLike, mean: float, level: float) -> tuple[Floats, Floats]:
    """(lower, upper) limit of a share around `mean` for units with `base` cases, as shares between 0 and 1.

    A share on a limit is within. Below the lower, or above the upper one, lies a unit by chance with a probability
    of (1 - level) / 2 at most, whatever its number of cases.
    level: the part of units that lie inside by chance alone, e.g. 0.95. NaN where `base` is 0.
    """
    from scipy.stats import binom

    cases = np.asarray(base, dtype=float)
    if not 0 <= mean <= 1 or not 0 < level < 1:
        raise ValueError(f"mean {mean}, level {level}")
    found = []
    for tail in ((1 - level) / 2, (1 + level) / 2):
        with np.errstate(divide="ignore", invalid="ignore"):
            found.append(np.where(cases > 0, binom.ppf(tail, cases, mean) / cases, np.nan))
    return found[0], found[1]


def funnel(cases: npt.ArrayLike, base: npt.ArrayLike, *, mean: float | None = None) -> pd.DataFrame:
    """Each unit's share, and where it lies among the limits around the share of all units together.

    cases of base: whole numbers, one per unit. mean: the share to compare with, where these units are not all
    there are. Columns: share (NaN without base), mean, lower_95, upper_95,
    lower_998, upper_998 (shares), position: `far_above`, `above`, `within`, `below`, `far_below` (outside the
    99.8 % limits, the 95 % limits, or neither), None without base.
    """
    found, of = np.asarray(cases, dtype=float), np.asarray(base, dtype=float)
    if (found > of).any() or (found < 0).any():
        raise ValueError("a unit has more cases than its base, or fewer than none")
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(of > 0, found / of, np.nan)
    known = mean is not None or of.sum() > 0
    middle = mean if mean is not None else (float(found.sum() / of.sum()) if known else 0.0)
    columns = {"share": share, "mean": np.full(len(of), middle if known else np.nan)}
    position = np.full(len(of), "within", dtype=object)
    for level, low, high, name in zip(
        LEVELS, ("below", "far_below"), ("above", "far_above"), ("95", "998"), strict=True
    ):
        columns[f"lower_{name}"], columns[f"upper_{name}"] = limits(of, middle, level)
        position[share < columns[f"lower_{name}"]] = low
        position[share > columns[f"upper_{name}"]] = high
    position[~(of > 0)] = None
    return pd.DataFrame({**columns, "position": pd.Series(position, dtype=object)})


def curve(mean: float, largest: int, most: int = 400) -> pd.DataFrame:
    """The limits to draw for bases from 1 to `largest`: columns base, lower_95, upper_95, lower_998, upper_998.

    most: rows at most; the limits go in steps, as whole cases do.
    """
    base = np.unique(np.round(np.linspace(1, max(largest, 2), min(max(largest, 2), most))).astype(int))
    made = {"base": base}
    for level, name in zip(LEVELS, ("95", "998"), strict=True):
        made[f"lower_{name}"], made[f"upper_{name}"] = limits(base, mean, level)
    return pd.DataFrame(made)
