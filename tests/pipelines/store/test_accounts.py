"""Accounts, sign-ins and what a desk may see; on PostgreSQL also what its own statements may see."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from geo.access import Actor
from geo.errors import Forbidden, Refused, XiangtuError
from pipelines.store import accounts, accounts_passwords, accounts_sessions
from pipelines.store.ledger import Act, Ledger, open_ledger
from pipelines.store.ledger_sql import database_role

NOW = datetime(2024, 5, 1, 2, tzinfo=UTC)
ADMIN = "系统管理"
SECRET = "correct horse 电池 staple"


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """argon2 as the program uses it, with its cost turned down."""
    from argon2 import PasswordHasher

    monkeypatch.setattr(
        accounts_passwords, "_hasher", lambda: PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    )


@pytest.fixture
def staffed(ledger: Ledger) -> Ledger:
    """An administrator, two townships, a bureau, a leader and an auditor."""
    accounts.add(ledger, ADMIN, role="administrator", now=NOW)
    admin = accounts.named_actor(ledger, ADMIN)
    for name, role, unit, area, layers in (
        ("青石", "township", "青石镇", "510921101", ()),
        ("白水", "township", "白水镇", "510921102", ()),
        ("农局", "bureau", "农业农村局", "", ("abandoned_parcel",)),
        ("县长", "county_leader", "", "", ()),
        ("审计", "auditor", "审计局", "", ()),
    ):
        accounts.add(ledger, name, role=role, unit=unit, area_code=area, layers=layers, now=NOW, by=admin)
    return ledger


def code_of(error: pytest.ExceptionInfo[XiangtuError]) -> str:
    assert "…" not in error.value.words("zh") and "…" not in error.value.words("en")
    return error.value.code


def verify(by: Actor, feature: str, area: str) -> Act:
    return Act("abandoned_parcel", feature, by, to_stage="verified", from_stage="found", area_code=area + "201")


def test_the_first_account_is_an_administrators_and_the_rest_need_one(ledger: Ledger) -> None:
    with pytest.raises(Refused) as refusal:
        accounts.add(ledger, "青石", role="township", area_code="510921101", now=NOW)
    assert code_of(refusal) == "first_account_not_administrator"
    accounts.add(ledger, ADMIN, role="administrator", now=NOW)
    with pytest.raises(Forbidden) as forbidden:
        accounts.add(ledger, "青石", role="township", area_code="510921101", now=NOW)
    assert code_of(forbidden) == "account_needs_administrator"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"name": "a'; drop table accounts; --", "role": "auditor"}, "account_name_malformed"),
        ({"name": "../x", "role": "auditor"}, "account_name_malformed"),
        ({"name": "青石", "role": "auditor"}, "account_exists"),
        ({"name": "新", "role": "root"}, "role_unknown"),
        ({"name": "新", "role": "township"}, "account_needs_area"),
        ({"name": "新", "role": "township", "area_code": "510921"}, "account_area_too_wide"),
        ({"name": "新", "role": "township", "area_code": "51092110' or '1'='1"}, "area_code_malformed"),
        ({"name": "新", "role": "bureau", "layers": ["nothing"]}, "layer_unknown"),
        ({"name": "新", "role": "bureau"}, "account_needs_layers"),
        ({"name": "新", "role": "auditor", "password": "12345678901"[:8]}, "password_weak"),
        ({"name": "新", "role": "auditor", "password": "aaaaaaaaaaaa"}, "password_weak"),
    ],
)
def test_an_account_that_cannot_be_is_refused_by_name(staffed: Ledger, given: dict[str, Any], code: str) -> None:
    before = accounts.accounts(staffed)
    with pytest.raises(XiangtuError) as refusal:
        accounts.add(staffed, now=NOW, by=accounts.named_actor(staffed, ADMIN), **given)
    assert code_of(refusal) == code
    assert accounts.accounts(staffed) == before


def test_a_township_cannot_add_accounts(staffed: Ledger) -> None:
    with pytest.raises(Forbidden) as refusal:
        accounts.add(staffed, "新", role="auditor", now=NOW, by=accounts.named_actor(staffed, "青石"))
    assert code_of(refusal) == "not_allowed"


def test_the_first_password_must_be_changed_before_anything_else(ledger: Ledger) -> None:
    first = accounts.add(ledger, ADMIN, role="administrator", now=NOW)
    signed = accounts_sessions.sign_in(ledger, ADMIN, first, now=NOW)
    with pytest.raises(Forbidden) as refusal:
        accounts_sessions.acting(ledger, signed.token, now=NOW)
    assert code_of(refusal) == "password_must_change"
    with pytest.raises(Refused) as unchanged:
        accounts_sessions.change_password(ledger, signed.token, first, first, now=NOW)
    assert code_of(unchanged) == "password_unchanged"
    accounts_sessions.change_password(ledger, signed.token, first, SECRET, now=NOW)
    assert accounts_sessions.acting(ledger, signed.token, now=NOW).role == "administrator"
    assert accounts_sessions.sign_in(ledger, ADMIN, SECRET, now=NOW).account.must_change is False


def test_a_password_is_kept_as_an_argon2_hash_and_a_token_as_a_hash(ledger: Ledger) -> None:
    accounts.add(ledger, ADMIN, role="administrator", now=NOW, password=SECRET)
    signed = accounts_sessions.sign_in(ledger, ADMIN, SECRET, now=NOW)
    with ledger.database.reading() as tx:
        kept = tx.run("select password_hash from accounts").fetchone()[0]
        tokens = [row[0] for row in tx.run("select token_hash from sessions").fetchall()]
    assert kept.startswith("$argon2id$") and SECRET not in kept
    assert len(tokens) == 1 and signed.token not in tokens
    assert SECRET not in ledger.events()["data"].str.cat()


def test_a_wrong_name_and_a_wrong_password_are_told_in_the_same_words(staffed: Ledger) -> None:
    for name in (ADMIN, "没有这个人"):
        with pytest.raises(Forbidden) as refusal:
            accounts_sessions.sign_in(staffed, name, "wrong password", now=NOW)
        assert code_of(refusal) == "sign_in_failed"


def test_five_failures_lock_the_account_for_a_quarter_of_an_hour(ledger: Ledger) -> None:
    accounts.add(ledger, ADMIN, role="administrator", now=NOW, password=SECRET)
    for _ in range(5):
        with pytest.raises(Forbidden):
            accounts_sessions.sign_in(ledger, ADMIN, "wrong password", now=NOW)
    with pytest.raises(Forbidden) as refusal:
        accounts_sessions.sign_in(ledger, ADMIN, SECRET, now=NOW + timedelta(minutes=14))
    assert code_of(refusal) == "sign_in_locked"
    assert accounts_sessions.sign_in(ledger, ADMIN, SECRET, now=NOW + timedelta(minutes=16)).account.name == ADMIN


def test_a_session_ends_when_idle_or_old_or_signed_out_or_forged(ledger: Ledger) -> None:
    accounts.add(ledger, ADMIN, role="administrator", now=NOW, password=SECRET)

    def gone(token: str, now: datetime) -> bool:
        try:
            accounts_sessions.session(ledger, token, now=now)
        except Forbidden as refusal:
            return refusal.code == "session_expired"
        return False

    first = accounts_sessions.sign_in(ledger, ADMIN, SECRET, now=NOW).token
    assert not gone(first, NOW + timedelta(minutes=119)) and not gone(first, NOW + timedelta(minutes=230))
    assert gone(first, NOW + timedelta(minutes=351))
    second = accounts_sessions.sign_in(ledger, ADMIN, SECRET, now=NOW).token
    for minutes in range(90, 720, 90):
        assert not gone(second, NOW + timedelta(minutes=minutes))
    assert gone(second, NOW + timedelta(hours=12))
    third = accounts_sessions.sign_in(ledger, ADMIN, SECRET, now=NOW).token
    accounts_sessions.sign_out(ledger, third)
    assert gone(third, NOW) and gone("' or 1=1 --", NOW) and gone("", NOW)


def test_disabling_an_account_ends_its_sign_ins_and_keeps_what_it_did(staffed: Ledger) -> None:
    admin, town = accounts.named_actor(staffed, ADMIN), accounts.named_actor(staffed, "青石")
    accounts.add(staffed, "临时", role="inspector", now=NOW, by=admin, password=SECRET)
    token = accounts_sessions.sign_in(staffed, "临时", SECRET, now=NOW).token
    staffed.append(verify(town, "P1", "510921101"), now=NOW)
    for name in ("临时", "青石"):
        accounts.disable(staffed, name, now=NOW, by=admin)
    for attempt in (
        lambda: accounts_sessions.session(staffed, token, now=NOW),
        lambda: accounts_sessions.sign_in(staffed, "临时", SECRET, now=NOW),
        lambda: accounts.named_actor(staffed, "青石"),
    ):
        with pytest.raises(Forbidden):
            attempt()
    assert [e.actor for e in staffed.history("abandoned_parcel", "P1")] == ["青石"]
    with pytest.raises(Forbidden) as refusal:
        accounts.disable(staffed, ADMIN, now=NOW, by=admin)
    assert code_of(refusal) == "last_administrator"
    assert staffed.audit() == []


def test_a_disabled_account_is_called_so_wherever_it_is_met_and_can_be_opened_again(staffed: Ledger) -> None:
    admin = accounts.named_actor(staffed, ADMIN)
    accounts.add(staffed, "临时", role="inspector", unit="督查组", now=NOW, by=admin, password=SECRET)
    with pytest.raises(Refused) as refusal:
        accounts.enable(staffed, "临时", now=NOW, by=admin)
    assert code_of(refusal) == "account_open"
    accounts.disable(staffed, "临时", now=NOW, by=admin)
    for attempt in (
        lambda: accounts.named_actor(staffed, "临时"),
        lambda: accounts_sessions.sign_in(staffed, "临时", SECRET, now=NOW),
        lambda: accounts.add(staffed, "临时", role="inspector", now=NOW, by=admin),
        lambda: accounts.reset(staffed, "临时", now=NOW, by=admin),
        lambda: accounts.disable(staffed, "临时", now=NOW, by=admin),
    ):
        with pytest.raises(XiangtuError) as met:
            attempt()
        assert code_of(met) == "account_disabled" and "account enable" in met.value.words("zh")
    # Who does not know the password learns nothing of it.
    with pytest.raises(Forbidden) as guessed:
        accounts_sessions.sign_in(staffed, "临时", "wrong password", now=NOW)
    assert code_of(guessed) == "sign_in_failed"
    for by, code in (
        (None, "account_needs_administrator"),
        (accounts.named_actor(staffed, "青石"), "not_allowed"),
    ):
        with pytest.raises(Forbidden) as barred:
            accounts.enable(staffed, "临时", now=NOW, by=by)
        assert code_of(barred) == code
    accounts.enable(staffed, "临时", now=NOW, by=admin)
    back = accounts.named_actor(staffed, "临时")
    assert (back.role, back.unit) == ("inspector", "督查组")
    assert accounts_sessions.sign_in(staffed, "临时", SECRET, now=NOW).token
    assert staffed.events()["data"].str.contains('"enable"').sum() == 1
    assert staffed.audit() == []


def test_a_new_first_password_ends_sign_ins_and_locks_and_must_be_changed(staffed: Ledger) -> None:
    admin = accounts.named_actor(staffed, ADMIN)
    accounts.add(staffed, "临时", role="inspector", now=NOW, by=admin, password=SECRET)
    token = accounts_sessions.sign_in(staffed, "临时", SECRET, now=NOW).token
    for _ in range(5):
        with pytest.raises(Forbidden):
            accounts_sessions.sign_in(staffed, "临时", "wrong password", now=NOW)
    fresh = accounts.reset(staffed, "临时", now=NOW, by=admin)
    with pytest.raises(Forbidden):
        accounts_sessions.session(staffed, token, now=NOW)
    with pytest.raises(Forbidden):
        accounts_sessions.sign_in(staffed, "临时", SECRET, now=NOW)
    signed = accounts_sessions.sign_in(staffed, "临时", fresh, now=NOW)
    with pytest.raises(Forbidden) as refusal:
        accounts_sessions.acting(staffed, signed.token, now=NOW)
    assert code_of(refusal) == "password_must_change"
    assert staffed.events()["data"].str.contains('"reset"').any()
    assert not staffed.events()["data"].str.contains(fresh, regex=False).any()
    assert staffed.audit() == []


def test_only_an_administrator_gives_a_new_password_and_only_to_an_account_in_use(staffed: Ledger) -> None:
    admin, town = accounts.named_actor(staffed, ADMIN), accounts.named_actor(staffed, "青石")
    accounts.disable(staffed, "白水", now=NOW, by=admin)
    for name, by, code in (
        ("县长", None, "account_needs_administrator"),
        ("县长", town, "not_allowed"),
        ("没有", admin, "account_unknown"),
        ("白水", admin, "account_disabled"),
    ):
        with pytest.raises(XiangtuError) as refusal:
            accounts.reset(staffed, name, now=NOW, by=by)
        assert code_of(refusal) == code


def test_whom_the_countys_sign_in_service_vouches_for_needs_no_password_here(staffed: Ledger) -> None:
    admin = accounts.named_actor(staffed, ADMIN)
    first = accounts.add(staffed, "临时", role="inspector", now=NOW, by=admin)
    signed = accounts_sessions.vouched(staffed, "临时", now=NOW)
    assert accounts_sessions.acting(staffed, signed.token, now=NOW).role == "inspector"
    with pytest.raises(Forbidden) as withdrawn:
        accounts_sessions.sign_in(staffed, "临时", first, now=NOW)
    assert code_of(withdrawn) == "sign_in_failed"
    accounts.disable(staffed, "临时", now=NOW, by=admin)
    for name in ("临时", "没有"):
        with pytest.raises(Forbidden) as refusal:
            accounts_sessions.vouched(staffed, name, now=NOW)
        assert code_of(refusal) == "sign_in_not_known"


def test_until_there_are_accounts_any_name_acts_and_afterwards_none_without_one(ledger: Ledger) -> None:
    anybody = accounts.named_actor(ledger, "张三")
    assert (anybody.role, anybody.has_account) == ("administrator", False)
    event = ledger.append(verify(anybody, "P1", "510921101"), now=NOW)
    assert event.data["account"] is False
    spoken = accounts.named_actor(ledger, "township:青石镇/李四")
    assert (spoken.role, spoken.unit, spoken.name) == ("township", "青石镇", "李四")
    accounts.add(ledger, ADMIN, role="administrator", now=NOW)
    for name in ("张三", "administrator:张三"):
        with pytest.raises(Forbidden) as refusal:
            accounts.named_actor(ledger, name)
        assert code_of(refusal) == "actor_without_account"


def test_a_township_sees_the_events_of_its_own_area_alone(staffed: Ledger) -> None:
    for name, area in (("青石", "510921101"), ("白水", "510921102")):
        staffed.append(verify(accounts.named_actor(staffed, name), "P" + area[-1], area), now=NOW)
    seen = {
        name: staffed.acting_as(accounts.named_actor(staffed, name)).events(layer="abandoned_parcel")
        for name in ("青石", "白水", "农局", "县长", "审计")
    }
    assert seen["青石"]["feature_id"].tolist() == ["P1"]
    assert seen["白水"]["feature_id"].tolist() == ["P2"]
    assert [len(seen[name]) for name in ("农局", "县长", "审计")] == [2, 2, 2]
    town = staffed.acting_as(accounts.named_actor(staffed, "青石"))
    assert town.history("abandoned_parcel", "P2") == []
    assert town.projected("abandoned_parcel", "P1") is not None


def test_a_township_cannot_post_into_anothers_area(staffed: Ledger) -> None:
    town = accounts.named_actor(staffed, "青石")
    with pytest.raises(Forbidden) as refusal:
        staffed.append(verify(town, "P2", "510921102"), now=NOW)
    assert code_of(refusal) == "not_allowed" and "辖区" in refusal.value.words("zh")


# ---- PostgreSQL: what a desk's own statements see


def as_login(server: str, ledger: Ledger, account: str) -> Any:
    """A connection that signs in to the database as the account's own role, nothing of the program between."""
    import psycopg

    role = database_role(ledger.database.name, account)
    with psycopg.connect(server, autocommit=True) as owner:
        owner.execute(f'alter role "{role}" login')
    return psycopg.connect(server.replace("postgres@", f"{role}@"), autocommit=True)


