"""Transfers: a rate shows what it divides by, and every contract that clashes is named."""

from __future__ import annotations

import pandas as pd
import pytest

from pipelines import transfers
from pipelines.remediation_checks import problem_figures
from pipelines.summarise import progress
from pipelines.worklist import open_desk
from pipelines.workspace import Workspace
from tests.pipelines.agri_county import TODAY, build

LAYER = "land_transfer"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return build(tmp_path_factory.mktemp("agri"))


def test_the_rate_is_that_of_progress_and_says_what_it_divides_by(workspace: Workspace) -> None:
    rows = transfers.rates(workspace, "township", TODAY).set_index("area_code")
    own = progress(workspace, LAYER, "township", TODAY).set_index("area_code")
    one = rows.loc["990101100"]
    assert (one["transferred_mu"], one["contract_mu"]) == (70.0, 60.0)
    assert one["transfer_rate"] == own.loc["990101100", "transfer_rate"] == one["transferred_mu"] / 60.0 * 100
    assert bool(one["small"])
    assert pd.isna(rows.loc["990101101", "transfer_rate"]) and rows.loc["990101101", "contract_mu"] == 0.0


def test_problems_are_the_figures_of_progress_where_both_have_them(workspace: Workspace) -> None:
    desk = open_desk(workspace, LAYER, TODAY)
    found = problem_figures(desk).set_index("problem")["features"].to_dict()
    assert found == {
        "double_leased": 2, "over_area": 1, "expiring_90d": 1, "expired": 1, "use_changed": 1,
        "several_contracts": 2, "no_shape": 0,
    }  # fmt: skip
    county = progress(workspace, LAYER, "county", TODAY)
    for name in ("double_leased", "over_area", "expiring_90d", "expired"):
        assert found[name] == county[name].sum()
    assert list(desk.rows.loc[desk.rows["problem_over_area"], "id"]) == ["H3"]


def test_contracts_on_one_parcel_are_counted_once_a_parcel(workspace: Workspace) -> None:
    desk = open_desk(workspace, LAYER, TODAY)
    counts = transfers.contracts_per_parcel(workspace, TODAY, desk.rows["id"])
    assert dict(zip(counts["contracts"], counts["parcels"], strict=True)) == {1: 1, 2: 1}


def test_the_partner_of_a_double_lease_is_named_with_the_ground_they_share(workspace: Workspace) -> None:
    shared = transfers.partners(workspace, "H1")
    assert list(shared["other"]) == ["H2"] and abs(float(shared["mu"].iloc[0]) - 20.0) < 0.02
    layer = workspace.layer(LAYER)
    assert transfers.related(workspace, layer, "H3", pd.DataFrame({"id": []})) == []


def test_a_change_of_use_needs_two_uses_that_differ(workspace: Workspace) -> None:
    desk = open_desk(workspace, LAYER, TODAY)
    found = transfers.uses(workspace, TODAY, desk.rows["id"])
    pairs = [(one.before, one.after, one.contracts, one.mu) for one in found.changes.itertuples()]
    assert pairs == [("水稻", "柑橘", 1, 30.0)]
    assert (found.known, found.same, found.unknown) == (3, 2, 0)


def test_without_a_layer_of_certification_there_are_no_stages_of_it(workspace: Workspace) -> None:
    assert transfers.certification_layer(workspace) is None
    assert transfers.certification(workspace, TODAY).empty
