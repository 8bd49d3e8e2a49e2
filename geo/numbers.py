"""Numbers as people write them in ledgers: with units behind, Chinese numerals, full-width digits."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from geo.headings import INVISIBLE
from geo.units import unit_of

# What people write in a cell that holds nothing.
_NOTHING = (
    *("/", "\\", "-", "--", "---", "—", "——", "———", "–", "//", "*", ".", "…", "~", "_", "#n/a"),
    *("无", "无。", "空", "(空)", "暂无", "没有", "不详", "未知", "待定", "未填", "缺", "缺失", "待核", "待补"),
    *("n/a", "na", "n.a.", "null", "none", "nan", "nil", "<na>", "<null>", "(null)"),
)
BLANKS = frozenset(("", *_NOTHING))

_ABOUT = re.compile(r"^(?:大?约|约为|近|大概|左右|共|计|合计|≈|~|∼|ca\.?)+|(?:左右|上下|余|多|\(估\)|\(约\))+$")
_NUMBER = re.compile(r"^([+-]?)(\d+(?:\.\d*)?|\.\d+)(?:e([+-]?\d{1,3}))?(.*)$")
_THOUSANDS = re.compile(r"^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_MU_FEN = re.compile(
    r"^(?:(\d+(?:\.\d+)?)亩)?(?:零?(\d+(?:\.\d+)?)分)?(?:零?(\d+(?:\.\d+)?)厘)?(?:零?(\d+(?:\.\d+)?)毫)?$"
)
_DIGITS = {**{c: i for i, c in enumerate("零一二三四五六七八九")}, "〇": 0, "两": 2, "○": 0}
_TENS = {"十": 10, "百": 100, "千": 1000, "拾": 10, "佰": 100, "仟": 1000}
_FORMAL = str.maketrans("壹贰叁肆伍陆柒捌玖", "一二三四五六七八九")
_CHINESE = re.compile(r"[零一二三四五六七八九〇○两十百千万点壹贰叁肆伍陆柒捌玖拾佰仟]+")


@dataclass(frozen=True)
class Reading:
    """A number read from text. unit: the unit written with it, if any; about: it was written as approximate."""

    value: float
    unit: str | None = None
    about: bool = False


_NUMERAL = re.compile(r"\d+|[零〇一二三四五六七八九十百]+")


def plain(text: str) -> str:
    """Half-width, without spaces or invisible characters, small letters."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text).translate(INVISIBLE)).casefold()


def is_blank(text: str) -> bool:
    """Whether a cell's text says that there is nothing (`/`, `无`, `—` …)."""
    return plain(text) in BLANKS


def read_chinese(text: str) -> float | None:
    """`三百二十` → 320, `十二点五` → 12.5, `二〇二三` → 2023; None when it is not a Chinese numeral.

    Two or three digits side by side are none: `三五亩` means three to five.
    """
    text = text.translate(_FORMAL)
    whole, dot, fraction = text.partition("点")
    if dot and (not fraction or any(c not in _DIGITS for c in fraction)):
        return None
    if not whole or any(c not in _DIGITS and c not in _TENS and c != "万" for c in whole):
        return None
    if len(whole) > 1 and all(c in _DIGITS for c in whole):
        if len(whole) < 4:
            return None
        value = float("".join(str(_DIGITS[c]) for c in whole))
    else:
        total, section, digit = 0, 0, 0
        for c in whole:
            if c in _DIGITS:
                digit = _DIGITS[c]
            elif c == "万":
                total, section, digit = (total + section + digit) * 10_000, 0, 0
            else:
                section += (digit or (1 if c in "十拾" else 0)) * _TENS[c]
                digit = 0
        value = float(total + section + digit)
    if fraction:
        value += float("0." + "".join(str(_DIGITS[c]) for c in fraction))
    return value


def in_order(name: str) -> tuple[str, float, str]:
    """What names with a number in them are sorted by: 第二批 before 第三批 before 第十批, 2号 before 10号."""
    found = _NUMERAL.search(plain(name))
    if found is None:
        return plain(name), -1.0, ""
    value = float(found.group()) if found.group().isdecimal() else read_chinese(found.group())
    before, after = plain(name)[: found.start()], plain(name)[found.end() :]
    return (plain(name), -1.0, "") if value is None else (before, value, after)


def _chinese_to_digits(text: str) -> str:
    def swap(match: re.Match[str]) -> str:
        value = read_chinese(match.group())
        return match.group() if value is None else f"{value:g}" if value < 1e6 else str(int(value))

    return _CHINESE.sub(swap, text)


def read_number(text: str) -> Reading | None:
    """The number a cell's text states; None when it states none that can be trusted.

    Takes thousands separators, full-width digits, `约`/`左右`, a unit behind (`3.5亩`, `2公顷`, `1.2万`, `35%`),
    亩 with 分 and 厘 (`3亩5分` = 3.5), Chinese numerals. `3-5`, `3+2` and `3,5` are not guessed at.
    """
    written = plain(text)
    bare = _ABOUT.sub("", written)
    about = bare != written and not written.startswith(("共", "计", "合计"))
    bare = bare.removeprefix("¥").removeprefix("￥").removeprefix("人民币")
    if not bare or bare in BLANKS:
        return None
    if not bare.isascii() and _CHINESE.match(bare):
        bare = _chinese_to_digits(bare)
    bare = re.sub(r"亩半$", "亩5分", bare)
    mixed = _MU_FEN.match(bare)
    if mixed and ("分" in bare or "厘" in bare or "亩" in bare):
        shares = zip(mixed.groups(), (1, 10, 100, 1000), strict=True)
        return Reading(sum(float(n) / size for n, size in shares if n), "mu", about)
    grouped = _THOUSANDS.match(bare)
    if grouped:
        bare = grouped.group().replace(",", "") + bare[grouped.end() :]
    match = _NUMBER.match(bare)
    if match is None:
        return None
    sign, digits, exponent, rest = match.groups()
    value = float(sign + digits + (f"e{exponent}" if exponent else ""))
    unit, scale = _behind(rest)
    if scale is None or not abs(value) < 1e300:
        return None
    return Reading(value * scale, unit, about)


def _behind(rest: str) -> tuple[str | None, float | None]:
    """What stands behind a number: (unit, by what to multiply); (None, None) when it cannot be understood."""
    rest = re.sub(r"^\((.*)\)$", r"\1", rest.rstrip("。.;；,，"))
    if not rest:
        return None, 1.0
    unit = unit_of(rest)
    if unit:
        return unit, 1.0
    for word, scale in (("万", 10_000.0), ("亿", 100_000_000.0), ("千", 1000.0), ("百", 100.0)):
        if rest.startswith(word):
            inner = rest[len(word) :]
            unit = unit_of(inner) if inner else None
            if inner and unit is None:
                return None, None
            return unit, scale
    return None, None
