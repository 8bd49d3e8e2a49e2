"""The desk of a bureau: every thing of a layer with what is asked about it, as far as its reader may see it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.access import Actor, mask, masked, pseudonym, readable_root
from geo.deadlines import limits, stage_deadlines, working_days_between
from geo.joins import largest_share
from geo.layers import Indicator, Layer
from geo.measure import MICRO, micro_mu_from_mm2, share_out, to_micro
from geo.progress import UNPLACED
from geo.quantities import amounts
from pipelines.shares import shares_of
from pipelines.summarise import ledger_of, things_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipelines.workspace import Workspace

Flags = npt.NDArray[np.bool_]
DAY = "datetime64[D]"

QUANTITY = {"abandoned_parcel": "found_mu", "land_transfer": "transferred_mu"}
"""The indicator whose quantity says how large one thing of a layer is."""
DIMENSIONS: Mapping[str, Mapping[str, str]] = {
    "abandoned_parcel": {"mode": "mode", "crop": "crop", "season": "season", "grower": "grower"},
    "land_transfer": {"mode": "mode", "crop": "use_after", "grower": "lessee"},
}
"""What a layer can be split and filtered by: the desk's name → the layer's field."""
REPORTED = {"abandoned_parcel": "reported_mu", "land_transfer": "contracted_mu"}
PROBLEM = "problem_"
"""Columns of this prefix say which things have a problem of that kind."""


@dataclass(frozen=True)
class Desk:
    """The things of a layer on a day, and how their quantity lies on areas.

    rows: one per thing, by its position: id, area_code, area_name, stage, reached, kind, stage_since, due_on,
    overdue, stage_due_on, stage_overdue, overdue_days (working days), stage_days (working days in this stage, NaN
    undated), events (taken in the ledger so far), micro (millionths of a 亩), mu (what of it lies in the area
    looked at), here (it lies mainly there), reported_mu, measured_mu, mode, crop, season, grower (masked where
    the reader may not see it), person (its key), place_name, lon, lat, import_id, source_row, and one boolean
    `problem_…` for each kind. shares: feature (position), area (position in `areas`, -1 none), and micro,
    reported, measured: whole millionths of a 亩 that lie there. areas: code, name, level, parent, sorted by code.
    """

    layer: Layer
    day: date
    areas: pd.DataFrame
    rows: pd.DataFrame
    shares: pd.DataFrame

    @property
    def count(self) -> int:
        """How many things lie mainly in the area looked at."""
        return int(self.rows["here"].sum())

    @property
    def micro(self) -> int:
        """Millionths of a 亩 of all things that lie in the area looked at."""
        return int(self.shares["micro"].sum())

    @property
    def mu(self) -> float:
        """亩 of all things as far as they lie in the area looked at."""
        return round(self.micro / MICRO, 2)

    @property
    def problems(self) -> tuple[str, ...]:
        """The kinds of problem this layer's things can have."""
        return tuple(name.removeprefix(PROBLEM) for name in self.rows.columns if name.startswith(PROBLEM))

    @property
    def crossing(self) -> int:
        """How many things lie mainly elsewhere and reach into the area looked at."""
        return len(self.rows) - self.count

    @property
    def void(self) -> Flags:
        """Which rows stand in a void stage (不予认定, 提前终止)."""
        made: Flags = (self.rows["kind"] == "void").to_numpy(bool)
        return made


