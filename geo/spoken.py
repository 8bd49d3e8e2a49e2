"""What stages, fields, values, roles and acts are called, for a sentence in either language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from geo.china_days import CHINA_HOURS_AHEAD
from geo.layer_parts import Words
from geo.layers import Layer

NOTHING = Words("—", "—")
MASKED = Words("＊＊＊", "＊＊＊")
_YES, _NO = Words("是", "yes"), Words("否", "no")
STATE: Mapping[str, Words] = {
    "stage": Words("阶段", "stage"),
    "due_on": Words("期限", "last day"),
    "id": Words("编号", "id"),
    "area_code": Words("区划代码", "area code"),
    "area_name": Words("区划", "area"),
    "area_m2": Words("面积（平方米）", "area (m²)"),
    "lon": Words("经度", "longitude"),
    "lat": Words("纬度", "latitude"),
    "stage_since": Words("进入阶段的日期", "at this stage since"),
    "reached": Words("到过的阶段", "furthest stage"),
    "overdue": Words("超期", "overdue"),
    "on_time": Words("按期", "on time"),
    "version": Words("台账记录数", "events"),
    "import_id": Words("入库批次", "import"),
    "import_at": Words("入库时间", "imported at"),
    "source_row": Words("原表行号", "row of the sender's table"),
}
"""What a thing has or a change touches that is no field of the layer's."""
_INSTANTS = frozenset({"import_at"})
ACTS: Mapping[str, Words] = {
    "step": Words("登记进展", "take a step"),
    "add": Words("新增", "add"),
    "edit": Words("修改", "edit"),
    "note": Words("备注", "add a note"),
    "evidence": Words("补充照片或说明", "add evidence"),
    "extend": Words("延期", "extend"),
    "escalate": Words("督办", "escalate"),
    "merge": Words("并入另一处", "merge"),
    "merged": Words("另一处并入", "take another in"),
    "undo": Words("撤回", "undo"),
    "revisit": Words("回头看", "revisit"),
    "plan_revisit": Words("安排回头看", "plan a revisit"),
    "import": Words("入库", "import"),
    "account": Words("管理账号", "manage accounts"),
    "read": Words("查看", "read"),
    "history": Words("查看经过", "read the history"),
    "personal": Words("查看个人信息", "see personal data"),
    "export": Words("导出", "export"),
}
"""Kinds of events and the actions of the table of rights."""


def act_words(kind: str) -> Words:
    """What a kind of event or an action is called; its id where it has no name."""
    return ACTS.get(kind, Words(kind, kind))


def stage_words(layer: Layer, stage: str | None) -> Words:
    """What a stage is called; a dash for none, its id where the layer does not know it."""
    if not stage:
        return NOTHING
    known = {s.id: s.label for s in layer.lifecycle.stages} if layer.lifecycle is not None else {}
    return known.get(stage, Words(stage, stage))


def field_words(layer: Layer, name: str) -> Words:
    """The heading of a field, or of the stage and the last day."""
    known = {f.name: f.label for f in layer.fields}
    return known.get(name) or STATE.get(name) or Words(name, name)


def value_words(layer: Layer, name: str, value: Any) -> Words:
    """A field's value for a reader: choices and stages by label, personal data as stars, a dash for none."""
    field = {f.name: f for f in layer.fields}.get(name)
    if value is None or value == "":
        return NOTHING
    if field is not None and field.personal:
        return MASKED
    if isinstance(value, bool):
        return _YES if value else _NO
    if name in _INSTANTS:
        return Words(china_minute(str(value)), china_minute(str(value)))
    if name in ("stage", "reached") or (layer.lifecycle is not None and name == layer.lifecycle.stage_field):
        return stage_words(layer, str(value))
    labels = {choice.value: choice.label for choice in field.choices} if field is not None else {}
    return labels.get(str(value), Words(str(value), str(value)))


def listed(words: list[Words]) -> Words:
    """Several names as one text, separated as each language does; a dash for none."""
    return Words("、".join(w.zh for w in words), ", ".join(w.en for w in words)) if words else NOTHING


def china_minute(instant: str) -> str:
    """An instant (ISO, with its zone) as the clock in China showed it: `2026-11-23 03:16`."""
    moment = datetime.fromisoformat(instant).astimezone(UTC) + timedelta(hours=CHINA_HOURS_AHEAD)
    return moment.strftime("%Y-%m-%d %H:%M")
