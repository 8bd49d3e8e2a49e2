"""Guessing of passwords made slow: failures counted by name, whether there is one or not, and by address."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from datetime import datetime, timedelta

from geo.errors import Forbidden
from pipelines.store.accounts_sessions import FREE_FAILURES, LOCK_MINUTES

FREE_OF_ADDRESS = 40
"""A whole office may stand behind one address."""
KEPT = 20_000


class Throttle:
    """Failures of the last quarter of an hour."""

    def __init__(self) -> None:
        self._failures: OrderedDict[tuple[str, str], deque[datetime]] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, name: str, address: str, *, now: datetime) -> None:
        """Forbidden (`sign_in_locked`, `sign_in_throttled`) after too many failures of a name or an address."""
        with self._lock:
            if self._count(("name", name), now) >= FREE_FAILURES:
                raise Forbidden("sign_in_locked", minutes=LOCK_MINUTES)
            if self._count(("address", address), now) >= FREE_OF_ADDRESS:
                raise Forbidden("sign_in_throttled", minutes=LOCK_MINUTES)

    def failed(self, name: str, address: str, *, now: datetime) -> None:
        """Count one failure."""
        with self._lock:
            for key in (("name", name), ("address", address)):
                self._failures.setdefault(key, deque(maxlen=FREE_OF_ADDRESS)).append(now)
                self._failures.move_to_end(key)
            while len(self._failures) > KEPT:
                self._failures.popitem(last=False)

    def passed(self, name: str) -> None:
        """Forget the failures of a name that signed in."""
        with self._lock:
            self._failures.pop(("name", name), None)

    def _count(self, key: tuple[str, str], now: datetime) -> int:
        since = now - timedelta(minutes=LOCK_MINUTES)
        return sum(moment > since for moment in self._failures.get(key, ()))
