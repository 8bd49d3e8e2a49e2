"""Whether two things can be one: of one kind, both still open or closed alike, and near each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import shapely

from geo.duplicates import apart
from geo.errors import Forbidden
from geo.layers import Layer
from geo.lookback import recurrence_stages
from geo.spoken import value_words
from pipelines.act import same_within
from pipelines.store.layers import current_rows
from pipelines.things import place_of

if TYPE_CHECKING:
    from pipelines.store.ledger import Act
    from pipelines.workspace import Workspace

KINDS = ("category", "idle_kind")
"""The fields that say of what kind a thing is: things of two kinds are never one."""
TIMES = 10
"""Beyond so many times the distance within which things are offered as the same, they are not."""


def check_merge(
    workspace: Workspace, layer: Layer, acts: tuple[Act, Act], things: tuple[pd.DataFrame, pd.DataFrame]
) -> dict[str, Any]:
    """What an event keeps of how close the two are: `distance_m`, and of parcels `overlap_percent`.

    acts, things: of the double, then of the one that stays; the acts with the stage that each is in. Forbidden for
    things of different kinds, for an open one into one that is closed, and for things too far from each other.
    """
    names = {"id": acts[0].feature_id, "into": acts[1].feature_id}
    _same_kind(layer, things, names)
    _not_into_closed(layer, acts, names)
    metres, share = apart(*(_shape(workspace, layer, thing) for thing in things))
    if metres is None:
        return {}
    limits, default_m = same_within(workspace)
    category = str(things[0]["category"].iloc[0]) if "category" in things[0] else ""
    most = TIMES * limits.get(category, default_m)
    if metres > most:
        raise Forbidden("merge_too_far", **names, metres=round(metres), most=round(most))
    return {"distance_m": metres, **({} if share is None else {"overlap_percent": round(100 * share)})}


def _same_kind(layer: Layer, things: tuple[pd.DataFrame, pd.DataFrame], names: dict[str, str]) -> None:
    for field in KINDS:
        if field not in things[0] or field not in things[1]:
            continue
        mine, theirs = (thing[field].iloc[0] for thing in things)
        if pd.notna(mine) and pd.notna(theirs) and mine != theirs:
            here, there = (value_words(layer, field, value) for value in (mine, theirs))
            words = {"mine": here.zh, "mine_en": here.en, "theirs": there.zh, "theirs_en": there.en}
            raise Forbidden("merge_other_kind", **names, **words)


def _not_into_closed(layer: Layer, acts: tuple[Act, Act], names: dict[str, str]) -> None:
    life = layer.lifecycle
    if life is None:
        return
    mine, theirs = (life.stage(act.from_stage or life.initial) for act in acts)
    if mine.kind not in ("open", "in_progress") or theirs.kind in ("open", "in_progress"):
        return
    back = [life.stage(one).label for one in recurrence_stages(layer)]
    raise Forbidden(
        "merge_into_closed",
        **names,
        mine=mine.label.zh,
        mine_en=mine.label.en,
        stage=theirs.label.zh,
        stage_en=theirs.label.en,
        back="、".join(one.zh for one in back) or "—",
        back_en=", ".join(one.en for one in back) or "—",
    )


def _shape(workspace: Workspace, layer: Layer, thing: pd.DataFrame) -> shapely.Geometry | None:
    """The shape of the one row of a thing; its point where it was added without one, None without a place."""
    lon, lat = place_of(thing)
    point = shapely.Point(lon, lat) if lon is not None and lat is not None else None
    if layer.geometry == "point":
        return point
    name = str(thing["id"].iloc[0])
    rows = current_rows(workspace, layer, columns=["id", "geometry"], ids=[name])
    found = rows.loc[(rows["id"] == name).to_numpy(bool), "geometry"]
    shape = found.iloc[-1] if len(found) else None
    return shape if isinstance(shape, shapely.Geometry) else point
