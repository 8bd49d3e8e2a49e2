"""What the columns of a ready-made index table mean, told from headings and values: dates, labels, places."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

# Names of an index in headings, best first; the first that heads enough dates is taken.
INDICES = ("ndvi", "evi2", "evi", "savi", "msavi", "osavi", "gndvi", "ndre", "value", "mean", "指数", "植被指数")
LEAST_DATES = 4

_IDLE = re.compile(
    r"fallow|abandon|idle|uncultivat|not[ _-]?cultivat|unused|unplanted|set.?aside|"
    r"撂荒|弃耕|抛荒|荒芜|闲置|休耕|未种|未耕",
    re.IGNORECASE,
)
_UNKNOWN = re.compile(
    r"^(|nan|none|na|n/a|null|unknown|unclear|unsure|uncertain|不明|不详|未知|不清|-)$", re.IGNORECASE
)
_TRUE = {"1", "true", "yes", "y", "是", "1.0"}
_FALSE = {"0", "false", "no", "n", "否", "0.0"}

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
    ),
    ("region", "oblast", "prefecture", "city", "area_name", "place", "site", "zone", "地区", "市", "州"),
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
)
_IDS_ZH = ("编号", "图斑编号", "地块编码", "地块编号")
_AREA = re.compile(r"^(area|mj|面积|scmj|shape_area)", re.IGNORECASE)

_FULL = re.compile(r"(?<!\d)((?:19|20)\d{2})[-_./年]?(0[1-9]|1[0-2])[-_./月]?(0[1-9]|[12]\d|3[01])日?(?!\d)")
_LOOSE = re.compile(r"(?<!\d)((?:19|20)\d{2})[-_./年](\d{1,2})[-_./月](\d{1,2})日?(?!\d)")
_JULIAN = re.compile(r"(?<!\d)((?:19|20)\d{2})[-_.]?(?:doy)?[-_.]?([0-3]\d{2})(?!\d)", re.IGNORECASE)
_MONTH = re.compile(r"(?<!\d)((?:19|20)\d{2})[-_./年](0?[1-9]|1[0-2])月?(?!\d)")
_DOY = re.compile(r"(?:doy|jday|(?<![a-z])d(?:ay)?)[-_.]?(\d{1,3})(?!\d)", re.IGNORECASE)
_BARE_DOY = re.compile(r"[-_.](\d{3})$")


@dataclass(frozen=True)
class Dated:
    """A heading that stands for one date: `family` is the rest of it. year None = day of the year alone."""

    heading: str
    family: str
    year: int | None
    day_of_year: int

    def day(self, nominal_year: int) -> date:
        """The date, in `nominal_year` when the heading names no year."""
        return date(self.year or nominal_year, 1, 1) + timedelta(days=self.day_of_year - 1)


def _made(heading: str, found: re.Match[str], year: int | None, day_of_year: int) -> Dated | None:
    if not 1 <= day_of_year <= 366:
        return None
    family = (heading[: found.start()] + heading[found.end() :]).strip(" _-.").lower()
    return Dated(heading, family, year, day_of_year)


def dated(heading: str) -> Dated | None:
    """The date a heading names, in whatever of the usual spellings; None when it names none.

    `2016-05-01`, `NDVI_20160501`, `2016年5月1日`, `ndvi_2016129` (year and day of year), `2016-05` (its
    middle), `ndvi_doy129`, `d129`, `ndvi_129`.
    """
    for pattern in (_FULL, _LOOSE):
        found = pattern.search(heading)
        if found:
            try:
                day = date(*(int(part) for part in found.groups()))
            except ValueError:
                continue
            return _made(heading, found, day.year, day.timetuple().tm_yday)
    if found := _JULIAN.search(heading):
        return _made(heading, found, int(found[1]), int(found[2]))
    if found := _MONTH.search(heading):
        middle = date(int(found[1]), int(found[2]), 15)
        return _made(heading, found, middle.year, middle.timetuple().tm_yday)
    for pattern in (_DOY, _BARE_DOY):
        if found := pattern.search(heading):
            return _made(heading, found, None, int(found[1]))
    return None


def families(headings: Sequence[str]) -> dict[str, list[Dated]]:
    """Dated headings by what they have in common beside the date; only those with at least LEAST_DATES dates."""
    found: dict[str, list[Dated]] = {}
    for heading in headings:
        one = dated(str(heading))
        if one:
            found.setdefault(one.family, []).append(one)
    return {name: group for name, group in found.items() if len(group) >= LEAST_DATES}


def index_family(groups: dict[str, list[Dated]]) -> str | None:
    """Which family holds the index: by name in the order of INDICES, else the only one there is."""
    for index in INDICES:
        for name in sorted(groups, key=len):
            if index in re.split(r"[^a-z0-9一-鿿]+", name):
                return name
    return next(iter(groups)) if len(groups) == 1 else None


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


def idle_labels(values: pd.Series, *, heading: str = "", idle: Sequence[str] = ()) -> pd.Series | None:
    """Which rows are labelled idle: boolean with NA where the label says nothing; None when it is no label at all.

    idle: the words that mean idle; when none are given, words for fallow and abandoned in both languages. A
    yes/no column counts when its own heading is such a word.
    """
    text = values.astype("string").str.strip()
    unknown = text.isna() | text.str.match(_UNKNOWN).fillna(True)
    if idle:
        wanted = {word.strip().lower() for word in idle}
        hit = text.str.lower().isin(wanted).fillna(False)
    elif _IDLE.search(heading) and set(text[~unknown].str.lower().unique()) <= _TRUE | _FALSE:
        hit = text.str.lower().isin(_TRUE).fillna(False)
    else:
        hit = text.str.contains(_IDLE).fillna(False)
    if not hit.any() or (hit | unknown).all():
        return None
    return hit.astype("boolean").mask(unknown & ~hit)


def label_column(frame: pd.DataFrame, *, label: str | None = None, idle: Sequence[str] = ()) -> str | None:
    """The heading whose values tell idle from used: the named one, else the text column with most rows told."""
    if label is not None:
        return find_column(list(frame.columns), (label,))
    best, most = None, (0, 0)
    for heading in frame.columns:
        values = frame[heading]
        coded = bool(_IDLE.search(str(heading))) or pd.api.types.is_bool_dtype(values)
        if not coded and (pd.api.types.is_numeric_dtype(values) or values.nunique(dropna=True) > 200):
            continue
        found = idle_labels(values, heading=str(heading), idle=idle)
        if found is not None:
            size = (int(found.sum()), int(found.notna().sum()))
            if size > most:
                best, most = str(heading), size
    return best
