"""What a province costs: counties taken in, worked out on a cluster that loses a worker, and worked out here."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import date
from pathlib import Path
from typing import Any

from geo.errors import Refused
from pipelines.bench_process import load_average
from pipelines.bench_rows import OURS, Row
from pipelines.days import today
from pipelines.engine import engine
from pipelines.province import read_province, run_province

COUNTIES = 20
PARCELS = 200_000
FEW = 3
"""So many counties where they are smaller."""
WORKERS = 2
CODE = 519_801
TOWNSHIPS_OF = 20
"""Villages of one township."""

Say = Callable[[str], None]


def measure(parcels: int, repeats: int, say: Say, *, counties: int | None = None) -> list[Row]:
    """Rows of the stage `province`: counties of a fifth of `parcels` each (20 of 200,000 for a million).

    One row for taking all in, one for working all out on a cluster of two workers of which one is killed half-way,
    and one for two processes without a cluster; same_pairs is 1 where all sums of all layers are the same as on
    the cluster. Run once: seconds are of the whole province.
    """
    each = max(parcels // 5, 1)
    counties = counties or (COUNTIES if each >= PARCELS else FEW)
    with tempfile.TemporaryDirectory(prefix="xiangtu-province-") as name:
        root = Path(name)
        rows = [_taken_in(root, counties, each, say)]
        try:
            rows += _worked_out(root, counties, each, say)
        except Refused as refusal:
            if refusal.code != "cluster_missing":
                raise
            rows.append(Row("province", counties * each, "dask", "not_installed"))
    return rows


def _row(counties: int, each: int, way: str, begun: float, cpu_s: float, load: float | None, note: str) -> Row:
    seconds = time.perf_counter() - begun
    told = f"{counties} counties × {each:,d} parcels: {note}"
    used = round(time.process_time() + _children_s() - cpu_s, 1)
    return Row(
        "province", counties * each, way, "ok", runs=1, seconds=round(seconds, 1), cpu_s=used, load=load, note=told
    )


def _children_s() -> float:
    import resource

    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _taken_in(root: Path, counties: int, each: int, say: Say) -> Row:
    load, cpu_s, begun = load_average(), time.process_time() + _children_s(), time.perf_counter()
    with engine("local", workers=WORKERS) as executor:
        say(f"province: taking in {counties} counties")
        made = [
            executor.submit(make_workspace, str(root), CODE + number, each, number) for number in range(counties)
        ]
        for done, one in enumerate(made, start=1):
            one.result()
            say(f"province: {done} of {counties} taken in")
    return _row(counties, each, OURS, begun, cpu_s, load, "make and add, 2 processes")


def _worked_out(root: Path, counties: int, each: int, say: Say) -> list[Row]:
    from distributed import LocalCluster

    day, rows = today(), []
    make: Any = LocalCluster
    load, cpu_s, begun = load_average(), time.process_time() + _children_s(), time.perf_counter()
    with make(n_workers=WORKERS, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster:
        killed = _Killer(cluster.scheduler_address, counties // 2, say)
        with engine("dask", cluster.scheduler_address) as executor:
            there = _run(root, executor, day, killed)
    rows.append(_row(counties, each, "dask", begun, cpu_s, load, f"run, {killed.killed} worker killed half-way"))
    for summary in root.glob("*/summary"):
        for kept in ("tallies", "joins", "relations", "figures", "indexes"):
            shutil.rmtree(summary / kept, ignore_errors=True)
    say("province: the same here")
    load, cpu_s, begun = load_average(), time.process_time() + _children_s(), time.perf_counter()
    with engine("local", workers=WORKERS) as executor:
        here = _run(root, executor, day, lambda code, sums: None)
    row = _row(counties, each, OURS, begun, cpu_s, load, "run, 2 processes")
    return [*rows, Row(**{**vars(row), "same_pairs": float(here == there)})]


def _run(root: Path, executor: Executor, day: date, done: Callable[[str, Any], None]) -> Any:
    return run_province(read_province(root), executor, day=day, done=done)


class _Killer:
    """Kills one busy worker when so many counties are done."""

    def __init__(self, address: str, after: int, say: Say) -> None:
        self.killed = 0
        self._address, self._after, self._say, self._done = address, after, say, 0

    def __call__(self, code: str, _: object) -> None:
        self._done += 1
        self._say(f"province: {self._done} worked out ({code})")
        if self._done != self._after:
            return
        from distributed import Client

        connect: Any = Client
        with connect(self._address) as client:
            pids = client.run(os.getpid)
            busy = [worker for worker, tasks in client.processing().items() if tasks]
            os.kill(pids[busy[0] if busy else next(iter(pids))], signal.SIGKILL)
        self.killed += 1


def make_workspace(root: str, code: int, parcels: int, seed: int) -> str:
    """One invented county's workspace `county=CODE` with villages, plan polygons and parcels; its path."""
    from pipelines.bench_data import make_county
    from pipelines.ingest import Options, add
    from pipelines.workspace import Workspace

    workspace = Workspace.create(Path(root) / f"county={code}", code=str(code), name=f"第{code % 1000}县")
    with tempfile.TemporaryDirectory(prefix="xiangtu-county-") as name:
        files = _papers(make_county(Path(name), parcels, seed=20_260_601 + seed), code)
        for layer, path in files.items():
            add(workspace, path, Options(layer=layer), at=date(2026, 6, 1))
    return str(workspace.root)


def _papers(files: dict[str, Path], code: int) -> dict[str, Path]:
    """The benchmark's county under the headings of the standards: layer id → file, in the order to take in."""
    import geopandas as gpd
    import numpy as np

    villages = gpd.read_parquet(files["villages"])
    town = np.arange(len(villages)) // TOWNSHIPS_OF
    parent = [f"{code}{100 + one:03d}" for one in town]
    villages = villages.assign(
        XZQDM=[f"{one}{201 + at % TOWNSHIPS_OF}" for at, one in enumerate(parent)],
        XZQMC=[f"第{at + 1}村" for at in range(len(villages))],
        乡镇代码=parent,
    ).drop(columns=["id", "area_m2"])
    towns = villages.dissolve(by="乡镇代码")[["geometry"]].reset_index()
    towns = towns.rename(columns={"乡镇代码": "XZQDM"}).assign(XZQMC=[f"第{n + 1}镇" for n in range(len(towns))])
    parcels = gpd.read_parquet(files["parcels"])
    mu = (parcels["area_m2"] * 0.0015).round(2)
    frames = {
        "township": towns,
        "village": villages,
        "permanent_farmland": gpd.read_parquet(files["farmland"]).rename(columns={"id": "TBBH"}),
        "ecological_redline": gpd.read_parquet(files["redline"]).rename(columns={"id": "TBBH"}),
        "contract_parcel": parcels[["geometry"]].assign(
            DKBM=[f"{code}{n:013d}" for n in range(len(parcels))], SCMJM=mu
        ),
    }
    made = {}
    for layer, frame in frames.items():
        made[layer] = files["parcels"].with_name(f"{layer}.parquet")
        frame.drop(columns="area_m2", errors="ignore").to_parquet(made[layer])
    return made
