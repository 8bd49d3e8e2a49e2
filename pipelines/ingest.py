"""Adding and checking files: every table of a delivery goes to its layer, what is faulty goes back."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from geo.check import overlap_issues, overlap_rule
from geo.columns import ColumnMatch
from geo.issues import Issue
from geo.layers import Layer, builtin_layers
from geo.overlaps import MANY
from pipelines.days import CHINA, today
from pipelines.delivery import Options, each_table, with_sender
from pipelines.intake import Intake, Progress
from pipelines.offers import same_as_known
from pipelines.read.source import Table
from pipelines.readings import Delivery, left_behind
from pipelines.replaced import Replaced, find_replaced, keep_replaced
from pipelines.report import Report, TableReport
from pipelines.returns import write_returned
from pipelines.store.geoparquet import layer_writer, read_columns, schema_of
from pipelines.store.imports import as_import, disk_errors, find_import, new_import_id, staging, write_notes
from pipelines.territory import AREA_LAYERS, build_territory
from pipelines.workspace import Import, Workspace, utc

__all__ = ["Options", "add", "area_findings", "check", "record_imports", "worth_marking"]

MOST_ERRORS, MOST_WARNINGS = 20_000, 1_000
"""So many findings of one code are marked in the sender's table; a column wrong all the way down needs no more."""


def check(
    path: Path,
    options: Options | None = None,
    *,
    workspace: Workspace | None = None,
    progress: Progress | None = None,
) -> Report:
    """All that `add` would find, storing nothing; a workspace, when given, lends its areas and layers."""
    options = options or Options()
    layers = workspace.layers() if workspace else dict(builtin_layers())

    def _take(table: Table, layer: Layer, match: ColumnMatch) -> TableReport:
        intake = _intake(table, layer, match, options, workspace, progress)
        kept: list[pd.DataFrame] = []
        report = intake.run(kept.append if layer.id in AREA_LAYERS else None)
        report.issues.extend(area_findings(workspace, layer, kept))
        return report

    return each_table(path, options, layers, _take)


def add(
    workspace: Workspace,
    path: Path,
    options: Options | None = None,
    *,
    at: datetime | date | None = None,
    lang: str = "zh",
    progress: Progress | None = None,
) -> Report:
    """Take a file in: accepted rows are stored, faulty ones go back in the sender's own table.

    at: when it was taken in (now when None). Refused, with nothing stored, when nothing of it can be read. The
    same file with the same options changes nothing (`already_added`); with others, or asked for, it is read anew,
    and its earlier reading counts no more (`reading_replaced`).
    """
    moment = utc(at)
    with workspace.writing():
        told = with_sender(workspace, options or Options())
        delivery = Delivery.of(workspace, path, told)

        def _take(table: Table, layer: Layer, match: ColumnMatch) -> TableReport:
            before = find_import(workspace, layer.id, table.name, delivery.mark)
            if before and not told.again:
                return _already(before)
            intake = _intake(table, layer, match, told, workspace, progress)
            done = _store(workspace, intake, delivery, moment)
            if done.rows and any(i.severity in ("error", "warning") for i in done.issues):
                with disk_errors(workspace.root / "returned"):
                    headings = {name: heading for name, (heading, _how) in done.mapping.items()}
                    done.returned_file = write_returned(
                        table, worth_marking(done.issues), workspace.root / "returned", lang=lang, columns=headings
                    )
            return done

        return each_table(path, told, workspace.layers(), _take)


def worth_marking(issues: list[Issue]) -> list[Issue]:
    """The findings to mark in the sender's table: of each code the first thousands, and how many were left out."""
    counts: dict[str, int] = {}
    kept = []
    for issue in issues:
        counts[issue.code] = counts.get(issue.code, 0) + 1
        if counts[issue.code] <= (MOST_ERRORS if issue.severity == "error" else MOST_WARNINGS):
            kept.append(issue)
    left = len(issues) - len(kept)
    return [*kept, Issue("marks_left_out", None, None, {"count": left})] if left else kept


def _intake(
    table: Table,
    layer: Layer,
    match: ColumnMatch,
    options: Options,
    workspace: Workspace | None,
    progress: Progress | None,
) -> Intake:
    areas = workspace.areas() if workspace else None
    if areas is not None and areas.empty:
        areas = None
    gazetteer = leaves = None
    if workspace is not None and areas is not None:
        leaves = workspace.leaves()
        gazetteer = workspace.gazetteer()
    return Intake(
        table,
        layer,
        match,
        crs=options.crs,
        datums=workspace.settings.datums if workspace else None,
        areas=areas,
        leaves=leaves,
        gazetteer=gazetteer,
        progress=progress,
        today=today(),
    )


