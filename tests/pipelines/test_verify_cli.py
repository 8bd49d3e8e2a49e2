"""The satellite check as a user runs it: the command line from files to figures."""

from __future__ import annotations

import json
import shutil
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from geo.verdicts import VERDICTS
from pipelines.__main__ import main
from pipelines.ingest import Options, add
from pipelines.workspace import Workspace
from tests.pipelines import satellite
from tests.pipelines.test_verify import DAYS, IDLE, corners, pictures, series_table, stored


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, Any, str]:
    """Exit code, the JSON on standard output, and what was said beside it."""
    code = main([*map(str, arguments), "--format", "json"])
    said = capsys.readouterr()
    return code, (json.loads(said.out)[0] if said.out else None), said.err


def transfers(root: Path, folder: Path) -> Workspace:
    """48 transferred parcels, two to a contract, in force from 2023-09; H15 ends within the second season."""
    workspace = Workspace.create(root, code="519721", name="试验县")
    number = np.arange(48)
    frame = gpd.GeoDataFrame(
        {
            "流转合同编号": [f"H{n // 2:02d}" for n in number],
            "地块代码": [f"519721100001{n:07d}" for n in number],
            "流转面积": 5.4,
            "流转方式": "出租",
            "流转起始日期": "2023-09-01",
            "流转终止日期": np.where(number // 2 == 15, "2024-06-30", "2033-08-31"),
            "合同状态": "履行中",
        },
        geometry=list(corners()),
        crs=32648,
    ).to_crs(4490)
    frame.to_file(folder / "transfers.gpkg")
    report = add(workspace, folder / "transfers.gpkg", Options(layer="land_transfer"), at=date(2023, 10, 1))
    assert report.accepted == 48
    return workspace


def test_contracts_idle_two_seasons_running_are_listed_with_what_they_hold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = transfers(tmp_path / "w", tmp_path).root
    scenes = pictures(tmp_path / "s", idle=(4, 5, 17, 30))
    code, made, _ = run(capsys, "verify", root, "--scenes", scenes, "--layer", "land_transfer")
    assert code == 0
    listed = [(c["contract_id"], c["parcels"], c["of_parcels"], c["season"]) for c in made["contracts"]]
    assert listed == [("H02", 2, 2, "2024-autumn"), ("H08", 1, 2, "2024-autumn")]
    assert made["contracts"][0]["micro_mu"] == made["contracts"][0]["of_micro_mu"] == 10_800_000
    assert made["tasks"] == []
    main(["verify", str(root), "--scenes", str(scenes), "--layer", "land_transfer"])
    assert "连续两季不符的流转合同 2 份" in capsys.readouterr().out


@pytest.mark.parametrize(("by", "rows"), [("county", 1), ("township", 3), ("village", 3)])
def test_reported_mu_adds_up_at_every_level_with_what_has_no_shape(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], by: str, rows: int
) -> None:
    root = stored(tmp_path / "w", corners()).root
    file = next((root / "imports").rglob("data.parquet"))
    frame = pd.read_parquet(file)
    frame.loc[frame["id"] == "P47", ["area_m2", "geometry", "lon", "lat"]] = None
    _write_again(file, frame)
    code, made, _ = run(capsys, "verify", root, "--scenes", pictures(tmp_path / "s"), "--by", by)
    assert code == 0
    season = [row for row in made["areas"] if row["season"] == "2024-autumn"]
    assert len(season) == rows
    for row in season:
        assert round(sum(row[f"{v}_mu"] for v in VERDICTS), 2) == row["reported_mu"]
    assert (season[0]["reported_mu"], season[0]["contradicted_mu"]) == (240.0, 15.0)
    assert season[0]["not_observable_mu"] == 5.0
    assert round(sum(row["reported_mu"] for row in season[1:]), 2) == (0 if by == "county" else 240.0)
    code, shown, _ = run(capsys, "verify", root, "--show", "P47")
    assert shown["parcel"][0]["said"] == "台账里没有该地块的边界，影像无从核查。"


