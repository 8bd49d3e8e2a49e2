"""The parts that pages are put together from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import streamlit as st

from dashboards.data import County
from dashboards.legends import Legend
from dashboards.looks import Look, days
from dashboards.pages import VIEWS
from dashboards.scenes import place
from dashboards.session import address, go
from dashboards.sheets import Sheet
from dashboards.tables import SMALL, Board
from dashboards.words import Lang, day, say, unit_name
from geo.layers import Layer
from geo.progress import UNPLACED

STATIC = Path(__file__).resolve().parent / "static"


@cache
def _static(name: str) -> str:
    return (STATIC / name).read_text(encoding="utf-8")


@cache
def _component(name: str) -> Callable[..., Any]:
    """One of our own browser components, registered once: `static/<name>.js` and `.css`."""
    mount: Callable[..., Any] = st.components.v2.component(
        f"xiangtu_{name}", html=f'<div class="{name}"></div>', css=_static(f"{name}.css"), js=_static(f"{name}.js")
    )
    return mount


def dress() -> None:
    """The look that all pages share."""
    st.html(f"<style>{_static('page.css')}</style>")


def head(county: County, page: str, lang: Lang) -> None:
    """The head of a page: whose map this is, the other pages, the other language, and printing."""
    with st.container(key="top", horizontal=True, vertical_alignment="center"):
        seal = '<img class="xt-seal" src="/assets/own/icon.svg" alt="">'
        below = f"{say('app.name', lang)} · {say('app.subtitle', lang)}"
        name = f"<h1>{escape(county.root.name)}</h1><p>{escape(below)}</p>"
        st.html(f'<div class="xt-brand">{seal}<div>{name}</div></div>', width="stretch")
        _pages(page, lang)
        other: Lang = "en" if lang == "zh" else "zh"
        st.button(
            "English" if other == "en" else "中文",
            key="language",
            type="tertiary",
            on_click=go,
            kwargs={"lang": other},
            width="content",
        )
        st.link_button(say("action.print", lang), f"/print?{address(lang=lang)}", type="tertiary", width="content")


def _pages(page: str, lang: Lang) -> None:
    """The ways to the other pages; changing the page leaves area and day as they are."""
    if len(VIEWS) < 2:
        return
    st.session_state["page"] = page

    def changed() -> None:
        go(page=st.session_state["page"] or page, layer=None, indicator=None, thing=None, view=None)

    st.segmented_control(
        say("choose.page", lang),
        list(VIEWS),
        key="page",
        format_func=lambda one: say(f"page.{one}", lang),
        on_change=changed,
        label_visibility="collapsed",
        width="content",
    )


def choices(county: County, look: Look) -> None:
    """The three choices: topic, figure, and day. Each writes itself into the address."""
    lang = look.lang
    layers = {layer.id: layer for layer in county.topics()}
    indicators = {one.id: one for one in look.layer.indicators}
    with st.container(key="choices", horizontal=True, vertical_alignment="bottom"):
        topics = {key: layer.label(lang) for key, layer in layers.items()}
        _bound("layer", look.layer.id, topics, lang, clears=("indicator", "thing"))
        if look.indicator is not None:
            named = {key: _with_unit(one.label(lang), one.unit, lang) for key, one in indicators.items()}
            _bound("indicator", look.indicator.id, named, lang)
        _days(county, look)


def _with_unit(label: str, unit: str, lang: Lang) -> str:
    name = unit_name(unit, lang)
    if not name:
        return label
    return f"{label}（{name}）" if lang == "zh" else f"{label} ({name})"


def _bound(name: str, chosen: str, options: Mapping[str, str], lang: Lang, *, clears: Sequence[str] = ()) -> None:
    """A selection that stands for one part of the address; choosing anew clears what depends on it.

    options: what stands in the address → what the reader sees.
    """
    st.session_state[name] = chosen

    def changed() -> None:
        go(**{name: st.session_state[name]}, **dict.fromkeys(clears))

    st.selectbox(
        say(f"choose.{name}", lang),
        list(options),
        key=name,
        format_func=options.__getitem__,
        on_change=changed,
        filter_mode=None,
    )


def _days(county: County, look: Look) -> None:
    today = look.today
    options = days(county.first_day(look.layer.id), look.as_of, today)
    if len(options) < 2:
        return
    st.session_state["as_of"] = look.day

    def changed() -> None:
        picked = st.session_state["as_of"]
        go(as_of=None if picked == today else picked.isoformat())

    def label(one: date) -> str:
        return say("choose.today", look.lang) if one == today else day(one, look.lang)

    st.select_slider(say("choose.as_of", look.lang), options, key="as_of", format_func=label, on_change=changed)


def crumbs(county: County, look: Look) -> None:
    """The way from the county to what is looked at; each step leads back to it."""
    path = county.path(look.area)
    with st.container(key="crumbs", horizontal=True, vertical_alignment="center"):
        for area in path[: None if look.thing else -1]:
            st.button(
                area.name,
                key=f"crumb_{area.code}",
                type="tertiary",
                on_click=go,
                kwargs={"area": None if area.level == "county" else area.code, "thing": None, "view": None},
                width="content",
            )
            st.html('<span class="xt-sep" aria-hidden="true">›</span>', width="content")
        here = look.thing or place(look)
        below = county.below(look.area) if look.area.level != UNPLACED else None
        level = say(f"level.{below}", look.lang) if below else ""
        hint = say("choose.below", look.lang, level=level) if below and not look.listing else ""
        said = f'<span class="xt-here" aria-current="page">{escape(here)}</span><small>{escape(hint)}</small>'
        st.html(f'<div class="xt-crumb">{said}</div>', width="stretch")
        if below and look.indicator is not None:
            label = (
                say("choose.by_level", look.lang, level=level) if look.listing else say("choose.things", look.lang)
            )
            view = None if look.listing else "things"
            st.button(
                f"{label} ›", key="view", type="tertiary", on_click=go, kwargs={"view": view}, width="content"
            )


def cards(found: Sequence[Mapping[str, str]], *, selected: str | None, label: str) -> None:
    """The figures of an area; picking one makes it the figure of the map."""

    def changed() -> None:
        go(indicator=st.session_state["cards"]["picked"])

    data = {"cards": list(found), "selected": selected, "label": label}
    _component("cards")(key="cards", data=data, on_picked_change=changed)


def board(table: Board, *, label: str, lang: Lang, picked: Callable[[str], None]) -> None:
    """A table whose rows can be picked, by click or by keyboard; `picked` is told the row's key."""

    def changed() -> None:
        picked(str(st.session_state["board"]["picked"]))

    words = {
        "label": label,
        "small": say("table.small", lang, small=SMALL),
        "find": say("table.search", lang),
        "total_label": say("table.total", lang),
    }
    _component("board")(key="board", data={**table.as_json(), **words}, on_picked_change=changed)


