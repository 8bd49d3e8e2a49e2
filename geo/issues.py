"""Findings are values: a code from the catalog, where it was found, and parameters; never a sentence."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

Severity = Literal["error", "warning", "info", "refusal"]


@dataclass(frozen=True)
class Kind:
    """What the catalog says of one finding code.

    severity: `error` returns the row to its sender, `warning` keeps it with a mark, `info` records what the
    program did, `refusal` stops the whole file. mender: who can put it right (`sender`, `bureau`, `program`).
    """

    code: str
    severity: Severity
    mender: str
    zh: str
    en: str


@dataclass(frozen=True)
class Issue:
    """One finding.

    row: 1-based row of the sender's own table as they see it (spreadsheet row, or feature number in a map
    file); None when it concerns the whole file. field: the layer's field, or the sender's column when no field
    was matched.
    """

    code: str
    row: int | None = None
    field: str | None = None
    params: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def severity(self) -> Severity:
        return kind(self.code).severity

    def words(self, lang: str = "zh") -> str:
        """The finding as a sentence in `lang` (`zh` or `en`)."""
        return wording(self.code, {"row": self.row, "field": self.field, **self.params}, lang)

    def as_dict(self) -> dict[str, Any]:
        """The finding as the `--report` contract writes it: code, severity, row, field, params."""
        return {
            "code": self.code,
            "severity": self.severity,
            "row": self.row,
            "field": self.field,
            "params": dict(self.params),
        }


class _Blank(dict[str, Any]):
    """A missing parameter shows as …: a sentence with a hole is better than a crash in front of a user."""

    def __missing__(self, key: str) -> str:
        return "…"


@cache
def catalog() -> dict[str, Kind]:
    """Every finding and refusal by code, from `geo/catalog/issues.toml`."""
    text = files("geo").joinpath("catalog", "issues.toml").read_text(encoding="utf-8")
    return {code: Kind(code=code, **entry) for code, entry in tomllib.loads(text).items()}


def kind(code: str) -> Kind:
    """The catalog entry of `code`; KeyError when the catalog does not know it (a programming error)."""
    return catalog()[code]


def wording(code: str, params: Mapping[str, Any], lang: str = "zh") -> str:
    """The sentence of `code` in `lang`, its parameters filled in."""
    entry = kind(code)
    shown = {key: f"{value:g}" if isinstance(value, float) else value for key, value in params.items()}
    return (entry.en if lang == "en" else entry.zh).format_map(_Blank(shown))


def worst(issues: Iterable[Issue]) -> set[int]:
    """The rows that must go back to their sender: those with at least one `error`."""
    return {issue.row for issue in issues if issue.severity == "error" and issue.row is not None}
