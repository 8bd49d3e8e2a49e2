"""The maps reach for no file outside, and written text is data in them, never markup."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import streamlit_folium

from dashboards import maps
from dashboards.data import County, county
from dashboards.looks import read_look
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


def test_of_a_very_large_layer_the_thing_looked_at_is_drawn_above_its_tiles(
    here: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    thing = here.things("abandoned_parcel", as_of=TODAY)["id"].iloc[0]
    asked = {"area": "990101101", "thing": str(thing)}
    assert "xiangtu.things" not in str(sent(here, **asked)["feature_group"])
    monkeypatch.setattr(County, "is_large", lambda *_: True)
    drawn = str(sent(here, **asked)["feature_group"])
    assert drawn.index("xiangtu.tiles") < drawn.index("xiangtu.things")
    assert drawn.count('"kind": "thing"') == 1 and f'"key": "{thing}"' in drawn


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
