"""The planner's page, run as Streamlit runs it, without a browser."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import shapely
from streamlit.testing.v1 import AppTest

from dashboards import session
from dashboards.data import WORKSPACE_VARIABLE
from dashboards.planner import ENTERED, LEFT, STAYED
from dashboards.views import planner_conflicts
from geo.access import Actor
from pipelines.ingest import Options, add
from pipelines.review_marks import add_mark, marks
from pipelines.workspace import Workspace
from pipelines.zone_versions import with_several
from tests.dashboards import opening
from tests.dashboards.little_county import SIDE, SOUTH, WEST, feature, square, write
from tests.dashboards.opening import data_of
from tests.dashboards.planning_county import HOSTILE, TODAY, build_planning

PLANNER = Actor("规划员", "planner", "规划院")
NOW = datetime(2026, 3, 16, 2, tzinfo=UTC)
POINT = {"type": "Point", "coordinates": [WEST + 0.01, SOUTH + 0.01]}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = build_planning(tmp_path)
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(made))
    monkeypatch.setattr(session, "stand_in", PLANNER)
    monkeypatch.setattr("pipelines.days.today", lambda: TODAY)
    monkeypatch.setattr("dashboards.views.planner_parts.now", lambda: NOW)
    return made


def opened(**address: str) -> AppTest:
    return opening.opened(**{"page": "planner", **address})


def text_of(app: AppTest) -> str:
    return "\n".join(one.proto.body for one in app.get("html"))


def test_the_zones_stand_with_their_slack_and_the_timeline_by_batch(root: Path) -> None:
    app = opened()
    assert not app.exception and not app.error
    assert {one.label: one.value for one in app.metric} == {
        "片区数": "3",
        "已批复": "1",
        "已逾期": "0",
        "按工期已来不及": "1",
    }
    drawn = data_of(app, "timeline")
    assert [group["title"] for group in drawn["groups"]] == ["第一批", "第二批"]
    assert drawn["groups"][0]["rows"][0]["name"] == HOSTILE
    assert drawn["now"] == "今天" and 0 < drawn["today"] < 100
    late = drawn["groups"][1]["rows"][0]
    assert (late["key"], late["tone"]) == ("P02", "late")
    assert {bar["kind"] for bar in late["bars"]} == {"now", "impossible"}


def test_a_batch_narrows_the_zones_and_stands_in_the_address(root: Path) -> None:
    app = opened()
    app.segmented_control(key="batch").set_value("第一批").run()
    assert app.query_params["batch"] == "第一批"
    assert [group["title"] for group in data_of(app, "timeline")["groups"]] == ["第一批"]


def test_what_a_sender_wrote_as_a_name_is_said_as_text_also_when_an_act_is_answered(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = "![x](http://example.invalid/x.png)"
    monkeypatch.setattr("dashboards.views.planner_parts.Desk.name", lambda *_: picture)
    app = opened(thing="P01")
    app.text_area(key="sign_note").set_value("同意").run()
    app.button(key="sign_do").click().run()
    said = [one.value for one in (*app.success, *app.caption, *app.markdown)]
    assert any("example" in text for text in said)
    assert [text for text in said if picture in text] == []


def test_a_zone_is_signed_off_into_the_ledger_and_the_step_undone(root: Path) -> None:
    app = opened(thing="P01")
    assert "\\<b onclick" in "".join(one.value for one in app.markdown)
    # Nothing was done yet that could be taken back.
    assert "sign_undo" not in {str(one.key) for one in app.button}
    app.button(key="sign_do").click().run()
    assert "需要" in app.error[0].value or "说明" in app.error[0].value
    app.text_area(key="sign_note").set_value("同意").run()
    app.button(key="sign_do").click().run()
    assert not app.error
    assert "省级审查" in app.success[0].value
    assert "省级审查 · " in text_of(app)
    app.button(key="sign_undo").click().run()
    assert "已撤销" in app.success[0].value
    assert "市级审查 · " in text_of(app)


def test_a_reader_without_the_right_is_offered_no_step(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "stand_in", Actor("县领导", "county_leader", "县委办"))
    app = opened(thing="P01")
    assert not app.exception
    assert "sign_do" not in {str(one.key) for one in app.button}
    assert "您的身份在这一阶段没有可办的事项。" in {one.value for one in app.caption}


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ({"thing": "P99"}, "试县没有编号为 P99 的片区规划，已显示列表。"),
        ({"batch": "第九批"}, "没有“第九批”这个批次，已显示“全部批次”。"),
        ({"view": "moon"}, "没有“moon”这一栏，已打开“片区”。"),
        ({"view": "conflicts", "line": "moon"}, "没有“moon”这个管控线，已显示“永久基本农田”。"),
        ({"view": "conflicts", "other": "TB9"}, "试县没有编号为 TB9 的撂荒地整治图斑，已显示列表。"),
        ({"view": "marks", "mark": "M9"}, "没有链接里的这条审查意见，已列出这个片区的全部意见。"),
    ],
)
def test_what_of_a_link_is_not_there_is_one_sentence(root: Path, address: dict[str, str], said: str) -> None:
    app = opened(**address)
    assert not app.exception
    assert [one.value for one in app.info] == [said]


def test_parcels_on_farmland_are_listed_and_drawn(root: Path) -> None:
    app = opened(view="conflicts")
    assert not app.exception
    assert app.selectbox(key="conflict_subject").value == "abandoned_parcel"
    board = data_of(app, "board")
    assert [row["key"] for row in board["rows"]] == ["TB0001", "TB0002"]
    body = text_of(app)
    assert "2 个，重叠 3.99 亩" in body or "2 个，重叠 4.0" in body
    drawn = data_of(app, "planmap")
    assert [len(one["features"]) for one in drawn["layers"] if one.get("bundle")] == [2]
    assert not drawn["near"]
    assert data_of(opened(view="conflicts", other="TB0001"), "planmap")["near"]
    app.selectbox(key="conflict_subject").select("zone_plan").run()
    assert app.query_params["subject"] == "zone_plan"
    assert {row["key"] for row in data_of(app, "board")["rows"]} == {"P01"}


def test_the_limiting_line_itself_is_drawn_and_named_and_the_whole_county_seen(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(view="conflicts")
    drawn = data_of(app, "planmap")
    farmland = [
        one["geometry"]
        for part in drawn["layers"]
        for one in part["features"]
        if one["properties"].get("fill") == "#f2c14e"
    ]
    assert len(farmland) == 1
    west, south, east, north = shapely.geometry.shape(farmland[0]).bounds
    assert (west, south) == (WEST, SOUTH)
    assert (east, north) == pytest.approx((WEST + SIDE / 2, SOUTH + SIDE / 2), abs=1e-4)
    assert drawn["fit"] == [[SOUTH, WEST], [pytest.approx(SOUTH + 3 * SIDE), pytest.approx(WEST + 3 * SIDE)]]
    legend = next(one.proto.body for one in app.get("html") if "xt-legend" in one.proto.body)
    for word in ("永久基本农田", "撂荒地整治图斑", "重叠部分", "片区范围"):
        assert word in legend
    # Of a line with very many parts the largest alone are drawn, but around the thing picked all of them.
    monkeypatch.setattr(planner_conflicts, "_limits", lambda *_: [])
    for asked, parts in (({}, 0), ({"other": "TB0001"}, 1)):
        layers = data_of(opened(view="conflicts", **asked), "planmap")["layers"]
        fills = [one["properties"].get("fill") for part in layers for one in part["features"]]
        assert fills.count("#f2c14e") == parts
    monkeypatch.setattr(session, "stand_in", Actor("镇", "township", "东山乡", "990101102"))
    shown = opened(view="conflicts", subject="zone_plan")
    assert "#f2c14e" not in "".join(one.proto.json for one in shown.get("bidi_component"))


def test_a_mark_is_raised_answered_and_settled(root: Path) -> None:
    key = add_mark(Workspace(root), PLANNER, zone_id="P01", shape=POINT, comment=HOSTILE, now=NOW)
    app = opened(view="marks", thing="P01", mark=key)
    assert not app.exception
    assert HOSTILE in {one.value for one in app.text}
    app.selectbox(key=f"to_{key}").select("answered")
    app.text_area(key=f"reply_{key}").set_value("已按意见修改")
    app.button(key=f"send_{key}").click().run()
    assert not app.error
    [one] = marks(Workspace(root), as_of=TODAY, zone_id="P01")
    assert one.stage == "answered"
    assert "已按意见修改" in {text.value for text in app.text}


def test_two_versions_are_compared(root: Path) -> None:
    app = opened(view="versions", thing="P01")
    assert not app.exception
    legend = next(one.proto.body for one in app.get("html") if "xt-legend" in one.proto.body)
    found = dict(re.findall(r"(划入|划出|不变) ([\d,.]+) 亩", legend))
    assert found["划出"] == "0.00"
    assert float(found["划入"].replace(",", "")) * 2 == pytest.approx(
        float(found["不变"].replace(",", "")), rel=1e-4
    )
    assert all(colour in legend for colour in (ENTERED, LEFT, STAYED))
    changed = data_of(app, "board")["rows"]
    assert [row["name"] for row in changed] == ["编制阶段", "市级审查日期"]
    assert changed[0]["cells"] == ["调研座谈", "市级审查"]


def test_the_versions_open_with_a_zone_that_has_two_and_lead_from_one_that_has_not(root: Path) -> None:
    alone = write(
        root.parent / "alone.geojson",
        [
            feature(
                square(WEST, SOUTH, SIDE, SIDE),
                片区编号="A00",
                片区名称="新片区",
                期限="2026-03-20",
                阶段="基础资料",
            )
        ],
    )
    add(Workspace(root), alone, Options(layer="zone_plan"), at=date(2026, 3, 10))
    assert with_several(Workspace(root), "zone_plan") == {"P01", "P02", "C01"}
    assert opened(view="versions").selectbox(key="zone_choice").value in {"P01", "P02", "C01"}
    app = opened(view="versions", thing="A00")
    assert "有两次以上提交、可以比较的片区：" in {one.value for one in app.caption}
    app.button(key="version_of_P02").click().run()
    assert app.query_params["thing"] == "P02"
    assert not app.exception


def test_the_map_of_zones_tells_the_stages_on_it_and_what_red_means(root: Path) -> None:
    legend = next(one.proto.body for one in opened().get("html") if "xt-legend" in one.proto.body)
    for word in ("市级审查", "初步成果", "批复", "已逾期或已来不及", "xt-line"):
        assert word in legend
    assert "省级审查" not in legend
    calm = opened(batch="第一批")
    legend = next(one.proto.body for one in calm.get("html") if "xt-legend" in one.proto.body)
    assert "市级审查" in legend and "已逾期或已来不及" not in legend


def test_english_is_complete(root: Path) -> None:
    for view in ("zones", "conflicts", "marks", "versions"):
        app = opened(view=view, thing="P01", lang="en")
        assert not app.exception and not app.error
        said = [one.label for one in (*app.selectbox, *app.metric, *app.button, *app.text_area)]
        assert said
        assert [text for text in said if any("\u4e00" <= c <= "\u9fff" for c in text) and text != "中文"] == []
