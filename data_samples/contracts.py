"""Contract parcels 承包地块 with the field names of NY/T 2539, in chunks so that a million fit in memory."""

from __future__ import annotations

from collections.abc import Iterator

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from data_samples import names
from data_samples.areas import Areas
from data_samples.blocks import Blocks, Ints, draw, locate, rank_within
from data_samples.fields import M2_PER_MU, Fields, fields_of
from data_samples.terrain import CRS

_BLOCKS_AT_ONCE = 400
_GROUPS = 6


def contract_order(blocks: Blocks, neglected: Ints, seed: int) -> Ints:
    """The blocks in the order in which they are let: valley land first, some neglected ones early, in every
    township alike."""
    key = blocks.rank + 0.001 * draw(seed, 35, np.arange(len(blocks.rank)))
    early = neglected[draw(seed, 30, neglected) < 0.33]
    key[early] *= 0.02
    order = np.argsort(rank_within(blocks.township, key), kind="stable")
    return order[~blocks.urban[order]]


def contract_chunks(
    areas: Areas, blocks: Blocks, order: Ints, count: int, seed: int
) -> Iterator[gpd.GeoDataFrame]:
    """Exactly `count` parcels in EPSG:4544, some 23,000 a chunk, with the columns of NY/T 2539's DK.

    Beside them: block, village (position in `Areas.villages`), and holder (the household's invented head), which
    the standard keeps in another table. ValueError when the county has no room for so many.
    """
    serial = np.zeros(len(areas.villages) * _GROUPS, dtype=np.int64)
    turn = np.empty(len(blocks.rank), dtype=np.int64)
    turn[order] = np.arange(len(order))
    left = count
    for start in range(0, len(order), _BLOCKS_AT_ONCE):
        if left == 0:
            return
        fields = fields_of(blocks, np.sort(order[start : start + _BLOCKS_AT_ONCE]), seed)
        fields = fields.take(np.argsort(turn[fields.block], kind="stable"))
        village = locate(areas, fields.x, fields.y)
        kept = np.flatnonzero(village >= 0)[:left]
        left -= len(kept)
        yield _parcels(areas, blocks, fields.take(kept), village[kept], serial, seed)
    if left:
        raise ValueError(f"the invented county has no room for {count} parcels, only for {count - left}")


def _parcels(
    areas: Areas, blocks: Blocks, fields: Fields, village: Ints, serial: Ints, seed: int
) -> gpd.GeoDataFrame:
    group = (draw(seed, 31, fields.block) * _GROUPS).astype(np.int64)
    issuer = village * _GROUPS + group
    order = np.argsort(issuer, kind="stable")
    size = np.bincount(issuer, minlength=len(serial))
    within = np.empty(len(fields), dtype=np.int64)
    within[order] = np.arange(len(fields)) - (np.cumsum(size) - size)[issuer[order]]
    number = serial[issuer] + within + 1
    serial += size
    codes = areas.villages["code"].to_numpy()[village]
    keys = fields.block, fields.strip, fields.start
    rng = np.random.default_rng([seed, 32, int(fields.block[0])])
    measured = np.round(fields.area_m2, 2)
    farmland = (blocks.rank[fields.block] < 0.45) & (draw(seed, 33, *keys) < 0.85)
    neighbours = [names.people(rng, len(fields)) for _ in range(4)]
    frame = {
        "DKBM": [f"{c}{g + 1:02d}{n:05d}" for c, g, n in zip(codes, group.tolist(), number.tolist(), strict=True)],
        "DKMC": names.local_names(rng, len(fields)),
        "SYQXZ": "30",
        "DKLB": "10",
        "TDLYLX": np.where(draw(seed, 34, *keys) < 0.55, "011", "013"),
        "DLDJ": (1 + np.floor(blocks.rank[fields.block] * 9)).astype(int).astype(str),
        "TDYT": "1",
        "SFJBNT": np.where(farmland, "1", "2"),
        "SCMJ": measured,
        "SCMJM": np.round(measured / M2_PER_MU, 2),
        "DKDZ": neighbours[0],
        "DKXZ": neighbours[1],
        "DKNZ": neighbours[2],
        "DKBZ": neighbours[3],
        "DKBZXX": "",
        "block": fields.block,
        "village": village,
        "holder": names.people(rng, len(fields)),
    }
    return gpd.GeoDataFrame(pd.DataFrame(frame), geometry=shapely.normalize(fields.polygon), crs=CRS)
