"""Doing an errand in parts that become safe together, and taking one's own last steps back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from geo.access import Actor
from geo.changes import Event
from geo.errors import Refused, XiangtuError
from geo.layers import Layer
from pipelines.evidence import Photo, take_photo
from pipelines.pictures import noted_of
from pipelines.store.attachments import Attachments
from pipelines.store.ledger import Act, Ledger, instant
from pipelines.store.ledger_acts import UNDO_MINUTES
from pipelines.worklist_errands import Line, errand_ledger

if TYPE_CHECKING:
    from pipelines.workspace import Workspace

AT_ONCE = 25
"""So many acts become safe together; a bar moves on after each such part."""


@dataclass(frozen=True)
class Done:
    """What an errand did: the events taken, and what was refused with its reason. Nothing else was changed."""

    events: tuple[Event, ...] = ()
    refused: tuple[tuple[str, XiangtuError], ...] = ()


@dataclass
class _Pictures:
    """Pictures of an errand, each taken in once, set against those of other things."""

    workspace: Workspace
    ledger: Ledger
    layer: str
    now: datetime
    taken: dict[bytes, Photo] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.kept = Attachments(self.workspace.root / "attachments")
        self.pictures = self.ledger.pictures()

    def given(self, line: Line) -> Act:
        """The line's act with its pictures taken in and what they say noted beside them."""
        assert line.act is not None
        if not line.photos:
            return line.act
        photos = {}
        for _, content in line.photos:
            if content not in self.taken:
                self.taken[content] = take_photo(content, self.kept)
            photos[self.taken[content].sha256] = self.taken[content]
        noted = [noted_of(photo, line.act, self.pictures, self.now) for photo in photos.values()]
        return replace(line.act, evidence=tuple(photos), data={**line.act.data, "photos": noted})


def carry_out(
    workspace: Workspace,
    layer: Layer,
    lines: Sequence[Line],
    *,
    now: datetime,
    told: Callable[[int, int], None] | None = None,
) -> Done:
    """Take the acts of the lines that were allowed; what met a refusal meanwhile is given back with its reason.

    told: called with (how many are through, of how many) after each part of `AT_ONCE`. Lines taken before are not
    taken twice: every act has an id of its own.
    """
    asked = [line for line in lines if line.act is not None]
    ledger = errand_ledger(workspace, layer, [line.id for line in asked])
    events: list[Event] = []
    refused = [(line.id, line.refusal) for line in lines if line.refusal is not None]
    try:
        pictures = _Pictures(workspace, ledger, layer.id, now)
        for start in range(0, len(asked), AT_ONCE):
            part, acts = asked[start : start + AT_ONCE], []
            for line in part:
                try:
                    acts.append(pictures.given(line))
                except Refused as refusal:
                    refused.append((line.id, refusal))
            for act, answer in zip(acts, ledger.append_many(acts, now=now), strict=True):
                if isinstance(answer, Event):
                    events.append(answer)
                else:
                    refused.append((act.feature_id, answer))
            if told is not None:
                told(min(start + AT_ONCE, len(asked)), len(asked))
    finally:
        ledger.close()
    return Done(tuple(events), tuple(refused))


def take_back(workspace: Workspace, layer: Layer, events: Sequence[Event], actor: Actor, *, now: datetime) -> Done:
    """Undo events, each only while it is the last of its thing, one's own and recent; the rest is given back."""
    ledger = errand_ledger(workspace, layer, [str(one.feature_id) for one in events])
    acts = [Act(layer.id, str(one.feature_id), actor, "undo", undoes=one.id) for one in reversed(events)]
    try:
        answers = ledger.append_many(acts, now=now)
    finally:
        ledger.close()
    taken = tuple(one for one in answers if isinstance(one, Event))
    refused = tuple(
        (act.feature_id, answer)
        for act, answer in zip(acts, answers, strict=True)
        if not isinstance(answer, Event)
    )
    return Done(taken, refused)


def undoable(workspace: Workspace, layer: Layer, actor: Actor, *, now: datetime) -> list[Event]:
    """One's own latest acts that can still be taken back: the last of their things, recent, and not undone."""
    ledger = errand_ledger(workspace, layer, [])
    try:
        rows = ledger.events(layer=layer.id)
    finally:
        ledger.close()
    rows = rows[rows["feature_id"].notna()].drop_duplicates("feature_id", keep="last")
    recent = rows["recorded_at"] >= instant(now - timedelta(minutes=UNDO_MINUTES))
    kinds = rows["kind"].isin(["step", "note", "extend", "escalate"])
    mine = rows[(rows["actor"] == actor.name) & rows["undoes"].isna() & recent & kinds]
    return [Event.from_row(row) for row in mine.itertuples(index=False)]
