"""回头看: which closed things to visit again, and what a place remembers of earlier recurrences."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from geo.layers import Layer
from geo.lifecycle import local_days

DAY = "datetime64[D]"
EARTH_M = 6371008.8


@dataclass(frozen=True)
class Weights:
    """What makes a closed thing worth a visit, in points, and where each begins. A county declares its own."""

    recurred: float = 3.0
    near_recurrence: float = 1.0
    near_m: float = 300.0
    no_photo: float = 2.0
    photo_days: int = 90
    ending: float = 2.0
    ending_days: int = 60
    season: float = 1.0
    bad_months: tuple[int, ...] = (6, 7, 8)


def unit_places(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Points on a sphere of the earth's mean radius, in metres; straight lines between near ones are distances.

    Within 0.4 % of the ellipsoid's distance: enough to say what is near.
    """
    x, y = np.radians(lon.astype(float)), np.radians(lat.astype(float))
    place = np.stack([np.cos(y) * np.cos(x), np.cos(y) * np.sin(x), np.sin(y)], axis=-1)
    return np.where(np.isfinite(place), place * EARTH_M, 1e9)


def recurrence_stages(layer: Layer) -> tuple[str, ...]:
    """The stages a closed thing falls back to: 反弹, 再撂荒."""
    life = layer.lifecycle
    return () if life is None else tuple(s.id for s in life.stages if s.id in life.branches and s.kind != "void")


def recurrences(things: pd.DataFrame, events: pd.DataFrame, layer: Layer, as_of: date) -> pd.DataFrame:
    """Every recurrence up to `as_of`: columns id, day, in order of day; from events and from dates of imports."""
    stages = recurrence_stages(layer)
    parts = []
    life = layer.lifecycle
    for stage in () if life is None else life.stages:
        if stage.id in stages and stage.date_field is not None and stage.date_field in things:
            given = things[things[stage.date_field].notna()]
            days = given[stage.date_field].to_numpy().astype(DAY)
            parts.append(pd.DataFrame({"id": given["id"].to_numpy(object), "day": days.astype("datetime64[s]")}))
    if not events.empty:
        undone = set(events["undoes"].dropna()) if "undoes" in events else set()
        steps = events[events["to_stage"].isin(stages) & ~events["id"].isin(undone)]
        days = local_days(steps["at"]).astype("datetime64[s]")
        parts.append(pd.DataFrame({"id": steps["feature_id"].to_numpy(object), "day": days}))
    if not parts:
        return pd.DataFrame({"id": pd.Series(dtype=object), "day": pd.Series(dtype="datetime64[s]")})
    found = pd.concat(parts, ignore_index=True).drop_duplicates()
    found = found[found["day"] <= pd.Timestamp(as_of)]
    return found.sort_values(["day", "id"], kind="stable").reset_index(drop=True)


def memory(things: pd.DataFrame, recurred: pd.DataFrame, *, near_m: float = 50.0) -> pd.DataFrame:
    """What each thing's spot remembers, indexed as `things`: `own` recurrences of the thing, `here` those within
    `near_m` metres of it (its own included), `last` the latest day of those (NaT when none).

    things: columns id, lon, lat; those without a place remember their own alone.
    """
    counts = recurred["id"].value_counts()
    own = pd.Series(counts.reindex(things["id"], fill_value=0).to_numpy(np.int64), index=things.index)
    here = own.to_numpy().copy()
    latest = recurred.groupby("id")["day"].max()
    last = latest.reindex(things["id"]).to_numpy().astype("datetime64[s]").copy()
    placed = np.flatnonzero(things["lon"].notna() & things["lat"].notna())
    marked = placed[own.to_numpy()[placed] > 0]
    if len(marked):
        spots = unit_places(things["lon"].to_numpy(), things["lat"].to_numpy())
        tree = cKDTree(spots[marked])
        counted, days = own.to_numpy()[marked], last[marked]
        for row, near in zip(placed, tree.query_ball_point(spots[placed], near_m), strict=True):
            if near:
                here[row] = int(counted[near].sum())
                last[row] = days[near].max()
    return pd.DataFrame({"own": own, "here": here, "last": last}, index=things.index)


