"""What a desk's own database role sees of people on PostgreSQL: by raw SQL, and through the program."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from geo.access import Actor, mask
from geo.changes import GENESIS, Event, row_hash
from geo.personal import mask as mask_numbers
from pipelines.store import accounts
from pipelines.store.desk_rights import personal_of
from pipelines.store.ledger import Act, Ledger, open_ledger
from pipelines.store.ledger_sql import database_role
from pipelines.store.schema import EVENT_COLUMNS, steps

NOW = datetime(2024, 5, 1, 2, tzinfo=UTC)
HERE, THERE = "510921101201", "510921102201"
PHONE, GROWER, NOTE = "13912345678", "张三丰", "找种植户的兄弟，电话 139-1234-5678，身份证 510921197001011234"
EDIT = {"fields": {"phone": PHONE, "crop": "玉米"}, "was": {"phone": None, "grower": GROWER}}
SECRETS = (PHONE, GROWER, "510921197001011234", "1234-5678")
DESKS = {
    "青石": {"role": "township", "unit": "青石镇", "area_code": "510921101"},
    "农局": {"role": "bureau", "unit": "农业农村局", "layers": ["abandoned_parcel"]},
    "规局": {"role": "bureau", "unit": "自然资源局", "layers": ["zone_plan"]},
    "审计": {"role": "auditor"},
}


def staff(ledger: Ledger) -> None:
    """Desks of four kinds, and a parcel with a grower's telephone in each of two townships."""
    accounts.add(ledger, "管理员", role="administrator", now=NOW)
    admin = accounts.named_actor(ledger, "管理员")
    for name, more in DESKS.items():
        accounts.add(ledger, name, now=NOW, by=admin, **more)  # type: ignore[arg-type]
    for area in (HERE, THERE):
        act = Act("abandoned_parcel", f"P{area[8]}", admin, "edit", note=NOTE, area_code=area, data=EDIT)
        ledger.append(act, now=NOW)


@pytest.fixture
def staffed(postgis: str) -> Iterator[tuple[Ledger, str]]:
    """A ledger with its desks on PostgreSQL, and the server's address."""
    ledger = open_ledger(postgis)
    staff(ledger)
    yield ledger, postgis
    ledger.close()


def login(url: str, ledger: Ledger, account: str) -> Any:
    import psycopg

    role = database_role(ledger.database.name, account)
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(f'alter role "{role}" login')
    return psycopg.connect(url.replace("postgres@", f"{role}@"), autocommit=True)


def names_somebody(rows: list[Any]) -> list[str]:
    """The secrets that stand anywhere in the rows."""
    said = json.dumps(rows, ensure_ascii=False, default=str)
    return [one for one in SECRETS if one in said]


@pytest.mark.postgis
@pytest.mark.parametrize("account", DESKS)
@pytest.mark.parametrize(
    "statement",
    [
        "select data from events",
        "select note from events",
        "select actor from events",
        "select * from events",
        "select e from events e",
        "select row_to_json(e) from events e",
        "select 1 from events where note like '%139%'",
        "select 1 from events order by data",
        "copy events (data) to stdout",
        "copy (select note from events) to stdout",
        "insert into events select * from events returning data",
        "table personal_fields",
        "create view mine as select data from events",
        "create function f() returns text language sql security definer as 'select data from events limit 1'",
    ],
)
def test_raw_sql_cannot_ask_for_what_may_name_people(
    staffed: tuple[Ledger, str], account: str, statement: str
) -> None:
    import psycopg

    with login(staffed[1], staffed[0], account) as desk, pytest.raises(psycopg.Error):
        desk.execute(statement)


@pytest.mark.postgis
@pytest.mark.parametrize("account", ["规局", "审计"])
def test_who_may_see_no_personal_data_of_a_layer_reads_stars_by_raw_sql(
    staffed: tuple[Ledger, str], account: str
) -> None:
    ledger, url = staffed
    with login(url, ledger, account) as desk:
        state = desk.execute("select * from state").fetchall()
        seen = desk.execute("select * from events_seen where layer is not null order by seq").fetchall()
        (data,) = desk.execute("select data from events_seen where feature_id = 'P1'").fetchone()
    assert len(state) == 2 and len(seen) == 2
    assert names_somebody([state, seen]) == []
    assert json.loads(data)["fields"] == {"phone": "*********78", "crop": "玉米"}
    assert json.loads(data)["was"] == {"phone": None, "grower": "张**"}


