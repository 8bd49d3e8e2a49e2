"""What happened to a thing, one readable line an event: when in China, who, what, from what to what, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from geo.access import roles
from geo.layers import Layer
from geo.photo_words import photo_facts
from geo.spoken import act_words, china_minute, field_words, stage_words, value_words
from pipelines.console import Console


def past_line(told: Mapping[str, Any], layer: Layer, console: Console) -> str:
    """One entry of `pipelines.exchange.history` as a line; personal values are stars already."""
    when = china_minute(str(told["at"]))
    what = console.pick(act_words(told["kind"]).zh, str(told["kind"]).replace("_", " "))
    if told["kind"] == "import":
        row = console.pick(f"第 {told['row']} 行", f"row {told['row']}") if "row" in told else ""
        gone = (
            console.pick("（该文件已重读，不再计）", "(read anew since; counts no more)")
            if told.get("replaced")
            else ""
        )
        return "  ".join(part for part in (when, what, str(told.get("file", "")), row, gone) if part)
    role = roles().get(str(told.get("role")))
    title = role(console.lang) if role is not None else str(told.get("role", ""))
    unit = f"{told['unit']} " if told.get("unit") else ""
    who = console.pick(f"{unit}{told['actor']}（{title}）", f"{unit}{told['actor']} ({title})")
    return "  ".join((when, who, what, *_details(told, layer, console), *_told_later(told, console)))


def _told_later(told: Mapping[str, Any], console: Console) -> Iterator[str]:
    """When the ledger took it, where that was later than it happened."""
    recorded = china_minute(str(told.get("recorded_at", told["at"])))
    if recorded != china_minute(str(told["at"])):
        yield console.pick(f"（{recorded} 记入）", f"(recorded {recorded})")


def _details(told: Mapping[str, Any], layer: Layer, console: Console) -> Iterator[str]:
    """What an event changed, its photos, its note and its number."""
    data, lang = told.get("data", {}), console.lang
    if told.get("to_stage"):
        before, after = (stage_words(layer, told.get(name))(lang) for name in ("from_stage", "to_stage"))
        yield f"{before} → {after}"
    was = data.get("was", {})
    for name, value in data.get("fields", {}).items():
        before, after = (value_words(layer, name, one)(lang) for one in (was.get(name), value))
        yield f"{field_words(layer, name)(lang)} {before} → {after}"
    if told.get("due_on"):
        yield console.pick("期限", "last day") + f" {data.get('was_due_on', '—')} → {told['due_on']}"
    for name, words in (
        ("into", ("并入", "into")),
        ("from", ("来自", "from")),
        ("moved_to", ("归到", "moved to")),
    ):
        if data.get(name):
            yield f"{console.pick(*words)} {data[name]}"
    if told.get("evidence"):
        number = len(told["evidence"])
        photos = [photo_facts(one) for one in data.get("photos", ())]
        facts = ["；".join(f.zh for f in one) if lang == "zh" else "; ".join(f.en for f in one) for one in photos]
        said = console.pick(f"（{'｜'.join(facts)}）", f" ({' | '.join(facts)})") if facts else ""
        yield console.pick(f"照片 {number} 张", f"{number} photo{'s' * (number > 1)}") + said
    if told.get("note"):
        yield console.pick(f"说明：{told['note']}", f"note: {told['note']}")
    if told.get("seq"):
        yield console.pick(f"第 {told['seq']} 条", f"event {told['seq']}")
