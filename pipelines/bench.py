"""Measures the joins beside what a user would pick instead: time, memory, and whether the answer is the same."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from pipelines.bench_data import make_county
from pipelines.bench_rows import Row, as_table, keep
from pipelines.bench_ways import STAGES, WAYS, installed

__all__ = ["Row", "as_table", "run_bench"]

OURS = "xiangtu"
# Pairs with less in common than this are the rounding of coordinates in one way or another.
PAIR_M2 = 0.01
ZONAL = "zonal"


def run_bench(
    parcels: int,
    out: Path | None = None,
    *,
    repeats: int = 3,
    stages: Sequence[str] = (*STAGES, ZONAL),
    ways: Sequence[str] = tuple(WAYS),
    patience_s: float = 600.0,
    say: Callable[[str], None] = lambda line: None,
) -> list[Row]:
    """Make a county of so many parcels and run each stage by each way that is installed, in its own process.

    out: a JSON file for the rows, beside which a plot is drawn; rows of other sizes that it holds are kept.
    A way that takes longer than `patience_s` is not repeated. A peer that is not installed has a row that
    says so.
    """
    with tempfile.TemporaryDirectory(prefix="xiangtu-bench-") as name:
        folder = Path(name)
        say(f"making {parcels:,} parcels")
        make_county(folder, parcels)
        rows: list[Row] = []
        rows.append(_floor(folder, parcels))
        for stage in stages:
            if stage == ZONAL:
                rows += _zonal(parcels, say)
            else:
                rows += _stage(stage, folder, parcels, repeats, ways, patience_s, say)
    if out is not None:
        keep(rows, out)
    return rows


def _zonal(parcels: int, say: Callable[[str], None]) -> list[Row]:
    """Means under parcels: seconds per date of 24, cover shares worked out once shared among them.

    exactextract is measured on one date and at most 100,000 parcels, beside ours on the same; same_pairs is 1
    when no mean differs by more than 1e-6.
    """
    from pipelines.verify_bench import measure

    say("zonal statistics")
    found = measure(parcels)
    rows = []
    if found["beside"] != parcels:
        mine = found["ours"]
        rows.append(
            Row(ZONAL, parcels, OURS, "ok", seconds=mine["per_date_s"], ratio=1.0, peak_mb=mine["peak_mb"])
        )
    same = float(found["largest_difference"] < 1e-6)
    for way, one in ((OURS, found["ours_beside"]), ("exactextract", found["exactextract"])):
        ratio = found["ratio_per_date"] if way != OURS else 1.0
        seconds, peak = one["per_date_s"], one["peak_mb"]
        row = Row(ZONAL, found["beside"], way, "ok", seconds=seconds, ratio=ratio, peak_mb=peak, same_pairs=same)
        rows.append(row)
    return rows


def _floor(folder: Path, parcels: int) -> Row:
    """The time to read the parcels' geometry column once, nothing done with it."""
    code = (
        f"import pyarrow.parquet as pq; pq.read_table({str(folder / 'parcels.parquet')!r}, columns=['geometry'])"
    )
    times = [_child([sys.executable, "-c", code], 600.0) for _ in range(3)]
    seconds = statistics.median(one.seconds for one in times)
    cpu = statistics.median(one.cpu_s for one in times)
    return Row(
        "read", parcels, "pyarrow", "ok", seconds=round(seconds, 3), cpu_s=round(cpu, 3), peak_mb=times[0].peak_mb
    )


