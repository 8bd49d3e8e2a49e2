"""What the ledger takes, refuses, remembers and proves; the same on SQLite and on PostgreSQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from geo.access import Actor
from geo.errors import Conflict, Forbidden, Refused, XiangtuError
from pipelines.store.ledger import Act, Ledger, open_ledger

NOW = datetime(2024, 5, 1, 2, tzinfo=UTC)
TOWN = Actor("李四", "township", "青石镇", "510921101")
BUREAU = Actor("王五", "bureau", "农业农村局", layers=("abandoned_parcel",))
INSPECTOR = Actor("赵六", "inspector", "督查组")
ADMIN = Actor("管理员", "administrator")
PHOTO = "ab" * 32
VILLAGE = "510921101201"


@pytest.fixture(autouse=True)
def _no_accounts_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests are about acts: on PostgreSQL they run as the owner, not under accounts' roles."""
    monkeypatch.setattr(Ledger, "_role", lambda self, actor: None)


def step(to: str, by: Actor, **more: Any) -> Act:
    return Act(
        **{"layer": "abandoned_parcel", "feature_id": "P1", "actor": by, "to_stage": to, "area_code": VILLAGE}
        | more
    )


def walk(ledger: Ledger) -> None:
    """P1 from found to remediated, a minute apart."""
    for k, one in enumerate(
        (
            step("verified", TOWN, from_stage="found"),
            step("assigned", BUREAU),
            step("remediating", TOWN),
            step("remediated", TOWN, evidence=(PHOTO,)),
        )
    ):
        ledger.append(one, now=NOW + timedelta(minutes=k))


def code_of(error: pytest.ExceptionInfo[XiangtuError]) -> str:
    assert "…" not in error.value.words("zh") and "…" not in error.value.words("en")
    return error.value.code


def test_an_act_becomes_an_event_that_says_who_when_what_and_where(ledger: Ledger) -> None:
    event = ledger.append(step("verified", TOWN, from_stage="found", note="已现场看过"), now=NOW)
    assert (event.seq, event.actor, event.unit, event.role) == (1, "李四", "青石镇", "township")
    assert (event.from_stage, event.to_stage, event.area_code) == ("found", "verified", VILLAGE)
    assert event.at == event.recorded_at == "2024-05-01T02:00:00.000000Z"
    assert ledger.history("abandoned_parcel", "P1") == [event]
    assert ledger.head() == (1, event.hash)


def test_each_event_names_the_hash_of_the_one_before_it(ledger: Ledger) -> None:
    walk(ledger)
    events = ledger.history("abandoned_parcel", "P1")
    assert [e.prev_hash for e in events] == ["0" * 64, *(e.hash for e in events[:-1])]
    assert len({e.hash for e in events}) == 4


def test_an_untouched_ledger_passes_its_audit(ledger: Ledger) -> None:
    walk(ledger)
    assert ledger.audit() == []


def test_the_state_is_what_the_events_add_up_to_and_can_be_made_again(ledger: Ledger) -> None:
    walk(ledger)
    before = ledger.projected("abandoned_parcel", "P1")
    assert before is not None and (before.stage, before.version, before.last_seq) == ("remediated", 4, 4)
    with ledger.database.writing() as tx:
        tx.run("delete from state")
    assert ledger.projected("abandoned_parcel", "P1") is None
    assert [i.code for i in ledger.audit()] == ["ledger_state_differs"]
    assert ledger.rebuild() == 1
    assert ledger.projected("abandoned_parcel", "P1") == before
    assert ledger.audit() == []


def test_an_illegal_step_is_refused_and_leaves_no_trace(ledger: Ledger) -> None:
    with pytest.raises(Forbidden) as refusal:
        ledger.append(step("accepted", BUREAU, from_stage="found", evidence=(PHOTO,)), now=NOW)
    assert code_of(refusal) == "step_illegal"
    assert ledger.head() == (0, "0" * 64) and ledger.projected("abandoned_parcel", "P1") is None


def test_acceptance_needs_a_photo_and_another_unit(ledger: Ledger) -> None:
    walk(ledger)
    later = NOW + timedelta(hours=1)
    with pytest.raises(Forbidden) as refusal:
        ledger.append(step("accepted", BUREAU), now=later)
    assert code_of(refusal) == "step_needs_photo"
    same_unit = Actor("周七", "bureau", "青石镇", layers=("abandoned_parcel",))
    with pytest.raises(Forbidden) as refusal:
        ledger.append(step("accepted", same_unit, evidence=(PHOTO,)), now=later)
    assert code_of(refusal) == "step_needs_other_unit"
    assert ledger.append(step("accepted", BUREAU, evidence=(PHOTO,)), now=later).to_stage == "accepted"


