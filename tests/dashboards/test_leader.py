"""The county leader's page, run as Streamlit runs it, without a browser."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboards.data import WORKSPACE_VARIABLE
from pipelines.workspace import Workspace
from tests.dashboards.little_county import CODE

APP = Path(__file__).resolve().parents[2] / "dashboards" / "app.py"


def opened(**address: str) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=120)
    for key, value in address.items():
        app.query_params[key] = value
    return app.run()


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
    app.select_slider(key="as_of").set_value(date(2026, 3, 31)).run()
    assert app.query_params["as_of"] == "2026-03-31"
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
    assert "赵无名" not in body
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
        "链接里的区域 110101 不在本县的区划里，已显示全县。",
        "链接里的编号 TB9 在这一天不存在，已显示列表。",
    ]
    assert not app.exception


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
    assert "county.toml" in app.error[0].value
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
