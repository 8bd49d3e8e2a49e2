"""Codes of areas that a person writes into a field: of this county, and within the person's reach."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from geo.access import ACTION_OF_KIND, Actor, decide
from geo.codes import canonical
from geo.errors import Refused
from geo.layers import Layer
from pipelines.workspace import Workspace

LEVELS = {"county_code": "county", "township_code": "township", "village_code": "village"}
"""The fields that name an area by its code, and its level."""
OFFERED = 3


def check_area_codes(
    workspace: Workspace, layer: Layer, values: Mapping[str, Any], actor: Actor, kind: str = "edit"
) -> None:
    """Refused for the code of an area that the workspace does not have, or where the actor may not do such an act.

    values: field → value as an event keeps it. kind: of the act. Where the workspace has no areas of that level
    anything passes. The refusal offers the nearest codes within reach by number, with their names.
    """
    action = ACTION_OF_KIND[kind]
    for name, value in values.items():
        if name not in LEVELS or value is None or layer.is_area:
            continue
        areas = workspace.areas()
        known = areas[areas["level"] == LEVELS[name]]
        names = dict(zip(known["code"].astype(str), known["name"].astype(str), strict=True))
        if not names:
            continue
        reach = [one for one in names if decide(actor, action, layer=layer.id, area_code=one).allowed]
        code = canonical(value)
        if code in reach:
            continue
        field = layer.field(name)
        wrong = "area_code_out_of_reach" if code in names else "area_code_not_here"
        near = get_close_matches(str(value), reach, n=OFFERED, cutoff=0.0)
        raise Refused(
            wrong,
            field=field.label.zh,
            field_en=field.label.en,
            value=str(value)[:20],
            near="、".join(f"{one} {names[one]}" for one in near) or "—",
            near_en=", ".join(f"{one} {names[one]}" for one in near) or "—",
            level=LEVELS[name],
        )
