"""The head that all pages share: whose map this is, the other pages, search, what waits, language, printing."""

from __future__ import annotations

from datetime import date
from html import escape
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboards.data import County
from dashboards.figures import TO_FIND, WAITS, search, waits
from dashboards.pages import pages_for
from dashboards.session import address, go
from dashboards.widgets_base import component
from dashboards.words import Lang, number, say
from geo.errors import XiangtuError
from pipelines.covers import ZONES
from pipelines.days import today
from pipelines.find import Hit
from pipelines.marks_places import LAYER as SITES

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

MAP_PAGE, SITES_PAGE = "leader", "inspector"


def skip(lang: Lang) -> None:
    """The first stop of the keyboard: past the head, to what the page shows. Seen only while it has the focus."""
    with st.container(key="skip_box"):
        opens, choose = say("spoken.open", lang), say("spoken.choose", lang)
        words = {"open": opens, "choose": choose, "map": say("spoken.map", lang)}
        component("skip")(key="skip", data={"label": say("action.skip", lang), "lang": lang, **words})


def head(county: County, page: str, lang: Lang) -> DeltaGenerator:
    """The head of a page; what is given is the place of `bell`, which is filled when the page below is drawn."""
    with st.container(key="top", horizontal=True, vertical_alignment="center"):
        seal = '<img class="xt-seal" src="/assets/own/icon.svg" alt="">'
        below = f"{say('app.name', lang)} · {say('app.subtitle', lang)}"
        name = f"<h1>{escape(county.root.name)}</h1><p>{escape(below)}</p>"
        st.html(f'<div class="xt-brand">{seal}<div>{name}</div></div>', width="stretch")
        _pages(county, page, lang)
        with st.container(key="find_box", width=250):
            find(county, today(), lang)
        slot = st.container(key="bell_box", width="content")
        other: Lang = "en" if lang == "zh" else "zh"
        st.button(
            "EN" if other == "en" else "中文",
            key="language",
            type="tertiary",
            on_click=go,
            kwargs={"lang": other},
            width="content",
        )
        _print(page, lang)
    return slot


def _print(page: str, lang: Lang) -> None:
    """Printing of what is open: the map as a sheet made for paper, anything else as it stands on the screen."""
    label = say("action.print", lang)
    if page == MAP_PAGE and not st.query_params.get("thing"):
        st.link_button(label, f"/print?{address(lang=lang)}", type="tertiary", width="content")
    else:
        with st.container(key="paper_box", width="content"):
            component("paper")(key="paper", data={"label": label})


def _pages(county: County, page: str, lang: Lang) -> None:
    """The ways to the other pages the reader may open; changing the page leaves area and day as they are."""
    open_to = pages_for(county.actor)
    if len(open_to) < 2:
        return
    st.session_state["page"] = page

    def changed() -> None:
        wanted = st.session_state["page"] or page
        if wanted != page:
            go(page=wanted, **dict.fromkeys(("layer", "indicator", "thing", "view", "rows", "part", "versus")))

    st.segmented_control(
        say("choose.page", lang),
        open_to,
        key="page",
        format_func=lambda one: say(f"page.{one}", lang),
        on_change=changed,
        label_visibility="collapsed",
        width="content",
        wrap=True,
    )


@st.fragment
def find(county: County, day: date, lang: Lang) -> None:
    """The search box; what is typed is looked for on this server, and only this box is drawn anew."""
    if st.session_state.pop("find_follow", False):
        st.rerun()

    def asked() -> None:
        st.session_state["find_text"] = str(st.session_state["find"].get("asked") or "")

    def _picked() -> None:
        at = int(st.session_state["find"]["picked"])
        hits = st.session_state.get("find_hits", [])
        if at < len(hits):
            here = st.query_params.get("page") == SITES_PAGE
            _follow(hits[at], _page_of(county, hits[at].layer_id) if here else _map_page(county))
            st.session_state["find_follow"] = True
        st.session_state["find_text"] = ""

    text = st.session_state.get("find_text", "")
    hits = search(county, text, day, lang)
    st.session_state["find_hits"] = hits
    layers = county.workspace.layers()
    data: dict[str, Any] = {
        "text": text,
        "hits": [
            {
                "kind": layers[one.layer_id].label(lang) if one.layer_id else say("find.area", lang),
                "title": one.title,
                "said": one.said,
            }
            for one in hits
        ],
        "label": say("find.label", lang),
        "hint": say("find.hint", lang),
        "least": TO_FIND,
        "nothing": say("find.none", lang, text=text) if len(text) >= TO_FIND else say("find.short", lang),
    }
    component("find")(key="find", data=data, on_asked_change=asked, on_picked_change=_picked)


def _map_page(county: County) -> str | None:
    """The page that shows any place and thing; the reader's own where they may not open it."""
    return MAP_PAGE if MAP_PAGE in pages_for(county.actor) else None


def _page_of(county: County, layer_id: str | None) -> str | None:
    """The page on which what waits is opened: sites where their steps are taken, if the reader takes any."""
    own = county.root.code if county.root.level != "county" else None
    acts = layer_id == SITES and SITES_PAGE in pages_for(county.actor) and county.may("step", SITES, own)
    return SITES_PAGE if acts else _map_page(county)


def _follow(hit: Hit, page: str | None) -> None:
    """Go to what was found, on the map."""
    gone = {**dict.fromkeys(("view", "rows", "part", "versus", "as_of")), "page": page}
    if hit.layer_id is None:
        go(area=hit.key, thing=None, **gone)
    else:
        area = None if hit.layer_id in ZONES else hit.area_code
        go(layer=hit.layer_id, indicator=None, area=area, thing=hit.key, **gone)


def bell(slot: DeltaGenerator, county: County, lang: Lang) -> None:
    """What waits for the reader, with its count; each kind leads to its things."""
    try:
        found = waits(county, today())
    except XiangtuError:
        return
    things = len({(one.layer.id, thing) for one in found for thing in one.ids})
    label = f"{say('bell.label', lang)} {number(float(things), 'count')}" if things else say("bell.label", lang)
    # A popover stays open when a button in it is pressed; one of another name is closed.
    opened = st.session_state.setdefault("bell_opened", 0)
    with slot, st.popover(label, type="tertiary", width="content", key=f"bell_list_{opened}"):
        if not found:
            st.html(f'<p class="xt-quiet">{escape(say("bell.none", lang))}</p>')
        for one in found:
            count = number(float(len(one.ids)), "count")
            st.button(
                f"{say(f'bell.{one.kind}', lang)} {count} · {one.layer.label(lang)}",
                key=f"bell_{one.kind}_{one.layer.id}",
                type="tertiary",
                on_click=_answer,
                kwargs={
                    **dict.fromkeys(("indicator", "thing", "area", "as_of", "part", "versus")),
                    **_list_of(county, one.layer.id),
                    "rows": WAITS + one.kind,
                },
            )


def _list_of(county: County, layer_id: str) -> dict[str, str | None]:
    """The address of what waits in a layer: the round of the sites' own page, or the rows on the map's."""
    page = _page_of(county, layer_id)
    if page == SITES_PAGE:
        return {"page": page, "layer": None, "view": None}
    return {"page": page, "layer": layer_id, "view": "things"}


def _answer(**changes: str | None) -> None:
    """Go to what waits, and close the list."""
    st.session_state["bell_opened"] += 1
    go(**changes)
