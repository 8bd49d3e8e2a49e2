"""Columns of ready-made tables, told apart by their headings and values."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from geo.errors import Refused
from geo.verify_dates import dated, families, index_family
from geo.verify_headings import place_columns
from geo.verify_labels import idle_labels, label_column
from geo.verify_table import in_one_year, read_series
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


@pytest.mark.parametrize(("zero", "scale"), [(0, 250), (100, 100), (127.5, 127.5)])
def test_an_index_kept_as_bytes_comes_back_to_its_own_scale(zero: float, scale: float) -> None:
    true = np.linspace(0.02, 0.9, 200)
    assert index_values(np.round(true * scale + zero)) == pytest.approx(true, abs=0.006)


@pytest.mark.parametrize("style", ["b{}", "band_{}", "{}_NDVI", "N{}"])
def test_numbered_composites_of_a_year_are_no_bands_of_a_picture(style: str) -> None:
    [group] = families([style.format(n) for n in range(1, 24)]).values()
    assert [one.day_of_year for one in group] == [1 + 16 * n for n in range(23)]
    assert families([f"B{n}" for n in range(1, 13)]) == {}


def test_days_whose_last_digit_a_shapefile_cut_off_are_put_back_within_five_days() -> None:
    days = [1 + 16 * n for n in range(23)]
    [group] = families([f"ndvi_doy{day:03d}"[:10] for day in days]).values()
    assert [abs(one.day_of_year - day) <= 5 for one, day in zip(group, days, strict=True)] == [True] * 23


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


HEADINGS = {
    "day first": lambda d: f"{d:%d.%m.%Y}",
    "month first": lambda d: f"NDVI {d:%m/%d/%Y}",
    "dots": lambda d: f"X{d:%Y.%m.%d}",
    "a moment": lambda d: f"{d:%Y-%m-%d} 00:00:00",
    "year and day": lambda d: f"ndvi_{d:%Y%j}",
    "day alone": lambda d: f"{int(d.strftime('%j'))}",
}


@pytest.mark.parametrize("name", HEADINGS)
def test_headings_of_one_year_are_read_as_its_dates(name: str) -> None:
    days = [date(2016, 1, 1) + timedelta(days=16 * i) for i in range(23)]
    found = families([HEADINGS[name](day) for day in days])
    (group,) = found.values()
    assert [one.day(2016) for one in group] == days


@pytest.mark.parametrize("style", ["ndvi_%m%d", "%d_%m", "%d%b", "NDVI_%b_%d"])
def test_month_and_day_without_a_year_are_dates_of_the_rows_year(style: str) -> None:
    days = [date(2015, 1, 1) + timedelta(days=16 * n) for n in range(23)]
    [group] = families([day.strftime(style) for day in days]).values()
    assert [one.day(2015) for one in group] == days


def test_numbered_composites_are_spread_over_the_year_they_name_or_the_rows_do() -> None:
    (group,) = families([f"ndvi_{i}" for i in range(1, 24)]).values()
    assert [one.day_of_year for one in group][:3] == [1, 17, 33]
    (group,) = families([f"NDVI_2016_{i}" for i in range(1, 24)]).values()
    assert (group[0].day(1999), group[22].day(1999)) == (date(2016, 1, 1), date(2016, 12, 18))
    (group,) = families([f"ndvi_{month}" for month in ("Apr", "may", "Jun", "jul")]).values()
    assert [one.day(2001).month for one in group] == [4, 5, 6, 7]


def test_spread_and_counts_of_an_index_are_not_the_index() -> None:
    heads = [f"ndvi_{kind}_2016{m:02d}01" for kind in ("std", "mean", "count") for m in range(3, 9)]
    assert index_family(families(heads)) == "ndvi_mean"


@pytest.mark.parametrize(
    ("heading", "idle", "used"),
    [
        ("status", "Abandoned", "Cropped"),
        ("class", "not cropped", "cropped"),
        ("class", "fallow", "non-fallow"),
        ("标注", "撂荒", "未撂荒"),
        ("culture", "пар", "хлопок"),
        ("cropped", 0, 1),
        ("is_fallow", 1, 0),
        ("label", 1, 0),
        ("abandoned", "yes", "no"),
    ],
)
def test_labels_are_understood_in_other_words(heading: str, idle: object, used: object) -> None:
    frame = pd.DataFrame({"id": [1, 2, 3], heading: [idle, used, used]})
    assert label_column(frame) == heading
    told = idle_labels(frame[heading], heading=heading)
    assert told is not None
    assert told.tolist() == [True, False, False]


def test_a_crop_followed_by_fallow_says_neither() -> None:
    told = idle_labels(pd.Series(["fallow", "wheat-fallow", "cotton"]))
    assert told is not None
    assert told.isna().tolist() == [False, True, False]


@pytest.mark.parametrize("style", ["%Y-%m-%d", "%Y%m%d", "%d.%m.%Y", "%m/%d/%Y", "%Y年%m月%d日"])
def test_a_long_table_is_read_with_its_dates_in_any_form(style: str) -> None:
    days = [date(2024, month, 25) for month in range(1, 7)]
    rows = [(i, day.strftime(style), f"0,{20 + i}") for i in range(4) for day in days]
    made = read_series(pd.DataFrame(rows, columns=["Plot", "acquired", "NDVI"]))
    assert made.days == tuple(days)
    assert made.values[3].tolist() == [0.23] * 6
    assert made.ids.tolist() == ["0", "1", "2", "3"]


def test_a_long_table_of_year_and_day_of_the_year_is_read_as_dates() -> None:
    rows = [(i, 2016, doy, 0.3) for i in range(4) for doy in range(1, 100, 16)]
    made = read_series(pd.DataFrame(rows, columns=["id", "year", "doy", "ndvi"]))
    assert made.days[:2] == (date(2016, 1, 1), date(2016, 1, 17))


def test_rows_of_different_years_are_laid_over_each_other_to_be_calibrated() -> None:
    heads = [f"NDVI_{year}_{doy:03d}" for year in (2015, 2016) for doy in range(1, 365, 16)]
    frame = pd.DataFrame(np.nan, index=range(40), columns=heads)
    frame.iloc[:20, :23], frame.iloc[20:, 23:] = 0.2, 0.6
    made = in_one_year(read_series(frame))
    assert made.values.shape == (40, 23)
    assert (made.values[:20] == 0.2).all() and (made.values[20:] == 0.6).all()


def test_many_places_are_left_out_together_and_the_scheme_is_said() -> None:
    made = read_series(wide(200).assign(region=[f"r{i % 40}" for i in range(200)]))
    assert len(set(made.fold)) == 12
    assert made.said["folds"] == "region: 40 → 12"
