"""What a whole county costs: its parcels added with all checks, joined, summed, asked for, and changed."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

from pipelines.bench_process import Run, load_average, run_process
from pipelines.bench_rows import OURS, Row

CHANGED = 0.01
PATIENCE_S = 3600.0
PEAK_MB = 2500
"""The most memory that a million parcels may take."""
MOST_OF_A_RUN = 0.05
"""The most of a run's processor time that a run after one parcel in a hundred changed may take."""
LAYER = "contract_parcel"
BESIDE = ("county", "township", "village", "zone", "permanent_farmland", "ecological_redline")
LEVELS = ("county", "township", "village", "zone")

Say = Callable[[str], None]


def measure(parcels: int, repeats: int, say: Say) -> list[Row]:
    """Rows of the stage `whole`: an invented county with so many contract parcels, each step a process of its own.

    Reading the file's geometry column and the whole file by pyarrow; `add` of the file with all checks; `run`;
    after one parcel in a hundred was delivered anew, `run` of what that changed, `run` of the same from nothing
    (areas, joins, tallies, figures), and that nothing changed; progress by every level. ratio: seconds by those of
    reading the geometry column; cpu_ratio of the `run` after a change: by that from nothing. `add` is made once,
    the rest `repeats` times. status `failed` where a command refused, a million took more than 2.5 GB, or the
    `run` after a change of a million more than 5 % of that from nothing.
    """
    with tempfile.TemporaryDirectory(prefix="xiangtu-county-") as name:
        folder = Path(name)
        say(f"whole: making a county of {parcels:,d} parcels")
        sent = make_deliveries(folder, parcels)
        return _measured(folder / "county", sent, folder / "changed.parquet", parcels, repeats, say)


def make_deliveries(folder: Path, parcels: int) -> Path:
    """A workspace `county` with areas and limiting lines taken in, and the parcels' file beside it; its path.

    In `changed.parquet` one parcel in a hundred comes again, moved and with another area.
    """
    import geopandas as gpd

    from data_samples.generate import COUNTY_CODE, COUNTY_NAME, write_county
    from pipelines.ingest import Options, add
    from pipelines.workspace import Workspace

    workspace = Workspace.create(folder / "county", code=COUNTY_CODE, name=COUNTY_NAME)
    sent = write_county(folder / "sent", parcels=parcels)
    for one in sent:
        if one.layer in BESIDE:
            add(workspace, one.path, Options(layer=one.layer, **one.options), at=one.at)
    file = next(one.path for one in sent if one.layer == LAYER and one.path.suffix == ".parquet")
    again = gpd.read_parquet(file).sample(frac=CHANGED, random_state=3)
    again["SCMJM"] = (again["SCMJM"] * 1.01).round(2)
    again["geometry"] = again.geometry.translate(3e-5, 2e-5)
    again.to_parquet(folder / "changed.parquet")
    return file


def _measured(root: Path, file: Path, changed: Path, parcels: int, repeats: int, say: Say) -> list[Row]:
    read = f"import pyarrow.parquet as pq; pq.read_table({str(file)!r}"
    rows: list[Row] = []

    def _step(note: str, command: Sequence[str], times: int = 1, again: Callable[[], object] = list) -> None:
        load, runs = load_average(), []
        for _ in range(times):
            again()
            runs.append(run_process([sys.executable, *command], PATIENCE_S))
        floor = rows[0].seconds if rows else None
        rows.append(_row(parcels, note, runs, load, floor))
        say(f"whole: {note} {rows[-1].status} {rows[-1].seconds} s, {rows[-1].peak_mb} MB")

    program = ("-m", "pipelines")
    _step("read the geometry column (pyarrow)", ["-c", f"{read}, columns=['geometry'])"], repeats)
    _step("read all columns (pyarrow)", ["-c", f"{read})"], repeats)
    _step("add", [*program, "add", str(root), str(file), "--layer", LAYER])
    _step("run", [*program, "run", str(root)])
    for by in LEVELS:
        _step(f"progress by {by}", [*program, "progress", str(root), "--layer", LAYER, "--by", by], repeats)
    _step("add of 1 % changed", [*program, "add", str(root), str(changed), "--layer", LAYER])
    summary = _Summary(root)
    _step("run after 1 % changed", [*program, "run", str(root)], repeats, summary.put_back)
    _step("run from nothing", [*program, "run", str(root)], min(repeats, 3), summary.drop)
    rows[-2:] = [_compared(rows[-2], rows[-1]), rows[-1]]
    say(f"whole: {rows[-2].note}")
    _step("run, nothing changed", [*program, "run", str(root)], repeats)
    return rows


class _Summary:
    """What a workspace has worked out, to be put back or dropped before a run is measured again."""

    def __init__(self, root: Path) -> None:
        self._folder, self._kept = root / "summary", root.with_name("summary-before")
        shutil.copytree(self._folder, self._kept)

    def drop(self) -> None:
        """Leave nothing worked out."""
        shutil.rmtree(self._folder)
        self._folder.mkdir()

    def put_back(self) -> None:
        """Leave what was worked out at the beginning."""
        shutil.rmtree(self._folder)
        shutil.copytree(self._kept, self._folder)


def _compared(some: Row, whole: Row) -> Row:
    """The row of a run of few changes, with its share of the processor time of one from nothing."""
    share = (some.cpu_s or 0.0) / (whole.cpu_s or 1.0)
    error = some.error
    if share > MOST_OF_A_RUN and some.parcels >= 1_000_000:
        error = error or f"more than {MOST_OF_A_RUN:.0%} of a run from nothing"
    note = f"{some.note}: {share:.1%} of a run from nothing"
    return replace(
        some, cpu_ratio=round(share, 4), note=note, error=error, status="failed" if error else some.status
    )


def _row(parcels: int, note: str, runs: Sequence[Run], load: float | None, floor: float | None) -> Row:
    seconds, peak = median(one.seconds for one in runs), max(one.peak_mb for one in runs)
    bad = next((one for one in runs if one.code not in (0, 1)), None)
    heavy = peak > PEAK_MB * max(parcels / 1_000_000, 1)
    return Row(
        "whole",
        parcels,
        OURS if "pyarrow" not in note else "pyarrow",
        "failed" if bad or heavy else "ok",
        runs=len(runs),
        seconds=round(seconds, 3),
        slowest=round(max(one.seconds for one in runs), 3),
        cpu_s=round(median(one.cpu_s for one in runs), 3),
        ratio=round(seconds / floor, 2) if floor else None,
        peak_mb=peak,
        load=load,
        error=bad.complaint[:200] if bad else f"more than {PEAK_MB} MB" if heavy else None,
        note=note,
    )
