"""A past day's figures: with what is known now, and as they were shown on that day."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines.__main__ import main
from pipelines.act import act
from pipelines.ingest import Options, add
from pipelines.workspace import Workspace
from tests.pipelines.agri_county import BUREAU, build

LAYER, DAY = "abandoned_parcel", "2026-05-28"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("agri")).root


def asked(root: Path, capsys: pytest.CaptureFixture[str], command: str, *more: str) -> list[dict[str, Any]]:
    options = ["--by", "county"] if command == "progress" else []
    code = main([command, str(root), "--layer", LAYER, *options, "--as-of", DAY, "--format", "json", *more])
    out = capsys.readouterr().out
    assert code == 0
    rows: list[dict[str, Any]] = json.loads(out)
    return rows


def test_what_comes_in_later_and_tells_of_a_day_does_not_change_what_was_shown_on_it(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = asked(root, capsys, "progress"), asked(root, capsys, "show")
    late = root.parent / "补报.csv"
    late.write_text("图斑编号,村代码,上报面积,发现日期\nL1,990101100201,5,2026-05-02\n", encoding="utf-8-sig")
    report = add(Workspace(root), late, Options(layer=LAYER), at=date(2026, 6, 3))
    assert report.accepted == 1
    act(root, LAYER, "A1", "verified", BUREAU, now=datetime(2026, 6, 4, 2, tzinfo=UTC))
    now = asked(root, capsys, "progress"), asked(root, capsys, "show")
    assert sum(row["features"] for row in now[0]) == sum(row["features"] for row in shown[0]) + 1
    assert [row["id"] for row in now[1]] == [*(row["id"] for row in shown[1]), "L1"]
    then = asked(root, capsys, "progress", "--as-shown"), asked(root, capsys, "show", "--as-shown")
    assert then == shown
    assert (asked(root, capsys, "progress"), asked(root, capsys, "show")) == now


def test_of_today_what_is_shown_is_what_is_known(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain = ["progress", str(root), "--layer", LAYER, "--by", "township", "--format", "json"]
    assert main(plain) == 0
    known = capsys.readouterr().out
    assert main([*plain, "--as-shown"]) == 0 and capsys.readouterr().out == known
