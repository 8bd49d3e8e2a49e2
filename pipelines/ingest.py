"""Adding and checking files: every table of a delivery goes to its layer, what is faulty goes back."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tomli_w

from geo.check import overlap_issues, overlap_rule
from geo.columns import ColumnMatch, guess_layer, match_columns
from geo.errors import Refused
from geo.issues import Issue
from geo.layers import Layer, builtin_layers
from geo.overlaps import MANY
from pipelines.days import CHINA, today
from pipelines.intake import Intake, Progress
from pipelines.offers import same_as_known
from pipelines.read import open_tables
from pipelines.read.source import Table
from pipelines.report import Report, TableReport
from pipelines.returns import write_returned
from pipelines.store.geoparquet import layer_writer, read_columns, rows_with, schema_of
from pipelines.store.imports import as_import, disk_errors, find_import, new_import_id, staging, write_notes
from pipelines.territory import AREA_LAYERS, build_territory
from pipelines.workspace import Import, Workspace, file_digest, utc

SURE = 0.45
"""A layer is guessed only when a table's headings fit it at least this well."""
CLEARLY = 0.05
"""… and at least this much better than the next one."""

MOST_ERRORS, MOST_WARNINGS = 20_000, 1_000
"""So many findings of one code are marked in the sender's table; a column wrong all the way down needs no more."""

Take = Callable[[Table, Layer, ColumnMatch], TableReport]


@dataclass(frozen=True)
class Options:
    """How the user says a file is to be read; None leaves it to the program.

    mapping: layer field or place role → the sender's heading. sender: under which name mappings are kept.
    again: take the file in although it was taken in before.
    """

    layer: str | None = None
    crs: str | None = None
    encoding: str | None = None
    sheet: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    sender: str | None = None
    again: bool = False

    def mark(self, digest: str) -> str:
        """By what a delivery is recognised: the file's content and the options that change the outcome."""
        told = repr((self.crs, self.encoding, sorted(self.mapping.items())))
        return hashlib.sha256(f"{digest}{told}".encode()).hexdigest()


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

    def take(table: Table, layer: Layer, match: ColumnMatch) -> TableReport:
        intake = _intake(table, layer, match, options, workspace, progress)
        kept: list[pd.DataFrame] = []
        report = intake.run(kept.append if layer.id in AREA_LAYERS else None)
        report.issues.extend(area_findings(workspace, layer, kept))
        return report

    return _each_table(path, options, layers, take)


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
    same file with the same options changes nothing (`already_added`).
    """
    moment = utc(at)
    with workspace.writing():
        told = _with_sender(workspace, options or Options())
        mark = told.mark(file_digest(path)) if path.exists() else ""

        def take(table: Table, layer: Layer, match: ColumnMatch) -> TableReport:
            before = find_import(workspace, layer.id, table.name, mark)
            if before and not told.again:
                return _already(before)
            intake = _intake(table, layer, match, told, workspace, progress)
            done = _store(workspace, intake, told, mark, moment)
            if done.rows and any(i.severity in ("error", "warning") for i in done.issues):
                with disk_errors(workspace.root / "returned"):
                    headings = {name: heading for name, (heading, _how) in done.mapping.items()}
                    done.returned_file = write_returned(
                        table, worth_marking(done.issues), workspace.root / "returned", lang=lang, columns=headings
                    )
            return done

        return _each_table(path, told, workspace.layers(), take)


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


def _store(workspace: Workspace, intake: Intake, options: Options, mark: str, at: datetime) -> TableReport:
    """Run the intake into a new import folder."""
    table, layer = intake.table, intake.layer
    import_id = new_import_id(workspace, layer.id, at, mark, table.name)
    with staging(workspace, layer.id, import_id) as staged:
        data = staged.folder / "data.parquet"
        kept: list[pd.DataFrame] = []
        with layer_writer(data, schema_of(layer, intake.match.unmatched)) as writer:

            def sink(rows: pd.DataFrame) -> None:
                writer.write(rows)
                if layer.id in AREA_LAYERS:
                    kept.append(rows)

            report = intake.run(sink)
        report.issues.extend(area_findings(workspace, layer, kept))
        report.issues.extend(_overlaps(data, layer))
        report.issues.extend(_superseded(workspace, layer, data))
        report.issues.extend(same_as_known(workspace, layer, data, at))
        with data.open("rb") as handle:
            sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
        source = as_import(
            report,
            import_id,
            at,
            table.path.name,
            mark,
            sender=options.sender,
            layer_version=layer.version,
            data_sha256=sha256,
        )
        write_notes(staged.folder, source, report.issues)
        staged.keep = report.accepted > 0
    if report.accepted:
        report.import_id = import_id
        workspace.forget_cache()
        record_imports(workspace)
    return report


def record_imports(workspace: Workspace) -> None:
    """Bring into the ledger every import that is not there yet: the one just stored, and one cut off before."""
    from pipelines.store.ledger import open_ledger

    ledger = open_ledger(workspace.settings.ledger_url or workspace.root, layers=workspace.layers())
    events = ledger.events(columns=["kind", "layer", "import_id"])
    events = events[events["kind"] == "import"]
    known = set(zip(events["layer"], events["import_id"], strict=True))
    for one in workspace.imports():
        if (one.layer, one.id) not in known:
            ledger.record_import(
                import_id=one.id,
                layer=one.layer,
                file=one.file,
                file_sha256=one.digest,
                data_sha256=one.data_sha256,
                rows=one.accepted,
                at=one.at,
            )


def _superseded(workspace: Workspace, layer: Layer, data: Path) -> list[Issue]:
    """How many of the rows just written take the place of earlier ones of the same id."""
    ids = read_columns(data, ["id"])["id"].tolist()
    if not ids or layer.id in AREA_LAYERS:
        return []
    known: set[str] = set()
    for one in workspace.imports(layer.id):
        path = workspace.import_folder(one) / "data.parquet"
        known.update(read_columns(path, ["id"], at=rows_with(path, ids))["id"])
    new = len(set(ids)) - len(known)
    return [Issue("rows_superseded", None, None, {"count": len(known), "new": new})] if known else []


def area_findings(workspace: Workspace | None, layer: Layer, kept: list[pd.DataFrame]) -> list[Issue]:
    """What these rows of an area layer change in the county's hierarchy: findings there were none of before."""
    if layer.id not in AREA_LAYERS or not kept:
        return []
    before = build_territory(workspace)[1] if workspace else []
    after = build_territory(workspace, fresh={layer.id: pd.concat(kept)})[1]
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


