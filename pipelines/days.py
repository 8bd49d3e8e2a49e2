"""Days as the county counts them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

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


def moment(text: str | None, *, now: datetime) -> datetime | None:
    """The instant of a clock in China, `2024-06-30 09:30`, or of one with its own zone behind; None for none.

    A day alone is its noon, today the present moment at the latest. Refused when it is neither.
    """
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Refused("time_malformed", value=text) from None
    whole_day = len(text.strip()) <= len("2024-06-30")
    if found.tzinfo is None:
        found = found.replace(tzinfo=timezone(CHINA))
    if not whole_day:
        return found
    noon = found + timedelta(hours=12)
    return min(noon, now) if found <= now else noon
