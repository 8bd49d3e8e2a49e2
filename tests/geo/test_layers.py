"""The built-in layers say what the design says they are."""

from __future__ import annotations

import pytest

from geo.layers import builtin_layers

LAYERS = builtin_layers()

CONTRACT = {
    "abandoned_parcel": (
        "reported_mu measured_mu found_mu assigned_mu remediated_mu accepted_mu in_use_mu re_abandoned_mu "
        "remediated_rate"
    ),
    "land_transfer": "transferred_mu transfer_rate contracts expiring_90d double_leased",
    "inspection_point": "reported open closed overdue on_time_rate recurred",
    "zone_plan": "zones approved late",
}


@pytest.mark.parametrize("layer", CONTRACT)
def test_the_indicators_that_scripts_rely_on_are_there(layer: str) -> None:
    assert set(CONTRACT[layer].split()) <= {i.id for i in LAYERS[layer].indicators}


def test_the_layers_of_the_design_and_what_planners_review_are_there() -> None:
    assert set(LAYERS) == {
        *("county", "township", "village", "zone", "abandoned_parcel", "land_transfer", "inspection_point"),
        *("zone_plan", "contract_parcel", "permanent_farmland", "ecological_redline", "urban_boundary"),
        *("review_mark", "idle_land", "water", "road"),
    }


def test_a_branch_is_not_on_the_ordinary_way() -> None:
    life = LAYERS["abandoned_parcel"].lifecycle
    assert life is not None
    assert life.path == ("found", "verified", "assigned", "remediating", "remediated", "accepted", "in_use")
    assert life.branches == {"re_abandoned", "rejected"}


def test_acceptance_needs_a_photo_and_another_unit() -> None:
    life = LAYERS["abandoned_parcel"].lifecycle
    assert life is not None
    needs = [t.needs for t in life.transitions if t.target == "accepted"]
    assert needs == [("photo", "other_unit")]


@pytest.mark.parametrize("layer", sorted(LAYERS))
def test_a_heading_names_one_field_only(layer: str) -> None:
    """The same word under two fields of one layer would make the match depend on order."""
    seen: dict[str, str] = {}
    for field in LAYERS[layer].fields:
        for head in {h.casefold() for h in field.heads}:
            assert seen.setdefault(head, field.name) == field.name


def test_dkbz_is_north_and_the_remark_is_dkbzxx() -> None:
    """NY/T 2539 names the four sides 东西南北至 DKDZ DKXZ DKNZ DKBZ, and only DKBZXX is the remark."""
    fields = {f.standard[0]: f.name for f in LAYERS["contract_parcel"].fields if f.standard}
    assert (fields["DKBZ"], fields["DKBZXX"], fields["DKNZ"]) == ("north", "remark", "south")
