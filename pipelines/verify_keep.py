"""Keeps what was seen of every parcel on every date, so that a sheet is drawn later without the pictures."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.verify_judge import PART, Blocks
from pipelines.verify_parcels import Parcels
from pipelines.verify_scene import KEPT
from pipelines.verify_series import Picked

Array = NDArray[Any]
PREFIX = "series-"
# The band that the peers fill: their quartiles.
QUANTILES = (0.25, 0.5, 0.75)


@contextmanager
def kept_series(
    target: Path, parcels: Parcels, picked: Picked, peers: tuple[Array, Array], blocks: Blocks | None
) -> Iterator[str]:
    """As `keep_series`; the folder goes again when what is done with it does not come to its end."""
    name = keep_series(target, parcels, picked, peers, blocks)
    try:
        yield name
    except BaseException:
        shutil.rmtree(target / name, ignore_errors=True)
        raise


def keep_series(
    target: Path, parcels: Parcels, picked: Picked, peers: tuple[Array, Array], blocks: Blocks | None
) -> str:
    """Write a new folder below `target` and return its name; it counts once `run.json` names it.

    Arrays are .npy files with a row per parcel, in order of id, read one row at a time: `ids` (UTF-8, sorted),
    `share`, `pixels`, and `<index>`, `<index>_std` by day; `group` and, by group and day, `peers` (quartiles);
    `block` and `block_ndvi` where small parcels were taken together. peers: the group of each parcel, and whether
    it counts as a peer.
    """
    groups, counted = peers
    forget_others(target, _named(target))
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=target))
    folder.chmod(0o755)
    ids = np.char.encode(parcels.frame["id"].to_numpy().astype(str), "utf-8")
    np.save(folder / "ids.npy", ids)
    arrays = {"share": picked.share, "pixels": picked.pixels, **picked.mean}
    arrays |= {f"{index}_std": values for index, values in picked.std.items()}
    for name, values in arrays.items():
        _save_turned(folder / f"{name}.npy", values)
    np.save(folder / "group.npy", groups.astype(np.int32))
    np.save(folder / "peers.npy", peer_band(picked, groups, counted))
    if blocks is not None:
        np.save(folder / "block.npy", blocks.of.astype(np.int32))
        np.save(folder / "block_ndvi.npy", blocks.ndvi.astype(KEPT))
    (folder / "days.json").write_text(json.dumps([day.isoformat() for day in picked.days]), encoding="utf-8")
    return folder.name


def _save_turned(path: Path, values: Array) -> None:
    """Write (days, parcels) as (parcels, days), part by part."""
    days, parcels = values.shape
    with path.open("wb") as handle:
        np.lib.format.write_array_header_1_0(
            handle, {"descr": "<f2", "fortran_order": False, "shape": (parcels, days)}
        )
        for first in range(0, parcels, PART):
            handle.write(np.ascontiguousarray(values[:, first : first + PART].T, "<f2").tobytes())


def peer_band(picked: Picked, groups: Array, counted: Array) -> Array:
    """Quartiles of the index among peers: (groups, days, 3) float16, NaN where nobody was seen.

    counted: who is a peer; in a group without any all are.
    """
    count = int(groups.max(initial=-1)) + 1
    out = np.full((count, len(picked.days), len(QUANTILES)), np.nan, KEPT)
    order = np.argsort(groups, kind="stable")
    edges = np.searchsorted(groups[order], np.arange(count + 1))
    for group in range(count):
        rows = order[edges[group] : edges[group + 1]]
        rows = rows[counted[rows]] if counted[rows].any() else rows
        if len(rows):
            ranked = np.sort(picked.mean["ndvi"][:, rows].astype(np.float32), axis=1)
            out[group] = _quantiles(ranked)
    return out


def _quantiles(ranked: Array) -> Array:
    """Linear quantiles along rows of sorted values with NaN at their ends."""
    seen = np.isfinite(ranked).sum(axis=1)
    made = np.full((len(ranked), len(QUANTILES)), np.nan)
    at = np.flatnonzero(seen)
    for column, share in enumerate(QUANTILES):
        place = share * (seen[at] - 1)
        low = place.astype(int)
        high = np.minimum(low + 1, seen[at] - 1)
        made[at, column] = ranked[at, low] + (place - low) * (ranked[at, high] - ranked[at, low])
    return made


def _named(target: Path) -> str:
    """The series of the last run that came to its end; those of broken ones may go."""
    try:
        return str(json.loads((target / "run.json").read_text(encoding="utf-8")).get("series", ""))
    except (OSError, ValueError):
        return ""


def forget_others(target: Path, kept: str) -> None:
    """Remove the series of other runs."""
    for folder in target.glob(f"{PREFIX}*"):
        if folder.name != kept:
            shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Kept:
    """What was seen of one parcel. Arrays by day, NaN = not seen; peers (days, 3); std by index.

    block: whether ndvi is that of the block it was taken together in.
    """

    days: tuple[date, ...]
    mean: dict[str, Array]
    std: dict[str, Array]
    share: Array
    pixels: Array
    peers: Array
    block: bool


def read_series(folder: Path, parcel_id: str) -> Kept | None:
    """The kept series of one parcel, without reading the others; None when it was not there."""

    def row(name: str, at: int) -> Array:
        return np.array(np.load(folder / f"{name}.npy", mmap_mode="r")[at]).astype(float)

    ids = np.load(folder / "ids.npy", mmap_mode="r")
    wanted = parcel_id.encode()
    at = int(np.searchsorted(ids, wanted))
    if at >= len(ids) or ids[at] != wanted:
        return None
    days = tuple(date.fromisoformat(text) for text in json.loads((folder / "days.json").read_text()))
    indices = [name for name in ("ndvi", "lswi", "bsi") if (folder / f"{name}.npy").is_file()]
    mean = {name: row(name, at) for name in indices}
    block = int(row("block", at)) if (folder / "block.npy").is_file() else -1
    if block >= 0:
        mean["ndvi"] = row("block_ndvi", block)
    std = {name: row(f"{name}_std", at) for name in indices}
    peers = row("peers", int(row("group", at)))
    return Kept(days, mean, std, row("share", at), row("pixels", at), peers, block >= 0)
