"""Which area each feature lies on, and what it meets of other layers: worked out once per import, then kept."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from geo.joins import shares_by_rule
from geo.layers import Layer, Relation
from geo.measure import to_mm2
from geo.overlaps import MANY, overlaps_layer, overlaps_self
from pipelines.store.flat_columns import read_flat
from pipelines.store.geoparquet import read_columns
from pipelines.store.layers import current_rows
from pipelines.territory import AREA_LAYERS, areas_key

if TYPE_CHECKING:
    from pipelines.intake import Progress
    from pipelines.workspace import Import, Workspace


def shares_path(workspace: Workspace, one: Import, key: str) -> Path:
    """Where the shares of one import on one edition of areas are kept."""
    return workspace.root / "summary" / "joins" / one.layer / f"{one.id}.{key}.parquet"


def import_shares(workspace: Workspace, layer: Layer, one: Import) -> pd.DataFrame:
    """Shares of one import's rows: position (row of data.parquet), area_code ("" on no area), mm2.

    Kept beside the summary, so that only what was not joined before is joined now.
    """
    path = shares_path(workspace, one, areas_key(workspace))
    if path.exists():
        return pd.read_parquet(path)
    shares = place_shares(workspace.import_folder(one) / "data.parquet", workspace, layer)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    shares.to_parquet(partial, index=False)
    for old in path.parent.glob(f"{one.id}.*.parquet"):
        old.unlink()
    partial.replace(path)
    return shares


def place_shares(data: Path, workspace: Workspace, layer: Layer) -> pd.DataFrame:
    """Shares of the rows of an import on areas by the layer's place rule, areas named by code."""
    areas = workspace.areas()
    rows = read_columns(data, ["area_m2", "area_code"])
    own = to_mm2(rows["area_m2"].to_numpy(float, na_value=np.nan))
    if areas.empty:
        whole = pd.DataFrame({"position": np.arange(len(rows)), "mm2": own})
        return whole.assign(area_code="")[["position", "area_code", "mm2"]]
    named = rows["area_code"].astype(object).where(rows["area_code"].notna(), None).to_numpy(object)
    if layer.place in ("split", "largest_share") and len(rows) >= MANY:
        shapes: Any = read_flat(data)
    else:
        shapes = read_columns(data, ["geometry"])["geometry"].to_numpy(object)
    shares = shares_by_rule(
        shapes,
        areas,
        layer.place,
        named=named,
        leaves=workspace.leaves(),
        measured_mm2=own,
    )
    codes = np.append(areas["code"].to_numpy(object), "")
    return pd.DataFrame(
        {
            "position": shares["feature"].to_numpy(np.int64),
            "area_code": codes[shares["area"].to_numpy(np.int64)],
            "mm2": shares.iloc[:, 2].to_numpy(np.int64),
        }
    )


def relation_path(workspace: Workspace, layer: Layer, relation: Relation) -> Path:
    """Where a relation's outcome is kept for the present editions of the layers it compares."""
    others = (layer.id, relation.layer) if relation.layer else (layer.id,)
    parts = [f"{one.layer}/{one.id}" for one in workspace.imports() if one.layer in others]
    mark = hashlib.sha256(repr((relation, parts)).encode()).hexdigest()[:16]
    return workspace.root / "summary" / "relations" / layer.id / f"{relation.gives}.{mark}.parquet"


def relation_rows(workspace: Workspace, layer: Layer, relation: Relation) -> pd.DataFrame:
    """What a relation finds among the rows as they stand: columns id, other (id or ""), m2; kept."""
    path = relation_path(workspace, layer, relation)
    if path.exists():
        return pd.read_parquet(path)
    found = _RELATIONS[relation.kind](workspace, layer, relation)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    found.to_parquet(partial, index=False)
    for old in path.parent.glob(f"{relation.gives}.*.parquet"):
        old.unlink()
    partial.replace(path)
    return found


def _shapes(workspace: Workspace, layer: Layer, *columns: str) -> pd.DataFrame:
    return current_rows(workspace, layer, columns=["id", "geometry", "area_m2", *columns])


