"""Both languages say the same things, and numbers are written as people write them."""

from __future__ import annotations

import ast
import re
from datetime import date
from pathlib import Path

import pytest

from dashboards.words import JOINER, catalogue, day, figure, literal, number, say

DASHBOARDS = Path(__file__).resolve().parents[2] / "dashboards"
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_both_locales_have_the_same_keys_and_parameters() -> None:
    zh, en = catalogue("zh"), catalogue("en")
    assert set(zh) == set(en)
    for key, text in zh.items():
        if not key.startswith("date."):
            assert set(re.findall(r"{(\w+)}", text)) == set(re.findall(r"{(\w+)}", en[key])), key


@pytest.mark.parametrize(
    "text", ["http://a.cn", "见 HTTPS://a.cn/b?c", "www.a.cn", "WWW.a.cn", "某某@a.cn", "mailto:x@a.cn"]
)
def test_an_address_in_text_of_the_data_reads_the_same_and_is_no_link(text: str) -> None:
    shown = re.sub(r"\\(?=[^\w\s])", "", literal(text))
    assert shown.replace(JOINER, "") == text
    # What GitHub's Markdown, which Streamlit has, takes for an address once escapes are read.
    assert re.search(r"https?://|www\.|[-.\w+]@", shown, re.IGNORECASE) is None


def test_english_holds_no_chinese() -> None:
    assert {key for key, text in catalogue("en").items() if CHINESE.search(text)} == set()


@pytest.mark.parametrize("path", sorted(DASHBOARDS.rglob("*.py")), ids=lambda p: p.stem)
def test_no_page_says_a_word_that_is_not_in_the_locales(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    said = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs
    ]
    # Only the other language's own name stands in the code.
    written = [text for text in said if CHINESE.search(text) and text != "中文"]
    assert written == []


def test_every_sentence_is_said_somewhere() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in DASHBOARDS.rglob("*.py"))
    # Keys that the code puts together of two parts.
    made = {
        "agriculture",
        "agriculture_problem",
        "bell",
        "choose",
        "compare",
        "inspector",
        "level",
        "mark",
        "pace",
        "page",
        "pager",
        "photo",
        "print_parcel",
        "record",
        "season_chart",
        "standing",
        "unit",
    }
    names = {"map.zoom_in", "map.zoom_out", "map.fullscreen", "map.fullscreen_exit"}
    names |= {"table.higher", "table.lower", "table.none"}
    unsaid = {
        key
        for key in catalogue("zh")
        if key.split(".")[0] not in made and f'"{key}"' not in code and f"'{key}'" not in code
    }
    assert unsaid - names == set()


def test_mu_has_two_decimals_and_thousands() -> None:
    assert figure(1234567.891, "mu", "zh") == "1,234,567.89 亩"
    assert figure(0.0, "mu", "en") == "0.00 mu"
    assert figure(87.456, "percent", "zh") == "87.5%"
    assert number(12345.0, "count") == "12,345"


def test_a_missing_number_is_a_dash_without_unit() -> None:
    assert figure(None, "mu", "zh") == "—"
    assert figure(float("nan"), "percent", "en") == "—"
    assert figure(float("inf"), "count", "zh") == "—"


def test_dates_are_written_as_each_language_does() -> None:
    assert day(date(2026, 3, 5), "zh") == "2026年3月5日"
    assert day(date(2026, 3, 5), "en") == "5 Mar 2026"


def test_an_unknown_sentence_is_an_error() -> None:
    with pytest.raises(KeyError):
        say("no.such_key", "zh")
