"""A sender's file read more than once: which reading counts, and what the other leaves behind."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from geo.issues import Issue
from geo.layers import Layer
from pipelines.days import CHINA
from pipelines.delivery import Options
from pipelines.standing import ledger_of
from pipelines.store.geoparquet import ids_of
from pipelines.store.ledger_heads import touched
from pipelines.workspace import Import, Workspace, file_digest


@dataclass(frozen=True)
class Delivery:
    """A file and how it is to be read.

    content: sha256 of the file, with the files that belong to it; mark: of that and of how it is read. held: the
    imports that were there before it, so that no table of it takes the place of another one of its own.
    """

    options: Options
    content: str
    mark: str
    held: frozenset[str]

    @classmethod
    def of(cls, workspace: Workspace, path: Path, options: Options) -> Delivery:
        """That of a file on its way into a workspace; without content where there is no file."""
        content = file_digest(path) if path.exists() else ""
        held = frozenset(one.id for one in workspace.every_import())
        return cls(options, content, options.mark(content) if content else "", held)

    def earlier(self, workspace: Workspace, layer_id: str, table: str) -> Import | None:
        """The import that counts and read the same table of the file into the layer before; None when none did.

        Imports of older programs are known again when they were read without options, or with those of now.
        """
        marks = {self.mark, Options().mark(self.content)}
        same = [
            one
            for one in workspace.imports(layer_id)
            if one.table == table and one.id in self.held and self._same(one, marks)
        ]
        return same[-1] if same and self.content else None

    def _same(self, one: Import, marks: set[str]) -> bool:
        return one.content == self.content if one.content else one.digest in marks


def left_behind(workspace: Workspace, layer: Layer, before: Import, data: Path) -> list[Issue]:
    """What becomes of an earlier reading once the rows in `data` take its place.

    `reading_replaced`: it counts no more. `acts_without_row`: things of its own, with ids that no reading has now,
    of which the ledger tells.
    """
    day = (before.at + CHINA).date().isoformat()
    told = {"file": before.file, "at": day, "rows": before.accepted}
    found = [Issue("reading_replaced", None, None, told)]
    ledger = ledger_of(workspace)
    if ledger is None:
        return found
    gone = set(ids_of(workspace.import_folder(before) / "data.parquet").to_pylist()) - set(
        ids_of(data).to_pylist()
    )
    lone = sorted(gone & touched(ledger, layer.id, after=0)) if gone else []
    ledger.close()
    if lone:
        names = "、".join(lone[:5]), ", ".join(lone[:5])
        told = {"count": len(lone), "ids": names[0], "ids_en": names[1]}
        found.append(Issue("acts_without_row", None, None, told))
    return found
