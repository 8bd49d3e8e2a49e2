"""The tables of the planner's page, ready to be drawn: zones, their schedule, conflicts, changed fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from dashboards.legends import thing_colour
from dashboards.planner import CONFLICT, brief, name_of, stage_words
from dashboards.tables import Board, Row
from dashboards.words import NOTHING, Lang, day, number, say
from geo.layers import Layer
from geo.measure import mu_from_m2


def zone_board(frame: pd.DataFrame, layer: Layer, lang: Lang) -> Board:
    """The zones, the most pressing first: stage, days left, slack, and a phrase."""
    names = stage_words(layer, lang)
    rows = []
    for at, row in enumerate(frame.to_dict("records"), start=1):
        cells = (
            names.get(row["stage"], NOTHING),
            NOTHING if pd.isna(row["days_left"]) else f"{int(row['days_left'])}",
            NOTHING if pd.isna(row["slack_days"]) else f"{int(row['slack_days'])}",
            brief({str(k): v for k, v in row.items()}, lang),
        )
        rows.append(Row(str(row["id"]), name_of(row), f"{at}", cells, thing_colour(layer, row["stage"])))
    headings = ("table.order", "planner.zone", "planner.stage", "planner.days_left", "planner.slack_days")
    heads = (*(say(one, lang) for one in headings), say("planner.verdict", lang))
    return Board(heads, tuple(rows), words_at=(2, 5), bars=False)


def conflict_board(
    found: pd.DataFrame, names: Mapping[str, str], layer: Layer, lang: Lang, *, count: int
) -> Board:
    """Things on a limiting layer, the largest common ground first."""
    stages = stage_words(layer, lang)
    rows = [
        Row(
            str(row["id"]),
            str(row["id"]),
            f"{at}",
            (
                number(float(mu_from_m2(row["m2"])), "mu"),
                number(float(row["share_percent"]), "percent"),
                names.get(str(row["area_code"]), NOTHING),
                stages.get(str(row["stage"]), NOTHING),
            ),
            CONFLICT,
        )
        for at, row in enumerate(found.to_dict("records"), start=1)
    ]
    keys = ("table.order", "planner.thing", "planner.common_mu", "planner.share", "planner.place", "planner.stage")
    notes = (say("table.more", lang, shown=len(rows), count=count),) if count > len(rows) else ()
    return Board(tuple(say(key, lang) for key in keys), tuple(rows), (), notes, words_at=(4, 5), bars=False)


def schedule_board(ahead: pd.DataFrame, layer: Layer, lang: Lang) -> Board:
    """The stages still ahead of a zone, planned backward from its last day. ahead: `geo.schedule.plan_of`."""
    names = stage_words(layer, lang)
    rows = [
        Row(
            "",
            names[str(one["stage"])],
            f"{at}",
            (
                say("planner.can" if one["possible"] else "planner.cannot", lang),
                number(float(one["days"]), "count"),
                day(one["latest_start"].date(), lang),
                day(one["latest_finish"].date(), lang),
                number(float(one["slack_days"]), "count"),
            ),
            "",
        )
        for at, one in enumerate(ahead.to_dict("records"), start=1)
    ]
    said = ("table.order", "planner.stage", "planner.verdict", "planner.needs_days", "planner.latest_start")
    heads = tuple(say(key, lang) for key in (*said, "planner.latest_finish", "planner.slack_days"))
    return Board(heads, tuple(rows), words_at=(2, 4, 5), bars=False)


def fields_board(changes: Sequence[tuple[str, str, str]], lang: Lang) -> Board:
    """What reads differently in two versions of a zone. changes: field, before, after, in words."""
    rows = [
        Row("", name, f"{at}", (before, after), "") for at, (name, before, after) in enumerate(changes, start=1)
    ]
    keys = ("table.order", "planner.field", "planner.before", "planner.after")
    return Board(tuple(say(key, lang) for key in keys), tuple(rows), words_at=(2, 3), bars=False)