def map_head(title: str, subtitle: str, legend: Legend, lang: Lang) -> None:
    """What the map shows, of which day, and its legend."""
    head = f'<div class="xt-maphead"><h2>{escape(title)}</h2><span>{escape(subtitle)}</span></div>'
    st.html(head + _legend(legend, lang))


def _legend(legend: Legend, lang: Lang) -> str:
    entries = "".join(f"<span>{_swatch(one.colour)}{escape(one.label)}</span>" for one in legend.entries)
    heading = _with_unit(legend.heading, legend.unit, lang)
    return f'<div class="xt-legend"><b>{escape(heading)}</b>{entries}</div>'


def _swatch(colour: str) -> str:
    return f'<i style="background:{escape(colour)}"></i>'


def sheet(shown: Sheet, lang: Lang, *, close: Callable[[], None]) -> None:
    """The sheet of one thing, with a way back to the list."""
    st.button(f"‹ {say('thing.close', lang)}", key="close", type="tertiary", on_click=close)
    chip = f'<span class="xt-chip">{_swatch(shown.colour)}{escape(shown.stage)}</span>' if shown.stage else ""
    where = f"<span>{escape(shown.place)}</span><span>{escape(shown.size)}</span>"
    facts = f'<div class="xt-facts">{chip}{where}</div>'
    parts = [
        f"<h2>{escape(shown.heading)}</h2>{facts}",
        _timeline(shown, lang),
        _records(shown, lang),
        f"<h3>{escape(say('thing.fields', lang))}</h3>{_pairs(shown.fields)}",
        f"<h3>{escape(say('thing.source', lang))}</h3>{_pairs(shown.source)}" if shown.source else "",
        f'<div class="xt-note">{escape(say("thing.masked_note", lang))}</div>' if shown.masked else "",
    ]
    st.html(f'<div class="xt-sheet">{"".join(parts)}</div>')


def _timeline(shown: Sheet, lang: Lang) -> str:
    if not shown.steps:
        return ""
    lines = "".join(
        f'<li class="{"reached " if step.reached else ""}{"now" if step.now else ""}">'
        f"<b>{escape(step.label)}</b><span>{escape(step.when)}</span></li>"
        for step in shown.steps
    )
    return f"<h3>{escape(say('thing.history', lang))}</h3><ol>{lines}</ol>"


def _records(shown: Sheet, lang: Lang) -> str:
    """What happened, newest first, with photos that open large."""
    if not shown.records:
        return ""
    lines = []
    for one in shown.records:
        photos = "".join(
            f'<a href="/photos/{escape(digest)}/view.jpg" target="_blank">'
            f'<img src="/photos/{escape(digest)}/thumb.jpg" alt="{escape(say("record.photo", lang))}"></a>'
            for digest in one.photos
        )
        said = f"<p>{escape(one.said)}</p>" if one.said else ""
        lines.append(f"<li><b>{escape(one.what)}</b><time>{escape(one.when)}</time>{said}{photos}</li>")
    return f"<h3>{escape(say('thing.records', lang))}</h3><ul>{''.join(lines)}</ul>"


def _pairs(pairs: Sequence[tuple[str, str]]) -> str:
    return "<dl>" + "".join(f"<dt>{escape(a)}</dt><dd>{escape(b)}</dd>" for a, b in pairs) + "</dl>"


def empty(title: str, text: str, command: str | None = None) -> None:
    """What stands in place of data that is not there: why, and what to do next."""
    line = f"<pre>{escape(command)}</pre>" if command else ""
    st.html(f'<div class="xt-empty"><h2>{escape(title)}</h2><p>{escape(text)}</p>{line}</div>')


def notices(texts: Sequence[str]) -> None:
    """What of a link could not be followed."""
    for text in texts:
        st.info(text)


def no_areas(county: County, lang: Lang) -> None:
    """What stands in place of the map while the county has no boundaries."""
    command = f"xiangtu add {county.workspace.root} <…> --layer township"
    empty(say("empty.no_areas_title", lang), say("empty.no_areas", lang), command)


def no_rows(county: County, layer: Layer, lang: Lang) -> None:
    """What stands in place of the map while nothing was taken in for a layer."""
    root = county.workspace.root
    command = f"xiangtu add {root} <…> --layer {layer.id}\nxiangtu run {root}"
    empty(say("empty.no_layer_title", lang, layer=layer.label(lang)), say("empty.no_layer", lang), command)
