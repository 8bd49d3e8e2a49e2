"""Tallies of a layer on a day, kept; when little has changed, carried on from an earlier one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from geo.layers import Layer
from geo.lifecycle import FIRST_SEEN_FIELDS, china_day
from geo.progress import tally
from pipelines.covers import Cover
from pipelines.kept import drop_older, keep_arrow, note_of
from pipelines.plain_tallies import carried_on, is_plain
from pipelines.relations import MOST_CHANGED, ids_since, imports_of, mark_of, relation_rows
from pipelines.standing import ledger_of, shares_of, things_at
from pipelines.store.layers import READS, Part, current_rows, parts_of
from pipelines.store.ledger_heads import touched
from pipelines.store.ledger_sql import open_database
from pipelines.territory import AREA_LAYERS

if TYPE_CHECKING:
    from pipelines.workspace import Workspace

RULES = 2
"""Raise when the way of counting changes, so that kept tallies are made anew."""
KEPT_BACK = 1


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
    heads = {one: _heads(state).get(one, (0, 0)) for one in (layer.id, *named)}
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


def _heads(state: Workspace) -> dict[str, tuple[int, int]]:
    """Number of the last event of each layer's things, and how many there are; imports are no events of things."""
    found: dict[str, tuple[int, int]] = state.__dict__.get("_heads", {})
    return found


def tally_path(state: Workspace, layer: Layer, as_of: date, cover: Cover) -> Path:
    """Where a tally of a layer on a day is kept; the name changes with all that it depends on.

    state: as `state_of` gives it.
    """
    mark = mark_of(known_of(state, layer, cover))
    return state.root / "summary" / "tallies" / layer.id / f"{as_of}.{cover.name}.{mark}.parquet"


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
    read = _read(state)
    paths = [tally_path(state, layer, as_of, cover) for cover in covers]
    for path in paths:
        if path not in read:
            read[path] = pd.read_parquet(path)
    return [read[path] for path in paths]


def _read(state: Workspace) -> dict[Path, pd.DataFrame]:
    """Tallies this process has read, or could not keep."""
    known: dict[Path, pd.DataFrame] = state.__dict__.setdefault("_tallies", {})
    return known


def make_tallies(workspace: Workspace, layer: Layer, as_of: date, covers: Sequence[Cover]) -> bool:
    """Count what of `leaf_tallies` is not kept yet, and keep it; whether anything was counted."""
    state = state_of(workspace)
    read = _read(state)
    paths = [tally_path(state, layer, as_of, cover) for cover in covers]
    missing = [n for n, path in enumerate(paths) if path not in read and not path.exists()]
    bases = {n: _earlier(state, layer, paths[n], known_of(state, layer, covers[n]), as_of) for n in missing}
    # Covers that can be carried on from the same state are carried on together.
    groups: dict[str, list[int]] = {}
    for n in missing:
        base = bases[n]
        groups.setdefault("" if base is None else repr(_of_state(base[1])), []).append(n)
    made: dict[int, pa.Table] = {}
    for group in groups.values():
        chosen = [covers[n] for n in group]
        told = [base for n in group if (base := bases[n]) is not None]
        found = _carried_on(state, layer, as_of, chosen, told) if told else None
        made |= zip(group, found or _whole(state, layer, as_of, chosen), strict=True)
    for n, table in made.items():
        note = {**asdict(known_of(state, layer, covers[n])), "day": str(as_of), "last_seq": state.last_seq}
        if not keep_arrow(table, paths[n], note):
            read[paths[n]] = table.to_pandas()
        drop_older(paths[n].parent.glob(f"{as_of}.{covers[n].name}.*.parquet"), but=paths[n], keep=KEPT_BACK)
    return bool(made)


def kept_sums(state: Workspace, layer: Layer, as_of: date, cover: Cover) -> dict[str, list[int]] | None:
    """A kept tally as plain lists: `area`, and a sum of each of its columns; None when it is not kept."""
    try:
        with pq.ParquetFile(tally_path(state, layer, as_of, cover)) as file:
            columns: dict[str, list[int]] = file.read().to_pydict()
    except OSError:
        return None
    return columns


def _of_state(note: dict[str, Any]) -> tuple[Any, ...]:
    return note["imports"], note["last_seq"], note["day"]


def _whole(state: Workspace, layer: Layer, as_of: date, covers: Sequence[Cover]) -> list[pa.Table]:
    """All counted, part by part where a layer is large and its things have nothing to do with each other."""
    alone = all(relation.kind == "overlaps_layer" for relation in layer.relations)
    parts: list[Part | None] = [None]
    if alone and layer.id not in AREA_LAYERS:
        ledger = ledger_of(state)
        from pipelines.things import added_things

        also = [] if ledger is None or layer.lifecycle is None else added_things(ledger, layer)["id"].tolist()
        parts = list(parts_of(state, layer, also=also))
    counted = [_counted(state, layer, as_of, covers, part) for part in parts]
    return [pa.Table.from_pandas(_sums(list(tallies))) for tallies in zip(*counted, strict=True)]


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


def _earlier(
    workspace: Workspace, layer: Layer, path: Path, now: Known, as_of: date
) -> tuple[pa.Table, dict[str, Any]] | None:
    """The kept tally of the same day, or of one that counts the same, to which least must be added; its note."""
    found: list[tuple[int, Path, dict[str, Any]]] = []
    for old in path.parent.glob(f"*.{path.name.split('.')[1]}.*.parquet") if layer.id not in AREA_LAYERS else ():
        note = note_of(old)
        if note.get("fixed") != now.fixed or not _continues(note, now):
            continue
        if _same_day(workspace, layer, note, now, as_of):
            found.append((note["last_seq"] + sum(map(len, note["imports"].values())), old, note))
    if not found:
        return None
    _, best, note = max(found, key=lambda one: one[0])
    with pq.ParquetFile(best) as file:
        return file.read(), note


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


def _carried_on(
    state: Workspace,
    layer: Layer,
    as_of: date,
    covers: Sequence[Cover],
    bases: Sequence[tuple[pa.Table, dict[str, Any]]],
) -> list[pa.Table] | None:
    """Earlier tallies less what changed things brought, with what they bring now; None when these are many.

    bases: tallies of one state on each of the covers, with their notes.
    """
    note = bases[0][1]
    imports, (head, acts) = state.imports(layer.id), _heads(state).get(layer.id, (0, 0))
    few = sum(one.accepted for one in imports if one.id not in note["imports"][layer.id]) <= MOST_CHANGED * sum(
        one.accepted for one in imports
    )
    if few and is_plain(state, layer, as_of, acts=acts, heads=head):
        found = carried_on(state, layer, as_of, covers, note["imports"][layer.id], [base for base, _ in bases])
        if found is not None:
            return found
    return _carried_on_by_rows(state, layer, as_of, covers, bases)


def _carried_on_by_rows(
    state: Workspace,
    layer: Layer,
    as_of: date,
    covers: Sequence[Cover],
    bases: Sequence[tuple[pa.Table, dict[str, Any]]],
) -> list[pa.Table] | None:
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
        pa.Table.from_pandas(_sums([base.to_pandas(), -one, two]))
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