def test_the_same_person_cannot_accept_under_another_units_name(ledger: Ledger) -> None:
    walk(ledger)
    moved = Actor("李四", "bureau", "农业农村局", layers=("abandoned_parcel",))
    with pytest.raises(Forbidden) as refusal:
        ledger.append(step("accepted", moved, evidence=(PHOTO,)), now=NOW + timedelta(hours=1))
    assert code_of(refusal) == "step_needs_other_unit"


def test_sending_work_back_does_not_make_the_bureau_its_doer(ledger: Ledger) -> None:
    walk(ledger)
    for k, one in enumerate(
        (
            step("remediating", BUREAU, note="还有杂草"),
            step("remediated", TOWN, evidence=(PHOTO,)),
            step("accepted", BUREAU, evidence=(PHOTO,)),
        )
    ):
        ledger.append(one, now=NOW + timedelta(hours=1 + k))
    state = ledger.projected("abandoned_parcel", "P1")
    assert state is not None and state.stage == "accepted"


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (step("verified", replace(TOWN, area_code="510921102"), from_stage="found"), "not_allowed"),
        (step("verified", Actor("县长", "county_leader"), from_stage="found"), "not_allowed"),
        (step("verified", Actor("审计", "auditor"), from_stage="found"), "not_allowed"),
        (step("verified", Actor("村", "village_reporter", area_code=VILLAGE), from_stage="found"), "not_allowed"),
        (step("verified", Actor("局", "bureau", layers=("land_transfer",)), from_stage="found"), "not_allowed"),
        (step("rejected", BUREAU, from_stage="found"), "step_needs_note"),
        (step("nowhere", BUREAU, from_stage="found"), "step_unknown_stage"),
        (step("verified", TOWN, layer="no_such_layer"), "layer_unknown"),
        (step("verified", TOWN, feature_id=" "), "act_id_malformed"),
        (step("verified", TOWN, feature_id="P\x00"), "act_id_malformed"),
        (step("verified", TOWN, area_code="5109211012 or 1=1"), "area_code_malformed"),
        (step("verified", TOWN, note="x" * 5000), "note_too_long"),
        (step("verified", TOWN, note="a\x00b"), "act_text_malformed"),
        (step("verified", TOWN, note="\ud800"), "act_text_malformed"),
        (step("verified", TOWN, evidence=("../../etc/passwd",)), "evidence_malformed"),
        (step("verified", TOWN, at=NOW + timedelta(days=1)), "act_in_future"),
        (step("verified", TOWN, kind="drop"), "act_unknown_kind"),
        (step("verified", TOWN, to_stage=None), "act_without_stage"),
        (step("verified", TOWN, base_version=3), "version_unknown"),
    ],
)
def test_what_is_not_allowed_or_not_understood_is_refused_by_name(ledger: Ledger, act: Act, code: str) -> None:
    with pytest.raises(XiangtuError) as refusal:
        ledger.append(act, now=NOW)
    assert code_of(refusal) == code
    assert ledger.head()[0] == 0


def test_a_thing_cannot_be_claimed_for_another_area_than_its_own(ledger: Ledger) -> None:
    walk(ledger)
    other = replace(TOWN, name="冒名", area_code="510921102")
    with pytest.raises(Forbidden) as refusal:
        ledger.append(step("remediating", other, area_code="510921102201", note="x"), now=NOW + timedelta(hours=1))
    assert code_of(refusal) == "area_code_forged"


def test_two_desks_on_the_same_stage_get_a_conflict_with_both_sides(ledger: Ledger) -> None:
    ledger.append(step("verified", TOWN, from_stage="found"), now=NOW)
    ledger.append(step("assigned", BUREAU, base_version=1), now=NOW)
    with pytest.raises(Conflict) as conflict:
        ledger.append(step("rejected", BUREAU, base_version=1, from_stage="verified", note="不属实"), now=NOW)
    assert code_of(conflict) == "changed_meanwhile"
    assert (conflict.value.params["theirs"], conflict.value.params["mine"]) == ("assigned", "rejected")
    assert ledger.head()[0] == 2


