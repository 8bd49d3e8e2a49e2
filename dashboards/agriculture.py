"""What the page of the agriculture bureau is asked for in its address, and its filters in the reader's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from dashboards import links
from dashboards.data import Area, County
from dashboards.legends import choice_labels
from dashboards.words import Lang, say
from geo.layers import Layer
from geo.progress import UNPLACED
from pipelines.remediation import SPLITS
from pipelines.worklist import DIMENSIONS, Desk, for_reader, open_desk
from pipelines.worklist_filters import ORDERS, Filters

PARCELS, TRANSFERS = "abandoned_parcel", "land_transfer"
VIEWS: Mapping[str, tuple[str, ...]] = {
    PARCELS: ("flow", "list", "map", "rule"),
    TRANSFERS: ("flow", "list", "map"),
}
SEVERAL = ("stage", "mode", "crop", "season", "grower", "problem")
"""Filters of which several values may be given; they stand in the address with `|` between them."""
Json = dict[str, Any]
BLANK = "-"
"""Stands in the address for things that name no value."""


@dataclass(frozen=True)
class Ask:
    """What the reader looks at. by: what the flow is split by. order, falling, number: of the work list.

    notices: what of the address could not be followed.
    """

    layer: Layer
    view: str
    by: str
    filters: Filters
    order: str
    falling: bool
    number: int
    thing: str | None
    lang: Lang
    day: date
    notices: tuple[str, ...] = ()

    def word(self, key: str, **params: object) -> str:
        """A sentence of this page in the reader's language."""
        return say(f"agriculture.{key}", self.lang, **params)


def read_ask(asked: Mapping[str, str], county: County, *, today: date, lang: Lang) -> Ask:
    """What the address asks for, with sensible choices for what it leaves out or gets wrong."""
    layers = county.workspace.layers()
    layer = layers[TRANSFERS if asked.get("layer") == TRANSFERS else PARCELS]
    views = VIEWS[layer.id]
    notices = []
    area = county.area(asked.get("area") or None)
    if area is None:
        notices.append(links.area_gone(county, asked["area"], lang))
        area = county.root
    if asked.get("view") and asked["view"] not in views:
        words = {"view": asked["view"], "shown": say(f"agriculture.view_{views[0]}", lang)}
        notices.append(say("link.view_none", lang, **words))
    order = asked.get("sort", "")
    filters = Filters(
        area=None if area.code == county.root.code else area.code,
        **{name: _several(asked.get(name, "")) for name in SEVERAL},
        overdue=asked.get("overdue") == "1",
        text=asked.get("find", "")[:60],
    )
    return Ask(
        layer=layer,
        view=asked["view"] if asked.get("view") in views else "flow",
        by=asked["by"] if asked.get("by") in splits(layer) else _first_split(county, area),
        filters=filters,
        order=order.lstrip("-") if order.lstrip("-") in ORDERS else "due",
        falling=order.startswith("-"),
        number=int(asked["at"]) if asked.get("at", "").isdecimal() else 1,
        thing=asked.get("thing") or None,
        lang=lang,
        day=today,
        notices=tuple(notices),
    )


def _first_split(county: County, area: Area) -> str:
    """Townships for the county; within one of them its villages."""
    return "township" if county.below(area) == "township" or area.level == "county" else "village"


def splits(layer: Layer) -> tuple[str, ...]:
    """What a layer's figures can be split by."""
    return tuple(one for one in SPLITS if one in ("township", "village") or one in DIMENSIONS[layer.id])


def _several(text: str) -> tuple[str, ...]:
    return tuple("" if part == BLANK else part for part in text.split("|") if part)


def written(filters: Filters) -> dict[str, str | None]:
    """The filters as parts of the address; None removes what is not set."""
    found: dict[str, str | None] = {name: joined(getattr(filters, name)) for name in SEVERAL}
    return {
        **found,
        "area": filters.area,
        "overdue": "1" if filters.overdue else None,
        "find": filters.text or None,
        "at": None,
    }


def joined(values: Sequence[str]) -> str | None:
    """Several values as one part of the address."""
    return "|".join(one or BLANK for one in values) or None


