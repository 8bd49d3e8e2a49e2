"""Market days of the county's towns, as `county.toml` or the township layer says them; and the towns' seats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from geo.market_days import MarketRule, is_market_day, next_market_day, read_rule

if TYPE_CHECKING:
    from pipelines.workspace import Workspace

FIELD = "market_days"
SETTINGS = ("calendar", "confirmed")
"""Keys of `[market_days]` that are no town: whose days of the month are meant, whether the county confirmed."""


@dataclass(frozen=True)
class Market:
    """A town's market days as they were written, and what they come to. rule: None when they cannot be read."""

    area_code: str
    name: str
    text: str
    rule: MarketRule | None
    today: bool
    next_day: date | None


def markets(workspace: Workspace, day: date) -> list[Market]:
    """The towns whose market days are known, in order of code.

    `[market_days]` of county.toml: township code or name → rule, beside `calendar` (`lunar` unless it says
    `solar`); it goes before what the township layer's own field says.
    """
    areas = workspace.areas()
    towns = areas[areas["level"] == "township"]
    declared = dict(workspace.settings.raw.get("market_days", {}))
    calendar = "solar" if declared.get("calendar") == "solar" else "lunar"
    texts = {**_of_field(workspace), **{str(k): str(v) for k, v in declared.items() if k not in SETTINGS}}
    found = []
    for code, name in zip(towns["code"], towns["name"], strict=True):
        text = texts.get(str(code)) or texts.get(str(name))
        if text:
            rule = read_rule(text, calendar="solar" if calendar == "solar" else "lunar")
            upcoming = next_market_day(rule, day) if rule else None
            now = rule is not None and is_market_day(rule, day)
            found.append(Market(str(code), str(name), text, rule, now, upcoming))
    return found


def confirmed(workspace: Workspace) -> bool:
    """Whether the county has confirmed its market days (`[market_days] confirmed = true`)."""
    return bool(workspace.settings.raw.get("market_days", {}).get("confirmed", False))


def _of_field(workspace: Workspace) -> Mapping[str, str]:
    """Code → rule of the townships, where the workspace's own township layer has a field for it."""
    from pipelines.store.layers import current_rows

    layer = workspace.layer("township")
    if FIELD not in {one.name for one in layer.fields} or not workspace.imports("township"):
        return {}
    rows = current_rows(workspace, layer, columns=["code", FIELD])
    rows = rows[rows["code"].notna() & rows[FIELD].notna()]
    return dict(zip(rows["code"].astype(str), rows[FIELD].astype(str), strict=True))


def seats(workspace: Workspace) -> dict[str, tuple[float, float]]:
    """Township code → lon, lat of its seat: the middle of its largest urban boundary, else a point inside it."""
    from pipelines.marks_places import ground

    areas = workspace.areas()
    towns = areas[areas["level"] == "township"]
    built = ground(workspace).towns
    middles = shapely.point_on_surface(built) if len(built) else np.zeros(0, dtype=object)
    found = {}
    for code, shape in zip(towns["code"], towns.geometry, strict=True):
        mine = list(np.flatnonzero(shapely.intersects(shape, middles))) if len(built) else []
        largest = max(mine, key=lambda row: shapely.area(built[row]), default=None)
        point = middles[largest] if largest is not None else shape.representative_point()
        found[str(code)] = (round(float(point.x), 6), round(float(point.y), 6))
    return found


def inside(workspace: Workspace, code: str) -> tuple[float, float] | None:
    """Lon, lat of a point within an area, for who has no town to start from; None for an unknown code."""
    areas = workspace.areas()
    mine = areas[areas["code"] == code]
    if mine.empty:
        return None
    point = mine.geometry.iloc[0].representative_point()
    return round(float(point.x), 6), round(float(point.y), 6)


def on_market_day(things: pd.DataFrame, held: list[Market]) -> pd.Series:
    """Which things stand in a township that has its market today; bool, indexed as `things`."""
    today = {one.area_code for one in held if one.today}
    return things["area_code"].str[:9].isin(today).fillna(False).astype(bool)
