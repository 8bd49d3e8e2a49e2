"""Figures carried on from earlier ones are those of counting everything anew."""

from __future__ import annotations

import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import pipelines.kept_numbers
import pipelines.tallies
from data_samples.delivery import Delivery
from geo.access import Actor
from pipelines.act import act
from pipelines.covers import covers
from pipelines.ingest import Options, add
from pipelines.kept_arrays import kept_arrays
from pipelines.store.geoparquet import numbers_at
from pipelines.tallies import leaf_tally, state_of, tally_path
from pipelines.workspace import Workspace
from tests.pipelines.small_county import (
    DAY,
    changed_parcels,
    deliveries,
    empty,
    run,
    tables,
    take,
    without_summary,
)

MOMENT = datetime(2026, 11, 19, 2, tzinfo=UTC)
BUREAU = Actor("李无名", "bureau", unit="农业农村局", layers=("*",), has_account=False)


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> list[Delivery]:
    return deliveries(tmp_path_factory.mktemp("sent"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, sent: list[Delivery]) -> Path:
    workspace = take(empty(tmp_path_factory.mktemp("whole") / "county"), sent)
    return run(workspace.root).root


@pytest.fixture
def root(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "county"))


def same_everywhere(one: Path, other: Path) -> int:
    """How many tables were compared, and found the same."""
    compared = 0
    for folder in ("tallies", "joins", "relations"):
        mine, theirs = tables(one, folder), tables(other, folder)
        assert mine.keys() == theirs.keys()
        for name in mine:
            pd.testing.assert_frame_equal(mine[name], theirs[name], obj=name)
            compared += 1
    return compared


def nothing_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> pd.DataFrame:
        raise AssertionError("everything was counted anew")

    monkeypatch.setattr(pipelines.tallies, "_whole", refuse)


