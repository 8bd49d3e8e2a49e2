"""Local accounts: who there is, with what role and area. Sign-ins are in `accounts_sessions`.

`xiangtu account add DIR NAME --role R [--unit U] [--area CODE] [--layers A,B]` calls `add`, which gives a first
password to be changed at the first sign-in; `account reset` calls `reset`, which gives a new
one; `account disable` calls `disable`, `account enable` calls `enable`, `account list` calls `accounts`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from geo.access import Actor, require, rights, roles
from geo.errors import Forbidden, Refused
from pipelines.store.accounts_passwords import checked, first_password, hashed
from pipelines.store.desk_rights import layers_of, personal_of
from pipelines.store.ledger_acts import instant
from pipelines.store.ledger_anchors import noted
from pipelines.store.ledger_sql import database_role

if TYPE_CHECKING:
    from pipelines.store.ledger import Ledger
    from pipelines.store.ledger_sql import Transaction

NAME = re.compile(r"[\w.\-·]{1,60}")
ACTOR_CHARACTERS = 120
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


def account_of(row: Sequence[Any]) -> Account:
    """The account of a row of `COLUMNS`."""
    name, role, unit, area, layers, must_change, disabled, failures, locked, created = row
    kept = tuple(part for part in str(layers).split(",") if part)
    return Account(name, role, unit, area, kept, bool(must_change), bool(disabled), failures, locked, created)


def accounts(ledger: Ledger) -> list[Account]:
    """Every account, disabled ones too, by name."""
    with ledger.database.reading() as tx:
        return [account_of(row) for row in tx.run(f"select {COLUMNS} from accounts order by name").fetchall()]


def find(ledger: Ledger, name: str) -> Account | None:
    """The account of that name, or None."""
    with ledger.database.reading() as tx:
        row = tx.run(f"select {COLUMNS} from accounts where name = ?", (name,)).fetchone()
    return account_of(row) if row is not None else None


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
    administrator's. Refused for a name taken or malformed, an unknown role, a township or village without area, a
    bureau without layers.
    """
    if not NAME.fullmatch(name):
        raise Refused("account_name_malformed", name=name[:60])
    if role not in roles():
        raise Refused("role_unknown", role=role, known=", ".join(roles()))
    if not AREA.fullmatch(area_code):
        raise Refused("area_code_malformed", value=area_code[:20])
    _check_area(ledger, name, role, area_code)
    unknown = [one for one in layers if one not in ledger.layers]
    if unknown:
        raise Refused("layer_unknown", layer=", ".join(unknown), known=", ".join(sorted(ledger.layers)))
    if not layers and any(right.layers == "own" and role in right.roles for right in rights()):
        words, known = roles()[role], ", ".join(sorted(ledger.layers))
        raise Refused("account_needs_layers", name=name, role=words.zh, role_en=words.en, known=known)
    there = find(ledger, name)
    if there is not None:
        raise Refused("account_disabled" if there.disabled else "account_exists", name=name)
    first = not any_accounts(ledger)
    if first and role != "administrator":
        raise Refused("first_account_not_administrator", name=name)
    by = by or (FIRST_ADMINISTRATOR if first else None)
    secret = checked(password if password is not None else first_password(), name)
    details = {"role": role, "unit": unit, "area_code": area_code, "layers": list(layers)}
    with _changing(ledger, "add", name, details, by=by, now=now) as tx:
        tx.run(
            "insert into accounts (name, role, unit, area_code, layers, password_hash, must_change, disabled,"
            " failures, locked_until, created_at) values (?, ?, ?, ?, ?, ?, 1, 0, 0, null, ?)",
            (name, role, unit, area_code, ",".join(layers), hashed(secret), instant(now)),
        )
        make_database_role(tx, ledger, Actor(name, role, unit, area_code, tuple(layers)))
    return secret


def _check_area(ledger: Ledger, name: str, role: str, area_code: str) -> None:
    """Refused for a code that is no area of the county, and for a township or village role without its own."""
    local, words = role in ("township", "village_reporter"), roles()[role]
    if local and not area_code:
        raise Refused("account_needs_area", name=name, role=words.zh, role_en=words.en)
    places = ledger.places
    if area_code and places is not None and places.has_areas() and not places.has_area(area_code):
        raise Refused("account_area_unknown", area=area_code)
    if local and len(area_code) < 9:
        raise Refused("account_area_too_wide", area=area_code, name=name, role=words.zh, role_en=words.en)


@contextmanager
def _changing(
    ledger: Ledger, what: str, name: str, details: Mapping[str, Any], *, by: Actor | None, now: datetime
) -> Iterator[Transaction]:
    """A change that an administrator makes to an account, and its event: both or neither."""
    if by is None:
        raise Forbidden("account_needs_administrator")
    require(by, "account")
    with noted(ledger.database) as tx:
        yield tx
        ledger.record_account(tx, what, name, details, by=by, now=now)


