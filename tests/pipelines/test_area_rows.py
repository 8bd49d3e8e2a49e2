"""Rows of one area or one thing of a large layer: the same as those of the whole, read by themselves."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely

from dashboards.opening import edition
from pipelines import area_rows
from pipelines.act import act, workspace_ledger
from pipelines.exchange import show
from pipelines.store import accounts
from pipelines.store.ledger import SYSTEM
from pipelines.tiles import Tiles
from pipelines.workspace import Workspace
from tests.dashboards.every_county import EAST, STONE, TODAY, build_every
from tests.dashboards.test_tiles import read_back

LAYERS = ("abandoned_parcel", "land_transfer", "inspection_point", "contract_parcel", "zone_plan")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_every(tmp_path_factory.mktemp("areas"))


def same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    assert list(one["id"]) == list(other["id"])
    left, right = (pd.DataFrame(frame).drop(columns="geometry").reset_index(drop=True) for frame in (one, other))
    pd.testing.assert_frame_equal(left, right, check_dtype=False)
    assert shapely.equals_exact(one.geometry.to_numpy(), other.geometry.to_numpy()).all()


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("area", [STONE, f"{EAST}201", f"{EAST}202", "990101", "unplaced", "110101"])
def test_an_areas_rows_read_by_themselves_are_those_of_the_whole(
    root: Path, layer: str, area: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace(root)
    whole = show(workspace, layer, as_of=TODAY, actor=SYSTEM)
    code = whole["area_code"]
    expected = whole[code.isna() if area == "unplaced" else code.str.startswith(area, na=False)]
    monkeypatch.setattr(area_rows, "LARGE", 0)
    part = area_rows.part_of_area(workspace, workspace.layer(layer), area)
    assert part is not None and part.ids is not None and set(expected["id"]) <= set(part.ids)
    same(show(workspace, layer, area=area, as_of=TODAY, actor=SYSTEM), expected)


@pytest.mark.parametrize("layer", LAYERS)
def test_a_thing_read_by_itself_is_that_of_the_whole(root: Path, layer: str) -> None:
    workspace = Workspace(root)
    whole = show(workspace, layer, as_of=TODAY, actor=SYSTEM)
    name = whole["id"].iloc[-1]
    same(show(workspace, layer, feature_id=name, as_of=TODAY, actor=SYSTEM), whole[whole["id"] == name])
    several = list(whole["id"].iloc[[0, -1]])
    same(show(workspace, layer, ids=several, as_of=TODAY, actor=SYSTEM), whole[whole["id"].isin(several)])
    assert show(workspace, layer, feature_id="nobody", as_of=TODAY).empty


def test_tiles_put_together_of_areas_hold_what_those_of_the_whole_hold(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace(root)
    plain = Tiles(workspace, merged=True)
    monkeypatch.setattr("dashboards.editions.is_large", lambda *_: True)
    monkeypatch.setattr(area_rows, "LARGE", 0)
    by_area = edition(root).tiles("abandoned_parcel", "")
    assert type(by_area).__name__ == "TilesByArea"
    seen = 0
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    for x in range(13014, 13024):
        for y in range(6690, 6704):
            one, other = (tiles.tile("abandoned_parcel", 14, x, y, as_of=TODAY) for tiles in (plain, by_area))
            assert bool(one) == bool(other)
            if one:
                left, right = read_back(tmp_path / "a", one, 14, x, y), read_back(tmp_path / "b", other, 14, x, y)
                # Things of one stage are one feature, put together in no order that means anything.
                assert sorted(left["stage"]) == sorted(right["stage"])
                both = (frame.set_index("stage").normalize().sort_index() for frame in (left, right))
                assert shapely.equals_exact(*(np.asarray(shapes, dtype=object) for shapes in both)).all()
                seen += 1
    assert seen > 2
    whole = show(workspace, "abandoned_parcel", as_of=TODAY)
    for _, row in whole.iterrows():
        point = row.geometry.representative_point()
        assert by_area.at("abandoned_parcel", point.x, point.y, as_of=TODAY) == row["id"]


def test_an_event_makes_only_its_thing_anew(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = datetime(2026, 11, 20, 2, tzinfo=UTC)
    before = edition(root)
    parcels = before.things("contract_parcel", "", TODAY)
    points = before.things("inspection_point", "", TODAY)
    assert edition(root) is before
    act(root, "inspection_point", "HJ02", "claimed", "township:石桥镇/某", now=moment)
    after = edition(root)
    assert after.name != before.name
    assert after.things("contract_parcel", "", TODAY) is parcels
    asked: list[object] = []

    def counted(*given: object, **named: object) -> object:
        asked.append(named.get("ids"))
        return show(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr("dashboards.editions.show", counted)
    made = after.things("inspection_point", "", TODAY)
    assert asked == [["HJ02"]] and made is not points
    stage = made.set_index("id")["stage"]
    assert stage["HJ02"] == "claimed"
    same(made, show(Workspace(root), "inspection_point", as_of=TODAY, actor=SYSTEM))
    assert after.things("inspection_point", "", TODAY) is made


def test_signing_in_changes_nothing_that_is_kept(root: Path) -> None:
    before = edition(root)
    ledger = workspace_ledger(Workspace(root))
    accounts.add(ledger, "管理", role="administrator", now=datetime.now(UTC), password="correct horse staple")
    kept = before.things("abandoned_parcel", "", TODAY)
    with ledger.database.writing() as tx:
        tx.run("update accounts set failures = failures + 1")
    ledger.close()
    assert edition(root).things("abandoned_parcel", "", TODAY) is kept


@pytest.mark.parametrize("area", [STONE, f"{EAST}201", "unplaced"])
def test_shapes_to_draw_are_those_of_the_areas_things(
    root: Path, area: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(area_rows, "LARGE", 0)
    workspace = Workspace(root)
    drawn = area_rows.shapes_in(workspace, workspace.layer("contract_parcel"), area)
    assert list(drawn["id"]) == list(show(workspace, "contract_parcel", area=area, as_of=TODAY)["id"])
