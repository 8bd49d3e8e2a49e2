"""Limiting lines over parcels, transfers and plans: what lies on them, listed and drawn."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import shapely
import streamlit as st

from dashboards import links, widgets
from dashboards.planner import (
    ZONE,
    conflict_shapes,
    fit_of,
    limit_shapes,
    outlines,
)
from dashboards.planner_legends import conflict_legend
from dashboards.planner_tables import conflict_board
from dashboards.session import go
from dashboards.views import planner_parts as parts
from dashboards.views.planner_parts import Desk
from dashboards.words import figure, say
from geo.layers import Layer
from geo.measure import mu_from_m2
from pipelines.conflicts import LINES, MOST_DRAWN, SUBJECTS, common_ground, conflicts, limits_drawn

LISTED = 1000
DRAWN = 300
AROUND = 0.02
"""So many degrees around a thing that is picked every limit is drawn: about two kilometres."""


def show(seen: Desk) -> None:
    """Draw the part."""
    county, lang = seen.county, seen.lang
    layers = county.workspace.layers()
    subjects = [one for one in SUBJECTS if county.has_rows(one)]
    lines = [one for one in LINES if one in layers and county.has_rows(one)]
    if not subjects or not lines:
        widgets.empty(say("planner.conflicts", lang), say("planner.conflict_none", lang))
        return
    with st.container(key="conflict_choices", horizontal=True):
        subject = _choice("subject", subjects, {one: layers[one].label(lang) for one in subjects}, seen)
        line = _choice("line", lines, {one: layers[one].label(lang) for one in lines}, seen)
    found = _found(seen, layers[subject], layers[line])
    if found.rows.empty:
        words = {"subject": layers[subject].label(lang), "line": layers[line].label(lang)}
        widgets.empty(say("planner.conflicts", lang), say("planner.no_conflict", lang, **words))
        return
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _map(seen, found)
    with right:
        _beside(seen, found)


@dataclass(frozen=True)
class Found:
    """What of a layer lies on a limiting layer, as far as the reader may read it; thing: the one picked."""

    subject: Layer
    line: Layer
    rows: gpd.GeoDataFrame
    thing: str | None

    @property
    def drawn(self) -> gpd.GeoDataFrame:
        """The largest of the rows: those that the map draws."""
        return self.rows.head(DRAWN)


def _found(seen: Desk, subject: Layer, line: Layer) -> Found:
    county = seen.county
    rows = county.kept(
        subject.id,
        ("conflicts", line.id, county.layer_edition(line.id), seen.today),
        lambda: conflicts(county.workspace, subject.id, line.id, as_of=seen.today),
    )
    mine = [county.may("read", subject.id, _code(one)) for one in rows["area_code"]]
    return Found(subject, line, rows[mine], st.query_params.get("other"))


def _map(seen: Desk, found: Found) -> None:
    """A line of what it shows, its legend, and the map: the limiting line, the zones, what lies on the line."""
    county, lang, shown = seen.county, seen.lang, found.drawn
    common = county.kept(
        found.subject.id,
        ("common", found.line.id, county.layer_edition(found.line.id), seen.today, tuple(shown["id"])),
        lambda: common_ground(county.workspace, shown.geometry.to_numpy(object), found.line.id, as_of=seen.today),
    )
    area = figure(float(mu_from_m2(float(found.rows["m2"].sum()))), "mu", lang)
    summed = say("planner.conflict_sum", lang, count=f"{len(found.rows):,}", area=area)
    note = say("planner.conflict_shown", lang, shown=len(shown)) if len(found.rows) > len(shown) else ""
    chosen, own = shown[shown["id"] == found.thing], _own_ground(seen)
    limits = _limits(seen, found.line.id)
    if len(limits) == MOST_DRAWN:
        note = " · ".join(part for part in (note, say("planner.line_shown", lang, shown=MOST_DRAWN)) if part)
    widgets.map_head(summed, note, conflict_legend(found.subject, found.line, lang), lang)
    if len(chosen):
        limits = _limits_near(seen, found, limits)
    ground = limit_shapes(limits, found.line)
    zones = outlines(seen.things.geometry, weight=1.5, stroke=ZONE)
    shapes = [ground, zones, *conflict_shapes(shown, list(common), found.thing)]
    fit = fit_of(chosen.geometry if len(chosen) else shown.geometry if own is None else [own])
    label = say("planner.conflicts", lang)
    near = bool(len(chosen))
    parts.plan_map(
        seen, shapes, key="conflict_map", fit=fit, near=near, label=label, picked=lambda key: go(other=key)
    )


def _beside(seen: Desk, found: Found) -> None:
    """The sheet of the thing that was picked, else the table."""
    county, lang = seen.county, seen.lang
    row = county.thing(found.subject.id, found.thing, seen.today) if found.thing is not None else None
    if row is not None:
        parts.thing_sheet(seen, found.subject, row, close=lambda: go(other=None))
        return
    if found.thing:
        widgets.notices([links.thing_gone(county, found.subject, found.thing, seen.today, seen.today, lang)])
    names = dict(zip(county.areas["code"], county.areas["name"], strict=True))
    board = conflict_board(found.rows.head(LISTED), names, found.subject, lang, count=len(found.rows))
    widgets.board(board, label=say("planner.conflicts", lang), lang=lang, picked=lambda key: go(other=key))


def _own_ground(seen: Desk) -> shapely.Geometry | None:
    """The ground of the reader's own area; None while it has no outline."""
    county = seen.county

    def _ground() -> shapely.Geometry | None:
        drawn = county.outlines("township")
        mine = drawn[drawn["code"].str.startswith(county.root.code)] if county.root.level != "county" else drawn
        return None if mine.empty else shapely.union_all(mine.geometry.to_numpy())

    return county.kept("township", ("ground", county.root.code), _ground)


def _limits(seen: Desk, line: str) -> list[shapely.Geometry]:
    """The ground of a limiting layer within the reader's own area."""
    county, own = seen.county, _own_ground(seen)
    if own is None or county.reach(line) is None:
        return []
    key = ("limits", county.root.code, seen.today)
    return list(county.kept(line, key, lambda: limits_drawn(county.workspace, line, own, as_of=seen.today)))


def _limits_near(seen: Desk, found: Found, limits: list[shapely.Geometry]) -> list[shapely.Geometry]:
    """All of a limiting layer around the thing picked, in full detail, and farther off what is drawn anyway."""
    county, own = seen.county, _own_ground(seen)
    here = shapely.box(*found.rows.geometry[found.rows["id"] == found.thing].total_bounds).buffer(AROUND)
    if own is None or county.reach(found.line.id) is None:
        return limits
    key = ("limits near", county.root.code, found.subject.id, found.thing, seen.today)
    near = county.kept(
        found.line.id,
        key,
        lambda: list(limits_drawn(county.workspace, found.line.id, own, as_of=seen.today, near=here)),
    )
    return [one for one in limits if not shapely.intersects(one, here)] + near


def _choice(name: str, options: list[str], labels: dict[str, str], seen: Desk) -> str:
    asked = st.query_params.get(name)
    chosen = asked if asked in options else options[0]
    st.session_state[f"conflict_{name}"] = chosen
    words = {"subject": say("planner.subject", seen.lang), "line": say("planner.line", seen.lang)}
    if asked != chosen:
        widgets.notices(links.choice_gone(words[name], asked, labels[chosen], seen.lang))
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
