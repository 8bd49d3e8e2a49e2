"""Which fields of a thing an act may set by hand, and with what values; the same for every way into the ledger."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from geo.access import require
from geo.errors import Forbidden, Refused
from geo.layers import Field, Layer
from geo.spoken import fields_told
from pipelines.store.ledger_acts import Act

TEXT_CHARACTERS = 4000
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def check_fields(act: Act, layer: Layer) -> None:
    """Refuse an edit or a new thing whose fields are not the layer's, or hold what such a field cannot.

    Forbidden for fields that steps and extensions write (the stage and its dates, the deadline), so that no edit
    goes round the lifecycle, and for the id of a thing that is there. Refused for unknown fields, for values of
    another type than the field's, and for an edit that names none.
    """
    given = act.data.get("fields", {})
    if act.kind == "edit" and not given:
        raise Refused("edit_without_field", id=act.feature_id)
    if act.kind not in ("add", "edit"):
        return
    known = {f.name: f for f in layer.fields}
    if not isinstance(given, Mapping) or set(given) - set(known):
        wrong = set(given) - set(known) if isinstance(given, Mapping) else {"?"}
        raise Refused("field_unknown", **fields_told(layer, wrong))
    for name, value in given.items():
        _check_value(known[name], value)
        if name in kept_by_steps(layer) and not (act.kind == "add" and value == _first_stage(layer, name)):
            raise Forbidden("edit_not_this", field=known[name].label.zh, field_en=known[name].label.en)
        if act.kind == "edit" and name in (layer.id_field, layer.id_detail_field):
            raise Forbidden("edit_not_id", field=known[name].label.zh, field_en=known[name].label.en)
        if name == layer.deadline_field:
            if act.kind == "edit":
                raise Forbidden("edit_not_deadline", field=known[name].label.zh, field_en=known[name].label.en)
            require(act.actor, "extend", layer=layer.id, area_code=act.area_code)


def kept_by_steps(layer: Layer) -> frozenset[str]:
    """The fields that say the stage, or since when a stage after the first was reached: steps write them."""
    life = layer.lifecycle
    if life is None:
        return frozenset()
    dated = {s.date_field for s in life.stages if s.id != life.initial}
    return frozenset(str(name) for name in dated | {life.stage_field} if name is not None)


def _first_stage(layer: Layer, field: str) -> str | None:
    life = layer.lifecycle
    return life.initial if life is not None and field == life.stage_field else None


def _check_value(field: Field, value: Any) -> None:
    if value is None and not field.required:
        return
    fits = {
        "number": isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value),
        "integer": isinstance(value, int) and not isinstance(value, bool),
        "boolean": isinstance(value, bool),
        "date": isinstance(value, str) and _is_day(value),
    }.get(field.type, isinstance(value, str) and 0 < len(value) <= TEXT_CHARACTERS)
    if fits and field.type == "choice" and not field.open_choices:
        fits = value in {choice.value for choice in field.choices}
    if not fits:
        raise Refused("edit_value_malformed", field=field.label.zh, field_en=field.label.en)


def _is_day(text: str) -> bool:
    try:
        return _DAY.fullmatch(text) is not None and date.fromisoformat(text) is not None
    except ValueError:
        return False
