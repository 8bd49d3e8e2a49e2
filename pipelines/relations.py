"""What the things of a layer meet: ground of others, each other, amounts named elsewhere; found once, kept."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.flat import Flat, flatten, join_flats, take
from geo.layers import Layer, Relation
from geo.overlaps import Ground, ground_of, overlaps_self
from pipelines.kept import drop_older, keep_table, note_of
from pipelines.kept_index import index_path, keep_index, kept_index
from pipelines.store.flat_columns import read_flat
from pipelines.store.geoparquet import read_columns
from pipelines.store.layers import current_rows, imports_on

if TYPE_CHECKING:
    from pipelines.workspace import Workspace

KEPT_BACK = 12
"""So many other outcomes stay: a tally is carried on from what stood before, and months of the past are shown."""
MOST_CHANGED = 0.2
"""With a larger share of changed things, all of them are compared again."""


def mark_of(parts: object) -> str:
    """A short mark that differs when the parts do."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def imports_of(workspace: Workspace, layer_id: str) -> list[str]:
    """The ids of a layer's imports, in the order they were taken in."""
    return [one.id for one in workspace.imports(layer_id)]


def standing_shapes(workspace: Workspace, rows: pd.DataFrame) -> Flat:
    """The shapes of rows of `current_rows` as flat arrays, in their order."""
    parts, at = [], []
    for import_id, mine in rows.groupby("shape_import", sort=False).indices.items():
        if not import_id:  # added, or moved by an edit: no file has its shape
            parts.append(flatten(np.full(len(mine), None)))
        else:
            folder = next(workspace.import_folder(one) for one in workspace.imports() if one.id == import_id)
            parts.append(take(read_flat(folder / "data.parquet"), rows["position"].to_numpy(np.int64)[mine]))
        at.append(mine)
    if not parts:
        return flatten(np.empty(0, dtype=object))
    order = np.argsort(np.concatenate(at), kind="stable")
    whole = join_flats(parts)
    return whole if (np.diff(order) == 1).all() else take(whole, order)


def ground_of_layer(workspace: Workspace, other: Layer) -> Ground | None:
    """The other layer's ground as it stands, made ready for laying features on it; None where it has none."""
    made: dict[tuple[str, ...], Ground | None] = workspace.__dict__.setdefault("_grounds", {})
    key = (other.id, *imports_of(workspace, other.id))
    if key not in made:
        path = index_path(workspace.root, f"ground-{other.id}", mark_of(key))
        if (kept := kept_index(path)) is not None:
            made[key] = Ground(kept[0])
            return made[key]
        rows = current_rows(workspace, other, columns=["id"])
        made[key] = ground = ground_of(standing_shapes(workspace, rows)) if len(rows) else None
        if ground is not None:
            keep_index(path, ground.index)
    return made[key]


def relation_path(workspace: Workspace, layer: Layer, relation: Relation, as_of: date | None = None) -> Path:
    """Where the outcome of a relation of things with things is kept, as they stand, or stood on a day."""
    layers = (layer.id, relation.layer) if relation.layer else (layer.id,)
    state = [(*_order(workspace, one, as_of), _last_edit(workspace, one, as_of)) for one in layers]
    mark = mark_of((relation, state))
    return _folder(workspace, layer) / f"{relation.gives}.{mark}.parquet"


def _order(workspace: Workspace, layer_id: str, as_of: date | None) -> tuple[list[str], int]:
    """The ids of a layer's imports, each before those that take its rows' place on the day; how many are later."""
    later, known = imports_on(workspace, layer_id, as_of)
    return [one.id for one in (*later, *known)], len(later)


def _last_edit(workspace: Workspace, layer_id: str, as_of: date | None) -> int:
    """Number of the last event by a day that may have changed a field of the layer's things."""
    from pipelines.standing import ledger_of

    ledger = ledger_of(workspace)
    if ledger is None:
        return 0
    from pipelines.store.ledger_acts import end_of_day

    text = "select coalesce(max(seq), 0) from events where layer = ? and kind in ('edit', 'undo')"
    until = 2**62 if ledger.until is None else ledger.until
    by = end_of_day(as_of or date.max)
    with ledger.database.reading() as tx:
        return int(tx.run(f"{text} and seq <= ? and at < ?", (layer_id, until, by)).fetchone()[0])


def _folder(workspace: Workspace, layer: Layer) -> Path:
    return workspace.root / "summary" / "relations" / layer.id


def relation_rows(
    workspace: Workspace, layer: Layer, relation: Relation, as_of: date | None = None
) -> pd.DataFrame:
    """What a relation finds among the rows as they stand, or stood on a day; kept.

    Columns: id, other (id or ""), m2. Of `overlaps_self` both directions, of `exceeds_layer` what exceeds;
    `overlaps_layer` is worked out import by import (`pipelines.join.import_overlaps`).
    """
    path = relation_path(workspace, layer, relation, as_of)
    if path.exists():
        return pd.read_parquet(path)
    find = _above_layer if relation.kind == "exceeds_layer" else _on_itself
    found = find(workspace, layer, relation, as_of)
    keep_table(found, path)
    drop_older(path.parent.glob(f"{relation.gives}.*.parquet"), but=path, keep=KEPT_BACK)
    return found


