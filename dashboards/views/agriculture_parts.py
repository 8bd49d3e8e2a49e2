"""What the views of the agriculture page share: the filters and their chips, the parts, the sheet of a thing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from html import escape
from typing import Any

import pandas as pd
import streamlit as st

from dashboards import agriculture, agriculture_rows, links, widgets
from dashboards.agriculture import SEVERAL, Ask, Json
from dashboards.data import County
from dashboards.season_sheet import satellite
from dashboards.session import go
from dashboards.sheets import sheet_of
from dashboards.widgets_base import component, static
from dashboards.words import figure, literal, number
from pipelines.remediation import void_figures
from pipelines.remediation_checks import ended_contracts
from pipelines.transfers import LIVE, related
from pipelines.worklist import DIMENSIONS, Desk, chosen
from pipelines.worklist_filters import Filters, counted, narrowed, set_apart, widening

MOST_OPTIONS = 200
"""So many values at most are offered by one filter, the most frequent first."""


@dataclass(frozen=True)
class Seen:
    """One look at the page: what is asked, everything the reader may see, and what of it passes the filters."""

    county: County
    ask: Ask
    every: Desk
    desk: Desk

    @cached_property
    def counted(self) -> Desk:
        """What of it the figures count: nothing void, unless it is asked for by name."""
        return counted(self.desk, self.ask.filters)

    def word(self, key: str, **params: object) -> str:
        """A sentence of this page in the reader's language."""
        return self.ask.word(key, **params)


def seen_by(county: County, ask: Ask) -> Seen:
    """The desk that the reader may see, and what passes the filters of the address."""
    every = agriculture.desk_of(county, ask.layer.id, ask.day)
    return Seen(county, ask, every, narrowed(every, ask.filters))


def now() -> datetime:
    """The moment of an act."""
    return datetime.now(UTC)


def dress() -> None:
    """What this page's own containers look like."""
    st.html(f"<style>{static('agriculture_page.css')}</style>")


def part(data: Json, *, key: str, told: Mapping[str, Callable[[str], None]]) -> None:
    """One part drawn by `static/agriculture.js`; each of its signals is told what was picked."""

    def _listener(name: str) -> Callable[[], None]:
        def heard() -> None:
            value = st.session_state[key].get(name)
            if value is not None:
                told[name](str(value))

        return heard

    signals = {f"on_{name}_change": _listener(name) for name in told}
    component("agriculture")(key=key, data=data, **signals)


def title(text: str, note: str = "") -> None:
    """The heading of a block of the page."""
    st.html(f'<div class="xt-block"><h2>{escape(text)}</h2><span>{escape(note)}</span></div>')


def pairs(lines: Sequence[tuple[str, str]]) -> None:
    """Names and values, one a line."""
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in lines)
    st.html(f'<dl class="xt-lines">{rows}</dl>')


def set_filters(filters: Filters, **more: str | None) -> None:
    """Write filters into the address."""
    go(**agriculture.written(filters), **more)


def to_rows(ask: Ask, name: str, value: str) -> None:
    """Open the work list of what one figure counts."""
    filters = (
        replace(ask.filters, overdue=True)
        if name == "overdue"
        else agriculture.with_value(ask.filters, name, value)
    )
    # Of a stage those that wait longest stand first.
    set_filters(filters, view="list", thing=None, sort="-days" if name == "stage" else None)


# ---- filters


def filter_bar(seen: Seen) -> None:
    """The chips of what is set, the count and 亩 of what passes, and the filters behind one button."""
    with st.container(key="agri_bar", horizontal=True, vertical_alignment="center"):
        with st.popover(f"☰ {seen.word('filters')}", width="content"):
            _filters(seen)
        for at, chip in enumerate(agriculture.chips(seen.ask.filters, seen.every, seen.county, seen.ask.lang)):
            st.button(
                f"{literal(chip.label)}  ✕",
                key=f"agri_chip_{at}",
                on_click=set_filters,
                args=(chip.without,),
                width="content",
            )
        if len(seen.ask.filters.given()) > 1:
            st.button(
                seen.word("clear_all"), key="agri_clear", type="tertiary", on_click=set_filters, args=(Filters(),),
                width="content",
            )  # fmt: skip
        first, *rest = (escape(one) for one in summary(seen))
        said = f"<b>{first}</b>" + "".join(f" <span>{one}</span>" for one in rest)
        st.html(f'<div class="xt-sum">{said}</div>', width="stretch")


