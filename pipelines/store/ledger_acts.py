"""What may enter the ledger: an act, and every check it must pass against what was taken before it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol

from geo.access import ACTION_OF_KIND, Actor, require
from geo.changes import Event, Projection, collide, compact, projection, touched
from geo.errors import Conflict, Forbidden, Refused
from geo.layers import Layer
from geo.lifecycle import china_day
from geo.spoken import act_words, china_minute
from geo.steps import check_step, worked_by
from pipelines.store.ledger_refusals import check_extension, clash

UNDO_MINUTES = 30
AHEAD_MINUTES = 10
"""A clock in the field may run this far ahead of the ledger's."""
NOTE_CHARACTERS = 4000
ID_CHARACTERS = 200
CODE = re.compile(r"[0-9]{6}([0-9]{3}([0-9]{3})?)?")


@dataclass(frozen=True)
class Act:
    """What somebody asks the ledger to take.

    from_stage: the stage the thing is known to be in (from its import, where the ledger has no step of it).
    base_version: the number of the thing's events that the actor had seen; None takes the thing as it is now.
    at: when it happened, for acts made offline; None is now. id: given by a client that may ask twice; the same
    act is then taken once.
    """

    layer: str
    feature_id: str
    actor: Actor
    kind: str = "step"
    to_stage: str | None = None
    from_stage: str | None = None
    area_code: str | None = None
    note: str | None = None
    evidence: tuple[str, ...] = ()
    base_version: int | None = None
    at: datetime | None = None
    due_on: date | None = None
    undoes: str | None = None
    lon: float | None = None
    lat: float | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    id: str | None = None


@dataclass(frozen=True)
class Lies:
    """Where the imports put a thing: its area, None on no area; drawn: a map or coordinates placed it, not names.

    day: of the import that said so last, in China; an edit of the names that day or later puts it elsewhere.
    """

    area_code: str | None
    drawn: bool
    day: date | None = None


class Places(Protocol):
    """Who knows where things really lie: an import's rows and the county's areas."""

    def has_areas(self) -> bool: ...

    def has_area(self, code: str) -> bool: ...

    def area_at(self, lon: float, lat: float) -> str | None: ...

    def find(self, layer_id: str, feature_id: str) -> Lies | None: ...


@dataclass(frozen=True)
class Footing:
    """What is known of an act's thing besides the ledger's events.

    held: an import holds it, or nobody could tell. sure: `real` is where it lies, by its import or by its point.
    """

    held: bool = True
    sure: bool = False
    real: Lies = Lies(None, drawn=False)


def instant(moment: datetime) -> str:
    """A moment as the ledger writes it: UTC, ISO, to the microsecond; ValueError for one without a zone."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs its time zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def end_of_day(day: date) -> str:
    """The first instant after that day in China, as the ledger writes it."""
    return f"{day.isoformat()}T16:00:00.000000Z"


def well_formed(act: Act, layers: Mapping[str, Layer], now: datetime) -> Layer:
    """Refuse what no rule needs to be asked about; the act's layer."""
    if act.kind not in ACTION_OF_KIND or act.kind in ("import", "account"):
        raise Refused("act_unknown_kind", kind=act.kind)
    if act.layer not in layers:
        raise Refused("layer_unknown", layer=act.layer, known=", ".join(sorted(layers)))
    bad_id = not act.feature_id.strip() or len(act.feature_id) > ID_CHARACTERS
    if bad_id or any(ord(c) < 32 for c in act.feature_id):
        raise Refused("act_id_malformed")
    if act.area_code is not None and not CODE.fullmatch(act.area_code):
        raise Refused("area_code_malformed", value=act.area_code[:20])
    if act.undoes is not None and act.kind != "undo":
        raise Refused("act_undoes_unasked", kind=act.kind)
    if act.note is not None and len(act.note) > NOTE_CHARACTERS:
        raise Refused("note_too_long", characters=len(act.note), limit=NOTE_CHARACTERS)
    if not _writable(act):
        raise Refused("act_text_malformed", id=act.feature_id)
    if any(not re.fullmatch(r"[0-9a-f]{64}", one) for one in act.evidence):
        raise Refused("evidence_malformed")
    if act.at is not None and act.at > now + timedelta(minutes=AHEAD_MINUTES):
        raise Refused("act_in_future", at=china_minute(instant(act.at)))
    return layers[act.layer]


