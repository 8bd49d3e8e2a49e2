"""Map files made by other people, each with what it holds or why it is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from geo.errors import Refused
from pipelines.read import open_tables
from tests.pipelines.read.map_files import codes_of, rows_of

pytestmark = pytest.mark.real_data

READ: list[tuple[str, int, int | None, str]] = [
    ("jiangxi_yiyang_wannian/wannian_townships.geojson", 12, 4326, "polygon"),
    ("jiangxi_yiyang_wannian/wannian_county.geojson", 1, 4326, "polygon"),
    ("zhejiang_nanxun/南浔区-乡镇.json", 9, 4326, "polygon"),
    ("zhejiang_nanxun/boundaryVillage.geojson", 22, 4326, "polygon"),
    ("zhejiang_nanxun/boundary.geojson", 1, 4326, "line"),
    ("zhejiang_nanxun/water.geojson", 114, 4326, "polygon"),
    ("shenzhen_streets/深圳街道.geojson", 74, 4326, "polygon"),
    ("mapchina/counties_51_43_36_45_33_derived.gpkg", 605, 4326, "polygon"),
    ("xzqh_china_shp/China_ProvinceLevel.shp", 34, 4326, "polygon"),
    ("nyt2539_templates/DK.shp", 0, None, "polygon"),
    ("nyt2539_templates/JZD.shp", 0, None, "point"),
    ("nyt2539_templates/JZX.shp", 0, None, "line"),
    ("cawa_ndvi/cawa_dev.gpkg", 6063, 4326, "polygon"),
    ("worldcereal_refs/2022_FRA_LPIS_POLY_110.geoparquet", 8500, None, "point"),
    ("eolearn_patch/example_data/import-gpkg-test.gpkg", 193, 2154, "polygon"),
    ("eolearn_patch/example_data/TestEOPatch/vector_timeless/LULC.gpkg", 88, 32633, "polygon"),
    ("eolearn_patch/example_data/TestEOPatch/bbox.geojson", 1, 32633, "polygon"),
    ("cambridge_parcels/ASSESSING_ParcelsFY2013.topojson", 13159, None, "polygon"),
    ("cambridge_parcels/CDD_ZoningDistricts.geojson", 261, 4326, "polygon"),
    ("buffalo311/merge_all.shp", 286, None, "polygon"),
    ("pyshp_shapefiles/blockgroups.shp", 663, None, "polygon"),
    ("pyshp_shapefiles/blockgroups.zip", 663, None, "polygon"),
    ("pyshp_shapefiles/edit.shp", 663, None, "polygon"),
    ("fiboa_parcels/at/inspire_schlaege_2025-1_polygon.gpkg.zip", 100, 31287, "polygon"),
    ("fiboa_parcels/at_block/inspire_referenzen_2021_polygon.gpkg.zip", 100, 31287, "polygon"),
    ("fiboa_parcels/be_vlg/Landbouwgebruikspercelen_2023_-_Definitief_(extractie_28-03-2024)_GPKG.zip",
     100, 31370, "polygon"),
    ("fiboa_parcels/bg/bg_arable_land_2024.zip", 100, 32635, "polygon"),
    ("fiboa_parcels/br_ba_lem/LEM_dataset.zip", 100, 4326, "polygon"),
    ("fiboa_parcels/ch/lwb_nutzungsflaechen_v2_0_lv95.gpkg", 100, 2056, "polygon"),
    ("fiboa_parcels/de_bb/antrag.zip", 100, 25833, "polygon"),
    ("fiboa_parcels/dk/Marker_2026.zip", 100, 25832, "polygon"),
    ("fiboa_parcels/ec_lv/LV_2021.zip", 100, 3059, "polygon"),
    ("fiboa_parcels/ec_si/SI_2021.zip", 100, 3794, "polygon"),
    ("fiboa_parcels/fi/LandUse.ExistingLandUse.GSAAAgriculturalParcel.gpkg", 100, 3067, "polygon"),
    ("fiboa_parcels/it_1/iti1_2023.parquet", 100, 3035, "polygon"),
    ("fiboa_parcels/jecam/BD_JECAM_CIRAD_2023_feb.shp", 100, 4326, "polygon"),
    ("fiboa_parcels/jp/jp_field_polygons_2024.parquet", 100, 6668, "polygon"),
    ("fiboa_parcels/lt/LT_2024.zip", 100, 3035, "polygon"),
    ("fiboa_parcels/lv/1_100.xml", 100, 3059, "polygon"),
    ("fiboa_parcels/nl/brpgewaspercelen_definitief_2023.gpkg", 100, 28992, "polygon"),
    ("fiboa_parcels/nl_block/referentiepercelen.gpkg", 100, 28992, "polygon"),
    ("fiboa_parcels/se/se2023.zip", 10, 3006, "polygon"),
]  # fmt: skip
REFUSED = [
    ("gary_adminshp", "shapefile_without_shp"),
    ("gary_adminshp/district.dbf", "shapefile_without_shp"),
    ("fiboa_parcels/fr/RPG_2-0__GPKG_LAMB93_FXX_2022-01-01.7z.001", "archive_part"),
    ("pyshp_shapefiles/empty_zipfile.zip", "zip_empty"),
    ("jiangxi_yiyang_wannian/wannian_boundary.json", "json_not_map"),
    ("sandiao_mock/region.data.json", "json_not_map"),
    ("nasty_geos/TestValid.xml", "xml_not_map"),
    ("exif_samples/DSCN0010.jpg", "file_is_image"),
    ("terra_ex/elev.tif", "file_is_image"),
    ("eolearn_patch/example_data/TestEOPatch/data/NDVI.npy", "format_unknown"),
]


@pytest.mark.parametrize(("file", "count", "epsg", "kind"), READ, ids=[case[0].split("/", 1)[1] for case in READ])
def test_it_is_read_with_all_its_rows(
    real_data: Path, capfd: pytest.CaptureFixture[str], file: str, count: int, epsg: int | None, kind: str
) -> None:
    (table,) = open_tables(real_data / file)
    batches = list(table.batches())
    assert sum(len(batch) for batch in batches) == count == table.rows
    assert (table.crs.to_epsg() if table.crs else None) == epsg
    assert (table.kind, table.geometry_type, table.path) == ("map", kind, real_data / file)
    for batch in batches:
        assert list(batch.columns) == [*table.columns, "geometry"]
        assert batch.index.name == "row" and batch["geometry"].notna().all()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("file", "code"), REFUSED)
def test_it_is_refused_in_one_sentence(real_data: Path, file: str, code: str) -> None:
    with pytest.raises(Refused) as caught:
        open_tables(real_data / file)
    assert caught.value.code == code
    assert "…" not in caught.value.words("zh") + caught.value.words("en")


def test_provinces_in_utf_8_without_any_mark_are_not_read_as_gbk(real_data: Path) -> None:
    (table,) = open_tables(real_data / "xzqh_china_shp")
    assert {"黑龙江省", "江西省"} <= set(rows_of(table)["NAME99"])
    assert (table.encoding, table.encoding_reason) == ("utf-8", "content")


def test_latvian_under_a_western_mark_is_overruled_and_danish_is_not(real_data: Path) -> None:
    (latvian,) = open_tables(real_data / "fiboa_parcels/ec_lv/LV_2021.zip")
    assert latvian.encoding == "utf-8" and codes_of(latvian) == ["encoding_mark_overruled"]
    (danish,) = open_tables(real_data / "fiboa_parcels/dk/Marker_2026.zip")
    assert (danish.encoding, danish.encoding_reason) == ("cp1252", "dbf_mark")
    assert any("æ" in str(name) or "å" in str(name) or "ø" in str(name) for name in rows_of(danish)["Afgroede"])


def test_codes_keep_their_digits(real_data: Path) -> None:
    (table,) = open_tables(real_data / "mapchina/counties_51_43_36_45_33_derived.gpkg")
    assert rows_of(table)["Code_County"].str.fullmatch(r"\d{6}").all()
    (japanese,) = open_tables(real_data / "fiboa_parcels/jp/jp_field_polygons_2024.parquet")
    assert "GEOM_bbox" not in japanese.columns and set(rows_of(japanese)["issue_year"]) == {2024}


def test_the_folder_of_the_standard_gives_its_sets_and_says_nothing_of_the_rest(real_data: Path) -> None:
    tables = open_tables(real_data / "nyt2539_templates")
    names = {table.name for table in tables}
    assert {"DK", "JZD", "JZX", "LZHT", "CBHT", "CBDKXX", "CBF"} <= names
    parcels = next(table for table in tables if table.name == "DK")
    assert {"DKBM", "CBHTBM", "LZHTBM", "CBQXQ"} <= set(parcels.columns) and rows_empty(parcels.batches())


def rows_empty(batches: object) -> bool:
    """Whether there is not one row."""
    return sum(len(batch) for batch in batches) == 0  # type: ignore[attr-defined]


def test_a_folder_of_everything_is_read_as_far_as_it_goes(real_data: Path) -> None:
    tables = open_tables(real_data / "fiboa_parcels")
    maps = [table for table in tables if table.kind == "map"]
    left = [issue for table in tables for issue in table.issues if issue.code == "part_not_read"]
    assert len(maps) == 19
    assert any(issue.params["file"].endswith(".7z.001") for issue in left)
