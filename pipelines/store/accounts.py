"""Local accounts: who may sign in, with what role and area, and for how long a sign-in lasts.

`xiangtu account add DIR NAME --role R [--unit U] [--area CODE] [--layers A,B]` calls `add`, which gives a first
password to be changed at the first sign-in; `account disable DIR NAME` calls `disable`, `account list DIR` calls
`accounts`.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from geo.access import Actor, require, roles
from geo.errors import Forbidden, Refused
from pipelines.store.ledger_acts import instant
from pipelines.store.ledger_sql import database_role

if TYPE_CHECKING:
    from pipelines.store.ledger import Ledger
    from pipelines.store.ledger_sql import Transaction

SESSION_HOURS = 12
IDLE_HOURS = 2
FREE_FAILURES = 5
LOCK_MINUTES = 15
MIN_PASSWORD = 10
NAME = re.compile(r"[\w.\-·]{1,60}")
AREA = re.compile(r"([0-9]{6}([0-9]{3}([0-9]{3})?)?)?")
FIRST_ADMINISTRATOR = Actor("系统", "administrator", has_account=False)
KEYBOARD = Actor("本机", "administrator", has_account=False)
"""Who uses the pages of a workspace that has no accounts: whoever sits at its machine."""
COLUMNS = "name, role, unit, area_code, layers, must_change, disabled, failures, locked_until, created_at"


@dataclass(frozen=True)
class Account:
    """One account as it stands. `area_code` "" is the whole county."""

    name: str
    role: str
    unit: str
    area_code: str
    layers: tuple[str, ...]
    must_change: bool
    disabled: bool
    failures: int
    locked_until: str | None
    created_at: str

    def actor(self) -> Actor:
        """Who acts under this account."""
        return Actor(self.name, self.role, self.unit, self.area_code, self.layers)


@dataclass(frozen=True)
class Session:
    """A sign-in. `token` goes to the browser and is not kept; the ledger keeps its hash."""

    token: str
    account: Account
    expires_at: str


def _account(row: Sequence[Any]) -> Account:
    name, role, unit, area, layers, must_change, disabled, failures, locked, created = row
    kept = tuple(part for part in str(layers).split(",") if part)
    return Account(name, role, unit, area, kept, bool(must_change), bool(disabled), failures, locked, created)


def accounts(ledger: Ledger) -> list[Account]:
    """Every account, disabled ones too, by name."""
    with ledger.database.reading() as tx:
        return [_account(row) for row in tx.run(f"select {COLUMNS} from accounts order by name").fetchall()]


def find(ledger: Ledger, name: str) -> Account | None:
    """The account of that name, or None."""
    with ledger.database.reading() as tx:
        row = tx.run(f"select {COLUMNS} from accounts where name = ?", (name,)).fetchone()
    return _account(row) if row is not None else None


def any_accounts(ledger: Ledger) -> bool:
    """Whether the workspace has accounts; until then anybody at its keyboard is its administrator."""
    with ledger.database.reading() as tx:
        return bool(tx.run("select 1 from accounts limit 1").fetchone())


def add(
    ledger: Ledger,
    name: str,
    *,
    role: str,
    unit: str = "",
    area_code: str = "",
    layers: Sequence[str] = (),
    now: datetime,
    by: Actor | None = None,
    password: str | None = None,
) -> str:
    """Add an account; its first password, given or made up, which the first sign-in must change.

    by: an administrator's account; only the very first account may be added without one, and must be an
    administrator's. Refused for a name taken or malformed, an unknown role, a township or village without area.
    """
    if not NAME.fullmatch(name):
        raise Refused("account_name_malformed", name=name[:60])
    if role not in roles():
        raise Refused("role_unknown", role=role, known=", ".join(roles()))
    if not AREA.fullmatch(area_code):
        raise Refused("area_code_malformed", value=area_code[:20])
    if role in ("township", "village_reporter") and len(area_code) < 9:
        raise Refused("account_needs_area", name=name, role=role)
    unknown = [one for one in layers if one not in ledger.layers]
    if unknown:
        raise Refused("layer_unknown", layer=", ".join(unknown), known=", ".join(sorted(ledger.layers)))
    if find(ledger, name) is not None:
        raise Refused("account_exists", name=name)
    first = not any_accounts(ledger)
    if first and role != "administrator":
        raise Refused("first_account_not_administrator", name=name)
    by = by or (FIRST_ADMINISTRATOR if first else None)
    if by is None:
        raise Forbidden("account_needs_administrator")
    require(by, "account")
    secret = password if password is not None else secrets.token_urlsafe(12)
    _check_password(secret, name)
    with ledger.database.writing() as tx:
        tx.run(
            "insert into accounts (name, role, unit, area_code, layers, password_hash, must_change, disabled,"
            " failures, locked_until, created_at) values (?, ?, ?, ?, ?, ?, 1, 0, 0, null, ?)",
            (name, role, unit, area_code, ",".join(layers), _hashed(secret), instant(now)),
        )
        make_database_role(tx, ledger, name, role, area_code)
    details = {"role": role, "unit": unit, "area_code": area_code, "layers": list(layers)}
    ledger.record_account("add", name, details, by=by, now=now)
    return secret


def disable(ledger: Ledger, name: str, *, now: datetime, by: Actor | None = None) -> None:
    """Close an account and end its sign-ins; what it did stays. The last administrator cannot be disabled."""
    account = find(ledger, name)
    if account is None:
        raise Refused("account_unknown", name=name)
    others = [a for a in accounts(ledger) if a.role == "administrator" and not a.disabled and a.name != name]
    if account.role == "administrator" and not others:
        raise Forbidden("last_administrator", name=name)
    if by is None:
        raise Forbidden("account_needs_administrator")
    require(by, "account")
    with ledger.database.writing() as tx:
        tx.run("update accounts set disabled = 1 where name = ?", (name,))
        tx.run("delete from sessions where account = ?", (name,))
        if ledger.database.dialect == "postgresql":
            tx.run("delete from db_roles where account = ?", (name,))
    ledger.record_account("disable", name, {}, by=by, now=now)


def make_database_role(tx: Transaction, ledger: Ledger, name: str, role: str, area_code: str) -> None:
    """On PostgreSQL, make the database role an account's requests run under, bound to its area."""
    if ledger.database.dialect != "postgresql":
        return
    own = database_role(ledger.database.name, name)
    if tx.run("select 1 from pg_roles where rolname = ?", (own,)).fetchone() is None:
        tx.run(f'create role "{own}" nologin')
    tx.run(f'grant xiangtu_desk to "{own}"')
    tx.run(f'grant "{own}" to current_user')
    writes = role not in ("county_leader", "auditor")
    tx.run(
        "insert into db_roles (db_role, account, may_write, area_code) values (?, ?, ?, ?)",
        (own, name, writes, area_code),
    )


