"""Every picture read once under every parcel, kept scene by scene: a broken run goes on where it stopped."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS

from geo.errors import Refused
from geo.issues import Issue
from geo.verdicts import Rule
from geo.zonal import Coverage, Grid, coverage_in_blocks
from geo.zonal_shift import Registration, registration
from pipelines.imagery import Box, Scene, bounds_in, fingerprint, part_of, window_of
from pipelines.verify_parcels import LON_LAT, Parcels, metres_per_unit
from pipelines.verify_store import write_arrays

Array = NDArray[Any]
Progress = Callable[[str, int, int | None], None]
# Raise when what is kept for a scene changes, so that kept scenes are read anew.
EDITION = 1
# Pictures tried for how well the layer lies on them.
TRIED = 3


@dataclass
class Picked:
    """What was read. days: ascending. ndvi, lswi, pixels, share: float32 (parcels, days); share is the clear share
    of the parcel. whole: effective pixels of each parcel on the finest grid; inside: its share on the pictures.
    pixel_m: side of the finest pixel. moves: how the layer fits, by grid.
    """

    days: list[date]
    ndvi: Array
    lswi: Array
    pixels: Array
    share: Array
    whole: Array
    inside: Array
    pixel_m: float
    moves: list[tuple[Grid, Registration]]
    scenes: int


def read_scenes(
    parcels: Parcels,
    scenes: Sequence[Scene],
    rule: Rule,
    kept: Path,
    issues: list[Issue],
    progress: Progress | None = None,
) -> Picked:
    """Read each scene under all parcels. What is refused goes to `issues` and the rest goes on.

    kept: folder of this layer's finished scenes. A scene that repeats another's pixels is used once. Refused
    (`scenes_none`) when nothing could be used.
    """
    days = sorted({scene.day for scene in scenes})
    shape = (len(parcels), len(days))
    made = Picked(
        days=days,
        ndvi=np.full(shape, np.nan, np.float32),
        lswi=np.full(shape, np.nan, np.float32),
        pixels=np.zeros(shape, np.float32),
        share=np.zeros(shape, np.float32),
        whole=np.zeros(len(parcels)),
        inside=np.zeros(len(parcels)),
        pixel_m=np.inf,
        moves=[],
        scenes=0,
    )
    marks: dict[str, Scene] = {}
    done = 0
    for group in _by_grid(scenes):
        grid = group[0].grid
        box = window_of(grid, _project(parcels.bounds, grid.crs))
        if box is None:
            issues += [Issue("scene_outside", params={"scene": scene.name}) for scene in group]
            done += len(group)
            continue
        covered = _cover(parcels, part_of(grid, box), rule, progress)
        used = _read_group(group, covered, box, rule, kept, made, marks, issues, progress, done, len(scenes))
        done += len(group)
        if used:
            _note_grid(made, covered, grid, parcels)
    if not made.scenes:
        raise Refused("scenes_none", path=str(kept.name), found=len(scenes))
    made.inside = np.maximum(made.inside, made.share.max(axis=1))
    made.whole = np.maximum(made.whole, made.pixels.max(axis=1))
    return made


def _note_grid(made: Picked, covered: Coverage, grid: Grid, parcels: Parcels) -> None:
    """Remember the finest pixels that each parcel has."""
    made.pixel_m = min(made.pixel_m, grid.cell_size * metres_per_unit(grid, parcels.bounds))
    made.whole = np.maximum(made.whole, covered.pixels)
    made.inside = np.maximum(made.inside, np.nan_to_num(covered.inside))


def _by_grid(scenes: Sequence[Scene]) -> list[list[Scene]]:
    groups: dict[tuple[Any, ...], list[Scene]] = {}
    for scene in scenes:
        key = (scene.grid.columns, scene.grid.rows, scene.grid.transform, scene.grid.crs.to_wkt())
        groups.setdefault(key, []).append(scene)
    return list(groups.values())


def _project(bounds: tuple[float, float, float, float], crs: CRS) -> tuple[float, float, float, float]:
    west, south, east, north = bounds
    box = Grid(1, 1, (east - west, 0.0, west, 0.0, south - north, north), LON_LAT)
    return bounds_in(box, crs)


def _cover(parcels: Parcels, grid: Grid, rule: Rule, progress: Progress | None) -> Coverage:
    done = 0

    def tick(count: int) -> None:
        nonlocal done
        done += count
        if progress:
            progress("地块上网格 / parcels on the grid", done, len(parcels))

    blocks = parcels.blocks(grid, rule.inward_pixels, rule.least_pixels)
    return coverage_in_blocks(blocks, grid, progress=tick)


def _read_group(
    group: Sequence[Scene],
    covered: Coverage,
    box: Box,
    rule: Rule,
    kept: Path,
    made: Picked,
    marks: dict[str, Scene],
    issues: list[Issue],
    progress: Progress | None,
    done: int,
    total: int,
) -> int:
    """Read the scenes of one grid; how many gave something."""
    if not (covered.pixels > 0).any():
        issues += [Issue("scene_outside", params={"scene": scene.name}) for scene in group]
        return 0
    used = 0
    pictures: list[tuple[float, Array]] = []
    for number, scene in enumerate(group, start=1):
        if progress:
            progress("影像 / scenes", done + number, total)
        path = kept / f"{_scene_key(scene, box)}.npz"
        try:
            found = _kept(path, len(covered)) or _read(scene, covered, box, path, pictures)
        except Refused as refusal:
            issues.append(Issue(refusal.code, params=dict(refusal.params)))
            continue
        mark = str(found["mark"])
        other = marks.setdefault(mark, scene)
        if other is not scene:
            params = {"scene": scene.name, "day": scene.day.isoformat()}
            issues.append(
                Issue("scene_repeated", params={**params, "other": other.name, "other_day": str(other.day)})
            )
            continue
        if not (found["pixels"] > 0).any():
            issues.append(Issue("scene_all_cloud", params={"scene": scene.name}))
        _merge(made, scene.day, covered, found, rule)
        used += 1
    made.scenes += used
    best = [picture for _, picture in sorted(pictures, key=lambda one: -one[0])[:TRIED]]
    fit = registration(covered, best)
    if fit is not None:
        made.moves.append((covered.grid, fit))
    return used


def _scene_key(scene: Scene, box: Box) -> str:
    """Changes with the scene's files, bands, and the window that is read."""
    parts = [str(EDITION), scene.name, scene.day.isoformat(), repr(box), repr(scene.grid.transform)]
    for role, source in sorted(scene.sources.items()):
        parts.append(f"{role} {source}")
        inner = Path(source.path.removeprefix("/vsizip/").split(".zip/")[0] + ".zip")
        path = inner if source.path.startswith("/vsizip/") else Path(source.path)
        if path.exists():
            state = path.stat()
            parts.append(f"{state.st_size} {state.st_mtime_ns}")
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=12).hexdigest()


