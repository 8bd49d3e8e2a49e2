"""What counts as abandoned land: a county's own rule, applied to what the register says of each parcel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.errors import Refused
from geo.measure import micro_mu_from_mm2, to_micro
from geo.seasons import Window, seasons_between

Basis = Literal["reported", "measured"]
DAY = "datetime64[D]"

REASONS = ("rejected", "excluded_mode", "excluded_place", "too_small", "undated", "idle_too_short")
"""Why a parcel does not count, in the order in which it is asked; the first that fits is given."""
PLACES = ("redline_conflict", "farmland_conflict")
"""Relations of the layer by which parcels may be left out."""


@dataclass(frozen=True)
class AbandonmentRule:
    """When a parcel counts as abandoned. `version` goes with every figure; `confirmed`: the county said so.

    idle_seasons: seasons without a crop that make land abandoned. The register is made under this rule: a parcel
    in it was idle that long when it was found (`idle_when_found`, which stays when a reader asks "what if"). A
    stricter rule counts a parcel when enough further seasons passed before it was planted again; a looser one can
    only count what is in the register. minimum_mu: smaller parcels do not count. basis: which area is taken, the
    other where that is blank. exclude_modes: modes of use that are no abandonment, such as `orchard`.
    exclude_places: of `PLACES`. undated: whether parcels without a day of finding count where further seasons are
    asked for.
    """

    version: str = "默认-1"
    confirmed: bool = False
    idle_seasons: int = 2
    idle_when_found: int = 2
    minimum_mu: float = 0.0
    basis: Basis = "reported"
    exclude_modes: tuple[str, ...] = ()
    exclude_places: tuple[str, ...] = ()
    undated: bool = True

    def as_dict(self) -> dict[str, Any]:
        """The rule as plain values."""
        return asdict(self)


def read_rule(entries: Mapping[str, Any]) -> AbandonmentRule:
    """The rule of a county's `[abandonment_rule]`; the program's own for what it leaves out.

    Refused (`abandonment_rule_wrong`) for a name the rule does not have and a value it cannot be.
    """
    known = {one.name: one.default for one in fields(AbandonmentRule)}
    given = dict(entries)
    if "idle_seasons" in given:
        given.setdefault("idle_when_found", given["idle_seasons"])
    made: dict[str, Any] = {}
    for name, value in given.items():
        if name not in known or not _fits(name, value, known[name]):
            raise Refused("abandonment_rule_wrong", name=name, value=str(value), known=", ".join(known))
        made[name] = tuple(value) if isinstance(known[name], tuple) else value
    return AbandonmentRule(**made)


def _fits(name: str, value: Any, usual: Any) -> bool:
    if name == "basis":
        return value in ("reported", "measured")
    if isinstance(usual, bool):
        return isinstance(value, bool)
    if isinstance(usual, tuple):
        texts = isinstance(value, (list, tuple)) and all(isinstance(one, str) for one in value)
        return texts and (name != "exclude_places" or set(value) <= set(PLACES))
    if isinstance(usual, (int, float)):
        return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1000
    return isinstance(value, str)


def counted(things: pd.DataFrame, rule: AbandonmentRule, windows: Sequence[Window], as_of: date) -> pd.DataFrame:
    """Which parcels count under a rule: counts (bool), reason (of `REASONS`, "" when it counts), idle_seasons
    (whole seasons, NaN undated), micro (millionths of a 亩 of the rule's basis, int64); indexed as `things`.

    things: kind, found_on, planted_on, mode, reported_mu, measured_mm2 and the boolean columns of `PLACES`. A
    season lies idle when its key part falls between the finding and the planting, or `as_of` while it is not
    planted.
    """
    micro = quantities(things, rule.basis)
    idle = idle_seasons(things, windows, as_of) + rule.idle_when_found
    reason = np.full(len(things), "", dtype=object)

    def leave_out(code: str, which: npt.NDArray[np.bool_]) -> None:
        reason[(reason == "") & which] = code

    leave_out("rejected", (things["kind"] == "void").to_numpy(bool))
    leave_out("excluded_mode", things["mode"].isin(list(rule.exclude_modes)).to_numpy(bool))
    for place in rule.exclude_places:
        leave_out("excluded_place", things[place].astype("boolean").fillna(False).to_numpy(bool))
    leave_out("too_small", micro < to_micro(np.array([rule.minimum_mu]))[0])
    if rule.idle_seasons > rule.idle_when_found:
        if not rule.undated:
            leave_out("undated", np.isnan(idle))
        leave_out("idle_too_short", np.nan_to_num(idle, nan=np.inf) < rule.idle_seasons)
    return pd.DataFrame(
        {"counts": reason == "", "reason": reason, "idle_seasons": idle, "micro": micro}, index=things.index
    )


def quantities(things: pd.DataFrame, basis: Basis) -> npt.NDArray[np.int64]:
    """Millionths of a 亩 of each parcel: reported or measured, the other where that is blank."""
    said = things["reported_mu"].to_numpy(float, na_value=np.nan)
    seen = micro_mu_from_mm2(things["measured_mm2"].to_numpy(np.int64))
    reported = to_micro(np.nan_to_num(said))
    if basis == "reported":
        return np.where(np.isnan(said), seen, reported)
    return np.where(seen > 0, seen, reported)


def idle_seasons(things: pd.DataFrame, windows: Sequence[Window], as_of: date) -> npt.NDArray[np.float64]:
    """Whole seasons that passed over each parcel from its finding until it was planted; NaN undated."""
    found = things["found_on"].to_numpy().astype(DAY)
    planted = things["planted_on"].to_numpy().astype(DAY)
    today = np.datetime64(as_of, "D")
    until = np.where(np.isnat(planted) | (planted > today), today, planted)
    made = np.where(np.isnat(found), np.nan, 0.0)
    known = found[~np.isnat(found)]
    if not len(known):
        return made
    first = known.min().astype(object)
    for season in seasons_between(windows, first, max(first, as_of)):
        start, end = np.datetime64(season.key_start, "D"), np.datetime64(season.key_end, "D")
        made += (found <= start) & (until >= end)
    return made