def _writable(act: Act) -> bool:
    """Whether every database can hold its text: no control characters but line ends, no halves of characters."""
    try:
        text = "\n".join((act.note or "", act.actor.name, act.actor.unit, compact(dict(act.data))))
        text.encode("utf-8")
    except (UnicodeEncodeError, TypeError, ValueError):
        return False
    return all(ord(c) >= 32 or c in "\n\t\r" for c in text)


def looked_up(act: Act, places: Places | None) -> Footing:
    """Where the act's thing really lies, so that rights are asked for there and not where a caller says.

    Forbidden for moving a thing to no area of the county, Conflict when a new thing has the id of an imported one.
    Without areas in the workspace, and for a new thing without a point, the caller's word stands until an event
    tells more.
    """
    if places is None or not act.feature_id.strip():
        return Footing()
    there, moved_to = places.find(act.layer, act.feature_id), act.data.get("moved_to")
    if moved_to is not None and not places.has_area(str(moved_to)):
        raise _forged(act, str(moved_to)[:20], act.area_code)
    if act.kind == "add":
        if there is not None:
            raise Conflict("id_taken", id=act.feature_id, layer=act.layer)
        if act.lon is None or act.lat is None or not places.has_areas():
            return Footing()
        return Footing(sure=True, real=Lies(places.area_at(act.lon, act.lat), drawn=True))
    if there is None or not places.has_areas():
        return Footing(held=there is not None)
    return Footing(sure=True, real=there)


def _forged(act: Act, given: str, known: str | None) -> Forbidden:
    return Forbidden("area_code_forged", given=given, known=known or "—", id=act.feature_id)


def settled(act: Act, past: Sequence[Event], layer: Layer, now: datetime, footing: Footing = Footing()) -> Act:
    """The act with what is known of its thing filled in, once it is clear that nobody else's is lost.

    Forbidden (`area_code_forged`) when the caller claims another area than the thing lies on, or moves one that
    a map has placed.
    """
    at = min(act.at or now, now)
    known = projection(past) if past else None
    drawn = footing.real.drawn or any(e.kind == "add" and e.lon is not None for e in past)
    if "moved_to" in act.data and drawn:
        raise _forged(act, str(act.data["moved_to"])[:20], footing.real.area_code)
    if footing.sure:
        area = _moved(past, footing.real.day) or footing.real.area_code
        if act.area_code is not None and act.area_code != area:
            raise _forged(act, act.area_code, area)
    else:
        area = _area_by_events(act, known)
    data = dict(act.data)
    stage = act.from_stage
    if known is not None:
        seen = len(past) if act.base_version is None else act.base_version
        if seen > len(past):
            raise Conflict("version_unknown", id=act.feature_id, version=seen, known=len(past))
        met = collide(touched(act.kind, act.to_stage, act.due_on, act.data), past[seen:])
        if met.clash == "hard" and met.theirs is not None:
            raise clash(act, met.theirs, met.shared, layer)
        if met.clash == "soft":
            data["merged_with_version"] = len(past)
        if act.base_version is None or stage is None:
            stage = known.stage if known.stage is not None else stage
        steps = [e for e in past if e.to_stage is not None]
        if act.to_stage is not None and steps and instant(at) < steps[-1].at:
            raise clash(act, steps[-1], ("stage",), layer)
    elif act.base_version:
        raise Conflict("version_unknown", id=act.feature_id, version=act.base_version, known=0)
    if not act.actor.has_account:
        data["account"] = False
    return replace(act, at=at, area_code=area, from_stage=stage, data=data, id=act.id or uuid.uuid4().hex)


