"""Lists of single things: stage, size or what they bring to a figure, and the file they came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import geopandas as gpd
import pandas as pd

from dashboards.legends import choice_labels, thing_colour
from dashboards.tables import Board, Row, cell, heading_of, plain, text
from dashboards.words import NOTHING, Lang, say
from geo.layers import Indicator, Layer

ROWS_AT_ONCE = 100
"""How many rows of a long list are sent to a page."""


def page_of(count: int, asked: int, *, size: int = ROWS_AT_ONCE) -> tuple[int, int, slice]:
    """(the part shown, how many parts there are, which rows it holds); the last part when one beyond is asked."""
    parts = max(1, -(-count // size))
    at = min(asked, parts)
    return at, parts, slice((at - 1) * size, at * size)


def listed(
    things: gpd.GeoDataFrame,
    layer: Layer,
    *,
    parts: Sequence[Indicator] = (),
    files: Mapping[str, str | None],
    first: int = 1,
    lang: Lang,
    total: Sequence[float] = (),
) -> Board:
    """Things in the order given, numbered from `first`: stage, size or what they bring, file and row.

    parts: figures whose amounts stand in the columns `=<id>` of the things; total: their sums over the whole list.
    files: import id → the sender's file.
    """
    colour_by = layer.style.get("colour_by")
    labels = choice_labels(layer, colour_by, lang) if colour_by else {}
    sizes = [(f"={one.id}", one) for one in parts] or [(one.id, one) for one in size_of(layer)]
    rows = []
    for position, (_, one) in enumerate(things.iterrows(), start=first):
        kind = one.get(colour_by) if colour_by else None
        cells = (
            *((text(labels.get(str(kind), kind)),) if colour_by else ()),
            *(cell(plain(one.get(column)), indicator) for column, indicator in sizes),
            source(one, files),
        )
        name = one.get(layer.name_field) if layer.name_field else None
        shown = str(one["id"]) if name is None or pd.isna(name) else f"{one['id']} {name}"
        rows.append(Row(str(one["id"]), shown, f"{position}", cells, thing_colour(layer, kind)))
    headings = (
        say("table.order", lang),
        layer.field(layer.id_field).label(lang),
        *((layer.field(colour_by).label(lang),) if colour_by else ()),
        *(heading_of(indicator, lang) for _, indicator in sizes),
        say("leader.file", lang),
    )
    worded = (*((2,) if colour_by else ()), len(headings) - 1)
    summed = [cell(value, one) for value, one in zip(total, parts, strict=True)] if parts else []
    foot = (*(("",) if colour_by else ()), *summed, "") if summed else ()
    return Board(headings, tuple(rows), foot, (), words_at=worded, bars=False)


def size_of(layer: Layer) -> tuple[Indicator, ...]:
    """The indicator whose field says how large one thing is: the first sum of a field of the same name, if any."""
    names = {one.name for one in layer.fields}
    return tuple(one for one in layer.indicators if one.id in names and one.id in one.sum)[:1]


def source(thing: pd.Series, files: Mapping[str, str | None]) -> str:
    """The file and row a thing was read from; a dash for one that no file brought."""
    file = files.get(str(thing.get("import_id")))
    row = thing.get("source_row")
    if not file:
        return NOTHING
    return file if row is None or pd.isna(row) else f"{file} · {int(row)}"
