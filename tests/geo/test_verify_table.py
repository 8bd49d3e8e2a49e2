"""Columns of ready-made tables, told apart by their headings and values."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from geo.errors import Refused
from geo.verify_dates import dated, families, index_family
from geo.verify_headings import place_columns
from geo.verify_labels import idle_labels, label_column
from geo.verify_table import read_series
from geo.verify_values import index_values


@pytest.mark.parametrize(
    ("heading", "day"),
    [
        ("2016-05-08", date(2016, 5, 8)),
        ("NDVI_20160508", date(2016, 5, 8)),
        ("2016年5月8日", date(2016, 5, 8)),
        ("ndvi_2016129", date(2016, 5, 8)),
        ("2016-05", date(2016, 5, 15)),
        ("ndvi_doy129", date(2015, 5, 9)),
        ("d129", date(2015, 5, 9)),
        ("ndvi_129", date(2015, 5, 9)),
    ],
)
def test_a_heading_names_its_date_in_any_usual_spelling(heading: str, day: date) -> None:
    found = dated(heading)
    assert found is not None
    assert found.day(2015) == day


@pytest.mark.parametrize("heading", ["area_m2_src", "label_1", "year", "S2-L2A-B04", "geometry", "doy900"])
def test_other_headings_name_no_date(heading: str) -> None:
    assert dated(heading) is None


def test_the_index_is_chosen_among_families_of_dates_by_its_name() -> None:
    heads = [f"{name}_2016{m:02d}01" for name in ("evi", "ndvi", "b04") for m in range(3, 9)]
    assert index_family(families(heads)) == "ndvi"
    assert index_family(families(heads[:6])) == "evi"
    assert families(["ndvi_20160101", "ndvi_20160201"]) == {}


def test_labels_are_found_by_their_words_and_unknown_ones_left_out() -> None:
    frame = pd.DataFrame(
        {
            "note": ["a", "b", "c", "d"],
            "class": ["Fallow", "wheat", "unclear", None],
            "is_fallow": [1, 0, 0, 1],
            "ndvi": [0.1, 0.2, 0.3, 0.4],
        }
    )
    assert label_column(frame) == "is_fallow"
    assert label_column(frame.drop(columns="is_fallow")) == "class"
    told = idle_labels(frame["class"])
    assert told is not None
    assert told.tolist()[:2] == [True, False]
    assert told.isna().tolist() == [False, False, True, True]
    own = idle_labels(pd.Series(["休", "种"]), idle=["休"])
    assert own is not None
    assert own.tolist() == [True, False]
    assert idle_labels(pd.Series(["wheat", "rice"])) is None


def test_places_run_from_fine_to_coarse_and_numbers_of_parcels_are_none() -> None:
    frame = pd.DataFrame(
        {"country": ["x"] * 50, "village": [f"v{i}" for i in range(50)], "Region": ["r", "s"] * 25}
    )
    assert place_columns(frame) == ["Region", "country"]


@pytest.mark.parametrize("scale", [1.0, 100.0, 10_000.0])
def test_index_values_come_to_one_scale_and_codes_for_nothing_go(scale: float) -> None:
    values = np.array([0.1, 0.5, 0.8, -0.1]) * scale
    found = index_values(np.append(values, [65535.0, -9999.0, np.nan]))
    assert found[:4] == pytest.approx([0.1, 0.5, 0.8, -0.1])
    assert np.isnan(found[4:]).all()


def test_values_that_no_index_has_are_refused() -> None:
    with pytest.raises(Refused):
        index_values(np.array([20_000.0, 25_000.0]))


def wide(rows: int = 60) -> pd.DataFrame:
    return pd.DataFrame({f"ndvi_doy{d:03d}": np.full(rows, 0.3) for d in range(1, 365, 16)})


def test_days_of_the_year_take_the_rows_own_year_and_peers_are_of_one_year() -> None:
    frame = wide().assign(year=[2015] * 40 + [2016] * 20, region="r")
    made = read_series(frame)
    assert made.days[0] == date(2015, 1, 1)
    assert len(made.days) == 23
    assert set(made.places[0]) == {"r/2015", "r/2016"}


def test_without_places_the_table_is_cut_into_strips_along_its_longer_side() -> None:
    centre = np.column_stack([np.arange(60.0), np.zeros(60)])
    made = read_series(wide(), centre=centre)
    assert pd.Series(made.fold).value_counts().tolist() == [12] * 5
    assert made.fold[0] == made.fold[11] != made.fold[12]


def test_a_long_table_with_repeated_dates_is_averaged() -> None:
    rows = [(f"P{i}", f"2024-0{m}-01", 0.1 * m) for i in range(4) for m in range(1, 7)]
    frame = pd.DataFrame([*rows, ("P0", "2024-01-01", 0.3)], columns=["id", "date", "ndvi"])
    made = read_series(frame)
    assert made.values.shape == (4, 6)
    assert made.values[0, 0] == pytest.approx(0.2)
    assert made.ids.tolist() == ["P0", "P1", "P2", "P3"]


def test_a_label_column_that_is_not_there_is_refused() -> None:
    with pytest.raises(Refused, match="crop"):
        read_series(wide(), label="crop")
