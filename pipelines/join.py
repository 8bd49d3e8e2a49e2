"""Which area each feature lies on, and what it meets of other layers: worked out once per import, then kept."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.parquet as pq
import shapely

from geo.joins import shares_by_rule
from geo.layers import Layer, Relation
from geo.measure import to_mm2
from geo.overlaps import overlaps_layer
from pipelines.covers import Cover, covers
from pipelines.kept import drop_older, keep_table
from pipelines.relations import ground_of_layer, imports_of, mark_of, relation_path, relation_rows
from pipelines.store.flat_columns import flat_of
from pipelines.store.machine_code import load_kernels
from pipelines.territory import AREA_LAYERS

if TYPE_CHECKING:
    from pipelines.intake import Progress
    from pipelines.workspace import Import, Workspace

Columns = dict[str, npt.NDArray[Any]]

GROUPS_AT_ONCE = 4
"""Row groups laid on areas at a time: what is in memory depends on this, not on the size of the import."""


@dataclass(frozen=True)
class Piece:
    """Some row groups of one import, to be laid on a cover or (relation) on another layer."""

    layer: str
    import_id: str
    name: str
    relation: bool
    first_group: int
    end_group: int


def shares_path(workspace: Workspace, one: Import, cover: Cover) -> Path:
    """Where the shares of one import on a cover are kept."""
    return workspace.root / "summary" / "joins" / one.layer / f"{one.id}.{cover.name}.{cover.key}.parquet"


def import_shares(workspace: Workspace, layer: Layer, one: Import, cover: Cover | None = None) -> pd.DataFrame:
    """Shares of one import's rows: position (row of data.parquet), area (position in the cover, -1 on none), mm2.

    Kept beside the summary, so that only what was not joined before is joined now.
    """
    on = cover or Cover(workspace)
    path = shares_path(workspace, one, on)
    if path.exists():
        return pd.read_parquet(path)
    made = [lay(workspace, piece, on) for piece in _pieces(workspace, one, on.name, False)]
    return _keep_shares(made, path, one, on)


def _keep_shares(made: list[Columns], path: Path, one: Import, cover: Cover) -> pd.DataFrame:
    shares = pd.DataFrame(_together(made, ("position", "area", "mm2")))
    keep_table(shares, path)
    drop_older(path.parent.glob(f"{one.id}.{cover.name}.*.parquet"), but=path)
    return shares


def overlap_path(workspace: Workspace, one: Import, relation: Relation) -> Path:
    """Where it is kept how much of an import's rows lies on the other layer as it stands."""
    mark = mark_of((relation, imports_of(workspace, str(relation.layer))))
    folder = workspace.root / "summary" / "relations" / one.layer / relation.gives
    return folder / f"{one.id}.{mark}.parquet"


def import_overlaps(workspace: Workspace, relation: Relation, one: Import) -> pd.DataFrame:
    """What of one import's rows lies on the other layer: position (row of data.parquet) and m2; kept."""
    path = overlap_path(workspace, one, relation)
    if path.exists():
        return pd.read_parquet(path)
    made = [lay(workspace, piece) for piece in _pieces(workspace, one, relation.gives, True)]
    return _keep_overlaps(made, path, one)


def _keep_overlaps(made: list[Columns], path: Path, one: Import) -> pd.DataFrame:
    found = pd.DataFrame(_together(made, ("position", "m2")))
    keep_table(found, path)
    drop_older(path.parent.glob(f"{one.id}.*.parquet"), but=path)
    return found


def _together(made: list[Columns], names: tuple[str, ...]) -> Columns:
    return {name: np.concatenate([one[name] for one in made]) for name in names}


def _pieces(workspace: Workspace, one: Import, name: str, relation: bool) -> Iterator[Piece]:
    groups = pq.read_metadata(workspace.import_folder(one) / "data.parquet").num_row_groups
    for first in range(0, groups, GROUPS_AT_ONCE):
        yield Piece(one.layer, one.id, name, relation, first, min(first + GROUPS_AT_ONCE, groups))


