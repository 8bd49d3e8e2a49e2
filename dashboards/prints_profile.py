"""An area's profile as one printed A4 page: campaigns, map, best and worst, what is late, photos, who answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from dashboards import figures
from dashboards.campaigns import cards
from dashboards.data import County
from dashboards.looks import Look
from dashboards.prints import document, drawing, foot, legend
from dashboards.profiles import as_json, profile
from dashboards.scenes import Scene
from dashboards.words import Lang, say

MARKS = {"green": "●", "amber": "▲", "red": "■", "none": "○"}
"""Shapes beside the words, so that a page printed in grey says the same."""


def profile_page(county: County, look: Look, scene: Scene, *, back: str) -> str:
    """The document of an area's profile; prints on one A4 page, landscape."""
    lang = look.lang
    shown = as_json(profile(county, look, scene.figures), look, county.below(look.area) or "village")
    found = cards(figures.glances(county, look.area, look.day, look.today), lang)
    left = f"<figure>{legend(scene.legend, lang)}{drawing(county, look, scene)}</figure>"
    right = "".join(_section(one) for one in shown["sections"])
    body = (
        f'{_campaigns(found, lang)}<main class="profile">{left}<section class="lists">{right}</section></main>'
        f"{_photos(shown)}"
    )
    title = f"{say('leader.profile', lang, name=look.area.name)} · {look.layer.label(lang)}"
    return document(title, scene.date, body, foot(county, look, back), back=back, lang=lang, style="--rows:1")


def _campaigns(found: Sequence[Mapping[str, Any]], lang: Lang) -> str:
    headings = ("leader.figures", "choose.indicator", "table.value", "leader.pace", "leader.alarm")
    head = "".join(f"<th>{escape(say(one, lang))}</th>" for one in headings)
    return f'<table class="campaigns"><tr>{head}</tr>{"".join(_campaign(one) for one in found)}</table>'


def _campaign(card: Mapping[str, Any]) -> str:
    if card["empty"]:
        return _line((card["topic"], card["empty"], "", "", ""))
    pace = f"{MARKS[card['light']]} {card['verdict']}"
    said = f"{pace} · {card['said']}" if card["said"] else pace
    return _line((card["topic"], card["what"], card["figure"], said, card["alarm"]))


def _line(cells: Iterable[str]) -> str:
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def _section(section: Mapping[str, Any]) -> str:
    lines = "".join(
        f"<li><span>{escape(one['name'])}</span><b>{escape(one['value'])}</b></li>" for one in section["lines"]
    )
    inside = f"<ol>{lines}</ol>" if lines else f"<p>{escape(section['none'])}</p>"
    return f"<div><h2>{escape(section['title'])}</h2>{inside}</div>"


def _photos(shown: Mapping[str, Any]) -> str:
    if not shown["photos"]:
        return ""
    made = "".join(
        f'<img src="{escape(side["thumb"])}" alt=""><span>{escape(pair["thing"])}<br>{escape(side["said"])}</span>'
        for pair in shown["photos"]
        for side in pair["sides"]
    )
    return f'<div class="photos"><h2>{escape(shown["photos_title"])}</h2>{made}</div>'