@pytest.fixture
def two_towns(postgis: str) -> Any:
    ledger = open_ledger(postgis)
    accounts.add(ledger, ADMIN, role="administrator", now=NOW)
    admin = accounts.named_actor(ledger, ADMIN)
    for name, area in (("青石", "510921101"), ("白水", "510921102")):
        accounts.add(ledger, name, role="township", unit=name + "镇", area_code=area, now=NOW, by=admin)
        ledger.append(verify(accounts.named_actor(ledger, name), "P" + area[-1], area), now=NOW)
    accounts.add(ledger, "县长", role="county_leader", now=NOW, by=admin)
    yield ledger, postgis
    ledger.close()


@pytest.mark.postgis
def test_raw_sql_from_a_townships_role_sees_no_other_township(two_towns: Any) -> None:
    ledger, url = two_towns
    with as_login(url, ledger, "青石") as desk:
        for statement in (
            "select area_code from events",
            "select area_code from events where area_code like '%' or true",
            "select area_code from state",
            "select e.area_code from state s full join events e on true where e.area_code is not null",
        ):
            assert {row[0] for row in desk.execute(statement).fetchall()} == {"510921101201"}
        desk.execute("select set_config('app.area', '', false), set_config('row_security', 'on', false)")
        assert desk.execute("select count(*) from events").fetchone() == (1,)


