"""The edition of a workspace as it is this moment: opened once, and anew when something of it has changed."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from pathlib import Path

from dashboards.editions import Edition
from dashboards.readers import ledger_of
from dashboards.shelf import Shelf
from pipelines.store.ledger_heads import layer_heads
from pipelines.territory import areas_key
from pipelines.workspace import Workspace

_held: dict[Path, tuple[Hashable, Edition]] = {}
_shelves: dict[Path, Shelf] = {}
_opening = threading.Lock()


def edition(root: Path) -> Edition:
    """The workspace as it is now; the same object while nothing changed.

    Raises `geo.errors.Refused` when `root` is no workspace.
    """
    with _opening:
        stamp = _stamp(root)
        before = _held.get(root)
        workspace = before[1].workspace if before and before[0] == stamp else _opened(root, before)
        heads = _heads(workspace, before[1].heads if before else {})
        if before and before[1].workspace is workspace and before[1].heads == heads:
            return before[1]
        made = Edition(workspace, heads, _shelves.setdefault(root, Shelf()))
        _held[root] = (stamp, made)
        return made


def _opened(root: Path, before: tuple[Hashable, Edition] | None) -> Workspace:
    """The workspace read anew, with the areas of the one before when they are the same."""
    workspace = Workspace(root)
    old = before[1].workspace if before else None
    if old is not None and old.settings == workspace.settings and areas_key(old) == areas_key(workspace):
        for name in ("_areas", "_leaves", "_gazetteer"):
            if name in old.__dict__:
                workspace.__dict__[name] = old.__dict__[name]
    return workspace


def _stamp(root: Path) -> Hashable:
    """What changes on disk with the settings, the layers and the imports of a workspace."""
    watched = [root / "county.toml", root / "layers", *sorted((root / "layers").glob("*.toml"))]
    watched += [root / "imports", *sorted((root / "imports").glob("*"))]
    return tuple((str(path), path.stat().st_mtime_ns) for path in watched if path.exists())


def _heads(workspace: Workspace, known: dict[str, int]) -> dict[str, int]:
    """Number of the last event of each layer; only what came since `known` is read."""
    with ledger_of(workspace) as ledger:
        if ledger is None:
            return {}
        last, _ = ledger.head()
        seen = max(known.values(), default=0)
        if last == seen:
            return known
        # A ledger that is shorter than before is another one, restored in its place.
        return layer_heads(ledger) if last < seen else {**known, **layer_heads(ledger, after=seen)}
