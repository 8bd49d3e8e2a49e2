"""A site marked in the field: the choices of its form, and the way of a draft into the ledger, once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pandas as pd

from geo.access import Actor
from geo.errors import Refused
from geo.lifecycle import china_day
from pipelines.act import add_point, append_again, find_thing, on_thing, with_photos, workspace_ledger
from pipelines.marks_places import LAYER, areas_at, check_place, ground, guessed_kind
from pipelines.store.ledger import Act
from pipelines.workspace import Workspace

GROUPS = (
    ("五清", "Five clearings", ("garbage", "ditch", "manure", "ruins", "clutter")),
    ("四定", "Market order", ("street_trade", "market_parking")),
    ("三线", "Wires", ("wires",)),
)
"""How the categories are grouped until the county says otherwise (`[[mark.groups]]`): 待县级确认."""
COUNTED_DAYS = 365
CLIENT_ID = re.compile(r"[0-9a-f][0-9a-f-]{14,62}[0-9a-f]")
LONGEST = 500


@dataclass(frozen=True)
class Category:
    """One button of the form. count: how often it was chosen within the last year."""

    value: str
    zh: str
    en: str
    count: int


@dataclass(frozen=True)
class Group:
    """Categories that belong together; without name where the county named no group for them."""

    zh: str
    en: str
    choices: tuple[Category, ...]


def categories(workspace: Workspace, sites: pd.DataFrame, day: date) -> list[Group]:
    """The categories for the buttons, the most used group first, and the most used first within each.

    sites: of `pipelines.marks_places.known_sites`. What no group of the settings names comes last.
    """
    layer = workspace.layer(LAYER)
    since = pd.Timestamp(day - timedelta(days=COUNTED_DAYS))
    counts = sites.loc[sites["reported_on"] >= since, "category"].value_counts()
    left = {
        one.value: Category(one.value, one.label.zh, one.label.en, int(counts.get(one.value, 0)))
        for one in layer.field("category").choices
    }
    made = []
    for zh, en, values in _groups(workspace):
        mine = [left.pop(value) for value in values if value in left]
        made.append(Group(zh, en, tuple(sorted(mine, key=lambda one: -one.count))))
    made = sorted((g for g in made if g.choices), key=lambda g: -sum(one.count for one in g.choices))
    rest = sorted(left.values(), key=lambda one: (one.value == "other", -one.count))
    return [*made, Group("", "", tuple(rest))] if rest else made


def _groups(workspace: Workspace) -> Sequence[tuple[str, str, tuple[str, ...]]]:
    declared = workspace.settings.raw.get("mark", {}).get("groups")
    if not declared:
        return GROUPS
    return [(str(g["zh"]), str(g.get("en", g["zh"])), tuple(map(str, g["values"]))) for g in declared]


def groups_confirmed(workspace: Workspace) -> bool:
    """Whether the county has confirmed how categories are grouped (`[mark] confirmed = true`)."""
    return bool(workspace.settings.raw.get("mark", {}).get("confirmed", False))


@dataclass(frozen=True)
class Draft:
    """What a phone sends. marked_at: when it was marked, by the phone's clock. position_by: device, map or photo.

    same_as: the id of an open site that this is another look at; the photo then is added to that one.
    """

    client_id: str
    lon: float
    lat: float
    category: str | None
    marked_at: datetime
    place_kind: str | None = None
    description: str = ""
    position_by: str = "device"
    accuracy_m: float | None = None
    same_as: str | None = None


@dataclass(frozen=True)
class Taken:
    """What became of a draft: the site's id, and whether it had been taken before.

    near: id and metres of open sites of the same category close by, nearest first; offered, never decided.
    place_kind: of a new site, None for another look; guessed: whether the program guessed it, the draft naming
    none. township, village: (code, name) of where a new site lies, None where it lies in none.
    """

    id: str
    again: bool
    near: tuple[tuple[str, float], ...] = ()
    place_kind: str | None = None
    guessed: bool = False
    township: tuple[str, str] | None = None
    village: tuple[str, str] | None = None


def take(
    workspace: Workspace, actor: Actor, draft: Draft, photos: Sequence[Path | bytes], *, now: datetime
) -> Taken:
    """Take a draft into the ledger, once however often it is sent; a kind of place it lacks is guessed.

    Refused for a draft that says no place, no category or too much; Forbidden where the actor may not add.
    """
    check_place(draft.lon, draft.lat)
    if not CLIENT_ID.fullmatch(draft.client_id):
        raise Refused("mark_malformed", field="client_id")
    if len(draft.description) > LONGEST:
        raise Refused("note_too_long", characters=len(draft.description), limit=LONGEST)
    if draft.same_as:
        return _add_look(workspace, actor, draft, photos, now)
    if not draft.category:
        raise Refused("mark_without_category")
    found_at = min(draft.marked_at, now)
    fields = {
        "category": draft.category,
        "place_kind": draft.place_kind or guessed_kind(workspace, draft.lon, draft.lat),
        "description": draft.description.strip() or None,
        "reporter": actor.name,
        "reported_on": china_day(found_at).isoformat(),
    }
    added = add_point(
        workspace.root,
        LAYER,
        actor,
        fields={name: value for name, value in fields.items() if value is not None},
        lon=draft.lon,
        lat=draft.lat,
        photos=photos,
        now=now,
        client_id=draft.client_id,
        found_at=found_at,
    )
    held = areas_at(ground(workspace), draft.lon, draft.lat)
    kind = added.event.data["fields"].get("place_kind")
    return Taken(
        str(added.event.feature_id),
        added.again,
        tuple((one.id, one.distance_m) for one in added.near),
        place_kind=kind,
        guessed=kind is not None and not draft.place_kind,
        township=held.get("township"),
        village=held.get("village"),
    )


def _add_look(
    workspace: Workspace, actor: Actor, draft: Draft, photos: Sequence[Path | bytes], now: datetime
) -> Taken:
    """Add what was seen to a site that is known already, instead of a second one beside it."""
    layer = workspace.layer(LAYER)
    ledger = workspace_ledger(workspace)
    try:
        thing = find_thing(workspace, ledger, layer, str(draft.same_as))
        told = {"position_by": draft.position_by, "accuracy_m": draft.accuracy_m}
        asked = Act(
            LAYER,
            str(draft.same_as),
            actor,
            "evidence",
            note=draft.description.strip() or None,
            at=min(draft.marked_at, now),
            data={name: value for name, value in told.items() if value is not None},
            id=_look_id(actor, draft),
        )
        again = ledger.event(str(asked.id)) is not None
        if not again:
            told_act = on_thing(asked, thing, layer, ledger)
            ledger.check(told_act, now=now)
            if photos:
                seen = with_photos(workspace, ledger, told_act, photos, claimed_at=min(draft.marked_at, now))
                asked = replace(asked, evidence=seen.evidence, data=seen.data)
            append_again(ledger, lambda: on_thing(asked, thing, layer, ledger), now, None)
        return Taken(str(draft.same_as), again)
    finally:
        ledger.close()


def _look_id(actor: Actor, draft: Draft) -> str:
    """The event id of a look: the same whenever the same actor sends it, and nobody else's."""
    parts = "\0".join(("look", LAYER, actor.name, draft.client_id))
    return hashlib.sha256(parts.encode()).hexdigest()[:32]
