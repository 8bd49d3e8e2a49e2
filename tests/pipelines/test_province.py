"""A province is its counties added up, wherever they are worked out, and whoever dies on the way."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from geo.errors import Refused
from pipelines.__main__ import main
from pipelines.engine import engine
from pipelines.ingest import Options, add
from pipelines.province import Province, is_province, province_progress, read_province, run_province
from pipelines.summarise import progress
from pipelines.workspace import Workspace
from tests.pipelines.small_county import DAY, changed_parcels, deliveries, empty, run, take

CODES = ("519721", "519722", "519723")
LAYER = "contract_parcel"
LAYERS = ("county", "township", "village", "permanent_farmland", "ecological_redline", LAYER)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three counties of 300 parcels each, taken in and not run; later ones with corrections of some parcels."""
    root, papers = tmp_path_factory.mktemp("province"), tmp_path_factory.mktemp("papers")
    sent = [one for one in deliveries(papers, parcels=300) if one.layer in LAYERS]
    first = take(empty(root / f"county={CODES[0]}"), sent)
    parcels = next(one.path for one in sent if one.path.suffix == ".parquet")
    for number, code in enumerate(CODES[1:], start=2):
        county = Path(shutil.copytree(first.root, root / f"county={code}"))
        settings = county / "county.toml"
        settings.write_text(settings.read_text(encoding="utf-8").replace(CODES[0], code), encoding="utf-8")
        changed_parcels(parcels, papers / f"{code}.parquet", every=10 * number, grow=1 + number / 10)
        add(Workspace(county), papers / f"{code}.parquet", Options(layer=LAYER), at=DAY)
    return root


@pytest.fixture
def root(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "province"))


@pytest.fixture(scope="module")
def sums(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What one thread makes of them."""
    copy = Path(shutil.copytree(whole, tmp_path_factory.mktemp("one") / "province"))
    with ThreadPoolExecutor(1) as pool:
        return run_province(read_province(copy), pool, day=DAY)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as made:
        yield made


def test_a_folder_of_counties_is_a_province_and_a_county_is_none(root: Path) -> None:
    assert is_province(root) and not is_province(root / f"county={CODES[0]}")
    assert tuple(read_province(root).counties) == CODES


def test_what_every_county_has_adds_up_to_the_province(root: Path, sums: dict[str, Any]) -> None:
    province = run_here(root)
    by_county = province_progress(province, LAYER, "county", DAY)
    total = province_progress(province, LAYER, "province", DAY)
    assert by_county["features"].sum() == total["features"].item() == 900
    assert round(by_county["contracted_mu"].sum() * 1e6) == round(total["contracted_mu"].item() * 1e6)
    alone = [progress(Workspace(path), LAYER, "county", DAY) for path in province.counties.values()]
    assert [rows["features"].sum() for rows in alone] == by_county["features"].to_list()
    assert by_county["features"].to_list() == [sums[code][LAYER]["features"] for code in CODES]


def run_here(root: Path) -> Province:
    province = read_province(root)
    with ThreadPoolExecutor(2) as pool:
        run_province(province, pool, day=DAY)
    return province


@pytest.mark.timeout(240)
def test_figures_are_the_same_on_a_cluster_that_loses_a_worker_half_way(
    root: Path, sums: dict[str, Any], cluster: Any
) -> None:
    killed: list[int] = []

    def kill_a_worker(code: str, _: object) -> None:
        if killed:
            return
        from distributed import Client

        with Client(cluster.scheduler_address) as client:
            pids = client.run(os.getpid)
            busy = [worker for worker, tasks in client.processing().items() if tasks]
            victim = pids[busy[0]]
        os.kill(victim, signal.SIGKILL)
        killed.append(victim)

    with engine("dask", cluster.scheduler_address) as executor:
        found = run_province(read_province(root), executor, day=DAY, done=kill_a_worker)
    assert killed
    assert found == sums


@pytest.mark.timeout(240)
def test_one_county_is_laid_out_over_a_cluster_with_the_same_figures(
    root: Path, tmp_path: Path, cluster: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    here, there = root / f"county={CODES[0]}", root / f"county={CODES[1]}"
    shutil.rmtree(there)
    shutil.copytree(here, there)
    address = cluster.scheduler_address
    assert main(["run", str(there), "--executor", "dask", "--scheduler", address]) == 0
    workspace = run(here)
    assert progress(workspace, LAYER, "village", DAY).equals(progress(Workspace(there), LAYER, "village", DAY))


def test_a_province_is_asked_by_county_or_as_a_whole_and_says_so(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_here(root)
    asked = ["progress", str(root), "--layer", LAYER, "--as-of", str(DAY), "--lang", "en"]
    assert main([*asked, "--by", "county", "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["area_code"] for row in rows] == list(CODES)
    assert main([*asked, "--by", "village"]) == 2
    assert "by county or province" in capsys.readouterr().err
    county = ["progress", str(root / f"county={CODES[0]}"), "--layer", LAYER, "--by", "province", "--lang", "en"]
    assert main(county) == 2
    assert "one county's workspace" in capsys.readouterr().err


def test_sums_of_another_day_are_refused_until_they_are_made(root: Path) -> None:
    province = run_here(root)
    with pytest.raises(Refused) as refusal:
        province_progress(province, LAYER, "county", DAY.replace(day=1))
    assert refusal.value.code == "county_not_run"


def test_the_same_county_twice_is_refused(root: Path) -> None:
    shutil.copytree(root / f"county={CODES[0]}", root / "county=copy")
    with pytest.raises(Refused) as refusal:
        read_province(root)
    assert refusal.value.code == "county_twice"


def test_a_county_that_fails_is_named_after_the_others_were_done(root: Path) -> None:
    (root / f"county={CODES[1]}" / "layers" / "broken.toml").write_text("id = ", encoding="utf-8")
    province, done = read_province(root), []
    with ThreadPoolExecutor(1) as pool, pytest.raises(Refused) as refusal:
        run_province(province, pool, day=DAY, done=lambda code, _: done.append(code))
    assert refusal.value.code == "county_failed" and CODES[1] in refusal.value.words("en")
    assert sorted(done) == [CODES[0], CODES[2]]


def test_without_a_scheduler_or_its_program_one_sentence_says_what_to_do(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("pipelines.engine.CONNECT_SECONDS", 1)
    away = ["--executor", "dask", "--scheduler", "tcp://127.0.0.1:9", "--lang", "en"]
    assert main(["run", str(root), *away]) == 2
    assert "cannot be reached" in capsys.readouterr().err
    assert main(["run", str(root), "--scheduler", "tcp://127.0.0.1:9", "--lang", "en"]) == 2
    assert "goes with --executor dask" in capsys.readouterr().err
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    assert main(["run", str(root), *away]) == 2
    assert "not installed" in capsys.readouterr().err
