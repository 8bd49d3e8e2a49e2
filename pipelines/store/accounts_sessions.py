"""Sign-ins: a session for the right password, for how long it lasts, and how it ends."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from geo.access import Actor
from geo.errors import Forbidden, Refused
from pipelines.store.accounts import COLUMNS, Account, account_of, find
from pipelines.store.accounts_passwords import MAX_PASSWORD, checked, hashed, matches
from pipelines.store.ledger_acts import instant

if TYPE_CHECKING:
    from pipelines.store.ledger import Ledger

SESSION_HOURS = 12
IDLE_HOURS = 2
FREE_FAILURES = 5
LOCK_MINUTES = 15


@dataclass(frozen=True)
class Session:
    """A sign-in. `token` goes to the browser and is not kept; the ledger keeps its hash."""

    token: str
    account: Account
    expires_at: str


def sign_in(ledger: Ledger, name: str, password: str, *, now: datetime) -> Session:
    """A session for the right name and password.

    Forbidden with one and the same sentence for a wrong name and a wrong password; only who knows the password of
    an account that was disabled is told that it was. After five failures in a row
    each further one locks the account for a quarter of an hour, also against the right password. A session of an
    account whose first password was not changed yet is good for nothing but `change_password`.
    """
    with ledger.database.reading() as tx:
        row = tx.run(f"select {COLUMNS}, password_hash from accounts where name = ?", (name,)).fetchone()
    account = account_of(row[:-1]) if row is not None else None
    if account is not None and account.locked_until is not None and account.locked_until > instant(now):
        raise Forbidden("sign_in_locked", minutes=LOCK_MINUTES)
    # A name that does not exist costs the same time as one that does.
    good = matches(row[-1] if row is not None else hashed("no such account"), password[:MAX_PASSWORD])
    if account is None or not good:
        if account is not None:
            _note_failure(ledger, account, now)
        raise Forbidden("sign_in_failed")
    if account.disabled:
        raise Forbidden("account_disabled", name=name)
    with ledger.database.writing() as tx:
        tx.run("update accounts set failures = 0, locked_until = null where name = ?", (name,))
    return _opened(ledger, account, now)


def vouched(ledger: Ledger, name: str, *, now: datetime) -> Session:
    """A session for an account that somebody else vouches for: the county's own sign-in service (OIDC).

    Forbidden (`sign_in_not_known`) when there is no such account or it was disabled. A first password that was
    never used is withdrawn: the account signs in through the service.
    """
    account = find(ledger, name)
    if account is None or account.disabled:
        raise Forbidden("sign_in_not_known", name=name)
    if account.must_change:
        with ledger.database.writing() as tx:
            tx.run("update accounts set password_hash = null, must_change = 0 where name = ?", (name,))
        account = replace(account, must_change=False)
    return _opened(ledger, account, now)


def _opened(ledger: Ledger, account: Account, now: datetime) -> Session:
    token = secrets.token_urlsafe(32)
    expires = instant(now + timedelta(hours=SESSION_HOURS))
    with ledger.database.writing() as tx:
        tx.run("delete from sessions where expires_at < ?", (instant(now),))
        tx.run(
            "insert into sessions (token_hash, account, created_at, seen_at, expires_at) values (?, ?, ?, ?, ?)",
            (_token_hash(token), account.name, instant(now), instant(now), expires),
        )
    return Session(token, account, expires)


def _note_failure(ledger: Ledger, account: Account, now: datetime) -> None:
    with ledger.database.writing() as tx:
        tx.run("update accounts set failures = failures + 1 where name = ?", (account.name,))
        failures = tx.run("select failures from accounts where name = ?", (account.name,)).fetchone()[0]
        if failures >= FREE_FAILURES:
            until = instant(now + timedelta(minutes=LOCK_MINUTES))
            tx.run("update accounts set locked_until = ? where name = ?", (until, account.name))


def _token_hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def session(ledger: Ledger, token: str, *, now: datetime) -> Account:
    """The account of a live session, seen just now; Forbidden when it is unknown, expired, idle, or disabled."""
    with ledger.database.reading() as tx:
        row = tx.run(
            "select account, seen_at, expires_at from sessions where token_hash = ?", (_token_hash(token),)
        ).fetchone()
    idle = instant(now - timedelta(hours=IDLE_HOURS))
    account = find(ledger, row[0]) if row is not None and row[1] > idle and row[2] > instant(now) else None
    if account is None or account.disabled:
        raise Forbidden("session_expired")
    if row[1] < instant(now - timedelta(minutes=5)):
        with ledger.database.writing() as tx:
            tx.run("update sessions set seen_at = ? where token_hash = ?", (instant(now), _token_hash(token)))
    return account


def acting(ledger: Ledger, token: str, *, now: datetime) -> Actor:
    """Who acts in a session; Forbidden also while the first password still has to be changed."""
    account = session(ledger, token, now=now)
    if account.must_change:
        raise Forbidden("password_must_change")
    return account.actor()


def change_password(ledger: Ledger, token: str, old: str, new: str, *, now: datetime) -> None:
    """Change one's own password; the account's other sign-ins end. Refused for a weak or unchanged one."""
    account = session(ledger, token, now=now)
    with ledger.database.reading() as tx:
        kept = tx.run("select password_hash from accounts where name = ?", (account.name,)).fetchone()[0]
    if not matches(kept, old):
        _note_failure(ledger, account, now)
        raise Forbidden("sign_in_failed")
    checked(new, account.name)
    if new == old:
        raise Refused("password_unchanged")
    with ledger.database.writing() as tx:
        tx.run(
            "update accounts set password_hash = ?, must_change = 0, failures = 0 where name = ?",
            (hashed(new), account.name),
        )
        tx.run("delete from sessions where account = ? and token_hash <> ?", (account.name, _token_hash(token)))


def sign_out(ledger: Ledger, token: str) -> None:
    """End a session; one that is unknown is ended already."""
    with ledger.database.writing() as tx:
        tx.run("delete from sessions where token_hash = ?", (_token_hash(token),))
