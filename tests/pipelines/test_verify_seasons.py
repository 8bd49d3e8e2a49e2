"""A season's figures hold whatever pictures lie in the folder: other years' pictures, or none of its end."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from pipelines.__main__ import main
from pipelines.verify import Outcome, verify
from pipelines.verify_parcel import parcel_check
from tests.pipelines.test_verify import COLUMNS, DAYS, IDLE, ROWS, corners, pictures, series_table, stored

AUTUMN = [day for day in DAYS if day >= date(2024, 4, 1)]
EARLY = [day for day in AUTUMN if day <= date(2024, 8, 25)]


def autumn(made: Outcome) -> tuple[float, list[str]]:
    """亩 reported in the county's autumn, and the parcels contradicted in it."""
    assert made.areas is not None
    county = made.areas[(made.areas["season"] == "2024-autumn") & (made.areas["area_code"] == "519721")]
    rows = made.verdicts[(made.verdicts["season"] == "2024-autumn") & (made.verdicts["standing"] == "reported")]
    return county["reported_mu"].iloc[0], rows.loc[rows["verdict"] == "contradicted", "id"].tolist()


def test_a_declared_season_holds_though_only_the_other_season_has_pictures(tmp_path: Path) -> None:
    declared = ["spring"] * 12 + [None] * (ROWS * COLUMNS - 12)
    root = stored(tmp_path / "w", corners(), season=declared).root
    both = autumn(verify(root, pictures(tmp_path / "both")))
    alone = verify(root, pictures(tmp_path / "alone", days=AUTUMN))
    assert alone.verdicts["season"].unique().tolist() == ["2024-autumn"]
    assert autumn(alone) == both == (36 * 5.0, [f"P{i:02d}" for i in IDLE if i >= 12])
    standing = alone.verdicts.set_index("id")["standing"]
    assert set(standing[[f"P{i:02d}" for i in range(12)]]) == {"not_declared"}


def test_nothing_is_contradicted_in_a_season_that_the_pictures_do_not_show_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = stored(tmp_path / "w", corners())
    scenes = pictures(tmp_path / "s", days=EARLY)
    made = verify(workspace.root, scenes)
    idle = made.verdicts[made.verdicts["id"].isin([f"P{i:02d}" for i in IDLE])]
    assert set(zip(idle["verdict"], idle["reason"], strict=True)) == {("inconclusive", "not_ended")}
    assert (made.verdicts["verdict"] == "confirmed").sum() == ROWS * COLUMNS - len(IDLE)
    assert made.tasks is not None
    assert made.tasks.empty
    check = parcel_check(workspace, "abandoned_parcel", "P05")
    assert check is not None
    said = check.said(check.judged[0], "zh", season="2024年大春")
    assert said.startswith(f"影像只到 {EARLY[-1]}，2024年大春到 2024-10-31 才结束")
    assert main(["verify", str(workspace.root), "--scenes", str(scenes)]) == 0
    told = [line for line in capsys.readouterr().err.splitlines() if "才结束" in line]
    assert len(told) == 1
    assert str(EARLY[-1]) in told[0]


def test_a_season_shown_out_is_said_nothing_of(tmp_path: Path) -> None:
    made = verify(stored(tmp_path / "w", corners()).root, pictures(tmp_path / "s"))
    assert made.issues == []


def test_the_last_season_of_a_long_table_waits_for_its_end_too(tmp_path: Path) -> None:
    root = stored(tmp_path / "w", corners()).root
    table = series_table().drop(columns=["标注", "乡镇"])
    days = [name for name in table.columns if name.startswith("NDVI_")]
    second = table[days].rename(columns=lambda name: name.replace("2023", "2024"))
    second = second[[name for name in second.columns if name < "NDVI_2024-08-25"]]
    pd.concat([table, second], axis=1).to_csv(tmp_path / "t.csv", index=False)
    made = verify(root, tmp_path / "t.csv")
    autumns = made.verdicts[made.verdicts["season"] == "2024-autumn"]
    assert "contradicted" not in set(autumns["verdict"])
    assert "contradicted" in set(made.verdicts.loc[made.verdicts["season"] == "2023-autumn", "verdict"])
    assert [issue.code for issue in made.issues] == ["verify_season_not_ended"]


def test_seasons_are_called_as_people_call_them_in_either_language(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = stored(tmp_path / "w", corners()).root
    command = ["verify", str(root), "--scenes", str(pictures(tmp_path / "s")), "--show", "P05"]
    assert main(command) == 0
    zh = capsys.readouterr().out
    assert main([*command, "--lang", "en"]) == 0
    en = capsys.readouterr().out
    for said in (zh, en):
        assert "2024-spring" not in said
        assert "2024-autumn" not in said
    assert "2024年小春  不符  " in zh
    assert "2024 spring harvest" in en


def test_a_task_entered_in_other_words_is_not_entered_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines.act import workspace_ledger

    workspace = stored(tmp_path / "w", corners())
    scenes = pictures(tmp_path / "s")
    with monkeypatch.context() as patched:
        patched.setattr("pipelines.verify_tasks.NOTES", {"review": "2024-autumn", "look_back": "2024-autumn"})
        verify(workspace.root, scenes)
    assert verify(workspace.root, scenes).issues == []
    (tmp_path / "second").mkdir()
    other = stored(tmp_path / "second" / "w", corners())
    verify(other.root, scenes)
    notes = []
    for one in (workspace, other):
        ledger = workspace_ledger(one)
        notes.append(ledger.events(layer="abandoned_parcel", columns=["note"])["note"].tolist())
        ledger.close()
    assert notes[0] == ["2024-autumn"] * len(IDLE)
    assert len(notes[1]) == len(IDLE)
    assert "（至2024年大春）" in notes[1][0]
