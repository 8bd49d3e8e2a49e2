"""Measures the joins beside what a user would pick instead: time, memory, and whether the answer is the same."""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from pipelines.bench_data import make_county
from pipelines.bench_other import MEASURES, measure
from pipelines.bench_plot import draw
from pipelines.bench_process import Run, load_average, run_process
from pipelines.bench_rows import OURS, Row, as_table, compare, keep
from pipelines.bench_ways import STAGES, WAYS, installed

__all__ = ["ALL_STAGES", "OURS", "WAYS", "Row", "as_table", "compare", "run_bench"]

Columns = dict[str, npt.NDArray[Any]]

# Pairs with less in common than this are the rounding of coordinates in one way or another.
PAIR_M2 = 0.01
PATIENCE_S = 120.0
"""A way that takes longer is stopped, and said to be too slow."""
SPENT_S = 60.0
"""A way is not run again when that would take it beyond so many seconds in all."""
ALL_STAGES = (*STAGES, *MEASURES)


@dataclass
class _Way:
    """The runs of one way of a stage so far, by round, and what it found in the first."""

    name: str
    runs: dict[int, Run] = field(default_factory=dict)
    found: Columns = field(default_factory=dict)
    work_s: list[float] = field(default_factory=list)

    def again(self) -> bool:
        """Whether it may be run once more."""
        last = list(self.runs.values())[-1:]
        spent = sum(run.seconds for run in self.runs.values())
        return not last or (last[0].code == 0 and (self.name == OURS or spent + last[0].seconds <= SPENT_S))


def run_bench(
    sizes: Sequence[int],
    out: Path | None = None,
    *,
    repeats: int = 5,
    stages: Sequence[str] = ALL_STAGES,
    ways: Sequence[str] = tuple(WAYS),
    patience_s: float = PATIENCE_S,
    say: Callable[[str], None] = lambda line: None,
) -> list[Row]:
    """Make counties of so many parcels and run each stage by each way that is installed, in its own process.

    out: a JSON file for the rows, beside which a plot is drawn; rows of other sizes that it holds are kept.
    Ways take turns, so that whatever else the machine does disturbs all alike; a slow one takes fewer. A peer
    that is not installed has a row that says so.
    """
    rows: list[Row] = []
    for parcels in sizes:
        with tempfile.TemporaryDirectory(prefix="xiangtu-bench-") as name:
            folder = Path(name)
            say(f"making {parcels:,} parcels")
            make_county(folder, parcels)
            made = [_floor(folder, parcels)]
            for stage in stages:
                if stage in MEASURES:
                    made += measure(stage, parcels, repeats, say)
                else:
                    made += _stage(stage, folder, parcels, repeats, ways, patience_s, say)
                if out is not None:
                    draw(keep(made, out), out.with_suffix(".svg"))
        rows += made
    return rows


def _floor(folder: Path, parcels: int) -> Row:
    """The time to read the parcels' geometry column once, nothing done with it."""
    path = str(folder / "parcels.parquet")
    code = f"import pyarrow.parquet as pq; pq.ParquetFile({path!r}).read(columns=['geometry'])"
    runs = [run_process([sys.executable, "-c", code], 600.0) for _ in range(3)]
    return Row("read", parcels, "pyarrow", "ok", **_times(runs), load=load_average())


def _times(runs: Sequence[Run]) -> dict[str, Any]:
    return {
        "runs": len(runs),
        "seconds": round(statistics.median(run.seconds for run in runs), 3),
        "slowest": round(max(run.seconds for run in runs), 3),
        "cpu_s": round(statistics.median(run.cpu_s for run in runs), 3),
        "peak_mb": max(run.peak_mb for run in runs),
    }


