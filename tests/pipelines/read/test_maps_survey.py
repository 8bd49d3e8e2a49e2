"""Coordinates in survey text files."""

from __future__ import annotations

from pathlib import Path

import pytest
import shapely
from pyproj import Transformer

from geo.errors import Refused
from pipelines.read import Table, open_tables
from pipelines.read.parcel_text import gauss_kruger
from tests.pipelines.read.map_files import codes_of, rows_of

HEAD = """[属性描述]
格式版本号=1.01版本
数据产生单位=万年县自然资源局
坐标系={system}
几度分带={width}
投影类型=高斯克吕格
计量单位=米
带号={zone}
精度=0.01
转换参数=0,0,0,0,0,0,0
[地块坐标]
"""
PARCEL = """4,0.0100,361129-1,张家村一号,面,H50G,农用地,0101,@
J1,1,3200000.000,{east}500000.000
J2,1,3200010.000,{east}500000.000
J3,1,3200010.000,{east}500010.000
J4,1,3200000.000,{east}500010.000
J1,1,3200000.000,{east}500000.000
J5,2,3200002.000,{east}500002.000
J6,2,3200004.000,{east}500002.000
J7,2,3200004.000,{east}500004.000
J5,2,3200002.000,{east}500002.000
"""


def parcels(path: Path, system: str = "2000国家大地坐标系", width: str = "3", zone: str = "39", east: str = "39",
            encoding: str = "gbk") -> Table:  # fmt: skip
    text = HEAD.format(system=system, width=width, zone=zone) + PARCEL.format(east=east)
    path.write_bytes(text.replace("\n", "\r\n").encode(encoding))
    (table,) = open_tables(path)
    return table


def test_a_parcel_comes_east_first_with_its_hole_and_its_crs(tmp_path: Path) -> None:
    table = parcels(tmp_path / "a.txt")
    rows = rows_of(table)
    shape = rows["geometry"].iloc[0]
    assert shape.bounds == (39500000, 3200000, 39500010, 3200010)
    assert shape.area == 98 and len(shape.interiors) == 1
    assert table.crs is not None and table.crs.to_epsg() == 4527
    assert rows["地块编号"].tolist() == ["361129-1"] and rows["地块面积"].tolist() == ["0.0100"]
    assert table.units == {"地块面积": "ha"} and rows.index.tolist() == [12]
    assert codes_of(table) == ["encoding_from_content", "crs_from_header"]
    assert (table.kind, table.geometry_type, table.rows) == ("map", "polygon", 1)


def test_the_parcel_lies_within_a_metre_of_where_it_was_measured(tmp_path: Path) -> None:
    table = parcels(tmp_path / "a.txt")
    east, north = rows_of(table)["geometry"].iloc[0].exterior.coords[0]
    lon, lat = Transformer.from_crs(table.crs, 4490, always_xy=True).transform(east, north)
    back = Transformer.from_crs(4490, 4548, always_xy=True).transform(lon, lat)
    assert back == pytest.approx((500000, 3200000), abs=0.001)
    assert lon == pytest.approx(117, abs=1e-9)


def test_eastings_without_zone_take_the_crs_without_it(tmp_path: Path) -> None:
    table = parcels(tmp_path / "a.txt", east="")
    assert table.crs is not None and table.crs.to_epsg() == 4548


@pytest.mark.parametrize(
    ("system", "width", "zone", "east", "epsg"),
    [("80国家大地坐标系", "3", "39", "39", 2363), ("1954北京坐标系", "3", "39", "39", 2415),
     ("CGCS2000", "6", "20", "20", 4498), ("2000国家大地坐标系", "3度", "第38带", "38", 4526)],
)  # fmt: skip
def test_datum_width_and_zone_of_the_head_name_the_crs(
    tmp_path: Path, system: str, width: str, zone: str, east: str, epsg: int
) -> None:
    table = parcels(tmp_path / "a.txt", system, width, zone, east)
    assert table.crs is not None and table.crs.to_epsg() == epsg


def test_a_head_without_a_datum_leaves_the_crs_open(tmp_path: Path) -> None:
    table = parcels(tmp_path / "a.txt", system="")
    assert table.crs is None and "survey_crs_unknown" in codes_of(table)


def test_the_coordinates_are_believed_against_the_head(tmp_path: Path) -> None:
    table = parcels(tmp_path / "a.txt", zone="38")
    assert table.crs is not None and table.crs.to_epsg() == 4527
    assert "zone_contradicts" in codes_of(table)


