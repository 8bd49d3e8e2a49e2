"""Every known way to go wrong causes the finding it names."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from data_samples.mess import Mess, every_mess, lineage, send_base
from geo.errors import Refused
from geo.issues import catalog
from pipelines.ingest import Options, add
from pipelines.workspace import Workspace

MESSES = every_mess()


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the sample's areas and nothing else."""
    folder = tmp_path_factory.mktemp("mess")
    workspace = Workspace.create(folder / "workspace", code="519721", name="砚澜县")
    with (workspace.root / "county.toml").open("a", encoding="utf-8") as settings:
        settings.write(lineage())
    workspace = Workspace(workspace.root)
    for delivery in send_base(folder / "sent"):
        report = add(workspace, delivery.path, Options(layer=delivery.layer), at=delivery.at)
        assert report.returned == 0 and report.accepted == report.rows > 0
    return workspace.root


@pytest.mark.parametrize("mess", MESSES, ids=lambda mess: mess.name)
def test_a_mess_causes_the_finding_it_names(mess: Mess, base: Path, tmp_path: Path) -> None:
    root = tmp_path / "workspace"
    shutil.copytree(base, root)
    incoming = tmp_path / "incoming"
    incoming.mkdir()
    path = mess.make(incoming)
    try:
        found = {
            issue.code
            for issue in add(Workspace(root), path, Options(layer=mess.layer, **mess.options)).all_issues
        }
    except Refused as refusal:
        found = {refusal.code}
    assert mess.finding_code in found


def test_there_are_many_messes_and_each_names_a_finding_of_the_catalog() -> None:
    assert len(MESSES) >= 40
    assert len({mess.name for mess in MESSES}) == len(MESSES)
    assert {mess.finding_code for mess in MESSES} <= set(catalog())


def test_good_files_cause_no_errors(base: Path, tmp_path: Path) -> None:
    """The messes fail for what was done to them, not for what they were made of."""
    from data_samples.mess import drawn, ledger

    for make in (ledger(lambda rows: rows), drawn(lambda frame: frame)):
        root = tmp_path / f"workspace{make.__qualname__}"
        shutil.copytree(base, root, dirs_exist_ok=True)
        report = add(Workspace(root), make(tmp_path), Options(layer="abandoned_parcel"))
        assert report.returned == 0 and report.accepted == report.rows > 5