def open_desk(workspace: Workspace, layer_id: str, day: date) -> Desk:
    """Every thing of a layer as it stood on a day, unmasked: give readers what `for_reader` gives."""
    layer = workspace.layer(layer_id)
    wanted = [f.name for f in layer.fields]
    things = things_at(workspace, layer, day, [*wanted, "lon", "lat", "import_id", "source_row", "geometry"])
    areas = pd.DataFrame(workspace.areas()[["code", "name", "level", "parent"]]).reset_index(drop=True)
    shares = shares_of(workspace, layer, things)
    rows = _described(workspace, layer, things, day)
    rows["micro"] = amounts(things, layer, quantity(layer))
    measured = micro_mu_from_mm2(things["measured_mm2"].to_numpy(np.int64))
    rows["measured_mu"] = np.where(measured > 0, measured / MICRO, np.nan)
    reported = to_micro(rows["reported_mu"].fillna(0.0).to_numpy(float))
    feature, weight = shares["feature"].to_numpy(np.intp), shares["mm2"].to_numpy(np.int64)
    parts = pd.DataFrame({"feature": feature, "area": shares["area"].to_numpy(np.intp)})
    for name, total in (
        ("micro", rows["micro"].to_numpy(np.int64)),
        ("reported", reported),
        ("measured", measured),
    ):
        parts[name] = share_out(total, feature, weight)
    main = np.full(len(rows), -1, dtype=np.intp)
    largest = largest_share(shares) if len(shares) > len(things) else shares
    main[largest["feature"]] = largest["area"]
    rows["main"] = main
    rows["area_code"] = [areas["code"].iloc[at] if at >= 0 else None for at in main]
    rows["area_name"] = [areas["name"].iloc[at] if at >= 0 else None for at in main]
    rows["here"] = True
    rows["mu"] = rows["micro"] / MICRO
    _mark_problems(workspace, layer, things, rows, day)
    return Desk(layer, day, areas, rows, parts)


def quantity(layer: Layer) -> Indicator:
    """The indicator that says how large a thing of the layer is; ValueError for a layer without one in 亩."""
    named = QUANTITY.get(layer.id)
    found = next(
        (i for i in layer.indicators if i.id == named or (named is None and i.unit == "mu" and i.sum)), None
    )
    if found is None:
        raise ValueError(f"{layer.id} has no quantity in 亩")
    return found


def _described(workspace: Workspace, layer: Layer, things: pd.DataFrame, day: date) -> pd.DataFrame:
    """State, deadlines and dimensions of things, indexed 0…n-1."""
    state = ["id", "stage", "reached", "kind", "stage_since", "due_on", "overdue", "on_time"]
    rows = things[[*state, "lon", "lat", "import_id", "source_row"]].copy()
    declared = limits(layer, workspace.settings.raw.get("limits", ()))
    due = stage_deadlines(things, things, declared, day)
    rows[["stage_due_on", "stage_overdue", "overdue_days"]] = due[
        ["stage_due_on", "stage_overdue", "overdue_days"]
    ]
    rows["overdue"] = rows["overdue"].astype("boolean").fillna(False).astype(bool)
    since = things["stage_since"].to_numpy().astype(DAY)
    rows["stage_days"] = np.maximum(working_days_between(since, np.full(len(rows), np.datetime64(day, "D"))), 0)
    rows["reported_mu"] = things[REPORTED.get(layer.id, "measured_mm2")].astype(float)
    named = DIMENSIONS.get(layer.id, {})
    for name in ("mode", "crop", "season", "grower"):
        source = named.get(name)
        values = things[source] if source in things else pd.Series(None, index=things.index, dtype="str")
        rows[name] = values.astype("object").where(values.notna(), "").astype(str)
    keys = {name: pseudonym(name, workspace.settings.code) if name else "" for name in rows["grower"].unique()}
    rows["person"] = rows["grower"].map(keys)
    rows["place_name"] = things.get(layer.name_field or "")
    rows["responsible_unit"] = things.get("responsible_unit")
    rows["events"] = event_counts(workspace, layer).reindex(rows["id"], fill_value=0).to_numpy(np.int64)
    return rows


def event_counts(workspace: Workspace, layer: Layer) -> pd.Series:
    """How many events of the ledger each thing has, undone ones too; index id. What an act names as its base."""
    ledger = ledger_of(workspace)
    if ledger is None:
        return pd.Series([], index=pd.Index([], dtype=object), dtype=np.int64)
    events = ledger.events(layer=layer.id, columns=["feature_id", "kind"])
    return events["feature_id"].dropna().value_counts()


