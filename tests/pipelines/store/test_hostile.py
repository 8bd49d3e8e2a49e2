"""What hostile hands try, in one list: every attempt is refused or made harmless, and leaves no trace."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest

from geo.access import Actor
from geo.errors import XiangtuError
from pipelines.__main__ import main
from pipelines.act import act, workspace_ledger
from pipelines.store import accounts, accounts_sessions
from pipelines.store.ledger import Act, Ledger
from pipelines.workspace import Workspace

NOW = datetime(2027, 5, 1, 2, tzinfo=UTC)
HERE, THERE = "510921101201", "510921102201"
TOWN = Actor("青石", "township", "青石镇", "510921101")
SQL = "P1'); drop table events; --"
SECRET = "correct horse 电池 staple"


@dataclass(frozen=True)
class Place:
    """A workspace, its ledger, and room to work in."""

    root: Path
    ledger: Ledger
    folder: Path

    def append(self, **more: object) -> None:
        given = {"layer": "abandoned_parcel", "feature_id": "P1", "actor": TOWN, "kind": "note", "area_code": HERE}
        self.ledger.append(Act(**given | more), now=NOW)  # type: ignore[arg-type]


@pytest.fixture
def place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Place:
    root = tmp_path / "w"
    assert main(["new", str(root), "--county", "510921", "--name", "测试县"]) == 0
    table = tmp_path / "a.csv"
    table.write_text("图斑编号,上报面积,整治阶段,发现日期\nP1,3.5,发现,2024-01-05\n", encoding="utf-8")
    assert main(["add", str(root), str(table), "--layer", "abandoned_parcel"]) == 0
    capsys.readouterr()
    ledger = workspace_ledger(Workspace(root))
    ledger.append(
        Act("abandoned_parcel", "P1", Actor("x", "administrator"), "note", note="起点", area_code=HERE), now=NOW
    )
    return Place(root, ledger, tmp_path)


def expired_session(place: Place) -> None:
    accounts.add(place.ledger, "管理", role="administrator", now=NOW, password=SECRET)
    token = accounts_sessions.sign_in(place.ledger, "管理", SECRET, now=NOW).token
    accounts_sessions.acting(place.ledger, token, now=NOW + timedelta(hours=13))


def unknown_actor(place: Place) -> None:
    accounts.add(place.ledger, "管理", role="administrator", now=NOW, password=SECRET)
    act(place.root, "abandoned_parcel", "P1", "verified", "administrator:假冒/管理")


def file_as_photo(name: str, content: bytes) -> Callable[[Place], None]:
    def attempt(place: Place) -> None:
        path = place.folder / "photo.jpg"
        path.write_bytes(content)
        act(place.root, "abandoned_parcel", "P1", "verified", "张三", photo=path)

    attempt.__name__ = name
    return attempt


ATTEMPTS: dict[str, tuple[Callable[[Place], None], str]] = {
    "a path as an id": (lambda p: _act(p, "../../../etc/passwd"), "thing_unknown"),
    "a path as a layer": (lambda p: _act(p, "P1", layer="../../layers/x"), "layer_unknown"),
    "a path as evidence": (lambda p: p.append(evidence=("../../county.toml",)), "evidence_malformed"),
    "sql as an id": (lambda p: _act(p, SQL), "thing_unknown"),
    "sql as a stage": (lambda p: _act(p, "P1", to=SQL), "step_unknown_stage"),
    "sql as an area": (lambda p: p.append(area_code="510921101' or '1'='1"), "area_code_malformed"),
    "a forged area": (
        lambda p: p.append(area_code=THERE, actor=Actor("白水", "township", "", THERE[:9])),
        "area_code_forged",
    ),
    "an area of letters": (lambda p: p.append(area_code="５１０９２１"), "area_code_malformed"),
    "another township's thing": (
        lambda p: p.append(actor=Actor("白水", "township", "白水镇", "510921102")),
        "not_allowed",
    ),
    "a township's act on no area": (lambda p: p.append(feature_id="P7", area_code=None), "not_allowed"),
    "a leader who changes": (lambda p: p.append(actor=Actor("县长", "county_leader")), "not_allowed"),
    "a role that does not exist": (lambda p: p.append(actor=Actor("root", "superuser")), "not_allowed"),
    "an import by hand": (lambda p: p.append(kind="import"), "act_unknown_kind"),
    "an account by hand": (lambda p: p.append(kind="account"), "act_unknown_kind"),
    "a note without end": (lambda p: p.append(note="长" * 100_000), "note_too_long"),
    "a note with control characters": (lambda p: p.append(note="a\x00\x1b[2J"), "act_text_malformed"),
    "half a character": (lambda p: p.append(note="\udc80"), "act_text_malformed"),
    "a number that is none": (lambda p: p.append(data={"x": float("nan")}), "act_text_malformed"),
    "tomorrow's event": (lambda p: p.append(at=NOW + timedelta(days=1)), "act_in_future"),
    "a version from nowhere": (lambda p: p.append(base_version=99), "version_unknown"),
    "an expired session": (expired_session, "session_expired"),
    "an actor without account": (unknown_actor, "actor_without_account"),
    "a page as a photo": (file_as_photo("page", b"<html><script>alert(1)</script>"), "photo_not_a_picture"),
    "a program as a photo": (file_as_photo("program", b"\x7fELF" + bytes(900)), "photo_not_a_picture"),
}


def _act(place: Place, feature_id: str, *, layer: str = "abandoned_parcel", to: str = "verified") -> None:
    act(place.root, layer, feature_id, to, "张三")


@pytest.mark.parametrize("name", ATTEMPTS)
def test_the_attempt_is_refused_by_name_and_nothing_is_written(place: Place, name: str) -> None:
    attempt, code = ATTEMPTS[name]
    events = len(place.ledger.events(layer="abandoned_parcel"))
    with pytest.raises(XiangtuError) as refusal:
        attempt(place)
    assert refusal.value.code == code
    for language in ("zh", "en"):
        sentence = refusal.value.words(language)
        assert "\n" not in sentence and "…" not in sentence and len(sentence) < 600
    assert len(place.ledger.events(layer="abandoned_parcel")) == events
    assert place.ledger.audit(root=place.root) == []
    assert not list((place.root / "attachments").iterdir())


FORMULAS = ['=HYPERLINK("http://x","y")', "+1+1", "@SUM(A1)", "-1+1", "\t=1"]


def test_formulas_in_cells_come_out_as_text_in_every_export(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    table = place.folder / "b.csv"
    lines = [f'F{k},1,"{text.replace(chr(34), chr(34) * 2)}"' for k, text in enumerate(FORMULAS)]
    table.write_text("图斑编号,上报面积,备注\n" + "\n".join(lines) + "\n", encoding="utf-8")
    main(["add", str(place.root), str(table), "--layer", "abandoned_parcel"])
    capsys.readouterr()
    assert main(["show", str(place.root), "--layer", "abandoned_parcel", "--format", "csv"]) == 0
    cells = [cell for row in csv.reader(io.StringIO(capsys.readouterr().out)) for cell in row]
    assert [c for c in cells if c.startswith(("=", "+", "@", "\t", "\r"))] == []
    assert any("HYPERLINK" in cell for cell in cells)
    for path in (place.root / "returned").glob("*.xlsx"):
        book = openpyxl.load_workbook(path)
        kinds = {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row}
        assert "f" not in kinds


def test_markup_in_a_note_is_kept_as_the_text_it_is(place: Place) -> None:
    text = "<img src=x onerror=alert(1)><script>alert('台账')</script>"
    place.append(note=text)
    (last,) = place.ledger.history("abandoned_parcel", "P1")[-1:]
    assert last.note == text
    assert set(json.loads(place.ledger.events(columns=["data"])["data"].iloc[-1])) == {"edition"}


def test_an_archive_that_would_fill_the_disk_or_climb_out_is_refused(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    bomb, climb = place.folder / "bomb.zip", place.folder / "climb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", b"0" * (600 * 2**20))
    with zipfile.ZipFile(climb, "w") as archive:
        archive.writestr("../../climbed.csv", "图斑编号\nP1\n")
    for path in (bomb, climb):
        assert main(["add", str(place.root), str(path), "--layer", "abandoned_parcel"]) == 2
        assert capsys.readouterr().err.count("\n") <= 2
    assert not (place.folder.parent / "climbed.csv").exists() and not (place.folder / "climbed.csv").exists()
    assert len(list((place.root / "imports" / "abandoned_parcel").iterdir())) == 1


def test_hostile_names_are_text_wherever_they_come_from(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    table = place.folder / "c.csv"
    table.write_text(f'图斑编号,上报面积\n"{SQL}",1\n', encoding="utf-8")
    main(["add", str(place.root), str(table), "--layer", "abandoned_parcel"])
    capsys.readouterr()
    assert act(place.root, "abandoned_parcel", SQL, "verified", "x'; drop table accounts; --").feature_id == SQL
    assert place.ledger.audit(root=place.root) == []
