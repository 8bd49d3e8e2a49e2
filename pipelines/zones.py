"""Progress by planning zone, one kind at a time because village zones lie inside township zones."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from geo.errors import Refused
from geo.layers import Layer
from geo.progress import printed, roll_up
from pipelines.covers import zone_areas, zone_covers
from pipelines.summarise import denominators, with_rates
from pipelines.tallies import leaf_tally

if TYPE_CHECKING:
    from pipelines.workspace import Workspace

__all__ = ["zone_areas", "zone_progress"]


def zone_progress(workspace: Workspace, layer: Layer, day: date, *, decimals: int) -> pd.DataFrame:
    """Progress by zone. The rows of one zone_kind, with its row for what is in none, add up to the county."""
    covers = zone_covers(workspace)
    if not covers:
        raise Refused("areas_missing", level="zone")
    made = []
    for cover in covers:
        tallied = leaf_tally(workspace, layer, day, cover)
        others = {
            one.id: (one, roll_up(leaf_tally(workspace, one, day, cover), cover.areas, "zone"))
            for one in denominators(workspace, layer)
        }
        shown = printed(tallied, cover.areas, "zone", layer, decimals=decimals).assign(zone_kind=cover.kind)
        made.append(with_rates(shown, roll_up(tallied, cover.areas, "zone"), layer, others))
    return pd.concat(made, ignore_index=True)
