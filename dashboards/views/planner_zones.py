"""Zones against their last day: cards, map, table, timeline, and the sheet of one zone with its sign-off."""

from __future__ import annotations

from html import escape

import pandas as pd
import streamlit as st

from dashboards import links, widgets
from dashboards.planner import (
    SHEET,
    fit_of,
    stage_words,
    timeline,
    tone,
    verdict,
    zone_shapes,
)
from dashboards.planner_legends import zone_legend
from dashboards.planner_tables import schedule_board, zone_board
from dashboards.session import go
from dashboards.views import planner_parts as parts
from dashboards.views.planner_parts import LAYER, Desk
from dashboards.words import NOTHING, day, literal, say
from geo.access import decide
from geo.deadlines import limits
from geo.numbers import in_order
from geo.schedule import plan_of
from geo.steps import legal_steps
from pipelines.act import act
from pipelines.amend import undo
from pipelines.rounds_acts import may_undo


def show(seen: Desk) -> None:
    """Draw the part."""
    parts.said()
    shown = _of_batch(seen)
    _cards(seen, shown)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        chosen = seen.things[seen.things["id"].isin(shown["id"])]
        fit = fit_of(chosen.geometry if seen.zone is None else chosen[chosen["id"] == seen.zone].geometry)
        shapes = zone_shapes(chosen, shown, seen.layer, seen.lang, seen.zone)
        label = say("planner.zones", seen.lang)
        late = any(tone({str(k): v for k, v in row.items()}) == "late" for row in shown.to_dict("records"))
        legend = zone_legend(seen.layer, list(shown["stage"].unique()), seen.lang, late=late)
        widgets.map_head(label, say("print.made", seen.lang, date=day(seen.today, seen.lang)), legend, seen.lang)
        near = seen.zone is not None
        parts.plan_map(
            seen, [shapes], key="zones_map", fit=fit, near=near, label=label, picked=lambda key: go(thing=key)
        )
    with right:
        if seen.zone is None:
            st.caption(say("planner.pick_zone", seen.lang))
            board = zone_board(shown, seen.layer, seen.lang)
            widgets.board(board, label=label, lang=seen.lang, picked=lambda key: go(thing=key))
        else:
            with st.container(key=SHEET):
                _sheet(seen, seen.zone)
    lines = {key: line for key, line in seen.lines.items() if key in set(shown["id"])}
    drawn = timeline(shown, lines, seen.layer, seen.lang, today=seen.today, selected=seen.zone)
    parts.timeline(drawn)


def _of_batch(seen: Desk) -> pd.DataFrame:
    """The zones of the batch chosen; all when none is."""
    batches = sorted({str(one) for one in seen.frame["batch"].dropna()}, key=in_order)
    asked = st.query_params.get("batch")
    if len(batches) < 2:
        return seen.frame
    every = say("planner.all_batches", seen.lang)
    if asked not in batches:
        widgets.notices(links.choice_gone(say("planner.batch", seen.lang), asked, every, seen.lang))
    st.session_state["batch"] = asked if asked in batches else every

    def changed() -> None:
        picked = st.session_state["batch"]
        go(batch=None if picked in (None, every) else picked, thing=None)

    st.segmented_control(
        say("planner.batch", seen.lang),
        [every, *batches],
        key="batch",
        format_func=literal,
        on_change=changed,
        label_visibility="collapsed",
        wrap=True,
    )
    return seen.frame if asked not in batches else seen.frame[seen.frame["batch"] == asked].reset_index(drop=True)


def _cards(seen: Desk, shown: pd.DataFrame) -> None:
    counts = {
        "planner.card_zones": len(shown),
        "planner.card_approved": int((shown["kind"] == "done").sum()),
        "planner.card_late": int(shown["overdue"].sum()),
        "planner.card_impossible": int((shown["first_impossible"] != "").sum()),
    }
    with st.container(horizontal=True, key="planner_cards"):
        for key, count in counts.items():
            st.metric(say(key, seen.lang), f"{count:,}", border=True, width=150)