def test_a_season_counts_what_was_reported_in_use_in_it_on_every_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    number = np.arange(48)
    accepted = np.where(number < 12, "2024-02-01", np.where(number < 24, "NaT", "2023-09-01"))
    days = pd.Series(pd.to_datetime(accepted)).dt.as_unit("s")
    stage = np.where((number >= 12) & (number < 24), "remediating", "accepted")
    declared = np.where(number >= 36, "autumn", None)
    root = stored(tmp_path / "w", corners(), accepted_on=days, stage=stage, season=declared).root
    _, made, _ = run(capsys, "verify", root, "--scenes", pictures(tmp_path / "s"), "--by", "county")
    figures = {row["season"]: [row["reported_mu"], row["contradicted_mu"]] for row in made["areas"]}
    assert figures == {"2024-spring": [12 * 5.0, 5.0], "2024-autumn": [36 * 5.0, 10.0]}
    counted = {(one["season"], one["verdict"]): one["parcels"] for one in made["verdicts"]}
    assert counted[("2024-spring", "not_judged")] == 36
    assert counted[("2024-autumn", "contradicted")] == 2
    assert {task["id"]: task["task"] for task in made["tasks"]} == {"P05": "look_back", "P30": "review"}
    assert said_of(capsys, root, "P05") == ["not_judged", "contradicted"]
    assert said_of(capsys, root, "P17") == ["not_judged", "not_judged"]
    assert said_of(capsys, root, "P40") == ["not_judged", "confirmed"]
    _, made, _ = run(capsys, "verify", root, "--sample", 48)
    drawn = pd.read_csv(made["sample"]["csv"], encoding="utf-8-sig")
    assert len(drawn) == 36


def said_of(capsys: pytest.CaptureFixture[str], root: Path, parcel: str) -> list[str]:
    """The verdicts on a parcel's sheet, season by season."""
    _, made, _ = run(capsys, "verify", root, "--show", parcel)
    return [one["verdict"] for one in made["parcel"]]


def _write_again(file: Path, frame: pd.DataFrame) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pq.read_schema(file)
    pq.write_table(pa.Table.from_pandas(frame, schema=schema, preserve_index=False), file)


def test_the_watch_runs_on_parcels_closed_by_an_event_and_stops_when_they_are_open_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = stored(tmp_path / "w", corners(), stage="remediated", accepted_on=pd.NaT).root
    scenes = pictures(tmp_path / "s")
    _, made, _ = run(capsys, "verify", root, "--scenes", scenes)
    assert (made["tasks"], made["consolidation"]) == ([], [])
    steps = [
        ("P05", "accepted", "2023-12-01"),
        ("P17", "accepted", "2023-12-01"),
        ("P17", "re_abandoned", "2024-11-01"),
    ]
    events = pd.DataFrame(
        {
            "seq": range(1, 4),
            "id": ["a", "b", "c"],
            "feature_id": [one[0] for one in steps],
            "kind": "step",
            "to_stage": [one[1] for one in steps],
            "at": [f"{one[2]}T04:00:00+00:00" for one in steps],
            "recorded_at": [f"{one[2]}T04:00:00+00:00" for one in steps],
            "due_on": None,
            "undoes": None,
        }
    )
    monkeypatch.setattr("pipelines.summarise.events_of", lambda *_: events)
    _, made, _ = run(capsys, "verify", root, "--scenes", scenes)
    assert [(t["id"], t["task"], t["season"]) for t in made["tasks"]] == [("P05", "look_back", "2024-autumn")]
    county = [row for row in made["consolidation"] if row["area_code"] == "519721"]
    assert [(r["seasons_after"], r["accepted_mu"], r["contradicted_mu"]) for r in county] == [(1, 10.0, 10.0)]


def test_products_of_every_kind_are_taken_from_one_folder_and_what_is_broken_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = pictures(tmp_path / "s", days=DAYS[::2])
    product = satellite.safe(tmp_path)
    with zipfile.ZipFile(folder / f"{product.stem}.zip", "w") as archive:
        for path in product.rglob("*"):
            archive.write(path, path.relative_to(tmp_path))
    shutil.rmtree(product)
    satellite.landsat(folder / "landsat")
    red = satellite.write(folder / "item" / "red.tif", satellite.reflectance(0.05))
    satellite.write(folder / "item" / "nir.tif", satellite.reflectance(0.45))
    band = [{"scale": 0.0001, "offset": 0.0}]
    assets = {name: {"href": f"./{name}.tif", "raster:bands": band} for name in ("red", "nir")}
    item = {"type": "Feature", "stac_version": "1.0.0", "id": "item-1", "assets": assets}
    item |= {"properties": {"datetime": "2024-06-09T03:00:00Z"}}
    (red.parent / "item.json").write_text(json.dumps(item), encoding="utf-8")
    whole = (folder / f"ndvi_{DAYS[2]:%Y%m%d}.tif").read_bytes()
    (folder / "ndvi_20240920.tif").write_bytes(whole)
    (folder / "ndvi_20240921.tif").write_bytes(whole[:600])
    (folder / "S2A_MSIL2A_20240922T033541_N0510_R061_T48RVU_20240922T080000.zip").write_bytes(b"PK\x03\x04 cut")
    satellite.write(folder / "ndvi_20240923.tif", np.full((9, 9), 0.5, np.float32), crs=None)
    satellite.write(folder / "ndvi_20240924.tif", np.full((9, 9), 0.5, np.float32), crs="EPSG:32633")
    root = stored(tmp_path / "w", corners()).root
    code, made, _ = run(capsys, "verify", root, "--scenes", folder)
    assert code == 1
    assert made["scenes"] == len(DAYS[::2]) + 3
    found = sorted(issue["code"] for issue in made["issues"])
    assert found == [
        "scene_outside",
        "scene_repeated",
        "scene_unreadable",
        "scene_unreadable",
        "scene_without_crs",
    ]
    assert main(["verify", str(root), "--scenes", str(folder)]) == 1
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert "像元完全相同" in said
    for name in ("ndvi_20240921.tif", "T48RVU_20240922T080000.zip", "ndvi_20240923.tif", "ndvi_20240924.tif"):
        [line] = [one for one in said.splitlines() if name in one]
        assert "已跳过，其余照常。请" in line
    spring = {one["verdict"]: one["parcels"] for one in made["verdicts"] if one["season"] == "2024-spring"}
    assert spring == {"confirmed": 48 - len(IDLE), "contradicted": len(IDLE)}


