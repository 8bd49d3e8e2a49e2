"""What a whole county costs: its parcels added with all checks, joined, summed, asked for, and changed."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from pipelines.bench_process import Run, load_average, run_process
from pipelines.bench_rows import OURS, Row

CHANGED = 0.01
PATIENCE_S = 3600.0
PEAK_MB = 2500
"""The most memory that a million parcels may take."""
LAYER = "contract_parcel"
BESIDE = ("county", "township", "village", "zone", "permanent_farmland", "ecological_redline")
LEVELS = ("county", "township", "village", "zone")

Say = Callable[[str], None]


def measure(parcels: int, repeats: int, say: Say) -> list[Row]:
    """Rows of the stage `whole`: an invented county with so many contract parcels, each step a process of its own.

    Reading the file's geometry column and the whole file by pyarrow; `add` of the file with all checks; `run`;
    the same after one parcel in a hundred was delivered anew; progress by every level. ratio: seconds by those of
    reading the geometry column. `add` and both `run` are made once, reading and progress `repeats` times. status
    `failed` where a command refused, or a million took more than 2.5 GB.
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

    def _step(note: str, command: Sequence[str], times: int = 1) -> None:
        load = load_average()
        runs = [run_process([sys.executable, *command], PATIENCE_S) for _ in range(times)]
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
    _step("run after 1 % changed", [*program, "run", str(root)])
    shutil.rmtree(root / "summary")
    (root / "summary").mkdir()
    _step("run from nothing", [*program, "run", str(root)])
    return rows


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
