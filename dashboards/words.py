"""What the pages say, in both languages, and how numbers, areas and dates are written."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

Lang = Literal["zh", "en"]
LANGS: tuple[Lang, ...] = get_args(Lang)

HERE = Path(__file__).resolve().parent
NOTHING = "—"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DECIMALS: Mapping[str, int] = {"mu": 2, "percent": 1, "yuan_per_mu": 2, "m": 1}


@cache
def catalogue(lang: Lang) -> Mapping[str, str]:
    """Every sentence of `dashboards/locales/*.<lang>.toml`, by its dotted key; each key stands in one file."""
    found: dict[str, str] = {}
    for path in sorted((HERE / "locales").glob(f"*.{lang}.toml")):
        part = dict(_flat(tomllib.loads(path.read_text(encoding="utf-8")), ""))
        if twice := found.keys() & part.keys():
            raise ValueError(f"{path.name} repeats {', '.join(sorted(twice))}")
        found |= part
    return found


def _flat(table: Mapping[str, Any], prefix: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, value in table.items():
        if isinstance(value, Mapping):
            found += _flat(value, f"{prefix}{key}.")
        else:
            found.append((prefix + key, value))
    return found


def say(key: str, lang: Lang, **params: object) -> str:
    """The sentence of `key` in `lang` with its parameters filled in; KeyError when the locale lacks it."""
    return catalogue(lang)[key].format(**params)


LINKED = re.compile(r"(?<=http)(?=s?://)|(?<=www)(?=\.)|(?=@)", re.IGNORECASE)
JOINER = "\u2060"
"""A character without width, at which no line breaks: what stands on both sides of it is no address."""


def literal(text: str) -> str:
    """Text that Streamlit's Markdown leaves as it is: no link, picture or emphasis comes of what is written.

    An address would become a link whatever is escaped, as links are looked for when escapes are read already: it
    is broken by a character that is not seen.
    """
    broken = LINKED.sub(JOINER, text)
    return "".join(f"\\{one}" if one in "\\`*_{}[]()#+-.!|<>$~:" else one for one in broken)


def number(value: float | None, unit: str) -> str:
    """A number without its unit: thousands separated, as many decimals as the unit asks; a dash for nothing."""
    if value is None or not math.isfinite(value):
        return NOTHING
    return f"{value:,.{DECIMALS.get(unit, 0)}f}"


def unit_name(unit: str, lang: Lang) -> str:
    """The unit as it stands behind a number: `亩`, `%`, or nothing for plain counts."""
    return catalogue(lang).get(f"unit.{unit}", unit)


def figure(value: float | None, unit: str, lang: Lang) -> str:
    """A number with its unit: `1,234.50 亩`, `87.5%`; a dash for nothing."""
    text = number(value, unit)
    name = unit_name(unit, lang)
    if text == NOTHING or not name:
        return text
    return f"{text}{name}" if unit == "percent" else f"{text} {name}"


def day(value: date, lang: Lang) -> str:
    """A date as people write it: `2026年3月5日`, `5 Mar 2026`."""
    return say("date.day", lang, year=value.year, month=value.month, day=value.day, name=MONTHS[value.month - 1])
