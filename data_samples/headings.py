"""The headings under which senders write each layer's fields, and the words they use for stages."""

from __future__ import annotations

from collections.abc import Mapping

from data_samples.life import Frame

ABANDONED = {
    "parcel_id": "图斑编号",
    "township_name": "乡镇",
    "village_name": "村",
    "village_code": "村代码",
    "place_name": "小地名",
    "reported_mu": "上报面积",
    "planned_mu": "任务面积",
    "mode": "整治方式",
    "crop": "种植作物",
    "season": "季别",
    "grower": "种植主体",
    "phone": "联系电话",
    "responsible_unit": "责任单位",
    "stage": "整治阶段",
    "found_on": "发现日期",
    "verified_on": "核实日期",
    "assigned_on": "交办日期",
    "started_on": "开工日期",
    "remediated_on": "完成日期",
    "accepted_on": "验收日期",
    "planted_on": "种植日期",
    "re_abandoned_on": "复荒日期",
    "due_on": "整治期限",
    "remark": "备注",
}
"""No heading is longer than five characters: a GBK shapefile holds ten bytes."""

ABANDONED_GROUPS = {
    **dict.fromkeys(("parcel_id", "village_code", "place_name", "reported_mu", "planned_mu"), "图斑情况"),
    **dict.fromkeys(("mode", "crop", "season", "grower", "phone"), "利用情况"),
    **dict.fromkeys(("stage", "found_on", "verified_on", "assigned_on", "started_on"), "整治进度"),
    **dict.fromkeys(("remediated_on", "accepted_on", "planted_on", "re_abandoned_on", "due_on"), "整治进度"),
}

TRANSFERS = {
    "contract_id": "合同编号",
    "contract_parcel_id": "地块代码",
    "township_name": "乡镇",
    "village_name": "村",
    "village_code": "村代码",
    "contracted_mu": "流转面积",
    "mode": "流转方式",
    "starts_on": "起始日期",
    "ends_on": "终止日期",
    "price": "单价",
    "lessor": "流出方",
    "lessee": "流入方",
    "phone": "联系电话",
    "use_before": "流转前用途",
    "use_after": "经营内容",
    "stage": "合同状态",
    "filed_on": "备案日期",
    "terminated_on": "解除日期",
}

TRANSFER_GROUPS = {
    **dict.fromkeys(("contract_id", "contract_parcel_id"), "合同"),
    **dict.fromkeys(("lessor", "lessee", "phone"), "双方"),
    **dict.fromkeys(("starts_on", "ends_on"), "流转期限"),
}

POINTS = {
    "point_id": "点位编号",
    "township_name": "乡镇",
    "village_name": "村",
    "address": "位置",
    "category": "问题类别",
    "place_kind": "区位类型",
    "description": "问题描述",
    "reporter": "巡查人",
    "responsible_unit": "责任单位",
    "stage": "整改状态",
    "reported_on": "发现日期",
    "claimed_on": "认领日期",
    "rectifying_on": "开始整改时间",
    "rectified_on": "完成日期",
    "closed_on": "销号日期",
    "recurred_on": "反弹日期",
    "due_on": "整改期限",
}

PLANS = {
    "zone_id": "片区编号",
    "zone_name": "片区名称",
    "zone_kind": "片区类型",
    "batch": "批次",
    "township_name": "牵头乡镇",
    "planner": "编制单位",
    "responsible_unit": "责任单位",
    "stage": "编制阶段",
    "data_on": "资料日期",
    "survey_on": "调研日期",
    "draft_on": "初稿日期",
    "county_review_on": "县级评审日期",
    "city_review_on": "市级评审日期",
    "province_review_on": "省级评审日期",
    "approved_on": "批复日期",
    "due_on": "批复期限",
}

CONTROLS = {"plan_id": "JBNTTBBH", "plan_name": "名称", "kind": "类型", "reported_mu": "登记面积"}

WATER = {"water_id": "河湖编码", "water_name": "水系名称", "kind": "水系类型"}
ROADS = {"road_id": "路线编码", "road_name": "路线名称", "kind": "道路等级"}

_WORDS = {
    "found": "发现",
    "verified": "已核实",
    "assigned": "交办",
    "remediating": "整治中",
    "remediated": "已整治",
    "accepted": "已验收",
    "in_use": "已种植",
    "re_abandoned": "再撂荒",
    "rejected": "不予认定",
    "reported": "待认领",
    "claimed": "已认领",
    "rectifying": "整改中",
    "rectified": "已整改",
    "closed": "已销号",
    "recurred": "反弹",
    "duplicate": "重复",
    "invalid": "不属实",
    "filed": "备案",
    "active": "履行中",
    "ended": "到期",
    "terminated": "解除",
    "data": "基础资料",
    "survey": "调研座谈",
    "draft": "初步成果",
    "county_review": "县级审查",
    "city_review": "市级审查",
    "province_review": "省级审查",
    "approved": "已批复",
    "township": "乡镇级片区",
    "village": "村级片区",
}


def in_words(frame: Frame) -> Frame:
    """The same rows with stage and zone kind as senders write them."""
    words = {name: frame[name].map(_WORDS) for name in ("stage", "zone_kind") if name in frame}
    return frame.assign(**words)


def under_headings(frame: Frame, headings: Mapping[str, str]) -> Frame:
    """Only the columns of `headings`, in that order and under those names, and the geometry if there is one."""
    kept = [*headings, *(["geometry"] if "geometry" in frame else [])]
    return in_words(frame)[kept].rename(columns=dict(headings))
