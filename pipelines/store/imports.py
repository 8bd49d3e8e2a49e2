"""An accepted import on disk: rows, findings and source note appear together, or not at all."""

from __future__ import annotations

import errno
import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from geo.errors import Refused
from geo.issues import Issue
from pipelines.disk_words import disk_words
from pipelines.report import TableReport
from pipelines.workspace import Import, Workspace, issues_frame

PARTIAL = ".partial-"


def find_import(workspace: Workspace, layer_id: str, table: str, digest: str) -> Import | None:
    """The import that counts and took in the same table of the same delivery in the same way, if there is one."""
    counting = {one.id for one in workspace.imports(layer_id)}
    every = [one for one in workspace.every_import(layer_id) if one.id in counting]
    same = [one for one in every if one.table == table and one.digest == digest]
    return same[-1] if same else None


def new_import_id(workspace: Workspace, layer_id: str, at: datetime, digest: str, table: str) -> str:
    """An id that sorts by time and tells deliveries apart: moment, then a mark of file and table."""
    mark = hashlib.sha256(f"{digest}/{table}".encode()).hexdigest()[:8]
    base = f"{at:%Y%m%dT%H%M%S%f}"[:-3] + f"-{mark}"
    taken = {one.id for one in workspace.every_import(layer_id)}
    return next(c for n in range(1, 1_000_000) if (c := base if n == 1 else f"{base}-{n}") not in taken)


class Staged:
    """A folder that is becoming an import; `keep = False` lets it vanish at the end without an error."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.keep = True


@contextmanager
def staging(workspace: Workspace, layer_id: str, import_id: str) -> Iterator[Staged]:
    """A folder that becomes the import when the block ends well, and vanishes when it does not.

    Remains of a process that was killed are cleared first. A full or read-only disk is Refused in one sentence.
    """
    parent = workspace.root / "imports" / layer_id
    folder = parent / f"{PARTIAL}{import_id}"
    with disk_errors(parent):
        parent.mkdir(parents=True, exist_ok=True)
        for left in parent.glob(f"{PARTIAL}*"):
            shutil.rmtree(left)
        folder.mkdir()
        staged = Staged(folder)
        try:
            yield staged
            if staged.keep:
                folder.rename(parent / import_id)
            else:
                shutil.rmtree(folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise


@contextmanager
def disk_errors(where: Path) -> Iterator[None]:
    """Put the disk's refusals (full, read-only, no right) into one sentence."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise Refused("disk_full", path=str(where)) from None
        if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM, errno.EDQUOT):
            raise Refused("disk_write_failed", path=str(where), **disk_words(error)) from None
        raise


def write_notes(folder: Path, source: Import, issues: list[Issue]) -> None:
    """Findings and the source note beside the rows of a staged import."""
    issues_frame([i.as_dict() for i in issues]).to_parquet(folder / "issues.parquet")
    (folder / "source.json").write_text(source.as_json(), encoding="utf-8")


def as_import(
    report: TableReport,
    import_id: str,
    at: datetime,
    file: str,
    digest: str,
    *,
    sender: str | None,
    layer_version: int,
    data_sha256: str,
    content: str = "",
    replaces: Import | None = None,
) -> Import:
    """The source note of an import, from what its report counted. replaces: the reading whose place it takes."""
    return Import(
        id=import_id,
        layer=report.layer or "",
        at=at,
        file=file,
        table=report.table,
        digest=digest,
        rows=report.rows,
        accepted=report.accepted,
        returned=report.returned,
        crs=report.crs,
        encoding=report.encoding,
        sender=sender,
        layer_version=layer_version,
        mapping={name: column for name, (column, _how) in report.mapping.items()},
        data_sha256=data_sha256,
        content=content,
        replaces=replaces.id if replaces is not None else "",
        counts_from=replaces.at if replaces is not None else None,
    )
