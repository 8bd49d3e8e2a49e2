"""What a kept tally is of: by which name it is found again, and from which one another is carried on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geo.china_days import china_day
from geo.layer_parts import FIRST_SEEN_FIELDS
from geo.layers import Layer
from pipelines.covers import Cover
from pipelines.kept_arrays import Arrays, kept_arrays
from pipelines.relations import imports_of, mark_of
from pipelines.store.ledger_sql import open_database
from pipelines.territory import AREA_LAYERS

if TYPE_CHECKING:
    from pipelines.workspace import Workspace

RULES = 2
"""Raise when the way of counting changes, so that kept tallies are made anew."""


@dataclass(frozen=True)
class Known:
    """What a tally is of, besides the day.

    fixed: a mark of everything that must stay as it is to carry the tally on. imports: of the layer, and of each
    layer whose things its own name. heads: the last event of a thing of each of these layers. acts: how many
    events the layer's things have.
    """

    fixed: str
    imports: dict[str, list[str]]
    heads: dict[str, int]
    acts: int


def known_of(state: Workspace, layer: Layer, cover: Cover) -> Known:
    """What a tally of the layer on the cover depends on besides the day."""
    ground = sorted({r.layer for r in layer.relations if r.layer and r.kind == "overlaps_layer"})
    named = sorted({r.layer for r in layer.relations if r.layer and r.kind != "overlaps_layer"} - {layer.id})
    beside = [(one, imports_of(state, one)) for one in ground]
    heads = {one: heads_of(state).get(one, (0, 0)) for one in (layer.id, *named)}
    return Known(
        mark_of((RULES, cover.name, cover.key, beside, layer)),
        {one: imports_of(state, one) for one in heads},
        {one: head for one, (head, _) in heads.items()},
        heads[layer.id][1],
    )


def state_of(workspace: Workspace) -> Workspace:
    """The workspace as it is this moment: what is recorded from here on must not be half in a tally."""
    if workspace.last_seq is not None:
        return workspace
    url = workspace.settings.ledger_url
    if url is None and not (workspace.root / "ledger.sqlite").exists():
        return workspace.as_known([one.id for one in workspace.imports()], 0)
    text = "select layer, max(seq), count(*) from events where kind <> 'import' group by layer"
    database = open_database(url or workspace.root)
    with database.reading() as tx:
        last = int(tx.run("select coalesce(max(seq), 0) from events", ()).fetchone()[0])
        heads = {str(name): (int(head), int(acts)) for name, head, acts in tx.run(text, ()).fetchall()}
    database.close()
    state = workspace.as_known([one.id for one in workspace.imports()], last)
    state.__dict__["_heads"] = heads
    return state


def heads_of(state: Workspace) -> dict[str, tuple[int, int]]:
    """Number of the last event of each layer's things, and how many there are; imports are no events of things."""
    found: dict[str, tuple[int, int]] = state.__dict__.get("_heads", {})
    return found


def tally_path(state: Workspace, layer: Layer, as_of: date, cover: Cover) -> Path:
    """Where a tally of a layer on a day is kept; the name changes with all that it depends on.

    state: as `state_of` gives it.
    """
    mark = mark_of(known_of(state, layer, cover))
    return state.root / "summary" / "tallies" / layer.id / f"{as_of}.{cover.name}.{mark}.columns"


def earlier_tally(
    workspace: Workspace, layer: Layer, path: Path, now: Known, as_of: date
) -> tuple[Arrays, dict[str, Any]] | None:
    """The kept tally of the same day, or of one that counts the same, to which least must be added; its note."""
    found: list[tuple[int, Arrays, dict[str, Any]]] = []
    for old in path.parent.glob(f"*.{path.name.split('.')[1]}.*.columns") if layer.id not in AREA_LAYERS else ():
        kept, note = kept_arrays(old) or ({}, {})
        if note.get("fixed") != now.fixed or not _continues(note, now):
            continue
        if _same_day(workspace, layer, note, now, as_of):
            found.append((note["last_seq"] + sum(map(len, note["imports"].values())), kept, note))
    return max(found, key=lambda one: one[0])[1:] if found else None


def _continues(note: dict[str, Any], now: Known) -> bool:
    """Whether what stood then is the beginning of what stands now."""
    then = note["imports"]
    return all(now.imports[one][: len(then[one])] == then[one] for one in now.imports) and all(
        note["heads"][one] <= head for one, head in now.heads.items()
    )


def _same_day(workspace: Workspace, layer: Layer, note: dict[str, Any], now: Known, as_of: date) -> bool:
    """Whether a tally of another day counts what one of this day would of the same rows."""
    day = date.fromisoformat(note["day"])
    if day == as_of:
        return True
    dated = {f.name for f in layer.fields if f.type == "date"} & set(FIRST_SEEN_FIELDS)
    by_day = layer.lifecycle is not None or layer.end_field is not None or dated or now.acts
    return not by_day and all(china_day(one.at) <= min(day, as_of) for one in workspace.imports(layer.id))
