"""What the planner's page shows, ready to be drawn: zones by slack, their timeline, shapes for the map."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from dashboards.legends import thing_colour
from dashboards.words import NOTHING, Lang, day, say
from geo.layers import Layer
from geo.numbers import in_order
from pipelines.review_marks import Mark
from pipelines.zone_schedule import Line
from pipelines.zone_versions import Change

Json = dict[str, Any]
TIGHT_DAYS = 10
"""Slack of at most so many working days is marked as tight."""
ENTERED, LEFT, STAYED, CONFLICT = "#1b9e77", "#d95f02", "#8f9a9e", "#b3261e"
SHEET = "zone_desk"
"""The container in which the sheet of the picked zone stands."""
SUBJECT, ZONE = "#f0d9a8", "#3f6f7f"


def stage_words(layer: Layer, lang: Lang) -> dict[str, str]:
    """Stage → its name in the reader's language."""
    return {one.id: one.label(lang) for one in layer.lifecycle.stages} if layer.lifecycle else {}


def tone(row: Mapping[str, Any]) -> str:
    """How pressing a zone is: `late` (past its day, or impossible already), `tight`, or `` for neither."""
    if bool(row["overdue"]) or row["possible"] is False or row["first_impossible"]:
        return "late"
    slack = row["slack_days"]
    return "tight" if not pd.isna(slack) and int(slack) <= TIGHT_DAYS else ""


def verdict(row: Mapping[str, Any], layer: Layer, lang: Lang) -> str:
    """One phrase: done, so many days left and so much slack, or what cannot be kept any more."""
    if row["kind"] in ("done", "void"):
        return say("planner.done", lang)
    if pd.isna(row["due_on"]):
        return say("planner.no_due", lang)
    left = int(row["days_left"])
    said = say("planner.overdue", lang, days=-left) if left < 0 else say("planner.left", lang, days=left)
    if row["first_impossible"]:
        stage = stage_words(layer, lang).get(row["first_impossible"], row["first_impossible"])
        return f"{said} · {say('planner.impossible_stage', lang, stage=stage, days=-int(row['slack_days']))}"
    return f"{said} · {say('planner.slack', lang, days=int(row['slack_days']))}"


def brief(row: Mapping[str, Any], lang: Lang) -> str:
    """The same in a few words."""
    if row["kind"] in ("done", "void"):
        return say("planner.done", lang)
    if pd.isna(row["due_on"]):
        return say("planner.no_due", lang)
    if int(row["days_left"]) < 0:
        return say("planner.brief_overdue", lang, days=-int(row["days_left"]))
    if row["first_impossible"]:
        return say("planner.brief_impossible", lang, days=-int(row["slack_days"]))
    return say("planner.brief_slack", lang, left=int(row["days_left"]), days=int(row["slack_days"]))


def name_of(row: Mapping[Any, Any]) -> str:
    """What a zone is called: its name, else its id."""
    name = row.get("zone_name")
    return str(row["id"]) if name is None or pd.isna(name) else str(name)


def timeline(
    frame: pd.DataFrame, lines: Mapping[str, Line], layer: Layer, lang: Lang, *, today: date, selected: str | None
) -> Json:
    """The timeline as plain values: ticks, groups by batch, a row a zone; places in percent of the whole span."""
    days = [one for line in lines.values() for bar in line.bars for one in (bar.first, bar.last)]
    days += [line.due_on for line in lines.values() if line.due_on] + [today]
    first, last = min(days).replace(day=1), max(days) + timedelta(days=20)
    span = max((last - first).days, 1)

    def at(one: date) -> float:
        return round(100 * (one - first).days / span, 3)

    names = stage_words(layer, lang)
    groups = []
    batches = frame["batch"].fillna("").astype(str)
    for batch in sorted(batches.unique(), key=lambda one: (one == "", in_order(one))):
        rows = [
            _row({str(k): v for k, v in row.items()}, lines[str(row["id"])], layer, names, at, lang)
            for row in frame[batches == batch].to_dict("records")
        ]
        groups.append({"title": batch or say("planner.no_batch", lang), "rows": rows})
    stages = [
        {"label": names[one.id], "colour": thing_colour(layer, one.id), "kind": "past"}
        for one in (layer.lifecycle.stages if layer.lifecycle else ())
    ]
    kinds = [
        {"label": say("planner.bar_planned", lang), "colour": "", "kind": "planned"},
        {"label": say("planner.bar_impossible", lang), "colour": "", "kind": "impossible"},
        {"label": say("planner.bar_due", lang), "colour": "", "kind": "due"},
    ]
    return {
        "label": say("planner.timeline", lang),
        "ticks": [{"label": label, "left": at(one)} for one, label in _ticks(first, last, lang)],
        "today": at(today),
        "now": say("choose.today", lang),
        "groups": groups,
        "legend": stages + kinds,
        "selected": selected,
        "sheet": f".st-key-{SHEET}",
    }


def _ticks(first: date, last: date, lang: Lang) -> list[tuple[date, str]]:
    """The quarters between two days, named by year and month."""
    starts = pd.date_range(first, last, freq="QS").date
    return [(one, say("planner.month", lang, year=one.year, month=f"{one.month:02d}")) for one in starts]


