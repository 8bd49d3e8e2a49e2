"""What became of places: old names and codes, and the ones that hold now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from geo.codes import canonical
from geo.placenames import clean, stem

Change = Literal["alias", "renamed", "merged", "recoded", "split"]


@dataclass(frozen=True)
class Succession:
    """One line of a county's lineage table.

    kind: `alias` (another name of a living place), `renamed`, `merged` (into a larger one), `recoded`, `split`
    (several lines of one old place). old_name, old_code: either may be missing. new_code: canonical. on: the
    date as written, for the reader.
    """

    kind: Change
    new_code: str
    old_name: str | None = None
    old_code: str | None = None
    on: str | None = None

    @property
    def retires(self) -> bool:
        """Whether the old name or code no longer holds: true of all but aliases."""
        return self.kind != "alias"


def successions(rows: Iterable[Mapping[str, Any]]) -> tuple[Succession, ...]:
    """The lineage table from mappings with `kind, old_name, old_code, new_code, date`.

    ValueError names the line whose kind is unknown, whose new code is malformed, or that has nothing old.
    """
    made = []
    for number, row in enumerate(rows, start=1):
        kind, new_code = _text(row.get("kind")) or "renamed", canonical(row.get("new_code"))
        old_name, old_code = _text(row.get("old_name")), canonical(row.get("old_code"))
        if kind not in get_args(Change):
            raise ValueError(f"line {number}: kind {kind!r} is not one of {', '.join(get_args(Change))}")
        if new_code is None:
            raise ValueError(f"line {number}: new_code {row.get('new_code')!r} is not an area code")
        if old_name is None and old_code is None:
            raise ValueError(f"line {number}: neither old_name nor old_code is given")
        made.append(Succession(kind, new_code, old_name, old_code, _text(row.get("date"))))  # type: ignore[arg-type]
    return tuple(made)


def _text(value: object) -> str | None:
    text = "" if value is None or value != value else str(value).strip()
    return text or None


class Lineage:
    """A lineage table made ready for looking up."""

    def __init__(self, lines: Iterable[Succession] = ()) -> None:
        self._by_code: dict[str, list[Succession]] = {}
        self._by_name: dict[str, list[Succession]] = {}
        for line in lines:
            if line.old_code:
                self._by_code.setdefault(line.old_code, []).append(line)
            if line.old_name:
                for key in {clean(line.old_name), stem(line.old_name)}:
                    self._by_name.setdefault(key, []).append(line)

    def of_code(self, code: str) -> list[Succession]:
        """What became of a code; its last successors when they were replaced in turn. Empty when nothing did.

        A village's code under a retired township's is carried over when only the township was recoded.
        """
        return self._last(self._by_code.get(code, []) or self._carried(code), {code})

    def of_name(self, name: str) -> list[Succession]:
        """The places that a former or other name stands for, whole name first, then bare; empty when none."""
        found = self._by_name.get(clean(name)) or self._by_name.get(stem(name)) or []
        return self._last(found, set())

    def _carried(self, code: str) -> list[Succession]:
        if len(code) != 12:
            return []
        lines = [line for line in self._by_code.get(code[:9], []) if line.kind == "recoded"]
        return [Succession(e.kind, e.new_code + code[9:], None, code, e.on) for e in lines if len(e.new_code) == 9]

    def _last(self, lines: list[Succession], seen: set[str]) -> list[Succession]:
        ends = []
        for line in lines:
            later = [] if line.new_code in seen else self._by_code.get(line.new_code, [])
            ends += self._last(later, seen | {line.new_code}) if later else [line]
        return ends
