"""What does not add up in remediation: areas that differ, accepted land not planted, contracts that ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.layers import Layer
from geo.measure import MICRO, cut_area_m2, mu_from_m2, round_parts
from pipelines.worklist import PROBLEM, Desk

if TYPE_CHECKING:
    from pipelines.workspace import Workspace

Flags = npt.NDArray[np.bool_]

TRANSFER = "land_transfer"
LEAST_SHARE = 0.02
"""A contract that covers less of a parcel than this share of it is an inaccuracy of drawing."""


def problems(
    workspace: Workspace, layer: Layer, things: pd.DataFrame, rows: pd.DataFrame, day: date
) -> Mapping[str, Flags]:
    """Which parcels have a problem, by kind: stage_overdue, area_differs, not_planted, contract_ended,
    re_abandoned, on_redline, no_shape. things: as they stood on that day; rows: the desk's, in the same order."""
    void = (rows["kind"] == "void").to_numpy(bool)
    ended = ended_contracts(workspace, layer, day, parcels=things)
    return {
        "stage_overdue": rows["stage_overdue"].to_numpy(bool),
        "area_differs": differing(layer, rows) & ~void,
        "not_planted": (rows["stage"] == "accepted").to_numpy(bool),
        "contract_ended": rows["id"].isin(ended["id"]).to_numpy(bool),
        "re_abandoned": (rows["stage"] == "re_abandoned").to_numpy(bool),
        "on_redline": _flag(things, "redline_conflict") & ~void,
        "no_shape": (things["measured_mm2"].to_numpy(np.int64) <= 0) & ~void,
    }


def _flag(things: pd.DataFrame, name: str) -> Flags:
    if name not in things:
        return np.zeros(len(things), dtype=bool)
    return things[name].astype("boolean").fillna(False).to_numpy(bool)


def differing(layer: Layer, rows: pd.DataFrame) -> Flags:
    """Which rows report an area that is not the measured one, beyond what the layer's own rule allows."""
    rule = next((one.settings for one in layer.rules if one.kind == "area_agrees"), {})
    apart = (rows["reported_mu"] - rows["measured_mu"]).abs()
    allowed = np.maximum(
        rows["measured_mu"] * float(rule.get("tolerance_percent", 0.0)) / 100, float(rule.get("tolerance_mu", 0.0))
    )
    made: Flags = (apart > allowed).fillna(False).to_numpy(bool)
    return made


@dataclass(frozen=True)
class Measured:
    """Reported against measured, in 亩. The pair is of parcels with both.

    The totals of what counts and of what is set apart (`pipelines.worklist_filters`) add up to those of `xiangtu
    progress`, but for the rounding of each. things: parcels that lie mainly here. both: of them with a reported
    and a measured area; both_reported_mu, both_measured_mu, difference_mu (reported less measured),
    difference_percent (of what was measured; NaN of nothing). differing: parcels beyond the layer's tolerance.
    unmeasured: parcels without a shape. unreported: with a shape and no reported area. crossing: further parcels
    with both areas that lie mainly elsewhere; their part here is in the 亩 alone.
    """

    things: int

    reported_mu: float
    measured_mu: float
    both: int
    both_reported_mu: float
    both_measured_mu: float
    difference_mu: float
    difference_percent: float
    differing: int
    unmeasured: int
    unreported: int
    crossing: int


def measured(desk: Desk) -> Measured:
    """What was reported of the desk's things beside what was measured on the map."""
    rows = desk.rows
    both = (rows["reported_mu"].notna() & rows["measured_mu"].notna()).to_numpy(bool)
    pairs = desk.shares[desk.shares["feature"].isin(rows.index[both])]
    said, seen = _mu(int(pairs["reported"].sum())), _mu(int(pairs["measured"].sum()))
    here = rows["here"].to_numpy(bool)
    named = PROBLEM + "area_differs"
    return Measured(
        things=int(here.sum()),
        reported_mu=_mu(int(desk.shares["reported"].sum())),
        measured_mu=_mu(int(desk.shares["measured"].sum())),
        both=int((both & here).sum()),
        both_reported_mu=said,
        both_measured_mu=seen,
        difference_mu=round(said - seen, 2),
        difference_percent=(said - seen) / seen * 100 if seen > 0 else float("nan"),
        differing=int((rows[named] & here).sum()) if named in rows else 0,
        unmeasured=int((rows["measured_mu"].isna() & here).sum()),
        unreported=int((rows["reported_mu"].isna() & rows["measured_mu"].notna() & here).sum()),
        crossing=int((both & ~here).sum()),
    )


