"""The agriculture bureau's page, run as Streamlit runs it, without a browser."""

from __future__ import annotations

import io
import json
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from openpyxl import load_workbook
from streamlit.testing.v1 import AppTest

from dashboards import agriculture, agriculture_transfers, maps_desk, session
from dashboards import agriculture_boards as boards
from dashboards.agriculture import desk_of, read_ask, unknown_values, written
from dashboards.data import WORKSPACE_VARIABLE, county
from dashboards.downloads import Download, figures
from dashboards.legends import NO_DATA
from dashboards.views import agriculture_acts
from dashboards.views.agriculture_parts import to_rows
from geo.access import Actor
from pipelines.worklist_filters import Filters
from pipelines.workspace import Workspace
from tests.dashboards.little_county import CODE
from tests.pipelines.agri_county import TODAY, build

APP = Path(__file__).resolve().parents[2] / "dashboards" / "app.py"
PARCELS = "abandoned_parcel"
BUREAU = Actor("李无名", "bureau", "农业农村局", layers=(PARCELS, "land_transfer"))
LEADER = Actor("县长", "county_leader")
ELSEWHERE = Actor("清水", "township", "清水乡人民政府", "990101101")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("agri")).root


@pytest.fixture(autouse=True)
def reader(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(folder))
    monkeypatch.setattr(session, "stand_in", BUREAU)
    monkeypatch.setattr("pipelines.days.today", lambda: TODAY)
    monkeypatch.setattr("dashboards.views.agriculture_acts.now", lambda: datetime(2026, 6, 1, 2, tzinfo=UTC))
    yield


def opened(**address: str) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=120)
    app.query_params["page"] = "agriculture"
    for key, value in address.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception and not app.error, [one.value for one in app.error]
    return app


def text_of(app: AppTest) -> str:
    return "\n".join(one.proto.body for one in app.get("html"))


def parts(app: AppTest) -> dict[str, dict[str, Any]]:
    """The data of every part of the page's own, by its kind."""
    found = {}
    for one in app.get("bidi_component"):
        data = json.loads(one.proto.json) if one.proto.json else {}
        found[data.get("part", "board")] = data
    return found


def button(app: AppTest, key: str) -> Any:
    return next(one for one in app.button if one.key == key)


def test_the_flow_stands_first_with_its_figures() -> None:
    app = opened()
    flow = parts(app)["flow"]
    steps = {step["key"]: step for step in flow["steps"]}
    assert steps["found"]["passed"] == "245.00" and steps["in_use"]["passed"] == "75.00"
    assert steps["re_abandoned"]["aside"] and not steps["found"]["aside"]
    cards = {card["key"]: card["value"] for card in parts(app)["cards"]["cards"]}
    assert cards["not_planted"] == "1" and cards["contract_ended"] == "1"
    assert "6 个 · 245.00 亩" in text_of(app) and "另有不予认定 1 个 · 60.00 亩，不计在内" in text_of(app)


def test_what_is_not_recognised_is_in_no_count_and_no_area_and_it_is_said() -> None:
    app = opened()
    split = parts(app)["board"]
    assert split["total"] == ["245.00", "145.00", "75.00", "59.2%", "2", "6"]
    assert parts(app)["flow"]["steps"][0]["things"] == "6 个"
    assert "<dt>两者都有</dt><dd>6 个</dd>" in text_of(app)
    assert "<dt>不予认定（不计在内）</dt><dd>1 个 · 上报 60.00 · 图上 60.00 亩</dd>" in text_of(app)
    assert parts(opened(view="map"))["board"]["total"] == ["245.00", "6"]
    asked = opened(view="map", stage="rejected")
    assert parts(asked)["board"]["total"] == ["60.00", "1"] and "不计在内" not in text_of(asked)


def test_rows_of_a_table_have_a_colour_only_where_it_tells_them_apart() -> None:
    here = county(actor=BUREAU)
    assert {row["colour"] for row in parts(opened(by="mode"))["board"]["rows"]} == {""}
    assert {row["colour"] for row in parts(opened(view="rule"))["board"]["rows"]} == {""}
    ask = read_ask({}, here, today=TODAY, lang="zh")
    frame = pd.DataFrame({"key": ["1", "2", "unplaced"], "name": ["甲", "乙", ""], "features": [3, 1, 1],
                          "crossing": [0, 0, 0], "mu": [90.0, 10.0, 1.0]})  # fmt: skip
    legend = maps_desk.area_legend(pd.DataFrame({"area_code": ["1", "2"], "shown_mu": [90.0, 10.0]}), "zh")
    rows = boards.area_board(frame, legend, ask, level="township").rows
    assert [row.colour for row in rows] == [legend.colour(90.0), legend.colour(10.0), NO_DATA]
    assert len({row.colour for row in rows}) == 3


