"""What reaches the county and when: files from senders, and acts for the ledger."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

FIRST_DAY = date(2024, 11, 4)
LAST_DAY = date(2026, 11, 16)
"""The invented two years; nothing in the samples happens outside them but the terms of contracts."""


@dataclass(frozen=True)
class Delivery:
    """One file as it arrived.

    layer: what it is about. at: the day it arrived. options: what the clerk was told and would pass on (`crs`,
    `encoding`, `sheet`); mostly empty. sender: who sent it.
    """

    path: Path
    layer: str
    at: date
    sender: str
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Act:
    """One step taken by somebody after the last file: to be replayed as an event of the ledger.

    roles: the act is by somebody of this role (`bureau`, `township`, `inspector`, `planner`) of unit `actor`.
    """

    layer: str
    id: str
    to_stage: str
    at: date
    role: str
    actor: str
    note: str
