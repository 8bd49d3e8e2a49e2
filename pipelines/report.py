"""What became of a file that was added or checked: counts, findings, and how it was understood."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from geo.issues import Issue


@dataclass
class TableReport:
    """One table of the file: the layer it was taken for, how its columns and place were read, its counts.

    mapping: layer field → (sender's heading, how it was matched: given, standard, alias or close).
    """

    table: str
    layer: str | None
    crs: str | None = None
    encoding: str | None = None
    rows: int = 0
    accepted: int = 0
    returned: int = 0
    mapping: dict[str, tuple[str, str]] = field(default_factory=dict)
    unmatched: tuple[str, ...] = ()
    issues: list[Issue] = field(default_factory=list)
    import_id: str | None = None
    returned_file: Path | None = None


@dataclass
class Report:
    """What `add` and `check` give back. Counts are sums over the tables of the file."""

    file: Path
    tables: list[TableReport]
    issues: list[Issue] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return sum(t.rows for t in self.tables)

    @property
    def accepted(self) -> int:
        return sum(t.accepted for t in self.tables)

    @property
    def returned(self) -> int:
        return sum(t.returned for t in self.tables)

    @property
    def all_issues(self) -> list[Issue]:
        """Findings on the file, then those of each table."""
        return [*self.issues, *(issue for t in self.tables for issue in t.issues)]

    @property
    def exit_code(self) -> int:
        """0 when every row was accepted, 1 when some go back to the sender."""
        return 1 if self.returned else 0

    def as_dict(self) -> dict[str, Any]:
        """The `--report` contract; `tables` has the same keys table by table, with the column mapping."""
        return {
            "file": str(self.file),
            **_together(self.tables),
            "rows": self.rows,
            "accepted": self.accepted,
            "returned": self.returned,
            "issues": [issue.as_dict() for issue in self.all_issues],
            "tables": [
                {
                    "table": t.table,
                    "layer": t.layer,
                    "crs": t.crs,
                    "encoding": t.encoding,
                    "rows": t.rows,
                    "accepted": t.accepted,
                    "returned": t.returned,
                    "mapping": {name: {"column": c, "how": how} for name, (c, how) in t.mapping.items()},
                    "unmatched": list(t.unmatched),
                    "import_id": t.import_id,
                    "returned_file": str(t.returned_file) if t.returned_file else None,
                }
                for t in self.tables
            ],
        }

    def write(self, path: Path) -> None:
        """Write the contract's JSON to `path`, whole or not at all."""
        partial = path.with_name(path.name + ".partial")
        partial.write_text(json.dumps(self.as_dict(), ensure_ascii=False, indent=1, default=plain), "utf-8")
        partial.replace(path)


def _together(tables: list[TableReport]) -> dict[str, str | None]:
    """Layer, CRS and encoding of the file: the one they share, or all of them joined by a comma."""
    shared: dict[str, str | None] = {}
    for key in ("layer", "crs", "encoding"):
        values = list(dict.fromkeys(v for t in tables if (v := getattr(t, key)) is not None))
        shared[key] = ",".join(values) or None
    return shared


def plain(value: Any) -> Any:
    """Numpy numbers and dates, which JSON does not know, as plain ones."""
    return value.item() if hasattr(value, "item") else str(value)
