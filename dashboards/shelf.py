"""What was read once and is kept for every reader until what it was read from changes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

KEPT = 600
KEPT_ROWS = 2_500_000
"""Rows of tables kept at once, all together: a county of a million parcels, and each township's own of them."""
T = TypeVar("T")


class _Place:
    """One kept thing, the mark it was made under, and the lock of whoever makes it."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.mark: Hashable = None
        self.value: Any = None
        self.rows = 0
        self.filled = False


class Shelf:
    """Kept things by key; each is made by one caller while others who want the same one wait, and nobody else.

    A thing is made anew when it is asked for under another mark than it was made under. Least lately used ones
    go first when there are too many, or too many rows in them.
    """

    def __init__(self, *, kept: int = KEPT, rows: int = KEPT_ROWS) -> None:
        self._places: OrderedDict[Hashable, _Place] = OrderedDict()
        self._lock = threading.Lock()
        self._kept = kept
        self._rows = rows

    def once(self, key: Hashable, mark: Hashable, make: Callable[[], T]) -> T:
        """What `make` gave when `key` was first asked for under `mark`; what it raises is raised and not kept."""
        with self._lock:
            place = self._places.setdefault(key, _Place())
            self._places.move_to_end(key)
        with place.lock:
            if not place.filled or place.mark != mark:
                place.value = make()
                place.mark, place.filled, place.rows = mark, True, _rows(place.value)
                self._make_room()
            value: T = place.value
            return value

    def last(self, key: Hashable) -> tuple[Hashable, Any] | None:
        """The mark and the value kept for `key`, whatever its mark; None when there is none."""
        with self._lock:
            place = self._places.get(key)
        return (place.mark, place.value) if place is not None and place.filled else None

    def _make_room(self) -> None:
        with self._lock:
            total = sum(place.rows for place in self._places.values())
            while len(self._places) > 1 and (len(self._places) > self._kept or total > self._rows):
                _, dropped = self._places.popitem(last=False)
                total -= dropped.rows


def _rows(value: object) -> int:
    """How many rows a kept thing weighs: those of a table, else one."""
    shape = getattr(value, "shape", None)
    return int(shape[0]) if shape else 1
