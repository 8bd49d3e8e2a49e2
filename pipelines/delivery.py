"""A delivery as it is opened: how the user says it is to be read, and which of its tables is of which layer."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import tomli_w

from geo.columns import ColumnMatch, guess_layer, match_columns
from geo.errors import Refused
from geo.issues import Issue
from geo.layers import Layer
from geo.spoken import field_called, fields_told
from pipelines.read import open_tables
from pipelines.read.source import Table
from pipelines.report import Report, TableReport
from pipelines.store.imports import disk_errors
from pipelines.workspace import Workspace

SURE = 0.45
"""A layer is guessed only when a table's headings fit it at least this well."""
CLEARLY = 0.05
"""… and at least this much better than the next one."""

Take = Callable[[Table, Layer, ColumnMatch], TableReport]


@dataclass(frozen=True)
class Options:
    """How the user says a file is to be read; None leaves it to the program.

    mapping: layer field or place role → the sender's heading. sender: under which name mappings are kept.
    again: take the file in although it was taken in before.
    """

    layer: str | None = None
    crs: str | None = None
    encoding: str | None = None
    sheet: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    sender: str | None = None
    again: bool = False

    def mark(self, digest: str) -> str:
        """By what a delivery is recognised: the file's content and the options that change the outcome."""
        told = repr((self.crs, self.encoding, sorted(self.mapping.items())))
        return hashlib.sha256(f"{digest}{told}".encode()).hexdigest()


def each_table(path: Path, options: Options, layers: Mapping[str, Layer], take: Take) -> Report:
    """Open the file and take each of its tables that is one of the layers."""
    if not path.exists():
        raise Refused("file_missing", path=str(path))
    if options.layer is not None and options.layer not in layers:
        raise Refused("layer_unknown", layer=options.layer, known=", ".join(sorted(layers)))
    tables = open_tables(path, encoding=options.encoding, sheet=options.sheet)
    done, skipped = [], []
    for table in tables:
        layer = _layer_of(table, options, layers, alone=len(tables) == 1)
        if layer is None:
            skipped.append(Issue("table_skipped", None, None, {"table": table.name}))
            continue
        match = _matched(table, layer, options)
        done.append(take(table, layer, match))
    if not done:
        names = ", ".join(t.name for t in tables)
        if options.layer is not None:
            raise Refused("layer_does_not_fit", file=path.name, tables=names, layer=options.layer)
        raise Refused("layer_not_recognised", file=path.name, tables=names, known=", ".join(sorted(layers)))
    if all(one.rows == 0 for one in done):
        raise Refused("file_has_no_rows", file=path.name, tables=", ".join(t.table for t in done))
    return Report(path, done, skipped)


def _matched(table: Table, layer: Layer, options: Options) -> ColumnMatch:
    """The table's headings matched with the layer's fields, the user's word first."""
    for heading in options.mapping.values():
        if heading not in table.columns:
            raise Refused("column_unknown", column=heading, known=", ".join(table.columns))
    try:
        asked = {heading: field_called(layer, name) for name, heading in options.mapping.items()}
        return match_columns(table.columns, layer, override=asked or None)
    except ValueError:
        raise Refused("field_unknown", **fields_told(layer, options.mapping)) from None


def _layer_of(table: Table, options: Options, layers: Mapping[str, Layer], *, alone: bool) -> Layer | None:
    """The layer a table is of: the one the user named, or the one its headings fit clearly best."""
    ranked = guess_layer(table.columns, table.geometry_type, table.name, layers)
    scores = dict(ranked)
    if options.layer is not None:
        named = layers[options.layer]
        fits = alone or scores.get(named.id, 0) >= SURE or table.geometry_type != "none"
        return named if fits else None
    if not ranked or ranked[0][1] < SURE:
        return None
    if len(ranked) > 1 and ranked[0][1] - ranked[1][1] < CLEARLY:
        return None
    return layers[ranked[0][0]]


def with_sender(workspace: Workspace, options: Options) -> Options:
    """Add the sender's saved mapping under what is given now, and save what is given now."""
    if options.sender is None:
        return options
    if not re.fullmatch(r"[\w\-一-鿿（）()]{1,60}", options.sender):
        raise Refused("sender_name_wrong", name=options.sender)
    path = workspace.root / "senders" / f"{options.sender}.toml"
    saved = tomllib.loads(path.read_text(encoding="utf-8"))["mapping"] if path.is_file() else {}
    merged = {**saved, **options.mapping}
    if options.mapping:
        with disk_errors(path):
            path.parent.mkdir(exist_ok=True)
            path.write_text(tomli_w.dumps({"mapping": merged}), encoding="utf-8")
    return replace(options, mapping=merged)
