"""The chart of one parcel's index over two years: seasons, events, clouded dates, and what its peers did."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from datetime import date, timedelta
from html import escape

import numpy as np

from dashboards.words import Lang, day, say
from geo.season_events import KINDS, Event
from geo.seasons import Season
from pipelines.verify_parcel import Judged, ParcelCheck
from pipelines.verify_words import season_name

# Drawn at the width of a phone, so that letters keep their size there; wider pages enlarge it.
WIDTH, HEIGHT = 360.0, 216.0
LEFT, RIGHT, TOP, BOTTOM = 26.0, 6.0, 34.0, 34.0
# Height of one of the two rows of names above the drawing.
LANE = 15
LOWEST, HIGHEST = -0.1, 1.0
MARKS = {"flooded": "≈", "bare": "▬", "green_up": "▲", "peak": "●", "harvest": "▼", "regrowth": "△"}
# Colours that hold on light and dark pages; a page may set its own by these variables.
STYLE = """
.xt-sc{width:100%;max-width:760px;height:auto;display:block;color:inherit;font:10px system-ui,sans-serif}
.xt-sc text{fill:currentColor;stroke:none;text-anchor:start;font-weight:400;font-size:10px;paint-order:normal}
.xt-sc .grid{stroke:currentColor;stroke-opacity:.16;stroke-width:.6}
.xt-sc .season{fill:var(--xt-season,#4f9bb5);fill-opacity:.10}
.xt-sc .key{fill:var(--xt-season,#4f9bb5);fill-opacity:.13}
.xt-sc .span{fill:none;stroke:currentColor;stroke-opacity:.7;stroke-width:1}
.xt-sc .edge{stroke:currentColor;stroke-opacity:.35;stroke-width:.7;stroke-dasharray:2 2}
.xt-sc .band{fill:currentColor;fill-opacity:.14}
.xt-sc .median{fill:none;stroke:currentColor;stroke-opacity:.55;stroke-width:1.1;stroke-dasharray:3 2}
.xt-sc .line{fill:none;stroke:var(--xt-index,#2f8f57);stroke-width:1.8;stroke-linejoin:round}
.xt-sc .dot{fill:var(--xt-index,#2f8f57)}
.xt-sc .cloud{stroke:currentColor;stroke-opacity:.5;stroke-width:1}
.xt-sc .event{fill:var(--xt-event,#c2571a);text-anchor:middle;font-size:9px}
.xt-sc .small{font-size:8.5px;fill-opacity:.8}
.xt-sc-key{display:flex;flex-wrap:wrap;gap:2px 12px;font-size:12px;margin:2px 0 0;padding:0;list-style:none}
.xt-sc-key b{font-weight:400;color:var(--xt-event,#c2571a)}
"""
# A picture does not know the colours of the page it stands on.
ALONE = ".xt-sc{color:#636a71}@media (prefers-color-scheme:dark){.xt-sc{color:#a9b0b7}}"


def season_chart(check: ParcelCheck, lang: Lang) -> str:
    """The chart as inline SVG with its key; readable at 360 px, in the colours of the page it stands on."""
    if not check.days:
        return ""
    return f"<style>{STYLE}</style>{_drawing(check, lang)}{_key(check, lang)}"


def season_picture(check: ParcelCheck, lang: Lang) -> str:
    """As `season_chart`, where no inline SVG is let through: a picture, in greys for light and dark pages."""
    if not check.days:
        return ""
    drawing = _drawing(check, lang, f"<style>{STYLE}{ALONE}</style>", xmlns="http://www.w3.org/2000/svg")
    source = b64encode(drawing.encode()).decode()
    told = escape(say("season_chart.title", lang, id=check.id))
    picture = f'<img class="xt-sc" alt="{told}" src="data:image/svg+xml;base64,{source}">'
    return f"<style>{STYLE}</style>{picture}{_key(check, lang)}"


def _drawing(check: ParcelCheck, lang: Lang, style: str = "", **attributes: str) -> str:
    place = _Place(check.days[0], check.days[-1])
    parts = [
        *_seasons(check, place, lang),
        *_axes(place),
        *_peers(check, place),
        *_own(check, place, lang),
        *(text for one in check.judged for event in one.events for text in _event(event, place, lang)),
    ]
    told = escape(say("season_chart.title", lang, id=check.id))
    more = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return (
        f'<svg class="xt-sc"{more} viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" role="img" '
        f'aria-label="{told}"><title>{told}</title>{style}{"".join(parts)}</svg>'
    )


class _Place:
    """Where a date and an index value lie on the drawing."""

    def __init__(self, first: date, last: date) -> None:
        self.first, self.last = first, last
        self._scale = (WIDTH - LEFT - RIGHT) / max((last - first).days, 1)

    def x(self, when: date) -> float:
        inside = min(max(when, self.first), self.last)
        return LEFT + (inside - self.first).days * self._scale

    def y(self, value: float) -> float:
        inside = min(max(value, LOWEST), HIGHEST)
        return TOP + (HIGHEST - inside) / (HIGHEST - LOWEST) * (HEIGHT - TOP - BOTTOM)


def _axes(place: _Place) -> Iterator[str]:
    for level in (0.0, 0.2, 0.4, 0.6, 0.8):
        y = place.y(level)
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text class="small" x="4" y="{y + 3:.1f}">{level:.1f}</text>'
    base = HEIGHT - BOTTOM
    month = place.first.replace(day=1)
    while month <= place.last:
        if month.month in (1, 4, 7, 10) and month >= place.first:
            x = place.x(month)
            yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{base}"/>'
            text = f"{month.year}-1" if month.month == 1 else f"{month.month}"
            yield f'<text class="small" x="{x + 1:.1f}" y="{base + 20:.1f}">{text}</text>'
        month = (month + timedelta(days=32)).replace(day=1)


def _seasons(check: ParcelCheck, place: _Place, lang: Lang) -> Iterator[str]:
    """Windows with their key part; above each a brace from its first day to its last under its name and verdict.

    Overlapping windows take turns in height; dashes lead from the ends of a brace to its band.
    """
    for number, one in enumerate(check.judged):
        season = one.season
        if season.end < place.first:
            continue
        top, height = TOP, HEIGHT - TOP - BOTTOM
        x, end, key = place.x(season.start), place.x(season.end), place.x(season.key_start)
        wide, key_wide = end - x, place.x(season.key_end) - key
        yield f'<rect class="season" x="{x:.1f}" y="{top}" width="{wide:.1f}" height="{height}"/>'
        yield f'<rect class="key" x="{key:.1f}" y="{top}" width="{key_wide:.1f}" height="{height}"/>'
        brace = LANE * (number % 2) + 12
        yield f'<path class="span" d="M{x:.1f} {brace + 3}v-3H{end:.1f}v3"/>'
        for edge in (x, end):
            yield f'<line class="edge" x1="{edge:.1f}" x2="{edge:.1f}" y1="{brace + 3}" y2="{HEIGHT - BOTTOM}"/>'
        name = _short(season, one, lang)
        start = min(x, WIDTH - _long(name))
        yield f'<text class="small" x="{start:.1f}" y="{brace - 3}">{escape(name)}</text>'


def _long(name: str) -> float:
    """How wide a name is drawn at most: a Chinese character as wide as high, others little more than half."""
    return sum(8.6 if ord(letter) > 0x2E80 else 5.2 for letter in name)


def _short(season: Season, one: Judged, lang: Lang) -> str:
    name = season_name(season, lang).removesuffix(" harvest")
    return f"{name} {one.label(lang)}"


def _peers(check: ParcelCheck, place: _Place) -> Iterator[str]:
    rows = np.flatnonzero(np.isfinite(check.peers).all(axis=1))
    if len(rows) < 2:
        return
    low, middle, high = ([(place.x(check.days[i]), place.y(check.peers[i, k])) for i in rows] for k in range(3))
    yield f'<polygon class="band" points="{_points([*low, *reversed(high)])}"/>'
    yield f'<polyline class="median" points="{_points(middle)}"/>'


def _own(check: ParcelCheck, place: _Place, lang: Lang) -> Iterator[str]:
    seen = [(when, float(value)) for when, value in zip(check.days, check.ndvi, strict=True) if np.isfinite(value)]
    yield f'<polyline class="line" points="{_points([(place.x(when), place.y(v)) for when, v in seen])}"/>'
    for when, value in seen:
        told = escape(f"{day(when, lang)} {value:.2f}")
        yield (
            f'<circle class="dot" cx="{place.x(when):.1f}" cy="{place.y(value):.1f}" r="2.1">'
            f"<title>{told}</title></circle>"
        )
    base = HEIGHT - BOTTOM
    for when, clouded in zip(check.days, check.clouded, strict=True):
        if clouded:
            x, told = place.x(when), escape(f"{day(when, lang)} {say('season_chart.clouded', lang)}")
            yield f'<path class="cloud" d="M{x - 2:.1f} {base + 3}l4 5m0 -5l-4 5"><title>{told}</title></path>'


def _event(event: Event, place: _Place, lang: Lang) -> Iterator[str]:
    if event.day < place.first:
        return
    told = escape(f"{day(event.day, lang)} {say(f'season_chart.{event.kind}', lang)} {event.value:.2f}")
    x, y = place.x(event.day), place.y(event.value) - 5
    yield f'<text class="event" x="{x:.1f}" y="{y:.1f}">{MARKS[event.kind]}<title>{told}</title></text>'


def _points(at: list[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in at)


def _key(check: ParcelCheck, lang: Lang) -> str:
    """What the marks mean; only those that are drawn."""
    shown = {event.kind for one in check.judged for event in one.events}
    own = "season_chart.own_block" if check.block else "season_chart.own"
    lines = [f"━ {say(own, lang)}", f"┅ {say('season_chart.peers', lang)}"]
    if check.clouded.any():
        lines.append(f"× {say('season_chart.clouded', lang)}")
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    marks = "".join(
        f"<li><b>{MARKS[kind]}</b> {escape(say(f'season_chart.{kind}', lang))}</li>"
        for kind in KINDS
        if kind in shown
    )
    return f'<ul class="xt-sc-key">{items}{marks}</ul>'
