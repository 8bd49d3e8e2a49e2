"""Verdicts season by season of what was read from the pictures, small neighbours taken together as blocks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyproj import CRS

from geo.season_signs import signs
from geo.seasons import LEAST_PEERS, Season, describe, peer_groups, peer_rank, relative, seen_out
from geo.verdicts import EVIDENCE, REASONS, VERDICTS, Facts, Rule, judge
from geo.verify_blocks import block_series, blocks_of
from geo.verify_reported import asked_window, standings
from pipelines.verify_parcels import Parcels
from pipelines.verify_series import Picked

Array = NDArray[Any]
Progress = Callable[[str, int, int | None], None]
# Parcels described at once, so that no more than these are held in full numbers.
PART = 50_000


@dataclass(frozen=True)
class Blocks:
    """Small parcels taken together. of: block of each parcel, −1 alone. ndvi: (blocks, days), NaN = not seen.

    facts: of the blocks. members: parcels in each.
    """

    of: Array
    ndvi: Array
    facts: Facts
    members: Array

    def first(self) -> Array:
        """The first member of each block."""
        at = np.flatnonzero(self.of >= 0)
        out = np.zeros(len(self.ndvi), np.int64)
        out[self.of[at][::-1]] = at[::-1]
        return out


def peers_of(parcels: Parcels, reported: Array) -> Array:
    """The number of each parcel's peer group: same village and use, else township and use, else township.

    reported: the parcels that count as peers: those reported in use in one season at least (all, where few are).
    """
    among = reported if reported.sum() >= LEAST_PEERS else None
    codes = parcels.frame["area_code"].astype("str").fillna("")
    use = parcels.frame["management"].astype("str")
    return peer_groups(codes + use, codes.str[:9] + use, codes.str[:9], among=among)


def seen_series(picked: Picked, rule: Rule, rows: slice, index: str = "ndvi") -> Array | None:
    """An index of some parcels on the dates that count, (parcels, days), NaN elsewhere; None without its band."""
    if index not in picked.mean:
        return None
    counted = picked.share[:, rows] >= rule.least_clear_share
    counted &= picked.pixels[:, rows] >= 0.5 * rule.least_pixels
    return np.where(counted, picked.mean[index][:, rows], np.nan).T.astype(float)


def judge_seasons(
    parcels: Parcels,
    picked: Picked,
    seasons: list[Season],
    rule: Rule,
    groups: Array,
    progress: Progress | None = None,
) -> tuple[pd.DataFrame, Blocks | None]:
    """One row per parcel and season: id, season, verdict, reason, evidence, pixels, block (members, 0 alone).

    groups: as `peers_of`; of them those reported in use in a season are the peers of it. Seasons follow each
    other, the parcels of each in their order.
    """
    facts = _facts(parcels, picked)
    blocks = find_blocks(parcels, picked, rule)
    asked = asked_window(parcels.reported)
    rows = []
    for number, season in enumerate(seasons, start=1):
        described = _described(picked, season, rule)
        among = standings(season, parcels.reported, asked) == 0
        score = relative(described, groups, among=among)
        ended = seen_out(season, picked.days[-1])
        parts = []
        for first in range(0, len(described), PART):
            part = slice(first, first + PART)
            found = judge(described[part], score[part], _some(facts, part), rule, ended=ended)
            parts.append(_short(found))
        made = pd.concat(parts, ignore_index=True)
        made["block"] = np.zeros(len(made), np.int32)
        if blocks is not None:
            _judge_blocks(made, blocks, season, picked, (described, groups, among), rule)
        made["rank"] = peer_rank(score, groups).astype(np.float32)
        rows.append(_whole(made, parcels, picked, season, rule))
        del described, parts, made
        if progress:
            progress("判定 / seasons judged", number, len(seasons))
    return pd.concat(rows, ignore_index=True), blocks


def _facts(parcels: Parcels, picked: Picked) -> Facts:
    frame = parcels.frame
    width = parcels.width_m / picked.pixel_m
    shapeless = ~(frame["area_m2"].to_numpy(float) > 0)
    return Facts(picked.whole, width, picked.inside, frame["management"].to_numpy(object), shapeless)


def _described(picked: Picked, season: Season, rule: Rule) -> pd.DataFrame:
    """What every parcel's indices did in a season, parcels read part by part."""
    parts = []
    for first in range(0, picked.share.shape[1], PART):
        rows = slice(first, first + PART)
        green = seen_series(picked, rule, rows)
        assert green is not None
        part = describe(green, picked.days, season)
        wet, bare = (seen_series(picked, rule, rows, index) for index in ("lswi", "bsi"))
        if wet is not None or bare is not None:
            found = signs(green, wet, bare, picked.days, season, tilled_bsi=rule.tilled_bsi)
            part = pd.concat([part, found], axis=1)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _some(facts: Facts, part: slice) -> Facts:
    """The facts of some parcels."""
    known = {name: values[part] for name, values in vars(facts).items() if values is not None}
    return Facts(**known)


