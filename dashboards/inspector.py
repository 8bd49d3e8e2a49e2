"""What the inspector's page shows, as plain values: stops, hot spots, stubborn places, photos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd
import shapely

from dashboards.legends import choice_labels, thing_colour
from dashboards.words import Lang, day, number, say
from geo.layers import Layer
from geo.spoken import china_minute
from pipelines.rounds import SOON_DAYS, STUBBORN_TIMES, Round, working_days_to
from pipelines.rounds_markets import Market

Json = dict[str, Any]
TONES = {
    "overdue": "bad",
    "due_soon": "warn",
    "due_today": "warn",
    "lookback": "calm",
    "verify": "calm",
    "open": "calm",
}


def distance(metres: float, lang: Lang) -> str:
    """A distance as people say it: `850 米`, `1.2 公里`."""
    if metres < 1000:
        return say("inspector.metres", lang, metres=number(metres, "count"))
    return say("inspector.km", lang, km=f"{metres / 1000:,.1f}")


def stops(found: Round, layer: Layer, lang: Lang, *, market_towns: Sequence[str]) -> list[Json]:
    """The stops of a round as cards and pins, in the order of the way."""
    kinds = choice_labels(layer, "category", lang)
    made = []
    for order, one in enumerate(found.stops.to_dict("records"), start=1):
        chips = _whys(one, lang)
        if str(one["area_code"])[:9] in market_towns:
            chips.append({"text": say("inspector.market_chip", lang), "tone": "warn"})
        card = _card(one, layer, kinds, lang, number=str(order))
        made.append({**card, "chips": chips, "leg": distance(one["leg_m"], lang)})
    return made


def _whys(one: Mapping[Any, Any], lang: Lang) -> list[Json]:
    """Why a site is on the round; of what waits to be verified also whether it is late already or soon."""
    why = str(one["why"])
    late, left = int(one["overdue_days"]), one["days_left"]
    if why in ("overdue", "due_soon"):
        return [_due(late, int(left), int(one["working_days"]), lang)]
    chips = [{"text": say(f"inspector.why.{why}", lang), "tone": TONES[why]}]
    if why == "verify" and not pd.isna(left) and (late or 0 <= left <= SOON_DAYS):
        chips.append(_due(late, int(left), int(one["working_days"]), lang))
    return chips


def _due(late: int, left: int, working: int, lang: Lang) -> Json:
    """How long over its last day a site is, or how long it has, in calendar days and in working days."""
    why = "overdue" if late else "due_soon" if left else "due_today"
    said = say(f"inspector.why.{why}", lang, days=late or left, working=working)
    return {"text": said, "tone": TONES[why] if late or left <= SOON_DAYS else "calm"}


def _card(one: Mapping[Any, Any], layer: Layer, kinds: Mapping[str, str], lang: Lang, *, number: str) -> Json:
    """What a card says of a site: what it is, where, and in which stage."""
    kind = one.get("category")
    title = kinds.get(str(kind), _text(kind)) or str(one["id"])
    stage = layer.lifecycle.stage(str(one["stage"])).label(lang) if layer.lifecycle and _text(one["stage"]) else ""
    where = _where(_text(one.get("area_name")), _text(one.get("address")))
    return {
        "key": str(one["id"]),
        "number": number,
        "lon": float(one["lon"]),
        "lat": float(one["lat"]),
        "colour": thing_colour(layer, one["stage"]),
        "title": title,
        "lines": [where, " · ".join(part for part in (stage, str(one["id"])) if part)],
        "chips": [],
        "leg": "",
    }


def _where(area: str, address: str) -> str:
    """Area and address, the area once where the address begins with it."""
    return address if area and address.startswith(area) else " · ".join(part for part in (area, address) if part)


@dataclass(frozen=True)
class Heading:
    """A site at a glance: what it is, where, and chips (text, tone) of how it stands."""

    title: str
    where: str
    chips: tuple[Json, ...]


def heading(thing: pd.Series, layer: Layer, today: date, lang: Lang) -> Heading:
    """What stands above a site's acts."""
    kinds = choice_labels(layer, "category", lang)
    title = kinds.get(str(thing.get("category")), _text(thing.get("category"))) or str(thing["id"])
    life, stage = layer.lifecycle, _text(thing["stage"])
    chips = [{"text": life.stage(stage).label(lang), "tone": "calm"}] if life and stage else []
    due = thing.get("due_on")
    if due is not None and not pd.isna(due) and thing["kind"] in ("open", "in_progress"):
        left = (pd.Timestamp(due).date() - today).days
        working = int(working_days_to(pd.Series([due]), today).iloc[0])
        chips.append(_due(max(-left, 0), left, working, lang))
    where = _where(_text(thing.get("area_name")), _text(thing.get("address")))
    return Heading(title, where, tuple(chips))


def _text(value: object) -> str:
    return "" if value is None or pd.isna(value) else str(value)  # type: ignore[call-overload]


def stubborn(places: pd.DataFrame, layer: Layer, lang: Lang) -> list[Json]:
    """Stubborn places as cards and pins, the most stubborn first."""
    kinds = choice_labels(layer, "category", lang)
    made = []
    for one in places.to_dict("records"):
        times = int(one["times"])
        card = _card(one, layer, kinds, lang, number=str(times))
        chips = [{"text": say("inspector.times", lang, times=times), "tone": "warn"}]
        if times >= STUBBORN_TIMES:
            chips.append({"text": say("inspector.stubborn_chip", lang), "tone": "bad"})
        latest = say("inspector.last", lang, day=day(pd.Timestamp(one["last"]).date(), lang))
        made.append({**card, "chips": chips, "lines": [*card["lines"], latest]})
    return made


