"""The rows behind a figure are exactly those it counts, and add up to it, for every figure at every level."""

from __future__ import annotations

from datetime import date

import pytest

from geo.progress import UNPLACED
from pipelines.figure_rows import counted_parts, rows_counted
from pipelines.ingest import Options, add
from pipelines.summarise import progress
from pipelines.workspace import Workspace
from tests.dashboards.little_county import build, feature, square, write

LAYER = "abandoned_parcel"
TODAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The little county, a parcel half in 石桥镇 and half in 清水乡, and one that lies nowhere."""
    folder = tmp_path_factory.mktemp("rows")
    root = build(folder)
    across = feature(
        square(106.02, 31.039, 0.002, 0.002),
        图斑编号="TB8888",
        上报面积=10.0,
        整治阶段="已整治",
        发现日期="2026-01-20",
    )
    nowhere = feature(
        square(100.0, 31.0, 0.001, 0.001), 图斑编号="TB9999", 上报面积=5.0, 整治阶段="发现", 发现日期="2026-01-20"
    )
    add(Workspace(root), write(folder / "more.geojson", [across, nowhere]), Options(layer=LAYER))
    return Workspace(root)


@pytest.mark.parametrize("by", ["county", "township", "village"])
def test_the_rows_of_every_figure_add_up_to_it(workspace: Workspace, by: str) -> None:
    layer = workspace.layer(LAYER)
    shown = progress(workspace, LAYER, by, TODAY)
    for _, area in shown[shown["level"] == by].head(4).iterrows():
        for one in layer.indicators:
            rows = rows_counted(workspace, LAYER, one.id, area["area_code"], TODAY)
            for part in counted_parts(layer, one):
                assert rows[part.id].sum() == pytest.approx(float(area[part.id]), abs=1e-4), one.id


def test_of_a_thing_across_a_border_each_side_counts_its_part(workspace: Workspace) -> None:
    parts = []
    for township in ("990101100", "990101101"):
        rows = rows_counted(workspace, LAYER, "reported_mu", township, TODAY).set_index("id")
        parts.append(rows.loc["TB8888", "reported_mu"])
    assert parts == pytest.approx([5.0, 5.0], abs=0.1)
    assert sum(parts) == pytest.approx(10.0)


def test_what_lies_nowhere_has_its_own_list(workspace: Workspace) -> None:
    rows = rows_counted(workspace, LAYER, "found_mu", UNPLACED, TODAY)
    assert set(rows["id"]) <= {"TB9999"}


def test_a_rate_opens_to_its_numerator_and_denominator(workspace: Workspace) -> None:
    layer = workspace.layer(LAYER)
    assert [one.id for one in counted_parts(layer, layer.indicator("remediated_rate"))] == [
        "remediated_mu",
        "found_mu",
    ]
    transfer = workspace.layer("land_transfer")
    rate = transfer.indicator("transfer_rate")
    assert [one.id for one in counted_parts(transfer, rate)] == ["transferred_mu"]
