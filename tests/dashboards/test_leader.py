"""The county leader's page, run as Streamlit runs it, without a browser."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboards.data import WORKSPACE_VARIABLE
from geo.access import Actor
from geo.layers import builtin_layers
from pipelines.waiting import Waiting
from pipelines.workspace import Workspace
from tests.dashboards.little_county import CODE
from tests.dashboards.opening import data_of, opened


def text_of(app: AppTest) -> str:
    """All the markup of the page's own."""
    return "\n".join(one.proto.body for one in app.get("html"))


@pytest.fixture(autouse=True)
def workspace(county_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(county_folder))


def test_the_county_opens_with_its_rate_by_township() -> None:
    app = opened()
    assert not app.exception and not app.error
    assert "试县 · 撂荒地整治图斑" in text_of(app)
    assert app.selectbox(key="layer").value == "abandoned_parcel"
    assert app.selectbox(key="indicator").value == "remediated_rate"
    assert "整治率（%）" in text_of(app)


def test_choices_write_themselves_into_the_address() -> None:
    app = opened()
    app.selectbox(key="indicator").select("found_mu").run()
    assert app.query_params["indicator"] == "found_mu"
    app.query_params["as_of"] = "2026-03-31"
    app.run()
    assert "数据截至 2026年3月31日" in text_of(app)
    app.selectbox(key="layer").select("land_transfer").run()
    assert "indicator" not in app.query_params
    assert "“土地流转”还没有数据" in text_of(app)
    assert "xiangtu add" in text_of(app)


def test_the_crumbs_lead_back_up() -> None:
    app = opened(area="990101101201")
    assert [button.label for button in app.button if str(button.key).startswith("crumb")] == ["试县", "清水乡"]
    app.button(key="crumb_990101101").click().run()
    assert app.query_params["area"] == "990101101"
    app.button(key="crumb_990101").click().run()
    assert "area" not in app.query_params


def test_the_sheet_of_a_thing_shows_its_source_and_closes() -> None:
    app = opened(area="990101100201", thing="TB0001")
    body = text_of(app)
    assert "parcels.geojson · 第 1 行" in body
    # Whoever sits at a machine without accounts is its administrator.
    assert "赵无名" in body
    assert "&lt;img src=x onerror=alert(1)&gt;湾" in body
    assert "<img src=x" not in body
    app.button(key="close").click().run()
    assert "thing" not in app.query_params


def test_english_is_complete() -> None:
    app = opened(lang="en", area="990101101")
    assert "Abandoned-land parcels" in text_of(app)
    assert app.selectbox(key="layer").label == "Topic"
    app.button(key="language").click().run()
    assert app.query_params["lang"] == "zh"
    assert app.selectbox(key="layer").label == "专题"


def test_a_link_to_what_is_gone_says_so_and_shows_the_county() -> None:
    app = opened(area="110101", thing="TB9")
    assert [one.value for one in app.info] == [
        "链接里的区域 110101 不属于试县，已显示试县。",
        "试县没有编号为 TB9 的撂荒地整治图斑，已显示列表。",
    ]
    assert not app.exception
    assert len(data_of(app, "campaigns")["cards"]) == 4
    assert "TB9" not in "".join(one.proto.body for one in app.get("html"))


def test_a_page_that_there_is_not_is_said_and_the_home_is_open() -> None:
    app = opened(page="moon")
    assert [one.value for one in app.info] == ["没有“moon”这个页面，已打开“一张图”。"]
    assert opened(page="leader").info.len == 0


def test_a_link_to_a_thing_alone_shows_it_within_its_village() -> None:
    app = opened(thing="TB0004")
    body = text_of(app)
    assert "红旗村 · 撂荒地整治图斑" in body
    assert {"试县", "石桥镇", "红旗村"} <= {one.label for one in app.button}
    assert "area" not in app.query_params


def test_the_crumbs_leave_the_area_set_beside_behind() -> None:
    app = opened(area="990101100201", versus="990101100202")
    next(one for one in app.button if one.label == "石桥镇").click().run()
    assert "versus" not in app.query_params
    assert app.info.len == 0


def test_a_link_cannot_put_a_picture_of_another_server_on_the_page() -> None:
    picture = "![x](http://example.invalid/x.png)"
    app = opened(area=picture, thing=picture)
    assert len(app.info) == 2
    for one in app.info:
        assert picture not in one.value
        assert r"\!\[x\]\(http\://example\.invalid/x\.png\)" in one.value.replace("\u2060", "")


