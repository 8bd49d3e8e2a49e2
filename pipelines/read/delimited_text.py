"""How the bytes of a text table are to be read: its encoding and what separates its columns."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from geo.errors import Refused
from geo.issues import Issue
from pipelines.read.encoding import Decision, Evidence, Reason, Values, codec_of, decide, decode_cut

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SEPARATORS = (",", "\t", ";", "|", "，")
_HEAD = 4096
_SAMPLE = 4000


class Lines:
    """The lines of a text file as evidence of its encoding; the file is read once for each question."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sample: list[bytes] | None = None
        self._values = 0

    def _telling(self) -> Iterator[bytes]:
        """The lines with a byte outside ASCII."""
        with self._path.open("rb") as file:
            yield from (line for line in file if not line.isascii())

    def values(self) -> int:
        self.sample()
        return self._values

    def broken(self, encoding: str) -> int:
        return sum(decode_cut(line, encoding, cut_allowed=False) is None for line in self._telling())

    def sample(self) -> list[bytes]:
        """The first lines that have a byte outside ASCII; all of them are counted on the way."""
        if self._sample is None:
            lines = self._telling()
            self._sample = list(islice(lines, _SAMPLE))
            self._values = len(self._sample) + sum(1 for _ in lines)
        return self._sample


def sniff_encoding(path: Path, given: str | None = None) -> Decision:
    """How to read a text file: what the user says, its byte order mark, else what its bytes speak for.

    A few lines that do not decode are a finding, `lines_unreadable`. Raises Refused `encoding_unknown`,
    `encoding_given_wrong`.
    """
    with path.open("rb") as file:
        marked = _marked(file.read(_HEAD))
    if given is None and marked:
        return Decision(marked, "declared")
    evidence = Lines(path)
    if given is not None and marked and codec_of(given) in (marked, "utf-8", "utf-16"):
        return Decision(marked, "given")
    return _told(decide(evidence, given=given, file=path.name), evidence, path.name)


def _marked(head: bytes) -> str | None:
    """The encoding that a byte order mark, or zero bytes in every other place, show; None without either."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if head.count(0) <= len(head) // 8:
        return None
    return "utf-16-le" if head[1::2].count(0) >= head[0::2].count(0) else "utf-16-be"


def _told(decision: Decision, evidence: Evidence, file: str) -> Decision:
    """The decision with what the sender should know of it: not that plain UTF-8 is UTF-8, but broken lines."""
    issues = [
        i for i in decision.issues if not (i.code == "encoding_from_content" and decision.encoding == "utf-8")
    ]
    broken = evidence.broken(decision.encoding) if decision.reason != "all_ascii" else 0
    if broken:
        issues.append(Issue("lines_unreadable", None, None, {"file": file, "count": broken}))
    return Decision(decision.encoding, decision.reason, tuple(issues))


def decode_page(data: bytes, file: str, given: str | None = None) -> tuple[str, Decision]:
    """The text of a web page: by what the user says, its mark, its `charset`, or its bytes."""
    marked = _marked(data[:_HEAD]) if given is None else None
    if marked:
        return data.decode(marked, "replace"), Decision(marked, "declared")
    charset = re.search(rb"charset\s*=\s*[\"']?([\w-]+)", data[:_HEAD], re.IGNORECASE)
    marks: list[tuple[Reason, str]] = [("declared", charset.group(1).decode("ascii"))] if charset else []
    evidence = Values.of(data.splitlines())
    decision = decide(evidence, given=given, marks=marks, file=file)
    return data.decode(decision.encoding, "replace"), _told(decision, evidence, file)


def records(path: Path, encoding: str, separator: str) -> Iterator[list[str]]:
    """The records of a text table, quoted line breaks kept together; bytes that do not decode become �."""
    csv.field_size_limit(1 << 30)
    try:
        with path.open(encoding=encoding, newline="", errors="replace") as file:
            yield from csv.reader(file, delimiter=separator)
    except csv.Error:
        raise Refused(
            "text_not_a_table", file=path.name, reason="引号不成对", reason_en="unpaired quotes"
        ) from None


def sniff_separator(path: Path, encoding: str) -> str | None:
    """The character that cuts the first hundred records into columns most evenly; None when none does."""
    with path.open(encoding=encoding, newline="", errors="replace") as file:
        sample = "".join(islice(file, 200))[:200_000]
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
