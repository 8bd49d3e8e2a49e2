"""The things of a layer as they stood on a day: rows, state, what they meet, and their shares of areas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from geo.layers import Layer, Relation
from geo.measure import to_mm2
from geo.membership import among
from pipelines.shares import by_import, points_of
from pipelines.store.layers import Part, current_rows
from pipelines.territory import AREA_LAYERS

if TYPE_CHECKING:
    from pipelines.store.ledger import Ledger
    from pipelines.workspace import Workspace


def ledger_of(workspace: Workspace) -> Ledger | None:
    """The workspace's ledger, to read; None when there is none yet."""
    from pipelines.store.ledger import open_ledger

    if workspace.settings.ledger_url is None and not (workspace.root / "ledger.sqlite").exists():
        return None
    ledger = open_ledger(workspace.settings.ledger_url or workspace.root, layers=workspace.layers())
    ledger.until, ledger.keeps = workspace.last_seq, workspace.root / "summary" / "moves"
    return ledger


def leave_moves(workspace: Workspace) -> None:
    """Leave for the next process what the ledger says of the states of the layers' things, where much is new."""
    from pipelines.store import ledger_moves
    from pipelines.store.ledger_sql import open_database

    url = workspace.settings.ledger_url
    if url is None and not (workspace.root / "ledger.sqlite").exists():
        return
    database = open_database(url or workspace.root)
    staged = [one.id for one in workspace.layers().values() if one.lifecycle is not None]
    ledger_moves.leave_moves(database, staged, workspace.root / "summary" / "moves")
    database.close()


def as_shown(workspace: Workspace, day: date) -> Workspace:
    """The workspace as it was at the end of a day in China: without what was taken in or recorded later.

    What arrives later may tell of that day by its dates; without it a figure is what was shown then.
    """
    from pipelines.store.ledger_acts import end_of_day
    from pipelines.store.ledger_heads import known_by

    ledger = ledger_of(workspace)
    last, heads = known_by(ledger, end_of_day(day)) if ledger is not None else (0, {})
    state = workspace.as_known([one.id for one in workspace.every_import(as_of=day)], last)
    state.__dict__["_heads"] = heads
    return state


FEW_IDS = 50
"""The events of so few things are asked for one by one."""


def events_of(
    workspace: Workspace, layer: Layer, ids: Sequence[str] | None = None, *, kinds: Sequence[str] = ()
) -> pd.DataFrame:
    """The ledger's events of a layer, for `geo.lifecycle.state_at`; empty when it has none.

    ids: only of these; kinds: only of these, all when empty.
    """
    columns = ["seq", "id", "feature_id", "kind", "to_stage", "at", "recorded_at", "due_on", "undoes"]
    ledger = ledger_of(workspace)
    if ledger is None:
        return pd.DataFrame(columns=columns)
    if ids is not None and 0 < len(ids) <= FEW_IDS:
        told = [ledger.events(layer.id, one, kinds=kinds, columns=columns) for one in ids]
        events = pd.concat(told)
    else:
        events = ledger.events(layer.id, kinds=kinds, columns=columns)
    return events[events["kind"] != "import"].reset_index(drop=True)


def moves_of(
    workspace: Workspace, layer: Layer, as_of: date | None = None, ids: Sequence[str] | None = None
) -> pd.DataFrame:
    """What the ledger's events of a layer say of its things' states, as `Ledger.moves` gives it; empty without.

    ids: of these things at least.
    """
    ledger = ledger_of(workspace)
    if ledger is None:
        return pd.DataFrame(columns=["seq", "feature_id", "kind", "to_stage", "at", "due_on", "undone_at"])
    few = ids if ids is not None and len(ids) <= FEW_IDS else ()
    return ledger.moves(layer.id, as_of=as_of, feature_ids=few)


def rows_on(
    workspace: Workspace, layer: Layer, as_of: date, columns: list[str], part: Part | None = None
) -> pd.DataFrame:
    """Rows of the imports as known on a day, and of things added in the ledger by then (import_id "").

    part: only that part of the layer; added things are in the one that names ids.
    """
    rows = current_rows(workspace, layer, columns=columns, as_of=as_of, part=part)
    ledger = ledger_of(workspace) if part is None or part.import_id is None else None
    if ledger is None or layer.lifecycle is None:
        return rows
    from pipelines.things import added_things

    added = added_things(ledger, layer, as_of=as_of)
    added = added[~among(added["id"], rows["id"])]
    if part is not None and part.ids is not None:
        added = added[among(added["id"], part.ids)]
    if added.empty:
        return rows
    added = added.assign(import_id="", shape_import="", position=-1, placed_by="name", geometry=points_of(added))
    added = added.reindex(columns=rows.columns)
    return pd.concat([rows, added.astype(_plain_types(rows, added))], ignore_index=True)


def _plain_types(rows: pd.DataFrame, added: pd.DataFrame) -> dict[str, Any]:
    """The types of `rows` for the columns of `added` that would else change them."""
    return {name: rows[name].dtype for name in added.columns if name != "geometry" and len(rows)}


def needed_fields(layer: Layer, *, counted: bool = True) -> list[str]:
    """The fields that stages and deadlines of a layer look at, and, if `counted`, its indicators and relations."""
    names = {layer.deadline_field, layer.end_field}
    if layer.lifecycle:
        names |= {layer.lifecycle.stage_field, *(s.date_field for s in layer.lifecycle.stages)}
    for one in layer.indicators if counted else ():
        names |= {*one.sum, *one.where, *one.where_not}
    for relation in layer.relations if counted else ():
        names |= {*relation.where, *relation.match}
    known = {f.name for f in layer.fields}
    return [f.name for f in layer.fields if f.name in names & known]