def lay(workspace: Workspace, piece: Piece, cover: Cover | None = None) -> Columns:
    """The shares of a piece on its cover (position, area, mm2), or what of it lies on the other layer (m2)."""
    layer = workspace.layer(piece.layer)
    folder = workspace.root / "imports" / piece.layer / piece.import_id
    with pq.ParquetFile(folder / "data.parquet") as file:
        sizes = [file.metadata.row_group(group).num_rows for group in range(piece.end_group)]
        start = sum(sizes[: piece.first_group])
        groups = range(piece.first_group, piece.end_group)
        rows = file.read_row_groups(list(groups), columns=["geometry", "area_m2", "area_code"])
    if not piece.relation:
        on = cover or next(one for one in covers(workspace) if one.name == piece.name)
        return _shares(rows, layer, on, start)
    load_kernels()
    relation = next(one for one in layer.relations if one.gives == piece.name)
    ground = ground_of_layer(workspace, workspace.layer(str(relation.layer)))
    if ground is None:
        return {"position": np.empty(0, np.int64), "m2": np.empty(0)}
    hits = overlaps_layer(
        flat_of(rows["geometry"]),
        ground,
        tolerance_m2=relation.tolerance_m2,
        tolerance_percent=relation.tolerance_percent,
    )
    return {"position": hits["feature"].to_numpy(np.int64) + start, "m2": hits["m2"].to_numpy(float)}


def _shares(rows: Any, layer: Layer, cover: Cover, start: int) -> Columns:
    """Shares of rows (columns geometry, area_m2, area_code) on a cover by the layer's place rule."""
    own = to_mm2(rows["area_m2"].to_numpy())
    if cover.areas.empty:
        position = np.arange(len(own), dtype=np.int64)
        return {"position": position + start, "area": np.full(len(own), -1, np.int32), "mm2": own}
    bare = np.arange(len(own)) if layer.place == "self" else np.flatnonzero(rows["geometry"].is_null())
    named = np.full(len(own), None, dtype=object)
    named[bare], points = cover.named(rows["area_code"].take(bare).to_pandas())
    if layer.place in ("split", "largest_share") and shapely.is_missing(points).all():
        load_kernels()
        shapes: Any = flat_of(rows["geometry"])
    else:
        shapes = shapely.from_wkb(rows["geometry"].to_numpy())
        shapes[bare] = np.where(shapely.is_missing(points), shapes[bare], points)
    told: Any = {"named": named, "leaves": cover.leaves, "measured_mm2": own}
    shares = shares_by_rule(shapes, cover.areas, layer.place, **told)
    return {
        "position": shares["feature"].to_numpy(np.int64) + start,
        "area": shares["area"].to_numpy(np.int32),
        "mm2": shares.iloc[:, 2].to_numpy(np.int64),
    }


def lay_at(root: str, edition: str, piece: Piece) -> Columns:
    """As `lay`, for a worker of another process or machine that sees the workspace under the same path."""
    return lay(_opened(root, edition), piece)


@lru_cache(maxsize=2)
def _opened(root: str, edition: str) -> Workspace:
    from pipelines.workspace import Workspace

    return Workspace(root)


def join_all(
    workspace: Workspace, progress: Progress | None = None, executor: Executor | None = None
) -> dict[str, int]:
    """Join what is not joined yet; layer id → how many imports and relations were worked out now.

    executor: where the pieces are worked, None for here; the outcome is the same.
    """
    worked: dict[str, int] = {}
    todo = list(_open_joins(workspace))
    edition = workspace.edition()
    for done, (path, one, on, pieces) in enumerate(todo):
        if progress:
            progress("join", done, len(todo))
        if executor is None:
            made = [lay(workspace, piece, on) for piece in pieces]
        else:
            futures = [executor.submit(lay_at, str(workspace.root.resolve()), edition, piece) for piece in pieces]
            made = [future.result() for future in futures]
        if on is not None:
            _keep_shares(made, path, one, on)
        else:
            _keep_overlaps(made, path, one)
        worked[one.layer] = worked.get(one.layer, 0) + 1
    for layer in workspace.layers().values():
        for relation in layer.relations if workspace.imports(layer.id) else ():
            if relation.kind == "overlaps_layer" or relation_path(workspace, layer, relation).exists():
                continue
            relation_rows(workspace, layer, relation)
            worked[layer.id] = worked.get(layer.id, 0) + 1
    return worked


def _open_joins(workspace: Workspace) -> Iterator[tuple[Path, Import, Cover | None, list[Piece]]]:
    """What is not joined yet: where to keep it, the import, the cover (None for a relation), and its pieces."""
    all_covers = covers(workspace)
    for layer in workspace.layers().values():
        if layer.id in AREA_LAYERS:
            continue
        for one in workspace.imports(layer.id):
            for cover in all_covers if layer.indicators else all_covers[:1]:
                path = shares_path(workspace, one, cover)
                if not path.exists():
                    yield path, one, cover, list(_pieces(workspace, one, cover.name, False))
            for relation in layer.relations:
                if relation.kind == "overlaps_layer":
                    path = overlap_path(workspace, one, relation)
                    if not path.exists():
                        yield path, one, None, list(_pieces(workspace, one, relation.gives, True))
