"""Names of people by role: the same answer on the sheet, in search, in downloads and on paper."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from openpyxl import load_workbook

from dashboards import figures, season_routes, session
from dashboards.data import WORKSPACE_VARIABLE, county
from dashboards.downloads import table
from dashboards.sheets import Sheet, sheet_of
from geo.access import Actor
from pipelines.days import today
from pipelines.verify_parcel import ParcelCheck
from tests.dashboards.opening import opened

DAY = date(2026, 11, 22)
LAYER = "abandoned_parcel"
PERSON = "赵无名"
STONE, EAST = "990101100", "990101102"
KEEPERS = (
    Actor("管理", "administrator"),
    Actor("石桥", "township", "石桥镇", STONE),
    Actor("农局", "bureau", "农业农村局", layers=(LAYER,)),
)
OTHERS = (
    Actor("县长", "county_leader"),
    Actor("审计", "auditor", "审计局"),
    Actor("督查", "inspector", "督查室"),
    Actor("规划", "planner", "规划院"),
    Actor("住建", "bureau", "住建局", layers=("inspection_point",)),
)
EACH = [(one, True) for one in KEEPERS] + [(one, False) for one in OTHERS]
SHUT_OUT = (Actor("东山", "township", "东山乡", EAST), Actor("前进", "village_reporter", "前进村", f"{STONE}201"))
each_role = pytest.mark.parametrize(("actor", "clear"), EACH, ids=lambda one: getattr(one, "name", str(one)))


def seen(folder: Path, actor: Actor) -> Sheet:
    here = county(folder, actor=actor)
    thing = here.thing(LAYER, "TB0001", DAY)
    assert thing is not None
    return sheet_of(here, here.workspace.layer(LAYER), thing, "zh")


@each_role
def test_the_sheet_names_the_grower_to_those_who_may_know(county_folder: Path, actor: Actor, clear: bool) -> None:
    shown = seen(county_folder, actor)
    assert dict(shown.fields)["种植主体"] == (PERSON if clear else "＊＊＊")
    assert shown.masked is not clear
    assert (PERSON in str(shown)) is clear


@each_role
def test_a_search_for_a_person_finds_only_for_those_who_may_know(
    county_folder: Path, actor: Actor, clear: bool
) -> None:
    here = county(county_folder, actor=actor)
    assert bool(figures.search(here, PERSON, DAY, "zh")) is clear
    # One letter of a name is all that is left of a masked one; it must not be found by that either.
    assert bool(figures.search(here, "赵*", DAY, "zh")) is False


@each_role
def test_a_download_names_the_grower_to_those_who_may_know(county_folder: Path, actor: Actor, clear: bool) -> None:
    here = county(county_folder, actor=actor)
    rows = here.things(LAYER, as_of=DAY)
    book = load_workbook(io.BytesIO(table(here, LAYER, rows, "xlsx", as_of=DAY, lang="zh").body))
    cells = {str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row}
    assert (PERSON in cells) is clear
    assert ("按权限隐去" in cells) is not clear
    assert (PERSON.encode() in table(here, LAYER, rows, "gpkg", as_of=DAY, lang="zh").body) is clear
    assert (PERSON.encode() in table(here, LAYER, rows, "csv", as_of=DAY, lang="zh").body) is clear


@pytest.fixture
def no_check(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every parcel counts as checked from space, without a scene of it."""
    nothing = ParcelCheck.__new__(ParcelCheck)
    monkeypatch.setattr(season_routes, "parcel_check", lambda *_: nothing)
    monkeypatch.setattr(
        season_routes, "parcel_page", lambda _workspace, _layer, shown, _check, **_rest: str(shown.fields)
    )
    yield


@each_role
def test_paper_names_the_grower_to_those_who_may_know(
    county_folder: Path, actor: Actor, clear: bool, no_check: None
) -> None:
    here = county(county_folder, actor=actor)
    text = season_routes._page(here, LAYER, "TB0001", "zh")
    assert text is not None
    assert (PERSON in text) is clear


@pytest.mark.parametrize("named", ["leader", "agriculture"])
@pytest.mark.parametrize(
    ("actor", "clear"), [EACH[1], EACH[2], EACH[3], EACH[4]], ids=lambda one: getattr(one, "name", str(one))
)
def test_the_page_with_the_sheet_is_sent_the_name_only_where_it_may_be_known(
    county_folder: Path, actor: Actor, clear: bool, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(county_folder))
    monkeypatch.setattr(session, "stand_in", actor)
    app = opened(page=named, layer=LAYER, thing="TB0001", view="list")
    assert not app.exception and not app.error
    sheets = [one.proto.body for one in app.get("html") if one.proto.body.startswith('<div class="xt-sheet')]
    assert len(sheets) == 1
    assert (PERSON in sheets[0]) is clear


@pytest.mark.parametrize("actor", SHUT_OUT, ids=lambda one: one.name)
def test_who_may_not_read_the_parcel_meets_nobody_in_it(county_folder: Path, actor: Actor) -> None:
    here = county(county_folder, actor=actor)
    assert here.thing(LAYER, "TB0001", today()) is None
    found = figures.search(here, PERSON, DAY, "zh")
    assert [one.key for one in found if one.key == "TB0001"] == []
