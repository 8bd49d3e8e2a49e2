"""Steps taken in a workspace by its commands: recorded, refused in one sentence, backed up and restored."""

from __future__ import annotations

import io
import json
import os
import resource
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image

from geo.access import Actor
from geo.errors import Conflict, Forbidden, Refused
from pipelines.__main__ import main
from pipelines.act import act, added_things, workspace_ledger
from pipelines.store.accounts import add as add_account
from pipelines.store.accounts import disable
from pipelines.store.backup import backup, restore
from pipelines.store.ledger import Act, open_ledger
from pipelines.workspace import Workspace

NOW = datetime(2027, 5, 1, 2, tzinfo=UTC)
LEDGER = "图斑编号,上报面积,整治阶段,发现日期,种植主体\nP1,3.5,发现,2024-01-05,王某某\nP2,2.5,已整治,2024-01-05,\n"
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def root(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A workspace with two abandoned parcels, taken in from a table."""
    folder = tmp_path / "w"
    assert main(["new", str(folder), "--county", "510921", "--name", "测试县"]) == 0
    table = tmp_path / "青石镇.csv"
    table.write_text(LEDGER, encoding="utf-8")
    assert main(["add", str(folder), str(table), "--layer", "abandoned_parcel"]) == 0
    capsys.readouterr()
    return folder


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    Image.effect_mandelbrot((300, 200), (-2, -1, 1, 1), 30).save(path)
    return path


def said(root: Path, *words: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = main(["act", str(root), "--layer", "abandoned_parcel", *words])
    return code, capsys.readouterr().err


def test_a_script_without_accounts_acts_as_the_administrator_and_the_event_says_so(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, words = said(root, "--id", "P1", "--to", "verified", "--by", "张三", capsys=capsys)
    assert code == 0 and "发现 → 核实" in words and "管理员" in words
    events = workspace_ledger(Workspace(root)).events(layer="abandoned_parcel", feature_id="P1")
    assert json.loads(events["data"][0])["account"] is False
    assert main(["show", str(root), "--layer", "abandoned_parcel", "--id", "P1", "--format", "json"]) == 0
    shown = json.loads(capsys.readouterr().out)[0]
    assert shown["stage"] == "verified" and shown["verified_on"] == shown["stage_since"] is not None


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (
            ["--id", "P1", "--to", "accepted", "--by", "张三"],
            "可以到：核实、不予认定。（--to 可写：verified, rejected）",
        ),
        (["--id", "P9", "--to", "verified", "--by", "张三"], "P9"),
        (["--id", "P1", "--to", "nowhere", "--by", "张三"], "nowhere"),
        (["--id", "P2", "--to", "accepted", "--by", "张三"], "照片"),
        (["--id", "P1", "--to", "verified", "--by", "county_leader:县长"], "不改数据"),
        (["--id", "P1", "--to", "verified", "--by", ""], "登记人"),
        (["--id", "../../P1", "--to", "verified", "--by", "张三"], "P1"),
    ],
)
def test_a_refusal_is_one_sentence_and_exit_code_2(
    root: Path, words: list[str], part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, err = said(root, *words, capsys=capsys)
    assert code == 2 and part in err and err.count("\n") == 1 and "…" not in err
    assert workspace_ledger(Workspace(root)).head()[0] == 1


def test_a_photo_is_not_kept_when_the_step_is_refused(root: Path, photo: Path) -> None:
    with pytest.raises(Forbidden):
        act(root, "abandoned_parcel", "P1", "accepted", "张三", photo=photo)
    assert not list((root / "attachments").rglob("*.jpg"))


def test_a_photo_becomes_evidence_with_its_facts_and_reuse_on_another_thing_is_said(
    root: Path, photo: Path
) -> None:
    first = act(root, "abandoned_parcel", "P2", "accepted", "bureau:农业农村局/李四", photo=photo)
    assert first.data["photos"][0]["position"] == "missing" and first.data["photos"][0]["reused"] == []
    act(root, "abandoned_parcel", "P1", "verified", "township:青石镇/张三")
    again = act(root, "abandoned_parcel", "P1", "assigned", "bureau:农业农村局/李四", photo=photo)
    assert [r["id"] for r in again.data["photos"][0]["reused"]] == ["P2"]
    assert workspace_ledger(Workspace(root)).audit(root=root) == []
    next((root / "attachments").rglob(f"{first.evidence[0]}.jpg")).write_bytes(b"x")
    assert "attachment_changed" in {i.code for i in workspace_ledger(Workspace(root)).audit(root=root)}


def test_the_same_photo_before_and_after_is_told_as_a_fact_at_the_act_and_in_the_history(
    root: Path, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said(root, "--id", "P1", "--to", "verified", "--by", "张三", "--photo", str(photo), capsys=capsys)
    code, words = said(
        root, "--id", "P1", "--to", "assigned", "--by", "张三", "--photo", str(photo), capsys=capsys
    )
    assert code == 0 and "与这件事先前的照片相同或极像" in words and "照片没有拍摄时间" in words
    main(["show", str(root), "--layer", "abandoned_parcel", "--id", "P1"])
    past = [line for line in capsys.readouterr().out.splitlines() if "照片 1 张" in line]
    assert [("先前的照片" in line) for line in past] == [False, True] and "没有拍摄时间" in past[0]


def test_a_field_is_set_by_its_heading_in_either_language(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = ["edit", str(root), "--layer", "abandoned_parcel", "--id", "P1", "--by", "张三"]
    assert main([*base, "--set", "种植作物=玉米", "--set", "Place name=大湾"]) == 2
    assert main([*base, "--set", "种植作物=玉米", "--set", "Local place name=大湾"]) == 0
    events = workspace_ledger(Workspace(root)).events(layer="abandoned_parcel", feature_id="P1")
    assert json.loads(events["data"].iloc[-1])["fields"] == {"crop": "玉米", "place_name": "大湾"}


def test_a_desk_with_an_old_version_on_its_screen_gets_a_conflict_and_a_script_does_not(root: Path) -> None:
    act(root, "abandoned_parcel", "P1", "verified", "张三")
    with pytest.raises(Conflict):
        act(root, "abandoned_parcel", "P1", "rejected", "李四", note="不属实", base_version=0)
    assert act(root, "abandoned_parcel", "P1", "assigned", "李四").base_version == 1


def test_a_thing_added_in_the_ledger_can_be_acted_on_like_one_from_a_file(root: Path) -> None:
    workspace = Workspace(root)
    ledger, village = workspace_ledger(workspace), Actor("村", "village_reporter", area_code="510921101201")
    fields = {"point_id": "N1", "category": "garbage", "reported_on": "2024-05-01"}
    add = Act(
        "inspection_point",
        "N1",
        village,
        "add",
        area_code="510921101201",
        data={"fields": fields},
        lon=105.5,
        lat=30.5,
    )
    ledger.append(add, now=NOW)
    with pytest.raises(Conflict):
        ledger.append(add, now=NOW)
    (row,) = added_things(ledger, workspace.layer("inspection_point")).to_dict("records")
    assert (row["id"], row["category"], row["lon"]) == ("N1", "garbage", 105.5)
    event = act(root, "inspection_point", "N1", "claimed", "township:青石镇/张三", now=NOW)
    assert (event.from_stage, event.area_code) == ("reported", "510921101201")


def test_an_act_told_of_later_keeps_its_own_time_and_says_when_it_was_recorded(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, words = said(
        root, "--id", "P1", "--to", "核实", "--by", "张三", "--at", "2024-02-01 09:30", capsys=capsys
    )
    assert code == 0 and "办理时间 2024-02-01 09:30" in words
    event = workspace_ledger(Workspace(root)).history("abandoned_parcel", "P1")[-1]
    assert event.at == "2024-02-01T01:30:00.000000Z" and event.recorded_at > "2026"
    assert main(["show", str(root), "--layer", "abandoned_parcel", "--id", "P1"]) == 0
    out = capsys.readouterr().out
    assert "2024-02-01 09:30  张三（管理员）" in out and "记入）" in out


@pytest.mark.parametrize(
    ("at", "part"),
    [
        ("2099-01-01", "晚于现在"),
        ("2024-01-04", "还没有“P1”"),
        ("2024-01-04T23:59", "还没有“P1”"),
        ("yesterday", "2024-06-30T09:30"),
        ("2024-02-30", "2024-06-30T09:30"),
    ],
)
def test_a_time_that_cannot_be_is_refused_in_one_sentence(
    root: Path, at: str, part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, words = said(root, "--id", "P1", "--to", "verified", "--by", "张三", "--at", at, capsys=capsys)
    assert code == 2 and part in words and words.count("\n") == 1
    assert workspace_ledger(Workspace(root)).head()[0] == 1


def test_a_step_cannot_be_earlier_than_the_one_that_it_follows(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said(root, "--id", "P1", "--to", "verified", "--by", "张三", "--at", "2024-03-05", capsys=capsys)
    code, words = said(root, "--id", "P1", "--to", "assigned", "--by", "张三", "--at", "2024-03-04", capsys=capsys)
    assert code == 2 and "从 2024-03-05 起是“核实”" in words
    code, words = said(
        root, "--id", "P1", "--to", "assigned", "--by", "张三", "--at", "2024-03-05T09:00", capsys=capsys
    )
    assert code == 2 and "2024-03-05 12:00" in words
    assert (
        said(root, "--id", "P1", "--to", "assigned", "--by", "张三", "--at", "2024-03-06", capsys=capsys)[0] == 0
    )


def test_a_thing_is_shown_in_words_and_its_table_under_headings(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["show", str(root), "--layer", "abandoned_parcel"]
    assert main([*asked, "--id", "P1"]) == 0
    sheet = capsys.readouterr().out
    assert "办理情况: 待办" in sheet and "定位依据: 未能定位" in sheet
    assert [line for line in sheet.splitlines() if line[:1].isascii() and not line.startswith(" ")] == []
    assert main(asked) == 0
    table = capsys.readouterr().out
    assert (
        table.split()[:4] == ["编号", "区划代码", "区划", "整治阶段"]
        and "已整治" in table
        and "found" not in table
    )
    assert main(["--lang", "en", *asked]) == 0
    assert "Remediated" in capsys.readouterr().out


def test_audit_names_what_was_changed_and_exits_with_1(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", str(root)]) == 0
    data = next((root / "imports").rglob("data.parquet"))
    data.write_bytes(data.read_bytes()[:-1] + b"x")
    capsys.readouterr()
    assert main(["audit", str(root), "--format", "json"]) == 1
    assert [i["code"] for i in json.loads(capsys.readouterr().out)] == ["import_file_changed"]


def test_a_backup_taken_while_desks_write_passes_its_audit_when_restored(root: Path, tmp_path: Path) -> None:
    stop, admin = threading.Event(), Actor("desk", "administrator", has_account=False)

    def write() -> None:
        ledger, k = workspace_ledger(Workspace(root)), 0
        while not stop.is_set():
            ledger.append(Act("abandoned_parcel", "P1", admin, "note", note=str(k)), now=datetime.now(UTC))
            k += 1
        ledger.close()

    desk = threading.Thread(target=write)
    desk.start()
    try:
        made = [backup(root, tmp_path / f"b{k}.tar", now=NOW) for k in range(3)]
    finally:
        stop.set()
        desk.join()
    assert made[0]["events"] < made[-1]["events"]
    for k, one in enumerate(made):
        there, found = restore(tmp_path / f"b{k}.tar", tmp_path / f"r{k}")
        assert found == [] and {**there, "faults": 0} == one
        assert (
            act(tmp_path / f"r{k}", "abandoned_parcel", "P2", "remediating", "王五", note="返工").seq
            == one["events"] + 1
        )


def test_a_backup_is_refused_over_another_and_restored_only_into_nothing(root: Path, tmp_path: Path) -> None:
    backup(root, tmp_path / "b.tar", now=NOW)
    with pytest.raises(Refused, match="exists"):
        backup(root, tmp_path / "b.tar", now=NOW)
    with pytest.raises(Refused, match="empty"):
        restore(tmp_path / "b.tar", root)


def test_a_backup_of_a_broken_ledger_is_written_and_says_how_many_faults_it_has(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["backup", str(root), str(tmp_path / "whole.tar")]) == 0
    assert json.loads(capsys.readouterr().out)["faults"] == 0
    data = next((root / "imports").rglob("data.parquet"))
    data.write_bytes(data.read_bytes()[:-1] + b"x")
    assert main(["backup", str(root), str(tmp_path / "b.tar")]) == 1
    said = capsys.readouterr()
    assert (tmp_path / "b.tar").is_file() and json.loads(said.out)["faults"] == 1
    assert "1 处不符" in said.err and "xiangtu audit" in said.err


def test_a_backup_in_no_folder_or_in_the_workspace_itself_and_one_that_is_not_there_are_called_so(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words, said in (
        (["backup", str(root), str(tmp_path / "no" / "b.tar")], "没有文件夹"),
        (["backup", str(root), str(root / "inside.tar")], "在工作区里面"),
        (["restore", str(tmp_path / "none.tar"), str(tmp_path / "r")], "没有这个文件"),
        (["restore", str(tmp_path), str(tmp_path / "r")], "这是文件夹"),
    ):
        capsys.readouterr()
        assert main(words) == 2
        told = capsys.readouterr().err
        assert said in told and told.count("\n") == 1 and "已损坏" not in told and "只读" not in told
    assert not list(root.glob("*.tar*")) and not (tmp_path / "r").exists()


def test_who_acts_in_two_lines_and_a_photo_that_is_not_there_are_told_in_chinese(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    step = ["act", str(root), "--layer", "abandoned_parcel", "--id", "P1", "--to", "verified", "--by"]
    for words, said in (
        ([*step, "张三\n李四"], "换行"),
        ([*step, "三" * 121], "120"),
        ([*step, "张三", "--photo", str(tmp_path / "none.jpg")], "没有这个文件"),
        ([*step, "张三", "--photo", str(tmp_path)], "这是文件夹"),
    ):
        capsys.readouterr()
        assert main(words) == 2
        told = capsys.readouterr().err
        assert said in told and "No such" not in told and "directory" not in told


def test_a_damaged_or_hostile_archive_is_refused_and_leaves_nothing(root: Path, tmp_path: Path) -> None:
    backup(root, tmp_path / "b.tar", now=NOW)
    whole = (tmp_path / "b.tar").read_bytes()
    place = whole.index("测试县".encode())
    (tmp_path / "changed.tar").write_bytes(whole[:place] + "改试县".encode() + whole[place + 9 :])
    (tmp_path / "cut.tar").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.tar").write_bytes(b"not a tar")
    with tarfile.open(tmp_path / "escape.tar", "w") as tar:
        entry = tarfile.TarInfo("../../escaped.txt")
        entry.size = 1
        tar.addfile(entry, io.BytesIO(b"x"))
    with tarfile.open(tmp_path / "link.tar", "w") as tar:
        link = tarfile.TarInfo("imports")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc"
        tar.addfile(link)
    for name in ("changed", "cut", "text", "escape", "link", "missing"):
        with pytest.raises(Refused) as refusal:
            restore(tmp_path / f"{name}.tar", tmp_path / "r")
        assert refusal.value.code == ("backup_not_a_file" if name == "missing" else "backup_damaged")
        assert not (tmp_path / "r").exists()
    assert not (tmp_path / "escaped.txt").exists() and not (tmp_path.parent / "escaped.txt").exists()


@pytest.mark.postgis
def test_an_embedded_ledger_moves_to_postgresql_by_backup_and_back(
    root: Path, tmp_path: Path, postgis: str, opened: Callable[[Path | str], object]
) -> None:
    act(root, "abandoned_parcel", "P1", "verified", "张三")
    head = open_ledger(root).head()
    backup(root, tmp_path / "b.tar", now=NOW)
    moved, found = restore(tmp_path / "b.tar", tmp_path / "r", ledger_url=postgis)
    assert found == [] and not (tmp_path / "r" / "ledger.sqlite").exists()
    settings = tmp_path / "r" / "county.toml"
    settings.write_text(
        settings.read_text(encoding="utf-8").replace('url = ""', f'url = "{postgis}"'), encoding="utf-8"
    )
    assert workspace_ledger(Workspace(tmp_path / "r")).head() == head == (moved["events"], moved["head"])
    act(tmp_path / "r", "abandoned_parcel", "P1", "assigned", "李四")
    backup(tmp_path / "r", tmp_path / "b2.tar", now=NOW)
    back, found = restore(tmp_path / "b2.tar", tmp_path / "r2")
    assert found == [] and back["events"] == head[0] + 1


@pytest.mark.postgis
def test_a_disabled_account_has_no_role_in_the_database_it_is_restored_into(
    root: Path, tmp_path: Path, postgis: str, opened: Callable[[Path | str], object]
) -> None:
    kept = open_ledger(root)
    add_account(kept, "管理员", role="administrator", now=NOW)
    keeper = Actor("管理员", "administrator")
    for name in ("老王", "老李"):
        add_account(kept, name, role="inspector", now=NOW, by=keeper)
    disable(kept, "老王", now=NOW, by=keeper)
    kept.close()
    backup(root, tmp_path / "b.tar", now=NOW)
    restore(tmp_path / "b.tar", tmp_path / "r", ledger_url=postgis)
    with open_ledger(postgis).database.reading() as tx:
        named = {row[0] for row in tx.run("select account from db_roles").fetchall()}
    assert named == {"管理员", "老李"}


# ---- a disk that does not take it


def limited(root: Path, size: int) -> subprocess.CompletedProcess[str]:
    """`act` in a process whose files may not grow beyond `size` bytes, as on a disk that is full."""
    command = [sys.executable, "-m", "pipelines", "act", str(root), "--layer", "abandoned_parcel"]
    return subprocess.run(
        [*command, "--id", "P1", "--to", "verified", "--by", "张三", "--note", "x" * 3900],
        capture_output=True,
        text=True,
        cwd=ROOT,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
    )


def test_a_full_disk_is_one_clear_sentence_and_nothing_is_corrupt(root: Path) -> None:
    before = open_ledger(root).head()
    full = limited(root, 1024)
    assert full.returncode == 2, full.stderr
    assert full.stderr.count("\n") == 1 and ("磁盘" in full.stderr), full.stderr
    ledger = open_ledger(root)
    assert ledger.head() == before and ledger.audit(root=root) == []
    assert act(root, "abandoned_parcel", "P1", "verified", "张三").seq == before[0] + 1


def test_a_ledger_that_may_not_be_written_is_one_clear_sentence_and_still_readable(root: Path) -> None:
    import sqlite3

    ledger = open_ledger(root)
    ledger.close()
    connection = sqlite3.connect(root / "ledger.sqlite")
    connection.execute("pragma journal_mode = delete")
    connection.close()
    original = sqlite3.connect

    def read_only(path: Path, **more: object) -> sqlite3.Connection:
        return original(f"file:{path}?mode=ro&immutable=1", uri=True, **more)  # type: ignore[call-overload]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sqlite3.connect", read_only)
        locked = open_ledger(root)
        assert len(locked.events()) == 1
        with pytest.raises(Refused) as refusal:
            locked.append(Act("abandoned_parcel", "P1", Actor("x", "administrator"), "note", note="x"), now=NOW)
        assert refusal.value.code == "ledger_read_only"
        locked.close()
    assert open_ledger(root).audit(root=root) == []


def test_a_workspace_folder_that_does_not_exist_is_one_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refusal:
        open_ledger(tmp_path / "none" / "ledger.sqlite")
    assert refusal.value.code == "ledger_unopenable"


def test_numbers_of_people_in_a_note_stand_as_stars_where_a_terminal_or_a_file_shows_them(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    note = ["--note", "联系王某 13912345678"]
    assert said(root, "--id", "P1", "--to", "verified", "--by", "张三", *note, capsys=capsys)[0] == 0
    for more in ([], ["--format", "json"]):
        assert main(["show", str(root), "--layer", "abandoned_parcel", "--id", "P1", *more]) == 0
        out = capsys.readouterr().out
        assert "联系王某 139****5678" in out and "13912345678" not in out
