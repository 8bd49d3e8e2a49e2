"""Names and codes of places, resolved to the county's areas with a score, never by a silent guess."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from geo.codes import canonical, level_of
from geo.lineage import Lineage, Succession
from geo.placematch import NEAR, Finding, Match, Resolution, Unit, compatible, likeness
from geo.placenames import Kind, clean, county_stem, is_township_kind, kind_of, stem

__all__ = ["Gazetteer", "Match", "Resolution"]

_SCORES = {"exact": 100.0, "suffix": 98.0, "alias": 96.0, "code": 95.0, "lineage": 92.0, "text": 90.0}
_MARGIN = 6.0
# A town that was a country township, a community that was a village: the ending alone has changed.
_OTHER_KIND = 88.0
_LIKE_SOUND = 86.0
# What may stand before a village's name within an address.
_BEFORE_A_NAME = "镇乡道处县市区在于到至和与"


class Gazetteer:
    """The places of one county, by code and by name."""

    def __init__(self, units: Iterable[tuple[str, str, str]], lineage: Iterable[Succession] = ()) -> None:
        """units: (canonical code, name, canonical parent code) of every area."""
        self._units = {code: Unit(code, name, parent) for code, name, parent in units}
        self._townships = [u for u in self._units.values() if level_of(u.code) == "township"]
        self._villages: dict[str, list[Unit]] = {}
        for unit in self._units.values():
            if level_of(unit.code) == "village":
                self._villages.setdefault(unit.parent, []).append(unit)
        self._all_villages = [unit for units in self._villages.values() for unit in units]
        self._counties = {
            part
            for unit in self._units.values()
            if level_of(unit.code) == "county"
            for part in (clean(unit.name), county_stem(unit.name))
        }
        self._lineage = Lineage(lineage)
        self._known: dict[tuple[str, ...], Match] = {}

    @classmethod
    def from_areas(cls, areas: pd.DataFrame, lineage: Iterable[Succession] = ()) -> Gazetteer:
        """A gazetteer of an areas frame (columns code, name, parent)."""
        columns = (areas["code"], areas["name"].fillna(""), areas["parent"].fillna(""))
        return cls(zip(*(c.astype(str) for c in columns), strict=True), lineage)

    def __len__(self) -> int:
        return len(self._units)

    def name_of(self, code: str) -> str | None:
        """The name of an area by its canonical code."""
        unit = self._units.get(code)
        return unit.name if unit else None

    def resolve(
        self,
        township: pd.Series | None = None,
        village: pd.Series | None = None,
        code: pd.Series | None = None,
        place: pd.Series | None = None,
    ) -> Resolution:
        """The area of every row, of any of four columns of one index; each distinct row is resolved once.

        place: free text such as an address, looked at only where the other three are empty.
        """
        columns = {"township": township, "village": village, "code": code, "place": place}
        given = {name: column for name, column in columns.items() if column is not None}
        if not given:
            raise ValueError("at least one of township, village, code, place is needed")
        frame = pd.DataFrame({name: column.astype("string").fillna("") for name, column in given.items()})
        if "place" in frame and len(frame.columns) > 1:
            named = (frame.drop(columns="place") != "").any(axis=1)
            frame["place"] = frame["place"].where(~named, "")
        groups = frame.groupby(list(frame.columns), sort=False, dropna=False)
        position = groups.ngroup().to_numpy().astype(np.int64)
        distinct = frame.drop_duplicates()
        matches = [
            self.find(**dict(zip(distinct.columns, row, strict=True))) for row in distinct.itertuples(index=False)
        ]
        return Resolution(tuple(matches), position)

    def find(self, township: str = "", village: str = "", code: str = "", place: str = "") -> Match:
        """The area of one township name, village name, code and free text, any of which may be empty."""
        key = (township, village, code, place)
        if key not in self._known:
            self._known[key] = self._find(*key)
        return self._known[key]

    def _find(self, township: str, village: str, code: str, place: str) -> Match:
        by_code = self._by_code(code) if code.strip() else None
        by_name = self._by_names(township, village)
        if by_name is None and by_code is None:
            return self._in_text(place) if place.strip() else Match()
        if by_code is None:
            return by_name or Match()
        if by_name is None:
            return by_code
        return self._agree(by_code, by_name, village or township, code)

    def _agree(self, by_code: Match, by_name: Match, name: str, code: str) -> Match:
        """Code and name together: one place, or a finding. The name is believed: codes of other systems abound."""
        one, other = by_code.area_code, by_name.area_code
        if one is None:
            return Match(other, by_name.score, by_name.how, (*by_code.issues, *by_name.issues))
        if other is None:
            issues = tuple(i for i in by_name.issues if i[0] != "place_unknown")
            return Match(one, 60.0, "code", (*by_code.issues, *issues, self._disagree(code, one, name)))
        if one.startswith(other) or other.startswith(one):
            longer = one if len(one) > len(other) else other
            return Match(longer, 100.0, "code_and_name", (*by_code.issues, *by_name.issues))
        return Match(
            other, min(by_name.score, 70.0), by_name.how, (*by_name.issues, self._disagree(code, one, name))
        )

    def _disagree(self, code: str, found: str, name: str) -> Finding:
        return "code_name_disagree", {"code": code, "code_name": self._units[found].name, "name": name}

    def _by_code(self, code: str) -> Match:
        found = canonical(code)
        if found is None:
            return Match()
        if found in self._units:
            return Match(found, _SCORES["code"], "code")
        later = self._lineage.of_code(found)
        if later:
            return self._succeeded(later, code, within=None)
        unknown: Finding = ("code_unknown", {"value": code})
        if level_of(found) == "village":
            over = self._by_code(found[:9])
            if over.area_code:
                return Match(over.area_code, 50.0, "code", (*over.issues, unknown))
        return Match(issues=(unknown,))

    def _by_names(self, township: str, village: str) -> Match | None:
        township, village = clean(township), clean(village)
        if not township and not village:
            return None
        if not township:
            return self._village_alone(village)
        over = self._township(township)
        if not village:
            return over
        if over.area_code is None:
            return self._village_of_unknown(village, over)
        if level_of(over.area_code) == "village":
            return over
        return self._village_under(over, village)

    def _township(self, name: str) -> Match:
        """A township by its name, with or without the county's in front."""
        found = self._among(name, self._townships, within=None)
        if found.area_code and found.how != "near":
            return found
        bare = self._without_county(name)
        if bare == name:
            return found
        without = self._among(bare, self._townships, within=None)
        return without if without.area_code and without.score > found.score else found

    def _village_of_unknown(self, village: str, over: Match) -> Match:
        """The township is not known: the village counts only when its name is one of a kind in the county."""
        found = self._among(village, self._all_villages, within=None)
        if found.area_code is None or found.how == "near":
            return over
        return Match(found.area_code, min(found.score, 75.0), found.how, (*over.issues, *found.issues))

    def _village_alone(self, village: str) -> Match:
        """A village column may hold a village, `双林镇富强村`, or only a township."""
        if is_township_kind(kind_of(village)):
            found = self._township(village)
            if found.area_code:
                return found
        found = self._among(village, self._all_villages, within=None)
        if found.area_code and found.how != "near":
            return found
        split = self._in_text(village)
        return split if split.area_code else found

    def _village_under(self, over: Match, village: str) -> Match:
        code = str(over.area_code)
        units = self._villages.get(code, [])
        name = self._without_name(village, self._units[code])
        if not name:
            return over
        found = self._among(name, units, within=code)
        if found.area_code is not None:
            issues = (*over.issues, *found.issues)
            return Match(found.area_code, min(over.score, found.score), _weaker(over, found), issues)
        if not units:
            return over
        return Match(code, min(over.score, 50.0), over.how, (*over.issues, *found.issues))

    def _among(self, name: str, units: list[Unit], within: str | None) -> Match:
        """One name among units: exact, by bare name, alias or lineage, near spelling; ambiguity is a finding."""
        text, bare, kind = clean(name), stem(name), kind_of(name)
        exact = [u for u in units if u.clean == text]
        same = [u for u in units if u.stem == bare or u.stem == text]
        kin = [u for u in same if u.kind == kind] or [u for u in same if u.kind is None or kind is None]
        for how, found in (("exact", exact), ("suffix", kin)):
            if len(found) == 1:
                return Match(found[0].code, _SCORES[how], how)
            if found:
                return self._ambiguous(name, found)
        later = self._lineage.of_name(name)
        if within is not None:
            later = [line for line in later if line.new_code.startswith(within)] or later
        later = [line for line in later if line.new_code in self._units]
        if later:
            return self._succeeded(later, name, within)
        longer = [u for u in units if len(u.clean) >= 3 and text.startswith(u.clean)]
        longer = [u for u in longer if len(u.clean) == max(len(o.clean) for o in longer)]
        if len(longer) == 1:
            return Match(longer[0].code, _SCORES["text"], "text")
        upgraded = [u for u in same if compatible(u.kind, kind)]
        if len(upgraded) == 1:
            return self._taken_for(name, upgraded[0], _OTHER_KIND)
        return self._near(name, bare, kind, units)

    def _succeeded(self, later: list[Succession], old: str, within: str | None) -> Match:
        """The successors of a former name or code: one of them is the answer, several are none."""
        codes = {line.new_code for line in later} & self._units.keys()
        if len(codes) != 1:
            options = "、".join(self._units[c].name for c in sorted(codes))
            return Match(
                issues=(("place_split", {"name": old, "candidates": options, "date": later[0].on or ""}),)
            )
        (code,) = codes
        line = next(line for line in later if line.new_code == code)
        if not line.retires:
            return Match(code, _SCORES["alias"], "alias")
        params = {
            "name": old,
            "now": self._units[code].name,
            "code": code,
            "change": line.kind,
            "date": line.on or "",
        }
        return Match(code, _SCORES["lineage"], "lineage", (("place_retired", params),))

    def _near(self, name: str, bare: str, kind: Kind | None, units: list[Unit]) -> Match:
        """The one unit of a kind whose name is nearest; of all the county's villages only by sound."""
        like = [u for u in units if u.kind == kind or u.kind is None or kind is None]
        scored = sorted(((likeness(bare, u.stem), u) for u in like), key=lambda pair: -pair[0])
        if not scored or scored[0][0] < (NEAR if units is not self._all_villages else _LIKE_SOUND):
            nearest = scored[0][1].name if scored and scored[0][0] >= 50.0 else ""
            return Match(issues=(("place_unknown", {"name": name, "nearest": nearest}),))
        close = [u for score, u in scored if score >= scored[0][0] - _MARGIN]
        return self._ambiguous(name, close) if len(close) > 1 else self._taken_for(name, close[0], scored[0][0])

    def _taken_for(self, name: str, unit: Unit, score: float) -> Match:
        params = {"name": name, "now": unit.name, "score": round(score)}
        return Match(unit.code, score, "near", (("place_near_spelling", params),))

    def _ambiguous(self, name: str, units: list[Unit]) -> Match:
        over = (self._units.get(u.parent) for u in units)
        shown = [f"{o.name if o else ''}{u.name}" for o, u in zip(over, units, strict=True)]
        return Match(issues=(("place_ambiguous", {"name": name, "candidates": "、".join(sorted(shown)[:6])}),))

    def _in_text(self, text: str) -> Match:
        """The place a longer text names: its township and village, as far as they can be found in it."""
        rest = self._without_county(clean(text))
        over = [u for u in self._townships if u.clean in rest]
        over = over or [u for u in self._townships if len(u.stem) >= 2 and rest.startswith(u.stem)]
        over = [u for u in over if len(u.clean) == max(len(o.clean) for o in over)]
        units = self._villages.get(over[0].code, []) if len(over) == 1 else self._all_villages
        tail = rest.split(over[0].clean, 1)[-1] if len(over) == 1 else rest
        inside = [u for u in units if _stands_in(u.clean, tail) or (len(u.stem) >= 2 and tail.startswith(u.stem))]
        inside = [u for u in inside if len(u.stem) == max(len(i.stem) for i in inside)]
        if len(inside) == 1:
            return Match(inside[0].code, 88.0 if len(over) == 1 else 80.0, "text")
        if len(inside) > 1:
            return self._ambiguous(text, inside)
        if len(over) == 1:
            return Match(over[0].code, 80.0, "text")
        return Match(issues=(("place_unknown", {"name": text, "nearest": ""}),))

    def _without_county(self, name: str) -> str:
        """`万年县陈营镇` without the county in front; a name that is only the county's stays."""
        text = clean(name)
        for county in sorted(self._counties, key=len, reverse=True):
            head, found, tail = text.partition(county)
            if found and len(tail) >= 2 and (not head or head.endswith(("省", "市", "州", "区"))):
                return tail
        return text

    def _without_name(self, village: str, over: Unit) -> str:
        """`陈营镇富强村` in a village column, without the township that is known already."""
        text = clean(village)
        return text[len(over.clean) :] if text.startswith(over.clean) else text


def _weaker(one: Match, other: Match) -> str:
    return one.how if one.score < other.score else other.how


def _stands_in(name: str, text: str) -> bool:
    """Whether `text` names a place, and not a longer one: 东山村 in `清溪镇东山村`, not in `大东山村`."""
    at = text.find(name)
    return at == 0 or (at > 0 and text[at - 1] in _BEFORE_A_NAME)
