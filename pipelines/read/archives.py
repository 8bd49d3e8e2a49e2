"""Zip archives: names in whatever encoding, unpacked within bounds into a folder of our own."""

from __future__ import annotations

import errno
import shutil
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from geo.errors import Refused

from .encoding import Values, codec_of, decode_cut, guess
from .workplace import Workplace

# Real deliveries compress well (blank-padded .dbf reach 100:1), bombs go on for ever.
LIMIT_BYTES = 24 * 1024**3
LIMIT_MEMBERS = 50_000
LIMIT_RATIO = 400
_SMALL = 256 * 1024**2
_CHUNK = 1024**2
_BROKEN_NAMES = {errno.EINVAL, errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.EEXIST}
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, struct.error, NotImplementedError, ValueError)
_RUBBISH = {"__macosx", ".ds_store", "thumbs.db", "desktop.ini"}
_UTF8_FLAG, _ENCRYPTED_FLAG = 0x800, 0x1
_UNICODE_PATH = 0x7075


def unpack(path: Path, *, encoding: str | None = None) -> Workplace:
    """The archive's files in a new workplace, under their right names.

    Raises Refused: `zip_damaged`, `zip_empty`, `zip_encrypted`, `zip_outside`, `zip_too_large`, `zip_method`,
    `disk_full`.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if not m.is_dir()]
            names = dict(zip([id(m) for m in members], member_names(members, encoding), strict=True))
            wanted = [m for m in members if not _is_rubbish(names[id(m)])]
            _check(path, wanted, [names[id(m)] for m in wanted])
            work = Workplace()
            for member in wanted:
                _extract(path, archive, member, work.path / names[id(member)])
            return work
    except _BROKEN as error:
        raise Refused("zip_damaged", file=path.name) from error
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise Refused("disk_full", path=str(path)) from error
        if error.errno in _BROKEN_NAMES:
            raise Refused("zip_damaged", file=path.name) from error
        raise


def member_names(members: list[zipfile.ZipInfo], encoding: str | None = None) -> list[str]:
    """Names as the sender saw them: marked UTF-8, else what their bytes together speak for (UTF-8 or GBK).

    Folders are separated by `/`; the program that packed on Windows may have written `\\`.
    """
    raw = [None if m.flag_bits & _UTF8_FLAG else _raw(m) for m in members]
    evidence = Values.of(name for name in raw if name is not None)
    codec = (codec_of(encoding) if encoding else None) or guess(evidence)
    if codec in {"cp1252", "latin-1"}:
        codec = "cp437"
    names = []
    for member, name in zip(members, raw, strict=True):
        text = _unicode_path(member) or (member.filename if name is None else _decoded(name, codec))
        names.append(text.replace("\\", "/"))
    return names


def _raw(member: zipfile.ZipInfo) -> bytes:
    return member.orig_filename.encode("cp437", errors="replace")


def _decoded(name: bytes, codec: str) -> str:
    decoded = decode_cut(name, codec, cut_allowed=False)
    return decoded[0] if decoded else name.decode("cp437")


def _unicode_path(member: zipfile.ZipInfo) -> str | None:
    """The UTF-8 name that some packers keep in an extra field (Info-ZIP 0x7075)."""
    at, extra = 0, member.extra
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        if kind == _UNICODE_PATH and size > 5:
            try:
                return extra[at + 9 : at + 4 + size].decode("utf-8")
            except UnicodeDecodeError:
                return None
        at += 4 + size
    return None


def _is_rubbish(name: str) -> bool:
    parts = [part.lower() for part in PurePosixPath(name).parts]
    return any(part in _RUBBISH or part.startswith(("._", "~$")) for part in parts)


def _check(path: Path, members: list[zipfile.ZipInfo], names: list[str]) -> None:
    """Refuse what must not be unpacked, before a byte of it is written."""
    if not members or not any(m.file_size for m in members):
        raise Refused("zip_empty", file=path.name)
    for name in names:
        parts = PurePosixPath(name).parts
        if name.startswith("/") or ".." in parts or ":" in parts[0] or "\0" in name:
            raise Refused("zip_outside", file=path.name, member=name)
    if any(m.flag_bits & _ENCRYPTED_FLAG for m in members):
        raise Refused("zip_encrypted", file=path.name)
    total = sum(m.file_size for m in members)
    packed = max(sum(m.compress_size for m in members), 1)
    if total > LIMIT_BYTES or len(members) > LIMIT_MEMBERS or (total > _SMALL and total / packed > LIMIT_RATIO):
        raise Refused("zip_too_large", file=path.name, megabytes=total // 1024**2, members=len(members))


def _extract(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(target.parent).free < member.file_size + _SMALL // 4:
        raise Refused("disk_full", path=str(target))
    written = 0
    try:
        with archive.open(member) as source, target.open("wb") as copy:
            while chunk := source.read(_CHUNK):
                written += len(chunk)
                if written > member.file_size:
                    raise Refused("zip_damaged", file=path.name)
                copy.write(chunk)
    except NotImplementedError as error:
        raise Refused("zip_method", file=path.name, member=target.name) from error
    except RuntimeError as error:
        raise Refused("zip_encrypted", file=path.name) from error


def contents(path: Path) -> list[str]:
    """Names of the archive's files, to tell an Excel workbook or a KMZ from a plain archive.

    Raises Refused `zip_damaged`.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return [m.filename for m in archive.infolist()]
    except _BROKEN as error:
        raise Refused("zip_damaged", file=path.name) from error