def _row(row: Json, line: Line, layer: Layer, names: Mapping[str, str], at: Any, lang: Lang) -> Json:
    bars = [
        {
            "left": at(bar.first),
            "width": max(round(at(bar.last) - at(bar.first), 3), 0.3),
            "kind": bar.kind,
            "colour": thing_colour(layer, bar.stage),
            "title": f"{names.get(bar.stage, bar.stage)} {day(bar.first, lang)} – {day(bar.last, lang)}",
        }
        for bar in line.bars
    ]
    return {
        "key": str(row["id"]),
        "name": name_of(row),
        "stage": names.get(row["stage"], NOTHING),
        "said": brief(row, lang),
        "full": verdict(row, layer, lang),
        "tone": tone(row),
        "bars": bars,
        "due": None if line.due_on is None else at(line.due_on),
        "due_title": "" if line.due_on is None else f"{say('planner.due', lang)} {day(line.due_on, lang)}",
    }


def feature(shape: shapely.Geometry, **properties: Any) -> Json:
    """A GeoJSON feature rounded to about a decimetre."""
    geometry = json.loads(shapely.to_geojson(shapely.transform(shape, lambda c: np.round(c, 6))))
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def outlines(shapes: Iterable[shapely.Geometry], *, weight: float = 1.0, stroke: str = "#7c888c") -> Json:
    """Outlines for orientation, not to be picked."""
    features = [feature(one, stroke=stroke, weight=weight, fill=None) for one in shapes if _there(one)]
    return {"features": features, "interactive": False}


def zone_shapes(
    things: gpd.GeoDataFrame, frame: pd.DataFrame, layer: Layer, lang: Lang, selected: str | None
) -> Json:
    """The zones coloured by stage, the larger below; the chosen one with a thick line."""
    said = {str(row["id"]): {str(k): v for k, v in row.items()} for row in frame.to_dict("records")}
    names = stage_words(layer, lang)
    placed = things[[_there(one) for one in things.geometry]]
    order = np.argsort(-shapely.area(placed.geometry.to_numpy()))
    features = []
    for _, one in placed.iloc[order].iterrows():
        row = said.get(str(one["id"]))
        if row is None:
            continue
        lines = [names.get(row["stage"], NOTHING), verdict(row, layer, lang)]
        chosen = str(one["id"]) == selected
        features.append(
            feature(
                one.geometry,
                key=str(one["id"]),
                name=name_of(row),
                label=name_of(row) if row["zone_kind"] != "village" or chosen else "",
                label_at=_middle(one.geometry),
                lines=lines,
                fill=thing_colour(layer, row["stage"]),
                opacity=0.82,
                stroke=CONFLICT if tone(row) == "late" else "#45525a",
                weight=4 if chosen else 2 if tone(row) == "late" else 1,
                chosen=chosen,
            )
        )
    return {"features": features}


def _middle(shape: shapely.Geometry) -> list[float]:
    """Latitude and longitude of a point inside, as Leaflet takes it."""
    point = shapely.point_on_surface(shape)
    return [round(point.y, 6), round(point.x, 6)]


def mark_shapes(marks: Sequence[Mark], layer: Layer, lang: Lang, selected: str | None) -> Json:
    """The drawn places of marks, coloured by status."""
    names = stage_words(layer, lang)
    features = [
        feature(
            one.shape,
            key=one.id,
            name=names.get(one.stage, one.stage),
            lines=[one.comment[:120]],
            fill=thing_colour(layer, one.stage),
            stroke=thing_colour(layer, one.stage),
            opacity=0.35,
            weight=4 if one.id == selected else 2,
        )
        for one in marks
        if one.shape is not None and _there(one.shape)
    ]
    return {"features": features, "bundle": True}


def change_shapes(change: Change, lang: Lang) -> list[Json]:
    """What stayed, left and entered between two versions."""
    parts = (
        (say("planner.stayed", lang), change.stayed, STAYED),
        (say("planner.left_ground", lang), change.left, LEFT),
        (say("planner.entered", lang), change.entered, ENTERED),
    )
    return [
        {"features": [feature(shape, name=name, fill=colour, stroke=colour, opacity=0.5)] if _there(shape) else []}
        for name, shape, colour in parts
    ]


def conflict_shapes(
    found: gpd.GeoDataFrame, common: Sequence[shapely.Geometry | None], selected: str | None
) -> list[Json]:
    """The things in conflict, and on them the ground they have in common with the limiting layer.

    Those too small to be seen stand as marks with their number.
    """
    whole = [
        feature(
            shape,
            key=str(key),
            name=str(key),
            fill=SUBJECT,
            mark=CONFLICT,
            stroke="#8a6d3b",
            opacity=0.6,
        )
        for key, shape in zip(found["id"], found.geometry, strict=True)
    ]
    cut = [feature(one, fill=CONFLICT, stroke=CONFLICT, opacity=0.65) for one in common if one is not None]
    edge = [feature(one, fill=None, weight=4, chosen=True) for one in found.geometry[found["id"] == selected]]
    return [{"features": whole, "bundle": True}, *({"features": one, "interactive": False} for one in (cut, edge))]


def limit_shapes(shapes: Iterable[shapely.Geometry], line: Layer) -> Json:
    """The ground of a limiting layer in its own colour, for orientation below what lies on it."""
    colour = str(line.style["stroke"])
    drawn = [feature(one, fill=colour, stroke=colour, opacity=0.28) for one in shapes if _there(one)]
    return {"features": drawn, "interactive": False}


def fit_of(shapes: Iterable[shapely.Geometry | None]) -> list[list[float]] | None:
    """South-west and north-east corner around all shapes; None when there is none."""
    there = [one for one in shapes if one is not None and _there(one)]
    if not there:
        return None
    west, south, east, north = (float(value) for value in shapely.total_bounds(np.array(there, dtype=object)))
    return [[south, west], [north, east]]


def _there(shape: shapely.Geometry | None) -> bool:
    return shape is not None and not shape.is_empty
