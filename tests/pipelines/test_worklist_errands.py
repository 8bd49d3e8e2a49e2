"""An errand for many: seen before it happens, done in parts, refused with reasons, and taken back."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image

from geo.access import Actor
from geo.errors import Refused
from pipelines import worklist_acts, worklist_errands
from pipelines.act import act, workspace_ledger
from pipelines.follow_up import escalate
from pipelines.worklist import Desk, open_desk
from pipelines.worklist_acts import carry_out, take_back, undoable
from pipelines.worklist_errands import Errand, offers, photos_for, prepared, refusals
from pipelines.workspace import Workspace
from tests.pipelines.agri_county import TODAY, build

LAYER = "abandoned_parcel"
BUREAU = Actor("李无名", "bureau", "农业农村局", layers=(LAYER,))
TOWN = Actor("王无名", "township", "石桥镇人民政府", "990101100")
ELSEWHERE = Actor("清水", "township", "清水乡人民政府", "990101101")
LEADER = Actor("县长", "county_leader")
NOW = datetime(2026, 6, 1, 2, tzinfo=UTC)
EVERY = ["A1", "A2", "A3", "A4", "A5", "A6", "A7"]


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    yield build(tmp_path)


def desk_of(workspace: Workspace) -> Desk:
    return open_desk(Workspace(workspace.root), LAYER, TODAY)


def stages(workspace: Workspace) -> dict[str, str]:
    rows = desk_of(workspace).rows
    return dict(zip(rows["id"], rows["stage"], strict=True))


def events(workspace: Workspace) -> int:
    ledger = workspace_ledger(workspace)
    found = ledger.events(layer=LAYER)
    ledger.close()
    return int(found["feature_id"].notna().sum())


def photo(shade: int) -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").rotate(shade).resize((64, 48)).save(out, "JPEG")
    return out.getvalue()


def test_each_role_is_offered_what_it_may_do_with_the_stages_chosen(workspace: Workspace) -> None:
    desk = desk_of(workspace)
    bureau = {one.key: (one.things, one.needs) for one in offers(desk, ["A1", "A2", "A3"], BUREAU)}
    assert bureau["step:accepted"] == (1, ("photo", "other_unit"))
    assert bureau["step:verified"] == (1, ()) and "step:remediated" not in bureau
    assert bureau["remind"] == (3, ()) and bureau["extend"] == (3, ("days", "note"))
    town = {one.key for one in offers(desk, ["A1", "A2", "A3"], TOWN)}
    assert town == {"step:verified", "step:remediating"}
    assert offers(desk, EVERY, LEADER) == [] == offers(desk, EVERY, ELSEWHERE)
    assert {one.key for one in offers(desk, ["A5"], BUREAU)} == {"step:re_abandoned"}


def test_the_step_that_leads_on_is_offered_before_the_one_that_sends_back(workspace: Workspace) -> None:
    steps = [one.to_stage for one in offers(desk_of(workspace), ["A3"], BUREAU) if one.kind == "step"]
    assert steps == ["accepted", "remediating"]


def test_the_summary_tells_who_can_and_who_cannot_and_writes_nothing(workspace: Workspace) -> None:
    lines = prepared(workspace, desk_of(workspace), EVERY, Errand("step", "verified"), BUREAU, now=NOW)
    assert [line.id for line in lines if line.act is not None] == ["A1"]
    assert {line.refusal.code for line in lines if line.refusal} == {"step_illegal"}
    assert len(refusals(lines)["step_illegal"]) == 6
    assert events(workspace) == 0


def test_acceptance_needs_a_photo_and_a_unit_that_did_not_do_the_work(workspace: Workspace) -> None:
    bare = prepared(workspace, desk_of(workspace), ["A3"], Errand("step", "accepted"), BUREAU, now=NOW)
    assert bare[0].refusal is not None and bare[0].refusal.code == "step_needs_photo"
    errand = Errand("step", "accepted", photos=(("现场.jpg", photo(10)),))
    both = prepared(workspace, desk_of(workspace), ["A3"], errand, BUREAU, now=NOW)
    done = carry_out(workspace, workspace.layer(LAYER), both, now=NOW)
    assert stages(workspace)["A3"] == "accepted" and done.refused == ()
    event = done.events[0]
    assert len(event.evidence) == 1 and event.data["photos"][0]["sha256"] == event.evidence[0]
    assert (workspace.root / "attachments").exists()

    for step in ("remediating", "remediated"):
        path = workspace.root / "work.png"
        path.write_bytes(photo(40))
        by = BUREAU if step == "never" else Actor("王无名", "administrator", "农业农村局")
        act(workspace.root, LAYER, "A2", step, by, photo=path, now=NOW + timedelta(hours=1))
    own = prepared(workspace, desk_of(workspace), ["A2"], errand, BUREAU, now=NOW + timedelta(hours=2))
    assert own[0].refusal is not None and own[0].refusal.code == "step_needs_other_unit"


def test_a_photo_that_names_a_parcel_is_for_that_parcel_alone() -> None:
    photos = (("A1_后.jpg", b"1"), ("A11.jpg", b"2"), ("全景.jpg", b"3"))
    every = {"A1", "A11", "A2"}
    assert [name for name, _ in photos_for("A1", photos, every)] == ["A1_后.jpg", "全景.jpg"]
    assert [name for name, _ in photos_for("A11", photos, every)] == ["A11.jpg", "全景.jpg"]
    assert [name for name, _ in photos_for("A2", photos, every)] == ["全景.jpg"]


def test_what_changed_meanwhile_is_refused_and_said_and_the_rest_is_done(workspace: Workspace) -> None:
    act(workspace.root, LAYER, "A1", "verified", BUREAU, now=NOW)
    act(workspace.root, LAYER, "A7", "assigned", BUREAU, now=NOW)
    desk = desk_of(workspace)
    errand = Errand("extend", working_days=5, note="连续降雨")
    lines = prepared(workspace, desk, ["A1", "A2", "A7"], errand, BUREAU, now=NOW)
    assert all(line.act is not None for line in lines)
    act(workspace.root, LAYER, "A1", "rejected", BUREAU, note="不是耕地", now=NOW + timedelta(minutes=1))
    steps = prepared(
        workspace, desk, ["A1", "A7"], Errand("step", "assigned"), BUREAU, now=NOW + timedelta(minutes=2)
    )
    assert [line.refusal.code for line in steps if line.refusal] == ["changed_meanwhile", "step_illegal"]
    done = carry_out(workspace, workspace.layer(LAYER), lines, now=NOW + timedelta(minutes=3))
    assert {one.feature_id for one in done.events} | {name for name, _ in done.refused} == {"A1", "A2", "A7"}
    assert {one.feature_id for one in done.events} >= {"A2", "A7"}


def test_an_errand_confirmed_twice_is_taken_once(workspace: Workspace) -> None:
    lines = prepared(workspace, desk_of(workspace), ["A1"], Errand("step", "verified"), BUREAU, now=NOW)
    first = carry_out(workspace, workspace.layer(LAYER), lines, now=NOW)
    again = carry_out(workspace, workspace.layer(LAYER), lines, now=NOW + timedelta(seconds=2))
    assert [one.id for one in first.events] == [one.id for one in again.events]
    assert events(workspace) == 1


def test_the_bar_moves_on_part_by_part_to_the_end(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worklist_acts, "AT_ONCE", 2)
    heard: list[tuple[int, int]] = []
    lines = prepared(workspace, desk_of(workspace), ["A1", "A2", "A3"], Errand("remind"), BUREAU, now=NOW)
    carry_out(workspace, workspace.layer(LAYER), lines, now=NOW, told=lambda *at: heard.append(at))
    assert heard == [(2, 3), (3, 3)]


def test_an_extension_counts_from_the_last_day_and_from_today_for_what_is_past_it(workspace: Workspace) -> None:
    desk = desk_of(workspace)
    due = dict(zip(desk.rows["id"], desk.rows["due_on"], strict=True))
    errand = Errand("extend", working_days=1, note="连续降雨")
    lines = {line.id: line for line in prepared(workspace, desk, ["A1", "A2"], errand, BUREAU, now=NOW)}
    assert lines["A1"].due_on is not None and lines["A1"].due_on > due["A1"].date()
    assert lines["A2"].due_on == date(2026, 6, 2)
    without = prepared(workspace, desk, ["A1"], Errand("extend", working_days=1), BUREAU, now=NOW)
    assert without[0].refusal is not None and without[0].refusal.code == "extension_needs_reason"


def test_assigning_names_the_unit_and_sets_the_last_day(workspace: Workspace) -> None:
    act(workspace.root, LAYER, "A1", "verified", BUREAU, now=NOW)
    errand = Errand("step", "assigned", unit="石桥镇人民政府", working_days=5)
    lines = prepared(workspace, desk_of(workspace), ["A1"], errand, BUREAU, now=NOW)
    done = carry_out(workspace, workspace.layer(LAYER), lines, now=NOW)
    event = done.events[0]
    assert event.note == "石桥镇人民政府" and event.data["responsible_unit"] == "石桥镇人民政府"
    assert event.due_on == "2026-06-08"
    row = desk_of(workspace).rows.set_index("id").loc["A1"]
    assert str(row["due_on"].date()) == "2026-06-08"


def test_a_reminder_is_the_first_rung_of_the_ladder_once_and_a_note_after_that(workspace: Workspace) -> None:
    desk = desk_of(workspace)
    for kinds in (["note", "escalate"], ["note", "note"]):
        lines = prepared(workspace, desk, ["A1", "A2"], Errand("remind", note="请抓紧"), BUREAU, now=NOW)
        done = carry_out(workspace, workspace.layer(LAYER), lines, now=NOW)
        assert [one.kind for one in done.events] == kinds
        desk = desk_of(workspace)
    climbed = escalate(Workspace(workspace.root), LAYER, now=NOW)
    assert "A2" not in {one.feature_id for one in climbed if one.data["rung"] == "remind"}


def test_one_takes_back_ones_own_last_acts_for_a_while_and_nobody_elses(workspace: Workspace) -> None:
    layer = workspace.layer(LAYER)
    lines = prepared(workspace, desk_of(workspace), ["A1"], Errand("step", "verified"), BUREAU, now=NOW)
    done = carry_out(workspace, layer, lines, now=NOW)
    other = Actor("赵无名", "bureau", "农业农村局", layers=(LAYER,))
    assert undoable(workspace, layer, other, now=NOW) == []
    assert [one.id for one in undoable(workspace, layer, BUREAU, now=NOW)] == [done.events[0].id]
    assert undoable(workspace, layer, BUREAU, now=NOW + timedelta(minutes=31)) == []
    theirs = take_back(workspace, layer, done.events, other, now=NOW)
    assert [error.code for _, error in theirs.refused] == ["undo_not_own"] and stages(workspace)[
        "A1"
    ] == "verified"
    undone = take_back(workspace, layer, done.events, BUREAU, now=NOW + timedelta(minutes=1))
    assert len(undone.events) == 1 and stages(workspace)["A1"] == "found"
    assert undoable(workspace, layer, BUREAU, now=NOW + timedelta(minutes=2)) == []


def test_a_township_can_do_nothing_to_anothers_parcels_whatever_it_sends(workspace: Workspace) -> None:
    lines = prepared(workspace, desk_of(workspace), ["A1", "A2"], Errand("step", "verified"), ELSEWHERE, now=NOW)
    assert {line.refusal.code for line in lines if line.refusal} == {"not_allowed"}
    assert carry_out(workspace, workspace.layer(LAYER), lines, now=NOW).events == ()
    assert events(workspace) == 0


def test_too_many_at_once_are_refused_as_a_whole(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worklist_errands, "MOST", 2)
    with pytest.raises(Refused) as refused:
        prepared(workspace, desk_of(workspace), EVERY, Errand("remind"), BUREAU, now=NOW)
    assert refused.value.code == "errand_too_large"
