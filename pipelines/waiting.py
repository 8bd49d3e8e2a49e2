"""What waits for a reader: steps that are theirs to take, what is overdue, escalations, look-backs planned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from geo.access import Actor, decide
from geo.layers import Layer, builtin_layers
from geo.steps import legal_steps

Kind = Literal["mine", "overdue", "escalated", "revisit"]
KINDS: tuple[Kind, ...] = ("escalated", "overdue", "mine", "revisit")
"""In the order they are shown: what presses most stands first."""
ROOT_DIGITS = "0" * 12


@dataclass(frozen=True)
class Waiting:
    """Things of a layer that wait for a reader, and why. ids: in order of their last day, then of id."""

    kind: Kind
    layer: Layer
    ids: tuple[str, ...]


KINDS_READ = ("escalate", "plan_revisit", "revisit", "undo")
"""The kinds of events that say what waits."""


def waiting(things: pd.DataFrame, events: pd.DataFrame, layer: Layer, actor: Actor) -> list[Waiting]:
    """What of a layer waits for `actor` today, as far as there is any, in the order of `KINDS`.

    things: those within the actor's reach, columns id, area_code, stage, kind, overdue, due_on. events: the
    layer's ledger, at least those of `KINDS_READ`: columns id, feature_id, kind, at, undoes. `mine`: the actor's
    role, named in the lifecycle, takes a step onward from here, in the actor's own area and layer. `overdue` and
    `escalated` are shown to those whose role takes some step onward in the layer, to the bureau whose layer it is,
    to the administrator, and to those who see the whole county and take no step in any layer. `revisit`: planned
    and not yet made, for those who may look back.
    """
    life = layer.lifecycle
    if life is None or things.empty:
        return []
    ordered = things.sort_values(["due_on", "id"], kind="stable", na_position="last")
    live = ordered[ordered["kind"].isin(["open", "in_progress"])]
    late = live[live["overdue"].astype("boolean").fillna(False).to_numpy(bool)]
    acts = _may(actor, "step", layer)
    stages = _stages_of(layer, actor) if acts else []
    told = _escalated(events)
    works = bool(stages) or (acts and (bool(actor.layers) or actor.role == "administrator"))
    oversees = works or (not actor.area_code and _may(actor, "history", layer) and _takes_no_step(actor))
    found: dict[Kind, list[str]] = {
        "mine": list(live.loc[live["stage"].isin(stages), "id"]),
        "overdue": list(late["id"]) if oversees else [],
        "escalated": [one for one in late["id"] if one in told] if oversees else [],
        "revisit": _to_visit(ordered, events) if _may(actor, "revisit", layer) else [],
    }
    return [Waiting(kind, layer, tuple(found[kind])) for kind in KINDS if found[kind]]


def _may(actor: Actor, action: str, layer: Layer) -> bool:
    """Whether the actor may do it somewhere in their own area."""
    return decide(actor, action, layer=layer.id, area_code=actor.area_code or ROOT_DIGITS).allowed


def _takes_no_step(actor: Actor) -> bool:
    """Whether the actor only looks on, as a leader and an auditor do."""
    return not any(_may(actor, "step", one) for one in builtin_layers().values())


def _stages_of(layer: Layer, actor: Actor) -> list[str]:
    """The stages from which the actor's role takes a step onward; none are an administrator's in particular."""
    life = layer.lifecycle
    if life is None or actor.role == "administrator":
        return []
    place = {stage: at for at, stage in enumerate(life.path)}
    return [
        stage.id
        for stage in life.stages
        if any(place.get(t.target, -1) > place.get(stage.id, -1) for t in legal_steps(layer, stage.id, actor.role))
    ]


def _standing(events: pd.DataFrame) -> pd.DataFrame:
    """Events that were not undone."""
    return events[~events["id"].isin(events["undoes"].dropna())]


def _escalated(events: pd.DataFrame) -> set[str]:
    taken = _standing(events)
    return set(taken.loc[taken["kind"] == "escalate", "feature_id"])


def _to_visit(things: pd.DataFrame, events: pd.DataFrame) -> list[str]:
    """Closed things whose latest plan of a visit was followed by none."""
    taken = _standing(events)
    planned = taken[taken["kind"] == "plan_revisit"].groupby("feature_id")["at"].max()
    visited = taken[taken["kind"] == "revisit"].groupby("feature_id")["at"].max()
    due = planned[~(visited.reindex(planned.index) >= planned).fillna(False)]
    closed = things[things["kind"] == "done"]
    return list(closed.loc[closed["id"].isin(due.index), "id"])
