"""A whole workspace in one archive, taken while it serves, and made a workspace again.

The ledger is copied first and the files after it: what the copied ledger names was there before it named it, and
is never changed, so the two agree. The notes of the ledger's ends are read before it, so that they name no event
that the copy does not have. A PostgreSQL ledger is copied into the same SQLite file as an embedded one,
and either can be restored into the other.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from geo.access import Actor
from geo.errors import Refused
from geo.issues import Issue
from pipelines.disk_words import disk_words
from pipelines.store.accounts import make_database_role
from pipelines.store.ledger import Ledger, instant, open_ledger
from pipelines.store.ledger_anchors import FILE as ANCHORS
from pipelines.store.ledger_audit import file_sha256
from pipelines.store.ledger_sql import SqliteDatabase
from pipelines.store.schema import EVENT_COLUMNS
from pipelines.workspace import Workspace

LEDGER_FILE = "ledger.sqlite"
MANIFEST = "MANIFEST.json"
TABLES = {
    "events": EVENT_COLUMNS,
    "state": (
        "layer",
        "feature_id",
        "stage",
        "stage_since",
        "version",
        "last_seq",
        "area_code",
        "due_on",
        "merged_into",
    ),
    "accounts": (
        "name",
        "role",
        "unit",
        "area_code",
        "layers",
        "password_hash",
        "must_change",
        "disabled",
        "failures",
        "locked_until",
        "created_at",
    ),
}
"""What a copy holds. Sessions are left out: nobody is signed in to a restored workspace."""


def backup(root: Path, archive: Path, *, now: datetime) -> dict[str, Any]:
    """Copy the workspace at `root` into `archive` (a tar file); how many events and files it holds, and the head.

    Readers and writers go on meanwhile. The archive appears under its name only when it is whole. The copied
    ledger is audited: `faults` says how many things are not as they were taken; all is copied all the same.
    Refused when the archive exists already, has no folder or lies in the workspace, or the disk does not take it.
    """
    workspace = Workspace(root)
    _check_place(workspace.root, archive)
    ledger = open_ledger(workspace.settings.ledger_url or workspace.root, layers=workspace.layers())
    partial = archive.with_name(archive.name + ".partial")
    try:
        with tempfile.TemporaryDirectory(prefix="xiangtu-") as folder, tarfile.open(partial, "w") as tar:
            copied, notes = Path(folder) / LEDGER_FILE, Path(folder) / ANCHORS
            notes.write_bytes(
                (workspace.root / ANCHORS).read_bytes() if (workspace.root / ANCHORS).exists() else b""
            )
            seq, last = copy_ledger(ledger, copied)
            sums = {path.name: _packed(tar, path, path.name) for path in (copied, notes)}
            for path in _files(workspace.root):
                name = path.relative_to(workspace.root).as_posix()
                sums[name] = _packed(tar, path, name)
            faults = _faults(copied, ledger, workspace.root)
            made = {"at": instant(now), "events": seq, "head": last, "files": len(sums), "sha256": sums}
            text = json.dumps(made, ensure_ascii=False, indent=1).encode()
            entry = tarfile.TarInfo(MANIFEST)
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text))
        with partial.open("rb+") as handle:
            os.fsync(handle.fileno())
        partial.replace(archive)
    except OSError as error:
        raise Refused("disk_write_failed", path=str(archive.parent), **disk_words(error)) from None
    finally:
        partial.unlink(missing_ok=True)
        ledger.close()
    return {**{key: made[key] for key in ("at", "events", "head", "files")}, "faults": faults}


def _check_place(root: Path, archive: Path) -> None:
    if archive.exists():
        raise Refused("backup_exists", path=str(archive))
    if not archive.parent.is_dir():
        raise Refused("backup_folder_missing", path=str(archive.parent))
    if archive.resolve().is_relative_to(root.resolve()):
        raise Refused("backup_inside_workspace", path=str(archive))


def _faults(copied: Path, ledger: Ledger, root: Path) -> int:
    """How many things in a copied ledger, and in the files it names, are not as they were taken."""
    copy = open_ledger(copied, layers=ledger.layers)
    try:
        return len(copy.audit(root=root))
    finally:
        copy.close()


def _files(root: Path) -> Iterator[Path]:
    """The workspace's files that are not the ledger's own, locks, or half-written ones."""
    for path in sorted(root.rglob("*")):
        left_out = path.name.startswith((LEDGER_FILE, ANCHORS, ".lock", ".new-")) or path.suffix in (
            ".partial",
            ".lock",
        )
        if path.is_file() and not path.is_symlink() and not left_out:
            yield path


def _packed(tar: tarfile.TarFile, path: Path, name: str) -> str:
    """Put one file into the archive as it is at this moment; its sha256."""
    with path.open("rb") as handle:
        entry = tarfile.TarInfo(name)
        entry.size = os.fstat(handle.fileno()).st_size
        watched = _Hashing(handle, entry.size)
        tar.addfile(entry, watched)  # type: ignore[arg-type]
        return watched.sum.hexdigest()


class _Hashing:
    """A file that is hashed while it is read, and no longer than it was when it was opened."""

    def __init__(self, handle: Any, size: int) -> None:
        self._handle, self._left, self.sum = handle, size, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """As a file's `read`; what passes is added to the sum and never exceeds the size declared."""
        data: bytes = self._handle.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(data)
        self.sum.update(data)
        return data


