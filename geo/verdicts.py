"""Four honest answers to "is it in use?": confirmed, contradicted, inconclusive, not observable, each with why."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[Any]

VERDICTS = ("confirmed", "contradicted", "inconclusive", "not_observable")
# Kinds of land use that are kept without a yearly crop: never called idle by the growth of a crop.
MANAGED = ("orchard", "greenhouse", "planned_fallow")
REASONS = (
    *("no_shape", "off_picture", "too_small", "too_narrow", "few_dates", "grew", "managed", "long_gap"),
    *("under_water", "bare", "overgrown", "evergreen", "weak_growth"),
    # Looks idle, but the pictures end before the season does.
    "not_ended",
    # Given by geo.verify_reported: another season of the same year answers for this one.
    "other_season",
)
EVIDENCE = (
    *("clear", "gap_days", "peak", "base", "swing", "spread", "rise", "drop", "lowest", "cycles", "score"),
    *("flooded", "tilled"),
)


@dataclass(frozen=True)
class Rule:
    """Thresholds of the verdict; `version` goes with every figure made by it. Index values are NDVI.

    inward_pixels: how far parcels are drawn in before they are read. least_clear_share: share of a parcel
    that must be clear for a date to count. least_pixels: effective pixels a parcel must fill.
    least_width_pixels: mean width in pixels. least_dates: clear dates in the season. longest_gap_days: blind
    run in the key part beyond which nothing is held against a parcel. confirm_*: all must be reached;
    confirm_event is a green-up or a fall within 48 days, which weeds do not show; where bands tell, soil seen
    flooded or bare before the greenest date stands for it. contradict_*: bare when none is exceeded, unless
    the parcel lay under water on flooded_share of its clear dates (winter-flooded paddy, ponds). evergreen_*:
    never below the base and hardly moving, and against a declared crop only from that score down.
    contradict_score, confirm_score: quartile ranges from the median of the peers. tilled_bsi: bareness from
    which soil counts as bare (crops −0.4 to −0.1, dry tilled soil 0.1 to 0.3).
    """

    version: str = "2026-2"
    inward_pixels: float = 0.25
    least_clear_share: float = 0.5
    least_pixels: float = 4.0
    least_width_pixels: float = 0.8
    least_dates: int = 4
    longest_gap_days: int = 64
    confirm_swing: float = 0.26
    confirm_peak: float = 0.40
    confirm_score: float = -1.5
    contradict_swing: float = 0.20
    contradict_peak: float = 0.36
    contradict_score: float = -1.0
    confirm_event: float = 0.20
    evergreen_base: float = 0.42
    evergreen_score: float = -0.3
    evergreen_swing: float = 0.20
    flooded_share: float = 0.5
    tilled_bsi: float = 0.10

    def as_dict(self) -> dict[str, Any]:
        """The rule as plain values, for storing beside what it gave."""
        return asdict(self)


@dataclass(frozen=True)
class Facts:
    """What is known of the parcels beside their index; each an array over parcels or None when unknown.

    pixels: effective (fully clear) pixels of the fullest date. width_pixels: mean width. inside: share on the
    pictures. management: one of MANAGED, "crop" where a yearly crop is declared, else "". shapeless: True where
    the records hold no boundary.
    """

    pixels: Array | None = None
    width_pixels: Array | None = None
    inside: Array | None = None
    management: Array | None = None
    shapeless: Array | None = None


def judge(described: pd.DataFrame, score: Array, facts: Facts, rule: Rule, *, ended: bool = True) -> pd.DataFrame:
    """One verdict per parcel of a season.

    described: as `geo.seasons.describe`, with the columns of `geo.season_signs.signs` where bands allowed.
    score: as `geo.seasons.relative`. Returned: verdict, reason (a key of the catalog), then the evidence
    columns, index as `described`. Growth that was seen confirms however little else was seen; a lack of growth
    counts only where the key part of the season was seen, and not before it has `ended` in the pictures.
    """
    count = len(described)
    management = np.full(count, "", dtype=object) if facts.management is None else facts.management
    peak, swing, base = (described[name].to_numpy(float) for name in ("peak", "swing", "base"))
    relative = np.where(np.isnan(score), 0.0, score)
    clear = described["clear"].to_numpy(float)
    few = ~(clear >= rule.least_dates)
    blind = ~(described["gap_days"].to_numpy(float) <= rule.longest_gap_days)
    with np.errstate(invalid="ignore"):
        grew = (swing >= rule.confirm_swing) & (peak >= rule.confirm_peak) & (relative >= rule.confirm_score)
        worked, water = _sign(described, "worked") > 0, _sign(described, "flooded") >= rule.flooded_share * clear
        grew &= (described[["rise", "drop"]].max(axis=1).to_numpy(float) >= rule.confirm_event) | worked
        weak = relative <= rule.contradict_score
        bare = (swing <= rule.contradict_swing) & (peak <= rule.contradict_peak) & weak
        evergreen = (base >= rule.evergreen_base) & (swing <= rule.evergreen_swing)
    managed = np.isin(management, MANAGED)
    unseen = np.zeros(count, bool) if facts.inside is None else ~(facts.inside > 0.5)
    small = np.zeros(count, bool) if facts.pixels is None else ~(facts.pixels >= rule.least_pixels)
    narrow = np.zeros(count, bool)
    if facts.width_pixels is not None:
        narrow = ~(facts.width_pixels >= rule.least_width_pixels)
    shapeless = np.zeros(count, bool) if facts.shapeless is None else facts.shapeless
    cases = [
        (shapeless, "not_observable", "no_shape"),
        (unseen, "not_observable", "off_picture"),
        (small, "not_observable", "too_small"),
        (narrow, "not_observable", "too_narrow"),
        (few, "not_observable", "few_dates"),
        (grew, "confirmed", "grew"),
        (managed, "inconclusive", "managed"),
        (blind, "not_observable", "long_gap"),
        (bare & water & (clear > 0), "inconclusive", "under_water"),
        (bare, "contradicted", "bare"),
        (evergreen & (relative <= rule.evergreen_score) & (management == "crop"), "contradicted", "overgrown"),
        (evergreen, "inconclusive", "evergreen"),
    ]
    if not ended:
        early = ("inconclusive", "not_ended")
        cases = [(case[0], *early) if case[1] == "contradicted" else case for case in cases]
    masks = [case[0] for case in cases]
    verdict = np.select(masks, [case[1] for case in cases], "inconclusive")
    reason = np.select(masks, [case[2] for case in cases], "weak_growth")
    evidence = described.assign(score=score).reindex(columns=list(EVIDENCE))
    head = pd.DataFrame({"verdict": verdict, "reason": reason}, index=described.index)
    return pd.concat([head, evidence], axis=1)


def _sign(described: pd.DataFrame, name: str) -> Array:
    """A column of signs; NaN, which decides nothing, where no band could show it."""
    if name not in described:
        return np.full(len(described), np.nan)
    return described[name].to_numpy(float)


@cache
def _catalog() -> Mapping[str, Any]:
    return tomllib.loads(files("geo").joinpath("catalog", "verdicts.toml").read_text(encoding="utf-8"))


def label(verdict: str, lang: str = "zh") -> str:
    """The verdict's name in `lang`; KeyError for another word."""
    return str(_catalog()["verdict"][verdict][lang])


