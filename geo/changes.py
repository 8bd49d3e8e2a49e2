"""What events do to a thing: the hash that chains them, the state they add up to, and whose changes collide."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

GENESIS = "0" * 64
"""What the first event names as the hash before it."""


@dataclass(frozen=True)
class Event:
    """One line of the ledger, as it was taken: who, when, what, where, from which stage to which, on what proof.

    at: when it happened; recorded_at: when the ledger took it (UTC, ISO, to the microsecond). unit: the actor's
    unit then, "" when none. evidence: content addresses of attachments. undoes: the id of the event it takes
    back. due_on: a new last day. data: what only its kind has (`fields` of an edit, `into` of a merge, …), and
    `edition`, the layer's last import by then, where it has one.
    """

    seq: int
    id: str
    layer: str | None
    feature_id: str | None
    kind: str
    from_stage: str | None
    to_stage: str | None
    at: str
    recorded_at: str
    actor: str
    role: str
    unit: str
    area_code: str | None
    note: str | None
    evidence: tuple[str, ...]
    import_id: str | None
    base_version: int | None
    undoes: str | None
    due_on: str | None
    lon: float | None
    lat: float | None
    data: Mapping[str, Any] = field(default_factory=dict)
    prev_hash: str = GENESIS
    hash: str = ""

    def as_row(self) -> tuple[Any, ...]:
        """Its values in the order of the table's columns, lists and mappings as JSON."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        values["evidence"] = compact(list(self.evidence))
        values["data"] = compact(dict(self.data))
        return tuple(values.values())

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> Event:
        """The event of a row of the table; the opposite of `as_row`."""
        values = dict(zip((f.name for f in fields(cls)), row, strict=True))
        values["evidence"] = tuple(json.loads(values["evidence"]))
        values["data"] = json.loads(values["data"])
        return cls(**values)

    @property
    def party(self) -> str:
        """Who answers for it where units are compared."""
        return self.unit or self.actor

    def as_dict(self) -> dict[str, Any]:
        """Its values by name."""
        return asdict(self)


def compact(value: Any) -> str:
    """The one JSON spelling of a value: keys sorted, no blanks, Chinese as it is."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def row_hash(row: Sequence[Any]) -> str:
    """The hash of an event's row (all columns but the last, `hash`): sha256 of its one JSON spelling."""
    return hashlib.sha256(compact(list(row[:-1])).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Projection:
    """Where a thing stands by its events alone. stage: None while no step was taken. version: events taken."""

    layer: str
    feature_id: str
    stage: str | None
    stage_since: str | None
    version: int
    last_seq: int
    area_code: str | None
    due_on: str | None
    merged_into: str | None

    def as_row(self) -> tuple[Any, ...]:
        """Its values in the order of the `state` table's columns."""
        return tuple(getattr(self, f.name) for f in fields(self))


def projection(events: Sequence[Event]) -> Projection:
    """What the events of one thing, in the order they were taken, add up to; at least one is needed.

    An undone event and the event that undid it count as versions but change nothing else.
    """
    undone = {e.undoes for e in events if e.undoes is not None}
    standing = [e for e in events if e.undoes is None and e.id not in undone]
    steps = [e for e in standing if e.to_stage is not None]
    dues = [e.due_on for e in standing if e.due_on is not None]
    into = [str(e.data["into"]) for e in standing if e.kind == "merge"]
    first = events[0]
    return Projection(
        layer=str(first.layer),
        feature_id=str(first.feature_id),
        stage=steps[-1].to_stage if steps else _stage_before(events),
        stage_since=steps[-1].at if steps else None,
        version=len(events),
        last_seq=events[-1].seq,
        area_code=_area(standing) or _area(events),
        due_on=dues[-1] if dues else None,
        merged_into=into[-1] if into else None,
    )


def _area(events: Sequence[Event]) -> str | None:
    """The area that the latest event saw the thing on, or moved it to."""
    areas = (e.data.get("moved_to") or e.area_code for e in reversed(events))
    return next((str(area) for area in areas if area is not None), None)


def _stage_before(events: Iterable[Event]) -> str | None:
    """The stage that the imports gave when the first step was taken; None for the lifecycle's first."""
    told = (e for e in events if e.undoes is None and (e.to_stage is not None or e.from_stage is not None))
    return next((e.from_stage for e in told), None)


Clash = Literal["none", "soft", "hard"]


@dataclass(frozen=True)
class Collision:
    """How a change meets those that others made since it was begun.

    soft: other fields were changed; both stand. hard: the same field, or the stage, was changed; `theirs` is the
    event that was first, `shared` the fields in question.
    """

    clash: Clash
    shared: tuple[str, ...] = ()
    theirs: Event | None = None


def touched(kind: str, to_stage: str | None, due_on: object, data: Mapping[str, Any]) -> frozenset[str]:
    """What a change writes: the fields of an edit, `stage` for a step, `due_on` for an extension."""
    names = set(map(str, data.get("fields", {})))
    if to_stage is not None or kind in ("step", "merge", "undo"):
        names.add("stage")
    if due_on is not None:
        names.add("due_on")
    return frozenset(names)


def collide(names: frozenset[str], since: Sequence[Event]) -> Collision:
    """Compare what a change writes with the events taken since the version it was begun on."""
    if not since:
        return Collision("none")
    for event in reversed(since):
        shared = names & touched(event.kind, event.to_stage, event.due_on, event.data)
        if shared:
            return Collision("hard", tuple(sorted(shared)), event)
    return Collision("soft", (), since[-1])
