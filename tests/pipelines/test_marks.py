"""A marked site: where it stands, what it may be, what is near it, and that it is taken once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from geo.access import Actor
from geo.errors import Forbidden, Refused
from pipelines.act import workspace_ledger
from pipelines.marks import Draft, categories, take
from pipelines.marks_places import LAYER, known_sites, where
from pipelines.workspace import Workspace
from tests.dashboards.sites_county import CLEAR, EAST, STONE, TODAY, at, build_sites

INSPECTOR = Actor("督查甲", "inspector", "督查室")
STONE_TOWN = Actor("石桥", "township", "石桥镇", STONE)
NOW = datetime(2026, 3, 16, 2, tzinfo=UTC)
LON, LAT = at(0.030, 0.030)
DRAFT = Draft("a" * 32, LON, LAT, "garbage", NOW, "village", "井边一堆")


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace(build_sites(tmp_path_factory.mktemp("sites")))


@pytest.fixture
def fresh(tmp_path: Path) -> Workspace:
    return Workspace(build_sites(tmp_path))


def acts(workspace: Workspace) -> list[str]:
    ledger = workspace_ledger(workspace)
    events = ledger.events(layer=LAYER)
    ledger.close()
    return list(events.loc[events["kind"] != "import", "kind"])


@pytest.mark.parametrize(
    ("lon", "lat", "value", "basis"),
    [
        (0.010, 0.012, "urban", "urban_boundary"),
        (0.012, 0.052, "market_town", "urban_boundary"),
        (0.0165, 0.010, "fringe", "fringe"),
        (0.060, 0.030, "village", "nothing"),
    ],
)
def test_the_kind_of_place_is_guessed_from_where_it_stands(
    county: Workspace, lon: float, lat: float, value: str, basis: str
) -> None:
    spot = where(county, known_sites(county, TODAY), *at(lon, lat), INSPECTOR)
    assert (spot.guess.value, spot.guess.basis) == (value, basis)


def test_township_and_village_are_filled_in(county: Workspace) -> None:
    spot = where(county, known_sites(county, TODAY), LON, LAT, INSPECTOR)
    assert spot.township == (STONE, "石桥镇")
    assert spot.village == (f"{STONE}201", "前进村")
    nowhere = where(county, known_sites(county, TODAY), 100.0, 30.0, INSPECTOR)
    assert (nowhere.area_code, nowhere.township, nowhere.near) == (None, None, ())


def test_open_sites_near_by_are_offered_and_closed_ones_are_not(county: Workspace) -> None:
    sites = known_sites(county, TODAY)
    near = where(county, sites, *at(0.0101, 0.010), INSPECTOR).near
    assert [(one["id"], round(float(one["distance_m"]))) for one in near] == [("HJ01", 10)]
    assert where(county, sites, *at(0.020, 0.020), INSPECTOR).near == ()


def test_what_lies_in_anothers_area_is_not_offered(county: Workspace) -> None:
    sites = known_sites(county, TODAY)
    assert where(county, sites, *at(0.020, 0.060), STONE_TOWN).near == ()
    assert len(where(county, sites, *at(0.020, 0.060), INSPECTOR).near) == 2


def test_the_most_used_group_and_category_come_first(county: Workspace) -> None:
    groups = categories(county, known_sites(county, TODAY), TODAY)
    assert [group.zh for group in groups] == ["五清", "四定", "三线", ""]
    assert [(one.value, one.count) for one in groups[0].choices][:2] == [("garbage", 4), ("manure", 1)]
    named = [one.value for group in groups for one in group.choices]
    assert sorted(named) == sorted(c.value for c in county.layer(LAYER).field("category").choices)


def test_a_county_may_group_its_categories_itself(fresh: Workspace) -> None:
    with (fresh.root / "county.toml").open("a", encoding="utf-8") as settings:
        settings.write(
            '\n[mark]\nconfirmed = true\ngroups = [{ zh = "甲类", values = ["wires", "signs", "moon"] }]\n'
        )
    groups = categories(Workspace(fresh.root), known_sites(fresh, TODAY), TODAY)
    assert (groups[0].zh, groups[0].en, [one.value for one in groups[0].choices]) == (
        "甲类",
        "甲类",
        ["wires", "signs"],
    )


def test_a_draft_sent_twice_is_one_site(fresh: Workspace) -> None:
    first = take(fresh, INSPECTOR, DRAFT, [], now=NOW)
    again = take(fresh, INSPECTOR, DRAFT, [], now=NOW)
    assert (first.again, again.again) == (False, True)
    assert first.id == again.id
    assert acts(fresh) == ["add"]


def test_of_a_draft_made_in_a_dead_zone_the_kind_of_place_is_found_on_arrival(fresh: Workspace) -> None:
    lon, lat = at(0.012, 0.052)
    blank = replace(DRAFT, lon=lon, lat=lat, place_kind=None)
    taken = take(fresh, INSPECTOR, blank, [], now=NOW)
    sites = known_sites(fresh, TODAY).set_index("id")["place_kind"]
    assert sites[taken.id] == "market_town"
    said = take(
        fresh,
        INSPECTOR,
        replace(blank, client_id="c0ffee00-1234-5678-9abc-def012345678", place_kind="road"),
        [],
        now=NOW,
    )
    assert known_sites(fresh, TODAY).set_index("id")["place_kind"][said.id] == "road"


def test_another_look_is_added_to_the_site_that_is_there_and_only_once(fresh: Workspace) -> None:
    look = replace(DRAFT, same_as="HJ01", category=None)
    assert take(fresh, INSPECTOR, look, [], now=NOW).id == "HJ01"
    assert take(fresh, INSPECTOR, look, [], now=NOW).again
    assert acts(fresh) == ["evidence"]


def test_a_site_beside_an_open_one_is_taken_and_the_other_named(fresh: Workspace) -> None:
    lon, lat = at(0.0101, 0.010)
    taken = take(fresh, INSPECTOR, replace(DRAFT, lon=lon, lat=lat), [], now=NOW)
    assert [(name, round(metres)) for name, metres in taken.near] == [("HJ01", 10)]


def test_outside_ones_area_a_draft_is_refused_and_nothing_written(fresh: Workspace) -> None:
    lon, lat = at(0.010, 0.100)
    with pytest.raises(Forbidden) as refused:
        take(fresh, STONE_TOWN, replace(DRAFT, lon=lon, lat=lat), [], now=NOW)
    assert "辖区" in refused.value.words("zh")
    assert acts(fresh) == []
    assert EAST.startswith("99")
    assert CLEAR != STONE


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"lon": float("nan")}, "mark_without_place"),
        ({"lat": 200.0}, "mark_without_place"),
        ({"category": None}, "mark_without_category"),
        ({"client_id": "x"}, "mark_malformed"),
        ({"description": "长" * 501}, "note_too_long"),
        ({"lon": 100.0}, "point_outside_county"),
    ],
)
def test_a_draft_that_says_too_little_or_too_much_is_refused(
    fresh: Workspace, change: dict[str, object], code: str
) -> None:
    with pytest.raises(Refused) as refused:
        take(fresh, INSPECTOR, replace(DRAFT, **change), [], now=NOW)  # type: ignore[arg-type]
    assert refused.value.code == code
    assert acts(fresh) == []


def test_a_phone_whose_clock_runs_ahead_finds_nothing_tomorrow(fresh: Workspace) -> None:
    ahead = replace(DRAFT, marked_at=datetime(2026, 3, 20, 2, tzinfo=UTC))
    take(fresh, INSPECTOR, ahead, [], now=NOW)
    sites = known_sites(fresh, TODAY)
    assert (sites["reported_on"] <= "2026-03-16").all()
    assert len(sites) == 9
