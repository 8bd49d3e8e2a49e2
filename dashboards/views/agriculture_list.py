"""The work list: rows by the page, chosen for what is to be done, each with its sheet; and files of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import streamlit as st
from streamlit_folium import st_folium

from dashboards import agriculture, agriculture_rows, maps, maps_desk
from dashboards.session import go
from dashboards.views import agriculture_acts
from dashboards.views.agriculture_files import files
from dashboards.views.agriculture_parts import (
    Seen,
    nothing_here,
    part,
    related_contracts,
    thing_sheet,
)
from dashboards.words import number
from pipelines.transfers import PARCELS as LAND
from pipelines.worklist_filters import ORDERS, ordered, page_of_rows

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from geo.layers import Layer

AT_ONCE = 50
CHOSEN = "agri_chosen"


def show(seen: Seen) -> None:
    """Draw the list, and beside it the sheet of the thing that was opened."""
    agriculture_acts.over(seen, chosen_ids(seen))
    if seen.desk.rows.empty:
        nothing_here(seen)
        return
    if not seen.ask.thing:
        _list(seen)
        return
    with st.container(key="agri_open"):
        left, right = st.columns([3, 2], gap="medium")
        with left:
            _list(seen)
        with right:
            if thing_sheet(seen):
                near(seen)


def chosen_ids(seen: Seen) -> list[str]:
    """The things chosen that the reader may still see, in the order in which they were chosen."""
    there = set(seen.every.rows["id"])
    return [one for one in st.session_state.get(CHOSEN, []) if one in there]


def _list(seen: Seen) -> None:
    ask = seen.ask
    rows = ordered(seen.desk, ask.order, falling=ask.falling)
    page, at, pages = page_of_rows(rows, ask.number, AT_ONCE)
    chosen = chosen_ids(seen)
    agriculture_acts.bar(seen, chosen)
    _order(seen)
    words = {
        "all": seen.word("choose_page"),
        "choose": seen.word("choose_row"),
        "mu": seen.word("head_mu"),
        "days": seen.word("days_unit"),
        "days_before": seen.word("days_before"),
        "due": seen.word("head_due"),
    }
    data = {
        "part": "list",
        "page": f"{ask.order} {ask.falling} {at}",
        "heads": agriculture_rows.list_heads(ask),
        "rows": agriculture_rows.list_rows(page, seen.desk, ask.lang, within=_within(seen)),
        "chosen": chosen,
        "open": ask.thing,
        "order": ask.order,
        "falling": ask.falling,
        "may": agriculture_acts.acts(seen),
        "label": seen.word("view_list"),
        "words": words,
    }
    told = {
        "picked": lambda thing: go(thing=thing),
        "sorted": lambda order: go(sort=order, at=None),
        "marked": _mark,
    }
    part(data, key="agri_list", told=told)
    _pager(seen, at, pages)
    files(seen)


def _within(seen: Seen) -> str:
    """Code of the area that is looked at; "" for the county."""
    area = seen.county.area(seen.ask.filters.area) or seen.county.root
    return "" if area.level == "county" else area.code


def _mark(text: str) -> None:
    """Take in what was ticked and unticked on the page."""
    chosen = dict.fromkeys(st.session_state.get(CHOSEN, []))
    for thing, on in json.loads(text):
        if on:
            chosen[str(thing)] = None
        else:
            chosen.pop(str(thing), None)
    st.session_state[CHOSEN] = list(chosen)


def _order(seen: Seen) -> None:
    """What the list is sorted by, for fingers; a desktop also has its headings."""
    options = [sign + one for one in ORDERS for sign in ("", "-")]
    st.session_state["agri_sort"] = ("-" if seen.ask.falling else "") + seen.ask.order
    with st.container(key="agri_sorting"):
        st.selectbox(
            seen.word("sort"),
            options,
            key="agri_sort",
            format_func=lambda one: f"{seen.word('order_' + one.lstrip('-'))} {'↓' if one[0] == '-' else '↑'}",
            on_change=lambda: go(sort=st.session_state["agri_sort"], at=None),
            label_visibility="collapsed",
            filter_mode=None,
        )


def _pager(seen: Seen, at: int, pages: int) -> None:
    if pages < 2:
        return
    with st.container(key="agri_pager", horizontal=True):
        st.html(seen.word("page_of", number=number(at, "count"), pages=number(pages, "count")), width="content")
        for key, to, there in (("earlier", at - 1, at > 1), ("later", at + 1, at < pages)):
            st.button(
                seen.word(key), key=f"agri_{key}", disabled=not there, on_click=go, kwargs={"at": str(to)},
                width="content",
            )  # fmt: skip


def near(seen: Seen) -> None:
    """Where the opened thing lies, with the contracts that have to do with it and the contract land they name."""
    ask, county = seen.ask, seen.county
    thing = county.thing(ask.layer.id, str(ask.thing), ask.day)
    if thing is None or thing.geometry is None or thing.geometry.is_empty:
        return
    things = county.things(ask.layer.id, area=county.area(thing["area_code"]), as_of=ask.day)
    area = county.area(thing["area_code"] if isinstance(thing["area_code"], str) else None) or county.root
    shown = things[things["id"] == thing["id"]]
    beside = _beside(seen, thing)
    if beside:
        st.caption(seen.word("near_note"))
    with st.container(key="agri_near"):
        st_folium(
            maps.base_map(county, ask.lang),
            key="agri_near_map",
            height=250,
            use_container_width=True,
            feature_group_to_add=maps_desk.group_of_things(
                county, area, ask.layer, shown, selected=ask.thing, lang=ask.lang, near=True, beside=beside
            ),
            returned_objects=[],
        )


def _beside(seen: Seen, thing: pd.Series) -> list[tuple[Layer, gpd.GeoDataFrame]]:
    """The contract land that a contract names, and the contracts on the same ground, with their layers."""
    county, day = seen.county, seen.ask.day
    wanted = {
        LAND: [thing["contract_parcel_id"]] if isinstance(thing.get("contract_parcel_id"), str) else [],
        agriculture.TRANSFERS: [one for one, _ in related_contracts(seen, str(thing["id"]))],
    }
    found = []
    for name, ids in wanted.items():
        if ids and county.has_rows(name):
            rows = county.listed(name, ids, day)
            if len(rows):
                found.append((county.workspace.layer(name), rows))
    return found
