"""A sender's file read anew: its earlier reading counts no more, and what was shown then can still be seen."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines.__main__ import main
from pipelines.act import act, workspace_ledger
from pipelines.exchange import history
from pipelines.ingest import Options, add
from pipelines.report import Report
from pipelines.workspace import Workspace
from tests.pipelines.agri_county import BUREAU, build

LAYER = "abandoned_parcel"
FIRST, BETWEEN, AGAIN, LAST = date(2026, 6, 1), date(2026, 6, 2), date(2026, 6, 3), date(2026, 6, 5)
TABLE = "我的号,村代码,上报面积,核定亩,发现日期\nX1,990101100201,5,7,2026-05-02\nX2,990101100201,3,4,2026-05-03\n"
RIGHT = {"parcel_id": "我的号", "reported_mu": "核定亩"}


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("agri")).root


@pytest.fixture
def root(county: Path, tmp_path: Path) -> Path:
    """A workspace of its own for each test."""
    return Path(shutil.copytree(county, tmp_path / "w"))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "石桥镇.csv"
    path.write_text(TABLE, encoding="utf-8-sig")
    return path


def read(root: Path, path: Path, at: date, **options: Any) -> Report:
    return add(Workspace(root), path, Options(layer=LAYER, **options), at=at)


def codes(report: Report) -> list[str]:
    return [issue.code for issue in report.tables[0].issues]


def shown(root: Path, capsys: pytest.CaptureFixture[str], day: date, *more: str) -> list[Any]:
    """Figures by township and rows on a day, without what differs between two workspaces anyway."""
    found = []
    for command, options in (("progress", ["--by", "township"]), ("show", [])):
        asked = [command, str(root), "--layer", LAYER, *options, "--as-of", str(day), "--format", "json", *more]
        assert main(asked) == 0
        rows = json.loads(capsys.readouterr().out)
        found.append(
            [{k: v for k, v in row.items() if k not in ("import_id", "import_at", "shape_import")} for row in rows]
        )
    return found


def test_figures_after_a_second_reading_are_those_of_a_first_reading_with_the_right_mapping(
    root: Path, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = Path(shutil.copytree(root, tmp_path / "right"))
    wrong = read(root, table, FIRST)
    right = read(root, table, AGAIN, mapping=RIGHT, again=True)
    read(other, table, FIRST, mapping=RIGHT)
    assert "id_made" in codes(wrong) and "reading_replaced" in codes(right)
    assert "rows_superseded" not in codes(right)
    for day in (date(2026, 5, 20), FIRST, BETWEEN, AGAIN, LAST):
        assert shown(root, capsys, day) == shown(other, capsys, day)
    assert {"X1", "X2"} <= {row["id"] for row in shown(root, capsys, LAST)[1]}


def test_past_days_still_show_what_was_shown_on_them(
    root: Path, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    read(root, table, FIRST)
    before = shown(root, capsys, BETWEEN)
    read(root, table, AGAIN, mapping=RIGHT, again=True)
    assert shown(root, capsys, BETWEEN, "--as-shown") == before
    assert shown(root, capsys, BETWEEN) != before
    assert shown(root, capsys, LAST, "--as-shown") == shown(root, capsys, LAST)


def test_run_and_the_kept_figures_follow_a_second_reading(
    root: Path, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    read(root, table, FIRST)
    assert main(["run", str(root)]) == 0
    asked = ["progress", str(root), "--layer", LAYER, "--by", "county", "--format", "json"]
    assert main(asked) == 0
    before = json.loads(capsys.readouterr().out)[0]
    read(root, table, AGAIN, mapping=RIGHT, again=True)
    assert main(["run", str(root)]) == 0 and main(asked) == 0
    after = json.loads(capsys.readouterr().out)[0]
    assert after["features"] == before["features"]
    assert after["reported_mu"] == before["reported_mu"] - 8 + 11


def test_a_table_of_a_day_between_keeps_its_place_after_the_file_that_is_read_anew(
    root: Path, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    read(root, table, FIRST)
    newer = tmp_path / "更正.csv"
    newer.write_text("图斑编号,村代码,上报面积\nX1,990101100201,9\n", encoding="utf-8-sig")
    read(root, newer, BETWEEN)
    read(root, table, AGAIN, mapping=RIGHT)
    areas = {row["id"]: row["reported_mu"] for row in shown(root, capsys, LAST)[1]}
    assert (areas["X1"], areas["X2"]) == (9, 4)


def test_both_readings_stay_in_the_ledger_and_the_history_and_the_audit_is_whole(root: Path, table: Path) -> None:
    read(root, table, FIRST, mapping={"parcel_id": "我的号"})
    read(root, table, AGAIN, mapping=RIGHT)
    workspace = Workspace(root)
    ledger = workspace_ledger(workspace)
    events = ledger.events(layer=LAYER, kinds=["import"])
    told = [json.loads(data).get("replaces") for data in events["data"]][-2:]
    past = [(one["at"][:10], one.get("replaced", False)) for one in history(workspace, LAYER, "X1")]
    assert told == [None, events["import_id"].iloc[-2]]
    assert past == [("2026-06-01", True), ("2026-06-03", False)]
    assert ledger.audit(root=root) == []
    ledger.close()


def test_the_same_reading_again_is_taken_in_only_when_asked_for(root: Path, table: Path) -> None:
    read(root, table, FIRST)
    count = len(Workspace(root).imports(LAYER))
    assert codes(read(root, table, AGAIN)) == ["already_added"]
    assert "reading_replaced" in codes(read(root, table, AGAIN, again=True))
    assert "reading_replaced" in codes(read(root, table, LAST, mapping=RIGHT))
    assert "reading_replaced" in codes(read(root, table, LAST))
    workspace = Workspace(root)
    assert len(workspace.imports(LAYER)) == count and len(workspace.every_import(LAYER)) == count + 3
    assert {one.at.date() for one in workspace.imports(LAYER) if one.file == table.name} == {FIRST}


def test_a_reading_that_accepts_nothing_leaves_the_earlier_one_in_its_place(root: Path, table: Path) -> None:
    read(root, table, FIRST)
    before = [one.id for one in Workspace(root).imports(LAYER)]
    report = read(
        root, table, AGAIN, mapping={"found_on": "我的号", "parcel_id": "发现日期", "village_code": "核定亩"}
    )
    assert report.accepted == 0
    assert [one.id for one in Workspace(root).imports(LAYER)] == before


def test_an_import_of_an_older_program_is_known_again(root: Path, table: Path) -> None:
    read(root, table, FIRST)
    for note in root.glob("imports/*/*/source.json"):
        raw = json.loads(note.read_text(encoding="utf-8"))
        for name in ("content", "replaces", "counts_from"):
            raw.pop(name)
        note.write_text(json.dumps(raw), encoding="utf-8")
    assert "reading_replaced" in codes(read(root, table, AGAIN, mapping=RIGHT))


def test_acts_on_ids_that_the_new_reading_has_not_are_said(root: Path, table: Path) -> None:
    read(root, table, FIRST)
    rows = shown_ids(root)
    lone = next(name for name in rows if name not in {f"A{k}" for k in range(1, 8)})
    act(root, LAYER, lone, "verified", BUREAU, now=datetime(2026, 6, 2, 2, tzinfo=UTC))
    report = read(root, table, AGAIN, mapping=RIGHT)
    said = [issue for issue in report.tables[0].issues if issue.code == "acts_without_row"]
    assert [issue.params["count"] for issue in said] == [1] and lone in said[0].words("zh")


def shown_ids(root: Path) -> list[str]:
    from pipelines.exchange import show

    return [str(name) for name in show(Workspace(root), LAYER, as_of=LAST)["id"]]
