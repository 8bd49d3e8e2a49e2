"""Administrative codes: how long, which level, whose child, and of which system and edition."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from zlib import crc32

import numpy as np
import pandas as pd

Level = Literal["province", "prefecture", "county", "township", "village"]
System = Literal["statistics", "civil_affairs", "land_survey", "unknown"]

DIGITS: dict[Level, int] = {"province": 2, "prefecture": 4, "county": 6, "township": 9, "village": 12}
_LEVELS: dict[int, Level] = {digits: level for level, digits in DIGITS.items()}
# Kind of unit by the third group of a township code (GB/T 10114) and the fourth of a village code.
_TOWNSHIP_KINDS = ((99, "street"), (199, "town"), (399, "country"), (599, "enterprise"), (999, "other"))
_VILLAGE_KINDS = ((199, "community"), (399, "village"), (999, "other"))


@dataclass(frozen=True)
class CodeEdition:
    """Whose codes they are and of when: a code means something only with both, as its sender declares them."""

    system: System = "unknown"
    on: date | None = None


def digits_of(value: object) -> str | None:
    """The digits of a code as a sender may write it (spaces, full width, `360123.0`, a leading quote), or None.

    A code that a spreadsheet rounded (`3.60123E+11`) has lost digits and gives None.
    """
    if value is None or (isinstance(value, float) and not np.isfinite(value)):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = re.sub(r"[\s'’‘`\-]", "", unicodedata.normalize("NFKC", str(value)))
    text = re.sub(r"\.0+$", "", text)
    return text if text.isascii() and text.isdigit() else None


def canonical(value: object) -> str | None:
    """The shortest form of an area code: 2, 4, 6, 9 or 12 digits, zeros that fill up cut off; None when malformed.

    `330503101000` is township `330503101`, `361129000000` county `361129`. Of 14 digits (a contracting body of
    NY/T 2539), 15 (filled up with zeros) and 19 (a parcel, or a land-survey unit) the first 12 name the village.
    """
    text = digits_of(value)
    if text is None or len(text) not in (2, 4, 6, 9, 12, 14, 15, 19) or text.startswith("0"):
        return None
    text = text[:12]
    if len(text) == 12 and text.endswith("000"):
        text = text[:9]
    if len(text) == 9 and text.endswith("000"):
        text = text[:6]
    while len(text) in (4, 6) and text.endswith("00"):
        text = text[:-2]
    return text


def canonical_codes(values: Iterable[Any]) -> pd.Series:
    """`canonical` of every value of a column; None where malformed. Index as given, else 0…n-1."""
    column = values if isinstance(values, pd.Series) else pd.Series(list(values), dtype=object)
    made = {value: canonical(value) for value in column.dropna().unique()}
    return pd.Series([made.get(v) if pd.notna(v) else None for v in column], index=column.index, dtype=object)


def level_of(code: str) -> Level | None:
    """The level of a canonical code, by its digits."""
    return _LEVELS.get(len(code))


def parent_of(code: str) -> str | None:
    """The code one level up: of a village its township, of a township its county; None of a province."""
    shorter = [digits for digits in _LEVELS if digits < len(code)]
    return code[: max(shorter)] if shorter else None


def is_within(code: str, ancestor: str) -> bool:
    """Whether `code` is `ancestor` or lies under it."""
    return code.startswith(ancestor)


def padded(code: str, digits: int = 12) -> str:
    """A canonical code filled up with zeros, as statistics write it."""
    return code.ljust(digits, "0")


def township_kind(code: str) -> str | None:
    """`street`, `town`, `country`, `enterprise` (farms and the like) or `other` (zones), of a township code."""
    return _kind(code[6:9], _TOWNSHIP_KINDS) if len(code) >= 9 else None


def village_kind(code: str) -> str | None:
    """`community`, `village` or `other` (statistical areas of farms and zones), of a village code."""
    return _kind(code[9:12], _VILLAGE_KINDS) if len(code) == 12 else None


def _kind(group: str, kinds: tuple[tuple[int, str], ...]) -> str:
    return next(kind for last, kind in kinds if int(group) <= last)


def village_of_parcel(parcel_code: object) -> str | None:
    """The 12-digit village of a 19-digit parcel code (14 of the contracting body, 5 more), or None."""
    text = digits_of(parcel_code)
    return text[:12] if text is not None and len(text) == 19 else None


def made_code(parent: str, name: str, digits: int, taken: Container[str] = ()) -> str:
    """A provisional code of `digits` digits for a unit without one: its parent's, and a number made of its name.

    The number starts with 6 to 9, where official codes seldom reach, so that it is not taken for one. It stays the
    same when other units come or go, but for the rare ones whose numbers meet: those take the next free one.
    """
    free = 10 ** (digits - len(parent) - 1)
    start = crc32(name.encode("utf-8"))
    for step in range(4 * free):
        code = f"{parent}{6 * free + (start + step) % (4 * free)}"
        if code not in taken:
            return code
    raise ValueError(f"no code of {digits} digits is free under {parent}")
