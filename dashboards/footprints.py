"""The townships and villages that a zone takes in, in the reader's words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd

from dashboards.data import Area, County
from dashboards.words import Lang, say
from geo.layers import Layer
from pipelines.covers import ZONES
from pipelines.footprint import footprint


@dataclass(frozen=True)
class TakenIn:
    """What a zone takes in. said: how much, in a phrase; lines: each township with its villages."""

    said: str
    lines: tuple[tuple[str, str], ...]


def taken_in(county: County, layer: Layer, thing: pd.Series, lang: Lang) -> TakenIn | None:
    """What a zone takes in of the reader's own area; None for any other layer, and for a zone within one village.

    thing: a row of `County.thing`, with its shape. What lies elsewhere is neither named nor counted.
    """
    found = _footprint(county, layer, thing)
    mine = found if found is None else found[found["code"].isin(county.areas["code"])]
    if found is None or mine is None or len(mine) < 2:
        return None
    townships = mine["township"].nunique()
    said = say("footprint.said", lang, townships=townships, villages=len(mine))
    lines = [
        (str(part["township_name"].iloc[0]), _villages(county, str(code), part, lang))
        for code, part in mine.groupby("township", sort=False)
    ]
    if len(mine) < len(found):
        lines.append(("", say("footprint.beyond", lang, place=county.root.name)))
    return TakenIn(said, tuple(lines))


def home(county: County, layer: Layer, thing: pd.Series) -> Area | None:
    """The area that a thing is shown within: its own, or the one that holds all of a zone; None without."""
    found = _footprint(county, layer, thing)
    if found is None:
        return county.area(thing["area_code"]) if isinstance(thing["area_code"], str) else None
    townships = list(found["township"].unique())
    if len(found) == 1:
        return county.area(str(found["code"].iloc[0]))
    return county.area(str(townships[0])) if len(townships) == 1 else county.root


def called(county: County, layer: Layer, thing: str, day: date) -> str:
    """What a thing is called on the way to it: its name where its layer's things must have one, else its id."""
    if layer.name_field is None or not layer.field(layer.name_field).required:
        return thing
    found = county.thing(layer.id, thing, day)
    name = None if found is None else found.get(layer.name_field)
    return thing if name is None or pd.isna(name) else str(name)


def _footprint(county: County, layer: Layer, thing: pd.Series) -> pd.DataFrame | None:
    """`pipelines.footprint.footprint` of a zone; None for any other layer, without shape, and without areas."""
    shape = thing.get("geometry")
    if layer.id not in ZONES or shape is None or shape.is_empty or county.areas.empty:
        return None
    key = ("footprint", str(thing["id"]), shape.wkb)
    found = county.kept(layer.id, key, lambda: footprint(county.workspace, shape))
    return None if found.empty else found


def _villages(county: County, township: str, part: pd.DataFrame, lang: Lang) -> str:
    """The villages of one township, or that it is all of them; those taken in only partly are marked."""
    every = county.areas[county.areas["parent"] == township]
    if bool(part["whole"].all()) and len(part) == len(every):
        return say("footprint.all", lang, count=len(part))
    names = (
        str(name) if whole else say("footprint.partly", lang, name=name)
        for name, whole in zip(part["name"], part["whole"], strict=True)
    )
    return say("table.between", lang).join(names)
