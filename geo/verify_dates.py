"""Dates told from the headings of a ready-made index table, in whatever of the usual spellings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

LEAST_DATES = 4
# Names of an index in headings, best first; the first that heads enough dates is taken.
INDICES = ("ndvi", "evi2", "evi", "savi", "msavi", "osavi", "gndvi", "ndre", "value", "mean", "指数", "植被指数")
# What a column of the index may hold beside its level.
_NOT_LEVEL = {"std", "stdev", "stddev", "sd", "var", "min", "max", "count", "n", "qa", "quality", "pixels", "cv"}
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
_MONTHS = "|".join(_NAMES)
_DAY_NAMED = re.compile(
    rf"(?<![a-z0-9])(\d{{1,2}})[-_. ]?({_MONTHS})[a-z]*[-_. ]?((?:19|20)\d{{2}})?(?!\d)", re.IGNORECASE
)
_NAMED_DAY = re.compile(
    rf"(?:((?:19|20)\d{{2}})[-_. ]?)?(?<![a-z])({_MONTHS})[a-z]*[-_. ](\d{{1,2}})(?!\d)", re.IGNORECASE
)
# Month and day without a year: 0517, 05-17; the day first only where a sign stands between.
_MONTH_DAY = re.compile(r"(?<!\d)(\d{2})([-_./]?)(\d{2})(?!\d)")
_ORDINAL = re.compile(r"^(?P<name>.*?)[-_. ]?(?P<year>(?:19|20)\d{2}(?=[-_. ]))?[-_. ]?(?P<at>\d{1,3})$")
_NUMBER_FIRST = re.compile(r"^(?P<at>\d{1,3})[-_. ]?(?P<name>\D.*)$")
# Headings of numbered composites may be these words alone.
NUMBERED = {"", *"tvxdcnmwsi", "date", "step", "time", "composite", "period", "obs", "week", "month", *INDICES}
# Numbers behind these are bands of a picture, unless there are more of them than a picture has.
BANDS = {"b", "band"}
MORE_THAN_BANDS = 14
# A shapefile cuts headings here: the last digit of ndvi_doy129 is lost.
CUT = 10


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
    (year and day of year), `2016-05`, `201605`, `May 2016` (its middle), `01May`, `May_01`, `ndvi_doy129`, `d129`,
    `ndvi_129`, `ndvi_0501`, `ndvi_05_01` (the other way round with `month_first`).
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
    for pattern, at in ((_DAY_NAMED, (3, 2, 1)), (_NAMED_DAY, (1, 2, 3))):
        if found := pattern.search(heading):
            year, name, day = found.group(*at)
            return _of_month(heading, found, year, _NAMES.index(name[:3].lower()) + 1, int(day))
    if found := _NAMED.search(heading):
        month = _NAMES.index(found[2][:3].lower()) + 1
        return _middle(heading, found.span(), found[1] or found[3], month)
    for pattern in (_DOY, _BARE_DOY):
        if found := pattern.search(heading):
            return _made(heading, found.span(), None, int(found[1]))
    if (found := _MONTH_DAY.search(heading)) and (found[2] or not month_first):
        month, day = (int(found[k]) for k in ((3, 1) if month_first else (1, 3)))
        return _of_month(heading, found, None, month, day)
    return None


def _of_month(heading: str, found: re.Match[str], year: str | None, month: int, day: int) -> Dated | None:
    try:
        day_of_year = date(int(year or 2001), month, day).timetuple().tm_yday
    except ValueError:
        return None
    return _made(heading, found.span(), int(year) if year else None, day_of_year)


def _middle(heading: str, span: tuple[int, int], year: str | None, month: int) -> Dated | None:
    day = date(int(year or 2001), month, 15).timetuple().tm_yday
    return _made(heading, span, int(year) if year else None, day)


def numbered(names: Sequence[str], found: Mapping[str, Sequence[Dated]]) -> dict[str, list[Dated]] | None:
    """Families of numbered headings that have more dates than any of `found`; None when there are none."""
    groups: dict[str, list[tuple[str, int | None, int]]] = {}
    for name in names:
        matched = _ORDINAL.match(name.strip()) or _NUMBER_FIRST.match(name.strip())
        if matched:
            family = matched["name"].strip(" _-.").lower()
            year = int(matched["year"]) if matched.groupdict().get("year") else None
            if _words(family) & {*NUMBERED, *BANDS}:
                groups.setdefault(family, []).append((name, year, int(matched["at"])))
    best = max((len(group) for group in found.values()), default=0)
    made = {
        family: list(_spread(family, group))
        for family, group in groups.items()
        if len(group) >= max(LEAST_DATES, MORE_THAN_BANDS * bool(_words(family) & BANDS)) and len(group) > best
    }
    return made or None


def _spread(family: str, group: list[tuple[str, int | None, int]]) -> Iterator[Dated]:
    numbers = sorted({at for _, _, at in group})
    first, last = numbers[0], numbers[-1]
    consecutive = first in (0, 1) and last - first + 1 == len(numbers)
    step = max(1, round(365 / len(numbers)))
    cut = not consecutive and _is_cut([heading for heading, _, _ in group], last)
    for heading, year, at in group:
        day_of_year = 1 + (at - first) * step if consecutive else 10 * at + 5 if cut else at
        if 1 <= day_of_year <= 366:
            yield Dated(heading, family, year, day_of_year)


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
    found = {name: _uncut(group) for name, group in found.items()}
    return numbered(names, found) or found


def too_few(headings: Sequence[str]) -> int:
    """How many dates the headings of an index name when they are fewer than LEAST_DATES; 0 when there are none."""
    groups = _grouped([str(one) for one in headings], dated)
    level = {name for name in groups if _words(name) & {"", *INDICES}}
    found = max((len(groups[name]) for name in level), default=0)
    return found if found < LEAST_DATES else 0


def _uncut(group: list[Dated]) -> list[Dated]:
    """Days of the year whose last digit a shapefile cut off, put back as the middle of the ten it may be."""
    if any(one.year for one in group) or not _is_cut(
        [g.heading for g in group], max(g.day_of_year for g in group)
    ):
        return group
    return [replace(one, day_of_year=10 * one.day_of_year + 5) for one in group]


def _is_cut(headings: Sequence[str], last: int) -> bool:
    return last <= 36 and len(headings) >= 2 * LEAST_DATES and all(len(one) == CUT for one in headings)


def _grouped(names: Sequence[str], read: Callable[[str], Dated | None]) -> dict[str, list[Dated]]:
    groups: dict[str, list[Dated]] = {}
    for name in names:
        one = read(name)
        if one and one.day(2001) not in {other.day(2001) for other in groups.get(one.family, ())}:
            groups.setdefault(one.family, []).append(one)
    return groups


def _words(family: str) -> set[str]:
    return set(re.split(r"[^a-z0-9一-鿿]+", family))


def index_family(groups: dict[str, list[Dated]]) -> str | None:
    """Which family holds the index: by name in the order of INDICES, else the only one there is.

    Columns of spread, extremes, counts and quality are not the index.
    """
    words = {name: _words(name) for name in groups}
    level = [name for name in sorted(groups, key=len) if not words[name] & _NOT_LEVEL]
    for index in INDICES:
        for name in level:
            if index in words[name]:
                return name
    level = level or list(groups)
    return level[0] if len(level) == 1 else None