def _mark_problems(
    workspace: Workspace, layer: Layer, things: pd.DataFrame, rows: pd.DataFrame, day: date
) -> None:
    found: Mapping[str, Flags] = {}
    if layer.id == "abandoned_parcel":
        from pipelines.remediation_checks import problems

        found = problems(workspace, layer, things, rows, day)
    elif layer.id == "land_transfer":
        from pipelines.transfers import problems as transfer_problems

        found = transfer_problems(workspace, layer, things, rows, day)
    for name, flags in found.items():
        rows[PROBLEM + name] = np.asarray(flags, dtype=bool)


# ---- what a reader sees of it


def for_reader(desk: Desk, actor: Actor | None) -> Desk:
    """The desk as that reader may see it: only areas within reach, growers masked where the role says so."""
    root = "" if actor is None else readable_root(actor, desk.layer.id)
    if root is None:
        return replace(desk, rows=desk.rows.iloc[:0], shares=desk.shares.iloc[:0])
    seen = within_area(desk, root) if root else desk
    field = DIMENSIONS.get(desk.layer.id, {}).get("grower")
    if field is None or not desk.layer.field(field).personal:
        return seen
    if actor is None:
        hidden = {name: mask(name) for name in seen.rows["grower"].unique()}
        return replace(seen, rows=seen.rows.assign(grower=seen.rows["grower"].map(hidden)))
    as_stored = masked(seen.rows[["area_code", "grower"]].rename(columns={"grower": field}), desk.layer, actor)
    return replace(seen, rows=seen.rows.assign(grower=as_stored[field].astype(str)))


def path_names(areas: pd.DataFrame) -> Mapping[str, tuple[str, ...]]:
    """Code of each area → the names of those it lies in below the county and its own, highest first.

    areas: code, name, level, parent. The county has its own name alone.
    """
    columns = [areas[name].astype(str).tolist() for name in ("code", "name", "level", "parent")]
    known = {code: (name, level, parent) for code, name, level, parent in zip(*columns, strict=True)}

    def _names(code: str) -> tuple[str, ...]:
        name, _, parent = known[code]
        above = parent in known and known[parent][1] != "county"
        return (*(_names(parent) if above else ()), name)

    return {code: _names(code) for code in known}


def inside(areas: pd.DataFrame, code: str) -> npt.NDArray[np.intp]:
    """Positions of an area and of all that lies in it; -1 for `unplaced`."""
    if code == UNPLACED:
        return np.array([-1], dtype=np.intp)
    codes, parents = areas["code"].astype(str), areas["parent"].astype(str)
    known = {code}
    while True:
        more = set(codes[parents.isin(known)]) - known
        if not more:
            return np.flatnonzero(codes.isin(known).to_numpy(bool))
        known |= more


def within_area(desk: Desk, code: str) -> Desk:
    """The desk with only what lies in an area: quantities cut at its border, things that touch it kept."""
    at = inside(desk.areas, code)
    shares = desk.shares[desk.shares["area"].isin(at)]
    rows = desk.rows.loc[np.unique(shares["feature"])]
    return _cut(replace(desk, rows=rows.assign(here=rows["main"].isin(at)), shares=shares))


def _cut(desk: Desk) -> Desk:
    """The rows with `mu` as much as the shares left over say."""
    micro = desk.shares.groupby("feature")["micro"].sum().reindex(desk.rows.index, fill_value=0)
    return replace(desk, rows=desk.rows.assign(mu=micro / MICRO))


def chosen(desk: Desk, keep: Flags) -> Desk:
    """The desk with only the rows of that mask."""
    rows = desk.rows[keep]
    return replace(desk, rows=rows, shares=desk.shares[desk.shares["feature"].isin(rows.index)])
