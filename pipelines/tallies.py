"""Tallies of a layer on a day, kept; when little has changed, carried on from an earlier one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from geo.layers import Layer
from geo.progress import tally
from pipelines.covers import Cover
from pipelines.kept import drop_older
from pipelines.kept_arrays import Arrays, keep_arrays, kept_arrays
from pipelines.month_tallies import kept_tally
from pipelines.plain_tallies import carried_on, is_plain, keep_ready
from pipelines.relations import MOST_CHANGED, ids_since, relation_rows
from pipelines.shares import shares_of
from pipelines.standing import ledger_of, things_at
from pipelines.store.layers import READS, Part, current_rows, parts_of
from pipelines.store.ledger_heads import touched
from pipelines.tally_state import RULES, earlier_tally, heads_of, known_of, state_of, tally_path
from pipelines.territory import AREA_LAYERS

if TYPE_CHECKING:
    from pipelines.workspace import Workspace

__all__ = ["RULES", "kept_sums", "leaf_tallies", "leaf_tally", "make_tallies", "state_of", "tally_path"]

KEPT_BACK = 1
Bases = Sequence[tuple[Arrays, dict[str, Any]]]


def leaf_tally(workspace: Workspace, layer: Layer, as_of: date, cover: Cover | None = None) -> pd.DataFrame:
    """Additive tallies of a layer by the areas its things lie on (index `area`), whole numbers; kept.

    cover: the hierarchy of areas when None. Areas on which nothing is counted have no row. When few things have
    changed since an earlier tally, what they brought is taken off it and what they bring now is added: the sums
    are of whole numbers, so that the outcome is that of counting all anew.
    """
    return leaf_tallies(workspace, layer, as_of, [cover or Cover(workspace)])[0]


def leaf_tallies(workspace: Workspace, layer: Layer, as_of: date, covers: Sequence[Cover]) -> list[pd.DataFrame]:
    """`leaf_tally` on each of the covers, things read once for all of them."""
    state = state_of(workspace)
    make_tallies(state, layer, as_of, covers)
    return [_framed(_kept(state, tally_path(state, layer, as_of, cover)) or {}) for cover in covers]


def _known(state: Workspace) -> dict[Path, Arrays]:
    """Tallies this process has made or read."""
    known: dict[Path, Arrays] = state.__dict__.setdefault("_tallies", {})
    return known


def _kept(state: Workspace, path: Path) -> Arrays | None:
    """The tally of that name, made by this process or kept by another: `area`, and sums by column."""
    known = _known(state)
    if path not in known and (found := kept_arrays(path)) is not None:
        known[path] = found[0]
    return known.get(path)


def _framed(tally: Arrays) -> pd.DataFrame:
    sums = {name: column for name, column in tally.items() if name != "area"}
    return pd.DataFrame(sums, index=pd.Index(tally["area"], name="area"))


def _columns(tally: pd.DataFrame) -> Arrays:
    sums = {str(name): tally[name].to_numpy(np.int64) for name in tally.columns}
    return sums | {"area": tally.index.to_numpy(np.int64)}


def make_tallies(workspace: Workspace, layer: Layer, as_of: date, covers: Sequence[Cover]) -> bool:
    """Count what of `leaf_tallies` is not kept yet, and keep it; whether anything was counted."""
    state = state_of(workspace)
    paths = [tally_path(state, layer, as_of, cover) for cover in covers]
    missing = [n for n, path in enumerate(paths) if _kept(state, path) is None]
    made = _of_month(state, layer, as_of, covers, missing)
    missing = [n for n in missing if n not in made]
    bases = {n: earlier_tally(state, layer, paths[n], known_of(state, layer, covers[n]), as_of) for n in missing}
    # Covers that can be carried on from the same state are carried on together.
    groups: dict[str, list[int]] = {}
    for n in missing:
        base = bases[n]
        groups.setdefault("" if base is None else repr(_of_state(base[1])), []).append(n)
    for group in groups.values():
        chosen = [covers[n] for n in group]
        told = [base for n in group if (base := bases[n]) is not None]
        found = _carried_on(state, layer, as_of, chosen, told) if told else None
        made |= zip(group, found or _whole(state, layer, as_of, chosen), strict=True)
    for n, sums in made.items():
        note = {**asdict(known_of(state, layer, covers[n])), "day": str(as_of), "last_seq": state.last_seq}
        _known(state)[paths[n]] = sums
        keep_arrays(sums, paths[n], note)
        drop_older(paths[n].parent.glob(f"{as_of}.{covers[n].name}.*"), but=paths[n], keep=KEPT_BACK)
    return bool(made)


def _of_month(
    state: Workspace, layer: Layer, as_of: date, covers: Sequence[Cover], missing: Sequence[int]
) -> dict[int, Arrays]:
    """The tallies that were counted already as those of the end of a month, by their place among the covers."""
    wanted = [n for n in missing if covers[n].name == Cover.name]
    found = kept_tally(state, layer, as_of) if wanted else None
    return {} if found is None else dict.fromkeys(wanted, _columns(found))


def kept_sums(state: Workspace, layer: Layer, as_of: date, cover: Cover) -> dict[str, list[int]] | None:
    """A kept tally as plain lists: `area`, and a sum of each of its columns; None when it is not kept."""
    found = _kept(state, tally_path(state, layer, as_of, cover))
    return None if found is None else {name: column.tolist() for name, column in found.items()}


def _of_state(note: dict[str, Any]) -> tuple[Any, ...]:
    return note["imports"], note["last_seq"], note["day"]


def _whole(state: Workspace, layer: Layer, as_of: date, covers: Sequence[Cover]) -> list[Arrays]:
    """All counted, part by part where a layer is large and its things have nothing to do with each other."""
    alone = all(relation.kind == "overlaps_layer" for relation in layer.relations)
    parts: list[Part | None] = [None]
    if alone and layer.id not in AREA_LAYERS:
        ledger = ledger_of(state)
        from pipelines.things import added_things

        also = [] if ledger is None or layer.lifecycle is None else added_things(ledger, layer)["id"].tolist()
        parts = list(parts_of(state, layer, also=also))
    counted = [_counted(state, layer, as_of, covers, part) for part in parts]
    if _is_plain(state, layer, as_of):
        keep_ready(state, layer)
    return [_columns(_sums(list(tallies))) for tallies in zip(*counted, strict=True)]


def _counted(
    state: Workspace,
    layer: Layer,
    as_of: date,
    covers: Sequence[Cover],
    part: Part | None,
    only: set[str] | None = None,
) -> list[pd.DataFrame]:
    """The tallies of a part of a layer, or of `only` these things of it, on each cover."""
    things = things_at(state, layer, as_of, ["lon", "lat"], part=part)
    if only is not None:
        things = things[things["id"].isin(only)].reset_index(drop=True)
    return [tally(things, shares_of(state, layer, things, cover), layer, as_of=as_of) for cover in covers]


def _sums(tallies: list[pd.DataFrame]) -> pd.DataFrame:
    """Tallies added up, without the areas on which nothing is counted."""
    made = pd.concat(tallies).groupby(level="area", sort=True).sum().astype(np.int64)
    return made[(made != 0).any(axis=1)]


def _carried_on(
    state: Workspace, layer: Layer, as_of: date, covers: Sequence[Cover], bases: Bases
) -> list[Arrays] | None:
    """Earlier tallies less what changed things brought, with what they bring now; None when these are many.

    bases: tallies of one state on each of the covers, with their notes.
    """
    known, imports = bases[0][1]["imports"][layer.id], state.imports(layer.id)
    fresh = sum(one.accepted for one in imports if one.id not in known)
    if fresh <= MOST_CHANGED * sum(one.accepted for one in imports) and _is_plain(state, layer, as_of):
        found = carried_on(state, layer, as_of, covers, known, [base for base, _ in bases])
        if found is not None:
            return found
    return _carried_on_by_rows(state, layer, as_of, covers, bases)


def _is_plain(state: Workspace, layer: Layer, as_of: date) -> bool:
    head, acts = heads_of(state).get(layer.id, (0, 0))
    return is_plain(state, layer, as_of, acts=acts, heads=head)


def _carried_on_by_rows(
    state: Workspace, layer: Layer, as_of: date, covers: Sequence[Cover], bases: Bases
) -> list[Arrays] | None:
    """As `_carried_on`, by the things as they stood and as they stand."""
    note = bases[0][1]
    others = [one.id for one in state.imports() if one.layer not in note["imports"]]
    state = state.as_known([one.id for one in state.imports()], int(state.last_seq or 0))
    state.__dict__[READS] = {}
    past = state.as_known([*others, *chain(*note["imports"].values())], note["last_seq"])
    changed = _changed(state, layer.id, note) | _naming_changed(state, layer, note)
    if len(changed) > MOST_CHANGED * sum(one.accepted for one in state.imports(layer.id)):
        return None
    counted = _with_partners(layer, as_of, changed, state, past)
    part = Part(ids=tuple(sorted(_with_partners(layer, as_of, counted, state, past))))
    before = _counted(past, layer, as_of, covers, part, counted)
    after = _counted(state, layer, as_of, covers, part, counted)
    return [
        _columns(_sums([_framed(base), -one, two]))
        for (base, _), one, two in zip(bases, before, after, strict=True)
    ]


def _changed(workspace: Workspace, layer_id: str, note: dict[str, Any]) -> set[str]:
    """The things of a layer that came with an import, or have an event, since a tally was made."""
    found = ids_since(workspace, workspace.layer(layer_id), note["imports"][layer_id])
    ledger = ledger_of(workspace)
    if ledger is not None:
        found |= touched(ledger, layer_id, after=note["last_seq"])
    return found


def _naming_changed(workspace: Workspace, layer: Layer, note: dict[str, Any]) -> set[str]:
    """The things of the layer that name a changed thing of another layer, with which they are compared."""
    found: set[str] = set()
    for relation in layer.relations:
        if relation.kind != "exceeds_layer":
            continue
        there = _changed(workspace, str(relation.layer), note)
        if there:
            rows = current_rows(workspace, layer, columns=["id", relation.match[0]])
            found.update(rows.loc[rows[relation.match[0]].isin(there), "id"])
    return found


def _with_partners(layer: Layer, as_of: date, ids: set[str], *states: Workspace) -> set[str]:
    """The things, and those with which they have to do in one of the states."""
    found = set(ids)
    for relation in layer.relations:
        if relation.kind == "overlaps_self":
            for state in states:
                pairs = relation_rows(state, layer, relation, as_of)
                found.update(pairs.loc[pairs["id"].isin(ids), "other"])
    return found
