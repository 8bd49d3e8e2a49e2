"""A batch of rows put on the map: shapes brought to degrees, names resolved, the two held against each other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geo.gazetteer import Gazetteer, Resolution
from geo.issues import Issue
from geo.joins import assign_points
from geo.overlaps import MANY
from pipelines.coordinates import place_shapes
from pipelines.placement import Placement
from pipelines.store.machine_code import load_kernels

if TYPE_CHECKING:
    import geopandas as gpd


_METRES = 111_320.0
# A point may miss the place it names by this much: the reach of a telephone's position under trees.
_NEAR_ENOUGH_M = 30.0
# Findings that are grave only where no coordinates say where a row is.
_SOFTER = {
    "place_unknown": "place_name_unknown",
    "place_ambiguous": "place_name_ambiguous",
    "place_split": "place_name_ambiguous",
}

_FARTHEST_M = 2e7
"""Half way round the earth: no place is farther."""


def place_batch(
    raw: pd.DataFrame, typed: pd.DataFrame, placement: Placement, gazetteer: Gazetteer | None
) -> tuple[gpd.GeoDataFrame, list[Issue]]:
    """Where the rows of a batch are, and the findings on it.

    raw: as the reader gave it. typed: the same rows with layer fields. Returned in the order and with the index
    of `typed`, EPSG:4490: geometry (None where there are no coordinates, or only a point for a thing that has an
    area), placed_by (`geometry`, `name` or `none`), area_code (finest area known: by coordinates, else by name;
    None), place_score (0–100 of the name; 100 by coordinates; NaN for none), and lon, lat of a point on the shape
    as it came.
    """
    import geopandas as gpd

    rows = typed.index.to_numpy()
    shapes, issues = place_shapes(raw, placement)
    there = ~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)
    inner = shapely.point_on_surface(shapes)
    resolved, softened = _named(typed, raw, placement, gazetteer, there)
    issues += softened
    codes, scores = _codes(len(typed), resolved)
    lies = _lies(inner, placement)
    if placement.areas is not None and not placement.layer.is_area:
        all_codes = placement.areas["code"].to_numpy(object)
        issues += _outside(shapes, there, rows, placement)
        issues += _elsewhere(shapes, there & (lies >= 0), lies, codes, scores, rows, placement)
        codes = codes.copy()
        codes[lies >= 0] = all_codes[lies[lies >= 0]]
    scores = np.where(there, 100.0, scores)
    kept = np.full(len(shapes), None, dtype=object) if placement.points_only else shapes
    shaped = there & ~shapely.is_missing(kept)
    placed_by = np.where(shaped, "geometry", np.where(pd.notna(codes), "name", "none"))
    issues += _missing(rows, there, codes, softened, placement)
    columns = {
        "placed_by": placed_by,
        "area_code": codes,
        "place_score": np.where(placed_by == "none", np.nan, scores),
    }
    columns |= {"lon": shapely.get_x(inner), "lat": shapely.get_y(inner)}
    made = gpd.GeoDataFrame(columns, geometry=kept, index=typed.index, crs="EPSG:4490")
    return made[["geometry", *columns]], issues


def _named(
    typed: pd.DataFrame,
    raw: pd.DataFrame,
    placement: Placement,
    gazetteer: Gazetteer | None,
    there: NDArray[np.bool_],
) -> tuple[Resolution | None, list[Issue]]:
    """What the names of each row were resolved to, and the findings on them."""
    columns = _name_columns(typed, raw, placement, there)
    if gazetteer is None or not len(gazetteer) or not columns or not len(typed):
        return None, []
    resolved = gazetteer.resolve(**columns)
    issues = []
    for number, match in enumerate(resolved.matches):
        if not match.issues:
            continue
        for at in np.flatnonzero(resolved.position == number):
            placed = bool(there[at]) or match.level == "village"
            issues += list(_issues(match.issues, int(typed.index.to_numpy()[at]), placed))
    return resolved, issues


def _issues(found: Iterable[tuple[str, Any]], row: int, placed: bool) -> Iterable[Issue]:
    for code, params in found:
        near = params.get("nearest")
        hints = (
            {"hint_zh": f"，相近的有“{near}”", "hint_en": f"; near it is {near}"}
            if near
            else {"hint_zh": "", "hint_en": ""}
        )
        told = {**params, **hints} if code == "place_unknown" else dict(params)
        yield Issue(_SOFTER.get(code, code) if placed else code, row, _FIELDS.get(code), told)


_FIELDS = {"code_unknown": "village_code", "code_name_disagree": "village_code", "place_unknown": "village_name"}


def _name_columns(
    typed: pd.DataFrame, raw: pd.DataFrame, placement: Placement, there: NDArray[np.bool_]
) -> dict[str, pd.Series]:
    """Township, village, code and free text of each row, as far as the table has them."""
    made: dict[str, pd.Series] = {}
    for part, name in placement.names.items():
        if name.startswith("@") and name[1:] in raw.columns:
            made[part] = raw[name[1:]].astype("string")
        elif name in typed.columns:
            made[part] = typed[name].astype("string")
    parcel = made.pop("parcel", None)
    if parcel is not None:
        # A parcel's code tells its village, in the codes of the land survey: of use where nothing else is.
        empty = pd.Series("", index=typed.index, dtype="string")
        village = parcel.where(parcel.str.len() == 19, "").str.slice(0, 12).where(~there, "")
        stated = made.get("code", empty).fillna("")
        told = stated != ""
        for part in ("township", "village"):
            if part in made:
                told = told | (made[part].fillna("") != "")
        made["code"] = stated.where(told, village)
    return made


def _codes(count: int, resolved: Resolution | None) -> tuple[NDArray[np.object_], NDArray[np.float64]]:
    if resolved is None:
        return np.full(count, None, dtype=object), np.full(count, np.nan)
    return resolved.area_code(), resolved.score()


def _lies(points: NDArray[np.object_], placement: Placement) -> NDArray[np.intp]:
    """The position of the finest area that holds each point, -1 where none does."""
    if placement.areas is None or placement.layer.is_area:
        return np.full(len(points), -1, dtype=np.intp)
    if len(points) >= MANY:
        load_kernels()
    return np.asarray(
        assign_points(points, placement.areas if placement.leaves is None else placement.leaves), dtype=np.intp
    )


def _outside(
    shapes: NDArray[np.object_], there: NDArray[np.bool_], rows: NDArray[np.int64], placement: Placement
) -> list[Issue]:
    """`outside_county` for every shape that does not even touch the county."""
    if placement.outline is None:
        return []
    # A copy, because batches are placed side by side, and two threads must never share a prepared shape.
    outline = shapely.from_wkb(shapely.to_wkb(placement.outline))
    shapely.prepare(outline)
    at = np.flatnonzero(there)
    away = at[~shapely.intersects(outline, shapes[at])]
    distance = np.clip(np.nan_to_num(_distance_m(shapes[away], outline), nan=np.inf), 0, _FARTHEST_M)
    return [
        Issue("outside_county", int(rows[i]), None, {"distance_m": round(float(d))})
        for i, d in zip(away, distance, strict=True)
    ]


def _elsewhere(
    shapes: NDArray[np.object_],
    there: NDArray[np.bool_],
    lies: NDArray[np.intp],
    codes: NDArray[np.object_],
    scores: NDArray[np.float64],
    rows: NDArray[np.int64],
    placement: Placement,
) -> list[Issue]:
    """`not_in_named_village` for every shape that lies in another area than the one its row names."""
    assert placement.areas is not None
    named = pd.Index(placement.areas["code"]).get_indexer(pd.Index(codes, dtype=object))
    all_codes = placement.areas["code"].to_numpy(object)
    apart = np.flatnonzero(there & (named >= 0))
    apart = apart[[not str(all_codes[lies[i]]).startswith(str(all_codes[named[i]])) for i in apart]]
    frames, names = placement.areas["geometry"].to_numpy(object), placement.areas["name"].to_numpy(object)
    found = []
    for i in apart:
        frame = frames[named[i]]
        distance = float(_distance_m(shapes[i : i + 1], frame)[0])
        if distance <= _NEAR_ENOUGH_M and not _mostly_away(shapes[i], frame, str(all_codes[named[i]])):
            continue
        params = {"name": names[named[i]], "lies": names[lies[i]], "distance_m": round(distance)}
        found.append(Issue("not_in_named_village", int(rows[i]), "village_name", params))
    return found


def _mostly_away(shape: Any, frame: Any, code: str) -> bool:
    """Whether a polygon that touches its village has most of its area elsewhere; a township is held less close."""
    if shapely.get_dimensions(shape) < 2 or len(code) < 12:
        return False
    return bool(shapely.area(shapely.intersection(shape, frame)) < shapely.area(shape) / 2)


def _distance_m(shapes: NDArray[np.object_], frame: Any) -> NDArray[np.float64]:
    """Metres from each shape to `frame`, both in degrees, on a plane that touches at the frame."""
    if not len(shapes):
        return np.empty(0)
    _, south, _, north = shapely.bounds(frame)
    scale = np.array([_METRES * np.cos(np.radians((south + north) / 2)), _METRES])
    flat = shapely.transform(frame, lambda xy: xy * scale)
    shapely.prepare(flat)
    with np.errstate(over="ignore", invalid="ignore"):  # coordinates that are none are farther than any number
        made: NDArray[np.float64] = shapely.distance(shapely.transform(shapes, lambda xy: xy * scale), flat)
    return made


def _missing(
    rows: NDArray[np.int64],
    there: NDArray[np.bool_],
    codes: NDArray[np.object_],
    said: list[Issue],
    placement: Placement,
) -> list[Issue]:
    """`place_missing` for rows without coordinates and without a name that anything was said of."""
    if placement.layer.geometry == "none" and not placement.names:
        return []
    told = {issue.row for issue in said}
    lost = np.flatnonzero(~there & pd.isna(codes))
    known = placement.areas is not None or not placement.names
    return [Issue("place_missing", int(rows[i])) for i in lost if known and int(rows[i]) not in told]
