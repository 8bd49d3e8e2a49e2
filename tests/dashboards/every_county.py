"""The little county with something of every layer in each township, marked by whose it is."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines.act import act
from pipelines.ingest import Options, add
from pipelines.workspace import Workspace
from tests.dashboards import little_county
from tests.dashboards.little_county import SIDE, SOUTH, TOWNSHIPS, VILLAGES, WEST, build, feature, square, write

TODAY = date(2026, 11, 22)
STONE, CLEAR, EAST = TOWNSHIPS
OF = {STONE: "石字", CLEAR: "清字", EAST: "东字"}
"""A mark that every text of a township's things carries."""


def ids(township: str) -> list[str]:
    """The ids of everything in a township besides its parcels."""
    row = list(TOWNSHIPS).index(township)
    return [f"HJ{row}1", f"HJ{row}2", f"ZL{row}1", f"ZL{row}2", f"PQ{row}", f"990101{row + 100}20100{row}0001"]


def foreign(township: str) -> list[str]:
    """What a reader of one township must not come to see: codes, ids, marks and villages of the others.

    Names of the other townships are no secret.
    """
    others = [code for code in TOWNSHIPS if code != township]
    found = [one for code in others for one in (code, *ids(code), OF[code])]
    found += [name for code in others for _, name, _ in VILLAGES[code]]
    first, count = 1, 0
    for code in TOWNSHIPS:
        count = sum(len(parcels) for _, _, parcels in VILLAGES[code])
        if code != township:
            found += [f"TB{number:04d}" for number in range(first, first + count)]
        first += count
    return found


def build_every(folder: Path) -> Path:
    """The workspace, with a step taken on a site of each township."""
    root = build(folder)
    files = folder / "every"
    files.mkdir()
    sites, transfers, zones, parcels = [], [], [], []
    for row, (code, name) in enumerate(TOWNSHIPS.items()):
        south, village, mark = SOUTH + row * SIDE, VILLAGES[code][0][1], OF[code]
        place = {"乡镇": name, "村": village}
        for at in (1, 2):
            point = {"type": "Point", "coordinates": [WEST + 0.01 * at, south + 0.02]}
            sites.append(
                feature(
                    point,
                    点位编号=f"HJ{row}{at}",
                    地址=f"{mark}路",
                    问题类别="垃圾乱堆",
                    问题描述=f"{mark}问题",
                    整改状态="发现",
                    发现日期="2026-03-01",
                    发现人=f"{mark}某",
                    **place,
                )
            )
            shape = square(WEST + 0.01 * at, south + 0.01, 0.001, 0.001)
            transfers.append(
                feature(
                    shape, 合同编号=f"ZL{row}{at}", 受让方=f"{mark}合作社", 流转方式="出租", 流转面积=5.0, **place
                )
            )
        zone = square(WEST, south, SIDE, SIDE)
        zones.append(
            feature(zone, 片区编号=f"PQ{row}", 片区名称=f"{mark}片区", 片区类型="乡镇级片区", 阶段="调研座谈")
        )
        shape = square(WEST + 0.02, south + 0.01, 0.001, 0.001)
        parcels.append(feature(shape, 地块代码=f"990101{row + 100}20100{row}0001", 地块名称=f"{mark}田"))
    taken = {"inspection_point": sites, "land_transfer": transfers, "zone_plan": zones, "contract_parcel": parcels}
    for layer, features in taken.items():
        report = add(
            Workspace(root), write(files / f"{layer}.geojson", features), Options(layer=layer), at=date(2026, 3, 2)
        )
        assert report.accepted, (layer, [str(issue) for table in report.tables for issue in table.issues])
    for row, code in enumerate(TOWNSHIPS):
        moment = datetime(2026, 3, 10, 2, tzinfo=UTC)
        act(
            root,
            "inspection_point",
            f"HJ{row}1",
            "claimed",
            f"township:{TOWNSHIPS[code]}/{OF[code]}人",
            note=f"{OF[code]}说明",
            now=moment,
        )
    return root


PAYLOAD = "<img src=x onerror=window.hit=1>"
LONG_WORD = "Taumatawhakatangihangakoauauotamateaturipuk"
LONG_NAME = "石桥彝族土家族苗族羌族自治镇兼山区农林综合开发示范镇"


def build_wild(folder: Path) -> Path:
    """The same workspace with names too long for a phone, and every written text an attempt at markup.

    File names, notes, addresses, names of zones, parcels and people all hold `PAYLOAD` and `LONG_WORD`.
    """
    with pytest.MonkeyPatch.context() as patch:
        for code, mark in list(OF.items()):
            patch.setitem(OF, code, f"{mark}{PAYLOAD}{LONG_WORD}")
        patch.setitem(TOWNSHIPS, STONE, LONG_NAME)
        patch.setattr("tests.dashboards.little_county.HOSTILE", f"{PAYLOAD}{LONG_WORD}")
        patch.setattr("tests.dashboards.every_county.write", _under_a_hostile_name)
        return build_every(folder)


def _under_a_hostile_name(path: Path, features: list[dict[str, Any]]) -> Path:
    return little_county.write(path.with_name(f"{PAYLOAD}{LONG_WORD}{path.name}"), features)
