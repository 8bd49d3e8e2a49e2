"""The benchmark compares like with like: every way gives the same pairs, and a peer that is missing is named."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from xml.etree import ElementTree

import geopandas as gpd
import pytest
import shapely

from pipelines import bench, bench_other
from pipelines.bench_data import make_county
from pipelines.bench_plot import draw, slopes
from pipelines.bench_process import Run, run_process
from pipelines.bench_rows import Row, as_table, compare, keep
from pipelines.store import ledger_bench


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
    nowhere = (bench.WAYS["geopandas"][0], "no_such_package", ("villages",), "plain")
    monkeypatch.setitem(bench.WAYS, "nowhere", nowhere)
    ways = ("shapely", "nowhere", "pyproj", "xiangtu")
    out = tmp_path / "bench.json"
    stages = ("villages", "transfers", "area")
    said: list[str] = []
    rows = bench.run_bench([2000], out, repeats=2, stages=stages, ways=ways, say=said.append)
    measured = [row for row in rows if row.status == "ok" and row.way not in ("xiangtu", "pyarrow")]
    assert [(row.stage, row.way) for row in measured] == [
        ("villages", "shapely"),
        ("transfers", "shapely"),
        ("area", "pyproj"),
    ]
    assert all(row.same_pairs == 1.0 for row in measured if row.stage != "area")
    # The others take shares in degrees: in so small a county their errors do not cancel.
    assert all(row.area_off is None or row.area_off < 1e-5 for row in measured)
    assert all((row.peak_mb or 0) > 20 and row.runs == 2 and row.ratio for row in measured)
    assert (measured[-1].work_ratio or 0) > 1
    assert [row.way for row in rows if row.status == "not_installed"] == ["nowhere"]
    assert "villages 2/2 shapely" in " ".join(said)
    assert {one["parcels"] for one in json.loads(out.read_text("utf-8"))} == {2000}


@pytest.mark.slow
def test_a_way_that_is_stopped_midway_or_fails_has_a_row_and_spoils_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = bench.run_process

    def stopped(command: list[str], patience_s: float) -> Run:
        if "geopandas" in command:
            Path(command[-1]).write_bytes(b"PAR1 half a file")
            return Run(-9, 120.0, 1.0, 50.0, "")
        return Run(1, 1.0, 1.0, 50.0, "no memory") if "shapely" in command else real(command, patience_s)

    monkeypatch.setattr(bench, "run_process", stopped)
    rows = bench.run_bench([500], repeats=1, stages=["villages"], ways=["geopandas", "shapely", "xiangtu"])
    assert [(row.way, row.status) for row in rows[1:]] == [
        ("xiangtu", "ok"),
        ("geopandas", "too_slow"),
        ("shapely", "failed"),
    ]
    assert "failed no memory" in as_table(rows)


def rows_at(parcels: int, ours_s: float, theirs_s: float | None, **more: object) -> list[Row]:
    own = Row("villages", parcels, "xiangtu", "ok", "", 5, ours_s, cpu_s=ours_s, peak_mb=400.0, **more)
    ratio = (theirs_s or 150.0) / ours_s
    status = "ok" if theirs_s else "too_slow"
    return [own, Row("villages", parcels, "sedonadb", status, "plain", 1, theirs_s or 150.0, ratio=ratio)]


def test_the_table_says_what_was_reached_and_who_was_too_slow_or_missing() -> None:
    rows = rows_at(1_000_000, 1.5, 18.0)
    rows.append(Row("villages", 1_000_000, "shapely", "ok", "tuned", 5, 2.0, ratio=1.33))
    rows.append(Row("villages", 1_000_000, "duckdb", "not_installed", "plain"))
    text = as_table(rows)
    assert "plain sedonadb 12.0 × (goal 10)" in text
    assert "tuned shapely 1.3 × (goal 1.5) NOT REACHED" in text
    assert "peak 400 MB (goal 1000)" in text
    assert "not_installed" in text
    slow = as_table(rows_at(1_000_000, 1.5, None))
    assert ">150.00" in slow and "plain sedonadb > 100.0 × (goal 10)" in slow
    assert "goal" not in as_table(rows_at(10_000, 1.0, 2.0))


def test_what_was_measured_at_several_sizes_has_a_slope_and_a_plot(tmp_path: Path) -> None:
    rows = [*rows_at(10_000, 1.0, 1.0), *rows_at(100_000, 1.0, 10.0), *rows_at(1_000_000, 1.0, 100.0)]
    assert slopes(rows)[("villages", "sedonadb")] == pytest.approx(1.0)
    assert slopes(rows)[("villages", "xiangtu")] == pytest.approx(0.0)
    assert draw(rows, tmp_path / "plot.svg")
    drawing = ElementTree.parse(tmp_path / "plot.svg").getroot()
    said = [text.text for text in drawing.iter("{http://www.w3.org/2000/svg}text")]
    assert "sedonadb (slope 1.00)" in said and "1,000,000" in said and "100" in said
    assert not draw(rows[:2], tmp_path / "none.svg")
    assert not (tmp_path / "none.svg").exists()


def test_rows_of_other_sizes_are_kept_and_commits_are_compared(tmp_path: Path) -> None:
    out = tmp_path / "old.json"
    keep(rows_at(10_000, 1.0, 5.0), out)
    keep(rows_at(1_000_000, 2.0, 5.0), out)
    keep(rows_at(1_000_000, 2.5, 5.0), out)
    assert [(one["parcels"], one["seconds"]) for one in json.loads(out.read_text("utf-8"))] == [
        (10_000, 1.0),
        (10_000, 5.0),
        (1_000_000, 2.5),
        (1_000_000, 5.0),
    ]
    said = compare([*rows_at(10_000, 0.5, 5.0), *rows_at(1_000_000, 2.6, 5.0)], out)
    assert "villages, 10,000: 1.00 → 0.50 s, less" in said
    assert "1,000,000" not in said
    assert "nothing became slower" in compare(rows_at(10_000, 1.05, 5.0), out)


def test_a_process_that_takes_too_long_is_stopped_and_one_that_fails_says_why() -> None:
    slow = run_process([sys.executable, "-c", "import time; time.sleep(60)"], 0.3)
    assert slow.code == -9 and slow.seconds < 30
    failed = run_process([sys.executable, "-c", "raise SystemExit('no such table')"], 60)
    assert failed.code == 1 and failed.complaint == "no such table"
    full = run_process([sys.executable, "-c", "x = bytearray(60_000_000); import time; time.sleep(0.1)"], 60)
    assert full.code == 0 and (not sys.platform.startswith("linux") or full.peak_mb > 55)


def test_stages_that_others_measure_are_found_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    row = Row("elsewhere", 10, "xiangtu", "ok", note="4 days")
    module = type(sys)("elsewhere")
    module.measure = lambda parcels, repeats, say: [row]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "elsewhere", module)
    monkeypatch.setitem(bench_other.MEASURES, "elsewhere", "elsewhere:measure")
    assert bench_other.measure("elsewhere", 10, 1, print) == [row]
    assert "4 days" in as_table([row])


def test_the_ledger_fails_where_a_user_waits_longer_than_the_goal_at_a_million_things(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = [
        ledger_bench.Timing("state of one township", 0.31, 0.3, 30, goal_s=0.3),
        ledger_bench.Timing("as of a day, whole county", 0.99, 0.9, 1000, goal_s=1.0, met="on every page"),
        ledger_bench.Timing("as of a day, whole county, first time", 9.0, 9.0, 1000, met="seldom"),
    ]
    monkeypatch.setattr(ledger_bench, "measure", lambda things, events: told)
    rows = bench_other.measure("ledger", 1_000_000, 3, print)
    assert [row.status for row in rows] == ["failed", "ok", "ok"]
    assert rows[0].error == "state of one township: 0.310 s, goal 0.3 s"
    assert rows[1].note == "as of a day, whole county, 1,000, goal 1 s; what a user meets on every page"
    assert [row.status for row in bench_other.measure("ledger", 20_000, 3, print)] == ["ok"] * 3


def test_an_unknown_stage_or_way_is_refused_before_anything_is_made(capsys: pytest.CaptureFixture[str]) -> None:
    from pipelines.__main__ import main

    assert main(["bench", "--stages", "villages,vilages", "--lang", "en"]) == 2
    assert "--stages does not know vilages" in capsys.readouterr().err
    assert main(["bench", "--compare", "/nowhere.json", "--lang", "en"]) == 2
    assert "/nowhere.json" in capsys.readouterr().err
