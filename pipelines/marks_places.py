"""Where a marked site stands: its areas, the kind of place by what lies around it, and the open sites near it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import shapely

from geo.access import Actor, readable_root
from geo.errors import Refused
from geo.layers import Layer
from geo.route import distances_m
from pipelines.workspace import Workspace

LAYER = "inspection_point"
NEAR_M, ROAD_M, FRINGE_M = 50.0, 30.0, 300.0
NEIGHBOURS_M, NEIGHBOURS = 150.0, 3
"""Distances that decide the guess of a place's kind; a guess may always be changed by whoever stands there."""
AROUND_M, AROUND_MOST = 5_000.0, 300
"""How far a form looks ahead for a dead zone, and how many sites it keeps at most."""
LIVE = ("open", "in_progress")
NEAR_COLUMNS = ["id", "category", "stage", "address", "distance_m", "area_code", "lon", "lat"]
MOST_FARMLAND = 200_000
DEGREE_M = 111_320.0


@dataclass(frozen=True)
class Guess:
    """What kind of place a site stands in, and by what: a guess that whoever stands there may change.

    basis: `urban_boundary`, `fringe`, `road`, `farmland`, `neighbours`, or `nothing` (then it is the commonest).
    """

    value: str | None
    basis: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Spot:
    """What is known of a place. township, village: (code, name), None where it lies in none.

    near: open sites within 50 m, nearest first: id, category, stage, address, distance_m, area_code, lon, lat;
    None for what is missing.
    """

    area_code: str | None
    township: tuple[str, str] | None
    village: tuple[str, str] | None
    guess: Guess
    near: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Ground:
    """The layers that tell where a place stands, ready to be asked; EPSG:4490, None where there are none."""

    areas: pd.DataFrame
    area_tree: shapely.STRtree
    towns: np.ndarray
    largest: int
    roads: shapely.STRtree | None
    farmland: shapely.STRtree | None


def ground(workspace: Workspace) -> Ground:
    """The ground of a workspace as its imports have it; made once for each edition."""
    return _ground(str(workspace.root), workspace.edition())


@lru_cache(maxsize=2)
def _ground(root: str, _edition: str) -> Ground:
    workspace = Workspace(root)
    areas = workspace.areas()
    towns = _shapes(workspace, "urban_boundary")
    sizes = shapely.area(towns) if len(towns) else np.zeros(0)
    lines = [_shapes(workspace, one.id) for one in workspace.layers().values() if one.geometry == "line"]
    roads = np.concatenate(lines) if lines else np.zeros(0, dtype=object)
    farms = _shapes(workspace, "permanent_farmland")
    return Ground(
        pd.DataFrame(areas.drop(columns="geometry")),
        shapely.STRtree(areas.geometry.to_numpy(object)),
        towns,
        int(sizes.argmax()) if len(sizes) else -1,
        shapely.STRtree(roads) if len(roads) else None,
        shapely.STRtree(farms) if len(farms) else None,
    )


def _shapes(workspace: Workspace, layer_id: str) -> np.ndarray:
    """All shapes of a layer; none when it has no rows, or more than are worth keeping at hand."""
    from pipelines.store.layers import current_rows

    nothing = np.zeros(0, dtype=object)
    imports = workspace.imports(layer_id) if layer_id in workspace.layers() else []
    if not imports or sum(one.accepted for one in imports) > MOST_FARMLAND:
        return nothing
    found = current_rows(workspace, workspace.layer(layer_id), columns=["geometry"])["geometry"].to_numpy(object)
    return found[~(shapely.is_missing(found) | shapely.is_empty(found))]


def known_sites(workspace: Workspace, day: date) -> pd.DataFrame:
    """The sites of a day that have a place.

    Columns: id, stage, kind, area_code, category, place_kind, address, reported_on, lon, lat.
    """
    from pipelines.summarise import things_at

    columns = ["category", "place_kind", "address", "reported_on", "lon", "lat"]
    things = things_at(workspace, workspace.layer(LAYER), day, columns)
    placed = things[things["lon"].notna() & things["lat"].notna()]
    return placed[["id", "stage", "kind", "area_code", *columns]].reset_index(drop=True)


def where(workspace: Workspace, sites: pd.DataFrame, lon: float, lat: float, actor: Actor) -> Spot:
    """What is known of a place (EPSG:4490): its areas, a guess of its kind, and the open sites near it.

    sites: of `known_sites`; those that `actor` may not read neither show nor count. Refused for numbers that are
    no place.
    """
    check_place(lon, lat)
    here = ground(workspace)
    held = areas_at(here, lon, lat)
    around = _around(_readable(sites, actor), lon, lat, NEIGHBOURS_M)
    township, village = held.get("township"), held.get("village")
    deepest = village or township or held.get("county")
    near = _plain(around[around["kind"].isin(LIVE) & (around["distance_m"] <= NEAR_M)])
    guess = place_kind(here, around, lon, lat, workspace.layer(LAYER))
    return Spot(deepest[0] if deepest else None, township, village, guess, near)


def open_sites(sites: pd.DataFrame, lon: float, lat: float, actor: Actor) -> tuple[dict[str, Any], ...]:
    """The open sites around a place that `actor` may read, nearest first, as many as a form keeps for a dead zone.

    sites: of `known_sites`. Keys: `NEAR_COLUMNS`. Refused for numbers that are no place.
    """
    check_place(lon, lat)
    mine = _readable(sites, actor)
    return _plain(_around(mine[mine["kind"].isin(LIVE)], lon, lat, AROUND_M).head(AROUND_MOST))