def not_judged(lang: str = "zh") -> str:
    """What stands in a verdict's place where a parcel was not reported in use in the season."""
    return str(_catalog()["standing"]["label"][lang])


def sentence(row: Mapping[str, Any], rule: Rule, lang: str = "zh", *, season: str = "") -> str:
    """The verdict of one parcel in words: its reason's template filled with its evidence.

    row: a row of `judge`, with `pixels`, `width`, `least_width_m` (m) and `management` where the reason speaks
    of them; `block` (number of members) when it was verified as one; `standing` where it was held against what
    was reported (`geo.verify_reported`); `pictures_end` and `season_end` (days) with the reason `not_ended`.
    """
    words = _catalog()
    least = {
        "too_small": rule.least_pixels,
        "too_narrow": row.get("least_width_m"),
        "few_dates": rule.least_dates,
        "long_gap": rule.longest_gap_days,
    }
    shown = {key: _plain(key, value) for key, value in row.items()}
    shown |= {"season": season, "least": _plain("least", least.get(str(row["reason"])))}
    if row.get("management") in words["management"]:
        shown["management"] = words["management"][row["management"]][lang]
    standing = str(row.get("standing") or "reported")
    if standing != "reported":
        return str(words["standing"][standing][lang]).format_map(shown)
    text = str(words["reason"][row["reason"]][lang]).format_map(shown)
    for sign in ("flooded", "tilled"):
        if (row.get(sign) or 0) >= 1:  # NaN, where no band could show it, is not
            text += ("" if lang == "zh" else " ") + words["note"][sign][lang].format(dates=int(row[sign]))
    if (row.get("block") or 0) > 1:
        text += ("" if lang == "zh" else " ") + words["note"]["block"][lang].format(members=int(row["block"]))
    return text


def _plain(key: str, value: Any) -> str:
    if isinstance(value, (int, float, np.number)) and not isinstance(value, bool):
        number = float(value)
        whole = key in ("clear", "gap_days", "cycles", "flooded", "tilled") or number.is_integer()
        return "…" if np.isnan(number) else f"{number:.0f}" if whole else f"{number:.2f}"
    return "…" if value is None else str(value)