def test_an_area_of_things_that_lie_mainly_elsewhere_says_so() -> None:
    ask = read_ask({}, county(actor=BUREAU), today=TODAY, lang="zh")
    assert boards.how_many(ask, 0, 1) == "0 个，另跨界 1 个"
    assert boards.how_many(ask, 3, 0) == "3 个"
    figures = pd.DataFrame([{"problem": "area_differs", "features": 0, "crossing": 1, "mu": 1.66}])
    desk = agriculture.desk_of(county(actor=BUREAU), PARCELS, TODAY)
    none = replace(desk, rows=desk.rows.iloc[:0], shares=desk.shares.iloc[:0])
    cards = boards.problem_cards(figures, ask, late=none)
    assert [(card["value"], card["below"]) for card in cards] == [("0", "0.00 亩"), ("0", "1.66 亩 · 跨界 1 个")]
    frame = pd.DataFrame({"key": ["990101100201"], "name": ["前进村"], "features": [0], "crossing": [1],
                          "mu": [1.66]})  # fmt: skip
    legend = maps_desk.area_legend(pd.DataFrame({"area_code": ["990101100201"], "shown_mu": [1.66]}), "zh")
    table = boards.area_board(frame, legend, ask, level="village")
    assert table.rows[0].cells == ("1.66", "0 +1") and any("跨界" in note for note in table.notes)


def test_an_address_in_a_notice_stays_text() -> None:
    app = opened(area="https://www.example.com/x", thing="")
    said = app.info[0].value
    assert "\u2060" in said and "https://" not in said.replace("\\", "")


def test_filters_stand_as_chips_that_can_be_taken_away_one_by_one() -> None:
    app = opened(view="list", stage="assigned|remediated", mode="transfer", overdue="1", find="湾")
    labels = [one.label for one in app.button if str(one.key).startswith("agri_chip_")]
    assert [label.split("  ")[0] for label in labels] == [
        "阶段：交办", "阶段：已整治", "方式：流转经营", "超期", "编号或地名：湾",
    ]  # fmt: skip
    button(app, "agri_chip_0").click().run()
    assert app.query_params["stage"] == "remediated"
    button(app, "agri_clear").click().run()
    assert not {"stage", "mode", "overdue", "find"} & set(app.query_params)


def test_a_condition_that_nothing_meets_any_more_keeps_its_name_and_its_place() -> None:
    app = opened(view="list", stage="verified|assigned", mode="orchard")
    labels = [one.label.split("  ")[0] for one in app.button if str(one.key).startswith("agri_chip_")]
    assert labels == ["阶段：核实", "阶段：交办", "方式：果茶园"]
    assert app.multiselect(key="agri_stage").value == ["verified", "assigned"]


def test_every_filter_writes_itself_into_the_address() -> None:
    app = opened(view="list")
    app.multiselect(key="agri_stage").select("assigned").run()
    assert app.query_params["stage"] == "assigned"
    app.multiselect(key="agri_mode").select("transfer").run()
    assert app.query_params["mode"] == "transfer"
    app.checkbox(key="agri_overdue").check().run()
    assert app.query_params["overdue"] == "1"
    app.text_input(key="agri_find").input("A2").run()
    assert app.query_params["find"] == "A2"
    app.selectbox(key="agri_township").select("990101100").run()
    assert app.query_params["area"] == "990101100"
    app.selectbox(key="agri_village").select("990101100201").run()
    assert app.query_params["area"] == "990101100201"
    assert [row["id"] for row in parts(app)["list"]["rows"]] == ["A2"]
    app.multiselect(key="agri_crop").select("水稻").run()
    assert app.query_params["crop"] == "水稻"
    assert "没有符合条件的" in text_of(app)