def test_a_village_without_parcels_says_so() -> None:
    app = opened(area="990101102202")
    assert "这里没有撂荒地整治图斑" in text_of(app)


def test_a_workspace_without_areas_says_what_to_do_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Workspace.create(tmp_path / "new", code=CODE, name="新县")
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(tmp_path / "new"))
    app = opened()
    assert "还没有行政区划" in text_of(app)
    assert "--layer township" in text_of(app)


def test_a_folder_that_is_no_workspace_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(tmp_path))
    app = opened()
    assert len(app.error) == 1
    assert r"county\.toml" in app.error[0].value
    assert not app.exception


def test_a_failure_shows_a_number_and_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr("dashboards.views.leader.show", broken)
    app = opened()
    assert "错误编号" in app.error[0].value
    assert "secret" not in app.error[0].value
    assert not app.exception


def test_any_figure_opens_to_its_rows() -> None:
    app = opened(area="990101101")
    app.button(key="view").click().run()
    assert app.query_params["view"] == "things"
    assert "阶段" in text_of(app)
    app.button(key="view").click().run()
    assert "view" not in app.query_params


def test_what_lies_in_no_area_has_a_page_of_its_own() -> None:
    app = opened(area="unplaced")
    assert "未定位 · 撂荒地整治图斑" in text_of(app)
    assert "这里没有撂荒地整治图斑" in text_of(app)
    assert not app.exception


def test_the_page_opens_with_the_campaigns_and_those_without_data_say_so() -> None:
    cards = {card["id"]: card for card in data_of(opened(), "campaigns")["cards"]}
    assert list(cards) == ["abandoned_parcel", "land_transfer", "inspection_point", "zone_plan"]
    first = cards["abandoned_parcel"]
    assert (first["figure"], first["verdict"], first["light"]) == ("43.7%", "未设目标", "none")
    assert len(first["values"]) == 13
    assert first["alarm"].startswith("超期图斑")
    assert cards["zone_plan"]["empty"] == "还没有数据"


def test_a_target_lights_the_campaign(
    county_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "county"
    shutil.copytree(county_folder, copy)
    settings = copy / "county.toml"
    aim = '[targets]\n"abandoned_parcel.remediated_rate" = 40\n'
    settings.write_text(settings.read_text("utf-8").replace("[targets]\n", aim), "utf-8")
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(copy))
    card = data_of(opened(lang="en"), "campaigns")["cards"][0]
    assert (card["light"], card["verdict"], card["target"]) == ("green", "Target met", 40.0)


def test_the_months_carry_what_the_map_shows_in_each() -> None:
    data = data_of(opened(indicator="found_mu"), "months")
    assert data["days"][data["at"]] == data["days"][-1]
    frame = data["frames"][-1]["areas"]
    assert frame["990101101"][1] == "24.00 亩"
    assert data["frames"][0]["areas"]["990101101"][1] in ("", "0.00 亩", "24.00 亩")
    colours = {said[0] for one in data["frames"] if one for said in one["areas"].values()}
    assert len(colours) > 1


def test_the_table_and_the_figures_follow_the_month_that_is_played() -> None:
    app = opened()
    data, table = data_of(app, "months"), data_of(app, "board")
    assert table["made"].startswith("数据截至")
    first, last = data["frames"][0], data["frames"][-1]
    assert (first["made"], data["days"][0]) == ("数据截至 2026年1月31日", "2026-01-31")
    assert last["headings"] == table["headings"]
    assert [row[:4] for row in last["rows"]] == [
        [row["key"], row["name"], row["rank"], row["cells"]] for row in table["rows"]
    ]
    assert last["total"] == table["total"]
    then = data_of(opened(as_of="2026-01-31"), "board")
    assert [row[:4] for row in first["rows"]] == [
        [row["key"], row["name"], row["rank"], row["cells"]] for row in then["rows"]
    ]
    assert first["total"] == then["total"] != last["total"]
    cards = data_of(app, "cards")["cards"]
    assert last["figures"] == [card["value"] for card in cards]


def test_a_township_gets_no_month_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    opened()
    monkeypatch.setattr("dashboards.session.stand_in", Actor("镇", "township", "石桥镇", "990101100"))
    frames = data_of(opened(page="leader"), "months")["frames"]
    assert {row[0][:9] for one in frames for row in one["rows"]} == {"990101100"}


def test_every_standing_of_the_table_opens_to_its_things() -> None:
    table = data_of(opened(), "board")
    counts = {part["id"]: int(part["count"]) for part in table["parts"]}
    assert sum(counts.values()) == 31
    for name, count in counts.items():
        if count:
            listed = data_of(opened(view="things", rows=f"is.{name}"), "board")
            assert len(listed["rows"]) == count


