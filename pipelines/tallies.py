"""Tallies of a layer on a day, kept; when little has changed, carried on from an earlier one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from geo.layers import Layer
from geo.lifecycle import FIRST_SEEN_FIELDS, china_day
from geo.progress import tally
from pipelines.covers import Cover
from pipelines.kept import drop_older, keep_table, note_of
from pipelines.relations import MOST_CHANGED, ids_since, imports_of, mark_of, relation_rows
from pipelines.store.layers import Part, parts_of
from pipelines.summarise import ledger_of, shares_of, things_at
from pipelines.territory import AREA_LAYERS

if TYPE_CHECKING:
    from pipelines.workspace import Workspace

RULES = 2
"""Raise when the way of counting changes, so that kept tallies are made anew."""
KEPT_BACK = 1


@dataclass(frozen=True)
class Known:
    """What a tally is of: everything fixed as a mark, the layer's imports, the last event, how many were acts."""

    fixed: str
    imports: tuple[str, ...]
    head: int
    acts: int


def known_of(workspace: Workspace, layer: Layer, cover: Cover) -> Known:
    """What a tally of the layer on the cover depends on besides the day."""
    others = sorted({relation.layer for relation in layer.relations if relation.layer})
    beside = [(one, imports_of(workspace, one), _head(workspace, one)) for one in others]
    fixed = mark_of((RULES, cover.name, cover.key, beside, layer))
    return Known(fixed, tuple(imports_of(workspace, layer.id)), *_head(workspace, layer.id))


def _head(workspace: Workspace, layer_id: str) -> tuple[int, int]:
    """Number of the last event of a layer's things, and how many there are; imports are no events of things."""
    ledger = ledger_of(workspace)
    if ledger is None:
        return 0, 0
    text = "select coalesce(max(seq), 0), count(*) from events where layer = ? and kind <> 'import'"
    with ledger.database.reading() as tx:
        head, acts = tx.run(text, (layer_id,)).fetchone()
    return int(head), int(acts)


def tally_path(workspace: Workspace, layer: Layer, as_of: date, cover: Cover) -> Path:
    """Where a tally of a layer on a day is kept; the name changes with all that it depends on."""
    mark = mark_of(known_of(workspace, layer, cover))
    return workspace.root / "summary" / "tallies" / layer.id / f"{as_of}.{cover.name}.{mark}.parquet"


def leaf_tally(workspace: Workspace, layer: Layer, as_of: date, cover: Cover | None = None) -> pd.DataFrame:
    """Additive tallies of a layer by the areas its things lie on (index `area`), whole numbers; kept.

    cover: the hierarchy of areas when None. Areas on which nothing is counted have no row. When few things have
    changed since an earlier tally, what they brought is taken off it and what they bring now is added: the sums
    are of whole numbers, so that the outcome is that of counting all anew.
    """
    on = cover or Cover(workspace)
    path = tally_path(workspace, layer, as_of, on)
    if path.exists():
        return pd.read_parquet(path)
    now = known_of(workspace, layer, on)
    base = _earlier(workspace, layer, path, now, as_of)
    made = None if base is None else _carried_on(workspace, layer, as_of, on, now, *base)
    if made is None:
        made = _whole(workspace, layer, as_of, on)
    note = {"fixed": now.fixed, "imports": now.imports, "head": now.head, "acts": now.acts, "day": str(as_of)}
    keep_table(made, path, note)
    drop_older(path.parent.glob(f"{as_of}.{on.name}.*.parquet"), but=path, keep=KEPT_BACK)
    return made


def _whole(workspace: Workspace, layer: Layer, as_of: date, cover: Cover) -> pd.DataFrame:
    """All counted, part by part where a layer is large and its things have nothing to do with each other."""
    alone = all(relation.kind == "overlaps_layer" for relation in layer.relations)
    parts: list[Part | None] = [None]
    if alone and layer.id not in AREA_LAYERS:
        ledger = ledger_of(workspace)
        from pipelines.act import added_things

        also = [] if ledger is None or layer.lifecycle is None else added_things(ledger, layer)["id"].tolist()
        parts = list(parts_of(workspace, layer, also=also))
    return _sums([_counted(workspace, layer, as_of, cover, part) for part in parts])


