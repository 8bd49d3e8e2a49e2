"""A file's way in: counted, stored once, superseded by id, returned with reasons; nothing half-written."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
import shapely

from geo.errors import Refused
from pipelines.__main__ import main
from pipelines.exchange import show
from pipelines.ingest import Options, add, check
from pipelines.summarise import progress, progress_split
from pipelines.workspace import Workspace

MU_M2 = 2000 / 3
DEGREE = 0.001


def square(column: int, row: int, size: float = DEGREE) -> shapely.Polygon:
    """A square of about one hectare on a grid in the test county."""
    west, south = 105 + 2 * column * DEGREE, 30.5 + 2 * row * DEGREE
    return shapely.box(west, south, west + size, south + size)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace of two townships side by side, with two villages in the western one."""
    workspace = Workspace.create(tmp_path / "县", code="519721", name="试验县")
    towns = gpd.GeoDataFrame(
        {"代码": ["519721101", "519721102"], "名称": ["东溪镇", "西溪镇"]},
        geometry=[shapely.box(105, 30.5, 105.02, 30.52), shapely.box(105.02, 30.5, 105.04, 30.52)],
        crs="EPSG:4490",
    )
    villages = gpd.GeoDataFrame(
        {"代码": ["519721101201", "519721101202"], "名称": ["桥头村", "坝上村"], "乡镇": ["东溪镇"] * 2},
        geometry=[shapely.box(105, 30.5, 105.02, 30.51), shapely.box(105, 30.51, 105.02, 30.52)],
        crs="EPSG:4490",
    )
    for name, frame in (("township", towns), ("village", villages)):
        frame.to_file(tmp_path / f"{name}.gpkg")
        add(workspace, tmp_path / f"{name}.gpkg", Options(layer=name), at=date(2024, 1, 2))
    return workspace.root


def parcels(path: Path, ids: list[str], mu: list[float], stages: list[str], crs: str = "EPSG:4490") -> Path:
    """A GeoPackage of abandoned parcels on a row of squares."""
    shapes = [square(i, 0) for i in range(len(ids))]
    gpd.GeoDataFrame(
        {"图斑编号": ids, "面积（亩）": mu, "整治阶段": stages}, geometry=shapes, crs="EPSG:4490"
    ).to_crs(crs).to_file(path)
    return path


def test_rows_at_fault_go_back_and_the_others_are_stored(root: Path, tmp_path: Path) -> None:
    path = parcels(tmp_path / "p.gpkg", ["A", "B", "C"], [15.9, 15.9, 15.9], ["发现", "已整治", "快好了"])
    report = add(Workspace(root), path, Options(layer="abandoned_parcel"))
    assert (report.rows, report.accepted, report.returned, report.exit_code) == (3, 2, 1, 1)
    assert list(show(Workspace(root), "abandoned_parcel")["id"]) == ["A", "B"]
    copy = report.tables[0].returned_file
    assert copy is not None and copy.parent == root / "returned"
    cells = {
        str(c.value) for line in openpyxl.load_workbook(copy).worksheets[0].iter_rows() for c in line if c.value
    }
    assert "快好了" in cells


def test_the_same_file_twice_changes_nothing_and_says_so(root: Path, tmp_path: Path) -> None:
    path = parcels(tmp_path / "p.gpkg", ["A"], [15.9], ["发现"])
    first = add(Workspace(root), path, Options(layer="abandoned_parcel"))
    before = sorted(p.relative_to(root) for p in (root / "imports").rglob("*"))
    second = add(Workspace(root), path, Options(layer="abandoned_parcel"))
    assert [i.code for i in second.all_issues] == ["already_added"]
    assert (second.accepted, second.exit_code) == (first.accepted, 0)
    assert sorted(p.relative_to(root) for p in (root / "imports").rglob("*")) == before


