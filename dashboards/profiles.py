"""An area on one page: its best and worst parts, what is late longest, photos before and after, who answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from dashboards.data import County
from dashboards.looks import Look
from dashboards.readers import ledger_of
from dashboards.words import day, figure, say
from geo.access import roles
from geo.china_days import local_days
from geo.layers import Indicator
from pipelines.profile import Pair, Person, ends, longest_late, people, photo_pairs, units
from pipelines.store.accounts import accounts
from pipelines.summarise import ledger_of as ledger

MOST_UNITS = 6
PHOTOS = 4


@dataclass(frozen=True)
class Line:
    """One line of a section. key: the area's code or the thing's id it leads to, "" for none."""

    key: str
    name: str
    value: str


@dataclass(frozen=True)
class Profile:
    """The sections of an area's page, in the reader's words. late_none: why there is no line of what is late."""

    worst: tuple[Line, ...]
    best: tuple[Line, ...]
    late: tuple[Line, ...]
    photos: tuple[Pair, ...]
    who: tuple[Line, ...]


def profile(county: County, look: Look, rows: pd.DataFrame | None) -> Profile:
    """The profile of the area looked at, by the chosen topic and figure. rows: progress rows of its parts."""
    worst, best = _ends(look, rows)
    if look.layer.lifecycle is None:
        return Profile(worst, best, (), (), _who(county, look, None))
    things = county.light(look.layer.id, area=look.area, as_of=look.day)
    late = longest_late(things, look.layer, look.day)
    lines = tuple(
        Line(
            str(one.id),
            " ".join(part for part in (str(one.id), str(one.title), str(one.area_name)) if part),
            say("leader.late_days", look.lang, days=one.overdue_days),
        )
        for one in late.itertuples(index=False)
    )
    return Profile(worst, best, lines, _photos(county, look, things), _who(county, look, things))


def _ends(look: Look, rows: pd.DataFrame | None) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
    if rows is None or look.indicator is None:
        return (), ()
    found = ends(rows, look.indicator)
    return _lines(found.worst, look.indicator, look), _lines(found.best, look.indicator, look)


def _lines(rows: pd.DataFrame, indicator: Indicator, look: Look) -> tuple[Line, ...]:
    return tuple(
        Line(str(code), str(name), figure(float(value), indicator.unit, look.lang))
        for code, name, value in zip(rows["area_code"], rows["area_name"], rows[indicator.id], strict=True)
    )


def _photos(county: County, look: Look, things: pd.DataFrame) -> tuple[Pair, ...]:
    """The photos given by the end of the day that is shown; as it was shown then, also recorded by then."""
    known_by = look.day if look.as_shown else None

    def _made() -> pd.DataFrame:
        columns = ["id", "feature_id", "at", "evidence", "undoes"]
        kept = ledger(county.workspace)
        if kept is None:
            return pd.DataFrame(columns=columns).assign(day=pd.Series(dtype="datetime64[s]"))
        every = kept.events(look.layer.id, known_by=known_by, columns=columns)
        found = every[((every["evidence"] != "[]") | every["undoes"].notna()).to_numpy(bool)]
        return found.assign(day=local_days(found["at"]).astype("datetime64[s]"))

    given = county.kept(look.layer.id, ("evidence", known_by), _made)
    shown = given[(given["day"] <= pd.Timestamp(look.day)).to_numpy(bool)]
    if shown.empty:
        return ()
    found = photo_pairs(shown, look.layer.id, things["id"], count=PHOTOS)
    return tuple(one for one in found if county.photo(one.before, "thumb") and county.photo(one.after, "thumb"))


def _who(county: County, look: Look, things: pd.DataFrame | None) -> tuple[Line, ...]:
    """The units that answer for what is open, then the people with an account for this very area."""
    lang = look.lang
    found = []
    if things is not None:
        top = units(things).head(MOST_UNITS)
        for unit, live, late in zip(top["unit"], top["open"], top["overdue"], strict=True):
            said = say("leader.unit_said", lang, open=live, overdue=late)
            found.append(Line("", str(unit) or say("leader.unit_blank", lang), said))
    labels = roles()
    for person in _people(county, look):
        role = labels[person.role](lang) if person.role in labels else person.role
        found.append(Line("", f"{person.name} · {person.unit}" if person.unit else person.name, role))
    return tuple(found)


def _people(county: County, look: Look) -> list[Person]:
    with ledger_of(county.workspace) as kept:
        known = accounts(kept) if kept is not None else []
    return people(known, look.area.code, county.actor)


def as_json(shown: Profile, look: Look, level: str) -> dict[str, Any]:
    """The profile as plain values for `static/profile.js`, and for print."""
    lang = look.lang
    part = say(f"level.{level}", lang)

    def section(kind: str, title: str, lines: tuple[Line, ...], none: str) -> dict[str, Any]:
        return {"kind": kind, "title": title, "lines": [vars(one) for one in lines], "none": none}

    ranks = say("leader.no_ends", lang)
    return {
        "sections": [
            section("area", say("leader.worst", lang, level=part), shown.worst, ranks),
            section("area", say("leader.best", lang, level=part), shown.best, ranks),
            section("thing", say("leader.late", lang), shown.late, say("leader.late_none", lang)),
            section("", say("leader.who", lang), shown.who, say("leader.who_none", lang)),
        ],
        "photos_title": say("leader.photos", lang),
        "photos_none": say("leader.photos_none", lang),
        "photos": [
            {
                "thing": one.thing_id,
                "sides": [
                    _side(one.before, one.before_on, "before", look),
                    _side(one.after, one.after_on, "after", look),
                ],
            }
            for one in shown.photos
        ],
    }


def _side(digest: str, when: date, which: str, look: Look) -> dict[str, str]:
    said = say(f"photo.{which}", look.lang, day=day(when, look.lang))
    return {"thumb": f"/photos/{digest}/thumb.jpg", "view": f"/photos/{digest}/view.jpg", "said": said}
