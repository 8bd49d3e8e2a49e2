"""The things that acts are about: rows of imports, and those that were added in the ledger."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from geo.changes import Event
from geo.errors import Refused
from geo.layers import Layer
from geo.membership import among
from geo.spoken import named_layer
from pipelines.store.edits import overlaid, standing
from pipelines.store.layers import current_rows

if TYPE_CHECKING:
    from pipelines.store.ledger import Ledger
    from pipelines.workspace import Workspace


def find_thing(workspace: Workspace, ledger: Ledger, layer: Layer, feature_id: str) -> pd.DataFrame:
    """The one accepted row of a thing: id, area_code, lon, lat, import_at, the layer's fields; Refused for none.

    One from a file also says what placed it (`placed_by`). One that was added in the ledger and not by a file is
    made of the event that added it.
    """
    columns = ["id", "area_code", "lon", "lat", "placed_by", *(f.name for f in layer.fields)]
    rows = current_rows(workspace, layer, columns=columns, ids=[feature_id])
    found = rows[rows["id"] == feature_id]
    if not found.empty:
        return found.tail(1)
    added = added_things(ledger, layer, feature_id=feature_id)
    if added.empty:
        raise Refused("thing_unknown", id=feature_id, **named_layer(layer))
    return added.tail(1)


def all_things(workspace: Workspace, ledger: Ledger, layer: Layer) -> pd.DataFrame:
    """Every thing of a layer, imported or added: id, area_code, lon, lat, import_at, the layer's fields.

    Index 0…n-1; an imported row wins over an added one of its id.
    """
    columns = ["id", "area_code", "lon", "lat", *(f.name for f in layer.fields)]
    rows, added = current_rows(workspace, layer, columns=columns), added_things(ledger, layer)
    added = added[~among(added["id"], rows["id"])]
    if added.empty:
        return rows
    if rows.empty:
        return added.reset_index(drop=True)
    kept = [*columns, "import_at"]
    types = {name: rows[name].dtype for name in kept}
    return pd.concat([rows[kept], added[kept].astype(types)], ignore_index=True)


def added_things(
    ledger: Ledger, layer: Layer, *, as_of: date | None = None, feature_id: str | None = None
) -> pd.DataFrame:
    """The things of a layer that were added in the ledger, as rows like those of an import.

    Columns: id, area_code, lon, lat, import_at (when it was added, UTC), the layer's fields; empty when none.
    """
    events = ledger.events(layer=layer.id, as_of=as_of, feature_id=feature_id, kinds=("add", "undo"))
    events = events[(events["kind"] == "add") & ~events["id"].isin(events["undoes"].dropna())]
    added = [Event.from_row(row) for row in events.itertuples(index=False)]
    given = [dict(e.data.get("fields", {})) for e in added]
    frame = pd.DataFrame(given, columns=[f.name for f in layer.fields], index=events.index)
    for field in layer.fields:
        if field.type == "date":
            frame[field.name] = pd.to_datetime(frame[field.name]).astype("datetime64[s]")
    stamps = pd.to_datetime(events["at"], utc=True, format="ISO8601")
    rows = frame.assign(
        id=events["feature_id"],
        area_code=events["area_code"],
        lon=events["lon"],
        lat=events["lat"],
        import_at=stamps,
    ).reset_index(drop=True)
    return overlaid(rows, standing(ledger, layer, as_of=as_of), layer)


def place_of(thing: pd.DataFrame) -> tuple[float | None, float | None]:
    """Longitude and latitude of the one row of a thing; None where it has none."""
    row = thing.iloc[0]
    return tuple(None if pd.isna(row[k]) else float(row[k]) for k in ("lon", "lat"))  # type: ignore[return-value]