def test_a_corrected_file_supersedes_by_id_and_the_past_stays(root: Path, tmp_path: Path) -> None:
    first = parcels(tmp_path / "a.gpkg", ["A", "B"], [15.9, 15.8], ["发现", "发现"])
    second = parcels(tmp_path / "b.gpkg", ["A"], [10.0], ["已整治"])
    add(Workspace(root), first, Options(layer="abandoned_parcel"), at=date(2024, 2, 1))
    add(Workspace(root), second, Options(layer="abandoned_parcel"), at=date(2024, 6, 1))
    now = show(Workspace(root), "abandoned_parcel").set_index("id")
    then = show(Workspace(root), "abandoned_parcel", as_of=date(2024, 3, 1)).set_index("id")
    assert (now.loc["A", "reported_mu"], now.loc["A", "stage"]) == (10.0, "remediated")
    assert (then.loc["A", "reported_mu"], then.loc["A", "stage"]) == (15.9, "found")
    assert now.loc["B", "reported_mu"] == 15.8
    assert len(Workspace(root).imports("abandoned_parcel")) == 2
    assert show(Workspace(root), "abandoned_parcel", as_of=date(2024, 1, 15)).empty


def test_a_table_without_shapes_updates_fields_and_keeps_the_shape(root: Path, tmp_path: Path) -> None:
    add(Workspace(root), parcels(tmp_path / "a.gpkg", ["A"], [15.9], ["发现"]), Options(layer="abandoned_parcel"))
    sheet = tmp_path / "台账.csv"
    sheet.write_text("图斑编号,乡镇,村,整治阶段\nA,东溪镇,桥头村,已验收\n", encoding="utf-8")
    report = add(Workspace(root), sheet, Options(layer="abandoned_parcel"))
    assert report.accepted == 1
    row = show(Workspace(root), "abandoned_parcel").iloc[0]
    assert (row["stage"], row["reported_mu"], row["placed_by"]) == ("accepted", 15.9, "geometry")
    assert row["area_m2"] == pytest.approx(10_640, rel=0.01)