def test_two_desks_on_different_fields_are_merged_and_it_is_said(ledger: Ledger) -> None:
    edit = {"kind": "edit", "to_stage": None}
    ledger.append(step("", BUREAU, **edit, data={"fields": {"crop": "玉米"}}, base_version=0), now=NOW)
    second = ledger.append(step("", BUREAU, **edit, data={"fields": {"remark": "好"}}, base_version=0), now=NOW)
    assert second.data["merged_with_version"] == 1
    with pytest.raises(Conflict) as conflict:
        ledger.append(step("", BUREAU, **edit, data={"fields": {"crop": "水稻"}}, base_version=1 - 1), now=NOW)
    assert conflict.value.params["shared"] == "crop"
    assert "玉米" in conflict.value.params["theirs"] and "水稻" in conflict.value.params["mine"]


def test_a_client_that_asks_twice_is_answered_with_the_one_event(ledger: Ledger) -> None:
    act = step("verified", TOWN, from_stage="found", id="client-1")
    first = ledger.append(act, now=NOW)
    again = ledger.append(act, now=NOW + timedelta(minutes=1))
    assert again == first and ledger.head()[0] == 1
    with pytest.raises(Refused) as refusal:
        ledger.append(replace(act, to_stage="rejected", note="x"), now=NOW)
    assert code_of(refusal) == "event_id_reused"


def test_acts_made_offline_are_taken_in_the_order_they_happened_and_each_is_answered(ledger: Ledger) -> None:
    early, late = NOW - timedelta(hours=3), NOW - timedelta(hours=1)
    answers = ledger.append_many(
        [
            step("remediating", TOWN, at=late),
            step("verified", TOWN, from_stage="found", at=early - timedelta(hours=1), feature_id="P2"),
            step("remediating", TOWN, at=early, from_stage="assigned"),
        ],
        now=NOW,
    )
    assert isinstance(answers[0], Forbidden) and answers[0].code == "step_illegal"
    assert [getattr(a, "seq", None) for a in answers] == [None, 1, 2]
    assert ledger.audit() == []


def test_an_offline_step_from_before_a_later_step_is_a_conflict_and_not_an_overwriting(ledger: Ledger) -> None:
    ledger.append(step("verified", TOWN, from_stage="found"), now=NOW)
    with pytest.raises(Conflict) as conflict:
        ledger.append(step("assigned", BUREAU, at=NOW - timedelta(hours=1)), now=NOW + timedelta(hours=1))
    assert code_of(conflict) == "changed_meanwhile"


def test_ones_own_last_step_can_be_undone_for_half_an_hour_as_an_event_of_its_own(ledger: Ledger) -> None:
    first = ledger.append(step("verified", TOWN, from_stage="found"), now=NOW)
    undo = {"kind": "undo", "undoes": first.id}
    with pytest.raises(Forbidden) as refusal:
        ledger.append(step("", BUREAU, to_stage=None, **undo), now=NOW)
    assert code_of(refusal) == "undo_not_own"
    with pytest.raises(Forbidden) as refusal:
        ledger.append(step("", TOWN, to_stage=None, **undo), now=NOW + timedelta(minutes=31))
    assert code_of(refusal) == "undo_too_late"
    undone = ledger.append(step("", TOWN, to_stage=None, **undo), now=NOW + timedelta(minutes=29))
    state = ledger.projected("abandoned_parcel", "P1")
    assert state is not None and (state.stage, state.version) == ("found", 2)
    with pytest.raises(Forbidden) as refusal:
        ledger.append(
            step("", TOWN, to_stage=None, kind="undo", undoes=undone.id), now=NOW + timedelta(minutes=29)
        )
    assert code_of(refusal) == "undo_not_this" and "（撤回）" in refusal.value.words("zh")
    assert "undo_not_this" not in refusal.value.words("en") and "(undo)" in refusal.value.words("en")
    assert ledger.append(step("verified", TOWN), now=NOW + timedelta(minutes=30)).from_stage == "found"
    assert ledger.audit() == []


def test_an_extension_needs_a_reason_and_a_day(ledger: Ledger) -> None:
    extend = {"kind": "extend", "to_stage": None, "due_on": date(2024, 9, 1)}
    with pytest.raises(Forbidden) as refusal:
        ledger.append(step("", BUREAU, **extend), now=NOW)
    assert code_of(refusal) == "extension_needs_reason"
    ledger.append(step("", BUREAU, **extend, note="汛期"), now=NOW)
    state = ledger.projected("abandoned_parcel", "P1")
    assert state is not None and state.due_on == "2024-09-01"


