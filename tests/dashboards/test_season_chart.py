"""The chart of a parcel's seasons, its part of the sheet, and the page to print."""

from __future__ import annotations

from base64 import b64decode
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest

from dashboards.data import WORKSPACE_VARIABLE
from dashboards.prints_parcel import parcel_page
from dashboards.season_chart import WIDTH, season_chart
from dashboards.season_sheet import satellite
from dashboards.sheets import Sheet
from dashboards.words import LANGS, Lang
from pipelines.verify import verify
from pipelines.verify_parcel import parcel_check
from pipelines.workspace import Workspace
from tests.dashboards.test_server import get
from tests.pipelines.test_verify import DAYS, corners, pictures, stored

LAYER = "abandoned_parcel"
HOSTILE = '<img src=x onerror="alert(1)">'


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("checked")
    workspace = stored(folder / "w", corners())
    verify(workspace.root, pictures(folder / "s"), chip_ids=["P05"])
    return workspace


def drawing(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text[text.index("<svg") : text.index("</svg>") + 6])


@pytest.mark.parametrize("lang", LANGS)
def test_the_chart_holds_every_clear_date_the_peers_and_the_seasons(checked: Workspace, lang: Lang) -> None:
    check = parcel_check(checked, LAYER, "P00")
    assert check is not None
    text = season_chart(check, lang)
    root = drawing(text)
    assert len(root.findall("circle")) == len(check.days)
    assert [one.get("class") for one in root.findall("rect")] == ["season", "key"] * 2
    assert {"band"} == {one.get("class") for one in root.findall("polygon")}
    said = "".join(root.itertext())
    assert ("2024年小春 在种" if lang == "zh" else "2024 spring In use") in said
    assert ("收割" if lang == "zh" else "Harvest") in text


def test_a_brace_above_each_window_spans_its_band_under_its_name(checked: Workspace) -> None:
    check = parcel_check(checked, LAYER, "P05")
    assert check is not None
    root = drawing(season_chart(check, "zh"))
    bands = [one for one in root.findall("rect") if one.get("class") == "season"]
    braces = [one.get("d", "") for one in root.findall("path") if one.get("class") == "span"]
    ends = [(float(d[1:].split()[0]), float(d.split("H")[1].split("v")[0])) for d in braces]
    spans = [(float(b.get("x", "")), float(b.get("x", "")) + float(b.get("width", ""))) for b in bands]
    assert ends == [pytest.approx(span, abs=0.11) for span in spans]


def test_everything_lies_within_the_drawing_and_letters_keep_their_size_on_a_phone(checked: Workspace) -> None:
    check = parcel_check(checked, LAYER, "P00")
    assert check is not None
    root = drawing(season_chart(check, "zh"))
    assert root.get("viewBox", "").split()[2] == "360"
    across = [float(one.get("cx", "0")) for one in root.findall("circle")]
    assert min(across) >= 0
    assert max(across) <= WIDTH
    assert "currentColor" in season_chart(check, "zh")


def test_the_sheet_says_the_verdict_with_its_evidence_and_carries_its_pictures(checked: Workspace) -> None:
    text = satellite(checked, LAYER, "P05", "zh")
    assert text.index("2024年大春") < text.index("2024年小春")
    assert "全季近于裸露" in text
    assert "不作处罚依据" in text
    assert text.count("data:image/png;base64,") == 2
    # Streamlit drops inline SVG from what it is given: the chart is a picture that stands by itself.
    assert "<svg" not in text
    chart = b64decode(text.split("data:image/svg+xml;base64,")[1].split('"')[0]).decode()
    svg = "{http://www.w3.org/2000/svg}"
    assert len(ElementTree.fromstring(chart).findall(f"{svg}circle")) == len(DAYS)
    assert "/print/parcel?layer=abandoned_parcel&amp;thing=P05" in text
    assert satellite(checked, LAYER, "P99", "zh") == ""


@pytest.mark.parametrize("lang", LANGS)
def test_the_page_has_identity_verdicts_chart_pictures_and_room_for_the_visit(
    checked: Workspace, lang: Lang
) -> None:
    check = parcel_check(checked, LAYER, "P05")
    assert check is not None
    sheet = Sheet("P05", HOSTILE, "已验收", "#fff", "5.40 亩", (("小地名", HOSTILE),), (), (), False)
    text = parcel_page(checked, LAYER, sheet, check, lang=lang, made_on=date(2024, 12, 1))
    assert HOSTILE not in text
    assert text.count("&lt;img src=x") == 2
    for wanted in ("P05", "试验县", check.rule.version, "<svg", "data:image/png", "□"):
        assert wanted in text
    assert "http" not in text.replace("http-equiv", "")
    assert "{" not in text[text.index("<article") :].split("<style>")[0]


def test_hostile_words_of_a_county_are_text_in_the_chart(tmp_path: Path) -> None:
    workspace = stored(tmp_path / "w", corners())
    file = workspace.root / "county.toml"
    written = file.read_text(encoding="utf-8").replace("[seasons]", "[seasons_before]")
    file.write_text(written + '\n[seasons]\n"<b>x</b>" = ["04-01", "10-31"]\n', encoding="utf-8")
    verify(workspace.root, pictures(tmp_path / "s"))
    check = parcel_check(Workspace(workspace.root), LAYER, "P00")
    assert check is not None
    text = season_chart(check, "zh")
    assert "<b>x</b>" not in text
    assert "&lt;b&gt;x&lt;/b&gt;" in text


def test_the_page_is_served_for_what_was_checked_and_else_says_so(
    checked: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(checked.root))
    address = f"/print/parcel?layer={LAYER}&thing="
    answer = get(address + "P05&lang=en")
    assert answer.status_code == 200
    assert "Field visit" in answer.text
    missing = get(address + "P99")
    assert (missing.status_code, missing.text) == (404, "这一地块还没有卫星核查结果。")
    assert get("/print/parcel?layer=nonsense&thing=P05").status_code == 422
