"""Rows on their way in that may be a thing known already: offered as the same, never decided."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from geo.duplicates import near_same, overlapping_open
from geo.issues import Issue
from geo.layers import Layer
from geo.lifecycle import china_day, state_at
from geo.membership import among
from pipelines.act import same_within, workspace_ledger
from pipelines.store.geoparquet import read_columns
from pipelines.store.layers import current_rows
from pipelines.things import added_things

if TYPE_CHECKING:
    from pipelines.workspace import Workspace


def same_as_known(workspace: Workspace, layer: Layer, data: Path, at: datetime) -> list[Issue]:
    """Findings on the rows of an import that is not stored yet (`data`): what open thing each may be.

    `same_nearby`: a point with an open one of its category within the category's distance. `same_overlaps`: a
    parcel over an open one. Only the likeliest for each row, none for a row whose id is known. Empty for layers
    without stages.
    """
    if layer.lifecycle is None or layer.geometry not in ("point", "polygon"):
        return []
    drawn = layer.geometry == "polygon"
    fields = {f.name for f in layer.fields}
    more = ["geometry"] if drawn else [name for name in ("category",) if name in fields]
    new = read_columns(data, ["id", "source_row", "lon", "lat", "placed_by", *more])
    new = new[(new["placed_by"] == "geometry").to_numpy(bool)]
    known = _open_things(workspace, layer, more, at)
    new = new[~among(new["id"], known["id"])].reset_index(drop=True)
    known = known[known["live"]].reset_index(drop=True)
    if new.empty or known.empty:
        return []
    pairs = _over(new, known) if drawn else _near(workspace, new, known, more)
    rows = new.set_index("id")["source_row"].reindex(pairs["id"]).to_numpy(np.int64)
    code = "same_overlaps" if drawn else "same_nearby"
    found = [
        Issue(code, int(row), layer.id_field, {str(name): value for name, value in told.items()})
        for row, told in zip(rows, pairs.to_dict("records"), strict=True)
    ]
    return sorted(found, key=lambda issue: issue.row or 0)


def _over(new: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """The open parcel that each new one lies over most: id, same_as, m2, percent (of the smaller)."""
    shaped = [frame[~shapely.is_missing(frame["geometry"].to_numpy(object))] for frame in (new, known)]
    pairs = overlapping_open(shaped[0], shaped[1]).drop_duplicates("id")
    m2, percent = pairs["overlap_m2"].round().astype(int), (100 * pairs["share"]).round().astype(int)
    return pairs[["id", "same_as"]].assign(m2=m2, percent=percent)


def _near(workspace: Workspace, new: pd.DataFrame, known: pd.DataFrame, more: list[str]) -> pd.DataFrame:
    """The open point nearest to each new one, of those that it may be: id, same_as, metres."""
    metres, default_m = same_within(workspace)
    category = more[0] if more else None
    pairs = near_same(new, known, category=category, metres=metres, default_m=default_m).drop_duplicates("id")
    return pairs[["id", "same_as"]].assign(metres=pairs["distance_m"].round().astype(int))


def _open_things(workspace: Workspace, layer: Layer, more: list[str], at: datetime) -> pd.DataFrame:
    """Everything known of the layer: id, lon, lat, `more`, and whether it is open (`live`)."""
    life = layer.lifecycle
    dated = [s.date_field for s in life.stages if s.date_field] if life is not None else []
    fields = [*dated, *([life.stage_field] if life is not None and life.stage_field else [])]
    columns = list(dict.fromkeys(["id", "lon", "lat", *more, *fields]))
    rows = current_rows(workspace, layer, columns=columns)
    ledger = workspace_ledger(workspace)
    try:
        if "geometry" not in more:
            added = added_things(ledger, layer)
            added = added[~among(added["id"], rows["id"])]
            kept = [*columns, "import_at"]
            parts = [part[kept] for part in (rows, added) if len(part)]
            rows = pd.concat(parts, ignore_index=True) if parts else rows[kept]
        day = china_day(at)
        state = state_at(rows, ledger.moves(layer.id, as_of=day), layer, day)
    finally:
        ledger.close()
    live = state["exists"].to_numpy(bool) & state["kind"].isin(["open", "in_progress"]).to_numpy(bool)
    return rows.assign(live=live)
