"""Names of places as people write them: what is the name, what only says that it is a town or a village."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Literal

Kind = Literal["street", "town", "country", "community", "village"]

# Endings that say what a place is, longest first; each with the kind it tells.
_ENDINGS: tuple[tuple[str, Kind], ...] = (
    ("社区居民委员会", "community"),
    ("社区居委会", "community"),
    ("居民委员会", "community"),
    ("村民委员会", "village"),
    ("街道办事处", "street"),
    ("乡人民政府", "country"),
    ("镇人民政府", "town"),
    ("村委会", "village"),
    ("居委会", "community"),
    ("街道办", "street"),
    ("行政村", "village"),
    ("乡政府", "country"),
    ("镇政府", "town"),
    ("民族乡", "country"),
    ("办事处", "street"),
    ("社区", "community"),
    ("街道", "street"),
    ("村", "village"),
    ("镇", "town"),
    ("乡", "country"),
)
_TOWNSHIP_KINDS = ("street", "town", "country")
_COUNTY_ENDINGS = ("自治县", "林区", "特区", "县", "市", "区", "旗")
# 回族乡, 土家族苗族乡: the peoples' names belong to the ending when something is left before them.
_PEOPLES = re.compile(
    r"(?<=.)(?:(?:蒙古|回|藏|维吾尔|苗|彝|壮|布依|朝鲜|满|侗|瑶|白|土家|哈尼|哈萨克|傣|黎|傈僳|佤|畲|高山|拉祜|水|东乡|纳西|"
    r"景颇|柯尔克孜|土|达斡尔|仫佬|羌|布朗|撒拉|毛南|仡佬|锡伯|阿昌|普米|塔吉克|怒|乌孜别克|俄罗斯|鄂温克|德昂|保安|裕固|"
    r"京|塔塔尔|独龙|鄂伦春|赫哲|门巴|珞巴|基诺)族)+$"
)
_NOISE = re.compile(r"[\s·•.,，。、;；:：\"'“”‘’\-_/\\()（）\[\]【】<>《》]+")
_BRACKETS = re.compile(r"[(\[【<][^)\]】>]*[)\]】>]")
# Characters that make two names of one: 上村 and 下村 are neighbours, not spellings.
_OPPOSED = (
    "东西南北中",
    "上中下",
    "前后",
    "左右",
    "大小",
    "新老旧",
    "内外里",
    "高低",
    "一二三四五六七八九十",
    "0123456789",
    "甲乙丙丁",
)


@lru_cache(maxsize=65_536)
def clean(name: str) -> str:
    """A name without spaces, punctuation and remarks in brackets, full-width letters made plain."""
    text = unicodedata.normalize("NFKC", name)
    without = _BRACKETS.sub("", text)
    return _NOISE.sub("", without) or _NOISE.sub("", text)


@lru_cache(maxsize=65_536)
def stem(name: str) -> str:
    """The bare name: 富强 of 富强村民委员会, 双林 of 双林镇; never empty unless the name is."""
    return _split(name)[0]


@lru_cache(maxsize=65_536)
def kind_of(name: str) -> Kind | None:
    """What the ending of a name says the place is; None when it has no such ending."""
    return _split(name)[1]


def is_township_kind(kind: Kind | None) -> bool:
    """Whether a kind is of the level of towns."""
    return kind in _TOWNSHIP_KINDS


def _split(name: str) -> tuple[str, Kind | None]:
    text = clean(name)
    kind: Kind | None = None
    for ending, says in _ENDINGS:
        if text.endswith(ending) and len(text) > len(ending):
            text, kind = text[: -len(ending)], says
            break
    # 富强村村委会, 某某社区居委会: the unit's own ending stands before the committee's.
    for ending, says in _ENDINGS:
        if (
            kind in ("village", "community")
            and says == kind
            and text.endswith(ending)
            and len(text) - len(ending) >= 2
        ):
            text = text[: -len(ending)]
            break
    if kind == "country":
        text = _PEOPLES.sub("", text) or text
    return text, kind


@lru_cache(maxsize=65_536)
def county_stem(name: str) -> str:
    """The bare name of a county: 万年 of 万年县."""
    text = clean(name)
    for ending in _COUNTY_ENDINGS:
        if text.endswith(ending) and len(text) - len(ending) >= 2:
            return text[: -len(ending)]
    return text


def opposed(one: str, other: str) -> bool:
    """Whether two names of one length differ by characters that set neighbours apart (上/下, 东/西, 一/二 …)."""
    if len(one) != len(other):
        return False
    pairs = [(a, b) for a, b in zip(one, other, strict=True) if a != b]
    return any(a in group and b in group for a, b in pairs for group in _OPPOSED)