def reset(
    ledger: Ledger, name: str, *, now: datetime, by: Actor | None = None, password: str | None = None
) -> str:
    """Give an account a new first password, which the next sign-in must change; its sign-ins end, its lock too.

    by: an administrator's account. Refused for an account that there is not or that was disabled.
    """
    account = find(ledger, name)
    if account is None:
        raise Refused("account_unknown", name=name)
    if account.disabled:
        raise Refused("account_disabled", name=name)
    secret = checked(password if password is not None else first_password(), name)
    with _changing(ledger, "reset", name, {}, by=by, now=now) as tx:
        tx.run(
            "update accounts set password_hash = ?, must_change = 1, failures = 0, locked_until = null"
            " where name = ?",
            (hashed(secret), name),
        )
        tx.run("delete from sessions where account = ?", (name,))
    return secret


def disable(ledger: Ledger, name: str, *, now: datetime, by: Actor | None = None) -> None:
    """Close an account and end its sign-ins; what it did stays. The last administrator cannot be disabled."""
    account = find(ledger, name)
    if account is None:
        raise Refused("account_unknown", name=name)
    if account.disabled:
        raise Refused("account_disabled", name=name)
    others = [a for a in accounts(ledger) if a.role == "administrator" and not a.disabled and a.name != name]
    if account.role == "administrator" and not others:
        raise Forbidden("last_administrator", name=name)
    with _changing(ledger, "disable", name, {}, by=by, now=now) as tx:
        tx.run("update accounts set disabled = 1 where name = ?", (name,))
        tx.run("delete from sessions where account = ?", (name,))
        if ledger.database.dialect == "postgresql":
            tx.run("delete from db_roles where account = ?", (name,))


def enable(ledger: Ledger, name: str, *, now: datetime, by: Actor | None = None) -> None:
    """Open a closed account again, with its role, area and password as they were; a lock is lifted.

    by: an administrator's account. Refused for an account that there is not, or that is open.
    """
    account = find(ledger, name)
    if account is None:
        raise Refused("account_unknown", name=name)
    if not account.disabled:
        raise Refused("account_open", name=name)
    with _changing(ledger, "enable", name, {}, by=by, now=now) as tx:
        tx.run("update accounts set disabled = 0, failures = 0, locked_until = null where name = ?", (name,))
        if ledger.database.dialect == "postgresql":
            tx.run("delete from db_roles where account = ?", (name,))
        make_database_role(tx, ledger, account.actor())


def make_database_role(tx: Transaction, ledger: Ledger, actor: Actor) -> None:
    """On PostgreSQL, make the database role an account's requests run under, bound to its area and layers."""
    if ledger.database.dialect != "postgresql":
        return
    own = database_role(ledger.database.name, actor.name)
    if tx.run("select 1 from pg_roles where rolname = ?", (own,)).fetchone() is None:
        tx.run(f'create role "{own}" nologin')
    tx.run(f'grant xiangtu_desk to "{own}"')
    tx.run(f'grant "{own}" to current_user')
    reads, writes = layers_of(actor, ledger.layers)
    tx.run(
        "insert into db_roles (db_role, account, may_write, area_code, reads, writes, personal)"
        " values (?, ?, ?, ?, ?, ?, ?)",
        (own, actor.name, writes != "", actor.area_code, reads, writes, personal_of(actor, ledger.layers)),
    )


def named_actor(ledger: Ledger, spoken: str) -> Actor:
    """Who acts on the command line: an account's name, or, while there are no accounts, any name.

    `ROLE:UNIT/NAME` and `ROLE:NAME` name the role of somebody without account; a bare name is the workspace's
    administrator. Once there are accounts, Forbidden for whoever has none or a disabled one.
    """
    text = spoken.strip()
    if not text:
        raise Refused("actor_malformed")
    if any(ord(c) < 32 for c in text):
        raise Refused("actor_control_characters")
    if len(text) > ACTOR_CHARACTERS:
        raise Refused("actor_too_long", limit=ACTOR_CHARACTERS)
    account = find(ledger, text)
    if account is not None and not account.disabled:
        return account.actor()
    if account is not None:
        raise Forbidden("account_disabled", name=text)
    if any_accounts(ledger):
        raise Forbidden("actor_without_account", actor=text)
    role, colon, rest = text.partition(":")
    if not colon or role not in roles() or not rest.strip():
        return Actor(text, "administrator", has_account=False)
    unit, _, name = rest.strip().rpartition("/")
    layers = ("*",) if role == "bureau" else ()
    return Actor(name.strip() or unit, role, unit.strip(), layers=layers, has_account=False)
