"""Which area each feature lies on, and what it meets of other layers: worked out once per import, then kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from geo.flat import Flat
from geo.joins import Columns, largest_of, share_columns, shares_by_rule
from geo.layers import Layer, Relation
from geo.measure import to_mm2
from geo.overlaps import covered_m2
from pipelines.covers import Cover, covers
from pipelines.kept import drop_older
from pipelines.kept_arrays import keep_arrays, kept_arrays
from pipelines.relations import ground_of_layer, imports_of, mark_of, relation_path, relation_rows
from pipelines.store.arrow_numbers import as_arrow, plain
from pipelines.store.flat_columns import flat_of
from pipelines.store.machine_code import load_kernels
from pipelines.territory import AREA_LAYERS

if TYPE_CHECKING:
    from pipelines.intake import Progress
    from pipelines.workspace import Import, Workspace

GROUPS_AT_ONCE = 4
"""Row groups laid on areas at a time: what is in memory depends on this, not on the size of the import."""


@dataclass(frozen=True)
class Piece:
    """Some row groups of one import, to be laid on covers and (relations) on other layers, by their names."""

    layer: str
    import_id: str
    covers: tuple[str, ...]
    relations: tuple[str, ...]
    first_group: int
    end_group: int


def shares_path(workspace: Workspace, one: Import, cover: Cover) -> Path:
    """Where the shares of one import on a cover are kept."""
    return workspace.root / "summary" / "joins" / one.layer / f"{one.id}.{cover.name}.{cover.key}.columns"


def import_shares(workspace: Workspace, layer: Layer, one: Import, cover: Cover | None = None) -> pd.DataFrame:
    """Shares of one import's rows: position (row of data.parquet), area (position in the cover, -1 on none), mm2.

    Kept beside the summary, so that only what was not joined before is joined now.
    """
    return pd.DataFrame(kept_shares(workspace, one, cover or Cover(workspace)))


def kept_shares(workspace: Workspace, one: Import, cover: Cover) -> Columns:
    """`import_shares` in plain columns."""
    path = shares_path(workspace, one, cover)
    found = kept_arrays(path)
    if found is not None:
        return found[0]
    made = [lay(workspace, piece, [cover])[0] for piece in _pieces(workspace, one, (cover.name,), ())]
    return _keep_shares(made, path, one, cover)


def _keep_shares(made: list[Columns], path: Path, one: Import, cover: Cover) -> Columns:
    shares = _together(made, ("position", "area", "mm2"))
    keep_arrays(shares, path)
    cover.keep_ready()
    drop_older(path.parent.glob(f"{one.id}.{cover.name}.*"), but=path)
    return shares


def overlap_path(workspace: Workspace, one: Import, relation: Relation) -> Path:
    """Where it is kept how much of an import's rows lies on the other layer as it stands."""
    mark = mark_of((relation, imports_of(workspace, str(relation.layer))))
    folder = workspace.root / "summary" / "relations" / one.layer / relation.gives
    return folder / f"{one.id}.{mark}.columns"


def import_overlaps(workspace: Workspace, relation: Relation, one: Import) -> pd.DataFrame:
    """What of one import's rows lies on the other layer: position (row of data.parquet) and m2; kept."""
    return pd.DataFrame(kept_overlaps(workspace, relation, one))


def kept_overlaps(workspace: Workspace, relation: Relation, one: Import) -> Columns:
    """`import_overlaps` in plain columns."""
    path = overlap_path(workspace, one, relation)
    found = kept_arrays(path)
    if found is not None:
        return found[0]
    made = [lay(workspace, piece)[0] for piece in _pieces(workspace, one, (), (relation.gives,))]
    return _keep_overlaps(made, path, one)


def _keep_overlaps(made: list[Columns], path: Path, one: Import) -> Columns:
    found = _together(made, ("position", "m2"))
    keep_arrays(found, path)
    drop_older(path.parent.glob(f"{one.id}.*"), but=path)
    return found


def _together(made: list[Columns], names: tuple[str, ...]) -> Columns:
    return {name: np.concatenate([one[name] for one in made]) for name in names}


def _pieces(workspace: Workspace, one: Import, on: tuple[str, ...], relations: tuple[str, ...]) -> Iterator[Piece]:
    groups = pq.read_metadata(workspace.import_folder(one) / "data.parquet").num_row_groups
    for first in range(0, groups, GROUPS_AT_ONCE):
        yield Piece(one.layer, one.id, on, relations, first, min(first + GROUPS_AT_ONCE, groups))


def lay(workspace: Workspace, piece: Piece, on: Sequence[Cover] | None = None) -> list[Columns]:
    """What of a piece lies where, read once: its shares of each cover, then what of it lies on each other layer.

    Shares are position, area and mm2; of a relation position and m2. on: the piece's covers, for whoever has them.
    """
    layer = workspace.layer(piece.layer)
    folder = workspace.root / "imports" / piece.layer / piece.import_id
    with pq.ParquetFile(folder / "data.parquet") as file:
        sizes = [file.metadata.row_group(group).num_rows for group in range(piece.end_group)]
        start = sum(sizes[: piece.first_group])
        groups = range(piece.first_group, piece.end_group)
        rows = _Rows(file.read_row_groups(list(groups), columns=["geometry", "area_m2", "area_code"]))
    known = {one.name: one for one in on or covers(workspace)} if piece.covers else {}
    made = [_shares(rows, layer, known[name], start) for name in piece.covers]
    relations = {one.gives: one for one in layer.relations}
    return made + [_on_ground(workspace, rows, relations[name], start) for name in piece.relations]