def test_an_empty_result_says_what_would_widen_it() -> None:
    app = opened(view="list", stage="found", crop="水稻")
    assert "没有符合条件的" in text_of(app)
    wider = [one for one in app.button if str(one.key).startswith("agri_wider_")]
    assert len(wider) == 3
    wider[0].click().run()
    assert parts(app)["list"]["rows"]


def test_a_stage_of_the_flow_opens_its_rows_with_the_longest_wait_first() -> None:
    here = county(actor=BUREAU)
    ask = read_ask({}, here, today=TODAY, lang="zh")
    told: dict[str, str | None] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dashboards.views.agriculture_parts.go", lambda **parts: told.update(parts))
        to_rows(ask, "stage", "assigned")
    assert (told["stage"], told["sort"], told["view"]) == ("assigned", "-days", "list")


def test_a_place_is_named_with_its_township_unless_that_is_what_is_looked_at() -> None:
    places = {row["id"]: row["place"] for row in parts(opened(view="list"))["list"]["rows"]}
    assert places["A3"] == "石桥镇 前进村 · A3湾"
    mine = {row["id"]: row["place"] for row in parts(opened(view="list", area="990101100"))["list"]["rows"]}
    assert mine["A3"] == "前进村 · A3湾"
    assert "<span>石桥镇 前进村</span>" in text_of(opened(view="list", thing="A3"))


def test_within_a_township_the_figures_are_split_by_village_at_first() -> None:
    assert opened(area="990101100").segmented_control(key="agri_by").value == "village"
    assert opened().segmented_control(key="agri_by").value == "township"


def test_names_of_growers_never_stand_in_the_address() -> None:
    app = opened(by="grower")
    labels = agriculture.labels_of("grower", agriculture.desk_of(county(actor=BUREAU), PARCELS, TODAY),
                                   county(actor=BUREAU), "zh")  # fmt: skip
    key = next(one for one, name in labels.items() if name == "钱乙")
    app.multiselect(key="agri_grower").select(key).run()
    assert app.query_params["grower"] == key and "钱" not in str(app.query_params)


def test_growers_are_masked_for_the_leader_in_list_filters_and_split(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "stand_in", LEADER)
    for view in ("flow", "list"):
        app = opened(view=view, by="grower")
        shown = str(parts(app)) + text_of(app) + str([one.options for one in app.multiselect])
        assert "赵甲" not in shown and "钱乙" not in shown
        assert "赵*" in shown
    assert "可以查看，不能办理" in str([one.value for one in app.caption])


def test_another_townships_account_sees_nothing_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "stand_in", ELSEWHERE)
    for view in ("flow", "list", "map"):
        app = opened(view=view, area="990101100", thing="A3")
        shown = str(parts(app)) + "".join(
            one.proto.body for one in app.get("html") if "sign-out" not in one.proto.body
        )
        assert "A3湾" not in shown and "245.00" not in shown and "图斑.geojson" not in shown
        assert app.info[0].value.startswith("链接里的区域 990101100")


def test_a_row_opens_its_sheet_with_source_and_related_contracts() -> None:
    app = opened(view="list", thing="A3")
    body = text_of(app)
    assert "图斑.geojson · 第 3 行" in body and "已整治" in body
    related = [one for one in app.button if str(one.key).startswith("agri_related_")]
    assert [one.label for one in related] == ["H4 · 30.00 亩 ›"]
    related[0].click().run()
    assert (app.query_params["layer"], app.query_params["thing"]) == ("land_transfer", "H4")
    button(app, "close").click().run()
    assert "thing" not in app.query_params


def test_a_sheet_says_what_is_the_matter_and_how_much() -> None:
    assert "<dt>一地多租</dt><dd>20.00 亩</dd>" in text_of(opened(layer="land_transfer", view="list", thing="H1"))
    body = text_of(opened(layer="land_transfer", view="list", thing="H3"))
    assert "<dt>超承包面积</dt><dd>10.00 亩</dd>" in body and "<dt>改变用途</dt><dd>水稻 → 柑橘</dd>" in body
    assert "<dt>90 天内到期</dt><dd>2026年7月31日</dd>" in body
    body = text_of(opened(view="list", thing="A5"))
    assert "<dt>面积不符</dt><dd>上报 75.00 · 图上 50.00 亩</dd>" in body
    assert "<dt>本阶段超时限</dt><dd>应在 2026年1月26日 前办结本阶段</dd>" in text_of(
        opened(view="list", thing="A2")
    )


