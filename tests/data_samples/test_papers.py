"""The papers of the invented county as files."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pyogrio
import pytest

from data_samples import headings
from data_samples.delivery import Delivery
from data_samples.generate import SMALL, main, write_county, write_small
from geo.layers import builtin_layers

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> list[Delivery]:
    return write_small(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> list[Delivery]:
    return write_county(tmp_path_factory.mktemp("full"), parcels=3_000)


def test_the_committed_sample_is_what_the_generator_makes(small: list[Delivery]) -> None:
    made = small[0].path.parent
    assert sorted(p.name for p in SMALL.iterdir()) == sorted(p.name for p in made.iterdir())
    for path in made.iterdir():
        committed = SMALL / path.name
        if path.name.endswith(".gdb.zip"):
            assert _rows(path).equals(_rows(committed))
        else:
            assert path.read_bytes() == committed.read_bytes(), path.name


def _rows(path: Path) -> gpd.GeoDataFrame:
    return gpd.read_file(f"/vsizip/{path}/{path.name.removesuffix('.zip')}")


def test_the_committed_sample_is_under_one_megabyte() -> None:
    assert sum(p.stat().st_size for p in SMALL.rglob("*") if p.is_file()) < 1_000_000


def test_areas_come_first_and_the_rest_in_order_of_arrival(full: list[Delivery]) -> None:
    assert [d.layer for d in full[:4]] == ["county", "township", "village", "zone"]
    assert [d.at for d in full[4:]] == sorted(d.at for d in full[4:])
    assert (full[-1].at - full[0].at).days > 690
    # Marks are made in the ledger, and idle land is a layer that a county may have.
    assert {d.layer for d in full} == set(builtin_layers()) - {"review_mark", "idle_land"}


def test_every_file_exists_and_clerks_were_told_next_to_nothing(full: list[Delivery]) -> None:
    assert all(d.path.exists() for d in full)
    assert not any(d.options for d in full)
    assert len({d.path for d in full}) == len(full)


def test_senders_use_many_formats(full: list[Delivery]) -> None:
    suffixes = {d.path.suffix for d in full}
    assert suffixes >= {".shp", ".gpkg", ".gdb", ".zip", ".geojson", ".kml", ".csv", ".xlsx", ".parquet", ".fgb"}


@pytest.mark.parametrize(
    ("layer", "used"),
    [
        ("abandoned_parcel", headings.ABANDONED),
        ("land_transfer", headings.TRANSFERS),
        ("inspection_point", headings.POINTS),
        ("zone_plan", headings.PLANS),
        ("permanent_farmland", headings.CONTROLS),
    ],
)
def test_every_heading_is_one_its_layer_lists(layer: str, used: dict[str, str]) -> None:
    declared = builtin_layers()[layer]
    for name, heading in used.items():
        assert heading in declared.field(name).heads, heading


def test_the_first_map_is_gbk_without_cpg_or_prj(full: list[Delivery]) -> None:
    path = next(d.path for d in full if d.layer == "abandoned_parcel" and d.path.suffix == ".shp")
    assert not path.with_suffix(".cpg").exists() and not path.with_suffix(".prj").exists()
    table = path.with_suffix(".dbf").read_bytes()
    assert table[29] == 0 and "图斑编号".encode("gbk") in table
    frame = pyogrio.read_dataframe(path, encoding="GBK")
    assert list(frame.columns[:-1]) == list(headings.ABANDONED.values())


def test_one_township_is_shifted_like_a_web_map(full: list[Delivery]) -> None:
    villages = _rows(next(d.path for d in full if d.layer == "village")).set_index("XZQDM")
    path = [d.path for d in full if d.layer == "abandoned_parcel" and d.path.suffix == ".geojson"][-1]
    shown = gpd.read_file(path).to_crs(4490)
    own = gpd.GeoSeries(villages.geometry[shown["村代码"]].to_numpy(), crs=4490)
    assert shown.geometry.representative_point().within(own).mean() < 0.9


def test_one_township_carries_the_zone_number_in_its_easting(full: list[Delivery]) -> None:
    path = [d.path for d in full if d.layer == "abandoned_parcel" and d.path.suffix == ".shp"][-1]
    frame = pyogrio.read_dataframe(path)
    assert frame.total_bounds[0] > 35_400_000 and frame.crs.to_epsg() == 4523


def test_house_styles_differ(full: list[Delivery]) -> None:
    ledgers = [d.path for d in full if d.layer == "abandoned_parcel" and d.path.suffix == ".xlsx"]
    books = [openpyxl.load_workbook(path) for path in ledgers]
    sheets = [book.worksheets[-1] for book in books]
    assert any(book.worksheets[0].title == "填表说明" for book in books)
    assert any(len(sheet.merged_cells.ranges) > 10 for sheet in sheets)
    texts = {str(cell.value) for sheet in sheets for row in sheet.iter_rows() for cell in row if cell.value}
    assert {"同上", "合计", "上报面积（公顷）"} <= texts
    assert any(text.startswith("填报单位：") for text in texts)
    assert any(text.endswith("亩") and text[0].isdigit() for text in texts)


def test_a_ledger_total_is_the_sum_of_what_is_written_above_it(full: list[Delivery]) -> None:
    checked = 0
    for path in (d.path for d in full if d.path.suffix == ".xlsx"):
        rows = list(openpyxl.load_workbook(path).worksheets[-1].iter_rows(values_only=True))
        if rows[-1][0] != "合计":
            continue
        head = next(i for i, row in enumerate(rows) if isinstance(row[0], str) and row[0] == "序号")
        for column, total in enumerate(rows[-1]):
            if isinstance(total, int | float):
                above = [row[column] for row in rows[head + 1 : -1] if isinstance(row[column], int | float)]
                assert total == pytest.approx(sum(above), abs=1e-4)
                checked += 1
    assert checked >= 2


def test_degrees_in_the_csv_lead_back_to_the_village_named(full: list[Delivery]) -> None:
    path = [d.path for d in full if d.path.suffix == ".csv"][-1]
    frame = pd.read_csv(path, encoding="gb18030", dtype=str)
    parts = frame["经度"].str.extract(r"(\d+)°(\d\d)′([\d.]+)″").astype(float)
    degrees = parts[0] + parts[1] / 60 + parts[2] / 3600
    assert degrees.between(104.7, 105.4).all()


def test_the_register_is_geoparquet_with_a_crs(full: list[Delivery]) -> None:
    path = next(d.path for d in full if d.path.suffix == ".parquet")
    frame = gpd.read_parquet(path)
    assert frame.crs.to_epsg() == 4490
    surveyed = next(d.path for d in full if d.layer == "contract_parcel" and d.path.suffix == ".zip")
    with zipfile.ZipFile(surveyed) as archive:
        inside = next(name for name in archive.namelist() if name.endswith(".shp"))
    others = gpd.read_file(f"/vsizip/{surveyed}/{inside}", encoding="GBK")
    assert len(frame) + len(others) == 3_000
    assert not set(frame["DKBM"]) & set(others["DKBM"])


def test_the_command_reports_on_standard_error_and_leaves_other_files_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("kept", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "data_samples.generate", str(tmp_path), "--small"],
        cwd=REPOSITORY, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == ""
    assert "contract parcels" in done.stderr and "files in" in done.stderr
    assert (tmp_path / "mine.txt").read_text(encoding="utf-8") == "kept"


def test_more_parcels_than_there_is_room_for_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path), "--parcels", "9000000"]) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("the invented county has no room")
