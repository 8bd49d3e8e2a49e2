"""Abandoned parcels 撂荒地: patches of one to four fields on neglected slopes, and what becomes of each."""

from __future__ import annotations

from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from data_samples import names
from data_samples.areas import Areas
from data_samples.blocks import Blocks, Ints, draw, locate
from data_samples.delivery import FIRST_DAY
from data_samples.fields import M2_PER_MU, Fields, fields_of
from data_samples.life import later
from data_samples.terrain import CRS, Floats

MU_IN_ALL = 20_000.0
_MU_A_BLOCK = 26.0
_CAMPAIGNS = ((FIRST_DAY, 55, 0.62), (date(2025, 6, 2), 45, 0.24), (date(2026, 4, 7), 70, 0.14))
"""When patches are looked for: first day, length in days, share of all found then."""


def neglected_blocks(blocks: Blocks, seed: int, mu: float) -> Ints:
    """The blocks in which patches lie, the most neglected first, enough for `mu` with some to spare; the most
    neglected of each township before all others, so that none goes without."""
    which = np.flatnonzero((blocks.rank < 0.62) & ~blocks.urban)
    key = -blocks.neglect[which] - 3.0 * draw(seed, 40, which)
    first = np.unique(blocks.township[which[np.argsort(key, kind="stable")]], return_index=True)[1]
    key[np.argsort(key, kind="stable")[first]] -= 100
    order = np.argsort(key, kind="stable")
    return which[order][: int(mu / _MU_A_BLOCK * 1.5) + 4]


def make_abandoned(areas: Areas, blocks: Blocks, neglected: Ints, seed: int, mu: float) -> gpd.GeoDataFrame:
    """Patches adding up to `mu` (within one patch) in EPSG:4544, with all dates they will ever reach.

    Columns: those of layer abandoned_parcel but stage, and village (position), measured_mu, ending and ended_on
    as `life.as_of` wants them. Sorted by parcel_id.
    """
    fields = fields_of(blocks, np.sort(neglected), seed)
    patches = _patches(fields, seed)
    x, y = shapely.get_coordinates(shapely.point_on_surface(patches.geometry.to_numpy())).T
    patches["village"] = locate(areas, x, y)
    patches = patches[patches["village"] >= 0]
    place = pd.Series(np.arange(len(neglected)), index=neglected)
    patches = patches.iloc[np.argsort(place[patches["block"]].to_numpy(), kind="stable")]
    patches["measured_mu"] = patches.area / M2_PER_MU
    enough = int(np.searchsorted(patches["measured_mu"].cumsum(), mu)) + 1
    patches = patches.iloc[:enough].sort_values(["village", "block"], kind="stable", ignore_index=True)
    rng = np.random.default_rng([seed, 41])
    return _describe(rng, areas, _lead_lives(rng, areas, patches))


def _patches(fields: Fields, seed: int) -> gpd.GeoDataFrame:
    """Fields joined across two strips and along eight steps; a third is left out as still tilled."""
    key = fields.block, fields.strip // 2, fields.start // 8
    chance = draw(seed, 42, key[0], key[1], key[2])
    tilled = chance >= 0.62
    number = np.unique(np.stack(key)[:, ~tilled], axis=1, return_inverse=True)[1]
    members = np.split(
        np.flatnonzero(~tilled)[np.argsort(number, kind="stable")], np.cumsum(np.bincount(number))[:-1]
    )
    unions = [shapely.coverage_union_all(fields.polygon[some]) for some in members]
    outlines = [max(shapely.get_parts(union), key=shapely.area) for union in unions]
    blocks = [int(fields.block[some[0]]) for some in members]
    made = gpd.GeoDataFrame({"block": blocks}, geometry=shapely.normalize(outlines), crs=CRS)
    return made[~made.geometry.interiors.map(bool)]


