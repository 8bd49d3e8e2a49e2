"""The whole invented county: its land and everything that happens on it but the contract parcels themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd

from data_samples.abandoned import MU_IN_ALL, make_abandoned, neglected_blocks
from data_samples.areas import TOWNSHIPS, VILLAGES, Areas, make_areas
from data_samples.blocks import Blocks, Ints, make_blocks
from data_samples.contracts import contract_chunks, contract_order
from data_samples.controls import ecological_redline, permanent_farmland, urban_boundary
from data_samples.ground import make_road_frame, make_water
from data_samples.points import MOST, make_points
from data_samples.roads import make_roads
from data_samples.terrain import make_terrain
from data_samples.zones import make_plans, make_zones

Role = Literal["map", "paper", "shifted", "zoned"]
"""How a township reports its abandoned land: through the bureau's map, in a ledger without a map, from a web map
(GCJ-02), or as a survey with the zone number before the easting."""

FULL_AT = 30_000
"""From so many contract parcels on there are as many abandoned parcels and sites as a real county has."""

PATCHES_AT_FULL = 7_646
"""How many abandoned parcels that are, with the seed the county is usually made with."""

_MOST_A_BLOCK = 70
"""More fields than any block holds."""


@dataclass(frozen=True)
class County:
    """Everything in EPSG:4544. controls: layer id → frame. ground: rivers, reservoirs and roads.

    roles: township code → how it reports.
    """

    seed: int
    parcels: int
    areas: Areas
    blocks: Blocks
    order: Ints
    controls: dict[str, gpd.GeoDataFrame]
    ground: dict[str, gpd.GeoDataFrame]
    zones: gpd.GeoDataFrame
    plans: pd.DataFrame
    abandoned: gpd.GeoDataFrame
    points: gpd.GeoDataFrame
    roles: dict[str, Role]

    def contract_parcels(self) -> Iterator[gpd.GeoDataFrame]:
        """All contract parcels in chunks; see `contracts.contract_chunks`."""
        return contract_chunks(self.areas, self.blocks, self.order, self.parcels, self.seed)

    def township_codes(self, frame: pd.DataFrame) -> pd.Series:
        """The township code of each row of a frame that has `village_code`."""
        return frame["village_code"].str[:9]


def make_county(
    *,
    parcels: int,
    seed: int,
    townships: int = TOWNSHIPS,
    villages: int = VILLAGES,
    farmland_share: float = 1.0,
    abandoned_share: float = 1.0,
) -> County:
    """The county of that seed. Its land is the same for every number of parcels; abandoned land and sites are
    fewer in proportion below FULL_AT parcels, and by the shares, of which a small sample gives part only."""
    rng = np.random.default_rng(seed)
    terrain = make_terrain(rng)
    areas = make_areas(rng, terrain, townships=townships, villages=villages)
    blocks = make_blocks(rng, terrain, areas)
    if parcels > _MOST_A_BLOCK * len(blocks.seed):
        raise ValueError(f"the invented county has no room for {parcels} parcels")
    scale = min(1.0, parcels / FULL_AT)
    mu = MU_IN_ALL * scale * abandoned_share
    neglected = neglected_blocks(blocks, seed, mu)
    zones = make_zones(np.random.default_rng([seed, 60]), areas)
    controls = {
        "permanent_farmland": permanent_farmland(blocks, seed, share=farmland_share),
        "ecological_redline": ecological_redline(blocks, seed),
        "urban_boundary": urban_boundary(blocks, areas),
    }
    roads = make_roads(terrain, areas)
    rivers, reservoirs = make_water(terrain, areas)
    count = max(40, round(MOST * scale))
    return County(
        seed=seed,
        parcels=parcels,
        areas=areas,
        blocks=blocks,
        order=contract_order(blocks, neglected, seed),
        controls=controls,
        ground={
            "rivers": rivers,
            "reservoirs": reservoirs,
            "roads": make_road_frame(terrain, areas, roads),
        },
        zones=zones,
        plans=make_plans(np.random.default_rng([seed, 61]), zones),
        abandoned=make_abandoned(areas, blocks, neglected, seed, mu),
        points=make_points(np.random.default_rng([seed, 62]), areas, blocks, roads, count),
        roles=_roles(areas.townships["code"].tolist()),
    )


def share_for(abandoned: int, parcels: int) -> float:
    """The `abandoned_share` that gives about so many abandoned parcels beside so many contract parcels."""
    return abandoned / PATCHES_AT_FULL / min(1.0, parcels / FULL_AT)


def _roles(codes: list[str]) -> dict[str, Role]:
    """Six townships of thirty (two of six) send paper, one is shifted, one zoned; the bureau maps the rest."""
    many = len(codes) >= 20
    paper = (4, 8, 12, 16, 20, 24) if many else (1, 5)
    shifted, zoned = (6, 10) if many else (2, 4)
    roles: dict[str, Role] = dict.fromkeys(codes, "map")
    for position, code in enumerate(codes):
        if position in paper:
            roles[code] = "paper"
        elif position in (shifted, zoned):
            roles[code] = "shifted" if position == shifted else "zoned"
    return roles
