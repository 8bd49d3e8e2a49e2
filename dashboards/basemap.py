"""What lies below a map, as `static/ground.js` draws it: water and roads, relief, and a configured base map."""

from __future__ import annotations

from typing import Any

from dashboards.data import County
from dashboards.words import Lang, say
from geo.layers import Layer
from pipelines import ground_tiles, hillshade
from pipelines.basemap import BaseMap, base_map

Json = dict[str, Any]
STYLE = ("stroke", "fill", "dark_stroke", "dark_fill", "width")


def ground(county: County, lang: Lang) -> Json | None:
    """The ground of every map; None when the workspace has neither water nor roads, heights or a base map.

    The same for every choice of the reader. lines: tiles of the ground layers; pictures and relief: where their
    tiles are; credit: whose base map it is with its 审图号; notes: what was configured and cannot be shown.
    """
    base = base_map(county.workspace)
    lines = [_lines(county, layer) for layer in ground_tiles.ground_layers(county.workspace)]
    pictures, relief = _pictures(base), _relief(base)
    if not (lines or pictures or relief or base.faults):
        return None
    return {
        "lines": lines,
        "pictures": pictures,
        "relief": relief,
        "credit": credit(base, lang),
        "notes": [one.words(lang) for one in base.faults],
        "words": {"show": say("ground.show", lang), "hide": say("ground.hide", lang)},
    }


def credit(base: BaseMap, lang: Lang) -> str:
    """Whose base map is shown, and its approval number or that none is named; "" without a base map."""
    if not (base.remote or base.local):
        return ""
    number = base.approval
    said = say("ground.approval", lang, number=number) if number else say("ground.no_approval", lang)
    return f"{base.source} {said}".strip()


def printed_credit(county: County, lang: Lang) -> str:
    """The credit of the base map for the foot of a printed page; "" without one."""
    said = credit(base_map(county.workspace), lang)
    return say("ground.printed", lang, credit=said) if said else ""


def _lines(county: County, layer: Layer) -> Json:
    return {
        "url": f"/tiles/{layer.id}/{{z}}/{{x}}/{{y}}.pbf?edition={county.layer_edition(layer.id)}",
        "first": ground_tiles.FIRST_ZOOM,
        "last": ground_tiles.LAST_ZOOM,
        "style": {name: layer.style[name] for name in STYLE if name in layer.style},
    }


def _pictures(base: BaseMap) -> Json | None:
    if base.remote:
        return {"url": base.remote, "servers": list(base.servers), "first": 0, "last": base.max_zoom}
    if base.local is None:
        return None
    url = f"/ground/map/{{z}}/{{x}}/{{y}}?edition={base.mark}"
    return {"url": url, "servers": [], "first": base.local.min_zoom, "last": base.local.max_zoom}


def _relief(base: BaseMap) -> Json | None:
    if base.relief is None:
        return None
    west, south, east, north = base.relief.bounds
    return {
        "url": f"/ground/hillshade/{{z}}/{{x}}/{{y}}.png?edition={base.mark}",
        "first": hillshade.FIRST_ZOOM,
        "last": hillshade.LAST_ZOOM,
        "bounds": [[south, west], [north, east]],
    }