def test_events_are_found_by_layer_thing_day_and_area(ledger: Ledger) -> None:
    ledger.append(step("verified", ADMIN, from_stage="found"), now=NOW)
    other = {"feature_id": "P2", "area_code": "510921102201", "from_stage": "found"}
    ledger.append(step("verified", ADMIN, **other), now=datetime(2024, 5, 1, 16, tzinfo=UTC))
    assert len(ledger.events()) == 2
    assert ledger.events(area_prefix="510921101")["feature_id"].tolist() == ["P1"]
    assert ledger.events(feature_id="P2")["seq"].tolist() == [2]
    assert ledger.events(layer="zone_plan").empty
    assert ledger.events(as_of=date(2024, 5, 1))["feature_id"].tolist() == ["P1"]
    assert ledger.events(as_of=date(2024, 5, 2))["feature_id"].tolist() == ["P1", "P2"]


def test_what_was_known_by_a_day_leaves_out_what_was_recorded_later(ledger: Ledger) -> None:
    ledger.append(step("verified", TOWN, from_stage="found", at=NOW - timedelta(days=3)), now=NOW)
    assert len(ledger.events(as_of=date(2024, 4, 29))) == 1
    assert ledger.events(as_of=date(2024, 4, 29), known_by=date(2024, 4, 29)).empty


def test_an_import_is_recorded_once(ledger: Ledger) -> None:
    given = {"layer": "abandoned_parcel", "file": "a.xlsx", "file_sha256": "1", "data_sha256": "2", "rows": 3}
    first = ledger.record_import(import_id="i1", at=NOW, **given)
    assert ledger.record_import(import_id="i1", at=NOW, **given) == first
    assert (first.kind, first.data["rows"]) == ("import", 3)


def test_an_event_says_upon_which_edition_of_its_layer_it_was_done(ledger: Ledger) -> None:
    given: dict[str, Any] = {"file": "a.xlsx", "file_sha256": "1", "data_sha256": "2", "rows": 3, "at": NOW}
    editions = []
    for layer, name in (("zone_plan", "z1"), ("abandoned_parcel", "i1"), ("abandoned_parcel", "i2")):
        ledger.record_import(layer=layer, import_id=name, **given)
        event = ledger.append(step("", TOWN, kind="note", to_stage=None, note="x"), now=NOW)
        editions.append(event.data.get("edition"))
    assert editions == [None, "i1", "i2"] and ledger.audit() == []


def test_events_cannot_be_changed_or_deleted_by_a_statement(ledger: Ledger) -> None:
    walk(ledger)
    for statement in ("update events set note = 'x' where seq = 1", "delete from events where seq = 4"):
        with pytest.raises(Exception, match="events never"), ledger.database.writing() as tx:
            tx.run(statement)
    assert ledger.audit() == []


def tampered(ledger: Ledger, *statements: str) -> list[tuple[str, Any]]:
    """What audit finds after somebody with the database's own password has had their way."""
    with ledger.database.writing() as tx:
        if ledger.database.dialect == "sqlite":
            tx.run("drop trigger events_never_change")
            tx.run("drop trigger events_never_go")
        else:
            tx.run("alter table events disable trigger user")
        for statement in statements:
            tx.run(statement)
    return [(issue.code, issue.params.get("seq") or issue.params.get("id")) for issue in ledger.audit()]


def test_a_changed_row_is_named(ledger: Ledger) -> None:
    walk(ledger)
    assert tampered(ledger, "update events set note = 'x' where seq = 2") == [("ledger_row_changed", 2)]


def test_a_missing_row_is_named(ledger: Ledger) -> None:
    walk(ledger)
    found = tampered(ledger, "delete from events where seq = 2")
    assert found[0] == ("ledger_row_missing", 2)


def test_a_row_missing_at_the_end_is_named(ledger: Ledger) -> None:
    walk(ledger)
    assert tampered(ledger, "delete from events where seq = 4")[0] == ("ledger_row_missing", 4)


def test_a_row_replaced_with_a_right_hash_breaks_the_chain_after_it(ledger: Ledger) -> None:
    from geo.changes import row_hash

    walk(ledger)
    event = ledger.history("abandoned_parcel", "P1")[1]
    forged = row_hash(replace(event, note="伪造").as_row())
    found = tampered(ledger, f"update events set note = '伪造', hash = '{forged}' where seq = 2")
    assert found[-1] == ("ledger_chain_broken", 3)
    assert found[:-1] in ([], [("ledger_rewritten", 2)])


