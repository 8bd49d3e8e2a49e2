"""The legal steps of a lifecycle: who may take which, and what each demands."""

from __future__ import annotations

from collections.abc import Sequence

from geo.access import roles
from geo.changes import Event
from geo.errors import Forbidden
from geo.layers import Layer, Transition
from geo.spoken import listed, stage_words


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
    to them, whatever their role. Stages stand in a refusal as they are called, and by id in its `ways`.
    """
    life = layer.lifecycle
    if life is None:
        raise Forbidden("step_without_lifecycle", layer=layer.label.zh, layer_en=layer.label.en)
    here = stage or life.initial
    if target not in {s.id for s in life.stages}:
        raise Forbidden("step_unknown_stage", to=target, **_named(layer, "stages", [s.id for s in life.stages]))
    ways = [t for t in life.transitions if t.source == here]
    step = next((t for t in ways if t.target == target), None)
    stood, goal = stage_words(layer, here), stage_words(layer, target)
    where = {"stage": stood.zh, "stage_en": stood.en, "to": goal.zh, "to_en": goal.en}
    if step is None:
        raise Forbidden("step_illegal", **where, **_named(layer, "legal", [t.target for t in ways]))
    if role != "administrator" and role not in step.roles:
        legal = _named(layer, "legal", [t.target for t in legal_steps(layer, here, role)])
        raise Forbidden("step_not_for_role", **where, **_roles_named(role, step.roles), **legal)
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


def _named(layer: Layer, name: str, stages: Sequence[str]) -> dict[str, str]:
    """Stages as they are called, a dash when there are none, under `name` and `name_en`; their ids as `ways`."""
    words = listed([stage_words(layer, one) for one in stages])
    return {name: words.zh, f"{name}_en": words.en, "ways": ", ".join(stages)}


def stage_called(layer: Layer, text: str) -> str:
    """The id of the stage that somebody names by its id or its label in either language; else the text itself."""
    stages = layer.lifecycle.stages if layer.lifecycle is not None else ()
    said = text.strip().casefold()
    found = [s.id for s in stages if said in (s.id, s.label.zh, s.label.en.casefold())]
    return found[0] if found else text
