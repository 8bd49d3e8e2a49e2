"""The same figures, bit for bit, whatever the order of files, their cut, and the number of workers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

import pipelines.intake
import pipelines.join
import pipelines.store.geoparquet
import pipelines.store.layers
from data_samples.delivery import Delivery
from pipelines.covers import covers
from pipelines.figures import LEVELS
from pipelines.join import join_all
from pipelines.summarise import progress, summarise_all
from pipelines.tallies import leaf_tally
from pipelines.territory import AREA_LAYERS
from pipelines.workspace import Workspace
from tests.pipelines.small_county import DAY, deliveries, empty, run, take

LAYERS = ("contract_parcel", "permanent_farmland", "land_transfer", "abandoned_parcel")
FIRST = (*AREA_LAYERS, "zone")


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> list[Delivery]:
    return deliveries(tmp_path_factory.mktemp("sent"))


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory, sent: list[Delivery]) -> dict[str, pd.DataFrame]:
    """What comes of the deliveries in the order they were sent, worked out by one worker."""
    workspace = take(empty(tmp_path_factory.mktemp("one") / "county"), sent)
    return tables(run(workspace.root))


def tables(workspace: Workspace) -> dict[str, pd.DataFrame]:
    found: dict[str, pd.DataFrame] = {}
    for name in LAYERS:
        for cover in covers(workspace):
            found[f"{name} {cover.name}"] = leaf_tally(workspace, workspace.layer(name), DAY, cover)
        for by in LEVELS:
            found[f"{name} by {by}"] = progress(workspace, name, by, DAY)
    return found


def cut(one: Delivery, folder: Path, pieces: int, order: np.random.Generator) -> list[Delivery]:
    """A delivery as several GeoParquet files, its rows dealt out at random."""
    frame = gpd.read_parquet(one.path)
    dealt = np.array_split(order.permutation(len(frame)), pieces)
    made = []
    for number, rows in enumerate(dealt):
        path = folder / f"{one.path.stem}-{number}.parquet"
        frame.iloc[rows].to_parquet(path, row_group_size=37)
        made.append(replace(one, path=path))
    return made


@pytest.mark.parametrize("seed", [1, 2])
def test_figures_do_not_depend_on_order_of_files_their_cut_or_the_number_of_workers(
    seed: int,
    sent: list[Delivery],
    figures: dict[str, pd.DataFrame],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    order = np.random.default_rng(seed)
    monkeypatch.setattr(pipelines.intake, "WORKERS", seed + 2)
    monkeypatch.setattr(pipelines.store.geoparquet, "ROW_GROUP", 41 * seed)
    monkeypatch.setattr(pipelines.store.layers, "PART_ROWS", 113 * seed)
    monkeypatch.setattr(pipelines.join, "GROUPS_AT_ONCE", seed)
    areas = [one for one in sent if one.layer in FIRST]
    others = [one for one in sent if one.layer not in FIRST and one.path.suffix != ".parquet"]
    pieces = [
        piece for one in sent if one.path.suffix == ".parquet" for piece in cut(one, tmp_path, 2 + seed, order)
    ]
    mixed = [*others, *pieces]
    shuffled = [mixed[at] for at in order.permutation(len(mixed))]
    workspace = take(empty(tmp_path / "county"), [*areas, *shuffled])
    with workspace.writing(), ThreadPoolExecutor(seed + 1) as pool:
        join_all(workspace, executor=pool)
        summarise_all(workspace, as_of=DAY)
    made = tables(workspace)
    assert made.keys() == figures.keys()
    for name, expected in figures.items():
        pd.testing.assert_frame_equal(made[name], expected, check_exact=True, obj=name)
