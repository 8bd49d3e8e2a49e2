"""The definition switchboard: what the county's total would be under another rule. A simulation, never stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from geo.abandonment import REASONS, AbandonmentRule, counted, read_rule
from geo.joins import largest_share
from geo.measure import MICRO, round_parts, share_out
from geo.seasons import read_windows
from pipelines.remediation import ancestors, round_one
from pipelines.shares import shares_of
from pipelines.summarise import progress, things_at

if TYPE_CHECKING:
    from pipelines.workspace import Workspace

LAYER = "abandoned_parcel"
STEP = 10**4
"""Figures are shown in hundredths of a 亩."""


@dataclass(frozen=True)
class Simulation:
    """What a rule would count on a day, beside the official figure.

    areas: area_code (`unplaced` last), area_name, official_mu (`found_mu` of `xiangtu progress`), simulated_mu,
    difference_mu, features (counted), in order of codes. left_out: reason (of `geo.abandonment.REASONS`),
    features, mu. official_mu, simulated_mu, difference_mu: of the county. beyond: the rule is looser than the
    register's own, so that land that was never registered is missing from the figure.
    """

    rule: AbandonmentRule
    official_rule: AbandonmentRule
    areas: pd.DataFrame
    left_out: pd.DataFrame
    official_mu: float
    simulated_mu: float
    difference_mu: float
    features: int
    beyond: bool


def official_rule(workspace: Workspace) -> AbandonmentRule:
    """The county's own rule, of `[abandonment_rule]`."""
    return read_rule(workspace.settings.abandonment_rule)


def simulate(workspace: Workspace, rule: AbandonmentRule, day: date, *, root: str = "") -> Simulation:
    """What `rule` would count by township on a day. root: only areas of that subtree ("" the county).

    Under the county's own rule, with nothing excluded, the figure is the official one.
    """
    layer = workspace.layer(LAYER)
    things = things_at(workspace, layer, day, ["reported_mu", "mode", "found_on", "planted_on", "kind"])
    found = counted(things, rule, read_windows(workspace.settings.seasons), day)
    shares = shares_of(workspace, layer, things)
    areas = pd.DataFrame(workspace.areas()[["code", "name", "level", "parent"]])
    feature, area = shares["feature"].to_numpy(np.intp), shares["area"].to_numpy(np.intp)
    micro = share_out(found["micro"].to_numpy(np.int64), feature, shares["mm2"].to_numpy(np.int64))
    above = [*ancestors(areas, "township"), "unplaced"]
    key_of = np.array(above, dtype=object).__getitem__
    parts = pd.DataFrame({"key": key_of(area), "feature": feature, "micro": micro})
    if root:
        parts = parts[[code.startswith(root[:9]) for code in parts["key"]]]
    counts = found["counts"].to_numpy(bool)
    whole = largest_share(shares)
    whole = pd.DataFrame({"feature": whole["feature"], "key": key_of(whole["area"])})
    homes = whole.loc[counts[whole["feature"].to_numpy(np.intp)], "key"].value_counts()
    rows = _rows(workspace, parts[counts[parts["feature"]]], homes, areas, day, root)
    simulated = round_one(int(parts.loc[counts[parts["feature"]], "micro"].sum()), STEP) / MICRO
    official = round(float(rows["official_mu"].sum()), 2)
    own = official_rule(workspace)
    return Simulation(
        rule=rule,
        official_rule=own,
        areas=rows,
        left_out=_left_out(found, parts),
        official_mu=official,
        simulated_mu=simulated,
        difference_mu=round(simulated - official, 2),
        features=int(rows["features"].sum()),
        beyond=rule.idle_seasons < own.idle_seasons,
    )


def _rows(
    workspace: Workspace, parts: pd.DataFrame, homes: pd.Series, areas: pd.DataFrame, day: date, root: str
) -> pd.DataFrame:
    """One row a township. homes: how many of the parcels lie mostly in it, which is where each counts as one."""
    official = progress(workspace, LAYER, "township", day, decimals=2)
    official["key"] = official["area_code"].where(official["level"] == "township", "unplaced")
    theirs = official.groupby("key")["found_mu"].sum()
    codes = [
        code for code in areas.loc[areas["level"] == "township", "code"].astype(str) if code.startswith(root[:9])
    ]
    keys = [*codes, *(["unplaced"] if not root else [])]
    mine = parts.groupby("key")["micro"].sum().reindex(keys, fill_value=0)
    rounded = round_parts(mine.to_numpy(np.int64), STEP) / MICRO
    names = dict(zip(areas["code"].astype(str), areas["name"], strict=True))
    made = pd.DataFrame(
        {
            "area_code": keys,
            "area_name": [names.get(code, "") for code in keys],
            "official_mu": theirs.reindex(keys, fill_value=0.0).to_numpy(float).round(2),
            "simulated_mu": rounded,
            "features": homes.reindex(keys, fill_value=0).to_numpy(np.int64),
        }
    )
    made.insert(4, "difference_mu", (made["simulated_mu"] - made["official_mu"]).round(2))
    empty = (made["area_code"] == "unplaced") & (made["features"] == 0) & (made["official_mu"] == 0)
    return made[~empty].reset_index(drop=True)


def _left_out(found: pd.DataFrame, parts: pd.DataFrame) -> pd.DataFrame:
    """Why parcels do not count: reason, features, mu, in the order of `REASONS`, without those that fit none."""
    reason = found["reason"].to_numpy(object)[parts["feature"]]
    grouped = parts.assign(reason=reason).groupby("reason")
    made = pd.DataFrame({"features": grouped["feature"].nunique(), "micro": grouped["micro"].sum()})
    made = made.reindex([one for one in REASONS if one in made.index])
    mu = [round_one(int(one), STEP) / MICRO for one in made.pop("micro")]
    return made.assign(mu=mu).rename_axis("reason").reset_index()