def _on_layer(workspace: Workspace, layer: Layer, relation: Relation) -> pd.DataFrame:
    """Area of each feature on the other layer."""
    other = _shapes(workspace, workspace.layer(str(relation.layer)))
    if other.empty:
        return _found([], [], [])
    mine = _shapes(workspace, layer)
    hits = overlaps_layer(
        mine["geometry"].to_numpy(object),
        other["geometry"].to_numpy(object),
        tolerance_m2=relation.tolerance_m2,
        tolerance_percent=relation.tolerance_percent,
    )
    return _found(mine["id"].to_numpy(object)[hits["feature"]], [""] * len(hits), hits["m2"])


def _on_itself(workspace: Workspace, layer: Layer, relation: Relation) -> pd.DataFrame:
    """Pairs of features of the layer on the same ground, or naming the same thing; both directions."""
    mine = _shapes(workspace, layer, *relation.match)
    pairs = overlaps_self(
        mine["geometry"].to_numpy(object),
        tolerance_m2=relation.tolerance_m2,
        tolerance_percent=relation.tolerance_percent,
    )
    left, right = pairs["left"].to_numpy(), pairs["right"].to_numpy()
    m2 = pairs["m2"].to_numpy(float)
    for name in relation.match:
        named = mine[name].dropna()
        groups = named.groupby(named, sort=False).indices
        for members in groups.values():
            if len(members) > 1:
                at = named.index.to_numpy()[members]
                i, j = np.triu_indices(len(at), 1)
                left, right = np.append(left, at[i]), np.append(right, at[j])
                m2 = np.append(m2, mine["area_m2"].to_numpy(float, na_value=0.0)[at[i]])
    ids = mine["id"].to_numpy(object)
    both = _found(ids[np.concatenate((left, right))], ids[np.concatenate((right, left))], np.concatenate((m2, m2)))
    return both.sort_values("m2", ascending=False).drop_duplicates(["id", "other"]).sort_values(["id", "other"])


def _above_layer(workspace: Workspace, layer: Layer, relation: Relation) -> pd.DataFrame:
    """How far the amounts of the features that name one thing of the other layer exceed that thing's amount."""
    amount, key = str(relation.amount), relation.match[0]
    other_layer = workspace.layer(str(relation.layer))
    other = current_rows(workspace, other_layer, columns=["id", amount, "area_m2"])
    mine = current_rows(workspace, layer, columns=["id", key, amount])
    mu_m2 = 2000 / 3
    has = other[amount].to_numpy(float, na_value=np.nan) * mu_m2
    limit = np.where(np.isnan(has), other["area_m2"].to_numpy(float, na_value=np.nan), has)
    at = pd.Index(other["id"]).get_indexer(pd.Index(mine[key].fillna("").astype(str)))
    asked = mine[amount].to_numpy(float, na_value=np.nan) * mu_m2
    excess = np.where(at >= 0, asked - limit[at], np.nan) if len(other) else np.full(len(mine), np.nan)
    with np.errstate(invalid="ignore"):
        over = (excess > relation.tolerance_m2) & (excess > limit[at] * relation.tolerance_percent / 100)
    return _found(mine["id"].to_numpy(object)[over], mine[key].to_numpy(object)[over], excess[over])


_RELATIONS = {"overlaps_layer": _on_layer, "overlaps_self": _on_itself, "exceeds_layer": _above_layer}


def _found(ids: object, others: object, m2: object) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": pd.array(np.asarray(ids, dtype=object), dtype="str"),
            "other": pd.array(np.asarray(others, dtype=object), dtype="str"),
            "m2": np.asarray(m2, dtype=float),
        }
    )


def join_all(workspace: Workspace, progress: Progress | None = None) -> dict[str, int]:
    """Join what is not joined yet; layer id → how many imports and relations were worked out now."""
    worked: dict[str, int] = {}
    layers = [
        one for one in workspace.layers().values() if workspace.imports(one.id) and one.id not in AREA_LAYERS
    ]
    for done, layer in enumerate(layers):
        if progress:
            progress("join", done, len(layers))
        for one in workspace.imports(layer.id):
            if not shares_path(workspace, one, areas_key(workspace)).exists():
                import_shares(workspace, layer, one)
                worked[layer.id] = worked.get(layer.id, 0) + 1
        for relation in layer.relations:
            if not relation_path(workspace, layer, relation).exists():
                relation_rows(workspace, layer, relation)
                worked[layer.id] = worked.get(layer.id, 0) + 1
    return worked
