"""One writer at a time, by a lock on a file that the operating system drops when the process dies."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from geo.errors import Refused
from pipelines.disk_words import disk_words

WAIT_SECONDS = 60.0


@contextmanager
def exclusive(path: Path, *, wait_seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold the lock at `path` for the block; Refused when another process keeps it longer than `wait_seconds`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = path.open("a+b")
    except OSError as error:
        raise Refused("disk_write_failed", path=str(path.parent), **disk_words(error)) from None
    with handle:
        limit = time.monotonic() + wait_seconds
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > limit:
                    raise Refused("workspace_busy", path=str(path.parent.parent)) from None
                time.sleep(0.1)
        yield