class _Rows:
    """Rows of an import (columns geometry, area_m2, area_code), their shapes made flat once."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table
        self.own = to_mm2(plain(table["area_m2"]))

    @cached_property
    def bare(self) -> npt.NDArray[np.intp]:
        """Positions of the rows without a shape."""
        geometry = self.table["geometry"]
        return np.flatnonzero(plain(geometry.is_null())) if geometry.null_count else np.empty(0, np.intp)

    @cached_property
    def flat(self) -> Flat:
        """The shapes as flat arrays."""
        load_kernels()
        return flat_of(self.table["geometry"])


def _on_ground(workspace: Workspace, rows: _Rows, relation: Relation, start: int) -> Columns:
    """What of rows lies on the other layer of a relation."""
    load_kernels()
    ground = ground_of_layer(workspace, workspace.layer(str(relation.layer)))
    if ground is None:
        return {"position": np.empty(0, np.int64), "m2": np.empty(0)}
    limits: Any = {"tolerance_m2": relation.tolerance_m2, "tolerance_percent": relation.tolerance_percent}
    feature, m2 = covered_m2(rows.flat, ground, **limits)
    return {"position": feature.astype(np.int64) + start, "m2": m2}


def _shares(rows: _Rows, layer: Layer, cover: Cover, start: int) -> Columns:
    """Shares of rows on a cover by the layer's place rule."""
    if layer.place in ("split", "largest_share") and not len(rows.bare) and len(cover.leaves.position):
        found = share_columns(rows.flat, cover.leaves, measured_mm2=rows.own)
        found = largest_of(found, "mm2") if layer.place == "largest_share" else found
    elif cover.areas.empty:
        every = np.arange(len(rows.own), dtype=np.int64)
        found = {"feature": every, "area": np.full(len(every), -1, dtype=np.int32), "mm2": rows.own}
    else:
        found = _named_shares(rows, layer, cover)
    return {
        "position": found["feature"].astype(np.int64) + start,
        "area": found["area"].astype(np.int32),
        "mm2": found["mm2"].astype(np.int64),
    }


def _named_shares(rows: _Rows, layer: Layer, cover: Cover) -> Columns:
    """Shares of rows some of which stand where a name says, or that are not shared by their area."""
    bare = np.arange(len(rows.own)) if layer.place == "self" else rows.bare
    named = np.full(len(rows.own), None, dtype=object)
    named[bare], points = cover.named(rows.table["area_code"].take(as_arrow(bare)).to_pandas())
    if layer.place in ("split", "largest_share") and shapely.is_missing(points).all():
        shapes: Any = rows.flat
    else:
        shapes = shapely.from_wkb(rows.table["geometry"].to_numpy())
        shapes[bare] = np.where(shapely.is_missing(points), shapes[bare], points)
    told: Any = {"named": named, "leaves": cover.leaves, "measured_mm2": rows.own}
    shares = shares_by_rule(shapes, cover.areas, layer.place, **told)
    columns = zip(("feature", "area", "mm2"), shares.columns, strict=True)
    return {name: shares[own].to_numpy() for name, own in columns}


def lay_at(root: str, edition: str, piece: Piece) -> list[Columns]:
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
    for done, (one, on, relations) in enumerate(todo):
        if progress:
            progress("join", done, len(todo))
        pieces = list(_pieces(workspace, one, tuple(c.name for c in on), tuple(r.gives for r in relations)))
        if executor is None:
            made = [lay(workspace, piece, on) for piece in pieces]
        else:
            futures = [executor.submit(lay_at, str(workspace.root.resolve()), edition, piece) for piece in pieces]
            made = [future.result() for future in futures]
        for place, cover in enumerate(on):
            _keep_shares([each[place] for each in made], shares_path(workspace, one, cover), one, cover)
        for place, relation in enumerate(relations, start=len(on)):
            _keep_overlaps([each[place] for each in made], overlap_path(workspace, one, relation), one)
        worked[one.layer] = worked.get(one.layer, 0) + len(on) + len(relations)
    for layer in workspace.layers().values():
        for relation in layer.relations if workspace.imports(layer.id) else ():
            if relation.kind == "overlaps_layer" or relation_path(workspace, layer, relation).exists():
                continue
            relation_rows(workspace, layer, relation)
            worked[layer.id] = worked.get(layer.id, 0) + 1
    return worked


def _open_joins(workspace: Workspace) -> Iterator[tuple[Import, list[Cover], list[Relation]]]:
    """Imports with the covers and the relations to other layers that are not joined yet."""
    all_covers = covers(workspace)
    for layer in workspace.layers().values():
        if layer.id in AREA_LAYERS:
            continue
        wanted = all_covers if layer.indicators else all_covers[:1]
        ground = [relation for relation in layer.relations if relation.kind == "overlaps_layer"]
        for one in workspace.imports(layer.id):
            on = [cover for cover in wanted if not shares_path(workspace, one, cover).exists()]
            relations = [each for each in ground if not overlap_path(workspace, one, each).exists()]
            if on or relations:
                yield one, on, relations
