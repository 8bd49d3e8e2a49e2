"""Printed figures kept as plain rows, so that asking for them again takes reading one small file and no more.

Only the standard library is imported here: starting a table library takes longer than the whole answer.
"""

from __future__ import annotations

import hashlib
import json
import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geo.errors import XiangtuError
from geo.layers import Layer, LayerError, load_layers

if TYPE_CHECKING:
    from pipelines.workspace import Workspace

RULES = 1
"""Raise when figures are printed differently, so that kept ones are made anew."""
LEVELS = ("county", "township", "village", "zone")
DECIMALS = (2, 6)
"""Of a figure for people, and for programs."""
KEPT_DAYS = 3
PLACES = ("county", "township", "village", "zone", "zone_plan")
"""Layers of what is counted by."""

Row = dict[str, Any]


def kept_rows(root: Path, layer_id: str, by: str, day: date, decimals: int) -> list[Row] | None:
    """The rows of `progress` as they were kept; None when they were not, or something changed since."""
    path = _path(root, layer_id, by, day, decimals)
    if path is None:
        return None
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return rows if isinstance(rows, list) else None


def keep_rows(root: Path, layer_id: str, by: str, day: date, decimals: int, rows: Sequence[Row]) -> None:
    """Keep rows for `kept_rows`; a workspace that cannot be written to goes without."""
    path = _path(root, layer_id, by, day, decimals)
    if path is None:
        return
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(rows, ensure_ascii=False, default=str, allow_nan=False), encoding="utf-8")
        partial.replace(path)
        for old in _others(path):
            old.unlink(missing_ok=True)
    except OSError:
        partial.unlink(missing_ok=True)


def _others(path: Path) -> Iterator[Path]:
    """Kept rows that these take the place of, and those of days long asked about."""
    kind, day = path.name.rsplit(".", 3)[:2]
    days = sorted({one.name.rsplit(".", 3)[1] for one in path.parent.glob(f"{kind}.*.json")} - {day})
    for one in path.parent.glob(f"{kind}.*.json"):
        if one != path and (one.name.rsplit(".", 3)[1] == day or one.name.rsplit(".", 3)[1] in days[:-KEPT_DAYS]):
            yield one


def _path(root: Path, layer_id: str, by: str, day: date, decimals: int) -> Path | None:
    """Where rows are kept; None where nothing can be. The name changes with all that they depend on."""
    try:
        declared = {one.name: one.read_text(encoding="utf-8") for one in sorted((root / "layers").glob("*.toml"))}
        settings = (root / "county.toml").read_text(encoding="utf-8")
        layers = _layers(tuple(declared.items()))
        wanted = _involved(layers, layer_id)
        heads = _heads(root, settings)
    except (OSError, ValueError, KeyError, LayerError, XiangtuError):
        return None
    imports = sorted(
        one.parent.relative_to(root).as_posix()
        for layer in {*wanted, *PLACES}
        for one in root.glob(f"imports/{layer}/*/source.json")
    )
    parts = (RULES, _program(), settings, sorted(declared.items()), imports, [(i, heads.get(i)) for i in wanted])
    mark = hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
    return root / "summary" / "figures" / layer_id / f"{by}-{decimals}.{day}.{mark}.json"


@lru_cache(maxsize=8)
def _layers(declared: tuple[tuple[str, str], ...]) -> dict[str, Layer]:
    return load_layers(dict(declared))


@lru_cache(maxsize=1)
def _program() -> str:
    """A mark of the layers that come with the program."""
    made = hashlib.sha256()
    for one in sorted(files("geo").joinpath("catalog/layers").iterdir(), key=lambda path: path.name):
        made.update(one.read_bytes())
    return made.hexdigest()[:16]


def _involved(layers: Mapping[str, Layer], layer_id: str) -> list[str]:
    """The layers whose things a layer's figures look at: its own, those it divides by, and what all these meet."""
    divisors = {one.denominator.split(".")[0] for one in layers[layer_id].indicators if one.denominator}
    first = [layers[one] for one in sorted({layer_id, *divisors} & set(layers))]
    return sorted({one.id for one in first} | {r.layer for one in first for r in one.relations if r.layer})


def _heads(root: Path, settings: str) -> dict[str, int]:
    """Number of the last event of each layer's things; empty without a ledger."""
    from pipelines.store.ledger_sql import open_database

    url = tomllib.loads(settings).get("ledger", {}).get("url") or None
    if url is None and not (root / "ledger.sqlite").exists():
        return {}
    database = open_database(url or root)
    try:
        with database.reading() as tx:
            text = "select coalesce(layer, ''), max(seq) from events where kind <> 'import' group by 1"
            return {str(layer): int(seq) for layer, seq in tx.run(text, ()).fetchall()}
    finally:
        database.close()


def keep_figures(workspace: Workspace, day: date) -> None:
    """Print and keep the figures of every layer by every level that are not kept yet."""
    from pipelines.exchange import records
    from pipelines.summarise import progress
    from pipelines.tallies import state_of

    state = state_of(workspace)
    for layer in workspace.layers().values():
        if not layer.indicators or not workspace.imports(layer.id):
            continue
        for by in LEVELS:
            for decimals in DECIMALS:
                if kept_rows(workspace.root, layer.id, by, day, decimals) is not None:
                    continue
                try:
                    rows = progress(state, layer.id, by, day, decimals=decimals)
                except XiangtuError:
                    break
                keep_rows(workspace.root, layer.id, by, day, decimals, records(rows))
