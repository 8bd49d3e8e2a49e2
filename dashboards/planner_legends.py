"""The legends of the planner's maps: stages of zones, conflicts with limiting lines, two versions."""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.legends import Entry, Legend, thing_legend
from dashboards.planner import CONFLICT, ENTERED, LEFT, STAYED, SUBJECT, ZONE
from dashboards.words import Lang, figure, say
from geo.layers import Layer
from geo.measure import mu_from_m2
from pipelines.zone_versions import Change


def zone_legend(layer: Layer, stages: Sequence[str | None], lang: Lang, *, late: bool) -> Legend:
    """The stages that the zones on the map are in. late: some are past their day, or can no longer be in time."""
    found = thing_legend(layer, stages, lang)
    red = (Entry(CONFLICT, say("planner.legend_late", lang), line=True),) if late else ()
    return Legend(found.heading, (*found.entries, *red))


def change_legend(change: Change, lang: Lang) -> Legend:
    """What entered, left and stayed between two versions, each in its colour and with its 亩."""
    parts = (
        (ENTERED, "planner.entered", change.entered_m2),
        (LEFT, "planner.left_ground", change.left_m2),
        (STAYED, "planner.stayed", change.stayed_m2),
    )
    entries = (
        Entry(colour, f"{say(key, lang)} {figure(float(mu_from_m2(m2)), 'mu', lang)}") for colour, key, m2 in parts
    )
    return Legend(say("planner.legend", lang), tuple(entries))


def conflict_legend(subject: Layer, line: Layer, lang: Lang) -> Legend:
    """Which colour stands for what on the map of conflicts."""
    common = say("planner.legend_common", lang)
    entries = (
        Entry(str(line.style["stroke"]), line.label(lang)),
        Entry(SUBJECT, subject.label(lang)),
        Entry(CONFLICT, common),
        Entry(CONFLICT, say("planner.legend_bundle", lang), dot=True),
        Entry(ZONE, say("planner.legend_zone", lang)),
    )
    return Legend(say("planner.legend", lang), entries)