@pytest.mark.postgis
@pytest.mark.parametrize(
    "statement",
    [
        "select * from accounts",
        "select * from sessions",
        "select * from db_roles",
        "update events set note = 'x'",
        "delete from events",
        "truncate events",
        "delete from state",
        "alter table events disable row level security",
        "set role postgres",
        "set session authorization postgres",
        "set row_security = off; select * from events",
        "drop table events",
        "create role x login superuser",
        "update db_roles set area_code = ''",
        "insert into db_roles values ('x', 'y', true, '')",
    ],
)
def test_a_townships_role_is_refused_what_it_has_no_business_with(two_towns: Any, statement: str) -> None:
    import psycopg

    ledger, url = two_towns
    with as_login(url, ledger, "青石") as desk, pytest.raises(psycopg.Error):
        desk.execute(statement)
    assert ledger.audit() == []


@pytest.mark.postgis
def test_raw_sql_cannot_write_an_event_for_another_area_or_in_anothers_name(two_towns: Any) -> None:
    import psycopg

    ledger, url = two_towns
    insert = (
        "insert into events (seq, id, layer, feature_id, kind, at, recorded_at, actor, role, unit, area_code,"
        " evidence, data, prev_hash, hash) values (99, 'x', 'abandoned_parcel', 'P2', 'note', '2024', '2024', %s,"
        " 'township', '', %s, '[]', '{}', '', 'h')"
    )
    with as_login(url, ledger, "青石") as desk:
        for actor, area in (("青石", "510921102201"), ("白水", "510921101201"), ("青石", None)):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                desk.execute(insert, (actor, area))
    with as_login(url, ledger, "县长") as desk, pytest.raises(psycopg.errors.InsufficientPrivilege):
        desk.execute(insert, ("县长", "510921101201"))


