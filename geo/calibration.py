"""Thresholds of the verdict held against parcels whose use is known, place by place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from geo.accuracy import Assessment, assess, share_interval
from geo.seasons import relative
from geo.verdicts import VERDICTS, Facts, Rule, judge

Array = NDArray[Any]

# With fewer idle parcels than this outside a place, thresholds cannot be learnt and the rule's own stand.
LEAST_IDLE = 10
# A calibrated rule may call idle only so that at least this share of what it calls so is.
LEAST_PRECISION = 0.75
# … and may confirm at most this share of the parcels known to be idle.
MOST_IDLE_CONFIRMED = 0.10
# A place with fewer parcels than this of either kind says little; nor do places of which one holds this share.
LEAST_OF_KIND = 5
MOST_IN_ONE_PLACE = 0.9
FACTORS = np.round(np.arange(0.70, 1.41, 0.05), 2)


def auc(suspicion: Array, idle: Array) -> float:
    """Chance that an idle parcel ranks above one in use (ties half); NaN without both kinds."""
    idle = np.asarray(idle, bool)
    ones, zeros = int(idle.sum()), int((~idle).sum())
    if not ones or not zeros:
        return float("nan")
    ranks = rankdata(suspicion)
    return float((ranks[idle].sum() - ones * (ones + 1) / 2) / (ones * zeros))


def auc_error(value: float, ones: int, zeros: int) -> float:
    """Standard error of an AUC (Hanley and McNeil 1982)."""
    if not ones or not zeros:
        return float("nan")
    q1, q2 = value / (2 - value), 2 * value**2 / (1 + value)
    spread = value * (1 - value) + (ones - 1) * (q1 - value**2) + (zeros - 1) * (q2 - value**2)
    return float(np.sqrt(max(spread, 0.0) / (ones * zeros)))


def scaled(rule: Rule, *, contradict: float = 1.0, confirm: float = 1.0) -> Rule:
    """The rule with its index thresholds for contradicting and confirming stretched by two factors."""
    if contradict == confirm == 1.0:
        return rule
    return replace(
        rule,
        version=f"{rule.version}×{contradict:.2f}/{confirm:.2f}",
        contradict_swing=rule.contradict_swing * contradict,
        contradict_peak=rule.contradict_peak * contradict,
        confirm_swing=rule.confirm_swing * confirm,
        confirm_peak=rule.confirm_peak * confirm,
    )


def learn(described: pd.DataFrame, score: Array, idle: Array, rule: Rule) -> Rule:
    """The rule, stretched to what the labelled parcels bear; itself when fewer than LEAST_IDLE of them are idle.

    The widest contradiction whose precision stays at LEAST_PRECISION, and the nearest confirmation to the
    rule's own that confirms no more than MOST_IDLE_CONFIRMED of the idle. A label may be wrong, so no
    threshold is moved for the sake of a single parcel.
    """
    idle = np.asarray(idle, bool)
    if idle.sum() < LEAST_IDLE or (~idle).sum() < LEAST_IDLE:
        return rule
    nearest = sorted(FACTORS, key=lambda factor: (abs(factor - 1), factor))
    best_contradict, best_f1 = 1.0, -1.0
    for factor in nearest:
        called = _called(described, score, scaled(rule, contradict=factor), "contradicted")
        hits = int((called & idle).sum())
        precision = hits / max(int(called.sum()), 1)
        f1 = 2 * hits / max(int(called.sum() + idle.sum()), 1)
        if precision >= LEAST_PRECISION and f1 > best_f1 + 0.02:
            best_contradict, best_f1 = float(factor), f1
    for factor in nearest:
        called = _called(described, score, scaled(rule, confirm=factor), "confirmed")
        if (called & idle).sum() <= max(1, MOST_IDLE_CONFIRMED * idle.sum()):
            return scaled(rule, contradict=best_contradict, confirm=float(factor))
    return scaled(rule, contradict=best_contradict, confirm=float(FACTORS[-1]))


def _called(described: pd.DataFrame, score: Array, rule: Rule, verdict: str) -> Array:
    return np.asarray(judge(described, score, Facts(), rule)["verdict"].to_numpy() == verdict)


@dataclass(frozen=True)
class Blocked:
    """The ranking when each block of neighbours is held against peers outside it alone.

    blocks, idle_blocks: how many hold labelled parcels, and idle ones. auc: of all blocks together. error: by
    leaving out each block in turn (jackknife). low, high: the least and largest AUC so.
    """

    blocks: int
    idle_blocks: int
    auc: float
    error: float
    low: float
    high: float


def by_blocks(described: pd.DataFrame, groups: Array, idle: pd.Series, blocks: Array) -> Blocked:
    """Cross-validate the ranking by blocks of place; the same for the same input.

    described, groups: as `geo.seasons.relative` takes them. idle: True, False or NA by row. blocks: of each row.
    """
    known = idle.notna().to_numpy(bool)
    truth = idle.fillna(False).to_numpy(bool)
    level = np.zeros(len(described))
    names = sorted(set(blocks[known]))
    for name in names:
        here = blocks == name
        level[here] = np.nan_to_num(relative(described, groups, among=~here)[here])
    left = [known & (blocks != name) for name in names]
    tried = np.array([auc(-level[rows], truth[rows]) for rows in left])
    tried = tried[np.isfinite(tried)]
    count = len(tried)
    error = float(np.sqrt((count - 1) / count * ((tried - tried.mean()) ** 2).sum())) if count else float("nan")
    ends = (float(tried.min()), float(tried.max())) if count else (float("nan"), float("nan"))
    return Blocked(len(names), len(set(blocks[known & truth])), auc(-level[known], truth[known]), error, *ends)


def thin_places(places: pd.DataFrame) -> list[str]:
    """The places with fewer than LEAST_OF_KIND idle parcels or parcels in use. places: as of a `Calibration`."""
    fewest = places[["idle", "in_use"]].min(axis=1)
    return [str(one) for one in places.loc[fewest < LEAST_OF_KIND, "place"]]


def gathered(places: pd.DataFrame) -> tuple[str, str, float] | None:
    """The kind (`idle` or `in_use`), place and share where one of several places holds nearly all; else None."""
    for kind in ("idle", "in_use"):
        whole = int(places[kind].sum())
        if len(places) > 1 and whole and places[kind].max() / whole >= MOST_IN_ONE_PLACE:
            at = int(np.argmax(places[kind].to_numpy()))
            return kind, str(places["place"].iloc[at]), float(places[kind].iloc[at] / whole)
    return None


@dataclass(frozen=True)
class Calibration:
    """What labelled parcels say of the rule, each place judged by thresholds learnt elsewhere.

    verdicts: as `judge`, index as given. auc, peak_auc: of the relative score and of the plain peak of the
    index, all places together. places: by place parcels, idle, in_use, auc, peak_auc, rule.
    matrix: verdict × label. shipped: the same of the rule as it was given, nothing learnt.
    rule: learnt from all places. assessment: area-adjusted (Olofsson et al. 2014), None when no verdict was
    decided. blocked: the ranking by blocks of neighbours, None without coordinates.
    """

    verdicts: pd.DataFrame
    auc: float
    auc_error: float
    peak_auc: float
    places: pd.DataFrame
    matrix: pd.DataFrame
    shipped: pd.DataFrame
    rule: Rule
    assessment: Assessment | None
    blocked: Blocked | None = None

    def figures(self) -> dict[str, Any]:
        """The figures a reader asks for first; shares with Wilson's 95 % intervals as [share, low, high].

        `shipped` holds the shares of the rule as it was given.
        """
        return {
            "parcels": int(self.matrix.to_numpy().sum()),
            "idle": int(self.matrix["idle"].sum()),
            "auc": self.auc,
            "auc_error": self.auc_error,
            "peak_auc": self.peak_auc,
            **shares(self.matrix),
            "shipped": shares(self.shipped),
        }


def shares(matrix: pd.DataFrame) -> dict[str, list[float | None]]:
    """Precision, recall and what was not seen, of verdict × label, each with Wilson's interval."""
    table = matrix.reindex(columns=["idle", "in_use"], fill_value=0)
    idle, whole = int(table["idle"].sum()), int(table.to_numpy().sum())

    def cell(verdict: str, label: str) -> tuple[int, int]:
        row = table.reindex(index=[verdict], fill_value=0)
        return int(row[label].iloc[0]), int(row.to_numpy().sum())

    confirmed, contradicted = cell("confirmed", "in_use"), cell("contradicted", "idle")
    unseen = cell("not_observable", "idle")
    return {
        "confirmed_precision": _with_interval(*confirmed),
        "contradicted_precision": _with_interval(*contradicted),
        "contradicted_recall": _with_interval(contradicted[0], idle),
        "idle_confirmed": _with_interval(confirmed[1] - confirmed[0], idle),
        "unseen_share": _with_interval(unseen[1], whole),
        "idle_unseen_share": _with_interval(unseen[0], idle),
        "inconclusive_share": _with_interval(cell("inconclusive", "idle")[1], whole),
    }


