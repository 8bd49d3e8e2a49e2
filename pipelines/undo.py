"""Taking back one's own last step of a thing, as an event of its own."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from geo.access import Actor
from geo.changes import Event
from geo.errors import Forbidden
from pipelines.act import workspace_ledger
from pipelines.store.ledger import Act
from pipelines.workspace import Workspace


def undo_last(workspace_dir: Path | str, layer_id: str, feature_id: str, actor: Actor, *, now: datetime) -> Event:
    """Undo the last event of a thing; the undoing as the ledger holds it.

    Forbidden when nothing happened to it yet, when the last event is not the actor's own, is itself an undoing, a
    merge or an addition, or was too long ago. The thing then stands as it stood before.
    """
    workspace = Workspace(workspace_dir)
    ledger = workspace_ledger(workspace)
    try:
        past = ledger.history(workspace.layer(layer_id).id, feature_id)
        if not past:
            raise Forbidden("undo_not_last", id=feature_id)
        last = past[-1]
        asked = Act(layer_id, feature_id, actor, "undo", undoes=last.id, area_code=last.area_code)
        return ledger.append(asked, now=now)
    finally:
        ledger.close()
