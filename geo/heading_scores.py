"""How well a sender's heading names a field: 100 for its very name, less for parts and near spellings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import fuzz

from geo.headings import core, fold, normal, parts
from geo.units import heading_unit, unit_of

EXACT = 97.0
PARTIAL = 88.0
_CLOSE_CHINESE = 80.0
_CLOSE_LATIN = 88.0

# Words that turn a heading into another one: both of a close pair must hold the same of them.
_TELLING = (
    *(
        "未",
        "不",
        "非",
        "无",
        "否",
        "待",
        "计划",
        "应",
        "拟",
        "任务",
        "目标",
        "已",
        "完成",
        "实际",
        "起",
        "止",
        "始",
    ),
    *(
        "终",
        "结束",
        "东",
        "南",
        "西",
        "北",
        "省",
        "市",
        "县",
        "镇",
        "村",
        "组",
        "社",
        "户",
        "代码",
        "编码",
        "编号",
    ),
    *(
        "名称",
        "名",
        "姓名",
        "面积",
        "日期",
        "时间",
        "年",
        "月",
        "率",
        "比例",
        "单价",
        "总",
        "流出",
        "流入",
        "转出",
    ),
    *(
        "转入",
        "经",
        "纬",
        "原",
        "现",
        "前",
        "后",
        "合同",
        "地块",
        "图斑",
        "人",
        "数",
        "电话",
        "方式",
        "用途",
        "单位",
    ),
    *(
        "发现",
        "核实",
        "交办",
        "整治",
        "整改",
        "验收",
        "种植",
        "销号",
        "认领",
        "反弹",
        "期限",
        "责任",
        "片区",
        "标准",
    ),
    *("start", "end", "begin", "close", "open", "code", "name", "date", "area", "before", "after", "no", "not"),
)
_SAME = {
    "编码": "代码",
    "编号": "代码",
    "时间": "日期",
    "结束": "止",
    "终": "止",
    "始": "起",
    "姓名": "名",
    "名称": "名",
}


@dataclass(frozen=True)
class Target:
    """What a column can be: a field or a place role, the names standards give it, other names, its unit."""

    name: str
    standard: tuple[str, ...]
    others: tuple[str, ...]
    unit: str | None

    @property
    def heads(self) -> tuple[str, ...]:
        return (*self.standard, *self.others)


@lru_cache(maxsize=4096)
def _known(target: Target) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """The folded standard names, the other names in full, and those without brackets."""
    return (
        frozenset(fold(name) for name in target.standard),
        frozenset(normal(name) for name in target.heads),
        frozenset(core(name) for name in target.heads),
    )


@lru_cache(maxsize=65536)
def _without_unit(heading: str) -> str:
    """A heading whose last level is only a unit, without that level: `流转面积/亩` → `流转面积`."""
    levels = parts(heading)
    return "/".join(levels[:-1]) if len(levels) > 1 and unit_of(levels[-1].strip("()（）")) else heading


def score(heading: str, target: Target) -> float:
    """0 (another thing) to 100 (its very name). At least EXACT: equal names; PARTIAL: equal but for brackets or
    an upper heading; under it: a close spelling or a name that a shapefile cut short. A column headed in the
    field's own unit gets a little more.
    """
    found = _score(heading, target)
    if found and target.unit is not None:
        unit = heading_unit(heading)
        found += 0.4 if unit == target.unit else -0.4 if unit is not None else 0.0
    return min(found, 100.0)


def _score(heading: str, target: Target) -> float:
    standard, full, bare = _known(target)
    if fold(heading) in standard:
        return 99.6
    told = _without_unit(heading)
    if normal(told) in full:
        return 98.5
    if core(told) in bare:
        return 97.5 if core(told) in full else 96.0
    levels = parts(told)
    if len(levels) > 1:
        for start in range(1, len(levels)):
            if core("".join(levels[start:])) in bare:
                return 94.0
        if core(levels[-1]) in bare:
            return 93.0
        if core(levels[0]) in bare and core(levels[-1]) in (
            "名称",
            "名",
            "全称",
            "内容",
            "姓名",
            "户主",
            "姓名或名称",
            "名称或姓名",
        ):
            return 92.0
    if _cut_short(heading, full):
        return 86.0
    return _close(told, bare)


def _cut_short(heading: str, names: frozenset[str]) -> bool:
    """Whether a heading is a longer name cut to the ten bytes of a shapefile's field name (in GBK or UTF-8)."""
    text = re.sub(r"\s+", "", heading).casefold()
    lengths = {len(text.encode("gb18030")), len(text.encode("utf-8"))}
    if not lengths & {9, 10} or len(text) < 3:
        return False
    cut = normal(text)
    return any(len(name) > len(cut) and name.startswith(cut) for name in names)


def _close(heading: str, names: frozenset[str]) -> float:
    """The likeness to the nearest name, scaled to stay under PARTIAL; 0 when not safely the same."""
    text = core(heading)
    best = 0.0
    for name in names:
        latin = name.isascii() or text.isascii()
        if len(text) < (6 if latin else 4) or len(name) < (6 if latin else 3):
            continue
        likeness = fuzz.ratio(text, name)
        if likeness >= (_CLOSE_LATIN if latin else _CLOSE_CHINESE) and _telling(text) == _telling(name):
            best = max(best, likeness)
    return best * 0.85


@lru_cache(maxsize=65536)
def _telling(text: str) -> frozenset[str]:
    return frozenset(_SAME.get(word, word) for word in _TELLING if word in text)