def _check_password(password: str, name: str) -> None:
    if len(password) < MIN_PASSWORD or len(password) > 200 or name in password or len(set(password)) < 5:
        raise Refused("password_weak", characters=MIN_PASSWORD)


def _hasher() -> Any:
    from argon2 import PasswordHasher

    return PasswordHasher()


def _hashed(password: str) -> str:
    return str(_hasher().hash(password))


def _matches(kept: str, password: str) -> bool:
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return bool(_hasher().verify(kept, password))
    except (VerificationError, InvalidHashError):
        return False


def sign_in(ledger: Ledger, name: str, password: str, *, now: datetime) -> Session:
    """A session for the right name and password.

    Forbidden with one and the same sentence for a wrong name and a wrong password; after five failures in a row
    each further one locks the account for a quarter of an hour, also against the right password. A session of an
    account whose first password was not changed yet is good for nothing but `change_password`.
    """
    with ledger.database.reading() as tx:
        row = tx.run(f"select {COLUMNS}, password_hash from accounts where name = ?", (name,)).fetchone()
    account = _account(row[:-1]) if row is not None else None
    if account is not None and account.locked_until is not None and account.locked_until > instant(now):
        raise Forbidden("sign_in_locked", minutes=LOCK_MINUTES)
    # A name that does not exist costs the same time as one that does.
    good = _matches(row[-1] if row is not None else _hashed("no such account"), password[:200])
    if account is None or account.disabled or not good:
        if account is not None:
            _note_failure(ledger, account, now)
        raise Forbidden("sign_in_failed")
    token = secrets.token_urlsafe(32)
    expires = instant(now + timedelta(hours=SESSION_HOURS))
    with ledger.database.writing() as tx:
        tx.run("update accounts set failures = 0, locked_until = null where name = ?", (name,))
        tx.run("delete from sessions where expires_at < ?", (instant(now),))
        tx.run(
            "insert into sessions (token_hash, account, created_at, seen_at, expires_at) values (?, ?, ?, ?, ?)",
            (_token_hash(token), name, instant(now), instant(now), expires),
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
    if not _matches(kept, old):
        _note_failure(ledger, account, now)
        raise Forbidden("sign_in_failed")
    _check_password(new, account.name)
    if new == old:
        raise Refused("password_unchanged")
    with ledger.database.writing() as tx:
        tx.run(
            "update accounts set password_hash = ?, must_change = 0, failures = 0 where name = ?",
            (_hashed(new), account.name),
        )
        tx.run("delete from sessions where account = ? and token_hash <> ?", (account.name, _token_hash(token)))


def sign_out(ledger: Ledger, token: str) -> None:
    """End a session; one that is unknown is ended already."""
    with ledger.database.writing() as tx:
        tx.run("delete from sessions where token_hash = ?", (_token_hash(token),))


def named_actor(ledger: Ledger, spoken: str) -> Actor:
    """Who acts on the command line: an account's name, or, while there are no accounts, any name.

    `ROLE:UNIT/NAME` and `ROLE:NAME` name the role of somebody without account; a bare name is the workspace's
    administrator. Once there are accounts, Forbidden for whoever has none or a disabled one.
    """
    text = spoken.strip()
    if not text or len(text) > 120 or any(ord(c) < 32 for c in text):
        raise Refused("actor_malformed")
    account = find(ledger, text)
    if account is not None and not account.disabled:
        return account.actor()
    if account is not None or any_accounts(ledger):
        raise Forbidden("actor_without_account", actor=text)
    role, colon, rest = text.partition(":")
    if not colon or role not in roles() or not rest.strip():
        return Actor(text, "administrator", has_account=False)
    unit, _, name = rest.strip().rpartition("/")
    layers = ("*",) if role == "bureau" else ()
    return Actor(name.strip() or unit, role, unit.strip(), layers=layers, has_account=False)