def _moved(past: Sequence[Event], since: date | None) -> str | None:
    """Where the last standing edit of a thing's names put it, unless an import of a later day says otherwise."""
    undone = {e.undoes for e in past}
    moves = [e for e in past if "moved_to" in e.data and e.id not in undone]
    if not moves or (since is not None and china_day(datetime.fromisoformat(moves[-1].at)) < since):
        return None
    return str(moves[-1].data["moved_to"])


def _area_by_events(act: Act, known: Projection | None) -> str | None:
    area = known.area_code if known is not None and known.area_code is not None else act.area_code
    if act.area_code is not None and area != act.area_code and not act.area_code.startswith(str(area)):
        raise _forged(act, act.area_code, area)
    return max((code for code in (area, act.area_code) if code is not None), key=len, default=None)


def allowed(act: Act, past: Sequence[Event], layer: Layer, now: datetime) -> None:
    """Forbidden unless the table of rights and the lifecycle both allow the act."""
    for area in (act.area_code, *([str(act.data["moved_to"])] if "moved_to" in act.data else [])):
        require(act.actor, ACTION_OF_KIND[act.kind], layer=act.layer, area_code=area)
    if act.kind == "undo":
        _check_undo(act, past, now)
    elif _withdrawn(past):
        raise Forbidden("thing_withdrawn", id=act.feature_id)
    elif past and projection(past).merged_into is not None and act.kind not in ("note", "evidence"):
        raise Forbidden("merged_away", id=act.feature_id, into=projection(past).merged_into)
    if act.kind in ("step", "revisit") and act.to_stage is not None:
        check_step(
            layer,
            act.from_stage,
            act.to_stage,
            role=act.actor.role,
            note=act.note,
            evidence=act.evidence,
            parties=(act.actor.party, act.actor.name),
            worked_by=worked_by(layer, past),
        )
    elif act.kind == "step":
        raise Refused("act_without_stage")
    if act.kind == "extend":
        check_extension(act, past, layer, now)
    if act.kind == "add" and past:
        raise Conflict("id_taken", id=act.feature_id, layer=act.layer)


def _withdrawn(past: Sequence[Event]) -> bool:
    """Whether the thing was added by mistake and its adding undone."""
    undone = {e.undoes for e in past}
    return bool(past) and past[0].kind == "add" and past[0].id in undone


def same_act(earlier: Event, act: Act) -> Event:
    """The event that was taken for this act before; Refused when the id was used for another."""
    mine = (act.layer, act.feature_id, act.kind, act.to_stage, act.actor.name, act.note)
    theirs = (earlier.layer, earlier.feature_id, earlier.kind, earlier.to_stage, earlier.actor, earlier.note)
    if mine != theirs:
        raise Refused("event_id_reused", id=act.id)
    return earlier


def _check_undo(act: Act, past: Sequence[Event], now: datetime) -> None:
    """Only one's own last event, not itself an undoing, and only for a while.

    A merge is undone at the double; a thing that was just added goes as it came, when nothing happened to it.
    """
    last = past[-1] if past else None
    if last is None or last.id != act.undoes:
        raise Forbidden("undo_not_last", id=act.feature_id)
    if last.actor != act.actor.name:
        raise Forbidden("undo_not_own", by=last.actor, id=act.feature_id)
    if last.kind == "merged":
        raise Forbidden("undo_at_the_double", id=act.feature_id, double=last.data.get("from", "—"))
    if last.undoes is not None or (last.kind == "add" and len(past) > 1):
        what = act_words(last.kind)
        raise Forbidden("undo_not_this", kind=what.zh, kind_en=what.en, id=act.feature_id)
    if instant(now - timedelta(minutes=UNDO_MINUTES)) > last.recorded_at:
        raise Forbidden("undo_too_late", minutes=UNDO_MINUTES, id=act.feature_id)