def summary(seen: Seen) -> list[str]:
    """How many pass and their 亩; then of how many, and what of it does not count."""
    desk, every = seen.counted, counted(seen.every, seen.ask.filters)
    said = [seen.word("summary", count=number(desk.count, "count"), mu=number(desk.mu, "mu"))]
    if seen.ask.layer.id == agriculture.TRANSFERS:
        live = chosen(desk, desk.rows["kind"].isin(LIVE).to_numpy(bool))
        said.append(seen.word("summary_live", count=number(live.count, "count"), mu=number(live.mu, "mu")))
    if seen.ask.filters.given():
        said.append(seen.word("summary_of", count=number(every.count, "count"), mu=number(every.mu, "mu")))
    life = seen.ask.layer.lifecycle
    for stage, count, mu in void_figures(set_apart(seen.desk, seen.ask.filters)):
        label = life.stage(stage).label(seen.ask.lang) if life else stage
        said.append(seen.word("summary_void", stage=label, count=number(count, "count"), mu=number(mu, "mu")))
    if desk.crossing:
        said.append(seen.word("summary_crossing", count=number(desk.crossing, "count")))
    return said


def _filters(seen: Seen) -> None:
    _areas(seen)
    _text(seen)
    for name in SEVERAL:
        if name in ("stage", "problem") or name in DIMENSIONS[seen.every.layer.id]:
            _several(seen, name)
    if seen.ask.layer.id == agriculture.PARCELS:
        st.session_state["agri_overdue"] = seen.ask.filters.overdue
        st.checkbox(
            seen.word("filter_overdue"),
            key="agri_overdue",
            on_change=lambda: set_filters(
                replace(seen.ask.filters, overdue=bool(st.session_state["agri_overdue"]))
            ),
        )


def _areas(seen: Seen) -> None:
    """Township and village, as far as the reader's own area is divided."""
    county, filters = seen.county, seen.ask.filters
    path = county.path(county.area(filters.area) or county.root)
    for level in ("township", "village"):
        above = next((one for one in path if county.below(one) == level), None)
        if above is None:
            continue
        frame = county.areas
        inside = frame[(frame["level"] == level)]
        inside = inside if above.level == "county" else inside[inside["parent"] == above.code]
        names = {"": seen.word("whole"), **dict(zip(inside["code"], inside["name"], strict=True))}
        key = f"agri_{level}"
        st.session_state[key] = next((one.code for one in path if one.level == level and one.code in names), "")

        def changed(key: str = key, above: str = above.code) -> None:
            code = st.session_state[key] or (above if above != county.root.code else None)
            set_filters(replace(filters, area=code))

        st.selectbox(
            seen.word(f"filter_{level}"), list(names), key=key, format_func=names.__getitem__, on_change=changed,
            filter_mode=None,
        )  # fmt: skip


def _text(seen: Seen) -> None:
    st.session_state["agri_find"] = seen.ask.filters.text
    st.text_input(
        seen.word("filter_text"),
        key="agri_find",
        placeholder=seen.word("text_hint"),
        on_change=lambda: set_filters(replace(seen.ask.filters, text=str(st.session_state["agri_find"]).strip())),
    )