def _kept(path: Path, parcels: int) -> dict[str, Array] | None:
    """What an earlier run kept for a scene; None when there is nothing, or nothing whole."""
    try:
        with path.open("rb") as handle, np.load(handle, allow_pickle=False) as data:
            found = {name: data[name] for name in data.files}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None
    return found if len(found.get("ndvi", ())) == parcels else None


def _read(
    scene: Scene, covered: Coverage, box: Box, path: Path, pictures: list[tuple[float, Array]]
) -> dict[str, Array]:
    values = scene.read_in_strips(box)
    picture = values["ndvi"]
    zonal = covered.statistics(picture)
    found = {"ndvi": zonal.mean.astype(np.float32), "pixels": zonal.pixels.astype(np.float32)}
    found["std"] = zonal.std.astype(np.float32)
    if "lswi" in values:
        found["lswi"] = covered.statistics(values["lswi"]).mean.astype(np.float32)
    found["mark"] = np.array(fingerprint(picture) if np.isfinite(picture).any() else f"{scene.day} {scene.name}")
    write_arrays(path, **found)
    clear = float(zonal.pixels.sum() / max(covered.pixels.sum(), 1e-9))
    if clear > 0.5:
        pictures.append((clear, picture))
        pictures.sort(key=lambda one: -one[0])
        del pictures[TRIED:]
    return found


def _merge(made: Picked, day: date, covered: Coverage, found: dict[str, Array], rule: Rule) -> None:
    """Add a scene to its day: parts of a parcel on neighbouring pictures are joined, else the fuller view wins."""
    at = made.days.index(day)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(covered.pixels > 0, found["pixels"] / covered.whole, 0.0)
    before = made.share[:, at].astype(float)
    enough = (share > 0) & (found["pixels"] >= min(1.0, 0.25 * rule.least_pixels))
    joined = enough & (before > 0) & (before + share <= 1.02)
    better = enough & ~joined & (share > before)
    for name in ("ndvi", "lswi"):
        if name not in found:
            continue
        target = getattr(made, name)
        with np.errstate(invalid="ignore"):
            both = (target[:, at] * before + found[name] * share) / (before + share)
        target[joined, at] = both[joined]
        target[better, at] = found[name][better]
    made.pixels[joined, at] += found["pixels"][joined]
    made.pixels[better, at] = found["pixels"][better]
    made.share[joined, at] += share[joined]
    made.share[better, at] = share[better]
