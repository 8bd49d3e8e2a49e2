"""Limiting lines over parcels, transfers and plans: what lies on them, listed and drawn."""

from __future__ import annotations

import shapely
import streamlit as st

from dashboards import widgets
from dashboards.planner import (
    ZONE,
    conflict_board,
    conflict_legend,
    conflict_shapes,
    fit_of,
    limit_shapes,
    outlines,
)
from dashboards.session import go
from dashboards.views import planner_parts as parts
from dashboards.views.planner_parts import Desk
from dashboards.words import figure, say
from geo.measure import mu_from_m2
from pipelines.conflicts import LINES, SUBJECTS, common_ground, conflicts, limits_drawn

LISTED = 1000
DRAWN = 300


def show(seen: Desk) -> None:
    """Draw the part."""
    county, lang = seen.county, seen.lang
    layers = county.workspace.layers()
    subjects = [one for one in SUBJECTS if county.has_rows(one)]
    lines = [one for one in LINES if one in layers and county.has_rows(one)]
    if not subjects or not lines:
        widgets.empty(say("planner.conflicts", lang), say("planner.conflict_none", lang))
        return
    with st.container(horizontal=True):
        subject = _choice("subject", subjects, {one: layers[one].label(lang) for one in subjects}, seen)
        line = _choice("line", lines, {one: layers[one].label(lang) for one in lines}, seen)
    mark = (line, county.layer_edition(line), seen.today)
    found = county.kept(
        subject,
        ("conflicts", *mark),
        lambda: conflicts(county.workspace, subject, line, as_of=seen.today),
    )
    found = found[[county.may("read", subject, _code(one)) for one in found["area_code"]]]
    if found.empty:
        words = {"subject": layers[subject].label(lang), "line": layers[line].label(lang)}
        widgets.empty(say("planner.conflicts", lang), say("planner.no_conflict", lang, **words))
        return
    shown = found.head(DRAWN)
    thing = st.query_params.get("other")
    common = county.kept(
        subject,
        ("common", *mark, tuple(shown["id"])),
        lambda: common_ground(county.workspace, shown.geometry.to_numpy(object), line, as_of=seen.today),
    )
    chosen = shown[shown["id"] == thing]
    left, right = st.columns([3, 2], gap="medium")
    with left:
        area = figure(float(mu_from_m2(float(found["m2"].sum()))), "mu", lang)
        summed = say("planner.conflict_sum", lang, count=f"{len(found):,}", area=area)
        note = say("planner.conflict_shown", lang, shown=len(shown)) if len(found) > len(shown) else ""
        widgets.map_head(summed, note, conflict_legend(layers[subject], layers[line], lang), lang)
        zones = outlines(seen.things.geometry, weight=1.5, stroke=ZONE)
        ground = limit_shapes(_limits(seen, line), layers[line])
        shapes = [ground, zones, *conflict_shapes(shown, list(common), thing)]
        own = _own_ground(seen)
        fit = fit_of(chosen.geometry if len(chosen) else shown.geometry if own is None else [own])
        label = say("planner.conflicts", lang)
        parts.plan_map(seen, shapes, key="conflict_map", fit=fit, label=label, picked=lambda key: go(other=key))
    with right:
        if thing is not None:
            row = county.thing(subject, thing, seen.today)
            if row is not None:
                parts.thing_sheet(seen, layers[subject], row, close=lambda: go(other=None))
                return
        names = dict(zip(county.areas["code"], county.areas["name"], strict=True))
        board = conflict_board(found.head(LISTED), names, layers[subject], lang, count=len(found))
        widgets.board(board, label=label, lang=lang, picked=lambda key: go(other=key))


def _own_ground(seen: Desk) -> shapely.Geometry | None:
    """The ground of the reader's own area; None while it has no outline."""
    county = seen.county
    drawn = county.outlines("township")
    mine = drawn[drawn["code"].str.startswith(county.root.code)] if county.root.level != "county" else drawn
    return None if mine.empty else shapely.union_all(mine.geometry.to_numpy())


def _limits(seen: Desk, line: str) -> list[shapely.Geometry]:
    """The ground of a limiting layer within the reader's own area."""
    county, own = seen.county, _own_ground(seen)
    if own is None or county.reach(line) is None:
        return []
    key = ("limits", county.root.code, seen.today)
    return list(county.kept(line, key, lambda: limits_drawn(county.workspace, line, own, as_of=seen.today)))


def _choice(name: str, options: list[str], labels: dict[str, str], seen: Desk) -> str:
    asked = st.query_params.get(name)
    chosen = asked if asked in options else options[0]
    st.session_state[f"conflict_{name}"] = chosen
    words = {"subject": say("planner.subject", seen.lang), "line": say("planner.line", seen.lang)}
    st.selectbox(
        words[name],
        options,
        key=f"conflict_{name}",
        format_func=labels.__getitem__,
        on_change=lambda: go(**{name: st.session_state[f"conflict_{name}"]}, other=None),
        filter_mode=None,
    )
    return chosen


def _code(value: object) -> str | None:
    """An area code, or None where there is none."""
    return value if isinstance(value, str) and value else None
