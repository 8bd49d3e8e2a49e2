"""Cost against size as a drawing: a panel for each stage, seconds against parcels, both by powers of ten."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

import numpy as np

from pipelines.bench_rows import OURS, Row

WIDE, TALL, LEFT, TOP, RIGHT, BOTTOM = 380, 300, 52, 30, 16, 40
ACROSS = 3
COLOURS = ("#c0392b", "#2c7fb8", "#7b6b8d", "#41ab5d", "#d98c21", "#555555", "#8c564b", "#17a2a2", "#b5338a")

Points = list[tuple[float, float]]


def slopes(rows: Sequence[Row]) -> dict[tuple[str, str], float]:
    """The log–log slope of seconds against parcels of each (stage, way) measured at several sizes."""
    found = {}
    for key in dict.fromkeys((row.stage, row.way) for row in rows):
        mine = _points(rows, *key)
        if len({x for x, _ in mine}) > 1:
            x, y = np.log(np.array(mine).T)
            found[key] = float(np.polyfit(x, y, 1)[0])
    return found


def draw(rows: Sequence[Row], path: Path) -> bool:
    """Write the drawing as SVG; False, and nothing written, when no stage was measured at several sizes."""
    steep = slopes(rows)
    stages = list(dict.fromkeys(stage for stage, _ in steep))
    if not stages:
        return False
    ways = list(dict.fromkeys(way for _, way in steep))
    across, down = min(ACROSS, len(stages)), -(-len(stages) // ACROSS)
    panels = []
    for i, stage in enumerate(stages):
        lines = {way: _points(rows, stage, way) for way in ways if (stage, way) in steep}
        body = "".join(_panel(stage, lines, steep, ways))
        panels.append(f'<g transform="translate({i % across * WIDE},{i // across * TALL})">{body}</g>')
    size = f'width="{across * WIDE}" height="{down * TALL}" font-family="sans-serif" font-size="11"'
    ground = '<rect width="100%" height="100%" fill="white"/>'
    text = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{ground}{"".join(panels)}</svg>\n'
    path.write_text(text, encoding="utf-8")
    return True


def _points(rows: Sequence[Row], stage: str, way: str) -> Points:
    mine = [row for row in rows if (row.stage, row.way, row.status) == (stage, way, "ok")]
    return sorted((float(row.parcels), row.seconds) for row in mine if row.seconds)


def _panel(
    stage: str, lines: dict[str, Points], steep: dict[tuple[str, str], float], ways: list[str]
) -> Iterator[str]:
    every = [point for line in lines.values() for point in line]
    west, east = _decades([x for x, _ in every])
    low, high = _decades([y for _, y in every])

    def at(x: float, y: float) -> tuple[float, float]:
        across = (math.log10(x) - west) / (east - west) * (WIDE - LEFT - RIGHT)
        up = (math.log10(y) - low) / (high - low) * (TALL - TOP - BOTTOM)
        return round(LEFT + across, 1), round(TALL - BOTTOM - up, 1)

    yield f'<text x="{LEFT}" y="18" font-weight="bold">{escape(stage)}: seconds, whole process</text>'
    for power in range(west, east + 1):
        x, y = at(10.0**power, 10.0**low)
        yield f'<line x1="{x}" y1="{TOP}" x2="{x}" y2="{y}" stroke="#ddd"/>'
        yield f'<text x="{x}" y="{y + 16}" text-anchor="middle">{10**power:,}</text>'
    for power in range(low, high + 1):
        x, y = at(10.0**west, 10.0**power)
        yield f'<line x1="{x}" y1="{y}" x2="{WIDE - RIGHT}" y2="{y}" stroke="#ddd"/>'
        yield f'<text x="{x - 5}" y="{y + 4}" text-anchor="end">{10.0**power:g}</text>'
    for k, (way, line) in enumerate(lines.items()):
        colour, width = COLOURS[ways.index(way) % len(COLOURS)], 3 if way == OURS else 1.3
        places = [at(*point) for point in line]
        path = " ".join(f"{x},{y}" for x, y in places)
        yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"/>'
        yield from (f'<circle cx="{x}" cy="{y}" r="2.5" fill="{colour}"/>' for x, y in places)
        said = f"{escape(way)} (slope {steep[stage, way]:.2f})"
        halo = 'paint-order="stroke" stroke="white" stroke-width="4"'
        yield f'<text x="{LEFT + 6}" y="{TOP + 12 + 13 * k}" fill="{colour}" {halo}>{said}</text>'


def _decades(values: list[float]) -> tuple[int, int]:
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)