def copy_ledger(ledger: Ledger, path: Path) -> tuple[int, str]:
    """Copy the ledger, as it is at one moment, into a new embedded one at `path`; number and hash of its end."""
    if isinstance(ledger.database, SqliteDatabase):
        with (
            _closing(sqlite3.connect(ledger.database.path, timeout=30)) as source,
            _closing(sqlite3.connect(path)) as copy,
        ):
            source.backup(copy)
            copy.execute("delete from sessions")
            copy.commit()
            copy.execute("pragma journal_mode = delete")
    else:
        _carry(ledger, open_ledger(path, layers=ledger.layers))
    copied = open_ledger(path, layers=ledger.layers)
    try:
        return copied.head()
    finally:
        copied.close()
        with _closing(sqlite3.connect(path)) as copy:
            copy.execute("pragma journal_mode = delete")


@contextmanager
def _closing(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    try:
        yield connection
    finally:
        connection.close()


def _carry(source: Ledger, target: Ledger) -> None:
    """Carry every row of one ledger into another, which must be empty."""
    with source.database.reading() as here, target.database.writing() as there:
        if there.run("select 1 from events limit 1").fetchone() is not None:
            raise Refused("ledger_not_empty", path=target.database.name)
        for table, columns in TABLES.items():
            order = "order by seq" if table == "events" else ""
            rows = here.run(f"select {', '.join(columns)} from {table} {order}").fetchall()
            marks = ", ".join("?" * len(columns))
            there.run_many(f"insert into {table} ({', '.join(columns)}) values ({marks})", rows)
            if table == "accounts":
                for row in rows:
                    kept = {name: str(value) for name, value in zip(columns, row, strict=True)}
                    if int(kept["disabled"]):
                        continue
                    own = tuple(part for part in kept["layers"].split(",") if part)
                    actor = Actor(kept["name"], kept["role"], kept["unit"], kept["area_code"], own)
                    make_database_role(there, target, actor)
    target.close()


def restore(archive: Path, root: Path, *, ledger_url: str | None = None) -> tuple[dict[str, Any], list[Issue]]:
    """Make the workspace `root` of an archive; what the archive said of itself, and what `audit` finds in it.

    ledger_url: put the ledger into this empty PostgreSQL database instead of a file of the workspace (its
    address then belongs into `county.toml`). Refused when `root` holds anything, or the archive is damaged.
    """
    if root.exists() and any(root.iterdir()):
        raise Refused("restore_not_empty", path=str(root))
    root.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=root.parent) as folder:
        made = _unpacked(archive, Path(folder) / "w")
        if root.exists():
            root.rmdir()
        shutil.move(Path(folder) / "w", root)
    if ledger_url:
        embedded = open_ledger(root / LEDGER_FILE)
        _carry(embedded, open_ledger(ledger_url))
        embedded.close()
        (root / LEDGER_FILE).unlink()
    ledger = open_ledger(ledger_url or root)
    found = ledger.audit(root=root)
    ledger.close()
    return {key: made[key] for key in ("at", "events", "head", "files")}, found


def _damaged(archive: Path, reason: str, reason_en: str) -> Refused:
    return Refused("backup_damaged", path=str(archive), reason=reason, reason_en=reason_en)


def _unpacked(archive: Path, folder: Path) -> dict[str, Any]:
    """Unpack an archive of ours into `folder`; Refused for one that is not there, is damaged or not ours."""
    try:
        archive.open("rb").close()
    except OSError as error:
        raise Refused("backup_not_a_file", path=str(archive), **disk_words(error)) from None
    try:
        with tarfile.open(archive, "r:") as tar:
            tar.extractall(folder, filter="data")
        made: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        for name, digest in made["sha256"].items():
            if file_sha256(folder / name) != digest:
                raise _damaged(archive, f"{name} 与清单不符", f"{name} differs from its manifest")
    except tarfile.FilterError:
        raise _damaged(archive, "里面有不该有的路径", "it holds paths that it may not hold") from None
    except tarfile.TarError:
        raise _damaged(archive, "不是完整的 tar 文件", "it is no whole tar file") from None
    except FileNotFoundError:
        raise _damaged(archive, "缺少清单或其中的文件", "its manifest or a file of it is missing") from None
    except OSError as error:
        words = disk_words(error)
        raise _damaged(archive, words["reason"], words["reason_en"]) from None
    except (ValueError, KeyError):
        raise _damaged(archive, "清单读不懂", "its manifest cannot be understood") from None
    (folder / MANIFEST).unlink()
    return made