def _lead_lives(rng: np.random.Generator, areas: Areas, patches: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Dates of every stage, quicker in some townships; some patches get stuck, rejected, or fallow again."""
    township = areas.villages["parent"].to_numpy()[patches["village"]]
    codes, which = np.unique(township, return_inverse=True)
    pace = rng.uniform(0.7, 1.8, len(codes))[which]
    stuck = rng.uniform(0.02, 0.22, len(codes))[which]
    count = len(patches)
    campaign = rng.choice(len(_CAMPAIGNS), count, p=[share for _, _, share in _CAMPAIGNS])
    opened = pd.Series([pd.Timestamp(_CAMPAIGNS[c][0]) for c in campaign], index=patches.index)
    length = np.array([days for _, days, _ in _CAMPAIGNS])[campaign]
    alive = np.ones(count, dtype=bool)

    def _follow(since: pd.Series, least: float, most: float, lost: float | Floats) -> pd.Series:
        nonlocal alive
        alive = alive & (rng.random(count) >= lost)
        day = later(least + rng.gamma(2.0, (most - least) / 4, count) * pace, since)
        return day.where(alive)

    patches["found_on"] = later(rng.integers(0, length, count).astype(float), opened)
    patches["verified_on"] = _follow(patches["found_on"], 2, 14, 0.01)
    patches["assigned_on"] = _follow(patches["verified_on"], 1, 9, 0.01)
    patches["due_on"] = later(np.full(count, 90.0), patches["assigned_on"])
    patches["started_on"] = _follow(patches["assigned_on"], 3, 35, stuck)
    patches["remediated_on"] = _follow(patches["started_on"], 12, 70, stuck / 2)
    patches["accepted_on"] = _follow(patches["remediated_on"], 3, 40, 0.08)
    patches["planted_on"] = _follow(patches["accepted_on"], 5, 90, 0.2)
    again = rng.random(count) < 0.06
    patches["re_abandoned_on"] = later(rng.uniform(150, 420, count), patches["planted_on"]).where(again)
    rejected = (rng.random(count) < 0.05) & patches["assigned_on"].notna()
    patches["ending"] = pd.Series("rejected", index=patches.index).where(rejected)
    patches["ended_on"] = patches["assigned_on"].where(rejected)
    return patches


def _describe(rng: np.random.Generator, areas: Areas, patches: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Numbers, names and amounts: what the township wrote down, now and then more than there is."""
    count = len(patches)
    village = areas.villages.iloc[patches["village"]].reset_index(drop=True)
    township = areas.townships.set_index("code")["name"][village["parent"]].reset_index(drop=True)
    within = patches.groupby(village["parent"].to_numpy()).cumcount() + 1
    honest = 1 + np.clip(rng.normal(0, 0.011, count), -0.03, 0.03)
    boast = np.where(rng.random(count) < 0.015, rng.uniform(1.12, 1.4, count), 1.0)
    patches["parcel_id"] = [f"LH{c}{n:04d}" for c, n in zip(village["parent"], within, strict=True)]
    patches["township_name"] = township.to_numpy()
    patches["village_name"] = village["name"].to_numpy()
    patches["village_code"] = village["code"].to_numpy()
    patches["place_name"] = names.local_names(rng, count)
    patches["reported_mu"] = np.round(patches["measured_mu"] * honest * boast, 2)
    patches["planned_mu"] = np.round(patches["measured_mu"], 1)
    patches["mode"] = rng.choice(
        ["农户自种", "流转经营", "集体经营", "托管代耕", "果茶园"], count, p=[0.3, 0.3, 0.18, 0.15, 0.07]
    )
    patches["crop"] = rng.choice(["油菜", "小麦", "玉米", "水稻", "大豆", "红薯", "高粱"], count)
    month = patches["planted_on"].dt.month
    season = np.where(month.between(3, 8), "大春", "小春")
    patches["season"] = pd.Series(season, index=patches.index).where(month.notna())
    firm = patches["mode"].isin(["流转经营", "集体经营", "托管代耕"]).to_numpy()
    patches["grower"] = np.where(firm, names.firms(rng, count), names.people(rng, count))
    patches["phone"] = names.phones(rng, count)
    patches["responsible_unit"] = patches["township_name"] + "人民政府"
    patches["remark"] = pd.Series("含田坎面积", index=patches.index).where(boast > 1.0)
    return patches.sort_values("parcel_id", ignore_index=True)
