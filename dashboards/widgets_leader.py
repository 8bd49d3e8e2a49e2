"""The parts of the county leader's page: campaigns, months, what it is compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import streamlit as st

from dashboards import campaigns as cards
from dashboards.data import County
from dashboards.looks import THEN, Look, days
from dashboards.session import go
from dashboards.widgets_base import component
from dashboards.words import Lang, day, say
from pipelines.pace import Glance

PACE_MS = 650
"""How long a month stands while the months are played."""
MOST_MONTHS = 26


def campaigns(found: Sequence[Glance], *, selected: str, lang: Lang) -> None:
    """The campaigns at a glance; picking one makes it the topic, picking what is overdue lists it."""

    def picked() -> None:
        gone = dict.fromkeys(("indicator", "thing", "view", "rows", "part"))
        go(layer=str(st.session_state["campaigns"]["picked"]), **gone)

    def rows() -> None:
        layer, asked = str(st.session_state["campaigns"]["rows"]).split("/", 1)
        go(layer=layer, indicator=None, thing=None, view="things", rows=asked, part=None)

    data = {"cards": cards.cards(found, lang), "selected": selected, "label": say("leader.campaigns", lang)}
    component("campaigns")(key="campaigns", data=data, on_picked_change=picked, on_rows_change=rows)


def months(county: County, look: Look, frames: Mapping[date, Any] | None, *, map_key: str) -> None:
    """The months of two years: one is chosen, or they are played over the map, the table and the figures.

    frames: what the page shows on each of those days (see `dashboards.months`), None where it shows things.
    """
    options = days(county.first_day(look.layer.id), look.as_of, look.today)[-MOST_MONTHS:]
    if len(options) < 2:
        return

    def picked() -> None:
        asked = date.fromisoformat(str(st.session_state["months"]["picked"]))
        go(as_of=None if asked >= look.today else asked.isoformat())

    lang = look.lang
    label = look.indicator.label(lang) if look.indicator is not None else ""
    data = {
        "days": [one.isoformat() for one in options],
        "labels": [say("choose.today", lang) if one == look.today else day(one, lang) for one in options],
        "at": options.index(look.day),
        "frames": [None if frames is None else frames.get(one) for one in options],
        "heading": f"{label}{'：' if lang == 'zh' else ': '}",
        "map": f".st-key-{map_key}",
        "label": say("leader.months", lang),
        "play": say("leader.play", lang),
        "pause": say("leader.pause", lang),
        "pace_ms": PACE_MS,
    }
    component("months")(key="months", data=data, on_picked_change=picked)


def as_shown(look: Look) -> None:
    """Of a past day the choice between what is known of it now and what was shown on it."""
    if look.as_of is None:
        return
    st.session_state["as_shown"] = look.as_shown

    def changed() -> None:
        if st.session_state["as_shown"] != look.as_shown:
            go(shown=THEN if st.session_state["as_shown"] else None)

    label = say("choose.as_shown", look.lang)
    st.toggle(label, key="as_shown", help=say("choose.as_shown_help", look.lang), on_change=changed)


def versus(look: Look, options: Mapping[str, str]) -> None:
    """The choice of what the view is set beside. options: what stands in the address → what the reader sees."""
    none = ""
    named = {none: say("compare.none", look.lang), **options}
    now = look.versus.isoformat() if isinstance(look.versus, date) else look.versus.code if look.versus else none
    if now not in named:
        named[now] = day(look.versus, look.lang) if isinstance(look.versus, date) else now
    st.session_state["versus"] = now

    def changed() -> None:
        if st.session_state["versus"] != now:
            go(versus=st.session_state["versus"] or None, thing=None, view=None, rows=None, part=None)

    st.selectbox(
        say("compare.label", look.lang),
        list(named),
        key="versus",
        format_func=named.__getitem__,
        on_change=changed,
        filter_mode=None,
        label_visibility="collapsed",
    )
