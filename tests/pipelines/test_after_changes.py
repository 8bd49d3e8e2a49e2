"""After whatever came in between, a run keeps the tables and prints the figures of one from nothing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from data_samples.delivery import Delivery
from geo.access import Actor
from pipelines.act import act
from pipelines.amend import edit
from pipelines.figures import keep_figures
from pipelines.ingest import Options, add
from pipelines.join import join_all
from pipelines.kept_arrays import keep_arrays, kept_arrays
from pipelines.summarise import summarise_all, things_at
from pipelines.workspace import Workspace
from tests.pipelines.small_county import DAY, changed_parcels, deliveries, empty, tables, take, without_summary

MOMENT = datetime(2026, 11, 19, 2, tzinfo=UTC)
BUREAU = Actor("李无名", "bureau", unit="农业农村局", layers=("*",), has_account=False)
PARCELS = "contract_parcel"
Change = Callable[[Path, list[Delivery], Path], None]


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> list[Delivery]:
    return deliveries(tmp_path_factory.mktemp("sent"))


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory, sent: list[Delivery]) -> Path:
    """A county that was run, after a second delivery of some of its parcels."""
    folder = tmp_path_factory.mktemp("twice")
    take(empty(folder / "county"), sent)
    deliver_parcels(folder / "county", sent, folder, every=40)
    return worked_out(folder / "county")


def worked_out(root: Path) -> Path:
    """The workspace, joined, summarised, its figures printed."""
    workspace = Workspace(root)
    with workspace.writing():
        join_all(workspace)
        summarise_all(workspace, as_of=DAY)
        keep_figures(workspace, DAY)
    return root


@pytest.fixture
def root(twice: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(twice, tmp_path / "county"))


def deliver_parcels(root: Path, sent: list[Delivery], folder: Path, *, every: int) -> None:
    parcels = next(one for one in sent if one.path.suffix == ".parquet")
    changed_parcels(parcels.path, folder / f"every-{every}.parquet", every=every)
    add(Workspace(root), folder / f"every-{every}.parquet", Options(layer=PARCELS), at=DAY)


def a_delivery_was_withdrawn(root: Path, sent: list[Delivery], folder: Path) -> None:
    last = Workspace(root).imports(PARCELS)[-1]
    shutil.rmtree(root / "imports" / PARCELS / last.id)


def parcels_came_without_their_shapes(root: Path, sent: list[Delivery], folder: Path) -> None:
    parcels = next(one for one in sent if one.path.suffix == ".parquet")
    rows = pd.DataFrame(gpd.read_parquet(parcels.path).drop(columns="geometry")).iloc[::45]
    rows.assign(SCMJM=rows["SCMJM"] * 2).to_csv(folder / "bare.csv", index=False)
    report = add(Workspace(root), folder / "bare.csv", Options(layer=PARCELS), at=DAY)
    assert report.accepted == len(rows)


def a_village_came_anew(root: Path, sent: list[Delivery], folder: Path) -> None:
    villages = next(one for one in sent if one.layer == "village")
    one = gpd.read_file(villages.path).iloc[[3]]
    one["geometry"] = one.geometry.scale(0.9, 0.9)
    one.to_file(folder / "village.gpkg")
    assert add(Workspace(root), folder / "village.gpkg", Options(layer="village"), at=DAY).accepted == 1


def the_red_line_came_anew(root: Path, sent: list[Delivery], folder: Path) -> None:
    line = next(one for one in sent if one.layer == "ecological_redline")
    whole = gpd.read_file(line.path)
    whole["geometry"] = whole.geometry.scale(0.5, 0.5)
    whole.to_file(folder / "line.gpkg")
    assert add(Workspace(root), folder / "line.gpkg", Options(layer="ecological_redline"), at=DAY).accepted > 0


def the_county_declared_its_own_rule(root: Path, sent: list[Delivery], folder: Path) -> None:
    text = files("geo").joinpath("catalog", "layers", f"{PARCELS}.toml").read_text(encoding="utf-8")
    assert "tolerance_m2 = 10\n" in text
    (root / "layers" / f"{PARCELS}.toml").write_text(text.replace("tolerance_m2 = 10\n", "tolerance_m2 = 400\n"))


def steps_and_edits_came_before_a_delivery(root: Path, sent: list[Delivery], folder: Path) -> None:
    workspace = Workspace(root)
    found = things_at(workspace, workspace.layer("abandoned_parcel"), DAY)
    one = str(found.loc[found["stage"] == "accepted", "id"].iloc[0])
    act(root, "abandoned_parcel", one, "in_use", BUREAU, now=MOMENT)
    parcel = str(things_at(workspace, workspace.layer(PARCELS), DAY)["id"].iloc[0])
    edit(root, PARCELS, parcel, {"contracted_mu": 500.0}, BUREAU, note="重新丈量", now=MOMENT)
    deliver_parcels(root, sent, folder, every=60)


@pytest.mark.parametrize(
    "change",
    [
        a_delivery_was_withdrawn,
        parcels_came_without_their_shapes,
        a_village_came_anew,
        the_red_line_came_anew,
        the_county_declared_its_own_rule,
        steps_and_edits_came_before_a_delivery,
    ],
    ids=lambda one: one.__name__.replace("_", " "),
)
def test_a_run_after_a_change_keeps_and_prints_what_one_from_nothing_does(
    root: Path, sent: list[Delivery], tmp_path: Path, change: Change
) -> None:
    before = printed(root)
    change(root, sent, tmp_path)
    anew = worked_out(without_summary(root, tmp_path / "anew"))
    worked_out(root)
    for folder in ("tallies", "joins", "relations"):
        mine, theirs = tables(root, folder), tables(anew, folder)
        assert set(theirs) <= set(mine)
        for name, table in theirs.items():
            pd.testing.assert_frame_equal(mine[name], table, obj=name)
    assert printed(root) == printed(anew)
    assert printed(root) != before


def printed(root: Path) -> dict[str, object]:
    """The printed figures that were kept, by the name of their file."""
    kept = (root / "summary" / "figures").rglob("*.json")
    return {path.name: json.loads(path.read_text(encoding="utf-8")) for path in kept}


@pytest.mark.parametrize("folder", ["joins", "relations"])
def test_tables_that_are_not_whole_are_made_anew_when_parcels_change(
    root: Path, sent: list[Delivery], tmp_path: Path, folder: str
) -> None:
    deliver_parcels(root, sent, tmp_path, every=60)
    anew = without_summary(root, tmp_path / "anew")
    for path in (root / "summary" / folder / PARCELS).rglob("*.columns"):
        path.write_bytes(path.read_bytes()[:200])
    worked_out(anew)
    assert printed(worked_out(root)) == printed(anew)


def test_kept_arrays_are_read_as_they_were_with_their_note(tmp_path: Path) -> None:
    path = tmp_path / "kept" / "one.columns"
    arrays = {"a": pd.Series([1, 2, 3]).to_numpy(), "none": pd.Series([], dtype="float64").to_numpy()}
    assert keep_arrays(arrays, path, {"of": ["甲"]})
    found = kept_arrays(path)
    assert found is not None
    assert {name: one.tolist() for name, one in found[0].items()} == {"a": [1, 2, 3], "none": []}
    assert found[1] == {"of": ["甲"]}
    path.write_bytes(path.read_bytes()[:-60])
    assert kept_arrays(path) is None
