"""Two days, or two areas, side by side on one printed A4 page: their maps by one legend, and the difference."""

from __future__ import annotations

from html import escape

from dashboards.comparisons import compared
from dashboards.data import County
from dashboards.looks import Look
from dashboards.prints import document, drawing, foot, legend, table
from dashboards.tables import Board
from dashboards.words import say

MOST_ROWS = 16
"""The tables have less than half of the page."""


def compare_page(county: County, look: Look, *, back: str) -> str:
    """The document of a look with `versus`; prints on one A4 page, landscape."""
    found = compared(county, look)
    maps = "".join(
        f"<figure><h2>{escape(shown.title)} · {escape(shown.date)}</h2>{drawing(county, side, shown)}</figure>"
        for side, shown in zip(found.looks, found.scenes, strict=True)
    )
    boards = [one for one in (found.figures, found.areas) if one is not None]
    tables = "".join(table(one, look.lang, most=MOST_ROWS) for one in boards)
    body = (
        f'{legend(found.scenes[1].legend, look.lang)}<main class="beside">{maps}</main>'
        f'<div class="beside">{tables}</div>'
    )
    heading = f"{say('compare.label', look.lang)} · {found.scenes[1].title}"
    footer, style = foot(county, look, back), f"--rows:{_longest(boards)}"
    return document(heading, "", body, footer, back=back, lang=look.lang, style=style)


def _longest(boards: list[Board]) -> int:
    """Lines of the longer table, its head among them: the tables take half a page."""
    return 2 * (max((min(len(one.rows), MOST_ROWS) for one in boards), default=0) + 2)
