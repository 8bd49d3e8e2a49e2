"""Growing seasons, and what the index of a parcel did in one: bare, green-up, peak, harvest, growth again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.errors import Refused

Array = NDArray[Any]

# Windows of a county that sets none of its own: the ids are the `season` choices of the layers.
DEFAULT_WINDOWS: Mapping[str, tuple[str, ...]] = {
    "spring": ("10-15", "05-31"),
    "autumn": ("04-01", "10-31"),
}
# Where the key part of a window lies when the county does not say: from this share of it to that one.
KEY_SHARES = (0.30, 0.95)
# Fewer peers than this tell nothing about rank; the next larger group is taken.
LEAST_PEERS = 30
# Two parcels alike must not look far apart because their peers are alike: the least spread of an index.
LEAST_SPREAD = 0.02
# A gap of so many days in the key part is ordinary; from there on what was unseen counts less and less.
ORDINARY_GAP_DAYS = 32
BLIND_GAP_DAYS = 152
# What the relative score rests on: how far from bare to green, how much it moves, how high it gets.
SCORED = ("swing", "spread", "peak")


@dataclass(frozen=True)
class Window:
    """A season of the year as month-day pairs; `end` before `start` runs into the next year.

    key_start, key_end: the part without which nothing can be said against a parcel.
    """

    id: str
    start: tuple[int, int]
    end: tuple[int, int]
    key_start: tuple[int, int] | None = None
    key_end: tuple[int, int] | None = None


@dataclass(frozen=True)
class Season:
    """One season of one year. id: `2024-spring`, named by the year in which it ends."""

    id: str
    window: str
    start: date
    end: date
    key_start: date
    key_end: date


def read_windows(entries: Mapping[str, Any]) -> tuple[Window, ...]:
    """Windows from a county's `[seasons]`: id → [start, end] or [start, end, key_start, key_end], each MM-DD.

    An empty table gives the defaults; anything else unreadable is Refused with `season_window_malformed`.
    """
    made = []
    for name, entry in (entries or DEFAULT_WINDOWS).items():
        try:
            pairs = [(int(text[:2]), int(text[3:])) for text in entry]
            for month, day in pairs:
                date(2024, month, day)
            if len(pairs) not in (2, 4):
                raise ValueError
            made.append(Window(name, *pairs))
        except (ValueError, TypeError):
            raise Refused("season_window_malformed", season=name, value=str(entry)) from None
    return tuple(made)


def _day(year: int, month_day: tuple[int, int]) -> date:
    month, day = month_day
    return date(year, month, 28 if month_day == (2, 29) and year % 4 else day)


def _season(window: Window, year: int) -> Season:
    """The season of that window ending in `year`."""
    end = _day(year, window.end)
    start = _day(year, window.start)
    if start >= end:
        start = _day(year - 1, window.start)
    length = (end - start).days
    key_start, key_end = (start + timedelta(days=round(length * share)) for share in KEY_SHARES)
    if window.key_start and window.key_end:
        key_end = _day(year, window.key_end)
        key_start = _day(year, window.key_start)
        if key_start > key_end:
            key_start = _day(year - 1, window.key_start)
    return Season(f"{year}-{window.id}", window.id, start, end, key_start, key_end)


def seasons_between(windows: Sequence[Window], first: date, last: date, *, least: float = 0.5) -> list[Season]:
    """Seasons with at least a share `least` of their key part between two days, in the order in which they end."""
    found = []
    for year in range(first.year, last.year + 2):
        for window in windows:
            one = _season(window, year)
            shared = (min(one.key_end, last) - max(one.key_start, first)).days
            if shared >= least * (one.key_end - one.key_start).days:
                found.append(one)
    return sorted(found, key=lambda one: (one.end, one.id))


def seen_out(season: Season, last: date) -> bool:
    """Whether pictures until the day `last` show a season out: at most an ordinary gap before its key part ends.

    Until then a crop may still come up, so that a lack of growth says nothing.
    """
    return (season.key_end - last).days <= ORDINARY_GAP_DAYS


def whole_year(windows: Sequence[Window], first: date, last: date) -> Season:
    """One period over all dates of a single year's series; its key part is that of all its seasons together.

    A season counts once a quarter of its key part is there: land of which that quarter was not seen may have been
    cropped in it.
    """
    seasons = seasons_between(windows, first, last, least=0.25)
    keys = [(one.key_start, one.key_end) for one in seasons] or [(first, last)]
    key_start, key_end = max(first, min(k[0] for k in keys)), min(last, max(k[1] for k in keys))
    return Season("year", "year", first, last, key_start, key_end)


def describe(series: Array, days: Sequence[date], season: Season, *, least_rise: float = 0.15) -> pd.DataFrame:
    """What each parcel's index did in a season.

    series: (parcels, dates) float, NaN where not seen; days ascending. Columns (float64, one row per parcel):
    clear (dates seen), gap_days (longest blind run in the key part), peak (95th percentile in time), peak_day
    (proleptic ordinal), base (10th), swing (90th less 10th), spread (standard deviation), rise and drop
    (largest green-up and fall within 48 days), lowest, cycles (whole growths), mean, highest (the plain
    highest value). NaN where nothing was seen.
    """
    from geo.seasons_kernel import COLUMNS
    from geo.seasons_kernel import describe as read

    ordinals = np.array([day.toordinal() for day in days], dtype=np.float64)
    if len(ordinals) and (np.diff(ordinals) <= 0).any():
        raise ValueError("days must ascend, each once")
    out = np.full((len(series), len(COLUMNS)), np.nan)
    limits = [float(at.toordinal()) for at in (season.start, season.end, season.key_start, season.key_end)]
    values = np.ascontiguousarray(series, dtype=np.float64)
    read(values, ordinals, limits[0], limits[1], limits[2], limits[3], least_rise, out)
    return pd.DataFrame(out, columns=list(COLUMNS))


def peer_groups(*levels: Sequence[Any] | pd.Series | Array, among: Array | None = None) -> Array:
    """The number of the peer group of each parcel: the finest level with at least LEAST_PEERS, else all together.

    levels: keys from fine to coarse (village and land class, then township and land class …), one per parcel
    each. among: the parcels that count as peers (bool; None = all).
    """
    count = len(levels[0]) if levels else 0
    group = np.full(count, -1)
    used = 0
    for level in levels:
        codes, _ = pd.factorize(pd.Series(list(level), dtype=object))
        counted = codes >= 0 if among is None else (codes >= 0) & among
        size = np.bincount(codes[counted], minlength=codes.max(initial=-1) + 1)
        fits = (group < 0) & (codes >= 0)
        fits[fits] &= size[codes[fits]] >= LEAST_PEERS
        group[fits] = codes[fits] + used
        used += len(size)
    return np.where(group < 0, used, group)


def relative(described: pd.DataFrame, groups: Array, *, among: Array | None = None) -> Array:
    """How each parcel stands among its peers, in quartile ranges from their median; negative = weaker growth.

    among: the parcels that count as peers (bool); all where it is None or holds fewer than LEAST_PEERS. A group
    without any is held against all of them.
    The mean over swing, spread and peak. What was not seen is not held against a parcel: a negative score
    shrinks as its gap in the key part grows past an ordinary one. NaN where nothing was seen.
    """
    total = np.zeros(len(described))
    counted = np.ones(len(described), bool) if among is None or among.sum() < LEAST_PEERS else among
    for name in SCORED:
        values = described[name]
        peers = values.where(counted)
        by = peers.groupby(np.asarray(groups))
        middle = by.transform("median").fillna(peers.median())
        width = by.transform(_spread).fillna(_spread(peers))
        total += ((values - middle) / (width + LEAST_SPREAD)).to_numpy(float)
    score = total / len(SCORED)
    blind = (described["gap_days"].to_numpy(float) - ORDINARY_GAP_DAYS) / (BLIND_GAP_DAYS - ORDINARY_GAP_DAYS)
    seen = np.clip(1.0 - blind, 0.2, 1.0)
    return np.where(score < 0, score * seen, score)


def _spread(values: pd.Series) -> float:
    return float(values.quantile(0.75) - values.quantile(0.25))


def peer_rank(score: Array, groups: Array) -> Array:
    """Rank of each score among its peers, 0 (weakest) to 1, as a share; NaN where there is no score."""
    ranked = pd.Series(score).groupby(np.asarray(groups)).rank(pct=True)
    return np.asarray(ranked.to_numpy(float))