def _several(seen: Seen, name: str) -> None:
    """A filter of which several values may be chosen."""
    labels = agriculture.labels_of(name, seen.every, seen.county, seen.ask.lang)
    chosen = list(getattr(seen.ask.filters, name))
    labels |= {one: agriculture.value_word(name, one, seen.every, seen.county, seen.ask.lang) for one in chosen}
    options = list(dict.fromkeys([*chosen, *list(labels)[:MOST_OPTIONS]]))
    key = f"agri_{name}"
    st.session_state[key] = chosen

    def changed() -> None:
        changes: Any = {name: tuple(st.session_state[key])}
        set_filters(replace(seen.ask.filters, **changes))

    st.multiselect(
        seen.word(f"filter_{name}"),
        options,
        key=key,
        format_func=labels.__getitem__,
        placeholder=seen.word("any"),
        on_change=changed,
        filter_mode=None,
    )


def nothing_here(seen: Seen) -> None:
    """What stands in place of an empty result: which condition, taken away, would bring something back."""
    wider = widening(seen.every, seen.ask.filters)
    text = seen.word("nothing") if wider else seen.word("nothing_at_all")
    widgets.empty(seen.word("nothing_title"), text)
    with st.container(key="agri_wider", horizontal=True, horizontal_alignment="center"):
        for at, (name, value, count) in enumerate(wider[:6]):
            label = agriculture.condition(name, value, seen.every, seen.county, seen.ask.lang)
            st.button(
                literal(seen.word("would_be", label=label, count=number(count, "count"))),
                key=f"agri_wider_{at}",
                on_click=set_filters,
                args=(seen.ask.filters.without(name, value),),
                width="content",
            )
        st.button(
            seen.word("clear_all"), key="agri_wider_all", on_click=set_filters, args=(Filters(),), width="content"
        )


# ---- the sheet of one thing


def thing_sheet(seen: Seen) -> bool:
    """The sheet of the thing that the address asks for; False when it asks for none there is."""
    ask, county = seen.ask, seen.county
    if not ask.thing:
        return False
    thing = county.thing(ask.layer.id, ask.thing, ask.day)
    if thing is None:
        widgets.notices([links.thing_gone(county, ask.layer, ask.thing, ask.day, ask.day, ask.lang)])
        return False
    shown = sheet_of(county, ask.layer, thing, ask.lang)
    more = _problems(seen, thing) + satellite(county.workspace, ask.layer.id, str(thing["id"]), ask.lang)
    widgets.sheet(shown, ask.lang, close=lambda: go(thing=None), more=more)
    _related(seen, str(thing["id"]))
    return True


def _problems(seen: Seen, thing: pd.Series) -> str:
    """What is the matter with a thing, as a part of its sheet."""
    found = agriculture_rows.problem_pairs(thing, seen.every, seen.ask)
    if not found:
        return ""
    lines = "".join(f"<dt>{escape(name)}</dt><dd>{escape(said)}</dd>" for name, said in found)
    return f"<h3>{escape(seen.word('problems_title'))}</h3><dl>{lines}</dl>"


def related_contracts(seen: Seen, thing: str) -> list[tuple[str, float]]:
    """(id, 亩) of contracts on the same ground, or that ended on a parcel, as far as the reader may see them."""
    county, ask = seen.county, seen.ask
    workspace, other = county.workspace, agriculture.TRANSFERS
    if not county.has_rows(other):
        return []
    ended = county.kept(
        agriculture.PARCELS,
        ("ended", ask.day),
        lambda: ended_contracts(workspace, workspace.layer(agriculture.PARCELS), ask.day),
    )
    found = related(workspace, ask.layer, thing, ended)
    return [(one, mu) for one, mu in found if county.thing(other, one, ask.day) is not None]


def _related(seen: Seen, thing: str) -> None:
    ask, other = seen.ask, agriculture.TRANSFERS
    there = related_contracts(seen, thing)
    if not there:
        return
    title(seen.word("related"))
    for at, (one, mu) in enumerate(there[:12]):
        st.button(
            f"{literal(one)} · {figure(mu, 'mu', ask.lang)} ›",
            key=f"agri_related_{at}",
            type="tertiary",
            on_click=go,
            kwargs={**agriculture.written(Filters()), "layer": other, "view": "list", "thing": one},
        )
