"""The little county with three zones submitted twice and a stretch of permanent farmland, with round numbers."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from pipelines.ingest import Options, add
from pipelines.workspace import Workspace
from tests.dashboards.little_county import SIDE, SOUTH, WEST, build, feature, square, write

TODAY = date(2026, 3, 16)
HOSTILE = "<b onclick=alert(2)>甲</b>片区"
# id: (name, kind, batch, columns of the grid first and now, stage, its day, last day)
ZONES = {
    "P01": (HOSTILE, "乡镇级片区", "第一批", 1.0, 1.5, "市级审查", "2026-02-02", "2026-12-31"),
    "P02": ("乙片区", "乡镇级片区", "第二批", 1.0, 1.0, "初步成果", "2026-03-02", "2026-05-29"),
    "C01": ("丙片区", "村级片区", "第二批", 0.5, 0.5, "批复", "2026-03-02", "2026-06-30"),
}
DAY_FIELDS = {"市级审查": "市级审查日期", "初步成果": "初步成果日期", "批复": "批复日期"}


def zones(folder: Path, *, second: bool) -> Path:
    """The file of one submission: each zone a strip of one township, as wide as its columns of the grid."""
    found = []
    for row, (key, (name, kind, batch, first, now, stage, since, due)) in enumerate(ZONES.items()):
        wide = (now if second else first) * SIDE
        shape = square(WEST, SOUTH + row * SIDE, wide, SIDE)
        days = {DAY_FIELDS[stage]: since} if second else {}
        found.append(
            feature(
                shape,
                片区编号=key,
                片区名称=name,
                片区类型=kind,
                批次=batch,
                阶段=stage if second else "调研座谈",
                期限=due,
                **days,
            )
        )
    return write(folder / f"zones{2 if second else 1}.geojson", found)


def build_planning(folder: Path) -> Path:
    """The workspace; the first submission in January, the second in March, farmland under the south-west."""
    root = build(folder)
    workspace = Workspace(root)
    files = folder / "planning"
    files.mkdir()
    farmland = write(
        files / "farmland.geojson", [feature(square(WEST, SOUTH, SIDE / 2, SIDE / 2), 编号="N1", 图斑编号="N1")]
    )
    taken = [
        (zones(files, second=False), "zone_plan", date(2026, 1, 5)),
        (zones(files, second=True), "zone_plan", date(2026, 3, 3)),
        (farmland, "permanent_farmland", date(2026, 1, 5)),
    ]
    for path, layer, at in taken:
        report = add(workspace, path, Options(layer=layer), at=at)
        assert report.returned == 0, (layer, [str(issue) for table in report.tables for issue in table.issues])
    return root
