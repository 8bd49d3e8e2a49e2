"""Parcels in the land bureaus' exchange text: a head of key=value lines, then J-points in rings, north first."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import shapely
from pyproj import CRS

from geo.errors import Refused
from geo.issues import Issue

from .columns import frame_of, objects
from .source import Table
from .survey import NUMBER, is_east, is_north, is_prefixed, read_text, table_of_frame

_COLUMNS = ("界址点数", "地块面积", "地块编号", "地块名称", "图形属性", "图幅号", "地块用途", "地类编码")
_LON, _LAT = (73.0, 136.0), (3.0, 54.0)
_DATUMS = (("2000", "cgcs2000"), ("80", "xian1980"), ("54", "beijing1954"))


def is_parcel_text(text: str) -> bool:
    """Whether the text is in the exchange form: an attribute section or a section of J-points."""
    return "[地块坐标]" in text or "[属性描述]" in text


@dataclass
class _Parcel:
    row: int
    attributes: list[str]
    rings: dict[str, list[tuple[float, float]]] = field(default_factory=dict)


def open_parcels(path: Path, *, sender: Path, encoding: str | None = None) -> Table:
    """Parcels of the land bureaus' exchange text; X is north and Y east, so shapes come out east first.

    Columns 界址点数 地块面积(ha) 地块编号 地块名称 图形属性 图幅号 地块用途 地类编码; `row` is the line of the
    parcel's head. CRS from 坐标系, 几度分带 and 带号 of the head where all are there (finding `crs_from_header`),
    else None. Raises Refused `survey_without_parcels`.
    """
    text, decision = read_text(path, encoding)
    issues = list(decision.issues)
    head, parcels = _parse(text, issues)
    if not parcels:
        raise Refused("survey_without_parcels", file=path.name)
    swapped = _swapped(parcels)
    if swapped:
        issues.append(Issue("survey_axes_turned", params={"file": path.name}))
    shapes = [_shape(parcel, swapped) for parcel in parcels]
    issues += [Issue("ring_too_short", p.row) for p, s in zip(parcels, shapes, strict=True) if s is None]
    eastings = [
        point[0 if swapped else 1] for parcel in parcels for ring in parcel.rings.values() for point in ring
    ]
    crs = _declared_crs(head, eastings, path, issues)
    columns = {name: objects(_attribute(p.attributes, at) for p in parcels) for at, name in enumerate(_COLUMNS)}
    index = pd.Index([parcel.row for parcel in parcels], name="row")
    frame = frame_of({**columns, "geometry": objects(shapes)}, index)
    kinds = {p.attributes[4].strip() for p in parcels if len(p.attributes) > 4}
    kind = (
        "point" if kinds == {"点"} else "line" if kinds == {"线"} else "polygon" if kinds <= {"面", ""} else "any"
    )
    table = table_of_frame(path, sender, frame, _COLUMNS, kind, decision, crs, issues)
    table.units = {"地块面积": "ha"}
    return table


def _attribute(attributes: list[str], at: int) -> str | None:
    return (attributes[at].strip() or None) if at < len(attributes) else None


def _parse(text: str, issues: list[Issue]) -> tuple[dict[str, str], list[_Parcel]]:
    """The head's `key=value` lines and the parcels with their rings, coordinates as written."""
    head: dict[str, str] = {}
    parcels: list[_Parcel] = []
    in_parcels = False
    for row, line in enumerate(text.splitlines(), 1):
        line = line.strip().replace("，", ",")
        if not line or line.startswith("["):
            in_parcels = in_parcels or line.startswith("[地块坐标")
        elif not in_parcels:
            key, _, value = line.partition("=")
            head[key.strip()] = value.strip()
        elif line.rstrip(",").endswith("@"):
            parcels.append(_Parcel(row, line.rstrip(",").rstrip("@").rstrip(",").split(",")))
        else:
            parts = [part.strip() for part in line.split(",")]
            numbers = parts[-2:]
            if len(parts) < 3 or not parcels or not all(NUMBER.match(n) for n in numbers):
                issues.append(Issue("line_unreadable", row))
                continue
            ring = parts[1] if len(parts) > 3 else "1"
            parcels[-1].rings.setdefault(ring, []).append((float(numbers[0]), float(numbers[1])))
    return head, parcels


def _swapped(parcels: list[_Parcel]) -> bool:
    """Whether the file gives east (or longitude) first, against its own rule."""
    first, second = next((ring[0] for p in parcels for ring in p.rings.values() if ring), (0.0, 0.0))
    if _LON[0] <= first <= _LON[1] and _LAT[0] <= second <= _LAT[1]:
        return True
    return is_east(first) and is_north(second)


