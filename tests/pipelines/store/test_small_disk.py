"""A real disk that fills up and a real disk that may not be written: one clear sentence, nothing corrupt."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pipelines.__main__ import main

ROOT = Path(__file__).resolve().parents[3]
LEDGER = "图斑编号,上报面积,整治阶段,发现日期\nP1,3.5,发现,2024-01-05\nP2,2.5,已整治,2024-01-05\n"


def in_name_space(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command where `folder` is a disk of 2 MB of its own."""
    mount = f"mount -t tmpfs -o size=2m none {shlex.quote(str(folder))} && exec {shlex.join(command)}"
    return subprocess.run(
        ["unshare", "-rm", "sh", "-c", mount],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What happened to a workspace on such a disk."""
    folder = tmp_path_factory.mktemp("small")
    disk, source = folder / "disk", folder / "w"
    disk.mkdir()
    if in_name_space(disk, "true").returncode != 0:
        pytest.skip("this machine lets nobody mount a disk in a name space")
    assert main(["new", str(source), "--county", "510921", "--name", "测试县"]) == 0
    table = folder / "a.csv"
    table.write_text(LEDGER, encoding="utf-8")
    main(["add", str(source), str(table), "--layer", "abandoned_parcel"])
    Image.effect_mandelbrot((900, 700), (-2, -1, 1, 1), 30).save(folder / "photo.jpg")
    script = str(Path(__file__).with_name("small_disk.py"))
    done = in_name_space(disk, sys.executable, script, str(source), str(disk))
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_full_disk_refuses_by_name_and_keeps_what_was_acknowledged(told: dict[str, Any]) -> None:
    assert told["full"] == ["ledger_disk_full"] and told["refused"] > 0
    assert told["events"] == 1 + told["taken"] and told["whole"]
    assert told["photo"] == "disk_write_failed" and told["left"] == []
    code, out, err = told["act"]
    assert (code, out) == (2, "") and err.count("\n") == 1 and "磁盘已满" in err


def test_once_there_is_room_again_the_ledger_goes_on(told: dict[str, Any]) -> None:
    assert told["again"] == ""


def test_a_read_only_disk_can_be_read_and_proved_and_refuses_to_be_written(told: dict[str, Any]) -> None:
    assert told["read_only"] == "ledger_read_only"
    code, out, err = told["act_read_only"]
    assert (code, out) == (2, "") and err.count("\n") == 1 and "不能写入" in err
    assert told["show"][0] == 0 and [row["id"] for row in json.loads(told["show"][1])] == ["P1", "P2"]
    assert told["audit"][0] == 0 and "完整" in told["audit"][2]
