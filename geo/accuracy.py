"""How far verdicts can be trusted: a confusion matrix turned into areas and shares with confidence intervals.

Formulas: Olofsson et al. 2014, "Good practices for estimating area and assessing accuracy of land change",
Remote Sensing of Environment 148, 42–57 (equations 1–11).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[Any]
Z_95 = 1.959963984540054


@dataclass(frozen=True)
class Estimate:
    """A share or an area with its standard error; `low` and `high` bound it at 95 %."""

    value: float
    error: float

    @property
    def low(self) -> float:
        return self.value - Z_95 * self.error

    @property
    def high(self) -> float:
        return self.value + Z_95 * self.error


@dataclass(frozen=True)
class Assessment:
    """Area-adjusted accuracy of a map.

    counts: sample units, rows = map strata, columns = reference classes. shares: the same as shares of the
    mapped area. overall: share of the area mapped right (classes of equal name). users, producers: by class,
    where the sample allows. areas: by reference class, in the unit of the areas given.
    """

    counts: pd.DataFrame
    shares: pd.DataFrame
    overall: Estimate
    users: dict[str, Estimate]
    producers: dict[str, Estimate]
    areas: dict[str, Estimate]


def assess(mapped: Iterable[str], reference: Iterable[str], stratum_area: dict[str, float]) -> Assessment:
    """Accuracy and areas from a sample drawn within the map's classes.

    mapped, reference: class of each sample unit on the map and on the ground. stratum_area: mapped area of
    every map class; one without sample units is refused (ValueError), because nothing can be said of it.
    """
    strata = [name for name, area in stratum_area.items() if area > 0]
    counts = pd.crosstab(pd.Series(list(mapped), dtype=object), pd.Series(list(reference), dtype=object))
    missing = [name for name in strata if name not in counts.index]
    if missing:
        raise ValueError(f"no sample unit in the map class {', '.join(missing)}")
    classes = [*[c for c in strata if c in counts.columns], *[c for c in counts.columns if c not in strata]]
    counts = counts.reindex(index=strata, columns=classes, fill_value=0)
    n = counts.to_numpy(float)
    drawn = n.sum(axis=1)
    total = float(sum(stratum_area[name] for name in strata))
    weight = np.array([stratum_area[name] for name in strata]) / total
    share = weight[:, None] * n / drawn[:, None]
    right = np.array([[i == j for j in classes] for i in strata])
    hits = (n * right).sum(axis=1)
    overall = Estimate(float(share[right].sum()), _stratified_error(weight, hits / drawn, drawn))
    areas = {}
    for k, name in enumerate(classes):
        error = _stratified_error(weight, n[:, k] / drawn, drawn)
        areas[name] = Estimate(float(share[:, k].sum()) * total, error * total)
    at = {name: (strata.index(name), classes.index(name)) for name in strata if name in classes}
    users = {name: _users(n[place], drawn[place[0]]) for name, place in at.items()}
    mapped_area = weight * total
    producers = {name: _producers(n, drawn, mapped_area, *place) for name, place in at.items()}
    return Assessment(counts, pd.DataFrame(share, index=strata, columns=classes), overall, users, producers, areas)


def _stratified_error(weight: Array, part: Array, drawn: Array) -> float:
    """Standard error of a stratified share (equations 5 and 10)."""
    return float(np.sqrt((weight**2 * part * (1 - part) / np.maximum(drawn - 1, 1)).sum()))


def _users(hits: float, drawn: float) -> Estimate:
    """Equation 6."""
    part = hits / drawn
    return Estimate(float(part), float(np.sqrt(part * (1 - part) / max(drawn - 1, 1))))


def _producers(n: Array, drawn: Array, mapped_area: Array, row: int, column: int) -> Estimate:
    """Equation 7: share of the class's true area that the map shows as such."""
    found = mapped_area * n[:, column] / drawn
    whole = float(found.sum())
    if whole == 0:
        return Estimate(float("nan"), float("nan"))
    producer = float(found[row]) / whole
    part = n[:, column] / drawn
    each = mapped_area**2 * part * (1 - part) / np.maximum(drawn - 1, 1)
    others = float(each.sum() - each[row])
    user = part[row]
    own = mapped_area[row] ** 2 * (1 - producer) ** 2 * user * (1 - user) / max(drawn[row] - 1, 1)
    return Estimate(producer, float(np.sqrt((own + producer**2 * others) / whole**2)))


def share_interval(hits: int, of: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share; (0, 1) when there is nothing to divide by."""
    if of == 0:
        return 0.0, 1.0
    p, z2 = hits / of, Z_95**2
    middle = (p + z2 / (2 * of)) / (1 + z2 / of)
    half = Z_95 * np.sqrt(p * (1 - p) / of + z2 / (4 * of**2)) / (1 + z2 / of)
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))
