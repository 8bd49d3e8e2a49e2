"""What is kept of a layer's events says the same as the events themselves, on every day and after every act."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from geo.access import Actor
from geo.errors import Conflict, Forbidden, Refused
from geo.lifecycle import state_at
from pipelines.store import ledger_moves
from pipelines.store.ledger import Act, Ledger, open_ledger

START = datetime(2024, 5, 1, 2, tzinfo=UTC)
ADMIN = Actor("管理员", "administrator")
WORKER = Actor("李四", "township", "青石镇", "510921101")
LAYER = "abandoned_parcel"
IDS = [f"P{k}" for k in range(8)]
DAYS = [date(2024, 4, 20) + timedelta(days=3 * k) for k in range(12)]


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(Ledger, "_role", lambda self, actor: None)
    ledger_moves._KNOWN.clear()
    yield
    ledger_moves._KNOWN.clear()


def happen(ledger: Ledger, chance: np.random.Generator, hours: range) -> None:
    """Steps, extensions, notes, merges and undoings by lot, some told late; what is refused does not happen."""
    path = ["verified", "assigned", "remediating", "remediated", "rejected"]
    for hour in hours:
        now, name = START + timedelta(hours=hour), str(chance.choice(IDS))
        act = Act(LAYER, name, ADMIN, "note", note="x", area_code=f"51092110{1 + int(name[1]) % 2}201")
        lot = chance.integers(0, 10)
        if lot < 5:
            to = str(chance.choice(path))
            late = now - timedelta(hours=int(chance.integers(0, 90)))
            act = replace(act, kind="step", from_stage="found", to_stage=to, evidence=("ab" * 32,), at=late)
        elif lot < 7:
            act = replace(act, kind="extend", due_on=date(2024, 5, 3) + timedelta(days=int(lot + hour / 24)))
        try:
            if lot == 8:
                into = replace(act, feature_id=IDS[0])
                ledger.merge(replace(act, from_stage="found"), into, now=now)
            else:
                taken = ledger.append(act, now=now)
                if hour % 3 == 0:
                    undo = Act(LAYER, name, ADMIN, "undo", undoes=taken.id)
                    ledger.append(undo, now=now + timedelta(minutes=20))
        except (Forbidden, Conflict, Refused):
            continue


def things() -> pd.DataFrame:
    found = np.array(["2024-04-22"] * len(IDS), dtype="datetime64[s]")
    stamp = pd.Timestamp("2024-04-25T02:00:00Z")
    return pd.DataFrame(
        {"id": IDS, "found_on": found, "due_on": found + pd.Timedelta(days=12), "import_at": stamp}
    )


def differing(ledger: Ledger) -> list[date | None]:
    """The days on which what is kept and the events themselves disagree."""
    frame, layer, slow = things(), ledger.layers[LAYER], ledger.events(layer=LAYER)
    return [
        day
        for day in (*DAYS, None)
        if not state_at(frame, ledger.moves(LAYER, as_of=day), layer, day).equals(
            state_at(frame, slow, layer, day)
        )
    ]


def test_state_of_what_is_kept_is_that_of_the_events_on_every_day_and_as_more_happens(ledger: Ledger) -> None:
    chance = np.random.default_rng(7)
    for k in range(6):
        happen(ledger, chance, range(60 * k, 60 * k + 40))
        assert differing(ledger) == []
    kinds = ledger.events(layer=LAYER)["kind"]
    assert {"step", "extend", "undo", "merge"} <= set(kinds) and len(kinds) > 80


def test_an_undoing_of_an_event_read_before_takes_it_back(ledger: Ledger) -> None:
    act = Act(LAYER, "P1", WORKER, to_stage="verified", from_stage="found", area_code="510921101201")
    event = ledger.append(act, now=START)
    assert ledger.moves(LAYER)["undone_at"].isna().all()
    undo = Act(LAYER, "P1", WORKER, "undo", undoes=event.id)
    ledger.append(undo, now=START + timedelta(minutes=5))
    assert list(ledger.moves(LAYER)["undone_at"]) == [pd.Timestamp("2024-05-01T02:05:00")] * 2


def test_what_was_kept_answers_as_of_an_earlier_event_and_by_what_was_known(ledger: Ledger) -> None:
    chance = np.random.default_rng(3)
    happen(ledger, chance, range(150))
    whole = ledger.moves(LAYER)
    ledger.until = 20
    assert list(ledger.moves(LAYER)["seq"]) == [seq for seq in whole["seq"] if seq <= 20]
    day = date(2024, 5, 3)
    known = ledger.events(layer=LAYER, known_by=day)
    assert list(ledger.moves(LAYER, known_by=day)["seq"]) == list(known["seq"])
    frame, layer = things(), ledger.layers[LAYER]
    assert state_at(frame, ledger.moves(LAYER, known_by=day), layer, None).equals(
        state_at(frame, known, layer, None)
    )


def test_one_area_and_a_few_things_are_read_by_themselves_and_alike(ledger: Ledger) -> None:
    happen(ledger, np.random.default_rng(5), range(150))
    whole = ledger.moves(LAYER)
    some = ledger.moves(LAYER, feature_ids=IDS[:3])
    mine = whole[whole["feature_id"].isin(IDS[:3])]
    assert list(some["seq"]) == list(mine["seq"]) and list(some["undone_at"]) == list(mine["undone_at"])
    town = ledger.events(layer=LAYER, area_prefix="510921101")
    assert list(ledger.moves(LAYER, area_prefix="510921101")["seq"]) == list(town["seq"])


def test_the_next_process_begins_with_what_the_last_one_left(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_moves, "ANEW", 10)
    ledger.keeps = tmp_path / "kept"
    chance = np.random.default_rng(11)
    happen(ledger, chance, range(100))
    before = ledger.moves(LAYER)
    (file,) = ledger.keeps.iterdir()
    ledger_moves._KNOWN.clear()
    asked: list[int] = []
    monkeypatch.setattr(ledger_moves, "read_moves", _noting(asked))
    pd.testing.assert_frame_equal(ledger.moves(LAYER), before, check_categorical=False)
    assert asked == []
    happen(ledger, chance, range(100, 200))
    assert differing(ledger) == [] and asked == [int(before["seq"].iloc[-1])]
    file.write_bytes(b"PAR1 and nothing more")
    ledger_moves._KNOWN.clear()
    assert differing(ledger) == []


def _noting(asked: list[int]):  # type: ignore[no-untyped-def]
    real = ledger_moves.read_moves

    def _read(tx, where, values):  # type: ignore[no-untyped-def]
        asked.append(values[1])
        return real(tx, where, values)

    return _read


def test_what_was_kept_of_another_ledger_in_the_same_place_is_not_used(tmp_path: Path) -> None:
    place = tmp_path / "ledger.sqlite"
    for name in ("P1", "P2"):
        ledger = open_ledger(place)
        act = Act(LAYER, name, WORKER, to_stage="verified", from_stage="found", area_code="510921101201")
        ledger.append(act, now=START)
        assert list(ledger.moves(LAYER)["feature_id"]) == [name]
        ledger.close()
        for file in tmp_path.glob("ledger*"):
            file.unlink()


def test_only_an_undo_may_name_an_event_to_take_back(ledger: Ledger) -> None:
    act = Act(LAYER, "P1", WORKER, to_stage="verified", from_stage="found", area_code="510921101201")
    event = ledger.append(act, now=START)
    other = Actor("王五", "township", "青石镇", "510921101")
    with pytest.raises(Refused, match="undo"):
        ledger.append(Act(LAYER, "P1", other, "note", note="x", undoes=event.id), now=START)
    assert ledger.head()[0] == 1


def test_what_is_left_for_the_next_process_is_left_once_and_again_when_much_is_new(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_moves, "LEFT", 10)
    folder, chance = tmp_path / "kept", np.random.default_rng(13)
    ledger_moves.leave_moves(ledger.database, [LAYER, "zone_plan"], folder)
    assert not folder.exists()
    happen(ledger, chance, range(60))
    ledger_moves.leave_moves(ledger.database, [LAYER, "zone_plan"], folder)
    (file,) = folder.iterdir()
    first = file.stat().st_mtime_ns
    asked: list[int] = []
    monkeypatch.setattr(ledger_moves, "read_moves", _noting(asked))
    ledger_moves._KNOWN.clear()
    ledger_moves.leave_moves(ledger.database, [LAYER], folder)
    assert asked == [] and file.stat().st_mtime_ns == first
    ledger.keeps = folder
    assert differing(ledger) == [] and asked == []
    happen(ledger, chance, range(60, 120))
    ledger_moves.leave_moves(ledger.database, [LAYER], folder)
    assert len(asked) == 1 and file.stat().st_mtime_ns > first
    assert differing(ledger) == []
