"""What pages show to whom: a township's reader meets nothing of another township on any of them."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboards import session
from dashboards.data import WORKSPACE_VARIABLE, county
from dashboards.pages import VIEWS, home, pages_for
from geo.access import Actor
from tests.dashboards import opening
from tests.dashboards.every_county import EAST, OF, STONE, TODAY, build_every, foreign, ids

TOWN = Actor("石桥", "township", "石桥镇", STONE)
REPORTER = Actor("前进", "village_reporter", "前进村", f"{STONE}201")
LEADER = Actor("县长", "county_leader")
AUDITOR = Actor("审计", "auditor", "审计局")
LAYERS = ("abandoned_parcel", "land_transfer", "inspection_point", "zone_plan", "contract_parcel")
EVERYWHERE: tuple[dict[str, str], ...] = (
    {},
    {"area": EAST},
    {"area": "990101", "layer": "inspection_point"},
    {"area": "unplaced", "as_of": "2026-06-30"},
    {"thing": "HJ21", "layer": "inspection_point", "area": f"{EAST}201"},
)
PARTS: dict[str, tuple[dict[str, str], ...]] = {
    "leader": (
        {"view": "things", "area": EAST},
        {"versus": EAST, "layer": "land_transfer"},
        {"rows": "found_mu", "area": EAST},
        {"rows": "waits"},
        {"layer": "zone_plan", "thing": "PQ2"},
    ),
    "agriculture": (
        {"view": "list", "area": EAST},
        {"view": "list", "layer": "land_transfer"},
        {"view": "map"},
        {"view": "rule"},
        {"view": "flow", "by": "grower"},
        {"thing": "TB0030", "view": "list"},
    ),
    "planner": (
        {"thing": "PQ2"},
        {"view": "conflicts"},
        {"view": "marks", "thing": "PQ2"},
        {"view": "versions", "thing": "PQ2"},
    ),
    "inspector": ({"view": "round"}, {"view": "spots"}, {"view": "fair"}, {"view": "fair", "area": EAST}),
}
ASKED = [(name, asked) for name in VIEWS for asked in (*EVERYWHERE, *PARTS.get(name, ()))]
SEEN_BY_ALL: dict[str, dict[str, str]] = {
    "leader": {"view": "things", "layer": "abandoned_parcel"},
    "agriculture": {"view": "list"},
    "planner": {"view": "zones"},
    "inspector": {"view": "round"},
}


@pytest.fixture(scope="module")
def every_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_every(tmp_path_factory.mktemp("every"))


@pytest.fixture(autouse=True)
def workspace(every_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(every_folder))


def opened(actor: Actor, monkeypatch: pytest.MonkeyPatch, **address: str) -> AppTest:
    monkeypatch.setattr(session, "stand_in", actor)
    return opening.opened(**address)


def sent(app: AppTest) -> str:
    """Everything the browser is sent: markup, choices, and what our components and the map are given."""
    found: list[str] = []

    def walk(node: Any) -> None:
        if hasattr(node, "proto") and hasattr(node.proto, "SerializeToString"):
            found.append(node.proto.SerializeToString().decode("utf-8", "ignore"))
        for child in getattr(node, "children", {}).values():
            walk(child)

    walk(app._tree)
    # Characters that JSON writes as numbers are as readable as others.
    return re.sub(r"\\u([0-9a-f]{4})", lambda one: chr(int(one[1], 16)), "\n".join(found))


@pytest.mark.parametrize(("named", "asked"), ASKED, ids=str)
def test_a_township_meets_nothing_of_another_on_any_page(
    named: str, asked: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(TOWN, monkeypatch, page=named, **asked)
    assert not app.exception and not app.error
    text = sent(app)
    for value in asked.values():
        # What the reader wrote into the address stands in the page's own links.
        text = text.replace(value, "")
    assert [one for one in foreign(STONE) if one in text] == []


@pytest.mark.parametrize("named", VIEWS)
def test_a_reader_of_the_whole_county_does_meet_them(named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the test above would prove nothing."""
    app = opened(LEADER, monkeypatch, page=named, **SEEN_BY_ALL.get(named, {}))
    assert not app.exception and not app.error
    assert [one for one in foreign(STONE) if one in sent(app)] != []