@pytest.mark.postgis
def test_an_auditor_reads_of_acts_and_accounts_with_stand_ins_for_people(staffed: tuple[Ledger, str]) -> None:
    ledger, url = staffed
    with login(url, ledger, "审计") as desk:
        rows = desk.execute("select actor, data from events_seen").fetchall()
        people = {actor for actor, _ in rows}
    said = json.dumps(rows, ensure_ascii=False)
    assert len(rows) == 7 and all(one.startswith("p") for one in people)
    assert [name for name in ("管理员", *DESKS) if f'"{name}"' in said or f'\\"{name}\\"' in said] == []


@pytest.mark.postgis
def test_a_township_reads_its_own_areas_data_as_they_are_and_no_others(staffed: tuple[Ledger, str]) -> None:
    ledger, url = staffed
    with login(url, ledger, "青石") as desk:
        rows = desk.execute("select area_code, actor, note, data from events_seen").fetchall()
    assert [row[:3] for row in rows] == [(HERE, "管理员", NOTE)]
    assert json.loads(rows[0][3]) == EDIT


def test_the_program_acting_as_a_desk_shows_what_the_desk_may_see(ledger: Ledger) -> None:
    staff(ledger)
    seen = {}
    for name in DESKS:
        desk = ledger.acting_as(accounts.named_actor(ledger, name))
        events = desk.events(layer="abandoned_parcel", columns=["feature_id", "note", "data"])
        history = desk.history("abandoned_parcel", "P1")
        phones = [event.data["fields"]["phone"] for event in history]
        named = names_somebody(events.to_numpy().tolist() + [vars(event) for event in history])
        seen[name] = (events["feature_id"].tolist(), phones, bool(named), len(desk.moves("abandoned_parcel")))
    stars = "*********78"
    assert seen["青石"] == (["P1"], [PHONE], True, 1)
    assert seen["农局"] == (["P1", "P2"], [PHONE], True, 2)
    assert seen["规局"] == (["P1", "P2"], [stars], False, 2)
    assert seen["审计"] == (["P1", "P2"], [stars], False, 2)


def test_an_auditor_meets_stand_ins_and_a_desk_knows_its_own_acts(ledger: Ledger) -> None:
    staff(ledger)
    told = ledger.acting_as(accounts.named_actor(ledger, "审计")).events()
    assert all(name.startswith("p") for name in told["actor"])
    named = [data["name"] for data in map(json.loads, told["data"]) if "name" in data]
    assert len(named) == 5 and all(name.startswith("p") for name in named)
    admin = accounts.named_actor(ledger, "管理员")
    accounts.add(ledger, "东村", role="village_reporter", area_code=HERE, now=NOW, by=admin)
    village = accounts.named_actor(ledger, "东村")
    ledger.append(Act("inspection_point", "N1", village, "add", note="垃圾", area_code=HERE), now=NOW)
    ledger.append(Act("inspection_point", "N1", admin, "note", note="x"), now=NOW)
    own = ledger.acting_as(village).events()
    assert own["actor"].tolist() == ["东村"] and own["note"].tolist() == ["垃圾"]
    assert len(ledger.acting_as(village).moves("inspection_point")) == 1


@pytest.mark.postgis
def test_the_database_masks_as_the_program_does(postgis: str) -> None:
    values = ["张三丰", "欧阳", "王", "", "  ", "13912345678", "510921 1970", "*********78", "张**", "李四 "]
    texts = [
        NOTE,
        "电话13912345678。",
        "+86 139 1234 5678",
        "面积 13912345678.5",
        "无",
        "0817-1234567",
        "x510921197001011234",
    ]
    ledger = open_ledger(postgis)
    with ledger.database.reading() as tx:
        shown = [tx.run("select masked_value(?)", (one,)).fetchone()[0] for one in values]
        said = [tx.run("select masked_text(?)", (one,)).fetchone()[0] for one in texts]
    ledger.close()
    assert shown == [mask(one) for one in values]
    assert said == [mask_numbers(one)[0] for one in texts]