def _sheet(seen: Desk, zone: str) -> None:
    """One zone: where it stands, what is still ahead, what the reader may do, and what is registered."""
    row = {str(k): v for k, v in seen.frame[seen.frame["id"] == zone].iloc[0].items()}
    lang = seen.lang
    st.button(
        f"‹ {say('thing.close', lang)}", key="zone_close", type="tertiary", on_click=go, kwargs={"thing": None}
    )
    st.markdown(f"#### {literal(seen.name(zone))}")
    stage = stage_words(seen.layer, lang).get(str(row["stage"]), NOTHING)
    said = f"{stage} · {verdict(row, seen.layer, lang)}"
    st.html(f'<p class="xt-verdict xt-{tone(row) or "well"}">{escape(said)}</p>')
    _ahead(seen, zone)
    _sign_off(seen, zone, str(row["stage"]))
    with st.container(horizontal=True):
        for view, key in (("marks", "planner.marks"), ("versions", "planner.versions")):
            st.button(f"{say(key, lang)} ›", key=f"to_{view}", on_click=go, kwargs={"view": view})
    thing = seen.county.thing(LAYER, zone, seen.today)
    if thing is not None:
        with st.container(key="zone_sheet"):
            parts.thing_sheet(seen, seen.layer, thing, close=lambda: go(thing=None))


def _ahead(seen: Desk, zone: str) -> None:
    things = seen.frame[seen.frame["id"] == zone]
    row = {str(k): v for k, v in things.iloc[0].items()} | {"stage_since": things["since"].iloc[0]}
    if row["kind"] in ("done", "void") or pd.isna(row["due_on"]):
        return
    declared = limits(seen.layer, seen.county.workspace.settings.raw.get("limits", ()))
    ahead = plan_of(row, seen.layer, declared, seen.today)
    label = say("planner.schedule", seen.lang)
    st.markdown(f"**{label}**")
    board = schedule_board(ahead, seen.layer, seen.lang)
    widgets.board(board, label=label, lang=seen.lang, picked=lambda _: None, key="ahead")


def _sign_off(seen: Desk, zone: str, stage: str) -> None:
    """The steps the reader may take from here, confirmed before they are written; and the last one taken back."""
    lang, actor = seen.lang, seen.county.actor
    area = seen.things.loc[seen.things["id"] == zone, "area_code"].iloc[0]
    place = area if isinstance(area, str) else None
    steps = [one.target for one in legal_steps(seen.layer, stage, actor.role)]
    if steps and decide(actor, "step", layer=LAYER, area_code=place).allowed:
        with st.expander(say("planner.sign", lang)):
            _sign(seen, zone, stage, steps)
    else:
        st.caption(say("planner.sign_none", lang))
    if may_undo(seen.county.history(LAYER, zone), actor, parts.now()):

        def _undone() -> str:
            undo(seen.county.workspace.root, LAYER, zone, actor, now=parts.now())
            return say("planner.sign_undone", lang)

        parts.button("planner.sign_undo", _undone, lang, key="sign_undo")


def _sign(seen: Desk, zone: str, stage: str, targets: list[str]) -> None:
    """The form of one step."""
    lang, actor, names = seen.lang, seen.county.actor, stage_words(seen.layer, seen.lang)
    target = st.selectbox(say("planner.sign_to", lang), targets, format_func=names.__getitem__, key="sign_to")
    st.text_area(say("planner.sign_note", lang), key="sign_note", max_chars=2000)
    st.caption(
        literal(say("planner.sign_ask", lang, zone=seen.name(zone), here=names[stage], to=names[str(target)]))
    )

    def _signed() -> str:
        to = str(st.session_state["sign_to"])
        note = str(st.session_state.get("sign_note") or "") or None
        act(seen.county.workspace.root, LAYER, zone, to, by=actor, note=note, now=parts.now())
        st.session_state["sign_note"] = ""
        return say("planner.sign_done", lang, zone=seen.name(zone), to=names[to])

    parts.button("planner.sign_do", _signed, lang, key="sign_do", main=True)
