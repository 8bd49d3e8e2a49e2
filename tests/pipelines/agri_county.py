"""The little county with transfers and dated parcels, for what a bureau of agriculture asks."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from geo.measure import mu_from_m2
from pipelines.ingest import Options, add
from pipelines.workspace import Workspace
from tests.dashboards.little_county import CODE, SOUTH, WEST, areas, feature, square, write

BUREAU = "bureau:农业农村局/李无名"
TOWNSHIP = "township:石桥镇人民政府/王无名"
TODAY = date(2026, 6, 1)


def plot(west: float, south: float, mu: float) -> dict[str, Any]:
    """A square of so many 亩, to a few thousandths, at this latitude."""
    side = (mu / float(mu_from_m2(1.0))) ** 0.5
    return square(west, south, side / 95_492, side / 110_872)


LH = (
    # id, village, 亩, stage, mode, crop, season, grower, days
    ("A1", 0, 10.0, "发现", "农户自种", "", "", "赵甲", {"发现日期": "2026-05-25"}),
    ("A2", 0, 20.0, "交办", "流转经营", "", "", "赵甲", {"发现日期": "2026-01-05", "交办日期": "2026-01-12"}),
    (
        "A3",
        0,
        30.0,
        "已整治",
        "流转经营",
        "水稻",
        "大春",
        "钱乙",
        {"发现日期": "2025-01-06", "整治完成日期": "2025-03-03"},
    ),
    (
        "A4",
        1,
        40.0,
        "已验收",
        "集体经营",
        "油菜",
        "小春",
        "孙丙",
        {"发现日期": "2025-01-06", "验收日期": "2026-03-02"},
    ),
    (
        "A5",
        1,
        50.0,
        "已种植",
        "流转经营",
        "玉米",
        "大春",
        "钱乙",
        {"发现日期": "2024-01-08", "种植日期": "2025-04-01"},
    ),
    ("A6", 2, 60.0, "不予认定", "", "", "", "", {"发现日期": "2025-01-06"}),
    (
        "A7",
        2,
        70.0,
        "再撂荒",
        "果园",
        "",
        "",
        "孙丙",
        {"发现日期": "2024-01-08", "种植日期": "2025-04-01", "再撂荒日期": "2026-02-02"},
    ),
)


def agri_parcels(folder: Path) -> Path:
    """Seven parcels in three villages of the first township, one in each stage that matters; areas as reported."""
    found = []
    for at, (name, column, mu, stage, mode, crop, season, grower, days) in enumerate(LH):
        west = WEST + column * 0.04 + 0.001 + 0.004 * (at % 3)
        said = mu * 1.5 if name == "A5" else mu
        fields: dict[str, object] = {
            "图斑编号": name,
            "村代码": f"9901011002{column + 1:02d}",
            "小地名": f"{name}湾",
            "上报面积": said,
            "整治阶段": stage,
            "利用方式": mode or None,
            "种植作物": crop or None,
            "季别": season or None,
            "种植主体": grower or None,
            "责任单位": "石桥镇人民政府",
        }
        found.append(feature(plot(west, SOUTH + 0.004, mu), **fields, **days))
    return write(folder / "图斑.geojson", found)


def contracts(folder: Path) -> tuple[Path, Path]:
    """Contract land of 60 亩, and four contracts: two on one parcel, one over its area, one that ended on A3."""
    land = [
        feature(plot(WEST + 0.02, SOUTH + 0.02 + 0.004 * at, 20.0), 地块编码=f"99010110020100{at + 1:05d}",
                合同面积=20.0, 地块名称=f"地{at}")
        for at in range(3)
    ]  # fmt: skip
    let = []
    for name, parcel, mu, start, end in (
        ("H1", 0, 20.0, "2025-01-01", "2030-12-31"),
        ("H2", 0, 20.0, "2025-06-01", "2030-12-31"),
        ("H3", 1, 30.0, "2025-01-01", "2026-07-31"),
    ):
        shape = plot(WEST + 0.02, SOUTH + 0.02 + 0.004 * parcel, 20.0)
        let.append(_contract(shape, name, f"99010110020100{parcel + 1:05d}", mu, start, end))
    row = [one[0] for one in LH].index("A3")
    over = plot(WEST + 0.001 + 0.004 * (row % 3), SOUTH + 0.004, 30.0)
    let.append(_contract(over, "H4", None, 30.0, "2024-01-01", "2025-12-31"))
    return write(folder / "承包地块.geojson", land), write(folder / "流转.geojson", let)


def _contract(
    shape: dict[str, Any], name: str, parcel: str | None, mu: float, start: str, end: str
) -> dict[str, Any]:
    return feature(
        shape,
        合同编号=name,
        地块代码=parcel,
        流转面积=mu,
        流转方式="出租",
        起始日期=start,
        终止日期=end,
        备案日期=start,
        流转前用途="水稻",
        流转后用途="柑橘" if name == "H3" else "水稻",
        流入方="周丁",
    )


def build(folder: Path) -> Workspace:
    """A workspace with the areas, the parcels, the contract land and the contracts taken in on 2026-05-26."""
    files = folder / "sent"
    files.mkdir(parents=True)
    workspace = Workspace.create(folder / "county", code=CODE, name="试县")
    townships, villages = areas(files)
    land, let = contracts(files)
    taken = {
        "township": townships,
        "village": villages,
        "abandoned_parcel": agri_parcels(files),
        "contract_parcel": land,
        "land_transfer": let,
    }
    for layer, path in taken.items():
        report = add(workspace, path, Options(layer=layer), at=date(2026, 5, 26))
        assert report.returned == 0, (layer, [str(i.as_dict()) for table in report.tables for i in table.issues])
    return Workspace(workspace.root)
