"""Land transfers 土地流转: contracts on contract parcels, some of them double, too large, ended or ending."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from data_samples import names
from data_samples.areas import Areas
from data_samples.blocks import draw
from data_samples.delivery import FIRST_DAY, LAST_DAY

SHARE = 0.12
"""How many of the contract parcels are let on."""

DOUBLE, OVER_AREA, TERMINATED = 0.025, 0.02, 0.02
USES = ("粮油种植", "蔬菜", "柑橘", "中药材", "青饲玉米")
CHANGED, UNWRITTEN = 0.3, 0.12
"""How often the use becomes another with the contract, and how often nobody wrote down the former one."""


def let_parcels(parcels: gpd.GeoDataFrame, seed: int) -> gpd.GeoDataFrame:
    """Those of a chunk of contract parcels that are let on: whole neighbourhoods rather than single fields."""
    hood = draw(seed, 50, parcels["block"].to_numpy())
    own = draw(seed, 51, parcels["block"].to_numpy(), np.arange(len(parcels)))
    return parcels[(hood < 0.2) & (own < SHARE / 0.2)]


def make_transfers(areas: Areas, let: gpd.GeoDataFrame, seed: int) -> gpd.GeoDataFrame:
    """One row a contract and parcel in EPSG:4544, with the fields of layer land_transfer but stage.

    Beside them: village (position), block, trouble (`double`, `over_area` or None), ending and ended_on for
    contracts broken off. Fields of one block are let to one firm on one day. Sorted by contract_id.
    """
    rng = np.random.default_rng([seed, 52])
    first = _contracts(rng, let)
    twice = first[rng.random(len(first)) < DOUBLE].copy()
    twice["trouble"] = "double"
    twice["lessee"] = names.firms(rng, len(twice))
    shift = pd.to_timedelta(rng.integers(60, 300, len(twice)), unit="D")
    twice["starts_on"] += shift
    twice["ends_on"] += shift
    twice["filed_on"] = twice["starts_on"] - pd.Timedelta(days=12)
    first["use_before"] = _former_use(first, seed)
    twice["use_before"] = first.loc[twice.index, "use_before"]
    every = pd.concat([first, twice], ignore_index=True).sort_values(["village", "filed_on"], kind="stable")
    village = areas.villages.iloc[every["village"]].reset_index(drop=True)
    every = every.reset_index(drop=True)
    name_of = areas.townships.set_index("code")["name"]
    every["township_name"] = name_of[village["parent"]].to_numpy()
    every["village_name"] = village["name"].to_numpy()
    every["village_code"] = village["code"].to_numpy()
    within = every.groupby(village["parent"].to_numpy()).cumcount() + 1
    every["contract_id"] = [f"LZ{c}{n:06d}" for c, n in zip(village["parent"], within, strict=True)]
    return gpd.GeoDataFrame(every.sort_values("contract_id", ignore_index=True), crs=let.crs)


def _contracts(rng: np.random.Generator, let: gpd.GeoDataFrame) -> pd.DataFrame:
    """One contract a parcel; the parcels of a block share firm, mode, term and price."""
    blocks, deal = np.unique(let["block"].to_numpy(), return_inverse=True)
    deals, count = len(blocks), len(let)
    span = (LAST_DAY - FIRST_DAY).days
    starts = pd.Timestamp(FIRST_DAY) + pd.to_timedelta(rng.integers(-1000, span - 20, deals), unit="D")
    years = rng.choice([1, 2, 3, 5, 10], deals, p=[0.1, 0.17, 0.3, 0.28, 0.15])
    soon = rng.random(deals) < 0.05
    ends = starts + pd.to_timedelta(years * 365 - 1, unit="D")
    near = pd.Timestamp(LAST_DAY) + pd.to_timedelta(rng.integers(5, 90, deals), unit="D")
    ends = pd.DatetimeIndex(np.where(soon, near.to_numpy(), ends.to_numpy())).as_unit("s")
    mode = rng.choice(["出租（转包）", "入股", "其他", "托管代耕"], deals, p=[0.72, 0.1, 0.08, 0.1])
    over = rng.random(count) < OVER_AREA
    amount = let["SCMJM"].to_numpy() * np.where(over, rng.uniform(1.15, 1.5, count), 1.0)
    broken = rng.random(count) < TERMINATED
    started = starts.as_unit("s")[deal]
    ended = started + pd.to_timedelta(rng.integers(60, 330, count), unit="D")
    return pd.DataFrame(
        {
            "contract_parcel_id": let["DKBM"].to_numpy(),
            "contracted_mu": np.round(amount, 2),
            "mode": mode[deal],
            "starts_on": started,
            "ends_on": ends[deal],
            "filed_on": started - pd.Timedelta(days=12),
            "terminated_on": pd.Series(ended).where(broken).to_numpy(),
            "price": rng.choice([300.0, 350.0, 400.0, 450.0, 500.0, 600.0], deals)[deal],
            "lessor": let["holder"].to_numpy(),
            "lessee": names.firms(rng, deals)[deal],
            "phone": names.phones(rng, deals)[deal],
            "use_after": rng.choice(list(USES), deals)[deal],
            "village": let["village"].to_numpy(),
            "block": let["block"].to_numpy(),
            "trouble": pd.Series("over_area", index=range(count)).where(over).to_numpy(),
            "ending": pd.Series("terminated", index=range(count)).where(broken).to_numpy(),
            "ended_on": pd.Series(ended).where(broken).to_numpy(),
            "geometry": let.geometry.to_numpy(),
        }
    )


def _former_use(contracts: pd.DataFrame, seed: int) -> pd.Series:
    """What grew on the fields of a block before: grain most often, where it was something else at all."""
    block = contracts["block"].to_numpy()
    after = contracts["use_after"]
    other = after.where(after == USES[0], USES[0]).where(after != USES[0], USES[1])
    changed = draw(seed, 53, block) < CHANGED
    return after.where(~changed, other).mask(draw(seed, 54, block) < UNWRITTEN)
