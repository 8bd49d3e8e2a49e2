"""Which encoding a sender's text is in: what they say, what the file's own mark says, and what the bytes say."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

from geo.errors import Refused
from geo.issues import Issue

Reason = Literal["given", "cpg", "dbf_mark", "declared", "content", "all_ascii", "format"]

# The share of values that may be broken before an encoding counts as wrong rather than the values.
BROKEN_SHARE = 0.01
_SAMPLE = 4000
_SINGLE_BYTE = re.compile(r"^(cp(125\d|437|85\d|86\d)|iso8859-\d+|iso-8859-\d+|latin-?1)$")


class Evidence(Protocol):
    """Bytes of text whose encoding is asked for."""

    def values(self) -> int:
        """How many values hold a byte outside ASCII."""

    def broken(self, encoding: str) -> int:
        """How many values do not decode; a character cut in half by the end of a field does not count."""

    def sample(self) -> list[bytes]:
        """Some of the values that hold a byte outside ASCII."""


@dataclass(frozen=True)
class Decision:
    """The encoding to read with, as a Python codec name, why, and what the sender should know."""

    encoding: str
    reason: Reason
    issues: tuple[Issue, ...] = ()


@dataclass(frozen=True)
class Values:
    """Evidence held in memory: field names, or the lines of a text file."""

    texts: tuple[bytes, ...]

    @classmethod
    def of(cls, texts: Iterable[bytes]) -> Values:
        """The values among `texts` that hold a byte outside ASCII."""
        return cls(tuple(text for text in texts if not text.isascii()))

    def values(self) -> int:
        return len(self.texts)

    def broken(self, encoding: str) -> int:
        return sum(decode_cut(text, encoding) is None for text in self.texts)

    def sample(self) -> list[bytes]:
        return list(self.texts[:_SAMPLE])


def codec_of(name: str) -> str | None:
    """The Python codec that a .cpg, a header or a user means: `936`, `ANSI 936`, `GB2312`, `88591`; None if none.

    GB2312 and GBK are read as their superset GB18030.
    """
    text = name.strip().strip("\ufeff\0").lower().removeprefix("ansi").strip(" _-")
    if text in {"936", "cp936", "ms936", "windowssimpchinese", "chinese", "gb2312", "gbk", "gb18030", "hz"}:
        return "gb18030"
    if text in {"65001", "cp65001"}:
        return "utf-8"
    if match := re.fullmatch(r"8859-?(\d{1,2})", text):
        text = f"iso8859-{match[1]}"
    elif match := re.fullmatch(r"(?:oem|windows|ibm|ldid/)?[ _-]?(\d{3,5})", text):
        text = f"cp{match[1]}"
    elif text == "windowslatin1":
        text = "cp1252"
    elif text == "windowstradchinese":
        text = "cp950"
    try:
        found = codecs.lookup(text).name
    except LookupError:
        return None
    return "gb18030" if found in {"gbk", "gb2312", "gb18030"} else found


def decode_cut(text: bytes, encoding: str, *, cut_allowed: bool = True) -> tuple[str, bool] | None:
    """The text and whether a half character was dropped from its end; None when it does not decode."""
    try:
        return text.decode(encoding), False
    except UnicodeDecodeError as error:
        if not cut_allowed or encoding not in {"utf-8", "gb18030", "big5", "cp950"} or error.end != len(text):
            return None
        try:
            return text[: error.start].decode(encoding), True
        except UnicodeDecodeError:
            return None


def chinese_likeness(sample: Iterable[bytes]) -> float:
    """How much bytes look like Chinese in GB 2312: 1 for everyday characters, near 0 for Western or Cyrillic text.

    Everyday (level 1) characters and punctuation count 1, rare (level 2) ones 0.4, all other pairs nothing.
    """
    weight = pairs = 0.0
    for text in sample:
        at = 0
        while at < len(text):
            if text[at] < 0x80:
                at += 1
                continue
            lead, trail = text[at], text[at + 1] if at + 1 < len(text) else 0xFF
            pairs += 1
            if trail >= 0xA1:
                weight += 1.0 if 0xA1 <= lead <= 0xA9 or 0xB0 <= lead <= 0xD7 else 0.4 if lead <= 0xF7 else 0.0
            at += 2
    return weight / pairs if pairs else 0.0


def _utf8_by_accident(sample: list[bytes]) -> bool:
    """Whether valid UTF-8 is rather GBK: only two-byte forms, beside no Latin letter, all everyday Chinese."""
    texts = [decoded[0] for text in sample if (decoded := decode_cut(text, "utf-8"))]
    if any(ord(mark) >= 0x800 for text in texts for mark in text):
        return False
    if any(re.search(r"[A-Za-z][^\x00-\x7f]|[^\x00-\x7f][A-Za-z]", text) for text in texts):
        return False
    if all(mark.isalpha() for text in texts for mark in text if ord(mark) >= 0x80):
        return False
    return chinese_likeness(sample) > 0.9


def guess(evidence: Evidence) -> str:
    """The encoding the bytes themselves speak for: UTF-8, else GB18030, else Western (Windows-1252)."""
    total, sample = max(evidence.values(), 1), evidence.sample()
    broken = evidence.broken("utf-8")
    if broken == 0:
        return "gb18030" if _utf8_by_accident(sample) else "utf-8"
    chinese = chinese_likeness(sample) >= 0.5
    broken_chinese = evidence.broken("gb18030")
    if chinese and broken_chinese == 0:
        return "gb18030"
    for encoding, count in (("utf-8", broken), ("gb18030", broken_chinese if chinese else total)):
        if count / total < BROKEN_SHARE:
            return encoding
    return "cp1252" if evidence.broken("cp1252") == 0 else "latin-1"


def decide(
    evidence: Evidence,
    *,
    given: str | None = None,
    marks: Iterable[tuple[Reason, str]] = (),
    file: str = "",
) -> Decision:
    """The encoding: what the user gave, else the first mark the content bears out, else what the content says.

    marks: what the file says of itself, strongest first, as (reason, name). A mark that the content
    contradicts is overruled with a finding. Raises Refused `encoding_unknown` or `encoding_given_wrong`.
    """
    if given is not None:
        return Decision(_given(evidence, given, file), "given")
    if evidence.values() == 0:
        return Decision("utf-8", "all_ascii")
    likely, issues = guess(evidence), list[Issue]()
    for reason, name in marks:
        codec = codec_of(name)
        if codec is not None and _borne_out(evidence, codec, likely):
            return Decision(codec, reason, tuple(issues))
        issues.append(Issue("encoding_mark_overruled", params={"file": file, "mark": name, "encoding": likely}))
    if not issues:
        issues.append(Issue("encoding_from_content", params={"file": file, "encoding": likely}))
    if likely in {"cp1252", "latin-1"}:
        issues.append(Issue("encoding_uncertain", params={"file": file, "encoding": likely}))
    return Decision(likely, "content", tuple(issues))


def _given(evidence: Evidence, given: str, file: str) -> str:
    codec = codec_of(given)
    if codec is None:
        raise Refused("encoding_unknown", encoding=given)
    broken, total = evidence.broken(codec), evidence.values()
    if total and broken / total >= BROKEN_SHARE:
        raise Refused("encoding_given_wrong", file=file, encoding=given, broken=broken, values=total)
    return codec


def _borne_out(evidence: Evidence, codec: str, likely: str) -> bool:
    """Whether the content allows the marked encoding. Single-byte ones allow anything: Chinese speaks louder."""
    if codec == likely:
        return True
    if likely == "utf-8" and evidence.broken("utf-8") == 0:
        return False
    if _SINGLE_BYTE.match(codec) and likely in {"utf-8", "gb18030"}:
        return False
    return evidence.broken(codec) / max(evidence.values(), 1) < BROKEN_SHARE


def repair(text: str) -> str | None:
    """Chinese that somebody read in the wrong encoding before sending it, read right; None when it is sound.

    Knows GBK or UTF-8 bytes read as Western (`ÏØÃû`, `å¿å`), and UTF-8 bytes read as GBK (`鍘垮悕`).
    """
    if text.isascii():
        return None
    for wrong in ("latin-1", "cp1252"):
        try:
            raw = text.encode(wrong)
        except UnicodeEncodeError:
            continue
        for right in ("utf-8", "gb18030"):
            decoded = decode_cut(raw, right)
            sure = right == "utf-8" or chinese_likeness([raw]) >= 0.7
            if decoded and sure and _has_chinese(decoded[0]) and not re.search(r"[\x80-\x9f]", decoded[0]):
                return decoded[0]
    try:
        again = text.encode("gb18030").decode("utf-8")
    except UnicodeError:
        return None
    return again if _has_chinese(again) else None


def _has_chinese(text: str) -> bool:
    return any("\u4e00" <= mark <= "\u9fff" for mark in text)