def test_after_a_delivery_of_changed_parcels_all_tables_are_those_of_a_full_run(
    root: Path, sent: list[Delivery], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parcels = next(one for one in sent if one.path.suffix == ".parquet")
    changed_parcels(parcels.path, tmp_path / "changed.parquet")
    before = leaf_tally(Workspace(root), Workspace(root).layer("contract_parcel"), DAY)
    report = add(Workspace(root), tmp_path / "changed.parquet", Options(layer="contract_parcel"), at=DAY)
    assert report.accepted > 10
    anew = run(without_summary(root, tmp_path / "anew")).root
    nothing_whole(monkeypatch)
    run(root)
    assert same_everywhere(root, anew) > 10
    after = leaf_tally(Workspace(root), Workspace(root).layer("contract_parcel"), DAY)
    assert before["features"].sum() == after["features"].sum()
    assert before["contracted_mu"].sum() < after["contracted_mu"].sum()


@pytest.mark.parametrize("noted", [True, False], ids=["found by what was kept", "looked for"])
def test_parcels_delivered_over_and_over_are_counted_by_their_last_rows_without_a_table_library(
    root: Path, sent: list[Delivery], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, noted: bool
) -> None:
    parcels = next(one for one in sent if one.path.suffix == ".parquet")

    def deliver(every: int, grow: float) -> None:
        to = tmp_path / f"changed-{every}.parquet"
        changed_parcels(parcels.path, to, every=every, grow=grow)
        assert add(Workspace(root), to, Options(layer="contract_parcel"), at=DAY).accepted > 5

    deliver(40, 1.1)
    run(root)
    for every, grow in ((60, 1.2), (24, 1.3)):
        deliver(every, grow)
    anew = run(without_summary(root, tmp_path / "anew")).root
    if not noted:
        shutil.rmtree(root / "summary" / "replaced")
    nothing_whole(monkeypatch)
    by_rows = pipelines.tallies._carried_on_by_rows
    asked: list[str] = []

    def spy(*told: Any) -> Any:
        asked.append(told[1].id)
        return by_rows(*told)

    monkeypatch.setattr(pipelines.tallies, "_carried_on_by_rows", spy)
    run(root)
    assert "contract_parcel" not in asked
    assert same_everywhere(root, anew) > 10


def test_numbers_of_a_large_import_are_kept_when_it_is_counted_and_looked_up_there(
    root: Path, sent: list[Delivery], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipelines.kept_numbers, "LARGE", 900)
    large = run(without_summary(root, tmp_path / "large"))
    first = max(large.imports("contract_parcel"), key=lambda one: one.accepted)
    assert [one.stem for one in (large.root / "summary" / "numbers").rglob("*.columns")] == [first.id]
    parcels = next(one for one in sent if one.path.suffix == ".parquet")
    changed_parcels(parcels.path, tmp_path / "changed.parquet")
    add(Workspace(large.root), tmp_path / "changed.parquet", Options(layer="contract_parcel"), at=DAY)
    anew = run(without_summary(large.root, tmp_path / "anew")).root
    read: list[str] = []

    def spy(path: Path, *told: Any) -> Any:
        read.append(path.parent.name)
        return numbers_at(path, *told)

    monkeypatch.setattr(pipelines.kept_numbers, "numbers_at", spy)
    nothing_whole(monkeypatch)
    run(large.root)
    assert read and first.id not in read
    assert same_everywhere(large.root, anew) > 10


def test_a_run_of_few_changed_rows_starts_no_table_library(
    root: Path, sent: list[Delivery], tmp_path: Path
) -> None:
    parcels = next(one for one in sent if one.path.suffix == ".parquet")
    subprocess.run([sys.executable, "-m", "pipelines", "run", str(root)], check=True, capture_output=True)
    changed_parcels(parcels.path, tmp_path / "changed.parquet")
    assert add(Workspace(root), tmp_path / "changed.parquet", Options(layer="contract_parcel")).accepted > 10
    for folder in ("land_transfer", "abandoned_parcel"):  # what is compared with parcels takes tables
        shutil.rmtree(root / "imports" / folder)
    program = "import sys; from pipelines.__main__ import main; main(['run', sys.argv[1]]);"
    slow = {
        "pandas._libs",
        "geopandas.base",
        "shapely.lib",
        "geo.areas",
        "geo.lifecycle",
        "pipelines.store.ledger",
    }
    asked = f"print({slow} & set(sys.modules))"
    made = subprocess.run(
        [sys.executable, "-c", f"{program} {asked}", str(root)], check=True, capture_output=True, text=True
    )
    assert made.stdout.splitlines()[-1] == "set()"


def test_transfers_on_each_other_are_counted_as_in_a_full_run_when_some_of_them_move(
    root: Path, sent: list[Delivery], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import geopandas as gpd

    transfers = next(one for one in sent if one.layer == "land_transfer" and one.path.suffix == ".gpkg")
    frame = gpd.read_file(transfers.path)
    moved = frame.iloc[: max(len(frame) // 20, 2)].copy()
    moved["geometry"] = frame.geometry.iloc[-len(moved) :].to_numpy()
    moved.to_file(tmp_path / "moved.gpkg")
    report = add(Workspace(root), tmp_path / "moved.gpkg", Options(layer="land_transfer"), at=DAY)
    assert report.accepted > 0
    anew = run(without_summary(root, tmp_path / "anew")).root
    nothing_whole(monkeypatch)
    run(root)
    assert same_everywhere(root, anew) > 10


def test_a_step_of_one_thing_is_added_without_counting_the_others(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace(root)
    layer = workspace.layer("abandoned_parcel")
    from pipelines.summarise import things_at

    found = things_at(workspace, layer, DAY)
    one = str(found.loc[found["stage"] == "accepted", "id"].iloc[0])
    before = leaf_tally(workspace, layer, DAY)["in_use_mu"].sum()
    act(root, layer.id, one, "in_use", BUREAU, now=MOMENT)
    anew = run(without_summary(root, tmp_path / "anew")).root
    nothing_whole(monkeypatch)
    assert same_everywhere(run(root).root, anew) > 10
    assert leaf_tally(Workspace(root), layer, DAY)["in_use_mu"].sum() > before


def test_large_layers_are_counted_part_by_part_with_the_same_figures(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pipelines.join
    import pipelines.store.layers

    anew = without_summary(root, tmp_path / "anew")
    monkeypatch.setattr(pipelines.store.layers, "PART_ROWS", 97)
    monkeypatch.setattr(pipelines.join, "GROUPS_AT_ONCE", 1)
    assert same_everywhere(root, run(anew).root) > 10


def test_a_kept_tally_tells_what_it_is_of(root: Path) -> None:
    workspace = Workspace(root)
    layer = workspace.layer("contract_parcel")
    for cover in covers(workspace):
        kept = kept_arrays(tally_path(state_of(workspace), layer, DAY, cover))
        assert kept is not None
        note = kept[1]
        assert note["day"] == str(DAY)
        assert note["imports"] == {layer.id: [one.id for one in workspace.imports(layer.id)]}
