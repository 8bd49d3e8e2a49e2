"""What the command line says: results on standard output, everything else on standard error, in one language."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

from geo.errors import XiangtuError
from geo.issues import Issue, wording

if TYPE_CHECKING:
    import pandas as pd

    from geo.layers import Indicator
    from pipelines.intake import Progress


# A log that is not a terminal gets a line of progress no more often than this.
LINE_SECONDS = 10.0


class Console:
    """Speaks `lang` (`zh` or `en`). Nothing but a command's result goes to standard output."""

    def __init__(self, lang: str = "zh", *, out: IO[str] | None = None, err: IO[str] | None = None) -> None:
        self.lang: Literal["zh", "en"] = "en" if lang == "en" else "zh"
        self.out = out or sys.stdout
        self.err = err or sys.stderr
        for stream in (self.out, self.err):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(encoding="utf-8", errors="replace")

    def pick(self, zh: str, en: str) -> str:
        """The text in the reader's language."""
        return en if self.lang == "en" else zh

    def say(self, zh: str, en: str) -> None:
        """A message for a person, on standard error."""
        print(self.pick(zh, en), file=self.err, flush=True)

    def result(self, text: str) -> None:
        """A result, on standard output."""
        print(text, file=self.out, flush=True)

    def json(self, rows: Any) -> None:
        """A result as JSON, on standard output and nothing else there."""
        # Made whole before it is written, so that what fails leaves no half of it behind.
        text = json.dumps(rows, ensure_ascii=False, default=str, allow_nan=False)
        self.out.write(text + "\n")
        self.out.flush()

    def error(self, code: str, **params: Any) -> int:
        """A refusal in one line; the exit code for it."""
        print(wording(code, params, self.lang), file=self.err, flush=True)
        return 2

    def failure(self, error: Exception) -> int:
        """Any exception as one clear line; the program's own faults also leave a note with the details."""
        if isinstance(error, XiangtuError):
            print(error.words(self.lang), file=self.err, flush=True)
            return error.exit_code
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return self.error("disk_full", path=error.filename or os.curdir)
        if isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            from pipelines.disk_words import disk_words

            return self.error("disk_write_failed", path=error.filename or os.curdir, **disk_words(error))
        with tempfile.NamedTemporaryFile(
            "w", prefix="xiangtu-", suffix=".log", delete=False, encoding="utf-8"
        ) as log:
            traceback.print_exception(error, file=log)
        return self.error("program_fault", kind=type(error).__name__, log=log.name)

    def issues(self, issues: Sequence[Issue], *, most: int = 12) -> None:
        """Findings counted by code, each with its first example."""
        order = {"refusal": 0, "error": 1, "warning": 2, "info": 3}
        groups: dict[str, list[Issue]] = {}
        for issue in issues:
            groups.setdefault(issue.code, []).append(issue)
        ranked = sorted(groups.values(), key=lambda g: (order[g[0].severity], -len(g)))
        mark = {"error": "✗", "warning": "!", "info": "·", "refusal": "✗"}
        for group in ranked[:most]:
            first = group[0]
            said = first.words(self.lang)
            named = first.row is None or f"第 {first.row} 行" in said[:12] or f"ow {first.row}" in said[:12]
            row = "" if named else self.pick(f"第 {first.row} 行：", f"row {first.row}: ")
            times = "" if len(group) == 1 else self.pick(f"（共 {len(group)} 处）", f" ({len(group)} in all)")
            print(f"  {mark[first.severity]} {row}{said}{times}", file=self.err)
        if len(ranked) > most:
            self.say(f"  … 另有 {len(ranked) - most} 类发现，见报告。", f"  … {len(ranked) - most} more kinds.")

    def _line_now_and_then(self) -> Progress:
        """Says how far a step is at most every LINE_SECONDS, so that a log shows that a long command goes on."""
        said = time.monotonic()

        def _tick(name: str, done: int, total: int | None) -> None:
            nonlocal said
            if time.monotonic() - said < LINE_SECONDS:
                return
            said = time.monotonic()
            zh, _, en = name.partition(" / ")
            far = f"{done:,d}" if total is None else f"{done:,d}/{total:,d}"
            print(f"  {self.pick(zh, en or zh)} {far}", file=self.err, flush=True)

        return _tick

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """A progress bar on a terminal, elsewhere a plain line now and then; `with console.progress() as tick`."""
        if not self.err.isatty():
            yield self._line_now_and_then()
            return
        from rich.console import Console as Terminal
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=Terminal(file=self.err), transient=True) as bar:
            tasks: dict[str, Any] = {}

            def tick(name: str, done: int, total: int | None) -> None:
                if name not in tasks:
                    tasks[name] = bar.add_task(name, total=total)
                bar.update(tasks[name], completed=done, total=total)

            yield tick


def write_text(path: Path, text: str) -> None:
    """Write a whole file or none of it."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def rows_text(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], headings: Sequence[str]) -> str:
    """Rows as a table for a terminal, numbers to the right."""
    cells = [[row[name] for name in columns] for row in rows]
    numeric = [
        all(v is None or (isinstance(v, (int, float)) and not isinstance(v, bool)) for v in column)
        for column in zip(*cells, strict=True)
    ] or [False] * len(columns)
    return _aligned([list(headings), *([_shown(v) for v in row] for row in cells)], numeric)


def csv_text(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[str], headings: Sequence[str] | None = None
) -> str:
    """Rows as CSV; text that a spreadsheet would run as a formula is made harmless."""
    from geo.access import neutralised

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(headings or columns)
    for row in rows:
        cells = (row[name] for name in columns)
        writer.writerow(["" if v is None else neutralised(v) if isinstance(v, str) else v for v in cells])
    return out.getvalue()


def table_text(frame: pd.DataFrame, headings: Sequence[str]) -> str:
    """A table for a terminal, columns aligned with Chinese characters counted as two wide."""
    cells = [list(headings), *([_shown(v) for v in row] for row in frame.itertuples(index=False))]
    return _aligned(cells, [frame.iloc[:, i].dtype.kind in "iuf" for i in range(len(headings))])


def _aligned(cells: list[list[str]], numeric: Sequence[bool]) -> str:
    """Lines of cells under each other, those of numeric columns to the right."""
    from rich.cells import cell_len

    widths = [max(cell_len(row[i]) for row in cells) for i in range(len(numeric))]
    lines = []
    for row in cells:
        parts = []
        for text, width, right in zip(row, widths, numeric, strict=True):
            pad = " " * (width - cell_len(text))
            parts.append(pad + text if right else text + pad)
        lines.append("  ".join(parts).rstrip())
    return "\n".join(lines)


def _shown(value: Any) -> str:
    if value is None or value != value:
        return "—"
    if isinstance(value, float):
        return f"{value:,.2f}"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value)


def indicator_words(one: Indicator, lang: str) -> str:
    """An indicator's name with its unit, for a heading."""
    units = {"mu": ("亩", "mu"), "m2": ("平方米", "m²"), "percent": ("%", "%"), "count": ("个", "")}
    unit = units.get(one.unit, (one.unit, one.unit))[1 if lang == "en" else 0]
    if not unit:
        return one.label(lang)
    return f"{one.label(lang)}（{unit}）" if lang != "en" else f"{one.label(lang)} ({unit})"
