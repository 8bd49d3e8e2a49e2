"""What the ledger costs at a county's size: a million things, two hundred thousand events."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd

from geo.access import Actor
from geo.changes import Event, projection, row_hash
from geo.layers import Layer, builtin_layers
from geo.lifecycle import state_at
from pipelines.store.ledger import Act, Ledger, instant, open_ledger
from pipelines.store.ledger_moves import forget
from pipelines.store.schema import EVENT_COLUMNS

TOWNSHIPS = 30


GOAL_AT = 1_000_000
"""Goals are for so many things, and a fifth of the events."""


@dataclass(frozen=True)
class Timing:
    """One measured thing: what, the median of its runs in seconds and of CPU, and the rows it was done on.

    goal_s: what it may take at most, None for no goal. met: when a user meets it.
    """

    what: str
    seconds: float
    cpu_s: float
    rows: int
    goal_s: float | None = None
    met: str = ""

    @property
    def missed(self) -> str | None:
        """How far it is from its goal, in a sentence; None where it reaches it, or has none."""
        if self.goal_s is None or self.seconds <= self.goal_s:
            return None
        return f"{self.what}: {self.seconds:.3f} s, goal {self.goal_s:g} s"


def measure(things: int = 1_000_000, events: int = 200_000, *, seed: int = 20241122) -> list[Timing]:
    """The state of one township and of the whole county on a day, one act, and the audit; medians of 3 runs.

    Everything is done as the program does it: events are read from an embedded ledger on disk; a township's rows
    are those of its villages. The whole county is asked for by a process that knows the ledger, as the pages do;
    by a new one that finds what `run` or another process left, as a command does; and by the first of all, which a
    user meets only where 500 events and more were recorded before anybody ran `run` or asked. The goals are for
    `GOAL_AT` things.
    """
    layer = builtin_layers()["abandoned_parcel"]
    frame = _things(things, seed)
    with tempfile.TemporaryDirectory(prefix="xiangtu-") as folder:
        ledger = open_ledger(Path(folder) / "ledger.sqlite")
        ledger.keeps = Path(folder) / "moves"
        _fill(ledger, frame, layer, events, seed)
        town = frame["area_code"].iloc[0][:9]
        inside = frame[frame["area_code"].str.startswith(town)].reset_index(drop=True)

        def state(rows: pd.DataFrame, root: str | None, day: date | None) -> None:
            taken = ledger.moves(layer.id, as_of=day, area_prefix=root)
            state_at(rows, taken, layer, day)

        act = Act(layer.id, str(frame["id"].iloc[-1]), Actor("x", "administrator"), "note", note="x")
        found = [
            _timed("state of one township", len(inside), lambda: state(inside, town, None), goal_s=0.3),
            _timed("as of a day, one township", len(inside), lambda: state(inside, town, date(2024, 9, 1))),
            *_whole_county(ledger, things, lambda: state(frame, None, date(2024, 9, 1))),
            _timed("one act, safe on disk", 1, lambda: ledger.append(act, now=datetime.now(UTC))),
            _timed("audit of every event", events, ledger.audit),
        ]
        ledger.close()
    return found


def _whole_county(ledger: Ledger, things: int, state: Callable[[], None]) -> list[Timing]:
    def first_of_all() -> None:
        shutil.rmtree(str(ledger.keeps), ignore_errors=True)
        anew()

    def anew() -> None:
        forget()
        state()

    alone = "before the first run or question"
    return [
        _timed("as of a day, whole county, first time", things, first_of_all, met=alone),
        _timed("as of a day, whole county, new process", things, anew, goal_s=1.0, met="by every command"),
        _timed("as of a day, whole county", things, state, goal_s=1.0, met="on every page"),
    ]


def _timed(what: str, rows: int, work: Callable[[], Any], *, goal_s: float | None = None, met: str = "") -> Timing:
    runs, busy = [], []
    for _ in range(3):
        start, cpu = time.perf_counter(), time.process_time()
        work()
        runs.append(time.perf_counter() - start)
        busy.append(time.process_time() - cpu)
    return Timing(what, median(runs), median(busy), rows, goal_s, met)


def _things(count: int, seed: int) -> pd.DataFrame:
    chance = np.random.default_rng(seed)
    villages = np.array([f"5109211{k // 14:02}2{k % 14:02}" for k in range(TOWNSHIPS * 14)])
    found = np.datetime64("2023-01-01", "s") + chance.integers(0, 365, count).astype("timedelta64[D]")
    return pd.DataFrame(
        {
            "id": [f"5109211010101{k:07}" for k in range(count)],
            "area_code": pd.array(np.sort(villages[np.arange(count) * len(villages) // count]), dtype="str"),
            "stage": pd.array(np.repeat("found", count), dtype="str"),
            "found_on": found,
            "due_on": found + np.timedelta64(200, "D"),
            "import_at": np.datetime64("2024-01-01T00:00:00", "s"),
        }
    )


def _fill(ledger: Ledger, frame: pd.DataFrame, layer: Layer, count: int, seed: int) -> None:
    """Write a chain of steps of random things, a few for each, in one transaction."""
    life = layer.lifecycle
    path = life.path if life is not None else ()
    chance = np.random.default_rng(seed)
    start = datetime(2024, 2, 1, tzinfo=UTC)
    picked = np.sort(chance.choice(len(frame), count // 4, replace=False))
    names, areas = frame["id"].to_numpy(object)[picked], frame["area_code"].to_numpy(object)[picked]
    before, rows, states = "0" * 64, [], []
    past: dict[int, list[Event]] = {k: [] for k in range(len(picked))}
    for seq in range(1, len(picked) * 4 + 1):
        k, step = (seq - 1) % len(picked), (seq - 1) // len(picked)
        at = instant(start + timedelta(minutes=seq))
        given = dict.fromkeys(EVENT_COLUMNS) | {
            "seq": seq,
            "id": f"{seq:032x}",
            "layer": layer.id,
            "feature_id": names[k],
            "kind": "step",
            "from_stage": path[step],
            "to_stage": path[step + 1],
            "at": at,
            "recorded_at": at,
            "actor": "x",
            "role": "administrator",
            "unit": "",
            "area_code": areas[k],
            "evidence": (),
            "data": {},
            "prev_hash": before,
            "hash": "",
        }
        event = Event(**given)  # type: ignore[arg-type]
        before = row_hash(event.as_row())
        rows.append((*event.as_row()[:-1], before))
        past[k].append(event)
    states = [projection(one).as_row() for one in past.values()]
    with ledger.database.writing() as tx:
        tx.run_many(f"insert into events values ({', '.join('?' * len(EVENT_COLUMNS))})", rows)
        tx.run_many("insert into state values (?, ?, ?, ?, ?, ?, ?, ?, ?)", states)
