"""The pages of the dashboard: one for each audience, found by its name in the address."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from importlib import import_module
from typing import Protocol

from dashboards.data import County
from geo.access import Actor, readable_root

VIEWS: Mapping[str, str] = {
    "leader": "dashboards.views.leader",
    "agriculture": "dashboards.views.agriculture",
    "planner": "dashboards.views.planner",
    "inspector": "dashboards.views.inspector",
}
"""Each page and the module that draws it, in the order they stand in the head; the first one is the home."""
NEEDS: Mapping[str, str] = {
    "leader": "abandoned_parcel",
    "agriculture": "abandoned_parcel",
    "planner": "zone_plan",
    "inspector": "inspection_point",
}
"""The layer that a reader of a page must be able to read; a page that is not named here is for everybody."""
HOMES: Mapping[str, str] = {
    "county_leader": "leader",
    "bureau": "agriculture",
    "township": "agriculture",
    "planner": "planner",
    "inspector": "inspector",
    "village_reporter": "inspector",
}
"""Where each role's own work is; any other begins with the first page it may open."""


class View(Protocol):
    """A module that draws one page."""

    def show(self, county: County, today: date) -> None:
        """Draw the page for what the address asks."""


def pages_for(actor: Actor) -> list[str]:
    """The pages that a reader may open, in the order they stand in the head."""
    return [page for page in VIEWS if page not in NEEDS or readable_root(actor, NEEDS[page]) is not None]


def home(actor: Actor) -> str | None:
    """The page of a reader's own work, or the first other that may be opened; None when there is none."""
    mine = pages_for(actor)
    wanted = HOMES.get(actor.role)
    return wanted if wanted in mine else next(iter(mine), None)


def page_of(asked: str | None, actor: Actor) -> str | None:
    """The page that the address asks for, whoever may open it; the reader's home when it asks for none."""
    return asked if asked is not None and asked in VIEWS else home(actor)


def view(page: str) -> View:
    """The module of a page, imported when it is first looked at."""
    return import_module(VIEWS[page])