def things_at(
    workspace: Workspace,
    layer: Layer,
    as_of: date,
    columns: list[str] | None = None,
    *,
    part: Part | None = None,
    counted: bool = True,
) -> pd.DataFrame:
    """The layer's things as they stood on a day: rows, state columns, measured_mm2 and relation columns.

    Things that did not exist yet are left out. Index 0…n-1, in order of id. part: only that part of the layer;
    what its things have to do with each other is seen only among them. Dates of stages that `columns` asks for are
    those of the ledger's steps where it has them (`geo.lifecycle.stage_days`). counted: False leaves out what only
    indicators look at: their fields, and the relation columns.
    """
    from geo.lifecycle import stage_days

    if layer.id in AREA_LAYERS:
        return _areas_as_things(workspace, layer)
    rows = rows_on(workspace, layer, as_of, counted_columns(layer, columns, counted=counted), part)
    ids = None if part is None else part.ids
    moves = moves_of(workspace, layer, as_of, ids)
    things = standing_on(workspace, layer, as_of, rows, moves, related=counted)
    dated = {one.date_field for one in layer.lifecycle.stages} if layer.lifecycle is not None else set()
    if len(moves) and not dated.isdisjoint(columns or ()):
        days = stage_days(things, moves, layer, as_of)
        things = things.assign(**{str(name): days[name] for name in days})
    return things


def counted_columns(layer: Layer, more: list[str] | None = None, *, counted: bool = True) -> list[str]:
    """The stored columns that counting a layer needs, and `more`; counted: as `things_at`."""
    fields = needed_fields(layer, counted=counted)
    stored = ["id", "area_m2", "length_m", "area_code", "placed_by", *fields, *(more or ())]
    return list(dict.fromkeys(stored))


def standing_on(
    workspace: Workspace,
    layer: Layer,
    as_of: date,
    rows: pd.DataFrame,
    events: pd.DataFrame,
    *,
    related: bool = True,
) -> pd.DataFrame:
    """What `things_at` gives, of `rows_on` and `moves_of` (or `events_of`) read before, once for many days.

    related: False leaves out the relation columns.
    """
    from geo.lifecycle import state_at

    state = state_at(rows, events, layer, as_of)
    things = pd.concat([rows, state.drop(columns=[c for c in state if c in rows], errors="ignore")], axis=1)
    for name in set(state) & set(rows) - {"id"}:
        things[name] = state[name]
    things["measured_m"] = rows["length_m"]
    things["measured_mm2"] = to_mm2(rows["area_m2"].to_numpy(float, na_value=np.nan))
    things = things[things["exists"].to_numpy(bool, na_value=False)].reset_index(drop=True)
    for relation in layer.relations if related else ():
        _flag(workspace, layer, relation, things, as_of)
    return things


def _areas_as_things(workspace: Workspace, layer: Layer) -> pd.DataFrame:
    """The areas of one level as things, as the hierarchy has them: merged, coded, without what was set aside."""
    import shapely

    from geo.measure import area_m2

    areas = workspace.areas()
    areas = areas[areas["level"] == layer.area_level].reset_index(drop=True)
    shapes = areas.geometry.to_numpy(object)
    inside = shapely.point_on_surface(shapes)
    size = area_m2(shapes)
    return pd.DataFrame(
        {
            "id": areas["code"],
            "area_code": areas["code"],
            "code": areas["code"],
            "name": areas["name"],
            "area_m2": size,
            "lon": shapely.get_x(inside),
            "lat": shapely.get_y(inside),
            "edition_date": areas["edition_date"],
            "stage": None,
            "exists": True,
            "measured_mm2": to_mm2(size),
            "geometry": shapes,
        }
    )


def _flag(workspace: Workspace, layer: Layer, relation: Relation, things: pd.DataFrame, as_of: date) -> None:
    """Add what a relation gives: `<gives>` (boolean) and `<gives>_m2`, among the things that take part."""
    takes_part = things_matching(things, relation.where)
    if relation.kind == "overlaps_layer":
        size = _on_layer(workspace, layer, relation, things)
    else:
        from pipelines.relations import relation_rows

        found = relation_rows(workspace, layer, relation, as_of)
        ids = things["id"].where(takes_part)
        found = found[among(found["id"], ids)]
        if relation.kind == "overlaps_self":
            found = found[among(found["other"], ids)]
        size = things["id"].map(found.groupby("id")["m2"].sum()).to_numpy(float, na_value=np.nan)
    hit = ~np.isnan(size) & takes_part.to_numpy(bool)
    things[f"{relation.gives}_m2"] = np.where(hit, size, 0.0)
    things[relation.gives] = hit


def _on_layer(workspace: Workspace, layer: Layer, relation: Relation, things: pd.DataFrame) -> np.ndarray:
    """The m² of each thing's shape on the other layer, NaN where there is nothing to speak of."""
    from pipelines.join import import_overlaps

    size = np.full(len(things), np.nan)
    for one, mine, position in by_import(workspace, layer, things):
        found = import_overlaps(workspace, relation, one)
        at, m2 = found["position"].to_numpy(np.int64), found["m2"].to_numpy(float)
        if len(at):
            place = np.minimum(np.searchsorted(at, position), len(at) - 1)
            size[mine] = np.where(at[place] == position, m2[place], np.nan)
    return size


def things_matching(things: pd.DataFrame, where: Mapping[str, Any]) -> pd.Series:
    """Which things match every condition: field → value or list of values; `kinds` is the roll-up kind."""
    result = pd.Series(True, index=things.index)
    for name, wanted in where.items():
        values = list(wanted) if isinstance(wanted, (list, tuple)) else [wanted]
        column = things["kind" if name == "kinds" else name]
        result &= column.isin(values).fillna(False).astype(bool)
    return result
