"""A folder of our own beside the sender's: unpacked and mended copies live there, and go when nobody holds it."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd


class Workplace:
    """A temporary folder, removed when its last holder lets go of it, at the latest when the program ends."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="xiangtu-"))
        self._remove = weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)

    def remove(self) -> None:
        """Remove the folder now."""
        self._remove()

    def link(self, source: Path, name: str) -> Path:
        """The sender's file under another name in this folder, without copying its bytes."""
        target = self.path / name
        target.symlink_to(source.resolve())
        return target


@dataclass(frozen=True)
class Held:
    """Batches that keep the workplace of their files alive for as long as somebody may still ask for them."""

    batches: Callable[[], Iterator[pd.DataFrame]]
    work: Workplace

    def __call__(self) -> Iterator[pd.DataFrame]:
        # A generator of its own, so that a half-read table keeps its folder even when the Table is gone.
        work = self.work
        yield from self.batches()
        del work
