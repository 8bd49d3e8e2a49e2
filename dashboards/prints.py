"""One view as one printed A4 page: the map as a drawing, its legend and its table, with date and source."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape

import geopandas as gpd
import numpy as np
import shapely

from dashboards.basemap import printed_credit
from dashboards.data import County
from dashboards.legends import NO_DATA, Legend, is_dark, thing_colour
from dashboards.looks import Look
from dashboards.scenes import Scene
from dashboards.tables import Board
from dashboards.words import NOTHING, Lang, figure, say, unit_name

WIDTH, HEIGHT = 1000.0, 900.0
MARGIN = 24.0
LETTER = 19.0
MOST_ROWS = 36


def page(county: County, look: Look, scene: Scene, *, back: str) -> str:
    """A whole HTML document that prints on one A4 page, landscape. back: the address to return to.

    The area's profile where the look asks for it and the area has parts to draw; two views where it is set beside
    another day or area.
    """
    if look.versus is not None:
        from dashboards.prints_compare import compare_page

        return compare_page(county, look, back=back)
    if look.profile and scene.areas is not None:
        from dashboards.prints_profile import profile_page

        return profile_page(county, look, scene, back=back)
    rows = f"--rows:{min(len(scene.board.rows), MOST_ROWS) + 2}"
    figure_ = f"<figure>{legend(scene.legend, look.lang)}{drawing(county, look, scene)}</figure>"
    body = f"<main>{figure_}{table(scene.board, look.lang)}</main>"
    return document(scene.title, scene.date, body, foot(county, look, back), back=back, lang=look.lang, style=rows)


def document(title: str, date: str, body: str, footer: str, *, back: str, lang: Lang, style: str = "") -> str:
    """A page to print, with its buttons above. body and footer: markup; style: of the whole, as CSS."""
    buttons = (
        f'<nav><button onclick="print()">{escape(say("print.button", lang))}</button>'
        f'<a href="{escape(back)}">{escape(say("print.back", lang))}</a></nav>'
    )
    head = f"<header><h1>{escape(title)}</h1><p>{escape(date)}</p></header>"
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title>"
        f'<link rel="icon" href="/assets/own/icon.svg"><link rel="stylesheet" href="/assets/own/print.css"></head>'
        f'<body style="{style}">{buttons}<article>{head}{body}<footer>{footer}</footer></article>'
        f'<script src="/assets/own/print.js"></script></body></html>'
    )


def foot(county: County, look: Look, back: str) -> str:
    """The foot of a printed page: whose it is, of which edition, and the link that opens the view again."""
    parts = (
        f"{say('app.name', look.lang)} · {county.name}",
        say("print.source", look.lang),
        say("print.edition", look.lang, edition=county.edition),
    )
    said = ("　" if look.lang == "zh" else " | ").join(
        (*parts, *filter(None, [printed_credit(county, look.lang)]))
    )
    again = f'<a class="again" href="{escape(back)}">{escape(back)}</a>'
    return f"{escape(said)}<br>{escape(say('print.again', look.lang))} {again}"


def legend(shown: Legend, lang: Lang) -> str:
    """The legend of a map, as markup."""
    unit = unit_name(shown.unit, lang)
    heading = f"{shown.heading}（{unit}）" if unit and lang == "zh" else f"{shown.heading} {unit}".strip()
    lines = "".join(
        f'<span><i style="background:{escape(one.colour)}"></i>{escape(one.label)}</span>' for one in shown.entries
    )
    return f"<figcaption><b>{escape(heading)}</b>{lines}</figcaption>"


def table(board: Board, lang: Lang, *, most: int = MOST_ROWS) -> str:
    """A table as markup, cut after `most` rows, with its remarks."""

    def _line(cells: Iterable[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    shown = board.rows[:most]
    body = "".join(
        f"<tr><td>{escape(row.rank)}</td><td>{_swatch(row.colour)}{escape(row.name)}"
        f"{'*' if row.small else ''}</td>" + "".join(f"<td>{escape(cell)}</td>" for cell in row.cells) + "</tr>"
        for row in shown
    )
    total = _line(("", say("table.total", lang), *board.total), "td") if board.total else ""
    notes = list(board.notes)
    if len(shown) < len(board.rows):
        notes.append(say("print.more", lang, shown=len(shown), count=len(board.rows)))
    said = "".join(f"<li>{escape(note)}</li>" for note in notes)
    head = _line(board.headings, "th")
    made = f"<table><thead>{head}</thead><tbody>{body}</tbody><tfoot>{total}</tfoot></table>"
    return f"<section>{made}<ul>{said}</ul></section>"


def _swatch(colour: str) -> str:
    return f'<i style="background:{escape(colour)}"></i>' if colour else ""


def drawing(county: County, look: Look, scene: Scene) -> str:
    """The map as SVG: equal scale in both directions at the middle latitude."""
    bounds = county.bounds(look.area)
    shapes = scene.areas if scene.areas is not None else scene.things
    if bounds is None or shapes is None:
        return ""
    to_page = _projection(bounds)
    outlines = county.outlines(look.area.level)
    mine = outlines[outlines["code"] == look.area.code]
    parts = [_areas(scene, look, to_page)] if scene.areas is not None else []
    parts.append(_paths(mine.geometry, to_page, 'fill="none" stroke="#333" stroke-width="2.5"'))
    if scene.areas is None and scene.things is not None:
        parts.append(_things(scene.things, look, to_page))
    label = escape(scene.title)
    return f'<svg viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" role="img" aria-label="{label}">{"".join(parts)}</svg>'


class _projection:  # noqa: N801 (used as a function)
    """Degrees to points of the page, so that the bounds fill it."""

    def __init__(self, bounds: Sequence[float]) -> None:
        west, south, east, north = bounds
        self.squeeze = math.cos(math.radians((south + north) / 2))
        wide, high = (east - west) * self.squeeze, north - south
        self.scale = min((WIDTH - 2 * MARGIN) / wide, (HEIGHT - 2 * MARGIN) / high)
        self.left = (WIDTH - wide * self.scale) / 2
        self.top = (HEIGHT - high * self.scale) / 2
        self.west, self.north = west, north

    def __call__(self, coordinates: np.ndarray) -> np.ndarray:
        x = (coordinates[:, 0] - self.west) * self.squeeze * self.scale + self.left
        y = (self.north - coordinates[:, 1]) * self.scale + self.top
        return np.column_stack([x, y])


def _path(shape: shapely.Geometry, to_page: _projection) -> str:
    lines = []
    for ring in shapely.get_rings(shapely.get_parts(shape)):
        points = to_page(shapely.get_coordinates(ring))
        lines.append("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + "Z")
    return "".join(lines)


def _paths(shapes: Iterable[shapely.Geometry], to_page: _projection, style: str) -> str:
    return "".join(f'<path d="{_path(shape, to_page)}" {style}/>' for shape in shapes)


def _areas(scene: Scene, look: Look, to_page: _projection) -> str:
    """The units in their colours, and as many names with values as fit without touching."""
    if scene.areas is None or scene.figures is None or look.indicator is None:
        return ""
    indicator = look.indicator
    rows = zip(scene.figures["area_code"], scene.figures[indicator.id], strict=True)
    values = {str(code): float(value) for code, value in rows}
    areas = scene.areas.assign(size=shapely.area(scene.areas.geometry)).sort_values("size", ascending=False)
    drawn, names = [], []
    taken: list[tuple[float, float, float, float]] = []
    for code, name, shape in zip(areas["code"], areas["name"], areas.geometry, strict=True):
        colour = scene.legend.colour(values.get(code))
        drawn.append(f'<path d="{_path(shape, to_page)}" fill="{colour}" stroke="#10181c" stroke-width="0.8"/>')
        value = figure(values.get(code), indicator.unit, look.lang)
        lines = [str(name)] if value == NOTHING else [str(name), value]
        x, y = to_page(shapely.get_coordinates(shapely.point_on_surface(shape)))[0]
        wide = max(_length(line) for line in lines) * LETTER
        box = (x - wide / 2, y - LETTER, x + wide / 2, y + LETTER)
        if any(box[0] < b[2] and b[0] < box[2] and box[1] < b[3] and b[1] < box[3] for b in taken):
            continue
        taken.append(box)
        names.append(_name(x, y, lines, dark=is_dark(colour)))
    return "".join(drawn) + "".join(names)


def _length(text: str) -> float:
    """Width of a text in letters: a Chinese character counts one, others little more than a half."""
    return sum(1.0 if ord(letter) > 0x2E80 else 0.56 for letter in text)


def _name(x: float, y: float, lines: Sequence[str], *, dark: bool) -> str:
    ink, halo = ("#fff", "#123") if dark else ("#1f2a30", "#fff")
    spans = "".join(
        f'<tspan x="{x:.1f}" dy="{0 if at == 0 else LETTER * 0.98:.1f}"{"" if at == 0 else " class=value"}>'
        f"{escape(line)}</tspan>"
        for at, line in enumerate(lines)
    )
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{ink}" stroke="{halo}">{spans}</text>'


def _things(things: gpd.GeoDataFrame, look: Look, to_page: _projection) -> str:
    """Single things as dots in their colours, with their shape under it."""
    colour_by = look.layer.style.get("colour_by")
    kinds = things[colour_by] if colour_by in things else [None] * len(things)
    drawn = []
    for shape, kind in zip(things.geometry, kinds, strict=True):
        if shape is None or shape.is_empty:
            continue
        colour = thing_colour(look.layer, kind) or NO_DATA
        style = f'fill="{colour}" stroke="#333" stroke-width="0.8"'
        drawn.append(f'<path d="{_path(shape, to_page)}" {style}/>')
        x, y = to_page(shapely.get_coordinates(shapely.point_on_surface(shape)))[0]
        drawn.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" {style}/>')
    return "".join(drawn)