@pytest.mark.postgis
def test_of_a_layer_that_the_database_was_not_told_of_every_field_is_hidden(staffed: tuple[Ledger, str]) -> None:
    ledger, url = staffed
    with ledger.database.writing() as tx:
        tx.run("delete from personal_fields where layer = 'abandoned_parcel'")
    with login(url, ledger, "审计") as desk:
        (data,) = desk.execute("select data from events_seen where feature_id = 'P1'").fetchone()
    open_ledger(url).close()
    with login(url, ledger, "审计") as desk:
        (told,) = desk.execute("select data from events_seen where feature_id = 'P1'").fetchone()
    assert json.loads(data)["fields"]["crop"] == "玉*"
    assert json.loads(told)["fields"]["crop"] == "玉米"


def test_who_sees_personal_data_follows_from_the_table_of_rights() -> None:
    known = ["abandoned_parcel", "inspection_point", "zone_plan"]
    assert personal_of(Actor("x", "administrator"), known) == "*"
    assert personal_of(Actor("x", "township", "", "510921101"), known) == "*"
    assert personal_of(Actor("x", "bureau", layers=("zone_plan",)), known) == "zone_plan"
    assert [personal_of(Actor("x", role), known) for role in ("auditor", "inspector", "county_leader")] == [""] * 3


def first_event() -> tuple[Any, ...]:
    given = dict.fromkeys(EVENT_COLUMNS) | {
        "seq": 1,
        "id": "e1",
        "layer": "abandoned_parcel",
        "feature_id": "P1",
        "kind": "edit",
        "at": "2024-05-01T02:00:00.000000Z",
        "recorded_at": "2024-05-01T02:00:00.000000Z",
        "actor": "老张",
        "role": "township",
        "unit": "",
        "area_code": HERE,
        "note": NOTE,
        "evidence": (),
        "data": EDIT,
        "prev_hash": GENESIS,
        "hash": "",
    }
    event = Event(**given)  # type: ignore[arg-type]
    return replace(event, hash=row_hash(event.as_row())).as_row()


@pytest.fixture
def older(postgis: str) -> str:
    """A database as the program left it before it hid people: three steps, two accounts, one event."""
    import psycopg

    insert = f"insert into events ({', '.join(EVENT_COLUMNS)}) values ({', '.join(['%s'] * len(EVENT_COLUMNS))})"
    account = "insert into accounts values (%s, %s, '', %s, '', null, 0, 0, 0, null, '2024')"
    role = "insert into db_roles (db_role, account, may_write, area_code) values (%s, %s, false, %s)"
    with psycopg.connect(postgis) as owner:
        owner.execute("create table schema_version (version integer not null)")
        for number, statements in enumerate(steps("postgresql")[:3], 1):
            for statement in statements:
                owner.execute(statement)
            owner.execute("insert into schema_version values (%s)", (number,))
        owner.execute(insert, first_event())
        for name, kind, area in (("青石", "township", "510921101"), ("审计", "auditor", "")):
            own = database_role(postgis.replace("postgres@", ""), name)
            owner.execute(account, (name, kind, area))
            owner.execute(f'create role "{own}" nologin in role xiangtu_desk')
            owner.execute(role, (own, name, area))
    return postgis


@pytest.mark.postgis
def test_a_database_of_an_older_program_hides_people_once_it_is_opened(
    older: str, opened: Callable[[Any], Ledger]
) -> None:
    import psycopg

    ledger = opened(older)
    seen = {}
    for name in ("青石", "审计"):
        with login(older, ledger, name) as desk:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                desk.execute("select data, note from events")
            seen[name] = desk.execute("select actor, note, data from events_seen").fetchall()
    assert seen["青石"][0][:2] == ("老张", NOTE) and json.loads(seen["青石"][0][2]) == EDIT
    assert len(seen["审计"]) == 1 and names_somebody(seen["审计"]) == []
    assert [issue.code for issue in ledger.audit()] == ["ledger_state_differs"]
