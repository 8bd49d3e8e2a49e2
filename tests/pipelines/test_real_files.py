"""Other people's files through the same commands: taken in right, or refused in one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely
from pyproj import Geod

from pipelines.__main__ import main
from pipelines.exchange import show
from pipelines.ingest import Options, add, check
from pipelines.summarise import progress
from pipelines.workspace import Workspace

pytestmark = pytest.mark.real_data

CGCS2000 = Geod(a=6378137.0, rf=298.257222101)


def made(tmp_path: Path, code: str, name: str) -> Workspace:
    return Workspace.create(tmp_path / "ws", code=code, name=name)


def test_wannian_becomes_twelve_townships_where_they_were(real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "jiangxi_yiyang_wannian"
    workspace = made(tmp_path, "361129", "万年县")
    add(workspace, folder / "wannian_county.geojson", Options(layer="county"))
    report = add(workspace, folder / "wannian_townships.geojson", Options(layer="township"))
    assert (report.rows, report.accepted, report.returned) == (12, 12, 0)
    assert not {"gcj02_shifted", "bd09_shifted"} & {i.code for i in report.all_issues}
    sent = pyogrio.read_dataframe(folder / "wannian_townships.geojson").set_index("name")
    stored = show(Workspace(workspace.root), "township").set_index("area_name")
    assert set(stored.index) == set(sent.index)
    for name, row in stored.iterrows():
        assert row.geometry.hausdorff_distance(sent.geometry[name]) < 1e-9
    assert stored["area_code"].str.startswith("361129").all()


def test_areas_agree_with_geographiclib_and_every_route_adds_up(real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "jiangxi_yiyang_wannian"
    workspace = made(tmp_path, "361129", "万年县")
    add(workspace, folder / "wannian_townships.geojson", Options(layer="township"))
    stored = show(Workspace(workspace.root), "township")
    oracle = np.array([abs(CGCS2000.geometry_area_perimeter(shape)[0]) for shape in stored.geometry])
    ours = stored["area_m2"].to_numpy(float)
    assert np.abs(ours / oracle - 1).max() < 5e-6
    assert abs(ours.sum() / oracle.sum() - 1) < 1e-8
    by_township = progress(Workspace(workspace.root), "township", "township")["features"].sum()
    assert by_township == progress(Workspace(workspace.root), "township", "county")["features"].sum() == 12


def test_nanxuns_villages_that_straddle_its_townships_are_named(real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "zhejiang_nanxun"
    workspace = made(tmp_path, "330503", "南浔区")
    add(workspace, folder / "南浔区-乡镇.json", Options(layer="township"))
    report = add(workspace, folder / "boundaryVillage.geojson", Options(layer="village"))
    assert (report.rows, report.accepted) == (22, 22)
    assert "village_straddles_township" in {i.code for i in report.all_issues}
    areas = Workspace(workspace.root).areas()
    assert areas["level"].value_counts().to_dict() == {"village": 22, "township": 9, "county": 1}
    villages = areas[areas["level"] == "village"]
    assert villages["parent"].isin(areas.loc[areas["level"] == "township", "code"]).all()


def test_shenzhens_hairline_gaps_are_reported_and_not_taken_for_holes(real_data: Path, tmp_path: Path) -> None:
    report = add(
        made(tmp_path, "440300", "深圳市"),
        real_data / "shenzhen_streets/深圳街道.geojson",
        Options(layer="township"),
    )
    assert (report.rows, report.accepted) == (74, 74)
    assert "areas_gap_hairline" in {i.code for i in report.all_issues}


def test_the_province_shapefile_is_read_in_its_own_encoding(real_data: Path, tmp_path: Path) -> None:
    workspace = made(tmp_path, "360000", "江西")
    report = add(workspace, real_data / "xzqh_china_shp/China_ProvinceLevel.shp", Options(layer="county"))
    assert (report.accepted, report.as_dict()["encoding"]) == (34, "utf-8")
    rows = show(Workspace(workspace.root), "county")
    assert len(rows) == 34 and {"黑龙江省", "四川省"} <= set(rows["name"])
    assert rows.loc[rows["area_code"].notna(), "name"].tolist() == ["江西省"]


def test_an_empty_template_is_refused_as_empty(real_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(real_data / "nyt2539_templates"), "--layer", "contract_parcel"]) == 2
    assert "没有数据行" in capsys.readouterr().err


FIBOA = {
    "at/inspire_schlaege_2025-1_polygon.gpkg.zip": (100, "EPSG:31287"),
    "bg/bg_arable_land_2024.zip": (100, "EPSG:32635"),
    "br_ba_lem/LEM_dataset.zip": (100, "EPSG:4326"),
    "ch/lwb_nutzungsflaechen_v2_0_lv95.gpkg": (100, "EPSG:2056"),
    "de_bb/antrag.zip": (100, "EPSG:25833"),
    "ec_lv/LV_2021.zip": (100, "EPSG:3059"),
    "ec_si/SI_2021.zip": (100, "EPSG:3794"),
    "it_1/iti1_2023.parquet": (100, "EPSG:3035"),
    "jecam/BD_JECAM_CIRAD_2023_feb.shp": (100, "EPSG:4326"),
    "jp/jp_field_polygons_2024.parquet": (100, "EPSG:6668"),
    "lv/1_100.xml": (100, "EPSG:3059"),
    "nl/brpgewaspercelen_definitief_2023.gpkg": (100, "EPSG:28992"),
    "se/se2023.zip": (10, "EPSG:3006"),
}


@pytest.mark.parametrize("name", FIBOA)
def test_parcels_of_other_countries_stand_where_they_declare(real_data: Path, name: str) -> None:
    report = check(real_data / "fiboa_parcels" / name, Options(layer="contract_parcel"))
    assert (report.rows, report.tables[0].crs) == FIBOA[name]
    assert report.accepted == report.rows


@pytest.mark.parametrize(
    "name",
    [
        "fiboa_parcels/fr/RPG_2-0__GPKG_LAMB93_FXX_2022-01-01.7z.001",
        "gary_adminshp/district.dbf",
        "pyshp_shapefiles/empty_zipfile.zip",
        "nasty_geos/TestValid.xml",
        "exif_samples/DSCN0010.jpg",
        "terra_ex/elev.tif",
        "codes_areacity/LICENSE",
        "eolearn_patch/example_data/TestEOPatch/data/NDVI.npy",
    ],
)
def test_what_cannot_be_opened_is_refused_in_one_line(
    real_data: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(real_data / name), "--layer", "contract_parcel"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.strip().splitlines()) == 1
    assert "Traceback" not in said.err


def test_cambridges_faulty_parcels_are_mended_and_said(real_data: Path, tmp_path: Path) -> None:
    report = tmp_path / "r.json"
    path = real_data / "cambridge_parcels/ASSESSING_ParcelsFY2013.topojson"
    assert main(["check", str(path), "--layer", "contract_parcel", "--report", str(report)]) == 0
    told = json.loads(report.read_text(encoding="utf-8"))
    invalid = [i for i in told["issues"] if i["code"] == "geometry_invalid"]
    assert (told["rows"], told["accepted"], len(invalid)) == (13159, 13159, 24)
    assert all("percent" in i["params"] for i in invalid)


def test_survey_coordinates_with_x_north_land_within_a_metre(real_data: Path, tmp_path: Path) -> None:
    """Corners of a real township, written as a survey does: J1,1,X (north),Y (zone-prefixed east)."""
    folder = real_data / "jiangxi_yiyang_wannian"
    workspace = made(tmp_path, "361129", "万年县")
    add(workspace, folder / "wannian_townships.geojson", Options(layer="township"))
    town = Workspace(workspace.root).areas().query("level == 'township'").to_crs("EPSG:4527").iloc[0]
    ring = shapely.get_coordinates(
        town.geometry.simplify(200).exterior
        if town.geometry.geom_type == "Polygon"
        else max(town.geometry.geoms, key=lambda g: g.area).simplify(200).exterior
    )
    lines = [f"J{i % (len(ring) - 1) + 1},1,{north:.3f},{east:.3f}" for i, (east, north) in enumerate(ring)]
    head = [
        "[属性描述]",
        "坐标系=2000国家大地坐标系",
        "几度分带=3",
        "投影类型=高斯克吕格",
        "计量单位=米",
        "带号=39",
    ]
    body = [f"{len(ring) - 1},1.0,DK1,测试地块,面,,耕地,,@", *lines]
    text = tmp_path / "界址点.txt"
    text.write_text("\n".join([*head, "[地块坐标]", *body]) + "\n", encoding="gb18030")
    report = add(Workspace(workspace.root), text, Options(layer="abandoned_parcel"))
    assert report.accepted == 1
    got = show(Workspace(workspace.root), "abandoned_parcel").to_crs("EPSG:4527").geometry.iloc[0]
    assert got.hausdorff_distance(shapely.Polygon(ring)) < 1.0