def _with_interval(hits: int, of: int) -> list[float | None]:
    return [hits / of if of else None, *share_interval(hits, of)]


def calibrate(
    described: pd.DataFrame, score: Array, idle: Array, places: Array, area: Array, rule: Rule
) -> Calibration:
    """Cross-validate the rule by place, then learn it from all.

    described, score: as `geo.seasons`, rows being parcels; NaN scores rank in the middle. idle: what is known.
    places: place of each parcel. area: its area, any unit. The score itself learns nothing from labels, so that
    leaving a place out changes only its thresholds.
    """
    idle = np.asarray(idle, bool)
    level = np.where(np.isnan(score), 0.0, score)
    peak = described["highest"].fillna(described["highest"].median()).to_numpy(float)
    parts, rows = [], []
    for place in sorted(pd.unique(pd.Series(places))):
        here = np.asarray(places == place)
        fitted = learn(described[~here], score[~here], idle[~here], rule)
        parts.append(judge(described[here], score[here], Facts(), fitted))
        rows.append(
            {
                "place": place,
                "parcels": int(here.sum()),
                "idle": int(idle[here].sum()),
                "in_use": int((~idle[here]).sum()),
                "auc": auc(-level[here], idle[here]),
                "peak_auc": auc(-peak[here], idle[here]),
                "rule": fitted.version,
            }
        )
    verdicts = pd.concat(parts).reindex(described.index)
    labels = np.where(idle, "idle", "in_use")
    shipped = judge(described, score, Facts(), rule)
    value = auc(-level, idle)
    return Calibration(
        verdicts=verdicts,
        auc=value,
        auc_error=auc_error(value, int(idle.sum()), int((~idle).sum())),
        peak_auc=auc(-peak, idle),
        places=pd.DataFrame(rows),
        matrix=_matrix(verdicts, labels),
        shipped=_matrix(shipped, labels),
        rule=learn(described, score, idle, rule),
        assessment=_decided(verdicts["verdict"].to_numpy(), labels, np.asarray(area, float)),
    )


def _matrix(verdicts: pd.DataFrame, labels: Array) -> pd.DataFrame:
    counted = pd.crosstab(verdicts["verdict"], labels)
    return counted.reindex(index=list(VERDICTS), columns=["idle", "in_use"], fill_value=0)


def _decided(verdict: Array, labels: Array, area: Array) -> Assessment | None:
    """Area-adjusted accuracy of the decided verdicts, by the area they cover."""
    names = {"confirmed": "in_use", "contradicted": "idle"}
    taken = np.isin(verdict, list(names)) & (area > 0)
    if not taken.any():
        return None
    mapped = np.array([names[v] for v in verdict[taken]])
    areas = {name: float(area[taken][mapped == name].sum()) for name in ("in_use", "idle")}
    return assess(mapped, labels[taken], areas)