def _store(workspace: Workspace, intake: Intake, delivery: Delivery, at: datetime) -> TableReport:
    """Run the intake into a new import folder."""
    table, layer = intake.table, intake.layer
    import_id = new_import_id(workspace, layer.id, at, delivery.mark, table.name)
    before = delivery.earlier(workspace, layer.id, table.name)
    others = workspace if before is None else workspace.without(before.id)
    with staging(workspace, layer.id, import_id) as staged:
        data = staged.folder / "data.parquet"
        kept: list[pd.DataFrame] = []
        with layer_writer(data, schema_of(layer, intake.match.unmatched)) as writer:

            def sink(rows: pd.DataFrame) -> None:
                writer.write(rows)
                if layer.id in AREA_LAYERS:
                    kept.append(rows)

            report = intake.run(sink)
        report.issues.extend(area_findings(workspace, layer, kept, others))
        report.issues.extend(_overlaps(data, layer))
        replaced = None if layer.id in AREA_LAYERS else find_replaced(others, layer.id, data)
        report.issues.extend(_superseded(replaced))
        report.issues.extend(same_as_known(others, layer, data, at))
        if before is not None and report.accepted:
            report.issues.extend(left_behind(workspace, layer, before, data))
        with data.open("rb") as handle:
            sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
        source = as_import(
            report,
            import_id,
            at,
            table.path.name,
            delivery.mark,
            sender=delivery.options.sender,
            layer_version=layer.version,
            data_sha256=sha256,
            content=delivery.content,
            replaces=before,
        )
        write_notes(staged.folder, source, report.issues)
        staged.keep = report.accepted > 0
    if report.accepted:
        report.import_id = import_id
        if replaced is not None:
            keep_replaced(workspace, layer.id, import_id, replaced)
        workspace.forget_cache()
        record_imports(workspace)
    return report


def record_imports(workspace: Workspace) -> None:
    """Bring into the ledger every import that is not there yet: the one just stored, and one cut off before."""
    from pipelines.store.ledger import open_ledger

    where = workspace.settings.ledger_url or workspace.root
    ledger = open_ledger(where, layers=workspace.layers(), folder=workspace.root)
    try:
        events = ledger.events(columns=["kind", "layer", "import_id"])
        events = events[events["kind"] == "import"]
        known = set(zip(events["layer"], events["import_id"], strict=True))
        for one in workspace.every_import():
            if (one.layer, one.id) not in known:
                ledger.record_import(
                    import_id=one.id,
                    layer=one.layer,
                    file=one.file,
                    file_sha256=one.digest,
                    data_sha256=one.data_sha256,
                    rows=one.accepted,
                    at=one.at,
                    replaces=one.replaces,
                )
    finally:
        ledger.close()


def _superseded(replaced: Replaced | None) -> list[Issue]:
    """How many of the rows just written take the place of earlier ones of the same id."""
    if replaced is None or not replaced.rows:
        return []
    return [Issue("rows_superseded", None, None, {"count": replaced.rows, "new": replaced.ids - replaced.rows})]


def area_findings(
    workspace: Workspace | None, layer: Layer, kept: list[pd.DataFrame], others: Workspace | None = None
) -> list[Issue]:
    """What these rows of an area layer change in the county's hierarchy: findings there were none of before.

    others: the workspace without what they take the place of, where that is an import.
    """
    if layer.id not in AREA_LAYERS or not kept:
        return []
    before = build_territory(workspace)[1] if workspace else []
    after = build_territory(others or workspace, fresh={layer.id: pd.concat(kept)})[1]
    known = {repr(issue) for issue in before}
    return [issue for issue in after if repr(issue) not in known]


def _overlaps(data: Path, layer: Layer) -> list[Issue]:
    """Findings of the layer's `no_overlap` rule among the rows just written."""
    rule = overlap_rule(layer)
    if rule is None:
        return []
    from geo.joins import overlaps_self
    from pipelines.store.flat_columns import read_flat

    frame = read_columns(data, ["id", "source_row", "area_m2"])
    few = len(frame) < MANY
    shapes: Any = read_columns(data, ["geometry"])["geometry"].to_numpy(object) if few else read_flat(data)
    pairs = overlaps_self(shapes, tolerance_m2=rule.settings["tolerance_m2"])
    return overlap_issues(
        pairs,
        frame["source_row"].to_numpy(np.int64),
        frame["id"].to_numpy(object),
        frame["area_m2"].to_numpy(float, na_value=np.nan),
        rule,
    )


def _already(before: Import) -> TableReport:
    at = before.at + CHINA
    said = Issue("already_added", None, None, {"file": before.file, "at": f"{at:%Y-%m-%d %H:%M}"})
    return TableReport(
        before.table,
        before.layer,
        crs=before.crs,
        encoding=before.encoding,
        rows=before.rows,
        accepted=before.accepted,
        returned=before.returned,
        mapping={name: (column, "alias") for name, column in before.mapping.items()},
        issues=[said],
        import_id=before.id,
    )
