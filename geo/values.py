"""The sender's words turned into values of the layer's types, with a finding for every one that cannot be."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import replace

import pandas as pd

from geo.columns import ColumnMatch
from geo.issues import Issue
from geo.layers import Field, Layer
from geo.units import ratio, scaled
from geo.value_columns import Column, read_codes, read_texts
from geo.value_readers import read_boolean, read_choices, read_dates, read_numbers

# What differs from batch to batch in a finding that says the same.
_OF_A_BATCH = ("count", "rows", "value")

_READERS = {
    "number": read_numbers,
    "integer": read_numbers,
    "date": read_dates,
    "boolean": read_boolean,
    "choice": read_choices,
    "code": read_codes,
    "text": read_texts,
    "area_name": read_texts,
}


def type_frame(
    frame: pd.DataFrame,
    match: ColumnMatch,
    layer: Layer,
    units: Mapping[str, str],
    *,
    today: dt.date | None = None,
) -> tuple[pd.DataFrame, list[Issue]]:
    """The typed frame of a batch of a sender's table, and what was found while reading it.

    frame: as `Table.batches` gives it. units: heading → unit id. today: dates more than 80 years after it are
    impossible (without it, dates after 2100). Returned: index `row` as in `frame`; one column for each field of
    the layer, in its order, also for those no column holds: text, code, choice and area_name as pandas
    `string`, number float64 in the field's canonical unit, integer Int64, date datetime64[s], boolean
    `boolean`; `geometry` last when `frame` has it. What cannot be read is missing and has a finding.

    Findings: an error or warning names its row; what was put right for a whole column is one `info` with a
    count. Values of personal fields never stand in a finding. A required field that no column holds is one
    `column_missing` without a row.
    """
    issues: list[Issue] = []
    made: dict[str, pd.Series] = {}
    for field in layer.fields:
        heading = match.fields.get(field.name)
        if heading is None or heading not in frame.columns:
            made[field.name] = _empty(field, frame.index)
            continue
        column = Column(frame[heading], field, heading, units.get(heading), today, field.name == layer.id_field)
        made[field.name] = _READERS[field.type](column)
        issues += column.issues
    _derive(made, layer)
    for field in layer.fields:
        if field.required:
            issues += _missing(made[field.name], field, match.fields.get(field.name), issues)
    typed = pd.DataFrame(made, index=frame.index)
    typed.index.name = "row"
    if "geometry" in frame.columns:
        typed["geometry"] = frame["geometry"]
    return typed, issues


def _empty(field: Field, index: pd.Index) -> pd.Series:
    kinds = {"number": "float64", "integer": "Int64", "date": "datetime64[s]", "boolean": "boolean"}
    return pd.Series(index=index, dtype=kinds.get(field.type, "string"))


def _derive(made: dict[str, pd.Series], layer: Layer) -> None:
    """Fill the blanks of a field from the field of another unit that says the same."""
    for field in layer.fields:
        if field.derived_from is None:
            continue
        source = layer.field(field.derived_from)
        by = ratio(source.unit or "", field.unit or "")
        if by is not None:
            made[field.name] = made[field.name].fillna(scaled(made[source.name], by))


def _missing(values: pd.Series, field: Field, heading: str | None, found: list[Issue]) -> list[Issue]:
    """Rows without a required value, but for those whose value is already said to be at fault."""
    if heading is None:
        blank = values.isna()
        if not len(values) or not blank.all():
            return []
        return [Issue("column_missing", None, field.name, _labels(field))]
    said = {issue.row for issue in found if issue.field == field.name and issue.severity == "error"}
    rows = values.index[values.isna().to_numpy()]
    params = {**_labels(field), "heading": heading}
    return [Issue("value_required_missing", int(row), field.name, params) for row in rows if row not in said]


def _labels(field: Field) -> dict[str, str]:
    return {"label": field.label.zh, "label_en": field.label.en, "heading": field.label.zh}


def gather(issues: Iterable[Issue]) -> list[Issue]:
    """Findings of several batches as one list: those on a whole column that say the same are added up.

    A finding without a row that says the same as an earlier one is left out, its `count` added to that one's;
    `rows` and `value` stay those of the first.
    """
    kept: list[Issue] = []
    places: dict[tuple[object, ...], int] = {}
    for issue in issues:
        if issue.row is not None:
            kept.append(issue)
            continue
        said = tuple(sorted((k, str(v)) for k, v in issue.params.items() if k not in _OF_A_BATCH))
        key = (issue.code, issue.field, said)
        if key not in places:
            places[key] = len(kept)
            kept.append(issue)
        elif "count" in issue.params:
            first = kept[places[key]]
            count = int(first.params["count"]) + int(issue.params["count"])
            kept[places[key]] = replace(first, params={**first.params, "count": count})
    return kept