def _counted(
    workspace: Workspace,
    layer: Layer,
    as_of: date,
    cover: Cover,
    part: Part | None,
    only: set[str] | None = None,
) -> pd.DataFrame:
    """The tally of a part of a layer, or of `only` these things of it."""
    things = things_at(workspace, layer, as_of, ["lon", "lat"] if cover.name != "areas" else None, part=part)
    if only is not None:
        things = things[things["id"].isin(only)].reset_index(drop=True)
    return tally(things, shares_of(workspace, layer, things, cover), layer, as_of=as_of)


def _sums(tallies: list[pd.DataFrame]) -> pd.DataFrame:
    """Tallies added up, without the areas on which nothing is counted."""
    made = pd.concat(tallies).groupby(level="area", sort=True).sum().astype(np.int64)
    return made[(made != 0).any(axis=1)]


def _earlier(
    workspace: Workspace, layer: Layer, path: Path, now: Known, as_of: date
) -> tuple[pd.DataFrame, dict[str, Any]] | None:
    """The kept tally of the same day, or of one that counts the same, to which least must be added; its note."""
    found: list[tuple[int, int, Path, dict[str, Any]]] = []
    for old in path.parent.glob(f"*.{path.name.split('.')[1]}.*.parquet") if layer.id not in AREA_LAYERS else ():
        note = note_of(old)
        imports = tuple(note.get("imports", ()))
        if note.get("fixed") != now.fixed or now.imports[: len(imports)] != imports or not imports:
            continue
        if note["head"] > now.head or not _same_day(workspace, layer, note, now, as_of):
            continue
        found.append((len(imports), note["head"], old, note))
    if not found:
        return None
    _, _, best, note = max(found, key=lambda one: one[:2])
    return pd.read_parquet(best), note


def _same_day(workspace: Workspace, layer: Layer, note: dict[str, Any], now: Known, as_of: date) -> bool:
    """Whether a tally of another day counts what one of this day would of the same rows."""
    day = date.fromisoformat(note["day"])
    if day == as_of:
        return True
    dated = {f.name for f in layer.fields if f.type == "date"} & set(FIRST_SEEN_FIELDS)
    by_day = layer.lifecycle is not None or layer.end_field is not None or dated or now.acts
    return not by_day and all(china_day(one.at) <= min(day, as_of) for one in workspace.imports(layer.id))


def _carried_on(
    workspace: Workspace,
    layer: Layer,
    as_of: date,
    cover: Cover,
    now: Known,
    base: pd.DataFrame,
    note: dict[str, Any],
) -> pd.DataFrame | None:
    """The earlier tally less what changed things brought, with what they bring now; None when they are many."""
    known = note["imports"]
    changed = ids_since(workspace, layer, known)
    if now.head > note["head"]:
        from pipelines.store.ledger_heads import touched

        ledger = ledger_of(workspace)
        changed |= touched(ledger, layer.id, after=note["head"]) if ledger is not None else set()
    if len(changed) > MOST_CHANGED * sum(one.accepted for one in workspace.imports(layer.id)):
        return None
    past = workspace.as_known([*known, *_imports_beside(workspace, layer)], note["head"])
    counted = _with_partners(layer, changed, workspace, past)
    seen = _with_partners(layer, counted, workspace, past)
    part = Part(ids=tuple(sorted(seen)))
    before = _counted(past, layer, as_of, cover, part, counted)
    after = _counted(workspace, layer, as_of, cover, part, counted)
    return _sums([base, -before, after])


def _imports_beside(workspace: Workspace, layer: Layer) -> list[str]:
    """The imports of all other layers, which stand as they do."""
    return [one.id for one in workspace.imports() if one.layer != layer.id]


def _with_partners(layer: Layer, ids: set[str], *states: Workspace) -> set[str]:
    """The things, and those with which they have to do in one of the states."""
    found = set(ids)
    for relation in layer.relations:
        if relation.kind == "overlaps_self":
            for state in states:
                pairs = relation_rows(state, layer, relation)
                found.update(pairs.loc[pairs["id"].isin(ids), "other"])
    return found
