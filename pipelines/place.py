"""Where the rows of a table are: which columns say so, in which coordinate system, and what speaks against it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geo.areas import outline_of
from geo.columns import ColumnMatch
from geo.crs import CrsDecision, decide_crs, suits
from geo.datums import Datums
from geo.degrees import is_packed
from geo.errors import Refused
from geo.gazetteer import Gazetteer
from geo.issues import Issue
from geo.layers import Layer
from geo.shift_fit import ShiftVerdict, decide_by_edges, decide_by_hits
from geo.systems import Points, inside
from pipelines.place_rows import place_batch
from pipelines.placement import Placement, Source, SourceKind, numbers, raw_shapes
from pipelines.read.source import Table

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["Placement", "Source", "decide", "place_batch"]

_WEB_MAP = {"gcj02": "gcj02", "gcj-02": "gcj02", "bd09": "bd09", "bd-09": "bd09"}
# Too few named rows say nothing of a layer.
_GUESSED = frozenset({"crs_assumed", "crs_assumed_in_china", "crs_assumed_degrees", "lonlat_assumed"})
"""What a file is told that states no coordinate system: untrue of columns beside shapes whose system it states."""
_FEWEST_NAMED = 10


def decide(
    table: Table,
    sample: pd.DataFrame,
    match: ColumnMatch,
    layer: Layer,
    areas: gpd.GeoDataFrame | None,
    *,
    crs: str | int | None = None,
    datums: Datums | None = None,
) -> Placement:
    """How to place the rows of `table`, judged by a sample of its raw rows.

    areas: the county's, None or empty where there are none. crs: the user's EPSG number, `EPSG:4527`, or
    `gcj02`/`bd09`; it wins. datums: see `geo.systems.with_datum`. Refused as `geo.crs.decide_crs` says.
    """
    areas = None if areas is None or areas.empty else areas
    number, shift = _user_crs(crs)
    told = _Told(
        table, match, layer, areas, outline_of(areas) if areas is not None else None, number, shift, datums
    )
    found: list[Source] = []
    issues: list[Issue] = []
    refusals: list[Refused] = []
    for kind, columns in _ways(table, match):
        try:
            made = _source(kind, columns, sample, told)
        except Refused as refusal:
            refusals.append(refusal)
            issues.append(Issue("coordinates_skipped", None, columns[0], {"columns": "、".join(columns)}))
            continue
        if made is not None:
            stated = bool(found) and found[0].kind == "map" and table.crs is not None
            found.append(made[0])
            issues += [one for one in made[1] if not (stated and one.code in _GUESSED)]
    if refusals and not found:
        raise refusals[0]
    names = _names(layer, match)
    if not found and areas is None and names:
        issues.append(Issue("areas_needed"))
    points_only = (
        bool(found) and layer.geometry in ("polygon", "line") and all(_gives_points(s, told) for s in found)
    )
    if points_only:
        issues.append(Issue("points_place_only", None, None, {"layer": layer.label.zh}))
    label = found[0].decision.label if found else None
    return Placement(
        layer, tuple(found), names, label, tuple(issues), told.outline, areas, points_only=points_only
    )


def _of_degrees(issue: Issue) -> Issue:
    """Columns headed longitude and latitude that lie in the county say enough: a remark, not a warning."""
    return Issue("lonlat_assumed", params=issue.params) if issue.code == "crs_assumed" else issue


def _gives_points(source: Source, told: _Told) -> bool:
    """Whether a source has points and nothing else; a map of points for a layer that needs shapes is a fault."""
    on_map = source.kind == "map" and told.table.geometry_type == "point" and not told.layer.geometry_required
    return source.is_points or on_map


@dataclass(frozen=True)
class _Told:
    """What is known before the coordinates are looked at."""

    table: Table
    match: ColumnMatch
    layer: Layer
    areas: gpd.GeoDataFrame | None
    outline: Any
    crs: int | None
    shift: str | None
    datums: Datums | None


def _source(
    kind: SourceKind, columns: tuple[str, ...], sample: pd.DataFrame, told: _Told
) -> tuple[Source, list[Issue]] | None:
    """One way of giving coordinates, decided; None when the sample has none that way."""
    packed = kind == "lonlat" and is_packed(*(numbers(sample[c]) for c in columns))
    shapes, srid, minutes = raw_shapes(kind, columns, sample, told.layer, packed)
    xy = _middles(shapes)
    if not len(xy):
        return None
    given = told.crs or srid
    # Where a table gives degrees and metres, the user's system is that of the numbers it suits.
    if given is not None and kind != "map" and not suits(given, xy) and not minutes:
        raise Refused("crs_unknown", example=f"{xy[0, 0]:.10g}, {xy[0, 1]:.10g}")
    declared = told.table.crs if kind == "map" else None
    decision = decide_crs(
        xy, declared=declared, given=given, outline=told.outline, datums=told.datums, survey=kind == "xy"
    )
    if kind in ("lonlat", "pair") and decision.source.is_geographic:
        decision = replace(decision, issues=tuple(_of_degrees(issue) for issue in decision.issues))
    source = Source(kind, columns, decision, packed)
    verdict = ShiftVerdict()
    if told.shift is None and told.areas is not None:
        verdict = _shift(source, shapes, sample, told.match, told.layer, told.areas)
    if told.crs is not None and verdict.name is not None:
        # The user has said what the coordinates are: an offset is remarked on, not taken off.
        verdict = replace(verdict, name=None, suspected=verdict.name)
    shifted, issues = _with_shift(decision, told.shift, verdict)
    if minutes or packed:
        issues.append(Issue("dms_read", None, columns[0], {"columns": "、".join(columns)}))
    return replace(source, decision=shifted), issues


def _user_crs(crs: str | int | None) -> tuple[int | None, str | None]:
    """The EPSG number and the web-map offset that a user's word means."""
    text = "" if crs is None else str(crs).strip().lower()
    if not text:
        return None, None
    if text in _WEB_MAP:
        return 4326, _WEB_MAP[text]
    number = re.fullmatch(r"(?:epsg\s*:?\s*)?(\d{4,6})", text)
    if not number:
        raise Refused("crs_no_such", crs=str(crs))
    return int(number[1]), None


