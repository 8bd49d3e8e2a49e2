"""Rows of many imports: one after the other or all at once, what counts of each of them is the same."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pandas as pd
import pytest

from pipelines.amend import edit
from pipelines.ingest import Options, add
from pipelines.store import laid_over
from pipelines.store.layers import current_rows
from pipelines.workspace import Workspace
from tests.pipelines.agri_county import BUREAU, build

LAYER = "land_transfer"
TABLES = {
    date(2026, 6, 1): ("合同编号,乡镇,流转面积,备注", "H1,石桥镇,18.5,六月", "T1,石桥镇,3,六月"),
    date(2026, 6, 8): (
        "合同编号,乡镇,流转终止日期",
        "H1,石桥镇,2031-12-31",
        "H2,石桥镇,2029-06-30",
        "T1,石桥镇,2027-12-31",
    ),
    date(2026, 6, 15): ("合同编号,乡镇,流转面积,流转方式", "T1,石桥镇,4,入股", "T2,石桥镇,5,出租"),
    date(2026, 6, 22): ("合同编号,乡镇,备注", "H3,石桥镇,月底", "T2,石桥镇,月底"),
}
EDITED = datetime(2026, 6, 10, 2, tzinfo=UTC)
DAYS = (None, date(2026, 5, 1), date(2026, 6, 5), date(2026, 6, 12), date(2026, 6, 30))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Contracts with shapes, then four tables that each tell of some of them and of some fields alone."""
    folder = tmp_path_factory.mktemp("many")
    root = build(folder).root
    for at, lines in TABLES.items():
        path = folder / f"{at}.csv"
        path.write_text("\n".join(lines), encoding="utf-8")
        add(Workspace(root), path, Options(layer=LAYER), at=at)
        if at == date(2026, 6, 8):
            edit(root, LAYER, "T1", {"contracted_mu": 3.5, "remark": "核实"}, BUREAU, now=EDITED)
    return Workspace(root)


def rows(workspace: Workspace, day: date | None, few: int, monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    monkeypatch.setattr(laid_over, "FEW_IMPORTS", few)
    found = pd.DataFrame(current_rows(workspace, workspace.layer(LAYER), as_of=day))
    return found.assign(geometry=[None if one is None else one.wkt for one in found["geometry"]])


@pytest.mark.parametrize("day", DAYS)
def test_all_at_once_is_as_one_after_the_other(
    workspace: Workspace, day: date | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    slowly, at_once = (rows(workspace, day, few, monkeypatch) for few in (99, 0))
    assert len(workspace.imports(LAYER)) == 5 and list(slowly["id"].tail(2)) == ["T1", "T2"]
    pd.testing.assert_frame_equal(at_once, slowly)


def test_a_table_replaces_only_what_it_tells(workspace: Workspace) -> None:
    now = pd.DataFrame(current_rows(workspace, workspace.layer(LAYER))).set_index("id")
    assert (now.loc["H1", "contracted_mu"], str(now.loc["H1", "ends_on"].date())) == (18.5, "2031-12-31")
    assert now.loc["H1", ["remark", "mode", "placed_by"]].tolist() == ["六月", "rent", "geometry"]
    assert now.loc["H1", "geometry"] is not None and now.loc["T1", "geometry"] is None
    assert (now.loc["H3", "remark"], now.loc["H3", "contracted_mu"] > 0) == ("月底", True)
    # The edit of 10 June stands where no later table speaks.
    assert now.loc["T1", ["contracted_mu", "remark", "mode"]].tolist() == [4.0, "核实", "share"]
    then = pd.DataFrame(current_rows(workspace, workspace.layer(LAYER), as_of=date(2026, 6, 12))).set_index("id")
    assert then.loc["T1", ["contracted_mu", "remark"]].tolist() == [3.5, "核实"]