def closings(events: pd.DataFrame, recurred: pd.DataFrame, layer: Layer) -> pd.DataFrame:
    """Every closing in the ledger, and whether it held: columns id, day, actor, unit, held, recurrences.

    A recurrence counts against each closing of the thing before it: the second failure is also the first's.
    """
    life = layer.lifecycle
    done = [s.id for s in life.stages if s.kind == "done"] if life is not None else []
    undone = set(events["undoes"].dropna()) if "undoes" in events else set()
    closed = events[events["to_stage"].isin(done) & ~events["from_stage"].isin(done) & ~events["id"].isin(undone)]
    days = local_days(closed["at"])
    falls = {str(name): group.to_numpy().astype(DAY) for name, group in recurred.groupby("id")["day"]}
    none = np.array([], dtype=DAY)
    after = [
        int((falls.get(str(name), none) >= day).sum())
        for name, day in zip(closed["feature_id"], days, strict=True)
    ]
    return pd.DataFrame(
        {
            "id": closed["feature_id"].to_numpy(object),
            "day": days.astype("datetime64[s]"),
            "actor": closed["actor"].to_numpy(object),
            "unit": closed["unit"].to_numpy(object),
            "held": [count == 0 for count in after],
            "recurrences": after,
        }
    )


def risk(
    things: pd.DataFrame,
    state: pd.DataFrame,
    layer: Layer,
    as_of: date,
    *,
    recurred: pd.DataFrame,
    photographed: pd.Series,
    weights: Weights = Weights(),
) -> pd.DataFrame:
    """How much each closed thing is worth a visit, indexed as those of `things` that are closed.

    photographed: the day of a thing's last photo, by id. Columns: id, score, and the parts it adds up to:
    recurred, near_recurrence, no_photo, ending, season (points).
    """
    closed = things[state["exists"].to_numpy(bool) & (state["kind"] == "done").to_numpy(bool)]
    remembered = memory(closed, recurred[recurred["id"].isin(closed["id"])], near_m=weights.near_m)
    today = pd.Timestamp(as_of)
    seen = pd.Series(photographed.reindex(closed["id"]).to_numpy().astype("datetime64[s]"), index=closed.index)
    since = state.loc[closed.index, "stage_since"]
    stale = (today - seen.fillna(since)).dt.days > weights.photo_days
    ending = pd.Series(False, index=closed.index)
    if layer.end_field is not None and layer.end_field in closed:
        left = (closed[layer.end_field] - today).dt.days
        ending = (left >= 0) & (left <= weights.ending_days)
    others = (remembered["here"] - remembered["own"]).clip(upper=3)
    parts = pd.DataFrame(
        {
            "recurred": remembered["own"] * weights.recurred,
            "near_recurrence": others * weights.near_recurrence,
            "no_photo": stale * weights.no_photo,
            "ending": ending * weights.ending,
            "season": float(as_of.month in weights.bad_months) * weights.season,
        },
        index=closed.index,
    ).astype(float)
    return pd.concat([closed[["id"]], parts.sum(axis=1).rename("score"), parts], axis=1)


def plan_revisits(scored: pd.DataFrame, count: int, *, control_share: float = 0.2, seed: int = 0) -> pd.DataFrame:
    """The visits to make: columns id, why (`risk` or `control`), score; at most `count`, those at risk first.

    scored: of `risk`. control_share: the part of the visits that is drawn from everything else by lot, so that
    the rule itself can be judged. The lot of a thing depends on `seed` and its id alone: anybody can draw it
    again, and it does not change when other things come or go. Equal scores are ordered by lot as well.
    """
    if count < 0 or not 0 <= control_share <= 1:
        raise ValueError(f"count {count}, control share {control_share}")
    lots = np.array([_lot(seed, str(name)) for name in scored["id"]], dtype="U64")
    order = np.lexsort((lots, -scored["score"].to_numpy(float)))
    controls = min(round(count * control_share), len(scored))
    risky = [k for k in order if scored["score"].iloc[k] > 0][: count - controls]
    rest = sorted(set(range(len(scored))) - set(risky), key=lambda k: lots[k])[: count - len(risky)]
    rest = rest[:controls]
    chosen = scored.iloc[[*risky, *rest]][["id", "score"]].reset_index(drop=True)
    chosen.insert(1, "why", ["risk"] * len(risky) + ["control"] * len(rest))
    return chosen


def _lot(seed: int, name: str) -> str:
    return hashlib.sha256(f"{seed}\0{name}".encode()).hexdigest()


def held_rates(found: pd.DataFrame, by: Sequence[str] = ("unit",)) -> pd.DataFrame:
    """Closings and how many held, by unit or person: columns of `by`, closings, held."""
    grouped = found.groupby(list(by), sort=True)["held"]
    return pd.DataFrame({"closings": grouped.size(), "held": grouped.sum()}).reset_index()
