"""Photos and papers, kept once each under the hash of their content, and never changed."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path

from geo.errors import Refused
from pipelines.disk_words import disk_words

DIGEST = re.compile(r"[0-9a-f]{64}")


class Attachments:
    """The folder `root`: originals as `ab/abcdef….jpg`, and beside them `….thumb.jpg` and `….view.jpg`.

    The name of a sender's file is never used as a path. An original is kept exactly as it came, so that its hash
    proves it; what is served is the view, turned upright and without the camera's notes.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, digest: str, kind: str = "") -> Path | None:
        """Where the original (`kind` ""), its `view` or its `thumb` lies; None when there is none."""
        if not DIGEST.fullmatch(digest):
            return None
        folder = self.root / digest[:2]
        if kind:
            made = folder / f"{digest}.{kind}.jpg"
            return made if made.is_file() else None
        found = [p for p in folder.glob(f"{digest}.*") if p.name.count(".") == 1]
        return found[0] if found else None

    def put(self, content: bytes, suffix: str) -> str:
        """Keep the content and give its digest; content that is there already is left as it is.

        suffix: of the type the content was recognised as, never the sender's. Refused when the disk is full or
        may not be written.
        """
        digest = hashlib.sha256(content).hexdigest()
        if self.path(digest) is None:
            self._write(self.root / digest[:2] / f"{digest}.{suffix}", content)
        return digest

    def put_made(self, digest: str, kind: str, content: bytes) -> None:
        """Keep a picture made of the original: its `view` or its `thumb`."""
        self._write(self.root / digest[:2] / f"{digest}.{kind}.jpg", content)

    def _write(self, path: Path, content: bytes) -> None:
        """Write whole or not at all: beside the place, flushed, then renamed into it."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                Path(name).replace(path)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise Refused("disk_write_failed", path=str(path.parent), **disk_words(error)) from None
