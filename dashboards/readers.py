"""Who reads: the session that a browser shows is looked up in the ledger, every time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from geo.access import Actor
from pipelines.store import accounts, accounts_sessions
from pipelines.store.ledger import Ledger
from pipelines.workspace import Workspace

COOKIE = "xiangtu_session"
"""The cookie that carries the token of a sign-in; the browser shows it to this server alone."""

_ledgers: dict[tuple[str, object], Ledger] = {}
_opening = threading.Lock()


@contextmanager
def ledger_of(workspace: Workspace) -> Iterator[Ledger | None]:
    """The workspace's ledger, for a while; None when it has none yet. Opened once, kept for the next asker."""
    url = workspace.settings.ledger_url
    file = workspace.root / "ledger.sqlite"
    if url is None and not file.exists():
        yield None
        return
    # A restored workspace brings another file under the same name.
    key = (str(workspace.root), url or file.stat().st_ino)
    with _opening:
        if key not in _ledgers:
            from pipelines.act import workspace_ledger

            _ledgers[key] = workspace_ledger(workspace)
        ledger = _ledgers[key]
    try:
        yield ledger
    finally:
        # Streamlit runs each script in a thread of its own, whose connection nobody would close.
        ledger.close()


def has_accounts(workspace: Workspace) -> bool:
    """Whether the workspace has accounts, so that readers must sign in."""
    with ledger_of(workspace) as ledger:
        return ledger is not None and accounts.any_accounts(ledger)


def reader_of(root: Path | str, token: str | None, *, now: datetime | None = None) -> Actor:
    """Who reads with that token, as the ledger has it now; `accounts.KEYBOARD` while there are no accounts.

    Forbidden (`session_expired`) without a live session of an account that is not disabled, and
    (`password_must_change`) while its first password was not changed.
    """
    with ledger_of(Workspace(root)) as ledger:
        if ledger is None or not accounts.any_accounts(ledger):
            return accounts.KEYBOARD
        return accounts_sessions.acting(ledger, token or "", now=now or datetime.now(UTC))


def end_session(root: Path | str, token: str | None) -> None:
    """End the session of a token; one that is unknown is ended already."""
    with ledger_of(Workspace(root)) as ledger:
        if ledger is not None and token:
            accounts_sessions.sign_out(ledger, token)
