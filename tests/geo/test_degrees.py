"""Coordinates are read however people write them; what cannot be read is said."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.degrees import is_packed, read_degrees, read_pairs, unpacked
from geo.shape_text import read_shapes


@pytest.mark.parametrize(
    "text",
    [
        "28°41'12.5\"N", "28度41分12.5秒", "28 41 12.5", "28:41:12.5", "28-41-12.5", "北纬28°41′12.5″",
        "N 28°41’12.5”", "２８°４１′１２．５″", "28°41'12.5''", "28º41'12.5\"",
    ],
)  # fmt: skip
def test_degrees_minutes_and_seconds_in_every_spelling(text: str) -> None:
    read = read_degrees([text])
    assert read.values[0] == pytest.approx(28 + 41 / 60 + 12.5 / 3600, abs=1e-12)
    assert read.sexagesimal.tolist() == [True]


def test_decimal_degrees_keep_their_digits_and_south_and_west_are_negative() -> None:
    read = read_degrees(["117.0702°", "E117.07", 117.07, "-78.88", "W78°52'", "78.5S"])
    assert read.values.tolist() == pytest.approx([117.0702, 117.07, 117.07, -78.88, -(78 + 52 / 60), -78.5])
    assert read.sexagesimal.tolist() == [False, False, False, False, True, False]


def test_blanks_are_empty_and_nonsense_is_unreadable() -> None:
    read = read_degrees([None, float("nan"), "", "无", "/", "见附图", "28°61'0\"", "28°30'75\""])
    assert np.isnan(read.values).all()
    assert read.unreadable.tolist() == [False, False, False, False, False, True, True, True]


@given(st.integers(0, 179), st.integers(0, 59), st.integers(0, 599))
def test_what_is_written_in_degrees_minutes_seconds_is_read_back(degrees: int, minutes: int, tenths: int) -> None:
    text = f"{degrees}°{minutes}′{tenths / 10}″"
    assert read_degrees([text]).values[0] == pytest.approx(degrees + minutes / 60 + tenths / 36000, abs=1e-10)


def test_packed_degrees_are_recognised_only_where_they_can_be_nothing_else() -> None:
    assert is_packed(np.array([1170412.5]), np.array([284112.5]))
    assert not is_packed(np.array([1170412.5, 1170499.0]), np.array([284112.5, 284112.5]))
    assert not is_packed(np.array([400000.0]), np.array([3174000.0]))
    assert not is_packed(np.array([117.07]), np.array([28.69]))
    assert not is_packed(np.array([np.nan]), np.array([np.nan]))
    assert unpacked(np.array([1170412.5]))[0] == pytest.approx(117 + 4 / 60 + 12.5 / 3600)


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("117.07, 28.69", (117.07, 28.69)),
        ("(42.92002900598427, -78.88054191046042)", (42.92002900598427, -78.88054191046042)),
        ("东经117°4′12″ 北纬28°42′", (117.07, 28.7)),
        ("117°4'12\"E28°42'0\"N", (117.07, 28.7)),
        ("117.07 28.69", (117.07, 28.69)),
        ("28 42 0 117 4 12", (28.7, 117.07)),
        ("117.07；28.69", (117.07, 28.69)),
    ],
)
def test_two_coordinates_in_one_cell(text: str, pair: tuple[float, float]) -> None:
    xy, _, unreadable = read_pairs([text])
    assert tuple(xy[0]) == pytest.approx(pair)
    assert not unreadable[0]


def test_a_cell_with_one_coordinate_or_three_is_unreadable() -> None:
    assert read_pairs(["117.07", "1,2,3", "x,y", None])[2].tolist() == [True, True, True, False]


def test_shapes_in_text_are_read_from_every_common_form() -> None:
    square = shapely.box(0, 0, 1, 1)
    cells = [
        square.wkt, f"SRID=4490;{square.wkt}", shapely.to_geojson(square), shapely.to_wkb(square, hex=True),
        "0,0;1,0;1,1;0,1", "[[0,0],[1,0],[1,1],[0,1]]", "0 0\n1 0\n1 1\n0 1",
    ]  # fmt: skip
    shapes, unreadable, srid = read_shapes(cells, expect="polygon")
    assert not unreadable.any()
    assert srid == 4490
    assert shapely.equals(shapes, square).all()


def test_text_that_is_no_shape_is_unreadable_and_no_crash() -> None:
    shapes, unreadable, srid = read_shapes(["POLYGON((0 0", "村东", "1,2;3", "{}", None, "5"], expect="polygon")
    assert unreadable.tolist() == [True, True, True, True, False, True]
    assert all(s is None for s in shapes)
    assert srid is None


def test_a_list_of_corners_becomes_what_the_layer_holds() -> None:
    assert read_shapes(["0,0;1,1"], expect="line")[0][0].geom_type == "LineString"
    assert read_shapes(["117.1,28.6"], expect="any")[0][0].geom_type == "Point"


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("28,68681", 28.68681),
        ("-73,9", -73.9),
        ("39,512,345.67", 39_512_345.67),
        ("3,179,001", 3_179_001.0),
        ("28°41′12,5″", 28.68680555),
    ],
)
def test_commas_are_read_as_decimal_or_thousands_where_only_one_can_be_meant(cell: str, value: float) -> None:
    read = read_degrees([cell])
    assert read.values[0] == pytest.approx(value)
    assert not read.unreadable[0]


def test_a_comma_before_exactly_three_digits_is_not_guessed_at() -> None:
    assert read_degrees(["117,070"]).unreadable.tolist() == [True]


def test_two_coordinates_with_decimal_commas_are_told_apart_by_a_stronger_separator() -> None:
    xy, _, unreadable = read_pairs(["117,0712; 28,6934"])
    assert tuple(xy[0]) == pytest.approx((117.0712, 28.6934))
    assert not unreadable[0]
