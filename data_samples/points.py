"""Problem sites 环境问题点位: thick in market towns and along roads, thickest on market days."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from data_samples import names
from data_samples.areas import Areas
from data_samples.blocks import Blocks, Bools, locate
from data_samples.delivery import FIRST_DAY, LAST_DAY
from data_samples.life import later
from data_samples.terrain import CRS, Floats

MOST = 2_600
KINDS = {"城区": 0.13, "场镇": 0.34, "村社": 0.22, "交通沿线": 0.24, "城乡结合部": 0.07}
CATEGORIES = {
    "垃圾乱堆": (20, 22, 34, 40, 34),
    "沟渠塘堰": (4, 5, 22, 14, 14),
    "畜禽粪污": (0, 1, 14, 3, 8),
    "残垣断壁": (2, 2, 10, 6, 9),
    "乱堆乱放": (12, 12, 14, 20, 20),
    "三线凌乱": (12, 8, 4, 4, 5),
    "占道经营": (22, 22, 0, 4, 4),
    "赶集日乱停乱放": (4, 20, 0, 4, 1),
    "广告牌匾": (22, 7, 1, 4, 4),
    "其他": (2, 1, 1, 1, 1),
}
"""How often each category is found, by the place kinds in their order."""

LIMIT_DAYS = 15


def make_points(
    rng: np.random.Generator, areas: Areas, blocks: Blocks, roads: list[shapely.LineString], count: int
) -> gpd.GeoDataFrame:
    """`count` sites in EPSG:4544 with the fields of layer inspection_point but stage, and all their dates.

    Beside them: village (position), ending and ended_on for duplicates and void reports. Sorted by day reported.
    """
    kind = rng.choice(list(KINDS), count * 2, p=list(KINDS.values()))
    places = _places(rng, areas, blocks, roads, kind)
    village = locate(areas, places[:, 0], places[:, 1])
    kept = np.flatnonzero(village >= 0)[:count]
    kind, places, village = kind[kept], places[kept], village[kept]
    weights = np.array(list(CATEGORIES.values()), dtype=float)
    column = np.array([list(KINDS).index(k) for k in kind])
    chance = np.cumsum(weights / weights.sum(axis=0), axis=0)[:, column]
    category = np.array(list(CATEGORIES))[(rng.random(count) > chance).sum(axis=0)]
    at = areas.villages.iloc[village].reset_index(drop=True)
    township = areas.townships.set_index("code")["name"][at["parent"]].to_numpy()
    town = areas.townships["code"].searchsorted(at["parent"])
    points = gpd.GeoDataFrame(
        {
            "village": village,
            "township_name": township,
            "village_name": at["name"].to_numpy(),
            "village_code": at["code"].to_numpy(),
            "address": at["name"].to_numpy() + names.local_names(rng, count).astype(object),
            "category": category,
            "place_kind": kind,
            "description": category.astype(object) + "，需清理",
            "reporter": names.people(rng, count),
            "phone": names.phones(rng, count),
            "responsible_unit": township + "人民政府",
            "reported_on": _days(rng, town, np.isin(category, ["占道经营", "赶集日乱停乱放"]), kind == "场镇"),
        },
        geometry=shapely.points(np.round(places, 2)),
        crs=CRS,
    )
    points = _live(rng, points.sort_values("reported_on", kind="stable", ignore_index=True))
    points.insert(0, "point_id", [f"HJ{d:%Y%m}{n:05d}" for n, d in enumerate(points["reported_on"], start=1)])
    return points


def _places(
    rng: np.random.Generator, areas: Areas, blocks: Blocks, roads: list[shapely.LineString], kind: object
) -> Floats:
    """Where each site lies, by its place kind."""
    kinds = np.asarray(kind)
    count = len(kinds)
    towns = np.column_stack([areas.towns.geometry.x, areas.towns.geometry.y])
    weight = rng.gamma(2.0, 1.0, len(towns))
    town = towns[rng.choice(len(towns), count, p=weight / weight.sum())]
    angle = rng.uniform(0, 2 * np.pi, count)
    ring = np.column_stack([np.cos(angle), np.sin(angle)])
    along = shapely.multilinestrings(roads)
    lines = np.asarray(roads, dtype=object)
    road = rng.choice(len(lines), count, p=shapely.length(lines) / along.length)
    beside = shapely.line_interpolate_point(lines[road], rng.random(count), normalized=True)
    hamlets = np.flatnonzero((blocks.rank < 0.35) & ~blocks.urban)
    return np.select(
        [(kinds == k)[:, None] for k in KINDS],
        [
            towns[0] + rng.normal(0, 650, (count, 2)),
            town + rng.normal(0, 190, (count, 2)),
            blocks.seed[rng.choice(hamlets, count)] + rng.normal(0, 60, (count, 2)),
            shapely.get_coordinates(beside) + rng.normal(0, 18, (count, 2)),
            towns[0] + ring * rng.normal(2_100, 250, (count, 1)),
        ],
    )


def _days(rng: np.random.Generator, town: np.ndarray, trade: Bools, market: Bools) -> pd.Series:
    """Days reported: weekdays mostly; on a township's market days (days ending in its three figures) far more."""
    span = (LAST_DAY - FIRST_DAY).days
    days = pd.date_range(FIRST_DAY, periods=span, unit="s")
    figure = days.day.to_numpy() % 10
    chosen = np.empty(len(town), dtype=np.int64)
    base = np.where(days.day_of_week < 5, 1.0, 0.35)
    for turn in range(3):
        on_market_day = np.isin(figure, [turn + 1, turn + 4, turn + 7])
        for heavy, lift in ((trade, 9.0), (~trade & market, 2.5), (~trade & ~market, 1.2)):
            some = np.flatnonzero((town % 3 == turn) & heavy)
            weight = base * np.where(on_market_day, lift, 1.0)
            chosen[some] = rng.choice(span, len(some), p=weight / weight.sum())
    return pd.Series(days[chosen])


def _live(rng: np.random.Generator, points: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Dates of every stage; some townships are slower, some sites come back after they were closed."""
    count = len(points)
    codes, which = np.unique(points["township_name"], return_inverse=True)
    pace = rng.uniform(0.5, 1.7, len(codes))[which]

    def follow(since: pd.Series, mean: float, lost: float = 0.0) -> pd.Series:
        day = later(rng.gamma(1.6, mean / 1.6, count) * pace, since)
        return day.where(rng.random(count) >= lost)

    points["due_on"] = points["reported_on"] + pd.Timedelta(days=LIMIT_DAYS)
    points["claimed_on"] = follow(points["reported_on"], 1.2, 0.01)
    points["rectifying_on"] = follow(points["claimed_on"], 1.5, 0.02)
    points["rectified_on"] = follow(points["rectifying_on"], 5.0, 0.03)
    points["closed_on"] = follow(points["rectified_on"], 2.5, 0.02)
    back = rng.random(count) < 0.05
    points["recurred_on"] = later(rng.uniform(20, 120, count), points["closed_on"]).where(back)
    end = rng.random(count)
    points["ending"] = pd.Series(np.where(end < 0.015, "duplicate", "invalid")).where(end < 0.03)
    points["ended_on"] = later(np.full(count, 2.0), points["reported_on"]).where(end < 0.03)
    return points
