"""The maps: folium elements whose browser files come from this server and whose text is data, never markup."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
from dashboards.legends import NO_DATA, Legend, choice_labels, is_dark, thing_colour
from dashboards.looks import Look
from dashboards.narrowing import rows_query
from dashboards.scenes import THINGS_AT_ONCE, Scene
from dashboards.words import NOTHING, Lang, figure, say
from geo.layers import Indicator, Layer
from geo.progress import UNPLACED
from pipelines.tiles import first_zoom

VENDOR = "/assets/vendor"
OWN = "/assets/own"
TILES_TO_ZOOM = 16
AREA_OPACITY = 0.88

Json = dict[str, Any]


class CountyMap(folium.Map):
    """A map without a base map and without any file from outside; what is drawn on it comes as feature groups."""

    default_js = [  # noqa: RUF012 (folium's own type)
        ("leaflet", f"{VENDOR}/leaflet/leaflet.js"),
        ("vectorgrid", f"{VENDOR}/vectorgrid/vectorgrid.js"),
        ("fullscreen", f"{VENDOR}/fullscreen/fullscreen.js"),
        ("xiangtu", f"{OWN}/map.js"),
    ]
    default_css = [  # noqa: RUF012
        ("leaflet_css", f"{VENDOR}/leaflet/leaflet.css"),
        ("fullscreen_css", f"{VENDOR}/fullscreen/fullscreen.css"),
        ("xiangtu_css", f"{OWN}/map.css"),
    ]


class _Setup(folium.MacroElement):
    """Controls in the reader's language."""

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "xiangtu.setup({{ this._parent.get_name() }}, {{ this.words|tojson }});"
        "{% endmacro %}"
    )

    def __init__(self, words: Mapping[str, str]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Setup"
        self.words = dict(words)


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


def base_map(county: County, lang: Lang) -> CountyMap:
    """The empty map of the county; the same for every choice of the reader, so that it is loaded once."""
    west, south, east, north = county.bounds(county.root) or (73.0, 18.0, 135.0, 53.0)
    made = CountyMap(
        location=[(south + north) / 2, (west + east) / 2],
        zoom_start=10,
        tiles=None,
        zoom_control=False,
        minZoom=6,
        maxZoom=20,
        zoom_snap=0.25,
        attributionControl=False,
    )
    names = ("zoom_in", "zoom_out", "fullscreen", "fullscreen_exit")
    words = {name: say(f"map.{name}", lang) for name in names}
    made.add_child(_Setup({**words, "lang": lang, "label": county.root.name}))
    return made


@dataclass(frozen=True)
class Picked:
    """What a reader clicked: an area or a thing, by key; or a place on a tile, by lon and lat.

    near: single things are drawn on the area, and the click may mean one of them.
    """

    kind: str
    key: str
    lon: float
    lat: float
    near: bool = False

    @property
    def on_thing(self) -> bool:
        """Whether the place may be that of a thing on a tile."""
        return self.kind == "tile" or (self.kind == "area" and self.near)


def picked(answer: Mapping[str, Any] | None) -> Picked | None:
    """What streamlit-folium says was clicked last; None when nothing was."""
    answer = answer or {}
    drawing = answer.get("last_active_drawing") or {}
    properties = drawing.get("properties") or {}
    place = answer.get("last_object_clicked")
    if not properties.get("kind") or not place:
        return None
    key = properties.get("key") or properties.get("id") or ""
    near = properties.get("near") is True
    return Picked(str(properties["kind"]), str(key), float(place["lng"]), float(place["lat"]), near)


def drawing(county: County, look: Look, scene: Scene) -> folium.FeatureGroup:
    """What a scene shows, as one group: orientation below, then areas or things."""
    fit = fit_to(county, look.area, scene.things, least_zoom=things_from(county, look.area, look.layer))
    outlines = county.outlines("county" if look.area.level == UNPLACED else look.area.level)
    mine = outlines["code"] == look.area.code
    role = "county" if look.area.level == "county" else "here"
    frame = outlines_layer(outlines[mine], role, weight=2)
    only = rows_query(look) if scene.narrowed else {}
    tiles = tiles_layer(
        county, look.layer, as_of=look.as_of, lang=look.lang, selected=look.thing, only=only, area=look.area
    )
    if scene.areas is not None and scene.figures is not None and look.indicator is not None:
        areas = areas_layer(scene.areas, scene.figures, look.indicator, scene.legend, fit=fit, lang=look.lang)
        return _group(areas, frame, tiles, _picked_out(county, look))
    near = outlines_layer(outlines[~mine], "near", weight=1)
    things = scene.things
    if things is None or len(things) > THINGS_AT_ONCE:
        return _group(near, frame, tiles, _picked_out(county, look))
    shown = things_layer(things, look.layer, fit=fit, lang=look.lang, selected=look.thing)
    return _group(near, frame, shown)


def _picked_out(county: County, look: Look) -> Drawn | None:
    """The thing looked at, above tiles that do not know one thing from the other; None where they do."""
    if look.thing is None or not county.is_large(look.layer.id):
        return None
    one = county.listed(look.layer.id, [look.thing], look.day)
    return things_layer(one, look.layer, fit=None, lang=look.lang, selected=look.thing)


def _group(*parts: Drawn | None) -> folium.FeatureGroup:
    """The parts as one group, drawn in the order given."""
    group = folium.FeatureGroup(name="drawing", control=False)
    for part in parts:
        if part is not None:
            part.add_to(group)
    return group


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
    for code, name, shape, point, size in zip(
        areas["code"], areas["name"], areas.geometry, points, shapely.area(areas.geometry), strict=True
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


def outlines_layer(areas: gpd.GeoDataFrame, role: str, *, weight: float) -> Drawn | None:
    """Outlines for orientation: the county (`county`), the area looked at (`here`), or its neighbours (`near`)."""
    if areas.empty:
        return None
    features = [_feature(shape, {}) for shape in areas.geometry]
    return Drawn("outlines", {"features": features, "role": role, "weight": weight})


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
    features = []
    for _, one in placed.iterrows():
        kind = one.get(colour_by) if colour_by else None
        name = one.get(layer.name_field) if layer.name_field else None
        lines = [] if name is None or pd.isna(name) else [str(name)]
        if kind is not None and not pd.isna(kind):
            lines.append(labels.get(str(kind), str(kind)))
        properties = {
            "kind": "thing",
            "key": str(one["id"]),
            "name": str(one["id"]),
            "colour": thing_colour(layer, kind),
            "lines": lines,
        }
        features.append(_feature(one.geometry, properties))
    return Drawn("things", {"features": features, "fit": fit, "selected": selected})


def tiles_layer(
    county: County,
    layer: Layer,
    *,
    as_of: date | None,
    lang: Lang,
    selected: str | None = None,
    only: Mapping[str, str] | None = None,
    area: Area | None = None,
) -> Drawn:
    """The things of a layer on a day as vector tiles from this server.

    only: what of the address narrows them, see `dashboards.narrowing`; all things when empty. area: of a very
    large layer the tiles of this area alone are asked for.
    """
    many = county.is_large(layer.id)
    style = layer.style
    asked = {"edition": county.edition, **({"as_of": as_of.isoformat()} if as_of else {}), **(only or {})}
    spec = {
        "url": f"/tiles/{layer.id}/{{z}}/{{x}}/{{y}}.pbf?{urlencode(asked)}",
        "field": style.get("colour_by", ""),
        "colours": dict(style.get("colours", {})),
        "other": style.get("fill", style.get("stroke", NO_DATA)),
        "selected": selected,
        "min_zoom": first_zoom(county.workspace, layer.id),
        "max_zoom": TILES_TO_ZOOM,
        "hint": say("map.zoom_for_things", lang),
        "many": many,
        "bounds": county.bounds(area) if many and area is not None else None,
    }
    return Drawn("tiles", spec)


def things_from(county: County, area: Area, layer: Layer) -> int | None:
    """The zoom at which a map of an area shows its single things at once; None for that of the whole county."""
    return None if area.level == "county" else first_zoom(county.workspace, layer.id)


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


def _feature(shape: shapely.Geometry, properties: Json) -> Json:
    geometry = json.loads(shapely.to_geojson(shapely.transform(shape, lambda c: c.round(6))))
    return {"type": "Feature", "properties": properties, "geometry": geometry}