def _on_itself(workspace: Workspace, layer: Layer, relation: Relation, as_of: date | None) -> pd.DataFrame:
    """Pairs of features of the layer on the same ground, or naming the same thing; both directions."""
    rows = current_rows(workspace, layer, columns=["id", "area_m2", *relation.match], as_of=as_of)
    pairs = _ground_pairs(workspace, layer, relation, rows, _order(workspace, layer.id, as_of)[0])
    ids = rows["id"].to_numpy(object)
    left, right = [pairs["id"].to_numpy(object)], [pairs["other"].to_numpy(object)]
    m2 = [pairs["m2"].to_numpy(float)]
    own = rows["area_m2"].to_numpy(float, na_value=0.0)
    for name in relation.match:
        named = rows[name].dropna()
        for members in named.groupby(named, sort=False).indices.values():
            if len(members) > 1:
                at = named.index.to_numpy()[members]
                i, j = np.triu_indices(len(at), 1)
                left.append(ids[at[i]])
                right.append(ids[at[j]])
                m2.append(own[at[i]])
    one, two, size = np.concatenate(left), np.concatenate(right), np.concatenate(m2)
    both = _found(np.concatenate((one, two)), np.concatenate((two, one)), np.concatenate((size, size)))
    ordered = both.sort_values("m2", ascending=False).drop_duplicates(["id", "other"])
    return ordered.sort_values(["id", "other"], ignore_index=True)


def _ground_pairs(
    workspace: Workspace, layer: Layer, relation: Relation, rows: pd.DataFrame, imports: list[str]
) -> pd.DataFrame:
    """Pairs of rows on the same ground (id before other, in order of both), from what was kept of earlier rows.

    imports: those that the rows are of, each before those that take its rows' place.
    """
    rule = mark_of(relation)
    path = _folder(workspace, layer) / f"{relation.gives}-pairs.{mark_of((rule, imports))}.parquet"
    if path.exists():
        return pd.read_parquet(path)
    flat = standing_shapes(workspace, rows)
    ids = rows["id"].to_numpy(object)
    base, changed = _earlier(workspace, layer, path, rule, imports)
    if base is None or len(changed) > MOST_CHANGED * len(rows):
        everything = np.arange(len(rows), dtype=np.int64)
        pairs = _compared(flat, ids, everything, relation)
    else:
        kept = base[~base["id"].isin(changed) & ~base["other"].isin(changed)]
        new = rows["id"].isin(changed).to_numpy(bool)
        near = _compared(flat, ids, _near(flat.box, new), relation)
        fresh = near[near["id"].isin(changed) | near["other"].isin(changed)]
        pairs = pd.concat([kept, fresh]).sort_values(["id", "other"], ignore_index=True)
    keep_table(pairs, path, {"rule": rule, "imports": imports})
    drop_older(path.parent.glob(f"{relation.gives}-pairs.*.parquet"), but=path, keep=KEPT_BACK)
    return pairs


def _earlier(
    workspace: Workspace, layer: Layer, path: Path, rule: str, imports: list[str]
) -> tuple[pd.DataFrame | None, set[str]]:
    """Pairs that were kept when the layer had fewer imports, and the ids that came with the imports since."""
    for old in path.parent.glob(f"{path.name.split('.')[0]}.*.parquet"):
        note = note_of(old)
        known = note.get("imports", [])
        if note.get("rule") == rule and known and imports[: len(known)] == known:
            return pd.read_parquet(old), ids_since(workspace, layer, known)
    return None, set()


def ids_since(workspace: Workspace, layer: Layer, known: Sequence[str]) -> set[str]:
    """The ids of all rows of a layer's imports that are not among the known ones."""
    found: set[str] = set()
    for one in workspace.imports(layer.id):
        if one.id not in known:
            found.update(read_columns(workspace.import_folder(one) / "data.parquet", ["id"])["id"])
    return found


def _near(box: npt.NDArray[np.float64], new: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Positions of the boxes that meet one of the new ones, these among them."""
    there = np.flatnonzero(box[:, 0] <= box[:, 2])
    tree = shapely.STRtree(shapely.box(*box[there[new[there]]].T))
    met = np.unique(tree.query(shapely.box(*box[there].T))[0])
    return np.asarray(there[met], dtype=np.int64)


def _compared(
    flat: Flat, ids: npt.NDArray[np.object_], at: npt.NDArray[np.int64], relation: Relation
) -> pd.DataFrame:
    part = flat if len(at) == len(flat) else take(flat, at)
    pairs = overlaps_self(part, tolerance_m2=relation.tolerance_m2, tolerance_percent=relation.tolerance_percent)
    return _found(ids[at[pairs["left"]]], ids[at[pairs["right"]]], pairs["m2"])


def _above_layer(workspace: Workspace, layer: Layer, relation: Relation, as_of: date | None) -> pd.DataFrame:
    """How far the amounts of the features that name one thing of the other layer exceed that thing's amount."""
    amount, key = str(relation.amount), relation.match[0]
    other_layer = workspace.layer(str(relation.layer))
    other = current_rows(workspace, other_layer, columns=["id", amount, "area_m2"], as_of=as_of)
    mine = current_rows(workspace, layer, columns=["id", key, amount], as_of=as_of)
    mu_m2 = 2000 / 3
    has = other[amount].to_numpy(float, na_value=np.nan) * mu_m2
    limit = np.where(np.isnan(has), other["area_m2"].to_numpy(float, na_value=np.nan), has)
    at = pd.Index(other["id"]).get_indexer(pd.Index(mine[key].fillna("").astype(str)))
    asked = mine[amount].to_numpy(float, na_value=np.nan) * mu_m2
    excess = np.where(at >= 0, asked - limit[at], np.nan) if len(other) else np.full(len(mine), np.nan)
    with np.errstate(invalid="ignore"):
        over = (excess > relation.tolerance_m2) & (excess > limit[at] * relation.tolerance_percent / 100)
    return _found(mine["id"].to_numpy(object)[over], mine[key].to_numpy(object)[over], excess[over])


def _found(ids: object, others: object, m2: object) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": pd.array(np.asarray(ids, dtype=object), dtype="str"),
            "other": pd.array(np.asarray(others, dtype=object), dtype="str"),
            "m2": np.asarray(m2, dtype=float),
        }
    )
