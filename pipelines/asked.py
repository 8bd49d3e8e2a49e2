"""What a command is asked about: its day and its area, looked at before anything is worked out."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from geo.errors import Refused
from geo.progress import UNPLACED
from pipelines.days import day, today

if TYPE_CHECKING:
    from pipelines.console import Console
    from pipelines.workspace import Workspace


def asked_day(text: str | None, console: Console) -> date:
    """The day written as YYYY-MM-DD, today without one; one still to come is said to be so. Refused for no day."""
    now = today()
    asked = day(text) or now
    if asked > now:
        console.say(
            f"注意：{asked} 还没到，下面是已登记的情况按那一天的期限推算的。",
            f"Note: {asked} is still to come; these are today's records against the deadlines of that day.",
        )
    return asked


def check_area(workspace: Workspace, area: str | None) -> None:
    """Refused for a code that no area of the workspace has; `unplaced` and none will do."""
    if area is not None and area != UNPLACED and not (workspace.areas()["code"] == area).any():
        raise Refused("schedule_area_unknown", area=area)
