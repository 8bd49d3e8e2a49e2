"""A past day on the leader's page: as it is known now, and as it was shown on that day."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from dashboards.data import WORKSPACE_VARIABLE, county
from dashboards.maps_layers import tiles_layer
from geo.access import Actor
from pipelines.act import act
from pipelines.ingest import Options, add
from pipelines.workspace import Workspace
from tests.dashboards.opening import data_of, opened
from tests.pipelines.agri_county import BUREAU, build

LAYER, DAY = "abandoned_parcel", date(2026, 5, 28)
READER = Actor("县长", "county_leader")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = build(tmp_path).root
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(folder))
    return folder


def later(root: Path) -> None:
    """What comes in after the day and tells of it, and an act after it."""
    table = root.parent / "补报.csv"
    table.write_text("图斑编号,村代码,上报面积,发现日期\nL1,990101100201,5,2026-05-02\n", encoding="utf-8-sig")
    add(Workspace(root), table, Options(layer=LAYER), at=date(2026, 6, 3))
    act(root, LAYER, "A1", "verified", BUREAU, now=datetime(2026, 6, 4, 2, tzinfo=UTC))


def test_the_page_shows_a_past_day_with_what_came_in_later_or_as_it_was_shown(root: Path) -> None:
    asked = {"layer": LAYER, "as_of": str(DAY)}
    before = data_of(opened(**asked), "cards")
    later(root)
    app = opened(**asked)
    assert not app.exception and not app.toggle(key="as_shown").value
    assert data_of(app, "cards") != before
    app.toggle(key="as_shown").set_value(True).run()
    assert not app.exception and app.query_params["shown"] == "then"
    assert data_of(app, "cards") == before
    assert data_of(opened(**asked, shown="then"), "cards") == before
    app.toggle(key="as_shown").set_value(False).run()
    assert "shown" not in app.query_params and data_of(app, "cards") != before


def test_today_has_nothing_to_choose(root: Path) -> None:
    assert [one.key for one in opened(layer=LAYER, shown="then").toggle] == []


def test_rows_history_and_tiles_of_a_day_are_those_of_that_day(root: Path) -> None:
    later(root)
    now = county(root, actor=READER)
    then = now.as_shown(DAY)
    ids = [set(one.things(LAYER, as_of=DAY)["id"]) for one in (now, then)]
    assert ids[0] - ids[1] == {"L1"} and len(ids[1]) == 7
    assert [len(one.history(LAYER, "A1")) for one in (now, then)] == [2, 1]
    layer = now.workspace.layer(LAYER)
    urls = [str(tiles_layer(one, layer, as_of=DAY, lang="zh").spec["url"]) for one in (now, then)]
    assert ["shown=then" in url for url in urls] == [False, True] and urls[0] != urls[1]
    assert now.as_shown(DAY).edition == then.edition
