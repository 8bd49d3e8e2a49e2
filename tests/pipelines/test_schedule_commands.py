"""`xiangtu schedule`: the stages ahead counted back from the last day, on a county with round numbers."""

from __future__ import annotations

import csv
import io
import json
from itertools import pairwise
from pathlib import Path

import pytest

from pipelines.__main__ import main
from tests.dashboards.planning_county import TODAY, build_planning

BASE = ["schedule", "DIR", "--layer", "zone_plan", "--as-of", str(TODAY)]


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_planning(tmp_path_factory.mktemp("planned"))


def said(planned: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, str, str]:
    code = main([str(planned) if part == "DIR" else part for part in BASE] + list(more))
    out, err = capsys.readouterr()
    return code, out, err


def test_open_things_come_most_pressing_first_with_their_slack(
    planned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = said(planned, capsys, "--json")
    rows = json.loads(out)
    assert code == 0 and [row["id"] for row in rows] == ["P02", "P01"]
    assert rows[0]["possible"] is False and rows[0]["slack_days"] < -80 and rows[1]["possible"] is True
    assert "未完成 2 件：1 件有阶段已来不及" in err


def test_of_one_thing_each_stage_ends_where_the_next_must_begin(
    planned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = said(planned, capsys, "--thing", "P02", "--json")
    rows = json.loads(out)
    assert code == 0 and len(rows) > 2
    assert all(a["latest_finish"] == b["latest_start"] for a, b in pairwise(rows))
    assert rows[-1]["latest_finish"].startswith("2026-05-29")
    assert all(row["possible"] == (row["slack_days"] >= 0) for row in rows)


def test_a_later_end_for_all_makes_room(planned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = said(planned, capsys, "--by", "2028-12-29", "--json")
    rows = json.loads(out)
    assert {row["due_on"][:10] for row in rows} == {"2028-12-29"}
    assert all(row["possible"] and row["first_impossible"] == "" for row in rows)


def test_only_an_areas_things_are_listed(planned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    every = json.loads(said(planned, capsys, "--json")[1])
    town = json.loads(said(planned, capsys, "--area", "990101101", "--json")[1])
    rest = json.loads(said(planned, capsys, "--area", "990101100", "--json")[1])
    assert sorted(row["id"] for row in town + rest) == sorted(row["id"] for row in every)
    code, _, err = said(planned, capsys, "--area", "990199")
    assert code == 2 and "990199" in err


def test_a_table_speaks_either_language_and_csv_has_its_headings(
    planned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "最迟开始" in said(planned, capsys, "--thing", "P01")[1]
    assert "latest start" in said(planned, capsys, "--thing", "P01", "--lang", "en")[1]
    rows = list(csv.reader(io.StringIO(said(planned, capsys, "--format", "csv")[1])))
    assert rows[0][:2] == ["编号", "区域"] and rows[1][0] == "P02"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--thing", "none such"], "none such"),
        (["--thing", "C01"], "已办结"),
        (["--by", "soon"], "soon"),
    ],
    ids=["unknown", "done", "no day"],
)
def test_what_cannot_be_scheduled_is_refused_in_one_sentence(
    planned: Path, capsys: pytest.CaptureFixture[str], more: list[str], words: str
) -> None:
    code, out, err = said(planned, capsys, *more)
    assert code == 2 and out == "" and words in err and len(err.strip().splitlines()) == 1


def test_a_layer_without_stages_has_no_schedule(planned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["schedule", str(planned), "--layer", "contract_parcel"])
    assert code == 2 and "承包地块" in capsys.readouterr().err


def test_without_limits_the_command_says_that_stages_count_for_nothing(
    planned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["schedule", str(planned), "--layer", "land_transfer", "--by", "2026-12-31"]) == 0
    assert "[[limits]]" in capsys.readouterr().err
