"""Filters of a desk that combine, what would widen them, and the order and pages of its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipelines.worklist import PROBLEM, Desk, chosen, within_area

Flags = npt.NDArray[np.bool_]
ORDERS = ("due", "size", "days", "id", "stage", "area")
"""What the rows can be ordered by."""


@dataclass(frozen=True)
class Filters:
    """What a reader narrows the desk to; all that are given must hold, of several values any.

    area: an area's code, or `unplaced`. crop: "" stands for things that name none; likewise mode and season.
    grower: keys of people (`person` of the rows), never names. problem: kinds of problem. overdue: only what is
    past its last day. text: part of an id, a place name or a village.
    """

    area: str | None = None
    stage: tuple[str, ...] = ()
    mode: tuple[str, ...] = ()
    crop: tuple[str, ...] = ()
    season: tuple[str, ...] = ()
    grower: tuple[str, ...] = ()
    problem: tuple[str, ...] = ()
    overdue: bool = False
    text: str = ""

    def given(self) -> list[tuple[str, str]]:
        """Every single condition as (name, value), in the order of the fields."""
        found: list[tuple[str, str]] = []
        for one in fields(self):
            value = getattr(self, one.name)
            if isinstance(value, tuple):
                found += [(one.name, part) for part in value]
            elif value:
                found.append((one.name, "1" if value is True else str(value)))
        return found

    def without(self, name: str, value: str) -> Filters:
        """The same without one condition."""
        now = getattr(self, name)
        if isinstance(now, tuple):
            changed: Any = {name: tuple(one for one in now if one != value)}
        else:
            changed = {name: type(self).__dataclass_fields__[name].default}
        return replace(self, **changed)


def narrowed(desk: Desk, filters: Filters) -> Desk:
    """The desk with only what passes every filter."""
    seen = within_area(desk, filters.area) if filters.area else desk
    rows = seen.rows
    keep = np.ones(len(rows), dtype=bool)
    for name, column in (("stage", "stage"), ("mode", "mode"), ("crop", "crop"), ("season", "season")):
        wanted: Sequence[str] = getattr(filters, name)
        if wanted:
            keep &= rows[column].fillna("").isin(list(wanted)).to_numpy(bool)
    if filters.grower:
        keep &= rows["person"].isin(list(filters.grower)).to_numpy(bool)
    if filters.overdue:
        keep &= rows["overdue"].to_numpy(bool)
    if filters.problem:
        known = [PROBLEM + one for one in filters.problem if PROBLEM + one in rows]
        keep &= rows[known].any(axis=1).to_numpy(bool)
    if filters.text.strip():
        keep &= _holding(rows, filters.text.strip())
    return chosen(seen, keep)


def counted(desk: Desk, filters: Filters) -> Desk:
    """The part of a desk that its figures count: neither how many nor the 亩 of what is void.

    Void things count where the filters ask for their stage by name. What is left out is `set_apart`.
    """
    return chosen(desk, ~_left_out(desk, filters))


def set_apart(desk: Desk, filters: Filters) -> Desk:
    """The part of a desk that `counted` leaves out."""
    return chosen(desk, _left_out(desk, filters))


def _left_out(desk: Desk, filters: Filters) -> Flags:
    made: Flags = desk.void & ~desk.rows["stage"].isin(list(filters.stage)).to_numpy(bool)
    return made


def _holding(rows: pd.DataFrame, text: str) -> Flags:
    found = np.zeros(len(rows), dtype=bool)
    for name in ("id", "place_name", "area_name"):
        column = rows[name].astype("object").where(rows[name].notna(), "").astype(str)
        found |= column.str.contains(text, case=False, regex=False).to_numpy(bool)
    return found


def widening(desk: Desk, filters: Filters) -> list[tuple[str, str, int]]:
    """For filters that leave nothing: what each single condition, taken away, would bring back, most first."""
    found = [(name, value, narrowed(desk, filters.without(name, value)).count) for name, value in filters.given()]
    return sorted((one for one in found if one[2]), key=lambda one: -one[2])


def ordered(desk: Desk, by: str = "due", *, falling: bool = False) -> pd.DataFrame:
    """The rows in an order: `due` (last day), `size`, `days` in the stage, `id`, `stage`, `area`.

    Equal rows stand in order of id whichever way the order runs; blanks stand last. What is closed or void stands
    after what is still to be done where the order is `due`, and last of all in that of `days`.
    """
    rows = desk.rows
    life = desk.layer.lifecycle
    rank = {stage.id: at for at, stage in enumerate(life.stages)} if life else {}
    open_ = rows["kind"].isin(["open", "in_progress"])
    keys: dict[str, Any] = {
        "due": rows["due_on"],
        "size": rows["mu"],
        "days": rows["stage_days"].where(waiting(desk)),
        "id": rows["id"],
        "stage": rows["stage"].map(rank),
        "area": rows["area_code"],
    }
    name = by if by in keys else "due"
    order = pd.DataFrame({"key": keys[name], "id": rows["id"], "closed": ~open_ & (name == "due")})
    order = order.sort_values("id").sort_values("key", ascending=not falling, kind="stable", na_position="last")
    return rows.loc[order.sort_values("closed", kind="stable").index]


def waiting(desk: Desk) -> pd.Series:
    """Which things wait for a next stage: neither void nor in the last one of the way."""
    life = desk.layer.lifecycle
    last = life.path[-1] if life else ""
    made: pd.Series = (desk.rows["kind"] != "void") & (desk.rows["stage"] != last)
    return made


def page_of_rows(rows: pd.DataFrame, page: int, size: int) -> tuple[pd.DataFrame, int, int]:
    """(the rows of one page, its number from 1 as it really is, how many pages there are)."""
    pages = max(1, -(-len(rows) // size))
    number = min(max(1, page), pages)
    return rows.iloc[(number - 1) * size : number * size], number, pages