def test_east_first_against_the_rule_is_turned(tmp_path: Path) -> None:
    text = HEAD.format(system="CGCS2000", width=3, zone=39)
    text += "3,0.1,1,a,面,,,,@\nJ1,1,39500000,3200000\nJ2,1,39500010,3200000\nJ3,1,39500010,3200010\n"
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    (table,) = open_tables(tmp_path / "a.txt")
    assert rows_of(table)["geometry"].iloc[0].bounds == (39500000, 3200000, 39500010, 3200010)
    assert "survey_axes_turned" in codes_of(table)


def test_rings_beside_each_other_are_parts_and_rings_in_holes_are_islands(tmp_path: Path) -> None:
    def ring(number: int, low: float, high: float) -> str:
        corners = ((low, low), (high, low), (high, high), (low, high))
        return "".join(f"J,{number},{3200000 + n},{500000 + e}\n" for n, e in corners)

    text = HEAD.format(system="", width="", zone="") + "16,1,1,a,面,,,,@\n"
    text += ring(1, 0, 10) + ring(2, 1, 9) + ring(3, 4, 6) + ring(4, 20, 21)
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    shape = rows_of(open_tables(tmp_path / "a.txt")[0])["geometry"].iloc[0]
    assert shape.area == 100 - 64 + 4 + 1 and len(shape.geoms) == 3 and shape.is_valid


def test_a_ring_of_two_points_leaves_the_parcel_without_shape_and_says_so(tmp_path: Path) -> None:
    text = HEAD.format(system="", width="", zone="") + "2,1,7,a,面,,,,@\n"
    text += "J1,1,3200000,500000\nJ2,1,3200001,500000\n坏行\n"
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    (table,) = open_tables(tmp_path / "a.txt")
    assert rows_of(table)["geometry"].tolist() == [None]
    assert {(i.code, i.row) for i in table.issues if i.row} == {("ring_too_short", 12), ("line_unreadable", 15)}


def test_a_head_without_parcels_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(HEAD.format(system="", width="", zone=""), encoding="utf-8")
    with pytest.raises(Refused) as caught:
        open_tables(tmp_path / "a.txt")
    assert caught.value.code == "survey_without_parcels"


@pytest.mark.parametrize(
    "text",
    ["1,,39500100.5,3200200.25,45.2\n2,路灯,39500110.5,3200210.25,45.3\n",
     "2\n1,,39500100.5,3200200.25,45.2\n2,路灯,39500110.5,3200210.25,45.3\n",
     "1  39500100.5 3200200.25 45.2\n2  39500110.5 3200210.25 45.3\n"],
)  # fmt: skip
def test_points_of_a_total_station_are_east_north_height(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.dat").write_bytes(text.encode("gbk"))
    (table,) = open_tables(tmp_path / "a.dat")
    rows = rows_of(table)
    assert rows["geometry"].iloc[0] == shapely.Point(39500100.5, 3200200.25)
    assert rows["点号"].tolist() == ["1", "2"] and rows["高程"].tolist() == [45.2, 45.3]
    assert table.crs is None and table.geometry_type == "point"


def test_points_with_north_first_are_turned_and_bad_lines_named(tmp_path: Path) -> None:
    lines = [f"{n},,{3200000 + n},{500000 + n},1" for n in range(20)]
    lines[7] = "7,,坏,坏,1"
    (tmp_path / "a.txt").write_text("\n".join(lines), encoding="utf-8")
    (table,) = open_tables(tmp_path / "a.txt")
    assert rows_of(table)["geometry"].iloc[3] == shapely.Point(500003, 3200003)
    assert ("line_unreadable", 8) in {(i.code, i.row) for i in table.issues}
    assert "survey_axes_turned" in codes_of(table)


def test_a_table_with_headings_is_no_point_file(tmp_path: Path) -> None:
    lines = ["点号,编码,Y,X,H"] + [f"{n},a,{500000 + n},{3200000 + n},1" for n in range(30)]
    (tmp_path / "a.csv").write_text("\n".join(lines), encoding="utf-8")
    (table,) = open_tables(tmp_path / "a.csv")
    assert table.kind == "sheet" and table.columns[0] == "点号"


def test_zones_outside_the_country_have_no_code() -> None:
    assert gauss_kruger("cgcs2000", 3, 45, prefixed=True) == 4533
    assert gauss_kruger("cgcs2000", 3, 46, prefixed=True) is None
    assert gauss_kruger("cgcs2000", 6, 12, prefixed=False) is None
    assert gauss_kruger("wgs84", 3, 39, prefixed=False) is None
