"""The maps: folium elements whose browser files come from this server and whose text is data, never markup."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import folium
import geopandas as gpd
import pandas as pd
from folium.template import Template

from dashboards.basemap import ground
from dashboards.data import Area, County
from dashboards.looks import Look
from dashboards.maps_layers import (
    areas_layer,
    chosen_thing,
    fit_to,
    fit_to_thing,
    group,
    outlines_layer,
    picked_out,
    things_layer,
    tiles_layer,
)
from dashboards.narrowing import rows_query
from dashboards.scenes import THINGS_AT_ONCE, Scene
from dashboards.words import Lang, say
from geo.layers import Layer
from geo.progress import UNPLACED
from pipelines.tiles import first_zoom

VENDOR = "/assets/vendor"
OWN = "/assets/own"


class CountyMap(folium.Map):
    """A map without any file from outside; what is drawn on it comes as feature groups."""

    default_js = [  # noqa: RUF012 (folium's own type)
        ("leaflet", f"{VENDOR}/leaflet/leaflet.js"),
        ("vectorgrid", f"{VENDOR}/vectorgrid/vectorgrid.js"),
        ("fullscreen", f"{VENDOR}/fullscreen/fullscreen.js"),
        ("xiangtu_ground", f"{OWN}/ground.js"),
        ("xiangtu_painted", f"{OWN}/painted.js"),
        ("xiangtu", f"{OWN}/map.js"),
        ("xiangtu_sides", f"{OWN}/sides.js"),
    ]
    default_css = [  # noqa: RUF012
        ("leaflet_css", f"{VENDOR}/leaflet/leaflet.css"),
        ("fullscreen_css", f"{VENDOR}/fullscreen/fullscreen.css"),
        ("xiangtu_css", f"{OWN}/map.css"),
    ]


class _Setup(folium.MacroElement):
    """Controls in the reader's language, and what lies below everything else."""

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "xiangtu.setup({{ this._parent.get_name() }}, {{ this.words|tojson }});"
        "xiangtuGround.add({{ this._parent.get_name() }}, {{ this.ground|tojson }});"
        "xiangtuSides.join({{ this._parent.get_name() }}, {{ this.bounds|tojson }});"
        "{% endmacro %}"
    )

    def __init__(
        self, words: Mapping[str, str], ground: Mapping[str, Any] | None, bounds: list[list[float]] | None
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.bounds = bounds
        self._name = "Setup"
        self.words = dict(words)
        self.ground = ground


def base_map(county: County, lang: Lang) -> CountyMap:
    """The county's ground and nothing on it; the same for every choice of a reader, so that it is loaded once."""
    there = county.bounds(county.root)
    west, south, east, north = there or (73.0, 18.0, 135.0, 53.0)
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
    bounds = [[south, west], [north, east]] if there else None
    made.add_child(_Setup({**words, "lang": lang, "label": county.root.name}, ground(county, lang), bounds))
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
    """What a scene shows, as one group: orientation below, then areas or things, the thing looked at above all."""
    chosen = chosen_thing(county, look.layer, look.thing, look.day)
    least = things_from(county, look.area, look.layer)
    fit = fit_to(county, look.area, scene.things, least_zoom=least)
    fit = fit_to_thing(chosen, least_zoom=first_zoom(county.workspace, look.layer.id)) or fit
    outlines = county.outlines("county" if look.area.level == UNPLACED else look.area.level)
    mine = outlines["code"] == look.area.code
    role = "county" if look.area.level == "county" else "here"
    frame = outlines_layer(outlines[mine], role, weight=2, fit=fit)
    only = rows_query(look) if scene.narrowed else {}
    tiles = tiles_layer(
        county,
        look.layer,
        as_of=look.as_of,
        lang=look.lang,
        selected=look.thing,
        only=only,
        area=look.area,
        over_areas=scene.areas is not None,
    )
    above = picked_out(chosen, look.layer, lang=look.lang)
    if scene.areas is not None and scene.figures is not None and look.indicator is not None:
        areas = areas_layer(scene.areas, scene.figures, look.indicator, scene.legend, fit=fit, lang=look.lang)
        return group(areas, frame, tiles, above)
    near = outlines_layer(_around(county, look.area, outlines[~mine]), "near", weight=1)
    things = scene.things
    if things is None or len(things) > THINGS_AT_ONCE:
        return group(near, frame, tiles, above)
    shown = things_layer(things, look.layer, fit=fit, lang=look.lang, selected=look.thing)
    return group(near, frame, shown, None if look.thing in set(things["id"]) else above)


def _around(county: County, area: Area, others: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The outlines around an area: others of its level, for a village those of its township and the townships."""
    if area.level != "village":
        return others
    townships = county.outlines("township")
    return pd.concat([others[others["parent"] == area.parent], townships[townships["code"] != area.parent]])


def things_from(county: County, area: Area, layer: Layer) -> int | None:
    """The zoom at which a map of an area shows its single things at once; None for that of the whole county."""
    return None if area.level == "county" else first_zoom(county.workspace, layer.id)
