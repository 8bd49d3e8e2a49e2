"""The campaigns as cards: figure, months, light and pace in the reader's words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from dashboards.words import Lang, day, figure, number, say, unit_name
from geo.pace import Pace
from pipelines.pace import Glance


def cards(found: Sequence[Glance], lang: Lang) -> list[dict[str, Any]]:
    """Each campaign as plain values for `static/campaigns.js`."""
    return [_card(one, lang) for one in found]


def _card(one: Glance, lang: Lang) -> dict[str, Any]:
    topic = {"id": one.layer.id, "topic": one.layer.label(lang)}
    if one.empty or one.lead is None or one.pace is None:
        return {**topic, "empty": say("leader.empty", lang)}
    lead, alarm = one.lead, one.alarm
    alarmed = alarm is not None and one.alarm_value > 0
    return {
        **topic,
        "empty": "",
        "what": lead.label(lang),
        "value": number(one.value, lead.unit),
        "unit": unit_name(lead.unit, lang),
        "figure": figure(one.value, lead.unit, lang),
        "values": [None if math.isnan(value) else value for value in one.values],
        "target": one.pace.target.value if one.pace.target is not None else None,
        "spark": _spark(one, lang),
        "light": one.pace.light,
        "verdict": say(f"pace.{one.pace.verdict}", lang),
        "said": pace_said(one.pace, lead.unit, lang),
        "alarm": f"{alarm.label(lang)} {figure(one.alarm_value, alarm.unit, lang)}" if alarm is not None else "",
        "alarm_id": alarm.id if alarm is not None else "",
        "alarmed": alarmed,
    }


def _spark(one: Glance, lang: Lang) -> str:
    """The twelve months in words, for who cannot see the line."""
    unit = one.lead.unit if one.lead is not None else ""
    known = [(when, value) for when, value in zip(one.days, one.values, strict=True) if not math.isnan(value)]
    if len(known) < 2:
        return say("leader.spark_short", lang)
    (first, start), (last, end) = known[0], known[-1]
    return say(
        "leader.spark",
        lang,
        first=day(first, lang),
        start=figure(start, unit, lang),
        last=day(last, lang),
        end=figure(end, unit, lang),
    )


def pace_said(pace: Pace, unit: str, lang: Lang) -> str:
    """When the target is reached at this rate, and what the target is; empty without a target."""
    if pace.target is None:
        return ""
    goal = say("pace.goal", lang, value=figure(pace.target.value, unit, lang), by=day(pace.target.by, lang))
    if pace.verdict == "met" or pace.per_month is None:
        return goal
    when = (
        say("pace.reaches", lang, on=day(pace.reaches_on, lang))
        if pace.reaches_on is not None
        else say("pace.never", lang)
    )
    return f"{when}{say('pace.between', lang)}{goal}"
