"""A tally by the areas of one level in plain whole numbers: rolled up, and rounded so that it adds up.

Without a table library: what a county's figures are is known before one has started.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from geo.measure import round_parts

LEVELS = ("county", "township", "village")
UNPLACED = "unplaced"
Key = tuple[str, bool]
Sums = Mapping[str, Sequence[int]]


@dataclass(frozen=True)
class AreaNames:
    """The areas of a frame in its order (by code): code, name, level and parent of each."""

    code: Sequence[str]
    name: Sequence[str]
    level: Sequence[str]
    parent: Sequence[str]


@dataclass(frozen=True)
class Rolled:
    """Whole sums of every area of a level, and of what stands as unplaced: keys in order, a list a column."""

    keys: Sequence[Key]
    sums: Mapping[str, list[int]]

    def heads(self, areas: AreaNames, by: str) -> tuple[list[str], list[str], list[str]]:
        """Code, name and level of each row; the name is "" where there is none."""
        names = dict(zip(areas.code, areas.name, strict=True))
        found = [names.get(code) for code, _ in self.keys]
        return (
            [code for code, _ in self.keys],
            [one if isinstance(one, str) else "" for one in found],
            [by if counted else UNPLACED for _, counted in self.keys],
        )


def chains(areas: AreaNames, by: str) -> tuple[dict[str, list[Key]], list[str]]:
    """For each area, and for none (the last row), the key under which it is counted at each level down to `by`.

    A key is (code, counted): counted is False where the area is coarser than the level, so that what is on
    it stands as unplaced under its own code; an area whose parents are not in the frame has code "".
    """
    levels = list(LEVELS[: LEVELS.index(by) + 1]) if by in LEVELS else [by]
    row = {one: i for i, one in enumerate(areas.code)}
    keys: dict[str, list[Key]] = {one: [] for one in levels}
    for i, code in enumerate(areas.code):
        line: dict[str, str] = {}
        at: int | None = i
        while at is not None and areas.level[at] not in line:
            line[areas.level[at]] = areas.code[at]
            at = row.get(areas.parent[at])
        own = areas.level[i]
        for one in levels:
            finer = by in LEVELS and own in LEVELS and LEVELS.index(own) < LEVELS.index(one)
            keys[one].append((code, False) if finer else (line.get(one, ""), one in line))
    for one in levels:
        keys[one].append(("", False))
    return keys, levels


def rolled(area: Sequence[int], columns: Sums, areas: AreaNames, keys: Sequence[Key], by: str) -> Rolled:
    """Sums by key: every area of the level in order, then what stands on none of them, "" last.

    area: the position of each row of the columns among the areas, -1 for none; keys: of `chains`.
    """
    own = [(code, True) for code, level in zip(areas.code, areas.level, strict=True) if level == by]
    of_row = [keys[at] for at in area]
    loose = sorted({key for key in of_row if not key[1]}, key=lambda key: (key[0] == "", key[0]))
    ordered = [*own, *loose]
    sums: dict[str, list[int]] = {}
    for name, values in columns.items():
        found = dict.fromkeys(ordered, 0)
        for key, value in zip(of_row, values, strict=True):
            found[key] += value
        sums[name] = list(found.values())
    return Rolled(ordered, sums)


class _Ladder:
    """Which key stands under which, for rows of a tally: the same for every column that is rounded."""

    def __init__(self, area: Sequence[int], keys: Mapping[str, Sequence[Key]], levels: Sequence[str]) -> None:
        columns = [keys[one] for one in levels]
        number: list[dict[tuple[Key, ...], int]] = [{} for _ in levels]
        self.at: list[list[int]] = [[] for _ in levels]
        """For each level, of each row, the number of its key under the keys above."""
        for row in area:
            path = tuple(column[row] for column in columns)
            for depth, known in enumerate(number):
                self.at[depth].append(known.setdefault(path[: depth + 1], len(known)))
        self.families: list[list[tuple[int, list[int]]]] = []
        """For each level, the keys that stand under one key above, in order, with the number of that."""
        for depth, known in enumerate(number):
            under: dict[int, list[tuple[Key, int]]] = {}
            for path, one in known.items():
                above = number[depth - 1][path[:depth]] if depth else 0
                under.setdefault(above, []).append((path[depth], one))
            self.families.append([(above, [one for _, one in sorted(each)]) for above, each in under.items()])
        self.last = [path[-1] for path in number[-1]]

    def rounded(self, values: Sequence[int], step: int) -> dict[Key, int]:
        """Rounded sums of the last level's keys, each level adding up to the rounded one above."""
        above = [int(round_parts([sum(values)], step)[0])]
        for at, families in zip(self.at, self.families, strict=True):
            sums = [0] * (max(at, default=-1) + 1)
            for one, value in zip(at, values, strict=True):
                sums[one] += value
            here = [0] * len(sums)
            for parent, children in families:
                parts = round_parts([sums[child] for child in children], step, above[parent])
                for child, part in zip(children, parts.tolist(), strict=True):
                    here[child] = part
            above = here
        totals: dict[Key, int] = {}
        for key, whole in zip(self.last, above, strict=False):
            totals[key] = totals.get(key, 0) + whole
        return totals


def in_print(
    area: Sequence[int],
    columns: Sums,
    areas: AreaNames,
    by: str,
    units: Mapping[str, int],
    decimals: Sequence[int],
) -> tuple[Rolled, list[dict[str, list[float]]]]:
    """Sums by the areas of a level, and the same in printed units, rounded so that they add up at every level.

    units: of each column, how many whole units make one printed unit; what has 1 is a count, and printed whole.
    decimals: how many to print, for each of what is returned.
    """
    keys, levels = chains(areas, by)
    made = rolled(area, columns, areas, keys[levels[-1]], by)
    ladder = _Ladder(area, keys, levels)
    printed = []
    for places in decimals:
        shown: dict[str, list[float]] = {}
        for name, values in columns.items():
            unit = units.get(name, 1)
            if unit == 1:
                shown[name] = [float(one) for one in made.sums[name]]
                continue
            parts = ladder.rounded(values, unit // 10**places)
            shown[name] = [parts.get(key, 0) / unit for key in made.keys]
        printed.append(shown)
    return made, printed
