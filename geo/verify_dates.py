"""Dates told from the headings of a ready-made index table, in whatever of the usual spellings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

LEAST_DATES = 4
# Names of an index in headings, best first; the first that heads enough dates is taken.
INDICES = ("ndvi", "evi2", "evi", "savi", "msavi", "osavi", "gndvi", "ndre", "value", "mean", "指数", "植被指数")
# What a column of the index may hold beside its level.
_NOT_LEVEL = {"std", "stdev", "stddev", "sd", "var", "min", "max", "count", "n", "qa", "quality", "pixels", "cv"}
# Headings of numbered composites may be these words alone.
_NUMBERED = {"", "t", "v", "x", "d", "c", "date", "step", "time", "composite", "period", "obs", *INDICES}

_FULL = re.compile(r"(?<!\d)((?:19|20)\d{2})[-_./年 ]?(0[1-9]|1[0-2])[-_./月 ]?(0[1-9]|[12]\d|3[01])日?(?!\d)")
_LOOSE = re.compile(r"(?<!\d)((?:19|20)\d{2})[-_./年](\d{1,2})[-_./月](\d{1,2})日?(?!\d)")
_DAY_FIRST = re.compile(r"(?<!\d)(\d{1,2})[-_./](\d{1,2})[-_./]((?:19|20)\d{2})(?!\d)")
_JULIAN = re.compile(r"(?<!\d)((?:19|20)\d{2})[-_.]?(?:doy|d)?[-_.]?([0-3]\d{2})(?!\d)", re.IGNORECASE)
_MONTH = re.compile(r"(?<!\d)((?:19|20)\d{2})[-_./年m]?(0?[1-9]|1[0-2])月?(?!\d)", re.IGNORECASE)
_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMED = re.compile(
    r"(?<![a-z])(?:((?:19|20)\d{2})[-_ ]?)?"
    r"(jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec)[a-z]*(?:[-_ ]?((?:19|20)\d{2}))?(?![a-z0-9])",
    re.IGNORECASE,
)
_DOY = re.compile(r"(?:doy|jday|(?<![a-z])d(?:ay)?)[-_.]?(\d{1,3})(?!\d)", re.IGNORECASE)
_BARE_DOY = re.compile(r"[-_.](\d{3})$")
_ORDINAL = re.compile(r"^(?P<name>.*?)[-_. ]?(?P<year>(?:19|20)\d{2}(?=[-_. ]))?[-_. ]?(?P<at>\d{1,3})$")


@dataclass(frozen=True)
class Dated:
    """A heading that stands for one date: `family` is the rest of it. year None = day of the year alone."""

    heading: str
    family: str
    year: int | None
    day_of_year: int

    def day(self, nominal_year: int) -> date:
        """The date, in `nominal_year` when the heading names no year."""
        return date(self.year or nominal_year, 1, 1) + timedelta(days=self.day_of_year - 1)


def _made(heading: str, span: tuple[int, int], year: int | None, day_of_year: int) -> Dated | None:
    if not 1 <= day_of_year <= 366:
        return None
    family = (heading[: span[0]] + heading[span[1] :]).strip(" _-.").lower()
    return Dated(heading, family, year, day_of_year)


def _calendar(heading: str, found: re.Match[str], parts: Sequence[str]) -> Dated | None:
    try:
        day = date(*(int(part) for part in parts))
    except ValueError:
        return None
    return _made(heading, found.span(), day.year, day.timetuple().tm_yday)


def dated(heading: str, *, month_first: bool = False) -> Dated | None:
    """The date a heading names, in whatever of the usual spellings; None when it names none.

    `2016-05-01`, `NDVI_20160501`, `2016年5月1日`, `01.05.2016` (with `month_first` `05/01/2016`), `ndvi_2016129`
    (year and day of year), `2016-05`, `201605`, `May 2016` (its middle), `ndvi_doy129`, `d129`, `ndvi_129`.
    """
    for pattern in (_FULL, _LOOSE):
        if (found := pattern.search(heading)) and (made := _calendar(heading, found, found.group(1, 2, 3))):
            return made
    if found := _DAY_FIRST.search(heading):
        order = (3, 1, 2) if month_first else (3, 2, 1)
        return _calendar(heading, found, found.group(*order))
    if found := _JULIAN.search(heading):
        return _made(heading, found.span(), int(found[1]), int(found[2]))
    if found := _MONTH.search(heading):
        return _middle(heading, found.span(), found[1], int(found[2]))
    if found := _NAMED.search(heading):
        month = _NAMES.index(found[2][:3].lower()) + 1
        return _middle(heading, found.span(), found[1] or found[3], month)
    for pattern in (_DOY, _BARE_DOY):
        if found := pattern.search(heading):
            return _made(heading, found.span(), None, int(found[1]))
    return None


def _middle(heading: str, span: tuple[int, int], year: str | None, month: int) -> Dated | None:
    day = date(int(year or 2001), month, 15).timetuple().tm_yday
    return _made(heading, span, int(year) if year else None, day)


def families(headings: Sequence[str]) -> dict[str, list[Dated]]:
    """Dated headings by what they have in common beside the date; only those with at least LEAST_DATES dates.

    Where headings name no dates, numbered composites of a year are taken as spread evenly over it, and rising
    numbers up to 366 as days of the year.
    """
    names = [str(one) for one in headings]
    day_first = _grouped(names, dated)
    found = {name: group for name, group in day_first.items() if len(group) >= LEAST_DATES}
    swapped = _grouped(names, lambda name: dated(name, month_first=True))
    for name, group in swapped.items():
        if len(group) >= LEAST_DATES and len(group) > len(day_first.get(name, ())):
            found[name] = group
    return _numbered(names, found) or found


def _grouped(names: Sequence[str], read: Callable[[str], Dated | None]) -> dict[str, list[Dated]]:
    groups: dict[str, list[Dated]] = {}
    for name in names:
        one = read(name)
        if one and one.day(2001) not in {other.day(2001) for other in groups.get(one.family, ())}:
            groups.setdefault(one.family, []).append(one)
    return groups


def _numbered(names: Sequence[str], found: dict[str, list[Dated]]) -> dict[str, list[Dated]] | None:
    """Families of numbered headings that have more dates than any named ones; None when there are none."""
    groups: dict[str, list[tuple[str, int | None, int]]] = {}
    for name in names:
        matched = _ORDINAL.match(name.strip())
        if matched:
            family = matched["name"].strip(" _-.").lower()
            year = int(matched["year"]) if matched["year"] else None
            if set(re.split(r"[^a-z0-9一-鿿]+", family)) & _NUMBERED:
                groups.setdefault(family, []).append((name, year, int(matched["at"])))
    best = max((len(group) for group in found.values()), default=0)
    made = {
        family: list(_spread(family, group))
        for family, group in groups.items()
        if len(group) >= LEAST_DATES and len(group) > best
    }
    return made or None


def _spread(family: str, group: list[tuple[str, int | None, int]]) -> Iterator[Dated]:
    numbers = sorted({at for _, _, at in group})
    first, last = numbers[0], numbers[-1]
    consecutive = first in (0, 1) and last - first + 1 == len(numbers)
    step = max(1, round(365 / len(numbers)))
    for heading, year, at in group:
        day_of_year = 1 + (at - first) * step if consecutive else at
        if 1 <= day_of_year <= 366:
            yield Dated(heading, family, year, day_of_year)


def index_family(groups: dict[str, list[Dated]]) -> str | None:
    """Which family holds the index: by name in the order of INDICES, else the only one there is.

    Columns of spread, extremes, counts and quality are not the index.
    """
    words = {name: set(re.split(r"[^a-z0-9一-鿿]+", name)) for name in groups}
    level = [name for name in sorted(groups, key=len) if not words[name] & _NOT_LEVEL]
    for index in INDICES:
        for name in level:
            if index in words[name]:
                return name
    return level[0] if len(level) == 1 else None
