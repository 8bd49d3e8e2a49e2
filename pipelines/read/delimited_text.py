"""How the bytes of a text table are to be read: its encoding and what separates its columns."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from geo.errors import Refused

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SEPARATORS = (",", "\t", ";", "|", "，")
_BLOCK = 1 << 20


def sniff_encoding(path: Path) -> tuple[str, str]:
    """(encoding, why) of a text file: its mark, else strict UTF-8 over the whole file, else by its bytes.

    GB18030 when the bytes above 127 come in pairs as Chinese text has them, else cp1252.
    """
    with path.open("rb") as file:
        head = file.read(_BLOCK)
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name, "byte order mark"
    zeros = head[:4096].count(0)
    if zeros > len(head[:4096]) // 8:
        even, odd = head[0:4096:2].count(0), head[1:4096:2].count(0)
        return ("utf-16-le" if odd >= even else "utf-16-be"), "zero bytes"
    if _decodes(path, "utf-8"):
        return "utf-8", "content"
    if _chinese_pairs(_high_sample(path)) and _decodes(path, "gb18030"):
        return "gb18030", "content"
    return "cp1252", "content"


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _high_sample(path: Path) -> bytes:
    """A part of the file that has bytes above 127."""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            if any(byte > 127 for byte in block):
                return block
    return b""


def _chinese_pairs(data: bytes) -> bool:
    """Whether the bytes above 127 pair up as in GB2312 text, or in rarer GBK characters among such pairs."""
    pairs = singles = i = 0
    while i < len(data):
        if data[i] < 0x81:
            i += 1
            continue
        if i + 1 < len(data) and data[i] >= 0xA1 and data[i + 1] >= 0xA1:
            pairs += 1
            i += 2
            continue
        singles += 1
        i += 2 if i + 1 < len(data) and 0x40 <= data[i + 1] < 0xA1 and pairs else 1
    return pairs > 2 * singles


def decode_bytes(data: bytes, name: str, encoding: str | None = None) -> tuple[str, str, str]:
    """(text, encoding, why) of a small file's bytes; Refused `encoding_unreadable` when told a wrong encoding."""
    if encoding is None:
        for mark, marked in _MARKS:
            if data.startswith(mark):
                return data.decode(marked, "replace"), marked, "byte order mark"
        for tried in ("utf-8", "gb18030"):
            try:
                return data.decode(tried), tried, "content"
            except UnicodeDecodeError:
                continue
        return data.decode("cp1252", "replace"), "cp1252", "content"
    try:
        return data.decode(encoding), encoding, "given"
    except (UnicodeDecodeError, LookupError):
        raise Refused("encoding_unreadable", file=name, encoding=encoding) from None


def records(path: Path, encoding: str, separator: str) -> Iterator[list[str]]:
    """The records of a text table, quoted line breaks kept together; Refused when the bytes do not decode."""
    csv.field_size_limit(1 << 30)
    try:
        with path.open(encoding=encoding, newline="", errors="strict") as file:
            yield from csv.reader(file, delimiter=separator)
    except (UnicodeDecodeError, LookupError):
        raise Refused("encoding_unreadable", file=path.name, encoding=encoding) from None
    except csv.Error:
        raise Refused(
            "text_not_a_table", file=path.name, reason="引号不成对", reason_en="unpaired quotes"
        ) from None


def sniff_separator(path: Path, encoding: str) -> str | None:
    """The character that cuts the first hundred records into columns most evenly; None when none does."""
    try:
        with path.open(encoding=encoding, newline="", errors="replace") as file:
            sample = "".join(islice(file, 200))[:200_000]
    except LookupError:
        raise Refused("encoding_unreadable", file=path.name, encoding=encoding) from None
    best: tuple[float, str] | None = None
    for separator in _SEPARATORS:
        even = evenness(sample, separator)
        if even and (best is None or even > best[0] * 1.05):
            best = (even, separator)
    return best[1] if best else None


def evenness(sample: str, separator: str) -> float:
    """Share of the records that have the most frequent number of columns (two or more), times its root."""
    csv.field_size_limit(1 << 30)
    try:
        lengths = [
            len(r) for r in islice(csv.reader(io.StringIO(sample, newline=""), delimiter=separator), 100) if r
        ]
    except csv.Error:
        return 0.0
    usual, times = _usual(lengths)
    return 0.0 if usual < 2 or times < 0.4 * len(lengths) else times / len(lengths) * usual**0.5


def _usual(lengths: Sequence[int]) -> tuple[int, int]:
    counted = Counter(length for length in lengths if length > 1)
    return counted.most_common(1)[0] if counted else (0, 0)
