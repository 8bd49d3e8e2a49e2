"""Days as the county counts them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from geo.errors import Refused

CHINA = timedelta(hours=8)


def today() -> date:
    """The day it is in China."""
    return (datetime.now(UTC) + CHINA).date()


def day(text: str | None) -> date | None:
    """A day as YYYY-MM-DD; Refused when it is not one."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused("date_malformed", value=text) from None
