"""What is kept of things that overlap or name each other follows every edit, and the past keeps what it showed."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

import geo
from pipelines.amend import edit, undo
from pipelines.ingest import Options, add
from pipelines.summarise import progress, things_at
from pipelines.trends import trend
from pipelines.workspace import Workspace
from tests.pipelines.agri_county import BUREAU, build

LAYER = "land_transfer"
EDITED = datetime(2026, 5, 30, 2, tzinfo=UTC)
DAY, BEFORE = date(2026, 6, 1), date(2026, 5, 28)
CATALOG = Path(geo.__file__).parent / "catalog" / "layers"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The county with a layer of its own besides: leases that clash when rented and of the same remark."""
    folder = tmp_path_factory.mktemp("agri")
    root = build(folder).root
    text = (CATALOG / "land_transfer.toml").read_text(encoding="utf-8")
    text = text.replace('id = "land_transfer"', 'id = "lease"').replace(
        'match = ["contract_parcel_id"]\nwhere = { kinds', 'match = ["remark"]\nwhere = { mode = ["rent"], kinds'
    )
    (root / "layers" / "lease.toml").write_text(text, encoding="utf-8")
    add(Workspace(root), folder / "sent" / "流转.geojson", Options(layer="lease"), at=date(2026, 5, 26))
    return root


@pytest.fixture
def root(built: Path, tmp_path: Path) -> Path:
    """A county of this test's own in which everything was worked out once before."""
    own = Path(shutil.copytree(built, tmp_path / "county"))
    for layer in ("lease", LAYER):
        progress(Workspace(own), layer, "township", DAY)
    return own


def flagged(root: Path, name: str, layer: str = LAYER, day: date = DAY) -> list[str]:
    workspace = Workspace(root)
    found = things_at(workspace, workspace.layer(layer), day)
    return list(found.loc[found[name], "id"])


def counted(root: Path, name: str, layer: str = LAYER, day: date = DAY) -> float:
    return float(progress(Workspace(root), layer, "county", day)[name].sum())


def anew(root: Path, name: str, layer: str = LAYER) -> float:
    """The figure of a copy that has kept nothing."""
    copy = Path(shutil.copytree(root, root.parent / "copy"))
    shutil.rmtree(copy / "summary")
    return counted(copy, name, layer)


def parcel(at: int) -> str:
    return f"99010110020100{at + 1:05d}"


def test_an_edit_of_the_field_that_is_compared_is_seen_at_once_and_its_undoing_too(root: Path) -> None:
    assert flagged(root, "double_leased", "lease") == ["H1", "H2"]
    edit(root, "lease", "H3", {"remark": "丁家坝"}, BUREAU, now=EDITED)
    assert flagged(root, "double_leased", "lease") == ["H1", "H2"]
    edit(root, "lease", "H1", {"remark": "丁家坝"}, BUREAU, now=EDITED)
    assert flagged(root, "double_leased", "lease") == ["H1", "H2", "H3"]
    assert counted(root, "double_leased", "lease") == anew(root, "double_leased", "lease") == 3
    undo(root, "lease", "H1", BUREAU, now=EDITED + timedelta(minutes=1))
    assert flagged(root, "double_leased", "lease") == ["H1", "H2"]
    assert counted(root, "double_leased", "lease") == 2


def test_an_edit_of_the_field_that_decides_who_takes_part_is_seen_at_once(root: Path) -> None:
    edit(root, "lease", "H2", {"mode": "share"}, BUREAU, now=EDITED)
    assert flagged(root, "double_leased", "lease") == []
    assert counted(root, "double_leased", "lease") == anew(root, "double_leased", "lease") == 0


def test_an_edit_of_the_other_layers_amount_is_seen_at_once(root: Path) -> None:
    assert flagged(root, "over_area") == ["H3"]
    edit(root, "contract_parcel", parcel(1), {"contracted_mu": "30"}, BUREAU, now=EDITED)
    assert flagged(root, "over_area") == []
    assert counted(root, "over_area") == anew(root, "over_area") == 0


def test_a_day_before_an_edit_still_shows_what_it_showed_then(root: Path) -> None:
    edit(root, "lease", "H3", {"remark": "丁家坝"}, BUREAU, now=EDITED)
    edit(root, "lease", "H1", {"remark": "丁家坝"}, BUREAU, now=EDITED)
    edit(root, "contract_parcel", parcel(1), {"contracted_mu": "30"}, BUREAU, now=EDITED)
    assert flagged(root, "double_leased", "lease", BEFORE) == ["H1", "H2"]
    assert flagged(root, "over_area", LAYER, BEFORE) == ["H3"]
    assert counted(root, "double_leased", "lease", BEFORE) == 2
    assert counted(root, "over_area", LAYER, BEFORE) == 1
    assert flagged(root, "double_leased", "lease") == ["H1", "H2", "H3"] and flagged(root, "over_area") == []


def test_months_follow_an_edit_of_the_other_layer_from_its_day_on(root: Path) -> None:
    def over() -> list[float]:
        found = trend(Workspace(root), LAYER, [BEFORE, DAY])
        return [float(part["over_area"].sum()) for _, part in found.groupby("day")]

    assert over() == [1, 1]
    edit(root, "contract_parcel", parcel(1), {"contracted_mu": "30"}, BUREAU, now=EDITED)
    assert over() == [1, 0]


def test_a_contract_that_no_map_has_placed_is_moved_by_its_names_and_still_compared(root: Path) -> None:
    file = root.parent / "合同.csv"
    head = "合同编号,地块代码,流转面积,流转方式,起始日期,终止日期,乡镇,村"
    file.write_text(f"{head}\nN1,{parcel(0)},5,出租,2025-01-01,2030-12-31,清水乡,清泉村\n", encoding="utf-8-sig")
    report = add(Workspace(root), file, Options(layer=LAYER), at=date(2026, 5, 27))
    assert report.accepted == 1
    assert flagged(root, "double_leased") == ["H1", "H2", "N1"]
    event = edit(root, LAYER, "N1", {"village_name": "柳林村"}, BUREAU, now=EDITED)
    assert "moved_to" in event.data
    assert flagged(root, "double_leased") == ["H1", "H2", "N1"]
    assert counted(root, "double_leased") == 3
