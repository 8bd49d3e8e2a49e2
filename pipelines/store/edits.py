"""Edits of the ledger, laid over the rows of imports from the day they were made on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from geo.china_days import china_day
from geo.layers import Layer

if TYPE_CHECKING:
    from pipelines.store.ledger import Ledger
    from pipelines.workspace import Workspace


@dataclass(frozen=True)
class Edit:
    """What one edit set: the thing, the day in China, field → value, and the area it was moved to, if any."""

    id: str
    day: date
    fields: Mapping[str, Any] = field(default_factory=dict)
    area_code: str | None = None


def edits_of(
    workspace: Workspace, layer: Layer, *, as_of: date | None = None, ids: Sequence[str] | None = None
) -> list[Edit]:
    """The standing edits of a layer's things up to the day `as_of`, in the order they were made.

    What was undone is left out. Empty for a workspace without ledger. ids: only those of these things.
    """
    if workspace.settings.ledger_url is None and not (workspace.root / "ledger.sqlite").exists():
        return []
    from pipelines.store.ledger import open_ledger

    ledger = open_ledger(workspace.settings.ledger_url or workspace.root, layers=workspace.layers())
    ledger.until = workspace.last_seq
    try:
        found = standing(ledger, layer, as_of=as_of)
    finally:
        ledger.close()
    wanted = None if ids is None else set(ids)
    return [one for one in found if wanted is None or one.id in wanted]


def standing(ledger: Ledger, layer: Layer, *, as_of: date | None = None) -> list[Edit]:
    """The edits of a layer in a ledger, as `edits_of` gives them."""
    columns = ["seq", "id", "feature_id", "kind", "at", "undoes", "data"]
    events = ledger.events(layer.id, as_of=as_of, kinds=("edit", "undo"), columns=columns)
    undone = set(events["undoes"].dropna())
    made = events[(events["kind"] == "edit") & ~events["id"].isin(undone)]
    made = made.sort_values(["at", "seq"], kind="stable")
    return [
        _edit(str(name), str(at), json.loads(data))
        for name, at, data in zip(made["feature_id"], made["at"], made["data"], strict=True)
    ]


def _edit(name: str, at: str, data: Mapping[str, Any]) -> Edit:
    day = china_day(datetime.fromisoformat(at))
    return Edit(name, day, dict(data.get("fields", {})), data.get("moved_to"))


def overlaid(rows: pd.DataFrame, edits: Sequence[Edit], layer: Layer) -> pd.DataFrame:
    """The rows (column `id` and any of the layer's fields) as the edits leave them, types kept.

    A field that follows from an edited one of another unit, and did so before, follows it again. A thing that an
    edit moved has another `area_code`, and no shares of its import: `shape_import` "" and `position` -1.
    """
    if rows.empty or not edits:
        return rows
    names = list(dict.fromkeys(one.id for one in edits))
    at = np.flatnonzero(rows["id"].isin(names).to_numpy(bool))
    place = dict(zip(rows["id"].iloc[at], at, strict=True))
    values: dict[str, dict[int, Any]] = {}
    for one in edits:
        if one.id not in place:
            continue
        row = int(place[one.id])
        for name, value in one.fields.items():
            for target, converted in _with_derived(rows, values, row, name, value, layer):
                values.setdefault(target, {})[row] = converted
        if one.area_code is not None:
            moved = {"area_code": one.area_code, "shape_import": "", "position": -1}
            for name, value in moved.items():
                values.setdefault(name, {})[row] = value
    changed = rows.copy()
    for name, cells in values.items():
        if name in changed:
            changed[name] = _set(changed[name], cells)
    return changed


def _with_derived(
    rows: pd.DataFrame, values: Mapping[str, Mapping[int, Any]], row: int, name: str, value: Any, layer: Layer
) -> list[tuple[str, Any]]:
    """The field and its value, and those of the fields that said the same in another unit."""
    from geo.units import ratio

    made = [(name, value)]
    before = _cell(rows, values, row, name)
    for other in layer.fields:
        if other.derived_from != name or other.name not in rows:
            continue
        by = ratio(layer.field(name).unit or "", other.unit or "")
        now = _cell(rows, values, row, other.name)
        follows = now is None or (before is not None and by and np.isclose(float(now), float(before) * float(by)))
        if by is not None and follows:
            made.append((other.name, None if value is None else float(value) * float(by)))
    return made


def _cell(rows: pd.DataFrame, values: Mapping[str, Mapping[int, Any]], row: int, name: str) -> Any:
    if row in values.get(name, {}):
        return values[name][row]
    value = rows[name].iloc[row] if name in rows else None
    return None if value is None or pd.isna(value) else value


def _set(column: pd.Series, cells: Mapping[int, Any]) -> pd.Series:
    """The column with some cells set, its type kept; a day given as ISO text becomes one."""
    rows = np.fromiter(cells, dtype=np.int64, count=len(cells))
    given = list(cells.values())
    made = column.copy()
    if column.dtype.kind == "M":
        made.iloc[rows] = pd.to_datetime(pd.Series(given, dtype=object)).astype(column.dtype).array
    elif column.dtype == object:
        made.iloc[rows] = np.array([*given, None], dtype=object)[:-1]
    else:
        made.iloc[rows] = pd.Series(given, dtype=column.dtype).array
    return made
