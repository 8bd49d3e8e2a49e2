"""Lists of things: stage, size or what they bring to a figure, their file and row, and pages of a long list."""

from __future__ import annotations

import math

import geopandas as gpd
import shapely

from dashboards.listings import listed, page_of
from geo.layers import builtin_layers

ABANDONED = builtin_layers()["abandoned_parcel"]
THINGS = gpd.GeoDataFrame(
    {
        "id": ["A", "B"],
        "stage": ["found", None],
        "reported_mu": [1.5, math.nan],
        "place_name": ["湾", None],
        "import_id": ["i1", ""],
        "source_row": [7, None],
        "=found_mu": [1.25, 0.0],
        "geometry": [shapely.Point(106, 31)] * 2,
    },
    crs=4490,
)


def test_a_list_of_things_shows_stage_size_file_and_row() -> None:
    made = listed(THINGS, ABANDONED, files={"i1": "甲.xlsx"}, first=101, lang="zh")
    assert made.rows[0].cells == ("发现", "1.50", "甲.xlsx · 7")
    assert made.rows[1].cells == ("—", "—", "—")
    assert [row.rank for row in made.rows] == ["101", "102"]
    assert made.rows[0].name == "A 湾"
    assert made.words_at == (2, 4)
    assert made.total == ()


def test_the_rows_of_a_figure_show_what_each_brings_and_the_sum() -> None:
    parts = (ABANDONED.indicator("found_mu"),)
    made = listed(THINGS, ABANDONED, parts=parts, files={}, lang="en", total=[1.25])
    assert made.headings[3] == "Found (mu)"
    assert [row.cells[1] for row in made.rows] == ["1.25", "0.00"]
    assert made.total == ("", "1.25", "")


def test_a_long_list_is_cut_into_pages_and_a_page_beyond_is_the_last() -> None:
    assert page_of(250, 1) == (1, 3, slice(0, 100))
    assert page_of(250, 3) == (3, 3, slice(200, 300))
    assert page_of(250, 99) == (3, 3, slice(200, 300))
    assert page_of(0, 1) == (1, 1, slice(0, 100))
