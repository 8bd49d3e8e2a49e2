"""What is done to a site on a round beside its steps: a look-back that found it in order, and who may undo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from geo.access import Actor
from geo.changes import Event
from pipelines.act import append_again, find_thing, on_thing, with_photos, workspace_ledger
from pipelines.marks_places import LAYER
from pipelines.store.ledger import Act
from pipelines.store.ledger_acts import UNDO_MINUTES
from pipelines.workspace import Workspace

NOT_UNDONE = ("merge", "merged", "undo", "import")


def revisit(
    workspace: Workspace,
    actor: Actor,
    feature_id: str,
    *,
    now: datetime,
    note: str | None = None,
    photos: Sequence[Path | bytes] = (),
    base_version: int | None = None,
) -> Event:
    """Enter that a closed site was visited again and found in order; the event.

    Forbidden where the actor may not revisit, Conflict as `Ledger.append` says.
    """
    layer = workspace.layer(LAYER)
    ledger = workspace_ledger(workspace)
    try:
        thing = find_thing(workspace, ledger, layer, feature_id)
        asked = Act(LAYER, feature_id, actor, "revisit", note=note, base_version=base_version, at=now)
        told = on_thing(asked, thing, layer, ledger)
        ledger.check(told, now=now)
        if photos:
            seen = with_photos(workspace, ledger, told, photos, claimed_at=now)
            asked = replace(asked, evidence=seen.evidence, data=seen.data)
        return append_again(ledger, lambda: on_thing(asked, thing, layer, ledger), now, base_version)
    finally:
        ledger.close()


def may_undo(history: Sequence[Mapping[str, Any]], actor: Actor, now: datetime) -> bool:
    """Whether the last thing that happened is the actor's own and may still be taken back.

    history: of `pipelines.exchange.history`. The ledger decides again when it is asked.
    """
    acts = [one for one in history if one["kind"] != "import"]
    if not acts or acts[-1].get("actor") != actor.name or acts[-1]["kind"] in NOT_UNDONE:
        return False
    if acts[-1]["kind"] == "add" and len(acts) > 1:
        return False
    recorded = datetime.fromisoformat(str(acts[-1]["recorded_at"]))
    return now - recorded <= timedelta(minutes=UNDO_MINUTES) and not acts[-1].get("undoes")
