"""What one view shows, on a screen or on paper: areas or things, their legend and their table."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from dashboards import tables
from dashboards.data import County
from dashboards.legends import Legend, thing_legend, value_legend
from dashboards.looks import Look
from dashboards.tables import Board
from dashboards.words import day, say
from geo.progress import UNPLACED

THINGS_AT_ONCE = 1000
"""More things than this are drawn from tiles, and listed only as far as this."""


@dataclass(frozen=True)
class Scene:
    """One view: its title and date, the legend, the table, and what is on the map.

    areas and figures: the units and their progress rows, None where single things are shown. things: the rows
    shown, None where areas are shown. whole: the progress row of the unit looked at. outside: how many things
    lie in no area at all.
    """

    title: str
    date: str
    legend: Legend
    board: Board
    whole: pd.Series | None
    areas: gpd.GeoDataFrame | None = None
    figures: pd.DataFrame | None = None
    things: gpd.GeoDataFrame | None = None
    outside: int = 0


def scene(county: County, look: Look) -> Scene:
    """What a look shows. The units of an area by the chosen indicator; where there are none, its things."""
    level = county.below(look.area)
    if level is None or look.indicator is None or look.listing:
        return _things(county, look)
    progress = county.progress(look.layer.id, level, look.day)
    children = county.children(look.area)
    rows = progress[progress["area_code"].isin(children["code"])].reset_index(drop=True)
    values = pd.to_numeric(rows[look.indicator.id]).astype(float)
    rows[look.indicator.id] = values
    legend = value_legend(values.tolist(), look.indicator, look.lang)
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
    )
    return Scene(title(look), made(look), legend, board, whole, children, rows, outside=int(outside))


def _things(county: County, look: Look) -> Scene:
    found = county.things(look.layer.id, area=look.area, as_of=look.day)
    colour_by = look.layer.style.get("colour_by")
    legend = thing_legend(look.layer, list(found[colour_by].unique()) if colour_by in found else [], look.lang)
    board = tables.listed(found.head(THINGS_AT_ONCE), look.layer, count=len(found), lang=look.lang)
    whole = whole_row(county, look) if look.indicator is not None else None
    return Scene(title(look), made(look), legend, board, whole, things=found)


def whole_row(county: County, look: Look) -> pd.Series | None:
    """The progress row of the unit looked at; None when it has none."""
    if look.area.level == UNPLACED:
        return None
    frame = county.progress(look.layer.id, look.area.level, look.day)
    rows = frame[frame["area_code"] == look.area.code]
    return None if rows.empty else rows.iloc[0]


def title(look: Look) -> str:
    """Area and topic as a heading."""
    return f"{place(look)} · {look.layer.label(look.lang)}"


def place(look: Look) -> str:
    """The name of the unit looked at."""
    if look.area.level == UNPLACED:
        return say("thing.area_unknown", look.lang)
    return look.area.name


def made(look: Look) -> str:
    """The day the figures are of, as a phrase."""
    return say("print.made", look.lang, date=day(look.day, look.lang))
