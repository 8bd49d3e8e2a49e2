"""`xiangtu add`, `check` and `layers`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geo.errors import Refused, XiangtuError
from geo.layers import Layer, builtin_layers
from pipelines.console import Console
from pipelines.days import day

if TYPE_CHECKING:
    from pipelines.report import Report


def _options(arguments: argparse.Namespace) -> Any:
    from pipelines.ingest import Options

    mapping = {}
    for pair in arguments.map:
        name, found, column = pair.partition("=")
        if not (name and found and column):
            raise Refused("map_malformed", value=pair)
        mapping[name.strip()] = column.strip()
    return Options(
        layer=arguments.layer,
        crs=arguments.crs,
        encoding=arguments.encoding,
        sheet=arguments.sheet,
        mapping=mapping,
        sender=getattr(arguments, "sender", None),
        again=getattr(arguments, "again", False),
    )


def add(arguments: argparse.Namespace, console: Console) -> int:
    """Take files in one after the other; one that is refused does not stop the next."""
    from pipelines.ingest import add as take
    from pipelines.workspace import Workspace

    workspace = Workspace(arguments.dir)
    options, at = _options(arguments), day(arguments.at)

    def one(path: Path, tick: Any) -> Report:
        return take(workspace, path, options, at=at, lang=console.lang, progress=tick)

    return _each(arguments.files, one, arguments.report, console, workspace.layers())


def check(arguments: argparse.Namespace, console: Console) -> int:
    """Say all that `add` would find, storing nothing."""
    from pipelines.ingest import check as look
    from pipelines.workspace import Workspace

    workspace = Workspace(arguments.dir) if arguments.dir else None
    options = _options(arguments)

    def one(path: Path, tick: Any) -> Report:
        return look(path, options, workspace=workspace, progress=tick)

    known = workspace.layers() if workspace else builtin_layers()
    return _each([arguments.file], one, arguments.report, console, known)


def _each(
    files: list[Path],
    take: Callable[[Path, Any], Report],
    out: Path | None,
    console: Console,
    known: Mapping[str, Layer],
) -> int:
    codes, reports = [], []
    for path in files:
        try:
            with console.progress() as tick:
                report = take(path, tick)
        except XiangtuError as refusal:
            console.say(f"{path.name}：{refusal.words('zh')}", f"{path.name}: {refusal.words('en')}")
            codes.append(refusal.exit_code)
            continue
        _tell(report, console, known)
        codes.append(report.exit_code)
        reports.append(report)
    if out is not None:
        _write_report(reports, files, out)
    return max(codes)


def _write_report(reports: list[Report], files: list[Path], out: Path) -> None:
    """One file: the contract's object; several: a list of them, refused files left out."""
    import json

    from pipelines.console import write_text
    from pipelines.report import plain

    made = [report.as_dict() for report in reports]
    if made:
        whole = made[0] if len(files) == 1 else made
        write_text(out, json.dumps(whole, ensure_ascii=False, indent=1, default=plain))


def _tell(report: Report, console: Console, known: Mapping[str, Layer]) -> None:
    """What became of a file, for the clerk: counts, how it was read, what was found, what to do next."""
    if all(any(i.code == "already_added" for i in table.issues) for table in report.tables):
        console.say(
            f"{report.file.name}：以前读入过，没有改动", f"{report.file.name}: taken in before, nothing changed"
        )
        console.issues(report.all_issues)
        return
    console.say(
        f"{report.file.name}：共 {report.rows} 行，接收 {report.accepted} 行，退回 {report.returned} 行",
        f"{report.file.name}: {report.rows} rows, {report.accepted} accepted, {report.returned} returned",
    )
    for table in report.tables:
        place = "，".join(part for part in (table.crs, table.encoding) if part)
        layer = known[str(table.layer)]
        console.say(
            f"  表“{table.table}” → 图层“{layer.label.zh}”" + (f"（{place}）" if place else ""),
            f"  table “{table.table}” → layer {layer.id}" + (f" ({place})" if place else ""),
        )
        labels = {f.name: f.label(console.lang) for f in layer.fields}
        pairs = [
            f"{labels.get(n, n)} ← {column}{_how(how, console)}" for n, (column, how) in table.mapping.items()
        ]
        if pairs:
            console.say("  列对应：" + "，".join(pairs), "  columns: " + ", ".join(pairs))
        if table.unmatched:
            rest = ", ".join(table.unmatched[:12]) + (" …" if len(table.unmatched) > 12 else "")
            console.say(f"  未对应的列（原样保留）：{rest}", f"  other columns (kept as they are): {rest}")
    console.issues(report.all_issues)
    for table in report.tables:
        if table.returned_file:
            console.say(
                f"  标注好的原表：{table.returned_file}", f"  the sender's table, marked: {table.returned_file}"
            )


def _how(how: str, console: Console) -> str:
    words = {"close": console.pick("（近似）", " (close)"), "given": console.pick("（指定）", " (given)")}
    return words.get(how, "")


def layers(arguments: argparse.Namespace, console: Console) -> int:
    """List the layers, and the headings under which each field is recognised."""
    from pipelines.workspace import Workspace

    known = Workspace(arguments.dir).layers() if arguments.dir else builtin_layers()
    for layer in known.values():
        console.result(f"{layer.id}  {layer.label(console.lang)}")
        for field in layer.fields:
            heads = "、".join(dict.fromkeys(field.heads[1:]))
            console.result(f"    {field.name}: {heads}")
    return 0
