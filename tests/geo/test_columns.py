"""Which column holds what: headings of senders against the layers that ship with the program."""

from __future__ import annotations

import pytest

from geo.columns import guess_layer, match_columns
from geo.layers import builtin_layers

LAYERS = builtin_layers()


def fields(headings: list[str], layer: str = "abandoned_parcel") -> dict[str, str]:
    return dict(match_columns(headings, LAYERS[layer]).fields)


def test_standard_names_labels_and_aliases_find_their_fields_whatever_their_width_and_spaces() -> None:
    match = match_columns(
        ["ＤＫＢＭ", "乡 镇\n名称", "联系电话：", "*上报面积(亩)", "remark"], LAYERS["abandoned_parcel"]
    )
    assert match.fields == {
        "parcel_id": "ＤＫＢＭ",
        "township_name": "乡 镇\n名称",
        "phone": "联系电话：",
        "reported_mu": "*上报面积(亩)",
        "remark": "remark",
    }
    assert match.how["ＤＫＢＭ"][1] == "standard"
    assert match.how["联系电话："][1] == "alias"
    assert match.unmatched == ()


def test_every_head_of_every_field_finds_its_own_field() -> None:
    for layer in LAYERS.values():
        for field in layer.fields:
            for head in (field.name, *field.standard, field.label.zh):
                match = match_columns([head], layer)
                assert match.fields.get(field.name) == head, (layer.id, field.name, head, match.how)


def test_one_heading_goes_to_one_field_and_each_field_gets_one_column() -> None:
    match = match_columns(["面积", "上报面积", "图斑面积"], LAYERS["abandoned_parcel"])
    assert list(match.fields) == ["reported_mu"]
    assert len(match.unmatched) == 2


def test_flattened_headings_match_by_their_joined_text_or_their_last_part() -> None:
    found = fields(
        ["流出方/姓名", "流入方/名称", "流入方/联系电话", "起止时间/起", "起止时间/止", "流转情况/流转面积/亩"],
        "land_transfer",
    )
    assert found == {
        "lessor": "流出方/姓名",
        "lessee": "流入方/名称",
        "phone": "流入方/联系电话",
        "starts_on": "起止时间/起",
        "ends_on": "起止时间/止",
        "contracted_mu": "流转情况/流转面积/亩",
    }


def test_of_two_columns_of_the_same_area_each_field_takes_the_one_in_its_own_unit() -> None:
    assert fields(["实测面积（平方米）", "实测面积（亩）"], "contract_parcel") == {
        "contracted_m2": "实测面积（平方米）",
        "contracted_mu": "实测面积（亩）",
    }


def test_headings_that_a_shapefile_cut_to_ten_bytes_are_recognised() -> None:
    match = match_columns(["village_na", "township_n", "整治完成日"], LAYERS["abandoned_parcel"])
    assert match.fields == {
        "village_name": "village_na",
        "township_name": "township_n",
        "remediated_on": "整治完成日",
    }
    assert {how for _, how, _ in match.how.values()} == {"close"}


@pytest.mark.parametrize(
    "heading, field",
    [("种植品种类", "crop"), ("整治责任的单位", "responsible_unit"), ("Respnsible unit", "responsible_unit")],
)
def test_a_slip_of_the_pen_is_forgiven(heading: str, field: str) -> None:
    match = match_columns([heading], LAYERS["abandoned_parcel"])
    assert match.fields == {field: heading}
    assert match.how[heading][1] == "close"


@pytest.mark.parametrize(
    "heading",
    ["未整治面积", "已整治面积", "整治完成率", "计划完成日期", "整治前方式", "村民人数", "序号", "状态说明"],
)
def test_a_word_that_changes_the_meaning_is_never_taken_for_a_slip(heading: str) -> None:
    assert match_columns([heading], LAYERS["abandoned_parcel"]).unmatched == (heading,)


@pytest.mark.parametrize(
    "headings, roles",
    [
        (["经度", "纬度"], {"@lon": "经度", "@lat": "纬度"}),
        (["Longitude", "Latitude"], {"@lon": "Longitude", "@lat": "Latitude"}),
        (["lng", "lat"], {"@lon": "lng", "@lat": "lat"}),
        (["中心点坐标/经度", "中心点坐标/纬度"], {"@lon": "中心点坐标/经度", "@lat": "中心点坐标/纬度"}),
        (["X坐标(m)", "Y坐标(m)"], {"@x": "X坐标(m)", "@y": "Y坐标(m)"}),
        (["东坐标", "北坐标"], {"@x": "东坐标", "@y": "北坐标"}),
        (["E", "N"], {"@x": "E", "@y": "N"}),
        (["POINT_X", "POINT_Y"], {"@x": "POINT_X", "@y": "POINT_Y"}),
        (["WKT"], {"@wkt": "WKT"}),
        (["经纬度"], {"@lonlat": "经纬度"}),
        (["坐落"], {"@place": "坐落"}),
    ],
)
def test_columns_of_position_get_their_roles(headings: list[str], roles: dict[str, str]) -> None:
    assert match_columns(headings, LAYERS["land_transfer"]).roles == roles


def test_a_field_of_the_layer_comes_before_a_place_role_of_the_same_name() -> None:
    assert match_columns(["位置"], LAYERS["abandoned_parcel"]).fields == {"place_name": "位置"}


def test_a_persons_mapping_comes_first_and_can_leave_a_column_out() -> None:
    match = match_columns(
        ["图斑编号", "老编号", "面积"],
        LAYERS["abandoned_parcel"],
        override={"老编号": "parcel_id", "面 积": "-"},
    )
    assert match.fields == {"parcel_id": "老编号"}
    assert match.how["老编号"] == ("parcel_id", "given", 100.0)
    assert match.unmatched == ("图斑编号", "面积")


def test_a_mapping_to_a_field_the_layer_lacks_is_refused() -> None:
    with pytest.raises(ValueError, match="no_such_field"):
        match_columns(["a"], LAYERS["abandoned_parcel"], override={"a": "no_such_field"})


@pytest.mark.parametrize(
    "headings, geometry, name, layer",
    [
        (["DKBM", "DKMC", "SCMJ", "SCMJM", "SFJBNT"], "polygon", "DK", "contract_parcel"),
        (
            ["序号", "乡镇", "村", "图斑编号", "面积（亩）", "整治状态"],
            "none",
            "撂荒地整治台账",
            "abandoned_parcel",
        ),
        (["乡镇", "村", "合同编号", "流转面积（亩）", "流入方", "流出方"], "none", "Sheet1", "land_transfer"),
        (["点位编号", "问题类别", "整改状态", "经度", "纬度"], "none", "Sheet1", "inspection_point"),
        (["片区名称", "编制阶段", "牵头乡镇"], "none", "表", "zone_plan"),
        (["XZQDM", "XZQMC"], "polygon", "乡镇界线", "township"),
    ],
)
def test_the_layer_of_a_table_is_guessed_from_its_headings(
    headings: list[str], geometry: str, name: str, layer: str
) -> None:
    ranked = guess_layer(headings, geometry, name, LAYERS)  # type: ignore[arg-type]
    assert ranked[0][0] == layer
    assert ranked[0][1] > ranked[1][1]
    assert len(ranked) == len(LAYERS) and all(0 <= score <= 1 for _, score in ranked)


def test_a_table_of_something_else_fits_no_layer_well() -> None:
    ranked = guess_layer(["name_key", "fruit", "HCAT3_code"], "none", "fruits", LAYERS)
    assert ranked[0][1] < 0.3
