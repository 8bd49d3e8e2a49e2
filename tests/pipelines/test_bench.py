"""The benchmark compares like with like: every way gives the same pairs, and a peer that is missing is named."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from pipelines import bench
from pipelines.bench_data import make_county


def test_the_county_to_measure_with_is_valid_and_the_same_every_time(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        make_county(tmp_path / name, 400)
    for layer in ("parcels", "villages", "farmland", "redline", "transfers", "points"):
        one, two = (gpd.read_parquet(tmp_path / name / f"{layer}.parquet") for name in ("one", "two"))
        assert shapely.is_valid(one.geometry.to_numpy()).all()
        assert (one.geometry.to_wkb() == two.geometry.to_wkb()).all()
    assert len(gpd.read_parquet(tmp_path / "one" / "parcels.parquet")) == 400


@pytest.mark.slow
def test_every_installed_way_gives_the_same_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(bench.WAYS, "nowhere", (bench.WAYS["geopandas"][0], "no_such_package", ("villages",)))
    ways = ("geopandas", "shapely", "nowhere", "xiangtu")
    out = tmp_path / "bench.json"
    stages = ("villages", "transfers", "points")
    rows = bench.run_bench(2000, out, repeats=1, stages=stages, ways=ways)
    measured = [row for row in rows if row.status == "ok" and row.way not in ("xiangtu", "pyarrow")]
    assert [(row.stage, row.way) for row in measured] == [
        ("villages", "geopandas"),
        ("villages", "shapely"),
        ("transfers", "geopandas"),
        ("transfers", "shapely"),
        ("points", "geopandas"),
    ]
    assert all(row.same_pairs == 1.0 for row in measured)
    # The others take shares in degrees: in so small a county their errors do not cancel.
    assert all(row.area_off is None or row.area_off < 1e-5 for row in measured)
    assert all((row.peak_mb or 0) > 20 for row in measured)
    assert [row.way for row in rows if row.status == "not_installed"] == ["nowhere"]
    assert "not_installed" in bench.as_table(rows)
    assert {one["parcels"] for one in json.loads(out.read_text("utf-8"))} == {2000}
