"""The little county's townships with a dozen problem sites, two built-up places and market days; round numbers."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from pipelines.ingest import Options, add
from pipelines.workspace import Workspace
from tests.dashboards.little_county import (
    CODE,
    HOSTILE,
    SOUTH,
    TOWNSHIPS,
    VILLAGES,
    WEST,
    areas,
    feature,
    square,
    write,
)

TODAY = date(2026, 3, 16)
STONE, CLEAR, EAST = TOWNSHIPS
# id, township, village, lon, lat, category, stage, dates by heading
SITES: list[tuple[str, str, int, float, float, str, str, dict[str, str]]] = [
    ("HJ01", STONE, 0, 0.010, 0.010, "垃圾乱堆", "发现", {"发现日期": "2026-03-10", "整改期限": "2026-03-24"}),
    ("HJ02", STONE, 0, 0.012, 0.010, "占道经营", "待核验", {"发现日期": "2026-03-02", "整改期限": "2026-03-20"}),
    ("HJ03", STONE, 1, 0.050, 0.010, "三线凌乱", "认领", {"发现日期": "2026-02-10", "整改期限": "2026-03-01"}),
    (
        "HJ04",
        STONE,
        0,
        0.020,
        0.020,
        "垃圾乱堆",
        "销号",
        {"发现日期": "2026-02-01", "销号日期": "2026-02-10", "整改期限": "2026-02-20"},
    ),
    (
        "HJ05",
        CLEAR,
        0,
        0.020,
        0.060,
        "垃圾乱堆",
        "反弹",
        {"发现日期": "2026-01-05", "销号日期": "2026-01-10", "反弹日期": "2026-03-01", "整改期限": "2026-01-20"},
    ),
    (
        "HJ06",
        CLEAR,
        0,
        0.0201,
        0.060,
        "垃圾乱堆",
        "反弹",
        {"发现日期": "2026-01-06", "销号日期": "2026-01-12", "反弹日期": "2026-03-05", "整改期限": "2026-01-20"},
    ),
    ("HJ07", EAST, 0, 0.010, 0.100, "畜禽粪污", "发现", {"发现日期": "2026-03-12", "整改期限": "2026-03-17"}),
    (
        "HJ08",
        EAST,
        0,
        0.012,
        0.102,
        "其他",
        "销号",
        {"发现日期": "2026-01-02", "销号日期": "2026-02-20", "整改期限": "2026-01-20"},
    ),
]


def at(lon: float, lat: float) -> tuple[float, float]:
    """A place of the grid as degrees."""
    return round(WEST + lon, 6), round(SOUTH + lat, 6)


def sites(folder: Path) -> Path:
    """The file of sites; one address is hostile."""
    found: list[dict[str, Any]] = []
    for name, township, village, lon, lat, category, stage, days in SITES:
        label = VILLAGES[township][village][1]
        place = {"type": "Point", "coordinates": list(at(lon, lat))}
        given = {
            "点位编号": name,
            "乡镇": TOWNSHIPS[township],
            "村": label,
            "问题类别": category,
            "整改状态": stage,
            **days,
        }
        address = HOSTILE if name == "HJ07" else f"{label}{name}处"
        found.append(feature(place, **given, 地址=address, 区位类型="场镇", 发现人="赵无名"))
    return write(folder / "sites.geojson", found)


def towns(folder: Path) -> Path:
    """The file of two urban boundaries: the county town in 石桥镇, a market town in 清水乡."""
    large = square(*at(0.005, 0.005), 0.010, 0.010)
    small = square(*at(0.010, 0.050), 0.004, 0.004)
    return write(folder / "towns.geojson", [feature(large, 图斑编号="C1"), feature(small, 图斑编号="C2")])


MARKETS = """
[market_days]
"石桥镇" = "公历逢六"
"清水乡" = "农历逢三六九"
"东山乡" = "看情况"
"""


def build_sites(folder: Path) -> Path:
    """A workspace with the areas, the towns and the sites taken in."""
    files = folder / "sent"
    files.mkdir(parents=True)
    workspace = Workspace.create(folder / "county", code=CODE, name="试县")
    with (workspace.root / "county.toml").open("a", encoding="utf-8") as settings:
        settings.write(MARKETS)
    townships, villages = areas(files)
    sent = {
        "township": townships,
        "village": villages,
        "urban_boundary": towns(files),
        "inspection_point": sites(files),
    }
    for layer, path in sent.items():
        report = add(workspace, path, Options(layer=layer), at=TODAY)
        assert report.returned == 0, (layer, [str(issue) for table in report.tables for issue in table.issues])
    return workspace.root
