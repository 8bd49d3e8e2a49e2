"""Many desks at once, killed without warning: nothing acknowledged is lost, nothing is doubled, the chain holds.

How many desks, acts and kills is set by XIANGTU_DESKS, XIANGTU_EVENTS and XIANGTU_KILLS; the full trial is
40, 20000 and 50.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipelines.store.ledger import Ledger

DESKS = int(os.environ.get("XIANGTU_DESKS", "6"))
EVENTS = int(os.environ.get("XIANGTU_EVENTS", "480"))
KILLS = int(os.environ.get("XIANGTU_KILLS", "5"))
WRITER = Path(__file__).with_name("writer.py")


class Desks:
    """The running writers, each with the file of what it was acknowledged for."""

    def __init__(self, target: str, folder: Path) -> None:
        self.target, self.folder = target, folder
        self.running: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, number: int) -> None:
        command = [sys.executable, str(WRITER), self.target, str(number), str(EVENTS // DESKS)]
        command.append(str(self.folder / f"desk{number}"))
        errors = (self.folder / f"errors{number}").open("ab")
        root = str(Path(__file__).resolve().parents[3])
        self.running[number] = subprocess.Popen(command, stderr=errors, env={**os.environ, "PYTHONPATH": root})
        errors.close()

    def kill_one(self, chance: random.Random) -> bool:
        alive = [number for number, one in self.running.items() if one.poll() is None]
        if not alive:
            return False
        number = chance.choice(alive)
        self.running[number].send_signal(signal.SIGKILL)
        self.running[number].wait()
        self.start(number)
        return True

    def finish(self) -> list[int]:
        return [one.wait(timeout=120 + EVENTS / 5) for one in self.running.values()]

    def end(self) -> None:
        for one in self.running.values():
            one.kill()
            one.wait()

    def acknowledged(self) -> set[str]:
        lines = [path.read_text().split("\n")[:-1] for path in self.folder.glob("desk*")]
        return {line for part in lines for line in part}


@pytest.mark.slow
def test_no_acknowledged_event_is_lost_or_doubled_when_desks_are_killed(ledger: Ledger, tmp_path: Path) -> None:
    folder = tmp_path / "desks"
    folder.mkdir()
    chance = random.Random(20241122)
    url = getattr(ledger.database, "url", None)
    desks = Desks(url or ledger.database.name, folder)
    killed = 0
    try:
        for number in range(DESKS):
            desks.start(number)
        while killed < KILLS:
            time.sleep(chance.uniform(0.1, 0.9))
            if not desks.kill_one(chance):
                break
            killed += 1
        codes = desks.finish()
    finally:
        desks.end()
    errors = b"".join(path.read_bytes() for path in folder.glob("errors*"))
    assert set(codes) == {0}, errors.decode()[-2000:]
    events = ledger.events(columns=["seq", "id"])
    assert desks.acknowledged() <= set(events["id"])
    assert events["id"].is_unique
    assert events["seq"].tolist() == list(range(1, len(events) + 1))
    assert len(events) == DESKS * (EVENTS // DESKS)
    assert ledger.audit() == []
    with ledger.database.reading() as tx:
        before = tx.run("select * from state order by layer, feature_id").fetchall()
    ledger.rebuild()
    with ledger.database.reading() as tx:
        assert tx.run("select * from state order by layer, feature_id").fetchall() == before
    assert killed == KILLS, f"only {killed} desks could be killed before all had finished"