def _stage(
    stage: str,
    folder: Path,
    parcels: int,
    repeats: int,
    ways: Sequence[str],
    patience_s: float,
    say: Callable[[str], None],
) -> list[Row]:
    wanted = [way for way in sorted(ways, key=lambda one: one != OURS) if stage in WAYS[way][2]]
    here = [_Way(way) for way in wanted if installed(way)]
    load = load_average()
    if any(one.name == OURS for one in here):
        # Once beforehand, so that nothing is compiled under the clock.
        run_process(_command(stage, OURS, folder), patience_s)
    for turn in range(repeats):
        for one in here if turn % 2 == 0 else reversed(here):
            if not one.again():
                continue
            run = run_process(_command(stage, one.name, folder), patience_s)
            one.runs[turn] = run
            say(f"{stage} {turn + 1}/{repeats} {one.name} {run.seconds:.2f} s, {run.peak_mb:.0f} MB")
            _collect(one, folder / f"result-{stage}-{one.name}.parquet")
    own = next((one for one in here if one.name == OURS), None)
    made = {one.name: _row(stage, parcels, one, own, load) for one in here}
    missing = {way: Row(stage, parcels, way, "not_installed", WAYS[way][3]) for way in wanted if way not in made}
    return [{**made, **missing}[way] for way in wanted]


def _command(stage: str, way: str, folder: Path) -> list[str]:
    result = folder / f"result-{stage}-{way}.parquet"
    return [sys.executable, "-m", "pipelines.bench_ways", stage, way, str(folder), str(result)]


def _collect(way: _Way, result: Path) -> None:
    """Take what a run found, the first time, and what it said of its work; leave no file, whole or not."""
    well = list(way.runs.values())[-1].code == 0
    if well and not way.found:
        table = pq.read_table(result)
        way.found = {name: table[name].to_numpy() for name in table.column_names}
    note = result.with_suffix(".json")
    if well and note.exists():
        way.work_s.append(json.loads(note.read_text(encoding="utf-8"))["work_s"])
    for path in (result, note):
        path.unlink(missing_ok=True)


def _row(stage: str, parcels: int, way: _Way, own: _Way | None, load: float | None) -> Row:
    runs, form = list(way.runs.values()), WAYS[way.name][3]
    last = runs[-1]
    ratio = _ratio(way, own, "seconds")
    if last.code == -9:
        return Row(
            stage, parcels, way.name, "too_slow", form, len(runs), round(last.seconds, 1), ratio=ratio, load=load
        )
    if last.code != 0:
        return Row(stage, parcels, way.name, "failed", form, len(runs), error=last.complaint[:200], load=load)
    real = _real(way.found)
    same, off = _agreement(way.found, own.found) if own and own.found else (None, None)
    work = statistics.median(way.work_s) if way.work_s else None
    by = statistics.median(own.work_s) if own and own.work_s else None
    return Row(
        stage,
        parcels,
        way.name,
        "ok",
        form,
        **_times(runs),
        ratio=ratio,
        cpu_ratio=_ratio(way, own, "cpu_s"),
        work_s=work,
        work_ratio=work / by if work and by else None,
        pairs=len(next(iter(real.values()))),
        area_m2=float(real["m2"].sum()) if "m2" in real else None,
        same_pairs=same,
        area_off=off,
        load=load,
    )


def _ratio(way: _Way, own: _Way | None, name: str) -> float | None:
    """The median, over the rounds that both ran, of the time of a way by that of ours."""
    if own is None:
        return None
    both = [turn for turn in way.runs if turn in own.runs and getattr(own.runs[turn], name) > 0]
    each = [getattr(way.runs[turn], name) / getattr(own.runs[turn], name) for turn in both]
    return round(statistics.median(each), 2) if each else None


def _real(found: Columns) -> Columns:
    """The pairs that have more in common than rounding; lone areas all."""
    if "m2" not in found or "a" not in found:
        return found
    kept = found["m2"] > PAIR_M2
    return {name: values[kept] for name, values in found.items()}


def _agreement(found: Columns, mine: Columns) -> tuple[float | None, float | None]:
    """Share of pairs both ways found, and how far the totals are apart (of lone areas, the worst)."""
    if "a" not in found:
        n = min(len(found["m2"]), len(mine["m2"]))
        return None, float(np.abs(found["m2"][:n] / mine["m2"][:n] - 1).max(initial=0.0))
    both = _real(found), _real(mine)
    keys = [one["a"].astype(np.int64) * (1 << 32) + one["b"].astype(np.int64) for one in both]
    common = len(np.intersect1d(keys[0], keys[1]))
    same = common / max(len(keys[0]) + len(keys[1]) - common, 1)
    if "m2" not in found:
        return same, None
    totals = [float(one["m2"].sum()) for one in both]
    return same, abs(totals[0] / totals[1] - 1) if totals[1] else None
