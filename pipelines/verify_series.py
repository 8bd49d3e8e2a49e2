"""Every picture read once under every parcel, kept scene by scene: a broken run goes on where it stopped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS

from geo.errors import Refused
from geo.issues import Issue
from geo.verdicts import Rule
from geo.zonal import Grid
from geo.zonal_shift import Registration, fitted
from pipelines.imagery import INDICES, Scene, bounds_in, part_of, window_of
from pipelines.verify_ground import Ground
from pipelines.verify_parcels import LON_LAT, Parcels, metres_per_unit
from pipelines.verify_scene import KEPT, Reading

Array = NDArray[Any]
Progress = Callable[[str, int, int | None], None]
# Pictures tried for how well the layer lies on them: the clearest, if more than half clear.
TRIED = 3


@dataclass
class Picked:
    """What was read, by day and parcel: arrays are (days, parcels), float16, NaN = not seen.

    days: ascending. mean, std: by index (ndvi; lswi and bsi where bands allowed). pixels: clear pixels. share:
    clear share of the parcel. whole: effective pixels of each parcel on the finest grid; inside: its share on
    the pictures. pixel_m: side of the finest pixel. moves: how the layer fits, by grid. used: scenes by name.
    """

    days: list[date]
    pixels: Array
    share: Array
    whole: Array
    inside: Array
    mean: dict[str, Array] = field(default_factory=dict)
    std: dict[str, Array] = field(default_factory=dict)
    pixel_m: float = np.inf
    moves: list[tuple[Grid, Registration]] = field(default_factory=list)
    used: dict[str, Scene] = field(default_factory=dict)

    @property
    def scenes(self) -> int:
        """How many pictures gave something."""
        return len(self.used)

    @classmethod
    def empty(cls, days: list[date], parcels: int) -> Picked:
        """Nothing seen yet."""
        shape = (len(days), parcels)
        made = cls(days, np.zeros(shape, KEPT), np.zeros(shape, KEPT), np.zeros(parcels), np.zeros(parcels))
        made.reserve("ndvi")
        return made

    def reserve(self, index: str) -> None:
        """Make room for an index."""
        if index not in self.mean:
            self.mean[index] = np.full(self.share.shape, np.nan, KEPT)
            self.std[index] = np.full(self.share.shape, np.nan, KEPT)


def read_scenes(
    parcels: Parcels,
    scenes: Sequence[Scene],
    rule: Rule,
    kept: Path,
    issues: list[Issue],
    progress: Progress | None = None,
) -> Picked:
    """Read each scene under all parcels. What is refused goes to `issues` and the rest goes on.

    First every scene is read and kept; what was picked is put together once the cover shares are let go, so that
    both are never held at once. kept: folder of this edition's finished scenes and grids. A scene that repeats
    another's pixels is used once. Refused (`scenes_none`) when nothing could be used.
    """
    readings: list[tuple[Reading, list[Scene]]] = []
    done = 0
    for group in _by_grid(scenes):
        grid = group[0].grid
        box = window_of(grid, _project(parcels.bounds, grid.crs))
        ground = None if box is None else Ground(parcels, part_of(grid, box), rule, kept / "grids", progress)
        if box is None or ground is None or not (ground.pixels > 0).any():
            issues += [Issue("scene_outside", params={"scene": scene.name}) for scene in group]
            done += len(group)
            continue
        reading = Reading(ground, box, kept)
        for number, scene in enumerate(group, start=1):
            reading.fetch(scene, issues)
            if progress:
                progress("影像 / scenes", done + number, len(scenes))
        done += len(group)
        ground.release()
        readings.append((reading, group))
    made = Picked.empty(sorted({scene.day for scene in scenes}), len(parcels))
    marks: dict[str, Scene] = {}
    for reading, group in readings:
        merging = _Merging(reading, made, marks, issues)
        for scene in group:
            merging.take(scene, rule)
        merging.finish(group[0].grid.cell_size * metres_per_unit(group[0].grid, parcels.bounds))
    if not made.scenes:
        raise Refused("scenes_none", path=str(kept.name), found=len(scenes))
    made.inside = np.maximum(made.inside, made.share.max(axis=0))
    made.whole = np.maximum(made.whole, made.pixels.max(axis=0))
    return made


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


class _Merging:
    """The scenes of one grid, put one after another into what was picked so far."""

    def __init__(self, reading: Reading, made: Picked, marks: dict[str, Scene], issues: list[Issue]) -> None:
        self.reading, self.ground = reading, reading.ground
        self.made, self.marks, self.issues = made, marks, issues
        self.uneven: list[tuple[float, Array, int]] = []
        self.used = 0

    def take(self, scene: Scene, rule: Rule) -> None:
        """Add one scene from what is kept of it."""
        found = self.reading.kept_of(scene)
        if found is None:
            return
        other = self.marks.setdefault(str(found["mark"]), scene)
        if other is not scene:
            params = {"scene": scene.name, "day": scene.day.isoformat()}
            params |= {"other": other.name, "other_day": other.day.isoformat()}
            self.issues.append(Issue("scene_repeated", params=params))
            return
        if not (found["pixels"] > 0).any():
            self.issues.append(Issue("scene_all_cloud", params={"scene": scene.name}))
        merge(self.made, scene.day, self.ground, found, rule)
        self.made.used[scene.name] = scene
        self.used += 1
        if "uneven" in found:
            self.uneven.append((float(found["clear"]), found["uneven"], int(found["tried"])))

    def finish(self, pixel_m: float) -> None:
        """Note what the grid as a whole tells: its pixels, and whether the layer lies on it."""
        if not self.used:
            return
        self.made.pixel_m = min(self.made.pixel_m, pixel_m)
        self.made.whole = np.maximum(self.made.whole, self.ground.pixels)
        self.made.inside = np.maximum(self.made.inside, self.ground.inside)
        best = sorted(self.uneven, key=lambda one: -one[0])[:TRIED]
        fit = fitted([one[1] for one in best], best[0][2]) if best else None
        if fit is not None:
            self.made.moves.append((self.ground.grid, fit))


def merge(made: Picked, day: date, ground: Ground, found: dict[str, Array], rule: Rule) -> None:
    """Add a scene to its day: parts of a parcel on neighbouring pictures are joined, else the fuller view wins."""
    at = made.days.index(day)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(ground.pixels > 0, found["pixels"] / ground.whole, 0.0).astype(np.float32)
    before = made.share[at].astype(np.float32)
    enough = (share > 0) & (found["pixels"] >= min(1.0, 0.25 * rule.least_pixels))
    joined = enough & (before > 0) & (before + share <= 1.02)
    better = enough & ~joined & (share > before)
    for index in INDICES:
        if index not in found:
            continue
        made.reserve(index)
        mean, std = made.mean[index][at], made.std[index][at]
        if joined.any():
            old = (mean[joined], std[joined], before[joined])
            new = (found[index][joined], found[f"{index}_std"][joined], share[joined])
            mean[joined], std[joined] = _together(old, new)
        mean[better], std[better] = found[index][better], found[f"{index}_std"][better]
    made.pixels[at, joined] += found["pixels"][joined].astype(KEPT)
    made.pixels[at, better] = np.minimum(found["pixels"][better], np.finfo(KEPT).max)
    made.share[at, joined] += share[joined].astype(KEPT)
    made.share[at, better] = share[better]


def _together(*parts: tuple[Array, Array, Array]) -> tuple[Array, Array]:
    """Mean and standard deviation of parts, each given by its own and its weight; a part not seen has none."""
    total = np.zeros(len(parts[0][0]), np.float32)
    first, second = np.zeros((2, len(total)), np.float32)
    for mean, std, weight in parts:
        seen = np.where(np.isfinite(mean), weight, 0.0)
        level, spread = (np.nan_to_num(values.astype(np.float32)) for values in (mean, std))
        total += seen
        first += seen * level
        second += seen * (spread**2 + level**2)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = first / total
        return mean, np.sqrt(np.maximum(second / total - mean**2, 0.0))
