"""A county of three townships and eight villages on a grid, made through the front door, with round numbers."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from geo.measure import mu_from_m2
from pipelines.act import act
from pipelines.ingest import Options, add
from pipelines.workspace import Workspace

CODE = "990101"
WEST, SOUTH, SIDE = 106.0, 31.0, 0.04
HOSTILE = "<img src=x onerror=alert(1)>湾"
TOWNSHIPS = {"990101100": "石桥镇", "990101101": "清水乡", "990101102": "东山乡"}
# township → its villages with the parcels of each: (stage, reported 亩)
VILLAGES: dict[str, list[tuple[str, str, list[tuple[str, float]]]]] = {
    "990101100": [
        ("990101100201", "前进村", [("已整治", 3.0), ("发现", 1.0)]),
        ("990101100202", "红旗村", [("已验收", 2.0), ("已种植", 2.0)]),
        ("990101100203", "上游村", [("交办", 4.0)]),
    ],
    "990101101": [
        ("990101101201", "清泉村", [("已整治", 1.0)] * 12),
        ("990101101202", "柳林村", [("发现", 1.0)] * 12),
    ],
    "990101102": [
        ("990101102201", "东山村", [("整治中", 5.0)]),
        ("990101102202", "西坡村", []),
        ("990101102203", "牛角村", [("再撂荒", 2.5)]),
    ],
}


def square(west: float, south: float, wide: float, high: float) -> dict[str, Any]:
    """A rectangle as a GeoJSON polygon."""
    east, north = west + wide, south + high
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def feature(geometry: dict[str, Any] | None, **properties: object) -> dict[str, Any]:
    """A GeoJSON feature."""
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def write(path: Path, features: list[dict[str, Any]]) -> Path:
    """A GeoJSON file of these features."""
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False), "utf-8")
    return path


def areas(folder: Path) -> tuple[Path, Path]:
    """The files of townships (rows of the grid) and villages (columns of each row)."""
    townships, villages = [], []
    for row, (code, name) in enumerate(TOWNSHIPS.items()):
        south = SOUTH + row * SIDE
        townships.append(feature(square(WEST, south, 3 * SIDE, SIDE), 乡镇代码=code, 乡镇名称=name))
        inside = VILLAGES[code]
        wide = 3 * SIDE / len(inside)
        for column, (village, label, _) in enumerate(inside):
            shape = square(WEST + column * wide, south, wide, SIDE)
            villages.append(feature(shape, 村代码=village, 村名称=label, 乡镇代码=code))
    return write(folder / "townships.geojson", townships), write(folder / "villages.geojson", villages)


def parcels(folder: Path) -> Path:
    """The file of abandoned parcels, each a square of about the 亩 it reports."""
    found = []
    for row, township in enumerate(TOWNSHIPS):
        inside = VILLAGES[township]
        wide = 3 * SIDE / len(inside)
        for column, (_, village, stages) in enumerate(inside):
            for at, (stage, mu) in enumerate(stages):
                side = (mu / float(mu_from_m2(1.0))) ** 0.5 / 111_000
                west = WEST + column * wide + 0.004 + 0.004 * (at % 5)
                south = SOUTH + row * SIDE + 0.004 + 0.004 * (at // 5)
                found.append(
                    feature(
                        square(west, south, side / 0.857, side),
                        图斑编号=f"TB{len(found) + 1:04d}",
                        乡镇=TOWNSHIPS[township],
                        村=village,
                        小地名=HOSTILE,
                        上报面积=mu,
                        种植主体="赵无名",
                        整治阶段=stage,
                        发现日期="2026-01-15",
                    )
                )
    return write(folder / "parcels.geojson", found)


def build(folder: Path) -> Path:
    """A workspace with the areas and the parcels taken in, and one step taken since."""
    files = folder / "sent"
    files.mkdir(parents=True)
    workspace = Workspace.create(folder / "county", code=CODE, name="试县")
    townships, villages = areas(files)
    taken = {"township": townships, "village": villages, "abandoned_parcel": parcels(files)}
    for layer, path in taken.items():
        report = add(workspace, path, Options(layer=layer), at=date(2026, 2, 1))
        assert report.returned == 0, (layer, [str(issue) for table in report.tables for issue in table.issues])
    moment = datetime(2026, 3, 10, 2, tzinfo=UTC)
    act(
        workspace.root,
        "abandoned_parcel",
        "TB0002",
        "verified",
        "bureau:农业农村局/李无名",
        note=HOSTILE,
        now=moment,
    )
    return workspace.root
