"""Rules that run every day write each of their events once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipelines.__main__ import main
from pipelines.act import workspace_ledger
from pipelines.follow_up import escalate, ladder_of, plan_lookback
from pipelines.workspace import Workspace

TABLE = """点位编号,问题类别,整改状态,发现日期,销号日期,整改期限,反弹日期,乡镇
A1,垃圾,发现,2024-01-04,,2024-03-01,,青石镇
A2,垃圾,销号,2024-01-04,2024-01-20,2024-03-01,,青石镇
A3,垃圾,发现,2024-01-04,,2025-03-01,,青石镇
A4,垃圾,销号,2024-01-04,2024-03-20,2024-03-01,2024-02-01,青石镇
A5,垃圾,销号,2024-01-04,2024-01-20,2024-03-01,,青石镇
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    root = tmp_path / "w"
    assert main(["new", str(root), "--county", "510921", "--name", "测试县"]) == 0
    table = tmp_path / "points.csv"
    table.write_text(TABLE, encoding="utf-8")
    main(["add", str(root), str(table), "--layer", "inspection_point", "--at", "2024-01-05"])
    return Workspace(root)


def test_the_ladder_is_climbed_by_rule_and_no_rung_is_taken_twice(workspace: Workspace) -> None:
    day, taken = datetime(2024, 3, 1, 1, tzinfo=UTC), []
    for k in range(45):
        now = day + timedelta(days=k)
        made = escalate(workspace, "inspection_point", now=now)
        assert escalate(workspace, "inspection_point", now=now) == []
        taken += [(e.feature_id, e.data["rung"], k) for e in made]
    assert [rung for name, rung, _ in taken if name == "A1"] == [rung.id for rung in ladder_of(workspace)]
    # A4 recurred, and climbs until it is closed again on the 20th
    assert [(rung, k) for name, rung, k in taken if name == "A4"] == [
        ("remind", 3),
        ("circulate", 7),
        ("order", 14),
    ]
    assert {name for name, _, _ in taken} == {"A1", "A4"}
    assert workspace_ledger(workspace).audit(root=workspace.root) == []


def test_revisits_are_planned_once_until_the_thing_is_closed_again(workspace: Workspace) -> None:
    now = datetime(2024, 6, 1, 1, tzinfo=UTC)
    first = plan_lookback(workspace, "inspection_point", 2, seed=5, now=now, control_share=0.5)
    assert [e.data["why"] for e in first] == ["risk", "control"]
    assert first[0].feature_id == "A4" and first[0].data["seed"] == 5
    later = plan_lookback(workspace, "inspection_point", 5, seed=5, now=now + timedelta(days=1))
    closed = {"A2", "A4", "A5"}
    assert {e.feature_id for e in first} | {e.feature_id for e in later} == closed and len(later) == 1
