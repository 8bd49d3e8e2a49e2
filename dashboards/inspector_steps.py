"""The steps of a site as its page offers them: what the reader may do, what it demands, why it came back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd

from dashboards.words import Lang, day, say
from geo.access import Actor, roles
from geo.layers import Layer, Transition
from geo.lifecycle import china_day
from geo.lookback import recurrence_stages
from geo.steps import legal_steps

Json = dict[str, Any]


def steps(thing: pd.Series, layer: Layer, actor: Actor, lang: Lang, *, revisits: bool, undoes: bool) -> list[Json]:
    """What the reader may do to a site, the ordinary way first: label, target, and what each demands.

    `main` is the one that carries the site on, if any: neither a way out of the ledger nor one's own undoing.
    revisits: whether the reader may look back; undoes: whether the last act was the reader's own and recent.
    """
    stage = thing["stage"] if isinstance(thing["stage"], str) and thing["stage"] else None
    made = [_step(one, layer, lang) for one in legal_steps(layer, stage, actor.role)]
    if revisits and thing["kind"] == "done":
        label = say("inspector.step.revisit", lang)
        may = ["photo", "note"]
        made.insert(0, {"act": "revisit", "to": "", "label": label, "needs": [], "may": may, "main": True})
    if undoes:
        label = say("inspector.step.undo", lang)
        made.append({"act": "undo", "to": "", "label": label, "needs": [], "may": [], "main": False})
    return made


def _step(one: Transition, layer: Layer, lang: Lang) -> Json:
    life = layer.lifecycle
    assert life is not None
    back = goes_back(one.source, one.target, layer)
    key = "inspector.step.returned" if back else f"inspector.step.{one.target}"
    try:
        label = say(key, lang)
    except KeyError:
        label = life.stage(one.target).label(lang)
    needs = [need for need in one.needs if need in ("note", "photo")]
    may = ["photo"] if life.stage(one.target).kind != "void" and one.target != "claimed" else []
    main = not back and one.target in life.path
    return {
        "act": "step",
        "to": one.target,
        "label": label,
        "needs": needs,
        "may": [] if needs else may,
        "main": main,
    }


def whose_turn(stage: str, layer: Layer, lang: Lang) -> str:
    """Who takes a site on from a stage, and by what; "" where nobody does.

    Only steps along the ordinary way, or back onto it, count: what ends a site otherwise waits for nobody.
    """
    life = layer.lifecycle
    ways = (
        []
        if life is None
        else [one for one in life.transitions if one.source == stage and one.target in life.path]
    )
    onward = [one for one in ways if not goes_back(one.source, one.target, layer)]
    if not onward:
        return ""
    who = dict.fromkeys(roles()[role](lang) for one in onward for role in one.roles)
    what = dict.fromkeys(_step(one, layer, lang)["label"] for one in onward)
    between = say("inspector.between", lang)
    return say("inspector.turn", lang, roles=between.join(who), steps=between.join(what))


def goes_back(source: str | None, target: str, layer: Layer) -> bool:
    """Whether a step leads to an earlier stage of the ordinary way, as sending a site back does."""
    path = layer.lifecycle.path if layer.lifecycle is not None else ()
    return source in path and target in path and path.index(target) < path.index(source)


def sent_back(history: Sequence[Mapping[str, Any]], layer: Layer, lang: Lang) -> str | None:
    """Why a site came back to who cleared it: the note of its latest step, if that sent it back or reopened it.

    history: the events of the site in order, as `xiangtu show` gives them.
    """
    undone = {event.get("undoes") for event in history}
    steps = [one for one in history if one.get("kind") == "step" and one.get("id") not in undone]
    if not steps:
        return None
    last = steps[-1]
    target = str(last.get("to_stage"))
    reopened = target in recurrence_stages(layer)
    if not last.get("note") or not (reopened or goes_back(last.get("from_stage"), target, layer)):
        return None
    when = day(china_day(datetime.fromisoformat(str(last["at"]))), lang)
    told = {"by": last.get("unit") or last.get("actor") or "", "day": when, "note": last["note"]}
    return say("inspector.reopened", lang, **told) if reopened else say("inspector.sent_back", lang, **told)
