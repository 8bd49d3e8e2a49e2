"""One scene read under every parcel, and kept, so that a broken run goes on where it stopped."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.errors import Refused
from geo.issues import Issue
from geo.zonal import Sums
from geo.zonal_shift import unevenness
from pipelines.imagery import Box, Scene, fingerprint
from pipelines.verify_ground import Ground, read_arrays
from pipelines.verify_store import write_arrays

Array = NDArray[Any]
# Raise when what is kept for a scene changes, so that kept scenes are read anew.
EDITION = 2
# Index values are kept to about a two-thousandth: half the memory, and far below what an instrument resolves.
KEPT = np.float16


class Reading:
    """The scenes of one grid under the parcels on it. kept: the folder of finished scenes."""

    def __init__(self, ground: Ground, box: Box, kept: Path) -> None:
        self.ground, self.box, self.kept = ground, box, kept

    def fetch(self, scene: Scene, issues: list[Issue]) -> None:
        """Read a scene from its file and keep it, unless an earlier run did; what is refused goes to `issues`."""
        if self.kept_of(scene) is not None:
            return
        try:
            found = _read(scene, self.ground, self.box)
        except Refused as refusal:
            issues.append(Issue(refusal.code, params=dict(refusal.params)))
            return
        write_arrays(self._path(scene), **found)

    def kept_of(self, scene: Scene) -> dict[str, Array] | None:
        """What is kept of a scene: as `_read` gives; None when it is not, or was cut off."""
        found = read_arrays(self._path(scene))
        return None if found is None or len(found.get("ndvi", ())) != len(self.ground.pixels) else found

    def _path(self, scene: Scene) -> Path:
        return self.kept / f"{_scene_key(scene, self.box)}.npz"


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


def _read(scene: Scene, ground: Ground, box: Box) -> dict[str, Array]:
    """What is kept of a scene: mean and std of each index and clear pixels, by parcel; a mark of its pixels.

    Only the first index is held whole, to try moves on; the others are added up strip by strip.
    """
    covered = ground.coverage()
    whole = np.full((box[3], box[2]), np.nan, np.float32)
    sums: dict[str, Sums] = {}
    for top, values in scene.strips(box):
        for index, picture in values.items():
            if index == "ndvi":
                whole[top : top + len(picture)] = picture
            else:
                sums.setdefault(index, Sums.empty(len(covered))).add(covered, picture, top)
    found: dict[str, Array] = {}
    zonal = covered.statistics(whole)
    found["pixels"] = zonal.pixels.astype(np.float32)
    seen = np.isfinite(whole).any()
    found["mark"] = np.array(fingerprint(whole) if seen else f"{scene.day} {scene.name}")
    _try_moves(found, ground, whole)
    for index in ("ndvi", *list(sums)):
        if index in sums:
            zonal = sums.pop(index).zonal()
        half_seen = zonal.pixels >= 0.5 * found["pixels"]
        found[index] = np.where(half_seen, zonal.mean, np.nan).astype(KEPT)
        found[f"{index}_std"] = np.where(half_seen, zonal.std, np.nan).astype(KEPT)
    return found


def _try_moves(found: dict[str, Array], ground: Ground, picture: Array) -> None:
    """Note how even parcels are when moved, on a picture that is more than half clear."""
    clear = float(found["pixels"].sum() / max(float(ground.pixels.sum()), 1e-9))
    chosen = ground.tried()
    if clear > 0.5 and chosen is not None:
        found["uneven"] = unevenness(chosen, picture)
        found["clear"], found["tried"] = np.array(clear), np.array(len(chosen))