def _ways(table: Table, match: ColumnMatch) -> list[tuple[SourceKind, tuple[str, ...]]]:
    """The ways this table may give coordinates, the most telling first."""
    ways: list[tuple[SourceKind, tuple[str, ...]]] = []
    roles = match.roles
    if table.kind == "map" and table.geometry_type != "none":
        ways.append(("map", ("geometry",)))
    if "@wkt" in roles:
        ways.append(("wkt", (roles["@wkt"],)))
    if "@lon" in roles and "@lat" in roles:
        ways.append(("lonlat", (roles["@lon"], roles["@lat"])))
    if "@x" in roles and "@y" in roles:
        ways.append(("xy", (roles["@x"], roles["@y"])))
    if "@lonlat" in roles:
        ways.append(("pair", (roles["@lonlat"],)))
    return ways


def _middles(shapes: NDArray[np.object_]) -> Points:
    """(n, 2) middles of the shapes that are there."""
    kept = shapes[~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)]
    bounds = shapely.bounds(kept)
    return (bounds[:, :2] + bounds[:, 2:]) / 2 if len(kept) else np.empty((0, 2))


def _shift(
    source: Source,
    shapes: NDArray[np.object_],
    sample: pd.DataFrame,
    match: ColumnMatch,
    layer: Layer,
    areas: gpd.GeoDataFrame,
) -> ShiftVerdict:
    """Whether a web-map offset hides in a source: areas by their edges, things by the places their rows name."""
    there = ~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)
    if layer.is_area:
        trusted = _trusted_edges(areas, str(layer.area_level))
        placed = shapely.transform(shapes[there], source.decision.lonlat, include_z=False, interleaved=True)
        return decide_by_edges(placed, trusted) if trusted is not None else ShiftVerdict()
    lonlat = source.decision.lonlat(_middles(shapes))
    named = _named_areas(sample[there], match, layer, areas)
    known = named >= 0
    if int(known.sum()) >= _FEWEST_NAMED:
        frames = areas["geometry"].to_numpy(object)
        verdict = decide_by_hits(lonlat[known], _in_named(named[known], frames), "named")
        if verdict.name or verdict.suspected:
            return verdict
    outline = outline_of(areas)
    if outline is None:
        return ShiftVerdict()
    return decide_by_hits(lonlat, lambda points: inside(outline, points), "outline")


