"""The parts that pages are put together from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Literal

import streamlit as st

from dashboards.data import Area, County
from dashboards.footprints import called
from dashboards.legends import Legend
from dashboards.looks import Look
from dashboards.scenes import place
from dashboards.session import go
from dashboards.tables import SMALL, Board
from dashboards.widgets_base import STATIC, component, dress
from dashboards.widgets_head import bell, head, skip
from dashboards.widgets_sheet import sheet, swatch
from dashboards.words import Lang, catalogue, literal, say, unit_name
from geo.layers import Layer
from geo.progress import UNPLACED

__all__ = [
    "STATIC",
    "bell",
    "board",
    "bound",
    "cards",
    "choices",
    "component",
    "crumbs",
    "dress",
    "empty",
    "head",
    "heading",
    "map_head",
    "no_areas",
    "no_page",
    "no_rows",
    "notices",
    "pager",
    "said",
    "sheet",
    "skip",
    "tabs",
    "with_unit",
]


def choices(county: County, look: Look) -> None:
    """Two choices: topic and figure. Each writes itself into the address."""
    lang = look.lang
    layers = {layer.id: layer for layer in county.topics()}
    indicators = {one.id: one for one in look.layer.indicators}
    with st.container(key="choices", horizontal=True, vertical_alignment="bottom"):
        topics = {key: layer.label(lang) for key, layer in layers.items()}
        bound("layer", look.layer.id, topics, lang, clears=("indicator", "thing", "rows", "part"))
        if look.indicator is not None:
            named = {key: with_unit(one.label(lang), one.unit, lang) for key, one in indicators.items()}
            bound("indicator", look.indicator.id, named, lang)


def with_unit(label: str, unit: str, lang: Lang) -> str:
    """A label with its unit in brackets."""
    name = unit_name(unit, lang)
    if not name:
        return label
    return f"{label}（{name}）" if lang == "zh" else f"{label} ({name})"


def bound(name: str, chosen: str, options: Mapping[str, str], lang: Lang, *, clears: Sequence[str] = ()) -> None:
    """A selection that stands for one part of the address; choosing anew clears what depends on it.

    options: what stands in the address → what the reader sees.
    """
    st.session_state[name] = chosen

    def changed() -> None:
        # A run that another click cut short leaves what it drew unconfirmed: Streamlit then calls it a change.
        if st.session_state[name] != chosen:
            go(**{name: st.session_state[name]}, **dict.fromkeys(clears))

    st.selectbox(
        say(f"choose.{name}", lang),
        list(options),
        key=name,
        format_func=options.__getitem__,
        on_change=changed,
        filter_mode=None,
        label_visibility="collapsed",
    )


def tabs(
    parts: Mapping[str, str], *, key: str, label: str, lang: Lang, width: Literal["content", "stretch"] = "content"
) -> str:
    """The choice between the parts of a page, written into the address as `view`; the part that is chosen.

    parts: what stands in the address → what the reader sees; the first one is chosen when none is asked for.
    """
    asked = st.query_params.get("view", "")
    chosen = asked if asked in parts else next(iter(parts))
    st.session_state[key] = chosen
    with st.container(key=f"slot_{key}"):
        if asked and asked != chosen:
            notices([say("link.view_none", lang, view=asked, shown=parts[chosen])])

    def _changed() -> None:
        go(view=st.session_state[key] or chosen)

    st.segmented_control(
        label,
        list(parts),
        key=key,
        format_func=parts.__getitem__,
        on_change=_changed,
        label_visibility="collapsed",
        width=width,
        wrap=True,
    )
    return chosen


def crumbs(county: County, look: Look) -> None:
    """The way from the county to what is looked at; each step leads back to it."""
    path = county.path(look.area)
    # Another area of its level is set beside this one alone.
    beside = ("versus",) if isinstance(look.versus, Area) else ()
    with st.container(key="crumbs", horizontal=True, vertical_alignment="center"):
        for area in path[: None if look.thing else -1]:
            st.button(
                literal(area.name),
                key=f"crumb_{area.code}",
                type="tertiary",
                on_click=go,
                kwargs={"area": None if area.code == county.root.code else area.code, **_afresh("thing", *beside)},
                width="content",
            )
            st.html('<span class="xt-sep" aria-hidden="true">›</span>', width="content")
        here = called(county, look.layer, look.thing, look.day) if look.thing else place(look)
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
            gone = _afresh() | {"view": view}
            st.button(f"{label} ›", key="view", type="tertiary", on_click=go, kwargs=gone, width="content")


def _afresh(*more: str) -> dict[str, str | None]:
    """What of the address says how a list is shown, to be left out."""
    return dict.fromkeys(("view", "rows", "part", *more))


def cards(found: Sequence[Mapping[str, str]], *, selected: str | None, label: str) -> None:
    """The figures of an area; picking one makes it the figure of the map."""

    def changed() -> None:
        go(indicator=st.session_state["cards"]["picked"])

    data = {"cards": list(found), "selected": selected, "label": label}
    component("cards")(key="cards", data=data, on_picked_change=changed)


def board(
    table: Board,
    *,
    label: str,
    lang: Lang,
    picked: Callable[[str], None],
    part: Callable[[str], None] | None = None,
    key: str = "board",
    made: str = "",
) -> None:
    """A table whose rows can be picked, by click or by keyboard; `picked` is told the row's key.

    part: told the id of the part of the bars whose things are asked for. key: its name where a page has several.
    made: the day it is of, in words, where it follows the months that are played.
    """

    def changed() -> None:
        picked(str(st.session_state[key]["picked"]))

    def part_changed() -> None:
        if part is not None:
            part(str(st.session_state[key]["part"]))

    words = {
        "label": label,
        "small": say("table.small", lang, small=SMALL),
        "find": say("table.search", lang),
        "total_label": say("table.total", lang),
        "more_columns": catalogue(lang)["table.more_columns"],
        "between": say("table.between", lang),
    }
    data = {**table.as_json(), **words, "made": made}
    component("board")(key=key, data=data, on_picked_change=changed, on_part_change=part_changed)


def heading(text: str) -> None:
    """The heading of a part of a page."""
    st.html(f'<h2 class="xt-heading">{escape(text)}</h2>', width="stretch")


def said(texts: Sequence[str]) -> None:
    """Short remarks above a list."""
    if texts:
        st.html("".join(f'<p class="xt-quiet">{escape(one)}</p>' for one in texts))


def pager(at: int, parts: int, count: int, lang: Lang) -> None:
    """The way through a long list, part by part."""
    if parts < 2:
        return
    with st.container(key="pager", horizontal=True, vertical_alignment="center"):
        for key, to, there in (("previous", at - 1, at > 1), ("next", at + 1, at < parts)):
            st.button(
                say(f"pager.{key}", lang),
                key=f"pager_{key}",
                disabled=not there,
                on_click=go,
                kwargs={"part": None if to == 1 else str(to)},
                width="content",
            )
            if key == "previous":
                said = say("pager.pages", lang, part=at, parts=parts, count=f"{count:,}")
                st.html(f'<span class="xt-quiet">{escape(said)}</span>', width="content")


def map_head(title: str, subtitle: str, legend: Legend, lang: Lang) -> None:
    """What the map shows, of which day, and its legend."""
    head = f'<div class="xt-maphead"><h2>{escape(title)}</h2><span>{escape(subtitle)}</span></div>'
    st.html(head + _legend(legend, lang))


def _legend(legend: Legend, lang: Lang) -> str:
    entries = "".join(
        f"<span>{swatch(one.colour, dot=one.dot, line=one.line)}{escape(one.label)}</span>"
        for one in legend.entries
    )
    heading = with_unit(legend.heading, legend.unit, lang)
    kind = "xt-legend xt-legend-areas" if legend.of_areas else "xt-legend"
    return f'<div class="{kind}"><b>{escape(heading)}</b>{entries}</div>'


def empty(title: str, text: str, command: str | None = None) -> None:
    """What stands in place of data that is not there: why, and what to do next."""
    line = f"<pre>{escape(command)}</pre>" if command else ""
    st.html(f'<div class="xt-empty"><h2>{escape(title)}</h2><p>{escape(text)}</p>{line}</div>')


def notices(texts: Sequence[str]) -> None:
    """What of a link could not be followed."""
    for text in texts:
        st.info(literal(text))


def no_page(asked: str | None, shown: str, lang: Lang) -> None:
    """What stands above the page that is open in place of one that there is not."""
    with st.container(key="slot_page"):
        if asked and asked != shown:
            notices([say("link.page_none", lang, page=asked, shown=say(f"page.{shown}", lang))])


def no_areas(county: County, lang: Lang) -> None:
    """What stands in place of the map while the county has no boundaries."""
    command = f"xiangtu add {county.workspace.root} <…> --layer township"
    empty(say("empty.no_areas_title", lang), say("empty.no_areas", lang), command)


def no_rows(county: County, layer: Layer, lang: Lang) -> None:
    """What stands in place of the map while nothing was taken in for a layer."""
    root = county.workspace.root
    command = f"xiangtu add {root} <…> --layer {layer.id}\nxiangtu run {root}"
    empty(say("empty.no_layer_title", lang, layer=layer.label(lang)), say("empty.no_layer", lang), command)
