"""Who may do what, where, and why; and what of a person is shown to whom."""

from __future__ import annotations

import pandas as pd
import pytest

from geo.access import (
    Actor,
    decide,
    hide_people,
    masked,
    neutralised,
    readable_root,
    require,
    rights,
    roles,
    within,
)
from geo.errors import Forbidden
from geo.layers import builtin_layers

HERE, THERE = "510921101201", "510921102201"
ACTORS = {
    "county_leader": Actor("县长", "county_leader"),
    "bureau": Actor("局", "bureau", "农业农村局", layers=("abandoned_parcel", "land_transfer")),
    "township": Actor("镇", "township", "青石镇", "510921101"),
    "village_reporter": Actor("村", "village_reporter", "", HERE),
    "inspector": Actor("督查", "inspector"),
    "planner": Actor("规划", "planner"),
    "auditor": Actor("审计", "auditor"),
    "administrator": Actor("管理", "administrator"),
}
CHANGES = ("step", "add", "edit", "extend", "merge", "undo", "escalate", "revisit", "import", "account")


def may(role: str, action: str, layer: str = "inspection_point", area: str | None = HERE) -> bool:
    return decide(ACTORS[role], action, layer=layer, area_code=area).allowed


def test_every_role_has_rights_and_every_right_a_role_and_a_reason() -> None:
    assert set(roles()) == set(ACTORS)
    for right in rights():
        assert set(right.roles) <= set(roles()) and right.reason.zh and right.reason.en


@pytest.mark.parametrize("role", ["county_leader", "auditor"])
def test_the_leader_and_the_auditor_see_everything_and_change_nothing(role: str) -> None:
    assert may(role, "read", area=THERE) and may(role, "history", area=None)
    assert not any(may(role, action) for action in CHANGES)


def test_a_township_keeps_its_own_area_and_sees_no_other() -> None:
    assert all(may("township", action) for action in ("read", "step", "add", "edit", "evidence", "import"))
    assert not any(may("township", action, area=THERE) for action in ("read", "step", "add", "evidence"))
    assert not may("township", "read", area=None) and not may("township", "extend")
    assert "辖区" in decide(ACTORS["township"], "step", layer="inspection_point", area_code=THERE).reason.zh


def test_an_area_that_only_begins_alike_is_another_area() -> None:
    assert within("510921101201", "510921101") and within("510921101", "510921101")
    assert not within("51092110", "510921101") and not within(None, "510921101") and not within("", "510921101")
    assert within(None, "")


def test_a_bureau_keeps_its_own_layers_in_the_whole_county() -> None:
    assert may("bureau", "step", "abandoned_parcel", THERE) and may("bureau", "read", "inspection_point", THERE)
    decision = decide(ACTORS["bureau"], "step", layer="inspection_point", area_code=HERE)
    assert not decision.allowed and "图层" in decision.reason.zh


def test_a_village_reporter_adds_points_in_its_village_and_edits_nothing() -> None:
    assert may("village_reporter", "add") and may("village_reporter", "evidence")
    assert not may("village_reporter", "add", area="510921101202") and not may(
        "village_reporter", "add", "zone_plan"
    )
    assert not may("village_reporter", "edit") and not may("village_reporter", "step")


def test_an_inspector_verifies_and_a_planner_plans() -> None:
    assert may("inspector", "step", area=THERE) and not may("inspector", "step", "zone_plan")
    assert may("planner", "step", "zone_plan") and not may("planner", "step", "inspection_point")


def test_what_nothing_allows_is_refused_with_the_reason() -> None:
    assert not decide(Actor("x", "no_such_role"), "read").allowed
    with pytest.raises(Forbidden) as refusal:
        require(ACTORS["auditor"], "step", layer="inspection_point", area_code=HERE)
    assert "审计" in refusal.value.words("zh") and "auditor" in refusal.value.words("en")


def test_the_readable_area_is_a_root_or_nothing() -> None:
    assert readable_root(ACTORS["county_leader"]) == ""
    assert readable_root(ACTORS["township"]) == "510921101"
    assert readable_root(Actor("x", "no_such_role")) is None


def people() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": ["a", "b", "c"],
            "area_code": pd.array([HERE, THERE, None], dtype="str"),
            "grower": pd.array(["张三丰", "李四", None], dtype="str"),
            "phone": pd.array(["13800001234", "13900005678", "0825-1234567"], dtype="str"),
        }
    )


def test_personal_data_is_masked_by_role_and_area() -> None:
    layer = builtin_layers()["abandoned_parcel"]
    hidden = masked(people(), layer, None)
    assert hidden["grower"].tolist()[:2] == ["张**", "李*"] and pd.isna(hidden["grower"][2])
    assert hidden["phone"].tolist() == ["*********34", "*********78", "**********67"]
    assert masked(people(), layer, ACTORS["auditor"]).equals(hidden)
    town = masked(people(), layer, ACTORS["township"])
    assert town["phone"].tolist() == ["13800001234", "*********78", "**********67"]
    assert masked(people(), layer, ACTORS["bureau"])["grower"].tolist()[:2] == ["张三丰", "李四"]
    assert masked(people(), layer, ACTORS["inspector"])["grower"].tolist()[:2] == ["张**", "李*"]
    assert hidden["id"].tolist() == ["a", "b", "c"]


def test_the_auditor_reads_acts_of_units_and_not_of_people() -> None:
    events = pd.DataFrame({"actor": ["张三", "李四", "张三"], "unit": ["甲", "乙", "甲"]})
    shown = hide_people(events, ACTORS["auditor"], "salt")
    assert shown["unit"].tolist() == ["甲", "乙", "甲"]
    assert shown["actor"][0] == shown["actor"][2] != shown["actor"][1] and "张" not in shown["actor"].str.cat()
    assert hide_people(events, ACTORS["administrator"], "salt") is events


@pytest.mark.parametrize("text", ["=1+1", "+86", "@SUM(A1)", "-2+3", "\t=1", "\r=1"])
def test_a_cell_that_begins_like_a_formula_is_made_text(text: str) -> None:
    assert neutralised(text) == "'" + text
    assert neutralised("青石镇") == "青石镇"
