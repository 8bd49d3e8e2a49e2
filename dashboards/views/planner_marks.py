"""Review marks of a zone: drawn on the map, commented, answered, and settled."""

from __future__ import annotations

import json
import uuid

import shapely
import streamlit as st

from dashboards import widgets
from dashboards.planner import fit_of, mark_shapes, outlines, stage_words
from dashboards.session import go
from dashboards.views import planner_parts as parts
from dashboards.views.planner_parts import Desk
from dashboards.words import NOTHING, day, figure, literal, say
from geo.access import decide
from geo.layers import Layer
from geo.measure import area_m2, length_m, mu_from_m2
from geo.steps import legal_steps
from pipelines.act import act
from pipelines.review_marks import LAYER, Mark, add_mark, days_of, marks, reply


def show(seen: Desk) -> None:
    """Draw the part."""
    parts.said()
    zone = parts.zone_choice(seen)
    layer = seen.county.workspace.layer(LAYER)
    found = marks(seen.county.workspace, as_of=seen.today, zone_id=zone)
    asked = st.query_params.get("mark")
    if asked and all(one.id != asked for one in found):
        widgets.notices([say("link.mark_none", seen.lang)])
    shape = seen.things[seen.things["id"] == zone].geometry
    left, right = st.columns([3, 2], gap="medium")
    with left:
        around = outlines(shape, weight=3, stroke="#1b5e73")
        drawn = [mark_shapes(found, layer, seen.lang, asked)]
        pending = st.session_state.get(_pending(zone))
        if pending:
            drawn.append(_pending_shape(pending))

        def keep(text: str) -> None:
            st.session_state[_pending(zone)] = {"shape": text, "client": uuid.uuid4().hex}

        may = decide(seen.county.actor, "add", layer=LAYER, area_code=seen.county.actor.area_code or None).allowed
        parts.plan_map(
            seen,
            [around, *drawn],
            key="marks_map",
            fit=fit_of(shape),
            label=say("planner.marks", seen.lang),
            picked=lambda key: go(mark=key),
            drawn=keep if may else None,
        )
    with right:
        if may:
            _new(seen, zone)
        else:
            st.caption(say("planner.no_rights", seen.lang))
        if not found:
            widgets.empty(say("planner.marks", seen.lang), say("planner.mark_none", seen.lang))
        for one in found:
            _thread(seen, layer, one, opened=one.id == asked)


def _pending(zone: str) -> str:
    return f"mark_pending_{zone}"


def _pending_shape(pending: dict[str, str]) -> dict[str, object]:
    style = {"stroke": "#b3261e", "fill": "#b3261e", "opacity": 0.15, "weight": 2}
    return {"features": [{"type": "Feature", "geometry": json.loads(pending["shape"]), "properties": style}]}


def _new(seen: Desk, zone: str) -> None:
    """What was drawn, and the form to send it with a comment."""
    pending, lang = st.session_state.get(_pending(zone)), seen.lang
    if not pending:
        st.caption(say("planner.mark_hint", lang))
        return
    shape = shapely.geometry.shape(json.loads(pending["shape"]))
    kinds = {"Point": "planner.mark_point", "LineString": "planner.mark_line", "Polygon": "planner.mark_area"}
    st.info(say("planner.mark_ready", lang, kind=say(kinds[shape.geom_type], lang), size=_size(shape, seen)))

    def _sent() -> str:
        comment = str(st.session_state.get("mark_comment") or "")
        key = add_mark(
            seen.county.workspace,
            seen.county.actor,
            zone_id=zone,
            shape=json.loads(pending["shape"]),
            comment=comment,
            now=parts.now(),
            client_id=pending["client"],
        )
        st.session_state["mark_comment"] = ""
        del st.session_state[_pending(zone)]
        go(mark=key)
        return say("planner.mark_sent", lang)

    st.text_area(say("planner.mark_comment", lang), key="mark_comment", max_chars=2000)
    with st.container(horizontal=True):
        parts.button("planner.mark_send", _sent, lang, key="mark_send", main=True)
        st.button(
            say("planner.mark_drop", lang),
            key="mark_drop",
            on_click=st.session_state.pop,
            args=(_pending(zone), None),
        )


def _size(shape: shapely.Geometry, seen: Desk) -> str:
    if shape.geom_type == "Polygon":
        return figure(float(mu_from_m2(float(area_m2([shape])[0]))), "mu", seen.lang)
    if shape.geom_type == "LineString":
        return figure(float(length_m([shape])[0]), "m", seen.lang)
    return f"{shape.x:.6f}, {shape.y:.6f}"


def _thread(seen: Desk, layer: Layer, one: Mark, *, opened: bool) -> None:
    """One mark with what was said since, and the form to answer."""
    lang, names = seen.lang, stage_words(layer, seen.lang)
    zone_stages = stage_words(seen.layer, lang)
    title = f"{names.get(one.stage, one.stage)} · {one.comment[:40]}"
    with st.expander(literal(title), expanded=opened):
        raised = NOTHING if one.raised_on is None else day(one.raised_on, lang)
        stage = zone_stages.get(one.zone_stage, one.zone_stage or NOTHING)
        st.caption(literal(say("planner.mark_by", lang, unit=one.raised_by or NOTHING, date=raised, stage=stage)))
        st.text(one.comment)
        for entry, when in zip(one.replies, days_of(one.replies), strict=True):
            st.divider()
            by = say("planner.mark_reply_by", lang, unit=entry.unit or NOTHING, date=day(when, lang))
            st.caption(literal(f"{by}{' → ' + names.get(entry.to_stage, '') if entry.to_stage else ''}"))
            if entry.text:
                st.text(entry.text)
        _answer(seen, layer, one)


def _answer(seen: Desk, layer: Layer, one: Mark) -> None:
    lang, actor = seen.lang, seen.county.actor
    names = stage_words(layer, lang)
    steps = [step.target for step in legal_steps(layer, one.stage, actor.role)]
    if not decide(actor, "evidence", layer=LAYER, area_code=actor.area_code or None).allowed:
        return
    keep = say("planner.mark_keep", lang)
    text, to = f"reply_{one.id}", f"to_{one.id}"
    st.text_area(say("planner.mark_reply", lang), key=text, max_chars=2000)
    st.selectbox(
        say("planner.mark_to", lang),
        ["", *steps],
        key=to,
        format_func=lambda name: names.get(name, keep),
        filter_mode=None,
    )

    def _sent() -> str:
        said, target = str(st.session_state.get(text) or ""), str(st.session_state.get(to) or "")
        if target:
            root = seen.county.workspace.root
            act(
                root, LAYER, one.id, target, by=actor, note=said or None, now=parts.now(), base_version=one.version
            )
        else:
            reply(seen.county.workspace, actor, one.id, said, now=parts.now())
        st.session_state[text], st.session_state[to] = "", ""
        go(mark=one.id)
        return say("planner.mark_reply_sent", lang)

    parts.button("planner.mark_reply_send", _sent, lang, key=f"send_{one.id}")
