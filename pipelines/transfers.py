"""Transfers of land: the rate with what it divides by, and contracts that clash, exceed, end or change the use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.layers import Layer
from geo.measure import mu_from_m2
from geo.membership import among
from geo.quantities import passing
from pipelines.summarise import progress, things_at

if TYPE_CHECKING:
    from pipelines.workspace import Workspace

Flags = npt.NDArray[np.bool_]
LIVE = ("open", "in_progress")
LAYER, PARCELS = "land_transfer", "contract_parcel"
SMALL_MU = 1000.0
"""A transfer rate over less contract land than this, in 亩, is marked as only an indication."""
CERTIFICATION = ("rights_certificate", "land_rights", "rights_confirmation")
"""Ids under which the layer of rights certification may be declared."""


def problems(
    workspace: Workspace, layer: Layer, things: pd.DataFrame, rows: pd.DataFrame, day: date
) -> Mapping[str, Flags]:
    """Which contracts have a problem, by kind: double_leased, over_area, expiring_90d, expired, use_changed,
    several_contracts, no_shape. The first four are the layer's own indicators of that name."""
    found: dict[str, Flags] = {}
    for name in ("double_leased", "over_area", "expiring_90d", "expired"):
        found[name] = passing(things, layer, layer.indicator(name), day)
    live = rows["kind"].isin(LIVE).to_numpy(bool)
    found["use_changed"] = use_changed(things) & live
    found["several_contracts"] = _several(things, live)
    void = (rows["kind"] == "void").to_numpy(bool)
    found["no_shape"] = (things["measured_mm2"].to_numpy(np.int64) <= 0) & ~void
    return found


def use_changed(things: pd.DataFrame) -> Flags:
    """Contracts that state a use before and another one after; those that state only one of them are left out."""
    before, after = things["use_before"], things["use_after"]
    made: Flags = (before.notna() & after.notna() & (before.astype(str) != after.astype(str))).to_numpy(bool)
    return made


def _several(things: pd.DataFrame, live: Flags) -> Flags:
    """Live contracts on a parcel that another live contract names too."""
    named = things["contract_parcel_id"].where(live)
    counts = named.map(named.value_counts())
    made: Flags = (counts.fillna(0) > 1).to_numpy(bool)
    return made


def contracts_per_parcel(workspace: Workspace, day: date, ids: pd.Series) -> pd.DataFrame:
    """How many parcels have so many live contracts of these ids: contracts (1, 2, …), parcels.

    Contracts that name no parcel are left out.
    """
    things = things_at(workspace, workspace.layer(LAYER), day, ["contract_parcel_id"])
    live = things[things["kind"].isin(LIVE) & among(things["id"], ids)]["contract_parcel_id"].dropna()
    counts = live.value_counts().value_counts().sort_index()
    return pd.DataFrame({"contracts": counts.index.astype("int64"), "parcels": counts.to_numpy(np.int64)})


def rates(workspace: Workspace, by: str, day: date) -> pd.DataFrame:
    """`xiangtu progress` of the transfers with what its rate divides by.

    Columns of progress, and contract_mu (亩 of contract land of the area), small (less of it than 1,000 亩). Rows
    that lie in no area keep no rate: their contract land is not known.
    """
    rows = progress(workspace, LAYER, by, day)
    if workspace.imports(PARCELS):
        land = progress(workspace, PARCELS, by, day).set_index(["area_code", "level"])["contracted_mu"]
        index = pd.MultiIndex.from_frame(rows[["area_code", "level"]])
        rows["contract_mu"] = land.reindex(index, fill_value=0.0).to_numpy(float)
    else:
        rows["contract_mu"] = np.nan
    rows["transfer_rate"] = rows["transfer_rate"].astype(float).where(rows["level"] == by)
    rows["small"] = rows["contract_mu"] < SMALL_MU
    return rows


@dataclass(frozen=True)
class Uses:
    """What is known of the use of the land under live contracts. changes: before, after, contracts, mu.

    known: contracts that state both uses, of which `same` state one and the same; unknown: those that do not.
    """

    changes: pd.DataFrame
    known: int
    same: int
    unknown: int


def uses(workspace: Workspace, day: date, ids: pd.Series) -> Uses:
    """How the use changed under live contracts of these ids: before → after, most 亩 first; only what changed."""
    wanted = ["use_before", "use_after", "contracted_mu"]
    things = things_at(workspace, workspace.layer(LAYER), day, wanted)
    live = things[things["kind"].isin(LIVE) & among(things["id"], ids)]
    known = int((live["use_before"].notna() & live["use_after"].notna()).sum())
    changed = live[use_changed(live)]
    changes = changed.groupby(["use_before", "use_after"], as_index=False).agg(
        contracts=("id", "size"), mu=("contracted_mu", "sum")
    )
    changes.columns = pd.Index(["before", "after", "contracts", "mu"])
    changes["mu"] = changes["mu"].round(2)
    changes = changes.sort_values(["mu", "before", "after"], ascending=[False, True, True], ignore_index=True)
    return Uses(changes, known, known - len(changed), len(live) - known)


def partners(workspace: Workspace, contract: str) -> pd.DataFrame:
    """The contracts on the same ground as one: other (id), mu; largest first."""
    from pipelines.relations import relation_rows

    layer = workspace.layer(LAYER)
    relation = next(one for one in layer.relations if one.gives == "double_leased")
    found = relation_rows(workspace, layer, relation)
    mine = found[found["id"] == contract].sort_values(["m2", "other"], ascending=[False, True], ignore_index=True)
    return pd.DataFrame({"other": mine["other"], "mu": mu_from_m2(mine["m2"].to_numpy(float)).round(2)})


def related(workspace: Workspace, layer: Layer, thing: str, ended: pd.DataFrame) -> list[tuple[str, float]]:
    """(id, 亩) of the contracts that have to do with a thing: on the same ground as it, or ended on it.

    ended: `pipelines.remediation_checks.ended_contracts`.
    """
    if layer.id == LAYER:
        found = partners(workspace, thing)
        return list(zip(found["other"].astype(str), found["mu"], strict=True))
    mine = ended[ended["id"] == thing]
    return list(zip(mine["contract"].astype(str), mine["mu"], strict=True))


def certification_layer(workspace: Workspace) -> Layer | None:
    """The layer of rights certification (确权), when the county has declared one and something was taken in."""
    layers = workspace.layers()
    there = [layers[name] for name in CERTIFICATION if name in layers and workspace.imports(name)]
    return there[0] if there else None


def certification(workspace: Workspace, day: date) -> pd.DataFrame:
    """How many things stand at each stage of certification: stage, features; empty without such a layer."""
    layer = certification_layer(workspace)
    if layer is None or layer.lifecycle is None:
        return pd.DataFrame({"stage": [], "features": []})
    stage = things_at(workspace, layer, day)["stage"]
    return pd.DataFrame(
        [{"stage": one.id, "features": int((stage == one.id).sum())} for one in layer.lifecycle.stages]
    )
