"""Rows of an area layer made into units: codes put right, what is no unit set aside, parts of one unit joined."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
import shapely

from geo.codes import DIGITS, Level, canonical, level_of, padded, township_kind, village_kind
from geo.issues import Issue
from geo.placenames import clean, county_stem, kind_of, stem

_ZONES = re.compile(
    r"(开发区|高新区|经开区|工业区|工业园|产业园|科技园|物流园|园区|示范区|试验区|新区|风景区|景区|名胜区|度假区|保护区|"
    r"管理区|管委会|管理委员会|水库|水域|湖泊|湿地|公园|飞地|电站|监狱|机场|港区|保税区|林场|农场|牧场|渔场|茶场|垦殖场|"
    r"原种场|良种场|畜牧场|果园场|园艺场|种畜场|兵团)$"
)
# Farms and their like can be units of the level of a township, with a code of their own kind.
_FARMS = re.compile(
    r"(林场|农场|牧场|渔场|茶场|垦殖场|原种场|良种场|畜牧场|园艺场|种畜场|管理区|管委会|管理委员会|兵团)$"
)
# Villages of one name without code or township are parts of one unit only within about a kilometre.
_NEAR_DEGREES = 0.01
_UNIT_ENDINGS = (
    "镇",
    "乡",
    "街道",
    "街道办事处",
    "办事处",
    "村",
    "社区",
    "居委会",
    "村委会",
    "村民委员会",
    "居民委员会",
)


@dataclass
class AreaUnit:
    """One area on its way into the hierarchy.

    code: canonical (a county's filled up to six digits), None when the sender gave none. over_code, over_name:
    what the row says of the unit above. rows: the sender's rows it was made of. batch: with which import it came,
    later ones higher. made: the code is provisional. doubled: its own code was another unit's already.
    """

    level: Level
    name: str
    geometry: Any
    code: str | None = None
    over_code: str | None = None
    over_name: str | None = None
    rows: tuple[int, ...] = ()
    batch: int = 0
    edition: Any = field(default_factory=lambda: pd.NaT)
    parent: str = ""
    made: bool = False
    doubled: bool = False
    issues: list[Issue] = field(default_factory=list)

    @property
    def row(self) -> int | None:
        return self.rows[0] if self.rows else None

    def says(self, finding: str, /, **params: Any) -> Issue:
        """A finding on this unit."""
        return Issue(finding, self.row, None, {"name": self.name, **params})


def units_of(frame: pd.DataFrame, level: Level) -> tuple[list[AreaUnit], list[Issue]]:
    """The units of one area layer (columns name, geometry, and where present code, codes and names above).

    Set aside with a finding: `not_administrative` and `area_wrong_level`. Features of one unit are joined
    (`area_merged`); a code that two names claim stays with the first (`area_code_twice`). Order of the frame.
    """
    if frame is None or frame.empty:
        return [], []
    issues: list[Issue] = []
    read = [unit for unit in _rows(frame, level) if not _empty(unit.geometry)]
    kept = []
    for unit in read:
        verdict = _set_aside(unit)
        if verdict is not None:
            issues.append(verdict)
            if verdict.code != "farm_is_unit":
                continue
        kept.append(unit)
    merged, found = _merge(kept)
    return merged, [*issues, *found, *(i for unit in merged for i in unit.issues)]


def _rows(frame: pd.DataFrame, level: Level) -> Iterable[AreaUnit]:
    over = {
        "county": (None, None),
        "township": ("county_code", None),
        "village": ("township_code", "township_name"),
    }
    over_code, over_name = over[level]
    number = "source_row" if "source_row" in frame.columns else None
    imports = frame["import_id"] if "import_id" in frame.columns else pd.Series("", index=frame.index)
    batches = pd.factorize(imports.astype("string").fillna("").to_numpy(object))[0]
    for position, (label, row) in enumerate(zip(frame.index, frame.to_dict("records"), strict=True)):
        named = _text(row.get("name"))
        unit = AreaUnit(
            level,
            named or f"{position + 1}",
            _valid(row.get("geometry")),
            code=canonical(row.get("code")),
            over_code=canonical(row.get(over_code)) if over_code else None,
            over_name=_text(row.get(over_name)) if over_name else None,
            rows=(
                int(row[number])
                if number
                else int(label)
                if isinstance(label, (int, np.integer))
                else position + 1,
            ),
            batch=int(batches[position]),
            edition=row.get("edition_date", pd.NaT),
        )
        yield _levelled(unit)


def _levelled(unit: AreaUnit) -> AreaUnit:
    """A code of another level is no code of this unit; a county's is filled up to six digits."""
    if unit.code is None:
        return unit
    if unit.level == "county" and len(unit.code) <= DIGITS["county"]:
        return replace(unit, code=padded(unit.code, DIGITS["county"]))
    if level_of(unit.code) != unit.level:
        wrong = unit.says("area_code_level", code=unit.code, level=unit.level, digits=DIGITS[unit.level])
        below = unit.level == "village" and level_of(unit.code) == "township"
        over = unit.over_code or (unit.code if below else None)
        return replace(unit, code=None, over_code=over, issues=[*unit.issues, wrong])
    return unit


def _valid(geometry: Any) -> Any:
    return geometry if geometry is None or geometry.is_valid else shapely.make_valid(geometry)


def _empty(geometry: Any) -> bool:
    return geometry is None or geometry.is_empty or shapely.get_dimensions(geometry) < 2


def _text(value: Any) -> str | None:
    text = "" if value is None or value is pd.NA or value != value else str(value).strip()
    return text or None


def _set_aside(unit: AreaUnit) -> Issue | None:
    """`not_administrative` for a zone, reservoir or farm that is no unit; `farm_is_unit` for one that is."""
    if unit.level == "county" or unit.name.endswith(_UNIT_ENDINGS) or not _ZONES.search(clean(unit.name)):
        return None
    kind = None
    if unit.code is not None:
        kind = township_kind(unit.code) if unit.level == "township" else village_kind(unit.code)
    if kind in ("street", "town", "country", "community", "village"):
        return None
    if kind is not None and kind in ("enterprise", "other") and _FARMS.search(clean(unit.name)):
        return unit.says("farm_is_unit", code=unit.code)
    return unit.says("not_administrative", area_code=unit.code or "")


def _merge(units: list[AreaUnit]) -> tuple[list[AreaUnit], list[Issue]]:
    """Join features of one code, or of one name under one parent where codes are missing."""
    issues: list[Issue] = []
    coded: dict[str, list[AreaUnit]] = {}
    plain: list[list[AreaUnit]] = []
    for unit in units:
        if unit.code is not None and unit.code in coded and _bare(coded[unit.code][0]) != _bare(unit):
            issues.append(unit.says("area_code_twice", code=unit.code, first=coded[unit.code][0].name))
            unit = replace(unit, code=None, over_code=unit.over_code or _above(unit.code), doubled=True)
        if unit.code is not None:
            coded.setdefault(unit.code, []).append(unit)
            continue
        home = next((parts for parts in plain if _one_unit(parts, unit)), None)
        if home is None:
            plain.append([unit])
        else:
            home.append(unit)
    # What came without a code belongs to the one unit of its name that has one.
    alone = []
    for parts in plain:
        homes = [p for p in coded.values() if not parts[0].doubled and _named_alike(p[0], parts[0])]
        if len(homes) == 1:
            homes[0].extend(parts)
        else:
            alone.append(parts)
    return [_joined(parts, issues) for parts in [*coded.values(), *alone]], issues


def _one_unit(parts: list[AreaUnit], unit: AreaUnit) -> bool:
    """Whether a feature without a code is one more part of a unit: by name, the unit above, else by nearness."""
    first = parts[0]
    if clean(first.name) != clean(unit.name) or first.doubled or unit.doubled:
        return False
    if (first.over_code, first.over_name) != (unit.over_code, unit.over_name):
        return False
    told = first.over_code is not None or first.over_name is not None or unit.level != "village"
    return told or any(shapely.distance(p.geometry, unit.geometry) <= _NEAR_DEGREES for p in parts)


def _named_alike(coded: AreaUnit, plain: AreaUnit) -> bool:
    kinds = {kind_of(coded.name), kind_of(plain.name)} - {None}
    if _bare(coded) != _bare(plain) or len(kinds) > 1:
        return False
    over = plain.over_code
    return over is None or (coded.code or "").startswith(over)


def _bare(unit: AreaUnit) -> str:
    return county_stem(unit.name) if unit.level == "county" else stem(unit.name)


def _above(code: str) -> str | None:
    return {12: code[:9], 9: code[:6]}.get(len(code))


def _joined(parts: list[AreaUnit], issues: list[Issue]) -> AreaUnit:
    """One unit of its features: those of the last import that has any; a code is taken over from earlier ones."""
    latest = max(p.batch for p in parts)
    now = [p for p in parts if p.batch == latest]
    code = next((p.code for p in parts if p.code is not None), None)
    first = replace(now[0], code=code)
    if code is not None and now[0].code is None:
        issues.append(first.says("code_adopted", code=code))
    if len(now) == 1:
        return first
    issues.append(first.says("area_merged", count=len(now), code=code or ""))
    editions = [p.edition for p in now if not pd.isna(p.edition)]
    return replace(
        first,
        geometry=shapely.union_all([p.geometry for p in now]),
        rows=tuple(row for p in now for row in p.rows),
        edition=max(editions) if editions else pd.NaT,
        issues=[i for p in now for i in p.issues],
    )