def _stage(
    stage: str,
    folder: Path,
    parcels: int,
    repeats: int,
    ways: Sequence[str],
    patience_s: float,
    say: Callable[[str], None],
) -> list[Row]:
    made: list[Row] = []
    mine: pd.DataFrame | None = None
    for way in sorted(ways, key=lambda one: one != OURS):
        if stage not in WAYS[way][2]:
            continue
        if not installed(way):
            made.append(Row(stage, parcels, way, "not_installed"))
            continue
        result = folder / f"result-{stage}-{way}.parquet"
        command = [sys.executable, "-m", "pipelines.bench_ways", stage, way, str(folder), str(result)]
        runs: list[_Run] = []
        if way == OURS:
            _child(command, patience_s)  # once beforehand, so that nothing is compiled under the clock
        while len(runs) < repeats and (not runs or runs[0].seconds < patience_s / repeats):
            runs.append(_child(command, patience_s))
            if runs[-1].code != 0:
                break
        row = _row(stage, parcels, way, runs, result, mine, made)
        if way == OURS and row.status == "ok":
            mine = pq.read_table(result).to_pandas()
        made.append(row)
        say(f"{stage} {way} {row.status} {row.seconds} s, {row.cpu_s} s of processors, {row.peak_mb} MB")
        result.unlink(missing_ok=True)
    return made


@dataclass(frozen=True)
class _Run:
    code: int
    seconds: float
    cpu_s: float
    peak_mb: float
    complaint: str


def _cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _child(command: list[str], patience_s: float) -> _Run:
    """Run a process of its own to its end, or until patience is at one."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    before, started = _cpu_of_children(), time.perf_counter()
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors, env=environment)
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, _resident_mb(process.pid))
            if time.perf_counter() - started > patience_s:
                process.kill()
            time.sleep(0.005)
        seconds = time.perf_counter() - started
        errors.seek(0)
        lines = errors.read().decode(errors="replace").strip().splitlines()
    cpu = _cpu_of_children() - before
    return _Run(process.returncode, seconds, cpu, peak, lines[-1] if lines else "")


def _resident_mb(pid: int) -> float:
    """The most a process has held so far, its children's with it; 0 where the system does not tell."""
    total = 0.0
    for one in (pid, *_children(pid)):
        try:
            lines = Path(f"/proc/{one}/status").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024
    return round(total, 1)


def _children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(one) for one in text.split()]


def _row(
    stage: str,
    parcels: int,
    way: str,
    runs: list[_Run],
    result: Path,
    mine: pd.DataFrame | None,
    before: list[Row],
) -> Row:
    if runs[-1].code != 0:
        status = "too_slow" if runs[-1].code == -9 else "failed"
        return Row(stage, parcels, way, status, error=runs[-1].complaint[:200])
    seconds = statistics.median(run.seconds for run in runs)
    cpu = statistics.median(run.cpu_s for run in runs)
    own = next((row for row in before if row.way == OURS), None)
    found = pq.read_table(result).to_pandas()
    same, off = _agreement(found, mine)
    real = found if "m2" not in found or "a" not in found else found[found["m2"] > PAIR_M2]
    return Row(
        stage,
        parcels,
        way,
        "ok",
        seconds=round(seconds, 3),
        ratio=round(seconds / own.seconds, 2) if own and own.seconds else None,
        cpu_s=round(cpu, 3),
        cpu_ratio=round(cpu / own.cpu_s, 2) if own and own.cpu_s else None,
        peak_mb=max(run.peak_mb for run in runs),
        pairs=len(real),
        area_m2=float(real["m2"].sum()) if "m2" in real else None,
        same_pairs=same,
        area_off=off,
    )


def _agreement(found: pd.DataFrame, mine: pd.DataFrame | None) -> tuple[float | None, float | None]:
    """Share of pairs both ways found, and how far the totals are apart (of lone areas, the worst)."""
    if mine is None:
        return None, None
    if "a" not in found:
        n = min(len(found), len(mine))
        each = np.abs(found["m2"].to_numpy()[:n] / mine["m2"].to_numpy()[:n] - 1)
        return None, float(each.max())
    both = [one if "m2" not in one else one[one["m2"] > PAIR_M2] for one in (found, mine)]
    keys = [one["a"].to_numpy(np.int64) * (1 << 32) + one["b"].to_numpy(np.int64) for one in both]
    common = len(np.intersect1d(*keys))
    same = common / max(len(keys[0]) + len(keys[1]) - common, 1)
    if "m2" not in found:
        return same, None
    totals = [float(one["m2"].sum()) for one in both]
    return same, abs(totals[0] / totals[1] - 1) if totals[1] else None