def _mu(micro: int) -> float:
    return int(round_parts([micro], 10**4)[0]) / MICRO


def problem_figures(desk: Desk) -> pd.DataFrame:
    """How many things have each kind of problem, and their 亩: problem, features, crossing (further ones that lie
    mainly elsewhere), mu; kinds without any too."""
    rows = desk.rows
    micro = desk.shares.groupby("feature")["micro"].sum().reindex(rows.index, fill_value=0)
    return pd.DataFrame(
        [
            {
                "problem": name,
                "features": int((rows[PROBLEM + name] & rows["here"]).sum()),
                "crossing": int((rows[PROBLEM + name] & ~rows["here"]).sum()),
                "mu": _mu(int(micro[rows[PROBLEM + name]].sum())),
            }
            for name in desk.problems
        ],
        columns=["problem", "features", "crossing", "mu"],
    )


def ended_contracts(
    workspace: Workspace, layer: Layer, day: date, *, parcels: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Contracts that ended on land that was remediated, where no live contract took their place.

    Columns: id (the parcel), contract (its id), stage (ended|terminated), ended_on (datetime64[s]), mu (of the
    parcel under that contract). A contract is on a parcel when it names its number, or covers at least 2 % of it.
    parcels: as `things_at` gives them with their geometry; read when None.
    """
    columns = ["id", "contract", "stage", "ended_on", "mu"]
    if layer.id != "abandoned_parcel" or not workspace.imports(TRANSFER):
        return pd.DataFrame({name: [] for name in columns})
    from pipelines.summarise import things_at

    transfers = workspace.layer(TRANSFER)
    wanted = ["contract_parcel_id", "mode", "ends_on", "terminated_on"]
    contracts = things_at(workspace, transfers, day, [*wanted, "geometry"])
    if parcels is None:
        parcels = things_at(workspace, layer, day, ["geometry"])
    life = layer.lifecycle
    done = life.path[life.path.index("remediated") :] if life else ()
    parcels = parcels[parcels["reached"].isin(done)].reset_index(drop=True)
    found = on_parcels(parcels, contracts)
    live = found[found["kind"].isin(["open", "in_progress"])]["id"].unique()
    over = found[~found["kind"].isin(["open", "in_progress"]) & ~found["id"].isin(live)]
    return over[columns].sort_values(["id", "contract"], ignore_index=True)


def on_parcels(parcels: pd.DataFrame, contracts: pd.DataFrame) -> pd.DataFrame:
    """Which contract lies on which parcel: id, contract, kind, stage, ended_on, mu.

    parcels: id, geometry, area_m2. contracts: id, contract_parcel_id, kind, stage, ends_on, terminated_on,
    geometry.
    """
    shapes, others = (frame["geometry"].to_numpy(object) for frame in (parcels, contracts))
    left, right = shapely.STRtree(others).query(shapes, predicate="intersects")
    m2 = np.nan_to_num(cut_area_m2(shapely.intersection(shapes[left], others[right])))
    kept = m2 >= LEAST_SHARE * parcels["area_m2"].to_numpy(float, na_value=np.nan)[left]
    pairs = pd.DataFrame({"left": left[kept], "right": right[kept], "m2": m2[kept]})
    named = pd.DataFrame({"number": contracts["contract_parcel_id"], "right": np.arange(len(contracts))}).dropna()
    numbered = pd.DataFrame({"number": parcels["id"], "left": np.arange(len(parcels))}).merge(named, on="number")
    size = parcels["area_m2"].to_numpy(float, na_value=np.nan)
    numbered["m2"] = size[numbered["left"]]
    pairs = pd.concat([pairs, numbered[["left", "right", "m2"]]]).drop_duplicates(["left", "right"])
    one: Any = contracts.iloc[pairs["right"]].reset_index(drop=True)
    stopped = one["stage"] == "terminated"
    return pd.DataFrame(
        {
            "id": parcels["id"].to_numpy(object)[pairs["left"]],
            "contract": one["id"],
            "kind": one["kind"],
            "stage": one["stage"],
            "ended_on": one["terminated_on"].where(stopped, one["ends_on"]),
            "mu": np.round(mu_from_m2(pairs["m2"].to_numpy(float)), 2),
        }
    )
