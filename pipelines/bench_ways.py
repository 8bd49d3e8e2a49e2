"""The ways to do a stage of the benchmark: ours, and what a user would pick instead, each in its own process.

Run as `python -m pipelines.bench_ways STAGE WAY FOLDER OUT`: reads the GeoParquet files of FOLDER, does the
stage and writes what it found as a table to OUT. Nothing is shared between ways but the files.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

Way = Callable[[str, Path, Path], None]

PAIRS = {"villages": "villages", "farmland": "farmland", "redline": "redline"}
SELF = {"transfers": "transfers", "parcels": "parcels"}
STAGES = (*PAIRS, *SELF, "points", "area")


def _write(out: Path, **columns: Any) -> None:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    made = {}
    for name, values in columns.items():
        array = np.ascontiguousarray(values)
        kind = pa.int64() if array.dtype.kind == "i" else pa.float64()
        # Made of its buffer: pyarrow would load pandas to look at an array, which takes longer than to
        # join.
        buffer = pa.py_buffer(array.astype(kind.to_pandas_dtype(), copy=False))
        made[name] = pa.Array.from_buffers(kind, len(array), [None, buffer])
    pq.write_table(pa.Table.from_arrays(list(made.values()), list(made)), out, compression="none")


def ours(stage: str, folder: Path, out: Path) -> None:
    """Xiangtu: the functions that `xiangtu run` calls, which refuse invalid polygons first."""
    from geo.kernels import common_areas, index, refuse_invalid_flat
    from pipelines.store.flat_columns import each_group, read_flat

    if stage in PAIRS:
        import numpy as np

        zones = read_flat(folder / f"{stage}.parquet")
        refuse_invalid_flat(zones)
        others = index(zones)

        def join(flat: Any) -> Any:
            refuse_invalid_flat(flat)
            return len(flat), *common_areas(flat, others, workers=1)

        parts = each_group(folder / "parcels.parquet", join)
        begin = np.cumsum([0, *(part[0] for part in parts)])
        a = np.concatenate([part[1] + at for part, at in zip(parts, begin, strict=False)])
        b, m2 = (np.concatenate([part[k] for part in parts]) for k in (2, 3))
        _write(out, a=a, b=b, m2=m2)
    elif stage in SELF:
        flat = read_flat(folder / f"{SELF[stage]}.parquet")
        refuse_invalid_flat(flat)
        a, b, m2 = common_areas(flat, index(flat), later_only=True)
        _write(out, a=a, b=b, m2=m2)
    elif stage == "points":
        _our_points(folder, out)
    else:
        _our_areas(folder, out)


def _our_areas(folder: Path, out: Path) -> None:
    import time

    import numpy as np

    from geo.kernels import flat_area_m2
    from pipelines.store.flat_columns import each_group

    def measured(flat: Any) -> Any:
        begin = time.thread_time()
        return flat_area_m2(flat), time.thread_time() - begin

    parts = each_group(folder / "parcels.parquet", measured)
    _write(out, m2=np.concatenate([one for one, _ in parts]))
    _note(out, sum(work for _, work in parts))


def _note(out: Path, work_s: float) -> None:
    """Say how much processor time the work itself took, without starting, reading and writing."""
    import json

    out.with_suffix(".json").write_text(json.dumps({"work_s": work_s}), encoding="utf-8")


def _our_points(folder: Path, out: Path) -> None:
    import numpy as np

    from geo.slabs import on_first, slabs_of
    from pipelines.store.flat_columns import read_flat, read_points

    areas = on_first(read_points(folder / "points.parquet"), slabs_of(read_flat(folder / "villages.parquet")))
    found = np.flatnonzero(areas >= 0)
    _write(out, a=found, b=areas[found])


def geopandas(stage: str, folder: Path, out: Path) -> None:
    """GeoPandas, plain code: overlay, sjoin."""
    import geopandas as gpd
    from shapely import area, intersection

    if stage == "area":
        frame = gpd.read_parquet(folder / "parcels.parquet")
        _write(out, m2=frame.to_crs(6933).area)
        return
    if stage == "points":
        points = gpd.read_parquet(folder / "points.parquet")
        found = gpd.sjoin(points, gpd.read_parquet(folder / "villages.parquet"), predicate="intersects")
        _write(out, a=found["id_left"], b=found["id_right"])
        return
    left, right = _two(stage)
    mine, theirs = (gpd.read_parquet(folder / f"{name}.parquet") for name in (left, right))
    if stage in SELF:
        pairs = gpd.sjoin(mine, theirs, predicate="intersects")
        pairs = pairs[pairs["id_left"] < pairs["id_right"]]
        other = theirs.geometry.loc[pairs["id_right"].to_numpy()]
        own = pairs.geometry.to_numpy()
        m2 = area(intersection(own, other.to_numpy())) / area(own) * pairs["area_m2_left"]
        _write(out, a=pairs["id_left"], b=pairs["id_right"], m2=m2)
        return
    mine["factor"] = mine["area_m2"] / area(mine.geometry.to_numpy())
    both = gpd.overlay(mine, theirs, how="intersection", keep_geom_type=True)
    _write(out, a=both["id_1"], b=both["id_2"], m2=area(both.geometry.to_numpy()) * both["factor"])


def _two(stage: str) -> tuple[str, str]:
    return ("parcels", stage) if stage in PAIRS else (SELF[stage], SELF[stage])


def shapely(stage: str, folder: Path, out: Path) -> None:
    """Shapely 2 by hand: tree, prepared zones, intersections only where they are needed."""
    import geopandas as gpd
    import numpy as np
    from shapely import STRtree, area, contains_properly, intersection, intersects, prepare

    left, right = _two(stage)
    frame = gpd.read_parquet(folder / f"{left}.parquet")
    mine, m2 = frame.geometry.to_numpy(), frame["area_m2"].to_numpy()
    theirs = mine if left == right else gpd.read_parquet(folder / f"{right}.parquet").geometry.to_numpy()
    b, a = STRtree(mine).query(theirs)
    if left == right:
        a, b = a[a < b], b[a < b]
    prepare(theirs)
    touching = intersects(theirs[b], mine[a])
    a, b = a[touching], b[touching]
    share = contains_properly(theirs[b], mine[a]).astype(float)
    cut = np.flatnonzero(share == 0)
    share[cut] = area(intersection(mine[a[cut]], theirs[b[cut]])) / area(mine[a[cut]])
    _write(out, a=a, b=b, m2=share * m2[a])


def pyproj(stage: str, folder: Path, out: Path) -> None:
    """pyproj.Geod, polygon by polygon."""
    import time

    import geopandas as gpd
    from pyproj import Geod

    shapes = gpd.read_parquet(folder / "parcels.parquet", columns=["geometry"]).geometry.to_numpy()
    geod = Geod(a=6378137.0, rf=298.257222101)
    begin = time.process_time()
    m2 = [abs(geod.geometry_area_perimeter(shape)[0]) for shape in shapes]
    work = time.process_time() - begin
    _write(out, m2=m2)
    _note(out, work)


def _sql(stage: str, folder: Path, *, tuned: bool, source: str) -> str:
    """The join as SQL; tuned: what lies within needs no intersection."""
    if stage == "points":
        mine, theirs = (source.format(folder / f"{name}.parquet") for name in ("points", "villages"))
        return (
            f"select p.id as a, v.id as b from {mine} p join {theirs} v on ST_Intersects(p.geometry, v.geometry)"
        )
    left, right = _two(stage)
    mine, theirs = (source.format(folder / f"{name}.parquet") for name in (left, right))
    cut = "ST_Area(ST_Intersection(p.geometry, v.geometry)) / ST_Area(p.geometry)"
    share = f"case when ST_Within(p.geometry, v.geometry) then 1.0 else {cut} end" if tuned else cut
    once = " and p.id < v.id" if left == right else ""
    return (
        f"select p.id as a, v.id as b, {share} * p.area_m2 as m2 "
        f"from {mine} p join {theirs} v on ST_Intersects(p.geometry, v.geometry){once}"
    )


def duckdb(stage: str, folder: Path, out: Path, *, tuned: bool = False) -> None:
    """DuckDB with its spatial extension."""
    import duckdb as engine
    from duckdb_extensions import import_extension

    connection = engine.connect()
    import_extension("spatial", con=connection)
    connection.execute("load spatial")
    query = _sql(stage, folder, tuned=tuned, source="read_parquet('{}')")
    connection.execute(f"copy ({query}) to '{out}' (format parquet)")


def duckdb_tuned(stage: str, folder: Path, out: Path) -> None:
    """DuckDB, within first."""
    duckdb(stage, folder, out, tuned=True)


def sedonadb(stage: str, folder: Path, out: Path, *, tuned: bool = False) -> None:
    """SedonaDB."""
    import pyarrow.parquet as pq
    import sedonadb as engine

    session = engine.connect()
    for name in {"points", "villages"} if stage == "points" else set(_two(stage)):
        session.read_parquet(str(folder / f"{name}.parquet")).to_view(name)
    query = _sql(stage, folder, tuned=tuned, source="{}")
    for name in ("points", *PAIRS, *SELF):
        query = query.replace(str(folder / f"{name}.parquet"), name)
    pq.write_table(session.sql(query).to_arrow_table(), out, compression="none")


def sedonadb_tuned(stage: str, folder: Path, out: Path) -> None:
    """SedonaDB, within first."""
    sedonadb(stage, folder, out, tuned=True)


def dask_geopandas(stage: str, folder: Path, out: Path) -> None:
    """Dask-GeoPandas on two worker processes."""
    import dask_geopandas
    import geopandas as gpd
    import pandas as pd
    from dask.base import compute
    from dask.config import set as configure
    from dask.delayed import delayed
    from shapely import area

    zones = gpd.read_parquet(folder / f"{stage}.parquet")

    def cut(part: Any) -> Any:
        both = gpd.overlay(part, zones, how="intersection", keep_geom_type=True)
        return both.assign(m2=area(both.geometry.to_numpy()))[["id_1", "id_2", "m2"]]

    parcels = gpd.read_parquet(folder / "parcels.parquet")
    factor = (parcels["area_m2"] / area(parcels.geometry.to_numpy())).to_numpy()
    parts = dask_geopandas.from_geopandas(parcels, npartitions=8).to_delayed()
    with configure(scheduler="processes", num_workers=2):
        run: Any = compute
        made = run(*(delayed(cut)(part) for part in parts))
    both = pd.concat(made)
    _write(out, a=both["id_1"], b=both["id_2"], m2=both["m2"] * factor[both["id_1"]])


PLAIN, TUNED = "plain", "tuned"
WAYS: dict[str, tuple[Way, str, tuple[str, ...], str]] = {
    "xiangtu": (ours, "llvmlite", STAGES, ""),
    "geopandas": (geopandas, "geopandas", STAGES, PLAIN),
    "shapely": (shapely, "shapely", (*PAIRS, *SELF), TUNED),
    "duckdb": (duckdb, "duckdb_extension_spatial", (*PAIRS, *SELF, "points"), PLAIN),
    "duckdb_tuned": (duckdb_tuned, "duckdb_extension_spatial", tuple(PAIRS), TUNED),
    "sedonadb": (sedonadb, "sedonadb", (*PAIRS, *SELF, "points"), PLAIN),
    "sedonadb_tuned": (sedonadb_tuned, "sedonadb", tuple(PAIRS), TUNED),
    "dask_geopandas": (dask_geopandas, "dask_geopandas", ("villages",), PLAIN),
    "pyproj": (pyproj, "pyproj", ("area",), PLAIN),
}
"""Each way, the package it needs, the stages it can do, and whether it is plain code or an expert's."""


def installed(way: str) -> bool:
    """Whether the package that a way needs can be imported here."""
    return importlib.util.find_spec(WAYS[way][1]) is not None


if __name__ == "__main__":
    WAYS[sys.argv[2]][0](sys.argv[1], Path(sys.argv[3]), Path(sys.argv[4]))
