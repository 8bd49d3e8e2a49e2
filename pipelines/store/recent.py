"""What was read last of the files of imports, which are never written again, kept for who asks next."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any, TypeVar

ROWS = 3_000_000
"""Rows kept at once, all together, each counted as often as columns of it are kept."""
T = TypeVar("T")
Key = tuple[str, int, int, Hashable]


class Recent:
    """Columns of files by path, time and size of the file; those asked for least lately go first.

    rows: how many values are kept at once. What is too large to be kept is read each time.
    """

    def __init__(self, *, rows: int = ROWS) -> None:
        self._kept: OrderedDict[Key, tuple[Any, int]] = OrderedDict()
        self._lock = threading.Lock()
        self._rows, self._held = rows, 0

    def once(self, path: Path, what: Hashable, read: Callable[[], T], *, width: int) -> T:
        """What `read` gives of a file, read once while it is kept. width: how many columns it has."""
        stat = path.stat()
        key = (str(path), stat.st_mtime_ns, stat.st_size, what)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                known: T = self._kept[key][0]
                return known
        found = read()
        weight = len(found) * width  # type: ignore[arg-type]
        if weight <= self._rows // 2:
            with self._lock:
                self._held += weight - self._kept.pop(key, (None, 0))[1]
                self._kept[key] = found, weight
                while self._held > self._rows:
                    self._held -= self._kept.popitem(last=False)[1][1]
        return found