def _short(made: pd.DataFrame) -> pd.DataFrame:
    """Verdicts with their evidence in short numbers and words as categories."""
    columns: dict[str, Any] = {"verdict": pd.Categorical(made["verdict"], list(VERDICTS))}
    columns["reason"] = pd.Categorical(made["reason"], list(REASONS))
    columns |= {name: made[name].to_numpy(np.float32) for name in EVIDENCE}
    return pd.DataFrame(columns)


def _whole(made: pd.DataFrame, parcels: Parcels, picked: Picked, season: Season, rule: Rule) -> pd.DataFrame:
    """The rows of a season as they are kept: ids and season in front, what the sentence needs behind."""
    made.insert(0, "id", parcels.frame["id"])
    season_ids = pd.Series(pd.Categorical([season.id]).take(np.zeros(len(made), np.intp)))
    made.insert(1, "season", season_ids)
    made["pixels"], made["width"] = picked.whole.astype(np.float32), parcels.width_m.astype(np.float32)
    made["least_width_m"] = np.float32(rule.least_width_pixels * picked.pixel_m)
    made["management"] = parcels.frame["management"]
    return made


def find_blocks(parcels: Parcels, picked: Picked, rule: Rule) -> Blocks | None:
    """Blocks of small neighbours of one village and mode; None when there are none."""
    small = np.flatnonzero((picked.whole > 0) & (picked.whole < rule.least_pixels))
    if len(small) < 2:
        return None
    frame = parcels.frame.iloc[small]
    keys = frame["area_code"].astype("str").fillna("") + "/" + frame["mode"].astype("str").fillna("")
    keys = keys.astype(object).where(frame["area_code"].notna(), None)
    shapes = parcels.shapes(small, _plane(parcels))
    parcels.release()
    of = np.full(len(parcels), -1, np.int64)
    pixels = picked.whole[small]
    of[small] = blocks_of(shapes, keys.tolist(), pixels, least_pixels=rule.least_pixels, reach=picked.pixel_m)
    return None if of.max() < 0 else _block(of, parcels, picked, rule)


def _plane(parcels: Parcels) -> CRS:
    """A plane CRS in metres about the middle of the parcels."""
    west, south, east, north = parcels.bounds
    return CRS.from_proj4(
        f"+proj=laea +lat_0={(south + north) / 2:.4f} +lon_0={(west + east) / 2:.4f} +ellps=GRS80 +units=m"
    )


def _block(of: Array, parcels: Parcels, picked: Picked, rule: Rule) -> Blocks:
    member = np.flatnonzero(of >= 0)
    values, pixels = (part[:, member].T.astype(np.float32) for part in (picked.mean["ndvi"], picked.pixels))
    series, weight = block_series(values, pixels, of[member])
    count = len(series)
    whole = np.bincount(of[member], weights=picked.whole[member], minlength=count)
    series = np.where(weight >= rule.least_clear_share * whole[:, None], series, np.nan)
    made = Blocks(of, series, Facts(whole, None, np.ones(count)), np.bincount(of[member], minlength=count))
    use = parcels.frame["management"].to_numpy(object)[made.first()]
    return Blocks(of, series, Facts(whole, None, np.ones(count), use), made.members)


def _judge_blocks(
    made: pd.DataFrame,
    blocks: Blocks,
    season: Season,
    picked: Picked,
    peers: tuple[pd.DataFrame, Array, Array],
    rule: Rule,
) -> None:
    """Give the members of each block the verdict of the block, in place."""
    described, groups, among = peers
    own = describe(blocks.ndvi, picked.days, season)
    both = np.concatenate([groups, groups[blocks.first()]])
    counted = np.concatenate([among, np.zeros(len(own), bool)])
    score = relative(pd.concat([described, own], ignore_index=True), both, among=counted)
    ended = seen_out(season, picked.days[-1])
    found = _short(judge(own, score[len(described) :], blocks.facts, rule, ended=ended))
    member = np.flatnonzero(blocks.of >= 0)
    of = blocks.of[member]
    for name in found.columns:
        column = made[name].array.copy()
        column[member] = found[name].array[of]
        made[name] = column
    made["block"] = np.where(blocks.of >= 0, blocks.members[np.maximum(blocks.of, 0)], 0).astype(np.int32)
