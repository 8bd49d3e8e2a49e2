"""A layer's rows as they stand: all imports up to a date, a later row taking the place of an earlier of its id."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from geo.layers import Layer
from pipelines.store.geoparquet import STORED, read_columns, schema_of

if TYPE_CHECKING:
    from pipelines.workspace import Workspace


def current_rows(
    workspace: Workspace, layer: Layer, *, columns: Sequence[str] | None = None, as_of: date | None = None
) -> pd.DataFrame:
    """The rows of a layer as they were known on the day `as_of` (today when None), one per id, in order of id.

    Of an id that was imported by then the latest row up to that day; of one that was not the earliest after it,
    because it may tell of that day by its dates. columns: of the stored ones (layer fields, id, geometry,
    area_m2, lon, lat, placed_by, area_code, …); all when None. Always added: import_id, import_at (UTC) and
    position (row of that import's file). An empty frame with the same columns when the layer has no rows.
    """
    wanted = list(columns) if columns is not None else [*STORED, *(f.name for f in layer.fields), "geometry"]
    if "id" not in wanted:
        wanted = ["id", *wanted]
    editions = workspace.imports(layer.id)
    known = {one.id for one in workspace.imports(layer.id, as_of=as_of)}
    frames = []
    later = [one for one in editions if one.id not in known]
    for one in [*reversed(later), *(one for one in editions if one.id in known)]:
        frame = read_columns(workspace.import_folder(one) / "data.parquet", wanted)
        frame["position"] = np.arange(len(frame))
        frame["import_id"] = one.id
        frame["import_at"] = pd.Timestamp(one.at).tz_convert("UTC")
        frames.append(frame)
    if not frames:
        return _empty(layer, wanted)
    merged = frames[0] if len(frames) == 1 else _last_of_each_id(frames)
    order = np.argsort(merged["id"].to_numpy(object), kind="stable")
    return merged.iloc[order].reset_index(drop=True)


def _last_of_each_id(frames: list[pd.DataFrame]) -> pd.DataFrame:
    merged = pd.concat([f for f in frames if len(f)] or frames[:1], ignore_index=True)
    return merged[~merged["id"].duplicated(keep="last")]


def _empty(layer: Layer, wanted: Sequence[str]) -> pd.DataFrame:
    empty = schema_of(layer).empty_table().to_pandas()
    for name in wanted:
        if name not in empty.columns:
            empty[name] = pd.Series(dtype=object)
    return empty[list(wanted)].assign(
        position=pd.Series(dtype=np.int64),
        import_id=pd.Series(dtype=str),
        import_at=pd.Series(dtype="datetime64[us, UTC]"),
    )
