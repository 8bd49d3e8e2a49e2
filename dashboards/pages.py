"""The pages of the dashboard: one for each audience, found by its name in the address."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from importlib import import_module
from typing import Protocol

from dashboards.data import County

VIEWS: Mapping[str, str] = {
    "leader": "dashboards.views.leader",
    "planner": "dashboards.views.planner",
}
"""Each page and the module that draws it, in the order they stand in the head; the first one is the home."""
HOME = next(iter(VIEWS))


class View(Protocol):
    """A module that draws one page."""

    def show(self, county: County, today: date) -> None:
        """Draw the page for what the address asks."""


def page_of(asked: str | None) -> str:
    """The page that the address asks for; the home when it asks for none there is."""
    return asked if asked is not None and asked in VIEWS else HOME


def view(page: str) -> View:
    """The module of a page, imported when it is first looked at."""
    return import_module(VIEWS[page])
