"""What one view shows, on a screen or on paper: areas or things, their legend and their table."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from dashboards import figures, listings, tables
from dashboards.data import County
from dashboards.legends import Legend, thing_legend, value_legend
from dashboards.looks import Look
from dashboards.tables import Board
from dashboards.words import day, figure, say
from geo.layers import Indicator
from geo.progress import UNPLACED
from geo.standing import STANDINGS
from pipelines.waiting import KINDS

THINGS_AT_ONCE = 1000
"""More things than this are drawn from tiles."""


@dataclass(frozen=True)
class Scene:
    """One view: its title and date, the legend, the table, and what is on the map.

    areas and figures: the units and their progress rows, None where single things are shown. things: the rows
    shown, None where areas are shown, or too many things of too large a layer. count: how many things are listed.
    narrowed: only some of the things of the area are meant, and the map must show no others. whole: the progress
    row of the unit looked at. outside: how many things lie in no area at all. part and parts: which part of a long
    list the table holds, and of how many. said: what the listed things are, and what they add up to.
    """

    title: str
    date: str
    legend: Legend
    board: Board
    whole: pd.Series | None
    areas: gpd.GeoDataFrame | None = None
    figures: pd.DataFrame | None = None
    things: gpd.GeoDataFrame | None = None
    count: int = 0
    narrowed: bool = False
    outside: int = 0
    part: int = 1
    parts: int = 1
    said: tuple[str, ...] = ()


def scene(county: County, look: Look, *, legend: Legend | None = None) -> Scene:
    """What a look shows. The units of an area by the chosen indicator; where there are none, its things.

    legend: one to draw by instead of the view's own, so that two views can be set side by side.
    """
    level = county.below(look.area)
    if level is None or look.indicator is None or look.listing:
        return _things(county, look)
    progress = county.progress(look.layer.id, level, look.day)
    children = county.children(look.area)
    rows = progress[progress["area_code"].isin(children["code"])].reset_index(drop=True)
    values = pd.to_numeric(rows[look.indicator.id]).astype(float)
    rows[look.indicator.id] = values
    legend = legend or area_legend(county, look)
    whole = whole_row(county, look)
    aside = progress[progress["level"] == UNPLACED]
    outside = aside.loc[aside["area_code"] == "", "features"].sum() if look.area.level == "county" else 0
    board = tables.ranked(
        pd.concat([rows, aside[aside["area_code"] == look.area.code]], ignore_index=True),
        whole,
        look.indicator,
        look.layer,
        legend,
        level=level,
        lang=look.lang,
        outside=int(outside),
        standings=figures.standings(county, look.layer, list(rows["area_code"]), look.day),
    )
    return Scene(title(look), made(look), legend, board, whole, children, rows, outside=int(outside))


def area_legend(county: County, *looks: Look) -> Legend:
    """The legend of the units of the areas looked at, one for all looks: of all their values in two years.

    So it holds for every month, and for views set side by side. The figure is that of the first look.
    """
    indicator = looks[0].indicator
    if indicator is None:
        raise ValueError("a legend of areas needs a figure")
    values = [value for look in looks for value in _values(county, look, indicator)]
    return value_legend(values, indicator, looks[0].lang)


def _values(county: County, look: Look, indicator: Indicator) -> list[float]:
    """The figure of every unit of an area, on the day looked at and at the ends of two years of months."""
    level, codes = county.below(look.area), county.children(look.area)["code"]
    if level is None:
        return []
    parts = [county.progress(look.layer.id, level, look.day)]
    if figures.has_months(county, look.layer):
        parts.append(figures.months(county, look.layer, level, look.today))
    rows = [pd.to_numeric(one.loc[one["area_code"].isin(codes), indicator.id]) for one in parts]
    found: list[float] = pd.concat(rows).astype(float).tolist()
    return found


def _things(county: County, look: Look) -> Scene:
    counted = figures.rows_of(county, look.layer, look.rows, look.area, look.day, look.today)
    lost = counted is None
    if counted is None:
        counted = figures.Counted(county.light(look.layer.id, area=look.area, as_of=look.day))
    found, lang = counted.rows, look.lang
    colour_by = look.layer.style.get("colour_by")
    legend = thing_legend(look.layer, list(found[colour_by].unique()) if colour_by in found else [], lang)
    at, parts, rows = listings.page_of(len(found), look.part)
    total = counted.totals
    board = listings.listed(
        _whole(county, look, found.iloc[rows]),
        look.layer,
        parts=counted.parts,
        files=_files(county, look, found.iloc[rows]),
        first=rows.start + 1,
        lang=lang,
        total=total,
    )
    drawn = _whole(county, look, found) if "geometry" in found or len(found) <= THINGS_AT_ONCE else None
    whole = whole_row(county, look) if look.indicator is not None else None
    return Scene(
        title(look),
        made(look),
        legend,
        board,
        whole,
        things=drawn,
        count=len(found),
        narrowed=look.rows is not None and not lost,
        part=at,
        parts=parts,
        said=tuple(said_of(counted, look, lost=lost)),
    )


def _whole(county: County, look: Look, rows: pd.DataFrame) -> gpd.GeoDataFrame:
    """Listed rows with their shapes and all their fields, and what they bring to a figure."""
    if "geometry" in rows:
        return rows
    day = look.today if (look.rows or "").startswith(figures.WAITS) else look.day
    every = county.listed(look.layer.id, list(rows["id"]), day)
    by_id = rows.set_index("id").reindex(every["id"])
    return every.assign(**{name: by_id[name].to_numpy() for name in by_id.columns if name.startswith("=")})


def _files(county: County, look: Look, rows: pd.DataFrame) -> dict[str, str | None]:
    return {one: county.source_file(look.layer.id, one) for one in rows["import_id"].dropna().unique() if one}


def said_of(counted: figures.Counted, look: Look, *, lost: bool) -> list[str]:
    """What the listed things are, what they add up to, and what is counted but not listed."""
    lang = look.lang
    found = [say("leader.rows_gone", lang, rows=look.rows)] if lost else []
    sums = [figure(value, one.unit, lang) for one, value in zip(counted.parts, counted.totals, strict=True)]
    found += [
        say("leader.rows_sum", lang, label=one.label(lang), value=value)
        for one, value in zip(counted.parts, sums, strict=True)
    ]
    found += [say("leader.rows_equal", lang)] if counted.parts else []
    if counted.beyond:
        brought = zip(counted.parts, counted.beyond_sums, strict=True)
        values = [f"{one.label(lang)} {figure(value, one.unit, lang)}" for one, value in brought]
        found.append(say("leader.rows_beyond", lang, count=counted.beyond, values=" · ".join(values)))
    return found


def whole_row(county: County, look: Look) -> pd.Series | None:
    """The progress row of the unit looked at; None when it has none."""
    if look.area.level == UNPLACED:
        return None
    frame = county.progress(look.layer.id, look.area.level, look.day)
    rows = frame[frame["area_code"] == look.area.code]
    return None if rows.empty else rows.iloc[0]


def title(look: Look) -> str:
    """Area and topic as a heading, and what of it is listed."""
    parts = [place(look), look.layer.label(look.lang)]
    if look.listing and look.rows:
        parts += [rows_name(look)]
    return " · ".join(part for part in parts if part)


def rows_name(look: Look) -> str:
    """What the listed things have in common, in words; empty for what is not known."""
    rows, lang = look.rows or "", look.lang
    if rows.startswith(figures.STANDS) and rows.removeprefix(figures.STANDS) in STANDINGS:
        return say(f"standing.{rows.removeprefix(figures.STANDS)}", lang)
    if rows.startswith(figures.WAITS) and rows.removeprefix(figures.WAITS) in KINDS:
        return say(f"bell.{rows.removeprefix(figures.WAITS)}", lang)
    return next((one.label(lang) for one in look.layer.indicators if one.id == rows), "")


def place(look: Look) -> str:
    """The name of the unit looked at."""
    if look.area.level == UNPLACED:
        return say("thing.area_unknown", look.lang)
    return look.area.name


def made(look: Look) -> str:
    """The day the figures are of, as a phrase."""
    return say("print.made", look.lang, date=day(look.day, look.lang))
