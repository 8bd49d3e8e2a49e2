"""Map files that are text (JSON, XML, MapInfo exchange, DXF), made UTF-8 before GDAL sees them."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

from geo.errors import Refused

from .encoding import Decision, Reason, Values, decide
from .workplace import Workplace

_CHUNK = 8 * 1024**2
_XML_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*?encoding=["']([A-Za-z0-9_.-]+)["']""")


@dataclass(frozen=True)
class Text:
    """A text file that is UTF-8 at `path`: the sender's own, or a copy in `work`."""

    path: Path
    decision: Decision
    work: Workplace | None


def as_utf8(path: Path, *, given: str | None = None) -> Text:
    """The file itself when it is UTF-8 already, else a copy made into UTF-8.

    Raises Refused `encoding_given_wrong`, `encoding_unreadable`.
    """
    head = _head(path)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _copy(path, Decision("utf-16", "content"))
    if given is None and _is_utf8(path):
        clean = not head.startswith(codecs.BOM_UTF8) and _declared(head) in {None, "utf-8", "utf8", "us-ascii"}
        decision = Decision("utf-8", "content")
        return Text(path, decision, None) if clean else _copy(path, Decision("utf-8-sig", "content"))
    marks: list[tuple[Reason, str]] = [("declared", name)] if (name := _declared(head)) else []
    decision = decide(_lines(path), given=given, marks=marks, file=path.name)
    return _copy(path, decision)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4096)


def _declared(head: bytes) -> str | None:
    found = _XML_DECLARED.match(head.removeprefix(codecs.BOM_UTF8))
    return found[1].decode("ascii").lower() if found else None


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _lines(path: Path, limit: int = 200_000) -> Values:
    """Stretches of the text between markup as evidence: quoted strings and what stands between tags and commas."""
    found: list[bytes] = []
    with path.open("rb") as file:
        for line in file:
            found += [part for part in re.split(rb"[\"'<>,;:{}\[\]\t\r\n=]", line) if not part.isascii()]
            if len(found) > limit:
                break
    return Values(tuple(found))


def _copy(path: Path, decision: Decision) -> Text:
    """A UTF-8 copy whose XML declaration says so."""
    work = Workplace()
    target = work.path / path.name
    decoder = codecs.getincrementaldecoder(decision.encoding)()
    try:
        with path.open("rb") as source, target.open("w", encoding="utf-8", newline="") as copy:
            first = decoder.decode(source.read(4096))
            copy.write(re.sub(r"""(<\?xml[^>]*?encoding=)["'][^"']+["']""", r'\1"UTF-8"', first, count=1))
            while chunk := source.read(_CHUNK):
                copy.write(decoder.decode(chunk))
            copy.write(decoder.decode(b"", final=True))
    except UnicodeDecodeError as error:
        raise Refused("encoding_unreadable", file=path.name, encoding=decision.encoding) from error
    return Text(target, decision, work)
