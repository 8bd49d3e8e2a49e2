"""The legal steps of a lifecycle: who may take which, and what each demands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from geo.access import roles
from geo.changes import Event
from geo.errors import Forbidden
from geo.layers import Layer, Transition


def legal_steps(layer: Layer, stage: str | None, role: str) -> tuple[Transition, ...]:
    """The steps that `role` may take from `stage`, in the order the layer declares them.

    The administrator may take every declared step. A thing without a known stage stands at the initial one.
    """
    life = layer.lifecycle
    if life is None:
        return ()
    here = stage or life.initial
    return tuple(t for t in life.transitions if t.source == here and (role == "administrator" or role in t.roles))


def check_step(
    layer: Layer,
    stage: str | None,
    target: str,
    *,
    role: str,
    note: str | None = None,
    evidence: Sequence[str] = (),
    parties: Sequence[str] = (),
    worked_by: Sequence[str] = (),
) -> Transition:
    """The declared step from `stage` to `target`; Forbidden, with the legal steps named, when there is none.

    evidence: content addresses of photos given with the step. parties: who takes it, the unit and the person.
    worked_by: those who did the work since the thing was last open; a step that needs `other_unit` is refused
    to them, whatever their role.
    """
    life = layer.lifecycle
    if life is None:
        raise Forbidden("step_without_lifecycle", layer=layer.label.zh)
    here = stage or life.initial
    named = {s.id: s.label.zh for s in life.stages}
    if target not in named:
        raise Forbidden("step_unknown_stage", to=target, stages=_listed(named.items()))
    ways = [t for t in life.transitions if t.source == here]
    step = next((t for t in ways if t.target == target), None)
    where = {"stage": f"{named.get(here, here)} {here}", "to": f"{named[target]} {target}"}
    if step is None:
        raise Forbidden("step_illegal", **where, legal=_listed((t.target, named[t.target]) for t in ways))
    if role != "administrator" and role not in step.roles:
        legal = _listed((t.target, named[t.target]) for t in legal_steps(layer, here, role))
        raise Forbidden("step_not_for_role", **where, **_roles_named(role, step.roles), legal=legal)
    if "note" in step.needs and not (note or "").strip():
        raise Forbidden("step_needs_note", **where)
    if "photo" in step.needs and not evidence:
        raise Forbidden("step_needs_photo", **where)
    same = [party for party in parties if party and party in worked_by]
    if "other_unit" in step.needs and same:
        raise Forbidden("step_needs_other_unit", **where, unit=same[0])
    return step


def worked_by(layer: Layer, past: Sequence[Event]) -> tuple[str, ...]:
    """The units and people who did the work of a thing since it was last open.

    past: the thing's events in order. Work is a step forward into a stage in progress; one that sends a thing
    back, or was undone, is not.
    """
    life = layer.lifecycle
    if life is None:
        return ()
    rank = {name: place for place, name in enumerate(life.path)}
    undone = {e.undoes for e in past if e.undoes is not None}
    parties: dict[str, None] = {}
    for event in past:
        if event.to_stage is None or event.id in undone or event.undoes is not None:
            continue
        kind = life.stage(event.to_stage).kind
        if kind == "open":
            parties.clear()
        forward = rank.get(event.to_stage, -1) > rank.get(event.from_stage or life.initial, -1)
        if kind == "in_progress" and forward:
            parties.update({event.party: None, event.actor: None})
    return tuple(parties)


def _roles_named(role: str, others: Sequence[str]) -> dict[str, str]:
    """Who asked and who may, as they are called."""
    known = {name: words for name, words in roles().items() if name in (role, *others)}
    mine = known.get(role)
    return {
        "role": mine.zh if mine else role,
        "role_en": mine.en if mine else role,
        "roles": "、".join(known[name].zh if name in known else name for name in others),
        "roles_en": ", ".join(known[name].en if name in known else name for name in others),
    }


def _listed(pairs: Iterable[tuple[str, str]]) -> str:
    """Stages as `已整治 remediated、…`, or a dash when there are none."""
    return "、".join(f"{label} {name}" for name, label in pairs) or "—"
