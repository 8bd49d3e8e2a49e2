"""Identity and telephone numbers of people, found in text where they do not belong and masked."""

from __future__ import annotations

import datetime as dt
import re

_ID = re.compile(r"(?<![0-9A-Za-z])([1-9]\d{5}(?:18|19|20)\d{2}[01]\d[0-3]\d\d{3}[\dXx])(?![0-9A-Za-z])")
_PHONE = re.compile(r"(?<!\d)(?<!\d\.)((?:\+?86[- ]?)?1[3-9]\d(?:[- ]?\d{4}){2})(?!\d|\.\d)")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"

# A quick sign that a text may hold a number of that length, for whole columns at once.
SUSPECT = "[0-9]{3}[- ]?[0-9]{4}[- ]?[0-9]{4}"


def is_identity_number(text: str) -> bool:
    """Whether 18 characters are a resident identity number: a real birth date and the check digit of GB 11643."""
    if not re.fullmatch(r"\d{17}[\dXx]", text):
        return False
    if not _is_day(text[6:14]):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(text[:17], _WEIGHTS, strict=True))
    return _CHECK[total % 11] == text[17].upper()


def _is_day(digits: str) -> bool:
    try:
        dt.date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True


def mask(text: str) -> tuple[str, tuple[str, ...]]:
    """The text with identity and mobile numbers starred out, and what was found: `identity`, `phone`.

    A wrong check digit excuses no number with a birthday of the last century: people mistype. With one of this
    century the digit must be right, for a code such as 511304 200 012 01 … has a day in the same place.
    """
    found: list[str] = []

    def _star_identity(match: re.Match[str]) -> str:
        number = match.group(1)
        if not (is_identity_number(number) or (number[6:8] == "19" and _is_day(number[6:14]))):
            return number
        found.append("identity")
        return number[:3] + "*" * 13 + number[-2:]

    def _star_phone(match: re.Match[str]) -> str:
        digits = re.sub(r"\D", "", match.group(1))[-11:]
        found.append("phone")
        return digits[:3] + "****" + digits[-4:]

    masked = _PHONE.sub(_star_phone, _ID.sub(_star_identity, text))
    return masked, tuple(dict.fromkeys(found))
