"""Where sites crowd more than chance explains, each such hexagon called by the place it lies at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from pipelines.marks_places import areas_at, ground

if TYPE_CHECKING:
    from pipelines.workspace import Workspace

MOST_KINDS = 3


def hot_cells(workspace: Workspace, things: pd.DataFrame, *, seed: int = 1) -> pd.DataFrame:
    """The hexagons where sites crowd more than chance explains: the hot ones of `geo.hotspots.hot_spots`.

    Beside its columns: lon, lat of the middle; near_id and address ("" without one) of the site nearest to it, of
    those within that have an address if any has; town_name and village_name of where that site lies ("" for none);
    categories, the commonest of the sites within as (category, number), at most three, of equals the first by
    name. Hottest first. Refused with `hot_spots_too_few` for fewer than 30 sites.
    """
    from geo.areas import outline_of
    from geo.hotspots import hot_spots

    counted = things[things["kind"] != "void"]
    outline = outline_of(workspace.areas(), workspace.settings.code)
    cells = hot_spots(counted["geometry"].to_numpy(object), seed=seed, within=outline)
    hot = cells[cells["class"].str.startswith("hot")]
    hot = hot.sort_values("z", ascending=False, kind="stable").reset_index(drop=True)
    middle = shapely.get_coordinates(shapely.centroid(hot["geometry"].to_numpy(object)))
    placed = counted[counted["lon"].notna() & counted["lat"].notna()]
    told = [_told(workspace, cell, placed) for cell in hot["geometry"]]
    columns = ["near_id", "address", "town_name", "village_name", "categories"]
    named = pd.DataFrame(told, columns=columns, index=hot.index)
    return hot.assign(lon=middle[:, 0], lat=middle[:, 1]).join(named)


def _told(workspace: Workspace, cell: Any, placed: pd.DataFrame) -> dict[str, Any]:
    """What a hexagon is called by: the site nearest to its middle, of its own with an address if it has any."""
    lon, lat = placed["lon"].to_numpy(float), placed["lat"].to_numpy(float)
    middle = shapely.centroid(cell)
    away = np.hypot((lon - middle.x) * np.cos(np.radians(middle.y)), lat - middle.y)
    inside = shapely.contains_xy(cell, lon, lat)
    told = inside & placed["address"].notna().to_numpy(bool) if "address" in placed else inside
    nearest = placed.iloc[int(np.where(told, away, np.inf if told.any() else away).argmin())]
    held = areas_at(ground(workspace), float(nearest["lon"]), float(nearest["lat"]))
    kinds = placed["category"][inside].dropna().astype("str").value_counts()
    commonest = sorted(kinds.items(), key=lambda one: (-one[1], str(one[0])))[:MOST_KINDS]
    address = nearest.get("address")
    return {
        "near_id": str(nearest["id"]),
        "address": address if isinstance(address, str) else "",
        "town_name": held.get("township", held.get("county", ("", "")))[1],
        "village_name": held.get("village", ("", ""))[1],
        "categories": tuple(commonest),
    }
