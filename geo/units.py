"""Units of measure as senders write them: what a word such as 亩 or 万元 means, and how to convert it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

from geo.headings import fold, qualifiers


@dataclass(frozen=True)
class Unit:
    """A unit: what it measures, how many base units it holds (exact), and the words for it (folded)."""

    id: str
    measures: str
    size: Fraction
    words: tuple[str, ...]


_MU = Fraction(2000, 3)

UNITS: Mapping[str, Unit] = {
    unit.id: unit
    for unit in (
        Unit(
            "m2", "area", Fraction(1), ("平方米", "平米", "m2", "m^2", "平方公尺", "sqm", "squaremetres", "平方")
        ),
        Unit("mu", "area", _MU, ("亩", "市亩", "mu", "畝")),
        Unit("wan_mu", "area", _MU * 10_000, ("万亩",)),
        Unit("ha", "area", Fraction(10_000), ("公顷", "ha", "hm2", "hectare", "hectares", "hm^2")),
        Unit("km2", "area", Fraction(1_000_000), ("平方公里", "平方千米", "km2", "km^2")),
        Unit("m", "length", Fraction(1), ("米", "m", "公尺", "metre", "metres", "meters")),
        Unit("km", "length", Fraction(1000), ("公里", "千米", "km")),
        Unit("yuan", "money", Fraction(1), ("元", "圆", "人民币元", "yuan", "rmb", "cny")),
        Unit("wan_yuan", "money", Fraction(10_000), ("万元",)),
        Unit("yi_yuan", "money", Fraction(100_000_000), ("亿元",)),
        Unit(
            "yuan_per_mu",
            "price",
            Fraction(1),
            ("元/亩", "元/亩/年", "元/亩年", "元每亩", "元/(亩·年)", "元/年/亩", "元/亩·年"),
        ),
        Unit("wan_yuan_per_mu", "price", Fraction(10_000), ("万元/亩",)),
        Unit("percent", "ratio", Fraction(1), ("%", "百分比", "percent", "pct")),
        Unit("per_mille", "ratio", Fraction(1, 10), ("‰",)),
        Unit("day", "time", Fraction(1), ("天", "日", "工作日", "day", "days")),
        Unit(
            "count",
            "count",
            Fraction(1),
            ("个", "处", "块", "宗", "户", "人", "份", "条", "座", "件", "次", "家", "名", "口", "栋", "count"),
        ),
        Unit("kg", "weight", Fraction(1), ("公斤", "千克", "kg")),
        Unit("jin", "weight", Fraction(1, 2), ("斤", "市斤")),
        Unit("t", "weight", Fraction(1000), ("吨", "t")),
    )
}

# Headings whose unit a national standard fixes: NY/T 2539 (SCMJ in m², …M in 亩) and the land survey (m²).
_STANDARD_UNITS: Mapping[str, str] = {
    **dict.fromkeys(
        ("scmj", "tbmj", "tbdlmj", "lzmj", "htmj", "htzmj", "yhtmj", "kcmj", "jsmj", "xzdwmj", "jbntmj"), "m2"
    ),
    **dict.fromkeys(("scmjm", "lzmjm", "htmjm", "htzmjm", "yhtmjm"), "mu"),
    "shape_area": "m2",
    "hectares": "ha",
}

_UNIT_LINE = re.compile(r"(?:计量)?单位\s*[:：]\s*(.+)$")
_BETWEEN = re.compile(r"[;；、,，和及\s]+")
_AREA_HEADING = re.compile(r"面积|亩数|area", re.IGNORECASE)
_PRICE_HEADING = re.compile(r"单价|租金|价格|流转费")
_MONEY_HEADING = re.compile(r"金额|资金|投资|价款|产值|补贴|补助|费用|收入|造价|总价")
_LENGTH_HEADING = re.compile(r"长度|里程|宽度|路长|渠长|length", re.IGNORECASE)
_HEADINGS_OF = {
    "area": _AREA_HEADING,
    "money": _MONEY_HEADING,
    "length": _LENGTH_HEADING,
    "price": _PRICE_HEADING,
}


@cache
def _by_word() -> Mapping[str, str]:
    return {fold(word): unit.id for unit in UNITS.values() for word in unit.words}


def unit_of(word: str) -> str | None:
    """The id of the unit a word names (`亩` → `mu`, `㎡` → `m2`); None when it names none."""
    return _by_word().get(fold(word))


def ratio(source: str, target: str) -> Fraction | None:
    """How many `target` are in one `source`, exactly; None when they measure different things or are unknown."""
    one, other = UNITS.get(source), UNITS.get(target)
    if one is None or other is None or one.measures != other.measures:
        return None
    return one.size / other.size


def scaled(values: Any, by: Fraction) -> Any:
    """A number or an array times an exact ratio: multiplied first, divided last."""
    return values * by.numerator / by.denominator


def heading_unit(heading: str) -> str | None:
    """The unit a heading states: in brackets (`面积（亩）`), after a slash, as its last words, or by standard.

    `流转面积/亩` → `mu`, `SCMJ` → `m2`, `亩数` → `mu`; None when it states none.
    """
    standard = _STANDARD_UNITS.get(fold(heading).rsplit("/", 1)[-1])
    if standard:
        return standard
    for part in qualifiers(heading):
        found = unit_of(part.removeprefix("单位:").removeprefix("单位：").strip())
        if found:
            return found
    text = fold(heading).rsplit("/", 1)[-1]
    if text in ("亩数", "总亩数", "流转亩数"):
        return "mu"
    return None


def unit_line(text: str) -> tuple[str, ...]:
    """The units of a line such as `填报单位：… 单位：亩、万元`; () when the line states none.

    `填报单位：…` alone names who reported, not a unit.
    """
    found = []
    for match in _UNIT_LINE.finditer(text):
        before = text[: match.start()]
        if before.endswith(("填报", "填表", "报送", "编制", "上报", "责任", "制表", "权属", "建设", "主管")):
            inner = re.search(r"(?<![填报送表制任属管设])单位\s*[:：]\s*(.+)$", match.group(1))
            if inner is None:
                continue
            words = inner.group(1)
        else:
            words = match.group(1)
        for word in _BETWEEN.split(words):
            unit = unit_of(word.strip("()（）。."))
            if unit and unit not in found:
                found.append(unit)
    return tuple(found)


def units_of_headings(headings: tuple[str, ...], line_units: tuple[str, ...] = ()) -> dict[str, str]:
    """Heading → unit id, for the headings whose unit is known.

    A heading's own unit comes first; then the unit line above the table, for the headings it can concern: a
    unit of area for headings that speak of 面积, of money for 金额 and the like, of length for 长度.
    """
    units: dict[str, str] = {}
    for heading in headings:
        own = heading_unit(heading)
        if own:
            units[heading] = own
            continue
        for unit in line_units:
            pattern = _HEADINGS_OF.get(UNITS[unit].measures)
            if pattern and pattern.search(heading):
                units[heading] = unit
                break
    return units