def test_the_little_map_shows_the_other_contract_and_the_contract_land(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: dict[str, list[str]] = {}

    def _caught(*given: Any, beside: Any = (), **more: Any) -> Any:
        drawn.update({layer.id: list(rows["id"]) for layer, rows in beside})
        return maps_desk_group(*given, beside=beside, **more)

    maps_desk_group = maps_desk.group_of_things
    monkeypatch.setattr(maps_desk, "group_of_things", _caught)
    opened(layer="land_transfer", view="list", thing="H1")
    assert drawn == {"contract_parcel": ["9901011002010000001"], "land_transfer": ["H2"]}
    drawn.clear()
    opened(view="list", thing="A3")
    assert drawn == {"land_transfer": ["H4"]}


def test_the_list_is_sorted_and_paged_by_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboards.views.agriculture_list.AT_ONCE", 3)
    app = opened(view="list", sort="-size", at="2")
    data = parts(app)["list"]
    assert (data["order"], data["falling"]) == ("size", True)
    assert [row["id"] for row in data["rows"]] == ["A4", "A3", "A2"]
    button(app, "agri_later").click().run()
    assert app.query_params["at"] == "3" and len(parts(app)["list"]["rows"]) == 1
    app.selectbox(key="agri_sort").select("id").run()
    assert app.query_params["sort"] == "id" and "at" not in app.query_params


def test_an_errand_is_summed_up_confirmed_done_and_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(build(tmp_path).root))
    app = opened(view="list")
    button(app, "agri_choose_all").click().run()
    # All that counts: what is not recognised is not among it.
    assert len(app.session_state[agriculture_acts.CHOSEN]) == 6
    button(app, "agri_act_open").click().run()
    options = app.selectbox(key="agri_act").options
    assert any("核实" in one for one in options) and any("催办" in one for one in options)
    app.selectbox(key="agri_act").select("step:verified").run()
    app.text_area(key="agri_note").input("已到现场").run()
    button(app, "agri_preview").click().run()
    body = text_of(app)
    assert "将办理 1 个 · 10.00 亩" in body and "不能办理 5 个" in body
    button(app, "agri_confirm").click().run()
    assert [one.value for one in app.success] == ["已办理 1 个"]
    assert "verified" in {
        step["key"] for step in parts(opened())["flow"]["steps"] if "停在此 1" in step["standing"]
    }
    button(app, "agri_undo").click().run()
    assert [one.value for one in app.success] == ["已撤销 1 个"]
    button(app, "agri_close").click().run()
    assert not app.success and app.session_state[agriculture_acts.CHOSEN] == []


def test_what_was_done_is_told_though_nothing_passes_the_filters_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(build(tmp_path).root))
    app = opened(view="list", stage="found")
    for key in ("agri_choose_all", "agri_act_open", "agri_preview", "agri_confirm"):
        button(app, key).click().run()
    assert [one.value for one in app.success] == ["已办理 1 个"]
    assert "没有符合条件的" in text_of(app)


def test_an_extension_asks_for_days_and_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(build(tmp_path).root))
    app = opened(view="list", stage="found")
    button(app, "agri_choose_all").click().run()
    button(app, "agri_act_open").click().run()
    app.selectbox(key="agri_act").select("extend").run()
    button(app, "agri_preview").click().run()
    assert "不能办理 1 个" in text_of(app)
    button(app, "agri_back").click().run()
    app.selectbox(key="agri_act").select("extend").run()
    app.number_input(key="agri_days_extend").set_value(3).run()
    app.text_area(key="agri_note").input("连续降雨").run()
    button(app, "agri_preview").click().run()
    assert "将办理 1 个" in text_of(app) and "新的期限" in text_of(app)


def test_transfers_show_their_rate_with_what_it_divides_by() -> None:
    app = opened(layer="land_transfer")
    assert "流转率 116.7% ＝ 流转面积 70.00 亩 ÷ 承包地面积 60.00 亩" in text_of(app)
    assert "4 个 · 100.00 亩" in text_of(app) and "其中有效 3 个 · 70.00 亩" in text_of(app)
    cards = {card["key"]: card["value"] for card in parts(app)["cards"]["cards"]}
    assert (cards["double_leased"], cards["over_area"], cards["expiring_90d"]) == ("2", "1", "1")
    assert "水稻 → 柑橘" in text_of(app) and "水稻 → 水稻" not in text_of(app)
    assert "写明前后用途的 3 份，其中用途未变 2 份" in text_of(app)
    app.segmented_control(key="agri_view").select("list").run()
    assert {row["id"] for row in parts(app)["list"]["rows"]} == {"H1", "H2", "H3", "H4"}