def desk_of(county: County, layer_id: str, day: date) -> Desk:
    """The desk of a layer as this reader may see it: read once for all, masked once for each kind of rights."""
    whole = county.kept(layer_id, ("desk", day), lambda: open_desk(county.workspace, layer_id, day))
    actor = county.actor
    sees = (actor.role, actor.area_code, actor.layers)
    return county.kept(layer_id, ("desk", day, sees), lambda: for_reader(whole, actor))


def unknown_values(ask: Ask, desk: Desk) -> list[str]:
    """A sentence for each stage and each kind of problem of the address that this layer does not have."""
    stages = desk.layer.lifecycle.stages if desk.layer.lifecycle else ()
    known = {"stage": {one.id for one in stages}, "problem": set(desk.problems)}
    asked = {name: [one for one in getattr(ask.filters, name) if one] for name in known}
    return links.unknown(asked, known, {name: ask.word(f"filter_{name}") for name in known}, ask.lang)


def labels_of(name: str, desk: Desk, county: County, lang: Lang) -> dict[str, str]:
    """Value → what the reader sees, of the values that a filter has in a desk, the most frequent first.

    Stages and problems stand in their own order.
    """
    rows = desk.rows
    blank = say("agriculture.blank", lang)
    if name == "problem":
        return {one: problem_word(one, lang) for one in desk.problems}
    if name == "stage":
        there = set(rows["stage"].dropna())
        stages = desk.layer.lifecycle.stages if desk.layer.lifecycle else ()
        return {one.id: one.label(lang) for one in stages if one.id in there}
    if name == "grower":
        named = rows.drop_duplicates("person").set_index("person")["grower"].to_dict()
        keys = list(rows["person"].value_counts().index)
        return {str(key): str(named[key]) or blank for key in keys}
    field = DIMENSIONS[desk.layer.id].get(name)
    known = choice_labels(desk.layer, field, lang) if field else {}
    return {str(one): known.get(str(one), str(one)) or blank for one in rows[name].value_counts().index}


def value_word(name: str, value: str, desk: Desk, county: County, lang: Lang) -> str:
    """What one value of a filter is called, also one that nothing has any more."""
    there = labels_of(name, desk, county, lang)
    if value in there or name in ("problem", "grower"):
        return there.get(value, value)
    if name == "stage":
        stages = desk.layer.lifecycle.stages if desk.layer.lifecycle else ()
        return next((one.label(lang) for one in stages if one.id == value), value)
    field = DIMENSIONS[desk.layer.id].get(name)
    return choice_labels(desk.layer, field, lang).get(value, value) if field else value


def problem_word(name: str, lang: Lang) -> str:
    """What a kind of problem is called."""
    return say(f"agriculture_problem.{name}", lang)


@dataclass(frozen=True)
class Chip:
    """One condition that is set, in the reader's words, and the filters without it."""

    name: str
    value: str
    label: str
    without: Filters


def chips(filters: Filters, desk: Desk, county: County, lang: Lang) -> list[Chip]:
    """Every condition that is set, in order."""
    return [
        Chip(name, value, condition(name, value, desk, county, lang), filters.without(name, value))
        for name, value in filters.given()
    ]


def condition(name: str, value: str, desk: Desk, county: County, lang: Lang) -> str:
    """One condition of the filters as a phrase: `阶段：交办`."""
    if name == "overdue":
        return say("agriculture.overdue", lang)
    if name == "area":
        if value == UNPLACED:
            return say("thing.area_unknown", lang)
        area = county.area(value)
        return area.name if area is not None else value
    shown = value if name == "text" else value_word(name, value, desk, county, lang)
    between = "：" if lang == "zh" else ": "
    return f"{say(f'agriculture.filter_{name}', lang)}{between}{shown or say('agriculture.blank', lang)}"


def with_value(filters: Filters, name: str, value: str) -> Filters:
    """The filters with one condition set; an area or a value of the same name is replaced."""
    changed: dict[str, str | tuple[str, ...]] = {name: (value,) if name in SEVERAL else value}
    return replace(filters, **changed)  # type: ignore[arg-type]
