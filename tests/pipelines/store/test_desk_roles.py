"""What a desk's own database role may do on PostgreSQL, said in raw SQL with nothing of the program between."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from geo.access import Actor
from pipelines.store import accounts
from pipelines.store.desk_rights import layers_of
from pipelines.store.ledger import Act, Ledger, open_ledger
from pipelines.store.ledger_sql import database_role

NOW = datetime(2024, 5, 1, 2, tzinfo=UTC)
HERE, THERE = "510921101201", "510921102201"
INSERT = (
    "insert into events (seq, id, layer, feature_id, kind, at, recorded_at, actor, role, unit, area_code,"
    " evidence, data, prev_hash, hash) select c.seq + {step}, {id!r}, {layer!r}, {thing!r}, {kind!r},"
    " {at!r}, {at!r}, {actor!r}, 'township', '', {area!r}, '[]', {data!r}, {before}, {id!r} from chain c"
)


def insert(desk: Any, **more: Any) -> None:
    given = {
        "step": 1,
        "id": "x1",
        "layer": "abandoned_parcel",
        "thing": HERE[-4],
        "kind": "note",
        "at": "2024-05-01T02:00:00.000000Z",
        "data": "{}",
        "actor": "青石",
        "area": HERE,
        "before": "c.hash",
    }
    desk.execute(INSERT.format(**given | more))


@pytest.fixture
def staffed(postgis: str) -> Iterator[tuple[Ledger, str]]:
    """A township, a bureau of one layer, and a thing of each of two layers in each of two townships."""
    ledger = open_ledger(postgis)
    accounts.add(ledger, "管理员", role="administrator", now=NOW)
    admin = accounts.named_actor(ledger, "管理员")
    accounts.add(ledger, "青石", role="township", unit="青石镇", area_code="510921101", now=NOW, by=admin)
    accounts.add(ledger, "农局", role="bureau", unit="农业农村局", layers=["abandoned_parcel"], now=NOW, by=admin)
    accounts.add(ledger, "规划", role="planner", unit="自然资源局", now=NOW, by=admin)
    for layer in ("abandoned_parcel", "inspection_point"):
        for area in (HERE, THERE):
            ledger.append(Act(layer, area[-4], admin, "note", note="x", area_code=area), now=NOW)
    yield ledger, postgis
    ledger.close()


def login(staffed: tuple[Ledger, str], account: str) -> Any:
    import psycopg

    ledger, url = staffed
    role = database_role(ledger.database.name, account)
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(f'alter role "{role}" login')
    return psycopg.connect(url.replace("postgres@", f"{role}@"), autocommit=True)


def test_what_a_desk_may_write_follows_from_the_table_of_rights() -> None:
    known = ["abandoned_parcel", "inspection_point", "zone_plan"]
    assert layers_of(Actor("x", "township", "", "510921101"), known) == ("*", "*")
    assert layers_of(Actor("x", "bureau", layers=("zone_plan",)), known) == ("*", "zone_plan")
    assert layers_of(Actor("x", "village_reporter", "", HERE), known) == ("inspection_point", "inspection_point")
    assert layers_of(Actor("x", "county_leader"), known) == ("*", "")
    assert layers_of(Actor("x", "auditor"), known) == ("*", "")


@pytest.mark.postgis
def test_a_bureau_writes_its_own_layers_and_no_other(staffed: tuple[Ledger, str]) -> None:
    import psycopg

    with login(staffed, "农局") as desk:
        insert(desk, actor="农局")
        for layer in ("inspection_point", "zone_plan"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                insert(desk, actor="农局", layer=layer, id="x2")
    with login(staffed, "规划") as desk, pytest.raises(psycopg.errors.InsufficientPrivilege):
        insert(desk, actor="规划", id="x3")


@pytest.mark.postgis
def test_a_reporter_reads_the_layer_of_reports_alone(staffed: tuple[Ledger, str]) -> None:
    ledger, _ = staffed
    admin = accounts.named_actor(ledger, "管理员")
    accounts.add(ledger, "东村", role="village_reporter", area_code=HERE, now=NOW, by=admin)
    with login(staffed, "东村") as desk:
        for table in ("events", "state"):
            assert desk.execute(f"select distinct layer from {table}").fetchall() == [("inspection_point",)]


@pytest.mark.postgis
@pytest.mark.parametrize(
    "more",
    [
        {"area": THERE},
        {"thing": THERE[-4]},
        {"actor": "农局"},
    ],
    ids=["in another's area", "another's thing under its own area", "in another's name"],
)
def test_a_township_cannot_forge_an_event_by_raw_sql(staffed: tuple[Ledger, str], more: dict[str, str]) -> None:
    import psycopg

    with login(staffed, "青石") as desk, pytest.raises(psycopg.errors.InsufficientPrivilege):
        insert(desk, **more)


@pytest.mark.postgis
@pytest.mark.parametrize("kind", ["note", "add", "step", "edit"])
def test_raw_sql_cannot_claim_an_area_for_a_thing_that_the_ledger_has_not_heard_of(
    staffed: tuple[Ledger, str], kind: str
) -> None:
    import psycopg

    ledger, _ = staffed
    imported = "a parcel of another township, by its import"
    with login(staffed, "青石") as desk:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            insert(desk, thing=imported, kind=kind)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            desk.execute(
                "insert into state (layer, feature_id, version, last_seq, area_code)"
                f" values ('abandoned_parcel', '{imported}', 0, 0, '{HERE}')"
            )
    town = accounts.named_actor(ledger, "青石")
    event = ledger.append(Act("abandoned_parcel", "new here", town, "note", note="x", area_code=HERE), now=NOW)
    assert ledger.projected("abandoned_parcel", imported) is None
    assert event.area_code == HERE and ledger.audit() == []


@pytest.mark.postgis
@pytest.mark.parametrize(
    "more",
    [{"at": "x"}, {"at": "2024-99-01T02:00:00.000000Z"}, {"data": "{"}, {"data": "[]"}],
    ids=["no instant", "no day", "no JSON", "no object"],
)
def test_raw_sql_cannot_append_what_no_reader_could_take_apart(
    staffed: tuple[Ledger, str], more: dict[str, str]
) -> None:
    import psycopg

    with login(staffed, "青石") as desk, pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.DataError)):
        insert(desk, **more)


@pytest.mark.postgis
@pytest.mark.parametrize(
    "statement",
    [
        "update chain set seq = 1",
        "update chain set hash = repeat('0', 64)",
        "delete from chain",
        "insert into chain values (2, 1, 'x')",
        "update state set stage = 'accepted'",
        "insert into state (layer, feature_id, version, last_seq) values ('abandoned_parcel', 'Z', 1, 1)",
        "select chain_follows()",
        "alter table events disable trigger chain_follows",
    ],
)
def test_the_end_of_the_chain_and_the_state_cannot_be_set_by_hand(
    staffed: tuple[Ledger, str], statement: str
) -> None:
    import psycopg

    before = staffed[0].head()
    with login(staffed, "青石") as desk, pytest.raises(psycopg.Error):
        desk.execute(statement)
    assert staffed[0].head() == before and staffed[0].audit() == []


@pytest.mark.postgis
@pytest.mark.parametrize("more", [{"step": 2}, {"step": 0}, {"before": "repeat('0', 64)"}])
def test_only_the_next_event_can_be_appended(staffed: tuple[Ledger, str], more: dict[str, Any]) -> None:
    import psycopg

    with login(staffed, "青石") as desk, pytest.raises(psycopg.Error, match=r"next event|duplicate key"):
        insert(desk, **more)


@pytest.mark.postgis
def test_an_event_appended_by_hand_with_a_wrong_hash_is_named_by_the_audit(staffed: tuple[Ledger, str]) -> None:
    with login(staffed, "青石") as desk:
        insert(desk)
    assert "ledger_row_changed" in {issue.code for issue in staffed[0].audit()}


@pytest.mark.postgis
def test_a_thing_that_moved_into_a_township_is_acted_on_there_with_all_its_past(
    staffed: tuple[Ledger, str],
) -> None:
    ledger, _ = staffed

    class Moved:
        def has_areas(self) -> bool:
            return True

        def has_area(self, code: str) -> bool:
            return True

        def area_at(self, lon: float, lat: float) -> str | None:
            return HERE

        def find(self, layer_id: str, feature_id: str) -> Any:
            from pipelines.store.ledger_acts import Lies

            return Lies(HERE, drawn=True)

    now = Ledger(ledger.database, ledger.layers, places=Moved())
    town = accounts.named_actor(ledger, "青石")
    event = now.append(
        Act("abandoned_parcel", THERE[-4], town, to_stage="verified", from_stage="found"),
        now=NOW + timedelta(minutes=1),
    )
    state = ledger.projected("abandoned_parcel", THERE[-4])
    assert event.area_code == HERE and state is not None and (state.version, state.area_code) == (2, HERE)
    assert ledger.audit() == []
