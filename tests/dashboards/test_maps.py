"""The maps reach for no file outside, and written text is data in them, never markup."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import streamlit_folium
from shapely import Polygon

from dashboards import maps
from dashboards.data import County, county
from dashboards.looks import read_look
from dashboards.maps_layers import fit_to_thing
from dashboards.scenes import scene
from dashboards.words import Lang

TODAY = date(2026, 11, 22)


@pytest.fixture
def here(county_folder: Path) -> County:
    return county(county_folder)


def sent(here: County, lang: Lang = "zh", **asked: str) -> dict[str, object]:
    """What streamlit-folium would send to the browser."""
    look = read_look(asked, here, today=TODAY, lang=lang)
    group = maps.drawing(here, look, scene(here, look))
    with patch.object(streamlit_folium, "_component_func") as send:
        streamlit_folium.st_folium(maps.base_map(here, lang), key="m", feature_group_to_add=group)
    return dict(send.call_args.kwargs)


def test_every_file_of_the_map_is_on_this_server(here: County) -> None:
    arguments = sent(here)
    links = [*arguments["js_links"], *arguments["css_links"]]  # type: ignore[misc]
    assert links
    assert all(link.startswith("/assets/") for link in links)
    assert "://" not in json.dumps([arguments["script"], arguments["header"], arguments["feature_group"]])


def test_the_map_itself_stays_the_same_whatever_is_chosen(here: County) -> None:
    one = sent(here)
    other = sent(here, area="990101101", indicator="found_mu")
    assert one["key"] == other["key"]
    assert one["feature_group"] != other["feature_group"]


def test_hostile_text_reaches_the_browser_only_as_escaped_data(here: County) -> None:
    group = str(sent(here, area="990101100201")["feature_group"])
    assert "onerror" in group
    assert "<img" not in group


def test_a_village_shows_its_things_and_a_township_its_villages(here: County) -> None:
    assert "xiangtu.things" in str(sent(here, area="990101101201")["feature_group"])
    township = str(sent(here, area="990101101")["feature_group"])
    assert "xiangtu.areas" in township
    assert "/tiles/abandoned_parcel/{z}/{x}/{y}.pbf" in township
    assert township.count('"kind": "area"') == 2


def test_tiles_of_a_past_day_say_so_in_their_address(here: County) -> None:
    assert "as_of=2026-03-31" in str(sent(here, as_of="2026-03-31")["feature_group"])


def spec(group: object, kind: str) -> dict[str, Any]:
    """What the last layer of a kind draws."""
    found = re.findall(rf"xiangtu\.{kind}\((.*)\);", str(group))
    return dict(json.loads(found[-1]))


def test_the_map_goes_to_the_thing_looked_at_with_its_surroundings(here: County) -> None:
    thing = here.things("abandoned_parcel", as_of=TODAY).set_index("id").geometry["TB0004"]
    west, south, east, north = thing.bounds
    for area in ("990101", "990101100", "990101100202"):
        sent_ = sent(here, area=area, thing="TB0004")["feature_group"]
        fit = spec(sent_, "things" if len(area) == 12 else "areas")["fit"]
        (low, left), (high, right) = fit["bounds"]
        assert fit["thing"] and fit["key"] == "thing TB0004"
        assert low < south and left < west and high > north and right > east
        assert right - left < 0.01
    closed = spec(sent(here, area="990101100202")["feature_group"], "things")["fit"]
    assert closed["key"] == "990101100202" and "thing" not in closed


def test_a_thing_without_a_shape_leaves_the_map_at_its_area(here: County) -> None:
    nowhere = here.things("abandoned_parcel", as_of=TODAY).head(1).set_geometry([Polygon()])
    assert fit_to_thing(nowhere) is None
    assert fit_to_thing(nowhere.iloc[:0]) is None
    assert fit_to_thing(None) is None


def test_the_thing_looked_at_is_drawn_above_the_tiles(here: County) -> None:
    thing = here.things("abandoned_parcel", as_of=TODAY)["id"].iloc[0]
    drawn = str(sent(here, area="990101101", thing=str(thing))["feature_group"])
    assert drawn.index("xiangtu.tiles") < drawn.index("xiangtu.things")
    assert drawn.count('"kind": "thing"') == 1 and f'"key": "{thing}"' in drawn
    assert "xiangtu.things" not in str(sent(here, area="990101101")["feature_group"])


def test_what_the_colours_of_things_mean_is_told_on_the_map_where_its_legend_is_of_areas(here: County) -> None:
    legend = spec(sent(here, area="990101101")["feature_group"], "tiles")["legend"]
    assert legend["heading"] == "整治阶段"
    assert ["#b2182b", "发现"] in legend["entries"] and len(legend["entries"]) == 9


def test_a_click_names_what_was_clicked() -> None:
    answer: dict[str, Any] = {
        "last_active_drawing": {"properties": {"kind": "area", "key": "990101101"}},
        "last_object_clicked": {"lat": 31.0, "lng": 106.0},
    }
    assert maps.picked(answer) == maps.Picked("area", "990101101", 106.0, 31.0)
    assert not maps.Picked("area", "990101101", 106.0, 31.0).on_thing
    answer["last_active_drawing"]["properties"]["near"] = True
    near = maps.picked(answer)
    assert near is not None and near.on_thing and near.kind == "area"
    assert maps.picked(None) is None
    assert maps.picked({"last_active_drawing": None, "last_object_clicked": None}) is None