def _plain(rows: pd.DataFrame) -> tuple[dict[str, Any], ...]:
    return tuple(
        {str(name): None if pd.isna(value) else value for name, value in row.items()}
        for row in rows[NEAR_COLUMNS].to_dict("records")
    )


def _readable(sites: pd.DataFrame, actor: Actor) -> pd.DataFrame:
    reach = readable_root(actor, LAYER)
    if reach == "":
        return sites
    if reach is None:
        return sites.iloc[:0]
    return sites[sites["area_code"].astype("str").str.startswith(reach, na=False)]


def check_place(lon: float, lat: float) -> None:
    """Refused for numbers that are no place."""
    if not (math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90):
        raise Refused("mark_without_place")


def areas_at(here: Ground, lon: float, lat: float) -> dict[str, tuple[str, str]]:
    """Level → (code, name) of the areas that hold a place; on a common border the first by code."""
    rows = sorted(here.area_tree.query(shapely.Point(lon, lat), predicate="intersects"))
    found: dict[str, tuple[str, str]] = {}
    for row in rows:
        one = here.areas.iloc[row]
        found.setdefault(str(one["level"]), (str(one["code"]), str(one["name"])))
    return found


def _around(sites: pd.DataFrame, lon: float, lat: float, reach_m: float) -> pd.DataFrame:
    """The sites within a distance, with `distance_m`, nearest first."""
    wide, high = reach_m / (DEGREE_M * math.cos(math.radians(lat))) * 1.02, reach_m / DEGREE_M * 1.02
    close = sites[(sites["lon"] - lon).abs().le(wide) & (sites["lat"] - lat).abs().le(high)]
    metres = distances_m([lon, *close["lon"]], [lat, *close["lat"]])[0, 1:]
    close = close.assign(distance_m=metres.round(1))
    return close[close["distance_m"] <= reach_m].sort_values(["distance_m", "id"], kind="stable")


def place_kind(here: Ground, around: pd.DataFrame, lon: float, lat: float, layer: Layer) -> Guess:
    """The kind of place, by the first that holds: in a town's boundary, at its edge, on a road, as the neighbours.

    The largest boundary is taken for the county town, the others for market towns.
    """
    known = {choice.value for choice in layer.field("place_kind").choices}
    guess = _guess(here, around, lon, lat)
    return guess if guess.value in known else Guess(None, "nothing")


def guessed_kind(workspace: Workspace, lon: float, lat: float) -> str | None:
    """The kind of place as the ground alone tells it, for drafts made where nothing could be asked."""
    nobody = pd.DataFrame({"place_kind": pd.Series([], dtype="str")})
    return place_kind(ground(workspace), nobody, lon, lat, workspace.layer(LAYER)).value


def _guess(here: Ground, around: pd.DataFrame, lon: float, lat: float) -> Guess:
    to_town = _distances(here.towns, lon, lat, FRINGE_M)
    inside = [row for row, metres in to_town.items() if metres == 0]
    if inside:
        return Guess("urban" if here.largest in inside else "market_town", "urban_boundary")
    to_road = _nearest(here.roads, lon, lat, ROAD_M)
    if to_road is not None:
        return Guess("road", "road", {"metres": round(to_road)})
    if here.largest in to_town:
        return Guess("fringe", "fringe", {"metres": round(to_town[here.largest])})
    said = around["place_kind"].dropna()
    if len(said) >= NEIGHBOURS:
        top = said.value_counts()
        if top.iloc[0] * 3 >= len(said) * 2:
            return Guess(str(top.index[0]), "neighbours", {"count": int(top.iloc[0])})
    if _nearest(here.farmland, lon, lat, 0.0) is not None:
        return Guess("village", "farmland")
    return Guess("village", "nothing")


def _distances(shapes: np.ndarray, lon: float, lat: float, reach_m: float) -> dict[int, float]:
    """Row → metres of the shapes that lie within a distance of a place; 0 inside."""
    if not len(shapes):
        return {}
    scale = np.array([DEGREE_M * math.cos(math.radians(lat)), DEGREE_M])
    box = shapely.box(*(np.array([lon, lat]) - reach_m / scale), *(np.array([lon, lat]) + reach_m / scale))
    rows = np.flatnonzero(shapely.intersects(shapes, box))
    flat = shapely.transform(shapes[rows], lambda xy: (xy - [lon, lat]) * scale)
    metres = shapely.distance(flat, shapely.Point(0, 0))
    return {int(row): float(one) for row, one in zip(rows, metres, strict=True) if one <= reach_m}


def _nearest(tree: shapely.STRtree | None, lon: float, lat: float, reach_m: float) -> float | None:
    """Metres to the nearest shape of a tree within a distance; None when there is none."""
    if tree is None:
        return None
    wide, high = reach_m / (DEGREE_M * math.cos(math.radians(lat))), reach_m / DEGREE_M
    rows = tree.query(shapely.box(lon - wide, lat - high, lon + wide, lat + high))
    found = _distances(tree.geometries[rows], lon, lat, reach_m)
    return min(found.values(), default=None)


def area_of(value: object) -> str | None:
    """A stored area code as text; None for a missing one."""
    return value if isinstance(value, str) and value else None
