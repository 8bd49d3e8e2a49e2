"""Dates and bands told from file names, band descriptions and headings of pictures."""

from __future__ import annotations

import re
from datetime import date

ROLES = {
    "blue": "blue",
    "b2": "blue",
    "b02": "blue",
    "green": "green",
    "b3": "green",
    "b03": "green",
    "red": "red",
    "b4": "red",
    "b04": "red",
    "nir": "nir",
    "nir08": "nir",
    "b8": "nir",
    "b08": "nir",
    "swir": "swir1",
    "swir1": "swir1",
    "swir16": "swir1",
    "b11": "swir1",
    "ndvi": "ndvi",
    "lswi": "lswi",
    "ndmi": "lswi",
    "bsi": "bsi",
    "scl": "scl",
    "qa": "qa_pixel",
    "qa_pixel": "qa_pixel",
    "clp": "cloud_probability",
    "cldprb": "cloud_probability",
    "cloud": "cloud",
    "clm": "cloud",
    "cloudmask": "cloud",
    "clear": "clear",
    "valid": "clear",
}
_COMPACT = re.compile(r"(?<!\d)((?:19|20)\d{2})[-_.年]?(\d{2})[-_.月]?(\d{2})(?=\D|$|T\d)")
_JULIAN = re.compile(r"(?<!\d)((?:19|20)\d{2})[-_.]?([0-3]\d{2})(?!\d)")


def day_in(text: str) -> date | None:
    """The first date a name holds, as 2024-05-01, 20240501, 20240501T100031, 2024年05月01日 or 2024122."""
    for found in _COMPACT.finditer(text):
        try:
            return date(*(int(part) for part in found.groups()))
        except ValueError:
            continue
    for found in _JULIAN.finditer(text):
        day = int(found[2])
        if 1 <= day <= 366:
            return date.fromordinal(date(int(found[1]), 1, 1).toordinal() + day - 1)
    return None


def impossible_day_in(text: str) -> str:
    """What is written like a date in a name without being one, as 20261345; "" when nothing is."""
    if day_in(text) is not None:
        return ""
    found = _COMPACT.search(text)
    return "" if found is None else found[0]


def role_in(text: str | None) -> str | None:
    """What a band is, by its description or name: red, nir, ndvi, scl …; None when it does not say."""
    if not text:
        return None
    whole = text.strip().lower()
    if whole in ROLES:
        return ROLES[whole]
    parts = re.split(r"[^a-z0-9]+", whole)
    return next((ROLES[part] for part in parts if part in ROLES), None)
