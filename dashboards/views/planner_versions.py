"""Two submitted versions of a zone side by side: what entered, left and stayed, and what reads differently."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboards import widgets
from dashboards.planner import change_shapes, fit_of
from dashboards.planner_legends import change_legend
from dashboards.planner_tables import fields_board
from dashboards.session import go
from dashboards.sheets import china_day, row_of, value
from dashboards.views import planner_parts as parts
from dashboards.views.planner_parts import LAYER, Desk
from dashboards.words import day, figure, literal, say
from geo.measure import mu_from_m2
from pipelines.zone_versions import Change, Version, compare, versions, with_several

MOST_OFFERED = 12


def show(seen: Desk) -> None:
    """Draw the part."""
    lang = seen.lang
    workspace = seen.county.workspace
    several = seen.county.kept(LAYER, "several versions", lambda: with_several(workspace, LAYER))
    mine = [one for one in seen.frame["id"] if one in several]
    zone = parts.zone_choice(seen, first=mine)
    found = versions(workspace, LAYER, zone)
    if len(found) < 2:
        key = "planner.version_one" if found else "planner.version_none"
        text = say(key, lang, zone=seen.name(zone))
        widgets.empty(say("planner.versions", lang), text)
        _others(seen, mine)
        return
    before, after = _chosen(seen, found)
    change = compare(seen.county.workspace, LAYER, zone, before, after)
    fit = fit_of([change.entered, change.left, change.stayed])
    label = say("planner.versions", lang)
    widgets.map_head(seen.name(zone), "", change_legend(change, lang), lang)
    parts.plan_map(seen, change_shapes(change, lang), key="versions_map", fit=fit, label=label)
    _fields(seen, change)


def _others(seen: Desk, several: list[str]) -> None:
    """The zones of which there are versions to compare."""
    if not several:
        return
    st.caption(say("planner.version_others", seen.lang))
    with st.container(key="version_others", horizontal=True):
        for one in several[:MOST_OFFERED]:
            label = f"{one} {literal(seen.name(one))}"
            gone = {"thing": one, "before": None, "after": None}
            st.button(label, key=f"version_of_{one}", on_click=go, kwargs=gone, width="content")


def _chosen(seen: Desk, found: list[Version]) -> tuple[str, str]:
    """The two versions to compare: those of the address, else the last two."""
    labels = {one.import_id: _label(one, seen) for one in found}
    files = {one.import_id: row_of(one.file, "", one.row, seen.lang) for one in found}
    ids = list(labels)
    asked = [st.query_params.get(name) for name in ("before", "after")]
    chosen = [one if one in labels else ids[at] for one, at in zip(asked, (-2, -1), strict=True)]
    words = (say("planner.version_before", seen.lang), say("planner.version_after", seen.lang))
    for name, word, one, column in zip(("before", "after"), words, chosen, st.columns(2), strict=True):
        st.session_state[f"version_{name}"] = one

        def changed(name: str = name) -> None:
            go(**{name: st.session_state[f"version_{name}"]})

        with column:
            st.selectbox(
                word,
                ids,
                key=f"version_{name}",
                format_func=labels.__getitem__,
                on_change=changed,
                filter_mode=None,
            )
            st.caption(literal(files[one]))
    return str(chosen[0]), str(chosen[1])


def _label(one: Version, seen: Desk) -> str:
    area = figure(float(mu_from_m2(one.area_m2)), "mu", seen.lang)
    when = day(china_day(one.at), seen.lang)
    return say("planner.version_label", seen.lang, date=when, area=area)


def _fields(seen: Desk, change: Change) -> None:
    lang = seen.lang
    st.markdown(f"**{say('planner.version_fields', lang)}**")
    if not change.fields:
        st.caption(say("planner.version_same", lang))
        return
    rows = []
    for name, before, after in change.fields:
        field = seen.layer.field(name)
        was, now = (value(field, pd.Series({name: one}), seen.layer, lang) for one in (before, after))
        rows.append((field.label(lang), was, now))
    label = say("planner.version_fields", lang)
    widgets.board(fields_board(rows, lang), label=label, lang=lang, picked=lambda _: None, key="fields")
