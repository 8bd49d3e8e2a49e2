"""Printed figures kept as plain rows, so that asking for them again takes reading one small file and no more.

Only the standard library is imported here: starting a table library takes longer than the whole answer.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geo.errors import XiangtuError
from geo.layers import Layer, LayerError, load_layers
from pipelines.kept import keep_text

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


@dataclass(frozen=True)
class Moment:
    """What figures depend on besides the files of imports, read at one moment."""

    settings: str
    declared: tuple[tuple[str, str], ...]
    heads: Mapping[str, int]
    imports: Mapping[str, tuple[str, ...]]


def moment_of(root: Path, heads: Mapping[str, int] | None = None) -> Moment | None:
    """A workspace's declarations, imports and last events; None where something of them cannot be read.

    heads: the last events, for who knows them.
    """
    try:
        declared = {one.name: one.read_text(encoding="utf-8") for one in sorted((root / "layers").glob("*.toml"))}
        settings = (root / "county.toml").read_text(encoding="utf-8")
        heads = _heads(root, settings) if heads is None else heads
    except (OSError, ValueError, XiangtuError):
        return None
    found: dict[str, list[str]] = {}
    for one in root.glob("imports/*/*/source.json"):
        found.setdefault(one.parent.parent.name, []).append(one.parent.relative_to(root).as_posix())
    return Moment(
        settings, tuple(declared.items()), heads, {name: tuple(sorted(ids)) for name, ids in found.items()}
    )


def kept_rows(
    root: Path, layer_id: str, by: str, day: date, decimals: int, *, moment: Moment | None = None
) -> list[Row] | None:
    """The rows of `progress` as they were kept; None when they were not, or something changed since.

    moment: of the workspace, for who asks for many.
    """
    path = _path(root, layer_id, by, day, decimals, moment)
    if path is None:
        return None
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return rows if isinstance(rows, list) else None


def keep_rows(
    root: Path,
    layer_id: str,
    by: str,
    day: date,
    decimals: int,
    rows: Sequence[Row],
    *,
    moment: Moment | None = None,
) -> None:
    """Keep rows for `kept_rows`; a workspace that cannot be written to goes without."""
    path = _path(root, layer_id, by, day, decimals, moment)
    if path is None:
        return
    if keep_text(path, json.dumps(rows, ensure_ascii=False, default=str, allow_nan=False)):
        for old in _others(path):
            old.unlink(missing_ok=True)


def _others(path: Path) -> Iterator[Path]:
    """Kept rows that these take the place of, and those of days long asked about."""
    kind, day = path.name.rsplit(".", 3)[:2]
    days = sorted({one.name.rsplit(".", 3)[1] for one in path.parent.glob(f"{kind}.*.json")} - {day})
    for one in path.parent.glob(f"{kind}.*.json"):
        if one != path and (one.name.rsplit(".", 3)[1] == day or one.name.rsplit(".", 3)[1] in days[:-KEPT_DAYS]):
            yield one


def _path(root: Path, layer_id: str, by: str, day: date, decimals: int, moment: Moment | None) -> Path | None:
    """Where rows are kept; None where nothing can be. The name changes with all that they depend on."""
    now = moment or moment_of(root)
    if now is None:
        return None
    try:
        wanted = _involved(_layers(now.declared), layer_id)
    except (KeyError, LayerError, XiangtuError):
        return None
    imports = sorted(one for layer in {*wanted, *PLACES} for one in now.imports.get(layer, ()))
    heads = [(one, now.heads.get(one)) for one in wanted]
    parts = (RULES, _program(), now.settings, sorted(now.declared), imports, heads)
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
    from pipelines.tally_state import heads_of, state_of

    state = state_of(workspace)
    moment = moment_of(workspace.root, {layer: head for layer, (head, _) in heads_of(state).items()})
    for layer in workspace.layers().values():
        if not layer.indicators or not workspace.imports(layer.id):
            continue
        for by in LEVELS:
            asked = [(layer.id, by, day, one) for one in DECIMALS]
            open_ = [one for one in asked if not _is_kept(_path(workspace.root, *one, moment))]
            if not open_:
                continue
            try:
                made = _plain_rows(state, layer, by, day) or _counted_rows(state, layer, by, day)
            except XiangtuError:
                break
            for one in open_:
                keep_rows(workspace.root, *one, made[one[-1]], moment=moment)


def _is_kept(path: Path | None) -> bool:
    return path is not None and path.exists()


def _counted_rows(state: Workspace, layer: Layer, by: str, day: date) -> dict[int, list[Row]]:
    """The rows of `progress` for each number of decimals."""
    from pipelines.exchange import records
    from pipelines.summarise import progress

    return {one: records(progress(state, layer.id, by, day, decimals=one)) for one in DECIMALS}


def _plain_rows(state: Workspace, layer: Layer, by: str, day: date) -> dict[int, list[Row]] | None:
    """As `_counted_rows`, of a layer without rates, from its kept tallies; None where they need more."""
    from geo.levels import in_print
    from geo.quantities import whole_units
    from pipelines.covers import Cover, ZoneCover, zone_covers
    from pipelines.tallies import kept_sums

    if any(one.is_rate for one in layer.indicators):
        return None
    units = {one.id: whole_units(one) for one in layer.indicators}
    rows: dict[int, list[Row]] = {one: [] for one in DECIMALS}
    for cover in zone_covers(state) if by == "zone" else [Cover(state)]:
        sums, names = kept_sums(state, layer, day, cover), cover.names
        if sums is None or not names.code:
            return None
        made, printed = in_print(sums.pop("area"), sums, names, by, units, DECIMALS)
        kind = {"zone_kind": cover.kind} if isinstance(cover, ZoneCover) else {}
        heads = list(zip(*made.heads(names, by), strict=True))
        for places, shown in zip(DECIMALS, printed, strict=True):
            columns = {one: list(map(int, v)) if units.get(one, 1) == 1 else v for one, v in shown.items()}
            for at, (code, name, level) in enumerate(heads):
                head = {"area_code": code, "area_name": name, "level": level, **kind}
                rows[places].append(head | {one: values[at] for one, values in columns.items()})
    return rows if any(rows.values()) else None
