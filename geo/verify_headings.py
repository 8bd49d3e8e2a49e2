"""What the columns of a ready-made index table mean, told from headings: parcels, places, years, bands."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from geo.verify_dates import Dated

_FIRST_LEVEL = ("region_name", "adm1", "adm1_en", "admin1", "name_1", "oblast_name", "location", "cluster")
# Words for places, from the finest to the coarsest.
PLACES = (
    ("village", "community", "village_code", "village_name", "村", "行政村", "村名", "村代码"),
    ("township", "town", "commune", "township_code", "township_name", "乡镇", "镇", "街道"),
    (
        "district",
        "county",
        "rayon",
        "raion",
        "municipality",
        "county_code",
        "county_name",
        "区县",
        "县",
        "县区",
        "tile",
        *("district_name", "adm2", "adm2_en", "admin2", "name_2"),
    ),
    (
        "region",
        "oblast",
        "prefecture",
        "city",
        "area_name",
        "place",
        "site",
        "zone",
        "地区",
        "市",
        "州",
        *_FIRST_LEVEL,
    ),
    ("province", "state", "省"),
    ("country", "国家"),
)
_YEARS = ("year", "年份", "年度", "年")
_SURVEYED = ("date", "survey_date", "date_survey", "sample_date", "valid_time", "调查日期", "采集日期", "日期")
_IDS = (
    "id",
    "parcel_id",
    "field_id",
    "sample_id",
    "plot_id",
    "feature_id",
    "fid",
    "uid",
    "DKBM",
    "TBBH",
    "src_row",
    *("plot", "parcel", "field", "pid", "code", "gid", "objectid", "ogc_fid", "index", "unnamed: 0"),
)
_IDS_ZH = ("编号", "图斑编号", "地块编码", "地块编号")
_AREA = re.compile(r"^(area|mj|面积|scmj|shape_area)", re.IGNORECASE)


def band_families(groups: dict[str, list[Dated]]) -> tuple[str, str] | None:
    """The families of red and near infrared, where the table holds reflectances instead of an index."""
    red = next((g for g in groups if role(g) == "red"), None)
    nir = next((g for g in groups if role(g) == "nir"), None)
    return (red, nir) if red and nir else None


def role(heading: str) -> str | None:
    """`red` or `nir` when a heading names that band of Sentinel-2 or in words, else None."""
    parts = re.split(r"[^a-z0-9]+", heading.lower())
    if {"b04", "b4", "red"} & set(parts):
        return "red"
    if {"b08", "b8", "nir"} & set(parts):
        return "nir"
    return None


def find_column(headings: Sequence[str], names: Sequence[str]) -> str | None:
    """The first heading that is one of `names`, case and spaces aside."""
    by_name = {str(h).strip().lower(): h for h in reversed(list(headings))}
    return next((by_name[name.lower()] for name in names if name.lower() in by_name), None)


def place_columns(frame: pd.DataFrame) -> list[str]:
    """Headings of places, from fine to coarse; a column in which nearly every row has its own value is none."""
    found = []
    for names in PLACES:
        heading = find_column(list(frame.columns), names)
        if heading is not None and frame[heading].nunique(dropna=True) <= max(1, len(frame) // 5):
            found.append(heading)
    return found


def id_column(frame: pd.DataFrame) -> str | None:
    """The heading of the parcels' own numbers, if the table has one by name."""
    return find_column(list(frame.columns), (*_IDS, *_IDS_ZH))


def year_of(frame: pd.DataFrame) -> pd.Series | None:
    """The year each row speaks of, from a year column or a survey date; None without either."""
    heading = find_column(list(frame.columns), _YEARS)
    if heading is not None:
        years = pd.to_numeric(frame[heading], errors="coerce")
        if years.between(1980, 2100).mean() > 0.9:
            return years
    heading = find_column(list(frame.columns), _SURVEYED)
    if heading is not None:
        years = pd.to_datetime(frame[heading], errors="coerce", format="mixed").dt.year
        if years.notna().mean() > 0.9:
            return years
    return None


def area_column(frame: pd.DataFrame) -> str | None:
    """The heading of a numeric area, in whatever unit; only its proportions are used."""
    for heading in frame.columns:
        if _AREA.match(str(heading)) and pd.api.types.is_numeric_dtype(frame[heading]):
            return str(heading)
    return None
