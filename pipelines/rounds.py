"""What an inspector or a township visits today: which sites, why, and in which order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from geo.deadlines import working_days_between
from geo.lookback import memory, recurrences, risk
from geo.route import distances_m, visit_order
from pipelines.marks_places import LAYER

if TYPE_CHECKING:
    from collections.abc import Collection

    from pipelines.workspace import Workspace

REASONS = ("lookback", "verify", "overdue", "due_soon", "open")
"""Why a site is on the round, the most pressing first."""
SOON_DAYS = 3
MOST_STOPS = 12
SUGGESTED = 3
SPOT_M = 50.0
STUBBORN_TIMES = 3


@dataclass(frozen=True)
class Round:
    """The stops in the order of the way, and what was left out.

    stops: id, why, lon, lat, leg_m (metres from the stop before, straight), overdue_days, days_left (calendar days
    to the last day, NA where there is none), working_days (working days to the last day or, of what is overdue,
    past it; NA likewise), and the columns of the things. total_m: the whole way. left: how many more there are
    within reach. suggested: whether the look-backs are proposed by the program, none being planned.
    """

    stops: pd.DataFrame
    total_m: float
    left: int
    suggested: bool


def my_round(
    things: pd.DataFrame,
    *,
    start: tuple[float, float],
    day: date,
    lookbacks: Collection[str] = (),
    suggested: bool = False,
    verifies: bool = True,
    within_m: float | None = 10_000.0,
    most: int = MOST_STOPS,
) -> Round:
    """The round of a day from `start` (lon, lat): the most pressing sites within reach, ordered as a way.

    things: rows as `xiangtu show` gives them, those the reader may see. lookbacks: ids of closed sites to visit
    again. verifies: whether the reader is one who verifies; a township's account has its own sites to clear
    instead. Of equally pressing sites the overdue ones are taken first, then the nearer. Sites without a place are
    never on it.
    """
    placed = things[things["lon"].notna() & things["lat"].notna()].copy()
    placed["why"] = _reasons(placed, day, lookbacks if verifies else (), verifies)
    placed = placed[placed["why"].notna()]
    placed["away_m"] = _away(placed, start)
    if within_m is not None:
        placed = placed[placed["away_m"] <= within_m]
    placed["rank"] = placed["why"].map({name: place for place, name in enumerate(REASONS)}).astype(float)
    placed["punctual"] = ~placed["overdue"].fillna(False).astype(bool)
    chosen = placed.sort_values(["rank", "punctual", "away_m", "id"], kind="stable").head(most)
    order, legs = visit_order(start, chosen["lon"].to_numpy(float), chosen["lat"].to_numpy(float))
    stops = chosen.iloc[order].assign(leg_m=legs).reset_index(drop=True)
    left_days = (stops["due_on"] - pd.Timestamp(day)).dt.days
    stops["days_left"] = left_days.astype("Int64")
    stops["overdue_days"] = (-left_days).clip(lower=0).fillna(0).astype("int64").where(~stops["punctual"], 0)
    stops["working_days"] = working_days_to(stops["due_on"], day)
    shown = bool(suggested and (stops["why"] == "lookback").any())
    return Round(stops, float(sum(legs)), len(placed) - len(stops), shown)


def working_days_to(due_on: pd.Series, day: date) -> pd.Series:
    """Working days between a day and last days, whichever is the earlier, as Int64; NA where there is none."""
    due = due_on.to_numpy().astype("datetime64[D]")
    found = np.abs(working_days_between(np.full(len(due), np.datetime64(day, "D")), due))
    return pd.Series(found, index=due_on.index).astype("Int64")


def _reasons(things: pd.DataFrame, day: date, lookbacks: Collection[str], verifies: bool) -> pd.Series:
    """Why each thing is worth a visit; None for those that are not."""
    live = things["kind"].isin(["open", "in_progress"]).to_numpy(bool)
    waits = live & (things["stage"] == "rectified").to_numpy(bool)
    overdue = things["overdue"].fillna(False).to_numpy(bool)
    left = (things["due_on"] - pd.Timestamp(day)).dt.days.to_numpy(float, na_value=np.inf)
    mine = live & ~waits
    conditions = [
        things["id"].isin(list(lookbacks)).to_numpy(bool),
        waits & verifies,
        mine & overdue,
        mine & (left >= 0) & (left <= SOON_DAYS),
        mine,
    ]
    chosen = np.select(conditions, REASONS, default="")
    return pd.Series(chosen, index=things.index, dtype="str").replace("", None)


def _away(things: pd.DataFrame, start: tuple[float, float]) -> np.ndarray:
    """Metres from the start, straight."""
    from geo.measure import ellipsoid

    if things.empty:
        return np.zeros(0)
    lon, lat = things["lon"].to_numpy(float), things["lat"].to_numpy(float)
    return np.asarray(ellipsoid().inv(np.full(len(lon), start[0]), np.full(len(lat), start[1]), lon, lat)[2])


def lookbacks_due(workspace: Workspace, things: pd.DataFrame, day: date) -> tuple[list[str], bool]:
    """(ids of closed sites to visit again, whether they are proposed and not planned).

    Planned ones (`plan_revisit` in the ledger) that nobody visited since; where none is planned at all, the few
    that `geo.lookback.risk` ranks first. things: rows as `xiangtu show` gives them.
    """
    from pipelines.summarise import ledger_of

    closed = things[(things["kind"] == "done").fillna(False)].reset_index(drop=True)
    ledger = ledger_of(workspace)
    if ledger is None or closed.empty:
        return [], False
    try:
        events = ledger.events(layer=LAYER, as_of=day)
    finally:
        ledger.close()
    undone = set(events["undoes"].dropna())
    events = events[~events["id"].isin(undone)]
    planned = _last(events, "plan_revisit")
    visited = _last(events, "revisit").reindex(planned.index, fill_value=-1)
    waiting = sorted(set(planned.index[planned > visited]) & set(closed["id"]))
    if len(planned):
        return waiting, False
    layer = workspace.layer(LAYER)
    shown = events[events["evidence"] != "[]"]
    seen = pd.to_datetime(shown["at"], utc=True, format="ISO8601").dt.tz_localize(None).astype("datetime64[s]")
    photographed = pd.Series(seen.to_numpy(), index=shown["feature_id"].to_numpy(object)).groupby(level=0).max()
    fell = recurrences(closed, events, layer, day)
    state = closed[["kind", "stage_since"]].assign(exists=True)
    scored = risk(closed, state, layer, day, recurred=fell, photographed=photographed)
    first = scored[scored["score"] > 0].sort_values(["score", "id"], ascending=[False, True], kind="stable")
    return [str(name) for name in first["id"].head(SUGGESTED)], True


def _last(events: pd.DataFrame, kind: str) -> pd.Series:
    """Number of the latest event of a kind, by thing."""
    mine = events[events["kind"] == kind]
    return mine.groupby("feature_id")["seq"].max()


def stubborn_places(workspace: Workspace, things: pd.DataFrame, day: date) -> pd.DataFrame:
    """Places where the same trouble came back, the most stubborn first; one row a place.

    Columns: id (of the site that stands for the place), lon, lat, times (the first report and every recurrence
    within 50 m), last (day of the latest), and the columns of the things. A place is stubborn from the third time
    on.
    """
    from pipelines.summarise import ledger_of

    ledger = ledger_of(workspace)
    columns = ["seq", "id", "feature_id", "kind", "to_stage", "at", "undoes"]
    events = ledger.events(layer=LAYER, as_of=day, columns=columns) if ledger else pd.DataFrame(columns=columns)
    placed = things[things["lon"].notna() & things["lat"].notna()].reset_index(drop=True)
    recurred = recurrences(placed, events, workspace.layer(LAYER), day)
    known = recurred[recurred["id"].isin(placed["id"])]
    remembered = memory(placed, known, near_m=SPOT_M)
    placed = placed.assign(times=remembered["here"] + 1, own=remembered["own"], last=remembered["last"])
    found = placed[placed["times"] > 1].sort_values(
        ["times", "own", "last", "id"], ascending=[False, False, False, True], kind="stable"
    )
    return _one_a_place(found).reset_index(drop=True)


def _one_a_place(found: pd.DataFrame) -> pd.DataFrame:
    """The rows of which no earlier one lies within 50 m."""
    kept: list[int] = []
    lon, lat = found["lon"].to_numpy(float), found["lat"].to_numpy(float)
    for row in range(len(found)):
        near = distances_m([lon[row], *lon[kept]], [lat[row], *lat[kept]])[0, 1:]
        if not (near <= SPOT_M).any():
            kept.append(row)
    return found.iloc[kept]
