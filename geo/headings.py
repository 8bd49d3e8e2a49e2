"""Headings as senders write them, brought to a form in which the same heading reads the same."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

INVISIBLE = dict.fromkeys([*range(0x200B, 0x2010), 0xFEFF, 0x2060, 0xAD, 0x202A, 0x202C], None)
_SPACE = re.compile(r"[\s_]+")
_BRACKETS = re.compile(r"[(\[{【〔〈《]([^()\[\]{}【】〔〕〈〉《》]*)[)\]}】〕〉》]")
_MARKS = re.compile(r"[*#:;、,。.·'\"“”‘’`|?!※★△-]+")
_NUMBERING = re.compile(r"^(?:[(]?(?:\d{1,2}|[一二三四五六七八九十]{1,2})[)、．.])(?=\D)")


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """Full-width to half-width, small letters, no spaces or underscores, no invisible characters."""
    plain = unicodedata.normalize("NFKC", str(text)).translate(INVISIBLE)
    return _SPACE.sub("", plain).casefold()


@lru_cache(maxsize=65536)
def normal(heading: str) -> str:
    """A heading for comparison: folded, numbering and punctuation off, brackets kept without their marks."""
    text = _NUMBERING.sub("", fold(heading))
    text = _BRACKETS.sub(r"\1", text)
    return _MARKS.sub("", text).replace("/", "")


@lru_cache(maxsize=65536)
def core(heading: str) -> str:
    """A heading without what stands in brackets: `流转面积（亩）` → `流转面积`."""
    text = _NUMBERING.sub("", fold(heading))
    bare = _BRACKETS.sub("", text)
    return _MARKS.sub("", bare or text).replace("/", "")


def qualifiers(heading: str) -> tuple[str, ...]:
    """What qualifies a heading: bracketed words, and the last part after `/`; folded, outermost last."""
    text = fold(heading)
    found = [part for part in _BRACKETS.findall(text) if part]
    bare = _BRACKETS.sub("", text)
    if "/" in bare:
        found += [bare.split("/", 1)[1], bare.rsplit("/", 1)[1]]
    return tuple(found)


def parts(heading: str) -> tuple[str, ...]:
    """The levels of a flattened heading: `承包方/姓名` → (`承包方`, `姓名`)."""
    return tuple(part for part in str(heading).split("/") if part.strip())
