"""Invented names of places, people, firms and crops; none is meant to belong to anybody or anywhere."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

COUNTY = "砚澜县"

_TOWNSHIP_STEMS = (
    "砚澜城", "霁东", "笺桥坝", "漪溪坪", "蘅塘铺", "璞石垭", "墨岫湾", "荻滩河", "箬笠场", "澜坪桥",
    "霭云坡", "楮林沟", "筠台寺", "蓼花堰", "茗垭口", "岫月岭", "栎坝湾", "槲叶溪", "菱角垇",
    "砚池坎", "曦台坝", "菖蒲滩", "苇塘垭", "翎岗坪", "楝树坳", "磐溪寺", "澹水铺", "椒岩坝", "葭湾桥",
    "篁岭堰", "莳田沟", "柘林垭", "泠溪口", "芷坪坝", "榉岗寺",
)  # fmt: skip

_FIRST = "砚墨漪澜霁蘅筠璞箬荻蓼茗笺霭岚曦槲楮栎柘榉楝菖葭莳芷泠澹磐翎篁椒岫菱苇桐桑枫榆檀梓棠槿萱荞菽"
_SECOND = "石云月泉花叶竹梨杏麻盐瓦窑井碾磨灯鼓鹤雁鹭燕鱼莲藕姜豆稻麦"
_THIRD = "湾坝沟坪垭岭溪塘堰坡坎岗滩梁坳"

_FAMILY = "甲乙丙丁戊己庚辛壬癸"
_GIVEN = "子丑寅卯辰巳午未申酉戌亥"

_FIRM_KINDS = ("种植专业合作社", "家庭农场", "农业开发有限公司", "农机服务专业合作社")


def township_kinds(distance: NDArray[np.float64]) -> list[str]:
    """街道 for the tenth nearest to the county town, 镇 up to two thirds, 乡 for the rest."""
    share = np.argsort(np.argsort(distance, kind="stable"), kind="stable") / len(distance)
    return ["街道" if s < 0.1 else "镇" if s < 0.66 else "乡" for s in share]


def township_stems(rng: np.random.Generator, count: int) -> list[str]:
    """`count` different stems of township names, the county town's first."""
    rest = rng.permutation(np.array(_TOWNSHIP_STEMS[1:]))
    return [_TOWNSHIP_STEMS[0], *rest[: count - 1].tolist()]


def communities_of(kind: str, villages: int) -> int:
    """How many of a township's villages are town communities (社区): most in a 街道, one elsewhere."""
    return max(1, villages * 2 // 3) if kind == "街道" else 1


def village_names(rng: np.random.Generator, community: Sequence[bool]) -> list[str]:
    """Names in the order of `community`: 社区 where true, 村 elsewhere; three names occur twice, as names do."""
    stems: list[str] = []
    seen: set[str] = set()
    while len(stems) < len(community):
        stem = "".join(rng.choice(list(pool)) for pool in (_FIRST, _SECOND, _THIRD))
        if stem not in seen:
            seen.add(stem)
            stems.append(stem)
    villages = [i for i, town in enumerate(community) if not town]
    for early, late in ((5, -6), (40, -50), (90, -100)):
        if len(villages) > 220:
            stems[villages[late]] = stems[villages[early]]
    return [stem + ("社区" if town else "村") for stem, town in zip(stems, community, strict=True)]


def people(rng: np.random.Generator, count: int) -> NDArray[np.str_]:
    """Names of people who cannot exist: a heavenly stem for a family name, earthly branches for given names."""
    family = rng.choice(np.array(list(_FAMILY)), count)
    given = rng.choice(np.array(list(_GIVEN)), (count, 2))
    return np.char.add(np.char.add(family, given[:, 0]), given[:, 1])


def phones(rng: np.random.Generator, count: int) -> NDArray[np.str_]:
    """Telephone numbers of the form 1990000xxxx, which no operator has handed out here."""
    return np.char.add("1990000", np.char.zfill(rng.integers(0, 10_000, count).astype(str), 4))


def firms(rng: np.random.Generator, count: int) -> NDArray[np.str_]:
    """Names of invented cooperatives, family farms and firms."""
    parts = [rng.choice(np.array(list(pool)), count) for pool in (_FIRST, _SECOND)]
    stems = np.char.add(parts[0], parts[1])
    return np.char.add(stems, rng.choice(np.array(_FIRM_KINDS), count))


def local_names(rng: np.random.Generator, count: int) -> NDArray[np.str_]:
    """Names of fields as villagers say them: 鹤窑湾, 碾坎田."""
    parts = [rng.choice(np.array(list(pool)), count) for pool in (_SECOND, _SECOND, _THIRD + "田土")]
    return np.char.add(np.char.add(parts[0], parts[1]), parts[2])
