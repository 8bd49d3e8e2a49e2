"""A server that was made ready answers its first reader from what it has."""

from __future__ import annotations

import threading
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from dashboards import figures, warm
from dashboards.data import county
from dashboards.looks import read_look
from dashboards.months import months_of
from dashboards.scenes import scene
from pipelines.days import today
from pipelines.store.accounts import KEYBOARD
from pipelines.trends import month_ends, trend
from pipelines.workspace import Workspace
from tests.dashboards.little_county import CODE, build


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("warm"))


def test_the_first_page_counts_nothing_when_the_server_is_ready(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = today()
    warm.warm(folder, day)

    def again(*_: object, **__: object) -> None:
        raise AssertionError("counted again")

    for name in ("pipelines.month_tallies._counted", "pipelines.summarise.progress", "dashboards.editions.show"):
        monkeypatch.setattr(name, again)
    here = county(folder, actor=KEYBOARD)
    assert len(figures.glances(here, here.root, day, day)) == 4
    assert scene(here, read_look({}, here, today=day, lang="en")).board.rows
    assert isinstance(figures.waits(here, day), list)
    for township in here.children(here.root)["code"]:
        inside = here.area(str(township))
        assert inside is not None and len(figures.glances(here, inside, day, day)) == 4
        assert scene(here, read_look({"area": inside.code}, here, today=day, lang="en")).board.rows


def test_the_first_sheet_finds_what_it_reads_of_read_already(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warm.warm(folder, today())
    monkeypatch.setattr(pq.ParquetFile, "read", lambda *_, **__: pytest.fail("a whole column was read again"))
    here = county(folder, actor=KEYBOARD)
    names = here.light("abandoned_parcel", as_of=today())["id"]
    found = [here.history("abandoned_parcel", name) for name in names]
    assert len(found) > 1 and all(one[0]["kind"] == "import" for one in found)


def test_readers_come_first_and_no_longer_than_they_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    monkeypatch.setattr(warm, "_parts", lambda root, day: [lambda: made.append("step")] * 3)
    done = threading.Thread(target=lambda: warm.warm(folder, today()))
    with warm.READERS.reading():
        done.start()
        done.join(1)
        assert made == []
    done.join(20)
    assert made == ["step"] * 3
    monkeypatch.setattr(warm, "PATIENCE_S", 0.0)
    with warm.READERS.reading():
        warm.warm(folder, today())
    assert made == ["step"] * 6


def test_an_empty_workspace_is_left_as_it_is(tmp_path: Path) -> None:
    Workspace.create(tmp_path, code=CODE, name="空县")
    warm.warm(tmp_path, today())
    assert not (tmp_path / "ledger.sqlite").exists()


def test_what_does_not_change_is_made_ready_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Path] = []
    monkeypatch.setattr(warm, "warm", lambda root, *_: made.append(root))
    over = threading.Event()
    known = warm._again(folder, None, over)
    assert warm._again(folder, known, over) == known
    assert made == [folder]


def test_a_workspace_that_is_gone_does_not_end_the_thread(tmp_path: Path) -> None:
    assert warm._again(tmp_path / "nowhere", "before", threading.Event()) == "before"
    stop = threading.Event()
    thread = warm.keep_warm(tmp_path / "nowhere", stop=stop)
    stop.set()
    thread.join(20)
    assert not thread.is_alive()


def test_a_month_that_is_over_is_read_from_the_months_counted_already(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = today()
    here = county(folder, actor=KEYBOARD)
    layer = here.workspace.layer("abandoned_parcel")
    ends = month_ends(day)[:-3]
    expected = trend(here.workspace, layer.id, tuple(ends), "township")
    figures.months(here, layer, "township", day)
    monkeypatch.setattr("dashboards.figures.trend", lambda *_: pytest.fail("counted again"))
    found = figures.months(here, layer, "township", day, ends[-1])
    assert sorted({stamp.date() for stamp in found["day"]}) == ends
    pd.testing.assert_frame_equal(found, expected)


def test_going_to_another_month_makes_no_month_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    day = today()
    here = county(folder, actor=KEYBOARD)

    def shown(on: date) -> dict[date, Any] | None:
        look = read_look({"as_of": on.isoformat()} if on != day else {}, here, today=day, lang="zh")
        return months_of(here, look, scene(here, look))

    now = shown(day)
    monkeypatch.setattr("dashboards.months._month", lambda *_: pytest.fail("a month was made again"))
    assert now is not None and len(now) == len(month_ends(day)) and day in now
    assert shown(month_ends(day)[-3]) == now
