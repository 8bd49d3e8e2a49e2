"""Acts that are told of later than they were done: when they can have been."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pandas as pd

from geo.errors import Refused
from geo.layers import Layer
from geo.lifecycle import china_day, state_at
from geo.spoken import china_minute, stage_words

if TYPE_CHECKING:
    from pipelines.store.ledger import Ledger


def check_time(at: datetime, now: datetime, thing: pd.DataFrame, layer: Layer, ledger: Ledger) -> None:
    """Refuse a time of an act that is still to come, or lies before its thing or the stage that it leaves.

    thing: its one row, as `pipelines.things.find_thing` gives it. Codes: act_in_future, act_before_thing and
    act_before_stage.
    """
    told = {"id": str(thing["id"].iloc[0]), "at": china_minute(at.isoformat())}
    if at > now:
        raise Refused("act_in_future", at=told["at"])
    events, day = ledger.events(layer=layer.id, feature_id=told["id"]), china_day(at)
    if not state_at(thing, events, layer, day)["exists"].iloc[0]:
        raise Refused("act_before_thing", **told)
    here = state_at(thing, events, layer, china_day(now)).iloc[0]
    if pd.notna(here["stage_since"]) and day < here["stage_since"].date():
        stage = stage_words(layer, str(here["stage"]))
        since = str(here["stage_since"].date())
        raise Refused("act_before_stage", **told, stage=stage.zh, stage_en=stage.en, since=since)
