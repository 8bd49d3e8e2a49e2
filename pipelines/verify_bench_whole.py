"""Measures the whole satellite check of a county: memory and time, and that a broken run goes on."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
from pyproj import Transformer

from geo.zonal import BLOCK
from pipelines.bench_rows import OURS, Row
from pipelines.verify_bench import DATES, SIDE, parcels_of, write_rasters

LAYER = "contract_parcel"
CODE = "519799"
# Parcels of one village; so many villages have peers enough of their own.
PER_VILLAGE = 2500


def write_county(root: Path, count: int) -> Path:
    """A workspace whose contract parcels are `count` made-up ones, written as an accepted import is."""
    from geo.layers import builtin_layers
    from pipelines.store.geoparquet import layer_writer, schema_of
    from pipelines.workspace import Import, Workspace

    workspace = Workspace.create(root, code=CODE, name="测算县")
    layer = builtin_layers()[LAYER]
    made = Import("bench", LAYER, datetime(2023, 10, 1, tzinfo=UTC), "bench.gpkg", "bench", "0", count, count, 0)
    folder = workspace.import_folder(made)
    folder.mkdir(parents=True)
    with layer_writer(folder / "data.parquet", schema_of(layer)) as writer:
        for part in _county(count):
            writer.write(part)
    (folder / "source.json").write_text(made.as_json(), encoding="utf-8")
    return root


def _county(count: int) -> Iterator[pd.DataFrame]:
    to_degrees = Transformer.from_crs(32648, 4490, always_xy=True)
    for first in range(0, count, BLOCK):
        rows = np.arange(first, min(first + BLOCK, count))
        plane = parcels_of(rows, count)
        shapes = shapely.transform(plane, to_degrees.transform, interleaved=False)
        middle = shapely.get_coordinates(shapely.centroid(shapes))
        village = [f"{CODE}{100 + n // 200:03d}{n % 200:03d}" for n in rows // PER_VILLAGE]
        ids = [f"{code}{n:07d}" for code, n in zip(village, rows, strict=True)]
        columns: dict[str, Any] = {"id": ids, "parcel_id": ids, "area_m2": shapely.area(plane)}
        columns |= {"lon": middle[:, 0], "lat": middle[:, 1], "placed_by": "geometry", "area_code": village}
        columns |= {"source_row": rows + 1, "contracted_mu": np.round(shapely.area(plane) * 0.0015, 2)}
        yield pd.DataFrame(columns).assign(geometry=shapes)


def command(root: Path, scenes: Path) -> list[str]:
    """The command line that is measured."""
    return [*(sys.executable, "-m", "pipelines", "verify", str(root)), "--scenes", str(scenes), "--layer", LAYER]


def timed(arguments: list[str]) -> dict[str, float]:
    """Seconds and peak MB of one command, run to its end."""
    start = time.perf_counter()
    done = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert done.stderr is not None
    said = done.stderr.read()
    _, status, used = os.wait4(done.pid, 0)
    done.returncode = os.waitstatus_to_exitcode(status)
    if done.returncode not in (0, 1):
        raise RuntimeError(said.decode(errors="replace")[-2000:])
    return {"seconds": time.perf_counter() - start, "peak_mb": used.ru_maxrss / 1000}


def broken_off(arguments: list[str], kept: Path, scenes: int) -> int:
    """Run the command and kill it once it has kept `scenes` scenes; how many it had kept by then."""
    running = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while running.poll() is None and len(list(kept.glob("*/*.npz"))) < scenes:
        time.sleep(0.2)
    if running.poll() is None:
        running.send_signal(signal.SIGKILL)
    running.wait()
    return len(list(kept.glob("*/*.npz")))


def mark(root: Path) -> str:
    """A mark of every verdict with its evidence, and of the figures by area."""
    target = root / "summary" / "verify" / LAYER
    total = hashlib.sha256()
    for name in ("verdicts.parquet", "areas.parquet"):
        frame = pd.read_parquet(target / name)
        total.update(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes())
    return total.hexdigest()[:16]


def measure(count: int, *, bands: bool = False) -> dict[str, Any]:
    """Measure the whole command on `count` parcels: at one go, killed half way and run again, and once more.

    bands: on all bands with clouds (NDVI, LSWI, BSI under a scene classification) in place of a ready-made index.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scenes = folder / "scenes"
        scenes.mkdir()
        write_rasters(scenes, bands=bands)
        root = write_county(folder / "county", count)
        other = write_county(folder / "other", count)
        whole = timed(command(root, scenes))
        kept = broken_off(command(other, scenes), other / "summary" / "verify" / LAYER / "scenes", DATES // 2)
        rest = timed(command(other, scenes))
        again = timed(command(other, scenes))
        same = mark(root) == mark(other)
    return {
        "stage": f"xiangtu verify, {DATES} dates of {SIDE}×{SIDE}" + (", all bands" if bands else ""),
        "parcels": count,
        "whole": whole,
        "killed_after_scenes": kept,
        "then": rest,
        "again": again,
        "same_figures": same,
    }


def rows(parcels: int, repeats: int, say: Callable[[str], None]) -> list[Row]:
    """The whole command as a stage of `xiangtu bench`: an index, then all bands. Run once each.

    same_pairs is 1 when a run killed half way and run again gave the same verdicts, evidence and 亩.
    """
    made = []
    for bands in (False, True):
        say(f"verify: {'all bands' if bands else 'an index'}, {DATES} dates")
        found = measure(parcels, bands=bands)
        what = "all bands" if bands else "an index"
        same = float(found["same_figures"])
        steps = (("whole", "at one go"), ("then", f"after a kill at {found['killed_after_scenes']} scenes"))
        for key, note in (*steps, ("again", "all scenes kept")):
            one = found[key]
            seconds, peak, note = round(one["seconds"], 1), one["peak_mb"], f"{what}, {note}"
            made.append(
                Row("verify", parcels, OURS, "ok", "", 1, seconds, peak_mb=peak, same_pairs=same, note=note)
            )
    return made


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]), bands="--bands" in sys.argv), indent=1))
