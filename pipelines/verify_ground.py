"""Where every parcel lies on the pictures of one grid, worked out when first needed and kept for the next run."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from geo.verdicts import Rule
from geo.zonal import Coverage, Grid, coverage_in_blocks
from geo.zonal_shift import tried
from pipelines.verify_parcels import Parcels
from pipelines.verify_store import write_arrays

Array = NDArray[Any]
Progress = Callable[[str, int, int | None], None]
FACTS = ("pixels", "whole", "width_m")


class Ground:
    """Parcels on one grid. pixels: effective pixels of each; whole: its own area in pixels, seen or not.

    Cover shares are only worked out when a picture has to be read; a run over kept pictures does without.
    """

    def __init__(
        self, parcels: Parcels, grid: Grid, rule: Rule, folder: Path, progress: Progress | None = None
    ) -> None:
        self.grid = grid
        self._parcels, self._rule, self._progress = parcels, rule, progress
        self._covered: Coverage | None = None
        self._tried: Coverage | None = None
        key = f"{grid.columns} {grid.rows} {grid.transform} {grid.crs.to_wkt()}"
        path = folder / f"{hashlib.blake2b(key.encode(), digest_size=12).hexdigest()}.npz"
        found = read_arrays(path)
        if found is None or set(FACTS) - set(found) or len(found["pixels"]) != len(parcels):
            covered = self.coverage()
            found = {"pixels": covered.pixels, "whole": covered.whole, "width_m": parcels.width_m}
            write_arrays(path, **{name: values.astype(np.float32) for name, values in found.items()})
            found = {name: values.astype(np.float32) for name, values in found.items()}
        self.pixels: Array = found["pixels"]
        self.whole: Array = found["whole"]
        parcels.width_m[:] = found["width_m"]

    @property
    def inside(self) -> Array:
        """Share of each parcel that lies on the grid, 0–1; 0 for a parcel without area."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.nan_to_num(np.minimum(self.pixels / self.whole, 1.0))

    def coverage(self) -> Coverage:
        """Cover shares of all parcels on the grid."""
        if self._covered is None:
            done = 0

            def _tick(count: int) -> None:
                nonlocal done
                done += count
                if self._progress:
                    self._progress("地块上网格 / parcels on the grid", done, len(self._parcels))

            rule = self._rule
            blocks = self._parcels.blocks(self.grid, rule.inward_pixels, rule.least_pixels)
            self._covered = coverage_in_blocks(blocks, self.grid, progress=_tick)
            self._tried = tried(self._covered)
            self._parcels.release()
        return self._covered

    def release(self) -> None:
        """Let the cover shares go; they are worked out again when asked for."""
        self._covered = self._tried = None

    def tried(self) -> Coverage | None:
        """The parcels on which it is tried whether the layer fits better when moved."""
        self.coverage()
        return self._tried


def read_arrays(path: Path) -> dict[str, Array] | None:
    """Named arrays that an earlier run kept; None when there are none, or none whole."""
    try:
        with path.open("rb") as handle, np.load(handle, allow_pickle=False) as data:
            return {name: data[name] for name in data.files}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None
