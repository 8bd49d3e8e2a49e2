"""One site: what may be done to it now, its photos before and after, and its sheet."""

from __future__ import annotations

from datetime import UTC, date, datetime
from html import escape
from typing import Any

import pandas as pd
import streamlit as st

from dashboards import inspector, inspector_steps, widgets
from dashboards.data import County
from dashboards.gate_forms import form_token
from dashboards.readers import COOKIE
from dashboards.session import go
from dashboards.sheets import sheet_of
from dashboards.views.inspector_round import site_map
from dashboards.widgets_base import component
from dashboards.widgets_sheet import sheet as draw_sheet
from dashboards.words import Lang, say
from pipelines.marks_places import LAYER
from pipelines.rounds_acts import may_undo

WORDS = (
    "note",
    "note_needed",
    "note_missing",
    "photo",
    "photo_needed",
    "photo_missing",
    "photo_working",
    "photo_failed",
    "send",
    "cancel",
    "sending",
    "done",
    "no_network",
    "no_network_step",
    "failed",
    "sign_in",
    "sign_in_link",
    "reload",
)


def show(county: County, thing: pd.Series, today: date, lang: Lang) -> None:
    """Draw the site: what may be done and its photos first, its sheet beside or below."""
    layer = county.workspace.layer(LAYER)
    history = county.history(LAYER, str(thing["id"]))
    left, right = st.columns([1, 1], gap="medium")
    with left:
        st.button(f"‹ {say('thing.close', lang)}", key="site_back", type="tertiary", on_click=_back)
        _head(inspector.heading(thing, layer, today, lang))
        _returned(inspector_steps.sent_back(history, layer, lang))
        _acts(county, thing, lang)
        _place(county, inspector.stop_of(thing, layer, lang), lang)
        photos = inspector.photos(history, layer, lang)
        if photos:
            several = len(photos) > 1
            widgets.heading(say("inspector.compare_title", lang) if several else say("inspector.only_photo", lang))
            words = {"before": say("inspector.before", lang), "after": say("inspector.after", lang)}
            words |= {"slider": say("inspector.slider", lang), "only": say("inspector.only_photo", lang)}
            component("inspector_compare")(key="inspector_compare", data={"photos": photos, "words": words})
    with right, st.container(key="inspector_sheet"):
        draw_sheet(sheet_of(county, layer, thing, lang, history=history), lang, close=_back)


def _back() -> None:
    go(thing=None)


def _head(said: inspector.Heading) -> None:
    """What and where the site is, and how it stands, at a glance."""
    chips = "".join(f'<span class="xt-chip xt-{one["tone"]}">{escape(one["text"])}</span>' for one in said.chips)
    where = f"<span>{escape(said.where)}</span>" if said.where else ""
    facts = f'<div class="xt-facts">{chips}{where}</div>'
    st.html(f'<div class="xt-sheet"><h2>{escape(said.title)}</h2>{facts}</div>')


def _returned(said: str | None) -> None:
    """Why the site came back, before anything else: it is what is to be done."""
    if said is not None:
        with st.container(key="slot_sent_back"):
            widgets.notices([said])


def _place(county: County, stop: dict[str, Any] | None, lang: Lang) -> None:
    """Where the site is, on a small map."""
    if stop is None:
        return
    data = {"label": say("inspector.map_label", lang), "stops": [stop], "start": None, "cells": []}
    bare = {"route": False, "bare": True, "notes": [], "empty": ""}
    site_map(county, {**data, **bare}, key="inspector_place", lang=lang)


def _acts(county: County, thing: pd.Series, lang: Lang) -> None:
    """The steps that the reader's role may take from where the site stands."""
    layer = county.workspace.layer(LAYER)
    area = thing["area_code"] if isinstance(thing["area_code"], str) else None
    history = county.history(LAYER, str(thing["id"]))
    undoes = county.may("undo", LAYER, area) and may_undo(history, county.actor, datetime.now(UTC))
    revisits = county.may("revisit", LAYER, area)
    steps = []
    if county.may("step", LAYER, area):
        steps = inspector_steps.steps(thing, layer, county.actor, lang, revisits=revisits, undoes=undoes)
    widgets.heading(say("inspector.act_title", lang))
    if not steps:
        life = layer.lifecycle
        stage = life.stage(str(thing["stage"])).label(lang) if life else ""
        acts = county.may("step", LAYER, area)
        turn = inspector_steps.whose_turn(str(thing["stage"]), layer, lang)
        none = say("inspector.act_none", lang, stage=stage) if acts else say("inspector.act_reader", lang)
        widgets.said([one for one in (none, turn) if one])
        return
    data = {
        "id": str(thing["id"]),
        "version": int(thing["version"]),
        "steps": steps,
        "lang": lang,
        "account": county.actor.name,
        "token": _token(county),
        "stages": {one.id: one.label(lang) for one in layer.lifecycle.stages} if layer.lifecycle else {},
        "words": {name: say(f"inspector.{name}", lang) for name in WORDS}
        | {name: say(f"inspector.conflict_{name}", lang) for name in ("theirs", "mine")}
        | {"theirs_said": say("inspector.conflict_said", lang, by="{by}", at="{at}", stage="{stage}")},
    }
    component("inspector_act")(key="inspector_act", data=data, on_done_change=lambda: None)


def _token(county: County) -> str:
    """What the page shows with an act it sends, so that the gate knows it for this server's."""
    session = st.context.cookies.get(COOKIE)
    return form_token(session if county.actor.has_account and isinstance(session, str) else None)
