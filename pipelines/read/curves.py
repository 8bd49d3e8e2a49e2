"""Arcs, triangle nets and surfaces of a WKB drawn as plain lines and polygons."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import Any

import shapely
from shapely import LineString, MultiLineString, MultiPolygon, Polygon

# The longest piece of an arc: 2°, a sagitta of 0.00015 of the radius.
STEP = math.radians(2)
_DIMENSIONS = {0: 2, 1: 3, 2: 3, 3: 4}
Point = tuple[float, float]


def shape(wkb: bytes | None) -> Any:
    """The shape of a WKB without arcs, or None when it cannot be read; unclosed rings are closed.

    CircularString, CompoundCurve, CurvePolygon, MultiCurve, MultiSurface (ISO 13249-3 codes 8–12),
    PolyhedralSurface, TIN and Triangle (15–17) become lines and polygons.
    """
    if wkb is None:
        return None
    try:
        return shapely.from_wkb(wkb)
    except (shapely.errors.GEOSException, NotImplementedError):
        pass
    try:
        return _Reader(wkb).shape()
    except (struct.error, ValueError, KeyError, shapely.errors.GEOSException):
        return shapely.from_wkb(wkb, on_invalid="fix") if _is_plain(wkb) else None


def _is_plain(wkb: bytes) -> bool:
    if len(wkb) < 5:
        return False
    order = "<" if wkb[0] else ">"
    return int(struct.unpack(order + "I", wkb[1:5])[0]) % 1000 <= 7


class _Reader:
    """Walks through one WKB."""

    def __init__(self, wkb: bytes) -> None:
        self._wkb, self._at = wkb, 0

    def _take(self, form: str) -> tuple[Any, ...]:
        values = struct.unpack_from(self._order + form, self._wkb, self._at)
        self._at += struct.calcsize(self._order + form)
        return values

    def shape(self) -> Any:
        """The next geometry, with its own byte order and type."""
        self._order = "<" if self._wkb[self._at] else ">"
        self._at += 1
        (code,) = self._take("I")
        kind, dimensions = _type(code)
        return self._read[kind](self, dimensions)

    def _points(self, dimensions: int) -> list[Point]:
        (count,) = self._take("I")
        flat = self._take(f"{count * dimensions}d")
        return [(flat[i], flat[i + 1]) for i in range(0, len(flat), dimensions)]

    def _parts(self) -> list[Any]:
        (count,) = self._take("I")
        return [self.shape() for _ in range(count)]

    def _point(self, dimensions: int) -> Any:
        return shapely.Point(self._take(f"{dimensions}d")[:2])

    def _line(self, dimensions: int) -> LineString:
        return LineString(self._points(dimensions))

    def _polygon(self, dimensions: int) -> Polygon:
        (count,) = self._take("I")
        rings = [self._points(dimensions) for _ in range(count)]
        return Polygon(rings[0], rings[1:]) if rings else Polygon()

    def _arc(self, dimensions: int) -> LineString:
        return LineString(stroke(self._points(dimensions)))

    def _compound(self, dimensions: int) -> LineString:
        joined: list[Any] = []
        for part in self._parts():
            joined += list(part.coords)[1 if joined else 0 :]
        return LineString(joined)

    def _curve_polygon(self, dimensions: int) -> Polygon:
        rings = [part.coords for part in self._parts()]
        return Polygon(rings[0], rings[1:]) if rings else Polygon()

    def _multi_line(self, dimensions: int) -> MultiLineString:
        return MultiLineString(self._parts())

    def _multi_polygon(self, dimensions: int) -> MultiPolygon:
        return MultiPolygon(self._parts())

    def _collection(self, dimensions: int) -> Any:
        return shapely.GeometryCollection(self._parts())

    def _multi_point(self, dimensions: int) -> Any:
        return shapely.MultiPoint(self._parts())

    _read: dict[int, Callable[[_Reader, int], Any]] = {  # noqa: RUF012
        1: _point, 2: _line, 3: _polygon, 4: _multi_point, 5: _multi_line, 6: _multi_polygon, 7: _collection,
        8: _arc, 9: _compound, 10: _curve_polygon, 11: _multi_line, 12: _multi_polygon, 15: _multi_polygon,
        16: _multi_polygon, 17: _polygon,
    }  # fmt: skip


def _type(code: int) -> tuple[int, int]:
    """Geometry type and number of ordinates of an ISO or extended WKB code."""
    high_z, high_m = bool(code & 0x80000000), bool(code & 0x40000000)
    plain = code & 0x0FFFFFFF
    return plain % 1000, _DIMENSIONS[plain // 1000] if plain >= 1000 else 2 + high_z + high_m


def stroke(points: list[Point]) -> list[Point]:
    """A CircularString (start, point on the arc, end, point on the arc, end …) as a line of short pieces."""
    out = points[:1]
    for i in range(0, len(points) - 2, 2):
        out += _arc_points(points[i], points[i + 1], points[i + 2])
    return out


def _arc_points(start: Point, middle: Point, end: Point) -> list[Point]:
    """Points after `start` on the arc through `middle` to `end`; a full circle when start and end are one."""
    (ax, ay), (bx, by), (cx, cy) = start, middle, end
    if start == end:
        x, y, turn = (ax + bx) / 2, (ay + by) / 2, 2 * math.pi
    else:
        # Circumcentre relative to `start`, so that large projected coordinates lose no digits.
        ux, uy, vx, vy = bx - ax, by - ay, cx - ax, cy - ay
        twice = 2 * (ux * vy - uy * vx)
        if abs(twice) < 1e-12 * (vx * vx + vy * vy):
            return [middle, end]
        uu, vv = ux * ux + uy * uy, vx * vx + vy * vy
        x, y = ax + (vy * uu - uy * vv) / twice, ay + (ux * vv - vx * uu) / twice
        first, last = math.atan2(ay - y, ax - x), math.atan2(cy - y, cx - x)
        turn = (last - first) % (2 * math.pi)
        if twice < 0:
            turn -= 2 * math.pi
    radius, begin = math.hypot(ax - x, ay - y), math.atan2(ay - y, ax - x)
    pieces = max(2, math.ceil(abs(turn) / STEP))
    inner = [begin + turn * k / pieces for k in range(1, pieces)]
    return [(x + radius * math.cos(angle), y + radius * math.sin(angle)) for angle in inner] + [end]
