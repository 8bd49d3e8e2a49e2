"""No sequence of legal and illegal acts breaks what must always hold.

Always: events are numbered without gaps and chained; a refused act leaves no trace; every step taken was declared
for the stage the thing was in and for the role; who did the work never accepts it; a note, photo or reason that a
step demands is there; nobody acts outside their area or layers; the version of a thing is the number of its
events; the state kept is what the events add up to; nobody undoes another's step.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from geo.access import Actor, decide
from geo.changes import Event, projection, row_hash
from geo.errors import Conflict, Forbidden, Refused
from geo.layers import builtin_layers
from pipelines.store.ledger import Act, Ledger, open_ledger

LAYER = builtin_layers()["inspection_point"]
LIFE = LAYER.lifecycle
assert LIFE is not None
STAGES = [s.id for s in LIFE.stages]
PHOTO = "cd" * 32
HOME, AWAY = "510921101201", "510921102201"
PEOPLE = [
    Actor("镇甲", "township", "青石镇", "510921101"),
    Actor("镇乙", "township", "白水镇", "510921102"),
    Actor("督查", "inspector", "督查组"),
    Actor("镇甲兼督查", "inspector", "青石镇"),
    Actor("局", "bureau", "城管局", layers=("inspection_point",)),
    Actor("别局", "bureau", "农业局", layers=("land_transfer",)),
    Actor("县长", "county_leader"),
    Actor("审计", "auditor"),
    Actor("村", "village_reporter", "井村", HOME),
    Actor("管理员", "administrator"),
]
THINGS = {"A": HOME, "B": AWAY}


class Desks(RuleBasedStateMachine):
    """People of every role taking every kind of act on two things, in any order."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="xiangtu-")
        self.ledger: Ledger = open_ledger(Path(self.folder.name) / "ledger.sqlite")
        with self.ledger.database.reading() as tx:
            tx.run("pragma synchronous")
        self.ledger.database._connection().execute("pragma synchronous = off")  # type: ignore[union-attr]
        self.now = datetime(2024, 5, 1, 2, tzinfo=UTC)
        self.taken: list[Event] = []

    def teardown(self) -> None:
        if hasattr(self, "ledger"):
            assert self.ledger.audit() == []
            self.ledger.rebuild()
            assert self.ledger.audit() == []
            self.ledger.close()
            self.folder.cleanup()

    def attempt(self, act: Act) -> None:
        before = self.ledger.head()
        try:
            event = self.ledger.append(act, now=self.now)
        except (Forbidden, Conflict, Refused):
            assert self.ledger.head() == before
            return
        if act.base_version is not None:
            for unseen in self.thing(act.feature_id)[act.base_version :]:
                both_stage = "edit" not in (act.kind, unseen.kind) and "note" not in (act.kind, unseen.kind)
                same_field = set(act.data.get("fields", ())) & set(unseen.data.get("fields", ()))
                assert not both_stage and not same_field, "an update was lost"
        self.taken.append(event)

    def thing(self, name: str) -> list[Event]:
        return [e for e in self.taken if e.feature_id == name]

    def act(self, who: int, name: str, **more: Any) -> Act:
        return Act(
            **{"layer": LAYER.id, "feature_id": name, "actor": PEOPLE[who], "area_code": THINGS[name]} | more
        )

    @rule(
        who=st.integers(0, len(PEOPLE) - 1),
        name=st.sampled_from(list(THINGS)),
        to=st.sampled_from(STAGES),
        note=st.sampled_from([None, " ", "理由"]),
        photo=st.booleans(),
        behind=st.sampled_from([None, 0, 0, 1, 2]),
    )
    def any_step(self, who: int, name: str, to: str, note: str | None, photo: bool, behind: int | None) -> None:
        seen = None if behind is None else max(0, len(self.thing(name)) - behind)
        evidence = (PHOTO,) if photo else ()
        self.attempt(self.act(who, name, to_stage=to, note=note, evidence=evidence, base_version=seen))

    @rule(name=st.sampled_from(list(THINGS)), who=st.integers(0, 5), choice=st.integers(0, 5), void=st.booleans())
    def likely_step(self, name: str, who: int, choice: int, void: bool) -> None:
        """A declared step by a role that may, with all it demands, so that the machine reaches the far stages."""
        past = self.thing(name)
        stage = (projection(past).stage if past else None) or LIFE.initial
        ways = [t for t in LIFE.transitions if t.source == stage and (void or LIFE.stage(t.target).kind != "void")]
        if ways:
            way = ways[choice % len(ways)]
            fitting = [k for k, p in enumerate(PEOPLE) if p.role in way.roles]
            person = fitting[who % len(fitting)]
            self.attempt(self.act(person, name, to_stage=way.target, note="理由", evidence=(PHOTO,)))

    @rule(who=st.integers(0, len(PEOPLE) - 1), name=st.sampled_from(list(THINGS)), last=st.booleans())
    @precondition(lambda self: self.taken)
    def undo(self, who: int, name: str, last: bool) -> None:
        past = self.thing(name) or self.taken
        self.attempt(self.act(who, name, kind="undo", undoes=past[-1 if last else 0].id))

    @rule(
        who=st.integers(0, len(PEOPLE) - 1),
        name=st.sampled_from(list(THINGS)),
        field=st.sampled_from(["address", "remark"]),
        behind=st.sampled_from([None, 0, 1, 3]),
    )
    def edit(self, who: int, name: str, field: str, behind: int | None) -> None:
        seen = None if behind is None else max(0, len(self.thing(name)) - behind)
        self.attempt(self.act(who, name, kind="edit", data={"fields": {field: "新"}}, base_version=seen))

    @rule(who=st.integers(0, len(PEOPLE) - 1), name=st.sampled_from(list(THINGS)))
    def forged_area(self, who: int, name: str) -> None:
        wrong = AWAY if THINGS[name] == HOME else HOME
        if self.thing(name):
            self.attempt(self.act(who, name, kind="note", note="x", area_code=wrong))

    @rule(who=st.integers(0, len(PEOPLE) - 1))
    @precondition(lambda self: self.taken)
    def ask_again(self, who: int) -> None:
        """A client repeats what was taken: it gets the same event, and nothing new is written."""
        event, before = self.taken[who % len(self.taken)], self.ledger.head()
        person = next(p for p in PEOPLE if p.name == event.actor)
        act = Act(
            str(event.layer),
            str(event.feature_id),
            person,
            kind=event.kind,
            to_stage=event.to_stage,
            note=event.note,
            id=event.id,
        )
        assert self.ledger.append(act, now=self.now) == event
        assert self.ledger.head() == before

    @rule(minutes=st.sampled_from([1, 20, 31]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @invariant()
    def events_are_numbered_and_chained(self) -> None:
        if not hasattr(self, "ledger"):
            return
        assert [e.seq for e in self.taken] == list(range(1, len(self.taken) + 1))
        before = "0" * 64
        for event in self.taken:
            assert event.prev_hash == before and event.hash == row_hash(event.as_row())
            before = event.hash
        assert self.ledger.head() == (len(self.taken), before)

    @invariant()
    def every_event_was_allowed(self) -> None:
        if not hasattr(self, "ledger"):
            return
        stages: dict[str, str] = dict.fromkeys(THINGS, LIFE.initial)
        workers: dict[str, set[str]] = {name: set() for name in THINGS}
        kept: dict[str, Event] = {}
        for event in self.taken:
            name = str(event.feature_id)
            person = next(p for p in PEOPLE if p.name == event.actor)
            assert decide(
                person, event.kind if event.kind != "note" else "evidence", layer=LAYER.id, area_code=THINGS[name]
            ).allowed
            assert event.area_code == THINGS[name]
            if event.kind == "step":
                (way,) = [t for t in LIFE.transitions if (t.source, t.target) == (stages[name], event.to_stage)]
                assert person.role in way.roles or person.role == "administrator"
                assert "photo" not in way.needs or event.evidence
                assert "note" not in way.needs or str(event.note).strip()
                assert "other_unit" not in way.needs or not {person.unit, person.name} & workers[name]
                workers[name] = self.workers_after(name, event)
                stages[name] = str(event.to_stage)
            if event.kind == "undo":
                undone = kept[str(event.undoes)]
                assert undone.actor == event.actor and undone.undoes is None
                if undone.kind == "step":
                    stages[name] = undone.from_stage or LIFE.initial
                workers[name] = self.workers_after(name, event)
            kept[event.id] = event

    def workers_after(self, name: str, last: Event) -> set[str]:
        """Who did the work of a thing up to an event, by the plain reading: forward into progress since open."""
        events = [e for e in self.taken if e.feature_id == name and e.seq <= last.seq]
        undone = {e.undoes for e in events}
        path, found = LIFE.path, set[str]()
        for e in events:
            if e.kind != "step" or e.id in undone:
                continue
            kind = LIFE.stage(str(e.to_stage)).kind
            if kind == "open":
                found = set()
            ahead = e.to_stage in path and (
                e.from_stage not in path or path.index(str(e.to_stage)) > path.index(str(e.from_stage))
            )
            if kind == "in_progress" and ahead:
                found |= {e.unit or e.actor, e.actor}
        return found

    @invariant()
    def state_is_what_the_events_add_up_to(self) -> None:
        if not hasattr(self, "ledger"):
            return
        for name, count in Counter(e.feature_id for e in self.taken).items():
            state = self.ledger.projected(LAYER.id, str(name))
            assert state == projection(self.thing(str(name)))
            assert state is not None and state.version == count


Desks.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestNoSequenceOfActsBreaksWhatMustHold = Desks.TestCase


def test_the_machine_can_reach_the_far_stages(tmp_path: Path) -> None:
    """The likely steps do lead to a closing by another unit and a recurrence, so the machine tests those too."""
    machine = Desks()
    machine.begin()
    for who, to in (
        (0, "claimed"),
        (0, "rectified"),
        (3, "closed"),
        (2, "closed"),
        (2, "recurred"),
        (0, "claimed"),
    ):
        machine.attempt(machine.act(who, "A", to_stage=to, note="理由", evidence=(PHOTO,)))
        machine.now += timedelta(minutes=1)
    assert [e.to_stage for e in machine.taken] == ["claimed", "rectified", "closed", "recurred", "claimed"]
    machine.every_event_was_allowed()
    assert replace(machine.taken[2]).actor == "督查"
    machine.teardown()
