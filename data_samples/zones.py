"""Planning zones: five of townships covering the county, eleven of neighbouring villages; and their plans."""

from __future__ import annotations

from datetime import timedelta

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from data_samples.areas import Areas
from data_samples.delivery import FIRST_DAY
from data_samples.terrain import CRS

TOWNSHIP_ZONES, VILLAGE_ZONES = 5, 11
LATE_START_DAYS = 450
"""How much later the third batch begins: it is under way, with its last days to come, when the samples end."""
STAGES = ("data", "survey", "draft", "county_review", "city_review", "province_review", "approved")
_INSTITUTES = ("砚石规划设计院", "澜石国土空间规划所", "霁月乡村规划工作室")


def make_zones(rng: np.random.Generator, areas: Areas) -> gpd.GeoDataFrame:
    """Columns code (P01–P05 township zones, C01–C11 village zones), name, zone_kind, township_name, members (list
    of area codes), geometry in EPSG:4544 as exact unions of members."""
    rows = []
    towns = areas.townships
    centres = np.column_stack([towns.centroid.x, towns.centroid.y])
    cores = _apart(centres, min(TOWNSHIP_ZONES, len(towns)))
    nearest = _spread(towns, cores)
    for number, core in enumerate(cores, start=1):
        members = towns[nearest == core]
        rows.append((f"P{number:02d}", "township", towns["name"][core], members))
    countryside = [core for core in rng.permutation(len(towns)) if towns["code"][core][6] != "0"]
    for number, core in enumerate(sorted(countryside[:VILLAGE_ZONES]), start=1):
        own = areas.villages[areas.villages["parent"] == towns["code"][core]].reset_index(drop=True)
        start = int(rng.integers(len(own)))
        rows.append(
            (f"C{number:02d}", "village", towns["name"][core], _cluster(own, start, int(rng.integers(4, 8))))
        )
    return gpd.GeoDataFrame(
        {
            "code": [r[0] for r in rows],
            "name": [_title(code, name, len(m)) for code, _, name, m in rows],
            "zone_kind": [r[1] for r in rows],
            "township_name": [r[2] for r in rows],
            "members": [r[3]["code"].tolist() for r in rows],
        },
        geometry=[shapely.coverage_union_all(r[3].geometry.to_numpy()).normalize() for r in rows],
        crs=CRS,
    )


def _title(code: str, township: str, members: int) -> str:
    stem = township.removesuffix("街道").removesuffix("镇").removesuffix("乡")
    return f"{stem}片区" if code[0] == "P" else f"{stem}{members}村连片片区"


def _apart(points: np.ndarray, count: int) -> list[int]:
    """Positions of `count` points, each the farthest from those before it, the first being the middlemost."""
    chosen = [int(np.argmin(np.hypot(*(points - points.mean(axis=0)).T)))]
    while len(chosen) < count:
        away = np.min([np.hypot(*(points - points[one]).T) for one in chosen], axis=0)
        chosen.append(int(np.argmax(away)))
    return chosen


def _spread(units: gpd.GeoDataFrame, cores: list[int]) -> np.ndarray:
    """Which core each unit belongs to, growing outwards over shared borders one ring at a time."""
    touch = shapely.STRtree(units.geometry).query(units.geometry, predicate="touches")
    owner = np.full(len(units), -1)
    owner[cores] = cores
    while (owner < 0).any():
        rings = owner.copy()
        for one, other in touch.T:
            if rings[one] < 0 and owner[other] >= 0:
                rings[one] = owner[other]
        owner = rings
    return owner


def _cluster(villages: gpd.GeoDataFrame, start: int, count: int) -> gpd.GeoDataFrame:
    """Up to `count` villages around `start`, each added sharing a border with one already in."""
    chosen = [start]
    touch = shapely.STRtree(villages.geometry).query(villages.geometry, predicate="touches")
    while len(chosen) < count:
        beside = [int(b) for a, b in touch.T if a in chosen and b not in chosen]
        if not beside:
            break
        chosen.append(min(beside))
    return villages.iloc[sorted(chosen)]


def make_plans(rng: np.random.Generator, zones: gpd.GeoDataFrame) -> pd.DataFrame:
    """One plan a zone: columns of layer zone_plan, all dates the plan will ever reach; see `life.as_of`."""
    rows = []
    for number, zone in enumerate(zones.drop(columns="geometry").to_dict("records")):
        township_kind = zone["zone_kind"] == "township"
        day = FIRST_DAY + timedelta(days=int(rng.integers(20, 200)))
        batch = "第一批" if day < FIRST_DAY + timedelta(days=110) else "第二批"
        if number % 4 == 2:
            day, batch = day + timedelta(days=LATE_START_DAYS), "第三批"
        pace = float(rng.uniform(0.9, 2.8)) * (1.0 if township_kind else 0.75)
        row: dict[str, object] = {
            "zone_id": zone["code"],
            "zone_name": zone["name"],
            "zone_kind": zone["zone_kind"],
            "batch": batch,
            "township_name": zone["township_name"],
            "planner": _INSTITUTES[int(rng.integers(len(_INSTITUTES)))],
            "responsible_unit": f"{zone['township_name']}人民政府",
            "due_on": pd.Timestamp(day + timedelta(days=400 if township_kind else 300)),
        }
        for stage, days in zip(STAGES, (0, 45, 80, 90, 60, 70, 60), strict=True):
            day += timedelta(days=int(days * pace * float(rng.uniform(0.8, 1.3))))
            row[f"{stage}_on"] = pd.Timestamp(day)
        rows.append(row)
    return pd.DataFrame(rows)
