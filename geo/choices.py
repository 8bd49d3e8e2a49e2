"""A choice as senders spell it: the declared value, its labels in both languages, or any alias."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from rapidfuzz import fuzz, process

from geo.headings import core, normal
from geo.layers import Choice

TRUE_WORDS = ("是", "有", "y", "yes", "true", "t", "√", "✓", "✔", "对", "已", "1", "on")
FALSE_WORDS = (
    "否",
    "无",
    "n",
    "no",
    "false",
    "f",
    "×",
    "✗",
    "✘",
    "x",
    "错",
    "未",
    "0",
    "2",
    "不是",
    "没有",
    "off",
)

_NUMBERED = re.compile(r"^[(（\[]?(?:\d{1,2}|[a-zA-Z])[)）\]]?[.、．,:：\s-]+(?=\D)|^[(（](?:\d{1,2}|[a-z])[)）]")
_SLIPS = str.maketrans("己巳", "已已")


def key(text: str) -> str:
    """A choice for comparison: folded, numbering and punctuation off, 己 read as 已."""
    bare = _NUMBERED.sub("", str(text).strip())
    return normal(re.sub(r"\.0+$", "", bare)).translate(_SLIPS)


def spellings(choices: Iterable[Choice]) -> Mapping[str, str]:
    """Spelling (as `key` gives it) → declared value. An earlier choice keeps a spelling that two claim."""
    table: dict[str, str] = {}
    made = list(choices)
    for how in (key, lambda text: core(text).translate(_SLIPS)):
        for choice in made:
            for word in (choice.value, choice.label.zh, choice.label.en, *choice.aliases):
                table.setdefault(how(word), choice.value)
    return table


def read_choice(text: str, table: Mapping[str, str]) -> str | None:
    """The declared value of a spelling, brackets tried last; None when the list has nothing of the kind."""
    found = table.get(key(text))
    return found if found is not None else table.get(core(text).translate(_SLIPS))


def nearest(text: str, choices: Iterable[Choice], lang: str = "zh") -> str | None:
    """The label most like `text`, to offer to the sender; None when none is near."""
    labels = [choice.label.en if lang == "en" else choice.label.zh for choice in choices]
    best = process.extractOne(text, labels, scorer=fuzz.ratio, score_cutoff=50)
    return best[0] if best else None
