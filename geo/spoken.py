"""What stages, fields, values, roles and acts are called, for a sentence in either language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from geo.china_days import CHINA_HOURS_AHEAD
from geo.layer_parts import Words
from geo.layers import Layer, builtin_layers

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
    "kind": Words("办理情况", "progress"),
    "placed_by": Words("定位依据", "placed by"),
    "place_score": Words("地名吻合度", "match of its names"),
    "length_m": Words("长度（米）", "length (m)"),
    "measured_m": Words("实测长度（米）", "measured length (m)"),
    "edition_date": Words("区划版本日期", "edition of the areas"),
    "zone_kind": Words("片区类型", "kind of zone"),
}
"""What a thing has or a change touches that is no field of the layer's."""
_INSTANTS = frozenset({"import_at"})
VALUES: Mapping[str, Mapping[str, Words]] = {
    "kind": {
        "open": Words("待办", "open"),
        "in_progress": Words("在办", "in progress"),
        "done": Words("办结", "done"),
        "void": Words("作废", "void"),
    },
    "zone_kind": {
        "township": Words("乡镇级片区", "township-level"),
        "village": Words("村级片区", "village-level"),
    },
    "placed_by": {
        "geometry": Words("坐标或图形", "its shape or coordinates"),
        "name": Words("地名", "its place names"),
        "none": Words("未能定位", "nothing"),
    },
}
"""What the values of some of these are called."""
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


def named_layer(layer: Layer | str) -> dict[str, str]:
    """What a layer, or the built-in one of that id, is called, as `layer` and `layer_en` of a refusal."""
    known = builtin_layers().get(layer) if isinstance(layer, str) else layer
    words = known.label if known is not None else Words(str(layer), str(layer))
    return {"layer": words.zh, "layer_en": words.en}


def field_words(layer: Layer, name: str) -> Words:
    """The heading of a field, or of what else a thing has: its state, its place, what its relations found."""
    known = {f.name: f.label for f in layer.fields} | _relation_words(layer)
    return known.get(name) or STATE.get(name) or Words(name, name)


def field_called(layer: Layer, text: str) -> str:
    """The id of the field that somebody names by its id or its heading in either language; else the text."""
    said = text.strip().casefold()
    found = [f.name for f in layer.fields if f.name == text.strip()]
    found += [f.name for f in layer.fields if said in (f.label.zh.casefold(), f.label.en.casefold())]
    found += [n for n in ("stage", "kind") if said in (STATE[n].zh.casefold(), STATE[n].en.casefold())]
    return found[0] if found else text


def fields_told(layer: Layer, wrong: Iterable[object], offered: Iterable[str] | None = None) -> dict[str, str]:
    """What the refusal `field_unknown` says: the layer, the names it does not know, and those it offers.

    offered: ids of fields, all of the layer's when None; `named` has them as they are called, each with its id.
    """
    names = [f.name for f in layer.fields] if offered is None else list(offered)
    called = listed([Words(f"{(w := field_words(layer, n)).zh}（{n}）", f"{w.en} ({n})") for n in names])
    fields = [str(one) for one in wrong]
    told = {"fields": "、".join(fields), "fields_en": ", ".join(fields), "known": ", ".join(names)}
    return {**named_layer(layer), **told, "named": called.zh, "named_en": called.en}


def _relation_words(layer: Layer) -> dict[str, Words]:
    """What the columns are called that the layer's relations give."""
    found = {one.gives: one.label for one in layer.relations}
    return found | {f"{name}_m2": Words(f"{w.zh}（平方米）", f"{w.en} (m²)") for name, w in found.items()}


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
    labels = (
        {choice.value: choice.label for choice in field.choices} if field is not None else VALUES.get(name, {})
    )
    return labels.get(str(value), Words(str(value), str(value)))


def listed(words: list[Words]) -> Words:
    """Several names as one text, separated as each language does; a dash for none."""
    return Words("、".join(w.zh for w in words), ", ".join(w.en for w in words)) if words else NOTHING


def china_minute(instant: str) -> str:
    """An instant (ISO, with its zone) as the clock in China showed it: `2026-11-23 03:16`."""
    moment = datetime.fromisoformat(instant).astimezone(UTC) + timedelta(hours=CHINA_HOURS_AHEAD)
    return moment.strftime("%Y-%m-%d %H:%M")