def test_a_page_that_is_not_for_a_role_says_so_and_names_those_that_are(monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(REPORTER, monkeypatch, page="leader", lang="en")
    text = sent(app)
    assert "not within your rights" in text and "Village reporter" in text
    assert "/?page=inspector&lang=en" in text.replace("&amp;", "&")
    assert "page=planner" not in text and not any(one in text for one in foreign(STONE))


def test_each_role_begins_with_its_own_page() -> None:
    assert pages_for(REPORTER) == ["inspector"]
    assert [home(one) for one in (LEADER, TOWN, REPORTER)] == ["leader", "agriculture", "inspector"]
    assert [home(Actor("x", role)) for role in ("planner", "inspector", "bureau", "auditor")] == [
        "planner",
        "inspector",
        "agriculture",
        "leader",
    ]


# ---- what pages are given


def test_a_townships_county_begins_at_the_township(every_folder: Path) -> None:
    here = county(every_folder, actor=TOWN)
    assert (here.root.code, here.root.name, here.root.level) == (STONE, "石桥镇", "township")
    assert here.area(None) == here.root and here.below(here.root) == "village"
    assert [one.name for one in here.path(here.area(f"{STONE}201"))] == ["石桥镇", "前进村"]  # type: ignore[arg-type]
    for code in (EAST, f"{EAST}201", "990101", "unplaced", "", "99", f"{STONE}201; drop"):
        assert here.area(code) is None
    assert {code[:9] for code in here.areas["code"]} == {STONE}
    assert here.bounds(here.root) != county(every_folder).bounds(county(every_folder).root)


@pytest.mark.parametrize("layer", LAYERS)
def test_things_figures_tiles_and_histories_end_at_the_townships_border(every_folder: Path, layer: str) -> None:
    here, whole = county(every_folder, actor=TOWN), county(every_folder)
    mine, every = here.things(layer, as_of=TODAY), whole.things(layer, as_of=TODAY)
    assert 0 < len(mine) < len(every)
    assert set(mine["area_code"].str[:9]) == {STONE}
    for area in (whole.area(EAST), whole.area(f"{EAST}201"), whole.area("unplaced")):
        assert len(here.things(layer, area=area, as_of=TODAY)) == 0
    for name in set(every["id"]) - set(mine["id"]):
        assert here.thing(layer, name, TODAY) is None
        assert here.history(layer, name) == []
    other = every[every["area_code"].str.startswith(EAST)].iloc[0]
    assert here.source_file(layer, other["import_id"]) is None or other["import_id"] in set(mine["import_id"])
    point = other.geometry.representative_point()
    assert whole.tiles().at(layer, point.x, point.y) == other["id"]
    assert here.tiles().at(layer, point.x, point.y) is None
    for by in ("county", "township", "village"):
        assert set(here.progress(layer, by, TODAY)["area_code"].str[:9]) <= {STONE}
    assert here.progress(layer, "county", TODAY).empty


def test_figures_by_zone_are_of_the_townships_own_zones(every_folder: Path) -> None:
    assert list(county(every_folder, actor=TOWN).progress("land_transfer", "zone", TODAY)["area_code"]) == ["PQ0"]
    assert len(county(every_folder).progress("land_transfer", "zone", TODAY)) >= 3


def test_a_village_reporter_has_the_sites_of_the_village_and_nothing_else(every_folder: Path) -> None:
    here = county(every_folder, actor=REPORTER)
    assert [one.id for one in here.topics()] == ["inspection_point"]
    assert set(here.things("inspection_point", as_of=TODAY)["id"]) == {"HJ01", "HJ02"}
    for layer in set(LAYERS) - {"inspection_point"}:
        assert len(here.things(layer, as_of=TODAY)) == 0 and here.thing(layer, ids(STONE)[-1], TODAY) is None
        assert here.progress(layer, "village", TODAY).empty and here.first_day(layer) is None
        assert here.tiles().tile(layer, 14, 13016, 6700) == b""
    assert here.history("inspection_point", "HJ01")[0]["kind"] == "import"
    assert [one for one in here.history("inspection_point", "HJ01") if one["kind"] != "import"] == []


def test_people_are_shown_by_role(every_folder: Path) -> None:
    def reporter(actor: Actor) -> str:
        return str(county(every_folder, actor=actor).things("inspection_point", as_of=TODAY)["reporter"].iloc[0])

    assert reporter(TOWN) == "石字某"
    assert {reporter(one) for one in (LEADER, AUDITOR, REPORTER)} == {"石**"}

    def who(actor: Actor) -> set[str]:
        found = county(every_folder, actor=actor).history("inspection_point", "HJ01")
        return {str(one["actor"]) for one in found if "actor" in one}

    assert who(TOWN) == {"石字人"}
    for actor in (AUDITOR, LEADER):
        assert all(re.fullmatch(r"p[0-9a-f]{8}", name) for name in who(actor)) and who(actor)
    assert who(Actor("石字人", "inspector")) == {"石字人"}


def test_what_one_reader_may_see_is_not_kept_for_the_next(every_folder: Path) -> None:
    day = date(2026, 11, 21)
    first = county(every_folder, actor=Actor("管理", "administrator")).things("inspection_point", as_of=day)
    second = county(every_folder, actor=LEADER).things("inspection_point", as_of=day)
    assert first["reporter"].str.contains("字某").all() and not second["reporter"].str.contains("字某").any()
    assert OF[EAST] + "路" in set(second["address"])