def _trusted_edges(areas: gpd.GeoDataFrame, level: str) -> Any:
    """The boundaries a layer of areas should share: of the nearest level above, else the known outline."""
    above = {"county": (), "township": ("county",), "village": ("township", "county")}.get(level, ())
    for name in above:
        shapes = areas.loc[areas["level"] == name, "geometry"].to_numpy(object)
        if len(shapes):
            return shapely.union_all(shapely.boundary(shapes))
    outline = outline_of(areas)
    return None if outline is None else shapely.boundary(outline)


def _named_areas(
    sample: pd.DataFrame, match: ColumnMatch, layer: Layer, areas: gpd.GeoDataFrame
) -> NDArray[np.intp]:
    """The position in `areas` of the place each raw row names, -1 where it names none that is sure."""
    headings = {part: match.heading(name) for part, name in _names(layer, match).items() if part in _NAME_FIELDS}
    columns = {part: sample[h] for part, h in headings.items() if h is not None and h in sample.columns}
    if not columns:
        return np.full(len(sample), -1, dtype=np.intp)
    resolved = Gazetteer.from_areas(areas).resolve(**columns)
    codes = resolved.area_code()
    codes[resolved.score() < 90.0] = None
    return pd.Index(areas["code"]).get_indexer(pd.Index(codes, dtype=object))


def _in_named(named: NDArray[np.intp], frames: NDArray[np.object_]) -> Any:
    groups = [(at, np.flatnonzero(named == at)) for at in np.unique(named)]

    def _hits(points: Points) -> NDArray[np.bool_]:
        made = np.zeros(len(points), dtype=np.bool_)
        for at, rows in groups:
            made[rows] = inside(frames[at], points[rows])
        return made

    return _hits


def _with_shift(
    decision: CrsDecision, shift: str | None, verdict: ShiftVerdict
) -> tuple[CrsDecision, list[Issue]]:
    """The decision with an offset to take off, given by the user or found, and what is to be said of it all."""
    issues = list(decision.issues)
    name = shift or verdict.name
    params = {"before_percent": round(100 * verdict.before, 1), "after_percent": round(100 * verdict.after, 1)}
    if verdict.name:
        issues.append(Issue(f"{verdict.name}_shifted", None, None, {**params, "basis": verdict.basis}))
    elif verdict.suspected:
        issues.append(Issue("shift_suspected", None, None, {**params, "shift": verdict.suspected}))
    return replace(decision, shift=name), issues


_NAME_FIELDS = {"township": "township_name", "village": "village_name", "code": "village_code"}


def _names(layer: Layer, match: ColumnMatch) -> dict[str, str]:
    """Which columns name a row's place; none for areas, which are places themselves."""
    if layer.is_area:
        return {}
    found = {part: name for part, name in _NAME_FIELDS.items() if name in match.fields}
    if "code" not in found and "township_code" in match.fields:
        found["code"] = "township_code"
    parcel = next((f.name for f in layer.fields if "DKBM" in f.standard and f.name in match.fields), None)
    if parcel is not None:
        found["parcel"] = parcel
    if "@place" in match.roles:
        found["place"] = f"@{match.roles['@place']}"
    return found
