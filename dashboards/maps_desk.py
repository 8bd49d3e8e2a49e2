"""The map of a desk: what passes the filters, as tiles or single shapes, over areas coloured by their 亩."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import folium
import geopandas as gpd
import pandas as pd

from dashboards import maps_layers
from dashboards.data import Area, County
from dashboards.legends import Legend, value_legend
from dashboards.maps import things_from
from dashboards.maps_layers import Drawn, areas_layer, fit_to, group, outlines_layer, things_layer, tiles_layer
from dashboards.words import Lang, say
from geo.layers import Indicator, Layer, Words
from pipelines.tiles import first_zoom

THINGS_AT_ONCE = 600
"""So many shapes at most are drawn one by one; more come as tiles."""


def shown_indicator() -> Indicator:
    """What the areas are coloured by: the 亩 that pass the filters."""
    words = Words(say("agriculture.map_value", "zh"), say("agriculture.map_value", "en"))
    return Indicator("shown_mu", words, "mu", sum=("measured_mu",))


def area_legend(frame: pd.DataFrame, lang: Lang) -> Legend:
    """The legend of areas by 亩. frame: area_code, shown_mu."""
    return value_legend([float(one) for one in frame["shown_mu"]], shown_indicator(), lang)


def group_of_areas(
    county: County,
    area: Area,
    layer: Layer,
    frame: pd.DataFrame,
    legend: Legend,
    *,
    only: Mapping[str, str],
    selected: str | None,
    day: date,
    lang: Lang,
) -> folium.FeatureGroup:
    """Areas of `area` in the colours of the legend, and the things that pass as tiles from near on.

    frame: area_code, shown_mu. only: the filters as the address of the tiles has them. selected: the thing looked
    at on `day`; the map goes to it.
    """
    children = county.children(area)
    chosen = maps_layers.chosen_thing(county, layer, selected, day)
    fit = maps_layers.fit_to_thing(chosen, least_zoom=first_zoom(county.workspace, layer.id))
    fit = fit or fit_to(county, area, least_zoom=things_from(county, area, layer))
    values = frame[frame["area_code"].isin(children["code"])]
    areas = areas_layer(children, values, shown_indicator(), legend, fit=fit, lang=lang)
    tiles = tiles_layer(county, layer, as_of=None, lang=lang, selected=selected, only=only, over_areas=True)
    return group(areas, _frame(county, area), tiles, maps_layers.picked_out(chosen, layer, lang=lang))


def group_of_things(
    county: County,
    area: Area,
    layer: Layer,
    things: gpd.GeoDataFrame,
    *,
    selected: str | None,
    lang: Lang,
    near: bool = False,
    beside: Sequence[tuple[Layer, gpd.GeoDataFrame]] = (),
) -> folium.FeatureGroup:
    """Single things with the outlines around them; the map goes to the one selected. near: it stands alone.

    beside: further things of these layers, drawn below it.
    """
    fit = maps_layers.fit_to_thing(things[things["id"] == selected]) or fit_to(county, area, things)
    outlines = county.outlines("village" if near else area.level)
    shapes = things_layer(things, layer, fit=fit, lang=lang, selected=selected)
    others = [things_layer(rows, other, fit=None, lang=lang) for other, rows in beside]
    return group(outlines_layer(outlines, "near", weight=1), _frame(county, area), *others, shapes)


def _frame(county: County, area: Area) -> Drawn | None:
    outlines = county.outlines(area.level)
    role = "county" if area.level == "county" else "here"
    return outlines_layer(outlines[outlines["code"] == area.code], role, weight=2)