def cells(hot: pd.DataFrame, layer: Layer, lang: Lang) -> list[Json]:
    """Hot hexagons for the map, and as cards that lead to them, the hottest first, each called by its place."""
    kinds = choice_labels(layer, "category", lang)
    made: list[Json] = []
    for order, one in enumerate(hot.to_dict("records")):
        title = _around(one, lang)
        if any(title == other["title"] for other in made):
            title = f"{title} · {one['near_id']}"
        key = "hot_cell" if one["count"] else "hot_cell_none"
        level = str(one["class"]).removeprefix("hot_")
        text = say(f"inspector.{key}", lang, count=one["count"], level=level)
        most = [say("inspector.hot_kind", lang, kind=kinds.get(k, k), count=n) for k, n in one["categories"]]
        lines = [_text(one["town_name"]), say("inspector.between", lang).join(most), text]
        ring = shapely.get_coordinates(one["geometry"]).round(6).tolist()
        tone = one["class"]
        made.append({"key": f"cell{order}", "ring": ring, "tone": tone, "title": title, "lines": lines})
    return made


def _around(one: Mapping[Any, Any], lang: Lang) -> str:
    """What a hexagon is called: its village and the address of the site nearest to its middle, else that site."""
    where = _where(_text(one["village_name"]) or _text(one["town_name"]), _text(one["address"]))
    if _text(one["address"]):
        return say("inspector.hot_around", lang, place=where)
    return say("inspector.hot_near", lang, place=where, id=one["near_id"])


def hot_legend(hot: pd.DataFrame, lang: Lang, *, stubborn: bool) -> list[Json]:
    """What the hexagons' colours stand for, the surest first, and the circles of stubborn places."""
    classes = sorted({str(one) for one in hot["class"]}, key=lambda one: -float(one.removeprefix("hot_")))
    made = [
        {"kind": "cell", "tone": one, "label": say("inspector.hot_level", lang, level=one.removeprefix("hot_"))}
        for one in classes
    ]
    return [*made, {"kind": "pin", "tone": "", "label": say("inspector.pin_times", lang)}] if stubborn else made


def market_lines(held: Sequence[Market], lang: Lang) -> list[tuple[str, str]]:
    """(town, when its market is) for every town whose rule is written down."""
    found = []
    for one in held:
        if one.rule is None:
            said = say("inspector.market_unread", lang, rule=one.text)
        elif one.today or one.next_day is None:
            said = say("inspector.market_today_line", lang, rule=one.text)
        else:
            said = say("inspector.market_line", lang, rule=one.text, day=day(one.next_day, lang))
        found.append((one.name, said))
    return found


def stop_of(thing: pd.Series, layer: Layer, lang: Lang) -> Json | None:
    """A site as the one pin of a map; None for one without a place."""
    if pd.isna(thing.get("lon")) or pd.isna(thing.get("lat")):
        return None
    return _card(dict(thing), layer, choice_labels(layer, "category", lang), lang, number="")


def photos(history: Sequence[Mapping[str, Any]], layer: Layer, lang: Lang) -> list[Json]:
    """The photos of a site, oldest first, each with when it came and what it says of place and time."""
    found = []
    for event in history:
        for noted in dict(event.get("data") or {}).get("photos", ()):
            found.append(
                {"digest": noted["sha256"], "title": _given(event, layer, lang), "facts": _facts(noted, lang)}
            )
    return found


def _given(event: Mapping[str, Any], layer: Layer, lang: Lang) -> str:
    """On which occasion a photo was given."""
    moment = datetime.fromisoformat(str(event["at"]))
    stage = event.get("to_stage")
    life = layer.lifecycle
    what = life.stage(str(stage)).label(lang) if life and stage else say(f"record.{event['kind']}", lang)
    return f"{day((pd.Timestamp(moment) + pd.Timedelta(hours=8)).date(), lang)} · {what}"


def _facts(noted: Mapping[str, Any], lang: Lang) -> list[Json]:
    """Time, distance to the site and delay of a photo, as facts to look at."""
    facts = []

    def fact(key: str, tone: str = "", **params: object) -> None:
        facts.append({"text": say(f"inspector.fact_{key}", lang, **params), "tone": tone})

    taken = noted.get("taken_at")
    if taken:
        fact("taken", when=china_minute(str(taken)))
    else:
        fact("no_time", "warn")
    position, metres = noted.get("position"), noted.get("distance_m")
    if position == "near_after_gcj02":
        fact("gcj", "warn", distance=distance(float(noted["distance_gcj02_m"]), lang))
    elif metres is None:
        fact("no_place", "warn")
    else:
        fact(
            "near" if position == "near" else "far",
            "" if position == "near" else "warn",
            distance=distance(metres, lang),
        )
    delay = noted.get("delay_hours")
    if delay is not None:
        fact("delay" if delay >= 0 else "after", "" if delay >= 0 else "warn", hours=f"{abs(delay):,.1f}")
    if noted.get("given_before"):
        fact("given_before", "warn")
    for other in noted.get("reused", ())[:1]:
        fact("reused", "warn", id=other["id"])
    return facts
