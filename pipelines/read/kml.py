"""KML as map programs and phones write it: without columns about drawing, with those hidden in balloons."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from geo.errors import Refused
from geo.issues import Issue

from . import texts, vector
from .columns import free_names, objects
from .source import Table
from .workplace import Held, Workplace

_ALWAYS_THERE = ("Name", "description", "timestamp", "begin", "end")
_BALLOON_ROW = re.compile(
    r"<tr[^>]*>\s*<t[dh][^>]*>(?P<key>.*?)</t[dh]>\s*<td[^>]*>(?P<value>.*?)</td>\s*</tr>",
    re.DOTALL | re.IGNORECASE,
)


def open_kml(path: Path, *, sender: Path, encoding: str | None = None) -> list[Table]:
    """One Table per KML folder that holds features.

    Columns that KML always has (name, description, times) stay when a feature fills them; those about drawing go.
    Where every filled description is the same table of an HTML balloon, its rows become columns (finding
    `balloon_read`). Raises Refused `map_unreadable`, `map_without_layers`.
    """
    text = texts.as_utf8(path, given=encoding)
    work = text.work or Workplace()
    staged = text.path if text.work else work.link(path, f"{path.stem}.kml")
    tables = []
    for layer in vector.layers(staged):
        table = vector.open_layer(staged, layer, sender=sender, drop=("_kml_",))
        if table.rows == 0:
            continue
        table.encoding, table.encoding_reason = text.decision.encoding, text.decision.reason
        table.issues += text.decision.issues
        tables.append(_tidied(table, work))
    if not tables:
        raise Refused("map_without_layers", file=path.name)
    return tables


def _tidied(table: Table, work: Workplace) -> Table:
    filled, keys = _look_through(table)
    plain = [c for c in table.columns if c not in _ALWAYS_THERE or c in filled]
    if keys:
        plain.remove("description")
        table.issues.append(Issue("balloon_read", params={"columns": len(keys)}))
    balloon = dict(zip(keys, free_names([*plain, *keys])[len(plain) :], strict=True))
    columns = (*plain, *balloon.values())
    untidied = table.batches

    def _batches() -> Iterator[pd.DataFrame]:
        for frame in untidied():
            rows = [_balloon(text) for text in frame["description"]] if balloon else []
            for key, name in balloon.items():
                frame[name] = pd.Series(objects(row.get(key) for row in rows), frame.index, dtype=object)
            yield frame[[*columns, "geometry"]]

    table.columns = columns
    table.batches = Held(_batches, work)
    return table


def _look_through(table: Table) -> tuple[set[str], list[str]]:
    """Which of the columns that are always there hold anything, and the balloons' keys where all descriptions are
    balloons."""
    filled: set[str] = set()
    keys: dict[str, None] = {}
    only_balloons = True
    for frame in table.batches():
        present = [c for c in _ALWAYS_THERE if c in frame.columns]
        filled |= {c for c in present if bool(frame[c].notna().any())}
        for text in frame["description"].dropna() if "description" in present else ():
            found = _balloon(str(text))
            only_balloons = only_balloons and bool(found)
            keys |= dict.fromkeys(found)
    return filled, list(keys) if only_balloons else []


def _balloon(text: str | None) -> dict[str, str | None]:
    """Keys and values of the two-column table in an HTML balloon, in order."""
    if not text:
        return {}
    rows = ((_plain(m["key"]), _plain(m["value"])) for m in _BALLOON_ROW.finditer(text))
    return {key: value for key, value in rows if key}


def _plain(markup: str) -> str | None:
    text = html.unescape(re.sub(r"<[^>]+>", "", markup)).strip()
    return None if text in {"", "<Null>", "&lt;Null&gt;"} else text