def test_where_no_scene_can_be_used_each_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for day in (1, 2):
        satellite.write(tmp_path / "s" / f"ndvi_2024010{day}.tif", np.full((9, 9), 0.5, np.float32), crs=None)
    root = stored(tmp_path / "w", corners()).root
    assert main(["verify", str(root), "--scenes", str(tmp_path / "s")]) == 2
    said = capsys.readouterr().err.splitlines()
    assert [("ndvi_20240101.tif" in one, "ndvi_20240102.tif" in one) for one in said] == [
        (True, False),
        (False, True),
        (False, False),
    ]


def test_visits_are_drawn_and_taken_in_without_the_pictures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = stored(tmp_path / "w", corners()).root
    scenes = pictures(tmp_path / "s")
    code, made, _ = run(capsys, "verify", root, "--scenes", scenes, "--sample", 20)
    shutil.rmtree(scenes)
    carried = pd.read_csv(made["sample"]["csv"], dtype=str, encoding="utf-8-sig")
    carried["实地在种"] = np.where(carried["编号"].isin([f"P{i:02d}" for i in IDLE]), "否", "是")
    carried.to_excel(tmp_path / "filled.xlsx", index=False)
    code, made, _ = run(capsys, "verify", root, "--results", tmp_path / "filled.xlsx")
    assert code == 0
    assert made["estimate"]["in_use_mu"] == pytest.approx(225.0)
    assert made["estimate"]["low"] == made["estimate"]["high"] == pytest.approx(225.0)
    assert main(["verify", str(root), "--results", str(tmp_path / "filled.xlsx")]) == 0
    assert "推算在种 225.0 [225.0, 225.0] 亩" in capsys.readouterr().out


def test_nothing_asked_for_is_refused_with_the_next_step(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = Workspace.create(tmp_path / "w", code="519721", name="试验县").root
    assert main(["verify", str(root)]) == 2
    assert "--scenes" in capsys.readouterr().err


def test_a_calibration_says_what_its_places_cannot_tell_and_ranks_by_blocks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = series_table(400)
    number = np.arange(len(table))
    table["经度"], table["纬度"] = 106.0 + number // 20 * 0.01, 31.0 + number % 20 * 0.01
    near = (table["乡镇"] == "甲镇") | (number == 390)
    table.loc[~near & (table["标注"] == "撂荒"), "标注"] = "水稻"
    table.to_csv(tmp_path / "t.csv", index=False)
    command = ["verify", "--scenes", str(tmp_path / "t.csv"), "--calibrate"]
    assert main(command) == 0
    zh = capsys.readouterr().out
    assert main([*command, "--lang", "en"]) == 0
    en = capsys.readouterr().out
    assert "乙镇 的撂荒或在种不足 5 块，撂荒地块 95% 在 甲镇：按地点交叉验证说明不了换一个地方会怎样。" in zh
    assert "the cross-validation by place says little about another place." in en
    [line] = [one for one in zh.splitlines() if one.startswith("乙镇 ") and "200" in one]
    assert line.split()[1:4] == ["200", "1", "199"]
    assert "地点内按位置分 8 片" in zh
    assert "By 8 blocks of neighbours within the places" in en
    code, made, _ = run(capsys, *command)
    assert code == 0
    assert made["calibration"]["blocks"]["blocks"] == 8