@pytest.mark.postgis
def test_a_disabled_accounts_role_sees_nothing(two_towns: Any) -> None:
    ledger, url = two_towns
    accounts.disable(ledger, "青石", now=NOW, by=accounts.named_actor(ledger, ADMIN))
    with as_login(url, ledger, "青石") as desk:
        assert desk.execute("select count(*) from events").fetchone() == (0,)
    accounts.enable(ledger, "青石", now=NOW, by=accounts.named_actor(ledger, ADMIN))
    with as_login(url, ledger, "青石") as desk:
        assert desk.execute("select count(*) > 0 from events").fetchone() == (True,)


@pytest.mark.postgis
def test_events_with_a_place_are_points_on_the_map_of_the_database(two_towns: Any) -> None:
    ledger, _ = two_towns
    town = accounts.named_actor(ledger, "青石")
    act = Act(
        "abandoned_parcel", "P1", town, kind="note", note="到场", area_code="510921101201", lon=105.5, lat=30.5
    )
    ledger.append(act, now=NOW)
    with ledger.database.reading() as tx:
        found = tx.run(
            "select seq, st_srid(place) from events where st_dwithin(place::geography,"
            " st_setsrid(st_makepoint(105.501, 30.5), 4490)::geography, 100)"
        ).fetchall()
    assert [row[1] for row in found] == [4490]