def test_townships_of_one_transfer_rate_share_their_rank() -> None:
    ask = read_ask({"layer": "land_transfer"}, county(actor=BUREAU), today=TODAY, lang="zh")
    rates = [("1", 40.0), ("2", 75.0), ("3", 40.0), ("4", float("nan")), ("5", 10.0)]
    frame = pd.DataFrame(rates, columns=["area_code", "transfer_rate"])
    frame = frame.assign(area_name="乡", level="township", transferred_mu=4.0, contract_mu=10.0, small=False)
    table = agriculture_transfers.rate_board(frame, ask, level="township")
    assert [(row.key, row.rank) for row in table.rows] == [
        ("2", "1"),
        ("1", "2"),
        ("3", "2"),
        ("5", "4"),
        ("4", "—"),
    ]
    assert "数值相同者名次相同，按代码先后排列。" in table.notes


def test_the_rule_can_be_reset_only_where_it_differs_from_the_countys_own() -> None:
    app = opened(view="rule")
    assert button(app, "agri_rule_reset").disabled
    app.select_slider(key="agri_rule_least").set_value(5.0).run()
    assert not button(app, "agri_rule_reset").disabled
    button(app, "agri_rule_reset").click().run()
    assert button(app, "agri_rule_reset").disabled


def test_the_switchboard_simulates_and_stores_its_settings_in_the_address_alone() -> None:
    app = opened(view="rule")
    cards = {card["key"]: card["value"] for card in parts(app)["cards"]["cards"]}
    assert cards["simulated"] == cards["official"] == "245.00 亩"
    assert "模拟" in text_of(app)
    app.select_slider(key="agri_rule_least").set_value(5.0).run()
    app.multiselect(key="agri_rule_modes").select("orchard").run()
    app.multiselect(key="agri_rule_places").select("redline_conflict").run()
    app.radio(key="agri_rule_basis").set_value("measured").run()
    app.select_slider(key="agri_rule_idle").set_value(3).run()
    app.checkbox(key="agri_rule_undated").uncheck().run()
    assert {name: app.query_params[name] for name in ("least", "modes", "places", "basis", "idle", "undated")} == {
        "least": "5.0", "modes": "orchard", "places": "redline_conflict", "basis": "measured", "idle": "3",
        "undated": "0",
    }  # fmt: skip
    assert parts(app)["cards"]["cards"][0]["value"] != "245.00 亩"
    app.select_slider(key="agri_rule_idle").set_value(1).run()
    assert "不会变大" in app.warning[0].value
    button(app, "agri_rule_reset").click().run()
    assert not {"least", "modes", "places", "basis", "idle", "undated"} & set(app.query_params)


def test_the_files_are_made_when_they_are_asked_for() -> None:
    app = opened(view="list", stage="found")
    for kind in ("xlsx", "gpkg"):
        button(app, f"agri_make_{kind}").click().run()
        assert not app.error
        # Made, it is offered in place of the making.
        assert [one.key for one in app.button if one.key == f"agri_make_{kind}"] == []
        assert len(app.get("download_button")) == 1


def test_a_file_that_cannot_be_made_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.downloads.MOST_ROWS", 3)
    app = opened(view="list")
    button(app, "agri_make_xlsx").click().run()
    assert not app.exception and "7" in app.error[0].value
    assert not app.get("download_button") and button(app, "agri_make_xlsx")


