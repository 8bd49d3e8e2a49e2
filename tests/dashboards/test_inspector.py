"""The inspector's page, run as Streamlit runs it, without a browser."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import shapely
from streamlit.testing.v1 import AppTest

from dashboards import inspector, inspector_steps, session
from dashboards.data import WORKSPACE_VARIABLE, county
from dashboards.widgets_head import _page_of
from data_samples.photos import write_photo
from geo.access import Actor
from geo.layers import builtin_layers
from pipelines.act import act
from pipelines.marks_places import LAYER
from pipelines.rounds import Round
from pipelines.workspace import Workspace
from tests.dashboards import opening
from tests.dashboards.little_county import CODE, HOSTILE, areas
from tests.dashboards.opening import data_of
from tests.dashboards.sites_county import STONE, TODAY, at, build_sites

INSPECTOR = Actor("督查甲", "inspector", "督查室")
TOWN = Actor("石桥", "township", "石桥镇", STONE)
LEADER = Actor("县长", "county_leader")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_sites(tmp_path_factory.mktemp("sites"))


@pytest.fixture(autouse=True)
def root(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(made))
    monkeypatch.setattr(session, "stand_in", INSPECTOR)
    monkeypatch.setattr("pipelines.days.today", lambda: TODAY)
    return made


def opened(**address: str) -> AppTest:
    return opening.opened(**{"page": "inspector", **address})


def text_of(app: AppTest) -> str:
    return "\n".join(str(one.proto.body) for one in app.get("html"))


def test_the_round_stands_with_its_reasons_its_way_and_todays_market() -> None:
    app = opened(km="all", **{"from": ",".join(map(str, at(0.010, 0.0101)))})
    assert not app.exception and not app.error
    data = data_of(app, "inspector")
    assert [one["key"] for one in data["stops"]][:2] == ["HJ01", "HJ02"]
    said = {one["key"]: [chip["text"] for chip in one["chips"]] for one in data["stops"]}
    assert said["HJ02"] == ["待核验", "今天赶场"]
    assert said["HJ03"] == ["超期 15 天（11 个工作日）", "今天赶场"]
    assert said["HJ07"] == ["还剩 1 天（1 个工作日）"]
    assert data["stops"][0]["leg"] == "11 米"
    assert "共 6 处" in data["notes"][0]
    body = text_of(app)
    assert "今天赶场：石桥镇" in body
    assert "“看情况”看不懂" in body
    assert "赶场日待县级确认" in body


def test_a_link_reopens_the_same_round() -> None:
    app = opened(km="5", **{"from": STONE})
    assert app.selectbox(key="round_start").value == STONE
    assert {one["key"] for one in data_of(app, "inspector")["stops"]} == {"HJ01", "HJ02", "HJ03"}
    app.selectbox(key="round_start").select("990101102").run()
    assert app.query_params["from"] in ("990101102", ["990101102"])
    assert [one["key"] for one in data_of(app, "inspector")["stops"]] == ["HJ07"]


def test_what_waits_opens_where_its_steps_are_taken_and_lists_exactly_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = opened(km="5", **{"from": STONE})
    app.button(key="bell_mine_inspection_point").click().run()
    assert not app.exception and not app.error
    assert (app.query_params["page"], app.query_params["rows"]) == ("inspector", "wait.mine")
    assert [one["key"] for one in data_of(app, "inspector")["stops"]] == ["HJ02"]
    assert "只列“等我办理”的 1 处" in text_of(app)
    app.button(key="round_all").click().run()
    assert len(data_of(app, "inspector")["stops"]) > 1
    far = data_of(opened(km="5", rows="wait.overdue", **{"from": "990101102"}), "inspector")["stops"]
    assert "HJ03" in {one["key"] for one in far}
    monkeypatch.setattr(session, "stand_in", LEADER)
    app = opened()
    app.button(key="bell_overdue_inspection_point").click().run()
    assert app.query_params["page"] == "leader"


def test_a_thing_that_waits_is_opened_where_the_reader_can_act_on_it() -> None:
    assert _page_of(county(actor=INSPECTOR), LAYER) == "inspector"
    assert _page_of(county(actor=TOWN), LAYER) == "inspector"
    assert _page_of(county(actor=LEADER), LAYER) == "leader"
    assert _page_of(county(actor=INSPECTOR), "land_transfer") == "leader"


def test_nonsense_in_the_address_shows_the_usual_round() -> None:
    app = opened(km="ever", view="moon", **{"from": "999,999"})
    assert not app.exception and not app.error
    assert app.selectbox(key="round_start").value == STONE


def test_a_township_has_its_own_round_and_no_way_to_anothers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "stand_in", TOWN)
    app = opened(km="all")
    assert {one["key"] for one in data_of(app, "inspector")["stops"]} == {"HJ01", "HJ03"}
    assert list(app.selectbox(key="round_start").options) == ["石桥镇（驻地）"]
    gone = opened(thing="HJ05")
    assert "HJ05" in gone.info[0].value
    assert "垃圾乱堆" not in text_of(gone)


def test_a_village_reporters_round_begins_within_the_village(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "stand_in", Actor("前进", "village_reporter", "前进村", f"{STONE}201"))
    start = data_of(opened(km="all"), "inspector")["start"]
    areas = Workspace(root).areas().set_index("code")
    assert areas.geometry[f"{STONE}201"].contains(shapely.Point(start["lon"], start["lat"]))


def test_hot_spots_say_when_there_are_too_few_and_stubborn_places_are_listed() -> None:
    data = data_of(opened(view="spots"), "inspector")
    assert "少于 30 个" in data["notes"][0]
    assert [[chip["text"] for chip in one["chips"]] for one in data["stops"]] == [["这里第 3 次", "顽固点"]]
    assert [one["label"] for one in data["legend"]] == ["反复出问题的地方，数字是次数"]


def stop(**state: Any) -> Round:
    """A round of one site that waits to be verified."""
    site = {"id": "HJ1", "area_code": STONE, "area_name": "红旗村", "address": "老街", "category": "garbage"}
    place = {"lon": 106.0, "lat": 31.0, "leg_m": 5.0, "stage": "rectified", "why": "verify"}
    usual = {"overdue_days": 0, "days_left": pd.NA, "working_days": pd.NA}
    return Round(pd.DataFrame([{**site, **place, **usual, **state}]), 5.0, 0, False)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({}, [("待核验", "calm")]),
        (
            {"overdue_days": 3, "days_left": -3, "working_days": 1},
            [("待核验", "calm"), ("超期 3 天（1 个工作日）", "bad")],
        ),
        (
            {"days_left": 3, "working_days": 1},
            [("待核验", "calm"), ("还剩 3 天（1 个工作日）", "warn")],
        ),
        ({"days_left": 0, "working_days": 0}, [("待核验", "calm"), ("今天到期", "warn")]),
        ({"days_left": 4, "working_days": 4}, [("待核验", "calm")]),
    ],
)
def test_what_waits_to_be_verified_says_when_it_is_late_or_soon(
    state: dict[str, Any], said: list[tuple[str, str]]
) -> None:
    (card,) = inspector.stops(stop(**state), builtin_layers()[LAYER], "zh", market_towns=[])
    assert [(chip["text"], chip["tone"]) for chip in card["chips"]] == said


def hexagon(**told: Any) -> dict[str, Any]:
    usual = {"town_name": "石桥镇", "village_name": "红旗村", "address": "", "near_id": "HJ1", "categories": ()}
    return {"geometry": shapely.box(0, 0, 1, 1), "class": "hot_99", "count": 7, **usual, **told}


def test_hot_hexagons_of_one_township_are_told_apart_by_their_places() -> None:
    hot = pd.DataFrame(
        [
            hexagon(address="红旗村老街", categories=(("garbage", 5), ("广场舞噪声", 2))),
            hexagon(address="红旗村老街", near_id="HJ2"),
            hexagon(near_id="HJ3", count=0),
        ]
    )
    cells = inspector.cells(hot, builtin_layers()[LAYER], "zh")
    assert [one["title"] for one in cells] == ["红旗村老街一带", "红旗村老街一带 · HJ2", "红旗村 HJ3 一带"]
    assert cells[0]["lines"] == ["石桥镇", "垃圾乱堆 5、广场舞噪声 2", "7 个点位 · 把握 99%"]
    assert cells[2]["lines"][-1].startswith("这一格没有点位")
    assert inspector.cells(hot, builtin_layers()[LAYER], "en")[0]["lines"][1] == "Litter 5, 广场舞噪声 2"


def test_the_map_of_hot_spots_shows_the_whole_county_and_names_its_colours() -> None:
    data = data_of(opened(view="spots"), "inspector")
    assert data["whole"] is True
    hot = pd.DataFrame({"class": ["hot_95", "hot_99", "hot_95"]})
    found = inspector.hot_legend(hot, "zh", stubborn=True)
    assert [one["tone"] for one in found] == ["hot_99", "hot_95", ""]
    assert [one["label"] for one in found[:2]] == ["热点，把握 99%", "热点，把握 95%"]
    assert inspector.hot_legend(hot.iloc[:0], "en", stubborn=False) == []


def test_the_fair_table_counts_open_overdue_and_ranks_nobody_by_chance() -> None:
    app = opened(view="fair")
    board = data_of(app, "board")
    rows = {row["name"]: row["cells"] for row in board["rows"]}
    assert rows["石桥镇"] == ["正常", "50.0%", "1 / 2", "3", "1", "0.0%", "0 / 1"]
    assert rows["清水乡"][5:] == ["100.0%", "2 / 2"]
    assert {row["rank"] for row in board["rows"]} == {""}
    assert all(row["small"] for row in board["rows"] if row["name"] != "清水乡")


def test_a_township_sees_itself_against_the_county_and_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "stand_in", TOWN)
    app = opened(view="fair")
    assert [row["name"] for row in data_of(app, "board")["rows"]] == ["石桥镇"]
    assert "全县 33.3%" in text_of(app)
    assert "只显示本乡镇" in text_of(app)


def test_a_site_offers_each_role_its_own_steps_and_says_what_they_demand(monkeypatch: pytest.MonkeyPatch) -> None:
    acts = data_of(opened(thing="HJ02"), "inspector_act")
    assert [(one["to"], one["label"], one["needs"]) for one in acts["steps"]] == [
        ("closed", "核验通过，销号", ["photo"]),
        ("rectifying", "退回整改", ["note"]),
    ]
    assert acts["version"] == 0
    monkeypatch.setattr(session, "stand_in", TOWN)
    waits = text_of(opened(thing="HJ02"))
    assert "没有轮到您的步骤" in waits and "下一步由督查员办理：核验通过，销号。" in waits
    assert [one["to"] for one in data_of(opened(thing="HJ01"), "inspector_act")["steps"]] == ["claimed"]
    monkeypatch.setattr(session, "stand_in", LEADER)
    assert "只能看" in text_of(opened(thing="HJ01"))
    assert "下一步" not in text_of(opened(thing="HJ04"))


def test_a_closed_site_may_be_looked_back_at() -> None:
    steps = data_of(opened(thing="HJ04"), "inspector_act")["steps"]
    assert [(one["act"], one["label"], one["needs"]) for one in steps] == [
        ("revisit", "回头看：完好", []),
        ("step", "反弹了", ["note"]),
    ]


def returned(to: str, source: str, note: str | None = "沟底还有一袋") -> dict[str, Any]:
    moment = {"at": "2026-03-15T18:30:00.000000Z", "id": "e2", "kind": "step", "undoes": None}
    return {**moment, "from_stage": source, "to_stage": to, "unit": "督查室", "actor": "督查甲", "note": note}


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (returned("rectifying", "rectified"), "督查室 2026年3月16日退回：沟底还有一袋"),
        (returned("recurred", "closed"), "督查室 2026年3月16日回头看，反弹：沟底还有一袋"),
        (returned("rectified", "rectifying"), None),
        (returned("rectifying", "rectified", note=None), None),
    ],
)
def test_why_a_site_came_back_is_told_first(event: dict[str, Any], said: str | None) -> None:
    layer = builtin_layers()[LAYER]
    assert inspector_steps.sent_back([event], layer, "zh") == said
    undone = {"id": "e3", "kind": "undo", "undoes": "e2"}
    assert inspector_steps.sent_back([event, undone], layer, "zh") is None


def test_the_button_that_stands_out_carries_the_site_on_and_never_undoes_or_voids_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    just_marked = data_of(opened(thing="HJ01"), "inspector_act")["steps"]
    assert {one["to"]: one["main"] for one in just_marked} == {"duplicate": False, "invalid": False}
    waits = data_of(opened(thing="HJ02"), "inspector_act")["steps"]
    assert {one["to"]: one["main"] for one in waits} == {"closed": True, "rectifying": False}
    monkeypatch.setattr(session, "stand_in", TOWN)
    assert [one["main"] for one in data_of(opened(thing="HJ01"), "inspector_act")["steps"]] == [True]


def test_a_site_stands_on_a_small_map_of_its_own() -> None:
    data = data_of(opened(thing="HJ02"), "inspector")
    assert data["bare"] is True
    assert [(one["key"], one["lon"], one["lat"]) for one in data["stops"]] == [("HJ02", *at(0.012, 0.010))]


def test_photos_stand_before_and_after_with_facts_and_the_last_act_may_be_undone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = build_sites(tmp_path)
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(root))
    lon, lat = at(0.010, 0.010)
    photo = write_photo(tmp_path / "a.jpg", key="HJ01", moment="after", on=TODAY, lon=lon, lat=lat)
    act(root, LAYER, "HJ01", "claimed", TOWN, now=datetime.now(UTC))
    act(root, LAYER, "HJ01", "rectified", TOWN, now=datetime.now(UTC), photo=photo)
    monkeypatch.setattr(session, "stand_in", TOWN)
    app = opened(thing="HJ01")
    shown = data_of(app, "inspector_compare")["photos"]
    assert len(shown) == 1
    assert any("距点位 0 米" in fact["text"] for fact in shown[0]["facts"])
    assert data_of(app, "inspector_act")["steps"][-1]["label"] == "撤销上一步"


def test_what_senders_wrote_is_text() -> None:
    app = opened(thing="HJ07")
    assert "&lt;img src=x onerror=alert(1)&gt;湾" in text_of(app)
    assert "<img src=x" not in text_of(app)
    stops = data_of(opened(km="all"), "inspector")["stops"]
    assert any(HOSTILE in line for one in stops for line in one["lines"])


def test_english_is_complete() -> None:
    app = opened(lang="en", km="all")
    data = data_of(app, "inspector")
    assert data["stops"][0]["title"] in ("Litter", "Street trading", "Tangled wires")
    assert "straight lines" in data["notes"][0]
    assert "Market day today: 石桥镇" in text_of(app)
    assert data_of(opened(lang="en", thing="HJ02"), "inspector_act")["steps"][0]["label"] == "Verified: close"


def test_without_sites_the_page_says_how_to_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.ingest import Options, add

    workspace = Workspace.create(tmp_path / "new", code=CODE, name="新县")
    for layer, path in zip(("township", "village"), areas(tmp_path), strict=True):
        add(workspace, path, Options(layer=layer), at=TODAY)
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(workspace.root))
    app = opened()
    assert "还没有环境问题点位" in text_of(app)
    assert not app.exception


@pytest.mark.parametrize(
    ("metres", "said"), [(0.4, "0 米"), (850.0, "850 米"), (1_240.0, "1.2 公里"), (12_345.0, "12.3 公里")]
)
def test_distances_are_said_as_people_say_them(metres: float, said: str) -> None:
    assert inspector.distance(metres, "zh") == said


@pytest.mark.parametrize(
    ("noted", "said"),
    [
        ({}, ["照片没有拍摄时间", "照片没有位置"]),
        (
            {"taken_at": "2026-03-16T10:30:00+08:00", "distance_m": 35.0, "position": "near", "delay_hours": 2.5},
            ["拍摄 2026-03-16 10:30", "距点位 35 米", "拍后 2.5 小时提交"],
        ),
        (
            {"distance_m": 900.0, "position": "far", "delay_hours": -1.0, "reused": [{"id": "HJ9"}]},
            [
                "照片没有拍摄时间",
                "距点位 900 米，偏远",
                "拍摄时间晚于提交 1.0 小时",
                "与点位 HJ9 的照片相同或极像",
            ],
        ),
        (
            {"distance_m": 560.0, "distance_gcj02_m": 12.0, "position": "near_after_gcj02"},
            ["照片没有拍摄时间", "照片坐标疑为火星坐标，换算后距点位 12 米"],
        ),
    ],
)
def test_what_a_photo_says_is_told_as_facts(noted: dict[str, Any], said: list[str]) -> None:
    event = {
        "kind": "evidence",
        "at": "2026-03-16T02:00:00.000000Z",
        "data": {"photos": [{"sha256": "0", **noted}]},
    }
    shown = inspector.photos([event], builtin_layers()[LAYER], "zh")
    assert [fact["text"] for fact in shown[0]["facts"]] == said
    assert shown[0]["title"] == "2026年3月16日 · 补充照片"


def test_a_point_is_said_to_have_no_size() -> None:
    facts = text_of(opened(thing="HJ01")).split('class="xt-facts"')[1].split("</div>")[0]
    assert "<span>—</span>" not in facts and facts.count("<span>") == 1
