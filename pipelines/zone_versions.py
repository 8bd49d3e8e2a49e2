"""Submitted versions of one zone: which there are, and what ground entered, left or stayed between two of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from geo.errors import Refused
from geo.measure import area_m2
from geo.pieces import polygonal
from pipelines.store.geoparquet import read_columns, rows_with

if TYPE_CHECKING:
    from geo.layers import Layer
    from pipelines.workspace import Workspace


@dataclass(frozen=True)
class Version:
    """One submission of a zone: the import it came by, its file and row, the day, and its size in m²."""

    import_id: str
    at: str
    file: str
    row: int
    area_m2: float


@dataclass(frozen=True)
class Change:
    """What lies between two versions. Shapes in EPSG:4490, empty where nothing; m² on the ellipsoid.

    fields: (name, before, after) of every field that reads differently.
    """

    entered: shapely.Geometry
    left: shapely.Geometry
    stayed: shapely.Geometry
    entered_m2: float
    left_m2: float
    stayed_m2: float
    fields: tuple[tuple[str, object, object], ...]


def versions(workspace: Workspace, layer_id: str, thing_id: str) -> list[Version]:
    """The submissions of a thing that carry a shape, oldest first."""
    found = []
    for one in workspace.imports(layer_id):
        row = _row(workspace, layer_id, one.id, thing_id)
        if row is not None and not shapely.is_missing(row["geometry"]):
            size = float(area_m2([row["geometry"]])[0])
            found.append(Version(one.id, one.at.isoformat(), one.file, int(row["source_row"]), size))
    return found


def with_several(workspace: Workspace, layer_id: str) -> set[str]:
    """The things of which at least two submissions carry a shape."""
    folders = [workspace.import_folder(one) / "data.parquet" for one in workspace.imports(layer_id)]
    told = [read_columns(path, ["id", "geometry"]) for path in folders]
    shaped = [
        rows.loc[~shapely.is_missing(rows["geometry"].to_numpy(object)), "id"].drop_duplicates() for rows in told
    ]
    counts = pd.concat(shaped).value_counts() if shaped else pd.Series(dtype="int64")
    return set(counts.index[counts >= 2].astype(str))


def compare(workspace: Workspace, layer_id: str, thing_id: str, before: str, after: str) -> Change:
    """What changed between the submissions of two imports; Refused when either does not carry the thing."""
    layer = workspace.layer(layer_id)
    rows = []
    for import_id in (before, after):
        row = _row(workspace, layer_id, import_id, thing_id)
        if row is None or shapely.is_missing(row["geometry"]):
            raise Refused("version_missing", id=thing_id, version=import_id)
        rows.append(row)
    old, new = (row["geometry"] for row in rows)
    parts = [shapely.difference(new, old), shapely.difference(old, new), shapely.intersection(old, new)]
    entered, left, stayed = (shapely.Polygon() if part is None else part for part in polygonal(np.array(parts)))
    sizes = [float(value) for value in area_m2([entered, left, stayed])]
    return Change(entered, left, stayed, sizes[0], sizes[1], sizes[2], _changed(layer, *rows))


def _changed(layer: Layer, old: pd.Series, new: pd.Series) -> tuple[tuple[str, object, object], ...]:
    pairs = ((f.name, old.get(f.name), new.get(f.name)) for f in layer.fields)
    return tuple((name, a, b) for name, a, b in pairs if not _same(a, b))


def _same(a: object, b: object) -> bool:
    empty = [value is None or bool(pd.isna(value)) for value in (a, b)]  # type: ignore[call-overload]
    return all(empty) if any(empty) else a == b


def _row(workspace: Workspace, layer_id: str, import_id: str, thing_id: str) -> pd.Series | None:
    """A thing as one import stated it; None when the import has no such row."""
    one = next((i for i in workspace.imports(layer_id) if i.id == import_id), None)
    if one is None:
        return None
    path = workspace.import_folder(one) / "data.parquet"
    at = rows_with(path, [thing_id])
    if not len(at):
        return None
    layer = workspace.layer(layer_id)
    return read_columns(path, ["id", "source_row", "geometry", *(f.name for f in layer.fields)], at=at).iloc[0]