def test_a_column_emptied_and_broken_json_are_named_and_stop_nothing(ledger: Ledger) -> None:
    walk(ledger)
    found = tampered(
        ledger, "update events set data = '{' where seq = 3", "update events set unit = '' where seq = 1"
    )
    assert [f for f in found if f[0] == "ledger_row_changed"] == [
        ("ledger_row_changed", 1),
        ("ledger_row_changed", 3),
    ]


def test_state_changed_by_hand_is_named(ledger: Ledger) -> None:
    walk(ledger)
    assert tampered(ledger, "update state set stage = 'in_use'") == [("ledger_state_differs", "P1")]


def test_a_ledger_rewritten_as_a_whole_differs_from_the_noted_end(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path / "ledger.sqlite")
    given = {"layer": "abandoned_parcel", "file": "a.xlsx", "file_sha256": "1", "data_sha256": "2", "rows": 3}
    ledger.record_import(import_id="i1", at=NOW, **given)
    ledger.close()
    for path in tmp_path.glob("ledger.sqlite*"):
        path.unlink()
    forged = open_ledger(tmp_path / "ledger.sqlite")
    forged.record_import(import_id="i1", at=NOW, **given | {"rows": 4})
    assert "ledger_rewritten" in [issue.code for issue in forged.audit(root=tmp_path)]
    forged.close()


def test_the_newest_events_taken_away_with_every_trace_in_the_database_are_missed(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path / "ledger.sqlite")
    walk(ledger)
    ends = [(e.seq, e.hash) for e in ledger.history("abandoned_parcel", "P1")]
    gone = ["delete from events where seq > 2", f"update chain set seq = 2, hash = '{ends[1][1]}'"]
    found = tampered(ledger, *gone, "delete from state")
    ledger.rebuild()
    assert found[0] == ("ledger_cut_off", 3)
    (said,) = ledger.audit(root=tmp_path)
    assert said.words("en") == "Events after 2 are missing: the ledger ended with event 4 on 2024-05-01."
    ledger.close()


def test_a_note_of_the_end_that_a_crash_left_unfinished_misleads_no_audit(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path / "ledger.sqlite")
    ledger.append(step("verified", TOWN, from_stage="found"), now=NOW)
    for torn in ("\n9", "\n9 abc", ""):
        with (tmp_path / "ledger.anchors").open("a", encoding="ascii") as notes:
            notes.write(torn)
        ledger.append(Act("abandoned_parcel", "P1", TOWN, "note", note="看过", area_code=VILLAGE), now=NOW)
        assert ledger.audit(root=tmp_path) == []
    ledger.close()


def test_an_import_file_that_was_changed_or_lost_is_named(ledger: Ledger, tmp_path: Path) -> None:
    from pipelines.store.ledger_audit import file_sha256

    data = tmp_path / "imports" / "abandoned_parcel" / "i1" / "data.parquet"
    data.parent.mkdir(parents=True)
    data.write_bytes(b"rows")
    ledger.record_import(
        import_id="i1",
        layer="abandoned_parcel",
        file="a",
        file_sha256="1",
        data_sha256=file_sha256(data),
        rows=1,
        at=NOW,
    )
    assert ledger.audit(root=tmp_path) == []
    data.write_bytes(b"rowS")
    assert [i.code for i in ledger.audit(root=tmp_path)] == ["import_file_changed"]
    data.unlink()
    assert [i.code for i in ledger.audit(root=tmp_path)] == ["import_file_missing"]


def test_a_ledger_opened_again_goes_on_where_it_stopped(
    target: Path | str, opened: Callable[[Path | str], Ledger]
) -> None:
    opened(target).append(step("verified", TOWN, from_stage="found"), now=NOW)
    second = opened(target)
    second.append(step("assigned", BUREAU), now=NOW)
    assert second.head()[0] == 2 and second.audit() == []


def test_a_file_that_is_no_database_is_refused_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(b"not a database, but long enough to be read as one" * 40)
    with pytest.raises(Refused) as refusal:
        open_ledger(path)
    assert code_of(refusal) == "ledger_file_damaged"


def test_a_ledger_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    open_ledger(tmp_path / "ledger.sqlite").close()
    connection = sqlite3.connect(tmp_path / "ledger.sqlite")
    connection.execute("pragma user_version = 99")
    connection.close()
    with pytest.raises(Refused) as refusal:
        open_ledger(tmp_path / "ledger.sqlite")
    assert code_of(refusal) == "ledger_newer"
