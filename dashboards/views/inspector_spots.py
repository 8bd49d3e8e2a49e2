"""Hot spots and stubborn places: where sites crowd more than chance explains, and where trouble comes back."""

from __future__ import annotations

from datetime import date

import pandas as pd

from dashboards import inspector
from dashboards.data import County
from dashboards.views.inspector_round import site_map
from dashboards.words import Lang, say
from geo.errors import Refused
from pipelines.marks_places import LAYER
from pipelines.rounds import stubborn_places
from pipelines.rounds_hot import hot_cells

MOST = 50


def show(county: County, today: date, lang: Lang) -> None:
    """Draw the hexagons and the places on one map, the places beside it as cards."""
    layer = county.workspace.layer(LAYER)
    things = county.things(LAYER, as_of=today)
    reach = county.reach(LAYER)
    places = county.kept(
        LAYER, ("stubborn", today, reach), lambda: stubborn_places(county.workspace, things, today)
    )
    hot, said = _hot(county, today, lang)
    data = {
        "label": say("inspector.spots", lang),
        "stops": inspector.stubborn(places.head(MOST), layer, lang),
        "start": None,
        "cells": inspector.cells(hot, layer, lang),
        "route": False,
        "whole": True,
        "legend": inspector.hot_legend(hot, lang, stubborn=len(places) > 0),
        "notes": [said, say("inspector.stubborn_note", lang)],
        "empty": say("inspector.stubborn_none", lang),
    }
    site_map(county, data, key="inspector_spots", lang=lang)


def _hot(county: County, today: date, lang: Lang) -> tuple[pd.DataFrame, str]:
    """The hot hexagons among what the reader may see, and a sentence about them."""
    things = county.things(LAYER, as_of=today)

    def _found() -> pd.DataFrame | Refused:
        try:
            return hot_cells(county.workspace, things)
        except Refused as refusal:
            return refusal

    hot = county.kept(LAYER, ("hot", today, county.reach(LAYER)), _found)
    if isinstance(hot, Refused):
        nothing = pd.DataFrame({"geometry": [], "class": [], "count": []})
        return nothing, say("inspector.hot_few", lang, needed=hot.params.get("needed", 30))
    return hot, say("inspector.hot_note" if len(hot) else "inspector.hot_none", lang)
