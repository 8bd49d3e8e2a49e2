"""MapInfo tables (.tab) and exchange files (.mif), with their text read in the right encoding."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd

from geo.errors import Refused

from . import vector
from .dbf import Dbf
from .encoding import Decision, Reason, Values, codec_of, decide
from .source import Table
from .workplace import Held, Workplace

_CHARSET = re.compile(rb'(charset\s+)"?([A-Za-z0-9_-]+)"?', re.IGNORECASE)
_GDAL_NAMES = {
    "gb18030": b"WindowsSimpChinese",
    "utf-8": b"UTF-8",
    "cp1252": b"WindowsLatin1",
    "cp950": b"WindowsTradChinese",
}
_NEEDED = {".tab": (".dat",), ".mif": (".mid",)}
_BESIDE = {".tab": (".dat", ".map", ".id", ".ind"), ".mif": (".mid",)}


def open_mapinfo(path: Path, *, sender: Path, encoding: str | None = None) -> list[Table]:
    """The table of a .tab or .mif; a charset that its text belies is overruled with a finding.

    Raises Refused `mapinfo_part_missing`, `map_unreadable`.
    """
    head = path.read_bytes() if path.suffix.lower() == ".tab" else _head(path)
    suffix = ".tab" if head.lstrip()[:6].lower() == b"!table" else ".mif"
    parts = _parts(path)
    for needed in _NEEDED[suffix]:
        if needed not in parts:
            raise Refused("mapinfo_part_missing", file=path.name, part=path.stem + needed)
    data = parts[".dat" if suffix == ".tab" else ".mid"]
    evidence = Values.of([*_words(head), *_cells(data, suffix)])
    charset = _CHARSET.search(head)
    mark = charset[2].decode("ascii") if charset else "Neutral"
    marks: list[tuple[Reason, str]] = [("declared", mark)] if codec_of(mark) else []
    decision = decide(evidence, given=encoding, marks=marks, file=path.name)
    work = Workplace()
    for beside in _BESIDE[suffix]:
        if beside in parts:
            work.link(parts[beside], path.stem + beside)
    staged = work.path / (path.stem + suffix)
    _recharset(path, staged, decision)
    if suffix == ".tab":
        _check_whole(parts)
    tables = [vector.open_layer(staged, layer, sender=sender, name=path.stem) for layer in vector.layers(staged)]
    for table in tables:
        table.encoding, table.encoding_reason = decision.encoding, decision.reason
        table.issues += decision.issues
        if suffix == ".mif":
            table.rows = _records(data)
            table.batches = _whole(table.batches, table.rows, data.name)
        table.batches = Held(table.batches, work)
    return tables


def _check_whole(parts: dict[str, Path]) -> None:
    """Refuse a table whose data, shapes or index stop before their end."""
    data = Dbf(parts[".dat"])
    if data.held < data.announced:
        raise Refused("dbf_truncated", file=parts[".dat"].name, held=data.held, announced=data.announced)
    if ".map" in parts and parts[".map"].stat().st_size % 512:
        raise Refused("file_truncated", file=parts[".map"].name)
    if ".id" in parts and parts[".id"].stat().st_size // 4 < data.announced:
        raise Refused("file_truncated", file=parts[".id"].name)


def _whole(
    batches: Callable[[], Iterator[pd.DataFrame]], records: int | None, file: str
) -> Callable[[], Iterator[pd.DataFrame]]:
    """Batches that end in Refused `file_truncated` when there were not as many shapes as records."""

    def _counted() -> Iterator[pd.DataFrame]:
        count = 0
        for frame in batches():
            count += len(frame)
            yield frame
        if records is not None and count != records:
            raise Refused("file_truncated", file=file)

    return _counted


def _records(mid: Path) -> int | None:
    """How many records a .mid has, one a line; None when a text runs over several lines. Raises Refused
    `file_truncated` when the last text has no end."""
    count, over_lines, is_open = 0, False, False
    with mid.open("rb") as file:
        for line in file:
            if line.count(b'"') % 2:
                over_lines, is_open = True, not is_open
            count += bool(line.strip())
    if is_open:
        raise Refused("file_truncated", file=mid.name)
    return None if over_lines else count


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(65536)


def _parts(path: Path) -> dict[str, Path]:
    stem = path.stem.casefold()
    return {other.suffix.lower(): other for other in path.parent.iterdir() if other.stem.casefold() == stem}


def _words(head: bytes) -> list[bytes]:
    """The words of the header, where field names stand."""
    return head.split(b"\nData", 1)[0].split()


def _cells(data: Path, suffix: str) -> list[bytes]:
    """Text values of the attribute file, a sample of them in a large one."""
    if suffix == ".mif":
        with data.open("rb") as file:
            return re.split(rb'[",\t\r\n]', file.read(32 * 1024**2))[:500_000]
    dbf = Dbf(data)
    block = dbf.block(0, 100_000)
    texts = [c for c in dbf.columns if c.is_text]
    return [bytes(row[c.offset : c.offset + c.width]).split(b"\0")[0].strip() for c in texts for row in block]


def _recharset(path: Path, staged: Path, decision: Decision) -> None:
    """A copy whose header names the charset that was decided on."""
    name = _GDAL_NAMES.get(decision.encoding)
    raw = path.read_bytes()
    if name is not None:
        raw = _CHARSET.sub(lambda match: match[1] + b'"' + name + b'"', raw)
        raw = re.sub(rb'!charset "([^"]+)"', rb"!charset \1", raw)
    staged.write_bytes(raw)
