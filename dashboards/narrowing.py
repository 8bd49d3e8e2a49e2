"""Which things the tiles of a map are narrowed to, as their address says: a list's rows, or a desk's filters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pandas as pd

from dashboards.agriculture import Ask, desk_of, read_ask, written
from dashboards.data import County
from dashboards.figures import selected
from dashboards.looks import Look
from geo.layers import Layer
from pipelines.tiles import Only
from pipelines.worklist_filters import Filters, narrowed

DESK = "desk"
"""In the address of a tile: its filters are those of the agriculture bureau's page."""


def rows_query(look: Look) -> dict[str, str]:
    """What of a look narrows its list, for the address of the tiles; empty when nothing does."""
    if not look.listing or not look.rows:
        return {}
    return {"rows": look.rows, "area": look.area.code}


def filters_query(filters: Filters) -> dict[str, str]:
    """The filters of a desk for the address of the tiles; empty when none is set."""
    given = {name: value for name, value in written(filters).items() if value}
    return {DESK: "1", **given} if given else {}


def desk_only(county: County, ask: Ask) -> Only | None:
    """The things that pass the filters of a desk; None when no filter is set."""
    if not ask.filters.given():
        return None
    who = (county.actor.role, county.actor.area_code, county.actor.layers)
    key = ("desk only", ask.day, ask.filters, who)

    def _made() -> Only:
        passing = narrowed(desk_of(county, ask.layer.id, ask.day), ask.filters)
        return Only(repr(key), pd.Index(passing.rows["id"].astype(object)))

    return county.kept(ask.layer.id, key, _made)


def narrowed_to(
    asked: Mapping[str, str], county: County, layer: Layer, *, as_of: date | None, today: date
) -> Only | None:
    """The things that the address of a tile asks for; None for all of the layer."""
    if asked.get(DESK):
        return desk_only(county, read_ask({**asked, "layer": layer.id}, county, today=today, lang="zh"))
    area = county.area(asked.get("area") or None)
    if not asked.get("rows") or area is None:
        return None
    return selected(county, layer, asked["rows"], area, as_of or today, today)