def test_the_figures_of_the_page_can_be_taken_away_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Download] = []

    def _caught(*given: Any, **more: Any) -> Download:
        made.append(figures(*given, **more))
        return made[-1]

    monkeypatch.setattr("dashboards.downloads.figures", _caught)
    monkeypatch.setattr(session, "stand_in", LEADER)
    button(opened(by="grower", stage="assigned|in_use"), "agri_make_xlsx").click().run()
    button(opened(layer="land_transfer"), "agri_make_xlsx").click().run()
    assert made[0].name == "撂荒地整治图斑_经营主体_试县_2026-06-01.xlsx"
    growers, rates = (load_workbook(io.BytesIO(one.body)) for one in made)
    facts = dict(growers["说明"].iter_rows(values_only=True))
    assert facts["筛选"] == "阶段：交办、阶段：已种植" and facts["合计"].startswith("2 个 · 95.00 亩")
    assert list(growers["经营主体"].iter_rows(values_only=True)) == [
        ("经营主体", "发现（亩）", "已整治（亩）", "已种植（亩）", "整治率（%）", "超期", "个数", "跨界"),
        ("钱*", 75, 75, 75, 100, 0, 1, 0),
        ("赵*", 20, 0, 0, 0, 1, 1, 0),
    ]
    assert rates.sheetnames == ["说明", "乡镇", "流转率"]
    assert next(rates["流转率"].iter_rows(min_row=2, values_only=True)) == ("石桥镇", "990101100", 116.67, 70, 60)


def test_topic_view_and_split_are_chosen_above() -> None:
    app = opened(stage="found")
    app.segmented_control(key="agri_by").select("mode").run()
    assert app.query_params["by"] == "mode"
    app.segmented_control(key="agri_topic").select("land_transfer").run()
    assert app.query_params["layer"] == "land_transfer" and "stage" not in app.query_params
    assert app.segmented_control(key="agri_view").options == ["进度", "工作清单", "地图"]


def test_english_is_complete_and_keys_are_the_same() -> None:
    for address in ({}, {"view": "list", "thing": "A3"}, {"view": "rule"}, {"layer": "land_transfer"}):
        assert not opened(lang="en", **address).exception
    folder = Path(agriculture.__file__).parent / "locales"
    zh, en = (tomllib.loads((folder / f"agriculture.{lang}.toml").read_text("utf-8")) for lang in ("zh", "en"))
    assert {name: set(zh[name]) for name in zh} == {name: set(en[name]) for name in en}


def test_every_word_of_the_page_is_said_somewhere() -> None:
    root = Path(agriculture.__file__).parent
    files = [*root.glob("agriculture*.py"), *root.glob("views/agriculture*.py"), root / "maps_desk.py"]
    code = "\n".join(path.read_text("utf-8") for path in files)
    # The first part of keys that are put together with a value.
    made = (
        "act_",
        "by_",
        "download_",
        "filter_",
        "head_",
        "order_",
        "reason_",
        "rule_",
        "taken_",
        "topic_",
        "view_",
    )
    zh = tomllib.loads((root / "locales" / "agriculture.zh.toml").read_text("utf-8"))["agriculture"]
    unsaid = {key for key in zh if not any(f"{mark}{key}{mark}" in code for mark in ('"', "'"))}
    unsaid = {key for key in unsaid if f"agriculture.{key}" not in code}
    assert {key for key in unsaid if not key.startswith(made)} == set()


def test_a_county_without_parcels_says_what_to_do_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Workspace.create(tmp_path / "new", code=CODE, name="新县")
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(tmp_path / "new"))
    assert "还没有行政区划" in text_of(opened())


def test_the_address_holds_every_filter_and_gives_it_back() -> None:
    here = county(actor=BUREAU)
    filters = Filters(area="990101100", stage=("found",), mode=("",), crop=("水稻", "油菜"), problem=("no_shape",),
                      overdue=True, text="湾")  # fmt: skip
    asked = {key: value for key, value in written(filters).items() if value}
    assert asked["mode"] == "-" and asked["crop"] == "水稻|油菜"
    assert read_ask(asked, here, today=TODAY, lang="zh").filters == filters
    wrong = read_ask({"area": "110101", "view": "x", "sort": "y", "at": "z"}, here, today=TODAY, lang="zh")
    assert (wrong.view, wrong.order, wrong.number) == ("flow", "due", 1)
    assert wrong.notices == (
        "链接里的区域 110101 不属于试县，已显示试县。",
        "没有“x”这一栏，已打开“进度”。",
    )


def test_a_kind_of_problem_that_there_is_not_is_said() -> None:
    here = county(actor=BUREAU)
    ask = read_ask({"problem": "moon|no_shape", "stage": "found"}, here, today=TODAY, lang="zh")
    said = unknown_values(ask, desk_of(here, ask.layer.id, TODAY))
    assert said == ["问题里没有“moon”这一项，所以一条也列不出；去掉这个条件即可。"]
