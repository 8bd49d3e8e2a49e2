"""The layers that a map is put together of: each is made by `static/map.js` of what it draws, as data."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode

import folium
import geopandas as gpd
import pandas as pd
import shapely
from folium.elements import JSCSSMixin
from folium.map import Layer as FoliumLayer
from folium.template import Template

from dashboards.data import Area, County
from dashboards.legends import NO_DATA, Legend, choice_labels, is_dark, thing_colour, thing_legend
from dashboards.looks import THEN
from dashboards.words import NOTHING, Lang, figure, say
from geo.layers import Indicator, Layer
from pipelines.tiles import first_zoom

TILES_TO_ZOOM = 16
AREA_OPACITY = 0.88
AROUND_A_THING = (0.001, 0.01)
"""So many degrees around a thing are shown with it at least and at most: about a hundred metres, a kilometre."""

Json = dict[str, Any]


class Drawn(JSCSSMixin, FoliumLayer):
    """One layer made by `static/map.js`: `kind` is the function there, `spec` what it draws."""

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "var {{ this.get_name() }} = xiangtu.{{ this.kind }}({{ this.spec|tojson }});"
        "{% endmacro %}"
    )

    def __init__(self, kind: str, spec: Json) -> None:
        super().__init__(name=kind, overlay=True, control=False, show=True)
        self._name = "Drawn"
        self.kind = kind
        self.spec = spec


def areas_layer(
    areas: gpd.GeoDataFrame,
    frame: pd.DataFrame,
    indicator: Indicator,
    legend: Legend,
    *,
    fit: Json | None,
    lang: Lang,
) -> Drawn:
    """Areas coloured by an indicator, with their names and values.

    areas: outlines to draw (code, name, geometry). frame: progress rows of the same areas.
    """
    values = {str(c): float(v) for c, v in zip(frame["area_code"], frame[indicator.id], strict=True)}
    features, labels = [], []
    points = areas.geometry.representative_point()
    sizes = shapely.area(areas.geometry)
    for code, name, shape, point, size in zip(
        areas["code"], areas["name"], _geojson(areas), points, sizes, strict=True
    ):
        text = figure(values.get(code), indicator.unit, lang)
        properties = {
            "kind": "area",
            "key": code,
            "name": name,
            "colour": legend.colour(values.get(code)),
            "lines": [f"{indicator.label(lang)}{'：' if lang == 'zh' else ': '}{text}"],
        }
        features.append(_feature(shape, properties))
        shown = "" if text == NOTHING else text
        labels.append(
            {
                "key": code,
                "name": name,
                "value": shown,
                "lat": round(point.y, 5),
                "lon": round(point.x, 5),
                "priority": round(size, 8),
                "on_dark": is_dark(legend.colour(values.get(code))),
            }
        )
    spec = {
        "features": features,
        "labels": labels,
        "opacity": AREA_OPACITY,
        "fit": fit,
    }
    return Drawn("areas", spec)


def outlines_layer(areas: gpd.GeoDataFrame, role: str, *, weight: float, fit: Json | None = None) -> Drawn | None:
    """Outlines for orientation: the county (`county`), the area looked at (`here`), or its neighbours (`near`)."""
    if areas.empty:
        return None
    features = [_feature(shape, {}) for shape in _geojson(areas)]
    return Drawn("outlines", {"features": features, "role": role, "weight": weight, "fit": fit})


def things_layer(
    things: gpd.GeoDataFrame,
    layer: Layer,
    *,
    fit: Json | None,
    lang: Lang,
    selected: str | None = None,
) -> Drawn:
    """Single things by their stage or kind; those without a shape are left out."""
    colour_by = layer.style.get("colour_by")
    labels = choice_labels(layer, colour_by, lang) if colour_by else {}
    placed = things[~(things.geometry.is_empty | things.geometry.isna())]
    nothing = [None] * len(placed)
    kinds, names = (placed.get(column, nothing) for column in (colour_by, layer.name_field))
    features = []
    for key, kind, name, shape in zip(placed["id"], kinds, names, _geojson(placed), strict=True):
        lines = [] if name is None or pd.isna(name) else [str(name)]
        if kind is not None and not pd.isna(kind):
            lines.append(labels.get(str(kind), str(kind)))
        colour = thing_colour(layer, kind)
        properties = {"kind": "thing", "key": str(key), "name": str(key), "colour": colour, "lines": lines}
        features.append(_feature(shape, properties))
    return Drawn("things", {"features": features, "fit": fit, "selected": selected})


def chosen_thing(county: County, layer: Layer, thing: str | None, day: date) -> gpd.GeoDataFrame | None:
    """The thing looked at on a day, as one row; None when there is none, or it has no shape."""
    found = county.thing(layer.id, thing, day) if thing else None
    shape = None if found is None else found["geometry"]
    if found is None or shape is None or shape.is_empty:
        return None
    return gpd.GeoDataFrame(found.to_frame().T, geometry="geometry")


def picked_out(chosen: gpd.GeoDataFrame | None, layer: Layer, *, lang: Lang) -> Drawn | None:
    """The thing looked at, to stand above everything else; None without one."""
    if chosen is None:
        return None
    return things_layer(chosen, layer, fit=None, lang=lang, selected=str(chosen["id"].iloc[0]))


def tiles_layer(
    county: County,
    layer: Layer,
    *,
    as_of: date | None,
    lang: Lang,
    selected: str | None = None,
    only: Mapping[str, str] | None = None,
    area: Area | None = None,
    over_areas: bool = False,
) -> Drawn:
    """The things of a layer on a day as vector tiles from this server.

    only: what of the address narrows them, see `dashboards.narrowing`; all things when empty. area: of a very
    large layer the tiles of this area alone are asked for. over_areas: the legend beside the map is that of the
    areas below, so that of the things stands on the map while they are drawn.
    """
    many = county.is_large(layer.id)
    style = layer.style
    asked = {"edition": county.edition, **({"as_of": as_of.isoformat()} if as_of else {}), **(only or {})}
    asked |= {"shown": THEN} if county.past else {}
    spec = {
        "url": f"/tiles/{layer.id}/{{z}}/{{x}}/{{y}}.pbf?{urlencode(asked)}",
        "field": style.get("colour_by", ""),
        "colours": dict(style.get("colours", {})),
        "other": style.get("fill", style.get("stroke", NO_DATA)),
        "selected": selected,
        "min_zoom": first_zoom(county.workspace, layer.id),
        "max_zoom": TILES_TO_ZOOM,
        "hint": say("map.zoom_for_things", lang),
        "legend": _key(layer, lang) if over_areas else None,
        "many": many,
        "bounds": county.bounds(area) if many and area is not None else None,
    }
    return Drawn("tiles", spec)


def _key(layer: Layer, lang: Lang) -> Json:
    """Every colour that a thing of a layer can have, and what it stands for."""
    found = thing_legend(layer, list(layer.style.get("colours", {})), lang)
    return {"heading": found.heading, "entries": [[one.colour, one.label] for one in found.entries]}


def group(*parts: Drawn | None) -> folium.FeatureGroup:
    """The parts as one group, drawn in the order given."""
    group = folium.FeatureGroup(name="drawing", control=False)
    for part in parts:
        if part is not None:
            part.add_to(group)
    return group


def fit_to(
    county: County, area: Area, frame: gpd.GeoDataFrame | None = None, *, least_zoom: int | None = None
) -> Json | None:
    """Where the map goes for an area: its bounds, or those of the things in it when it has no outline.

    least_zoom: so near it goes when hardly any of the area is lost by it.
    """
    bounds: Sequence[float] | None = county.bounds(area)
    if bounds is None and frame is not None and len(frame):
        bounds = [float(value) for value in frame.total_bounds]
    if bounds is None or not all(math.isfinite(value) for value in bounds):
        return None
    west, south, east, north = bounds
    if west == east and south == north:
        west, south, east, north = west - 0.005, south - 0.005, east + 0.005, north + 0.005
    least = {} if least_zoom is None else {"least_zoom": least_zoom}
    return {"key": area.code, "bounds": [[south, west], [north, east]], "max_zoom": 17, **least}


def fit_to_thing(things: gpd.GeoDataFrame | None, *, least_zoom: int | None = None) -> Json | None:
    """Where the map goes for one thing: to it, with its own size of surroundings on each side, or a kilometre.

    things: one row, its column id and its shape in degrees; None when there is none or it has no shape. The map
    stays where it is when the thing is well seen there, and goes back there when the thing is closed.
    least_zoom: see `fit_to`.
    """
    if things is None or things.empty or not all(math.isfinite(value) for value in things.total_bounds):
        return None
    west, south, east, north = (float(value) for value in things.total_bounds)
    least_around, most_around = AROUND_A_THING
    around = min(max(east - west, north - south, least_around), most_around)
    bounds = [[south - around, west - around], [north + around, east + around]]
    least = {} if least_zoom is None else {"least_zoom": least_zoom}
    return {"key": f"thing {things['id'].iloc[0]}", "bounds": bounds, "max_zoom": 18, "thing": True, **least}


def _geojson(rows: gpd.GeoDataFrame) -> list[Json]:
    """The shapes of rows as GeoJSON, to about ten centimetres."""
    shapes = shapely.transform(rows.geometry.to_numpy(object), lambda coordinates: coordinates.round(6))
    return [json.loads(one) for one in shapely.to_geojson(shapes)]


def _feature(geometry: Json, properties: Json) -> Json:
    return {"type": "Feature", "properties": properties, "geometry": geometry}
