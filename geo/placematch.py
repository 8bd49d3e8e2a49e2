"""What a name or code of a place was resolved to, and how near two names are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz

from geo.codes import level_of
from geo.placenames import Kind, clean, is_township_kind, kind_of, opposed, stem
from geo.sounds import blurred, sound

Finding = tuple[str, Mapping[str, Any]]

_SAME_SOUND, _LIKE_SOUND = 90.0, 86.0
_ONE_TOO_MANY = 85.0
# From here a name is taken for another, with a finding.
NEAR = 66.0


@dataclass(frozen=True)
class Match:
    """What a name or code was resolved to.

    area_code: canonical code of the area, None when unresolved. score: 0–100. how: `code_and_name`, `code`,
    `exact`, `suffix`, `alias`, `lineage`, `near`, `text` (found in a longer address) or `none`. level: of the
    area. issues: finding codes with their parameters.
    """

    area_code: str | None = None
    score: float = 0.0
    how: str = "none"
    issues: tuple[Finding, ...] = ()

    @property
    def level(self) -> str | None:
        return level_of(self.area_code) if self.area_code else None


@dataclass(frozen=True)
class Resolution:
    """The matches of a whole column: distinct ones, and for each row which."""

    matches: tuple[Match, ...]
    position: NDArray[np.int64]

    def area_code(self) -> NDArray[np.object_]:
        """The area's code of each row, None where unresolved."""
        return self._each([m.area_code for m in self.matches], object)

    def score(self) -> NDArray[np.float64]:
        """The score of each row, 0 where unresolved."""
        return self._each([m.score for m in self.matches], float)

    def how(self) -> NDArray[np.object_]:
        """How each row was resolved."""
        return self._each([m.how for m in self.matches], object)

    def _each(self, values: list[Any], kind: type) -> NDArray[Any]:
        return np.array(values, dtype=kind)[self.position] if len(values) else np.empty(0, dtype=kind)


@dataclass(frozen=True)
class Unit:
    """One area as the gazetteer knows it; its cleaned and bare name and its kind are worked out once."""

    code: str
    name: str
    parent: str
    clean: str = field(init=False)
    stem: str = field(init=False)
    kind: Kind | None = field(init=False)

    def __post_init__(self) -> None:
        for name, value in (("clean", clean(self.name)), ("stem", stem(self.name)), ("kind", kind_of(self.name))):
            object.__setattr__(self, name, value)


def compatible(one: Kind | None, other: Kind | None) -> bool:
    """Whether two kinds can be of one place: a town may be called a street, a village a community, not across."""
    return one is None or other is None or is_township_kind(one) == is_township_kind(other)


def likeness(one: str, other: str) -> float:
    """How near two bare names are, 0–100.

    90 where they sound the same, 86 where many speakers make them so, both with a character in common; up to 80
    where one character of three or more differs that is not the first (surnames and directions tell neighbours
    apart there); 85 and more where one of six has a character too many or too few. All else is under `NEAR`.
    """
    if opposed(one, other):
        return 0.0
    alike = sum(a == b for a, b in zip(one, other, strict=False))
    if len(one) == len(other) >= 2 and alike:
        if sound(one) == sound(other):
            return _SAME_SOUND
        if blurred(one) == blurred(other):
            return _LIKE_SOUND
        if len(one) >= 3 and alike == len(one) - 1 and one[0] == other[0]:
            return min(80.0, 100.0 * alike / len(one))
    score = float(fuzz.ratio(one, other))
    return score if score >= _ONE_TOO_MANY and len(one) != len(other) else min(score, NEAR - 1.0)