def test_a_row_with_only_a_place_name_counts_in_its_village(root: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "台账.csv"
    sheet.write_text("图斑编号,乡镇,村,面积（亩）,整治阶段\nN1,东溪,坝上,2.5,发现\n", encoding="utf-8")
    add(Workspace(root), sheet, Options(layer="abandoned_parcel"))
    rows = progress(Workspace(root), "abandoned_parcel", "village").set_index("area_code")
    assert rows.loc["519721101202", "found_mu"] == 2.5
    assert show(Workspace(root), "abandoned_parcel").iloc[0]["placed_by"] == "name"


def test_every_route_gives_the_same_total(root: Path, tmp_path: Path) -> None:
    # One square straddles the two villages, one the two townships, one lies in the township without villages.
    shapes = [
        shapely.box(105.001, 30.5095, 105.002, 30.5105),
        shapely.box(105.0195, 30.501, 105.0205, 30.502),
        shapely.box(105.03, 30.515, 105.031, 30.516),
    ]
    frame = {
        "图斑编号": ["a", "b", "c"],
        "面积（亩）": [1.01, 1.01, 1.01],
        "整治阶段": ["发现", "已整治", "已验收"],
    }
    gpd.GeoDataFrame(frame, geometry=shapes, crs="EPSG:4490").to_file(tmp_path / "p.gpkg")
    add(Workspace(root), tmp_path / "p.gpkg", Options(layer="abandoned_parcel"))
    totals = []
    for by in ("county", "township", "village"):
        rows = progress(Workspace(root), "abandoned_parcel", by, decimals=2)
        totals.append(
            (round(rows["reported_mu"].sum(), 6), rows["features"].sum(), round(rows["measured_mu"].sum(), 6))
        )
    assert totals[0] == totals[1] == totals[2]
    assert totals[0][0] == 3.03
    stages = progress(Workspace(root), "abandoned_parcel", "county").iloc[0]
    assert (stages["found_mu"], stages["remediated_mu"], stages["accepted_mu"]) == (3.03, 2.02, 1.01)
    villages = progress(Workspace(root), "abandoned_parcel", "village", decimals=2)
    assert set(villages.loc[villages["level"] == "unplaced", "area_code"]) == {"519721102"}


def test_a_projected_file_without_declaration_is_placed_and_says_why(root: Path, tmp_path: Path) -> None:
    shapes = gpd.GeoSeries([square(1, 1), square(2, 1)], crs="EPSG:4490").to_crs("EPSG:4523")
    plain = gpd.GeoDataFrame({"编号": ["A", "B"], "阶段": ["发现"] * 2}, geometry=shapes.to_numpy(), crs=4523)
    plain.to_file(tmp_path / "p.shp", encoding="utf-8")
    (tmp_path / "p.prj").unlink()
    report = add(Workspace(root), tmp_path / "p.shp", Options(layer="abandoned_parcel"))
    assert report.tables[0].crs == "EPSG:4523"
    assert "crs_assumed" in {i.code for i in report.all_issues}
    got = show(Workspace(root), "abandoned_parcel")
    assert got.geometry.iloc[0].symmetric_difference(square(1, 1)).area < 1e-12


def test_rows_that_take_the_place_of_others_are_counted(root: Path, tmp_path: Path) -> None:
    first = parcels(tmp_path / "a.gpkg", ["A", "B"], [15.9, 15.9], ["发现"] * 2)
    second = parcels(tmp_path / "b.gpkg", ["A", "C", "D"], [15.9] * 3, ["已整治"] * 3)
    add(Workspace(root), first, Options(layer="abandoned_parcel"))
    report = add(Workspace(root), second, Options(layer="abandoned_parcel"))
    said = [i.params for i in report.all_issues if i.code == "rows_superseded"]
    assert said == [{"count": 1, "new": 2}]


def test_a_table_of_another_kind_is_refused_and_leaves_nothing(root: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "空.csv"
    sheet.write_text("图斑编号,乡镇,面积（亩）\n", encoding="utf-8")
    with pytest.raises(Refused) as refusal:
        add(Workspace(root), sheet, Options(layer="abandoned_parcel"))
    assert refusal.value.code in ("file_has_no_rows", "text_not_a_table")
    assert list((root / "returned").iterdir()) == []


def test_one_absurd_coordinate_does_not_spoil_the_others(root: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "点.csv"
    rows = ["P1,30.505,105.005", "P2,30.506,105.006", "P3,30.507,105.007", "P4,1e300,1e300"]
    sheet.write_text("点位编号,纬度,经度\n" + "\n".join(rows) + "\n", encoding="utf-8")
    report = add(Workspace(root), sheet, Options(layer="inspection_point"))
    assert (report.accepted, report.returned) == (3, 1)


def test_a_check_stores_nothing(root: Path, tmp_path: Path) -> None:
    path = parcels(tmp_path / "p.gpkg", ["A", "A"], [15.9, 3.0], ["发现", "发现"])
    before = sorted(root.rglob("*"))
    report = check(path, Options(layer="abandoned_parcel"), workspace=Workspace(root))
    assert {"id_duplicate", "area_disagrees"} <= {i.code for i in report.all_issues}
    assert [p for p in sorted(root.rglob("*")) if p not in before and "summary" not in p.parts] == []


def test_a_mapping_is_overridden_saved_and_used_again(root: Path, tmp_path: Path) -> None:
    def sheet(name: str, mu: float) -> Path:
        path = tmp_path / name
        path.write_text(f"甲,乙,丙,乡镇\nX1,{mu},发现,东溪镇\n", encoding="utf-8")
        return path

    told = {"parcel_id": "甲", "reported_mu": "乙", "stage": "丙"}
    add(Workspace(root), sheet("1.csv", 2.0), Options(layer="abandoned_parcel", mapping=told, sender="东溪镇政府"))
    add(Workspace(root), sheet("2.csv", 3.0), Options(layer="abandoned_parcel", sender="东溪镇政府"))
    assert show(Workspace(root), "abandoned_parcel")["reported_mu"].tolist() == [3.0]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (Options(layer="nothing"), "layer_unknown"),
        (Options(layer="abandoned_parcel", mapping={"parcel_id": "没有"}), "column_unknown"),
        (Options(layer="abandoned_parcel", mapping={"nothing": "图斑编号"}), "field_unknown"),
        (Options(layer="abandoned_parcel", crs="EPSG:1"), "crs_no_such"),
        (Options(layer="abandoned_parcel", sender="../x"), "sender_name_wrong"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_nothing_is_stored(
    root: Path, tmp_path: Path, options: Options, code: str
) -> None:
    path = parcels(tmp_path / "p.gpkg", ["A"], [15.9], ["发现"])
    with pytest.raises(Refused) as refusal:
        add(Workspace(root), path, options)
    assert refusal.value.code == code
    assert not list((root / "imports").glob("abandoned_parcel/*"))


def test_the_command_line_keeps_its_contract(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = parcels(tmp_path / "p.gpkg", ["A", "B"], [15.9, 15.9], ["发现", "不知道"])
    report = tmp_path / "r.json"
    assert main(["add", str(root), str(path), "--layer", "abandoned_parcel", "--report", str(report)]) == 1
    told = json.loads(report.read_text(encoding="utf-8"))
    assert {"file", "layer", "crs", "encoding", "rows", "accepted", "returned", "issues"} <= set(told)
    assert (told["rows"], told["accepted"], told["returned"]) == (2, 1, 1)
    wrong = [i for i in told["issues"] if i["severity"] == "error"]
    assert [(i["code"], i["row"], i["field"]) for i in wrong] == [("choice_unknown", 2, "stage")]
    capsys.readouterr()
    asked = ["--layer", "abandoned_parcel", "--format", "json"]
    assert main(["progress", str(root), "--by", "township", *asked]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(r["area_code"], r["level"], r["features"]) for r in rows] == [
        ("519721101", "township", 1),
        ("519721102", "township", 0),
    ]
    assert main(["show", str(root), *asked]) == 0
    row = json.loads(capsys.readouterr().out)[0]
    assert {"id", "area_code", "area_name", "stage", "area_m2", "lon", "lat", "reported_mu"} <= set(row)
    assert (row["id"], row["area_code"], row["area_name"]) == ("A", "519721101201", "桥头村")
    assert main(["progress", str(root), "--layer", "abandoned_parcel", "--by", "zone"]) == 2
    assert main(["add", str(root), str(tmp_path / "none.shp")]) == 2
    assert "\n" not in capsys.readouterr().err.strip().splitlines()[-1]


@pytest.mark.parametrize("kind", ["csv", "geojson", "table"])
def test_every_format_of_progress_has_every_township(
    root: Path, tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    add(Workspace(root), parcels(tmp_path / "p.gpkg", ["A"], [15.9], ["发现"]), Options(layer="abandoned_parcel"))
    capsys.readouterr()
    assert main(["progress", str(root), "--layer", "abandoned_parcel", "--by", "township", "--format", kind]) == 0
    out = capsys.readouterr().out
    assert "519721101" in out and "519721102" in out
    if kind == "geojson":
        assert [f["geometry"]["type"] for f in json.loads(out)["features"]] == ["Polygon", "Polygon"]


def test_personal_fields_are_masked_where_rows_are_shown(root: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "台账.csv"
    sheet.write_text(
        "图斑编号,乡镇,种植主体,联系电话,整治阶段\nN1,东溪镇,甄无名,19900001234,发现\n", encoding="utf-8"
    )
    add(Workspace(root), sheet, Options(layer="abandoned_parcel"))
    row = show(Workspace(root), "abandoned_parcel").iloc[0]
    assert "甄无名" not in str(row["grower"]) and "19900001234" not in str(row["phone"])


def test_a_transfer_rate_divides_by_the_contract_land(root: Path, tmp_path: Path) -> None:
    ids = [f"5197211012010100{i:03d}" for i in range(1, 5)]
    shapes = [square(i, 1) for i in range(4)]
    gpd.GeoDataFrame({"DKBM": ids, "SCMJM": [10.0] * 4}, geometry=shapes, crs="EPSG:4490").to_file(
        tmp_path / "dk.gpkg"
    )
    add(Workspace(root), tmp_path / "dk.gpkg", Options(layer="contract_parcel"), at=date(2024, 1, 3))
    contracts = pd.DataFrame(
        {
            "流转合同编号": ["H1", "H2", "H3", "H4"],
            "地块编码": [ids[0], ids[0], ids[1], ids[2]],
            "流转面积（亩）": [10.0, 10.0, 12.0, 5.0],
            "流转方式": ["出租", "入股", "出租", "托管"],
            "起始日期": ["2023-01-01"] * 4,
            "终止日期": ["2030-01-01", "2030-01-01", "2024-07-01", "2030-01-01"],
            "乡镇": ["东溪镇"] * 4,
        }
    )
    contracts.to_excel(tmp_path / "流转.xlsx", index=False)
    add(Workspace(root), tmp_path / "流转.xlsx", Options(layer="land_transfer"))
    row = progress(Workspace(root), "land_transfer", "county", date(2024, 6, 1)).iloc[0]
    assert (row["contracts"], row["transferred_mu"], row["service_mu"]) == (4, 32.0, 5.0)
    assert row["transfer_rate"] == pytest.approx(80.0)
    assert (row["double_leased"], row["over_area"], row["expiring_90d"]) == (2, 1, 1)
    later = progress(Workspace(root), "land_transfer", "county", date(2024, 8, 1)).iloc[0]
    assert (later["contracts"], later["expired"], later["transferred_mu"]) == (3, 1, 20.0)


def test_progress_split_by_a_field_adds_up_to_progress(root: Path, tmp_path: Path) -> None:
    path = parcels(tmp_path / "p.gpkg", ["A", "B", "C"], [15.9, 15.9, 15.9], ["发现", "已整治", "已整治"])
    add(Workspace(root), path, Options(layer="abandoned_parcel"))
    split = progress_split(Workspace(root), "abandoned_parcel", "county", "stage").set_index("stage")
    assert split["features"].to_dict() == {"found": 1, "remediated": 2}
    whole = progress(Workspace(root), "abandoned_parcel", "county").iloc[0]
    assert split["reported_mu"].sum() == pytest.approx(whole["reported_mu"], abs=1e-9)


def test_a_split_is_asked_by_heading_and_told_in_words(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = parcels(tmp_path / "p.gpkg", ["A", "B"], [15.9, 15.9], ["发现", "已整治"])
    add(Workspace(root), path, Options(layer="abandoned_parcel"))
    asked = ["progress", str(root), "--layer", "abandoned_parcel", "--by", "county"]
    assert main([*asked, "--split", "整治阶段"]) == 0
    table = capsys.readouterr().out
    assert "整治阶段" in table and "已整治" in table and "remediated " not in table
    assert main([*asked, "--split", "Stage", "--format", "csv"]) == 0
    csv_said = capsys.readouterr().out
    assert ",stage," in csv_said.splitlines()[0] and ",remediated," in csv_said
    assert main([*asked, "--split", "nothing"]) == 2
    assert "图层“撂荒地整治图斑”没有这些字段：nothing" in (said := capsys.readouterr().err) and "（mode）" in said
    assert main([*asked, "--split", "nothing", "--lang", "en"]) == 2
    assert "Mode (mode)" in (said := capsys.readouterr().err) and "整治" not in said


def test_a_column_is_mapped_to_a_field_by_its_heading(root: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "台账.csv"
    sheet.write_text("甲,上报面积,发现日期\nP1,3.5,2024-01-05\n", encoding="utf-8")
    asked = Options(layer="abandoned_parcel", mapping={"图斑编号": "甲"})
    [table] = check(sheet, asked, workspace=Workspace(root)).tables
    assert table.mapping["parcel_id"] == ("甲", "given")


@pytest.mark.parametrize(
    "layer", ["abandoned_parcel", "inspection_point", "land_transfer", "contract_parcel", "idle_land"]
)
def test_no_field_of_people_becomes_a_split_or_is_offered_as_one(root: Path, layer: str) -> None:
    declared = Workspace(root).layer(layer)
    people = {field.name for field in declared.fields if field.personal}
    assert people
    for name in (*people, "no_such_field"):
        with pytest.raises(Refused) as refusal:
            progress_split(Workspace(root), layer, "county", name)
        assert refusal.value.code == ("split_personal" if name in people else "field_unknown")
        offered = set(str(refusal.value.params["known"]).split(", "))
        assert offered == {field.name for field in declared.fields} - people | {"stage", "kind"}


def test_zones_and_what_lies_in_none_add_up_to_the_county(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = parcels(tmp_path / "p.gpkg", ["A", "B"], [15.9, 15.9], ["发现"] * 2)
    add(Workspace(root), path, Options(layer="abandoned_parcel"))
    sheet = tmp_path / "台账.csv"
    sheet.write_text("图斑编号,乡镇,村,面积（亩）,整治阶段\nN1,东溪镇,坝上村,2.5,发现\n", encoding="utf-8")
    add(Workspace(root), sheet, Options(layer="abandoned_parcel"))
    zones = gpd.GeoDataFrame(
        {"片区编号": ["P1", "C1"], "片区名称": ["东片", "坝片"], "片区类型": ["乡镇级片区", "村级片区"]},
        geometry=[shapely.box(105, 30.5, 105.0015, 30.52), shapely.box(105, 30.505, 105.02, 30.52)],
        crs="EPSG:4490",
    )
    zones.to_file(tmp_path / "zones.gpkg")
    add(Workspace(root), tmp_path / "zones.gpkg", Options(layer="zone"))
    county = progress(Workspace(root), "abandoned_parcel", "county").iloc[0]
    assert main(["progress", str(root), "--layer", "abandoned_parcel", "--by", "zone"]) == 0
    told = capsys.readouterr().out
    assert "片区类型" in told and "级片区" in told and "zone_kind" not in told
    rows = progress(Workspace(root), "abandoned_parcel", "zone")
    for kind in ("township", "village"):
        of_kind = rows[rows["zone_kind"] == kind]
        assert of_kind["features"].sum() == county["features"] == 3
        assert of_kind["reported_mu"].sum() == pytest.approx(county["reported_mu"], abs=1e-6)
    assert rows.set_index("area_code").loc["C1", "features"] == 1


def test_a_layers_conflicts_with_the_plan_are_counted_in_square_metres(root: Path, tmp_path: Path) -> None:
    path = parcels(tmp_path / "p.gpkg", ["A", "B"], [15.9, 15.9], ["发现"] * 2)
    add(Workspace(root), path, Options(layer="abandoned_parcel"))
    half = gpd.GeoDataFrame({"图斑编号": ["F1"]}, geometry=[square(0, 0, DEGREE / 2)], crs="EPSG:4490")
    half.to_file(tmp_path / "farm.gpkg")
    add(Workspace(root), tmp_path / "farm.gpkg", Options(layer="permanent_farmland"))
    rows = show(Workspace(root), "abandoned_parcel").set_index("id")
    assert rows["farmland_conflict"].to_dict() == {"A": True, "B": False}
    assert rows.loc["A", "farmland_conflict_m2"] == pytest.approx(rows.loc["A", "area_m2"] / 4, rel=1e-3)
    whole = progress(Workspace(root), "abandoned_parcel", "county").iloc[0]
    assert whole["farmland_conflict_m2"] == pytest.approx(rows["farmland_conflict_m2"].sum(), abs=0.01)


def test_run_works_out_only_what_is_new(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add(Workspace(root), parcels(tmp_path / "a.gpkg", ["A"], [15.9], ["发现"]), Options(layer="abandoned_parcel"))
    assert main(["run", str(root)]) == 0
    first = {p: p.stat().st_mtime_ns for p in (root / "summary" / "joins").rglob("*.columns")}
    add(Workspace(root), parcels(tmp_path / "b.gpkg", ["B"], [15.9], ["发现"]), Options(layer="abandoned_parcel"))
    assert main(["run", str(root)]) == 0
    second = {p: p.stat().st_mtime_ns for p in (root / "summary" / "joins").rglob("*.columns")}
    assert len(second) == len(first) + 1
    assert {p: second[p] for p in first} == first
    capsys.readouterr()
    assert main(["run", str(root)]) == 0
    assert "没有变化" in capsys.readouterr().err
