"""A map is narrowed to what its list or its desk shows; layers of very many rows answer like small ones."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from dashboards import figures, scenes
from dashboards.agriculture import desk_of, read_ask
from dashboards.data import County
from dashboards.editions import Edition
from dashboards.figures import rows_of, standings, waits
from dashboards.looks import read_look
from dashboards.narrowing import filters_query, narrowed_to, rows_query
from dashboards.opening import edition
from dashboards.readable_tiles import ReadableTiles
from dashboards.shelf import Shelf
from geo.access import Actor
from geo.progress import UNPLACED
from pipelines import area_rows
from pipelines.store.accounts import KEYBOARD
from pipelines.tile_encoding import tile_at
from pipelines.worklist_filters import narrowed
from pipelines.workspace import Workspace
from tests.dashboards.every_county import EAST, STONE, TODAY, build_every

LAYER = "abandoned_parcel"
TOWN = Actor("石桥", "township", "石桥镇", STONE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_every(tmp_path_factory.mktemp("narrowed"))


@pytest.fixture
def here(folder: Path) -> County:
    return County(edition(folder), KEYBOARD)


@pytest.fixture
def as_large(folder: Path, monkeypatch: pytest.MonkeyPatch) -> County:
    """The same county, each of its layers taken for one of very many rows; nothing is kept of before."""
    monkeypatch.setattr(area_rows, "LARGE", 0)
    now = edition(folder)
    return County(Edition(Workspace(folder), now.heads, Shelf()), KEYBOARD)


def asked(here: County, **query: str) -> dict[str, str]:
    look = read_look({"layer": LAYER, "view": "things", **query}, here, today=TODAY, lang="zh")
    return rows_query(look)


@pytest.mark.parametrize("rows", ["is.late", "is.not_started", "found_mu", "remediated_rate"])
def test_tiles_are_narrowed_to_the_rows_of_the_list(here: County, rows: str) -> None:
    layer, area = here.workspace.layer(LAYER), here.root
    listed = rows_of(here, layer, rows, area, TODAY, TODAY)
    only = narrowed_to(asked(here, rows=rows), here, layer, as_of=None, today=TODAY)
    assert listed is not None and only is not None
    assert set(only.ids) == set(listed.rows["id"])


def test_a_list_of_everything_narrows_nothing(here: County) -> None:
    layer = here.workspace.layer(LAYER)
    assert asked(here) == {}
    assert narrowed_to({}, here, layer, as_of=None, today=TODAY) is None
    assert narrowed_to({"rows": "no_such_figure"}, here, layer, as_of=None, today=TODAY) is None


def test_tiles_are_narrowed_to_what_passes_the_filters_of_the_desk(here: County) -> None:
    ask = read_ask({"stage": "found|assigned", "overdue": "1"}, here, today=TODAY, lang="zh")
    passing = narrowed(desk_of(here, LAYER, TODAY), ask.filters)
    only = narrowed_to(filters_query(ask.filters), here, ask.layer, as_of=None, today=TODAY)
    assert only is not None and set(only.ids) == set(passing.rows["id"])
    assert 0 < len(only.ids) < len(desk_of(here, LAYER, TODAY).rows)


def test_a_narrowed_tile_and_a_click_on_it_know_no_other_things(here: County) -> None:
    layer = here.workspace.layer(LAYER)
    things = here.things(LAYER, as_of=TODAY)
    only = narrowed_to(asked(here, rows="is.late"), here, layer, as_of=None, today=TODAY)
    assert only is not None and 0 < len(only.ids) < len(things)
    tiles: ReadableTiles = here.tiles()
    for _, one in things.iterrows():
        place = one.geometry.representative_point()
        hit = tiles.at(LAYER, place.x, place.y, as_of=TODAY, only=only)
        assert (hit == one["id"]) == (one["id"] in set(only.ids))
        body = tiles.tile(LAYER, 17, *tile_at(17, place.x, place.y), as_of=TODAY, only=only)
        assert (str(one["id"]).encode() in body) == (one["id"] in set(only.ids))


def test_a_township_cannot_narrow_its_way_into_another(folder: Path) -> None:
    town = County(edition(folder), TOWN)
    layer = town.workspace.layer(LAYER)
    assert narrowed_to({"rows": "found_mu", "area": EAST}, town, layer, as_of=None, today=TODAY) is None
    mine = narrowed_to({"rows": "found_mu", "area": STONE}, town, layer, as_of=None, today=TODAY)
    assert mine is not None and set(mine.ids) <= set(town.things(LAYER, as_of=TODAY)["id"])


def test_a_layer_of_very_many_rows_has_the_standings_and_the_bell_of_a_small_one(
    here: County, as_large: County
) -> None:
    layer = here.workspace.layer(LAYER)
    codes = [STONE, EAST]
    expected, found = (standings(one, layer, codes, TODAY) for one in (here, as_large))
    assert expected is not None and found is not None and expected.to_numpy().sum() > 0
    pd.testing.assert_frame_equal(expected, found)
    assert [(w.kind, w.layer.id, w.ids) for w in waits(here, TODAY)] == [
        (w.kind, w.layer.id, w.ids) for w in waits(as_large, TODAY)
    ]


@pytest.mark.parametrize("rows", [None, "is.late", "found_mu", "features", "remediated_rate", "overdue"])
@pytest.mark.parametrize("area", ["", STONE, UNPLACED])
def test_a_layer_of_very_many_rows_lists_what_a_small_one_lists(
    here: County, as_large: County, rows: str | None, area: str
) -> None:
    layer = here.workspace.layer(LAYER)
    place = here.area(area or None)
    assert place is not None
    expected, found = (rows_of(one, layer, rows, place, TODAY, TODAY) for one in (here, as_large))
    assert (expected is None) == (found is None)
    if expected is not None and found is not None:
        assert list(expected.rows["id"]) == list(found.rows["id"])
        assert expected.totals == pytest.approx(found.totals)


def test_a_list_counts_what_the_figure_counts(folder: Path) -> None:
    for actor in (KEYBOARD, TOWN):
        here = County(edition(folder), actor)
        for layer_id in (LAYER, "land_transfer"):
            layer = here.workspace.layer(layer_id)
            place = here.area(STONE)
            assert place is not None
            row = here.progress(layer_id, "township", TODAY).set_index("area_code").loc[STONE]
            for one in layer.indicators:
                if one.is_rate:
                    continue
                listed = rows_of(here, layer, one.id, place, TODAY, TODAY)
                assert listed is not None
                assert listed.totals == pytest.approx([row[one.id]], abs=1e-5), one.id


def test_the_first_day_is_that_of_what_a_reader_may_see(folder: Path, here: County) -> None:
    town = County(edition(folder), TOWN)
    dates = [one.date_field for one in here.workspace.layer(LAYER).lifecycle.stages if one.date_field]  # type: ignore[union-attr]
    for reader in (here, town):
        rows = reader.things(LAYER, as_of=TODAY)
        expected: date = pd.Timestamp(rows[dates].min().min()).date()
        assert reader.first_day(LAYER) == expected


def test_what_is_kept_for_one_reader_of_a_list_is_not_given_to_another(folder: Path) -> None:
    whole, town = County(edition(folder), KEYBOARD), County(edition(folder), TOWN)
    layer = whole.workspace.layer(LAYER)
    every = figures.selected(whole, layer, "is.late", whole.root, TODAY, TODAY)
    mine = figures.selected(town, layer, "is.late", town.root, TODAY, TODAY)
    assert every is not None and mine is not None
    assert set(mine.ids) < set(every.ids) and every.name != mine.name


def test_what_is_counted_but_not_listed_is_in_the_total(folder: Path) -> None:
    here = County(edition(folder), TOWN)
    layer = here.workspace.layer(LAYER)
    rows = pd.DataFrame({"id": ["TB1", "TB2"], "=found_mu": [1.5, 2.0]})
    listed = figures.Counted(rows, (layer.indicator("found_mu"),), beyond=1, beyond_sums=(0.25,))
    assert listed.totals == [3.75]
    look = read_look({"layer": LAYER, "view": "things", "rows": "found_mu"}, here, today=TODAY, lang="zh")
    said = scenes.said_of(listed, look, lost=False)
    assert any("3.75" in one for one in said) and any("0.25" in one and "1" in one for one in said)
