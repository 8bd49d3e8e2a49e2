"""Values of fields given by hand: read as those of a sender's table are, and laid over the rows they change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd

from geo.columns import ColumnMatch
from geo.errors import Refused
from geo.layers import Layer
from geo.spoken import fields_told
from geo.values import type_frame

_UNREADABLE = {"number": "number_unreadable", "integer": "number_unreadable", "date": "date_unreadable"}


def read_given(layer: Layer, given: Mapping[str, object], *, today: date | None = None) -> dict[str, Any]:
    """Values for an event: field → text, number, true/false, ISO day, or None for a blank.

    given: field → what a person wrote, read as the cell of a table would be (`2.5亩`, `2024年3月`, `垃圾乱堆`).
    Refused for a field the layer does not have, and with the finding's own sentence for what cannot be read. A
    number or a day is emptied by writing nothing: `nan` or `无`, blanks in a table, are refused here.
    """
    unknown = [name for name in given if name not in {f.name for f in layer.fields}]
    if unknown:
        raise Refused("field_unknown", **fields_told(layer, unknown))
    if not given:
        return {}
    heads = {name: layer.field(name).label.zh for name in given}
    if len(set(heads.values())) < len(heads):
        heads = {name: name for name in given}
    cells = {heads[name]: pd.Series([value], index=[1], dtype=object) for name, value in given.items()}
    match = ColumnMatch(fields=heads)
    typed, issues = type_frame(pd.DataFrame(cells), match, layer, {}, today=today)
    for issue in issues:
        if issue.severity == "error" and issue.field in given:
            raise Refused(issue.code, **{"row": issue.row, "field": issue.field, **issue.params})
    values = {name: plain(typed[name].iloc[0]) for name in given}
    for name, value in given.items():
        code = _UNREADABLE.get(layer.field(name).type)
        if code is not None and values[name] is None and value is not None and str(value).strip():
            raise Refused(code, row=1, field=name, heading=layer.field(name).label.zh, value=str(value)[:60])
    return values


def plain(value: Any) -> Any:
    """A typed value as JSON keeps it: days as ISO text, missing as None."""
    if value is None or value is pd.NaT or pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat()
    return value.item() if hasattr(value, "item") else value
