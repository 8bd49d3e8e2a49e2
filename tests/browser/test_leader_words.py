"""The leader's page in Chromium: its figures stand in even rows, and nothing on it speaks another language."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Reader, still

pytestmark = pytest.mark.browser
FOREIGN = r"""() => {
  const found = [], names = ["aria-label", "title", "alt", "placeholder"];
  const own = (one) => one.closest("code, [translate=no], [aria-hidden=true]");
  const walk = (root) => root.querySelectorAll("*").forEach((one) => {
    if (one.shadowRoot) walk(one.shadowRoot);
    if (own(one) || ["SCRIPT", "STYLE", "NOSCRIPT", "TITLE"].includes(one.tagName)) return;
    const said = names.map((name) => one.getAttribute(name));
    one.childNodes.forEach((part) => { if (part.nodeType === 3) said.push(part.data); });
    said.forEach((text) => {
      if (/^[^\u4e00-\u9fff]*[A-Za-z]{3}[^\u4e00-\u9fff]*$/.test(text || "")) found.push(text.trim());
    });
  });
  walk(document);
  return found;
}"""
"""What is written, or told to who listens, in Latin letters alone."""


def test_the_figures_stand_in_rows_of_the_same_length(desktop: Reader) -> None:
    page = desktop.page
    desktop.open("layer=abandoned_parcel")
    desktop.shapes("area", 3)
    for width in (1440, 1180, 980):
        page.set_viewport_size({"width": width, "height": 900})
        still(page)
        boxes = [one.bounding_box() for one in page.locator("button.card[data-key]").all()]
        tops = [round(box["y"]) for box in boxes if box is not None]
        lengths = [tops.count(top) for top in sorted(set(tops))]
        assert len(boxes) == 13
        assert lengths[-1] > lengths[0] / 2, (width, lengths)
        assert not desktop.overflows()


@pytest.mark.parametrize("query", ["layer=abandoned_parcel", "page=leader&area=990101100&versus=2026-01-31"])
def test_a_chinese_page_says_nothing_in_english(desktop: Reader, query: str) -> None:
    desktop.open(query)
    still(desktop.page)
    assert desktop.page.evaluate(FOREIGN) == []
    assert desktop.page.evaluate("document.documentElement.lang") == "zh"
    assert desktop.watch.clean()
