"""Shapes written as text in a cell: WKT, GeoJSON, hexadecimal WKB, or a list of corner coordinates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray

_WKT = re.compile(r"^\s*(SRID\s*=\s*(\d+)\s*;)?\s*(MULTI)?(POINT|LINESTRING|POLYGON|GEOMETRYCOLLECTION)\b", re.I)
_PAIRS_APART = re.compile(r"[;；\n|]+")
_NUMBERS = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")


def read_shapes(
    cells: Sequence[Any], *, expect: Literal["polygon", "line", "point", "any", "none"]
) -> tuple[NDArray[np.object_], NDArray[np.bool_], int | None]:
    """Shapes of a column of text, None where empty; where something stands that is no shape; and the SRID given.

    expect: what a bare list of coordinates is to become; with `any` three corners or more are a polygon.
    """
    made = np.empty(len(cells), dtype=object)
    unreadable = np.zeros(len(cells), dtype=np.bool_)
    srids: set[int] = set()
    for at, cell in enumerate(cells):
        text = "" if cell is None or cell != cell else str(cell).strip()
        if not text:
            continue
        made[at] = _shape(text, expect, srids)
        unreadable[at] = made[at] is None
    return made, unreadable, srids.pop() if len(srids) == 1 else None


def _shape(text: str, expect: str, srids: set[int]) -> Any:
    head = _WKT.match(text)
    if head:
        if head[2]:
            srids.add(int(head[2]))
        return shapely.from_wkt(text[len(head[1] or "") :].strip() if head[1] else text, on_invalid="ignore")
    if text.startswith("{"):
        return shapely.from_geojson(text, on_invalid="ignore")
    if len(text) >= 42 and re.fullmatch(r"[0-9A-Fa-f]+", text):
        return shapely.from_wkb(text, on_invalid="ignore")
    return _corners(text, expect)


def _corners(text: str, expect: str) -> Any:
    """`117.1,28.1;117.2,28.1;117.2,28.2`, also as nested brackets or with spaces for commas."""
    if re.search(r"[A-Za-z一-鿿]", text):
        return None
    rows = [[float(n) for n in _NUMBERS.findall(part)] for part in _PAIRS_APART.split(text) if part.strip()]
    if len(rows) == 1:
        flat = rows[0]
        rows = [flat[i : i + 2] for i in range(0, len(flat), 2)]
    if not rows or any(len(row) not in (2, 3) for row in rows):
        return None
    corners = np.array([row[:2] for row in rows])
    if len(corners) == 1:
        return shapely.Point(corners[0])
    if expect == "line" or (expect in ("any", "point") and len(corners) == 2):
        return shapely.LineString(corners)
    return shapely.Polygon(corners) if len(corners) >= 3 else None