def _shape(parcel: _Parcel, swapped: bool) -> Any:
    """The parcel's shape, east first. Rings inside another are holes, rings beside it are parts."""
    rings = [[p if swapped else (p[1], p[0]) for p in ring] for ring in parcel.rings.values()]
    kind = parcel.attributes[4].strip() if len(parcel.attributes) > 4 else "面"
    if kind == "点":
        points = [point for ring in rings for point in ring]
        return shapely.Point(points[0]) if len(points) == 1 else shapely.MultiPoint(points) if points else None
    if kind == "线":
        lines = [shapely.LineString(ring) for ring in rings if len(ring) > 1]
        return lines[0] if len(lines) == 1 else shapely.MultiLineString(lines) if lines else None
    faces = [shapely.Polygon(ring) for ring in rings if len(set(ring)) >= 3]
    if len(faces) < len(rings) or not faces:
        return None
    return assemble(faces)


def assemble(faces: list[Any]) -> Any:
    """Rings as one polygon or multipolygon: a ring inside an odd number of others is a hole in the smallest."""
    if len(faces) == 1:
        return faces[0]
    inside = [
        [j for j, other in enumerate(faces) if j != i and _within(face, other)] for i, face in enumerate(faces)
    ]
    outers = [i for i, around in enumerate(inside) if len(around) % 2 == 0]
    holes: dict[int, list[Any]] = {i: [] for i in outers}
    for i, around in enumerate(inside):
        if len(around) % 2:
            owner = min((j for j in around if j in holes), key=lambda j: faces[j].area)
            holes[owner].append(faces[i].exterior)
    polygons = [shapely.Polygon(faces[i].exterior, holes[i]) for i in outers]
    return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)


def _within(face: Any, other: Any) -> bool:
    return bool(other.area > face.area and other.buffer(0).contains(face.representative_point()))


def _declared_crs(head: dict[str, str], eastings: list[float], path: Path, issues: list[Issue]) -> CRS | None:
    """The CRS the head names, checked against the eastings' zone prefix; None when it does not say enough."""
    datum = next((id_ for mark, id_ in _DATUMS if mark in head.get("坐标系", "")), None)
    if eastings and all(_LON[0] <= value <= _LON[1] for value in eastings):
        return CRS.from_epsg(4490) if datum == "cgcs2000" else None
    width, zone = _integer(head.get("几度分带")), _integer(head.get("带号"))
    prefixes = {int(value // 1_000_000) for value in eastings if is_prefixed(value)}
    if len(prefixes) == 1:
        prefix = prefixes.pop()
        if zone is not None and zone != prefix:
            issues.append(Issue("zone_contradicts", params={"file": path.name, "zone": zone, "prefix": prefix}))
        zone, prefixed = prefix, True
    else:
        prefixed = False
    code = gauss_kruger(datum, width, zone, prefixed=prefixed) if datum and width and zone else None
    if code is None:
        issues.append(Issue("survey_crs_unknown", params={"file": path.name, "system": head.get("坐标系", "")}))
        return None
    issues.append(Issue("crs_from_header", params={"file": path.name, "epsg": code, "zone": zone, "width": width}))
    return CRS.from_epsg(code)


def _integer(text: str | None) -> int | None:
    found = re.search(r"\d+", text or "")
    return int(found[0]) if found else None


# EPSG codes of zone 25 (3°) or 13 (6°), with and without zone prefix; the others follow one by one.
_FIRST = {
    ("cgcs2000", 3): (4513, 4534), ("cgcs2000", 6): (4491, 4502),
    ("xian1980", 3): (2349, 2370), ("xian1980", 6): (2327, 2338),
    ("beijing1954", 3): (2401, 2422), ("beijing1954", 6): (21413, 21453),
}  # fmt: skip


def gauss_kruger(datum: str, width_degrees: int, zone: int, *, prefixed: bool) -> int | None:
    """EPSG code of a Gauss–Krüger zone of this country, or None when there is none.

    datum: `cgcs2000`, `xian1980` or `beijing1954`. width_degrees: 3 (zones 25–45) or 6 (13–23). prefixed: whether
    eastings carry the zone before the 500 km.
    """
    first = _FIRST.get((datum, width_degrees))
    step = zone - (25 if width_degrees == 3 else 13)
    if first is None or not 0 <= step <= (20 if width_degrees == 3 else 10):
        return None
    return first[0 if prefixed else 1] + step
