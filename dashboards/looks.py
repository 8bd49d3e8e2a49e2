"""What a reader looks at, as plain text in the page's address, so that a link reopens the same view."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from dashboards import links
from dashboards.data import Area, County
from dashboards.footprints import home
from dashboards.words import LANGS, Lang, say
from geo.layers import Indicator, Layer

MOST_DAYS = 120
LISTING = "things"
THEN = "then"
"""`shown=then`: a past day as it was shown on it."""


@dataclass(frozen=True)
class Look:
    """One view of the county.

    as_of: None for today. listing: the single things of the area are listed, though it is divided further.
    rows: what the listed things have in common (see `dashboards.figures.rows_of`), None for all. part: which part
    of a long list is shown, from 1. versus: the day or the area it is set beside. profile: the area's one page is
    meant. notices: what of the address could not be followed. as_shown: the day is meant as it was shown then,
    without what came in later.
    """

    layer: Layer
    indicator: Indicator | None
    area: Area
    thing: str | None
    as_of: date | None
    today: date
    lang: Lang
    notices: tuple[str, ...] = ()
    listing: bool = False
    rows: str | None = None
    part: int = 1
    versus: date | Area | None = None
    profile: bool = False
    as_shown: bool = False

    @property
    def day(self) -> date:
        """The day that is shown."""
        return self.as_of or self.today


def language(asked: str | None, default: str | None) -> Lang:
    """The language asked for, else the default, else Chinese."""
    return next((lang for wanted in (asked, default) for lang in LANGS if lang == wanted), "zh")


def read_look(asked: Mapping[str, str], county: County, *, today: date, lang: Lang) -> Look:
    """The view that the address asks for, with sensible choices for what it leaves out or gets wrong.

    Keys: layer, indicator, area (a code, or `unplaced`), thing (an id), as_of (YYYY-MM-DD), view (`things`),
    rows, part, versus (YYYY-MM-DD or the code of an area of the same level), sheet (`profile`), shown (`then`).
    """
    topics = {layer.id: layer for layer in county.topics()}
    layer = topics.get(asked.get("layer", ""), next(iter(topics.values())))
    area = county.area(asked.get("area") or None)
    as_of, wrong = _day(asked.get("as_of"), today)
    made = Look(
        layer=layer,
        indicator=_indicator(layer, asked.get("indicator")),
        area=area or county.root,
        thing=asked.get("thing") or None,
        as_of=as_of,
        today=today,
        lang=lang,
        listing=asked.get("view") == LISTING,
        rows=asked.get("rows") or None,
        part=_part(asked.get("part")),
        versus=_versus(asked.get("versus"), county, area or county.root, as_of or today),
        profile=asked.get("sheet") == "profile",
        as_shown=as_of is not None and asked.get("shown") == THEN,
    )
    notices = [links.area_gone(county, asked["area"], lang)] if area is None else []
    notices += [say("empty.as_of_gone", lang)] if wrong else []
    return replace(made, notices=(*notices, *_not_followed(asked, county, made)))


def _not_followed(asked: Mapping[str, str], county: County, made: Look) -> list[str]:
    """What of the topic, the figure and the comparison of an address could not be followed."""
    lang, layer, indicator = made.lang, made.layer, made.indicator
    found = []
    if asked.get("layer") and asked["layer"] != layer.id:
        found.append(links.layer_gone(county, asked["layer"], layer, lang))
    elif asked.get("indicator") and indicator is not None and asked["indicator"] != indicator.id:
        words = {"layer": layer.label(lang), "indicator": asked["indicator"], "shown": indicator.label(lang)}
        found.append(say("link.indicator_none", lang, **words))
    if (
        asked.get("versus")
        and made.versus is None
        and asked["versus"] not in (made.day.isoformat(), made.area.code)
    ):
        found.append(say("link.versus_none", lang, versus=asked["versus"]))
    if asked.get("view") not in (None, "", LISTING):
        words = {"view": asked["view"], "shown": say("page.leader", lang)}
        found.append(say("link.view_none", lang, **words))
    return found


def settled(county: County, look: Look) -> Look:
    """The look with its thing looked up: left out and said when the reader sees none of that id on the day.

    A link to a thing alone shows it within its own area. county: as `county_then` gives it.
    """
    if look.thing is None:
        return look
    found = county.thing(look.layer.id, look.thing, look.day)
    if found is None:
        said = links.thing_gone(county, look.layer, look.thing, look.day, look.today, look.lang)
        return replace(look, thing=None, notices=(*look.notices, said))
    own = home(county, look.layer, found)
    alone = look.area.code == county.root.code and not look.listing and not county.is_large(look.layer.id)
    return replace(look, area=own) if alone and own is not None else look


def county_then(county: County, look: Look) -> County:
    """The county that a view is of: as it is known now, or as it was shown on the view's day."""
    return county.as_shown(look.day) if look.as_shown else county


def _part(asked: str | None) -> int:
    return int(asked) if asked is not None and asked.isdecimal() and 0 < int(asked) < 10**6 else 1


def _versus(asked: str | None, county: County, area: Area, shown: date) -> date | Area | None:
    """What the view is set beside: another day, or another area of the same level; None for anything else."""
    if not asked:
        return None
    try:
        day = date.fromisoformat(asked)
    except ValueError:
        other = county.area(asked)
        alike = other is not None and other.level == area.level and other.code != area.code
        return other if alike else None
    return day if day != shown else None


def _indicator(layer: Layer, asked: str | None) -> Indicator | None:
    """The indicator asked for; else the layer's first rate, which says most at a glance; else its first."""
    by_id = {one.id: one for one in layer.indicators}
    if asked in by_id:
        return by_id[asked]
    return next((one for one in layer.indicators if one.is_rate), next(iter(layer.indicators), None))


def _day(asked: str | None, today: date) -> tuple[date | None, bool]:
    """(the day, None for today; whether what was asked is no usable day)."""
    if not asked:
        return None, False
    try:
        day = date.fromisoformat(asked)
    except ValueError:
        return None, True
    return (None if day >= today else day), False


def days(first: date | None, chosen: date | None, today: date) -> list[date]:
    """The days a reader can choose: the month ends since `first`, the one chosen now, and today."""
    found = {today} | ({chosen} if chosen else set())
    end = today.replace(day=1) - timedelta(days=1)
    while first is not None and end >= first and len(found) < MOST_DAYS:
        found.add(end)
        end = end.replace(day=1) - timedelta(days=1)
    return sorted(found)
