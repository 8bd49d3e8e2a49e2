"""Where open things stand and whose turn it is: done, under way, waiting for the county, not started, late."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from geo.layers import Layer

STANDINGS = ("done", "under_way", "waiting", "not_started", "late_county", "late")
"""In the order they are drawn. Every thing that counts is in exactly one of them."""
BELOW_COUNTY = frozenset({"township", "village_reporter"})
"""The roles that answer for an area; every other role is the county's."""


def waits_for_county(layer: Layer) -> frozenset[str]:
    """The stages from which nobody below the county may take the thing onward.

    Onward is a step to a later stage of the ordinary way, or back onto it from a branch; what is sent back or
    voided moves nothing on.
    """
    life = layer.lifecycle
    if life is None:
        return frozenset()
    place = {stage: at for at, stage in enumerate(life.path)}
    waiting = set()
    for stage in life.stages:
        if stage.kind not in ("open", "in_progress"):
            continue
        here = place.get(stage.id, -1)
        onward = [t for t in life.transitions if t.source == stage.id and place.get(t.target, -1) > here]
        if onward and not any(BELOW_COUNTY & set(step.roles) for step in onward):
            waiting.add(stage.id)
    return frozenset(waiting)


def standing(things: pd.DataFrame, layer: Layer) -> pd.Series:
    """Where each thing stands, one of `STANDINGS`, indexed as `things`; NA for void ones and without lifecycle.

    things: columns stage, kind and overdue of `geo.lifecycle.state_at`. Late is whatever is open after its last
    day, so that the late ones are those an overdue figure counts; `late_county` are those of them that wait for
    a step of the county, `waiting` those that wait for one and have time.
    """
    kind = things["kind"].to_numpy(object)
    late = things["overdue"].astype("boolean").fillna(False).to_numpy(bool)
    theirs = things["stage"].isin(waits_for_county(layer)).to_numpy(bool)
    open_, going = kind == "open", kind == "in_progress"
    live = open_ | going
    made = np.select(
        [kind == "done", live & late & theirs, live & late, live & theirs, open_, going],
        ["done", "late_county", "late", "waiting", "not_started", "under_way"],
        default="",
    )
    return pd.Series(made, index=things.index, dtype="str").replace("", pd.NA)


def by_area(standings: pd.Series, area_codes: pd.Series, codes: Sequence[str]) -> pd.DataFrame:
    """How many things stand where, by area: index `codes`, a column for each of `STANDINGS`, int64.

    area_codes: the code of the area each thing lies on, indexed as `standings`; a code of `codes` takes in what
    lies on any area whose code begins with it, all of `codes` being of one length.
    """
    size = len(codes[0]) if codes else 0
    above = area_codes.astype("str").str.slice(0, size)
    counted = pd.crosstab(above, standings)
    return counted.reindex(index=list(codes), columns=list(STANDINGS), fill_value=0).astype(np.int64)
