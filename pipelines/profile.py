"""One area on one page: its best and worst parts, what is late longest, photos before and after, who answers."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from geo.access import Actor, decide, mask
from geo.deadlines import DAY, working_days_between
from geo.layers import Indicator, Layer
from geo.lifecycle import local_days
from geo.membership import among
from geo.progress import UNPLACED
from pipelines.store.accounts import Account

FIVE = 5


@dataclass(frozen=True)
class Ends:
    """The best and the worst parts of an area: rows of progress, the best one first and the worst one first."""

    best: pd.DataFrame
    worst: pd.DataFrame


def ends(rows: pd.DataFrame, indicator: Indicator, *, count: int = FIVE) -> Ends:
    """The parts that stand best and worst by a figure, at most `count` each and none in both.

    rows: progress rows of the parts. Parts without a value or without things stand nowhere; of equal values the
    one with more things stands nearer to the end, then the lower code; a single part is not ranked. A figure
    that says not which way is better counts the larger as better.
    """
    known = rows[rows[indicator.id].notna() & (rows["features"] > 0) & (rows["level"] != UNPLACED)]
    sign = 1.0 if indicator.better == "lower" else -1.0
    keys = pd.DataFrame(
        {
            "value": known[indicator.id].astype(float).round(6) * sign,
            "size": -known["features"].astype(float),
            "code": known["area_code"],
        }
    )
    upward = known.loc[keys.sort_values(["value", "size", "code"]).index]
    downward = known.loc[keys.assign(value=-keys["value"]).sort_values(["value", "size", "code"]).index]
    if len(known) < 2:
        return Ends(known.iloc[:0], known.iloc[:0])
    worst = downward.head(min(count, len(known) // 2))
    best = upward[~upward["area_code"].isin(worst["area_code"])].head(count)
    return Ends(best.reset_index(drop=True), worst.reset_index(drop=True))


def longest_late(things: pd.DataFrame, layer: Layer, as_of: date, *, count: int = FIVE) -> pd.DataFrame:
    """The open things that are late longest: columns id, title, area_name, due_on, overdue_days (working days).

    things: rows as `pipelines.exchange.show` gives them. The longest first, then in order of id.
    """
    late = things[things["overdue"].astype("boolean").fillna(False).to_numpy(bool)]
    late = late.sort_values(["due_on", "id"], kind="stable").head(count)
    title = late[layer.name_field] if layer.name_field else pd.Series("", index=late.index)
    due = late["due_on"].to_numpy().astype(DAY)
    over = working_days_between(due, np.full(len(late), np.datetime64(as_of, "D")))
    return pd.DataFrame(
        {
            "id": late["id"].to_numpy(object),
            "title": title.astype("str").fillna("").to_numpy(object),
            "area_name": late["area_name"].astype("str").fillna("").to_numpy(object),
            "due_on": late["due_on"].to_numpy(),
            "overdue_days": over.astype(np.int64),
        }
    )


@dataclass(frozen=True)
class Pair:
    """The first and the latest photo of a thing, by their digests, with the days they were given."""

    layer_id: str
    thing_id: str
    before: str
    before_on: date
    after: str
    after_on: date


def photo_pairs(
    events: pd.DataFrame, layer_id: str, ids: pd.Series | Collection[str], *, count: int = 4
) -> list[Pair]:
    """Things of which a photo was given on two occasions, those with the latest photo first.

    events: the layer's ledger, columns id, feature_id, at, evidence (JSON text), undoes, in any order. ids: only
    these things.
    """
    shown = events[(events["evidence"] != "[]").to_numpy(bool)]
    shown = shown[among(shown["feature_id"], ids) & ~among(shown["id"], events["undoes"].dropna())]
    shown = shown.sort_values("at", kind="stable")
    earliest = shown.drop_duplicates("feature_id").set_index("feature_id")
    latest = shown.drop_duplicates("feature_id", keep="last").sort_values("feature_id", kind="stable")
    found: list[Pair] = []
    for last in latest.sort_values("at", ascending=False, kind="stable").itertuples(index=False):
        first = earliest.loc[last.feature_id]
        before, after = json.loads(first["evidence"])[0], json.loads(str(last.evidence))[-1]
        if before == after:
            continue
        days = [day.astype(object) for day in local_days(pd.Series([first["at"], last.at], dtype="str"))]
        found.append(Pair(layer_id, str(last.feature_id), before, days[0], after, days[1]))
        if len(found) == count:
            break
    return found


def units(things: pd.DataFrame) -> pd.DataFrame:
    """Which units answer for the open things: columns unit, open, overdue; the one with most overdue first.

    things: rows of a layer; one without a field `responsible_unit` gives none. Blank units stand under "".
    """
    live = things[things["kind"].isin(["open", "in_progress"])]
    if "responsible_unit" not in things or live.empty:
        return pd.DataFrame({"unit": pd.Series(dtype="str"), "open": [], "overdue": []})
    late = live["overdue"].astype("boolean").fillna(False).astype(np.int64)
    unit = live["responsible_unit"].astype("str").fillna("")
    made = pd.DataFrame({"unit": unit, "open": 1, "overdue": late}).groupby("unit", as_index=False).sum()
    return made.sort_values(["overdue", "open", "unit"], ascending=[False, False, True], ignore_index=True)


@dataclass(frozen=True)
class Person:
    """Somebody with an account for an area; the name is masked unless the reader may see people there."""

    name: str
    role: str
    unit: str


def people(known: Collection[Account], area_code: str, actor: Actor) -> list[Person]:
    """Whose accounts are for that very area, in order of role and name; disabled accounts are nobody's."""
    clear = decide(actor, "personal", area_code=area_code).allowed
    mine = sorted(
        (one.role, one.name, one.unit) for one in known if one.area_code == area_code and not one.disabled
    )
    return [Person(name if clear else str(mask(name)), role, unit) for role, name, unit in mine]