def _each_table(path: Path, options: Options, layers: Mapping[str, Layer], take: Take) -> Report:
    """Open the file and take each of its tables that is one of the layers."""
    if not path.exists():
        raise Refused("file_missing", path=str(path))
    if options.layer is not None and options.layer not in layers:
        raise Refused("layer_unknown", layer=options.layer, known=", ".join(sorted(layers)))
    tables = open_tables(path, encoding=options.encoding, sheet=options.sheet)
    done, skipped = [], []
    for table in tables:
        layer = _layer_of(table, options, layers, alone=len(tables) == 1)
        if layer is None:
            skipped.append(Issue("table_skipped", None, None, {"table": table.name}))
            continue
        match = _matched(table, layer, options)
        done.append(take(table, layer, match))
    if not done:
        names = ", ".join(t.name for t in tables)
        if options.layer is not None:
            raise Refused("layer_does_not_fit", file=path.name, tables=names, layer=options.layer)
        raise Refused("layer_not_recognised", file=path.name, tables=names, known=", ".join(sorted(layers)))
    if all(one.rows == 0 for one in done):
        raise Refused("file_has_no_rows", file=path.name, tables=", ".join(t.table for t in done))
    return Report(path, done, skipped)


def _matched(table: Table, layer: Layer, options: Options) -> ColumnMatch:
    """The table's headings matched with the layer's fields, the user's word first."""
    for heading in options.mapping.values():
        if heading not in table.columns:
            raise Refused("column_unknown", column=heading, known=", ".join(table.columns))
    try:
        return match_columns(table.columns, layer, override={h: f for f, h in options.mapping.items()} or None)
    except ValueError:
        known = ", ".join(f.name for f in layer.fields)
        raise Refused("field_unknown", fields=", ".join(options.mapping), layer=layer.id, known=known) from None


def _layer_of(table: Table, options: Options, layers: Mapping[str, Layer], *, alone: bool) -> Layer | None:
    """The layer a table is of: the one the user named, or the one its headings fit clearly best."""
    ranked = guess_layer(table.columns, table.geometry_type, table.name, layers)
    scores = dict(ranked)
    if options.layer is not None:
        named = layers[options.layer]
        fits = alone or scores.get(named.id, 0) >= SURE or table.geometry_type != "none"
        return named if fits else None
    if not ranked or ranked[0][1] < SURE:
        return None
    if len(ranked) > 1 and ranked[0][1] - ranked[1][1] < CLEARLY:
        return None
    return layers[ranked[0][0]]


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


def _with_sender(workspace: Workspace, options: Options) -> Options:
    """Add the sender's saved mapping under what is given now, and save what is given now."""
    if options.sender is None:
        return options
    if not re.fullmatch(r"[\w\-一-鿿（）()]{1,60}", options.sender):
        raise Refused("sender_name_wrong", name=options.sender)
    path = workspace.root / "senders" / f"{options.sender}.toml"
    saved = tomllib.loads(path.read_text(encoding="utf-8"))["mapping"] if path.is_file() else {}
    merged = {**saved, **options.mapping}
    if options.mapping:
        with disk_errors(path):
            path.parent.mkdir(exist_ok=True)
            path.write_text(tomli_w.dumps({"mapping": merged}), encoding="utf-8")
    return replace(options, mapping=merged)
