"""Every picture below a folder, sorted by day; what cannot be used is said in one sentence and left out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from geo.errors import Refused
from geo.issues import Issue
from pipelines.imagery import Scene
from pipelines.imagery_landsat import landsat_groups, landsat_scene
from pipelines.imagery_safe import is_safe, safe_scenes
from pipelines.imagery_stac import item_scene, read_item
from pipelines.imagery_stack import patch_scenes, raster_scenes

RASTERS = {".tif", ".tiff", ".vrt", ".jp2", ".img", ".nc"}


def find_scenes(root: Path) -> tuple[list[Scene], list[Issue]]:
    """Scenes below `root` (or in the one file it is), by day and name, and a finding for each that was refused.

    A picture is taken once: as part of its Sentinel-2 product, its Landsat scene or its STAC item, else by
    itself. Names begin with the folder below `root` in which the scene lies.
    """
    scenes: list[Scene] = []
    issues: list[Issue] = []

    def _take(name: str, make: Callable[[], Iterable[Scene]], at: Path) -> None:
        below = "" if at == root else at.relative_to(root).parent.as_posix() + "/"
        below = below.removeprefix("./")
        try:
            scenes.extend(replace(one, name=below + one.name) for one in make())
        except Refused as refusal:
            issues.append(Issue(refusal.code, params={**refusal.params, "scene": below + name}))

    if root.is_file() and not is_safe(root):
        files = [root]
    else:
        files = []
        for product in _products(root, files):
            maker = safe_scenes if is_safe(product) else patch_scenes
            _take(product.name, lambda product=product, maker=maker: maker(product), product)  # type: ignore[misc]
    claimed: set[Path] = set()
    for path in (p for p in files if p.suffix.lower() in (".json", ".geojson")):
        item = read_item(path)
        if item is not None:
            _take(path.name, lambda path=path, item=item: [item_scene(path, item)], path)  # type: ignore[misc]
            claimed |= {(path.parent / str(a.get("href", ""))).resolve() for a in item["assets"].values()}
    groups = landsat_groups(files)
    for name, parts in sorted(groups.items()):
        claimed |= {part.resolve() for part in parts.values()}
        _take(name, lambda name=name, parts=parts: [landsat_scene(name, parts)], min(parts.values()))  # type: ignore[misc]
    for path in files:
        if path.suffix.lower() in RASTERS and path.resolve() not in claimed:
            _take(path.name, lambda path=path: list(raster_scenes(path)), path)  # type: ignore[misc]
    return sorted(scenes, key=lambda one: (one.day, one.name)), issues


def _products(root: Path, files: list[Path]) -> Iterator[Path]:
    """Folders and zips that are one product each; every other file is added to `files`."""
    if is_safe(root):
        yield root
        return
    for folder, below, names in os.walk(root):
        here = Path(folder)
        if "timestamps.json" in names and "bbox.geojson" in names:
            below.clear()
            yield here
            continue
        for name in sorted(below):
            if is_safe(here / name):
                below.remove(name)
                yield here / name
        below.sort()
        for name in sorted(names):
            path = here / name
            if is_safe(path):
                yield path
            else:
                files.append(path)
