"""Another rule of abandonment: beside the official figure, adding up, and stored nowhere."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from geo.joins import largest_share
from pipelines.shares import shares_of
from pipelines.standing import ledger_of, things_at
from pipelines.summarise import progress
from pipelines.switchboard import official_rule, simulate
from pipelines.workspace import Workspace
from tests.pipelines.agri_county import TODAY, build


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return build(tmp_path_factory.mktemp("agri"))


def files_of(root: Path) -> dict[str, int]:
    """When each file was last written, but for the ledger's own: its database tidies those when it is closed."""
    found = (path for path in root.rglob("*") if path.is_file() and not path.name.startswith("ledger.sqlite"))
    return {str(path): path.stat().st_mtime_ns for path in found}


def last_seq(workspace: Workspace) -> int:
    ledger = ledger_of(workspace)
    assert ledger is not None
    return int(ledger.events()["seq"].max())


def test_under_the_countys_own_rule_the_simulation_is_the_official_figure(workspace: Workspace) -> None:
    found = simulate(workspace, official_rule(workspace), TODAY)
    theirs = progress(workspace, "abandoned_parcel", "township", TODAY, decimals=2)
    assert found.official_mu == round(float(theirs["found_mu"].sum()), 2) == found.simulated_mu == 245.0
    assert found.difference_mu == 0.0 and not found.beyond
    assert dict(zip(found.areas["area_code"], found.areas["simulated_mu"], strict=True)) == {
        "990101100": 245.0, "990101101": 0.0, "990101102": 0.0,
    }  # fmt: skip
    assert [(one.reason, one.features, one.mu) for one in found.left_out.itertuples()] == [("rejected", 1, 60.0)]


def test_what_a_stricter_rule_leaves_out_is_accounted_for_to_the_last_hundredth(workspace: Workspace) -> None:
    rule = replace(official_rule(workspace), minimum_mu=25.0, exclude_modes=("orchard",))
    found = simulate(workspace, rule, TODAY)
    assert found.simulated_mu == 145.0 == round(float(found.areas["simulated_mu"].sum()), 2)
    assert found.difference_mu == -100.0 == round(float(found.areas["difference_mu"].sum()), 2)
    reasons = dict(zip(found.left_out["reason"], found.left_out["mu"], strict=True))
    assert reasons == {"rejected": 60.0, "excluded_mode": 70.0, "too_small": 30.0}
    assert found.simulated_mu + reasons["excluded_mode"] + reasons["too_small"] == found.official_mu


def test_a_parcel_across_a_line_counts_once_where_most_of_it_lies(workspace: Workspace) -> None:
    found = simulate(workspace, official_rule(workspace), TODAY)
    layer = workspace.layer("abandoned_parcel")
    things = things_at(workspace, layer, TODAY)
    counted = things["kind"].ne("void").to_numpy()
    whole = largest_share(shares_of(workspace, layer, things))
    leaves = workspace.areas()["code"].str[:9].to_numpy(object)[whole["area"].to_numpy()]
    expected = Counter(leaves[counted[whole["feature"].to_numpy()]])
    shown = {one.area_code: one.features for one in found.areas.itertuples() if one.features}
    assert shown == expected
    assert found.features == sum(expected.values()) == int(counted.sum())


def test_a_looser_rule_says_that_the_register_cannot_show_it(workspace: Workspace) -> None:
    found = simulate(workspace, replace(official_rule(workspace), idle_seasons=1), TODAY)
    assert found.beyond and found.simulated_mu == found.official_mu


def test_a_township_is_shown_its_own_area_alone(workspace: Workspace) -> None:
    found = simulate(workspace, official_rule(workspace), TODAY, root="990101101")
    assert list(found.areas["area_code"]) == ["990101101"]
    assert (found.official_mu, found.simulated_mu, found.features) == (0.0, 0.0, 0)


def test_a_simulation_leaves_no_trace(workspace: Workspace) -> None:
    progress(workspace, "abandoned_parcel", "township", TODAY)
    before, events = files_of(workspace.root), last_seq(workspace)
    simulate(workspace, replace(official_rule(workspace), idle_seasons=5), TODAY)
    assert (files_of(workspace.root), last_seq(workspace)) == (before, events)
