"""Points as total stations and mapping programs write them to text: name, code, east, north, height."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from geo.issues import Issue

from .columns import frame_of, objects
from .encoding import Decision, Values, decide
from .source import Table

# Northings and eastings of Gauss–Krüger in this country, metres; the zone (13–45) may stand before the easting.
_NORTH = (1_900_000.0, 6_200_000.0)
_EAST = (50_000.0, 950_000.0)
_PREFIXED = (13_000_000.0, 46_000_000.0)
_POINT_COLUMNS = ("点号", "编码", "高程")
NUMBER = re.compile(r"^-?\d+(\.\d+)?$")


def is_point_text(text: str) -> bool:
    """Whether nearly every line is `name,code,Y,X,H` (or without code) with coordinates of this country.

    A first line with the number of points is allowed; one with headings makes it a table, which is read elsewhere.
    """
    lines = [line for line in text.splitlines()[:200] if line.strip()]
    lines = lines[:-1] if len(lines) > 1 and not text.endswith("\n") else lines
    lines = lines[1:] if lines and lines[0].strip().isdigit() else lines
    return bool(lines) and _point(lines[0]) is not None and _share(lines) >= 0.9


def _share(lines: list[str]) -> float:
    return sum(_point(line) is not None for line in lines) / len(lines)


def is_north(value: float) -> bool:
    """Whether a number can be a northing of this country in metres."""
    return _NORTH[0] <= value <= _NORTH[1]


def is_prefixed(value: float) -> bool:
    """Whether a number can be an easting with its zone (13–45) before it."""
    return _PREFIXED[0] <= value <= _PREFIXED[1]


def is_east(value: float) -> bool:
    """Whether a number can be an easting of a Gauss–Krüger zone, with or without zone prefix."""
    return _EAST[0] <= value <= _EAST[1] or is_prefixed(value)


@dataclass(frozen=True)
class _Point:
    name: str
    code: str | None
    first: float
    second: float
    height: float | None


def _point(line: str) -> _Point | None:
    """One line of a point file; None when it is none. `first`, `second` are the coordinates as written."""
    parts = [part.strip() for part in re.split(r"[,，\t]|\s+(?=-?\d)", line.strip())]
    while parts and parts[-1] == "":
        parts.pop()
    if len(parts) not in (3, 4, 5):
        return None
    if len(parts) == 5 or (len(parts) == 4 and not NUMBER.match(parts[1])):
        name, code, numbers = parts[0], parts[1] or None, parts[2:]
    else:
        name, code, numbers = parts[0], None, parts[1:]
    if not name or not all(NUMBER.match(number) for number in numbers):
        return None
    first, second = float(numbers[0]), float(numbers[1])
    if not ((is_east(first) and is_north(second)) or (is_east(second) and is_north(first))):
        return None
    return _Point(name, code, first, second, float(numbers[2]) if len(numbers) > 2 else None)


def read_text(path: Path, encoding: str | None) -> tuple[str, Decision]:
    """The whole text of a survey file and how it was read. Raises Refused `encoding_given_wrong`."""
    raw = path.read_bytes()
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16"), Decision("utf-16", "content")
    decision = decide(Values.of(raw.splitlines()), given=encoding, file=path.name)
    return raw.decode(decision.encoding, errors="replace").lstrip("\ufeff"), decision


def open_points(path: Path, *, sender: Path, encoding: str | None = None) -> Table:
    """Points of a survey text file `name,code,Y,X,H`: Y is east, X is north, metres; the CRS is not in the file.

    Columns 点号, 编码, 高程; `row` is the line. A file with north first is turned (`survey_axes_turned`).
    """
    text, decision = read_text(path, encoding)
    issues = list(decision.issues)
    lines = [(row, line) for row, line in enumerate(text.splitlines(), 1) if line.strip()]
    read = [(row, _point(line)) for row, line in lines if not (row == lines[0][0] and line.strip().isdigit())]
    found = [(row, point) for row, point in read if point is not None]
    issues += [Issue("line_unreadable", row) for row, point in read if point is None]
    turned = sum(is_north(p.first) and is_east(p.second) for _, p in found) > len(found) / 2
    if turned:
        issues.append(Issue("survey_axes_turned", params={"file": path.name}))
    east_north = [(p.second, p.first) if turned else (p.first, p.second) for _, p in found]
    values = {
        "点号": objects(p.name for _, p in found),
        "编码": objects(p.code for _, p in found),
        "高程": np.array([math.nan if p.height is None else p.height for _, p in found]),
        "geometry": shapely.points(np.array(east_north).reshape(-1, 2)),
    }
    frame = frame_of(values, pd.Index([row for row, _ in found], name="row"))
    return table_of_frame(path, sender, frame, _POINT_COLUMNS, "point", decision, None, issues)


def table_of_frame(
    path: Path,
    sender: Path,
    frame: pd.DataFrame,
    columns: tuple[str, ...],
    kind: Any,
    decision: Decision,
    crs: CRS | None,
    issues: list[Issue],
) -> Table:
    """A Table of one frame held in memory."""

    def batches() -> Iterator[pd.DataFrame]:
        if len(frame):
            yield frame.copy()

    return Table(
        path=sender,
        name=path.stem,
        kind="map",
        columns=columns,
        batches=batches,
        crs=crs,
        encoding=decision.encoding,
        encoding_reason=decision.reason,
        rows=len(frame),
        geometry_type=kind,
        issues=issues,
    )
