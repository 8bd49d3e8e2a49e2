"""What of a link cannot be followed, each in one sentence that gives away nothing its reader may not see.

Whether an area is the reader's is told by its code alone, and a thing of elsewhere is told like one that is
nowhere: so no sentence depends on what there is where the reader may not look.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date

from dashboards.data import County
from dashboards.words import Lang, day, say
from geo.access import within
from geo.layers import Layer
from geo.progress import UNPLACED


def area_gone(county: County, asked: str, lang: Lang) -> str:
    """Why the area of a link is not shown: of another county, not the reader's, or there is none of that code."""
    shown, whole = county.root.name, county.workspace.settings.code
    if asked == UNPLACED or (asked.isdecimal() and within(asked, whole) and not within(asked, county.root.code)):
        return say("link.area_not_yours", lang, area=asked, shown=shown)
    if asked.isdecimal() and not within(asked, whole):
        return say("link.area_other", lang, area=asked, county=county.name, shown=shown)
    return say("link.area_none", lang, area=asked, shown=shown)


def thing_gone(county: County, layer: Layer, asked: str, shown: date, today: date, lang: Lang) -> str:
    """Why the thing of a link is not shown: not there yet on the day shown, or none of that id within reach."""
    words = {"thing": asked, "layer": layer.label(lang), "place": county.root.name}
    if shown < today and county.thing(layer.id, asked, today) is not None:
        return say("link.thing_later", lang, thing=asked, layer=layer.label(lang), date=day(shown, lang))
    return say("link.thing_none" if county.reach(layer.id) == "" else "link.thing_none_here", lang, **words)


def layer_gone(county: County, asked: str, shown: Layer, lang: Lang) -> str:
    """Why the topic of a link is not shown: not for this reader, no topic of its own, or unknown."""
    known = county.workspace.layers().get(asked)
    words = {"layer": asked if known is None else known.label(lang), "shown": shown.label(lang)}
    if known is None:
        return say("link.layer_none", lang, **words)
    return say("link.layer_not_yours" if county.reach(asked) is None else "link.layer_ground", lang, **words)


def unknown(
    asked: Mapping[str, Collection[str]],
    known: Mapping[str, Collection[str]],
    names: Mapping[str, str],
    lang: Lang,
) -> list[str]:
    """A sentence for each value of a filter that nothing of its kind can have.

    asked: the filter → the values in the address; known: the filter → the values there are; names: what it is
    called.
    """
    return [
        say("link.value_none", lang, value=value, name=names[name])
        for name, values in asked.items()
        for value in values
        if value not in known[name]
    ]


def choice_gone(name: str, asked: str | None, shown: str, lang: Lang) -> list[str]:
    """A sentence for a choice of a link that is not offered, and what is shown; none without such a choice."""
    return [] if not asked else [say("link.choice_none", lang, name=name, value=asked, shown=shown)]