def test_the_rows_of_a_figure_add_up_to_it_and_name_their_file() -> None:
    app = opened(view="things", rows="remediated_rate", area="990101100")
    table = data_of(app, "board")
    assert table["headings"][-1] == "来源文件 · 行"
    assert all("parcels.geojson · " in row["cells"][-1] for row in table["rows"])
    assert "已整治面积合计 7.00 亩" in text_of(app)
    assert "发现面积合计 12.00 亩" in text_of(app)
    assert table["total"][1:3] == ["7.00", "12.00"]


def test_rows_that_the_topic_has_not_are_said_and_all_are_listed() -> None:
    app = opened(view="things", rows="nonsense")
    assert "nonsense" in text_of(app)
    assert len(data_of(app, "board")["rows"]) == 31


def test_two_days_stand_side_by_side_with_one_legend() -> None:
    app = opened(versus="2026-01-31")
    body = text_of(app)
    assert "数据截至 2026年1月31日" in body
    legends = [one.proto.body.split("xt-legend ")[1] for one in app.get("html") if '"xt-legend ' in one.proto.body]
    assert len(legends) == 2 and legends[0] == legends[1]
    app.button(key="stop").click().run()
    assert "versus" not in app.query_params


def test_two_townships_stand_side_by_side() -> None:
    app = opened(area="990101100", versus="990101101")
    assert "石桥镇 · 撂荒地整治图斑" in text_of(app) and "清水乡 · 撂荒地整治图斑" in text_of(app)
    assert data_of(app, "board")["headings"][2:] == ["石桥镇", "清水乡", "相差（后减前）"]


def test_a_comparison_that_cannot_be_is_left_out() -> None:
    for wrong in ("990101101201", "2026-13-01", "990101100"):
        app = opened(area="990101100", versus=wrong)
        assert not app.exception
        assert "stop" not in [str(button.key) for button in app.button]


def test_the_profile_names_best_worst_late_and_who_answers() -> None:
    sections = data_of(opened(), "profile")["sections"]
    assert [one["title"] for one in sections] == ["靠后的乡镇", "靠前的乡镇", "超期最久", "责任单位与人员"]
    assert sections[0]["lines"][0]["key"] == "990101102"
    assert sections[1]["lines"][0]["name"] == "石桥镇"


def test_what_waits_is_counted_in_the_head_and_leads_to_its_things() -> None:
    app = opened()
    waiting = [button for button in app.button if str(button.key).startswith("bell_overdue")]
    count = int(waiting[0].label.split(" ")[1])
    waiting[0].click().run()
    assert app.query_params["rows"] == "wait.overdue"
    assert len(data_of(app, "board")["rows"]) == count


def test_what_waits_is_told_in_full_with_thousands(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = builtin_layers()["abandoned_parcel"]
    many = [Waiting("overdue", layer, tuple(f"TB{at}" for at in range(12_345)))]
    monkeypatch.setattr("dashboards.widgets_head.waits", lambda *_: many)
    app = opened()
    assert [one.proto.popover.label for one in app.get("popover")] == ["提醒 12,345"]
    assert any("12,345" in str(one.label) for one in app.button if str(one.key).startswith("bell_overdue"))


def test_search_answers_with_areas_and_things() -> None:
    app = opened()
    app.session_state["find_text"] = "清水"
    app.run()
    hits = data_of(app, "find")["hits"]
    assert (hits[0]["kind"], hits[0]["title"]) == ("区域", "清水乡")
    app.session_state["find_text"] = "TB0001"
    app.run()
    assert data_of(app, "find")["hits"][0]["title"].startswith("TB0001")
    app.session_state["find_text"] = "无此"
    app.run()
    assert data_of(app, "find")["nothing"] == "没有找到“无此”"


def test_a_township_sees_its_own_county_page_and_nothing_of_its_neighbours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("dashboards.session.stand_in", Actor("镇", "township", "石桥镇", "990101100"))
    app = opened(page="leader")
    assert "石桥镇 · 撂荒地整治图斑" in text_of(app)
    assert data_of(app, "campaigns")["cards"][0]["figure"] == "58.3%"
    app.session_state["find_text"] = "清"
    app.run()
    app.session_state["find_text"] = "清水乡"
    app.run()
    assert data_of(app, "find")["hits"] == []
    sent = "".join(one.proto.json for one in app.get("bidi_component"))
    assert "990101101" not in sent and "清泉村" not in sent
